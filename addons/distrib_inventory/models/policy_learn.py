import base64
from dataclasses import replace

import numpy as np
from odoo import api, fields, models

from ..engine import plan as engine
from ..engine.forecast import compete, launch, state

# Methods are chosen, corrections and errors learned, anew after so many days.
LEARN_DAYS = 7
SAMPLE_PAIRS, CONTEST_PAIRS = 3_000, 800
# Fewer pairs with a month of history do not show what new ones will do.
LAUNCH_PAIRS = 30


class ForecastState(models.Model):
    """What was learned from a company's demand, kept from one night to the next."""

    _name = "distrib.forecast.state"
    _description = "Learned Forecast State"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    learned_on = fields.Date(required=True)
    data = fields.Binary(attachment=False, required=True)

    _company_uniq = models.Constraint("unique(company_id)", "A company has one state.")


class PolicyLearn(models.Model):
    """Chooses the methods by walking forward through the past, and learns what pairs share."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _learned_state(self, company, history, inputs, as_of, fresh=False):
        """Return the engine's State for this day: that of the last days with season and momenta of today, or anew.

        :param fresh: learn anew whatever the age
        """
        kept = self.env["distrib.forecast.state"].search([("company_id", "=", company.id)])
        age = (fields.Date.to_date(as_of) - kept.learned_on).days if kept else -1
        found = state.load(base64.b64decode(kept.data)) if 0 <= age < LEARN_DAYS and not fresh else None
        if found is not None:
            return self._renewed_state(company, found, history, inputs)
        found, contests = self._new_state(company, history, inputs, as_of)
        values = {"learned_on": as_of, "data": base64.b64encode(state.dump(found))}
        if kept:
            kept.write(values)
        else:
            kept.create({"company_id": company.id, **values})
        self.env["distrib.forecast.setting"]._store(company, as_of, contests)
        return found

    @api.model
    def _kept_state(self, company):
        """The State as it was kept, for a run that does not see all pairs; None when nothing was learned."""
        kept = self.env["distrib.forecast.state"].search([("company_id", "=", company.id)])
        return state.load(base64.b64decode(kept.data)) if kept else None

    @api.model
    def _state_ids(self, history):
        """The ids behind the groups: categories, warehouses, products, each sorted."""
        products = np.unique(history.product_id)
        categories = self.env["product.product"].browse(products.tolist()).categ_id.ids
        return np.unique(np.array(categories, np.int64)), np.unique(history.warehouse_id), products

    @api.model
    def _groups(self, history, ids):
        """Groups (3, n) of the pairs by these ids; what was not there when learning is the last group of each."""
        products, place = np.unique(history.product_id, return_inverse=True)
        category = {
            product.id: product.categ_id.id or 0 for product in self.env["product.product"].browse(products.tolist())
        }
        of_product = np.array([category[product] for product in products.tolist()], np.int64)
        values = (of_product[place] if len(place) else place, history.warehouse_id, history.product_id)
        return tuple(_index(found, known) for found, known in zip(values, ids, strict=True))

    @api.model
    def _calendar(self, company, days):
        """Weekday and yearly slots of the days of the history and the coming ones."""
        ahead = np.arange(days[0], days[-1] + 1 + max(compete.HORIZONS)) if len(days) else days
        weekday = (ahead.astype("datetime64[D]").astype(np.int64) + 3) % 7
        slots, sizes = self._year_slots(company, ahead)
        return compete.Calendar(weekday, slots, sizes)

    @api.model
    def _year_slots(self, company, days):
        """Slots (t,) and sizes of the calendars of a year."""
        return (), ()

    @api.model
    def _sample_of(self, history, groups, sizes, calendar, rows):
        chosen = tuple(group[rows] for group in groups)
        ahead = len(history.days) + max(compete.HORIZONS)
        cut = compete.Calendar(calendar.weekday[:ahead], tuple(s[:ahead] for s in calendar.slots), calendar.sizes)
        return compete.Sample(np.asarray(history.demand[rows]), chosen, sizes, cut)

    @api.model
    def _buckets(self, history, inputs):
        """Horizon -> positions of its pairs with enough history, evenly spread over the sorted pairs."""
        horizons = compete.horizon_of(inputs.lead_days + 2 * inputs.lead_sigma + inputs.review_days)
        usable = (history.statistics.days >= engine.LEAST_DAYS) & (history.statistics.mean > 0)
        return {
            horizon: np.flatnonzero(usable & (horizons == horizon)) for horizon in np.unique(horizons[usable]).tolist()
        }

    @api.model
    def _new_state(self, company, history, inputs, as_of):
        ids = self._state_ids(history)
        sizes = tuple(len(part) + 1 for part in ids)
        groups, calendar = self._groups(history, ids), self._calendar(company, history.days)
        methods, learned, contests, year, launches = {}, {}, {}, None, None
        for horizon, rows in self._buckets(history, inputs).items():
            sample = self._sample_of(history, groups, sizes, calendar, _spread(rows, SAMPLE_PAIRS))
            small = self._sample_of(history, groups, sizes, calendar, _spread(rows, CONTEST_PAIRS))
            year = year or compete.learn_year(sample, len(history.days))
            if launches is None and len(rows) >= LAUNCH_PAIRS:
                launches = launch.fit(sample.demand, sample.groups, sample.sizes)
            ratio = float(np.clip(np.mean(inputs.service[rows]), 0.5, 0.99))
            contests[horizon] = compete.contest(small, horizon, ratio)
            self._learn_winners(sample, horizon, contests[horizon], year, methods, learned)
        return state.State(str(as_of), ids, methods, learned, year, launches), contests

    @api.model
    def _learn_winners(self, sample, horizon, contest, year, methods, learned):
        """Learn what won a class, and what forecasts new pairs."""
        if contest is None:
            return
        wanted = {compete.METHODS[winner] for winner in contest.winner.tolist()}
        if not wanted & {"pooled", "steady", "learned"}:
            wanted.add("steady")
        for method in sorted(wanted - {compete.SIMPLE}):
            found = compete.learn(sample, method, horizon, year)
            if found is not None:
                learned[horizon, method] = found
        for kind, winner in enumerate(contest.winner.tolist()):
            if (horizon, compete.METHODS[winner]) in learned:
                methods[horizon, kind] = compete.METHODS[winner]

    @api.model
    def _renewed_state(self, company, found, history, inputs):
        """The State with season and momenta of today: the same pairs are looked at again, with the days since."""
        calendar, groups = self._calendar(company, history.days), self._groups(history, found.ids)
        sizes = tuple(len(part) + 1 for part in found.ids)
        buckets, learned = self._buckets(history, inputs), {}
        for (horizon, method), item in found.learned.items():
            rows = buckets.get(horizon)
            if rows is None or not len(rows):
                learned[horizon, method] = item
                continue
            sample = self._sample_of(history, groups, sizes, calendar, _spread(rows, SAMPLE_PAIRS))
            learned[horizon, method] = compete.renew(item, sample, method, found.year)
        return replace(found, learned=learned)


def _spread(rows, most):
    """At most so many of the rows, evenly drawn."""
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)] if len(rows) else rows


def _index(values, known):
    """Place of each value among the sorted ``known``; those not among them share the place behind the last."""
    place = np.searchsorted(known, values)
    inside = place < len(known)
    inside[inside] = known[place[inside]] == values[inside]
    return np.where(inside, place, len(known))
