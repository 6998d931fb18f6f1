from odoo import api, fields, models


class SplitOrder(models.TransientModel):
    """Which lines of an order become an order of their own."""

    _name = "distrib.split.order"
    _description = "Split Order"

    order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    line_ids = fields.One2many("distrib.split.order.line", "wizard_id")

    def action_split(self):
        self.ensure_one()
        part = self.order_id._split({row.line_id: row.quantity for row in self.line_ids})
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": part.id,
            "views": [[False, "form"]],
        }


class SplitOrderLine(models.TransientModel):
    _name = "distrib.split.order.line"
    _description = "Line of a Split"

    wizard_id = fields.Many2one("distrib.split.order", required=True, ondelete="cascade")
    line_id = fields.Many2one("sale.order.line", required=True, readonly=True, ondelete="cascade")
    product_id = fields.Many2one(related="line_id.product_id")
    ordered = fields.Float(related="line_id.product_uom_qty", string="Ordered")
    quantity = fields.Float(string="To the New Order", digits="Product Unit")

    @api.onchange("quantity")
    def _onchange_quantity(self):
        self.quantity = min(max(self.quantity, 0.0), self.ordered)
