from unittest.mock import patch

import numpy as np
from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import simulation as simulation_module
from .demand_common import DemandCommon


@tagged("post_install", "-at_install")
class TestSimulation(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Simulation = cls.env["distrib.simulation"]
        cls.env["distrib.service.target"].search([]).unlink()
        cls.company.write(
            {"distrib_service_target": 0.97, "distrib_service_kind": "cycle", "distrib_multi_echelon": False}
        )
        cls.product_a.write({"standard_price": 10, "list_price": 16})
        cls.product_b.write(
            {
                "standard_price": 5,
                "list_price": 9,
                "categ_id": cls.env["product.category"].create({"name": "Test Dry Goods"}).id,
            }
        )
        cls.supplier(cls.product_a, cls.product_b, delay=6)
        draws = np.random.default_rng(7)
        yesterday = fields.Date.context_today(cls.Policy) - np.timedelta64(1, "D").astype(object)
        for product in (cls.product_a, cls.product_b):
            for place in (cls.store_east, cls.store_south):
                cls.sell(product, place, draws.poisson(5, 120), end=yesterday)

    def scenario(self, user="planner", **values):
        return self.Simulation.with_user(self.users[user]).create({"name": "Test", **values})

    def targets(self, *values):
        return [Command.create({"kind": "cycle", "sequence": place, **line}) for place, line in enumerate(values)]

    def policies(self):
        self.Policy._recompute(company=self.company)
        found = self.Policy.search([("company_id", "=", self.company.id)])
        return {(policy.product_id.id, policy.warehouse_id.id): policy for policy in found}

    def test_nothing_changed_changes_nothing(self):
        simulation = self.scenario()
        simulation.action_run()
        self.assertEqual(simulation.state, "done")
        self.assertEqual(len(simulation.line_ids), 2)
        self.assertGreater(simulation.stock_before, 0)
        self.assertAlmostEqual(simulation.stock_change, 0)
        self.assertAlmostEqual(simulation.lost_change, 0)
        self.assertGreater(simulation.turnover_before, 1)

    def test_more_service_costs_stock_and_saves_sales(self):
        simulation = self.scenario(target_ids=self.targets({"target": 0.995}))
        simulation.action_run()
        self.assertGreater(simulation.stock_after, simulation.stock_before)
        self.assertLess(simulation.lost_after, simulation.lost_before)
        self.assertLess(simulation.turnover_after, simulation.turnover_before)
        self.assertGreater(simulation.fill_after, simulation.fill_before)

    def test_only_the_category_asked_for_moves(self):
        simulation = self.scenario(target_ids=self.targets({"target": 0.995, "categ_id": self.product_b.categ_id.id}))
        simulation.action_run()
        moved = simulation.line_ids.filtered(lambda line: line.categ_id == self.product_b.categ_id)
        self.assertGreater(moved.stock_change, 0)
        self.assertAlmostEqual((simulation.line_ids - moved).stock_change, 0)

    def test_longer_lead_times_cost_stock(self):
        simulation = self.scenario(lead_days=5)
        simulation.action_run()
        self.assertGreater(simulation.stock_after, simulation.stock_before)
        suppliers = self.scenario(lead_days=5, lead_for="purchase")
        suppliers.action_run()
        self.assertLess(suppliers.stock_change, simulation.stock_change)
        self.assertGreater(suppliers.stock_change, 0)

    def test_the_holding_cost_weighs_stock_against_sales(self):
        simulation = self.scenario(target_ids=self.targets({"target": 0.995}), holding_rate=0.1)
        simulation.action_run()
        cheap = simulation.cost_after
        simulation.holding_rate = 0.5
        self.assertAlmostEqual(simulation.cost_after - cheap, 0.4 * simulation.stock_after, delta=0.02)
        self.assertEqual(simulation.state, "done")

    def test_together_holds_less(self):
        simulation = self.scenario(echelons="multi")
        simulation.action_run()
        self.assertLess(simulation.stock_change, 0)
        self.assertFalse(self.env["distrib.echelon"].search([("company_id", "=", self.company.id)]))

    def test_nothing_is_written_before_it_is_applied(self):
        before = {key: policy.order_up_to for key, policy in self.policies().items()}
        learned = self.env["distrib.forecast.state"].search([]).mapped("write_date")
        self.scenario(target_ids=self.targets({"target": 0.995}), lead_days=9).action_run()
        self.Policy.invalidate_model()
        self.assertEqual({key: self.Policy.search([("id", "=", policy.id)]).order_up_to for key, policy in
                          ((k, p) for k, p in self.policies().items())}, before)  # fmt: skip
        self.assertEqual(self.env["distrib.forecast.state"].search([]).mapped("write_date"), learned)
        self.assertFalse(self.env["distrib.service.target"].search([]))

    def test_applying_gives_what_was_simulated(self):
        self.policies()
        self.env["distrib.service.target"].create({"target": 0.9, "sequence": 3})
        simulation = self.scenario(
            target_ids=self.targets(
                {"target": 0.99, "product_id": self.product_a.id}, {"target": 0.98, "kind": "fill", "tier": "store"}
            )
        )
        plan = self.Simulation._planned(self.company, simulation._scenario())
        simulation.action_run()
        simulated = simulation.stock_after
        simulation.action_apply()
        self.assertEqual(simulation.state, "applied")
        self.assertEqual(len(self.env["distrib.service.target"].search([("simulation_id", "=", simulation.id)])), 2)
        policies = self.policies()
        keys = zip(plan["product_id"].tolist(), plan["warehouse_id"].tolist(), strict=True)
        for row, key in enumerate(keys):
            self.assertAlmostEqual(policies[key].order_up_to, plan["order_up_to"][row], places=2)
            self.assertAlmostEqual(policies[key].safety_stock, plan["safety_stock"][row], places=2)
        again = self.scenario()
        again.action_run()
        self.assertAlmostEqual(again.stock_before, simulated, places=2)
        with self.assertRaises(UserError):
            simulation.lead_days = 3

    def test_other_questions_need_other_answers(self):
        simulation = self.scenario()
        simulation.action_run()
        simulation.lead_days = 2
        self.assertEqual(simulation.state, "draft")
        with self.assertRaises(UserError):
            simulation.action_apply()

    def test_only_targets_can_be_applied(self):
        simulation = self.scenario(lead_days=2)
        simulation.action_run()
        with self.assertRaises(UserError):
            simulation.action_apply()

    def test_a_large_network_is_computed_in_the_background(self):
        self.policies()
        simulation = self.scenario(target_ids=self.targets({"target": 0.99}))
        with patch.object(simulation_module, "INLINE_POLICIES", 0):
            simulation.action_run()
        self.assertEqual(simulation.state, "queued")
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.Simulation.with_env(self.env(cr=cr))._cron_run()
        simulation.invalidate_recordset()
        self.assertEqual(simulation.state, "done")

    def test_one_that_fails_says_why_and_the_others_go_on(self):
        self.policies()
        broken, fine = self.scenario(), self.scenario()
        (broken + fine).sudo().write({"state": "queued"})
        run = type(self.Simulation)._run

        def fail(records):
            if records == broken:
                raise UserError("nothing to sell")
            return run(records)

        with (
            patch.object(type(self.Simulation), "_run", fail),
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            self.Simulation.with_env(self.env(cr=cr))._cron_run()
        (broken + fine).invalidate_recordset()
        self.assertEqual((broken.state, broken.error), ("failed", "nothing to sell"))
        self.assertEqual(fine.state, "done")

    def test_without_history_it_says_so(self):
        self.env.cr.execute("DELETE FROM distrib_demand_block")
        with self.assertRaises(UserError):
            self.scenario().action_run()

    def test_a_dealers_stock_is_not_ours_but_his_demand_is(self):
        self.scenario().action_run()
        before = self.Simulation.search([], limit=1)
        lost = before.lost_before
        yesterday = fields.Date.context_today(self.Policy) - np.timedelta64(1, "D").astype(object)
        self.sell(self.product_a, self.dealer_warehouse, [40, 60] * 60, end=yesterday)
        after = self.scenario()
        after.action_run()
        self.assertGreater(after.lost_before, lost)
        plan = self.Simulation._planned(self.company)
        outcome = self.Simulation._outcomes(self.company)
        self.assertEqual(len(outcome["stock_value"]), (plan["warehouse_id"] != self.dealer_warehouse.id).sum())

    def test_roles(self):
        simulation = self.scenario(target_ids=self.targets({"target": 0.99}))
        simulation.action_run()
        self.assertTrue(simulation.with_user(self.users["viewer"]).read(["stock_after"]))
        with self.assertRaises(AccessError):
            simulation.with_user(self.users["viewer"]).action_run()
        with self.assertRaises(AccessError):
            simulation.with_user(self.users["viewer"]).action_apply()
        with self.assertRaises(AccessError):
            self.scenario("order_clerk")
        with self.assertRaises(AccessError):
            simulation.line_ids.with_user(self.users["planner"]).write({"lost_units_after": 0})
        self.assertEqual(
            simulation.with_user(self.users["manager"]).action_compare()["res_model"], "distrib.simulation.line"
        )
