from odoo import api, fields, models

# Zones as carriers draw them, by province code, seen from the middle of the country: first fee, further kg, days.
ZONES = (
    ("一区", ("310000", "320000", "330000", "340000", "420000", "360000", "410000", "430000"), 6.0, 1.2, 2.0),
    ("二区", ("110000", "120000", "130000", "140000", "370000", "350000", "440000", "610000"), 8.0, 2.5, 3.0),
    ("三区", ("500000", "510000", "520000", "450000", "210000", "220000", "230000", "530000"), 10.0, 4.5, 4.0),
    ("四区", ("150000", "460000", "620000", "630000", "640000"), 14.0, 8.0, 5.0),
    ("五区", ("540000", "650000"), 20.0, 14.0, 7.0),
)
REMOTE = (("540000", 10.0), ("650000", 8.0), ("630000", 5.0))
# Of the first two carriers: what their fees are of the zones', days, volume divisor, fuel in per cent.
RATES = ((1.5, 0.6, 6000.0, 6.0), (1.0, 1.0, 8000.0, 0.0))
STORES = 3


class Demo(models.AbstractModel):
    """Rates of two carriers, what warehouses can do in a day, and stores that answer for themselves."""

    _inherit = "distrib.demo"

    @api.model
    def logins(self):
        return [*super().logins(), ("store", self.env._("A store that answers what it is asked to send"))]

    @api.model
    def _steps(self):
        return [
            *super()._steps(),
            (77, "tariffs", self._build_tariffs),
            (78, "warehouse limits", self._build_services),
            (89, "store tasks", self._build_store_tasks),
        ]

    def _build_tariffs(self, made):
        """Nothing where no add-on has made carriers."""
        regions = {region.code: region.id for region in self.env["distrib.region"].search([("kind", "=", "province")])}
        year = made.network.until.replace(month=1, day=1)
        for carrier, (dear, slow, divisor, fuel) in zip(made.extra.get("carriers", ()), RATES, strict=False):
            lines = [
                fields.Command.create({
                    "zone": zone, "region_id": regions[code], "first": round(first * dear, 1),
                    "per_kg": round(per_kg * dear, 1), "days": max(1.0, days * slow),
                })
                for zone, codes, first, per_kg, days in ZONES for code in codes if code in regions
            ]  # fmt: skip
            remote = [
                fields.Command.create({"region_id": regions[c], "amount": fee}) for c, fee in REMOTE if c in regions
            ]
            self.env["distrib.tariff"].create({
                "name": str(year.year), "carrier_id": carrier.id, "valid_from": year.replace(year=year.year - 1),
                "divisor": divisor, "fuel_percent": fuel, "line_ids": lines, "remote_ids": remote,
            }).action_activate()  # fmt: skip

    def _build_services(self, made):
        sites = made.warehouses.filtered(lambda site: site.network_tier in ("central", "regional"))
        sites.write({"cut_off": 17.0, "keeps_holidays": True, "handling_per_parcel": 1.5, "handling_per_unit": 0.1})
        sites.filtered(lambda site: site.network_tier == "central").write({"has_cold_chain": True})
        stores = made.warehouses.filtered(lambda site: site.network_tier == "store")
        stores.write(
            {"handling_per_parcel": 2.5, "handling_per_unit": 0.3, "limits_parcels": True, "daily_parcels": 40}
        )

    def _build_store_tasks(self, made):
        """Three stores answer for themselves; the first has a user, and each is asked for something."""
        stores = made.warehouses.filtered(lambda site: site.network_tier == "store")[:STORES]
        stores.asks_store = True
        user = self.env["res.users"].create({
            "name": stores[:1].name, "login": "store", "password": "store", "lang": made.lang, "tz": "Asia/Shanghai",
            "group_ids": [fields.Command.set(self.env.ref("distrib_orders.group_store").ids)],
            "store_warehouse_ids": [fields.Command.set(stores[:1].ids)],
        })  # fmt: skip
        user.partner_id.email = "store@example.com"
        for place, store in enumerate(stores):
            for number in range(3 if not place else 1):
                self._ask_store(made, store, number)

    def _ask_store(self, made, store, number):
        """A customer nearby orders what the store has; a clerk chose the store."""
        position = self.env["stock.quant"].search(
            [("location_id", "child_of", store.lot_stock_id.id), ("quantity", ">=", 4), ("owner_id", "=", False)],
            limit=number + 1,
        )[number:]
        if not position:
            return
        buyer = self.env["res.partner"].create({
            "name": f"{store.region_id.name} {number + 1}", "distrib_region_id": store.region_id.id,
            "country_id": self.env.ref("base.cn").id,
        })  # fmt: skip
        order = self.env["sale.order"].create({
            "partner_id": buyer.id, "channel_id": made.extra["channels"]["shop"].id, "pool_accepted": True,
            "channel_order_ref": f"STORE-{store.code}-{number}", "client_order_ref": f"STORE-{store.code}-{number}",
            "order_line": [fields.Command.create({"product_id": position.product_id.id, "product_uom_qty": 1 + number})],
        })  # fmt: skip
        reason = "门店就近发货" if made.lang.startswith("zh") else "The store is around the corner"
        self.env["distrib.routing.hand"]._choose(order, "pin", store, reason)
        order._route()
