import json
from datetime import datetime, timedelta
from xmlrpc.client import Fault

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import LogisticsMixin


@tagged("post_install", "-at_install")
class TestPortal(LogisticsMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_logistics()
        cls.orders = cls.confirmed_orders([cls.dealer, cls.other_dealer])
        cls.ship(cls.orders, ["SF1", "SF2"])
        cls.parcel, cls.other_parcel = cls.orders[0].parcel_ids, cls.orders[1].parcel_ids
        cls.env["distrib.parcel"].record_events([cls.event("SF1", 1, "in_transit", text="离开上海", location="上海")])
        cls.env.flush_all()

    def page(self, path, user=None):
        if user:
            self.authenticate(user.login, user.login)
        return self.url_open(path)

    def test_own_parcel_page(self):
        response = self.page(f"/my/parcels/{self.parcel.id}", self.buyer)
        self.assertEqual(response.status_code, 200)
        for text in ("SF1", "Swift Express", "离开上海", self.orders[0].name):
            self.assertIn(text, response.text)

    def test_parcel_of_another_dealer_leads_home(self):
        for user, parcel in ((self.buyer, self.other_parcel), (self.other_buyer, self.parcel)):
            response = self.page(f"/my/parcels/{parcel.id}", user)
            self.assertTrue(response.url.endswith("/my"), response.url)
            self.assertNotIn(parcel.name, response.text)
        response = self.page("/my/parcels/999999999", self.buyer)
        self.assertTrue(response.url.endswith("/my"))

    def test_page_asks_strangers_to_sign_in_even_with_the_token_of_the_order(self):
        token = self.orders[0]._portal_ensure_token()
        self.env.flush_all()
        response = self.page(f"/my/parcels/{self.parcel.id}?access_token={token}")
        self.assertIn("/web/login", response.url)
        order_page = self.page(f"/my/orders/{self.orders[0].id}?access_token={token}")
        self.assertIn("SF1", order_page.text)
        self.assertNotIn("离开上海", order_page.text)
        self.assertNotIn(f"/my/parcels/{self.parcel.id}", order_page.text)

    def test_order_page_shows_its_parcels(self):
        response = self.page(f"/my/orders/{self.orders[0].id}", self.buyer)
        self.assertIn("distrib_parcels", response.text)
        self.assertIn(f"/my/parcels/{self.parcel.id}", response.text)
        self.assertTrue(self.page(f"/my/orders/{self.orders[1].id}", self.buyer).url.endswith("/my"))

    def test_list_shows_own_parcels(self):
        text = self.page("/my/parcels", self.buyer).text
        self.assertIn("SF1", text)
        self.assertNotIn("SF2", text)

    def test_page_in_both_languages(self):
        for code, words in (
            ("zh_CN", ("运输中", "预计", "物流轨迹")),
            ("en_US", ("In transit", "Expected", "What has happened so far")),
        ):
            prefix = self.env["res.lang"]._get_data(code=code).url_code
            response = self.page(f"/{prefix}/my/parcels/{self.parcel.id}", self.buyer)
            self.assertEqual(response.status_code, 200)
            for word in words:
                self.assertIn(word, response.text)

    def test_counter_on_the_home_page(self):
        self.authenticate(self.buyer.login, self.buyer.login)
        self.assertEqual(self.make_jsonrpc_request("/my/counters", {"counters": ["parcel_count"]}), {"parcel_count": 1})

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.rpc.controllers.xmlrpc")
    def test_record_over_xmlrpc_and_json2(self):
        user = new_test_user(self.env, "rpc_log", groups="distrib_inventory.group_logistics", password="rpc_log")
        expires = datetime.now() + timedelta(days=1)
        key = self.env["res.users.apikeys"].with_user(user)._generate("rpc", "tracking", expires)
        self.env.flush_all()
        item = self.event("SF1", 2, "delivered")
        call = (self.env.cr.dbname, user.id, "rpc_log", "distrib.parcel", "record_events", [[item]])
        self.assertEqual(self.xmlrpc_object.execute_kw(*call)[0]["result"], "recorded")
        response = self.url_open(
            "/json/2/distrib.parcel/record_events",
            data=json.dumps({"events": [item]}),
            headers={"Authorization": f"bearer {key}", "Content-Type": "application/json"},
        )
        self.assertEqual(response.json()[0]["result"], "duplicate")
        denied = (self.env.cr.dbname, self.buyer.id, "buyer_north", "distrib.parcel", "record_events", [[item]])
        with self.assertRaises(Fault):
            self.xmlrpc_object.execute_kw(*denied)
        rows = self.xmlrpc_object.execute_kw(*denied[:4], "search_read", [[]], {"fields": ["name", "status"]})
        self.assertEqual([row["name"] for row in rows], ["SF1"])
