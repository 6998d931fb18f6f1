import numpy as np
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import plan as engine
from ..engine.chart import listed
from .policy_plan import part_of

MOST_DAYS, MOST_PRODUCTS = 60, 50
_TERMS = ("lead_time_days", "lead_time_sigma", "review_days")


class PolicyForecast(models.Model):
    """Forecasts by day, made when they are asked for, from the same history and learning as the policies."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def read_forecast(self, product_ids, warehouse_ids=None, days=28):
        """Forecasts of products in the warehouses that have a policy for them, for other systems.

        :param product_ids: at most 50 ids
        :param warehouse_ids: ids, or None for all of the allowed companies
        :param days: 1 to 60 days ahead, from today on
        :return: list of dict: product_id, warehouse_id, method, unit, dates (ISO texts), and for each date mean, p10,
            p50, p90, p98 (units a day); sorted by warehouse and product
        :raise AccessError: the user may not read policies
        :raise UserError: too many products or days
        """
        self.check_access("read")
        if len(product_ids) > MOST_PRODUCTS or not 1 <= days <= MOST_DAYS:
            raise UserError(
                self.env._(
                    "Ask for at most %(products)s products and 1 to %(days)s days at a time.",
                    products=MOST_PRODUCTS,
                    days=MOST_DAYS,
                )
            )
        domain = [("product_id", "in", [int(record) for record in product_ids])]
        if warehouse_ids is not None:
            domain.append(("warehouse_id", "in", [int(record) for record in warehouse_ids]))
        found = []
        for company, policies in self.search(domain).grouped("company_id").items():
            today = self._forecast_day(company)
            paths = self._forecast_paths(company, policies.product_id.ids, today, days)
            dates = (np.datetime64(today, "D") + np.arange(days)).astype(str).tolist()
            found += [
                self._forecast_entry(policy, paths[policy.warehouse_id.id, policy.product_id.id], dates)
                for policy in policies
                if (policy.warehouse_id.id, policy.product_id.id) in paths
            ]
        return sorted(found, key=lambda entry: (entry["warehouse_id"], entry["product_id"]))

    @api.model
    def _forecast_entry(self, policy, paths, dates):
        bands = np.quantile(paths, (0.1, 0.5, 0.9, 0.98), axis=0)
        return {
            "product_id": policy.product_id.id,
            "warehouse_id": policy.warehouse_id.id,
            "method": policy.method,
            "unit": policy.uom_id.name,
            "dates": dates,
            "mean": listed(paths.mean(axis=0)),
            **{name: listed(band) for name, band in zip(("p10", "p50", "p90", "p98"), bands, strict=True)},
        }

    @api.model
    def _forecast_paths(self, company, product_ids, today, days):
        """Possible demand of some products: dict (warehouse, product) -> (s, days) units."""
        # sudo: reads demand, suppliers and promotions for the readers of policies, who see the forecast alone
        policy = self.sudo().with_company(company)
        network = {w.id: w for w in self.env["stock.warehouse"].sudo().search([("company_id", "=", company.id)])}
        end = policy._history_end(network, fields.Date.to_date(today))
        if end is None:
            return {}
        history = policy._read_history(end, network, company, list(product_ids))
        stored = policy.search_fetch(
            [("company_id", "=", company.id), ("product_id", "in", list(product_ids))], ["method", *_TERMS]
        )
        line = {(policy.warehouse_id.id, policy.product_id.id): policy for policy in stored}
        keys = list(zip(history.warehouse_id.tolist(), history.product_id.tolist(), strict=True))
        rows = np.array([place for place, key in enumerate(keys) if key in line], np.int64)
        lines = [line[keys[row]] for row in rows.tolist()]
        state = policy._kept_state(company)
        batch = policy._forecast_batch(company, history, rows, lines, state)
        paths = engine.paths_ahead(batch, state, [line.method for line in lines], days)
        return {keys[row]: paths[place] for place, row in enumerate(rows.tolist())}

    @api.model
    def _forecast_batch(self, company, history, rows, lines, state):
        """What the engine is told of these rows: terms as they were in the last run, so that nothing is weighed anew."""
        ids = state.ids if state else self._state_ids(history)
        groups = self._groups(history, ids)
        terms = [np.array([line[name] for line in lines], np.float64) for name in _TERMS]
        zeros = np.zeros(len(rows), np.int64)
        return engine.Batch(
            np.asarray(history.demand[rows]),
            part_of(history.statistics, rows),
            tuple(group[rows] for group in groups),
            tuple(len(part) + 1 for part in ids),
            self._calendar(company, history.days),
            *terms,
            np.full(len(rows), np.nan),
            np.full(len(rows), 0.95),
            zeros,
            None if history.ahead is None else history.ahead[rows],
        )
