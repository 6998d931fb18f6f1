import base64
import json
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.distrib_inventory.models.network_touch import NetworkTouch
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .supplier_common import SupplierCommon

UBL_ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:ID>%s</cbc:ID><cbc:SalesOrderID>S-77</cbc:SalesOrderID><cbc:IssueDate>2026-01-01</cbc:IssueDate>
<cbc:OrderResponseCode>CA</cbc:OrderResponseCode><cac:OrderReference><cbc:ID>%s</cbc:ID></cac:OrderReference>
<cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:LineStatusCode>3</cbc:LineStatusCode>
<cbc:Quantity unitCode="C62">100</cbc:Quantity><cac:Delivery><cac:PromisedDeliveryPeriod>
<cbc:EndDate>%s</cbc:EndDate></cac:PromisedDeliveryPeriod></cac:Delivery></cac:LineItem>
<cac:OrderLineReference><cbc:LineID>%s</cbc:LineID></cac:OrderLineReference></cac:OrderLine></OrderResponse>"""


@tagged("post_install", "-at_install")
class TestSupplierAnswer(SupplierCommon):
    def days(self, lines):
        return [line._distrib_day() for line in lines]

    def test_accepted(self):
        order = self.sent_order()
        found = self.answer(order, "accepted", reference="S-1")
        self.assertEqual((found.state, found.line_ids.ids), ("applied", []))
        message = self.messages(order)
        self.assertEqual((message.state, message.reference, order.partner_ref), ("confirmed", "S-1", "S-1"))
        self.assertFalse(order.activity_ids)

    def test_a_later_day_moves_the_expected_arrival(self):
        order = self.sent_order()
        told = []
        with patch.object(NetworkTouch, "_on_touched", lambda _self, pairs: told.extend(pairs)):
            found = self.answer(order, lines=[(0, {"date": str(self.later(4))})])
        self.assertEqual(found.state, "applied")
        tea, noodles = order.order_line
        self.assertEqual(self.days(tea | noodles), [self.later(4), self.day])
        self.assertEqual(tea.move_ids.date, tea.date_planned, "stock is forecast by the move's date")
        self.assertEqual(tea.move_ids.date_deadline, tea.date_planned)
        self.assertEqual((tea.price_unit, tea.product_qty), (5, 100))
        self.assertIn((self.product_a.id, self.central.id), told)
        self.assertEqual(len(self.messages(order)), 1, "the supplier is not told what he said")
        self.assertEqual(found.line_ids.what, "Date")

    def test_the_forecast_counts_on_the_new_day(self):
        order = self.sent_order()
        self.answer(order, lines=[(0, {"date": str(self.later(30))})])
        product = self.product_a.with_context(warehouse_id=self.central.id)
        until = fields.Datetime.to_datetime(self.later(5))
        self.assertEqual(product.with_context(to_date=until).virtual_available, 0)
        self.assertEqual(
            product.with_context(to_date=fields.Datetime.to_datetime(self.later(31))).virtual_available, 100
        )

    def test_a_quantity_within_the_tolerance(self):
        order = self.sent_order()
        found = self.answer(order, lines=[(0, {"quantity": 96})])
        self.assertEqual((found.state, order.order_line[0].product_qty), ("applied", 96))
        self.assertEqual(order.order_line[0].move_ids.filtered(lambda m: m.state != "cancel").product_uom_qty, 96)
        self.assertEqual(self.days(order.order_line), [self.day] * 2, "core would compute the day anew")
        self.assertEqual(len(self.messages(order)), 1)

    def test_a_quantity_beyond_it_needs_the_buyer(self):
        order = self.sent_order()
        found = self.answer(order, lines=[(0, {"quantity": 50, "date": str(self.later(2))})])
        tea = order.order_line[0]
        self.assertEqual((found.state, tea.product_qty), ("consent", 100))
        self.assertEqual(self.days(tea), [self.later(2)], "the day counts at once")
        activity = order.activity_ids
        self.assertEqual(activity.user_id, self.buyer)
        self.assertIn("100 → 50", activity.note)
        self.assertEqual(order.distrib_open_answer_id, found)
        found.with_user(self.buyer).action_accept()
        self.commit()
        self.assertEqual((found.state, tea.product_qty, found.decided_by_id), ("applied", 50, self.buyer))
        self.assertFalse(order.activity_ids)
        self.assertEqual(len(self.messages(order)), 1)
        with self.assertRaisesRegex(UserError, "decided already"):
            found.with_user(self.buyer).action_accept()

    def test_keeping_our_order_tells_the_supplier(self):
        order = self.sent_order()
        found = self.answer(order, lines=[(0, {"quantity": 50})])
        with self.assertRaisesRegex(UserError, "Only planners"):
            found.with_user(self.users["viewer"]).action_refuse()
        found.with_user(self.buyer).action_refuse()
        self.commit()
        self.assertEqual((found.state, order.order_line[0].product_qty), ("refused", 100))
        second = self.messages(order)[-1]
        self.assertEqual((second.kind, second.version, second.state), ("change", 2, "queued"))

    def test_a_dearer_price_waits_a_lower_one_does_not(self):
        order = self.sent_order()
        found = self.answer(order, lines=[(0, {"price": 5.5}), (1, {"price": 4.5})])
        self.assertEqual((found.state, order.order_line.mapped("price_unit")), ("consent", [5, 4.5]))
        found._decide(True)
        self.commit()
        self.assertEqual(order.order_line.mapped("price_unit"), [5.5, 4.5])
        self.assertEqual(order.order_line[0].move_ids.price_unit, 5.5)

    def test_two_deliveries_are_two_receipts(self):
        order = self.sent_order()
        plan = [{"quantity": 60, "date": str(self.day)}, {"quantity": 40, "date": str(self.later(7))}]
        found = self.answer(order, lines=[(0, {"deliveries": plan})])
        self.assertEqual(found.state, "applied")
        tea = order.order_line.filtered(lambda line: line.product_id == self.product_a)
        self.assertEqual(tea.mapped("product_qty"), [60, 40])
        self.assertEqual(self.days(tea), [self.day, self.later(7)])
        receipts = tea.move_ids.picking_id
        self.assertEqual(len(receipts), 2)
        self.assertEqual(
            receipts.sorted("scheduled_date").mapped(lambda p: p.scheduled_date.date()), [self.day, self.later(7)]
        )
        self.assertEqual(sum(tea.move_ids.filtered(lambda m: m.state != "cancel").mapped("product_uom_qty")), 100)
        self.assertEqual(len(self.messages(order)), 1)
        content = order._distrib_lines()[0]
        self.assertEqual((content["quantity"], len(content["deliveries"])), (100, 2))
        self._put_together_again(order, tea)

    def _put_together_again(self, order, tea):
        """The supplier changes his mind: all on one day; then the first part is received, and a new plan comes."""
        again = self.answer(order, id="again", sequence=1, lines=[(0, {"date": str(self.later(3))})])
        self.assertEqual(again.state, "applied", again.error)
        self.assertEqual(tea.mapped("product_qty"), [100, 0])
        self.assertEqual(self.days(tea[0]), [self.later(3)])
        split = [{"quantity": 30, "date": str(self.day)}, {"quantity": 70, "date": str(self.later(9))}]
        self.answer(order, id="third", sequence=2, lines=[(0, {"deliveries": split})])
        tea = order.order_line.filtered(lambda line: line.product_id == self.product_a and line.product_qty)
        self.assertEqual(sorted(tea.mapped("product_qty")), [30, 70])
        first = tea.filtered(lambda line: line.product_qty == 30)
        self.finish(first.move_ids.filtered(lambda m: m.state not in ("done", "cancel")))
        self.assertEqual(first.qty_received, 30)
        last = self.answer(order, id="last", sequence=3, lines=[(0, {"quantity": 100, "date": str(self.later(20))})])
        self.assertEqual(last.state, "applied", last.error)
        self.assertEqual((first.product_qty, self.days(tea - first)), (30, [self.later(20)]))
        moves = order.order_line.move_ids.filtered(lambda m: m.product_id == self.product_a and m.state != "cancel")
        self.assertEqual(sum(moves.mapped("product_uom_qty")), 100)

    def test_a_rejected_line_and_a_rejected_order(self):
        order = self.sent_order()
        found = self.answer(order, lines=[(1, {"status": "rejected", "note": "out of the range"})])
        self.assertEqual((found.state, found.line_ids.note), ("consent", "out of the range"))
        found._decide(True)
        self.commit()
        self.assertEqual(order.order_line.mapped("product_qty"), [100, 0])
        order = self.sent_order()
        found = self.answer(order, "rejected", id="no")
        self.assertEqual((found.state, self.messages(order).state), ("consent", "rejected"))
        found._decide(True)
        self.commit()
        self.assertEqual(order.state, "cancel")
        self.assertEqual(len(self.messages(order)), 1, "he need not hear that it is cancelled")

    def test_repetitions_and_late_answers(self):
        order = self.sent_order()
        words = {"id": "B", "sequence": 2, "lines": [(0, {"date": str(self.later(2))})]}
        self.answer(order, **words)
        count = self.env["distrib.supplier.answer"].search_count([])
        self.answer(order, **{**words, "lines": [(0, {"date": str(self.later(2))})]})
        self.assertEqual(self.env["distrib.supplier.answer"].search_count([]), count, "the same again is one answer")
        other = self.answer(order, **{**words, "lines": [(0, {"date": str(self.later(9))})]})
        self.assertEqual((other.state, other.problems[0][0]), ("failed", "other_content"))
        early = self.answer(order, id="A", sequence=1, lines=[(0, {"date": str(self.later(1))})])
        self.assertEqual((early.state, early.problems[0][0]), ("ignored", "old_answer"))
        self.assertEqual(self.days(order.order_line[0]), [self.later(2)])
        order.order_line[0].product_qty = 110
        self.commit()
        old = self.answer(order, id="C", sequence=9, lines=[(0, {"quantity": 100})])
        self.assertEqual((old.state, old.problems[0][0]), ("ignored", "old_version"))
        unsent = self.answer(order, id="D", version=7, lines=[(0, {"quantity": 100})])
        self.assertEqual((unsent.state, unsent.problems[0][0]), ("failed", "unsent"))
        self.assertEqual(order.order_line[0].product_qty, 110)

    def test_an_answer_to_a_message_whose_reply_was_lost(self):
        order = self.new_order()
        message = self.messages(order)
        message._step("take", attempts=1)
        message._step("retry", maybe_taken=True)
        self.answer(order, "accepted")
        self.assertEqual(message.state, "confirmed")
        self.assertNotIn(message, self.env["distrib.supplier.order"]._due())

    def test_what_cannot_be_used_is_kept_and_told(self):
        order = self.sent_order()
        cases = {
            "unknown_line": {"lines": [{"line": "999999", "quantity": 1}]},
            "no_lines": {},
            "bad_number": {"lines": [{"line": "1", "quantity": "many"}]},
            "unknown_order": {"order": "P99999999", "status": "accepted"},
        }
        for code, words in cases.items():
            data = {"order": order.name, "id": code, "status": "changed", "version": 1, **words}
            found, _again = self.env["distrib.supplier.answer"]._take(
                json.dumps(data).encode(), "json", "webhook", link=self.link
            )
            self.assertEqual((found.state, found.problems[0][0]), ("failed", code))
            self.assertTrue(found.error)
            self.assertEqual(json.loads(found.attachment_ids.raw), data, "nothing is lost")
        self.assertTrue(order.activity_ids)
        for raw in (b"\xff\xfe", b"[1", b'{"order": NaN}', b"null"):
            found, _again = self.env["distrib.supplier.answer"]._take(raw, "json", "webhook", link=self.link)
            self.assertEqual(found.state, "failed")

    def test_an_order_of_somebody_else(self):
        other = self.env["res.partner"].create({"name": "Other Supplier Ltd", "is_company": True})
        order = self.new_order(supplier=other)
        found = self.answer(order, "accepted")
        self.assertEqual(found.problems[0][0], "unknown_order")

    def test_ubl_by_mail_and_by_upload(self):
        order = self.sent_order()
        noodles = order.order_line[1]
        content = UBL_ANSWER % ("R-1", order.name, self.later(3), noodles.id)
        order.message_post(
            author_id=self.supplier.id, message_type="email", body="see attachment",
            attachments=[("answer.xml", content.encode()), ("logo.png", b"\x89PNG")],
        )  # fmt: skip
        self.commit()
        found = order.distrib_answer_ids
        self.assertEqual((found.state, found.source, found.form), ("applied", "mail", "ubl"), found.error)
        self.assertEqual((self.days(noodles), order.partner_ref), ([self.later(3)], "S-77"))
        stranger = self.env["res.partner"].create({"name": "Somebody"})
        content = UBL_ANSWER % ("R-2", order.name, self.later(9), noodles.id)
        order.message_post(
            author_id=stranger.id, message_type="email", body="x", attachments=[("a.xml", content.encode())]
        )
        self.assertEqual(len(order.distrib_answer_ids), 1, "who is not the supplier changes nothing")

    def test_by_hand_and_from_a_file(self):
        order = self.sent_order()
        records = self.env["distrib.supplier.record"].with_user(self.buyer)
        with Form(records.with_context(default_purchase_id=order.id)) as form:
            form.reference = "by phone"
            with form.line_ids.edit(0) as line:
                line.quantity = 40
                line.day = self.later(6)
        action = form.save().action_record()
        found = self.env["distrib.supplier.answer"].browse(action["res_id"])
        self.commit()
        self.assertEqual((found.state, found.source), ("applied", "hand"), found.error)
        self.assertEqual((order.order_line[0].product_qty, self.days(order.order_line[0])), (40, [self.later(6)]))
        self.assertEqual(self.messages(order).state, "confirmed")
        content = UBL_ANSWER % ("F-1", order.name, self.later(8), order.order_line[1].id)
        record = records.create({"purchase_id": order.id, "file": base64.b64encode(content.encode())})
        found = self.env["distrib.supplier.answer"].browse(record.action_record()["res_id"])
        self.assertEqual((found.source, found.state), ("upload", "applied"), found.error)
        with self.assertRaisesRegex(UserError, "read before"):
            record.action_record()

    def test_an_order_without_agreement_can_be_answered_by_hand(self):
        other = self.env["res.partner"].create({"name": "Other Supplier Ltd", "is_company": True})
        order = self.new_order(supplier=other)
        records = self.env["distrib.supplier.record"].with_user(self.buyer)
        record = records.with_context(default_purchase_id=order.id).create({})
        record.line_ids[0].day = self.later(5)
        record.action_record()
        self.assertEqual(self.days(order.order_line[0]), [self.later(5)])

    def test_the_suppliers_portal(self):
        order = self.sent_order()
        order.action_acknowledge()
        self.assertEqual(self.messages(order).state, "acknowledged")
        line = order.order_line[0]
        order._update_date_planned_for_lines([(line, fields.Datetime.to_datetime(self.later(5)))])
        self.commit()
        self.assertEqual(order.distrib_answer_ids.mapped("source"), ["portal"])
        self.assertEqual(line.move_ids.date, line.date_planned)
        self.assertEqual(self.days(line), [self.later(5)])

    def test_planning_runs_again(self):
        order = self.sent_order()
        answers = self.env["distrib.supplier.answer"]
        answers.search([]).replanned = True
        found = self.answer(order, lines=[(0, {"date": str(self.later(5))})])
        self.assertFalse(found.replanned)
        with patch.object(type(self.env["distrib.proposal"]), "_generate") as generate:
            answers._cron_replan()
            answers._cron_replan()
        generate.assert_called_once()
        self.assertTrue(found.replanned)

    def test_only_the_latest_answer_waits(self):
        order = self.sent_order()
        first = self.answer(order, id="1", lines=[(0, {"quantity": 50})])
        second = self.answer(order, id="2", sequence=1, lines=[(0, {"quantity": 70})])
        self.assertEqual((first.state, second.state), ("ignored", "consent"))
        self.assertEqual(len(order.activity_ids), 1)

    def test_units_and_discounts(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self.new_order(confirm=False)
        order.order_line[0].write({"product_uom_id": dozen.id, "product_qty": 10, "price_unit": 60, "discount": 10})
        order.order_line.date_planned = fields.Datetime.to_datetime(self.day)
        order.button_confirm()
        self.commit()
        line = self.messages(order).content["lines"][0]
        self.assertEqual((line["quantity"], line["price"]), (10, 54))
        self.link.price_tolerance = 0.5
        found = self.answer(order, lines=[(0, {"price": 58.5})])
        self.assertEqual((found.state, order.order_line[0].price_unit), ("applied", 65))

    def test_viewer_reads_and_buyer_language(self):
        order = self.sent_order()
        self.buyer.lang = "en_US"
        found = self.answer(order, lines=[(0, {"quantity": 50})])
        seen = found.with_user(self.users["viewer"])
        self.assertEqual(seen.line_ids.what, "Quantity")
        values = seen.web_read(
            {"purchase_id": {"fields": {"display_name": {}}}, "line_ids": {"fields": {"product_id": {}}}}
        )  # fmt: skip
        self.assertEqual(values[0]["purchase_id"]["display_name"], order.display_name)

    def test_order_with_many_lines_reads_in_few_queries(self):
        lines = [
            Command.create({"product_id": self.product_b.id, "product_qty": 10, "price_unit": 5})
            for _number in range(40)
        ]
        order = self.new_order(order_line=lines)
        self.env.invalidate_all()
        with self.assertQueryCount(25):
            order._distrib_ordered()
