from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal, pager
from odoo.http import request

from ..models.dealer_page import PAGE


class DealerPortal(CustomerPortal):
    def _prepare_portal_layout_values(self):
        values = super()._prepare_portal_layout_values()
        dealer = request.env["distrib.dealer.page"]._dealer()
        values["dealer"] = dealer and {"buys": dealer["buys"], "pays": dealer["pays"]}
        return values

    @http.route("/my/dealer", type="http", auth="user", website=True, readonly=True)
    def portal_dealer(self, **kwargs):
        values = self._prepare_portal_layout_values()
        if not values["dealer"]:
            return request.redirect("/my")
        values |= {"page_name": "dealer", "dashboard": request.env["distrib.dealer.page"]._dashboard()}
        return request.render("distrib_dealer_portal.portal_dealer", values)

    @http.route(
        ["/my/dealer/catalogue", "/my/dealer/catalogue/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_dealer_catalogue(self, page=1, search="", **kwargs):
        values = self._prepare_portal_layout_values()
        if not (values["dealer"] and values["dealer"]["buys"]):
            return request.redirect("/my")
        catalogue = request.env["distrib.dealer.page"]._catalogue(search, page)
        values |= {
            "page_name": "dealer_catalogue",
            "catalogue": catalogue,
            "search": search,
            "pager": pager(
                url="/my/dealer/catalogue",
                total=catalogue["total"],
                page=catalogue["page"],
                step=PAGE,
                url_args={"search": search} if search else None,
            ),
        }
        return request.render("distrib_dealer_portal.portal_dealer_catalogue", values)
