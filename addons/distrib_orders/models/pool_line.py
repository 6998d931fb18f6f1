from odoo import fields, models

INTERNAL = "base.group_user"


class SaleOrderLine(models.Model):
    """What a platform said of a line, kept beside what we sell it for."""

    _inherit = "sale.order.line"

    channel_line_ref = fields.Char(
        string="Line Number Outside", groups=INTERNAL, copy=False, help="The platform's number of the line."
    )
    channel_line_key = fields.Char(
        groups=INTERNAL, copy=False, help="By what a newer version of the order finds this line again."
    )
    channel_product_id = fields.Many2one(
        "distrib.channel.product", string="Article", groups=INTERNAL, copy=False, index="btree_not_null",
        ondelete="set null",
    )  # fmt: skip
    channel_open = fields.Boolean(groups=INTERNAL, copy=False, help="A note in place of an article not matched yet.")
    channel_list_price = fields.Float(
        string="List Price", groups=INTERNAL, copy=False, min_display_digits="Product Price",
        help="What one costs in the channel before discounts.",
    )  # fmt: skip
    channel_paid = fields.Monetary(
        string="Paid by Buyer", groups=INTERNAL, copy=False, help="What the buyer pays for the line."
    )
    channel_discount = fields.Monetary(string="Discount of Shop", groups=INTERNAL, copy=False)
    channel_platform_discount = fields.Monetary(
        string="Paid by Platform", groups=INTERNAL, copy=False, help="The platform's coupons, which it pays to us."
    )
    channel_gift = fields.Boolean(string="Gift", groups=INTERNAL, copy=False)
    channel_bundle = fields.Char(string="Set", groups=INTERNAL, copy=False, help="Parts of one set have one mark.")
    channel_ship_with = fields.Char(groups=INTERNAL, copy=False, help="Lines with the same mark go together.")
    channel_store_code = fields.Char(
        groups=INTERNAL, copy=False, help="From where the platform wants the line shipped."
    )
    channel_refund = fields.Selection(
        [("requested", "Requested"), ("agreed", "Agreed"), ("done", "Done")],
        string="Refund", groups=INTERNAL, copy=False,
    )  # fmt: skip
    channel_returning = fields.Float(
        string="Coming Back", groups=INTERNAL, copy=False, digits="Product Unit",
        help="Refunded after it was shipped: expected back.",
    )  # fmt: skip
