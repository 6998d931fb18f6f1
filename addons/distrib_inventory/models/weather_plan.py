import numpy as np
from odoo import api, fields, models

from ..engine import weather as engine
from .weather_fetch import MEASURED

NORMAL_YEARS = 20


class WeatherPlan(models.Model):
    """What planning reads: normals, the weather against them, and what it does to demand."""

    _inherit = "distrib.weather"

    @api.model
    def _normals(self, region_ids, today=None):
        """The usual weather by day of the year: dict of temperature, rain (mm) and log_rain, each (r, 366), NaN unknown."""
        today = fields.Date.to_date(today) or self._normals_day()
        first, days, values = self._history(region_ids, today)
        if first is None:
            empty = np.full((len(region_ids), engine.YEAR), np.nan)
            return {"temperature": empty, "rain": empty, "log_rain": empty}
        temperature, rain = values[0].astype(np.float64), values[1].astype(np.float64)
        return {
            "temperature": engine.normals(temperature, days),
            "rain": engine.normals(rain, days),
            "log_rain": engine.rain_normals(rain, days),
        }

    @api.model
    def _normals_day(self):
        """Normals are made of the days before this one."""
        return fields.Date.context_today(self)

    @api.model
    def _history(self, region_ids, today):
        """The measured weather before today: first day, days (t,), values (4, r, t)."""
        self.flush_model()
        self.env.cr.execute(
            "SELECT min(day) FROM distrib_weather WHERE region_id = ANY(%s) AND day BETWEEN %s AND %s",
            (list(region_ids), today.replace(year=today.year - NORMAL_YEARS, day=1), today),
        )
        first = self.env.cr.fetchone()[0]
        if first is None:
            return None, None, None
        days = np.arange(np.datetime64(first), np.datetime64(today))
        if not len(days):
            return None, None, None
        return first, days, self._read_days(region_ids, first, days[-1].astype(object), MEASURED)

    @api.model
    def _weather_regions(self, warehouse_ids):
        """The region whose weather counts for each warehouse: its own, else the nearest above of which any is known.

        :return: dict warehouse id -> region id, without those that have none
        """
        # The network's weather is the same for every company.
        warehouses = self.env["stock.warehouse"].sudo().browse([int(i) for i in warehouse_ids]).exists()
        self.env.cr.execute("SELECT DISTINCT region_id FROM distrib_weather")
        known = {region for (region,) in self.env.cr.fetchall()}
        found = {}
        for warehouse in warehouses:
            path = [int(part) for part in (warehouse.region_id.parent_path or "").split("/")[:-1]]
            nearest = next((region for region in reversed(path) if region in known), None)
            if nearest:
                found[warehouse.id] = nearest
        return found

    @api.model
    def _anomalies(self, region_ids, days):
        """The weather of days (t,) against the normals (2, r, t) float32; 0 where it is unknown or a normal itself."""
        if not len(region_ids) or not len(days):
            return np.zeros((2, len(region_ids), len(days)), np.float32)
        usual = self._normals(region_ids, self._normals_day())
        first, last = days[0].astype(object), days[-1].astype(object)
        values = self._read_days(region_ids, first, last, (*MEASURED, "forecast"))
        number = (days - days[0]).astype(int)
        return engine.anomalies(
            values[0][:, number], values[1][:, number], days, np.stack([usual["temperature"], usual["log_rain"]])
        )

    @api.model
    def _feature_matrix(self, warehouse_ids, days):
        """Temperature (degrees C) and rain (ln(1 + mm)) against the normal (2, w, t) float32; 0 where unknown.

        :param warehouse_ids: ids (w,), ``days``: ascending ``datetime64[D]`` (t,)
        """
        days = np.asarray(days, "datetime64[D]")
        regions = self._weather_regions(warehouse_ids)
        ids = sorted(set(regions.values()))
        anomalies = self._anomalies(ids, days)
        found = np.zeros((2, len(warehouse_ids), len(days)), np.float32)
        for row, warehouse in enumerate(warehouse_ids):
            if int(warehouse) in regions:
                found[:, row] = anomalies[:, ids.index(regions[int(warehouse)])]
        return found

    @api.model
    def _load_plan(self, company, first_day, last_day):
        """What the weather does to the demand of a company: an engine `WeatherPlan`, loaded once for a run."""
        days = np.arange(np.datetime64(str(first_day), "D"), np.datetime64(str(last_day), "D") + 1)
        effects = (
            self.env["distrib.weather.effect"].sudo().search([("company_id", "=", company.id), ("is_used", "=", True)])
        )  # sensitivities steer the plan of everybody in the company
        categories = effects.category_id.ids
        warehouses = self.env["stock.warehouse"].sudo().search([("company_id", "=", company.id)])
        regions = self._weather_regions(warehouses.ids) if effects else {}
        region_ids = sorted(set(regions.values()))
        effect = np.zeros((len(categories), len(region_ids), 2), np.float32)
        for record in effects.sorted(lambda e: bool(e.region_id)):  # regions after the whole category
            rows = [region_ids.index(record.region_id.id)] if record.region_id.id in region_ids else []
            chosen = rows if record.region_id else slice(None)
            effect[categories.index(record.category_id.id), chosen] = (record.slope_temperature, record.slope_rain)
        warehouse_id = np.array(sorted(regions), np.int64)
        product_id, category = self._category_rows(categories)
        return engine.WeatherPlan(
            warehouse_id,
            np.array([region_ids.index(regions[i]) for i in warehouse_id.tolist()], np.int64),
            product_id,
            category,
            days,
            self._anomalies(region_ids, days),
            effect,
        )

    @api.model
    def _category_rows(self, categories):
        """Ids (p,), sorted, of the products in these categories and the place of each one's category."""
        self.env["product.template"].flush_model(["categ_id"])
        self.env.cr.execute(
            "SELECT p.id, t.categ_id FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id"
            " WHERE t.categ_id = ANY(%s) ORDER BY p.id",
            (categories,),
        )
        rows = np.array(self.env.cr.fetchall(), np.int64).reshape(-1, 2)
        place = {category: index for index, category in enumerate(categories)}
        return rows[:, 0], np.array([place[c] for c in rows[:, 1].tolist()], np.int64)
