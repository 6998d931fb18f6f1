from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields

import numpy as np
from odoo import api, models
from odoo.tools import SQL

from ..engine import policy as engine


@dataclass(frozen=True)
class Pairs:
    """``n`` pairs with the statistics of their demand, for those who weigh all pairs of a company together."""

    warehouse_id: np.ndarray
    product_id: np.ndarray
    statistics: engine.Statistics
    own_mean: np.ndarray

    @property
    def keys(self):
        return (self.warehouse_id.astype(np.int64) << 32) | self.product_id


class PolicyPairs(models.Model):
    """Inputs depend on all pairs of the company (classes by share of value): a run of some pairs knows the others too."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _inputs_of(self, history, network, company, whole=True):
        """The inputs of the pairs of a history, in its order; of a part of the pairs, as they are among all."""
        pairs = Pairs(history.warehouse_id, history.product_id, history.statistics, history.own_mean)
        if whole:
            return self._policy_inputs(pairs, network, company)
        everyone = self._with_stored(pairs, company)
        found = self._policy_inputs(everyone, network, company)
        rows = np.searchsorted(everyone.keys, pairs.keys)
        values = {field.name: getattr(found, field.name)[rows] for field in dataclass_fields(found)}
        return replace(found, **values)

    @api.model
    def _with_stored(self, pairs, company):
        """These pairs and, behind them, the company's others as the last run saw them; sorted by both ids."""
        self.env.cr.execute(
            SQL(
                "SELECT warehouse_id, product_id, usual_mean, usual_sigma, own_mean, (reason_data->>'days')::int"
                " FROM distrib_policy WHERE company_id = %s",
                company.id,
            )
        )
        rows = np.array(self.env.cr.fetchall(), np.float64).reshape(-1, 6)
        rows = np.nan_to_num(rows)
        keys = (rows[:, 0].astype(np.int64) << 32) | rows[:, 1].astype(np.int64)
        rows = rows[~np.isin(keys, pairs.keys)]
        mine = np.stack(
            [
                pairs.warehouse_id,
                pairs.product_id,
                pairs.statistics.mean,
                pairs.statistics.sigma,
                pairs.own_mean,
                pairs.statistics.days,
            ],
            axis=1,
        )
        table = np.concatenate([mine.astype(np.float64), rows])
        table = table[np.lexsort((table[:, 1], table[:, 0]))]
        days = table[:, 5].astype(np.int64)
        statistics = engine.Statistics(table[:, 2], table[:, 3], days, np.zeros(len(table), np.int64))
        return Pairs(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), statistics, table[:, 4])
