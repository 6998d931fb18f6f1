"""Orders to a supplier's system that misbehaves, over real HTTP; and two workers who want to send the same message."""

import json
import threading
from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

import requests
from odoo import fields
from odoo.addons.distrib_inventory.engine.supplier import signature
from odoo.addons.distrib_inventory.models import supplier_order_send
from odoo.addons.distrib_inventory.tests.race_common import RaceMixin
from odoo.addons.distrib_inventory.tests.supplier_common import SECRET, SupplierCommon
from odoo.tests import BaseCase, tagged

from tests.fakes.server import Fault, Reply
from tests.fakes.supplier import FakeSupplier

REAL_SEND = requests.Session.send


class Loopback:
    """Requests go out as they are: the framework lengthens short time-outs."""

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        assert request.url.startswith("http://127.0.0.1:")
        return REAL_SEND(session, request, **options)


@tagged("post_install", "-at_install")
class TestSupplierHttp(Loopback, SupplierCommon):
    def setUp(self):
        super().setUp()
        self.fake = self.enterContext(FakeSupplier(SECRET))
        self.link.write({"endpoint": f"{self.fake.url}/orders", "timeout_seconds": 1, "max_attempts": 4})

    def tried(self, *faults, order=None):
        """Send an order with these faults on the way, one try."""
        order = order or self.new_order()
        self.fake.fail(*faults)
        self.send(order)
        return order, self.messages(order)

    def again(self, order):
        """The next try, now."""
        self.messages(order).filtered(lambda m: m.state == "queued").next_try = fields.Datetime.now()
        self.env.flush_all()
        self.send(order)
        return self.messages(order)

    def say(self, words, status=200, **headers):
        return self.fake.say(words, status, **headers)

    def test_sent(self):
        order, message = self.tried()
        self.assertEqual((message.state, message.attempts, message.http_status), ("sent", 1, 200))
        self.assertEqual(message.reference, f"S-{message.key}")
        self.assertEqual(json.loads(self.fake.taken[message.key]), message.content)
        self.assertEqual(self.fake.strangers, 0)
        self.send(order)
        self.assertEqual(len(self.fake.calls), 1, "what is sent is not sent again")

    def test_acknowledged_in_the_reply(self):
        _order, message = self.tried(Fault("after", reply=self.say({"status": "acknowledged"})))
        self.assertEqual(message.state, "acknowledged")

    def test_taken_but_the_reply_is_lost(self):
        """The order took effect, we do not know: it goes again under its key, and takes effect once."""
        for fault in (
            Fault("lost"),
            Fault("after", reply=Reply(b"oops", 500)),
            Fault("after", reply=Reply(b'{"status": "received"}')),
            Fault("truncated"),
            Fault("slow", seconds=1.6),
        ):
            with self.subTest(fault.kind):
                effects = self.fake.effects
                order, message = self.tried(fault)
                self.assertEqual((message.state, message.maybe_taken), ("queued", True), message.error)
                self.assertTrue(message.error)
                self.assertGreater(message.next_try, fields.Datetime.now() + timedelta(seconds=20))
                message = self.again(order)
                self.assertEqual((message.state, message.attempts), ("sent", 2))
                self.assertEqual(self.fake.effects, effects + 1, "nothing is sent twice")
                self.assertFalse(self.fake.conflicts, "the same bytes under the same key")

    def test_a_reply_that_is_signed_by_somebody_else(self):
        self.fake.sign_with = "somebody else's secret"
        order, message = self.tried()
        self.assertEqual((message.state, message.problem), ("queued", "bad_signature"))
        self.fake.sign_with = SECRET
        self.assertEqual(self.again(order).state, "sent")
        self.assertEqual(self.fake.effects, 1)

    def test_never_reached(self):
        order, message = self.tried(Fault("drop"))
        self.assertEqual((message.state, message.problem), ("queued", "closed"))
        self.assertEqual(self.again(order).state, "sent")
        self.link.endpoint = "http://127.0.0.1:9/nobody"
        _order, message = self.tried()
        self.assertEqual((message.problem, message.maybe_taken), ("connect", False))

    def test_come_back_later(self):
        order, message = self.tried(Fault("reply", reply=self.say({}, 429, **{"Retry-After": "3600"})))
        self.assertEqual((message.state, message.problem, message.maybe_taken), ("queued", "busy", False))
        self.assertGreater(message.next_try, fields.Datetime.now() + timedelta(seconds=3500))
        self.assertEqual(self.messages(order).state, "queued")
        self.send(order)
        self.assertEqual(message.attempts, 1, "not before its time")

    def test_refused_at_once(self):
        for reply, code in (
            (self.say({"status": "error", "message": "unknown item TEA"}), "refused"),
            (self.say({"status": "error"}, 401), "refused"),
            (Reply(b"", 302, {"Location": "https://elsewhere.example.com"}), "redirect"),
        ):
            order, message = self.tried(Fault("reply", reply=reply))
            self.assertEqual((message.state, message.problem), ("failed", code))
            self.assertEqual(order.activity_ids.user_id, self.buyer)
        order, message = self.tried(Fault("reply", reply=self.say({"status": "error", "message": "unknown item TEA"})))
        self.assertIn("unknown item TEA", message.error)
        message.with_user(self.buyer).action_resend()
        self.assertFalse(order.activity_ids, "the buyer has done it")
        self.send(order)
        self.assertEqual((message.state, message.error), ("sent", ""))

    def test_given_up_after_so_many_tries(self):
        order, message = self.tried(*[Fault("reply", reply=Reply(b"", 503))] * 4)
        for _try in range(2):
            self.again(order)
        self.assertEqual((message.state, message.attempts), ("queued", 3))
        self.assertFalse(order.activity_ids)
        self.again(order)
        self.assertEqual((message.state, message.attempts), ("failed", 4))
        self.assertEqual(len(order.activity_ids), 1)
        self.again(order)
        self.assertEqual(len(self.fake.calls), 4, "no more by itself")

    def test_a_reply_without_end(self):
        with patch.object(supplier_order_send, "REPLY_LIMIT", 100):
            _order, message = self.tried(Fault("after", reply=self.say({"status": "received", "x": "y" * 500})))
        self.assertEqual((message.state, message.problem), ("queued", "big"))

    def test_ubl_is_posted_signed(self):
        self.link.method = "ubl_http"
        _order, message = self.tried()
        self.assertEqual(message.state, "sent")
        self.assertIn(b"<Order ", self.fake.taken[message.key])

    def test_ubl_without_a_secret_asks_for_no_signature(self):
        self.link._keep_secrets({"secret": ""})
        self.link.method = "ubl_http"
        with patch.object(signature, "verify", return_value=""):
            _order, message = self.tried(Fault("reply", reply=Reply(b"<ok/>", 202, {"Content-Type": "text/xml"})))
        self.assertEqual(message.state, "sent")

    def test_json_without_a_secret_does_not_leave(self):
        self.link._keep_secrets({"secret": ""})
        _order, message = self.tried()
        self.assertEqual((message.state, message.problem), ("failed", "no_secret"))
        self.assertFalse(self.fake.calls)

    def test_pause(self):
        self.link.paused = True
        order, message = self.tried()
        self.assertEqual((message.state, len(self.fake.calls)), ("queued", 0))
        self.link.action_resume()
        self.send(order)
        self.assertEqual(message.state, "sent")

    def test_a_worker_that_died(self):
        order = self.new_order()
        message = self.messages(order)
        message._step("take", attempts=1, tried_on=fields.Datetime.now())
        sender = self.env["distrib.supplier.order"]
        sender._release_stale()
        self.assertEqual(message.state, "sending", "he may be at it")
        message.tried_on = fields.Datetime.now() - timedelta(minutes=11)
        sender._release_stale()
        self.assertEqual((message.state, message.maybe_taken, message.problem), ("queued", True, "killed"))
        self.assertEqual(self.again(order).state, "sent")

    def test_the_cron_sends_all_and_one_failure_stops_nobody(self):
        orders = [self.new_order() for _number in range(3)]
        self.fake.fail(Fault("reply", reply=self.say({"status": "error"})))
        with self.sending(), patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=1.0):
            self.env["distrib.supplier.order"]._cron_send()
        states = [self.messages(order).state for order in orders]
        self.assertEqual(sorted(states), ["failed", "sent", "sent"])


@tagged("post_install", "-at_install")
class TestSupplierRace(Loopback, RaceMixin, BaseCase):
    """Real workers on connections of their own."""

    def setUp(self):
        super().setUp()
        self.fake = self.enterContext(FakeSupplier(SECRET))
        with self.connection() as env:
            warehouse = env["stock.warehouse"].search([], limit=1)
            product = env["product.product"].create({"name": "Race Tea", "is_storable": True})
            supplier = env["res.partner"].create({"name": "Race Supplier Ltd", "is_company": True})
            link = env["distrib.supplier.link"].create(
                {
                    "partner_id": supplier.id,
                    "company_id": warehouse.company_id.id,
                    "method": "json_http",
                    "endpoint": f"{self.fake.url}/orders",
                    "secret": SECRET,
                }
            )
            line = {"product_id": product.id, "product_qty": 5, "price_unit": 1}
            order = env["purchase.order"].create(
                {
                    "partner_id": supplier.id,
                    "picking_type_id": warehouse.in_type_id.id,
                    "order_line": [fields.Command.create(line)],
                }
            )
            order.button_confirm()
            env.cr.flush()
            self.ids = {"order": order.id, "product": product.id, "supplier": supplier.id, "link": link.id}
        self.addCleanup(self.clean)

    def clean(self):
        with self.connection() as env:
            order = env["purchase.order"].browse(self.ids["order"])
            order.button_cancel()
            env.cr.flush()
            answers = env["distrib.supplier.answer"].search([("purchase_id", "=", order.id)])
            messages = env["distrib.supplier.order"].search([("purchase_id", "=", order.id)])
            env.cr.execute(
                "DELETE FROM ir_attachment WHERE (res_model, res_id) IN (SELECT 'distrib.supplier.order', id FROM"
                " distrib_supplier_order WHERE purchase_id = %(id)s UNION SELECT 'distrib.supplier.answer', id FROM"
                " distrib_supplier_answer WHERE purchase_id = %(id)s)",
                {"id": order.id},
            )
            env.invalidate_all()
            (answers + answers.browse()).unlink()
            messages.unlink()
            order.picking_ids.move_ids.filtered(lambda m: m.state == "cancel").unlink()
            order.unlink()
            for model, key in (("distrib.supplier.link", "link"), ("res.partner", "supplier")):
                env[model].browse(self.ids[key]).unlink()
            env["product.product"].browse(self.ids["product"]).active = False

    def message(self, env):
        return env["distrib.supplier.order"].search([("purchase_id", "=", self.ids["order"])])

    def test_two_workers_send_once(self):
        self.fake.chance = lambda call: Fault("slow", seconds=0.4)
        self.at_once(*[lambda env: self.message(env)._send()] * 3)
        self.assertEqual((len(self.fake.calls), self.fake.effects), (1, 1))
        with self.connection() as env:
            self.assertEqual((self.message(env).state, self.message(env).attempts), ("sent", 1))

    def test_an_answer_that_overtakes_the_reply(self):
        """The supplier confirms while his reply to our post is still on its way."""
        arrived, answered = threading.Event(), threading.Event()
        real = self.fake.answer

        def answer(call):
            reply = real(call)
            arrived.set()
            answered.wait(10)
            return reply

        self.fake.answer = answer
        with ExitStack() as stack:
            worker = threading.Thread(target=self._send_in_thread)
            worker.start()
            stack.callback(worker.join, 20)
            self.assertTrue(arrived.wait(10))
            with self.connection() as env:
                order = env["purchase.order"].browse(self.ids["order"])
                data = {"order": order.name, "id": "R1", "version": 1, "status": "accepted"}
                link = env["distrib.supplier.link"].browse(self.ids["link"])
                env["distrib.supplier.answer"]._take(json.dumps(data).encode(), "json", "webhook", link=link)
            answered.set()
        with self.connection() as env:
            message = self.message(env)
            self.assertEqual((message.state, message.reference), ("confirmed", f"S-{message.key}"))
        self.assertEqual(self.fake.effects, 1)

    def _send_in_thread(self):
        with self.connection() as env:
            self.message(env)._send()

    def test_the_same_answer_twice_at_the_same_moment(self):
        def take(env):
            order = env["purchase.order"].browse(self.ids["order"])
            data = {"order": order.name, "id": "R1", "version": 1, "status": "accepted"}
            link = env["distrib.supplier.link"].browse(self.ids["link"])
            return env["distrib.supplier.answer"]._take(json.dumps(data).encode(), "json", "webhook", link=link)[1]

        self.assertEqual(sorted(self.at_once(take, take)), [False, True])
        with self.connection() as env:
            answers = env["distrib.supplier.answer"].search([("purchase_id", "=", self.ids["order"])])
            self.assertEqual(answers.mapped("state"), ["applied"])
