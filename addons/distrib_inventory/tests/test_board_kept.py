"""What the board keeps says the same as the pairs themselves, before and after any change."""

import contextlib
from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.tests import tagged

from .board_common import BoardCommon


@tagged("post_install", "-at_install")
class TestBoardKept(BoardCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.milk = cls.env["product.product"].create(
            {"name": "Test Milk", "is_storable": True, "tracking": "lot", "use_expiration_date": True}
        )
        now = fields.Datetime.now()
        cls.lots = cls.env["stock.lot"].create(
            [
                {"name": f"M{hours}", "product_id": cls.milk.id, "removal_date": now + timedelta(hours=hours)}
                for hours in (-50, 6, 30, 24 * 29, 24 * 31, 2000)
            ]
        )
        for lot in cls.lots:
            cls.env["stock.quant"]._update_available_quantity(cls.milk, cls.central.lot_stock_id, 3, lot_id=lot)
        cls.shelf = cls.env["stock.location"].create(
            {"name": "Shelf", "usage": "internal", "location_id": cls.store_east.lot_stock_id.id}
        )
        cls.env["stock.quant"]._update_available_quantity(cls.product_b, cls.shelf, 2)
        damaged = cls.central._state_locations("damaged")[cls.central]
        cls.env["stock.quant"]._update_available_quantity(cls.product_b, damaged, 2)
        cls.policy_low = cls.policy(cls.product_a, cls.store_east, safety_stock=6, reorder_point=8)

    def setUp(self):
        super().setUp()
        self.forget()
        self.addCleanup(self.forget)
        self.keep()

    def keep(self, everything=False):
        return self.env["distrib.board"]._keep(self.company, everything)

    def whole(self, **context):
        """Every figure of the board, in every way in which it is read."""
        board = self.board().with_context(**context)
        pages = [
            board.load(query, [f"w{self.central.id}", f"p{self.product_a.id}"])
            for by in ("region", "supply", "category")
            for query in (
                {"by": by},
                {"by": by, "statuses": ["low", "idle"]},
                {"by": by, "states": ["expired", "allocated", "in_transit"]},
                {"by": by, "search": "华东 TEA"},
                {"by": by, "order": ["on_hand", True]},
            )
        ]
        pair = f"w{self.store_east.id}p{self.product_a.id}"
        return [*pages, board.refresh({}, [pair, f"w{self.store_east.id}", f"p{self.product_a.id}"]), board.get_map({})]

    def assert_exact(self, message=None, **context):
        self.assert_kept_is_exact(lambda: self.whole(**context), message)

    # -- one change at a time ------------------------------------------------

    def changes(self):
        """Name -> something that changes what a board shows."""
        warehouse = self.store_south
        return {
            "stock": lambda: self.add_stock(self.product_a, self.store_east, 5),
            "a new pair": lambda: self.add_stock(self.product_b, self.central, 4),
            "stock that is gone": lambda: self.add_stock(self.product_b, self.central, -4),
            "a plan": lambda: self.new_move(self.product_b, 2, self.central.lot_stock_id, warehouse.lot_stock_id),
            "a reservation": lambda: self.new_move(
                self.product_a, 3, self.central.lot_stock_id, self.customer
            )._action_assign(),
            "a policy": lambda: self.policy(self.product_b, self.store_east, safety_stock=50),
            "another policy": lambda: self.policy_low.write({"safety_stock": 100, "reorder_point": 120}),
            "a policy that is gone": lambda: self.policy_low.unlink(),
            "an allocation": lambda: self.allocate(self.product_a, self.central, 7),
            "a state of stock": lambda: self.central._state_locations("damaged")[self.central].write(
                {"stock_state": "blocked"}
            ),
            "a shelf in another house": lambda: self.shelf.write({"location_id": self.store_south.lot_stock_id.id}),
            "a date": lambda: self.lots[3].write({"removal_date": fields.Datetime.now() - timedelta(days=9)}),
            "a dealer's house": lambda: self.dealer_warehouse.write({"dealer_id": False}),
            "a closed house": lambda: self.regional_south.write({"active": False}),
            "days": lambda: self.company.write({"distrib_expiring_days": 40}),
            "a category": lambda: self.product_a.write(
                {"categ_id": self.env["product.category"].create({"name": "X"}).id}
            ),
        }

    def allocate(self, product, warehouse, quantity):
        today = fields.Date.today()
        self.env["distrib.allocation"].create(
            {
                "product_id": product.id,
                "quantity": quantity,
                "uom_id": product.uom_id.id,
                "beneficiary_kind": "promotion",
                "promotion": "Test",
                "warehouse_id": warehouse.id,
                "date_from": today,
                "date_to": today + timedelta(days=5),
            }
        ).action_activate()

    def test_each_change_is_seen_at_once_and_after_it_is_kept(self):
        self.assert_exact("at first")
        for name, change in self.changes().items():
            before = self.whole()
            change()
            self.assert_exact(f"{name}: in the queue")
            self.assertTrue(self.whole() != before, f"{name} changes the board")
            self.keep()
            self.assert_exact(f"{name}: kept")
            self.assertEqual(self.keep(everything=True), 0, f"{name}: what is kept was exact")

    # -- time ----------------------------------------------------------------

    def test_readers_of_other_time_zones_see_their_day(self):
        for zone in ("Asia/Shanghai", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
            self.assert_exact(zone, tz=zone)

    def test_a_day_ends_before_the_keeper_comes(self):
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self.forget()
            self.assert_exact("the next day")
            self.assertTrue(self.board()._overlay(self.board()._states()).versions, "lots have expired since")
            self.assertGreater(self.keep(), 0)
            self.assertFalse(self.board()._overlay(self.board()._states()).versions)
            self.assert_exact("kept")

    # -- workers -------------------------------------------------------------

    def test_a_worker_reads_only_what_was_changed_since(self):
        self.whole()
        self.add_stock(self.product_a, self.store_east, 5)
        self.keep()
        asked = []
        fetch = type(self.env["distrib.board"])._kept_sums
        self.patch(
            type(self.env["distrib.board"]),
            "_kept_sums",
            lambda board, company, by, after=None: asked.append((by, bool(after))) or fetch(board, company, by, after),
        )
        self.board().load({})
        self.board().load({"by": "category"})
        self.assertEqual(sorted(asked), [("product", True), ("warehouse", True)])
        self.forget()
        self.board().load({})
        self.assertEqual(asked[2:], [("warehouse", False)], "a new worker reads the sums, and only those it shows")

    def test_the_queue_is_counted_once(self):
        self.whole()
        self.add_stock(self.product_a, self.store_east, 5)
        self.board().load({})
        counted = []
        live = type(self.env["distrib.board"])._live_sql
        self.patch(
            type(self.env["distrib.board"]),
            "_live_sql",
            lambda board, *args: counted.append(args) or live(board, *args),
        )
        self.board().load({})
        self.assertFalse(counted)
        self.add_stock(self.product_b, self.store_east, 5)
        self.board().load({})
        self.assertEqual([args[:2] for args in counted], [([self.store_east.id], [self.product_b.id])])

    def test_what_is_rolled_back_is_forgotten(self):
        before = self.whole()
        with contextlib.suppress(ZeroDivisionError), self.env.cr.savepoint():
            self.add_stock(self.product_a, self.store_east, 5)
            self.assertTrue(self.whole() != before)
            raise ZeroDivisionError
        self.assertEqual(self.whole(), before)

    def test_many_policies_are_counted_in_the_background(self):
        self.policy_low.flush_recordset()
        self.env.cr.execute("UPDATE distrib_policy SET safety_stock = 77 WHERE id = %s", [self.policy_low.id])
        self.env["distrib.board"]._count_soon(self.company)
        self.assertGreater(self.keep(), 0)
        self.assert_exact("policies")
        self.assertEqual(self.keep(), 0)

    def test_companies_are_kept_apart(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        elsewhere = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        self.add_stock(self.product_a, elsewhere, 1000)
        self.assertTrue(self.board()._reading())
        both = self.env["distrib.board"].with_context(allowed_company_ids=(self.company + other).ids)
        self.assertFalse(both._reading(), "not before both are kept")
        self.env["distrib.board"]._keep(other)
        self.add_stock(self.product_a, elsewhere, 1)
        self.assert_exact("one company")
        self.assert_kept_is_exact(lambda: [both.load({"by": by}) for by in ("region", "supply", "category")])

    def test_one_keeper_at_a_time(self):
        self.add_stock(self.product_a, self.store_east, 5)
        with self.registry.cursor() as cr:
            cr.execute("SELECT pg_try_advisory_xact_lock(hashtext('distrib_board'), %s)", [self.company.id])
            # This test's own transaction holds the lock since setUp.
            self.assertFalse(cr.fetchone()[0])
