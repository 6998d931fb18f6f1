import numpy as np
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .demand_common import TODAY, DemandCommon


@tagged("post_install", "-at_install")
class TestEchelon(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Echelon = cls.env["distrib.echelon"]
        cls.company.write({"distrib_service_target": 0.97, "distrib_multi_echelon": False})
        (cls.regional_east | cls.regional_south | cls.store_east | cls.store_south).supply_lead_days = 3
        cls.product_a.standard_price = 10
        cls.supplier(cls.product_a, delay=14)
        draws = np.random.default_rng(5)
        cls.sell(cls.product_a, cls.store_east, draws.poisson(6, 90))
        cls.sell(cls.product_a, cls.store_south, draws.poisson(4, 90))

    def policies(self):
        self.Policy._recompute(as_of=TODAY, company=self.company)
        return {policy.warehouse_id: policy for policy in self.Policy.search([("product_id", "=", self.product_a.id)])}

    def rows(self):
        return self.Echelon.search([("company_id", "=", self.company.id), ("product_id", "=", self.product_a.id)])

    def test_the_saving_is_shown_before_anything_changes(self):
        before = {place: policy.order_up_to for place, policy in self.policies().items()}
        result = self.Echelon.with_user(self.users["planner"]).action_compute()
        self.assertEqual(result["params"]["type"], "success")
        rows = self.rows()
        self.assertEqual(set(rows.mapped("tier")), {"central", "regional", "store"})
        self.assertGreater(sum(rows.mapped("saving")), 0)
        self.assertFalse(any(rows.mapped("is_applied")))
        for row in rows:
            self.assertAlmostEqual(row.saving, row.single_value - row.multi_value, places=2)
            self.assertAlmostEqual(row.holding_saving, row.saving * self.company.distrib_holding_rate, places=2)
        inside = rows.filtered(lambda row: row.tier == "central")
        self.assertLess(inside.multi_value, inside.single_value)
        self.assertEqual({place: policy.order_up_to for place, policy in self.policies().items()}, before)

    def test_policies_follow_when_it_is_switched_on(self):
        before = self.policies()
        safety = {place: policy.safety_stock for place, policy in before.items()}
        self.company.distrib_multi_echelon = True
        after = self.policies()
        self.assertLess(after[self.central].safety_stock, safety[self.central])
        self.assertGreater(after[self.store_east].lead_time_days, 3)
        self.assertAlmostEqual(after[self.store_east].wait_days, after[self.store_east].lead_time_days - 3, places=5)
        self.assertEqual(after[self.store_east].service_target, 0.97)
        self.assertLess(after[self.central].service_target, 0.97)
        held = sum(policy.safety_stock for policy in after.values())
        self.assertLess(held, sum(safety.values()))
        self.assertTrue(all(self.rows().mapped("is_applied")))

    def test_again_gives_the_same_rows(self):
        self.company.distrib_multi_echelon = True
        self.policies()
        first = sorted(self.rows().mapped(lambda row: (row.tier, row.single_value, row.multi_value)))
        self.policies()
        self.assertEqual(sorted(self.rows().mapped(lambda row: (row.tier, row.single_value, row.multi_value))), first)

    def test_a_least_service_inside(self):
        self.company.write({"distrib_multi_echelon": True, "distrib_echelon_least": 0.9})
        after = self.policies()
        self.assertGreaterEqual(after[self.central].service_target, 0.9 - 1e-6)
        self.assertGreaterEqual(after[self.regional_east].service_target, 0.9 - 1e-6)

    def test_who_serves_customers_keeps_the_target(self):
        # a region that sells itself, and one that supplies a dealer
        self.sell(self.product_a, self.regional_south, [5] * 90)
        self.sell(self.product_a, self.dealer_warehouse, [5] * 90)
        self.company.distrib_multi_echelon = True
        after = self.policies()
        for place in (self.regional_south, self.regional_east):
            self.assertEqual(after[place].service_target, 0.97, place.name)
        self.assertLess(after[self.central].service_target, 0.97)
        self.assertNotIn("dealer", self.rows().mapped("tier"))

    def test_roles(self):
        self.policies()
        with self.assertRaises(AccessError):
            self.Echelon.with_user(self.users["viewer"]).action_compute()
        self.Echelon.with_user(self.users["planner"]).action_compute()
        row = self.rows()[0]
        self.assertTrue(row.with_user(self.users["viewer"]).read(["saving"]))
        with self.assertRaises(AccessError):
            row.with_user(self.new_user()).read(["saving"])
        with self.assertRaises(AccessError):
            row.with_user(self.users["planner"]).write({"wait_days": 1})
