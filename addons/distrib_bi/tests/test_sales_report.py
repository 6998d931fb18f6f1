from datetime import date, datetime

from odoo import Command
from odoo.addons.distrib_inventory.tests.common import ROLES
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import SalesCommon


@tagged("post_install", "-at_install")
class TestSalesReport(SalesCommon):
    def test_a_row_for_each_line_with_all_its_dimensions(self):
        order = self.sell(date(2026, 3, 5), (self.product_a, 10, 3.0), (self.product_b, 2, 5.0))
        first, second = self.report(order)
        self.assertEqual((first.quantity, first.amount), (10, 30))
        self.assertEqual((second.quantity, second.amount), (2, 10))
        self.assertEqual(first.day, date(2026, 3, 5))
        self.assertEqual(first.order_id, order)
        self.assertEqual(first.channel_id, self.channel)
        self.assertEqual(first.region_id, self.region("330100"))
        self.assertEqual(first.area_id, self.env.ref("distrib_inventory.region_cn_east"))
        self.assertEqual((first.warehouse_id, first.network_tier), (self.regional_east, "regional"))
        self.assertEqual((first.dealer_id, first.dealer_tier_id), (self.dealer, self.tier))
        self.assertEqual((first.product_id, first.categ_id), (self.product_a, self.product_a.categ_id))

    def test_only_confirmed_sales_of_goods_count(self):
        draft = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0), confirm=False)
        cancelled = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0))
        cancelled._action_cancel()
        noted = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0))
        noted.order_line = [
            Command.create({"display_type": "line_note", "name": "Handle with care"}),
            Command.create({"is_downpayment": True, "name": "Down payment", "price_unit": 50}),
        ]
        self.env.flush_all()
        self.assertFalse(self.report(draft, cancelled))
        self.assertEqual(self.report(noted).mapped("amount"), [3])

    def test_a_contact_counts_for_his_dealer_and_others_for_none(self):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.dealer.id})
        by_contact = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0), partner=contact)
        by_other = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0), partner=self.shopper)
        self.assertEqual(self.report(by_contact).dealer_id, self.dealer)
        self.assertEqual(self.report(by_other).partner_id, self.shopper)
        self.assertFalse(self.report(by_other).dealer_id)
        self.assertFalse(self.report(by_other).dealer_tier_id)

    def test_units_and_currencies_become_those_of_product_and_company(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        currency = self.env["res.currency"].create(
            {"name": "TBI", "symbol": "T", "rate_ids": [Command.create({"rate": 4})]}
        )
        pricelist = self.env["product.pricelist"].create({"name": "Other", "currency_id": currency.id})
        order = self.sell(date(2026, 3, 5), (self.product_a, 2, 24.0), pricelist_id=pricelist.id)
        order.order_line.write({"product_uom_id": dozen.id, "price_unit": 24.0})
        self.env.flush_all()
        row = self.report(order)
        self.assertEqual(row.quantity, 24)
        self.assertAlmostEqual(row.amount, 48 / order.currency_rate, 2)
        self.assertEqual(row.currency_id, self.company.currency_id)

    def test_the_day_is_that_of_the_company(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        late = self.sell(datetime(2026, 3, 5, 17), (self.product_a, 1, 3.0))
        self.assertEqual(self.report(late).day, date(2026, 3, 6))

    def test_a_split_order_is_one_order_from_two_warehouses(self):
        order = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0), (self.product_b, 1, 5.0))
        order.order_line[1].warehouse_id = self.central
        self.env.flush_all()
        domain = [("order_id", "=", order.id)]
        model = self.env["distrib.sales.report"]
        self.assertEqual(model._read_group(domain, [], ["order_id:count_distinct"]), [(1,)])
        tiers = model._read_group(domain, ["network_tier"], ["amount:sum"])
        self.assertEqual(dict(tiers), {"regional": 3, "central": 5})

    def test_every_role_reads_and_nobody_else(self):
        order = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0))
        rows = self.report(order)
        for role in ROLES:
            self.assertEqual(rows.with_user(self.users[role]).mapped("amount"), [3], role)
            with self.assertRaises(AccessError):
                rows.with_user(self.users[role]).unlink()
        with self.assertRaises(AccessError):
            rows.with_user(self.new_user()).read(["amount"])

    def test_companies_see_their_own_sales(self):
        order = self.sell(date(2026, 3, 5), (self.product_a, 1, 3.0))
        other = self.env["res.company"].create({"name": "Test Other Company"})
        self.users["manager"].write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        model = self.env["distrib.sales.report"].with_user(self.users["manager"]).with_company(other)
        self.assertFalse(model.search([("order_id", "=", order.id)]))


@tagged("post_install", "-at_install")
class TestSalesReportOverRpc(HttpCase, SalesCommon):
    def test_a_viewer_groups_sales_over_rpc(self):
        order = self.sell(date(2026, 3, 5), (self.product_a, 10, 3.0))
        args = [[["order_id", "=", order.id]], ["channel_id"], ["amount:sum"]]
        uid = self.xmlrpc_common.authenticate(self.env.cr.dbname, "test_viewer", "test_viewer", {})
        rows = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, uid, "test_viewer", "distrib.sales.report", "formatted_read_group", args
        )
        self.assertEqual(rows[0]["amount:sum"], 30)
