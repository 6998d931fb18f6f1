from datetime import timedelta

import numpy as np
from odoo import api, fields, models

from ..engine.fairness import premium

WEEK = timedelta(days=7)
FAST = 1e3  # money a day, for orders whose rule wants the fastest way


class Routing(models.AbstractModel):
    """Rates, days, capacity and handling costs for the router."""

    _inherit = "distrib.routing"

    def _tariffs(self, rows, ways):
        result = super()._tariffs(rows, ways)
        orders = len(rows.orders)
        kilos, volumes = np.zeros(orders), np.zeros(orders)
        for (line, order), need, weight in zip(rows.lines, rows.needs, self._weights_of(rows)[0], strict=True):
            kilos[order] += weight
            volumes[order] += line.product_id.volume * need
        hurry = np.array([FAST if rule.objective == "fastest" else 0.0 for rule in rows.rules])
        lanes = self.env["distrib.lane"]._lanes(
            rows.sites,
            [order.region_id.id or 0 for order in rows.orders],
            fields.Date.to_date(rows.at),
            kilos,
            volumes,
            hurry,
        )
        served = np.isfinite(lanes.first)
        estimate = not rows.ruleset or rows.ruleset.without_tariff == "distance"
        nothing = np.nan if not estimate else 1.0
        first = np.where(served, lanes.first, ways["first"] * nothing)
        # An estimate covers the kilograms that the rates include.
        per_kg = np.where(served, lanes.per_kg, np.minimum(ways["per_kg"], ways["first"] / lanes.included_kg) * nothing)
        days = np.where(served, lanes.p50, ways["days"])
        ways.update(first=first, per_kg=per_kg, days=days, included=lanes.included_kg, step=lanes.step_kg)
        return result

    def _services(self, rows, ways):
        result = super()._services(rows, ways)
        service = rows.sites._service(rows.at, without=rows.orders)
        ways["capacity"] = np.minimum(ways["capacity"], np.floor(service.left))
        ways["parcel"] = ways["parcel"] + service.parcel + self._fairness(rows.sites, service.left)
        ways["unit"] = ways["unit"] + service.unit
        ways["days"] = ways["days"] + np.where(np.isfinite(service.wait), service.wait, 0.0)
        ways["closed"].update({place: text for place, text in enumerate(service.closed) if text})
        return result

    @api.model
    def _fairness(self, sites, left):
        """(M) what a parcel counts more from stores that did more than their share of the last week's tasks."""
        stores = np.array([site.network_tier == "store" and site.asks_store for site in sites], bool)
        price = self.env.company.sudo().store_fairness
        if not price or not stores.any():
            return np.zeros(len(sites))
        counts = dict(
            self.env["distrib.store.task"].sudo()._read_group(  # sudo: the work of all stores
                [("warehouse_id", "in", sites.ids), ("state", "in", ("todo", "accepted")),
                 ("create_date", ">=", fields.Datetime.now() - WEEK)],
                ["warehouse_id"], ["__count"],
            )
        )  # fmt: skip
        done = np.array([counts.get(site, 0) for site in sites], np.float64)
        result = np.zeros(len(sites))
        room = np.minimum(np.where(np.isfinite(left), left, 1e9), 1e9)[stores] + done[stores]
        weights = np.array([site.store_weight for site in sites])[stores]
        result[stores] = premium(done[stores], weights, room, price)
        return result


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _is_past_cut_off(self):
        """The warehouse packs the order today, and its cut-off has passed: what it has begun stays with it."""
        if super()._is_past_cut_off():
            return True
        now = fields.Datetime.now()
        return any(site._packs_now(self, now) for site in self.order_line.routed_warehouse_id if site.cut_off)

    def _promised_date(self, at=None):
        """When the order arrives with nine of ten parcels: cut-off and working days of its warehouses, then the lane.

        :return: naive UTC datetime, or False where no tariff leads there or a warehouse is closed
        """
        self.ensure_one()
        at, sites = at or fields.Datetime.now(), self.order_line.routed_warehouse_id or self.warehouse_id
        if not sites or not self.region_id:
            return False
        weight = sum(
            line.product_id.weight * line.product_uom_qty for line in self.order_line if line.product_id.is_storable
        )
        lanes = self.env["distrib.lane"]._lanes(sites, [self.region_id.id], at.date(), [weight or 0.5])
        days = sites._service(at).wait + lanes.p90[0]
        return at + timedelta(days=float(days.max())) if np.isfinite(days).all() else False

    promised_by_lane = fields.Datetime(
        compute="_compute_promised_by_lane", string="Expected Arrival", groups="base.group_user",
        help="Nine parcels of ten have arrived by then: cut-off and working days of the warehouse, then the days of the lane.",
    )  # fmt: skip

    @api.depends("order_line.routed_warehouse_id", "region_id", "released_at")
    def _compute_promised_by_lane(self):
        for order in self:
            order.promised_by_lane = order._promised_date(order.released_at) if order.state != "cancel" else False
