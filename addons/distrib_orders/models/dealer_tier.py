from odoo import fields, models


class DealerTier(models.Model):
    """The rank of a dealer, and the pricelist that comes with it."""

    _name = "distrib.dealer.tier"
    _description = "Dealer Tier"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    pricelist_id = fields.Many2one(
        "product.pricelist",
        company_dependent=True,
        domain=lambda self: [("company_id", "in", (self.env.company.id, False))],
        help="Dealers of this tier buy at these prices, unless a dealer has its own pricelist.",
    )
    description = fields.Text(translate=True)
    active = fields.Boolean(default=True)
    dealer_ids = fields.One2many("res.partner", "dealer_tier_id", string="Dealers")
    dealer_count = fields.Integer(compute="_compute_dealer_count")

    _code_uniq = models.Constraint("UNIQUE (code)", "Two tiers cannot have the same code.")

    def _compute_dealer_count(self):
        counts = dict(
            self.env["res.partner"]._read_group([("dealer_tier_id", "in", self.ids)], ["dealer_tier_id"], ["__count"])
        )
        for tier in self:
            tier.dealer_count = counts.get(tier, 0)

    def action_open_dealers(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_dealers")
        return {**action, "domain": [("is_dealer", "=", True), ("dealer_tier_id", "=", self.id)]}
