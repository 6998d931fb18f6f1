from odoo import models


class DistribParcel(models.Model):
    """What parcels really took teaches the lanes."""

    _inherit = "distrib.parcel"

    def write(self, vals):
        result = super().write(vals)
        if vals.get("delivered_at"):
            self._record_trips()
        return result

    def _record_trips(self):
        """Tell the lanes of parcels that arrived; a corrected event corrects the trip.

        :return: how many counted
        """
        rows = []
        for parcel in self.sudo():  # sudo: events come in without a user's rights
            picking, order = parcel.picking_id, parcel.sale_order_id
            partner = parcel.partner_id or picking.partner_id
            if parcel.delivered_at and parcel.shipped_at:
                rows.append({
                    "reference": f"parcel/{parcel.id}",
                    "warehouse_id": picking.picking_type_id.warehouse_id.id,
                    "region_id": order.region_id.id or partner.distrib_region_id.id,
                    "carrier_id": parcel.carrier_id.id,
                    "shipped_at": parcel.shipped_at,
                    "delivered_at": parcel.delivered_at,
                })  # fmt: skip
        return self.env["distrib.lane.trip"]._record(rows)
