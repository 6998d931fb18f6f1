from datetime import datetime, timedelta
from unittest.mock import patch

import numpy as np
from freezegun import freeze_time
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .demand_common import DemandCommon

NOW = datetime(2024, 7, 1, 4)  # noon in China


@tagged("post_install", "-at_install")
class TestDemandSync(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.customers = cls.env.ref("stock.stock_location_customers")
        cls.Source = cls.env["distrib.demand.source"]
        cls.Mark = cls.env["distrib.demand.mark"]
        cls.State = cls.env["distrib.demand.sync"]
        # moves of the test network only
        cls.env.cr.execute("UPDATE stock_move SET state = 'cancel' WHERE state = 'done'")

    def setUp(self):
        super().setUp()

        frozen = freeze_time(NOW)
        frozen.start()
        self.addCleanup(frozen.stop)
        horizon = patch.object(type(self.Demand), "_horizon", lambda model: self.horizon)
        horizon.start()
        self.addCleanup(horizon.stop)
        self.horizon = datetime(2024, 7, 1)

    def deliver(self, product, quantity, when, warehouse=None, **values):
        """A delivery to a customer, done at a moment in UTC."""
        warehouse = warehouse or self.store_east
        move = self.new_move(product, quantity, warehouse.lot_stock_id, self.customers, **values)
        self.finish(move)
        move.date = when
        return move

    def back(self, quantity, when, origin=None, product=None, warehouse=None):
        warehouse = warehouse or self.store_east
        move = self.new_move(
            product or self.product_a, quantity, self.customers, warehouse.lot_stock_id,
            origin_returned_move_id=origin.id if origin else False,
        )  # fmt: skip
        self.finish(move)
        move.date = when
        return move

    def sync(self):
        self.env.flush_all()
        return self.Demand._sync(self.company)

    def history(self, product=None, warehouse=None, measure="quantity"):
        rows = self.Demand.search(
            [
                ("product_id", "=", (product or self.product_a).id),
                ("warehouse_id", "=", (warehouse or self.store_east).id),
            ],
            order="day",
        )
        return {
            row.day.isoformat(): row[measure]
            for row in rows
            if measure != "quantity" or not row.is_stockout or row.quantity
        }

    def test_deliveries_of_a_day_in_the_companys_time_zone(self):
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 3, datetime(2024, 6, 10, 15, 59))  # 23:59 in China
        self.deliver(self.product_a, 4, datetime(2024, 6, 10, 16, 1))  # 00:01 of the next day
        self.deliver(self.product_a, 2, datetime(2024, 6, 11, 3))
        self.sync()
        self.assertEqual(self.history(), {"2024-06-10": 3, "2024-06-11": 6})
        self.assertEqual(self.sync(), 0, "nothing is read twice")
        self.assertEqual(self.history(), {"2024-06-10": 3, "2024-06-11": 6})

    def test_only_what_goes_to_customers_counts(self):
        self.add_stock(self.product_a, self.store_east, 100)
        for place in (self.regional_east.lot_stock_id, self.env.ref("stock.stock_location_suppliers")):
            move = self.new_move(self.product_a, 5, self.store_east.lot_stock_id, place)
            self.finish(move)
        waiting = self.new_move(self.product_a, 5, self.store_east.lot_stock_id, self.customers)
        cancelled = self.new_move(self.product_a, 5, self.store_east.lot_stock_id, self.customers)
        cancelled._action_cancel()
        drop = self.new_move(self.product_a, 5, self.env.ref("stock.stock_location_suppliers"), self.customers)
        self.finish(drop)
        self.assertEqual(waiting.state, "confirmed")
        self.sync()
        self.assertFalse(self.history())

    def test_units_of_moves_become_units_of_the_product(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 2, datetime(2024, 6, 10, 3), product_uom=dozen.id)
        self.sync()
        self.assertEqual(self.history(), {"2024-06-10": 24})

    def test_late_and_edited_moves(self):
        self.add_stock(self.product_a, self.store_east, 100)
        first = self.deliver(self.product_a, 3, datetime(2024, 6, 10, 3))
        self.deliver(self.product_a, 1, datetime(2024, 6, 20, 3))
        self.sync()
        self.deliver(self.product_a, 5, datetime(2024, 6, 11, 3))  # dated back
        first.date = datetime(2024, 6, 12, 3)  # moved to another day
        self.sync()
        self.assertEqual(self.history(), {"2024-06-11": 5, "2024-06-12": 3, "2024-06-20": 1})
        first.move_line_ids.quantity = 2  # corrected after it was done
        self.sync()
        self.assertEqual(self.history()["2024-06-12"], 2)

    def test_a_move_before_the_first_one_known(self):
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 3, datetime(2024, 6, 10, 3))
        self.sync()
        self.deliver(self.product_a, 7, datetime(2024, 4, 1, 3))
        self.sync()
        self.assertEqual(self.history(), {"2024-06-10": 3}, "its day is left to files ...")
        self.Source.search([("warehouse_id", "=", self.store_east.id)]).since = False
        self.sync()
        self.assertEqual(self.history(), {"2024-04-01": 7, "2024-06-10": 3}, "... until the source says otherwise")

    def test_a_return_counts_against_the_day_it_was_sold(self):
        self.add_stock(self.product_a, self.store_east, 100)
        sold = self.deliver(self.product_a, 9, datetime(2024, 6, 10, 3))
        self.sync()
        self.back(4, datetime(2024, 6, 25, 3), origin=sold)
        self.sync()
        self.assertEqual(self.history(), {"2024-06-10": 5})
        self.assertFalse(self.Mark.search([("kind", "=", "return")]))

    def test_a_return_of_nothing_known_is_marked(self):
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 9, datetime(2024, 6, 10, 3))
        self.back(4, datetime(2024, 6, 12, 3))
        self.sync()
        self.back(1, datetime(2024, 6, 12, 5))
        self.sync()
        self.assertEqual(self.history(), {"2024-06-10": 9})
        mark = self.Mark.search([("kind", "=", "return"), ("product_id", "=", self.product_a.id)])
        self.assertEqual((mark.day.isoformat(), mark.quantity, mark.excluded), ("2024-06-12", 5, False))

    def test_a_return_of_days_that_files_own_is_marked(self):
        self.add_stock(self.product_a, self.store_east, 100)
        sold = self.deliver(self.product_a, 9, datetime(2024, 5, 10, 3))
        self.Source.create({"warehouse_id": self.store_east.id, "source": "moves", "since": "2024-06-01"})
        self.back(4, datetime(2024, 6, 12, 3), origin=sold)
        self.sync()
        self.assertFalse(self.history())
        self.assertEqual(
            self.Mark.search([("kind", "=", "return"), ("product_id", "=", self.product_a.id)]).quantity, 4
        )

    # --- sources ---------------------------------------------------------------------------------------------------

    def test_moves_begin_after_the_imported_days(self):
        self.sell(self.product_b, self.store_east, [2, 2], end=datetime(2024, 6, 10).date())
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 3, datetime(2024, 6, 9, 3))
        self.deliver(self.product_a, 3, datetime(2024, 6, 11, 3))
        self.sync()
        source = self.Source.search([("warehouse_id", "=", self.store_east.id)])
        self.assertEqual((source.source, source.since.isoformat(), source.is_automatic), ("moves", "2024-06-11", True))
        self.assertEqual(self.history(), {"2024-06-11": 3})

    def test_files_do_not_write_days_that_moves_own(self):
        self.Source.create({"warehouse_id": self.store_east.id, "source": "moves", "since": "2024-06-10"})
        counts = self.sell(self.product_a, self.store_east, [5, 6, 7], end=datetime(2024, 6, 11).date())
        self.assertEqual((counts["new"], counts["foreign"]), (1, 2))
        self.assertEqual(self.history(), {"2024-06-09": 5})

    def test_an_import_says_which_days_it_left(self):
        source = self.Source.create({"warehouse_id": self.store_east.id, "source": "moves", "since": "2024-06-10"})
        text = self.csv("TNJ,TEA,2024-06-09,5", "TNJ,TEA,2024-06-10,6")
        job = self.load(text)
        self.assertEqual((job.state, job.new_days, job.foreign_days), ("done", 1, 1))
        self.assertTrue(job.message_ids.filtered(lambda message: "1 days were left" in message.body))
        source.source = "files"
        self.assertEqual(self.load(text).new_days, 1, "the same file counts again once its days are wanted")

    def test_a_dealers_warehouse_stays_with_his_reports(self):
        """What we ship from it is not all that he sells."""
        self.add_stock(self.product_a, self.dealer_warehouse, 100)
        self.deliver(self.product_a, 3, datetime(2024, 6, 11, 3), self.dealer_warehouse)
        self.sync()
        self.assertFalse(self.history(warehouse=self.dealer_warehouse))
        self.assertEqual(self.Source.search([("warehouse_id", "=", self.dealer_warehouse.id)]).source, "files")

    def test_a_product_with_a_source_of_its_own(self):
        self.Source.create(
            [
                {"warehouse_id": self.store_east.id, "source": "moves"},
                {"warehouse_id": self.store_east.id, "product_id": self.product_b.id, "source": "files"},
            ]
        )
        for product in (self.product_a, self.product_b):
            self.add_stock(product, self.store_east, 100)
            self.deliver(product, 3, datetime(2024, 6, 11, 3))
        self.sell(self.product_b, self.store_east, [8], end=datetime(2024, 6, 11).date())
        self.sync()
        self.assertEqual(self.history(), {"2024-06-11": 3})
        self.assertEqual(self.history(self.product_b), {"2024-06-11": 8})

    def test_another_source_is_read_in_by_the_next_run(self):
        self.sell(self.product_a, self.store_east, [5, 6], end=datetime(2024, 6, 11).date())
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 3, datetime(2024, 6, 11, 3))
        self.sync()
        self.assertEqual(self.history(), {"2024-06-10": 5, "2024-06-11": 6})
        self.Source.search([("warehouse_id", "=", self.store_east.id)]).write({"since": "2024-06-10"})
        self.sync()
        self.assertEqual(self.history(), {"2024-06-11": 3}, "what files said of these days is gone: one owner a day")

    def test_a_place_has_one_source(self):
        self.Source.create({"warehouse_id": self.store_east.id, "source": "moves"})
        with self.assertRaises(Exception), self.env.cr.savepoint():  # noqa: B017 the driver's own class
            self.Source.create({"warehouse_id": self.store_east.id, "source": "files"})

    # --- runs ------------------------------------------------------------------------------------------------------

    def test_a_first_run_that_was_killed_goes_on(self):
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 3, datetime(2024, 5, 10, 3))
        self.deliver(self.product_a, 4, datetime(2024, 6, 10, 3))
        self.env.flush_all()
        real, read = type(self.Demand)._read_month, []

        def dying(model, company, zone, month, warehouses):
            read.append(month.isoformat())
            if month.month == 6:
                raise KeyboardInterrupt
            return real(model, company, zone, month, warehouses)

        # not assertRaises, which would roll back what the run had done
        with patch.object(type(self.Demand), "_read_month", dying):
            try:
                self.Demand._sync(self.company)
            except KeyboardInterrupt:
                killed = True
        self.assertTrue(killed)
        state = self.State._of(self.company)
        self.assertEqual((state.next_month.isoformat(), read[-1]), ("2024-06-01", "2024-06-01"))
        self.sync()
        self.assertEqual(self.history(), {"2024-05-10": 3, "2024-06-10": 4})
        self.assertFalse(state.next_month)

    def test_a_transaction_committed_late_is_not_skipped(self):
        """Its write date lies before the end of the run that did not see it; the cursor waits for it."""
        self.add_stock(self.product_a, self.store_east, 100)
        early = datetime(2024, 6, 30, 12)
        self.horizon = early - timedelta(minutes=1)  # the oldest transaction still running began then
        self.sync()
        move = self.deliver(self.product_a, 3, datetime(2024, 6, 11, 3))
        self.env.flush_all()
        self.env.cr.execute("UPDATE stock_move SET write_date = %s WHERE id = %s", (early, move.id))
        self.Source.create({"warehouse_id": self.store_east.id, "source": "moves"})
        self.env.cr.execute("DELETE FROM distrib_demand_rebuild")
        self.env.cr.execute("DELETE FROM distrib_demand_left")
        self.horizon = datetime(2024, 7, 1)
        self.sync()
        self.assertEqual(self.history(), {"2024-06-11": 3})

    def test_the_horizon_is_a_moment_of_the_past(self):
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        now = self.env.cr.fetchone()[0]
        with patch.object(type(self.Demand), "_horizon", type(self.Demand)._horizon):
            patch.stopall()
            self.assertLessEqual(self.Demand._horizon(), now + timedelta(seconds=5))

    # --- hours in stock --------------------------------------------------------------------------------------------

    def test_hours_in_stock_from_movements(self):
        """Ten pieces come at eight and are gone at noon; the shop is open from 6 to 22."""
        receipt = self.new_move(
            self.product_a, 10, self.env.ref("stock.stock_location_suppliers"), self.store_east.lot_stock_id
        )
        self.finish(receipt)
        self.deliver(self.product_a, 10, datetime(2024, 6, 11, 4))
        receipt.date = datetime(2024, 6, 11, 0)
        receipt.move_line_ids.date = datetime(2024, 6, 11, 0)
        self.sync()
        shares = self.history(measure="in_stock")
        self.assertAlmostEqual(shares["2024-06-11"], 4 / 16)
        self.assertEqual(shares["2024-06-12"], 0)
        self.assertEqual(shares["2024-06-30"], 0)
        self.assertNotIn("2024-07-01", shares, "today is not over")

    def test_a_day_in_stock_all_day_says_nothing_and_a_late_receipt_is_seen(self):
        self.add_stock(self.product_a, self.store_east, 10)
        quant = self.product_a.stock_quant_ids
        self.deliver(self.product_a, 10, datetime(2024, 6, 20, 4))
        self.sync()
        self.assertEqual(self.history(measure="in_stock")["2024-06-25"], 0)
        receipt = self.new_move(
            self.product_a, 6, self.env.ref("stock.stock_location_suppliers"), self.store_east.lot_stock_id
        )
        self.finish(receipt)
        receipt.date = datetime(2024, 6, 24, 16)  # midnight in China: in stock from the 25th on
        self.sync()
        found = self.history(measure="in_stock")
        self.assertNotIn("2024-06-25", found)
        self.assertEqual(found["2024-06-24"], 0)
        self.assertTrue(quant)

    def test_held_and_dealers_goods_are_no_stock(self):
        self.add_stock(self.product_a, self.store_east, 5)
        self.add_stock(self.product_a, self.store_east, 5, owner=self.dealer)
        self.deliver(self.product_a, 5, datetime(2024, 6, 20, 4))
        self.sync()
        self.assertEqual(self.history(measure="in_stock")["2024-06-25"], 0)

    # --- reading ---------------------------------------------------------------------------------------------------

    def matrix(self, start="2024-06-01", end="2024-07-01", **options):
        pairs = (np.array([self.store_east.id]), np.array([self.product_a.id]))
        found = self.Demand._read_matrix(start, end, pairs=pairs, cleaned=True, **options)
        return dict(zip(found.days.astype(str).tolist(), found.quantity[0].tolist(), strict=True))

    def test_silent_days_of_moves_are_zero_until_yesterday(self):
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 3, datetime(2024, 6, 10, 3))
        self.sync()
        found = self.matrix()
        self.assertTrue(np.isnan(found["2024-06-09"]))
        self.assertEqual((found["2024-06-10"], found["2024-06-11"], found["2024-06-30"]), (3, 0, 0))
        self.assertTrue(np.isnan(found["2024-07-01"]))
        self.assertEqual(self.matrix(start="2024-06-15")["2024-06-15"], 3 * 0, "history before the window is enough")

    def test_silence_of_files(self):
        self.sell(self.product_a, self.store_east, [3, np.nan, 2], end=datetime(2024, 6, 12).date())
        self.sell(self.product_b, self.store_east, [1], end=datetime(2024, 6, 14).date())
        found = self.matrix()
        self.assertEqual((found["2024-06-11"], found["2024-06-14"]), (0, 0))
        self.assertTrue(np.isnan(found["2024-06-15"]), "no file has told of that day yet")
        self.sell(self.product_a, self.store_east, [0], end=datetime(2024, 6, 13).date())
        self.assertTrue(np.isnan(self.matrix()["2024-06-11"]), "files that name zeros leave gaps open")

    def test_a_planner_reads_what_the_run_wrote(self):
        self.add_stock(self.product_a, self.store_east, 100)
        self.deliver(self.product_a, 3, datetime(2024, 6, 10, 3))
        self.sync()
        planner = self.Demand.with_user(self.users["planner"])
        chart = planner.get_chart(self.product_a.id, self.store_east.id, "2024-06-01", "2024-06-30")
        self.assertEqual(chart["quantity"][9], 3)
        self.assertEqual(chart["cleaned"][10], 0)
        self.assertEqual(len(chart["days"]), len(chart["festival"]))
        with self.assertRaises(AccessError):
            self.Demand.with_user(self.new_user()).get_chart(self.product_a.id, self.store_east.id)
        with self.assertRaises(AccessError):
            self.Source.with_user(self.users["viewer"]).create({"warehouse_id": self.store_east.id})

    def test_pairs_that_changed(self):
        self.env.cr.execute("SELECT (now() AT TIME ZONE 'UTC') + interval '1 second'")
        later = self.env.cr.fetchone()[0]
        self.sell(self.product_a, self.store_east, [3])
        warehouse, product, month = self.Demand._changed_pairs(later - timedelta(seconds=2))
        self.assertIn(
            (self.store_east.id, self.product_a.id), set(zip(warehouse.tolist(), product.tolist(), strict=True))
        )
        self.assertEqual(str(month[warehouse == self.store_east.id][0]), "2024-06-01")
        self.assertFalse(len(self.Demand._changed_pairs(later)[0]))
