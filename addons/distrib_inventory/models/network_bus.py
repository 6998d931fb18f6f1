"""Tells open boards what changed: one notification for each transaction and company."""

from odoo import api, models
from odoo.addons.bus.models.bus import channel_with_db, json_dump

from .network_touch import KEY as TOUCHED

KEY = "distrib_inventory.network_bus"
CHANNEL = "distrib_network"
NOTIFICATION = "distrib_network/touched"
MAX_PAIRS = 200
"""More touched pairs than this are told as warehouses and products; more than MAX_IDS of these as everything."""
MAX_IDS = 1000


class NetworkTouch(models.AbstractModel):
    _inherit = "distrib.network.touch"

    @api.model
    def _on_touched(self, pairs):
        self.env.cr.execute(
            "SELECT id, company_id FROM stock_warehouse WHERE id = ANY(%s)", [list({pair[1] for pair in pairs})]
        )
        companies = dict(self.env.cr.fetchall())
        found = {}
        for product, warehouse in pairs:
            found.setdefault(companies.get(warehouse), set()).add((warehouse, product))
        for company, touched in found.items():
            if company:
                self._notify_boards(company, touched)
        return super()._on_touched(pairs)

    @api.model
    def _notify_boards(self, company_id, pairs=None):
        """Put the company's notification on the bus, or widen the one that this transaction has put there already.

        The row is written inside the transaction, so a worker that keeps sums (`distrib.board`) sees it exactly when
        it sees the change.

        :param pairs: set of (warehouse id, product id); None for everything
        """
        cr = self.env.cr
        told = cr.postcommit.data.setdefault(KEY, {}).setdefault(company_id, {"row": 0, "pairs": set(), "all": False})
        told["pairs"].update(pairs or ())
        told["all"] |= pairs is None
        payload = {"company_id": company_id, **self._board_message(told)}
        message = json_dump({"type": NOTIFICATION, "payload": payload})
        cr.execute("UPDATE bus_bus SET message = %s WHERE id = %s", (message, told["row"]))
        if cr.rowcount:
            self.env["bus.bus"].browse(told["row"]).invalidate_recordset(["message"], flush=False)
            return
        channel = channel_with_db(cr.dbname, self._board_channel(company_id))
        # sudo: users do not write to the bus; the message holds ids alone, for members of this company.
        row = self.env["bus.bus"].sudo().create({"channel": json_dump(channel), "message": message})
        self.env["bus.bus"]._ensure_hooks()
        cr.postcommit.data["bus.bus.channels"].add(channel)
        row.flush_recordset()
        told["row"] = row.id

    @api.model
    def _board_channel(self, company_id):
        return (self.env["res.company"].browse(company_id), CHANNEL)

    @api.model
    def _board_message(self, told):
        warehouses = sorted({warehouse for warehouse, _product in told["pairs"]})
        products = sorted({product for _warehouse, product in told["pairs"]})
        if told["all"] or len(warehouses) > MAX_IDS or len(products) > MAX_IDS:
            return {"all": True}
        message = {"warehouse_ids": warehouses, "product_ids": products}
        if len(told["pairs"]) <= MAX_PAIRS:
            message["pairs"] = sorted(told["pairs"])
        return message

    @api.model
    def _is_touching(self):
        """This transaction holds changes that others cannot see yet."""
        cr = self.env.cr
        return TOUCHED in cr.precommit.data or KEY in cr.postcommit.data


class StockLot(models.Model):
    _inherit = "stock.lot"

    def write(self, vals):
        result = super().write(vals)
        if not {"removal_date", "expiration_date"}.isdisjoint(vals):
            # The dates of the quants follow as computed fields, which no write of theirs tells. sudo: ids only
            quants = self.env["stock.quant"].sudo().search([("lot_id", "in", self.ids)])
            self.env["distrib.network.touch"]._touched().quants.update(quants.ids)
        return result


class StockLocation(models.Model):
    _inherit = "stock.location"

    def write(self, vals):
        result = super().write(vals)
        # What lies there becomes stock, stops being stock, or changes its state.
        if not {"usage", "location_id", "active", "stock_state", "warehouse_id"}.isdisjoint(vals):
            for company in self.sudo().company_id:  # sudo: ids only
                self.env["distrib.network.touch"]._notify_boards(company.id)
        return result


class Policy(models.Model):
    _inherit = "distrib.policy"

    @api.model
    def _recompute(self, as_of=None, company=None, commit=False):
        result = super()._recompute(as_of, company, commit)
        self.env["distrib.network.touch"]._notify_boards((company or self.env.company).id)
        return result


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """The board asks for one name; viewers hear the channels of their own companies, others nothing."""
        asked = CHANNEL in channels
        channels = super()._build_bus_channel_list([channel for channel in channels if channel != CHANNEL])
        user = self.env.user
        if asked and user.has_group("distrib_inventory.group_viewer"):
            channels.extend((company, CHANNEL) for company in user.company_ids)
        return channels
