from datetime import timedelta
from unittest.mock import patch

import numpy as np
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import policy_run
from .demand_common import TODAY, DemandCommon


@tagged("post_install", "-at_install")
class TestPolicyRun(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Run = cls.env["distrib.policy.run"]
        cls.env.cr.execute("DELETE FROM distrib_demand_block")
        cls.env.cr.execute("DELETE FROM distrib_policy")

    def policy(self, product, warehouse):
        return self.Policy.search([("product_id", "=", product.id), ("warehouse_id", "=", warehouse.id)])

    def run_day(self, day=TODAY, whole=True, **values):
        run = self.Run.create({"company_id": self.company.id, "as_of": day, "is_whole": whole, **values})
        run._execute(propose=False)
        return run

    def many(self, count=30, days=200, seed=1, weekly=(0.2, 0.4, 0.6, 1, 1.4, 1.7, 1.7)):
        """Sell ``count`` products in the two stores, with a strong weekday."""
        products = self.env["product.product"].create(
            [{"name": f"Run {i}", "is_storable": True, "categ_id": self.product_a.categ_id.id} for i in range(count)]
        )
        rng = np.random.default_rng(seed)
        span = np.datetime64(TODAY) - np.arange(days, 0, -1)
        season = np.array(weekly)[(span.astype(int) + 3) % 7]
        for product in products:
            for store in (self.store_east, self.store_south):
                self.Demand._write_days(
                    np.full(days, product.id),
                    np.full(days, store.id),
                    span,
                    rng.poisson(rng.gamma(4, 2) * season).astype(float),
                )
        return products

    def stored(self):
        self.env.cr.execute(
            "SELECT warehouse_id, product_id, method, demand_mean, safety_stock, reorder_point, order_up_to"
            " FROM distrib_policy WHERE company_id = %s ORDER BY 1, 2",
            (self.company.id,),
        )
        return self.env.cr.fetchall()

    def test_methods_compete_and_what_won_is_shown(self):
        products = self.many()
        run = self.run_day()
        self.assertEqual((run.state, run.pair_count, run.progress), ("done", 30 * 5, 1.0))
        lines = self.env["distrib.forecast.setting"].search([("company_id", "=", self.company.id)])
        for key in {(line.horizon, line.demand_class) for line in lines}:
            group = lines.filtered(lambda line, key=key: (line.horizon, line.demand_class) == key)
            chosen = group.filtered("is_chosen")
            self.assertEqual(len(chosen), 1)
            self.assertLessEqual(chosen.loss_ratio, 1.0, "never worse than the simple rule")
        found = self.policy(products[0], self.store_east)
        self.assertNotIn(found.method, ("normal", "few_days", "no_demand"))
        self.assertIn("Will sell", found.reason)
        self.assertLessEqual(found.demand_p50, found.demand_p90)
        self.assertLessEqual(found.demand_p90, found.demand_p98)

    def test_the_same_day_again_changes_nothing(self):
        self.many()
        self.run_day()
        before = self.stored()
        again = self.run_day()
        self.assertEqual(again.changed_count, 0)
        self.assertEqual(self.stored(), before)

    def test_a_run_killed_in_the_middle_goes_on_and_writes_the_same(self):
        self.many(10)
        self.run_day()
        whole = self.stored()
        self.env.cr.execute("DELETE FROM distrib_policy")
        run = self.Run.create({"company_id": self.company.id, "as_of": TODAY, "is_whole": True})
        written, original = [], type(self.Policy)._write_batch

        def third_fails(policy, company, columns, as_of):
            if len(written) == 2:
                raise ConnectionError("killed")
            written.append(len(columns["product_id"]))
            return original(policy, company, columns, as_of)

        with patch.object(policy_run, "BATCH", 12), patch.object(type(self.Policy), "_write_batch", third_fails):
            try:  # assertRaises would take back what was written
                run._execute(propose=False)
            except ConnectionError:
                written.append(0)
        self.assertEqual(len(written), 3)
        self.assertEqual((run.state, run.done_count, len(self.stored())), ("running", 24, 24))
        with patch.object(policy_run, "BATCH", 12):
            run._execute(propose=False)
        self.assertEqual((run.state, run.changed_count), ("done", len(whole)))
        self.assertEqual(self.stored(), whole)

    @mute_logger("odoo.addons.distrib_inventory.models.policy_run")
    def test_a_company_that_fails_says_so_and_can_go_on(self):
        self.sell(self.product_a, self.store_east, [2] * 30)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            Run = self.Run.with_env(self.env(cr=cr))
            with patch.object(type(self.Policy), "_prepare_plan", side_effect=ValueError("no luck")):
                Run._cron_run()
            failed = Run.search([("company_id", "=", self.company.id)], limit=1)
            self.assertEqual(failed.state, "failed")
            self.assertIn("no luck", failed.note)
            failed.with_user(self.users["planner"]).action_resume()
            self.assertEqual(failed.state, "waiting")

    def test_two_at_once_are_refused(self):
        self.sell(self.product_a, self.store_east, [2] * 30)
        run = self.Run.create({"company_id": self.company.id, "as_of": TODAY, "is_whole": True})
        with self.registry.cursor() as other:
            other.execute("SELECT pg_advisory_lock(hashtext(%s), %s)", (policy_run.LOCK, self.company.id))
            with self.assertRaisesRegex(Exception, "computed already"):
                run._execute(propose=False)
            other.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", (policy_run.LOCK, self.company.id))

    def test_a_day_reads_only_what_changed(self):
        products = self.many(10)
        first = self.run_day()
        before = self.stored()
        # all of this is one transaction, so all of it is younger than the run: say that the run came after it
        self.env.cr.execute("UPDATE distrib_demand_block SET changed_on = changed_on - interval '2 days'")
        self.env.cr.execute("UPDATE stock_warehouse SET write_date = write_date - interval '2 days'")
        first.started_on = fields.Datetime.now()
        self.sell(products[0], self.store_east, [50] * 10)
        run = self.run_day(whole=False)
        changed = {row[1] for row in set(self.stored()) - set(before)}
        self.assertEqual((run.pair_count, changed), (5, {products[0].id}))
        self.assertEqual(self.run_day(whole=False).changed_count, 0)

    def test_what_was_learned_is_kept_a_week(self):
        self.many(10)
        self.run_day()
        state = self.env["distrib.forecast.state"].search([("company_id", "=", self.company.id)])
        self.assertEqual(state.learned_on, TODAY)
        self.run_day(TODAY + timedelta(days=3))
        self.assertEqual(state.learned_on, TODAY)
        self.run_day(TODAY + timedelta(days=8))
        self.assertEqual(state.learned_on, TODAY + timedelta(days=8))

    def test_a_later_run_takes_the_place_of_one_that_hangs(self):
        old = self.Run._open(self.company, TODAY)
        self.assertEqual(self.Run._open(self.company, TODAY), old)
        new = self.Run._open(self.company, TODAY + timedelta(days=1))
        self.assertEqual((old.state, new.state), ("replaced", "waiting"))

    def test_strange_series_leave_finite_levels(self):
        self.sell(self.product_a, self.store_east, [0] * 60)
        self.sell(self.product_b, self.store_east, [-5, 3, float("nan"), 900_000, 1, 2] * 10)
        self.sell(self.product_a, self.store_south, [7])
        self.run_day()
        for row in self.stored():
            self.assertTrue(np.isfinite(np.array(row[3:], float)).all() and min(row[3:]) >= 0, row)
        self.assertEqual(self.policy(self.product_a, self.store_east).method, "no_demand")
        self.assertEqual(self.policy(self.product_a, self.store_south).method, "few_days")

    def test_what_is_missing_is_listed(self):
        self.sell(self.product_a, self.central, [2] * 30)
        self.run_day()
        found = self.policy(self.product_a, self.central)
        self.assertEqual(found.attention, "no_supplier")
        self.assertIn("Nobody supplies", found.held_text)
        self.supplier(self.product_a, delay=0)
        self.run_day()
        self.assertIn(found.attention, ("lead_zero", "lead_unknown"))
        self.product_a.seller_ids.delay = 4
        self.run_day()
        self.assertFalse(found.attention)

    def test_run_now_by_role(self):
        action = self.Run.with_user(self.users["planner"]).action_run_now()
        self.assertEqual(self.Run.browse(action["res_id"]).state, "waiting")
        with self.assertRaises(AccessError):
            self.Run.with_user(self.users["viewer"]).action_run_now()
        self.assertTrue(self.Run.with_user(self.users["viewer"]).search([]))
        with self.assertRaises(AccessError):
            self.Run.with_user(self.users["planner"]).create({"company_id": self.company.id, "as_of": TODAY})
        other = self.env["res.company"].create({"name": "Other Distribution Ltd"})
        hidden = self.Run._open(other, TODAY)
        self.assertNotIn(hidden, self.Run.with_user(self.users["planner"]).search([]))
