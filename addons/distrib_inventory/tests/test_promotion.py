from datetime import date, timedelta

import numpy as np
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .demand_common import DemandCommon


@tagged("post_install", "-at_install")
class TestPromotion(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Promotion = cls.env["distrib.promotion"]
        cls.Line = cls.env["distrib.promotion.line"]
        cls.Uplift = cls.env["distrib.promotion.uplift"]
        cls.today = cls.Promotion._today()
        cls.category = cls.env["product.category"].create({"name": "Test Drinks"})
        (cls.product_a | cls.product_b).categ_id = cls.category
        # Ten a day everywhere, of both, for twelve weeks up to yesterday.
        for product in cls.product_a | cls.product_b:
            for warehouse in cls.store_east | cls.store_south:
                cls.sell(product, warehouse, [10] * 84, end=cls.today - timedelta(1))

    def promotion(self, start=5, days=4, **values):
        first = self.today + timedelta(start)
        return self.Promotion.create(
            {
                "name": "Test 618",
                "date_from": first,
                "date_to": first + timedelta(days - 1),
                "depth": 0.2,
                "uplift_mode": "expected",
                "expected_uplift": 1.0,
                "prebuild_days": 2,
                "cover_days": 3,
                "product_ids": [self.product_a.id],
                **values,
            }
        )

    def past(self, start=-10, days=4, units=30, in_stock=1.0, depth=0.2, product=None, **values):
        """A promotion of the past with its sales, as if it had been planned in time."""
        product = product or self.product_a
        promotion = self.promotion(start, days, product_ids=[product.id], depth=depth, **values)
        end = promotion.date_to
        dates = np.datetime64(end) - np.arange(days - 1, -1, -1)
        for warehouse in self.store_east | self.store_south:
            self.Demand._write_days(
                np.full(days, product.id), np.full(days, warehouse.id), dates, np.full(days, float(units)),
                np.full(days, in_stock), promotion=np.full(days, depth),
            )  # fmt: skip
        promotion._step(state="running")
        return promotion

    def pairs(self, *pairs):
        return np.array([w.id for w, _p in pairs]), np.array([p.id for _w, p in pairs])

    def days(self, start, count):
        return np.datetime64(self.today) + start + np.arange(count)

    # --- planning ----------------------------------------------------------------------------------------------

    def test_a_plan_says_what_will_sell_and_what_is_to_be_in_stock(self):
        promotion = self.promotion()
        promotion.action_confirm()
        self.assertEqual(promotion.state, "confirmed")
        self.assertEqual(promotion.line_count, 2)
        line = promotion.line_ids.filtered(lambda row: row.warehouse_id == self.store_east)
        self.assertAlmostEqual(line.usual_units, 40, places=3)
        self.assertAlmostEqual(line.planned_units, 80, places=3)
        self.assertAlmostEqual(line.planned_uplift, 1.0, places=3)
        self.assertEqual(line.prebuild_quantity, 60, "three days at twenty")
        self.assertEqual((line.kind, line.category_id, line.region_id), ("discount", self.category,
                                                                          self.store_east.region_id))  # fmt: skip
        self.assertEqual(promotion.prebuild_date, promotion.date_from - timedelta(2))
        self.assertAlmostEqual(promotion.planned_uplift, 1.0, places=3)
        self.assertTrue(promotion.activity_ids, "somebody is told to see to the stock")

    def test_the_safety_stock_comes_on_top(self):
        values = {"warehouse_id": self.store_east.id, "product_id": self.product_a.id, "safety_stock": 7}
        self.Policy.create({**values, "company_id": self.company.id})
        promotion = self.promotion()
        promotion.action_confirm()
        line = promotion.line_ids.filtered(lambda row: row.warehouse_id == self.store_east)
        self.assertEqual(line.prebuild_quantity, 67)

    def test_the_policy_run_knows_of_it_ahead(self):
        promotion = self.promotion()
        pairs = self.pairs((self.store_east, self.product_a), (self.store_east, self.product_b))
        days = self.days(4, 6)
        self.assertTrue((self.Promotion._uplift_matrix(*pairs, days) == 1).all(), "a draft moves nothing")
        promotion.action_confirm()
        self.assertEqual(self.Promotion._uplift_matrix(*pairs, days).tolist(), [[1, 2, 2, 2, 2, 1], [1] * 6])
        self.assertEqual(self.Promotion._plan_matrix(*pairs, days)[0].round(2).tolist()[:2], [0, np.float32(0.2)])
        start = np.datetime64(promotion.date_from)
        for day, expected in ((start - 3, 0), (start - 2, 60), (start, 60), (start + 1, 0)):
            self.assertEqual(self.Promotion._prebuild_target(*pairs, day).tolist(), [expected, 0], day)
        today = self.Promotion._load_plan(self.company, self.today, self.today)
        arrival = today.stock_target(*pairs, start)
        self.assertEqual(arrival.tolist(), [60, 0], "a plan of today knows what goods ordered today arrive for")
        promotion.action_cancel()
        self.assertTrue((self.Promotion._uplift_matrix(*pairs, days) == 1).all())
        self.assertFalse(self.Promotion._prebuild_target(*pairs, start).any())

    def test_loading_the_plan_costs_the_same_for_any_number_of_pairs(self):
        for start in range(0, 40, 8):
            self.promotion(start).action_confirm()
        days = self.days(0, 60)
        self.Promotion._load_plan(self.company, days[0], days[-1])
        self.env.invalidate_all()
        with self.assertQueryCount(40):
            plan = self.Promotion._load_plan(self.company, days[0], days[-1])
        with self.assertQueryCount(0):
            plan.uplift(np.full(1000, self.store_east.id), np.full(1000, self.product_a.id), days)

    def test_goods_by_category_and_brand_and_places_by_region(self):
        brand = self.env["distrib.brand"].create({"name": "Test Brand"})
        self.product_b.product_tmpl_id.brand_id = brand
        province = self.store_east.region_id.parent_id
        by_brand = self.promotion(product_ids=False, brand_ids=[brand.id], region_ids=[province.id])
        by_brand.action_confirm()
        self.assertEqual(by_brand.line_ids.product_id, self.product_b)
        self.assertEqual(by_brand.line_ids.warehouse_id, self.store_east)
        parent = self.category.create({"name": "Above"})
        self.category.parent_id = parent
        by_category = self.promotion(product_ids=False, category_ids=[parent.id])
        by_category.action_confirm()
        self.assertEqual(by_category.line_ids.product_id, self.product_a | self.product_b)
        self.assertEqual(by_category.line_count, 4)

    def test_plans_that_meet_are_told_and_the_stronger_counts(self):
        self.promotion(expected_uplift=0.5).action_confirm()
        second = self.promotion(start=7, expected_uplift=2.0, name="Test Live")
        other = self.promotion(start=7, product_ids=[self.product_b.id])
        self.assertEqual(len(second.overlap_ids), 1)
        self.assertFalse(other.overlap_ids)
        second.action_confirm()
        self.assertTrue([m for m in second.message_ids if m.body and "Overlaps with" in m.body])
        self.assertEqual(second.line_ids[0].overlap_days, 2)
        found = self.Promotion._uplift_matrix(*self.pairs((self.store_east, self.product_a)), self.days(5, 6))
        self.assertEqual(found[0].tolist(), [1.5, 1.5, 3, 3, 3, 3])

    def test_a_stock_entered_by_hand_stays(self):
        promotion = self.promotion()
        promotion.action_confirm()
        line = promotion.line_ids[0]
        line.with_user(self.users["planner"]).prebuild_quantity = 500
        promotion.action_plan()
        self.assertTrue(line.exists())
        self.assertEqual((line.prebuild_quantity, line.is_manual), (500, True))
        self.assertAlmostEqual(line.planned_units, 80, places=3)
        self.assertEqual(promotion.line_count, 2, "planned again, nothing twice")

    def test_a_new_product_is_entered_by_hand(self):
        new = self.env["product.product"].create({"name": "Test New", "is_storable": True})
        promotion = self.promotion(kind="new_product", product_ids=[new.id])
        self.Line.create({"promotion_id": promotion.id, "product_id": new.id, "warehouse_id": self.store_east.id,
                          "prebuild_quantity": 24})  # fmt: skip
        promotion.action_confirm()
        target = self.Promotion._prebuild_target(*self.pairs((self.store_east, new)), promotion.date_from)
        self.assertEqual(target.tolist(), [24])

    # --- life --------------------------------------------------------------------------------------------------

    def test_the_days_move_it_on_and_the_outcome_is_told(self):
        promotion = self.past(-4, 4)
        promotion._step(state="confirmed")
        promotion._advance()
        self.assertEqual(promotion.state, "done")
        self.assertTrue(promotion.reviewed_on)
        self.assertIn("240 units sold", promotion.message_ids[0].body)
        coming = self.promotion(0)
        coming.action_confirm()
        self.assertEqual(coming.state, "running", "it begins today")

    def test_what_is_confirmed_is_not_changed_unseen(self):
        promotion = self.promotion()
        promotion.action_confirm()
        for values in ({"depth": 0.5}, {"date_to": promotion.date_to + timedelta(1)}, {"state": "done"}):
            with self.assertRaises(UserError):
                promotion.write(values)
        with self.assertRaises(UserError):
            promotion.unlink()
        promotion.action_draft()
        promotion.depth = 0.5
        promotion.action_cancel()
        promotion.unlink()

    def test_a_client_cannot_set_the_state(self):
        forged = self.Promotion.with_context(distrib_promotion_step=True)
        promotion = forged.create({"name": "x", "date_from": self.today, "date_to": self.today, "state": "done"})
        self.assertEqual(promotion.state, "draft")
        with self.assertRaises(UserError):
            promotion.write({"state": "done"})

    def test_a_copy_is_a_draft(self):
        promotion = self.promotion()
        promotion.action_confirm()
        copy = promotion.copy()
        self.assertEqual((copy.state, copy.line_count), ("draft", 0))

    @mute_logger("odoo.sql_db")
    def test_bad_dates_and_numbers_are_refused_in_words(self):
        for values in ({"days": 0}, {"depth": 1.0}, {"expected_uplift": -1.0}, {"prebuild_days": -1}):
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.promotion(**values)
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.promotion(days=500)
        with self.assertRaises(UserError):
            self.promotion(start=-20, days=3).action_confirm()

    # --- afterwards --------------------------------------------------------------------------------------------

    def test_planned_against_actual(self):
        promotion = self.past(units=30)
        self.add_stock(self.product_a, self.store_east, 15)
        promotion._advance()
        line = promotion.line_ids.filtered(lambda row: row.warehouse_id == self.store_east)
        self.assertEqual((line.actual_units, line.lost_units), (120, 0))
        self.assertAlmostEqual(line.actual_usual, 40, places=3)
        self.assertAlmostEqual(line.actual_uplift, 2.0, places=3)
        self.assertEqual(promotion.known_until, promotion.date_to)
        self.assertEqual(line.difference, 120 - line.planned_units)
        self.assertAlmostEqual(promotion.actual_uplift, 2.0, places=3)

    def test_what_lies_there_at_the_end_is_left_over(self):
        promotion = self.past(-3, 4)  # today is its last day
        self.add_stock(self.product_a, self.store_east, 15)
        promotion._review()
        line = promotion.line_ids.filtered(lambda row: row.warehouse_id == self.store_east)
        self.assertEqual(line.left_units, 15)

    def test_lost_sales_are_estimated(self):
        promotion = self.past(units=15, in_stock=0.75)
        promotion._review()
        self.assertAlmostEqual(promotion.line_ids[0].lost_units, 20, places=2)
        self.assertAlmostEqual(promotion.actual_uplift, 1.0, places=2)

    def test_before_it_is_over_nothing_is_called_a_difference(self):
        promotion = self.past(-2, 6)
        promotion._review()
        self.assertLess(promotion.known_until, promotion.date_to) if promotion.known_until else None
        self.Demand._write_days(*(np.array([v]) for v in (self.product_b.id, self.store_east.id)),
                                self.days(-1, 1), np.array([10.0]))  # fmt: skip
        self.env.cr.execute("UPDATE distrib_promotion SET known_until = %s", (self.today - timedelta(1),))
        promotion.invalidate_recordset()
        promotion._compare()
        self.assertFalse(any(promotion.line_ids.mapped("difference")))

    def test_a_review_again_changes_nothing(self):
        promotion = self.past()
        promotion._review()
        before = promotion.line_ids.read(["actual_units", "lost_units", "left_units", "planned_units"])
        promotion._review()
        self.assertEqual(promotion.line_ids.read(["actual_units", "lost_units", "left_units", "planned_units"]), before)

    # --- learning ----------------------------------------------------------------------------------------------

    def test_the_uplift_is_learned_and_used(self):
        self.past(-30, 4, units=30)._advance()
        self.past(-20, 4, units=30)._advance()
        self.assertTrue(self.Uplift._learn(self.company, self.today))
        rows = self.Uplift.search([("company_id", "=", self.company.id)])
        self.assertEqual(set(rows.mapped("level")), {"1_all", "2_kind", "3_category", "4_product"})
        product = rows.filtered(lambda r: r.level == "4_product")
        self.assertEqual((product.product_id, product.events), (self.product_a, 2))
        # 200 % more at a depth of 20 %: a response of 10, shrunk to the published mean.
        self.assertTrue(4 < product.response < 10, product.response)
        self.assertAlmostEqual(product.example_uplift, 0.2 * product.response, places=4)
        coming = self.promotion(uplift_mode="learned")
        coming.action_confirm()
        self.assertAlmostEqual(coming.planned_uplift, 0.2 * product.response, places=3)

    def test_promotions_that_only_prices_show_are_learned_too(self):
        promotion = self.past(-30, 4, units=30)
        promotion.action_cancel()
        self.Uplift._learn(self.company, self.today)
        rows = self.Uplift.search([("level", "=", "4_product")])
        self.assertEqual(rows.mapped("kind"), ["unplanned"])
        self.assertGreater(rows.response, 2.7)

    def test_without_any_past_the_published_mean_counts(self):
        promotion = self.promotion(uplift_mode="learned")
        promotion.action_confirm()
        self.assertAlmostEqual(promotion.planned_uplift, 0.2 * 2.62, places=3)

    def test_learning_again_replaces(self):
        self.past(-30, 4)._advance()
        self.Uplift._learn(self.company, self.today)
        count = self.Uplift.search_count([])
        self.Uplift._learn(self.company, self.today)
        self.assertEqual(self.Uplift.search_count([]), count)

    # --- roles -------------------------------------------------------------------------------------------------

    def test_a_planner_plans_and_a_viewer_looks(self):
        promotion = self.promotion()
        planner, viewer = self.users["planner"], self.users["viewer"]
        promotion.with_user(planner).action_confirm()
        self.assertEqual(promotion.with_user(viewer).read(["planned_units", "overlap_ids"])[0]["planned_units"], 160)
        self.assertEqual(len(promotion.with_user(viewer).line_ids.read(["planned_uplift", "state"])), 2)
        for act in (lambda p: p.action_cancel(), lambda p: p.write({"name": "x"}), lambda p: p.action_plan()):
            with self.assertRaises(AccessError):
                act(promotion.with_user(viewer))
        with self.assertRaises(AccessError):
            promotion.line_ids.with_user(viewer).write({"prebuild_quantity": 1})
        with self.assertRaises(AccessError):
            promotion.with_user(self.new_user()).read(["name"])
        with self.assertRaises(AccessError):
            self.Uplift.with_user(viewer).action_learn_now()
        with self.assertRaises(AccessError):
            self.Uplift.with_user(planner).create({"company_id": self.company.id, "level": "1_all"})

    def test_another_company_sees_nothing(self):
        promotion = self.promotion()
        promotion.action_confirm()
        other = self.env["res.company"].create({"name": "Other Trading"})
        user = self.new_user("planner", login="test_other_planner")
        user.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertFalse(self.Promotion.with_user(user).search([("id", "=", promotion.id)]))
        with self.assertRaises(AccessError):
            promotion.line_ids.with_user(user).read(["planned_units"])
        self.assertFalse(self.Promotion._load_plan(other, date(2000, 1, 1), date(2100, 1, 1)).events)

    def test_the_form_works_for_a_planner(self):
        with Form(self.Promotion.with_user(self.users["planner"])) as form:
            form.name = "Test Form"
            form.date_from = self.today + timedelta(3)
            form.date_to = self.today + timedelta(9)
            form.kind = "livestream"
            form.uplift_mode = "expected"
            form.expected_uplift = 0.5
        self.assertEqual(form.record.days, 7)
        form.record.action_confirm()
        self.assertEqual(form.record.line_count, 4)
