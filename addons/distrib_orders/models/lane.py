from dataclasses import replace
from typing import NamedTuple

import numpy as np
from odoo import api, fields, models, tools
from odoo.fields import Domain

from ..engine import tariff as engine
from ..engine.lane_days import LIKE


class LaneArrays(NamedTuple):
    """Lanes from warehouses (M) to places (R); NaN and 0 where there is none.

    ``first``, ``per_kg``, ``price``: money; ``p50``, ``p90`` days on the road; ``carrier``, ``tariff`` ids; ``reason`` ""
    or ``no_lane``, ``no_region``; ``included_kg``, ``step_kg`` hold for all.
    """

    first: np.ndarray
    per_kg: np.ndarray
    p50: np.ndarray
    p90: np.ndarray
    price: np.ndarray
    carrier: np.ndarray
    tariff: np.ndarray
    reason: np.ndarray
    included_kg: float
    step_kg: float


class Lane(models.Model):
    """A lane: days on the road from a warehouse to a region with a carrier, planned and as they really are."""

    _name = "distrib.lane"
    _description = "Lane"
    _order = "warehouse_id, region_id, carrier_id"
    _rec_name = "region_id"

    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="cascade", readonly=True)
    region_id = fields.Many2one("distrib.region", required=True, index=True, ondelete="cascade", readonly=True)
    carrier_id = fields.Many2one("delivery.carrier", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="warehouse_id.company_id", store=True, index=True)
    trips = fields.Integer("Parcels Arrived", readonly=True)
    planned_p50 = fields.Float("Planned Days", readonly=True, aggregator="avg")
    planned_p90 = fields.Float("Planned, Nine of Ten", readonly=True, aggregator="avg")
    real_p50 = fields.Float("Real Days", readonly=True, aggregator="avg")
    real_p90 = fields.Float("Real, Nine of Ten", readonly=True, aggregator="avg")
    shift_p50 = fields.Float("Expected Above Plan", readonly=True, aggregator="avg",
                             help="Days that the router adds: what was seen on this lane, drawn towards what the carrier does "
                                  "from this warehouse and everywhere, the more the fewer parcels arrived.")  # fmt: skip
    shift_p90 = fields.Float("Expected Above Plan, Nine of Ten", readonly=True, aggregator="avg")

    _lane_uniq = models.Constraint("UNIQUE (warehouse_id, region_id, carrier_id)", "This lane exists already.")

    @api.model
    def _lanes(self, warehouses, region_ids, day, kilos=None, volumes=None, day_price=None):
        """The cheapest lane from each warehouse to each place; see :class:`LaneArrays`.

        :param region_ids: (R) ids, 0 where the place is unknown; may repeat
        :param day: date
        :param kilos: (R) weight of what goes there, 1 kg by default
        :param volumes: (R) cubic metres, 0 by default
        :param day_price: (R) what a day on the road counts in the choice between tariffs, 0 by default
        """
        wanted = np.asarray(region_ids, np.int64)
        kilos = np.ones(len(wanted)) if kilos is None else np.asarray(kilos, np.float64)
        volumes = np.zeros(len(wanted)) if volumes is None else np.asarray(volumes, np.float64)
        day_price = np.zeros(len(wanted)) if day_price is None else np.asarray(day_price, np.float64)
        # sudo: lanes are internal, and orders may lie in regions that were closed since
        known = self.env["distrib.region"].sudo().with_context(active_test=False).search(Domain.TRUE, order="id").ids
        company = warehouses.company_id[:1] or self.env.company
        cards = self.env["distrib.tariff"]._cards(company.id, day, tuple(warehouses.ids), tuple(known))
        places = np.searchsorted(known, wanted).clip(max=max(len(known) - 1, 0))
        found = np.isin(wanted, known)
        laid = [self._shifted(card, carrier, warehouses, known) for _tariff, carrier, card in cards]
        chosen = engine.choose(laid, places, kilos, volumes, day_price, len(warehouses)) if known else None
        return self._arrays(chosen, cards, found, (len(wanted), len(warehouses)))

    @api.model
    def _arrays(self, chosen, cards, found, shape):
        if chosen is None:
            empty = np.full(shape, np.nan)
            none = np.zeros(shape, np.int64)
            return LaneArrays(*[empty] * 5, none, none, np.full(shape, "no_region", object), 1.0, 0.0)
        some = found[:, None] & (chosen.tariff != engine.NONE)
        ids = np.array([card[0] for card in cards] + [0])[chosen.tariff]
        carriers = np.array([card[1] for card in cards] + [0])[chosen.tariff]
        reason = np.where(some, "", np.where(found[:, None], "no_lane", "no_region")).astype(object)
        money = [
            np.where(some, part, np.nan) for part in (chosen.first, chosen.per_kg, chosen.p50, chosen.p90, chosen.price)
        ]
        return LaneArrays(
            *money, np.where(some, carriers, 0), np.where(some, ids, 0), reason, chosen.included_kg, chosen.step_kg
        )

    @api.model
    def _shifted(self, card, carrier, warehouses, known):
        """The card with the days that were really seen."""
        shifts = self._shifts(tuple(warehouses.ids), tuple(known)).get(carrier)
        if shifts is None:
            return card
        p50 = np.maximum(card.p50 + shifts[0], 0.0)
        return replace(card, p50=p50, p90=np.maximum(card.p90 + shifts[1], p50))

    @api.model
    @tools.ormcache("site_ids", "region_ids")
    def _shifts(self, site_ids, region_ids):
        """dict carrier id -> (2, R, M) days above the plan; a region not measured takes those of the one around it."""
        # sudo: see `_lanes`
        rows = self.sudo().search_read(
            [("warehouse_id", "in", site_ids)],
            ["warehouse_id", "region_id", "carrier_id", "trips", "shift_p50", "shift_p90"], load=False,
        )  # fmt: skip
        site_at = {site: place for place, site in enumerate(site_ids)}
        region_at = {region: place for place, region in enumerate(region_ids)}
        regions = self.env["distrib.region"].sudo().browse(region_ids)
        above = [[int(step) for step in (region.parent_path or "").split("/") if step] for region in regions]
        shape, result = (2, len(region_ids), len(site_ids)), {}
        for carrier in {row["carrier_id"] for row in rows}:
            weight, total, exact = np.zeros(shape[1:]), np.zeros(shape), np.full(shape, np.nan)
            for row in rows:
                if row["carrier_id"] == carrier:
                    site, values = site_at[row["warehouse_id"]], np.array([row["shift_p50"], row["shift_p90"]])
                    exact[:, region_at[row["region_id"]], site] = values
                    for step in above[region_at[row["region_id"]]]:
                        weight[region_at[step], site] += row["trips"]
                        total[:, region_at[step], site] += values * row["trips"]
            around = total / (weight + LIKE)
            filled = np.where(np.isnan(exact), around, exact)
            result[carrier] = self._fill_down(filled, weight > 0, above, region_at)
        return result

    @api.model
    def _fill_down(self, filled, known, above, region_at):
        for place in sorted(range(len(above)), key=lambda place: len(above[place])):
            parent = region_at.get(above[place][-2]) if len(above[place]) > 1 else None
            if parent is not None:
                filled[:, place] = np.where(known[place], filled[:, place], filled[:, parent])
        return filled
