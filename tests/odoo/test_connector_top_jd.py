"""Taobao, Tmall and JD all the way: asked for, read, pooled, changed, shipped, stock told, counted."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from odoo import fields
from odoo.addons.distrib_orders.connectors.client import Client
from odoo.addons.distrib_orders.models.channel_outbox import Outbound
from odoo.addons.distrib_orders.tests.common import OrdersCommon
from odoo.exceptions import AccessError
from odoo.tests import Form, mute_logger, tagged

from tests.fakes import jd, top
from tests.fakes.server import Fault

PULL = "odoo.addons.distrib_orders.models.channel_pull"


class ShopCommon(OrdersCommon):
    platform = fake_type = keys = None
    options = {}
    codes = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for product in (cls.product_a, cls.product_b):
            cls.add_stock(product, cls.central, 100)
        cls.channel.write({"platform": cls.platform, "app_key": cls.keys.KEY, "warehouse_ids": cls.central.ids})
        cls.channel.write({"app_secret": cls.keys.SECRET, "access_token": "first", "refresh_token": "again"})
        cls.env["distrib.channel.carrier"].create(
            [{"platform": cls.platform, "carrier": ours, "code": theirs} for ours, theirs in cls.codes.items()]
        )
        cls.calls = cls.env["distrib.channel.call"]

    def setUp(self):
        super().setUp()
        self.fake = self.enterContext(self.fake_type())
        self.channel.platform_url = self.fake.url
        self.channel.platform_options = {"oauth_url": f"{self.fake.url}/oauth2/refresh_token"}
        self.channel.pull_cursor = fields.Datetime.now() - timedelta(hours=2)
        self.channel.pull_refunds_cursor = self.channel.pull_cursor
        self.parcels = {}
        self.patch(self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: 60.0)
        pickings = self.registry["stock.picking"]
        self.patch(pickings, "_outbound_parcels", lambda picking: self.parcels.get(picking.id, []))

    @contextmanager
    def ago(self, minutes):
        """What happens inside happened some minutes ago: the platform's lists have it by now."""
        self.fake.clock.move(-60 * minutes)
        yield self.fake
        self.fake.clock.move(60 * minutes)

    def pull(self):
        """Ask for the last two hours and read what came; the order."""
        self.channel.pull_cursor = fields.Datetime.now() - timedelta(hours=2)
        self.channel.pull_refunds_cursor = self.channel.pull_cursor
        count = self.channel._pull()
        self.env["distrib.inbox.message"]._cron_process()
        return count

    def orders(self):
        return self.env["sale.order"].search([("channel_id", "=", self.channel.id)], order="channel_order_ref")

    def line(self, order, product):
        return order.order_line.filtered(lambda line: line.product_id == product)

    def deliver(self, picking, tracking, carrier="sf", quantities=None):
        for move in picking.move_ids:
            move.quantity = move.product_uom_qty if quantities is None else quantities.get(move.product_id, 0)
            move.picked = True
        self.parcels[picking.id] = [Outbound(number, carrier) for number in tracking.split(",")]
        picking.with_context(skip_backorder=True, picking_ids_not_to_backorder=[])._action_done()
        return self.calls.search([("picking_id", "=", picking.id)])

    def send(self):
        self.calls.search([("state", "in", ("waiting", "unknown"))]).write(
            {"next_at": fields.Datetime.now() - timedelta(seconds=1)}
        )
        self.calls._cron_send()

    def map(self, number, item, product, **values):
        return self.env["distrib.channel.product"].create(
            {
                "channel_id": self.channel.id,
                "platform_sku": number,
                "platform_item": item,
                "product_id": product.id,
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestTop(ShopCommon):
    platform, fake_type, keys = "top", top.FakeTop, top
    codes = {"sf": "SF", "yto": "YTO"}

    def place(self, tid="100", *lines, **values):
        lines = lines or (
            {"price": "30.00", "num": 2, "divide_order_fee": "50.00"},
            {"price": "20.00", "outer_sku_id": "NOODLE"},
            {"price": "0.00", "outer_sku_id": "NOODLE"},
        )
        with self.ago(30):
            self.fake.place(tid, *lines, **values)
            self.fake.pay(tid)

    def test_a_trade_enters_the_pool_with_its_money_and_receiver(self):
        self.place(post_fee="6.00", buyer_message="早点发货", seller_memo="老客户")
        self.assertEqual(self.pull(), 1)
        order = self.orders()
        self.assertEqual((order.channel_order_ref, order.platform_status, order.pool_payment), ("100", "open", "paid"))
        self.assertEqual((order.buyer_note, order.seller_note), ("早点发货", "老客户"))
        self.assertEqual((order.channel_paid, order.channel_freight, order.channel_discount), (76.0, 6.0, 10.0))
        self.assertEqual(self.line(order, self.product_a).channel_paid, 50.0)
        self.assertEqual(self.line(order, self.product_b).mapped("channel_gift"), [False, True])
        self.assertEqual(sum(order.order_line.mapped("channel_paid")), 76.0)
        self.assertTrue(order.receiver_masked)
        self.assertEqual((order.privacy_id, order.merge_key), ("oaid-100", "oaid-100"))
        region = order.partner_shipping_id.distrib_region_id
        self.assertEqual(region.code[:2], "31", "routed by the clear part of the address")
        self.assertEqual(self.pull(), 0, "nothing comes twice")
        order._route()
        self.assertEqual((order.pool_state, order.state), ("routed", "sale"))

    def test_an_unpaid_trade_waits_and_is_released_by_its_payment(self):
        with self.ago(30):
            self.fake.place("100", {"price": "10.00"})
        self.pull()
        order = self.orders()
        self.assertEqual((order.pool_state, order.pool_payment), ("held", "unpaid"))
        with self.ago(20):
            self.fake.pay("100")
        self.pull()
        self.assertEqual((order.pool_state, order.pool_payment), ("to_route", "paid"))

    def test_a_hold_of_the_platform_comes_and_goes(self):
        self.place()
        with self.ago(25):
            self.fake.change("100", status="PAID_FORBID_CONSIGN", team_buy_hold=1)
        self.pull()
        order = self.orders()
        self.assertEqual((order.pool_state, order.hold_code), ("held", "platform"))
        with self.ago(20):
            self.fake.change("100", status="WAIT_SELLER_SEND_GOODS", team_buy_hold=0)
        self.pull()
        self.assertEqual(order.pool_state, "to_route")

    def test_a_hidden_receiver_stays_the_same_in_each_version(self):
        self.place()
        self.pull()
        order = self.orders()
        order._route()
        before, pickings = order.partner_shipping_id, order.picking_ids
        with self.ago(20):
            self.fake.change("100", seller_memo="加急")
        self.pull()
        self.assertEqual(order.seller_note, "加急")
        self.assertEqual((order.partner_shipping_id, order.picking_ids), (before, pickings), "nothing was routed again")
        self.assertFalse(order.pool_alert)

    def test_orders_with_one_oaid_go_in_one_parcel(self):
        self.place("100", {"price": "10.00"}, oaid="same")
        self.place("101", {"price": "10.00"}, oaid="same")
        self.place("102", {"price": "10.00"}, oaid="other")
        self.pull()
        one, two, three = self.orders()
        one.with_user(self.clerk).action_pool_merge()
        self.assertEqual(one.merged_order_ids, two)
        self.assertFalse(three.merge_reference_id)

    def test_an_address_changed_after_routing_moves_the_delivery(self):
        self.place()
        self.pull()
        order = self.orders()
        order._route()
        with self.ago(20):
            place = {"receiver_state": "江苏省", "receiver_city": "苏州市", "receiver_district": "姑苏区"}
            self.fake.change("100", **place, oaid="oaid-new", lm="1")
        self.pull()
        self.assertEqual(order.privacy_id, "oaid-new")
        self.assertEqual(order.picking_ids.partner_id.distrib_region_id, self.region("320500"))

    def test_a_refund_of_one_line_holds_and_then_takes_it_off(self):
        self.place()
        self.pull()
        order = self.orders()
        with self.ago(25):
            self.fake.refund("100", "10002")
        self.pull()
        self.assertEqual((order.pool_state, order.hold_code), ("held", "refund"))
        with self.ago(20):
            self.fake.refund("100", "10002", "SUCCESS")
        self.pull()
        self.assertEqual(order.pool_state, "to_route")
        sold = order.order_line.filtered(lambda line: line.channel_line_ref == "10002" and line.product_uom_qty)
        self.assertFalse(sold)
        self.assertEqual(self.line(order, self.product_a).product_uom_qty, 2)

    def test_a_trade_closed_after_routing_is_cancelled(self):
        self.place()
        self.pull()
        order = self.orders()
        order._route()
        with self.ago(20):
            self.fake.cancel("100")
        self.pull()
        self.assertEqual((order.pool_state, order.picking_ids.state), ("cancelled", "cancel"))

    def test_parts_are_confirmed_line_by_line_and_a_lost_reply_once(self):
        self.place()
        self.pull()
        order = self.orders()
        order._route()
        first = order.picking_ids
        self.deliver(first, "SF1", quantities={self.product_a: 2})
        self.patch(Client, "pause", lambda *args: 0)
        self.fake.fail(Fault("lost", "taobao.logistics.online.send"))
        self.send()
        self.assertEqual(self.fake.sent, [("100", "SF1", ("10001",))])
        call = self.deliver(order.picking_ids - first, "YT2", "yto")
        self.send()
        self.assertEqual(self.fake.sent[1:], [("100", "YT2", ("10002", "10003"))])
        self.assertEqual(call.state, "sent")
        with self.ago(0):
            self.assertEqual(self.fake.trades["100"]["status"], "WAIT_BUYER_CONFIRM_GOODS")

    def test_a_whole_order_is_confirmed_whole(self):
        self.place()
        self.pull()
        order = self.orders()
        order._route()
        call = self.deliver(order.picking_ids, "SF1")
        self.send()
        self.assertEqual((call.state, call.error), ("sent", False))
        self.assertEqual(self.fake.sent, [("100", "SF1", ("10001", "10002", "10003"))])
        self.assertNotIn("is_split", self.fake.asked[-1])

    def test_a_session_that_ends_between_two_pages_is_renewed(self):
        for at in range(120):
            with self.ago(40):
                self.fake.place(str(1000 + at), {"price": "10.00"})
        pages = iter(range(100))
        self.fake.between = lambda: self.fake.expire() if next(pages) == 1 else None
        self.pull()
        self.assertEqual(len(self.orders()), 120)
        self.assertIn(self.channel._secret("access_token"), self.fake.sessions)
        self.assertFalse(self.channel.connection_error)

    @mute_logger(PULL)
    def test_a_session_that_cannot_be_renewed_calls_the_manager(self):
        self.fake.expire()
        self.fake.refresh_tokens = {}
        self.pull()
        self.assertTrue(self.channel.activity_ids)
        self.assertTrue(self.channel.connection_error)

    @mute_logger(PULL)
    def test_a_days_limit_is_left_alone_until_it_is_over(self):
        self.fake.fail(top.limited("app-access-count"))
        self.channel._pull()
        self.assertGreater(self.channel.pull_after, fields.Datetime.now())
        self.assertFalse(self.channel.activity_ids, "waiting mends it")

    def test_stock_is_told_by_listing(self):
        self.channel.stock_active = True
        self.map("8001", "7001", self.product_a)
        self.map("8002", "7001", self.product_b)
        self.channel._tell_stock()
        self.assertEqual(self.fake.stock, {("7001", "8001"): 100, ("7001", "8002"): 100})
        self.place("100", {"price": "10.00", "num": 7})
        self.pull()
        self.channel.action_tell_stock()
        self.assertEqual(self.fake.stock["7001", "8001"], 93)

    def test_a_trade_that_no_list_showed_is_found_by_the_count(self):
        with self.ago(60 * 24):
            self.fake.place("55", {"price": "10.00"})
            self.fake.pay("55")
            day = datetime.fromtimestamp(self.fake.clock(), UTC) + timedelta(hours=8)
        self.assertEqual(self.pull(), 0)
        self.channel._count(day.date())
        count = self.env["distrib.channel.count"].search([("channel_id", "=", self.channel.id)])
        self.assertEqual((count.theirs, count.ours, count.fetched, count.state), (1, 1, 1, "equal"))
        self.assertEqual(self.orders().channel_order_ref, "55")

    def test_what_a_manager_reads_when_the_account_is_wrong(self):
        self.channel.app_secret = "guessed"
        found = self.channel.with_user(self.users["channel_manager"]).action_test_connection()
        self.assertEqual(found["params"]["type"], "danger")
        self.assertIn("签名", found["params"]["message"])


@tagged("post_install", "-at_install")
class TestJd(ShopCommon):
    platform, fake_type, keys = "jd", jd.FakeJd, jd
    codes = {"sf": "467", "yto": "463"}

    def place(self, number="200", *items, **values):
        items = items or (
            {"skuId": "7", "jdPrice": "30.00", "itemTotal": "2"},
            {"skuId": "8", "jdPrice": "20.00", "outerSkuId": "NOODLE"},
            {"skuId": "8", "jdPrice": "0.00", "outerSkuId": "NOODLE"},
        )
        with self.ago(30):
            self.fake.place(number, *items, **values)

    def routed(self, number="200"):
        self.place(number)
        self.pull()
        order = self.orders().filtered(lambda o: o.channel_order_ref == number)
        order._route()
        return order

    def test_an_order_enters_the_pool_with_its_money_and_receiver(self):
        self.place(sellerDiscount="8.00", orderSellerPrice="72.00", freightPrice="6.00", orderPayment="70.80")
        self.assertEqual(self.pull(), 1)
        order = self.orders()
        self.assertEqual((order.channel_paid, order.channel_freight), (70.8, 6.0))
        self.assertEqual((order.channel_discount, order.channel_platform_discount), (8.0, 7.2))
        self.assertEqual(self.line(order, self.product_a).channel_paid, 48.6)
        self.assertEqual(self.line(order, self.product_b).mapped("channel_gift"), [False, True])
        self.assertEqual(round(sum(order.order_line.mapped("channel_paid")), 2), 70.8)
        self.assertEqual(order.partner_shipping_id.distrib_region_id, self.region("440300"))
        self.assertEqual(order.partner_shipping_id.street, "科技路2号")
        self.assertEqual((order.pool_state, order.privacy_id), ("to_route", "200"))

    def test_a_wish_to_cancel_locks_and_a_refusal_unlocks(self):
        order = self.routed()
        with self.ago(20):
            self.fake.refund("200")
        self.pull()
        self.assertEqual(self.messages("200").mapped("kind"), ["order", "order", "refund"])
        self.assertEqual(order.hold_code, "platform")
        with self.ago(15):
            self.fake.refund("200", 2)
        self.pull()
        self.assertFalse(order.hold_code)
        with self.ago(10):
            self.fake.refund("200", 3)
        self.pull()
        self.assertEqual(order.pool_state, "cancelled")

    def test_jd_is_told_once_when_all_has_left(self):
        order = self.routed()
        first = order.picking_ids
        early = self.deliver(first, "SF1", quantities={self.product_a: 2})
        self.send()
        self.assertFalse(self.fake.sent)
        self.assertEqual((early.state, early.missing), ("waiting", "rest"))
        late = self.deliver(order.picking_ids - first, "YT2,YT3", "yto")
        self.patch(Client, "pause", lambda *args: 0)
        self.fake.fail(Fault("lost", "jingdong.pop.order.shipment"))
        self.send()
        self.assertEqual(self.fake.sent, [("200", "467|463", "SF1|YT2,YT3")])
        self.assertEqual((early | late).mapped("state"), ["sent", "sent"])
        self.assertEqual(self.channel._client().shipped("200"), {"SF1", "YT2", "YT3"})
        self.send()
        self.assertEqual(
            self.fake.count("jingdong.pop.order.shipment"), 2, "the one that was lost, and the one that said so"
        )

    def test_deliveries_that_leave_together_are_told_together(self):
        order = self.routed()
        first = order.picking_ids
        self.deliver(first, "SF1", quantities={self.product_a: 2})
        self.deliver(order.picking_ids - first, "SF2")
        self.send()
        self.assertEqual(self.fake.sent, [("200", "467", "SF1,SF2")])

    def test_what_never_leaves_is_not_waited_for(self):
        order = self.routed()
        first = order.picking_ids
        early = self.deliver(first, "SF1", quantities={self.product_a: 2})
        self.send()
        (order.picking_ids - first).action_cancel()
        self.send()
        self.assertEqual(self.fake.sent, [("200", "467", "SF1")])
        self.assertEqual(early.state, "sent")

    def test_a_number_that_is_lacking_keeps_the_others_waiting(self):
        order = self.routed()
        first = order.picking_ids
        early = self.deliver(first, "", quantities={self.product_a: 2})
        late = self.deliver(order.picking_ids - first, "SF2")
        self.send()
        self.assertFalse(self.fake.sent)
        self.assertEqual((early.missing, late.missing), ("tracking", "rest"))
        early.write({"tracking": "SF1", "carrier": "sf"})
        self.send()
        self.assertEqual(self.fake.sent, [("200", "467", "SF1,SF2")])
        self.assertEqual((early | late).mapped("state"), ["sent", "sent"])

    def test_what_the_client_has_to_know_is_a_field(self):
        manager = self.users["channel_manager"]
        before = dict(self.channel.platform_options)
        with Form(self.channel.with_user(manager)) as form:
            form.jd_encrypted = True
            form.jd_stock_method = "jingdong.ware.stock.sku.set"
        wanted = {**before, "encrypted": True, "stock_method": "jingdong.ware.stock.sku.set"}
        self.assertEqual(self.channel.platform_options, wanted, "what else was there stays")
        with self.assertRaises(AccessError):
            self.channel.with_user(self.clerk).read(["jd_encrypted"])
        self.place()
        self.pull()
        self.assertTrue(self.fake.count("jingdong.pop.order.enSearch"))
        order = self.orders()
        self.assertTrue(order.receiver_masked)
        self.assertNotIn("cipher", str(order.partner_shipping_id.read(["name", "street", "phone"])))
        self.assertEqual(order.partner_shipping_id.distrib_region_id, self.region("440300"))

    def test_a_token_that_ends_is_renewed(self):
        self.place()
        self.fake.expire()
        self.assertEqual(self.pull(), 1)
        self.assertIn(self.channel._secret("access_token"), self.fake.tokens)

    def test_stock_is_told_article_by_article(self):
        self.channel.stock_active = True
        self.map("7", "901", self.product_a)
        self.map("8", "902", self.product_b)
        self.fake.gone = {"8"}
        self.channel._tell_stock()
        self.assertEqual(self.fake.stock, {"7": 100})
        refused = self.channel.stock_ids.filtered("error")
        self.assertEqual((refused.platform_sku, refused.error), ("8", "sku已下架"))

    def test_an_order_that_no_list_showed_is_found_by_the_count(self):
        with self.ago(60 * 24):
            self.fake.place("55")
            day = datetime.fromtimestamp(self.fake.clock(), UTC) + timedelta(hours=8)
        self.assertEqual(self.pull(), 0)
        self.channel._count(day.date())
        count = self.env["distrib.channel.count"].search([("channel_id", "=", self.channel.id)])
        self.assertEqual((count.theirs, count.ours, count.fetched, count.state), (1, 1, 1, "equal"))
