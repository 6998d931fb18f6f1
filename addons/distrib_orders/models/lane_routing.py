import numpy as np
from odoo import fields, models

FAST = 1e3  # money a day, for orders whose rule wants the fastest way


class Routing(models.AbstractModel):
    """Rates, days, capacity and handling costs for the router."""

    _inherit = "distrib.routing"

    def _tariffs(self, rows, ways):
        super()._tariffs(rows, ways)
        orders = len(rows.orders)
        kilos, volumes = np.zeros(orders), np.zeros(orders)
        for (line, order), need, weight in zip(rows.lines, rows.needs, self._weights_of(rows)[0], strict=True):
            kilos[order] += weight
            volumes[order] += line.product_id.volume * need
        hurry = np.array([FAST if rule.objective == "fastest" else 0.0 for rule in rows.rules])
        lanes = self.env["distrib.lane"]._lanes(
            rows.sites, [order.region_id.id or 0 for order in rows.orders], fields.Date.to_date(rows.at), kilos, volumes, hurry
        )
        served = np.isfinite(lanes.first)
        estimate = not rows.ruleset or rows.ruleset.without_tariff == "distance"
        nothing = np.nan if not estimate else 1.0
        first = np.where(served, lanes.first, ways["first"] * nothing)
        # An estimate covers the kilograms that the rates include.
        per_kg = np.where(served, lanes.per_kg, np.minimum(ways["per_kg"], ways["first"] / lanes.included_kg) * nothing)
        days = np.where(served, lanes.p50, ways["days"])
        ways.update(first=first, per_kg=per_kg, days=days, included=lanes.included_kg, step=lanes.step_kg)

    def _services(self, rows, ways):
        super()._services(rows, ways)
        service = rows.sites._service(rows.at, without=rows.orders)
        ways["capacity"] = np.minimum(ways["capacity"], np.floor(service.left))
        ways["parcel"] = ways["parcel"] + service.parcel
        ways["unit"] = ways["unit"] + service.unit
        ways["days"] = ways["days"] + np.where(np.isfinite(service.wait), service.wait, 0.0)
        ways["closed"].update({place: text for place, text in enumerate(service.closed) if text})
