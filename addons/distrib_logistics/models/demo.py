from datetime import timedelta

from odoo import api, fields, models

from .delivery_carrier import OWN_FLEET

# code, English, Chinese name, days in transit, letters of its numbers; invented carriers
CARRIERS = (
    ("swifteagle", "Swift Eagle Express", "迅鹰速递", 2, "SE"),
    ("northroad", "North Road Freight", "北路货运", 4, "NR"),
    ("lotuspost", "Lotus Post", "荷叶邮运", 3, "LP"),
)
TEXTS = {
    "picked_up": ("Picked up at the warehouse", "已从仓库揽收"),
    "in_transit": ("Arrived at the sorting centre", "已到达分拨中心"),
    "out_for_delivery": ("Out for delivery", "派送中"),
    "delivered": ("Signed for by the consignee", "收货方已签收"),
}
# status, reason, English, Chinese text
TROUBLES = (
    ("exception", "weather", "Road closed by heavy rain", "暴雨封路，运输受阻"),
    ("delivery_failed", "consignee_absent", "Nobody at the place of delivery", "收货地址无人签收"),
    ("exception", "carrier_damaged", "Carton damaged at the sorting centre", "分拨中心发现外箱破损"),
    ("delivery_failed", "address_wrong", "Address incomplete", "收货地址不完整"),
)
CHUNK = 4000


class Demo(models.AbstractModel):
    """Carriers, and the way of each parcel."""

    _inherit = "distrib.demo"

    @api.model
    def _steps(self):
        return [*super()._steps(), (75, "carriers", self._build_carriers), (86, "parcels", self._build_parcels)]

    def _build_carriers(self, made):
        service = self.env["product.product"].with_context(lang="en_US").create(
            {"name": "Carriage", "type": "service", "default_code": "CARRIAGE", "sale_ok": False, "purchase_ok": False}
        )  # fmt: skip
        carriers = self.env["delivery.carrier"].with_context(lang="en_US").create(
            [
                {
                    "name": name,
                    "product_id": service.id,
                    "delivery_type": "fixed",
                    "integration_level": "rate",
                    "tracking_code": code,
                    "transit_days": days,
                }
                for code, name, _name_zh, days, _letters in CARRIERS
            ]
        )  # fmt: skip
        self._translate(service.product_tmpl_id, "name", ["运费"])
        self._translate(carriers, "name", [name_zh for _code, _name, name_zh, _days, _letters in CARRIERS])
        made.extra["carriers"] = carriers

    def _before_delivery(self, made, pairs):
        """Three in four go by a carrier, under its number; our own fleet drives the rest."""
        for order, sale in pairs:
            turn = int(order.ref[-5:])
            if turn % 4 == 3:
                continue
            carrier, letters = made.extra["carriers"][turn % 4], CARRIERS[turn % 4][4]
            for place, picking in enumerate(sale.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))):
                picking.write(
                    {"carrier_id": carrier.id, "carrier_tracking_ref": f"{letters}{7_300_000 + turn * 10 + place}CN"}
                )
        return super()._before_delivery(made, pairs)

    def _build_parcels(self, made):
        """Date the parcels back to their deliveries and tell what the carriers reported."""
        by_ref = made.extra.get("orders", {})
        events, shipped = [], {}
        for order in made.network.orders:
            sale = by_ref.get(order.ref)
            for parcel in sale.picking_ids.parcel_ids if sale else ():
                shipped[parcel.id] = parcel.picking_id.date_done
                events += self._parcel_events(made, order, sale, parcel)
        parcels = self.env["distrib.parcel"].browse(shipped)
        self._backdate(parcels, shipped, ("create_date", "shipped_at"))
        expected = {p.id: p._expected_from(p.shipped_at, p.carrier_id) for p in parcels}
        self._backdate(parcels, expected, ("expected_at",))
        for start in range(0, len(events), CHUNK):
            parcels.record_events(events[start : start + CHUNK])

    def _parcel_events(self, made, order, sale, parcel):
        """What is known by now: nothing that lies in the future."""
        left, now = parcel.picking_id.date_done, fields.Datetime.now()
        chinese = made.lang.startswith("zh")
        source = parcel.picking_id.picking_type_id.warehouse_id.partner_id.city
        goal = sale.partner_id.city
        days = max(1, (parcel.carrier_id.transit_days or 3) - int(order.ref[-1]) % 2)
        arrival = (left + timedelta(days=days)).replace(hour=0, minute=30)
        steps = [
            (left + timedelta(hours=1), "picked_up", "none", TEXTS["picked_up"], source),
            (left + timedelta(hours=14), "in_transit", "none", TEXTS["in_transit"], source),
        ]
        if order.fate == "exception":
            status, reason, *text = TROUBLES[int(order.ref[-5:]) // 4 % len(TROUBLES)]
            steps.append((left + timedelta(days=1, hours=20), status, reason, text, goal))
        elif order.fate not in ("late", "in_transit"):
            steps.append((arrival, "out_for_delivery", "none", TEXTS["out_for_delivery"], goal))
            steps.append((arrival + timedelta(hours=3), "delivered", "none", TEXTS["delivered"], goal))
        return [
            {
                "carrier": parcel.carrier_code or OWN_FLEET,
                "number": parcel.name,
                "time": f"{at:%Y-%m-%dT%H:%M:%S}+00:00",
                "status": status,
                "reason": reason,
                "text": text[chinese],
                "location": place or "",
            }
            for at, status, reason, text, place in steps
            if at <= now
        ]
