import dataclasses

from odoo import api, fields, models

from .channel_outbox import OPEN

REST = "rest"


class ChannelCallWhole(models.Model):
    """Platforms that take an order in one confirmation (JD): what leaves first waits, the last call tells all parcels."""

    _inherit = "distrib.channel.call"

    missing = fields.Selection(selection_add=[(REST, "The rest of the order")])

    def _ships_whole(self):
        client = self.channel_id._platform().client
        return bool(client and client.ships_whole)

    def _shipment(self):
        shipment, missing = super()._shipment()
        if missing or not self._ships_whole():
            return shipment, missing
        if not self._is_last():
            return None, REST
        parcels = {}
        for call in self._earlier_open():
            earlier, missing = super(ChannelCallWhole, call)._shipment()
            if missing:
                return None, REST
            parcels |= {parcel.tracking: parcel for parcel in earlier.parcels}
        parcels |= {parcel.tracking: parcel for parcel in shipment.parcels}
        return dataclasses.replace(shipment, parcels=tuple(parcels.values()), complete=True), False

    def _earlier_open(self):
        domain = [
            ("order_id", "=", self.order_id.id),
            ("kind", "=", "ship"),
            ("id", "<", self.id),
            ("state", "in", OPEN),
        ]
        return self.search(domain, order="id")

    def _send(self, client, shipment, asked):
        done = super()._send(client, shipment, asked)
        if done and self._ships_whole():
            told = {"state": "sent", "missing": False, "sent_at": fields.Datetime.now(), "next_at": False}
            self._earlier_open().filtered(lambda call: call.missing == REST).write(told)
        return done

    @api.model
    def _cron_send(self):
        """Also those that waited for a delivery that has been cancelled, or for a number that is there now."""
        waiting = self.search([("missing", "=", REST), ("state", "in", OPEN)], order="id")
        for calls in waiting.grouped("order_id").values():
            last = calls[-1]
            if last._is_last():
                last._wake()
        return super()._cron_send()
