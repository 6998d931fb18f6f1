from odoo import api, fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    routed_warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Ships From",
        groups="base.group_user",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="The warehouse the router chose for this line.",
    )

    @api.depends("routed_warehouse_id")
    def _compute_warehouse_id(self):
        """The router's choice goes before the order's warehouse, down to the delivery."""
        result = super()._compute_warehouse_id()
        for line in self:
            if line.routed_warehouse_id:
                line.warehouse_id = line.routed_warehouse_id
        return result
