from odoo.addons.sale.controllers.portal import CustomerPortal
from odoo.fields import Domain
from odoo.http import request


class DealerOrders(CustomerPortal):
    """A dealer's list of orders begins when his order is in the pool, not when somebody has confirmed it."""

    def _prepare_orders_domain(self, partner):
        domain = super()._prepare_orders_domain(partner)
        page = request.env["distrib.dealer.page"]
        # a list again: core adds the dates that a visitor chose
        return list(Domain(domain) | page._pooled_orders()) if page._dealer() else domain

    def _prepare_sale_portal_rendering_values(self, quotation_page=False, **kwargs):
        values = super()._prepare_sale_portal_rendering_values(quotation_page=quotation_page, **kwargs)
        if not quotation_page and values.get("dealer"):
            page = request.env["distrib.dealer.page"]
            values["order_stages"] = {order.id: page._stage(order) for order in values["orders"]}
        return values
