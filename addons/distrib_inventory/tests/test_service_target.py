import numpy as np
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.policy_inputs import OWN_TARGET
from .demand_common import TODAY, DemandCommon


@tagged("post_install", "-at_install")
class TestServiceTarget(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Target = cls.env["distrib.service.target"]
        cls.Target.search([]).unlink()
        cls.company.write({"distrib_service_target": 0.95, "distrib_service_kind": "cycle"})
        cls.product_a.list_price, cls.product_b.list_price = 100, 1
        cls.sell(cls.product_a, cls.store_east, [2, 4] * 20)
        cls.sell(cls.product_b, cls.store_east, [1, 3] * 20)

    def inputs(self):
        """The inputs of all pairs of the company, by (product, warehouse)."""
        network, pairs = self.pairs()
        found = self.Policy._policy_inputs(pairs, network, self.company)
        keys = zip(pairs.product_id.tolist(), pairs.warehouse_id.tolist(), strict=True)
        return found, {key: row for row, key in enumerate(keys)}

    def pairs(self):
        self.env.flush_all()
        self.Policy._recompute(as_of=TODAY, company=self.company)
        network = {w.id: w for w in self.env["stock.warehouse"].search([("company_id", "=", self.company.id)])}
        return network, self.env["distrib.echelon"]._pairs_of_policies(self.company)

    def target(self, product=None, warehouse=None):
        found, rows = self.inputs()
        row = rows[(product or self.product_a).id, (warehouse or self.store_east).id]
        return round(float(found.service[row]), 6), int(found.service_kind[row]), int(found.service_rule_id[row])

    def test_the_company_is_the_last_resort(self):
        self.assertEqual(self.target(), (0.95, 0, 0))
        self.company.distrib_service_kind = "fill"
        self.assertEqual(self.target(), (0.95, 1, 0))

    def test_the_first_target_that_holds_is_taken(self):
        general = self.Target.create({"sequence": 5, "target": 0.9, "kind": "cycle"})
        special = self.Target.create({"sequence": 4, "product_id": self.product_a.id, "target": 0.99, "kind": "fill"})
        self.assertEqual(self.target(), (0.99, 1, special.id))
        self.assertEqual(self.target(self.product_b), (0.9, 0, general.id))
        special.sequence = 6
        self.assertEqual(self.target(), (0.9, 0, general.id))

    def test_every_condition_counts(self):
        above = self.env["product.category"].create({"name": "Test Branch"})
        child = self.env["product.category"].create({"name": "Test Leaf", "parent_id": above.id})
        self.product_a.categ_id = child
        for values in (
            {"categ_id": above.id},
            {"tier": "store"},
            {"region_id": self.region("320000").id},
            {"warehouse_id": self.store_east.id},
            {"abc_class": "A"},
            {"xyz_class": "X"},
        ):
            rule = self.Target.create({"target": 0.98, **values})
            self.assertEqual(self.target()[2], rule.id, values)
            rule.unlink()
        for values in (
            {"categ_id": self.env["product.category"].create({"name": "Test Other"}).id},
            {"tier": "central"},
            {"region_id": self.region("440000").id},
            {"warehouse_id": self.store_south.id},
            {"abc_class": "C"},
            {"xyz_class": "Z"},
        ):
            rule = self.Target.create({"target": 0.98, **values})
            self.assertEqual(self.target()[2], 0, values)
            rule.unlink()

    def test_a_policys_own_target_goes_before_all(self):
        self.Target.create({"target": 0.9})
        self.Policy._recompute(as_of=TODAY, company=self.company)
        policy = self.Policy.search([("product_id", "=", self.product_a.id), ("warehouse_id", "=", self.store_east.id)])
        policy.service_override = 0.997
        self.assertEqual(self.target(), (0.997, 0, OWN_TARGET))
        self.assertEqual(self.target(self.product_b)[0], 0.9)

    def test_classes_by_value_in_the_tier_and_by_steadiness(self):
        found, rows = self.inputs()
        a, b = rows[self.product_a.id, self.store_east.id], rows[self.product_b.id, self.store_east.id]
        self.assertEqual((int(found.abc[a]), int(found.abc[b])), (0, 2))
        self.assertEqual(int(found.xyz[a]), 0)
        self.company.distrib_xyz_x = 0.05
        self.assertEqual(int(self.inputs()[0].xyz[a]), 1)
        # what is unsteady: one day in ten
        self.sell(self.product_b, self.store_south, [0] * 9 + [30] + [0] * 9 + [30])
        found, rows = self.inputs()
        self.assertEqual(int(found.xyz[rows[self.product_b.id, self.store_south.id]]), 2)

    def test_the_override_of_another_company_is_not_ours(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        self.Target.create({"target": 0.6, "company_id": other.id})
        self.assertEqual(self.target()[0], 0.95)

    def test_shelf_life_of_perishable_goods(self):
        self.product_a.write(
            {"tracking": "lot", "use_expiration_date": True, "expiration_time": 30, "removal_time": 10}
        )
        found, rows = self.inputs()
        self.assertEqual(found.shelf_days[rows[self.product_a.id, self.store_east.id]], 20)
        self.assertTrue(np.isnan(found.shelf_days[rows[self.product_b.id, self.store_east.id]]))

    def test_roles(self):
        rule = self.Target.with_user(self.users["planner"]).create({"target": 0.98, "abc_class": "A", "tier": "store"})
        self.assertEqual(rule.scope, "A · Store")
        self.assertTrue(rule.with_user(self.users["viewer"]).read(["target", "policy_count"]))
        with self.assertRaises(AccessError):
            rule.with_user(self.users["viewer"]).target = 0.9
        with self.assertRaises(AccessError):
            rule.with_user(self.new_user()).read(["target"])
        with self.assertRaises(AccessError):
            self.Target.with_user(self.users["order_clerk"]).create({"target": 0.9})
        other = self.env["res.company"].create({"name": "Test Other Company"})
        foreign = self.Target.create({"target": 0.6, "company_id": other.id})
        self.assertNotIn(foreign, self.Target.with_user(self.users["manager"]).search([]))
