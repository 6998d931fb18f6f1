"""Orders from CSV and Excel files."""

import base64
import io
from contextlib import suppress

import openpyxl
from odoo.addons.distrib_orders.tests.common import OrdersCommon
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import file_open

HEAD = "订单号,商品编码,数量,单价,收货人,电话,省份,城市,下单时间,备注"


@tagged("post_install", "-at_install")
class TestOrderFile(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = cls.env["distrib.order.file"].with_user(cls.clerk)
        cls.channel.kind = "file"

    def load(self, *rows, name="orders.csv", content=None):
        text = content if content is not None else "\n".join((HEAD, *rows)).encode()
        job = self.files.create({"channel_id": self.channel.id, "file": base64.b64encode(text), "file_name": name})
        job.action_start()
        return job

    def orders(self):
        return self.env["sale.order"].search([("channel_id", "=", self.channel.id)], order="channel_order_ref")

    def test_rows_of_one_number_are_one_order(self):
        job = self.load(
            "A1,TEA,2,9.5,李测试,13900001111,湖北省,武汉市,2026/3/1 8:05,门口",
            "A2,NOODLE,1,,王测试,13900002222,,,,",
            "A1,NOODLE,1,3,,,,,,",
        )
        self.assertEqual((job.state, job.order_count, job.bad_count), ("done", 2, 0))
        first, second = self.orders()
        self.assertEqual(first.order_line.filtered("product_id").mapped("product_uom_qty"), [2, 1])
        self.assertEqual(str(first.channel_ordered_at), "2026-03-01 00:05:00", "times are of Beijing")
        self.assertEqual((first.buyer_note, first.partner_id.phone), ("门口", "13900001111"))
        self.assertEqual(second.channel_message_id.source, "file")

    def test_the_same_again_changes_nothing_and_a_change_is_taken(self):
        self.load("A1,TEA,2,,李测试,13900001111,,,,")
        self.channel.auto_confirm = False
        again = self.load("A1,TEA,2,,李测试,13900001111,,,,", "A2,TEA,1,,李测试,13900001111,,,,")
        self.assertEqual((again.order_count, again.unchanged_count), (2, 1))
        self.load("A2,TEA,5,,李测试,13900001111,,,,")
        self.assertEqual(self.orders().order_line.filtered("product_id").mapped("product_uom_qty"), [2, 5])

    def test_an_order_with_a_bad_row_comes_back_whole_and_can_be_mended(self):
        job = self.load(
            "A1,TEA,2,,李测试,13900001111,,,,",
            "A1,NOODLE,many,,,,,,,",
            "A2,TEA,1,,王测试,13900002222,,,,",
            ",TEA,1,,陈测试,13900004444,,,,",
        )
        self.assertEqual((job.order_count, job.good_count, job.bad_count), (1, 1, 3))
        text = base64.b64decode(job.error_file).decode("utf-8-sig")
        self.assertIn("many", text)
        self.assertEqual(len(text.splitlines()), 4)
        mended = text.replace("many", "4").replace("\n,TEA", "\nA3,TEA").encode()
        again = self.load(content=mended)
        self.assertEqual((again.state, again.bad_count, again.order_count), ("done", 0, 2))
        self.assertEqual(self.orders().mapped("channel_order_ref"), ["A1", "A2", "A3"])

    def test_two_rows_that_contradict_each_other(self):
        job = self.load("A1,TEA,2,,李测试,13900001111,,,,", "A1,NOODLE,1,,李测试,13900009999,,,,")
        self.assertEqual((job.order_count, job.bad_count), (0, 2))
        self.assertIn("13900009999", base64.b64decode(job.error_file).decode())

    def test_excel(self):
        book, stream = openpyxl.Workbook(), io.BytesIO()
        book.active.append(["Order Number", "SKU", "Qty", "Consignee", "Phone", "Date"])
        book.active.append([1001, "TEA", 2, "Test Buyer", "13900001111", None])
        book.save(stream)
        job = self.load(name="orders.xlsx", content=stream.getvalue())
        self.assertEqual((job.state, self.orders().channel_order_ref), ("done", "1001"))

    def test_files_that_are_none_say_so(self):
        self.assertIn("Order number", self.load(content=b"a,b\n1,2").message)
        self.assertEqual(self.load(name="x.pdf", content=b"%PDF").state, "failed")
        gbk = self.load(content=f"{HEAD}\nA9,TEA,1,,张测试,13900003333,,,,".encode("gb18030"))
        self.assertEqual(gbk.state, "done")
        self.assertEqual(self.orders().partner_id.name, "张测试")

    def test_a_killed_import_goes_on_where_it_was(self):
        rows = [f"B{n},TEA,1,,李测试,13900001111,,,," for n in range(450)]
        text = "\n".join((HEAD, *rows)).encode()
        job = self.files.create({"channel_id": self.channel.id, "file": base64.b64encode(text), "file_name": "o.csv"})
        job._begin()
        take, calls = type(job)._take_orders, []

        def dies(records, payloads):
            calls.append(len(payloads))
            if len(calls) == 2:
                raise KeyboardInterrupt
            return take(records, payloads)

        self.patch(type(job), "_take_orders", dies)
        with suppress(KeyboardInterrupt):  # not assertRaises, which would roll back what the first part wrote
            job._run(commit=False)
        self.assertEqual((job.state, job.next_part), ("running", 1))
        job._run(commit=False)
        self.assertEqual((job.state, job.order_count, calls), ("done", 450, [200, 200, 200, 50]))
        self.assertEqual(len(self.orders()), 450)

    def test_roles(self):
        with self.assertRaises(AccessError):
            self.env["distrib.order.file"].with_user(self.users["viewer"]).search([])
        job = self.load("A1,TEA,2,,李测试,13900001111,,,,")
        with self.assertRaises(UserError):
            job.write({"file": base64.b64encode(b"x")})

    def test_the_template_is_a_file_that_can_be_read(self):
        with file_open("distrib_orders/static/files/orders.csv", "rb") as template:
            job = self.load(content=template.read())
        self.assertEqual((job.state, job.bad_count, job.order_count), ("done", 0, 1))
