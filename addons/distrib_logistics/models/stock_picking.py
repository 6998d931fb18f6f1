from odoo import Command, api, fields, models

from ..engine import tracking
from .delivery_carrier import OWN_FLEET


class StockPicking(models.Model):
    _inherit = "stock.picking"

    parcel_ids = fields.Many2many(
        "distrib.parcel", string="Parcels", readonly=True, copy=False, groups="base.group_user"
    )
    parcel_count = fields.Integer("Number of parcels", compute="_compute_parcel_count", groups="base.group_user")

    @api.depends("parcel_ids")
    def _compute_parcel_count(self):
        for picking in self:
            picking.parcel_count = len(picking.parcel_ids)

    def _action_done(self):
        result = super()._action_done()
        self._sync_parcels()
        return result

    def write(self, vals):
        result = super().write(vals)
        if "carrier_tracking_ref" in vals:
            self._sync_parcels()
        return result

    def _sync_parcels(self):
        """Give each done delivery to a customer its parcels, in bulk; safe to repeat.

        The tracking reference may hold several numbers, separated by commas. Without one the parcel gets a number of
        our own; when the carrier's number comes later and nothing has happened to the parcel, it takes that number.
        """
        # browse: one prefetch set, whichever records these pickings were reached through
        done = self.browse(self.ids).filtered(
            lambda picking: (
                picking.state == "done"
                and picking.picking_type_id.code == "outgoing"
                and picking.location_dest_id.usage == "customer"
            )
        )
        if not done:
            return
        # sudo: whoever validates a delivery has thereby a parcel, also a warehouse worker outside logistics
        done = done.sudo()
        done._rename_own_numbers()
        wanted = {}
        for picking in done:
            carrier_code = picking.carrier_id._tracking_carrier_code()
            for number in picking._tracking_numbers():
                key = picking.company_id.id, carrier_code, number
                wanted[key] = wanted.get(key, picking.browse()) | picking
        latest = done._join_parcels(wanted)
        created = done.env["distrib.parcel"].create(done._new_parcels(wanted, latest))
        created._replay_unmatched()

    def _tracking_numbers(self):
        return [number.strip() for number in (self.carrier_tracking_ref or "").split(",") if number.strip()]

    def _rename_own_numbers(self):
        for picking in self.filtered("carrier_tracking_ref"):
            own = picking.parcel_ids.filtered(
                lambda parcel: parcel.carrier_code == OWN_FLEET and not parcel.event_count
            )
            numbers = picking._tracking_numbers()
            if own and numbers and numbers[0] not in picking.parcel_ids.mapped("name"):
                own[:1].write(
                    {
                        "name": numbers[0],
                        "carrier_id": picking.carrier_id.id,
                        "carrier_code": picking.carrier_id._tracking_carrier_code(),
                    }
                )
                own[:1]._replay_unmatched()

    def _join_parcels(self, wanted):
        """Deliveries under the number of a parcel that is still on its way join it.

        :returns: the latest parcel by (company, carrier code, number), also of numbers that are free again
        """
        numbers = list({key[2] for key in wanted})
        parcels = self.env["distrib.parcel"].search([("name", "in", numbers)], order="turn")
        latest = {(parcel.company_id.id, parcel.carrier_code, parcel.name): parcel for parcel in parcels}
        for key, pickings in wanted.items():
            parcel = latest.get(key)
            if parcel and parcel.status not in tracking.TERMINAL and pickings - parcel.picking_ids:
                parcel.picking_ids = [Command.link(picking.id) for picking in pickings]
        return latest

    def _new_parcels(self, wanted, latest):
        self.sale_id.fetch(["commitment_date"])  # the slices below would read them one by one
        values = []
        for key, pickings in wanted.items():
            parcel = latest.get(key)
            if parcel and (parcel.status not in tracking.TERMINAL or pickings <= parcel.picking_ids):
                continue
            values.append(pickings._parcel_values(key[2], key[1], parcel.turn + 1 if parcel else 1))
        bare = self.filtered(lambda picking: not picking.carrier_tracking_ref and not picking.parcel_ids)
        for picking, number in zip(bare, self.env["distrib.parcel"]._own_numbers(len(bare)), strict=True):
            values.append(picking._parcel_values(number, OWN_FLEET, 1))
        return values

    def _parcel_values(self, number, carrier_code, turn):
        first = self[:1]
        shipped = first.date_done or fields.Datetime.now()
        return {
            "name": number,
            "turn": turn,
            "carrier_id": first.carrier_id.id,
            "carrier_code": carrier_code,
            "company_id": first.company_id.id,
            "picking_ids": [Command.set(self.ids)],
            "shipped_at": shipped,
            "expected_at": self.env["distrib.parcel"]._expected_from(
                shipped, first.carrier_id, first.sale_id.commitment_date
            ),
        }

    def action_open_parcels(self):
        return self.env["distrib.parcel"]._action_parcels(self.parcel_ids)
