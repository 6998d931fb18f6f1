from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    parcel_ids = fields.Many2many(
        "distrib.parcel", string="Parcels", compute="_compute_parcel_ids", compute_sudo=True, groups="base.group_user"
    )
    parcel_count = fields.Integer(
        "Number of parcels", compute="_compute_parcel_ids", compute_sudo=True, groups="base.group_user"
    )

    @api.depends("picking_ids.parcel_ids")
    def _compute_parcel_ids(self):
        for order in self:
            order.parcel_ids = order.picking_ids.parcel_ids
            order.parcel_count = len(order.parcel_ids)

    def action_open_parcels(self):
        return self.env["distrib.parcel"]._action_parcels(self.parcel_ids)

    def _portal_parcels(self):
        """Rows of this order's parcels for the customer's page: no consignee, no address."""
        self.ensure_one()
        parcels = self.parcel_ids
        labels = parcels._status_labels()
        return [parcel._portal_row(labels) for parcel in parcels]
