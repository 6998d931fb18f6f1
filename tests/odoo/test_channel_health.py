"""How channels stand, tokens renewed ahead, and what each role may do."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import mute_logger, tagged

from tests.fakes.server import Fault, Reply
from tests.odoo.channel_common import PlainClient, PlatformCommon


@tagged("post_install", "-at_install")
class TestHealth(PlatformCommon):
    def health(self):
        self.channel.invalidate_recordset()
        return self.channel.with_user(self.manager).health

    def test_a_channel_says_how_it_stands(self):
        self.channel.pull_cursor = fields.Datetime.now()
        self.assertEqual(self.health(), "good")
        self.channel.pull_cursor = fields.Datetime.now() - timedelta(hours=2)
        self.assertEqual(self.health(), "late")
        self.assertEqual(self.channel.delay_minutes, 120)
        self.channel.connection_error = "no"
        self.assertEqual(self.health(), "trouble")
        self.channel.platform = False
        self.assertEqual(self.health(), "off")

    def test_what_waits_and_what_was_refused_is_counted(self):
        for number, state in (("W1", "waiting"), ("W2", "done")):
            self.env["distrib.inbox.message"].create(
                {"channel_id": self.channel.id, "external_id": number, "version": "1", "state": state}
            )
        for number, state in enumerate(("waiting", "unknown", "failed", "sent")):
            self.env["distrib.channel.call"].create(
                {"channel_id": self.channel.id, "key": str(number), "external_id": "W1", "state": state}
            )
        self.assertEqual(self.health(), "trouble")
        self.assertEqual(
            (self.channel.queue_count, self.channel.call_count, self.channel.call_problem_count), (1, 2, 1)
        )

    def test_the_home_page_tells_the_manager(self):
        def card(key):
            cards = self.env["distrib.home"].with_user(self.manager).get_cards()
            return next(card["count"] for card in cards if card["key"] == key)

        calls, channels = card("channel_calls"), card("channels_in_trouble")
        self.env["distrib.channel.call"].create(
            {"channel_id": self.channel.id, "key": "1", "external_id": "W1", "state": "failed"}
        )
        self.channel.connection_error = "no"
        self.assertEqual((card("channel_calls"), card("channels_in_trouble")), (calls + 1, channels + 1))

    def test_access_is_renewed_before_it_expires(self):
        self.channel.token_expires_at = fields.Datetime.now() + timedelta(days=3)
        self.env["distrib.channel"]._cron_renew()
        self.assertFalse(self.fake.count("renew"))
        self.channel.token_expires_at = fields.Datetime.now() + timedelta(hours=3)
        self.env["distrib.channel"]._cron_renew()
        self.assertEqual((self.fake.count("renew"), self.channel._secret("access_token")), (1, "second"))
        self.assertGreater(self.channel.token_expires_at, fields.Datetime.now() + timedelta(days=300))

    @mute_logger("odoo.addons.distrib_orders.models.channel_pull")
    def test_a_renewal_that_is_refused_reaches_the_manager_in_time(self):
        self.patch(PlainClient, "pause", lambda *args: 0)
        self.channel.token_expires_at = fields.Datetime.now() + timedelta(hours=3, minutes=5)
        self.fake.fail(Fault("reply", "renew", Reply(b'{"error": "grant access again"}', 400)))
        self.env["distrib.channel"]._cron_renew()
        self.assertIn("3", self.channel.activity_ids.note)
        self.assertIn("grant access again", self.channel.activity_ids.note)

    def test_roles(self):
        shop = self.env["distrib.channel.stock"].create({"channel_id": self.channel.id, "platform_sku": "P"})
        day = self.channel._keep_count(fields.Date.today(), {"state": "equal"})
        call = self.env["distrib.channel.call"].create({"channel_id": self.channel.id, "key": "1"})
        for role in ("viewer", "planner"):
            for record in (shop, day, call):
                with self.assertRaises(AccessError):
                    record.with_user(self.users[role]).read(["display_name"])
        self.assertTrue(call.with_user(self.clerk).read(["state"]))
        for record, method in ((shop, "action_retry"), (day, "action_count"), (call, "action_ignore")):
            with self.assertRaises(AccessError):
                getattr(record.with_user(self.clerk), method)()
        for record in (shop, day, call):
            with self.assertRaises(AccessError):
                record.with_user(self.manager).unlink()

    def test_another_company_sees_none_of_it(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        call = self.env["distrib.channel.call"].create({"channel_id": self.channel.id, "key": "1"})
        self.manager.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertFalse(self.env["distrib.channel.call"].with_user(self.manager).search([("id", "=", call.id)]))
