from datetime import date

import numpy as np
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .demand_common import DemandCommon


@tagged("post_install", "-at_install")
class TestDemand(DemandCommon):
    def sold(self, quantity, day="2024-02-28", **measures):
        count = len(quantity)
        return self.Demand._write_days(
            np.full(count, self.product_a.id),
            np.full(count, self.store_east.id),
            np.datetime64(day) + np.arange(count),
            np.array(quantity, float),
            **measures,
        )

    def test_the_same_twice_changes_nothing(self):
        self.assertEqual(self.sold([1, 2, 3]), {"new": 3, "changed": 0, "unchanged": 0, "foreign": 0})
        self.assertEqual(self.sold([1, 2, 3]), {"new": 0, "changed": 0, "unchanged": 3, "foreign": 0})
        self.assertEqual(self.sold([1, 9, 3, 4]), {"new": 1, "changed": 1, "unchanged": 2, "foreign": 0})

    def test_unknown_never_overwrites(self):
        self.sold([1], in_stock=np.array([0.5]), price=np.array([3.0]))
        self.assertEqual(self.sold([np.nan], price=np.array([4.0]))["changed"], 1)
        row = self.Demand.search([("product_id", "=", self.product_a.id)])
        self.assertEqual((row.quantity, row.in_stock, row.price, row.promotion), (1, 0.5, 4, 0))

    def test_rows_are_the_days_of_the_blocks(self):
        self.sold([1, 2, 3], in_stock=np.array([1, 0.25, np.nan]))  # over the end of February of a leap year
        rows = self.Demand.search([("product_id", "=", self.product_a.id)], order="day")
        self.assertEqual(rows.mapped("day"), [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)])
        self.assertEqual(rows.mapped("is_stockout"), [False, True, False])
        self.assertEqual(rows.company_id, self.company)
        rows.invalidate_recordset()
        self.assertEqual(rows[2].read(["quantity"])[0]["quantity"], 3, "a row is found again by its id")

    def test_groups_add_up(self):
        self.sold([1, 2, 3])
        groups = self.Demand._read_group(
            [("product_id", "=", self.product_a.id)], ["day:month"], ["quantity:sum"], order="day:month"
        )
        self.assertEqual([total for _month, total in groups], [3, 3])

    def test_search_reads_the_blocks_of_the_product_only(self):
        self.sold([1])
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        query = self.Demand._search([("product_id", "=", self.product_a.id), ("warehouse_id", "=", self.store_east.id)])
        code, params = query.select().code, query.select().params
        self.env.cr.execute("EXPLAIN " + code, params)
        plan = "\n".join(line for [line] in self.env.cr.fetchall())
        self.assertRegex(plan, r"Index Cond: \(.*product_id = ")

    def test_matrix(self):
        self.sold([1, 2, 3], in_stock=np.array([1, 0.5, 1]))
        self.sell(self.product_b, self.store_south, [7], end=date(2024, 3, 1))
        matrix = self.Demand._read_matrix("2024-02-29", "2024-03-02", product_ids=(self.product_a | self.product_b).ids)
        self.assertEqual(len(matrix.days), 3)
        by_product = dict(zip(matrix.product_id.tolist(), matrix.quantity.tolist(), strict=True))
        self.assertEqual(by_product[self.product_a.id][:2], [2, 3])
        self.assertTrue(np.isnan(by_product[self.product_a.id][2]))
        self.assertEqual(by_product[self.product_b.id][1], 7)
        self.assertEqual(matrix.quantity.dtype, np.float32)

    def test_matrix_keeps_the_order_of_the_pairs_asked_for(self):
        self.sold([1])
        pairs = (
            np.array([self.store_south.id, self.store_east.id]),
            np.array([self.product_b.id, self.product_a.id]),
        )
        matrix = self.Demand._read_matrix("2024-02-28", "2024-02-28", pairs=pairs, measures=("quantity",))
        self.assertTrue(np.isnan(matrix.quantity[0, 0]))
        self.assertEqual(matrix.quantity[1, 0], 1)
        self.assertIsNone(matrix.in_stock)

    def test_nothing_is_read_or_written_for_nothing(self):
        empty = np.zeros(0, int)
        counts = self.Demand._write_days(empty, empty, np.zeros(0, "datetime64[D]"), np.zeros(0))
        self.assertEqual(sum(counts.values()), 0)
        self.assertEqual(self.Demand._read_matrix("2024-01-01", "2024-01-02", product_ids=[]).quantity.shape, (0, 2))

    def test_weather_keeps_what_the_new_data_does_not_know(self):
        weather, region = self.env["distrib.weather"], self.region("310000")
        day = np.array(["2024-03-01"], "datetime64[D]")
        weather._write_days(np.array([region.id]), day, np.array([[10.0], [2.0], [np.nan], [1.0]]))
        weather._write_days(np.array([region.id]), day, np.array([[12.0], [np.nan], [50.0], [np.nan]]))
        found = weather._read_days(region.ids, "2024-03-01", "2024-03-02")
        self.assertEqual(found[:, 0, 0].tolist(), [12, 2, 50, 1])
        self.assertTrue(np.isnan(found[:, 0, 1]).all())

    def test_roles(self):
        self.sold([1])
        domain = [("product_id", "=", self.product_a.id)]
        self.assertEqual(self.Demand.with_user(self.users["viewer"]).search_count(domain), 1)
        with self.assertRaises(AccessError):
            self.Demand.with_user(self.new_user()).search_count(domain)
        with self.assertRaises(AccessError):
            self.env["distrib.weather"].with_user(self.users["viewer"]).create(
                {"region_id": self.region("310000").id, "day": "2024-03-01"}
            )

    def test_other_companies_see_nothing(self):
        self.sold([1])
        other = self.env["res.company"].create({"name": "Test Other Company"})
        user = self.users["viewer"]
        user.write({"company_ids": [(4, other.id)]})
        rows = self.Demand.with_user(user).with_context(allowed_company_ids=other.ids)
        self.assertEqual(rows.search_count([("product_id", "=", self.product_a.id)]), 0)
