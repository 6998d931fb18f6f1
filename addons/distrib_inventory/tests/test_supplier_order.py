import io
import json
from unittest.mock import patch
from xmlrpc.client import Fault

import openpyxl
import psycopg2
from lxml import etree
from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .supplier_common import SECRET, SupplierCommon

UBL = "{urn:oasis:names:specification:ubl:schema:xsd:%s-2}%s"


@tagged("post_install", "-at_install")
class TestSupplierQueue(SupplierCommon):
    def test_a_confirmed_order_is_queued_once(self):
        order = self.new_order(confirm=False)
        self.commit()
        self.assertFalse(self.messages(order), "a request for quotation stays here")
        order.button_confirm()
        self.commit()
        message = self.messages(order)
        self.assertEqual((message.state, message.version, message.kind), ("queued", 1, "order"))
        self.assertEqual(message.key, f"{order.name}-{order.id}-v1")
        self.assertEqual(order.distrib_message_state, "queued")
        order.order_line[0].name = "other words"
        order.note = "more words"
        self.commit()
        self.assertEqual(len(self.messages(order)), 1, "nothing that the supplier has to know")
        content = json.loads(message.attachment_ids.raw)
        self.assertEqual(content, message.content)
        self.assertEqual([line["code"] for line in content["lines"]], ["=T-1", ""])
        self.assertEqual(content["lines"][1]["name_zh"], "测试面条")
        self.assertEqual(content["lines"][0]["date"], str(self.day))
        self.assertEqual(content["ship_to"]["warehouse"], "TCEN")

    def test_without_agreement_or_on_a_button_nothing_is_queued(self):
        other = self.env["res.partner"].create({"name": "Other Supplier Ltd", "is_company": True})
        self.assertFalse(self.messages(self.new_order(supplier=other)))
        self.link.send_mode = "button"
        order = self.new_order()
        self.assertFalse(self.messages(order))
        self.assertEqual(order.distrib_to_send, "order")
        order.with_user(self.buyer).action_distrib_send()
        self.assertEqual(self.messages(order).state, "queued")
        self.assertFalse(order.distrib_to_send)
        with self.assertRaisesRegex(UserError, "has this order as it is"):
            order.with_user(self.buyer).action_distrib_send()

    def test_the_agreement_of_the_company_holds_for_its_contacts(self):
        contact = self.env["res.partner"].create({"name": "Sales desk", "parent_id": self.supplier.id})
        self.assertEqual(self.messages(self.new_order(supplier=contact)).link_id, self.link)

    def test_the_reader_s_language_is_no_change(self):
        self.env.ref("uom.product_uom_unit").with_context(lang="zh_CN").name = "个"
        order = self.sent_order()
        reader = order.with_context(lang="zh_CN")
        self.assertEqual(reader.order_line[0].product_uom_id.name, "个")
        self.assertFalse(reader.distrib_to_send)
        self.assertEqual(reader._distrib_digest(), self.messages(order).digest)
        self.supplier.lang = "zh_CN"
        self.assertEqual(self.messages(self.new_order()).content["lines"][0]["unit"], "个")

    def test_a_change_before_it_left_replaces_the_message(self):
        order = self.new_order()
        order.order_line[0].product_qty = 120
        self.commit()
        first, second = self.messages(order)
        self.assertEqual((first.state, second.state, second.kind), ("superseded", "queued", "order"))

    def test_a_change_after_it_left_is_a_change(self):
        order = self.sent_order()
        order.order_line[0].product_qty = 120
        order.order_line[1].price_unit = 4
        self.commit()
        first, second = self.messages(order)
        self.assertEqual((first.state, second.state, second.kind, second.version), ("sent", "queued", "change", 2))
        self.assertEqual([line["quantity"] for line in second.content["lines"]], [120, 100])

    def test_a_change_waits_for_the_version_before(self):
        order = self.new_order()
        first = self.messages(order)
        first._step("take", attempts=1, maybe_taken=True)
        first._step("retry", next_try="2020-01-01")
        order.order_line[0].product_qty = 120
        self.commit()
        due = self.env["distrib.supplier.order"]._due().filtered(lambda m: m.purchase_id == order)
        self.assertEqual(due, first)

    def test_cancelling(self):
        waiting, sent = self.new_order(), self.sent_order()
        (waiting | sent).button_cancel()
        self.commit()
        self.assertEqual(self.messages(waiting).mapped("state"), ["superseded"], "what never left needs no cancelling")
        self.assertEqual(self.messages(sent).mapped("kind"), ["order", "cancel"])
        sent.button_draft()
        sent.button_confirm()
        self.commit()
        self.assertEqual(self.messages(sent)[-1].kind, "change", "the supplier knows the number")

    def test_numbers_of_versions_are_unique(self):
        order = self.new_order()
        values = self.messages(order).copy_data()[0]
        with self.assertRaises(psycopg2.errors.UniqueViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["distrib.supplier.order"].create({**values, "key": "other"})

    def test_a_thousand_orders_without_agreements_cost_nothing(self):
        self.env["distrib.supplier.link"].search([]).method = "none"
        orders = self.env["purchase.order"].browse()
        for _number in range(5):
            orders |= self.new_order(confirm=False)
        orders._distrib_mark()
        orders.state = "purchase"
        self.env.flush_all()
        with self.assertQueryCount(4):
            self.commit()


@tagged("post_install", "-at_install")
class TestSupplierDocuments(SupplierCommon):
    def _sent(self, method, **link):
        self.link.write({"method": method, **link})
        order = self.new_order()
        with patch.object(type(self.env["distrib.supplier.order"]), "_post") as post:
            post.side_effect = AssertionError("no post by mail")
            self.send(order)
        return order, self.messages(order)

    def test_mail_with_pdf_and_excel(self):
        order, message = self._sent("mail")
        self.assertEqual((message.state, message.attempts), ("sent", 1), message.error)
        self.assertTrue(message.answer_due)
        mail = message.mail_message_id
        self.assertEqual(mail.res_id, order.id)
        self.assertIn(self.supplier, mail.notified_partner_ids)
        self.assertEqual({name.rpartition(".")[2] for name in mail.attachment_ids.mapped("name")}, {"pdf", "xlsx"})
        book = openpyxl.load_workbook(io.BytesIO(message._file("xlsx").raw))
        rows = list(book.active.iter_rows(values_only=True))
        self.assertEqual(rows[0][:2], ("Your code", "Our code"))
        self.assertEqual(rows[1][:2], ("=T-1", "TEA"), "text, not a formula")
        self.assertEqual(rows[2][3:10], ("测试面条", "Test Noodles", 100, "Units", 5, 500, str(self.day)))
        self.send(order)
        self.assertEqual(len(order.message_ids.filtered("attachment_ids")), 1, "sent once")

    def test_a_mail_that_comes_back_is_seen(self):
        order, message = self._sent("mail")
        message.mail_message_id.notification_ids.write(
            {"notification_status": "bounce", "failure_reason": "no such box"}
        )
        self.env["distrib.supplier.order"]._check_mails()
        self.assertEqual(message.state, "failed")
        self.assertIn("no such box", message.error)
        self.assertEqual(order.activity_ids.user_id, self.buyer)
        message.with_user(self.buyer).action_resend()
        self.assertFalse(order.activity_ids)
        self.send(order)
        self.assertEqual(message.state, "sent")

    def test_no_mail_address(self):
        self.supplier.email = False
        order, message = self._sent("mail")
        self.assertEqual((message.state, message.problem), ("failed", "no_email"))
        self.assertTrue(order.activity_ids)

    def test_a_document_that_cannot_be_made_is_a_failed_message(self):
        with patch.object(type(self.env["distrib.supplier.order"]), "_make_pdf", side_effect=UserError("no printer")):
            _order, message = self._sent("mail")
        self.assertEqual((message.state, message.problem), ("failed", "not_made"))
        self.assertIn("no printer", message.error)

    def _xml(self, message):
        message._prepare_files()
        return etree.fromstring(message._file("xml").raw)

    def test_ubl_order_change_and_cancellation(self):
        self.link.write({"method": "ubl_http"})
        order = self.sent_order()
        message = self.messages(order)
        root = self._xml(message)
        self.assertEqual(root.tag, UBL % ("Order", "Order"))
        self.assertEqual(root.findtext("{*}ID"), order.name)
        lines = root.findall("{*}OrderLine/{*}LineItem")
        self.assertEqual([line.findtext("{*}ID") for line in lines], [str(line.id) for line in order.order_line])
        self.assertEqual(lines[0].findtext("{*}Item/{*}SellersItemIdentification/{*}ID"), "=T-1")
        self.assertEqual(lines[0].findtext("{*}Delivery/{*}RequestedDeliveryPeriod/{*}StartDate"), str(self.day))
        self.assertEqual([child.tag.rpartition("}")[2] for child in lines[0]][:2], ["ID", "Quantity"])
        order.write(
            {
                "order_line": [
                    Command.update(order.order_line[0].id, {"product_qty": 7}),
                    Command.create({"product_id": self.product_b.id, "product_qty": 1, "price_unit": 1}),
                ]
            }
        )
        self.commit()
        change = self._xml(self.messages(order)[-1])
        self.assertEqual(change.tag, UBL % ("OrderChange", "OrderChange"))
        self.assertEqual(change.findtext("{*}ID"), f"{order.name}-v2")
        self.assertEqual(change.findtext("{*}OrderReference/{*}ID"), order.name)
        codes = [line.findtext("{*}LineStatusCode") for line in change.findall("{*}OrderLine/{*}LineItem")]
        self.assertEqual(codes, ["3", "4", "1"])
        order.button_cancel()
        self.commit()
        cancel = self._xml(self.messages(order)[-1])
        self.assertEqual(cancel.tag, UBL % ("OrderCancellation", "OrderCancellation"))
        self.assertTrue(cancel.findtext("{*}CancellationNote"))
        self.assertFalse(cancel.findall("{*}OrderLine"))

    def test_documents_are_frozen(self):
        file = self.messages(self.new_order()).attachment_ids
        for change in ({"raw": b"x"}, {"res_id": 0}):
            with self.assertRaisesRegex(UserError, "kept as they are"):
                file.write(change)
        with self.assertRaisesRegex(UserError, "kept as they are"):
            file.unlink()


@tagged("post_install", "-at_install")
class TestSupplierRoles(SupplierCommon):
    def test_who_sees_and_who_sends(self):
        order = self.new_order()
        message = self.messages(order)
        message._step("refuse", problem="no_endpoint")
        for role in ("viewer", "order_clerk", "logistics"):
            seen = message.with_user(self.users[role])
            self.assertEqual(seen.read(["state", "error", "purchase_id"])[0]["state"], "failed")
            with self.assertRaises(UserError):
                seen.action_resend()
            with self.assertRaises(AccessError):
                seen.write({"state": "sent"})
            with self.assertRaises(AccessError):
                self.link.with_user(self.users[role]).write({"paused": True})
            with self.assertRaises(AccessError):
                seen.read(["content"])
        for role in ("planner", "manager"):
            with self.assertRaises(AccessError):
                message.with_user(self.users[role]).write({"state": "sent"})
        message.with_user(self.buyer).action_resend()
        self.assertEqual(message.state, "queued")
        with self.assertRaises(AccessError):
            self.link.with_user(self.buyer).write({"paused": True})
        self.link.with_user(self.users["manager"]).paused = True

    def test_other_companies_see_nothing(self):
        order = self.new_order()
        answer = self.answer(order, "acknowledged")
        company = self.env["res.company"].create({"name": "Other Test Company"})
        user = self.new_user("manager", login="test_other_company")
        user.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
        for record in (self.messages(order), answer, self.link):
            self.assertFalse(record.with_user(user).search([("id", "in", record.ids)]), record._name)
            with self.assertRaises(AccessError):
                record.with_user(user).read(["partner_id"])

    def test_a_plain_user_sees_nothing(self):
        plain = self.new_user()
        for model in ("distrib.supplier.order", "distrib.supplier.answer", "distrib.supplier.link"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(plain).search_count([])

    def test_addresses(self):
        for bad in (
            "http://shop.example.com/x",
            "ftp://a",
            "https://",
            "https://me:secret@example.com",
            "//x",
            "https://[x",
        ):
            with self.assertRaises(ValidationError, msg=bad):
                self.link.endpoint = bad
        self.link.endpoint = "https://example.com/orders?x=1"

    def test_home_cards(self):
        def count(key):
            cards = self.env["distrib.home"].with_user(self.buyer).get_cards()
            return next(card["count"] for card in cards if card["key"] == key)

        before = {key: count(key) for key in ("supplier_failed", "supplier_silent")}
        self.messages(self.new_order())._step("refuse")
        self.messages(self.sent_order()).answer_due = "2020-01-01"
        self.assertEqual(
            {key: count(key) - before[key] for key in before}, {"supplier_failed": 1, "supplier_silent": 1}
        )


@tagged("post_install", "-at_install")
class TestSupplierSecret(HttpCase, SupplierCommon):
    """The shared secret goes in and never comes out."""

    def _call(self, login, model, method, *args, **kwargs):
        uid = self.xmlrpc_common.authenticate(self.env.cr.dbname, login, login, {})
        return self.xmlrpc_object.execute_kw(self.env.cr.dbname, uid, login, model, method, args, kwargs)

    def test_nobody_reads_it(self):
        model, ids = "distrib.supplier.link", self.link.ids
        self.assertEqual(self.link._secret("secret"), SECRET)
        self.grant(self.users["manager"], "base.group_allow_export")
        read = self._call("test_manager", model, "read", ids)
        self.assertNotIn(SECRET, str(read))
        self.assertNotIn(
            SECRET, str(self._call("test_manager", model, "export_data", ids, ["id", "secret", "partner_id"]))
        )
        self.assertNotIn(SECRET, str(self._call("test_manager", model, "copy_data", ids)))
        with self.assertRaises(Fault):
            self._call("test_planner", model, "read", ids, ["secret"])
        with self.assertRaises(Fault):
            self._call("admin", "distrib.secret", "search_read", [])
        with self.assertLogs("odoo", "DEBUG") as logs:
            order = self.new_order()
            self.send(order)
        self.assertNotIn(SECRET, str(logs.output))
        message = self.messages(order)
        self.assertNotIn(SECRET, str(message.read()) + str(message.attachment_ids.mapped("raw")))

    def test_it_can_be_replaced_but_not_weak(self):
        self._call(
            "test_manager", "distrib.supplier.link", "write", self.link.ids, {"secret": "a new one, long enough"}
        )
        self.env.invalidate_all()
        self.assertEqual(self.link._secret("secret"), "a new one, long enough")
        with self.assertRaisesRegex(ValidationError, "at least 16"):
            self.link.secret = "short"
        self.link.secret = self.link.KEPT
        self.assertEqual(self.link._secret("secret"), "a new one, long enough")
        self.assertNotIn("long enough", str(self.link.message_ids.mapped("body")))
