from odoo.exceptions import AccessError
from odoo.tests import tagged

from .proposal_common import ProposalCommon


@tagged("post_install", "-at_install")
class TestProposalRule(ProposalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["distrib.proposal.rule"]
        cls.Rule.search([]).active = False
        cls.generate()
        cls.tea, cls.noodles = (cls.one(product, cls.central) for product in (cls.product_a, cls.product_b))

    def rule(self, **values):
        return self.Rule.create({"name": "Test Rule", "min_confidence": 0, **values})

    def test_accepted_without_asking_and_noted(self):
        run = self.rule()._run()
        self.assertEqual((self.tea + self.noodles).mapped("state"), ["accepted", "accepted"])
        self.assertEqual(run.proposal_ids, self.tea + self.noodles)
        self.assertEqual((run.accepted_count, run.accepted_value), (2, self.tea.value + self.noodles.value))
        self.assertEqual(self.tea.purchase_id.state, "draft")
        self.assertFalse(self.rule()._run(), "nothing to say, nothing in the log")

    def test_orders_at_once_where_the_rule_says_so(self):
        self.rule(confirm_orders=True)._run()
        self.assertEqual(self.tea.purchase_id.state, "purchase")

    def test_the_value_of_a_day_is_a_limit_over_all_runs(self):
        first, second = sorted(self.tea + self.noodles, key=lambda p: -p.urgency_value)
        rule = self.rule(max_value_day=first.value + second.value / 2)
        run = rule._run()
        self.assertEqual((first.state, second.state, second.auto_hold), ("accepted", "open", "day_value"))
        self.assertIn("Value of the day", run.held_text)
        self.assertFalse(rule._run(), "the second run of the day has the same limit")
        rule.max_value_day *= 2
        rule._run()
        self.assertEqual((second.state, second.auto_hold), ("accepted", False))

    def test_quantity_confidence_and_jumps_are_left_to_planners(self):
        self.tea.is_changed = True
        for values, hold in (
            ({"max_quantity": 1}, "quantity"),
            ({"min_confidence": 1, "accept_changed": True}, "confidence"),
            ({}, "changed"),
        ):
            self.tea.confidence = 0.9
            rule = self.rule(**values)
            rule._run()
            self.assertEqual((self.tea.state, self.tea.auto_hold), ("open", hold))
            rule.active = False
        self.rule(accept_changed=True)._run()
        self.assertEqual(self.tea.state, "accepted")

    def test_only_its_categories_warehouses_suppliers_and_kinds(self):
        category = self.env["product.category"].create({"name": "Test Drinks"})
        below = self.env["product.category"].create({"name": "Test Green Tea", "parent_id": category.id})
        other = self.env["res.partner"].create({"name": "Test Other Supplier Ltd"})
        self.rule(partner_ids=other.ids, transfers=False)._run()
        self.rule(warehouse_ids=self.regional_east.ids, purchases=True)._run()
        self.rule(purchases=False)._run()
        self.rule(categ_ids=category.ids)._run()
        self.assertEqual((self.tea + self.noodles).mapped("state"), ["open", "open"])
        self.product_a.categ_id = below
        self.rule(categ_ids=category.ids)._run()
        self.assertEqual((self.tea + self.noodles).mapped("state"), ["accepted", "open"])

    def test_what_cannot_be_ordered_is_left_to_planners(self):
        stuck = self.one(self.product_a, self.store_east)
        self.assertTrue(stuck.blocker)
        self.rule()._run()
        self.assertEqual((stuck.state, stuck.auto_hold), ("open", "blocked"))

    def test_the_cron_applies_all_rules_once(self):
        self.rule(name="Tea", categ_ids=self.product_a.categ_id.ids)
        self.rule(name="Rest")
        cron = self.env.ref("distrib_inventory.cron_proposal_auto")
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **options: 0)
        self.env["distrib.proposal"].with_user(cron.user_id)._cron_automatic()
        self.assertEqual((self.tea + self.noodles).mapped("state"), ["accepted", "accepted"])
        self.assertEqual(len(self.tea.purchase_id.order_line), 2)

    def test_the_night_starts_it_where_there_are_rules(self):
        cron = self.env.ref("distrib_inventory.cron_proposal_auto")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.generate()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before)
        self.rule()
        self.generate()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_roles(self):
        rule = self.rule()
        self.assertTrue(rule.with_user(self.users["planner"]).name)
        for role in ("viewer", "order_clerk"):
            with self.assertRaises(AccessError):
                rule.with_user(self.users[role]).read(["name"])
        for role in ("planner", "viewer"):
            with self.assertRaises(AccessError):
                rule.with_user(self.users[role]).action_run()
            with self.assertRaises(AccessError):
                rule.with_user(self.users[role]).max_quantity = 3
        rule.with_user(self.users["manager"]).action_run()
        self.assertEqual((self.tea.state, self.tea.decided_by_id), ("accepted", self.users["manager"]))

    def test_other_companies_rules_touch_nothing(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        self.rule(company_id=other.id)._run()
        self.assertEqual(self.tea.state, "open")
        planner = self.users["planner"]
        self.assertFalse(self.Rule.with_user(planner).search([("company_id", "=", other.id)]))

    def test_the_day_in_numbers(self):
        self.rule(categ_ids=self.product_a.categ_id.ids, max_quantity=1)
        self.company.distrib_proposal_limit = 1
        self.tea.quantity += 1
        self.noodles.is_changed = True
        mine = self.Rule.search([])
        self.assertTrue(mine)
        day = {tile["filter"]: tile for tile in self.Proposal.with_user(self.planner).get_day()}
        is_open = self.live(("company_id", "in", self.company.ids))
        self.assertEqual(day["open"]["count"], len(is_open))
        self.assertEqual(day["blocked"]["count"], len(is_open.filtered("blocker")))
        self.assertEqual(day["urgent"]["count"], len(is_open.filtered("is_urgent")))
        self.assertEqual(day["above_limit"]["count"], len(is_open.filtered("is_above_limit")))
        self.assertGreaterEqual(day["above_limit"]["count"], 1)
        self.assertEqual(day["changed"]["count"], len(is_open.filtered("is_changed")))
        with self.assertRaises(AccessError):
            self.Proposal.with_user(self.new_user()).get_day()
