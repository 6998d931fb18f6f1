"""What was shipped is told to the platform: once, whatever happens on the way."""

from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.distrib_orders.models.channel_outbox import Outbound
from odoo.exceptions import AccessError
from odoo.tests import mute_logger, tagged

from tests.fakes.server import Fault, Reply
from tests.odoo.channel_common import PlainClient, PlatformCommon

LINES = [{"sku": "TEA", "quantity": 3, "line_id": "L1"}, {"sku": "NOODLE", "quantity": 1, "line_id": "L2"}]


class OutboxCommon(PlatformCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for product in (cls.product_a, cls.product_b):
            cls.add_stock(product, cls.central, 100)
        cls.env["distrib.channel.carrier"].create({"platform": "plain", "carrier": "sf", "code": "SF", "name": "SF"})
        cls.calls = cls.env["distrib.channel.call"]

    def setUp(self):
        super().setUp()
        self.parcels = {}
        pickings = self.registry["stock.picking"]
        self.patch(pickings, "_outbound_parcels", lambda picking: self.parcels.get(picking.id, []))

    def order(self, number="T1", lines=None):
        self.fake.put(number, self.at(10), lines=lines or LINES)
        self.channel.pull_cursor = self.start.replace(tzinfo=None)
        self.channel._pull()
        self.read()
        order = self.orders().filtered(lambda o: o.channel_order_ref == number)
        order._route()
        return order

    def deliver(self, picking, tracking="SF1", carrier="sf", quantities=None):
        """Let a delivery go, with what it carries by product; a back order for the rest."""
        for move in picking.move_ids:
            move.quantity = move.product_uom_qty if quantities is None else quantities.get(move.product_id, 0)
            move.picked = True
        if tracking:
            self.parcels[picking.id] = [Outbound(number, carrier) for number in tracking.split(",")]
        picking.with_context(skip_backorder=True, picking_ids_not_to_backorder=[])._action_done()
        return self.calls.search([("picking_id", "=", picking.id)])

    def send(self):
        open_calls = self.calls.search([("state", "in", ("waiting", "unknown"))])
        open_calls.write({"next_at": fields.Datetime.now() - timedelta(seconds=1)})
        self.calls._cron_send()

    def told(self, number="T1"):
        """tracking number -> (complete, {line: quantity}) as the platform has it"""
        return {
            tracking: (parcel["complete"], {line["line_id"]: line["quantity"] for line in parcel["lines"]})
            for tracking, parcel in self.fake.parcels.get(number, {}).items()
        }


@tagged("post_install", "-at_install")
class TestOutbox(OutboxCommon):
    def test_a_delivery_is_told_with_its_lines_and_carrier(self):
        call = self.deliver(self.order().picking_ids)
        self.assertEqual((call.state, call.external_id), ("waiting", "T1"))
        self.assertFalse(self.fake.count("ship"), "written down first, told afterwards")
        self.send()
        self.assertEqual(self.told(), {"SF1": (True, {"L1": 3, "L2": 1})})
        self.assertEqual(self.fake.parcels["T1"]["SF1"]["carrier"], "SF")
        self.assertEqual((call.state, call.told), ("sent", "SF SF1"))
        self.send()
        self.assertEqual(self.fake.count("ship"), 1)

    def test_partial_deliveries_say_what_is_in_them_and_which_is_the_last(self):
        order = self.order()
        first = order.picking_ids
        self.deliver(first, "SF1", quantities={self.product_a: 2})
        self.send()
        second = order.picking_ids - first
        self.deliver(second, "SF2")
        self.send()
        self.assertEqual(self.told(), {"SF1": (False, {"L1": 2}), "SF2": (True, {"L1": 1, "L2": 1})})

    def test_several_parcels_of_one_delivery(self):
        picking = self.order().picking_ids
        self.deliver(picking, "SF1,SF2")
        tea = picking.move_ids.filtered(lambda m: m.product_id == self.product_a)
        noodles = picking.move_ids - tea
        self.parcels[picking.id] = [
            Outbound("SF1", "sf", "SF", ((tea, 1),)), Outbound("SF2", "sf", "SF", ((tea, 2), (noodles, 1))),
        ]  # fmt: skip
        self.send()
        self.assertEqual(self.told(), {"SF1": (True, {"L1": 1}), "SF2": (True, {"L1": 2, "L2": 1})})

    def test_an_answer_that_is_lost_is_asked_for(self):
        for kind, ships in (("lost", 1), ("drop", 2)):
            number = f"T{kind}"
            call = self.deliver(self.order(number).picking_ids, f"SF{kind}")
            before = self.fake.count("ship")
            self.fake.fail(Fault(kind, "ship"))
            self.send()
            self.assertEqual(call.state, "unknown")
            self.send()
            self.assertEqual(call.state, "sent", kind)
            self.assertEqual(self.fake.count("ship") - before, ships)
            self.assertEqual(list(self.told(number)), [f"SF{kind}"])

    def test_a_worker_that_dies_after_telling_leaves_a_mark(self):
        call = self.deliver(self.order().picking_ids)
        # not assertRaises, which would roll back what is committed here
        with patch.object(type(self.calls), "_send", side_effect=KeyboardInterrupt), suppress(KeyboardInterrupt):
            self.send()
        self.assertEqual((call.state, call.attempts), ("unknown", 1), "noted before the call, so that it is committed")
        self.assertGreater(call.next_at, fields.Datetime.now(), "left to the worker that has it")
        client = self.channel._client()
        client.ship(call._shipment()[0])
        self.send()
        self.assertEqual((call.state, self.fake.count("ship")), ("sent", 1))

    @mute_logger("odoo.addons.distrib_orders.models.channel_pull")
    def test_a_refusal_calls_the_manager_and_can_be_retried(self):
        order = self.order()
        self.fake.orders["T1"]["status"] = "cancelled"
        call = self.deliver(order.picking_ids)
        self.send()
        self.assertEqual(call.state, "failed")
        self.assertIn("no such order", call.error)
        self.assertIn("T1", self.channel.activity_ids.note)
        self.fake.orders["T1"]["status"] = "open"
        call.with_user(self.manager).action_retry()
        self.send()
        self.assertEqual((call.state, call.error), ("sent", False))

    def test_what_is_lacking_is_said_and_waited_for(self):
        picking = self.order().picking_ids
        call = self.deliver(picking, tracking="")
        self.send()
        self.assertEqual((call.state, call.missing, call.attempts), ("waiting", "tracking", 0))
        self.parcels[picking.id] = [Outbound("ZT1", "zhongtong", "中通快递")]
        picking._outbound_changed()
        self.send()
        self.assertEqual(call.missing, "carrier")
        row = self.env["distrib.channel.carrier"].search([("carrier", "=", "zhongtong")])
        self.assertEqual((row.platform, row.name, row.code), ("plain", "中通快递", False))
        row.code = "ZTO"
        self.assertFalse(call.missing)
        self.send()
        self.assertEqual(self.fake.parcels["T1"]["ZT1"]["carrier"], "ZTO")

    def test_a_clerk_of_logistics_enters_the_number_by_hand(self):
        call = self.deliver(self.order().picking_ids, tracking="")
        self.send()
        call.with_user(self.users["logistics"]).write({"tracking": "SF7", "carrier": "sf"})
        self.send()
        self.assertEqual(self.told(), {"SF7": (True, {"L1": 3, "L2": 1})})
        with self.assertRaises(AccessError):
            call.with_user(self.clerk).action_retry()

    def test_a_platform_that_is_down_is_left_alone(self):
        self.patch(PlainClient, "pause", lambda *args: 0)
        calls = self.calls
        for number in range(6):
            calls |= self.deliver(self.order(f"T{number}").picking_ids, f"SF{number}")
        self.fake.chance = lambda call: Fault("reply", reply=Reply(b"{}", 503)) if call.name == "ship" else None
        self.send()
        self.assertEqual(self.fake.count("ship"), 3)
        self.assertEqual(sorted(calls.mapped("attempts")), [0, 0, 0, 1, 1, 1])
        self.fake.chance = lambda call: None
        self.send()
        self.assertEqual(set(calls.mapped("state")), {"sent"})
        self.assertEqual(len(self.fake.parcels), 6)

    def test_a_set_is_told_when_it_is_whole(self):
        article = self.env["distrib.channel.product"].create(
            {
                "channel_id": self.channel.id,
                "platform_sku": "P9",
                "part_ids": [
                    Command.create({"product_id": self.product_a.id, "quantity": 2}),
                    Command.create({"product_id": self.product_b.id, "quantity": 1}),
                ],
            }
        )
        order = self.order(lines=[{"platform_sku": "P9", "quantity": 1, "line_id": "L9", "price_unit": 10}])
        self.assertEqual(len(order.order_line.filtered(lambda line: line.channel_product_id == article)), 2)
        first = order.picking_ids
        self.deliver(first, "SF1", quantities={self.product_a: 2})
        self.deliver(order.picking_ids - first, "SF2")
        self.send()
        self.assertEqual(self.told(), {"SF1": (False, {}), "SF2": (True, {"L9": 1})})

    def test_other_orders_are_nobodys_business(self):
        self.channel.platform = "webhook"
        answer = self.submit(self.payload("W1", ("TEA", 1)))[0]
        order = self.order_of(answer)
        order._route()
        self.assertFalse(self.deliver(order.picking_ids))
