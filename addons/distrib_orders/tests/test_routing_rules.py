from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import SHENZHEN
from .routing_common import RoutingCommon


@tagged("post_install", "-at_install")
class TestRoutingRules(RoutingCommon):
    def test_first_rule_that_applies_decides(self):
        south = self.region("440000")
        self.rules(
            {"region_ids": [south.id], "candidates": "chosen", "use_regional": False},
            {"candidates": "chosen", "use_central": False, "use_regional": False, "use_store": True},
        )
        for warehouse in self.central | self.store_east | self.store_south:
            self.add_stock(self.product_a, warehouse, 5)
        there, here = self.new_order("T-1", address=SHENZHEN), self.new_order("T-2")
        (there | here)._route()
        self.assertEqual((self.sites(there), self.sites(here)), (self.central, self.store_east))
        self.assertEqual(there.routing_decision_ids.rule_id.name, "Test 0")
        self.assertIn("Not among the warehouses of the rule", there.routing_explanation)

    def test_conditions(self):
        order = self.new_order("T-1", ("TEA", 2, 10.0), promised_at="2030-01-01T00:00:00")
        self.product_a.weight = 3
        goods = self.env["product.category"].create({"name": "Test Goods"})
        self.product_a.categ_id = self.env["product.category"].create({"name": "Test Tea", "parent_id": goods.id})
        tag = self.env["crm.tag"].create({"name": "Test Tag"})
        tier = self.env["distrib.dealer.tier"].create({"name": "Test Tier", "code": "tt"})
        other_channel = self.env["distrib.channel"].create({"name": "Test Other", "code": "TOTH"})
        at = order.date_order
        cases = [
            ({"channel_ids": self.channel.ids}, True), ({"channel_ids": other_channel.ids}, False),
            ({"region_ids": self.region("310000").ids}, True), ({"region_ids": self.region("440000").ids}, False),
            ({"product_ids": self.product_a.ids}, True), ({"product_ids": self.product_b.ids}, False),
            ({"category_ids": goods.ids}, True),
            ({"weight_from": 6}, True), ({"weight_from": 6.1}, False), ({"weight_to": 6}, False),
            ({"amount_from": 20}, True), ({"amount_to": 20}, False), ({"amount_from": 21}, False),
            ({"tier_ids": tier.ids}, False), ({"tag_ids": tag.ids}, False), ({"promised_within": 3}, False),
        ]  # fmt: skip
        for values, expected in cases:
            ruleset = self.rules(values, activate=False)
            self.assertEqual(ruleset.rule_ids._matcher(at)(order), expected, values)
        order.tag_ids = tag
        self.assertTrue(self.rules({"tag_ids": tag.ids}, activate=False).rule_ids._matcher(at)(order))

    def test_sentence_says_what_the_rule_does(self):
        rule = self.rules(
            {
                "region_ids": self.region("440000").ids, "weight_from": 20, "objective": "cost", "max_parcels": 2,
                "candidates": "chosen", "remainder": "backorder", "min_margin": 0.1,
            },
            activate=False,
        ).rule_ids  # fmt: skip
        for part in ("from 20 kg", "the cheapest", "central warehouses or regional", "At most 2", "10 %", "later"):
            self.assertIn(part, rule.with_context(lang="en_US").sentence)

    def test_versions(self):
        first = self.rules({"objective": "nearest"})
        with self.assertRaises(ValidationError):
            first.rule_ids.objective = "cost"
        with self.assertRaises(ValidationError):
            first.split_price = 9
        with self.assertRaises(UserError):
            first.unlink()
        second = first.browse(first.action_new_version()["res_id"])
        self.assertEqual((second.version, second.state, second.origin_id), (first.version + 1, "draft", first))
        second.rule_ids.objective = "cost"
        second.split_price = 9
        self.assertIn("the cheapest", second.difference)
        self.assertIn("9", second.difference)
        second.action_activate()
        self.assertEqual((first.state, second.state, second.activated_by), ("retired", "active", self.env.user))
        self.assertIn("the cheapest", "".join(second.message_ids.mapped("body")))

    def test_last_rule_is_for_everybody(self):
        ruleset = self.rules({"weight_from": 5}, activate=False)
        with self.assertRaisesRegex(UserError, "last rule"):
            ruleset.action_activate()
        with self.assertRaisesRegex(UserError, "without a rule"):
            self.rules(activate=False).action_activate()

    def test_try_writes_nothing(self):
        for warehouse in (self.regional_east, self.central):
            self.add_stock(self.product_a, warehouse, 5)
        order = self.routed()
        self.assertEqual(self.sites(order), self.regional_east)
        draft = self.rules({"candidates": "chosen", "use_regional": False}, activate=False)
        before = self.env["distrib.routing.decision"].search_count([])
        form = Form(self.env["distrib.routing.try"].with_user(self.clerk).with_context(default_ruleset_id=draft.id))
        form.order_id = order
        self.assertIn("Test Central", form.result)
        self.assertIn("Test Suzhou", form.before)
        self.assertEqual(self.env["distrib.routing.decision"].search_count([]), before)
        self.assertEqual(self.sites(order), self.regional_east)

    def test_cold_chain_pairs_and_margin_bar(self):
        for warehouse in (self.regional_east, self.store_east, self.central):
            self.add_stock(self.product_a, warehouse, 5)
        self.rules({}, pairs=[{"warehouse_id": self.regional_east.id, "region_id": self.region("310000").id}])
        order = self.new_order("T-1")
        order._route()
        self.assertEqual(self.sites(order), self.store_east)
        self.assertIn("Not allowed for this region or these goods: Test Suzhou", order.routing_explanation)
        self.rules({"min_margin": 0.9})
        poor = self.new_order("T-2", ("TEA", 1, 1.0))
        self.assertEqual(poor._route().state, "unfilled")
        self.assertIn("Too little margin", poor.routing_explanation)

    def test_goods_that_need_a_cold_chain(self):
        self.add_stock(self.product_a, self.regional_east, 5)
        self.product_a.needs_cold_chain = True
        order = self.new_order("T-1")
        if self.regional_east._routing_flag("cold_chain"):
            self.skipTest("the warehouse has a cold chain")
        self.assertEqual(order._route().state, "unfilled")
        self.assertIn("No cold chain", order.routing_explanation)

    def test_parcels_at_most(self):
        self.add_stock(self.product_a, self.regional_east, 5)
        self.add_stock(self.product_b, self.regional_south, 5)
        self.rules({"max_parcels": 1})
        order = self.new_order("T-1", ("TEA", 1), ("NOODLE", 1))
        self.assertEqual(order._route().state, "unfilled")
        self.assertIn("so many parcels", order.routing_explanation)

    def test_keep_back(self):
        self.rules({"keep_back": 4})
        self.add_stock(self.product_a, self.regional_east, 5)
        orders = self.new_order("T-1") | self.new_order("T-2")
        self.assertEqual(sorted(orders._route().mapped("state")), ["unfilled", "whole"])

    def test_the_dealers_own_and_the_selling_store(self):
        for warehouse in (self.dealer_warehouse, self.store_south, self.regional_east):
            self.add_stock(self.product_a, warehouse, 5)
        self.rules({"candidates": "chosen", "use_central": False, "use_regional": False, "selling_store": True})
        self.channel.store_id = self.store_south
        order = self.new_order("T-1")
        order._route()
        self.assertEqual(self.sites(order), self.store_south)
        self.rules({"candidates": "chosen", "use_central": False, "use_regional": False, "own_dealer": True})
        order = self.new_order("T-2")
        order.partner_id = self.dealer
        order._route()
        self.assertEqual(self.sites(order), self.dealer_warehouse)

    def test_remainder_backorder(self):
        self.rules({"remainder": "backorder"})
        self.add_stock(self.product_a, self.regional_east, 2)
        self.add_stock(self.product_b, self.regional_east, 9)
        order = self.new_order("T-1", ("TEA", 5), ("NOODLE", 1))
        decision = order._route()
        self.assertEqual((decision.state, order.pool_state), ("unfilled", "routed"))
        self.assertEqual(order.picking_ids.move_ids.mapped("quantity"), [2, 1])
        self.assertIn("shipped later", decision.explanation)

    def test_remainder_split_divides_the_line(self):
        self.rules({"remainder": "split"})
        self.add_stock(self.product_a, self.regional_east, 2)
        self.add_stock(self.product_a, self.central, 4)
        order = self.new_order("T-1", ("TEA", 5, 7.5))
        total = order.amount_total
        order._route()
        self.assertEqual(sorted(order.order_line.mapped("product_uom_qty")), [2, 3])
        self.assertEqual(self.sites(order), self.regional_east | self.central)
        self.assertEqual(set(order.picking_ids.mapped("state")), {"assigned"})
        self.assertAlmostEqual(order.amount_total, total)

    def test_remainder_transfer_and_buy(self):
        self.rules({"remainder": "transfer", "candidates": "chosen", "use_central": False})
        self.add_stock(self.product_a, self.central, 9)
        order = self.new_order("T-1", ("TEA", 5))
        order._route()
        legs = self.env["stock.picking"].search([("origin", "=", order.name), ("picking_type_code", "=", "internal")])
        self.assertEqual(len(legs), 2)
        self.assertEqual(legs.move_ids.mapped("product_uom_qty"), [5, 5])
        self.assertEqual(self.sites(order), self.regional_east)
        vendor = self.env["res.partner"].create({"name": "Test Vendor"})
        self.product_b.seller_ids = [(0, 0, {"partner_id": vendor.id, "price": 1})]
        self.rules({"remainder": "buy"})
        order = self.new_order("T-2", ("NOODLE", 5))
        order._route()
        line = self.env["purchase.order.line"].search([("product_id", "=", self.product_b.id)])
        self.assertEqual(line.mapped("product_qty"), [5])

    def test_weight_and_place_unknown_are_said(self):
        self.add_stock(self.product_a, self.regional_east, 5)
        self.product_a.weight = 0
        order = self.new_order("T-1", address={})
        order._route()
        self.assertEqual(order.pool_state, "routed")
        self.assertIn("no weight", order.routing_explanation)
        self.assertIn("place of delivery is not known", order.routing_explanation)

    def test_lowest_cost_and_explanation_in_money(self):
        self.rules({"objective": "cost"})
        for warehouse in (self.regional_east, self.central):
            self.add_stock(self.product_a, warehouse, 5)
        order = self.new_order("T-1")
        order._route()
        (told,) = self.env["distrib.routing.decision"].with_user(self.clerk).explain_orders(order.ids)
        line = told["lines"][0]
        self.assertEqual(line["warehouse_id"], self.regional_east.id)
        self.assertGreater(line["cost"]["freight"], 5)
        self.assertEqual(line["alternatives"][0]["name"], "Test Central")
        self.assertGreater(line["alternatives"][0]["extra"], 0)
        self.assertEqual(told["rule"], "Test 0")
        self.assertIn("Would cost more", order.routing_panel)

    def test_only_managers_keep_rules(self):
        ruleset = self.rules({}, activate=False)
        with self.assertRaises(AccessError):
            ruleset.with_user(self.clerk).action_activate()
        with self.assertRaises(AccessError):
            ruleset.rule_ids.with_user(self.clerk).write({"name": "no"})
        ruleset.with_user(self.users["channel_manager"]).action_activate()
        self.assertEqual(ruleset.state, "active")
