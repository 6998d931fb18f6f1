from datetime import datetime, timedelta

from odoo import api, fields, models

TIERS = (("gold", 12.0), ("silver", 8.0), ("bronze", 4.0))
# generator's channel -> (code, English name, Chinese name, other values); the first two are the add-on's own.
CHANNELS = {
    "portal": ("PORTAL", None, None, {}),
    "api": ("API", None, None, {}),
    "shop": ("SHOP", "Mini-program shop", "小程序商城", {"kind": "api"}),
    "phone": ("PHONE", "Phone and e-mail", "电话与邮件", {"kind": "manual", "auto_confirm": False}),
}
CONTACTS = (("buyer", "Buyer", "采购"), ("finance", "Finance", "财务"))
HOLDS = (
    ("Credit limit is being checked", "正在核实信用额度"),
    ("The dealer asked to ship with the next order", "经销商要求与下一单合并发货"),
    ("Delivery address to be confirmed", "收货地址待确认"),
)
PORTAL_DEALER = 0
BATCH = 100


class Demo(models.AbstractModel):
    """Dealers with their terms, and the orders in the pool."""

    _inherit = "distrib.demo"

    @api.model
    def logins(self):
        return [
            *super().logins(),
            ("dealer.buyer", self.env._("A dealer's buyer, in the portal")),
            ("dealer.finance", self.env._("A dealer's finance user, in the portal")),
        ]

    @api.model
    def _other_data_models(self):
        return [*super()._other_data_models(), "sale.order"]

    @api.model
    def _steps(self):
        return [
            *super()._steps(),
            (15, "terms and channels", self._build_terms),
            (35, "dealers", self._build_dealers),
            (80, "orders", self._build_orders),
            (82, "orders from outside", self._build_inbox),
        ]

    def _build_terms(self, made):
        """A pricelist for each tier, payment terms and the channels."""
        company = self.env.company
        company.account_use_credit_limit = True
        self.env.ref("base.group_user")._apply_group(self.env.ref("product.group_product_pricelist"))
        tiers = [self.env.ref(f"distrib_orders.dealer_tier_{code}") for code, _discount in TIERS]
        for tier, (_code, discount) in zip(tiers, TIERS, strict=True):
            tier.pricelist_id = self.env["product.pricelist"].create(self._pricelist_vals(tier, discount))
        terms = {
            days: self.env["account.payment.term"].create(self._term_vals(made, days))
            for days in sorted({d.payment_days for d in made.network.dealers})
        }
        made.extra.update(tiers=tiers, terms=terms, channels=self._channels(made))

    def _pricelist_vals(self, tier, discount):
        rule = {"applied_on": "3_global", "compute_price": "percentage", "percent_price": discount}
        return {
            "name": self.env._("%s dealers", tier.name),
            "currency_id": self.env.company.currency_id.id,
            "company_id": self.env.company.id,
            "item_ids": [fields.Command.create(rule)],
        }

    def _term_vals(self, made, days):
        line = {"value": "percent", "value_amount": 100, "nb_days": days}
        name = f"月结{days}天" if made.lang.startswith("zh") else f"{days} days"
        return {"name": name, "line_ids": [fields.Command.create(line)]}

    def _channels(self, made):
        model, channels = self.env["distrib.channel"], {}
        for key, (code, name, name_zh, values) in CHANNELS.items():
            channel = model.search([("code", "=", code), ("company_id", "=", self.env.company.id)])
            if not channel:
                channel = model.with_context(lang="en_US").create({"name": name, "code": code, **values})
                self._translate(channel, "name", [name_zh])
            channels[key] = channel
        return channels

    def _dealer_vals(self, made, dealer):
        region = self._region(dealer.city)
        return {
            **super()._dealer_vals(made, dealer),
            "is_dealer": True,
            "dealer_code": dealer.ref,
            "dealer_tier_id": made.extra["tiers"][dealer.tier].id,
            "dealer_region_id": region.id,
            "distrib_region_id": region.id,
            "property_payment_term_id": made.extra["terms"][dealer.payment_days].id,
            "credit_limit": dealer.credit_limit,
        }

    def _build_dealers(self, made):
        """Who supplies whom, the dealers' warehouses, contacts and the portal's users."""
        for partner, dealer in zip(made.dealers, made.network.dealers, strict=True):
            if dealer.parent >= 0:
                partner.dealer_parent_id = made.dealers[dealer.parent]
        for warehouse in made.warehouses.filtered("dealer_id"):
            warehouse.dealer_id.dealer_warehouse_id = warehouse
        contacts = self.env["res.partner"].create(
            [self._contact_vals(made, partner, *contact) for partner in made.dealers for contact in CONTACTS]
        )
        owner = made.dealers[PORTAL_DEALER]
        users = contacts.filtered(lambda contact: contact.parent_id == owner)
        self.env["res.users"].create([self._portal_user_vals(made, contact) for contact in users])

    def _contact_vals(self, made, partner, role, name, name_zh):
        return {
            "name": name_zh if made.lang.startswith("zh") else name,
            "parent_id": partner.id,
            "type": "contact",
            "dealer_role": role,
            "lang": made.lang,
            "tz": partner.tz,
            "email": f"{role}.{partner.ref.lower()}@example.com",
        }

    def _portal_user_vals(self, made, contact):
        login = f"dealer.{contact.dealer_role}"
        return {
            "login": login,
            "password": login,
            "partner_id": contact.id,
            "group_ids": [fields.Command.set(self._portal_groups().ids)],
        }

    def _portal_groups(self):
        """Groups of a dealer's portal users; the portal add-on has its own."""
        return self.env.ref("base.group_portal")

    def _build_orders(self, made):
        """Create all orders but those that come through the inbox, route or confirm them, and date them back."""
        network = made.network
        outside = self._from_outside(made)
        chosen = [order for order in network.orders if order not in outside]
        orders = self.env["sale.order"]
        for start in range(0, len(chosen), BATCH):
            orders += orders.create([self._order_vals(made, o) for o in chosen[start : start + BATCH]])
        made.extra["orders"] = dict(zip([o.ref for o in chosen], orders, strict=True))
        old, recent = self._by_age(made, chosen)
        for start in range(0, len(old), BATCH):
            old[start : start + BATCH].action_confirm()
        recent._route()
        self._apply_open(made, chosen)
        self._date_orders(made, chosen)

    def _from_outside(self, made):
        """The newest orders of the interface: they go the way of every order from outside."""
        return {o for o in made.network.orders[-60:] if o.channel == "api" and o.fate in ("to_route", "routed")}

    def _order_vals(self, made, order):
        channel = made.extra["channels"][order.channel]
        contact = made.dealers[order.dealer]
        return {
            "partner_id": contact.id,
            "channel_id": channel.id,
            "channel_order_ref": order.ref,
            "channel_ordered_at": self._noon(order.day),
            "client_order_ref": order.ref,
            "date_order": self._noon(order.day),
            "warehouse_id": made.warehouses[order.source].id,
            # Every other one still waits for a clerk, those by phone for sure; the rest is free for the router.
            "pool_accepted": order.fate != "to_route" or (channel.auto_confirm and int(order.ref[-5:]) // 6 % 2 == 0),
            "order_line": [
                fields.Command.create({"product_id": made.products[product].id, "product_uom_qty": pieces})
                for product, pieces in order.lines
            ],
        }

    def _by_age(self, made, chosen):
        """Sold long ago: confirmed as they are. Of this month: decided by the router, with its explanation."""
        month = made.network.until - timedelta(days=30)
        by_ref, empty = made.extra["orders"], self.env["sale.order"]
        left = [o for o in chosen if o.fate not in ("to_route", "held", "cancelled")]
        old = empty.union(*(by_ref[o.ref] for o in left if o.day < month))
        recent = empty.union(*(by_ref[o.ref] for o in left if o.day >= month))
        return old, recent

    def _apply_open(self, made, chosen):
        by_ref, empty = made.extra["orders"], self.env["sale.order"]
        chinese = made.lang.startswith("zh")
        for place, order in enumerate(o for o in chosen if o.fate == "held"):
            by_ref[order.ref].action_pool_hold(HOLDS[place % len(HOLDS)][chinese])
        empty.union(*(by_ref[o.ref] for o in chosen if o.fate == "cancelled"))._action_cancel()
        released = empty.union(*(by_ref[o.ref] for o in chosen if o.fate in ("released", *self._shipped_fates())))
        released.filtered(lambda o: o.pool_state == "routed").released_at = fields.Datetime.now()

    def _shipped_fates(self):
        return ("paid", "unpaid", "overdue", "returned", "in_transit", "late", "exception")

    def _date_orders(self, made, chosen):
        """Core dates an order by the moment of its confirmation."""
        by_ref = made.extra["orders"]
        ordered = {by_ref[o.ref].id: self._noon(o.day, hour=1 + place % 9) for place, o in enumerate(chosen)}
        orders = self.env["sale.order"].browse(ordered)
        self._backdate(orders, ordered, ("create_date", "date_order", "channel_ordered_at"))
        released = {o.id: min(ordered[o.id] + timedelta(hours=3), datetime.now()) for o in orders if o.released_at}
        self._backdate(orders.browse(released), released, ("released_at",))
        lines = {line.id: ordered[line.order_id.id] for line in orders.order_line}
        self._backdate(orders.order_line.browse(lines), lines)
        decided = {d.id: ordered[d.order_id.id] for d in orders.routing_decision_ids}
        self._backdate(orders.routing_decision_ids, decided)

    def _build_inbox(self, made):
        """Some orders through the real intake, one of them with a product nobody knows."""
        outside = sorted(self._from_outside(made), key=lambda order: order.ref)
        payloads = [self._payload(made, order) for order in outside]
        payloads.append(
            {
                "external_id": "DEMO-UNKNOWN",
                "dealer_code": made.network.dealers[1].ref,
                "lines": [
                    {"sku": made.products[0].default_code, "quantity": 24},
                    {"sku": "NO-SUCH-SKU", "quantity": 6},
                ],
            }
        )
        payloads.append({"external_id": "DEMO-NOLINES", "dealer_code": made.network.dealers[2].ref, "lines": []})
        answers = self.env["distrib.channel"].submit_orders("API", payloads)
        orders = self.env["sale.order"].browse([a["order_id"] for a in answers if a["order_id"]])
        routed = {o.ref for o in outside if o.fate == "routed"}
        orders.filtered(lambda order: order.channel_order_ref in routed)._route()
        by_ref = {order.channel_order_ref: order for order in orders}
        made.extra["orders"] |= {o.ref: by_ref[o.ref] for o in outside}
        self._date_orders(made, outside)

    def _payload(self, made, order):
        return {
            "external_id": order.ref,
            "dealer_code": made.network.dealers[order.dealer].ref,
            "ordered_at": self._noon(order.day).isoformat(),
            "lines": [
                {"sku": made.network.products[product].sku, "quantity": pieces} for product, pieces in order.lines
            ],
        }
