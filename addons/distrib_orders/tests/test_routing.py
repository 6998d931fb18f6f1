from unittest.mock import patch

from odoo.tests import tagged

from .common import SHENZHEN, OrdersCommon


@tagged("post_install", "-at_install")
class TestRouting(OrdersCommon):
    def new_order(self, external_id, *lines, **values):
        (answer,) = self.submit(self.payload(external_id, *lines, **values))
        return self.order_of(answer)

    def sources(self, order):
        return order.picking_ids.location_id.warehouse_id

    def test_nearest_that_has_everything(self):
        """Shanghai: Suzhou is nearest but short of noodles, Nanjing has both."""
        self.add_stock(self.product_a, self.regional_east, 10)
        self.add_stock(self.product_b, self.regional_east, 1)
        for product in (self.product_a, self.product_b):
            self.add_stock(product, self.store_east, 5)
            self.add_stock(product, self.central, 50)
        order = self.new_order("T-1", ("TEA", 1), ("NOODLE", 2))
        decision = order._route()
        self.assertEqual((decision.state, decision.line_ids.warehouse_id), ("whole", self.store_east))
        self.assertEqual(order.warehouse_id, self.store_east)
        self.assertEqual(order.order_line.warehouse_id, self.store_east)
        self.assertEqual(self.sources(order), self.store_east)
        self.assertEqual(order.picking_ids.state, "assigned")
        self.assertIn("Test Nanjing Shop", order.routing_explanation)
        self.assertIn("Test Central", order.routing_explanation)
        self.assertRegex(order.routing_explanation, r"Test Suzhou \(NOODLE: 1 of 2\)")
        self.assertRegex(order.routing_explanation, r"\(\d+ km\)")

    def test_explanation_follows_the_reader(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.add_stock(self.product_a, self.store_east, 5)
        order = self.new_order("T-1")
        order._route()
        self.assertNotEqual(order.with_context(lang="zh_CN").routing_explanation, order.routing_explanation)

    def test_split_when_no_single_one_has_everything(self):
        self.add_stock(self.product_a, self.regional_east, 5)
        self.add_stock(self.product_b, self.regional_south, 5)
        order = self.new_order("T-1", ("TEA", 1), ("NOODLE", 2))
        decision = order._route()
        self.assertEqual(decision.state, "split")
        self.assertEqual(self.sources(order), self.regional_east | self.regional_south)
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned"] * 2)
        self.assertEqual(order.order_line.warehouse_id, self.regional_east | self.regional_south)
        # A later change of the order's own warehouse leaves the router's choice alone.
        order.warehouse_id = self.central
        self.assertEqual(order.order_line.warehouse_id, self.regional_east | self.regional_south)

    def test_unfilled_is_held_with_the_reason_and_tried_again(self):
        self.add_stock(self.product_a, self.regional_east, 1)
        order = self.new_order("T-1", ("TEA", 3))
        decision = order._route()
        self.assertEqual((decision.state, order.pool_state, order.hold_code), ("unfilled", "held", "unfilled"))
        self.assertIn("Test Tea", order.hold_reason)
        self.assertIn("TEA: 1 of 3", order.routing_explanation)
        self.assertEqual(order.state, "draft")
        self.add_stock(self.product_a, self.regional_east, 5)
        order._route()
        self.assertEqual((order.pool_state, order.hold_code), ("routed", False))

    def test_orders_of_one_run_do_not_share_stock(self):
        self.add_stock(self.product_a, self.regional_east, 1)
        orders = self.new_order("T-1") | self.new_order("T-2")
        decisions = orders._route()
        self.assertEqual(sorted(decisions.mapped("state")), ["unfilled", "whole"])
        self.assertEqual(decisions.filtered(lambda d: d.state == "whole").order_id.channel_order_ref, "T-1")

    def test_reserved_stock_is_not_promised_again(self):
        self.add_stock(self.product_a, self.regional_east, 1)
        self.new_order("T-1")._route()
        self.assertEqual(self.new_order("T-2")._route().state, "unfilled")

    def test_dealers_stock_ships_only_when_the_channel_says_so(self):
        self.add_stock(self.product_a, self.dealer_warehouse, 5)
        order = self.new_order("T-1")
        self.assertEqual(order._route().state, "unfilled")
        self.assertIn("Test Dealer House", order.routing_explanation)
        self.channel.use_dealer = True
        order._route()
        self.assertEqual(self.sources(order), self.dealer_warehouse)

    def test_only_these_warehouses(self):
        for warehouse in (self.regional_east, self.central):
            self.add_stock(self.product_a, warehouse, 5)
        self.channel.warehouse_ids = self.central
        order = self.new_order("T-1")
        order._route()
        self.assertEqual(self.sources(order), self.central)

    def test_place_of_the_address_decides(self):
        for warehouse in (self.store_east, self.store_south):
            self.add_stock(self.product_a, warehouse, 5)
        order = self.new_order("T-1", address=SHENZHEN)
        order._route()
        self.assertEqual(self.sources(order), self.store_south)

    def test_routing_twice_does_nothing_the_second_time(self):
        self.add_stock(self.product_a, self.regional_east, 5)
        order = self.new_order("T-1")
        self.assertTrue(order._route())
        self.assertFalse(order._route())
        self.assertEqual(len(order.picking_ids), 1)
        self.assertEqual(len(order.routing_decision_ids), 1)

    def test_other_units_are_converted(self):
        self.add_stock(self.product_a, self.regional_east, 11)
        order = self.new_order("T-1", ("TEA", 1))
        order.order_line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(order._route().state, "unfilled")
        self.add_stock(self.product_a, self.regional_east, 1)
        self.assertEqual(order._route().line_ids.quantity, 12)

    def test_order_without_goods_is_confirmed(self):
        service = self.env["product.product"].create({"name": "Test Fitting", "type": "service", "default_code": "FIT"})
        order = self.new_order("T-1", (service.default_code, 1))
        decision = order._route()
        self.assertEqual((decision.state, order.state), ("whole", "sale"))
        self.assertTrue(decision.explanation)

    def test_clerk_routes_and_is_told(self):
        self.add_stock(self.product_a, self.regional_east, 1)
        orders = (self.new_order("T-1") | self.new_order("T-2")).with_user(self.clerk)
        orders[0].action_pool_hold("wait")
        action = orders.action_route()
        self.assertIn("Passed over: 1", action["params"]["message"])
        self.assertEqual(orders[1].pool_state, "routed")

    def test_scheduler_routes_what_channels_let_through(self):
        self.add_stock(self.product_a, self.regional_east, 9)
        let_through = self.new_order("T-1")
        self.channel.auto_confirm = False
        asks = self.new_order("T-2")
        with self.enter_registry_test_mode():
            self.env.ref("distrib_orders.cron_route_pool").method_direct_trigger()
        self.assertEqual((let_through.pool_state, asks.pool_state), ("routed", "new"))

    def test_queries_do_not_grow_with_sites_or_lines(self):
        """Stock, sites and distances are read for the whole run."""
        self.add_stock(self.product_a, self.regional_east, 100)
        orders = self.order_of(self.submit(self.payload("T-0"))[0]).browse()
        for answer in self.submit(*(self.payload(f"T-{i}") for i in range(20))):
            orders |= self.order_of(answer)
        orders.flush_recordset()
        self.env.invalidate_all()
        # Core's confirmation is left out: what is counted is the router's own work.
        with patch.object(type(orders), "_confirm_routed", lambda self: None):
            before = self.env.cr.sql_log_count
            decisions = orders._route()
            self.env.flush_all()
        self.assertEqual(len(decisions), 20)
        self.assertLess(self.env.cr.sql_log_count - before, 60)
