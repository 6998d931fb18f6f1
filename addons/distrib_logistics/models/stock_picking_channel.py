from odoo import models
from odoo.addons.distrib_orders.models.channel_outbox import Outbound


class StockPicking(models.Model):
    """What platforms are told of our parcels."""

    _inherit = "stock.picking"

    def _outbound_parcels(self):
        """Parcels with the goods of their package, where there is one package for each."""
        self.ensure_one()
        parcels = self.sudo().parcel_ids.sorted("id")  # sudo: the platform is told whoever validated the delivery
        packages = self.move_line_ids.result_package_id.sorted("name")
        contents = [()] * len(parcels)
        if len(parcels) > 1 and len(packages) == len(parcels):
            lines = self.move_line_ids.grouped("result_package_id")
            contents = [
                tuple((line.move_id, line._in_unit_of_move()) for line in lines[package]) for package in packages
            ]
        return [
            Outbound(parcel.name, parcel.carrier_code, parcel.carrier_id.name or "", inside)
            for parcel, inside in zip(parcels, contents, strict=True)
        ]

    def _sync_parcels(self):
        result = super()._sync_parcels()
        self._outbound_changed()
        return result


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    def _in_unit_of_move(self):
        self.ensure_one()
        return self.product_uom_id._compute_quantity(self.quantity, self.move_id.product_uom, round=False)
