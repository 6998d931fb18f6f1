import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import SHANGHAI, SHENZHEN, OrdersCommon


@tagged("post_install", "-at_install")
class TestIntake(OrdersCommon):
    def test_order_is_stored_as_it_came_and_enters_the_pool(self):
        payload = self.payload(
            "T-1", ("TEA", 2, 0), ("NOODLE", 3), note="Ring twice", ordered_at="2026-03-01T10:00:00+08:00"
        )
        (answer,) = self.submit(payload)
        self.assertEqual((answer["status"], answer["pool_state"], answer["errors"]), ("created", "to_route", []))
        order = self.order_of(answer)
        self.assertEqual(order.name, answer["name"])
        self.assertEqual(order.order_line.mapped("product_id"), self.product_a | self.product_b)
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [2, 3])
        # A gift comes at price 0 and stays one; a line without a price has the list's.
        self.assertEqual(order.order_line.mapped("price_unit"), [0, self.product_b.list_price])
        self.assertEqual(str(order.channel_ordered_at), "2026-03-01 02:00:00")
        self.assertEqual(order.buyer_note, "Ring twice")
        message = self.messages("T-1")
        self.assertEqual(json.loads(message.body), payload)
        self.assertEqual((message.state, message.order_id, message.attempts), ("done", order, 1))
        self.assertEqual(message.user_id, self.clerk)

    def test_same_order_twice_is_one_order(self):
        payload = self.payload("T-1")
        (first,) = self.submit(payload)
        (again,) = self.submit(payload)
        self.assertEqual(again["status"], "unchanged")
        self.assertEqual(again["order_id"], first["order_id"])
        self.assertEqual(self.messages("T-1").attempts, 1)

    def test_same_order_twice_in_one_call(self):
        first, again = self.submit(self.payload("T-1"), self.payload("T-1"))
        self.assertEqual((first["status"], again["status"]), ("created", "unchanged"))
        self.assertEqual(first["order_id"], again["order_id"])

    def test_one_bad_order_does_not_stop_the_others(self):
        answers = self.submit(
            self.payload("T-1"),
            self.payload("T-2", ("TEA", "many")),
            "no order at all",
            {"lines": [{"sku": "TEA", "quantity": -1}]},
            self.payload("T-3"),
        )
        self.assertEqual([a["status"] for a in answers], ["created", "failed", "failed", "failed", "created"])
        self.assertEqual(answers[1]["errors"][0]["field"], "lines[0].quantity")
        self.assertIn("many", answers[1]["errors"][0]["message"])
        self.assertEqual([e["field"] for e in answers[3]["errors"]], ["external_id", "lines[0].quantity"])
        self.assertIn("line 1, quantity", self.messages("T-2").error)

    def test_refusal_while_saving_concerns_one_order_only(self):
        self.patch_confirm = self.env["sale.order"]._fields["commitment_date"]
        # A date beyond what the database can hold is refused only when the order is written.
        good, bad = self.payload("T-1"), self.payload("T-2", promised_at="9999-12-31T23:59:59")
        self.product_b.default_code = "EXTREME"
        answers = self.submit(good, bad, self.payload("T-3", ("EXTREME", 1e12)))
        self.assertEqual(answers[0]["status"], "created")
        self.assertEqual(len(self.env["sale.order"].search([("channel_order_ref", "=", "T-1")])), 1)

    def test_unknown_sku_holds_the_order_visibly(self):
        (answer,) = self.submit(self.payload("T-1", ("TEA", 1), ("GHOST", 4)))
        self.assertEqual((answer["status"], answer["pool_state"]), ("held", "held"))
        self.assertEqual(answer["errors"][0]["field"], "lines[1].sku")
        order = self.order_of(answer)
        self.assertEqual(order.hold_code, "unmatched")
        self.assertIn("GHOST", order.hold_reason)
        note = order.order_line.filtered(lambda line: line.display_type == "line_note")
        self.assertIn("GHOST", note.name)
        self.assertIn("4", note.name)
        with self.assertRaises(UserError):
            order.action_pool_unhold()

    def test_retry_after_mending_replaces_the_note(self):
        (answer,) = self.submit(self.payload("T-1", ("GHOST", 4)))
        self.product_a.barcode = "GHOST"
        message = self.messages("T-1")
        self.assertEqual(message.state, "held")
        message.with_user(self.users["channel_manager"]).action_retry()
        order = self.order_of(answer)
        self.assertEqual(order.order_line.product_id, self.product_a)
        self.assertEqual(len(order.order_line), 1)
        self.assertEqual((order.pool_state, order.hold_code), ("to_route", False))
        self.assertEqual((message.state, message.attempts, message.error), ("done", 2, ""))

    def test_ambiguous_sku_is_not_guessed(self):
        self.product_b.default_code = "TEA"
        (answer,) = self.submit(self.payload("T-1", ("TEA", 1)))
        self.assertEqual(answer["status"], "held")
        self.assertFalse(self.order_of(answer).order_line.product_id)

    def test_newer_version_changes_the_order_older_one_does_not(self):
        (first,) = self.submit(self.payload("T-1", ("TEA", 1), version="2"))
        (newer,) = self.submit(self.payload("T-1", ("TEA", 5), version="10"))
        (older,) = self.submit(self.payload("T-1", ("TEA", 9), version="3"))
        self.assertEqual((newer["status"], older["status"]), ("updated", "unchanged"))
        self.assertEqual({newer["order_id"], older["order_id"]}, {first["order_id"]})
        self.assertEqual(self.order_of(first).order_line.product_uom_qty, 5)
        self.assertEqual(self.messages("T-1").mapped("state"), ["done", "done", "ignored"])

    def test_versions_of_one_order_in_one_call(self):
        answers = self.submit(
            self.payload("T-1", ("TEA", 2), version="2"), self.payload("T-1", ("TEA", 1), version="1")
        )
        self.assertEqual([a["status"] for a in answers], ["created", "unchanged"])
        self.assertEqual(self.order_of(answers[0]).order_line.product_uom_qty, 2)

    def test_change_without_version_counts_as_newer(self):
        (first,) = self.submit(self.payload("T-1", ("TEA", 1)))
        (changed,) = self.submit(self.payload("T-1", ("TEA", 2)))
        (replay,) = self.submit(self.payload("T-1", ("TEA", 1)))
        self.assertEqual((changed["status"], replay["status"]), ("updated", "unchanged"))
        self.assertEqual(self.order_of(first).order_line.product_uom_qty, 2)

    def test_other_content_under_a_known_version_is_reported(self):
        self.submit(self.payload("T-1", ("TEA", 1), version="1"))
        (answer,) = self.submit(self.payload("T-1", ("TEA", 7), version="1"))
        self.assertEqual(answer["status"], "unchanged")
        self.assertEqual(answer["errors"][0]["field"], "version")
        self.assertEqual(self.order_of(answer).order_line.product_uom_qty, 1)

    def test_change_after_confirmation_waits_for_a_clerk(self):
        (first,) = self.submit(self.payload("T-1", ("TEA", 1), version="1"))
        order = self.order_of(first)
        order.action_confirm()
        (answer,) = self.submit(self.payload("T-1", ("TEA", 5), version="2"))
        self.assertEqual(answer["status"], "held")
        self.assertIn(order.name, answer["errors"][0]["message"])
        self.assertEqual(order.order_line.product_uom_qty, 1)

    def test_manual_hold_survives_a_new_version(self):
        (first,) = self.submit(self.payload("T-1", version="1"))
        order = self.order_of(first)
        order.action_pool_hold("wait")
        self.submit(self.payload("T-1", ("TEA", 5), version="2"))
        self.assertEqual((order.pool_state, order.hold_reason), ("held", "wait"))
        self.assertEqual(order.order_line.product_uom_qty, 5)

    def test_buyer_is_found_again_and_placed(self):
        first, second, other = self.submit(
            self.payload("T-1"),
            self.payload("T-2"),
            self.payload("T-3", address={**SHENZHEN, "phone": "13900002222"}),
        )
        partner = self.order_of(first).partner_id
        self.assertEqual(self.order_of(second).partner_id, partner)
        self.assertNotEqual(self.order_of(other).partner_id, partner)
        self.assertEqual(partner.distrib_region_id, self.region("310000"))
        self.assertEqual(partner.state_id, self.env.ref("base.state_cn_SH"))
        self.assertEqual(self.order_of(other).region_id, self.region("440300"))
        (later,) = self.submit(self.payload("T-4", address={**SHANGHAI, "phone": "+86 139-0000-1111"}))
        self.assertEqual(self.order_of(later).partner_id, partner)

    def test_another_address_becomes_a_delivery_address(self):
        (first,) = self.submit(self.payload("T-1"))
        (second,) = self.submit(self.payload("T-2", address={**SHENZHEN}))
        (third,) = self.submit(self.payload("T-3", address={**SHENZHEN}))
        old, new = self.order_of(first), self.order_of(second)
        self.assertEqual(new.partner_id, old.partner_id)
        self.assertEqual(old.partner_shipping_id, old.partner_id)
        self.assertEqual(new.partner_shipping_id.parent_id, old.partner_id)
        self.assertEqual(new.region_id, self.region("440300"))
        self.assertEqual(self.order_of(third).partner_shipping_id, new.partner_shipping_id)

    def test_dealer_by_number(self):
        dealer = self.env["res.partner"].create(
            {"name": "Test Dealer 7", "is_dealer": True, "dealer_code": "D7", "is_company": True}
        )
        known, unknown = self.submit(
            {"external_id": "T-1", "dealer_code": "D7", "lines": [{"sku": "TEA", "quantity": 1}]},
            {"external_id": "T-2", "dealer_code": "NOBODY", "lines": [{"sku": "TEA", "quantity": 1}]},
        )
        self.assertEqual(self.order_of(known).partner_id, dealer)
        self.assertEqual((unknown["status"], unknown["errors"][0]["field"]), ("failed", "dealer_code"))

    def test_no_buyer(self):
        order = {"external_id": "T-1", "lines": [{"sku": "TEA", "quantity": 1}]}
        (answer,) = self.submit(order)
        self.assertEqual((answer["status"], answer["errors"][0]["field"]), ("failed", "partner"))
        self.channel.partner_id = self.dealer
        (answer,) = self.submit(order)
        self.assertEqual(answer["status"], "created")
        self.assertEqual(self.order_of(answer).partner_id, self.dealer)

    def test_foreign_currency_is_refused(self):
        (answer,) = self.submit(self.payload("T-1", currency="XAF"))
        self.assertEqual((answer["status"], answer["errors"][0]["field"]), ("failed", "currency"))

    def test_channel_that_asks_first(self):
        self.channel.auto_confirm = False
        (answer,) = self.submit(self.payload("T-1"))
        self.assertEqual(answer["pool_state"], "new")

    def test_calls_that_are_refused_as_a_whole(self):
        for role in ("viewer", "planner", "logistics"):
            with self.assertRaises(AccessError, msg=role):
                self.submit(self.payload("T-1"), user=self.users[role])
        with self.assertRaises(UserError):
            self.submit(self.payload("T-1"), code="NO-CHANNEL")
        with self.assertRaises(UserError):
            self.env["distrib.channel"].submit_orders("TEST", {"external_id": "T-1"})
        self.channel.active = False
        with self.assertRaises(UserError):
            self.submit(self.payload("T-1"))

    def test_channel_of_a_company_closed_to_the_caller(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        self.env["distrib.channel"].create({"name": "Other", "code": "OTHER", "company_id": other.id})
        with self.assertRaises(UserError):
            self.submit(self.payload("T-1"), code="OTHER")

    def test_waiting_messages_are_read_by_the_scheduler(self):
        inbox = self.env["distrib.inbox.message"]
        messages, _repeated = inbox._store(self.channel, [self.payload(f"T-{i}") for i in range(3)])
        with self.enter_registry_test_mode():
            self.env.ref("distrib_orders.cron_process_inbox").method_direct_trigger()
        self.assertEqual([m.state for m in messages], ["done"] * 3)
        self.assertEqual(len({m.order_id for m in messages}), 3)

    def test_ignore(self):
        self.submit(self.payload("T-1", ("TEA", 0)))
        message = self.messages("T-1").with_user(self.users["channel_manager"])
        message.action_ignore()
        self.assertEqual(message.state, "ignored")

    def test_bulk_needs_few_queries(self):
        """The pool's own reading does not grow with the orders: only what core does for each of them does."""

        def count(start, number):
            orders = [
                self.payload(f"Q-{i}", ("TEA", 1), ("NOODLE", 2), address={**SHANGHAI, "phone": f"1370000{i:04}"})
                for i in range(start, start + number)
            ]
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            answers = self.submit(*orders)
            self.env.flush_all()
            self.assertEqual({a["status"] for a in answers}, {"created"})
            return self.env.cr.sql_log_count - before

        count(0, 2)
        few, many = count(100, 10), count(200, 100)
        self.assertLess((many - few) / 90, 10)
