"""Tells open boards what changed: one notification for each transaction and company."""

from odoo import api, models
from odoo.addons.bus.models.bus import channel_with_db, json_dump

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
        self.env["distrib.board"]._queue(pairs)
        for product, warehouse in pairs:
            found.setdefault(companies.get(warehouse), set()).add((warehouse, product))
        for company, touched in found.items():
            if company:
                self._notify_boards(company, touched)
        return super()._on_touched(pairs)

    @api.model
    def _notify_boards(self, company_id, pairs=None):
        """Put the company's notification on the bus, or widen the one that this transaction has put there already.

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
        if {"usage", "location_id", "active", "stock_state", "warehouse_id"}.isdisjoint(vals):
            return super().write(vals)
        # What lies there becomes stock, stops being stock, or changes its state or its warehouse.
        self._touch_contents()
        result = super().write(vals)
        self._touch_contents()
        return result

    def _touch_contents(self):
        """Report what lies here and below, and what moves in and out, as places: their warehouse is looked up later."""
        # sudo: ids only
        below = self.sudo().with_context(active_test=False).search([("id", "child_of", self.ids)])
        below.flush_recordset(["warehouse_id"])
        self.env["stock.quant"].flush_model(["product_id", "location_id"])
        self.env["stock.move"].flush_model(["product_id", "location_id", "location_dest_id", "location_final_id"])
        self.env.cr.execute(
            """
            SELECT product_id, l.warehouse_id FROM stock_quant q JOIN stock_location l ON l.id = q.location_id
             WHERE l.id = ANY(%(ids)s) AND l.warehouse_id IS NOT NULL
             UNION
            SELECT product_id, l.warehouse_id
              FROM stock_move m JOIN stock_location l
                ON l.id IN (m.location_id, m.location_dest_id, m.location_final_id)
             WHERE l.id = ANY(%(ids)s) AND l.warehouse_id IS NOT NULL AND m.state NOT IN ('draft', 'done', 'cancel')
            """,
            {"ids": below.ids},
        )
        if pairs := self.env.cr.fetchall():
            self.env["distrib.network.touch"]._touch(pairs)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def write(self, vals):
        result = super().write(vals)
        # It comes or goes with all that is in it; in a dealer's house his own goods cover the demand.
        if not {"active", "dealer_id"}.isdisjoint(vals):
            self.env["distrib.board"]._queue_warehouses(self.ids)
            for company in self.sudo().company_id:  # sudo: ids only
                self.env["distrib.network.touch"]._notify_boards(company.id)
        return result


class AllocationShare(models.Model):
    _inherit = "distrib.allocation.share"

    @api.model_create_multi
    def create(self, vals_list):
        shares = super().create(vals_list)
        shares._touch_pairs()
        return shares

    def write(self, vals):
        self._touch_pairs()
        result = super().write(vals)
        self._touch_pairs()
        return result

    def unlink(self):
        self._touch_pairs()
        return super().unlink()

    def _touch_pairs(self):
        self.env["distrib.network.touch"]._touch((share.product_id.id, share.warehouse_id.id) for share in self)


class Policy(models.Model):
    _inherit = "distrib.policy"

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        policies._touch_pairs()
        return policies

    def write(self, vals):
        result = super().write(vals)
        if not {"demand_mean", "safety_stock", "reorder_point", "product_id", "warehouse_id"}.isdisjoint(vals):
            self._touch_pairs()
        return result

    def unlink(self):
        self._touch_pairs()
        return super().unlink()

    def _touch_pairs(self):
        """A policy says how its pair stands on the board."""
        for company, policies in self.sudo().grouped("company_id").items():  # sudo: ids only
            pairs = {(policy.warehouse_id.id, policy.product_id.id) for policy in policies}
            self.env["distrib.board"]._queue([(product, warehouse) for warehouse, product in pairs])
            self.env["distrib.network.touch"]._notify_boards(company.id, pairs)

    @api.model
    def _recompute(self, as_of=None, company=None, commit=False):
        company = company or self.env.company
        result = super()._recompute(as_of, company, commit)
        self.env["distrib.board"]._count_soon(company)
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
