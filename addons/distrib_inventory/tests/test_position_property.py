"""After any sequence of native operations positions are the sums of quants and moves, and core's numbers."""

import random
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.distrib_inventory.models.board_reading import MEMORY
from odoo.tests import tagged

from .common import DistribCommon

CORE = {
    "on_hand": "qty_available",
    "free": "free_qty",
    "incoming": "incoming_qty",
    "outgoing": "outgoing_qty",
    "forecast": "virtual_available",
}
PARTS = ("reserved", "expired", "quarantine", "damaged", "blocked", "disputed", "allocated", "available")


@tagged("post_install", "-at_install")
class TestPositionProperty(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.supplier = cls.env.ref("stock.stock_location_suppliers")
        cls.customer = cls.env.ref("stock.stock_location_customers")
        cls.transit = cls.company.internal_transit_location_id
        cls.milk = cls.env["product.product"].create(
            {"name": "Test Milk", "is_storable": True, "tracking": "lot", "use_expiration_date": True}
        )
        now = fields.Datetime.now()
        cls.lots = cls.env["stock.lot"].create(
            [
                {"name": f"M{days}", "product_id": cls.milk.id, "removal_date": now + timedelta(days=days)}
                for days in (-3, 9, 90)
            ]
        )
        cls.products = cls.product_a | cls.product_b | cls.milk
        cls.sites = cls.central | cls.regional_east | cls.store_east

    def _quants(self, rng, **_ignored):
        domain = [("product_id", "in", self.products.ids), ("location_id.warehouse_id", "in", self.sites.ids)]
        quants = self.env["stock.quant"].search([*domain, ("location_id.usage", "=", "internal"), ("quantity", ">", 0)])
        return rng.choice(quants) if quants else quants

    def _open_moves(self, rng):
        domain = [("product_id", "in", self.products.ids), ("state", "in", ("confirmed", "assigned", "waiting",
                                                                           "partially_available"))]  # fmt: skip
        moves = self.env["stock.move"].search(domain)
        return rng.choice(moves) if moves else moves

    def _done(self, move, quant=None, lot=None):
        """Finish a move with the lot and owner that lie there."""
        lot = quant.lot_id if quant else lot
        values = {
            "product_id": move.product_id.id,
            "product_uom_id": move.product_uom.id,
            "quantity": move.product_uom_qty,
            "lot_id": lot.id if lot else False,
            "owner_id": quant.owner_id.id if quant else False,
            "location_id": move.location_id.id,
            "location_dest_id": move.location_dest_id.id,
        }
        move.move_line_ids = [Command.clear(), Command.create(values)]
        move.picked = True
        move._action_done()

    def op_receive(self, rng):
        product, site = rng.choice(self.products), rng.choice(self.sites)
        move = self.new_move(product, rng.randint(1, 20), self.supplier, site.lot_stock_id)
        if rng.random() < 0.7:
            self._done(move, lot=rng.choice(self.lots) if product == self.milk else None)

    def op_deliver(self, rng):
        if quant := self._quants(rng):
            move = self.new_move(quant.product_id, rng.randint(1, 9), quant.location_id, self.customer)
            move._action_assign()
            if rng.random() < 0.5:
                self._done(move, quant)

    def op_transfer(self, rng):
        """In two legs: planned, departed or arrived."""
        if not (quant := self._quants(rng)):
            return
        target = rng.choice(self.sites - quant.location_id.warehouse_id)
        quantity = rng.randint(1, 6)
        into = self.new_move(quant.product_id, quantity, self.transit, target.lot_stock_id, confirm=False)
        out = self.new_move(
            quant.product_id, quantity, quant.location_id, self.transit, confirm=False,
            move_dest_ids=[Command.link(into.id)],
        )  # fmt: skip
        (out | into)._action_confirm(merge=False)
        stage = rng.randint(0, 2)
        if stage:
            self._done(out, quant)
        if stage == 2:
            self._done(into, quant)

    def op_return(self, rng):
        product, site = rng.choice(self.products), rng.choice(self.sites)
        lot = rng.choice(self.lots) if product == self.milk else None
        self._done(self.new_move(product, rng.randint(1, 3), self.customer, site.lot_stock_id), lot=lot)

    def op_scrap(self, rng):
        if quant := self._quants(rng):
            self.env["stock.scrap"].create(
                {
                    "product_id": quant.product_id.id,
                    "scrap_qty": 1,
                    "lot_id": quant.lot_id.id,
                    "owner_id": quant.owner_id.id,
                    "location_id": quant.location_id.id,
                }
            ).do_scrap()

    def op_inventory(self, rng):
        if quant := self._quants(rng):
            quant.inventory_quantity = rng.randint(0, 30)
            quant.action_apply_inventory()

    def op_owner(self, rng):
        """Goods change hands: out of one owner's name, into another's."""
        if quant := self._quants(rng):
            other = rng.choice((self.dealer, self.company.partner_id, self.env["res.partner"]))
            for owner, sign in ((quant.owner_id, -1), (other, 1)):
                self.env["stock.quant"]._update_available_quantity(
                    quant.product_id, quant.location_id, sign, lot_id=quant.lot_id, owner_id=owner
                )

    def op_state(self, rng):
        if quant := self._quants(rng):
            free = int(quant.available_quantity)
            if free > 0:
                state = rng.choice(("quarantine", "damaged", "expired", "blocked", "disputed", "available"))
                wizard = self.env["distrib.stock.state.move"].create(
                    {"state": state, "reason": "Random", "line_ids": [Command.create({"quant_id": quant.id,
                                                                                      "quantity": 1})]}
                )  # fmt: skip
                if quant.location_id.stock_state != state:
                    wizard.action_move()

    def op_cancel(self, rng):
        self._open_moves(rng)._action_cancel()

    def op_unreserve(self, rng):
        self._open_moves(rng)._do_unreserve()

    def op_allocate(self, rng):
        site, product = rng.choice(self.sites), rng.choice(self.products)
        left = int(self.position(product, site).get("available", 0))
        if left > 0:
            self.env["distrib.allocation"].create(
                {
                    "product_id": product.id,
                    "quantity": rng.randint(1, left),
                    "beneficiary_kind": "promotion",
                    "promotion": f"P{rng.random()}",
                    "warehouse_id": site.id,
                    "date_to": "2099-12-31",
                }
            ).action_activate()

    def test_sums_hold_after_any_sequence(self):
        operations = sorted(name for name in dir(self) if name.startswith("op_"))
        seen = set()
        self.env.registry.__dict__.pop(MEMORY, None)
        self.env["distrib.board"]._keep(self.company)
        for seed in range(3):
            rng = random.Random(seed)
            for number in range(30):
                name = rng.choice(operations) if number > 3 else "op_receive"
                getattr(self, name)(rng)
                if number % 7 == 3:
                    self.env["distrib.board"]._keep(self.company)  # the board's keeper comes at any time
                if number % 6 == 5:
                    self._check(f"seed {seed}, step {number}, {name}")
            seen |= {name for row in self._rows() for name in PARTS if row[name]}
        self.assertFalse({"reserved", "allocated", "expired", "available"} - seen, "the walk reaches these columns")

    def _check_board(self, where):
        """What the board shows from its sums is what the stock says."""
        board = self.env["distrib.board"]
        shown = self._board_pages()
        with patch.object(type(board), "_states", lambda _board: {}):
            self.assertEqual(shown, self._board_pages(), where)

    def _board_pages(self):
        site = f"w{self.sites[0].id}"
        queries = ({"by": by, "states": states} for by in ("region", "category") for states in ([], ["allocated"]))
        return [self.env["distrib.board"].load(query, [site]) for query in queries]

    def _rows(self):
        return self.env["distrib.position"].read_positions(self.products.ids, self.sites.ids)

    def _check(self, where):
        rows = {(row["product_id"], row["warehouse_id"]): row for row in self._rows()}
        for key, row in rows.items():
            self.assertAlmostEqual(row["on_hand"], sum(row[name] for name in PARTS), 6, f"{where}: {key}")
            parts = row["purchase_in"] + row["in_transit"] + row["transfer_in"]
            self.assertLessEqual(parts, row["incoming"] + 1e-6, f"{where}: {key}")
        self._check_core(rows, where)
        self._check_records(rows, where)
        self._check_board(where)
        for by in ("region", "supply", "warehouse"):
            rolled = self.env["distrib.position"]._rollup(by, self.products.ids, self.sites.ids)
            top = [row for row in rolled if not row.get("parent")]
            for name in (*PARTS, "on_hand", "incoming", "outgoing", "forecast", "owned_on_hand"):
                total = sum(row[name] for row in rows.values())
                self.assertAlmostEqual(sum(row[name] for row in top), total, 4, f"{where}: {by} {name}")

    def _check_core(self, rows, where):
        self.env.invalidate_all()
        for site in self.sites:
            for product in self.products.with_context(warehouse_id=site.id):
                values = product._compute_quantities_dict(None, False, None)[product.id]
                # Core does not know that goods under our own name are ours.
                ours = product._compute_quantities_dict(None, self.company.partner_id.id, None)[product.id]
                found = rows.get((product.id, site.id), {})
                for name, field in CORE.items():
                    core = values[field] + ours[field]
                    self.assertAlmostEqual(found.get(name, 0.0), core, 6, f"{where}: {site.code} {product.name} {name}")

    def _check_records(self, rows, where):
        """Against the records themselves, one by one, with no SQL of ours."""
        ours = (self.env["res.partner"], self.company.partner_id)
        quants = self.env["stock.quant"].search(
            [("product_id", "in", self.products.ids), ("location_id.usage", "=", "internal")]
        )
        for site in self.sites:
            for product in self.products:
                here = quants.filtered(
                    lambda q, s=site, p=product: q.product_id == p and q.location_id.warehouse_id == s
                )
                own = here.filtered(lambda q: q.owner_id in ours)
                row = rows.get((product.id, site.id)) or dict.fromkeys(("on_hand", "reserved", "owned_on_hand"), 0)
                expected = {
                    "on_hand": sum(own.mapped("quantity")),
                    "reserved": sum(own.mapped("reserved_quantity")),
                    "owned_on_hand": sum((here - own).mapped("quantity")),
                }
                self.assertEqual({name: row[name] for name in expected}, expected, f"{where}: {site.code}")
