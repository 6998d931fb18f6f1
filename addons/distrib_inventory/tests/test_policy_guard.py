from datetime import timedelta

import numpy as np
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .demand_common import TODAY, DemandCommon


@tagged("post_install", "-at_install")
class TestPolicyGuard(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sell(cls.product_a, cls.store_east, [4, 6] * 20)
        cls.recompute()

    @classmethod
    def recompute(cls, day=TODAY):
        return cls.Policy._recompute(as_of=day, company=cls.company)

    @property
    def found(self):
        return self.Policy.search([("product_id", "=", self.product_a.id), ("warehouse_id", "=", self.store_east.id)])

    def jump(self, quantity=900):
        self.sell(self.product_a, self.store_east, [quantity, quantity + 9] * 20)
        self.recompute()

    def test_a_leap_is_held_back_and_the_old_value_stays(self):
        old = self.found.order_up_to
        self.jump()
        self.assertEqual((self.found.order_up_to, self.found.held_reason), (old, "rise"))
        self.assertGreater(self.found.held_order_up_to, 3 * old)
        self.assertIn("would rise", self.found.held_text)
        run = self.env["distrib.policy.run"].search([], limit=1)
        self.assertGreaterEqual(run.held_count, 1)
        self.assertTrue(run.note)

    def test_accepting_makes_it_the_value(self):
        self.jump()
        new = self.found.held_order_up_to
        self.found.with_user(self.users["planner"]).action_accept_held()
        self.assertAlmostEqual(self.found.order_up_to, new, places=2)
        self.assertFalse(self.found.held_reason)
        self.recompute()
        self.assertFalse(self.found.held_reason)

    def test_refusing_keeps_the_old_and_asks_once(self):
        old = self.found.order_up_to
        self.jump()
        self.found.with_user(self.users["planner"]).action_keep_old()
        self.assertEqual((self.found.order_up_to, self.found.held_reason), (old, False))
        self.recompute()
        self.assertEqual((self.found.order_up_to, self.found.held_reason), (old, False))
        self.jump(9000)
        self.assertEqual(self.found.held_reason, "rise", "another value is asked about again")

    def test_many_small_steps_in_a_week_are_one_leap(self):
        old = self.found.order_up_to
        for step, level in enumerate((12, 30, 80, 200)):
            self.sell(self.product_a, self.store_east, [level, level + 1] * 20)
            self.recompute(TODAY + timedelta(days=step))
        self.assertLess(self.found.order_up_to, 3.01 * old)
        self.assertEqual(self.found.held_reason, "rise")

    def test_limits_are_settings(self):
        self.company.distrib_guard_times = 1000
        self.jump()
        self.assertFalse(self.found.held_reason)
        self.assertGreater(self.found.order_up_to, 1000)

    def test_falling_to_nothing_is_held_back(self):
        old = self.found.order_up_to
        self.sell(self.product_a, self.store_east, [0] * 40)
        self.recompute()
        self.assertEqual((self.found.order_up_to, self.found.held_reason), (old, "gone"))

    def test_what_is_no_number_never_gets_in(self):
        columns = next(iter(self.Policy._plan_batches(self.company, TODAY)))
        for value in (np.nan, np.inf, -3.0):
            bad = {name: np.array(column) for name, column in columns.items()}
            bad["order_up_to"] = np.full(len(bad["order_up_to"]), value)
            before = self.found.order_up_to
            self.Policy._write_batch(self.company, bad, TODAY)
            self.Policy.invalidate_model()
            self.assertEqual((self.found.order_up_to, self.found.held_reason), (before, "not_finite"))
            self.found.with_user(self.users["planner"]).action_accept_held()
            self.assertEqual(self.found.held_reason, "not_finite", "there is nothing to accept")

    def test_only_planners_decide(self):
        self.jump()
        for action in ("action_accept_held", "action_keep_old"):
            with self.assertRaises(AccessError):
                getattr(self.found.with_user(self.users["viewer"]), action)()


@tagged("post_install", "-at_install")
class TestForecastAccuracy(DemandCommon):
    def test_a_week_is_compared_once_it_is_over(self):
        self.env.cr.execute("DELETE FROM distrib_forecast_issued")
        self.sell(self.product_a, self.store_east, [5] * 60)
        self.Policy._recompute(as_of=TODAY, company=self.company)
        Accuracy = self.env["distrib.forecast.accuracy"]
        self.assertFalse(Accuracy.search([("week", "=", TODAY)]))
        self.sell(self.product_a, self.store_east, [10] * 7, end=TODAY + timedelta(days=6))
        self.Policy._recompute(as_of=TODAY + timedelta(days=7), company=self.company)
        line = Accuracy.search([("week", "=", TODAY), ("warehouse_id", "=", self.store_east.id)])
        self.assertEqual((line.pairs, line.demand, line.forecast), (1, 70, 35))
        self.assertEqual((line.wape, line.bias, line.naive_error), (0.5, -0.5, 35))
        policy = self.Policy.search([("product_id", "=", self.product_a.id), ("warehouse_id", "=", self.store_east.id)])
        self.assertEqual((policy.error_wape, policy.error_bias), (0.5, -0.5))
        self.Policy._recompute(as_of=TODAY + timedelta(days=7), company=self.company)
        self.assertEqual(len(Accuracy.search([("week", "=", TODAY), ("warehouse_id", "=", self.store_east.id)])), 1)

    def test_ratios_of_a_group_are_ratios_of_sums(self):
        common = {"week": TODAY, "company_id": self.company.id, "categ_id": self.product_a.categ_id.id}
        self.env["distrib.forecast.accuracy"].create(
            [
                {
                    **common,
                    "warehouse_id": self.store_east.id,
                    "demand": 100,
                    "absolute_error": 10,
                    "error": 10,
                    "wape": 0.1,
                },
                {
                    **common,
                    "warehouse_id": self.store_south.id,
                    "demand": 10,
                    "absolute_error": 10,
                    "error": -10,
                    "wape": 1,
                },
            ]
        )
        Accuracy = self.env["distrib.forecast.accuracy"].with_user(self.users["viewer"])
        ((wape, bias),) = Accuracy._read_group([("week", "=", TODAY)], [], ["wape:avg", "bias:avg"])
        self.assertAlmostEqual(wape, 20 / 110)
        self.assertAlmostEqual(bias, 0)


@tagged("post_install", "-at_install")
class TestPolicyChart(DemandCommon):
    def test_history_forecast_stock_and_arrivals(self):
        today = self.Policy._forecast_day(self.company)
        self.sell(self.product_a, self.store_east, [3] * 30, end=today - timedelta(days=1))
        self.add_stock(self.product_a, self.store_east, 12)
        supplier = self.env.ref("stock.stock_location_suppliers")
        self.new_move(self.product_a, 20, supplier, self.store_east.lot_stock_id)
        self.Policy._recompute(company=self.company)
        data = self.Policy.with_user(self.users["viewer"]).chart_data(self.product_a.id, self.store_east.id)
        at = data["today"]
        self.assertEqual((data["demand"][at - 1], data["demand"][at]), (3, None))
        self.assertEqual((data["stock"][at], data["stock"][at + 1]), (12, None))
        self.assertEqual(sum(filter(None, data["arrivals"])), 20)
        self.assertAlmostEqual(data["forecast"][at], 3, delta=0.5)
        self.assertEqual(
            {len(data[name]) for name in ("days", "demand", "stock", "p10", "p90", "stockout")}, {len(data["days"])}
        )
        self.assertGreater(data["levels"]["order_up_to"], 0)

    def test_strangers_see_nothing(self):
        plain = self.new_user(login="plain_chart")
        with self.assertRaises(AccessError):
            self.Policy.with_user(plain).chart_data(self.product_a.id, self.store_east.id)
        other = self.env["res.company"].create({"name": "Chart Other Ltd"})
        hidden = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        data = self.Policy.with_user(self.users["viewer"]).chart_data(self.product_a.id, hidden.id)
        self.assertEqual(data["days"], [])

    def test_forecasts_over_rpc(self):
        today = self.Policy._forecast_day(self.company)
        self.sell(self.product_a, self.store_east, [3] * 30, end=today - timedelta(days=1))
        self.Policy._recompute(company=self.company)
        Policy = self.Policy.with_user(self.users["viewer"])
        found = Policy.read_forecast([self.product_a.id], [self.store_east.id], 5)
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["dates"][0], str(today))
        self.assertEqual([round(mean) for mean in found[0]["mean"]], [3] * 5)
        self.assertTrue(all(low <= high for low, high in zip(found[0]["p50"], found[0]["p98"], strict=True)))
        # the warehouses that supply it have a forecast of their own
        self.assertEqual(len(Policy.read_forecast([self.product_a.id])), 3)
        with self.assertRaises(UserError):
            Policy.read_forecast([self.product_a.id], None, 400)
        with self.assertRaises(AccessError):
            self.Policy.with_user(self.new_user(login="plain_forecast")).read_forecast([self.product_a.id])
