from odoo import api, fields, models
from odoo.exceptions import UserError


class Channel(models.Model):
    """What a channel says about money, unpaid orders and articles."""

    _inherit = "distrib.channel"

    floor_pricelist_id = fields.Many2one(
        "product.pricelist",
        string="Lowest Prices",
        check_company=True,
        help="What a product may not be sold below; a hold rule on the lowest price looks here.",
    )
    prices_include_tax = fields.Boolean(
        compute="_compute_prices_include_tax",
        store=True,
        readonly=False,
        help="What platforms call a price is what the buyer pays, tax included.",
    )
    freight_product_id = fields.Many2one(
        "product.product",
        check_company=True,
        domain=[("type", "=", "service")],
        help="Freight that the buyer pays becomes a line with this product.",
    )
    unpaid_minutes = fields.Integer(
        string="Reserve Unpaid for (Minutes)",
        tracking=True,
        help="Goods of orders that are not paid yet are reserved this long. Zero: not at all.",
    )
    hold_rule_ids = fields.Many2many("distrib.hold.rule", string="Hold Rules")
    article_ids = fields.One2many("distrib.channel.product", "channel_id", string="Articles")
    open_article_count = fields.Integer(compute="_compute_open_article_count")

    _unpaid_minutes_positive = models.Constraint("CHECK (unpaid_minutes >= 0)", "Minutes are not negative.")

    @api.depends("platform")
    def _compute_prices_include_tax(self):
        for channel in self:
            channel.prices_include_tax = bool(channel.platform) and channel.platform != "webhook"

    def _compute_open_article_count(self):
        counts = dict(
            self.env["distrib.channel.product"]._read_group(
                [("channel_id", "in", self.ids), ("state", "=", "open")], ["channel_id"], ["__count"]
            )
        )
        for channel in self:
            channel.open_article_count = counts.get(channel, 0)

    def _freight_product(self):
        self.ensure_one()
        product = self.freight_product_id or self.env.ref("distrib_orders.product_freight", raise_if_not_found=False)
        if not product:
            raise UserError(self.env._("%s has no product for freight.", self.name))
        return product

    def action_open_articles(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_channel_products")
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {"default_channel_id": self.id}}
