from datetime import timedelta

from odoo import models

GOODS = 24


class Demo(models.AbstractModel):
    """Dealers without our system who report their stock: in time, with differences, and not for a long time."""

    _inherit = "distrib.demo"

    def _steps(self):
        return [*super()._steps(), (97, "stock reports", self._build_stock_reports), (98, "alerts", self._build_alerts)]

    def _build_stock_reports(self, made):
        places = made.warehouses.filtered(lambda warehouse: warehouse.network_tier == "dealer")[:4]
        places.reports_stock = True
        for number, place in enumerate(places[:3]):
            late = 25 if number == 1 else 0
            self._build_report(made, place, late + 10, number)
            self._build_report(made, place, late, number, differs=number == 0)

    def _build_report(self, made, place, days_ago, number, differs=False):
        """A report that agrees with the one before it, but for the third and the eighth product of one that differs."""
        reports = self.env["distrib.stock.report"]
        as_of = made.network.until - timedelta(days=days_ago)
        before = reports.search([("warehouse_id", "=", place.id)], limit=1)
        stock = {line.product_id.id: line.on_hand for line in before.line_ids}
        moved = reports.new({"warehouse_id": place.id, "as_of": as_of})._moved(before.as_of) if before else {}
        rows = []
        for index, product in enumerate(made.products[number : number + GOODS]):
            came, went = moved.get(product.id, (0.0, 0.0))
            have = stock.get(product.id, 60.0 + 7 * index) + came - went
            sold = min(have, 5.0 + (3 * index + number) % 11) if before else 0.0
            wrong = {2: -9.0, 7: 14.0}.get(index, 0.0) if differs else 0.0
            rows.append({"sku": product.default_code, "on_hand": max(have - sold + wrong, 0.0), "sold": sold})
        if differs:
            rows.append({"sku": "XX-0001", "on_hand": 12})
        name = f"{place.code} {as_of}.csv"
        report = reports._submit(place, as_of, name, reports._lines_as_csv(rows), "portal" if number else "file")
        self._backdate(report, self._noon(as_of, 10))

    def _build_alerts(self, made):
        rules = self.env["distrib.alert.rule"].search([("active", "=", True)])
        rules._evaluate()
        rules._tell_responsible()
