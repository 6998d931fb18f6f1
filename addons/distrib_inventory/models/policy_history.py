import tempfile
from dataclasses import dataclass

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import policy as engine
from ..engine import rollup
from ..engine.forecast import history as forecast_history

# Up to two years are read; what is older says little about the level and the season is known from these.
HISTORY_DAYS = 728
BATCH_PAIRS = 20_000


@dataclass(frozen=True, eq=False)
class History:
    """Demand of ``n`` pairs over ``t`` days, what warehouses supply included, sorted by warehouse and product.

    ``demand`` (n, t) float32 on disk, NaN unknown, without the uplift of promotions and the effect of weather;
    ``ahead`` (n, h) what these do to the coming days, or None; ``own_mean`` (n,) demand a day of the warehouse itself;
    ``statistics`` of the last half year; ``supplies`` (n,) pairs included.
    """

    warehouse_id: np.ndarray
    product_id: np.ndarray
    days: np.ndarray
    demand: np.ndarray
    statistics: engine.Statistics
    supplies: np.ndarray
    own_mean: np.ndarray
    ahead: np.ndarray | None = None

    def __len__(self):
        return len(self.warehouse_id)

    @property
    def keys(self):
        return (self.warehouse_id.astype(np.int64) << 32) | self.product_id


class PolicyHistory(models.Model):
    """Reads the demand of a company in batches of products, so that what a warehouse supplies is in its batch."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _history_end(self, network, as_of):
        """The last day to look at: the day before ``as_of``, or the last with history when that is earlier."""
        self.env.cr.execute(
            SQL(
                "SELECT max(month) FROM distrib_demand_block WHERE warehouse_id = ANY(%s) AND month < %s",
                list(network),
                fields.Date.to_date(as_of) or fields.Date.context_today(self),
            )
        )
        month = self.env.cr.fetchone()[0]
        if month is None:
            return None
        last = (np.datetime64(month, "M") + 1).astype("datetime64[D]") - 1
        wanted = np.datetime64(as_of or fields.Date.context_today(self), "D") - 1
        return min(last, wanted)

    @api.model
    def _read_history(self, end, network, company, product_ids=None):
        """Return the `History` up to ``end`` of the company's pairs, or of these products alone."""
        start, end = self._history_span(end, network)
        warehouse, product = self.env["distrib.demand"]._pairs(
            str(start), str(end), product_ids=product_ids, warehouse_ids=list(network)
        )
        above = {warehouse: self._above(network, warehouse) for warehouse in network}
        effects = self._effects(company, start, end)
        parts = [
            self._read_batch(start, end, (warehouse[chosen], product[chosen]), above, effects)
            for chosen in self._product_batches(product)
        ]
        days = np.arange(start, end + 1)
        return self._joined([part for part in parts if len(part)], days)

    @api.model
    def _history_span(self, end, network):
        """First and last day: two years at most, and no longer than anything is known."""
        start = end - (HISTORY_DAYS - 1)
        self.env.cr.execute(
            "SELECT min(month) FROM distrib_demand_block WHERE month >= %s AND warehouse_id = ANY(%s)",
            (str(start.astype("datetime64[M]")) + "-01", list(network)),
        )
        first = self.env.cr.fetchone()[0]
        return max(start, np.datetime64(first, "D")) if first else start, end

    @api.model
    def _above(self, network, warehouse_id):
        """The ids of the supplying warehouses of this company, from the nearest up."""
        chain, parent = [], network[warehouse_id].supply_parent_id
        while parent and parent.id in network and parent.id not in chain:
            chain.append(parent.id)
            parent = parent.supply_parent_id
        return chain

    @staticmethod
    def _product_batches(product):
        """Positions of the pairs of each batch of products, about BATCH_PAIRS pairs each."""
        order = np.argsort(product, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(product[order])) + 1, len(order))
        cut = 0
        for end in ends[ends > 0].tolist():
            if end - cut >= BATCH_PAIRS or end == len(order):
                yield np.sort(order[cut:end])
                cut = end

    @api.model
    def _read_batch(self, start, end, pairs, above, effects):
        measures = ("quantity", "in_stock", "promotion") if effects else ("quantity", "in_stock")
        matrix = self.env["distrib.demand"]._read_matrix(
            str(start), str(end), pairs=pairs, measures=measures, cleaned=True
        )
        sold = matrix.quantity
        censored = ~np.isnan(sold) & (np.nan_to_num(matrix.in_stock, nan=1.0) < forecast_history.USABLE)
        demand = forecast_history.unconstrain(sold, matrix.in_stock)
        ahead = None
        if effects is not None:
            demand, ahead = effects.taken_out(pairs, demand, matrix.promotion)
        warehouse, product, total, supplies, own = rollup.roll_up(*pairs, demand, above)
        window = slice(max(0, total.shape[1] - engine.WINDOW_DAYS), None)
        statistics = engine.demand_statistics(total[:, window], rollup.spread(censored[:, window], own))
        if ahead is not None:
            ahead = rollup.mean_of(*pairs, demand, ahead, above)
        own_mean = rollup.spread(engine.demand_statistics(demand[:, window]).mean, own)
        return History(warehouse, product, None, total, statistics, supplies, own_mean, ahead)

    @api.model
    def _effects(self, company, start, end):
        """What is known of single days of the history and the coming ones; None when nothing is."""
        return None

    @api.model
    def _joined(self, parts, days):
        """One History of all batches, sorted; the demand matrix lies in a file that goes away with it."""
        if not parts:
            none = np.zeros(0)
            ids, whole = np.zeros(0, np.int64), np.zeros((0, len(days)), np.float32)
            return History(ids, ids, days, whole, engine.Statistics(none, none, ids, ids), ids, none)
        warehouse, product = (np.concatenate([getattr(p, n) for p in parts]) for n in ("warehouse_id", "product_id"))
        order = np.lexsort((product, warehouse))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        with tempfile.TemporaryFile() as file:
            whole = np.memmap(file, np.float32, "w+", shape=(len(order), len(days)))
        ahead = None if parts[0].ahead is None else np.concatenate([p.ahead for p in parts])[order]
        begin = 0
        for index, part in enumerate(parts):
            whole[place[begin : begin + len(part)]] = part.demand
            begin += len(part)
            parts[index] = History(None, None, None, None, part.statistics, part.supplies, part.own_mean)
        columns = {
            name: np.concatenate([getattr(p.statistics, name) for p in parts])[order]
            for name in ("mean", "sigma", "days", "censored")
        }
        supplies, own_mean = (np.concatenate([getattr(p, n) for p in parts])[order] for n in ("supplies", "own_mean"))
        return History(
            warehouse[order], product[order], days, whole, engine.Statistics(**columns), supplies, own_mean, ahead
        )
