from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import DistribCommon

PAST = "2026-03-{:02d} 09:00:00"


@tagged("post_install", "-at_install")
class TestPositionTime(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.supplier = cls.env.ref("stock.stock_location_suppliers")
        cls.customer = cls.env.ref("stock.stock_location_customers")

    def transfer(self, quantity, days=3, source=None, target=None):
        """A transfer in two legs; returns both moves."""
        source, target = source or self.central, target or self.store_east
        transit = self.company.internal_transit_location_id
        into = self.new_move(
            self.product_a, quantity, transit, target.lot_stock_id, confirm=False,
            date=fields.Datetime.now() + timedelta(days=days),
        )  # fmt: skip
        out = self.new_move(
            self.product_a, quantity, source.lot_stock_id, transit, confirm=False, move_dest_ids=[(4, into.id)]
        )
        (out | into)._action_confirm(merge=False)
        return out, into

    def test_a_transfer_is_planned_then_in_transit_then_there(self):
        self.add_stock(self.product_a, self.central, 10)
        out, into = self.transfer(8)
        row = self.position(self.product_a, self.store_east)
        self.assertEqual((row["incoming"], row["transfer_in"], row["in_transit"]), (8, 8, 0))
        self.assertEqual(self.env["distrib.position"].read_transit([self.product_a.id]), [])
        self.finish(out, 5)
        row = self.position(self.product_a, self.store_east)
        self.assertEqual((row["incoming"], row["transfer_in"], row["in_transit"], row["purchase_in"]), (8, 3, 5, 0))
        (way,) = self.env["distrib.position"].read_transit([self.product_a.id], [self.store_east.id])
        self.assertEqual((way["quantity"], way["source_warehouse_id"]), (5, self.central.id))
        self.assertEqual(way["departed_at"], fields.Datetime.to_string(out.date))
        self.assertEqual(way["expected_at"], fields.Datetime.to_string(into.date))
        self.finish(into, 5)
        row = self.position(self.product_a, self.store_east)
        self.assertEqual((row["on_hand"], row["in_transit"], row["transfer_in"]), (5, 0, 3))

    def test_purchases_are_told_from_transfers_and_returns(self):
        self.new_move(self.product_a, 4, self.supplier, self.central.lot_stock_id)
        self.new_move(self.product_a, 2, self.customer, self.central.lot_stock_id)
        self.new_move(self.product_a, 1, self.store_east.lot_stock_id, self.central.lot_stock_id)
        row = self.position(self.product_a, self.central)
        self.assertEqual((row["incoming"], row["purchase_in"], row["transfer_in"]), (7, 4, 1))

    def test_a_past_day_is_reckoned_back_from_moves_like_core(self):
        stock, store = self.central.lot_stock_id, self.store_east.lot_stock_id
        steps = (
            (1, self.supplier, stock, 20), (3, stock, self.customer, 4), (5, stock, store, 6),
            (7, self.customer, stock, 1), (9, stock, self.customer, 2),
        )  # fmt: skip
        for day, source, target, quantity in steps:
            with freeze_time(PAST.format(day)):
                self.finish(self.new_move(self.product_a, quantity, source, target))
        for day in (0, 1, 2, 3, 5, 6, 7, 9, 12):
            self.assertSameAsCoreOn(fields.Date.to_date("2026-03-01") + timedelta(days=day - 1))

    def assertSameAsCoreOn(self, day):
        rows = self.env["distrib.position"].read_positions([self.product_a.id], self.warehouses.ids, as_of=day)
        found = {row["warehouse_id"]: row["on_hand"] for row in rows}
        end = self.env["distrib.position"]._end_of(day) - timedelta(seconds=1)
        for warehouse in self.warehouses:
            product = self.product_a.with_context(warehouse_id=warehouse.id, to_date=end)
            product.invalidate_recordset()
            self.assertEqual(found.get(warehouse.id, 0.0), product.qty_available, f"{warehouse.name} on {day}")

    def test_owners_and_states_of_a_past_day(self):
        place = self.central._state_locations("quarantine")[self.central]
        with freeze_time(PAST.format(2)):
            self.finish(self.new_move(self.product_a, 5, self.supplier, self.central.lot_stock_id))
        with freeze_time(PAST.format(4)):
            self.finish(self.new_move(self.product_a, 2, self.central.lot_stock_id, place))
            receipt = self.new_move(self.product_a, 7, self.supplier, self.central.lot_stock_id)
            receipt.quantity = 7
            receipt.move_line_ids.owner_id = self.dealer
            self.finish(receipt)
        read = self.env["distrib.position"].read_positions
        (before,) = read([self.product_a.id], as_of="2026-03-03")
        (after,) = read([self.product_a.id], as_of="2026-03-04")
        self.assertEqual((before["quarantine"], after["quarantine"], after["on_hand"]), (0, 2, 5))
        self.assertEqual((before["owned_on_hand"], after["owned_on_hand"]), (0, 7))

    def test_the_forecast_is_core_s_on_every_day(self):
        today = fields.Date.context_today(self.env.user)
        self.add_stock(self.product_a, self.central, 10)
        plan = ((-2, 1, 3), (0, -1, 2), (1, 1, 5), (2, -1, 9), (2, 1, 1), (40, 1, 100))
        for days, sign, quantity in plan:
            ends = (
                (self.supplier, self.central.lot_stock_id) if sign > 0 else (self.central.lot_stock_id, self.customer)
            )
            self.new_move(self.product_a, quantity, *ends, date=fields.Datetime.now() + timedelta(days=days))
        days = [today + timedelta(days=step) for step in range(5)]
        (row,) = self.env["distrib.position"].read_forecast([self.product_a.id], [self.central.id], days)
        self.assertEqual(row["on_hand"], 10)
        for day, shown in zip(days, row["days"], strict=True):
            end = self.env["distrib.position"]._end_of(day) - timedelta(seconds=1)
            product = self.product_a.with_context(warehouse_id=self.central.id, to_date=end)
            product.invalidate_recordset()
            core = (product.incoming_qty, product.outgoing_qty, product.virtual_available)
            self.assertEqual((shown["incoming"], shown["outgoing"], shown["forecast"]), core, day)

    def test_lots_that_expire_leave_the_forecast(self):
        milk = self.env["product.product"].create(
            {"name": "Test Milk", "is_storable": True, "tracking": "lot", "use_expiration_date": True}
        )
        now = fields.Datetime.now()
        for name, days in (("L1", 1), ("L2", 20), ("L3", 200)):
            lot = self.env["stock.lot"].create(
                {"name": name, "product_id": milk.id, "removal_date": now + timedelta(days=days)}
            )
            self.add_stock(milk, self.central, 5, lot=lot)
        today = now.date()
        (row,) = self.env["distrib.position"].read_forecast(
            [milk.id], dates=[today + timedelta(days=days) for days in (0, 3, 30)]
        )
        self.assertEqual([day["forecast"] for day in row["days"]], [15, 10, 5])
        position = self.position(milk, self.central)
        self.assertEqual((position["expired"], position["expiring"], position["available"]), (0, 10, 15))
        self.company.distrib_expiring_days = 2
        self.assertEqual(self.position(milk, self.central)["expiring"], 5)
        lots = self.env["distrib.position"].read_lots([milk.id], [self.central.id])
        self.assertEqual([lot["lot"] for lot in lots], ["L1", "L2", "L3"])

    def test_days_that_make_no_sense_are_refused(self):
        position = self.env["distrib.position"]
        today = fields.Date.context_today(self.env.user)
        with self.assertRaisesRegex(UserError, "not over yet"):
            position.read_positions(as_of=today)
        with self.assertRaisesRegex(UserError, "not a day"):
            position.read_positions(as_of="soon")
        for dates in ((), (today - timedelta(days=1),)):
            with self.assertRaisesRegex(UserError, "from today on"):
                position.read_forecast(dates=dates)

    def test_goods_past_their_date_on_past_and_coming_days(self):
        """On each day that counts as expired whose removal date has passed by its end."""
        product = self.env["product.product"].create(
            {"name": "Test Milk", "is_storable": True, "tracking": "lot", "use_expiration_date": True}
        )
        today = fields.Date.context_today(self.env["distrib.position"])
        for name, quantity, days in (("M1", 5, -3), ("M2", 7, 4)):
            lot = self.env["stock.lot"].create({"name": name, "product_id": product.id})
            lot.removal_date = fields.Datetime.now() + timedelta(days=days)
            with freeze_time(fields.Datetime.now() - timedelta(days=10)):
                move = self.new_move(product, quantity, self.supplier, self.central.lot_stock_id, confirm=False)
                move.move_line_ids = [
                    (0, 0, {**move._prepare_move_line_vals(), "quantity": quantity, "lot_id": lot.id})
                ]
                move.picked = True
                move._action_done()
        position = self.env["distrib.position"]
        ids = ([product.id], [self.central.id])
        for days, expired in ((5, 0), (1, 5)):
            (row,) = position.read_positions(*ids, as_of=today - timedelta(days=days))
            self.assertEqual((row["on_hand"], row["expired"]), (12, expired), f"{days} days ago")
        (now,) = position.read_positions(*ids)
        self.assertEqual((now["expired"], now["expiring"], now["available"]), (5, 7, 7))
        (row,) = position.read_forecast(*ids, dates=[today, today + timedelta(days=6)])
        self.assertEqual([day["expired"] for day in row["days"]], [5, 12])
        self.assertEqual([day["forecast"] for day in row["days"]], [7, 0])

    def days_of(self, day, user="viewer"):
        """What the page of a day shows of product A, by warehouse."""
        choice = self.env["distrib.position.day.choice"].with_user(self.users[user]).create({"day": day})
        action = choice.action_open()
        found = self.env["distrib.position.day"].with_user(self.users[user]).with_context(**action["context"])
        return {row.warehouse_id: row for row in found.search([("product_id", "=", self.product_a.id)])}

    def test_the_page_of_a_day(self):
        today = fields.Date.context_today(self.env["distrib.position"])
        with freeze_time(fields.Datetime.now() - timedelta(days=5)):
            self.finish(self.new_move(self.product_a, 9, self.supplier, self.central.lot_stock_id))
        self.finish(self.new_move(self.product_a, 2, self.central.lot_stock_id, self.customer))
        self.new_move(
            self.product_a, 4, self.supplier, self.central.lot_stock_id,
            date=fields.Datetime.now() + timedelta(days=3),
        )  # fmt: skip
        self.add_stock(self.product_a, self.dealer_warehouse, 6, owner=self.dealer)
        self.assertNotIn(self.central, self.days_of(today - timedelta(days=7)))
        before = self.days_of(today - timedelta(days=2))
        self.assertEqual(before[self.central].on_hand, 9)
        self.assertEqual(
            (before[self.dealer_warehouse].on_hand, before[self.dealer_warehouse].owned_on_hand), (0, 6), "not ours"
        )
        self.env.invalidate_all()
        self.assertEqual(self.days_of(today)[self.central].forecast, 7)
        self.env.invalidate_all()
        soon = self.days_of(today + timedelta(days=4))
        self.assertEqual((soon[self.central].incoming, soon[self.central].forecast), (4, 11))
        self.assertNotIn(self.dealer_warehouse, soon, "the dealer's goods are not ours to come either")
        groups = self.env["distrib.position.day"].with_context(position_day=str(today - timedelta(days=2)))._read_group(
            [("product_id", "=", self.product_a.id)], ["network_tier"], ["on_hand:sum"]
        )  # fmt: skip
        self.assertIn(("central", 9.0), groups)
