import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .common import OrdersCommon


class StoreCommon(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store_east.asks_store = cls.store_south.asks_store = True
        cls.keeper = cls.new_user(login="test_store_east", groups="distrib_orders.group_store")
        cls.stranger = cls.new_user(login="test_store_south", groups="distrib_orders.group_store")
        cls.keeper.store_warehouse_ids = cls.store_east
        cls.stranger.store_warehouse_ids = cls.store_south
        cls.add_stock(cls.product_a, cls.store_east, 5)

    @classmethod
    def routed(cls, external_id="S-1", *lines):
        (answer,) = cls.submit(cls.payload(external_id, *(lines or [("TEA", 2)])))
        order = cls.order_of(answer)
        order._route()
        return order

    def free(self, warehouse):
        quants = self.env["stock.quant"]._gather(self.product_a, warehouse.lot_stock_id)
        return sum(quants.mapped("quantity")) - sum(quants.mapped("reserved_quantity"))

    def in_state(self, warehouse, state):
        return sum(warehouse.state_location_ids.filtered(lambda p: p.stock_state == state).quant_ids.mapped("quantity"))


@tagged("post_install", "-at_install")
class TestStoreTask(StoreCommon):
    def test_routed_to_a_store_becomes_a_task_and_accepting_releases_it(self):
        order = self.routed()
        task = order.store_task_ids
        self.assertEqual((task.warehouse_id, task.state, task.units), (self.store_east, "todo", 2.0))
        self.assertIn("2 × ", task.goods)
        task.with_user(self.keeper).action_accept()
        self.assertEqual((task.state, task.accepted, task.answered_by_id), ("accepted", 100.0, self.keeper))
        self.assertEqual(order.pool_state, "released")
        with self.assertRaises(UserError):
            task.with_user(self.keeper).action_accept()

    def test_not_in_stock_disputes_all_of_it_and_asks_for_a_count(self):
        self.add_stock(self.product_a, self.central, 9)
        order = self.routed()
        task = order.store_task_ids
        task.with_user(self.keeper).action_reject("not_in_stock", "shelf is empty")
        self.assertEqual((task.state, task.reason, task.accepted), ("rejected", "not_in_stock", 0.0))
        self.assertEqual((self.free(self.store_east), self.in_state(self.store_east, "disputed")), (0.0, 5.0))
        counted = self.store_east.state_location_ids.quant_ids.filtered("user_id")
        self.assertEqual(counted.user_id, self.keeper)
        self.assertEqual(order.order_line.routed_warehouse_id, self.central)
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned"])
        self.assertFalse(task.left_for_clerk)

    def test_damaged_moves_what_was_asked_for(self):
        self.add_stock(self.product_a, self.central, 9)
        order = self.routed()
        order.store_task_ids.with_user(self.keeper).action_reject("damaged")
        self.assertEqual((self.free(self.store_east), self.in_state(self.store_east, "damaged")), (3.0, 2.0))
        self.assertEqual(order.order_line.routed_warehouse_id, self.central)

    def test_too_busy_leaves_the_stock(self):
        self.add_stock(self.product_a, self.store_south, 9)
        order = self.routed()
        order.store_task_ids.with_user(self.keeper).with_context(store_reason="busy").action_reject()
        self.assertEqual(self.free(self.store_east), 5.0)
        # the other store is asked now
        self.assertEqual(
            order.store_task_ids.filtered(lambda task: task.state == "todo").warehouse_id, self.store_south
        )

    def test_no_other_place_is_told_to_the_desk(self):
        order = self.routed()
        task = order.store_task_ids
        task.with_user(self.keeper).action_reject("closed")
        self.assertTrue(task.left_for_clerk)
        self.assertTrue(order.activity_ids)
        self.assertFalse(order.store_task_ids.filtered(lambda found: found.state == "todo"))

    def test_time_passes(self):
        self.add_stock(self.product_a, self.central, 9)
        order = self.routed()
        task, now = order.store_task_ids, fields.Datetime.now()
        task.deadline = now + timedelta(minutes=1)
        self.env.cr.execute(
            "UPDATE distrib_store_task SET create_date = %s WHERE id = %s", (now - timedelta(hours=2), task.id)
        )
        task.invalidate_recordset()
        task._cron_watch()
        self.assertEqual((task.state, bool(task.reminded_at)), ("todo", True))
        self.assertIn(self.keeper.partner_id, task.message_ids.partner_ids)
        task.deadline = now - timedelta(minutes=1)
        task._cron_watch()
        self.assertEqual(task.state, "expired")
        self.assertEqual(order.order_line.routed_warehouse_id, self.central)

    def test_a_cancelled_order_withdraws_it(self):
        order = self.routed()
        order._action_cancel()
        self.assertEqual(order.store_task_ids.state, "cancelled")

    def test_only_its_own_store(self):
        task = self.routed().store_task_ids
        model = self.env["distrib.store.task"]
        self.assertEqual(model.with_user(self.keeper).search([]), task)
        self.assertFalse(model.with_user(self.stranger).search([]))
        with self.assertRaises(AccessError):
            task.with_user(self.stranger).action_accept()
        with self.assertRaises(AccessError):
            task.with_user(self.users["viewer"]).action_accept()
        with self.assertRaises(AccessError):
            task.with_user(self.keeper).write({"state": "accepted"})
        with self.assertRaises(AccessError):
            task.with_user(self.keeper).read(["order_id"])
        with self.assertRaises(AccessError):
            self.env["sale.order"].with_user(self.keeper).search([])
        task.with_user(self.clerk).action_accept()
        self.assertEqual(task.state, "accepted")

    def test_the_less_busy_store_is_asked_first(self):
        self.env.company.store_fairness = 50.0
        self.add_stock(self.product_a, self.store_south, 9)
        for number in range(2):
            self.routed(f"F-{number}")
        found = self.env["distrib.routing"]._fairness(self.store_east | self.store_south, [100.0, 100.0])
        self.assertGreater(found[0], 0.0)
        self.assertEqual(found[1], 0.0)
        rules = self.env["distrib.routing.ruleset"].create(
            {"name": "Cheap", "rule_ids": [fields.Command.create({"name": "All", "objective": "cost"})]}
        )
        rules.action_activate()
        order = self.routed("F-9", ("TEA", 1))
        self.assertEqual(order.order_line.routed_warehouse_id, self.store_south)


@tagged("post_install", "-at_install")
class TestStoreTaskRpc(StoreCommon, HttpCase):
    def call(self, method, *args):
        data = {
            "jsonrpc": "2.0",
            "params": {"model": "distrib.store.task", "method": method, "args": args, "kwargs": {}},
        }
        reply = self.url_open(
            "/web/dataset/call_kw", data=json.dumps(data), headers={"Content-Type": "application/json"}
        )
        return reply.json()

    def test_a_store_over_rpc(self):
        task = self.routed().store_task_ids
        self.authenticate("test_store_south", "test_store_south")
        self.assertEqual(self.call("search_read", [], ["order_name"])["result"], [])
        self.assertIn("AccessError", self.call("action_accept", [task.id])["error"]["data"]["name"])
        self.authenticate("test_store_east", "test_store_east")
        found = self.call("search_read", [], ["order_name", "goods", "warehouse_id"])["result"]
        self.assertEqual([row["id"] for row in found], [task.id])
        self.assertTrue(self.call("action_accept", [task.id])["result"])
        task.invalidate_recordset()
        self.assertEqual(task.state, "accepted")
