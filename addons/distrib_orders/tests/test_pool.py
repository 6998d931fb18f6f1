from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import OrdersCommon


@tagged("post_install", "-at_install")
class TestPool(OrdersCommon):
    def new_order(self, external_id="T-1", quantity=1, stock=10):
        self.add_stock(self.product_a, self.regional_east, stock)
        (answer,) = self.submit(self.payload(external_id, ("TEA", quantity)))
        return self.order_of(answer)

    def ship(self, pickings):
        pickings.move_ids.picked = True
        pickings._action_done()

    def test_life_cycle(self):
        order = self.new_order()
        self.assertEqual(order.pool_state, "to_route")
        order._route()
        self.assertEqual((order.pool_state, order.state), ("routed", "sale"))
        order.with_user(self.clerk).action_pool_release()
        self.assertEqual(order.pool_state, "released")
        self.ship(order.picking_ids)
        self.assertEqual(order.pool_state, "done")

    def test_part_delivery_is_shipped(self):
        order = self.new_order(quantity=4)
        order._route()
        move = order.picking_ids.move_ids
        move.write({"quantity": 1, "picked": True})
        order.picking_ids._action_done()
        self.assertEqual(order.pool_state, "shipped")

    def test_cancel_and_back(self):
        order = self.new_order()
        order._route()
        order.action_pool_release()
        order._action_cancel()
        self.assertEqual(order.pool_state, "cancelled")
        self.assertEqual(order.picking_ids.mapped("state"), ["cancel"])
        order.action_draft()
        self.assertEqual(order.pool_state, "to_route")
        self.assertFalse(order.order_line.routed_warehouse_id)
        order._route()
        self.assertEqual(order.pool_state, "routed")

    def test_order_confirmed_by_hand_is_routed(self):
        order = self.env["sale.order"].create({"partner_id": self.dealer.id})
        self.assertEqual(order.pool_state, "new")
        order.action_confirm()
        self.assertEqual(order.pool_state, "routed")

    def test_hold_and_lift_through_the_wizard(self):
        order = self.new_order().with_user(self.clerk)
        action = order.action_open_hold_wizard()
        form = Form(self.env[action["res_model"]].with_user(self.clerk).with_context(**action["context"]))
        form.reason = "Buyer asked to wait"
        form.save().action_hold()
        self.assertEqual((order.pool_state, order.hold_reason), ("held", "Buyer asked to wait"))
        self.assertFalse(order._route())
        order.action_pool_unhold()
        self.assertEqual(order.pool_state, "to_route")

    def test_held_order_is_not_confirmed_by_accident(self):
        order = self.new_order()
        order.action_pool_hold("wait")
        with self.assertRaises(UserError):
            order.action_confirm()
        order.action_pool_unhold()
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_kanban_shows_the_open_stages_in_order(self):
        groups = (
            self.env["sale.order"]
            .with_context(read_group_expand=True)
            .web_read_group([("id", "=", self.new_order().id)], ["pool_state"], ["__count"])
        )
        stages = [group["pool_state"] for group in groups["groups"]]
        self.assertEqual(stages, ["new", "held", "to_route", "routed", "released", "shipped"])

    def test_what_left_cannot_be_held_and_what_is_not_routed_not_released(self):
        order = self.new_order()
        with self.assertRaises(UserError):
            order.action_pool_release()
        order._route()
        self.ship(order.picking_ids)
        with self.assertRaises(UserError):
            order.action_pool_hold("too late")

    def test_accept(self):
        self.channel.auto_confirm = False
        order = self.new_order()
        self.assertEqual(order.pool_state, "new")
        order.with_user(self.clerk).action_pool_accept()
        self.assertEqual(order.pool_state, "to_route")

    def test_copy_is_an_order_of_its_own(self):
        order = self.new_order()
        order._route()
        copy = order.copy()
        self.assertFalse(copy.channel_order_ref)
        self.assertFalse(copy.order_line.routed_warehouse_id)
        self.assertEqual(copy.pool_state, "new")

    def test_channel_counts(self):
        self.new_order("T-1")
        order = self.new_order("T-2")
        order._route()
        self.submit(self.payload("T-3", ("GHOST", 1)))
        self.channel.invalidate_recordset()
        self.assertEqual((self.channel.order_count, self.channel.open_order_count), (3, 2))
        self.assertEqual(self.channel.message_problem_count, 1)

    def test_home_cards(self):
        self.env["sale.order"].search([("pool_state", "in", ("new", "to_route", "held"))]).hold_code = False
        before = self.cards("order_clerk")
        self.new_order("T-1")
        self.submit(self.payload("T-2", ("GHOST", 1)))
        after = self.cards("order_clerk")
        self.assertEqual(after["orders_to_route"] - before["orders_to_route"], 1)
        self.assertEqual(after["orders_held"] - before["orders_held"], 1)
        self.assertNotIn("inbox_failed", after)
        self.assertIn("inbox_failed", self.cards("channel_manager"))
        self.assertNotIn("orders_to_route", self.cards("planner"))

    def cards(self, role):
        home = self.env["distrib.home"].with_user(self.users[role])
        return {card["key"]: card["count"] for card in home.get_cards()}
