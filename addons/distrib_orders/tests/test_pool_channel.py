"""What platforms say of orders: articles, payment, holds, changes, money. Payloads are in the suite's own words."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import SHENZHEN
from .pool_common import PoolCommon


@tagged("post_install", "-at_install")
class TestArticles(PoolCommon):
    def test_unknown_article_is_noted_and_its_match_releases_every_order(self):
        lines = [self.line("", 2, line_id="1", platform_sku="991", title="Tea gift box", price_unit=8)]
        first, second = (self.take(f"P-{i}", lines) for i in (1, 2))
        self.assertEqual((first.hold_code, second.hold_code), ("unmatched", "unmatched"))
        self.assertIn("991", first.hold_reason)
        self.assertIn("Tea gift box", first.order_line.name)
        article = first.order_line.channel_product_id
        self.assertEqual((article.state, article.waiting_count, article.title), ("open", 2, "Tea gift box"))
        article.with_user(self.clerk).write({"product_id": self.product_a.id, "factor": 3})
        self.assertEqual((first | second).mapped("pool_state"), ["to_route", "to_route"])
        self.assertEqual(first.order_line.product_id, self.product_a)
        self.assertEqual(first.order_line.product_uom_qty, 6)
        self.assertEqual(first.amount_total, 16)
        self.assertEqual(self.messages("P-1").state, "done")
        self.assertEqual((article.waiting_count, article.matched_by), (0, "hand"))
        third = self.take("P-3", lines)
        self.assertEqual((third.pool_state, third.order_line.product_id), ("to_route", self.product_a))

    def test_match_by_code_is_kept_under_the_platforms_number(self):
        order = self.take(lines=[self.line("TEA", platform_sku="55", platform_item="5")])
        article = order.order_line.channel_product_id
        self.assertEqual((article.product_id, article.matched_by), (self.product_a, "code"))
        # Found again when the shop has lost the code, and followed when it enters another one.
        again = self.take("P-2", [self.line("", line_id="1", platform_sku="55", platform_item="5")])
        self.assertEqual(again.order_line.product_id, self.product_a)
        other = self.take("P-3", [self.line("NOODLE", platform_sku="55", platform_item="5")])
        self.assertEqual(other.order_line.product_id, self.product_b)
        article.with_user(self.manager).product_id = self.product_a
        by_hand = self.take("P-4", [self.line("NOODLE", platform_sku="55", platform_item="5")])
        self.assertEqual(by_hand.order_line.product_id, self.product_a)

    def test_bundle_shares_out_quantity_and_revenue(self):
        self.product_a.lst_price, self.product_b.lst_price = 30, 10
        article = self.env["distrib.channel.product"].create(
            {
                "channel_id": self.channel.id, "platform_sku": "SET",
                "part_ids": [
                    (0, 0, {"product_id": self.product_a.id, "quantity": 1}),
                    (0, 0, {"product_id": self.product_b.id, "quantity": 3}),
                ],
            }
        )  # fmt: skip
        order = self.take(lines=[self.line("", 2, line_id="7", platform_sku="SET", price_unit=50.01, paid=99.99)])
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [2, 6])
        self.assertEqual(order.order_line.mapped("channel_paid"), [50.0, 49.99])
        self.assertEqual(order.amount_total, 99.99)
        self.assertEqual(set(order.order_line.mapped("channel_bundle")), {"7"})
        self.assertEqual(article.state, "mapped")

    def test_suggestions_and_bulk_accept(self):
        self.product_a.name = "龙井绿茶 250克"
        self.take("P-1", [self.line("", line_id="1", platform_sku="1", title="【旗舰店】龙井绿茶250克 新茶")])
        self.take("P-2", [self.line("no-odle", line_id="1", platform_sku="2", title="?")])
        self.take("P-3", [self.line("", line_id="1", platform_sku="3", title="zzqqxx")])
        articles = self.env["distrib.channel.product"].search([("channel_id", "=", self.channel.id)], order="id")
        self.assertEqual(articles.mapped("suggestion_by"), ["name", "code", False])
        self.assertEqual(articles[:2].mapped("suggestion_id"), self.product_a | self.product_b)
        articles.with_user(self.clerk).action_accept_suggestion()
        self.assertEqual(articles.mapped("state"), ["mapped", "mapped", "open"])
        orders = self.env["sale.order"].search([("channel_id", "=", self.channel.id)], order="id")
        self.assertEqual(orders.mapped("pool_state"), ["to_route", "to_route", "held"])

    def test_import_twice_is_one_article(self):
        columns = ["channel_id/.id", "platform_sku", "product_id", "factor"]
        rows = [[str(self.channel.id), "77", "TEA", "2"]]
        model = self.env["distrib.channel.product"].with_user(self.manager)
        for _time in range(2):
            result = model.load(columns, rows)
            self.assertFalse(result["messages"])
        article = model.search([("channel_id", "=", self.channel.id), ("platform_sku", "=", "77")])
        self.assertEqual((len(article), article.product_id, article.factor), (1, self.product_a, 2))

    def test_roles(self):
        article = self.take(lines=[self.line("", line_id="1", platform_sku="9")]).order_line.channel_product_id
        with self.assertRaises(AccessError):
            article.with_user(self.users["viewer"]).product_id = self.product_a
        with self.assertRaises(AccessError):
            article.with_user(self.clerk).unlink()


@tagged("post_install", "-at_install")
class TestPlatformStatus(PoolCommon):
    def test_unpaid_waits_with_nothing_reserved_until_it_is_paid(self):
        order = self.take(status="unpaid", version="1")
        self.assertEqual((order.hold_code, order.pool_payment), ("unpaid", "unpaid"))
        self.assertFalse(order._route())
        self.assertEqual(self.free(), 50)
        with self.assertRaises(AccessError):
            order.with_user(self.clerk).action_pool_unhold()
        self.submit(self.words(status="open", version="2", paid_at="2026-03-01T10:00:00+08:00"))
        self.assertEqual((order.pool_state, order.pool_payment), ("to_route", "paid"))
        self.assertEqual(str(order.paid_at), "2026-03-01 02:00:00")

    def test_platform_hold_and_presale(self):
        soon = fields.Datetime.now() + timedelta(days=2)
        risk = self.take("P-1", platform_hold="risk")
        self.assertEqual((risk.hold_code, risk.pool_state), ("platform", "held"))
        presale = self.take("P-2", presale={"step": "final_paid", "ship_from": soon.isoformat()})
        self.assertEqual((presale.hold_code, presale.hold_until), ("platform", soon.replace(microsecond=0)))
        deposit = self.take("P-3", presale={"step": "deposit"}, paid=10, lines=[self.line(price_unit=10)])
        self.assertEqual((deposit.hold_code, deposit.pool_payment), ("unpaid", "part"))
        presale.hold_until = fields.Datetime.now() - timedelta(minutes=1)
        with self.enter_registry_test_mode():
            self.env.ref("distrib_orders.cron_pool_time").method_direct_trigger()
        self.assertEqual(presale.pool_state, "to_route")
        self.assertEqual((risk | deposit).mapped("pool_state"), ["held", "held"])

    def test_cancelled_at_each_stage(self):
        never, new, routed, packed, shipped = (f"P-{i}" for i in range(5))
        orders = {number: self.take(number, version="1") for number in (new, routed, packed, shipped)}
        (orders[routed] | orders[packed] | orders[shipped])._route()
        orders[packed].picking_ids.move_ids.picked = True
        self.ship(orders[shipped])
        self.assertEqual(self.free(), 47)
        self.submit(*(self.words(n, status="cancelled", version="2") for n in (never, new, routed, packed, shipped)))
        self.assertEqual([orders[n].pool_state for n in (new, routed, packed, shipped)], ["cancelled"] * 3 + ["done"])
        self.assertEqual(self.free(), 49)
        self.assertEqual(orders[packed].pool_alert, "changed")
        late = orders[shipped]
        self.assertEqual((late.pool_alert, late.order_line.channel_returning), ("cancelled", 1))
        self.assertIn(late.name, late.pool_alert_text)
        pool = self.env["sale.order"].search([("channel_id", "=", self.channel.id)])
        self.assertEqual(len(pool), 5)
        self.assertEqual(pool.filtered(lambda o: o.channel_order_ref == never).state, "cancel")
        late.with_user(self.clerk).action_pool_settle_alert()
        self.assertFalse(late.pool_alert)
        # The same once more changes nothing.
        (again,) = self.submit(self.words(routed, status="cancelled", version="2"))
        self.assertEqual(again["status"], "unchanged")

    def test_refund_before_and_after_shipping(self):
        lines = [self.line("TEA", 3, price_unit=10), self.line("NOODLE", 2, price_unit=5)]
        order = self.take(lines=lines, version="1")
        order._route()
        part = [self.line("TEA", 3, price_unit=10, refund="done", refund_quantity=1), lines[1]]
        self.submit(self.words(lines=part, version="2"))
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [2, 2])
        self.assertEqual((order.amount_total, self.free()), (30, 48))
        self.assertEqual(
            sum(order.picking_ids.move_ids.filtered(lambda m: m.state != "cancel").mapped("product_uom_qty")), 4
        )
        self.ship(order)
        gone = [self.line("TEA", 3, price_unit=10, refund="done", refund_quantity=3), lines[1]]
        (answer,) = self.submit(self.words(lines=gone, version="3"))
        self.assertEqual((answer["status"], order.pool_alert), ("held", "refunded"))
        self.assertEqual(order.order_line[0].channel_returning, 2)
        self.assertEqual(order.order_line[0].product_uom_qty, 2)

    def test_refund_of_everything_cancels(self):
        order = self.take(version="1")
        order._route()
        self.submit(self.words(lines=[self.line(refund="agreed")], version="2"))
        self.assertEqual((order.pool_state, self.free()), ("cancelled", 50))

    def test_refund_asked_for_holds_and_closed_lets_go(self):
        order = self.take(version="1")
        order._route()
        self.submit(self.words(lines=[self.line(refund="requested")], version="2"))
        self.assertEqual((order.pool_state, order.hold_code), ("held", "refund"))
        with self.assertRaises(UserError):
            self.ship(order)
        self.submit(self.words(version="3"))
        self.assertEqual(order.pool_state, "routed")

    def test_refunds_told_apart_from_the_order(self):
        order = self.take(lines=[self.line("TEA", 3, price_unit=10)])
        inbox = self.env["distrib.inbox.message"]
        message = inbox.create(
            {"channel_id": self.channel.id, "external_id": "R-1", "version": "1", "kind": "refund", "body": "{}"}
        )
        words = {"external_id": "P-1", "refund_id": "R-1", "status": "done", "line_id": "TEA", "quantity": 1}
        intake = self.env["distrib.intake"]
        intake._accept_refunds(self.channel, [(message, words)])
        self.assertEqual((order.order_line.product_uom_qty, message.state), (2, "done"))
        intake._accept_refunds(self.channel, [(message, words)])
        self.assertEqual(order.order_line.product_uom_qty, 2)
        order._route()
        later = inbox.create(
            {"channel_id": self.channel.id, "external_id": "R-2", "version": "1", "kind": "refund", "body": "{}"}
        )
        intake._accept_refunds(self.channel, [(later, {**words, "refund_id": "R-2"})])
        self.assertEqual((order.order_line.product_uom_qty, self.free()), (1, 49))
        # The order's next version still knows nothing of them.
        self.submit(self.words(lines=[self.line("TEA", 3, price_unit=10)], version="9", note="ring"))
        self.assertEqual(order.order_line.product_uom_qty, 1)
        stray = inbox.create(
            {"channel_id": self.channel.id, "external_id": "R-3", "version": "1", "kind": "refund", "body": "{}"}
        )
        intake._accept_refunds(self.channel, [(stray, {**words, "external_id": "P-9"})])
        self.assertEqual((stray.state, stray.problems[0]["code"]), ("held", "refund_without_order"))

    def test_changed_address(self):
        self.add_stock(self.product_a, self.regional_south, 5)
        routed, shipped = self.take("P-1", version="1"), self.take("P-2", version="1")
        (routed | shipped)._route()
        self.ship(shipped)
        self.assertEqual(routed.order_line.warehouse_id, self.regional_east)
        self.submit(
            self.words("P-1", address={**SHENZHEN}, version="2"), self.words("P-2", address={**SHENZHEN}, version="2")
        )
        self.assertEqual(routed.partner_shipping_id.city, "深圳市")
        self.assertEqual((routed.pool_state, routed.order_line.warehouse_id), ("routed", self.regional_south))
        live = routed.picking_ids.filtered(lambda p: p.state != "cancel")
        self.assertEqual(live.partner_id, routed.partner_shipping_id)
        self.assertEqual(shipped.pool_alert, "address")
        self.assertNotEqual(shipped.partner_shipping_id.city, "深圳市")

    def test_a_receiver_hidden_later_is_no_new_address(self):
        self.channel.partner_id = self.env["res.partner"].create({"name": "Buyers of the shop"})
        order = self.take("P-1", version="1")
        order._route()
        before = order.partner_shipping_id
        words = self.words("P-1", version="2")
        words["partner"] = {"masked": True}
        self.submit(words)
        self.assertEqual((order.partner_shipping_id, order.pool_alert), (before, False))
        self.assertEqual(order.channel_message_id.version, "2")

    def test_more_than_before_is_for_a_clerk(self):
        order = self.take(version="1", lines=[self.line("TEA", 1, price_unit=10)])
        order._route()
        (answer,) = self.submit(self.words(version="2", lines=[self.line("TEA", 4, price_unit=10)]))
        self.assertEqual((answer["status"], order.pool_alert), ("held", "changed"))
        self.assertIn("1", order.pool_alert_text)
        self.assertIn("4", order.pool_alert_text)
        self.assertEqual(order.order_line.product_uom_qty, 1)

    def test_note_changed_after_confirmation_is_told_to_the_warehouse(self):
        order = self.take(version="1")
        order._route()
        self.submit(self.words(version="2", note="Leave it at the gate"))
        self.assertEqual(order.buyer_note, "Leave it at the gate")
        self.assertIn("gate", order.picking_ids.message_ids[:1].body)

    def test_shipped_outside_is_not_shipped_again(self):
        unknown = self.take("P-1", status="shipped")
        self.assertEqual((unknown.pool_state, unknown.hold_code), ("held", "outside"))
        order = self.take("P-2", version="1")
        order._route()
        self.submit(self.words("P-2", status="shipped", version="2"))
        self.assertEqual((order.pool_alert, order.hold_code), ("outside", "outside"))
        mine = self.take("P-3", version="1")
        mine._route()
        self.ship(mine)
        (answer,) = self.submit(self.words("P-3", status="shipped", version="2"))
        self.assertEqual((answer["status"], mine.pool_alert, mine.platform_status), ("updated", False, "shipped"))

    def test_cancelled_outside_and_back(self):
        order = self.take(version="1")
        self.submit(self.words(status="cancelled", version="2"))
        self.assertEqual(order.pool_state, "cancelled")
        self.submit(self.words(status="open", version="3"))
        self.assertEqual(order.pool_state, "to_route")

    def test_unpaid_may_be_reserved_for_a_while(self):
        self.channel.unpaid_minutes = 30
        order = self.take(status="unpaid", version="1", lines=[self.line("TEA", 5)])
        self.assertEqual((order.pool_state, order.hold_code, self.free()), ("held", "unpaid", 45))
        with self.assertRaises(UserError):
            self.ship(order)
        order.reserve_until = fields.Datetime.now() - timedelta(minutes=1)
        with self.enter_registry_test_mode():
            self.env.ref("distrib_orders.cron_pool_time").method_direct_trigger()
        self.assertEqual((order.state, order.pool_state, self.free()), ("draft", "held", 50))
        paid = self.take("P-2", status="unpaid", version="1")
        self.assertEqual(self.free(), 49)
        self.submit(self.words("P-2", status="open", paid_at="2026-03-01T10:00:00+08:00", version="2"))
        self.assertEqual((paid.pool_state, self.free()), ("routed", 49))
