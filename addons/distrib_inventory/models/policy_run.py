from dataclasses import dataclass
from io import BytesIO

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import pgcopy
from ..engine import policy as engine

WINDOW_DAYS = 182
BATCH_PAIRS = 20_000
_COLUMNS = [
    ("warehouse_id", "int4"),
    ("product_id", "int4"),
    ("service_target", "double"),
    ("demand_mean", "double"),
    ("demand_sigma", "double"),
    ("lead_time_days", "double"),
    ("lead_time_sigma", "double"),
    ("review_days", "double"),
    ("safety_stock", "double"),
    ("reorder_point", "double"),
    ("order_up_to", "double"),
    ("method", "int4"),
    ("days", "int4"),
    ("censored", "int4"),
    ("supplies", "int4"),
]


@dataclass
class Pairs:
    """``n`` pairs with the statistics of their demand; ``supplies`` counts the pairs whose demand is included."""

    warehouse_id: np.ndarray
    product_id: np.ndarray
    statistics: engine.Statistics
    supplies: np.ndarray


class PolicyRun(models.Model):
    """The nightly run: read demand in batches, roll it up the supply tree, compute, write in bulk."""

    _inherit = "distrib.policy"

    @api.model
    def _cron_recompute(self):
        for (company,) in self.env["stock.warehouse"]._read_group([], ["company_id"]):
            self._recompute(company=company)
            self.env["distrib.proposal"]._generate(company=company)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _recompute(self, as_of=None, company=None, commit=False):
        """Recompute the policies of a company from the days before ``as_of`` (today, or the day after the last known).

        :param commit: commit after each batch (safe: a run is repeatable and each batch complete in itself)
        :return: number of policies
        """
        company = company or self.env.company
        self.env.flush_all()  # what follows is read and joined in SQL
        network = {
            warehouse.id: warehouse
            for warehouse in self.env["stock.warehouse"].search([("company_id", "=", company.id)])
        }
        end = self._history_end(network, as_of)
        if end is None:
            return 0
        # the clock of the database: policies of this run are later, whatever the transaction
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        started = self.env.cr.fetchone()[0]
        pairs = self._roll_up(self._pair_statistics(end, list(network)), network)
        values = self._policy_values(pairs, network, company)
        count = len(pairs.warehouse_id)
        for begin in range(0, count, BATCH_PAIRS):
            self._upsert({name: column[begin : begin + BATCH_PAIRS] for name, column in values.items()})
            if commit:
                self.env["ir.cron"]._commit_progress(0)
        self._drop_stale(company, started)
        self.invalidate_model()
        return count

    @api.model
    def _history_end(self, network, as_of):
        """The last day to look at: the day before ``as_of``, or the last with history when that is earlier."""
        self.env.cr.execute(
            "SELECT max(month) FROM distrib_demand_block WHERE warehouse_id = ANY(%s)", (list(network),)
        )
        month = self.env.cr.fetchone()[0]
        if month is None:
            return None
        last = (np.datetime64(month, "M") + 1).astype("datetime64[D]") - 1
        wanted = np.datetime64(as_of or fields.Date.context_today(self), "D") - 1
        return min(last, wanted)

    @api.model
    def _pair_statistics(self, end, warehouse_ids):
        """Statistics of all pairs with history in the window, read in batches of warehouses to bound memory."""
        demand = self.env["distrib.demand"]
        start = end - (WINDOW_DAYS - 1)
        warehouse, product = demand._pairs(str(start), str(end), warehouse_ids=warehouse_ids)
        cuts = [0, *(np.flatnonzero(np.diff(warehouse)) + 1).tolist(), len(warehouse)]
        parts, begin = [], 0
        for cut in cuts[1:]:
            if cut - begin < BATCH_PAIRS and cut != len(warehouse):
                continue
            chosen = (warehouse[begin:cut], product[begin:cut])
            if len(chosen[0]):
                matrix = demand._read_matrix(str(start), str(end), pairs=chosen, measures=("quantity", "in_stock"))
                parts.append(engine.demand_statistics(*self._trimmed(matrix)))
            begin = cut
        columns = [
            np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0)
            for name in ("mean", "sigma", "days", "censored")
        ]
        return Pairs(warehouse, product, engine.Statistics(*columns), np.zeros(len(warehouse), np.int64))

    @staticmethod
    def _trimmed(matrix):
        """Quantity and in-stock share up to the last day of which anything is known."""
        known = np.flatnonzero(~np.isnan(matrix.quantity).all(axis=0))
        last = known[-1] + 1 if len(known) else 0
        return engine.fill_silent_days(matrix.quantity[:, :last]), matrix.in_stock[:, :last]

    @api.model
    def _roll_up(self, pairs, network):
        """Add to each supplying warehouse the demand of those below it; independent, so means and variances add."""
        table = {}  # (warehouse, product) -> [mean, variance, days, censored, pairs included]
        found = pairs.statistics
        columns = (pairs.warehouse_id, pairs.product_id, found.mean, found.sigma**2, found.days, found.censored)
        for warehouse, product, *numbers in zip(*(column.tolist() for column in columns), strict=True):
            table[warehouse, product] = [*numbers, 0]
        own = {key: tuple(numbers) for key, numbers in table.items()}
        for warehouse, product in own:
            mean, variance, days, censored, _supplies = own[warehouse, product]
            above = network[warehouse].supply_parent_id
            while above:
                total = table.setdefault((above.id, product), [0.0, 0.0, 0, 0, 0])
                total[0] += mean
                total[1] += variance
                total[2] = max(total[2], days)
                total[3] = max(total[3], censored)
                total[4] += 1
                above = above.supply_parent_id
        keys = np.array(list(table), np.int64).reshape(-1, 2)
        rows = np.array(list(table.values()), np.float64).reshape(-1, 5)
        statistics = engine.Statistics(
            rows[:, 0], np.sqrt(rows[:, 1]), rows[:, 2].astype(np.int64), rows[:, 3].astype(np.int64)
        )
        return Pairs(keys[:, 0], keys[:, 1], statistics, rows[:, 4].astype(np.int64))

    @api.model
    def _policy_values(self, pairs, network, company):
        lead, lead_sigma = self._lead_times(pairs, network, company)
        service = self._service_targets(pairs, company)
        review = np.full(len(lead), company.distrib_review_days)
        levels = engine.levels(pairs.statistics, lead, lead_sigma, review, service)
        return {
            "warehouse_id": pairs.warehouse_id,
            "product_id": pairs.product_id,
            "service_target": service,
            "demand_mean": pairs.statistics.mean,
            "demand_sigma": pairs.statistics.sigma,
            "lead_time_days": lead,
            "lead_time_sigma": lead_sigma,
            "review_days": review,
            "safety_stock": levels.safety_stock,
            "reorder_point": levels.reorder_point,
            "order_up_to": levels.order_up_to,
            "method": levels.method,
            "days": pairs.statistics.days,
            "censored": pairs.statistics.censored,
            "supplies": pairs.supplies,
        }

    @api.model
    def _upsert(self, values):
        cr = self.env.cr
        kinds = {"int4": SQL("integer"), "double": SQL("float8")}
        declared = SQL(", ").join(SQL("%s %s", SQL.identifier(name), kinds[kind]) for name, kind in _COLUMNS)
        cr.execute(SQL("CREATE TEMP TABLE IF NOT EXISTS distrib_policy_incoming (%s) ON COMMIT DROP", declared))
        cr.execute("TRUNCATE distrib_policy_incoming")
        cr.copy_expert(
            "COPY distrib_policy_incoming FROM STDIN (FORMAT BINARY)", BytesIO(pgcopy.encode(_COLUMNS, values))
        )
        numbers = [SQL.identifier(name) for name, kind in _COLUMNS if kind == "double"]
        updated = [*numbers, *(SQL.identifier(name) for name in ("method", "reason_data", "computed_on"))]
        cr.execute(
            SQL(
                """
                INSERT INTO distrib_policy (warehouse_id, product_id, company_id, %(names)s, method, reason_data,
                                            computed_on, service_override, create_uid, create_date, write_uid,
                                            write_date)
                SELECT i.warehouse_id, i.product_id, w.company_id, %(names)s, (%(methods)s::text[])[i.method + 1],
                       jsonb_build_object('days', days, 'censored', censored, 'supplies', supplies),
                       clock_timestamp() AT TIME ZONE 'UTC', 0, %(user)s, now() AT TIME ZONE 'UTC', %(user)s,
                       now() AT TIME ZONE 'UTC'
                  FROM distrib_policy_incoming i
                  JOIN stock_warehouse w ON w.id = i.warehouse_id
                  JOIN product_product p ON p.id = i.product_id AND p.active
                ON CONFLICT (product_id, warehouse_id) DO UPDATE SET %(updates)s
                """,
                names=SQL(", ").join(numbers),
                updates=SQL(", ").join(SQL("%s = EXCLUDED.%s", name, name) for name in updated),
                methods=list(engine.METHODS),
                user=self.env.uid,
            )
        )

    @api.model
    def _drop_stale(self, company, started):
        """Policies without history in the window say nothing any more; those with an own target stay."""
        self.env.cr.execute(
            "DELETE FROM distrib_policy WHERE company_id = %s AND computed_on < %s AND service_override = 0",
            (company.id, started),
        )
