"""Messages lose what tells who bought, by the rules of the company."""

import base64
import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from tests.odoo.channel_common import PlatformCommon

WHO = ("Wang Test", "13812345678", "buyer@example.com", "Century Avenue 1", "for my aunt", "203.0.113.9", "OAID-77")


@tagged("post_install", "-at_install")
class TestRetention(PlatformCommon):
    def setUp(self):
        super().setUp()
        self.env.company.write({"distrib_mask_done_days": 30, "distrib_mask_open_days": 60, "distrib_delete_days": 400})

    def message(self, number, days, state="done", **more):
        partner = dict(zip(("name", "phone", "email", "street"), WHO, strict=False))
        order = {
            "external_id": number,
            "partner": {**partner, "city": "Wuhan", "privacy_id": "OAID-77"},
            "note": WHO[4],
            "unheard_of": {"deep": [WHO[0]]},
            "lines": [{"sku": "TEA", "quantity": 2, "price_unit": 9.5, "title": f"Tea {WHO[4]}", "engraved": WHO[0]}],
        }
        values = {
            "channel_id": self.channel.id, "external_id": number, "version": "1", "source": "pull", "state": state,
            "body": json.dumps(order), "headers": {"Remote-Address": WHO[5]},
            "problems": [{"code": "unreadable", "field": "", "values": {"value": WHO[0]}}],
            "received_at": fields.Datetime.now() - timedelta(days=days), **more,
        }  # fmt: skip
        return self.env["distrib.inbox.message"].create(values)

    def run_rules(self):
        self.env["distrib.inbox.message"]._cron_retention()
        self.env.flush_all()

    def everything(self, message):
        self.env.flush_all()
        self.env.cr.execute("SELECT to_jsonb(m)::text FROM distrib_inbox_message m WHERE id = %s", (message.id,))
        return self.env.cr.fetchone()[0]

    def test_nothing_that_identifies_is_left(self):
        message = self.message("A1", 31)
        self.assertTrue(all(text in self.everything(message) for text in WHO))
        self.run_rules()
        kept = self.everything(message)
        self.assertFalse([text for text in WHO if text in kept])
        self.assertEqual(json.loads(message.body)["lines"], [{"sku": "TEA", "quantity": 2, "price_unit": 9.5}])
        self.assertEqual(json.loads(message.body)["partner"], {"city": "Wuhan"})
        self.assertTrue(message.masked_at)

    def test_calls_of_platforms_and_unreadable_ones_lose_their_whole_text(self):
        push = self.message(
            "", 61, kind="push", source="push", body=f"x {WHO[1]}", raw=base64.b64encode(b"13812345678")
        )
        broken = self.message("A2", 61, "failed", body=f"[{WHO[0]}")
        self.run_rules()
        self.assertEqual((push.body, push.raw, broken.body), (False, False, False))
        self.assertFalse([text for text in WHO if text in self.everything(push) + self.everything(broken)])

    def test_each_state_has_its_days(self):
        young, held, waiting = (
            self.message("A1", 29),
            self.message("A2", 59, "held"),
            self.message("A3", 500, "waiting"),
        )
        self.run_rules()
        self.assertFalse(young.masked_at or held.masked_at or waiting.masked_at)
        held.received_at = fields.Datetime.now() - timedelta(days=61)
        self.run_rules()
        self.assertTrue(held.masked_at)

    def test_old_ones_go_and_zero_keeps(self):
        old = self.message("A1", 401)
        self.env.company.write({"distrib_delete_days": 0, "distrib_mask_done_days": 0})
        self.run_rules()
        self.assertTrue(old.exists())
        self.assertFalse(old.masked_at)
        self.env.company.distrib_delete_days = 400
        self.run_rules()
        self.assertFalse(old.exists())

    def test_a_forgotten_message_is_not_read_again(self):
        message = self.message("A1", 61, "held")
        self.run_rules()
        with self.assertRaises(UserError):
            message.with_user(self.manager).action_retry()
        message._process()
        self.assertEqual(message.problems[0]["code"], "forgotten")

    def test_a_receiver_that_the_platform_hides_is_stored_hidden(self):
        hidden = {"name": "W**", "phone": "138****5678", "province": "湖北省", "city": "武汉市", "street": "***",
                  "masked": True, "privacy_id": "OAID-77"}  # fmt: skip
        self.fake.put("M1", self.at(1), partner=hidden)
        self.channel._pull()
        self.read()
        order = self.orders()
        self.assertEqual((order.partner_shipping_id.street, order.partner_shipping_id.phone), ("***", "138****5678"))
        self.assertNotIn("OAID-77", order.partner_shipping_id.read()[0].values())
