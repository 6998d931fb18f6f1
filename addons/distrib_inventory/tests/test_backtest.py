"""The proof on own history: what is drawn and left out, resuming, what it says, and who may do what."""

import contextlib
from datetime import date, timedelta
from unittest.mock import patch

import numpy as np
from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine.backtest import company as engine
from .demand_common import DemandCommon

LAST = date(2024, 6, 30)
DAYS, PERIOD, PRODUCTS = 130, 35, 24


@tagged("post_install", "-at_install")
class TestBacktest(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Test = cls.env["distrib.backtest"]
        cls.tea, cls.rice = cls.env["product.category"].create([{"name": "Test Teas"}, {"name": "Test Rice"}])
        cls.goods = cls.env["product.product"].create(
            [
                {
                    "name": f"Test good {i}",
                    "is_storable": True,
                    "categ_id": (cls.tea if i % 2 else cls.rice).id,
                    "standard_price": 4 + i,
                    "lst_price": 10 + 2 * i,
                }
                for i in range(PRODUCTS)
            ]
        )
        rng = np.random.default_rng(3)
        # demand that grows and shrinks: what a rule set once does not follow
        wander = np.exp(np.cumsum(rng.normal(0, 0.06, (PRODUCTS, DAYS)), axis=1))
        sold = rng.poisson(6 * wander).astype(float)
        in_stock = np.ones(DAYS)
        for i, product in enumerate(cls.goods):
            in_stock[:] = 1.0
            if i == 0:
                in_stock[-20:] = 0.2
            cls.sell(
                product,
                cls.store_east,
                sold[i, -40:] if i == 1 else sold[i],
                LAST,
                in_stock[-40:] if i == 1 else in_stock,
            )

        cls.done = cls.proof()
        cls.done._attempt()

    @classmethod
    def proof(cls, user=None, **values):
        model = cls.Test.with_user(cls.users[user]) if user else cls.Test
        return model.create(
            {
                "name": "Test proof",
                "date_from": LAST - timedelta(days=PERIOD - 1),
                "date_to": LAST,
                "lead_kind": "fixed",
                "lead_days": 3,
                "review_days": 1,
                "rule_days": 56,
                **values,
            }
        )

    def test_what_is_replayed_and_what_is_left_out_is_counted(self):
        test = self.done
        self.assertEqual(test.state, "done")
        self.assertEqual(test.pair_count, PRODUCTS - 2)
        self.assertEqual(test.census["total"], PRODUCTS)
        self.assertEqual({k: n for k, n in test.census["left"].items() if n}, {"out": 1, "new": 1})
        self.assertIn("out of stock too often 1", test.limits)
        self.assertIn(f"{PRODUCTS - 2} of {PRODUCTS} pairs", test.limits)
        self.assertEqual(sum(test.line_ids.mapped("pair_count")), PRODUCTS - 2)
        self.assertEqual(test.line_ids.categ_id, self.tea | self.rice)

    def test_sums_are_those_of_the_replay(self):
        """Stock and lost sales of the page are in money: cost for stock, list price for sales."""
        test = self.done
        frozen = test.result["rules"]["frozen"]
        self.assertAlmostEqual(test.stock_change, frozen["stock"] - 1)
        self.assertAlmostEqual(test.freed, frozen["stock_rule"] - frozen["stock_ours"], 2)
        self.assertAlmostEqual(test.avoided, frozen["lost_rule"] - frozen["lost_ours"], 2)
        before = frozen["stock_rule"]
        for product in self.goods:
            product.standard_price *= 2
        test._conclude()
        self.assertAlmostEqual(test.result["rules"]["frozen"]["stock_rule"], 2 * before, delta=0.01 * before)
        self.assertAlmostEqual(test.result["rules"]["frozen"]["stock"], frozen["stock"], 4)

    def test_demand_that_wanders_is_followed(self):
        test = self.done
        self.assertLess(test.stock_change, -0.1)
        self.assertLess(test.outs_change, 0)
        self.assertIn("fewer stock-outs", test.headline)
        self.assertIn("less stock", test.headline)
        self.assertIn("<svg", test.chart)
        self.assertNotIn("nan", test.chart)

    def test_worse_is_said_as_plainly(self):
        test = self.done
        result = dict(test.result)
        frozen = {**result["rules"]["frozen"], "stock": 1.12, "outs": 1.2, "stock_rule": 100.0, "stock_ours": 112.0}
        frozen |= {"lost_rule": 10.0, "lost_ours": 14.0, "stock_span": [0.9, 1.3], "outs_span": [0.8, 1.4]}
        test.result = {**result, "rules": {**result["rules"], "frozen": frozen}}
        self.assertIn("more stock-outs", test.headline)
        self.assertIn("12\N{NO-BREAK SPACE}% more stock", test.headline)
        self.assertIn("less sales", test.facts)
        self.assertIn("may be chance", test.facts)
        test.line_ids[0].write({"verdict": "loss", "stock_change": 0.1})
        self.assertIn(f"Worse: {test.line_ids[0].categ_id.display_name}", test.facts)
        test.result = {**result, "rules": {**result["rules"], "frozen": dict.fromkeys(frozen)}}
        self.assertIn("cannot be compared", test.headline)

    def test_a_killed_run_goes_on_behind_the_last_part(self):
        with patch("odoo.addons.distrib_inventory.models.backtest_run.PART_PAIRS", 8):
            test = self.proof()
            calls = []
            real = engine.replay

            def replay(case):
                calls.append(len(case.demand))
                if len(calls) == 2:
                    raise MemoryError("killed")
                return real(case)

            with patch.object(engine, "replay", replay):
                # no assertRaises: it would roll back what was done before
                with contextlib.suppress(MemoryError):
                    test._attempt()
                self.assertEqual((test.state, test.part_done, test.part_count), ("running", 1, 3))
                test._attempt()
            self.assertEqual(test.state, "done")
            self.assertEqual(len(calls), 4, "the first part is not replayed again")
        # what was kept and read again is what a run in one go finds
        self.assertAlmostEqual(sum(test.line_ids.mapped("pair_count")), test.pair_count)

    def test_a_failure_is_kept_and_the_others_go_on(self):
        bad, broken, good = (self.proof(name=name) for name in ("bad", "broken", "good"))
        bad.tier = "central"
        (bad | broken | good).action_run()
        self.assertEqual(set((bad | broken | good).mapped("state")), {"waiting"})
        real = type(self.Test)._replay

        def replay(test, part):
            if test.id == broken.id:
                raise ValueError("out of paper")
            return real(test, part)

        with (
            patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 60.0),
            patch.object(self.env.cr, "rollback", lambda: None),
            patch.object(type(self.Test), "_replay", replay),
            mute_logger("odoo.addons.distrib_inventory.models.backtest_run"),
        ):
            self.Test._cron_run()
        self.assertEqual((bad.state, broken.state, good.state), ("failed", "failed", "done"))
        self.assertIn("No pair of product and warehouse", bad.note)
        self.assertIn("out of paper", broken.note)

    def test_scope_and_sample(self):
        test = self.proof(category_ids=[Command.link(self.tea.id)], most_pairs=10)
        test._attempt()
        self.assertEqual(test.state, "failed")
        self.assertIn("too few", test.note)
        self.assertIn("not drawn", test.limits)
        self.assertEqual(test.census["total"], PRODUCTS // 2)
        self.assertEqual(test.census["left"]["sample"], 1)
        none = self.proof(tier="central")
        none._attempt()
        self.assertEqual(none.census["total"], 0)

    def test_lead_times_are_those_of_the_policies(self):
        warehouse = np.full(PRODUCTS, self.store_east.id)
        product = np.array(self.goods.ids)
        self.env["distrib.policy"].sudo().create(
            [
                {
                    "warehouse_id": self.store_east.id,
                    "product_id": p,
                    "lead_time_days": 6.8,
                    "review_days": 7,
                    "company_id": self.company.id,
                }
                for p in self.goods.ids
            ]
        )
        lead, review = self.proof(lead_kind="measured", review_days=0)._lead_days(warehouse, product)
        self.assertEqual((set(lead.tolist()), review), ({7}, 7))
        lead, review = self.proof(review_days=2)._lead_days(warehouse, product)
        self.assertEqual((set(lead.tolist()), review), ({3}, 2))

    def test_answers_are_kept_with_their_question(self):
        test = self.done
        with self.assertRaises(UserError):
            test.service = 0.9
        test.name = "Another name"
        copy = test.copy()
        self.assertEqual((copy.state, bool(copy.result), len(copy.line_ids)), ("draft", False, 0))
        for values in ({"date_from": LAST}, {"date_from": LAST - timedelta(days=500)}):
            with self.assertRaises(ValidationError):
                self.proof(**values)

    def test_chinese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        test = self.done
        chinese = test.with_context(lang="zh_CN")
        for text in (chinese.headline, chinese.facts, chinese.limits, chinese.comparison, chinese.chart):
            self.assertRegex(text, r"[\u4e00-\u9fff]")
        self.assertNotRegex(chinese.headline, "[A-Za-z]")

    def test_print(self):
        test = self.done
        html, kind = (
            self.env["ir.actions.report"]
            .with_user(self.users["viewer"])
            ._render_qweb_html("distrib_inventory.report_backtest", test.ids)
        )
        self.assertEqual(kind, "html")
        self.assertIn(b"<svg", html)
        self.assertIn(b"Test Teas", html)

    def test_roles(self):
        test = self.proof("planner")
        test.action_run()
        self.assertEqual(test.state, "waiting")
        test.action_stop()
        self.assertIn("Stopped by", test.note)
        test = self.done
        for role in ("viewer", "logistics"):
            seen = test.with_user(self.users[role])
            self.assertTrue(seen.read(["headline", "facts", "chart", "limits"])[0]["headline"])
            self.assertTrue(seen.line_ids.mapped("verdict"))
            for refused in (seen.action_run, seen.action_again, seen.action_stop, seen.unlink):
                with self.assertRaises(AccessError):
                    refused()
            with self.assertRaises(AccessError):
                self.proof(role)
        with self.assertRaises(AccessError):
            test.line_ids.with_user(self.users["manager"]).write({"stock_saved": 1})
        with self.assertRaises(AccessError):
            self.env["distrib.backtest.part"].with_user(self.users["manager"]).search([])
        outsider = self.new_user("planner", login="test_outsider")
        other = self.env["res.company"].create({"name": "Test other company"})
        outsider.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(self.Test.with_user(outsider).search([("id", "=", test.id)]))
