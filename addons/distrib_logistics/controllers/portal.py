from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal, pager
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

PAGE = 20


class ParcelPortal(CustomerPortal):
    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "parcel_count" in counters:
            Parcel = request.env["distrib.parcel"]
            values["parcel_count"] = Parcel.search_count([]) if self._sees_parcels() else 0
        return values

    def _sees_parcels(self):
        return request.env["distrib.parcel"].has_access("read")

    @http.route(["/my/parcels", "/my/parcels/page/<int:page>"], type="http", auth="user", website=True, readonly=True)
    def portal_my_parcels(self, page=1, **kwargs):
        Parcel = request.env["distrib.parcel"]
        if not self._sees_parcels():
            return request.redirect("/my")
        # which parcels: the record rule alone decides; nothing of the request enters the domain
        pages = pager(url="/my/parcels", total=Parcel.search_count([]), page=page, step=PAGE)
        parcels = Parcel.search([], limit=PAGE, offset=pages["offset"])
        labels = Parcel._status_labels()
        values = self._prepare_portal_layout_values() | {
            "page_name": "parcels",
            # sudo: the carrier's name, which a customer may see, lies on a model he cannot read
            "rows": [parcel._portal_row(labels) for parcel in parcels.sudo()],
            "pager": pages,
            "default_url": "/my/parcels",
        }
        return request.render("distrib_logistics.portal_my_parcels", values)

    @http.route("/my/parcels/<int:parcel_id>", type="http", auth="user", website=True, readonly=True)
    def portal_parcel_page(self, parcel_id, **kwargs):
        # no access token here: a link that never expires must not open somebody's deliveries
        try:
            parcel = self._document_check_access("distrib.parcel", parcel_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        parcel = parcel.with_context(lang=request.env.lang, tz=request.env.user.tz)
        orders = request.env["sale.order"].search([("id", "in", parcel.sale_order_ids.ids)])
        values = self._prepare_portal_layout_values() | {
            "page_name": "parcel",
            "row": parcel._portal_row(parcel._status_labels()),
            "rows": parcel._timeline(),
            # only those of this customer, should the parcel hold goods of others as well
            "orders": [{"name": order.name, "url": f"/my/orders/{order.id}"} for order in orders],
        }
        return request.render("distrib_logistics.portal_parcel_page", values)
