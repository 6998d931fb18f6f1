import base64
import contextlib
import json
from datetime import date, datetime
from unittest.mock import patch

from odoo.addons.distrib_inventory.models import stock_report_run
from odoo.addons.distrib_inventory.models.file_import import FileImport
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .demand_common import DemandCommon

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 11)


class StockReportCommon(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["distrib.stock.report"]
        cls.house = cls.dealer_warehouse

    @classmethod
    def report(cls, as_of, *rows, header="sku,on hand,sold", user=None, name="report.csv"):
        content = "\n".join([header, *rows]) + "\n"
        report = cls.Report.with_user(user or cls.env.user).create(
            {
                "warehouse_id": cls.house.id,
                "as_of": as_of,
                "file_name": name,
                "file": base64.b64encode(content.encode()),
            }
        )
        report.action_start()
        return report

    def line(self, report, product):
        return report.line_ids.filtered(lambda line: line.product_id == product)

    def send(self, product, quantity, day, back=False):
        """A done move between our warehouse and the dealer's."""
        ends = (self.regional_east.lot_stock_id, self.house.lot_stock_id)
        move = self.finish(self.new_move(product, quantity, *(reversed(ends) if back else ends)))
        move.date = move.move_line_ids.date = datetime.combine(day, datetime.min.time())
        return move


@tagged("post_install", "-at_install")
class TestStockReport(StockReportCommon):
    def test_good_rows_stay_and_bad_ones_come_back_mendable(self):
        report = self.report(
            FIRST, "TEA,5,2,2024-03-01", "NONE,1,0,", "NOODLE,-3,0,", "TEA,6,0,", "NOODLE,x,0,",
            "NOODLE,1,0,2024-03-02", "NOODLE,4,1,", header="货号,库存数量,销量,日期",
        )  # fmt: skip
        self.assertEqual((report.state, report.good_count, report.bad_count), ("done", 1, 6), report.message)
        text = base64.b64decode(report.error_file).decode("utf-8-sig").splitlines()
        self.assertEqual(text[0], "货号,库存数量,销量,日期,(row),(column),(reason)")
        self.assertEqual(text[1], 'NONE,1,0,,3,"日期, 货号",is empty; there is no product NONE')

    def test_rows_without_a_day_are_of_the_report(self):
        report = self.report(FIRST, "TEA,5,2", "NONE,1,0", "NOODLE,-3,0", "TEA,6,0", "NOODLE,4,x", "NOODLE,4,1")
        self.assertEqual((report.good_count, report.bad_count), (2, 4), report.message)
        self.assertEqual(
            [(row["row"], row["column"], row["reason"]) for row in report._problems()],
            [
                (3, "sku", "there is no product NONE"),
                (4, "on hand", "-3 is negative"),
                (5, "sku", "repeats the product of row 2"),
                (6, "sold", "x is not a number"),
            ],
        )
        line = self.line(report, self.product_b)
        self.assertEqual((line.on_hand, line.sold), (4, 1))
        mended = base64.b64decode(report.error_file).decode("utf-8-sig").splitlines()
        self.assertEqual(mended[0], "sku,on hand,sold,(row),(column),(reason)")

    def test_days_to_come(self):
        report = self.report(FIRST, "TEA,5,2024-03-02", "NOODLE,5,2024-03-01", header="sku,on hand,date")
        self.assertEqual((report.good_count, report.bad_count), (1, 1))
        with self.assertRaisesRegex(UserError, "day to come"):
            self.report(date(2199, 1, 1), "TEA,5,1")

    def test_units_and_places(self):
        dozen = self.env.ref("uom.product_uom_dozen").name
        report = self.report(
            FIRST, f"TEA,2,1,{dozen},TDEA", "NOODLE,2,1,kg,TDEA", "NOODLE,2,1,,TCEN",
            header="sku,on hand,sold,unit,warehouse",
        )  # fmt: skip
        self.assertEqual((report.line_ids.on_hand, report.line_ids.sold), (24, 12))
        reasons = [row["reason"] for row in report._problems()]
        self.assertIn("the unit kg does not convert to the product's unit", reasons)
        self.assertIn("TCEN is another place than that of the report", reasons)

    def test_unreadable_files_fail_with_a_reason(self):
        self.assertIn("no column for: On hand", self.report(FIRST, "TEA,5", header="sku,what").message)
        self.assertIn("Only CSV", self.report(FIRST, "TEA,5,1", name="report.pdf").message)
        failed = self.report(FIRST, "x", name="report.xlsx")
        self.assertEqual(failed.state, "failed")
        failed.action_reset()
        self.assertEqual(failed.state, "draft")

    def test_the_same_report_again_changes_nothing(self):
        first = self.report(FIRST, "TEA,5,2")
        again = self.report(FIRST, "TEA,5,2")
        self.assertEqual((again.state, again.result, again.active), ("done", "unchanged", False))
        other = self.report(FIRST, "TEA,6,2")
        self.assertEqual((other.result, other.active, first.active), ("imported", True, False))
        with self.assertRaisesRegex(UserError, "not changed"):
            other.as_of = SECOND

    def test_a_killed_worker_resumes_and_does_nothing_twice(self):
        products = self.env["product.product"].create(
            [{"name": f"P{n}", "default_code": f"P{n}", "is_storable": True} for n in range(10)]
        )
        text = "\n".join(["sku,on hand", *(f"P{n},{n}" for n in range(10)), "P0,99"])
        report = self.Report.create(
            {
                "warehouse_id": self.house.id,
                "as_of": FIRST,
                "file_name": "a.csv",
                "file": base64.b64encode(text.encode()),
            }
        )
        report._begin()
        commits = []

        def die_after_two(_self, remaining=None):
            commits.append(report.next_part)
            if len(commits) == 2:
                raise KeyboardInterrupt

        with patch.object(stock_report_run, "CHUNK_ROWS", 3):
            with patch.object(FileImport, "_checkpoint", die_after_two), contextlib.suppress(KeyboardInterrupt):
                report._run()
            self.assertEqual((report.state, report.next_part, report.good_count), ("running", 2, 6))
            with patch.object(FileImport, "_checkpoint", lambda _self, remaining=None: None):
                self.Report._cron_run()
        self.assertEqual((report.state, report.good_count, report.bad_count), ("done", 10, 1), report.message)
        self.assertEqual(report.line_ids.product_id, products)
        self.assertEqual(sum(report.line_ids.mapped("on_hand")), 45)
        self.assertIn("repeats the product of row 2", base64.b64decode(report.error_file).decode())

    def test_reconciliation(self):
        self.add_stock(self.product_a, self.regional_east, 100)
        self.add_stock(self.product_b, self.regional_east, 100)
        first = self.report(FIRST, "TEA,100,0")
        self.assertEqual((first.difference_count, first.line_ids.has_expected), (0, False))
        self.send(self.product_a, 20, date(2024, 3, 5))
        self.send(self.product_a, 7, date(2024, 2, 20))
        self.send(self.product_a, 5, date(2024, 3, 6), back=True)
        self.send(self.product_b, 8, date(2024, 3, 7))
        second = self.report(SECOND, "TEA,75,30")
        tea, noodle = self.line(second, self.product_a), self.line(second, self.product_b)
        self.assertEqual((tea.previous, tea.moved_in, tea.moved_out, tea.sold), (100, 20, 5, 30))
        self.assertEqual((tea.expected, tea.difference, tea.is_different), (85, -10, True))
        self.assertEqual((noodle.is_missing, noodle.expected, noodle.difference), (True, 8, -8))
        self.assertEqual((second.difference_count, second.different_units, second.previous_id), (2, -18, first))
        self.company.distrib_report_tolerance = 0.2
        second._reconcile()
        self.assertFalse(self.line(second, self.product_a).is_different)

    def test_a_report_that_comes_late_moves_the_next_one(self):
        self.report(FIRST, "TEA,100,0")
        last = self.report(SECOND, "TEA,70,30")
        self.assertEqual(last.difference_count, 0)
        middle = self.report(date(2024, 3, 6), "TEA,60,30")
        self.assertEqual(last.previous_id, middle)
        self.assertEqual((last.line_ids.expected, last.difference_count), (30, 1))

    def test_sell_through_becomes_demand(self):
        self.sell(self.product_a, self.house, [7.0], end=date(2024, 3, 4))
        self.report(FIRST, "TEA,100,9")
        self.report(SECOND, "TEA,80,20")
        domain = [("product_id", "=", self.product_a.id), ("warehouse_id", "=", self.house.id)]
        days = {row.day: row.quantity for row in self.Demand.search(domain)}
        self.assertEqual(len(days), 10)
        self.assertEqual((days[date(2024, 3, 2)], days[date(2024, 3, 11)]), (2, 2))
        self.assertEqual(days[date(2024, 3, 4)], 7, "what is known by the day stays")
        self.report(SECOND, "TEA,90,10")
        days = {row.day: row.quantity for row in self.Demand.search(domain)}
        self.assertEqual((days[date(2024, 3, 2)], days[date(2024, 3, 4)]), (1, 7), "a mended report takes its own back")

    def test_overdue(self):
        self.house.reports_stock = True
        stale = [("id", "=", self.house.id), ("is_report_stale", "=", True)]
        Warehouse = self.env["stock.warehouse"]
        self.assertTrue(Warehouse.search(stale))
        self.assertEqual((self.house.report_age, self.house.is_report_stale), (-1, True))
        self.report(FIRST, "TEA,5,0")
        self.assertTrue(Warehouse.search(stale))
        self.report(date.today(), "TEA,5,0")
        self.assertFalse(Warehouse.search(stale))
        self.house.invalidate_recordset()
        self.assertFalse(self.house.is_report_stale)

    def test_roles(self):
        for role in ("planner", "channel_manager", "manager"):
            report = self.report(FIRST, f"TEA,5,{len(role)}", user=self.users[role])
            self.assertEqual(report.state, "done", role)
        for role in ("viewer", "order_clerk", "logistics"):
            with self.assertRaises(AccessError):
                self.report(FIRST, "TEA,5,1", user=self.users[role])
            self.assertTrue(self.Report.with_user(self.users[role]).search([("warehouse_id", "=", self.house.id)]))
        with self.assertRaises(AccessError):
            self.Report.with_user(self.new_user()).search([])

    def test_submit(self):
        lines = [{"sku": "TEA", "on_hand": 5, "sold": 1}, {"sku": "NONE", "on_hand": 1}]
        answer = self.Report.submit("TDEA", "2024-03-01", lines)
        self.assertEqual((answer["status"], answer["good_count"], answer["bad_count"]), ("done", 1, 1))
        self.assertEqual(answer["errors"][0]["line"], 1)
        again = self.Report.submit("TDEA", "2024-03-01", lines)
        self.assertEqual((again["status"], again["id"]), ("unchanged", answer["id"]))
        for arguments in (
            ("XX", "2024-03-01", lines),
            ("TDEA", "1.3.2024", lines),
            ("TDEA", "2024-03-01", []),
            ("TDEA", "2024-03-01", [{"qty": 1}]),
            ("TDEA", "2199-01-01", lines),
        ):
            with self.assertRaises(UserError, msg=arguments):
                self.Report.submit(*arguments)
        with self.assertRaises(AccessError):
            self.Report.with_user(self.users["viewer"]).submit("TDEA", "2024-03-01", lines)


@tagged("post_install", "-at_install")
class TestStockReportRpc(HttpCase, StockReportCommon):
    def test_both_doors(self):
        user = self.users["planner"]
        lines = [{"sku": "TEA", "on_hand": 5, "sold": 1}]
        answer = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, user.id, user.login, "distrib.stock.report", "submit", ["TDEA", "2024-03-01", lines]
        )
        self.assertEqual(answer["status"], "done")
        key = self.env["res.users.apikeys"].with_user(user).sudo()._generate(None, "test", False)
        reply = self.url_open(
            "/json/2/distrib.stock.report/submit",
            data=json.dumps({"warehouse_code": "TDEA", "as_of": "2024-03-01", "lines": lines}),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        self.assertEqual((reply.status_code, reply.json()["status"]), (200, "unchanged"), reply.text)

    def test_an_overdue_report_is_asked_for(self):
        """The message is written, and goes to the dealer."""
        self.house.reports_stock = True
        self.dealer.lang = "en_US"
        for day, words in ((False, "no stock report"), (date(2024, 3, 1), "2024")):
            self.house.last_stock_report = day
            action = self.house.with_user(self.users["channel_manager"]).action_ask_for_report()
            message = self.env["mail.compose.message"].with_context(**action["context"]).create({})
            self.assertIn(words, message.body)
            self.assertEqual(message.partner_ids, self.dealer)
