from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import weather_effect as engine
from ..engine.forecast import history

LEARN_DAYS = 730
BATCH_PAIRS = 20_000


class WeatherEffect(models.Model):
    """How the demand of a category follows the weather, in the network and in each region, and whether that is used."""

    _name = "distrib.weather.effect"
    _description = "Weather Sensitivity"
    _order = "is_used desc, category_id, region_id"
    _rec_name = "category_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    category_id = fields.Many2one("product.category", required=True, readonly=True, ondelete="cascade")
    region_id = fields.Many2one(
        "distrib.region", readonly=True, ondelete="cascade", help="Empty: the category in the whole network."
    )
    is_used = fields.Boolean(
        string="Used",
        readonly=True,
        help="Whether forecasts follow the weather for this category: only where the error of the weeks replayed fell by "
        "at least 1 %, and by more than luck would do (corrected for the number of categories).",
    )
    slope_temperature = fields.Float(readonly=True, digits=(10, 5), aggregator=None)
    slope_rain = fields.Float(readonly=True, digits=(10, 5), aggregator=None)
    temperature_effect = fields.Float(
        string="A Degree Warmer", compute="_compute_effects", help="Change of demand for each degree above the normal."
    )
    rain_effect = fields.Float(
        string="10 mm of Rain", compute="_compute_effects", help="Change of demand on a day with 10 mm more than usual."
    )
    error_without = fields.Float(
        readonly=True,
        aggregator=None,
        help="Absolute error of the replayed weeks as a share of demand, without the weather. The replay knew the weather "
        "as it was: with a forecast of it the gain is smaller.",
    )
    error_with = fields.Float(readonly=True, aggregator=None)
    weeks = fields.Integer(string="Weeks Tested", readonly=True, aggregator=None)
    chance = fields.Float(
        string="Luck",
        readonly=True,
        aggregator=None,
        help="How likely luck alone does as well, corrected for the number of categories tested.",
    )
    learned_on = fields.Date(readonly=True)
    verdict = fields.Char(compute="_compute_verdict")

    _effect_uniq = models.UniqueIndex(
        "(company_id, category_id, COALESCE(region_id, 0))", "A category has one sensitivity in a region."
    )

    @api.depends("slope_temperature", "slope_rain")
    def _compute_effects(self):
        for effect in self:
            effect.temperature_effect = np.expm1(effect.slope_temperature)
            effect.rain_effect = np.expm1(effect.slope_rain * np.log1p(10))

    @api.depends("is_used", "error_without", "error_with", "weeks", "chance")
    @api.depends_context("lang")
    def _compute_verdict(self):
        for effect in self:
            effect.verdict = effect._verdict_text()

    def _verdict_text(self):
        values = {
            "with": f"{100 * self.error_with:.1f}",
            "without": f"{100 * self.error_without:.1f}",
            "weeks": self.weeks,
            "needed": engine.LEAST_WEEKS,
        }
        if self.is_used:
            return self.env._("Used: it lowers the error from %(without)s %% to %(with)s %%.", **values)
        if self.weeks < engine.LEAST_WEEKS:
            return self.env._("Not used: only %(weeks)s weeks could be tested, %(needed)s are needed.", **values)
        if self.error_with < (1 - engine.GAIN) * self.error_without:
            return self.env._(
                "Not used: the error fell (%(with)s %% with the weather, %(without)s %% without), but luck alone may do that.",
                **values,
            )
        return self.env._(
            "Not used: it does not lower the error enough (%(with)s %% with the weather, %(without)s %% without).",
            **values,
        )

    @api.model
    def _cron_learn(self):
        for (company,) in self.env["stock.warehouse"]._read_group([], ["company_id"]):
            self._learn(company)
            self.env["distrib.promotion.uplift"]._learn(company)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _learn(self, company, as_of=None):
        """Learn the sensitivities of a company from the days before ``as_of`` and keep them; returns how many are used."""
        weather = self.env["distrib.weather"]
        end = (fields.Date.to_date(as_of) or fields.Date.context_today(self)) - timedelta(1)
        days = np.arange(np.datetime64(end) - LEARN_DAYS + 1, np.datetime64(end) + 1)
        warehouses = self.env["stock.warehouse"].sudo().search([("company_id", "=", company.id)])  # the whole company's
        regions = weather._weather_regions(warehouses.ids)
        region_ids = sorted(set(regions.values()))
        if not region_ids:
            return 0
        categories, demand = self._category_demand(days, regions, region_ids)
        known = np.flatnonzero(~np.isnan(demand).all(axis=(0, 1))) if len(categories) else ()
        if not len(known):
            return 0
        span = slice(int(known[0]), int(known[-1]) + 1)
        found = engine.learn(demand[:, :, span], weather._anomalies(region_ids, days[span]))
        self._replace(company, categories, region_ids, found, end + timedelta(1))
        return int(found.used.sum())

    @api.model
    def _category_demand(self, days, regions, region_ids):
        """Demand (c, r, t) of each category in each region without promotions, in units; and the category ids (c,)."""
        demand = self.env["distrib.demand"]
        start, end = str(days[0]), str(days[-1])
        warehouse, product = demand._pairs(start, end, warehouse_ids=list(regions))
        category_of = self._product_categories(np.unique(product))
        categories = sorted(set(category_of.values()))
        place = {c: i for i, c in enumerate(categories)}
        row = {r: i for i, r in enumerate(region_ids)}
        pairs = zip(warehouse.tolist(), product.tolist(), strict=True)
        group = np.array([place[category_of[p]] * len(row) + row[regions[w]] for w, p in pairs], np.int64)
        sums = engine.Sums.empty(len(categories) * len(row), len(days))
        for begin in range(0, len(product), BATCH_PAIRS):
            part = slice(begin, begin + BATCH_PAIRS)
            matrix = demand._read_matrix(start, end, pairs=(warehouse[part], product[part]))
            clean = history.unconstrain(matrix.quantity, matrix.in_stock)
            clean = np.where(np.nan_to_num(matrix.promotion) > 0, np.nan, clean)
            sums.add(clean, group[part])
        return categories, sums.demand().reshape(len(categories), len(row), len(days))

    @api.model
    def _product_categories(self, product_ids):
        """dict product id -> category id."""
        self.env["product.template"].flush_model(["categ_id"])
        self.env.cr.execute(
            SQL(
                "SELECT p.id, t.categ_id FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id"
                " WHERE p.id = ANY(%s)",
                [int(product) for product in product_ids],
            )
        )
        return {product: category or 0 for product, category in self.env.cr.fetchall()}

    @api.model
    def _replace(self, company, categories, region_ids, found, day):
        """One record for each category, and for those used one for each region."""
        self.sudo().search([("company_id", "=", company.id)]).unlink()  # the schedule keeps them, nobody edits them
        rows = []
        for index, category in enumerate(categories):
            if not category:
                continue
            shared = {
                "company_id": company.id,
                "category_id": category,
                "is_used": bool(found.used[index]),
                "error_without": float(np.nan_to_num(found.without[index])),
                "error_with": float(np.nan_to_num(found.with_weather[index])),
                "weeks": int(found.weeks[index]),
                "chance": float(np.nan_to_num(found.chance[index], nan=1.0)),
                "learned_on": day,
            }
            rows.append({**shared, **self._slopes(found.common[index])})
            if found.used[index]:
                rows += [
                    {**shared, "region_id": region, **self._slopes(found.slope[index, place])}
                    for place, region in enumerate(region_ids)
                ]
        self.sudo().create(rows)

    @staticmethod
    def _slopes(pair):
        return {"slope_temperature": float(pair[0]), "slope_rain": float(pair[1])}
