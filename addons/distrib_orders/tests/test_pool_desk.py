"""What the order desk does: hold rules, one parcel, splitting, store rejections, money."""

import base64
from datetime import timedelta
from io import BytesIO

import openpyxl
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .pool_common import PoolCommon


@tagged("post_install", "-at_install")
class TestHoldRules(PoolCommon):
    def rule(self, kind, **values):
        return self.env["distrib.hold.rule"].create({"name": f"Rule {kind}", "kind": kind, **values})

    def test_each_rule_holds_what_it_says(self):
        floor = self.env["product.pricelist"].create(
            {
                "name": "Floor",
                "item_ids": [(0, 0, {"compute_price": "fixed", "fixed_price": 5, "applied_on": "3_global"})],
            }
        )
        self.channel.floor_pricelist_id = floor
        self.rule("amount", amount=100)
        self.rule("blacklist", words="13911112222\n某黑名单小区")
        self.rule("address")
        self.rule("floor", risk="high")
        self.rule("remark")
        self.rule("test", amount=0.01)
        held = {
            "amount": self.words("amount", [self.line(price_unit=101)]),
            "blacklist": self.words("blacklist", [self.line(price_unit=9)], address={"phone": "139 1111 2222"}),
            "blacklist_place": self.words("place", [self.line(price_unit=9)], address={"street": "某黑名单小区1号"}),
            "address": self.words("address", [self.line(price_unit=9)], address={"street": "Nowhere 1", "city": "?"}),
            "floor": self.words("floor", [self.line(price_unit=4.5)]),
            "remark": self.words("remark", [self.line(price_unit=9)], note="Ring"),
            "test": self.words("test", [self.line(price_unit=9)], seller_note="测试单"),
        }
        free = self.words("free", [self.line(price_unit=9), self.line("NOODLE", price_unit=0, gift=True)])
        answers = self.submit(*held.values(), free)
        for name, answer in zip(held, answers, strict=False):
            order = self.order_of(answer)
            self.assertEqual((order.hold_code, order.pool_state), ("rule", "held"), name)
            self.assertIn(f"Rule {name.split('_')[0]}", order.hold_reason)
        self.assertEqual(answers[-1]["pool_state"], "to_route")
        self.assertEqual(self.order_of(answers[4]).pool_risk, "high")

    def test_duplicate_is_held_and_the_first_one_not(self):
        self.rule("duplicate", hours=24)
        at = {"ordered_at": "2026-03-01T10:00:00+08:00"}
        first, second = self.submit(self.words("D-1", **at), self.words("D-2", **at))
        self.assertEqual((first["pool_state"], second["pool_state"]), ("to_route", "held"))
        later = self.take("D-3", ordered_at="2026-03-02T09:00:00+08:00")
        self.assertIn(self.order_of(second).name, later.hold_reason)
        other_day = self.take("D-5", ordered_at="2026-03-09T10:00:00+08:00")
        self.assertEqual(other_day.pool_state, "to_route")
        other_goods = self.take("D-6", [self.line("TEA", 2)], **at)
        self.assertEqual(other_goods.pool_state, "to_route")

    def test_what_a_clerk_let_pass_is_not_held_again(self):
        self.rule("remark")
        order = self.take(note="Ring", version="1", status="unpaid")
        self.assertEqual(order.hold_code, "unpaid")
        self.submit(self.words(note="Ring", version="2"))
        self.assertEqual(order.hold_code, "rule")
        order.with_user(self.clerk).action_pool_unhold()
        self.submit(self.words(note="Ring twice", version="3"))
        self.assertEqual((order.hold_code, order.buyer_note), (False, "Ring twice"))

    def test_one_reason_after_the_other(self):
        self.rule("remark")
        order = self.take(note="Ring", platform_hold="locked")
        self.assertEqual(order.hold_code, "platform")
        order.with_user(self.manager).action_pool_unhold()
        self.assertEqual((order.hold_code, order.pool_state), ("rule", "held"))
        order.with_user(self.manager).action_pool_unhold()
        self.assertEqual(order.pool_state, "to_route")

    def test_rules_are_complete_and_kept_with_their_history(self):
        with self.assertRaises(ValidationError):
            self.rule("blacklist")
        rule = self.rule("amount", amount=100).with_context(tracking_disable=False)
        with self.assertRaises(AccessError):
            rule.with_user(self.clerk).amount = 1
        rule.with_user(self.manager).amount = 200
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertIn(200, rule.message_ids.tracking_value_ids.mapped("new_value_float"))

    def test_rules_cost_no_query_for_each_order(self):
        for kind in ("amount", "remark", "duplicate", "address"):
            self.rule(kind, amount=1e9)

        def count(start, number):
            orders = [
                self.words(f"Q-{i}", address={"street": "世纪大道1号", "phone": f"1370000{i:04}"}, note="x")
                for i in range(start, start + number)
            ]
            messages, _again = self.env["distrib.inbox.message"]._store(self.channel, orders)
            jobs = [(message, message._read()[0]) for message in messages]
            intake = self.env["distrib.intake"]
            articles = intake._articles(self.channel, [line for _m, order in jobs for line in order.lines])
            buyers = self.env["distrib.intake.partner"]._buyers(self.channel, [order for _m, order in jobs])
            none = self.env["sale.order"]
            plans = [intake._plan(self.channel, m, none, order, articles, buyers)[0] for m, order in jobs]
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            intake._add_holds(self.channel, plans)
            return self.env.cr.sql_log_count - before

        count(0, 2)
        self.assertLessEqual(count(100, 50), count(200, 5) + 2)


@tagged("post_install", "-at_install")
class TestParcels(PoolCommon):
    def three(self, **values):
        return [self.take(f"M-{i}", merge_key="K1", version="1", **values) for i in range(3)]

    def test_routed_orders_share_one_transfer_and_part_again(self):
        a, b, c = self.three()
        orders = a | b | c
        self.assertEqual(orders.mapped("merge_candidate"), [True] * 3)
        mergeable = [("merge_candidate", "=", True), ("channel_id", "=", self.channel.id)]
        self.assertEqual(
            self.env["sale.order"].search(mergeable),
            c | b | a,
        )
        orders._route()
        self.assertEqual(len(orders.picking_ids), 3)
        a.with_user(self.clerk).action_pool_merge()
        self.assertEqual(len(orders._deliveries()), 1)
        self.assertEqual(a.merged_order_ids, b | c)
        self.assertFalse(orders.filtered("merge_candidate"))
        c.with_user(self.clerk).action_pool_unmerge()
        self.assertEqual(len(orders._deliveries()), 2)
        self.assertEqual((c._deliveries().state, c.pool_state), ("assigned", "routed"))
        self.ship(a)
        self.assertEqual((a.pool_state, b.pool_state, c.pool_state), ("done", "done", "routed"))
        self.assertEqual((a.channel_order_ref, b.channel_order_ref), ("M-0", "M-1"))

    def test_merged_before_routing(self):
        a, b, c = self.three()
        (a | b).with_user(self.clerk).action_pool_merge()
        (a | b | c)._route()
        self.assertEqual(len((a | b)._deliveries()), 1)
        self.assertNotEqual(c._deliveries(), a._deliveries())

    def test_cancel_from_the_platform_leaves_the_others_goods(self):
        a, b, c = self.three()
        (a | b | c)._route()
        (a | b | c).action_pool_merge()
        self.submit(self.words("M-0", merge_key="K1", status="cancelled", version="2"))
        self.assertEqual((a.pool_state, b.pool_state), ("cancelled", "routed"))
        self.assertEqual(self.free(), 48)
        self.ship(b)
        self.assertEqual((b.pool_state, c.pool_state), ("done", "done"))
        self.assertFalse(a.order_line.qty_delivered)

    def test_what_does_not_go_together(self):
        a, b, _c = self.three()
        other = self.take("M-9", merge_key="K2")
        with self.assertRaises(UserError):
            (a | other).action_pool_merge()
        b.action_pool_hold("wait")
        with self.assertRaises(UserError):
            (a | b).action_pool_merge()
        with self.assertRaises(UserError):
            other.action_pool_merge()
        with self.assertRaises(AccessError):
            a.with_user(self.users["logistics"]).action_pool_merge()

    def test_all_candidates_at_once(self):
        a, b, c = self.three()
        other = self.take("M-9", merge_key="K2")
        self.assertEqual(self.env["sale.order"].with_user(self.clerk).action_pool_merge_all(), 1)
        self.assertEqual(len((a | b | c).merge_reference_id), 1)
        self.assertFalse(other.merge_reference_id)

    def test_split_by_lines(self):
        lines = [self.line("TEA", 3, price_unit=10, paid=29.99), self.line("NOODLE", 2, price_unit=5)]
        order = self.take(lines=lines, version="1", ship_by="2026-03-02T10:00:00+08:00")
        order._route()
        action = order.with_user(self.clerk).action_open_split_wizard()
        form = Form(self.env[action["res_model"]].with_user(self.clerk).browse(action["res_id"]))
        with form.line_ids.edit(0) as row:
            row.quantity = 1
        part = self.env["sale.order"].browse(form.save().action_split()["res_id"])
        self.assertEqual((round(order.amount_total + part.amount_total, 2), part.split_from_id), (39.99, order))
        self.assertEqual((order.pool_state, part.pool_state, part.ship_by), ("routed", "routed", order.ship_by))
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [2, 2])
        # The platform still knows one order: a refund reaches the part, a cancellation both.
        lines[0] |= {"refund": "done", "refund_quantity": 1}
        self.submit(self.words(lines=lines, version="2"))
        self.assertEqual(part.order_line.product_uom_qty, 0)
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [2, 2])
        self.submit(self.words(status="cancelled", version="3"))
        self.assertEqual((order | part).mapped("pool_state"), ["cancelled"] * 2)
        self.assertEqual(self.free(), 50)

    def test_split_refused(self):
        lines = [self.line("TEA", 1, ship_with="x"), self.line("NOODLE", 1, ship_with="x")]
        order = self.take(lines=lines)
        tea = order.order_line[0]
        for quantities in ({}, {tea: 2}, {tea: 1}, {tea: 1, order.order_line[1]: 1}):
            with self.assertRaises(UserError):
                order._split(quantities)


@tagged("post_install", "-at_install")
class TestStoreRejection(PoolCommon):
    def deny(self, reason):
        self.add_stock(self.product_a, self.regional_south, 5)
        order = self.take(lines=[self.line("TEA", 2)])
        order._route()
        self.assertEqual(order.order_line.warehouse_id, self.regional_east)
        other = self.take("P-2", lines=[self.line("TEA", 1)])
        other._route()
        order._stock_denied(self.regional_east, self.product_a, 49, reason)
        return order, other

    def test_missing_goods_are_counted_off_and_the_order_goes_elsewhere(self):
        order, other = self.deny("missing")
        self.assertEqual((order.pool_state, order.order_line.warehouse_id), ("routed", self.regional_south))
        self.assertEqual(self.position(self.product_a, self.regional_east)["on_hand"], 1)
        self.assertEqual(other.picking_ids.move_ids.state, "assigned")

    def test_damaged_and_mismatched_goods_are_set_aside(self):
        for reason, state in (("damaged", "damaged"), ("mismatch", "disputed")):
            with self.subTest(reason), self.env.cr.savepoint(flush=True) as point:
                order, _other = self.deny(reason)
                self.assertEqual(order.order_line.warehouse_id, self.regional_south)
                place = self.regional_east._state_locations(state)[self.regional_east]
                quants = self.env["stock.quant"].search([("location_id", "=", place.id)])
                self.assertEqual(sum(quants.mapped("quantity")), 49)
                self.assertEqual(self.free(), 0)
                point.rollback()
                self.env.invalidate_all()

    def test_unknown_reason(self):
        with self.assertRaises(UserError):
            self.take()._stock_denied(self.regional_east, self.product_a, 1, "lost")


@tagged("post_install", "-at_install")
class TestMoney(PoolCommon):
    def test_order_is_worth_what_is_owed_to_the_cent(self):
        order = self.take(
            lines=[
                self.line("TEA", 3, price_unit=33.35, discount=0.05),
                self.line("NOODLE", 1, price_unit=19.9),
                self.line("NOODLE", 1, line_id="g", price_unit=19.9, gift=True),
            ],
            freight=6, discount=10, platform_discount=7.77, paid=108.13,
        )  # fmt: skip
        self.assertFalse(order.hold_code)
        self.assertEqual(order.amount_total, 115.9)
        self.assertEqual((order.channel_paid, order.channel_platform_discount), (108.13, 7.77))
        tea, noodle, gift, freight = order.order_line
        self.assertEqual(round(tea.price_total + noodle.price_total, 2), 109.9)
        self.assertEqual((gift.price_total, freight.price_total, freight.product_id.type), (0, 6, "service"))
        tea_revenue = round(tea.channel_paid + tea.channel_platform_discount, 2)
        self.assertEqual(
            (tea.channel_list_price, tea.price_total),
            (33.35, tea_revenue),
        )
        self.assertEqual(round(sum(order.order_line.mapped("channel_paid")), 2), 108.13)

    def test_tax_is_inside_what_the_buyer_pays(self):
        tax = self.env["account.tax"].create({"name": "VAT 13 %", "amount": 13, "type_tax_use": "sale"})
        self.product_a.taxes_id = tax
        self.channel.prices_include_tax = True
        for number, (quantity, paid) in enumerate([(3, 100), (7, 99.99), (1, 0.01), (13, 10.07)]):
            order = self.take(f"T-{number}", [self.line("TEA", quantity, paid=paid)])
            self.assertEqual(order.amount_total, paid)
            self.assertAlmostEqual(order.amount_tax, paid - paid / 1.13, delta=0.011)

    def test_sum_that_does_not_add_up_is_held(self):
        order = self.take(lines=[self.line(price_unit=10)], paid=9)
        self.assertEqual((order.hold_code, order.pool_state), ("price", "held"))
        self.assertIn("-1.00", order.hold_reason)

    def statement(self, text, name="statement.csv", **values):
        content = text if isinstance(text, bytes) else text.encode("gb18030")
        statement = self.env["distrib.settlement"].with_user(self.manager).create(
            {"channel_id": self.channel.id, "file": base64.b64encode(content), "file_name": name, **values}
        )  # fmt: skip
        statement.action_read()
        return statement

    def test_statement_is_held_against_the_orders(self):
        for number, paid in (("A", 100), ("B", 50), ("C", 30), ("D", 20), ("E", 80)):
            self.take(number, [self.line(paid=paid)], paid_at="2026-03-01T12:00:00+08:00")
        text = (
            "支付宝账务明细\n#账号：[test]\n发生时间,商户订单号,业务类型,收入（+元）,支出（-元）,服务费\n"
            "2026-03-01 10:00:00,A\t,在线支付,100.00,,\n"
            "2026-03-01 11:00:00,B,在线支付,49.70,,0.30\n"
            "2026-03-01 11:30:00,C,在线支付,30.00,,\n2026-03-01 12:30:00,C,交易退款,,-10.00,\n"
            "2026-03-01 13:00:00,D,在线支付,18.00,,\n2026-03-01 14:00:00,X,在线支付,7.00,,\n"
            "2026-03-01 15:00:00,,提现,,-150.00,\n2026-03-01 16:00:00,D,在线支付,abc,,\n#共6笔,,,,,\n"
        )
        statement = self.statement(text)
        self.assertEqual((statement.state, statement.bad_count), ("done", 1))
        self.assertIn("abc", statement.message)
        found = {line.order_ref or "": (line.reason, line.difference) for line in statement.line_ids}
        self.assertEqual(
            found,
            {
                "A": ("equal", 0), "B": ("fee", -0.3), "C": ("refund", -10), "D": ("amount", -2),
                "X": ("unknown", 7), "": ("other", 0), "E": ("missing", -80),
            },
        )  # fmt: skip
        self.assertEqual((statement.line_count, statement.difference_count), (6, 5))
        self.assertEqual((statement.received, statement.refunded, round(statement.fee, 2)), (204.7, 10, 0.3))
        with self.assertRaises(AccessError):
            statement.with_user(self.clerk).line_ids.mapped("reason")
        # The next statement brings what was missing; the order counts over both.
        later = self.statement(
            "交易时间,订单号,类型,金额\n2026-03-01 10:00:00,E,支付,80\n2026-03-02 10:00:00,D,支付,2\n"
        )
        self.assertEqual(later.line_ids.mapped("reason"), ["equal", "equal"])

    def test_same_file_twice_and_unknown_columns(self):
        text = "Number,Sum,When\nA,10,2026-03-01\n"
        failed = self.statement(text)
        self.assertEqual(failed.state, "failed")
        self.env["distrib.settlement.column"].create(
            [
                {"channel_id": self.channel.id, "header": "Number", "meaning": "order"},
                {"channel_id": self.channel.id, "header": "Sum", "meaning": "amount"},
            ]
        )
        failed.action_read()
        self.assertEqual((failed.state, failed.line_ids.reason), ("done", "unknown"))
        self.take("A", [self.line(paid=10)])
        failed.action_compare()
        self.assertEqual(failed.line_ids.reason, "equal")
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.statement(text)

    def test_workbook(self):
        book = openpyxl.Workbook()
        for row in (
            ["微信支付账单"],
            ["交易时间", "商户单号", "金额", "手续费"],
            ["2026-03-01 10:00:00", "`A", 10.5, 0.06],
        ):
            book.active.append(row)
        content = BytesIO()
        book.save(content)
        self.take("A", [self.line(paid=10.5)])
        statement = self.statement(content.getvalue(), "wx.xlsx")
        self.assertEqual((statement.line_ids.reason, statement.line_ids.received), ("equal", 10.5))

    def test_payments_of_the_statement_pay_the_invoices(self):
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.env.company.id)], limit=1
        )
        if not journal:
            self.skipTest("no chart of accounts in this database")
        (self.product_a | self.product_b).invoice_policy = "order"
        order = self.take("A", [self.line(paid=100)])
        order._route()
        invoice = order._create_invoices()
        self.assertEqual(invoice.amount_total, 100)
        invoice.action_post()
        self.channel.settlement_journal_id = journal
        statement = self.statement("交易时间,订单号,类型,金额\n2026-03-01 10:00:00,A,支付,100\n").sudo()
        statement.action_register_payments()
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(statement.line_ids.payment_ids.amount, 100)
        statement.action_register_payments()
        self.assertEqual(len(statement.line_ids.payment_ids), 1)


@tagged("post_install", "-at_install")
class TestClock(PoolCommon):
    def test_time_left_to_ship(self):
        now = fields.Datetime.now()
        late, soon, calm = (
            self.take(f"C-{hours}", ship_by=(now + timedelta(hours=hours)).isoformat()) for hours in (-1, 2, 60)
        )
        none = self.take("C-none")
        orders = late | soon | calm | none
        self.assertEqual(orders.mapped("ship_clock"), ["late", "soon", "calm", False])
        self.assertTrue(late.ship_left.startswith("-"))
        for clock, order in (("late", late), ("soon", soon), ("calm", calm)):
            found = self.env["sale.order"].search([("ship_clock", "=", clock), ("id", "in", orders.ids)])
            self.assertEqual(found, order)
        bar = {"field": "ship_clock", "colors": {"late": "danger", "soon": "warning", "calm": "success"}}
        counts = self.env["sale.order"].with_user(self.clerk).read_progress_bar(
            [("id", "in", orders.ids)], "pool_state", bar
        )  # fmt: skip
        self.assertEqual(counts["to_route"], {"late": 1, "soon": 1, "calm": 1})
        soon._action_cancel()
        self.assertFalse(soon.ship_clock)
