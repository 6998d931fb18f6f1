from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import SHENZHEN
from .routing_common import RoutingCommon


@tagged("post_install", "-at_install")
class TestRoutingPool(RoutingCommon):
    def replan(self):
        """As the scheduler does it, without its commits."""
        groups = self.env["sale.order"]._plan_groups()
        for group in groups:
            self.env["sale.order.line"].browse(list(group)).order_id._replan(wanted=group)
        return groups

    def test_order_moves_to_what_is_cheaper_now(self):
        order = self.routed(self.central)
        self.assertEqual(self.sites(order), self.central)
        self.add_stock(self.product_a, self.regional_east, 5)
        self.assertEqual(len(self.replan()), 1)
        self.assertEqual(self.sites(order), self.regional_east)
        self.assertEqual(order.warehouse_id, self.regional_east)
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned"])
        self.assertEqual(order.picking_ids.location_id.warehouse_id, self.regional_east)
        decision = order.routing_decision_ids[0]
        self.assertEqual(decision.kind, "pool")
        self.assertGreater(decision.data["saved"], 0)
        self.assertEqual(self.position(self.product_a, self.central)["reserved"], 0)
        self.assertFalse(self.replan(), "a second run finds nothing to do")

    def test_two_orders_swap(self):
        """The far order came first and took the near stock of the other one."""
        self.add_stock(self.product_a, self.regional_east, 1)
        there = self.new_order("T-1", address=SHENZHEN)
        there._route()
        self.add_stock(self.product_a, self.regional_south, 1)
        here = self.new_order("T-2")
        here._route()
        self.assertEqual((self.sites(there), self.sites(here)), (self.regional_east, self.regional_south))
        self.assertEqual(len(self.replan()), 1)
        self.assertEqual((self.sites(there), self.sites(here)), (self.regional_south, self.regional_east))
        self.assertEqual((there | here).picking_ids.mapped("state"), ["assigned"] * 2)

    def test_released_frozen_packed_and_held_stay(self):
        orders = self.env["sale.order"]
        for i in range(4):
            orders |= self.routed(self.central, external_id=f"T-{i}")
        released, frozen, packed, held = orders
        released.action_pool_release()
        self.env["distrib.routing.hand"]._choose(frozen, "freeze", self.central, "collected there")
        packed.picking_ids.move_ids.picked = True
        held.action_pool_hold("wait")
        self.add_stock(self.product_a, self.regional_east, 9)
        self.assertFalse(self.replan())
        self.assertFalse(orders._replan())
        self.assertEqual(self.sites(orders), self.central)

    def test_vanished_stock_is_planned_again(self):
        order = self.routed(self.central)
        self.add_stock(self.product_a, self.regional_east, 1)
        (group,) = self.env["sale.order"]._plan_groups()
        self.assertEqual(set(group.values()), {self.regional_east.id})
        self.add_stock(self.product_a, self.regional_east, -1)
        self.add_stock(self.product_a, self.store_east, 1)
        order._replan(wanted=group)
        self.assertEqual(self.sites(order), self.store_east)
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned"])

    def test_what_core_does_not_reserve_is_taken_back(self):
        order = self.routed(self.central)
        self.add_stock(self.product_a, self.regional_east, 5)
        with patch.object(type(order), "_reserve_routed", lambda self: None):
            if self.regional_east.out_type_id.reservation_method == "at_confirm":
                self.regional_east.out_type_id.reservation_method = "manual"
            self.assertFalse(order._replan())
        self.assertEqual(self.sites(order), self.central)
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned"])

    def test_lost_reservation_finds_another_place(self):
        order = self.routed(self.central)
        order.picking_ids.do_unreserve()
        self.add_stock(self.product_a, self.central, -5)
        self.add_stock(self.product_a, self.store_east, 5)
        order._replan()
        self.assertEqual((self.sites(order), order.picking_ids.state), (self.store_east, "assigned"))

    def test_cancelled_in_mid_plan_is_skipped(self):
        order = self.routed(self.central)
        self.add_stock(self.product_a, self.regional_east, 5)
        (group,) = self.env["sale.order"]._plan_groups()
        order._action_cancel()
        self.assertFalse(order._replan(wanted=group))
        self.assertEqual(order.pool_state, "cancelled")

    def test_nothing_better_nothing_moves(self):
        order = self.routed(self.regional_east)
        picking = order.picking_ids
        self.add_stock(self.product_a, self.central, 5)
        self.assertFalse(self.replan())
        self.assertEqual(order.picking_ids, picking)

    def test_clerk_replans_and_is_told(self):
        order = self.routed(self.central)
        self.add_stock(self.product_a, self.regional_east, 5)
        action = order.with_user(self.clerk).action_replan()
        self.assertIn("1 orders", action["params"]["message"])
        with self.assertRaises(AccessError):
            order.with_user(self.users["viewer"]).action_replan()

    # By hand

    def choose(self, order, kind, warehouse, reason="the buyer collects it", lines=()):
        wizard = self.env["distrib.routing.hand.wizard"].with_user(self.clerk).create(
            {"order_ids": order.ids, "kind": kind, "warehouse_id": warehouse.id, "reason": reason,
             "line_ids": [line.id for line in lines]}
        )  # fmt: skip
        return wizard.action_choose()

    def test_pin_is_kept_by_the_plan_and_counted(self):
        self.rules({})
        order = self.routed(self.regional_east, self.central)
        self.choose(order, "pin", self.central)
        self.assertEqual((self.sites(order), order.picking_ids.state), (self.central, "assigned"))
        self.assertFalse(self.replan())
        self.assertEqual(order.routing_decision_ids[0].kind, "hand")
        self.assertIn("A clerk chose another one", order.routing_explanation)
        hand = order.routing_hand_ids
        self.assertEqual((hand.instead_of_id, hand.user_id), (self.regional_east, self.clerk))
        self.assertEqual(hand.rule_id.override_count, 1)
        hand.with_user(self.clerk).action_lift()
        self.replan()
        self.assertEqual(self.sites(order), self.regional_east)

    def test_ban_moves_the_order(self):
        order = self.routed(self.regional_east, self.central)
        self.choose(order, "ban", self.regional_east)
        self.assertEqual(self.sites(order), self.central)
        self.assertIn("Banned by a clerk or refused: Test Suzhou", order.routing_explanation)

    def test_pin_of_an_order_not_routed_yet(self):
        order = self.new_order("T-1")
        for warehouse in (self.regional_east, self.central):
            self.add_stock(self.product_a, warehouse, 5)
        self.choose(order, "pin", self.central)
        self.assertEqual((order.pool_state, self.sites(order)), ("routed", self.central))

    def test_what_cannot_be_is_refused_in_words(self):
        order = self.routed(self.regional_east)
        with self.assertRaisesRegex(UserError, "cannot be shipped so"):
            self.choose(order, "pin", self.central)
        with self.assertRaisesRegex(UserError, "Choose a warehouse"):
            self.choose(order, "pin", self.env["stock.warehouse"])
        self.assertEqual(self.sites(order), self.regional_east)

    def test_contradiction_is_refused(self):
        order = self.routed(self.regional_east, self.central)
        self.choose(order, "ban", self.central)
        with self.assertRaisesRegex(UserError, "contrary"):
            self.choose(order, "pin", self.central)

    def test_conflicting_pins_of_two_lines_are_said(self):
        for warehouse in (self.regional_east, self.central):
            self.add_stock(self.product_a, warehouse, 5)
        order = self.new_order("T-1", ("TEA", 1), ("TEA", 2))
        one, other = order.order_line
        self.env["distrib.routing.hand"]._choose(order, "pin", self.central, "x", one)
        self.env["distrib.routing.hand"]._choose(order, "pin", self.regional_east, "y", other)
        order._route()
        self.assertEqual(order.hold_code, "unfilled")
        self.assertIn("two warehouses at once", order.hold_reason)

    def test_choices_are_for_the_order_desk_and_before_release(self):
        order = self.routed(self.regional_east, self.central)
        with self.assertRaises(AccessError):
            self.env["distrib.routing.hand.wizard"].with_user(self.users["viewer"]).create(
                {"order_ids": order.ids, "kind": "pin", "warehouse_id": self.central.id, "reason": "no"}
            )
        with self.assertRaises(AccessError):
            self.env["distrib.routing.hand"].with_user(self.clerk).create(
                {"order_id": order.id, "kind": "pin", "warehouse_id": self.central.id, "reason": "no"}
            )
        order.action_pool_release()
        with self.assertRaisesRegex(UserError, "Released already"):
            self.choose(order, "pin", self.central)

    def test_refusal_goes_elsewhere(self):
        order = self.routed(self.store_east, self.central)
        order.action_pool_release()
        self.assertEqual(order._refuse_site(self.store_east, "too busy"), order)
        self.assertEqual((self.sites(order), order.routing_decision_ids[0].kind), (self.central, "refused"))
