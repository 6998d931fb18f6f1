from datetime import date

import numpy as np
from freezegun import freeze_time
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .demand_common import DemandCommon

YESTERDAY = date(2024, 3, 14)


@tagged("post_install", "-at_install")
class TestDemandMark(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.company.country_id = cls.env.ref("base.cn")
        cls.Mark = cls.env["distrib.demand.mark"]

    def setUp(self):
        super().setUp()
        frozen = freeze_time("2024-03-15 04:00:00")
        frozen.start()
        self.addCleanup(frozen.stop)

    def history(self, spikes=(), count=60, usual=3.0, product=None, **measures):
        """Sixty days of the usual up to yesterday; ``spikes`` are (days ago, quantity)."""
        days = np.full(count, usual)
        for ago, quantity in spikes:
            days[-ago] = quantity
        return self.sell(product or self.product_a, self.store_east, days, end=YESTERDAY)

    def detect(self, since=None):
        return self.Demand._detect_marks(self.company, since)

    def marks(self, *kinds):
        return self.Mark.search(
            [("warehouse_id", "=", self.store_east.id), ("kind", "in", kinds or ("bulk", "negative"))], order="day"
        )

    def quantity(self, day):
        pairs = (np.array([self.store_east.id]), np.array([self.product_a.id]))
        return self.Demand._read_matrix(day, day, pairs=pairs, cleaned=True).quantity[0, 0]

    def test_a_bulk_order_is_marked_listed_and_left_out(self):
        self.history([(5, 400)])
        self.assertEqual(self.detect(), 1)
        mark = self.marks()
        self.assertEqual(
            (mark.kind, mark.day, mark.quantity, mark.usual, mark.state, mark.excluded, mark.company_id),
            ("bulk", date(2024, 3, 10), 400, 3, "suggested", True, self.company),
        )
        self.assertTrue(np.isnan(self.quantity("2024-03-10")))
        self.assertEqual(self.quantity("2024-03-11"), 3)
        self.assertEqual(self.detect(), 0, "the same twice finds nothing new")

    def test_what_a_planner_decided_stays(self):
        self.history([(5, 400)])
        self.detect()
        mark = self.marks().with_user(self.users["planner"])
        mark.action_keep()
        self.detect()
        self.assertEqual((len(self.marks()), mark.state), (1, "kept"))
        self.assertEqual(self.quantity("2024-03-10"), 400)
        mark.action_leave_out()
        self.history([(5, 3.5)])  # the file was corrected
        self.detect()
        self.assertEqual(self.marks().state, "accepted", "what somebody decided is his to undo")

    def test_a_suggestion_without_its_reason_is_withdrawn(self):
        self.history([(5, 400)])
        self.detect()
        self.history([(5, 4)])
        self.detect()
        self.assertFalse(self.marks())

    def test_promotions_festivals_and_feasts_are_no_one_offs(self):
        self.history([(9, 90), (5, 90), (33, 90)])  # 6 March (38 sale), 10 March, 11 February (Spring Festival)
        self.detect()
        self.assertEqual(self.marks().mapped("day"), [date(2024, 3, 10)])
        self.Demand._write_days(
            np.array([self.product_a.id]), np.array([self.store_east.id]),
            np.array(["2024-03-10"], "datetime64[D]"), np.array([90.0]), promotion=np.array([0.3]),
        )  # fmt: skip
        self.detect()
        self.assertFalse(self.marks())

    def test_negative_days_are_marked_and_unknown(self):
        self.history([(4, -6)])
        self.assertTrue(np.isnan(self.quantity("2024-03-11")), "even before it is marked")
        self.detect()
        self.assertEqual((self.marks().kind, self.marks().quantity), ("negative", -6))

    def test_days_without_a_file_are_marked_for_the_warehouse(self):
        self.history([(6, np.nan), (7, np.nan)])
        self.history([(6, np.nan), (7, np.nan)], product=self.product_b)
        self.detect()
        found = self.marks("gap")
        self.assertEqual(found.mapped("day"), [date(2024, 3, 8), date(2024, 3, 9)])
        self.assertFalse(found.product_id)
        self.assertTrue(np.isnan(self.quantity("2024-03-08")), "silence of a missing file is not zero")
        found.write({"state": "kept"})
        self.assertEqual(self.quantity("2024-03-08"), 0)

    def test_a_series_of_zeros_says_so(self):
        self.sell(self.product_a, self.store_east, [0] * 60, end=YESTERDAY)
        self.assertEqual(self.detect(), 0)
        chart = self.Demand.get_chart(self.product_a.id, self.store_east.id, "2024-02-01", "2024-03-14")
        self.assertEqual(chart["summary"], "Nothing was sold on 43 days of which something is known.")
        chart = self.Demand.get_chart(self.product_b.id, self.store_east.id)
        self.assertEqual(chart["summary"], "Nothing is known of these days.")

    def test_a_unit_that_changed_is_told(self):
        self.history()
        self.product_a.uom_id = self.env.ref("uom.product_uom_dozen")
        mark = self.Mark.search([("kind", "=", "unit"), ("product_id", "=", self.product_a.id)])
        self.assertEqual((mark.day, mark.state, mark.excluded), (date(2024, 3, 15), "suggested", False))
        self.assertIn("Dozen", mark.note)
        self.assertEqual(self.quantity("2024-03-13"), 3, "as core: 1 old = 1 new")

    def test_only_what_changed_is_looked_at(self):
        self.history([(5, 400)])
        self.env.cr.execute("SELECT (now() AT TIME ZONE 'UTC') + interval '1 minute'")
        later = self.env.cr.fetchone()[0]
        self.assertEqual(self.detect(later), 0)
        self.assertEqual(self.detect(), 1)

    def test_a_planner_marks_a_day_in_the_chart(self):
        self.history()
        planner = self.Mark.with_user(self.users["planner"])
        found = planner.set_day(self.product_a.id, self.store_east.id, "2024-03-05", True, "Opening party")
        self.assertEqual(
            [(row["kind"], row["excluded"], row["note"]) for row in found], [("manual", True, "Opening party")]
        )
        self.assertTrue(np.isnan(self.quantity("2024-03-05")))
        planner.set_day(self.product_a.id, self.store_east.id, "2024-03-05", False)
        self.assertEqual(self.quantity("2024-03-05"), 3)
        with self.assertRaises(AccessError):
            self.Mark.with_user(self.users["viewer"]).set_day(self.product_a.id, self.store_east.id, "2024-03-05", True)

    def test_a_mark_tells_who_follows_the_pair(self):
        self.history()
        self.env.cr.execute("UPDATE distrib_demand_block SET changed_on = '2020-01-01'")
        self.Mark.set_day(self.product_a.id, self.store_east.id, "2024-03-05", True)
        warehouse, product, _month = self.Demand._changed_pairs("2021-01-01")
        self.assertEqual((warehouse.tolist(), product.tolist()), ([self.store_east.id], [self.product_a.id]))

    def test_other_companies_see_no_marks(self):
        self.history([(5, 400)])
        self.detect()
        other = self.env["res.company"].create({"name": "Test Other Company"})
        user = self.users["planner"]
        user.write({"company_ids": [(4, other.id)]})
        seen = self.Mark.with_user(user).with_context(allowed_company_ids=other.ids)
        self.assertFalse(seen.search([("warehouse_id", "=", self.store_east.id)]))
        with self.assertRaises(AccessError):
            self.Demand.with_user(user).with_context(allowed_company_ids=other.ids).get_chart(
                self.product_a.id, self.store_east.id
            )


@tagged("post_install", "-at_install")
class TestFestival(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Festival = cls.env["distrib.festival"]
        cls.china = cls.env.ref("base.cn")
        cls.company.country_id = cls.china

    def codes(self, day, **options):
        found = self.Festival._columns(day, day, **options)
        return found.festival_codes[found.festival[0]] if found.festival[0] >= 0 else None

    def test_delivered_festivals(self):
        self.assertEqual(self.codes("2026-06-18"), "618")
        self.assertEqual(self.codes("2026-11-11"), "1111")
        self.assertEqual(self.codes("2026-01-20"), "nian_huo")
        self.assertEqual(self.codes("2025-01-01"), "nian_huo", "28 days before the feast of another year")
        self.assertIsNone(self.codes("2026-07-10"))
        self.assertIsNone(self.codes("2026-11-11", country_code="DE"))
        festival = self.env.ref("distrib_inventory.festival_618")
        self.assertEqual(festival.with_context(lang="en_US").name, "618 Mid-Year Sale")

    def test_what_is_edited_counts_at_once(self):
        self.assertIsNone(self.codes("2026-07-10"))
        self.Festival.create({"name": "Anniversary", "code": "anniversary", "month": "7", "day": 9, "length": 3})
        self.assertEqual(self.codes("2026-07-10"), "anniversary")
        self.Festival.search([("code", "=", "anniversary")]).active = False
        self.assertIsNone(self.codes("2026-07-10"))

    def test_a_day_entered_by_hand_goes_before_the_library(self):
        self.assertTrue(self.Festival._columns("2027-02-06", "2027-02-06").off[0])
        self.env["distrib.calendar.day"].create(
            [
                {"day": "2027-02-20", "kind": "worked", "country_id": self.china.id},
                {"day": "2027-02-12", "kind": "off", "country_id": self.china.id},
            ]
        )
        found = self.Festival._columns("2027-02-12", "2027-02-20")
        self.assertEqual((found.off[0], found.off[-1], found.makeup[-1]), (True, False, True))
        self.assertFalse(self.Festival._columns("2027-02-12", "2027-02-12", country_code="DE").off[0])

    def test_the_country_of_a_warehouse(self):
        german = self.new_warehouse("Test Hamburg", "THH", "store", "320100")
        german.region_id = False
        german.partner_id = self.env["res.partner"].create(
            {"name": "Test Hamburg", "country_id": self.env.ref("base.de").id}
        )
        found = self.Festival._country_of(german | self.store_east)
        self.assertEqual(found, {german.id: "DE", self.store_east.id: "CN"})

    def test_rules_that_cannot_be(self):
        for values in (
            {"month": "2", "day": 30},
            {"rule": "feast"},
            {"rule": "feast", "feast": "spring", "offset": 200},
        ):
            with self.assertRaises(ValidationError):
                self.Festival.create({"name": "Odd", "code": "odd", **values})

    def test_the_next_time(self):
        with freeze_time("2026-02-01 04:00:00"):
            festival = self.env.ref("distrib_inventory.festival_new_year_goods")
            festival.invalidate_recordset()
            self.assertEqual((festival.next_start, festival.next_end), (date(2026, 1, 20), date(2026, 2, 10)))
        with freeze_time("2026-02-11 04:00:00"):
            festival.invalidate_recordset()
            self.assertEqual(festival.next_start, date(2027, 1, 9))
