from dataclasses import dataclass

import numpy as np
from odoo import api, models

from ..engine import calendar
from ..engine.forecast import compete


@dataclass(frozen=True, eq=False)
class Effects:
    """What is known of single days: promotions, planned or past, and the weather where it earned its place."""

    promotions: object
    weather: object
    days: np.ndarray
    past: int

    def taken_out(self, pairs, demand, known=None):
        """Demand (n, t) as it would have been on usual days, and the factors (n, h) of the coming days.

        :param pairs: warehouse ids and product ids (n,)
        :param known: depths of past promotions (n, t) that the history names, or None
        """
        depth = None
        if known is not None:
            coming = np.full((len(known), len(self.days) - self.past), np.nan, np.float32)
            depth = np.concatenate([known, coming], axis=1)
        factor = self.promotions.uplift(*pairs, self.days, depth) * self.weather.factor(*pairs, self.days)
        factor = np.maximum(factor, 0.05).astype(np.float32)
        return (demand / factor[:, : self.past]).astype(np.float32), factor[:, self.past :]


class PolicyEffects(models.Model):
    """Joins promotions, weather and the calendar to the forecast."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _effects(self, company, start, end):
        """What promotions and weather do to the history and the coming days; None when neither says anything."""
        last = end + max(compete.HORIZONS)
        promotions = self.env["distrib.promotion"]._load_plan(company, str(start), str(last))
        weather = self.env["distrib.weather"]._load_plan(company, str(start), str(last))
        if not promotions.events and not weather.effect.any():
            return None
        return Effects(promotions, weather, np.arange(start, last + 1), int((end - start).astype(int)) + 1)

    @api.model
    def _year_slots(self, company, days):
        """Slots (t,) and sizes of the calendars of a year: the week, near feasts by the feast, and days off, festivals."""
        if not len(days):
            return (), ()
        found = self.env["distrib.festival"]._columns(str(days[0]), str(days[-1]), company=company)
        week, weeks = calendar.week_slots(found)
        day, slots = calendar.day_slots(found)
        # weekdays are the forecast's own season: here they are ordinary days
        special = np.maximum(day - 6, 0)
        return (week, special), (weeks, slots - 6)

    @api.model
    def _plan_adjusted(self, plan, part, found):
        """Raise the levels to the stock that a coming promotion asks for on the day goods ordered now arrive."""
        promotions = self.env["distrib.promotion"]
        found = super()._plan_adjusted(plan, part, found)
        loaded = plan.extra.get("promotions")
        if loaded is None:
            loaded = promotions._load_plan(plan.company, plan.as_of, plan.as_of)
            plan.extra["promotions"] = loaded
        if not len(loaded.targets.units):
            return found
        arrival = np.ceil(found["lead_time_days"]).astype(np.int64)
        for days in np.unique(arrival).tolist():
            rows = np.flatnonzero(arrival == days)
            day = np.datetime64(plan.as_of, "D") + days
            target = loaded.stock_target(found["warehouse_id"][rows], found["product_id"][rows], day)
            for name in ("reorder_point", "order_up_to"):
                found[name][rows] = np.maximum(found[name][rows], target)
        return found
