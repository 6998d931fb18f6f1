"""Asking a platform and being called by one, with a real HTTP server on the other side."""

import json
import time
from datetime import timedelta

from odoo import fields
from odoo.addons.distrib_orders.connectors.webhook.push import WINDOW, signature
from odoo.addons.distrib_orders.controllers.push import BODY_LIMIT
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, mute_logger, tagged

from tests.fakes.server import Fault, Reply
from tests.odoo.channel_common import PlainClient, PlatformCommon

LOGGER = "odoo.addons.distrib_orders.models.channel_pull"


@tagged("post_install", "-at_install")
class TestPull(PlatformCommon):
    def test_every_order_comes_once(self):
        for number in range(7):
            self.fake.put(f"T{number}", self.at(number * 10))
        self.assertEqual(self.channel._pull(), 7)
        self.read()
        self.assertEqual(self.orders().mapped("channel_order_ref"), [f"T{number}" for number in range(7)])
        cursor = self.channel.pull_cursor
        self.assertGreater(cursor, fields.Datetime.now() - timedelta(minutes=2))
        self.assertEqual(self.channel._pull(), 0, "nothing has changed")

    def test_a_change_comes_as_a_version_of_its_own(self):
        self.fake.put("T1", self.at(10))
        self.channel._pull()
        self.fake.put("T1", self.at(100), note="leave it with the neighbour")
        self.channel.pull_cursor = self.start.replace(tzinfo=None)
        self.assertEqual(self.channel._pull(), 1)
        self.read()
        self.assertEqual(self.orders().buyer_note, "leave it with the neighbour")

    def test_two_changes_in_one_second_are_two(self):
        self.fake.put("T1", self.at(10))
        self.channel._pull()
        self.fake.put("T1", self.at(10), note="second thought")
        self.channel.pull_cursor = self.start.replace(tzinfo=None)
        self.assertEqual(self.channel._pull(), 1)
        self.assertEqual(self.channel._pull(), 0)
        self.read()
        self.assertEqual(self.orders().buyer_note, "second thought")

    @mute_logger(LOGGER)
    def test_the_cursor_waits_for_a_window_that_fails(self):
        self.fake.put("T1", self.at(10))
        self.fake.put("T2", self.at(130))
        self.fake.chance = lambda call: (
            Fault("reply", reply=Reply(b"{}", 400)) if int(call.query.get("start", 0)) > self.at(100) else None
        )
        self.channel._pull()
        self.fake.chance = lambda call: None
        self.assertLess(self.channel.pull_cursor, (self.start + timedelta(minutes=130)).replace(tzinfo=None))
        self.assertIn("400", self.channel.connection_error)
        self.assertEqual(len(self.channel.activity_ids), 1)
        self.assertGreater(self.channel.pull_after, fields.Datetime.now())
        self.channel._pull()
        self.read()
        self.assertEqual(self.orders().mapped("channel_order_ref"), ["T1", "T2"])
        self.assertFalse(self.channel.connection_error)

    @mute_logger(LOGGER)
    def test_a_limit_is_kept_to(self):
        self.fake.fail(Fault("reply", reply=Reply(b"{}", 429, {"Retry-After": "120"})))
        self.env["distrib.channel"]._cron_pull()
        wait = self.channel.pull_after - fields.Datetime.now()
        self.assertAlmostEqual(wait.total_seconds(), 120, delta=5)
        self.assertFalse(self.channel.activity_ids, "waiting mends it")
        calls = len(self.fake.calls)
        self.env["distrib.channel"]._cron_pull()
        self.assertEqual(len(self.fake.calls), calls, "not asked before its time")

    def test_a_token_that_expires_on_the_way_is_renewed_and_kept(self):
        for number in range(5):
            self.fake.put(f"T{number}", self.at(number))
        pages = iter(range(100))
        self.fake.chance = lambda call: (
            Fault("reply", reply=Reply(b"{}", 401)) if call.name == "orders" and next(pages) == 2 else None
        )
        self.channel._pull()
        self.assertEqual(self.channel._secret("access_token"), "second")
        self.read()
        self.assertEqual(len(self.orders()), 5)

    @mute_logger(LOGGER)
    def test_one_shop_that_fails_does_not_stop_another(self):
        other = self.channel.copy({"code": "OTHER", "platform_url": "http://127.0.0.1:9", "sequence": 0})
        other.write({"pull_active": True, "pull_cursor": self.channel.pull_cursor})
        self.patch(PlainClient, "pause", lambda *args: 0)
        self.fake.put("T1", self.at(10))
        self.env["distrib.channel"]._cron_pull()
        self.assertTrue(other.connection_error)
        self.read()
        self.assertEqual(self.orders().channel_order_ref, "T1")

    def test_what_cannot_be_read_says_so_and_stays(self):
        self.fake.put("T1", self.at(10), lines="none")
        self.fake.put("T2", self.at(11))
        self.channel._pull()
        self.read()
        failed = self.messages("T1")
        self.assertEqual((failed.state, failed.source, failed.verdict), ("failed", "pull", "asked"))
        self.assertTrue(failed.error)
        self.assertEqual(self.orders().channel_order_ref, "T2")

    def test_a_connection_can_be_tried(self):
        self.fake.put("T1", int(time.time()) - 300)
        found = self.channel.with_user(self.manager).action_test_connection()
        self.assertEqual(found["params"]["type"], "success")
        with self.assertRaises(AccessError):
            self.channel.with_user(self.clerk).action_test_connection()

    def test_secrets_are_written_and_never_read(self):
        channel = self.channel.with_user(self.manager)
        self.assertEqual(channel.read(["app_secret", "access_token"])[0]["app_secret"], "********")
        self.env.ref("base.group_allow_export").user_ids |= self.manager
        self.assertNotIn("dummy", str(channel.export_data(["name", "app_secret"])))
        channel.app_secret = False
        self.assertEqual(self.channel._secret("app_secret"), "dummy", "nothing entered, nothing changed")
        with self.assertRaises(AccessError):
            self.env["distrib.secret"].with_user(self.env.ref("base.user_admin")).search([])
        with self.assertRaises(AccessError):
            self.channel.with_user(self.clerk).read(["app_secret"])


@tagged("post_install", "-at_install")
class TestPush(PlatformCommon, HttpCase):
    def call(self, body, stamp=None, secret="dummy", channel=None, **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int(time.time()) if stamp is None else stamp)
        return self.url_open(
            f"/distrib/push/{(channel or self.channel).id}",
            data=body,
            headers={"X-Distrib-Timestamp": stamp, "X-Distrib-Signature": signature(secret, stamp, body), **headers},
        )

    def pushes(self):
        return self.env["distrib.inbox.message"].search([("channel_id", "=", self.channel.id), ("kind", "=", "push")])

    def test_an_order_that_comes_along_enters_the_pool(self):
        self.channel.platform = "webhook"
        order = self.payload("W1", version="1")
        answer = self.call(order)
        self.assertEqual((answer.status_code, answer.json()), (200, {"accepted": True}))
        self.assertEqual(self.pushes().verdict, "valid")
        self.assertFalse(self.orders(), "stored and answered, read later")
        self.read()
        self.assertEqual(self.orders().channel_order_ref, "W1")
        self.assertEqual(self.orders().channel_message_id.source, "push")
        self.call(order)
        self.read()
        self.assertEqual(len(self.orders()), 1)
        self.assertEqual(len(self.messages("W1")), 1)

    def test_a_hint_is_followed(self):
        self.fake.put("T9", self.at(10), note="fetched")
        self.call({"tid": "T9"})
        self.call({"tid": "T9", "again": 1})
        self.read()
        self.assertEqual(self.orders().buyer_note, "fetched")
        self.assertEqual(set(self.pushes().mapped("state")), {"done"})

    @mute_logger(LOGGER)
    def test_a_hint_waits_while_the_platform_is_down(self):
        self.patch(PlainClient, "pause", lambda *args: 0)
        self.fake.put("T9", self.at(10))
        self.call({"tid": "T9"})
        self.fake.chance = lambda call: Fault("drop")
        self.read()
        self.assertEqual(self.pushes().state, "waiting")
        self.fake.chance = lambda call: None
        self.read()
        self.assertEqual(self.orders().channel_order_ref, "T9")

    def test_a_wrong_signature_leaves_a_trace_and_nothing_else(self):
        self.channel.platform = "webhook"
        for stamp, secret in ((None, "guessed"), (int(time.time()) - WINDOW - 60, "dummy")):
            answer = self.call(self.payload("W1"), stamp, secret)
            self.assertEqual(answer.status_code, 401)
        self.read()
        self.assertFalse(self.orders())
        self.assertEqual(self.pushes().mapped("verdict"), ["invalid"])
        self.assertEqual(self.call(self.payload("W1")).status_code, 200, "the true one is not taken for a repetition")
        self.read()
        self.assertEqual(len(self.orders()), 1)

    def test_bytes_that_are_no_text_are_kept_and_reported(self):
        self.channel.platform = "webhook"
        for body in (b'{"external_id": "\xff\xfe"}', b'{"external_id": "W1"', "{}".encode("utf-16")):
            self.assertEqual(self.call(body).status_code, 200)
        self.read()
        self.assertEqual(self.pushes().mapped("state"), ["failed"] * 3)
        self.assertTrue(all(push.error for push in self.pushes()))

    @mute_logger("odoo.addons.distrib_orders.controllers.push")
    def test_a_flood_is_not_read(self):
        answer = self.call(b"x" * (BODY_LIMIT + 1))
        self.assertEqual(answer.status_code, 413)
        self.assertFalse(self.pushes())

    def test_only_channels_that_are_called_listen(self):
        self.assertEqual(self.url_open("/distrib/push/0", data=b"{}").status_code, 404)
        self.channel.platform = False
        self.assertEqual(self.call({}).status_code, 404)

    def test_the_raw_body_counts_whatever_it_calls_itself(self):
        self.channel.platform = "webhook"
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", ""):
            order = self.payload(f"W{kind}", version="1")
            self.assertEqual(self.call(order, **{"Content-Type": kind}).status_code, 200)
        self.read()
        self.assertEqual(len(self.orders()), 4)

    def test_no_header_that_logs_in_is_kept(self):
        self.channel.platform = "webhook"
        self.call(self.payload("W1"), Authorization="Bearer hidden", Cookie="session_id=hidden")
        self.assertNotIn("hidden", json.dumps(self.pushes().headers))
