import base64
import secrets

from odoo import http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request

from ..models.dealer_stock import MAX_BYTES
from .portal import DealerPortal

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DealerStock(DealerPortal):
    def _prepare_portal_layout_values(self):
        values = super()._prepare_portal_layout_values()
        if values["dealer"]:
            values["dealer"]["stock"] = bool(request.env["distrib.dealer.page"]._stock_warehouse())
        return values

    def _stock_values(self):
        """The values of a page about stock, or None for users whose company keeps no warehouse with us."""
        values = self._prepare_portal_layout_values()
        return values if values["dealer"] and values["dealer"]["stock"] else None

    @http.route("/my/dealer/stock", type="http", auth="user", website=True, methods=["GET"], readonly=True)
    def portal_dealer_stock(self, **kwargs):
        values = self._stock_values()
        if not values:
            return request.redirect("/my")
        return self._render_stock(values, "")

    def _render_stock(self, values, error):
        page = request.env["distrib.dealer.page"]._stock_page()
        values |= {"page_name": "dealer_stock", "stock": page, "error": error, "key": secrets.token_hex(16)}
        return request.render("distrib_dealer_portal.portal_dealer_stock", values)

    @http.route("/my/dealer/stock/send", type="http", auth="user", website=True, methods=["POST"])
    def portal_dealer_stock_send(self, as_of="", key="", upload=None, **form):
        values = self._stock_values()
        if not values:
            return request.redirect("/my")
        page = request.env["distrib.dealer.page"]
        try:
            with request.env.cr.savepoint():
                if upload:
                    name, content = upload.filename, upload.read(MAX_BYTES + 1)
                else:
                    name, content = "portal.csv", page._stock_typed(form)
                report = page._stock_send(as_of, key, name, content)
                report_id = report.id
        except UserError as problem:
            return self._render_stock(values, str(problem))
        return request.redirect(f"/my/dealer/stock/{report_id}")

    @http.route("/my/dealer/stock/template", type="http", auth="user", methods=["GET"], readonly=True)
    def portal_dealer_stock_template(self, **kwargs):
        if not self._stock_values():
            return request.redirect("/my")
        content = request.env["distrib.dealer.page"]._stock_template()
        name = request.env._("Stock report.xlsx")
        return request.make_response(
            content, [("Content-Type", XLSX), ("Content-Disposition", content_disposition(name))]
        )

    @http.route("/my/dealer/stock/<int:report_id>", type="http", auth="user", website=True, readonly=True)
    def portal_dealer_stock_report(self, report_id, **kwargs):
        values = self._stock_values()
        result = values and request.env["distrib.dealer.page"]._stock_result(report_id)
        if not result:
            return request.redirect("/my")
        values |= {"page_name": "dealer_stock_report", "result": result}
        return request.render("distrib_dealer_portal.portal_dealer_stock_report", values)

    @http.route("/my/dealer/stock/<int:report_id>/bad", type="http", auth="user", readonly=True)
    def portal_dealer_stock_bad(self, report_id, **kwargs):
        """The file of the bad rows, to be mended."""
        result = self._stock_values() and request.env["distrib.dealer.page"]._stock_result(report_id)
        if not (result and result["error_file"]):
            return request.redirect("/my")
        headers = [
            ("Content-Type", "text/csv; charset=utf-8"),
            ("Content-Disposition", content_disposition(result["error_file_name"])),
        ]
        return request.make_response(base64.b64decode(result["error_file"]), headers)
