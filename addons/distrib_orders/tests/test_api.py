import json
import xmlrpc.client

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import OrdersCommon


@tagged("post_install", "-at_install")
class TestApi(OrdersCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk.password = "test_order_clerk"

    def rpc(self, user, model, method, *args, **kwargs):
        return self.xmlrpc_object.execute_kw(self.env.cr.dbname, user.id, user.login, model, method, list(args), kwargs)

    def json2(self, model, method, key, **arguments):
        return self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(arguments),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )

    def test_xmlrpc(self):
        (answer,) = self.rpc(self.clerk, "distrib.channel", "submit_orders", "TEST", [self.payload("T-1")])
        self.assertEqual(answer["status"], "created")
        (again,) = self.rpc(self.clerk, "distrib.channel", "submit_orders", "TEST", [self.payload("T-1")])
        self.assertEqual((again["status"], again["order_id"]), ("unchanged", answer["order_id"]))
        (failed,) = self.rpc(self.clerk, "distrib.channel", "submit_orders", "TEST", [{"external_id": "T-2"}])
        self.assertEqual((failed["status"], failed["order_id"]), ("failed", False))
        message = self.messages("T-1")
        self.assertEqual((message.source, message.user_id), ("rpc", self.clerk))

    def test_json2_with_an_api_key(self):
        key = self.env["res.users.apikeys"].with_user(self.clerk).sudo()._generate(None, "test", False)
        reply = self.json2("distrib.channel", "submit_orders", key, channel_code="TEST", orders=[self.payload("T-1")])
        self.assertEqual(reply.status_code, 200, reply.text)
        (answer,) = reply.json()
        self.assertEqual((answer["status"], answer["pool_state"]), ("created", "to_route"))
        self.assertEqual(self.messages("T-1").source, "json2")
        self.assertIn("User-Agent", self.messages("T-1").headers)
        self.assertNotIn(key, json.dumps(self.messages("T-1").headers))
        with mute_logger("odoo.http"):
            wrong = self.json2("distrib.channel", "submit_orders", "wrong", channel_code="TEST", orders=[])
        self.assertEqual(wrong.status_code, 401)

    def test_portal_user_gets_nothing_internal_over_rpc(self):
        (answer,) = self.submit(self.payload("T-1"))
        portal = new_test_user(self.env, login="test_portal_rpc", groups="base.group_portal")
        portal.password = portal.login
        portal.partner_id.parent_id = self.order_of(answer).partner_id
        (row,) = self.rpc(portal, "sale.order", "read", [answer["order_id"]], ["name"])
        self.assertEqual(row["name"], answer["name"])
        fields = self.rpc(portal, "sale.order", "fields_get")
        self.assertFalse(
            {"channel_id", "pool_state", "hold_reason", "region_id", "routing_explanation"} & fields.keys()
        )
        fields = self.rpc(portal, "res.partner", "fields_get")
        self.assertFalse({name for name in fields if name.startswith(("dealer_", "distrib_", "is_dealer"))})
        for model, method, arguments in (
            ("sale.order", "read", ([answer["order_id"]], ["pool_state"])),
            ("sale.order", "action_route", ([answer["order_id"]],)),
            ("sale.order", "search_read", ([("channel_id", "!=", False)], ["name"])),
            ("distrib.channel", "submit_orders", ("TEST", [self.payload("T-2")])),
            ("distrib.channel", "search_read", ([],)),
            ("distrib.inbox.message", "search_read", ([],)),
            ("distrib.routing.decision", "search_read", ([],)),
        ):
            with self.assertRaises(xmlrpc.client.Fault, msg=f"{model}.{method}"), mute_logger("odoo.addons.rpc"):
                self.rpc(portal, model, method, *arguments)
