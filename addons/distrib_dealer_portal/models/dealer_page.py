"""What the dealer's pages show, as plain values.

Portal users can read no product, pricelist, quant or account. These methods therefore read in sudo and hand out chosen
values only. Whose values they are follows from the signed-in user alone: no partner, company, price, field or domain
comes from the request. All methods are private, so none can be called over RPC.
"""

from odoo import api, fields, models
from odoo.fields import Domain

from .partner import BUYS, PAYS

PAGE = 24
LOW_STOCK = 20
MAX_ORDERS = 30
SUPPLYING_TIERS = ("central", "regional")


class DealerPage(models.AbstractModel):
    _name = "distrib.dealer.page"
    _description = "Dealer Portal Page"

    @api.model
    def _dealer(self):
        """The signed-in user's dealer and role, or None when he is no dealer's contact."""
        user = self.env.user
        if not user.has_group("distrib_dealer_portal.group_dealer"):
            return None
        # sudo: role and tier are internal fields of the partner
        contact = user.partner_id.sudo().with_company(user.company_id)
        dealer = contact.commercial_partner_id
        if not dealer.is_dealer:
            return None
        role = contact.dealer_role or "buyer"
        return {"partner": dealer, "company": user.company_id, "buys": role in BUYS, "pays": role in PAYS}

    @api.model
    def _dashboard(self):
        dealer = self._dealer()
        partner = dealer["partner"]
        return {
            "name": partner.name,
            "code": partner.dealer_code or "",
            "tier": partner.dealer_tier_id.name or "",
            "buys": dealer["buys"],
            "pays": dealer["pays"],
            "orders": self._orders(partner) if dealer["buys"] else [],
            "balance": self._balance(dealer) if dealer["pays"] else None,
            "to_confirm": self._count_to_confirm(partner) if dealer["buys"] else 0,
        }

    @api.model
    def _own_orders(self, partner):
        # as core's record rule; a sub-dealer hangs on dealer_parent_id and is therefore no child
        return Domain("partner_id", "child_of", partner.ids)

    @api.model
    def _count_to_confirm(self, partner):
        return self.env["sale.order"].search_count(self._own_orders(partner) & Domain("state", "=", "sent"))

    @api.model
    def _orders(self, partner):
        moving = Domain("state", "=", "sale") & Domain("delivery_status", "!=", "full")
        domain = self._own_orders(partner) & (moving | self._pooled_orders())
        orders = self.env["sale.order"].search(domain, order="date_order desc, id desc", limit=MAX_ORDERS)
        # sudo: the names of currencies and the like; the search above has applied the user's own rights
        return [
            {
                "name": order.name,
                "url": f"/my/orders/{order.id}",
                "ordered_at": order.date_order,
                "promised_at": order.commitment_date,
                "amount": order.amount_total,
                "currency": order.currency_id,
                "lines": len(order.order_line.filtered(lambda line: not line.display_type)),
                **self._stage(order),
            }
            for order in orders.sudo()
        ]

    @api.model
    def _pooled_orders(self):
        """Orders of the user's dealer that were taken in and wait for a warehouse; drafts of a clerk are not among them."""
        dealer = self._dealer()
        if not dealer:
            return Domain.FALSE
        # sudo: the pool's fields are internal; nothing but the ids of his own orders leaves
        waiting = self.env["sale.order"].sudo().search(
            self._own_orders(dealer["partner"])
            & Domain("state", "=", "draft")
            & Domain("channel_id", "!=", False)
            & Domain("pool_state", "in", ("held", "to_route"))
        )  # fmt: skip
        return Domain("id", "in", waiting.ids)

    @api.model
    def _stage(self, order):
        """What a dealer is told about where his order is: stage and tone.

        :param order: one order of his, in sudo, as its stage in the pool is internal
        """
        if order.state == "draft":
            return self._stages()["held" if order.pool_state == "held" else "accepted"]
        return self._stages()[order.delivery_status or "pending"]

    @api.model
    def _stages(self):
        return {
            "held": {"stage": self.env._("Being checked"), "tone": "secondary"},
            "accepted": {"stage": self.env._("Accepted"), "tone": "info"},
            "full": {"stage": self.env._("Shipped"), "tone": "success"},
            "pending": {"stage": self.env._("Being prepared"), "tone": "info"},
            "started": {"stage": self.env._("Being picked"), "tone": "primary"},
            "partial": {"stage": self.env._("Partly shipped"), "tone": "warning"},
        }

    @api.model
    def _balance(self, dealer):
        """Open and overdue receivables in the company's currency; credit notes and payments on account reduce them."""
        today = fields.Date.context_today(self)
        # sudo: journal items of others are out of reach for the user; the domain is bound to his own dealer
        Line = self.env["account.move.line"].sudo()
        domain = (
            Domain("partner_id", "child_of", dealer["partner"].ids)
            & Domain("company_id", "=", dealer["company"].id)
            & Domain("parent_state", "=", "posted")
            & Domain("account_type", "=", "asset_receivable")
            & Domain("amount_residual", "!=", 0)
        )
        ((open_amount,),) = Line._read_group(domain, [], ["amount_residual:sum"])
        ((overdue,),) = Line._read_group(domain & Domain("date_maturity", "<", today), [], ["amount_residual:sum"])
        return {
            "open": open_amount or 0.0,
            "overdue": max(overdue or 0.0, 0.0),
            "currency": dealer["company"].sudo().currency_id,
        }

    @api.model
    def _catalogue(self, search="", page=1):
        """One page of what the dealer can order: total, rows and the currency of his prices.

        :param str search: words looked for in name, number and barcode
        :param int page: from 1
        """
        dealer = self._dealer()
        # sudo: see the module's docstring
        Product = self.env["product.product"].sudo().with_company(dealer["company"])
        domain = self._catalogue_domain(dealer, search)
        total = Product.search_count(domain)
        page = max(1, min(page, (total + PAGE - 1) // PAGE or 1))
        products = Product.search(domain, order="default_code, id", limit=PAGE, offset=(page - 1) * PAGE)
        pricelist = dealer["partner"].property_product_pricelist
        prices = pricelist._get_products_price(products, 1.0)
        bands = self._bands(products, dealer["company"])
        return {
            "total": total,
            "page": page,
            "currency": pricelist.currency_id or dealer["company"].sudo().currency_id,
            "rows": [
                {
                    "code": product.default_code or "",
                    "name": product.name,
                    "unit": product.uom_id.name,
                    "price": prices[product.id],
                    "band": bands[product.id],
                    "image": product.image_128,
                }
                for product in products
            ],
        }

    @api.model
    def _catalogue_domain(self, dealer, search):
        domain = (
            Domain("sale_ok", "=", True)
            & Domain("type", "=", "consu")
            & Domain("company_id", "in", (False, dealer["company"].id))
        )
        for word in (search or "")[:64].split()[:6]:
            domain &= Domain.OR(Domain(field, "ilike", word) for field in ("name", "default_code", "barcode"))
        return domain

    @api.model
    def _bands(self, products, company):
        """in, low or out for each product: what the supplying warehouses have free. The quantity itself stays here."""
        limit = int(self.env["ir.config_parameter"].sudo().get_param("distrib_dealer_portal.low_stock", LOW_STOCK))
        warehouses = self.env["stock.warehouse"].sudo().search([("company_id", "=", company.id)])
        supplying = warehouses.filtered(lambda house: house.network_tier in SUPPLYING_TIERS) or warehouses
        groups = (
            self.env["stock.quant"]
            .sudo()
            ._read_group(
                [
                    ("product_id", "in", products.ids),
                    ("location_id", "child_of", supplying.lot_stock_id.ids),
                    ("owner_id", "=", False),
                ],
                ["product_id"],
                ["quantity:sum", "reserved_quantity:sum"],
            )
        )
        free = {product.id: quantity - reserved for product, quantity, reserved in groups}
        return {
            product.id: "in" if not product.is_storable else self._band(free.get(product.id, 0.0), limit)
            for product in products
        }

    @api.model
    def _band(self, free, limit):
        if free <= 0:
            return "out"
        return "low" if free < limit else "in"
