from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import LogisticsCase


@tagged("post_install", "-at_install")
class TestIntake(LogisticsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.parcel = cls.ship(cls.confirmed_orders(cls.dealer), ["SF900"])
        cls.Parcel = cls.env["distrib.parcel"]

    def record(self, *items):
        return self.Parcel.record_events(list(items))

    def test_any_order_and_repetition_give_one_result(self):
        items = [self.event("SF900", hour, status) for hour, status in ((1, "picked_up"), (2, "in_transit"))]
        delivered = self.event("SF900", 3, "delivered", text="已签收")
        first = self.record(delivered, *items)
        again = self.record(*items, delivered, delivered)
        self.assertEqual([row["result"] for row in first], ["recorded"] * 3)
        self.assertEqual([row["result"] for row in again], ["duplicate"] * 4)
        self.assertEqual((self.parcel.status, self.parcel.event_count), ("delivered", 3))
        self.assertEqual(len(self.parcel.event_ids), 3)

    def test_late_message_does_not_undeliver(self):
        self.record(self.event("SF900", 5, "delivered"))
        self.record(self.event("SF900", 4, "in_transit"), self.event("SF900", 6, "in_transit"))
        self.assertEqual(self.parcel.status, "delivered")

    def test_time_without_zone_is_chinese_time(self):
        self.record(self.event("SF900", 9, "picked_up"))
        self.assertEqual(self.parcel.event_ids.occurred_at.hour, 1)
        self.record(self.event("SF900", 9, "in_transit", zone="Europe/Berlin"))
        times = self.parcel.event_ids.sorted("id").mapped("occurred_at")
        self.assertIn(times[1].hour, (7, 8))

    def test_unknown_parcel_waits_and_is_replayed_when_it_ships(self):
        order = self.confirmed_orders(self.dealer)
        (row,) = self.record(self.event("SF901", 1, "picked_up"))
        self.assertEqual((row["result"], row["parcel_id"]), ("unknown_parcel", False))
        parcel = self.ship(order, ["SF901"])
        self.assertEqual(parcel.status, "picked_up")
        self.assertEqual(parcel.event_ids.message_id.result, "recorded")

    def test_unknown_code_is_kept_counted_and_explained_later(self):
        (row,) = self.record(self.event("SF900", 1, code="9Z", text="?"))
        self.assertEqual((row["result"], row["known"], row["status"]), ("recorded", False, "unknown"))
        self.record(self.event("SF900", 2, code="9Z", text="?"))
        code = self.env["distrib.tracking.code"].search([("provider", "=", "shunfeng"), ("code", "=", "9Z")])
        self.assertEqual((code.status, code.event_count), ("unknown", 2))
        code.status = "out_for_delivery"
        self.assertEqual(self.parcel.status, "out_for_delivery")

    def test_carrier_codes_have_their_meaning(self):
        self.record(self.event("SF900", 1, code="50"), self.event("SF900", 2, code="70"))
        self.assertEqual((self.parcel.status, self.parcel.reason), ("delivery_failed", "other"))
        self.record(self.event("SF900", 3, code="209", provider="kuaidi100"))
        self.assertEqual((self.parcel.status, self.parcel.reason), ("exception", "carrier_damaged"))
        (row,) = self.record(self.event("SF900", 4, code="8000"))
        self.assertTrue(row["known"])

    def test_event_id_of_the_provider_is_its_identity(self):
        self.record(self.event("SF900", 1, "picked_up", event_id="77", text="a"))
        (row,) = self.record(self.event("SF900", 2, "in_transit", event_id="77", text="b"))
        self.assertEqual(row["result"], "duplicate")

    def test_bad_items_are_rejected_one_by_one_and_kept(self):
        good = self.event("SF900", 1, "picked_up")
        future = {**good, "time": "2999-01-01T00:00:00"}
        rows = self.record("text", {**good, "time": "soon"}, {**good, "status": "lost"}, {"time": 1}, future, good)
        self.assertEqual([row["result"] for row in rows], ["rejected"] * 5 + ["recorded"])
        self.assertTrue(all(row["detail"] for row in rows[:5]))
        kept = self.env["distrib.tracking.message"].search([("result", "=", "rejected")])
        self.assertIn("soon", " ".join(kept.mapped("payload")))

    def test_events_from_before_the_parcel_belong_to_its_predecessor(self):
        (row,) = self.record(self.event("SF900", 1, "delivered", day="2001-05-05"))
        self.assertEqual(row["result"], "rejected")
        self.assertEqual(self.parcel.status, "pre_transit")

    def test_hostile_text_is_stored_as_text(self):
        self.record(self.event("SF900", 1, "picked_up", text="<script>alert(1)</script>\x00"))
        self.assertNotIn("<script>", self.parcel.timeline)
        self.assertIn("&lt;script&gt;", self.parcel.timeline)

    def test_estimate_of_the_carrier_moves_the_expected_time(self):
        self.record(self.event("SF900", 1, "in_transit", expected_at="2031-01-05 12:00:00"))
        self.assertEqual(str(self.parcel.expected_at), "2031-01-05 04:00:00")

    def test_too_many_or_not_a_list_is_refused(self):
        for events in ([{}] * 5001, {"carrier": "x"}, None):
            with self.assertRaises(UserError):
                self.Parcel.record_events(events)

    def test_a_batch_costs_the_same_number_of_queries(self):
        def queries(count, hour):
            items = [self.event("SF900", hour, "in_transit", text=str(number)) for number in range(count)]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.record(*items)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        queries(1, 1)
        self.assertLessEqual(queries(200, 3), queries(2, 2) + 6)

    def test_late_search_and_filter_agree(self):
        self.parcel.expected_at = fields.Datetime.now() - timedelta(days=1)
        self.assertTrue(self.parcel.is_late)
        self.assertIn(self.parcel, self.Parcel.search([("is_late", "=", True)]))
        self.assertNotIn(self.parcel, self.Parcel.search([("is_late", "=", False)]))
        self.record(self.event("SF900", 1, "delivered"))
        self.assertFalse(self.parcel.is_late)
        self.assertIn(self.parcel, self.Parcel.search([("is_late", "=", False)]))

    def _wizard(self, **values):
        with Form(self.env["distrib.parcel.record.event"].with_context(default_parcel_ids=self.parcel.ids)) as form:
            for name, value in values.items():
                form[name] = value
        return form.record

    def test_desk_records_a_delivery_and_corrects_it_with_a_reason(self):
        self._wizard(status="delivered").action_record()
        self.assertEqual(self.parcel.status, "delivered")
        self._wizard(status="in_transit", description="Wrong door", is_correction=True).action_record()
        self.assertEqual((self.parcel.status, self.parcel.delivered_at), ("in_transit", False))
        with self.assertRaises(UserError):
            self.env["distrib.parcel.record.event"].create(
                {"parcel_ids": self.parcel.ids, "status": "delivered", "is_correction": True}
            ).action_record()
