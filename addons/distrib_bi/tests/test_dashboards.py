import json
from datetime import date, timedelta

from odoo import fields
from odoo.addons.distrib_inventory.tests.common import ROLES
from odoo.addons.spreadsheet.utils.validate_data import fields_in_spreadsheet, odoo_charts
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import file_open
from odoo.tools.translate import extract_spreadsheet_terms

from .common import SalesCommon

NAMES = ("sales", "stock")


@tagged("post_install", "-at_install")
class TestDashboards(SalesCommon):
    def _data(self, name):
        return json.loads(self.env.ref(f"distrib_bi.dashboard_{name}").spreadsheet_data)

    def test_every_field_exists(self):
        for name in NAMES:
            data = self._data(name)
            found = fields_in_spreadsheet(data)
            self.assertTrue(found)
            for model, names in found.items():
                for field in names:
                    self.assertIn(field.split(":")[0].split(".")[0], self.env[model]._fields, f"{name}: {model}")

    def test_filters_apply_to_every_pivot_and_chart(self):
        """A figure that ignores a filter shows another truth than its neighbours."""
        for name in NAMES:
            data = self._data(name)
            filters = {f["id"]: f for f in data["globalFilters"]}
            for item in [*data["pivots"].values(), *odoo_charts(data)]:
                model = self.env[item.get("model") or item["metaData"]["resModel"]]
                dated = item.get("name") not in ("Month", "Month before")
                expected = {key for key, f in filters.items() if dated or f["type"] != "date"}
                self.assertEqual(set(item["fieldMatching"]), expected, item.get("name"))
                for key, match in item["fieldMatching"].items():
                    field = model._fields[match["chain"]]
                    self.assertEqual(field.type, match["type"])
                    self.assertEqual(filters[key].get("modelName"), field.comodel_name)

    def _sum(self, pivot, domain=()):
        rows = self.env[pivot["model"]].formatted_read_group(
            [*pivot["domain"], *domain], [], [m["id"] for m in pivot["measures"]]
        )
        return rows[0]

    def test_the_figures_are_those_of_the_orders(self):
        pivots = {p["name"]: p for p in self._data("sales")["pivots"].values()}
        today = fields.Date.context_today(self.env["sale.order"])
        first = today.replace(day=1)
        before = self._sum(pivots["Current"]), self._sum(pivots["Month"]), self._sum(pivots["Month before"])
        last_month = (first - timedelta(days=1)).replace(day=1)
        orders = [
            self.sell(first, (self.product_a, 10, 3.0), (self.product_b, 1, 5.0)),
            self.sell(last_month, (self.product_a, 1, 7.0)),
            self.sell(date(2020, 1, 1), (self.product_a, 1, 11.0)),
        ]
        self.assertEqual([order.amount_untaxed for order in orders], [35, 7, 11])
        after = self._sum(pivots["Current"]), self._sum(pivots["Month"]), self._sum(pivots["Month before"])
        sales = [(new["amount:sum"] or 0) - (old["amount:sum"] or 0) for old, new in zip(before, after, strict=True)]
        self.assertEqual(sales, [53, 35, 7])
        self.assertEqual(after[0]["order_id:count_distinct"] - before[0]["order_id:count_distinct"], 3)

    def test_top_products_are_sorted_by_sales(self):
        pivots = {p["name"]: p for p in self._data("sales")["pivots"].values()}
        self.assertEqual(pivots["Product"]["sortedColumn"]["measure"], "amount:sum")
        self.sell(date(2026, 3, 5), (self.product_a, 1, 900_000_000.0))
        rows = self.env["distrib.sales.report"].formatted_read_group(
            pivots["Product"]["domain"], ["product_id"], ["amount:sum"], order="amount:sum desc", limit=1
        )
        self.assertEqual(rows[0]["product_id"][0], self.product_a.id)

    def test_stock_figures_are_the_positions(self):
        pivots = {p["name"]: p for p in self._data("stock")["pivots"].values()}
        before = self._sum(pivots["Stock"])
        self.add_stock(self.product_a, self.central, 40)
        self.add_stock(self.product_a, self.dealer_warehouse, 7, owner=self.dealer)
        after = self._sum(pivots["Stock"])
        change = {key: (after[key] or 0) - (before[key] or 0) for key in ("on_hand:sum", "owned_on_hand:sum")}
        self.assertEqual(change, {"on_hand:sum": 40, "owned_on_hand:sum": 7})

    def test_roles_open_the_dashboards_and_others_do_not(self):
        dashboards = self.env["spreadsheet.dashboard"].union(
            *(self.env.ref(f"distrib_bi.dashboard_{n}") for n in NAMES)
        )
        for role in ROLES:
            own = dashboards.with_user(self.users[role])
            self.assertTrue(all(json.loads(d._get_serialized_readonly_dashboard())["snapshot"] for d in own), role)
            menus = self.env["ir.ui.menu"].with_user(self.users[role])._visible_menu_ids()
            self.assertIn(self.env.ref("distrib_bi.menu_dashboard_sales").id, menus, role)
        with self.assertRaises(AccessError):
            dashboards.with_user(self.new_user()).read(["name"])

    def test_every_term_has_its_chinese(self):
        with file_open("distrib_bi/i18n/zh_CN.po") as file:
            catalogue = file.read()
        for name in NAMES:
            with file_open(f"distrib_bi/data/files/{name}_dashboard.json") as file:
                terms = {term for _line, _function, term, _comments in extract_spreadsheet_terms(file, [], [], {})}
            for term in filter(None, terms):
                self.assertIn(f'msgid "{term}"', catalogue)
