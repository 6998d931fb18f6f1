import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import DistribCommon


@tagged("post_install", "-at_install")
class TestAvailability(DistribCommon):
    def ask(self, *args, user=None, **kwargs):
        return self.env["distrib.position"].with_user(user or self.users["viewer"]).availability(*args, **kwargs)

    def pairs(self, answer):
        return [(row["sku"], row["warehouse_code"], row["available"]) for row in answer["rows"]]

    def test_rows_by_reference_and_barcode(self):
        self.product_b.barcode = "6900000000017"
        self.add_stock(self.product_a, self.central, 5)
        self.add_stock(self.product_b, self.store_east, 2)
        answer = self.ask(["TEA", "6900000000017"], ["TCEN", "TNJ"])
        self.assertEqual(self.pairs(answer), [("TEA", "TCEN", 5), ("NOODLE", "TNJ", 2)])
        self.assertEqual(
            set(answer["rows"][0]) - {"sku", "product_id", "warehouse_code", "warehouse_id"},
            {"on_hand", "reserved", "allocated", "available", "incoming", "in_transit", "outgoing", "forecast"},
        )
        self.assertFalse(answer["next_cursor"])

    def test_regions_include_what_lies_below(self):
        self.add_stock(self.product_a, self.regional_east, 5)
        self.add_stock(self.product_a, self.store_east, 3)
        self.add_stock(self.product_a, self.central, 1)
        self.assertEqual(self.pairs(self.ask(["TEA"], None, ["320000"])), [("TEA", "TSZ", 5), ("TEA", "TNJ", 3)])
        both = self.ask(["TEA"], ["TCEN"], ["320100"])
        self.assertEqual([row[1] for row in self.pairs(both)], ["TCEN", "TNJ"])

    def test_what_is_unknown_is_listed(self):
        self.env["product.product"].create([{"name": "Twin", "default_code": "TWIN"} for _time in range(2)])
        self.add_stock(self.product_a, self.central, 5)
        answer = self.ask(["NONE", "TEA", "TWIN", "NONE"], ["TCEN", "XX"], ["000000"])
        self.assertEqual(self.pairs(answer), [("TEA", "TCEN", 5)])
        self.assertEqual((answer["unknown_skus"], answer["ambiguous_skus"]), (["NONE"], ["TWIN"]))
        self.assertEqual((answer["unknown_warehouses"], answer["unknown_regions"]), (["XX"], ["000000"]))

    def test_pages_hold_whole_products(self):
        for warehouse in (self.central, self.store_east):
            for product in (self.product_a, self.product_b):
                self.add_stock(product, warehouse, 1)
        first = self.ask(["TEA", "NOODLE"], ["TCEN", "TNJ"], limit=2)
        self.assertEqual([row["sku"] for row in first["rows"]], ["TEA", "TEA"])
        second = self.ask(["TEA", "NOODLE"], ["TCEN", "TNJ"], limit=2, cursor=first["next_cursor"])
        self.assertEqual([row["sku"] for row in second["rows"]], ["NOODLE", "NOODLE"])
        self.assertFalse(second["next_cursor"])

    def test_all_goods_page_by_page(self):
        self.add_stock(self.product_a, self.central, 5)
        self.add_stock(self.product_b, self.central, 6)
        found, cursor = [], str(self.product_a.id - 1)
        while cursor:
            answer = self.ask(None, ["TCEN"], limit=1, cursor=cursor)
            found += self.pairs(answer)
            cursor = answer["next_cursor"]
        self.assertEqual(found, [("TEA", "TCEN", 5), ("NOODLE", "TCEN", 6)])

    def test_bad_arguments_and_access(self):
        for arguments in (
            {"skus": "TEA"},
            {"skus": [1]},
            {"warehouse_codes": "TCEN"},
            {"limit": 0},
            {"limit": "9"},
            {"cursor": "x"},
        ):
            with self.assertRaises(UserError, msg=arguments):
                self.ask(**arguments)
        with self.assertRaises(AccessError):
            self.ask(["TEA"], user=self.new_user())

    def test_other_companies_are_unknown(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        warehouse.code = "OTHR"
        self.assertEqual(self.ask(["TEA"], ["OTHR"])["unknown_warehouses"], ["OTHR"])


@tagged("post_install", "-at_install")
class TestAvailabilityOverRpc(HttpCase, DistribCommon):
    def test_both_doors(self):
        viewer = self.users["viewer"]
        self.add_stock(self.product_a, self.central, 5)
        self.env.flush_all()
        answer = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, viewer.id, viewer.login, "distrib.position", "availability", [["TEA"], ["TCEN"]]
        )
        self.assertEqual(answer["rows"][0]["available"], 5)
        feed = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, viewer.id, viewer.login, "distrib.stock.change", "since", []
        )
        self.assertEqual(feed["changes"], [])
        key = self.env["res.users.apikeys"].with_user(viewer).sudo()._generate(None, "test", False)
        reply = self.json2("distrib.position", "availability", key, skus=["TEA"], warehouse_codes=["TCEN"])
        self.assertEqual(reply.json()["rows"][0]["warehouse_code"], "TCEN", reply.text)
        reply = self.json2("distrib.stock.change", "since", key, cursor=feed["cursor"])
        self.assertEqual(reply.status_code, 200, reply.text)
        with mute_logger("odoo.http"):
            self.assertEqual(self.json2("distrib.position", "availability", key, limit=0).status_code, 422)

    def json2(self, model, method, key, **arguments):
        return self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(arguments),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
