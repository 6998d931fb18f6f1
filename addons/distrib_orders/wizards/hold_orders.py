from odoo import fields, models


class HoldOrders(models.TransientModel):
    """Asks why, then holds the selected orders."""

    _name = "distrib.hold.orders"
    _description = "Hold Orders"

    order_ids = fields.Many2many("sale.order", required=True, readonly=True)
    reason = fields.Char(required=True)

    def action_hold(self):
        self.ensure_one()
        self.order_ids.action_pool_hold(self.reason)
        return {"type": "ir.actions.act_window_close"}
