"""The dealer's own stock reports. As on his other pages, whose they are follows from the signed-in user alone."""

import csv
import datetime
import io

import openpyxl
from odoo import api, fields, models
from odoo.exceptions import UserError

MAX_BYTES = 2 << 20
MAX_ROWS = 300
MAX_AN_HOUR = 30
SHOWN_REPORTS = 12


class DealerPage(models.AbstractModel):
    _inherit = "distrib.dealer.page"

    @api.model
    def _stock_warehouse(self):
        """The warehouse of the signed-in user's dealer; empty when he keeps none with us."""
        dealer = self._dealer()
        warehouse = dealer["partner"].dealer_warehouse_id if dealer else self.env["stock.warehouse"].sudo()
        return warehouse.filtered(lambda house: house.company_id == dealer["company"])

    @api.model
    def _stock_reports(self):
        # sudo: see the module's docstring; bound to the dealer's own warehouse
        return self.env["distrib.stock.report"].sudo().with_company(self._stock_warehouse().company_id)

    @api.model
    def _stock_page(self):
        warehouse = self._stock_warehouse()
        reports = self._stock_reports().search([("warehouse_id", "=", warehouse.id)], limit=SHOWN_REPORTS)
        return {
            "warehouse": warehouse.name,
            "today": fields.Date.context_today(self),
            "overdue": warehouse.is_report_stale,
            "days": warehouse.company_id.distrib_report_days,
            "reports": [self._stock_report_values(report) for report in reports],
            "products": self._stock_products(warehouse),
        }

    @api.model
    def _stock_report_values(self, report):
        return {
            "id": report.id,
            "as_of": report.as_of,
            "sent_at": report.create_date,
            "state": report.state,
            "good": report.good_count,
            "bad": report.bad_count,
            "message": report.message or "",
        }

    @api.model
    def _stock_products(self, warehouse):
        """What the dealer may type quantities for: the goods of his last report and those that lie in his warehouse."""
        last = self._stock_reports().search([("warehouse_id", "=", warehouse.id), ("state", "=", "done")], limit=1)
        quants = self.env["stock.quant"].sudo()
        groups = quants._read_group(
            [("location_id", "child_of", warehouse.view_location_id.ids), ("quantity", ">", 0)], ["product_id"]
        )
        products = last.line_ids.product_id.union(*(product for (product,) in groups))
        rows = products.filtered("active").sorted(lambda product: (product.default_code or "", product.id))[:MAX_ROWS]
        return [
            {
                "id": product.id,
                "sku": product.default_code or product.barcode or product.name,
                "name": product.name,
                "unit": product.uom_id.name,
            }
            for product in rows
        ]

    @api.model
    def _stock_template(self):
        """A workbook with the dealer's goods and empty quantities; its headers are understood when it comes back."""
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append([self.env._("SKU"), self.env._("Name"), self.env._("Stock"), self.env._("Sold")])
        for row in self._stock_products(self._stock_warehouse()):
            # the unit beside the name: as a column it would have to be read back, in whatever language
            sheet.append([row["sku"], f"{row['name']} ({row['unit']})"])
        sheet.column_dimensions["B"].width = 40
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    @api.model
    def _stock_typed(self, form):
        """The quantities typed into the page, as the file that the report stores; only goods that it offered."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["sku", "stock", "sold"])
        count = 0
        for row in self._stock_products(self._stock_warehouse()):
            on_hand = (form.get(f"on_hand_{row['id']}") or "").strip()[:20]
            if on_hand:
                writer.writerow([row["sku"], on_hand, (form.get(f"sold_{row['id']}") or "").strip()[:20]])
                count += 1
        if not count:
            raise UserError(self.env._("Choose a file, or type the stock of at least one product."))
        return text.getvalue().encode()

    @api.model
    def _stock_send(self, as_of, key, file_name, content):
        """Take in the dealer's report; the same request again returns the same report.

        :param str key: made by the page; tells a request sent twice from a new one
        """
        warehouse = self._stock_warehouse()
        if not warehouse:
            raise UserError(self.env._("Your company has no warehouse with us. Please ask your contact."))
        if len(content) > MAX_BYTES:
            raise UserError(self.env._("The file is too large; a report has at most 2 MB."))
        try:
            day = datetime.date.fromisoformat(as_of)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("Enter the day of the report.")) from error
        reports = self._stock_reports()
        self._check_stock_rate(reports, warehouse)
        return reports._submit(
            warehouse, day, file_name[-80:], content, "portal", f"portal-{self.env.uid}-{key[:64]}" if key else None
        )

    @api.model
    def _check_stock_rate(self, reports, warehouse):
        recent = fields.Datetime.now() - datetime.timedelta(hours=1)
        domain = [("warehouse_id", "=", warehouse.id), ("source", "=", "portal"), ("create_date", ">", recent)]
        if reports.with_context(active_test=False).search_count(domain, limit=MAX_AN_HOUR) >= MAX_AN_HOUR:
            raise UserError(self.env._("Too many reports in a short time; please try again later."))

    @api.model
    def _stock_result(self, report_id):
        """One report of the dealer's own with its bad rows, or None."""
        domain = [("id", "=", report_id), ("warehouse_id", "=", self._stock_warehouse().id or 0)]
        report = self._stock_reports().with_context(active_test=False).search(domain)
        if not report:
            return None
        return {
            **self._stock_report_values(report),
            "problems": report._problems(),
            "error_file": report.error_file,
            "error_file_name": report.error_file_name,
            "unchanged": report.result == "unchanged",
        }
