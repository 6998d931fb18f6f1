"""WeChat shop, mini-program and Shopify from the first call to the confirmed parcel, through inbox and pool."""

import json
import time
from datetime import UTC, datetime, timedelta

from odoo import fields
from odoo.addons.distrib_orders.connectors.webhook.push import signature
from odoo.addons.distrib_orders.models.channel_outbox import Outbound
from odoo.addons.distrib_orders.tests.common import OrdersCommon
from odoo.tests import HttpCase, mute_logger, tagged

from tests.fakes.server import Fault
from tests.fakes.shopify import FakeShopify, address, item
from tests.fakes.wechat import FakeWechat, product

PULL_LOGGER = "odoo.addons.distrib_orders.models.channel_pull"


class ConnectorCommon(OrdersCommon):
    """A channel on ``platform``, connected to ``fake_class``; goods in the central warehouse."""

    platform = ""
    fake_class = FakeWechat
    carrier_code = "SF"
    values: dict = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for goods in (cls.product_a, cls.product_b):
            cls.add_stock(goods, cls.central, 100)
            goods.taxes_id = False
        buyer = cls.env["res.partner"].create({"name": "Test Buyer"})
        cls.channel.write({"platform": cls.platform, "pull_active": True, "partner_id": buyer.id, **cls.values})
        cls.env["distrib.channel.carrier"].create(
            {"platform": cls.platform, "carrier": "sf", "code": cls.carrier_code, "name": "SF"}
        )
        cls.start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
        cls.channel.pull_cursor = cls.start.replace(tzinfo=None)

    def setUp(self):
        super().setUp()
        self.fake = self.enterContext(self.fake_class())
        self.channel.write({"platform_url": self.fake.url, "app_key": self.fake.app})
        self.channel.app_secret = self.fake.secret
        self.patch(self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: 60.0)
        self.parcels = {}
        self.patch(
            self.registry["stock.picking"], "_outbound_parcels", lambda picking: self.parcels.get(picking.id, [])
        )

    def at(self, minutes):
        return int((self.start + timedelta(minutes=minutes)).timestamp())

    def orders(self):
        return self.env["sale.order"].search([("channel_id", "=", self.channel.id)], order="channel_order_ref")

    def order(self, number):
        return self.orders().filtered(lambda order: order.channel_order_ref == number)

    def goods(self, order):
        """code -> quantity, without freight"""
        lines = order.order_line.filtered(lambda line: line.product_id in self.product_a | self.product_b)
        return {line.product_id.default_code: line.product_uom_qty for line in lines}

    def read(self):
        self.env["distrib.inbox.message"]._cron_process()

    def pull(self):
        self.channel.write({"pull_cursor": self.start.replace(tzinfo=None), "pull_after": False})
        self.channel._pull()
        self.assertFalse(self.channel.connection_error)
        self.read()

    def deliver(self, order, tracking, quantities=None):
        """Let goods leave in one parcel for each tracking number; a back order for the rest."""
        order._route()
        picking = order.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))
        for move in picking.move_ids:
            move.quantity = move.product_uom_qty if quantities is None else quantities.get(move.product_id, 0)
            move.picked = True
        self.parcels[picking.id] = [Outbound(number, "sf") for number in tracking.split(",")]
        picking.with_context(skip_backorder=True, picking_ids_not_to_backorder=[])._action_done()
        return self.env["distrib.channel.call"].search([("picking_id", "=", picking.id)])

    def send(self):
        calls = self.env["distrib.channel.call"]
        calls.search([("state", "in", ("waiting", "unknown"))]).next_at = fields.Datetime.now() - timedelta(seconds=1)
        calls._cron_send()

    def tell_stock(self):
        self.env.flush_all()
        self.env["distrib.network.touch"]._tell()
        self.channel.stock_told_at = False
        return self.channel._tell_stock()


class WechatCommon(ConnectorCommon):
    platform = "wechat_shop"

    def setUp(self):
        super().setUp()
        self.channel.push_token = self.fake.push_token
        self.channel.push_key = self.fake.push_key


@tagged("post_install", "-at_install")
class TestWechatShop(WechatCommon):
    def test_from_the_first_call_to_the_parcel(self):
        self.fake.place("3705115058471207000", product("TEA", 2), product("NOODLE"), at=self.at(60))
        self.pull()
        self.assertEqual(self.fake.issued, 1, "the token was fetched on the way")
        order = self.orders()
        self.assertEqual(order.channel_order_ref, "3705115058471207000")
        self.assertEqual(self.goods(order), {"TEA": 2, "NOODLE": 1})
        goods = order.order_line.filtered(lambda line: line.product_id in self.product_a | self.product_b)
        self.assertEqual(sum(goods.mapped("price_total")), 150, "fen are yuan")
        call = self.deliver(order, "S1")
        self.send()
        self.assertEqual(call.state, "sent", call.error)
        (parcel,) = self.fake.sent[0]["delivery_list"]
        self.assertEqual((parcel["waybill_id"], parcel["delivery_id"]), ("S1", "SF"))
        self.assertEqual([info["product_cnt"] for info in parcel["product_infos"]], [2, 1])
        self.assertEqual(self.fake.orders["3705115058471207000"]["status"], 30)

    def test_pulled_twice_it_is_one_order_in_its_latest_state(self):
        self.fake.place("1", at=self.at(10))
        self.pull()
        self.pull()
        self.assertEqual(len(self.messages("1")), 1)
        self.fake.change("1", at=self.at(20), notes="leave it at the gate")
        self.pull()
        self.assertEqual(len(self.orders()), 1)
        self.assertEqual(self.orders().buyer_note, "leave it at the gate")

    def test_split_parcels_and_a_lost_answer(self):
        self.fake.place("1", product("TEA", 3), at=self.at(10))
        self.pull()
        order = self.orders()
        self.deliver(order, "S1", {self.product_a: 1})
        self.fake.fail(Fault("lost", "order/delivery/send"))
        self.send()
        self.send()
        self.deliver(order, "S2")
        self.send()
        told = self.fake.orders["1"]["order_detail"]["delivery_info"]["delivery_product_info"]
        self.assertEqual([row["waybill_id"] for row in told], ["S1", "S2"])
        self.assertEqual(set(self.env["distrib.channel.call"].search([]).mapped("state")), {"sent"})

    def test_unpaid_under_review_and_cancelled(self):
        self.fake.place("1", at=self.at(10), status=10)
        self.fake.place("2", at=self.at(10), delivery_info={"address_under_review": True})
        self.pull()
        self.assertTrue(all(order.hold_code for order in self.orders()), self.orders().mapped("hold_code"))
        self.fake.pay("1", at=self.at(20))
        self.fake.cancel("2", at=self.at(20))
        self.pull()
        self.assertFalse(self.order("1").hold_code)
        self.assertEqual(self.order("2").pool_state, "cancelled")

    def test_an_article_without_code_holds_its_order_visibly(self):
        self.fake.place("1", product("TEA"), product("X", out_sku_id=""), at=self.at(10))
        self.pull()
        self.assertEqual(self.orders().hold_code, "unmatched")
        self.assertEqual(len(self.orders()), 1)

    @mute_logger(PULL_LOGGER)
    def test_a_token_that_expires_on_the_way_is_renewed(self):
        self.pull()
        self.fake.most = 2
        for number in range(5):
            self.fake.place(str(number), at=self.at(number))
        once = iter([1])
        self.fake.between = lambda: [self.fake.expire() for _time in once]
        self.pull()
        self.assertEqual(len(self.orders()), 5)
        self.assertEqual(self.channel._secret("access_token"), f"token-{self.fake.issued}")

    def test_stock_of_matched_articles_is_set(self):
        self.env["distrib.channel.product"].create(
            {
                "channel_id": self.channel.id,
                "platform_sku": "81",
                "platform_item": "91",
                "product_id": self.product_a.id,
            }
        )
        self.channel.write({"stock_active": True, "warehouse_ids": [(6, 0, self.central.ids)]})
        self.tell_stock()
        self.assertEqual(self.fake.stock, {"81": 100})


@tagged("post_install", "-at_install")
class TestWechatCalls(WechatCommon, HttpCase):
    def url(self, query):
        return f"/distrib/push/{self.channel.id}?" + "&".join(f"{key}={value}" for key, value in query.items())

    def call(self, kind, number, **more):
        query, body = self.fake.event(kind, number, **{"secure": True, **more})
        return self.url_open(self.url(query), data=body, headers={"Content-Type": "application/json"})

    def pushes(self):
        return self.env["distrib.inbox.message"].search([("channel_id", "=", self.channel.id), ("kind", "=", "push")])

    def test_the_platform_tries_our_address(self):
        query, _body = self.fake.event("x", "1")
        answer = self.url_open(self.url({**query, "echostr": "4711"}))
        self.assertEqual((answer.status_code, answer.text), (200, "4711"))
        self.assertEqual(self.url_open(self.url({**query, "nonce": "other", "echostr": "4711"})).status_code, 403)

    def test_an_event_brings_the_order_of_now(self):
        self.fake.place("1", at=self.at(10), notes="")
        answer = self.call("channels_ec_order_pay", "1")
        self.assertEqual((answer.status_code, answer.text), (200, "success"))
        self.read()
        self.assertEqual(self.orders().channel_order_ref, "1")
        self.call("channels_ec_order_pay", "1")
        self.call("channels_ec_order_new", "1")
        self.read()
        self.assertEqual(len(self.orders()), 1)
        self.assertEqual(len(self.messages("1")), 1, "three calls, one version")

    def test_a_refund_that_is_pushed_leaves_the_order(self):
        self.fake.place("1", product("TEA", 3), at=self.at(10))
        self.pull()
        self.fake.refund("r1", "1", 0, 1, "MERCHANT_REFUND_SUCCESS", at=self.at(30))
        self.call("channels_ec_aftersale_update", "1")
        self.read()
        self.assertEqual(self.goods(self.orders()), {"TEA": 2})

    def test_what_is_not_proven_is_kept_and_not_read(self):
        self.fake.place("1", at=self.at(10))
        self.assertEqual(self.call("channels_ec_order_pay", "1", secure=False).status_code, 403)
        self.assertEqual(self.call("channels_ec_order_pay", "1", at=int(time.time()) - 7200).status_code, 403)
        self.read()
        self.assertEqual(set(self.pushes().mapped("verdict")), {"invalid"})
        self.assertFalse(self.orders())


@tagged("post_install", "-at_install")
class TestWechatMini(ConnectorCommon, HttpCase):
    platform = "wechat_mini"

    def setUp(self):
        super().setUp()
        self.channel.push_token = "own secret"

    def take(self, number, transaction, **more):
        order = {
            **self.payload(number, ("TEA", 2, 50), ("NOODLE", 1, 20)),
            "version": "1",
            "payment": {"transaction_id": transaction, "openid": "buyer"},
            **more,
        }
        for place, line in enumerate(order["lines"]):
            line["line_id"] = str(place + 1)
        body, stamp = json.dumps(order).encode(), str(int(time.time()))
        headers = {"X-Distrib-Timestamp": stamp, "X-Distrib-Signature": signature("own secret", stamp, body)}
        return self.url_open(f"/distrib/push/{self.channel.id}", data=body, headers=headers)

    def test_an_order_of_ours_is_shipped_and_uploaded(self):
        self.fake.pay_mini("42")
        self.assertEqual(self.take("M1", "42").status_code, 200)
        self.read()
        order = self.orders()
        self.assertEqual(order.channel_order_ref, "M1")
        first = self.deliver(order, "S1", {self.product_a: 2})
        self.fake.fail(Fault("lost", "upload_shipping_info"))
        self.send()
        self.send()
        second = self.deliver(order, "S2")
        self.send()
        self.assertEqual((first | second).mapped("state"), ["sent", "sent"], (first | second).mapped("error"))
        shipping = self.fake.payments["42"]["shipping"]
        self.assertEqual([row["tracking_no"] for row in shipping["shipping_list"]], ["S1", "S2"])
        self.assertTrue(shipping["finish_shipping"])
        self.assertEqual(len(self.fake.uploads), 2, "nothing used up by the lost answer")
        self.assertEqual(shipping["shipping_list"][0]["contact"], {"receiver_contact": "139****1111"})

    @mute_logger(PULL_LOGGER)
    def test_an_order_without_payment_calls_the_manager(self):
        self.take("M1", "42", payment={})
        self.read()
        call = self.deliver(self.orders(), "S1")
        self.send()
        self.assertEqual(call.state, "failed")
        self.assertIn("transaction_id", call.error)

    def test_the_connection_can_be_tried(self):
        self.channel.access_token = self.channel._client().renew().access
        found = self.channel.with_user(self.users["channel_manager"]).action_test_connection()
        self.assertEqual(found["params"]["type"], "success")


class ShopifyCommon(ConnectorCommon):
    platform = "shopify"
    fake_class = FakeShopify
    carrier_code = "SF Express"

    def setUp(self):
        super().setUp()
        self.channel.access_token = "shpat_1"
        self.channel.shop_ref = self.fake.shop


@tagged("post_install", "-at_install")
class TestShopify(ShopifyCommon):
    def test_from_the_first_call_to_the_parcels(self):
        self.fake.place("1001", item("1", "TEA", 2, 50), item("2", "NOODLE", 1, 20), at=self.at(10),
                        currencyCode=self.env.company.currency_id.name)  # fmt: skip
        self.pull()
        order = self.orders()
        self.assertEqual(self.goods(order), {"TEA": 2, "NOODLE": 1})
        self.deliver(order, "S1", {self.product_a: 2})
        self.fake.fail(Fault("lost", "Fulfil"))
        self.send()
        self.deliver(order, "S2")
        self.send()
        numbers = [row["trackingInfo"][0]["number"] for row in self.fake.orders["1001"]["fulfillments"]]
        self.assertEqual(numbers, ["S1", "S2"])
        self.assertEqual(self.fake.orders["1001"]["displayFulfillmentStatus"], "FULFILLED")
        self.assertEqual(set(self.env["distrib.channel.call"].search([]).mapped("state")), {"sent"})

    def test_another_currency_is_a_problem_that_someone_sees(self):
        other = "JPY" if self.env.company.currency_id.name != "JPY" else "EUR"
        self.fake.place("1", at=self.at(10), currencyCode=other)
        self.pull()
        self.assertFalse(self.orders())
        self.assertEqual(self.messages("1").state, "failed")

    def test_an_expired_token_is_renewed_and_kept(self):
        self.fake.place("1", at=self.at(10), currencyCode=self.env.company.currency_id.name)
        self.fake.expire()
        self.pull()
        self.assertEqual(len(self.orders()), 1)
        self.assertEqual(self.channel._secret("access_token"), "shpat_2")

    def test_settings_of_the_shop_are_what_the_client_goes_by(self):
        channel = self.channel.with_user(self.users["channel_manager"])
        channel.write({"shopify_skip_test": True, "shopify_location": "2"})
        self.assertEqual(channel._client().account.options, {"skip_test": True, "location": "2"})
        self.fake.place("1", at=self.at(10), test=True, currencyCode=self.env.company.currency_id.name)
        self.pull()
        self.assertFalse(self.orders())
        channel.shopify_skip_test = False
        self.assertEqual(channel.platform_options, {"location": "2"})
        self.pull()
        self.assertEqual(len(self.orders()), 1)

    def test_cancelled_before_it_left(self):
        self.fake.place("1", at=self.at(10), currencyCode=self.env.company.currency_id.name)
        self.pull()
        self.fake.cancel("1", at=self.at(20))
        self.pull()
        self.assertEqual(self.orders().pool_state, "cancelled")

    def test_stock_of_matched_articles_is_set_by_comparison(self):
        self.fake.stock[("51", "1")] = 3
        self.env["distrib.channel.product"].create(
            {"channel_id": self.channel.id, "platform_sku": "51", "product_id": self.product_a.id}
        )
        self.channel.write({"stock_active": True, "warehouse_ids": [(6, 0, self.central.ids)]})
        self.tell_stock()
        self.assertEqual(self.fake.stock, {("51", "1"): 100})


@tagged("post_install", "-at_install")
class TestShopifyCalls(ShopifyCommon, HttpCase):
    def call(self, topic, body, **more):
        headers, raw = self.fake.webhook(topic, body, **more)
        return self.url_open(f"/distrib/push/{self.channel.id}", data=raw, headers=headers)

    def test_paid_may_come_before_created_and_each_more_than_once(self):
        self.fake.place("1", at=self.at(10), currencyCode=self.env.company.currency_id.name)
        for topic, event in (("orders/paid", "e2"), ("orders/create", "e1"), ("orders/paid", "e2")):
            self.assertEqual(self.call(topic, {"id": 1, "topic": topic}, event=event).status_code, 200)
        self.read()
        self.assertEqual(self.orders().channel_order_ref, "1")
        self.assertEqual(len(self.messages("1")), 1)
        pushes = self.env["distrib.inbox.message"].search([("channel_id", "=", self.channel.id), ("kind", "=", "push")])
        self.assertEqual(len(pushes), 2, "the repetition is the one that is there")

    def test_a_wrong_signature_is_refused(self):
        self.fake.place("1", at=self.at(10))
        self.assertEqual(self.call("orders/paid", {"id": 1}, secret="guess").status_code, 401)
        self.read()
        self.assertFalse(self.orders())

    def test_the_token_is_not_in_what_is_kept(self):
        headers, raw = self.fake.webhook("orders/paid", {"id": 1})
        headers["X-Shopify-Access-Token"] = "hidden"
        self.url_open(f"/distrib/push/{self.channel.id}", data=raw, headers=headers)
        push = self.env["distrib.inbox.message"].search([("channel_id", "=", self.channel.id), ("kind", "=", "push")])
        self.assertNotIn("hidden", json.dumps(push.headers))
        self.assertIn("X-Shopify-Event-Id", json.dumps(push.headers))

    def test_a_buyer_abroad_keeps_the_country(self):
        place = address(
            countryCodeV2="US", province="California", city="Cupertino", address1="1 Infinite Loop", zip="95014"
        )
        self.fake.place("1", at=self.at(10), shippingAddress=place, currencyCode=self.env.company.currency_id.name)
        self.pull()
        shipping = self.orders().partner_shipping_id
        self.assertEqual((shipping.country_id.code, shipping.state_id.code, shipping.city), ("US", "CA", "Cupertino"))
