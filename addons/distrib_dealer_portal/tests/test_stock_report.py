import io
from datetime import date, timedelta
from unittest.mock import patch
from xmlrpc.client import Fault

import openpyxl
from odoo import http
from odoo.addons.distrib_dealer_portal.models import dealer_stock
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import DealerMixin


@tagged("post_install", "-at_install")
class TestDealerStock(DealerMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_dealers()
        cls.houses = {
            dealer: cls._house(dealer, code) for dealer, code in ((cls.dealer, "DPM"), (cls.sub_dealer, "DPB"))
        }
        cls.other = cls._user("dp_other", cls.sub_dealer, "admin")
        cls.env["stock.quant"]._update_available_quantity(cls.product, cls.houses[cls.dealer].lot_stock_id, 5)
        cls.today = date.today()
        cls.env.flush_all()

    @classmethod
    def _house(cls, dealer, code):
        house = cls.env["stock.warehouse"].create(
            {"name": f"House of {dealer.name}", "code": code, "network_tier": "dealer", "dealer_id": dealer.id}
        )
        dealer.dealer_warehouse_id = house
        return house

    def page(self, user, path="", lang="en_US"):
        self.authenticate(user.login, user.login)
        return self.url_open(f"/{self.env['res.lang']._get_data(code=lang).url_code}/my/dealer/stock{path}")

    def send(self, user, content=None, name="stock.csv", key="k1", as_of=None, **form):
        self.authenticate(user.login, user.login)
        form |= {"csrf_token": http.Request.csrf_token(self), "as_of": as_of or str(self.today), "key": key}
        files = {"upload": (name, content.encode())} if content else None
        return self.url_open("/en/my/dealer/stock/send", data=form, files=files)

    def reports(self, dealer):
        house = self.houses[dealer]
        return (
            self.env["distrib.stock.report"].with_context(active_test=False).search([("warehouse_id", "=", house.id)])
        )

    def test_a_file_with_bad_rows(self):
        response = self.send(self.users["buyer"], "sku,stock,sold\nDP-TEA,4,1\nNONE,1,0\n")
        self.assertIn("there is no product NONE", response.text)
        report = self.reports(self.dealer)
        self.assertEqual((report.source, report.state, report.bad_count), ("portal", "done", 1))
        self.assertEqual((report.line_ids.on_hand, report.user_id), (4, self.users["buyer"]))
        bad = self.page(self.users["buyer"], f"/{report.id}/bad")
        self.assertIn("NONE,1,0,3,sku,there is no product NONE", bad.text)

    def test_typed_quantities_and_a_request_sent_twice(self):
        name = f"on_hand_{self.product.id}"
        self.assertIn(name, self.page(self.users["buyer"]).text)
        first = self.send(self.users["buyer"], **{name: "7", f"sold_{self.product.id}": "2", "on_hand_1": "99"})
        second = self.send(self.users["buyer"], **{name: "8"})
        self.assertEqual(first.url, second.url, "the same key is the same request")
        report = self.reports(self.dealer)
        self.assertEqual((report.line_ids.on_hand, report.line_ids.sold), (7, 2))
        self.send(self.users["buyer"], key="k2", **{name: "8"})
        self.assertEqual(len(self.reports(self.dealer)), 2)

    def test_a_dealer_reaches_only_his_own(self):
        self.send(self.users["buyer"], "sku,stock\nDP-TEA,4\n")
        report = self.reports(self.dealer)
        for path in (f"/{report.id}", f"/{report.id}/bad"):
            self.assertTrue(self.page(self.other, path).url.endswith("/my"), path)
        self.assertNotIn(f"/my/dealer/stock/{report.id}", self.page(self.other).text)
        self.assertNotIn("DP-TEA", self.page(self.other).text)
        self.send(self.other, "sku,stock\nDP-TEA,9\n", warehouse_id=str(self.houses[self.dealer].id))
        self.assertEqual(self.reports(self.dealer), report)
        self.assertEqual(self.reports(self.sub_dealer).line_ids.on_hand, 9)
        named = self.send(self.other, "warehouse,sku,stock\nDPM,DP-TEA,9\n", key="k3")
        self.assertIn("another place", named.text)

    def test_what_is_wrong_is_said(self):
        user = self.users["buyer"]
        self.assertIn(
            "day to come", self.send(user, "sku,stock\nDP-TEA,4\n", as_of=str(self.today + timedelta(9))).text
        )
        self.assertIn("Enter the day", self.send(user, "sku,stock\nDP-TEA,4\n", as_of="x").text)
        self.assertIn("type the stock", self.send(user).text)
        self.assertIn("Only CSV", self.send(user, "x", name="a.pdf", key="k2").text)
        with patch.object(dealer_stock, "MAX_AN_HOUR", 1):
            self.assertIn("Too many reports", self.send(user, "sku,stock\nDP-TEA,5\n", key="k3").text)
        self.assertEqual(self.reports(self.dealer).mapped("state"), ["failed"])

    def test_without_a_warehouse_there_is_no_page(self):
        self.dealer.dealer_warehouse_id = False
        self.env.flush_all()
        self.assertTrue(self.page(self.users["buyer"]).url.endswith("/my"))
        self.send(self.users["buyer"], "sku,stock\nDP-TEA,4\n")
        self.assertFalse(self.reports(self.dealer))

    def test_template_comes_back(self):
        book = openpyxl.load_workbook(io.BytesIO(self.page(self.users["buyer"], "/template").content))
        sheet = book.active
        self.assertEqual(sheet["A2"].value, "DP-TEA")
        sheet["C2"], sheet["D2"] = 3, 1
        stream = io.BytesIO()
        book.save(stream)
        page = self.env["distrib.dealer.page"].with_user(self.users["buyer"])
        report = page._stock_send(str(self.today), "k", "stock.xlsx", stream.getvalue())
        self.assertEqual((report.state, report.line_ids.on_hand, report.line_ids.sold), ("done", 3, 1), report.message)

    def test_template_in_chinese_comes_back(self):
        page = self.env["distrib.dealer.page"].with_user(self.users["buyer"]).with_context(lang="zh_CN")
        sheet = openpyxl.load_workbook(io.BytesIO(page._stock_template())).active
        headers = [cell.value for cell in sheet[1]]
        mapping = self.env["distrib.stock.report"]._mapping(headers)
        self.assertEqual(list(mapping.values()), ["product", "on_hand", "sold"], headers)

    def test_home_and_pages_in_chinese(self):
        self.assertIn("我的库存上报", self.page(self.users["buyer"], lang="zh_CN").text)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_nothing_over_rpc(self):
        user = self.users["admin"]
        for model, method, args in (
            ("distrib.stock.report", "search_read", [[]]),
            ("distrib.stock.report", "submit", ["DPM", "2024-03-01", [{"sku": "DP-TEA", "on_hand": 1}]]),
            ("distrib.dealer.page", "_stock_send", ["2024-03-01", "k", "a.csv", ""]),
            ("distrib.stock.change", "since", []),
            ("distrib.position", "availability", [["DP-TEA"]]),
        ):
            with self.assertRaises(Fault, msg=f"{model}.{method}"):
                self.xmlrpc_object.execute_kw(self.env.cr.dbname, user.id, user.login, model, method, args)
