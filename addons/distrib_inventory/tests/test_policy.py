from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .demand_common import TODAY, DemandCommon


@tagged("post_install", "-at_install")
class TestPolicy(DemandCommon):
    def policy(self, product, warehouse):
        return self.Policy.search([("product_id", "=", product.id), ("warehouse_id", "=", warehouse.id)])

    def recompute(self):
        return self.Policy._recompute(as_of=TODAY, company=self.company)

    def test_levels_follow_from_demand_lane_and_company(self):
        self.sell(self.product_a, self.store_east, [2, 4] * 20)
        self.store_east.write({"supply_lead_days": 3, "supply_lead_sigma": 0})
        self.company.write({"distrib_service_target": 0.95, "distrib_review_days": 1})
        self.recompute()
        found = self.policy(self.product_a, self.store_east)
        self.assertAlmostEqual(found.demand_mean, 3)
        # 1.645 * sqrt(4) * 1.0127 (deviation of 2, 4 alternating over 40 days)
        self.assertAlmostEqual(found.safety_stock, 3.33, places=2)
        self.assertAlmostEqual(found.reorder_point, 12.33, places=2)
        self.assertAlmostEqual(found.order_up_to, 15.33, places=2)
        self.assertIn("Sells 3.0 a day", found.reason)

    def test_again_updates_in_place(self):
        self.sell(self.product_a, self.store_east, [3] * 30)
        self.recompute()
        first = self.policy(self.product_a, self.store_east)
        self.sell(self.product_a, self.store_east, [6] * 30)
        self.recompute()
        self.assertEqual(self.policy(self.product_a, self.store_east), first)
        self.assertAlmostEqual(first.demand_mean, 6)

    def test_a_warehouse_carries_the_demand_of_those_it_supplies(self):
        self.sell(self.product_a, self.store_east, [2] * 30)
        self.sell(self.product_a, self.store_south, [3] * 30)
        self.supplier(self.product_a, delay=7)
        self.recompute()
        self.assertAlmostEqual(self.policy(self.product_a, self.regional_east).demand_mean, 2)
        central = self.policy(self.product_a, self.central)
        self.assertAlmostEqual(central.demand_mean, 5)
        self.assertEqual(central.lead_time_days, 7)
        self.assertIn("it supplies", central.reason)

    def test_own_target_of_a_pair(self):
        self.sell(self.product_a, self.store_east, [2, 4] * 20)
        self.recompute()
        found = self.policy(self.product_a, self.store_east)
        before = found.safety_stock
        found.with_user(self.users["planner"]).service_override = 0.999
        self.recompute()
        self.assertEqual(found.service_target, 0.999)
        self.assertGreater(found.safety_stock, before)

    def test_zeros_and_one_day(self):
        self.sell(self.product_a, self.store_east, [0] * 30)
        self.sell(self.product_b, self.store_east, [4])
        self.recompute()
        none, single = (self.policy(product, self.store_east) for product in (self.product_a, self.product_b))
        self.assertEqual((none.method, none.order_up_to), ("no_demand", 0))
        self.assertIn("Nothing was sold", none.reason)
        self.assertEqual(single.method, "few_days")
        self.assertGreater(single.safety_stock, 0)

    def test_what_has_no_history_any_more_goes(self):
        self.sell(self.product_a, self.store_east, [1] * 5)
        self.recompute()
        self.assertTrue(self.policy(self.product_a, self.store_east))
        self.env.cr.execute("DELETE FROM distrib_demand_block WHERE product_id = %s", (self.product_a.id,))
        self.sell(self.product_b, self.store_east, [1] * 5)
        self.recompute()
        self.assertFalse(self.policy(self.product_a, self.store_east))

    def test_inactive_products_get_none(self):
        self.sell(self.product_a, self.store_east, [1] * 5)
        self.product_a.active = False
        self.recompute()
        self.assertFalse(self.policy(self.product_a, self.store_east))

    def test_cover_is_read_in_one_go(self):
        for product in (self.product_a, self.product_b):
            self.sell(product, self.store_east, [2] * 30)
            self.add_stock(product, self.store_east, 10)
        self.recompute()
        policies = self.Policy.search([("warehouse_id", "=", self.store_east.id)])
        policies.mapped("demand_mean")
        with self.assertQueryCount(2):
            self.assertEqual(policies.mapped("days_of_cover"), [5.0, 5.0])

    def test_the_night_run_does_all_companies(self):
        self.sell(self.product_a, self.store_east, [2] * 30)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.Policy.with_env(self.env(cr=cr))._cron_recompute()
        self.assertTrue(self.policy(self.product_a, self.store_east))

    def test_roles(self):
        self.sell(self.product_a, self.store_east, [2] * 30)
        self.recompute()
        found = self.policy(self.product_a, self.store_east)
        self.assertTrue(found.with_user(self.users["viewer"]).read(["reason", "days_of_cover"]))
        with self.assertRaises(AccessError):
            found.with_user(self.users["viewer"]).service_override = 0.9
        with self.assertRaises(UserError):
            self.Policy.with_user(self.users["viewer"]).action_recompute()
        with self.assertRaises(AccessError):
            found.with_user(self.new_user()).read(["reason"])
        self.assertEqual(self.Policy.with_user(self.users["planner"]).action_recompute()["params"]["type"], "success")

    @mute_logger("odoo.sql_db")
    def test_settings_have_limits(self):
        settings = self.env["res.config.settings"].create({"distrib_service_target": 0.9, "distrib_closes": 20})
        settings.execute()
        self.assertEqual((self.company.distrib_service_target, self.company.distrib_closes), (0.9, 20))
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            self.company.distrib_service_target = 1.5
            self.company.flush_recordset()
        self.assertIn("service", str(caught.exception))
