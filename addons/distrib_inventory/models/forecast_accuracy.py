from io import BytesIO, StringIO

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import accuracy, pgcopy
from ..engine import plan as engine
from .forecast_setting import CLASS_NAMES

_ISSUED = [("warehouse_id", "int4"), ("product_id", "int4"), ("day", "date"), ("forecast", "real[7]")]
_SUMS = ("demand", "forecast", "absolute_error", "error", "naive_error")


class ForecastAccuracy(models.Model):
    """What was forecast for each week against what was asked for in it, summed by warehouse, category and class."""

    _name = "distrib.forecast.accuracy"
    _description = "Forecast Accuracy"
    _order = "week desc, id"
    _rec_name = "week"

    week = fields.Date(string="First Day", required=True, readonly=True, index=True)
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", readonly=True, index=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, ondelete="cascade", readonly=True, index=True)
    region_id = fields.Many2one("distrib.region", ondelete="set null", readonly=True)
    network_tier = fields.Char(string="Tier", readonly=True)
    categ_id = fields.Many2one("product.category", ondelete="cascade", readonly=True)
    demand_class = fields.Selection(CLASS_NAMES, readonly=True)
    abc_class = fields.Char(string="ABC", readonly=True)
    pairs = fields.Integer(readonly=True)
    demand = fields.Float(readonly=True, digits="Product Unit", help="On days on which demand was seen.")
    forecast = fields.Float(readonly=True, digits="Product Unit", help="As made before the week, for the same days.")
    absolute_error = fields.Float(readonly=True, digits="Product Unit", help="Of each product in each warehouse.")
    error = fields.Float(readonly=True, digits="Product Unit", help="Forecast less demand.")
    naive_error = fields.Float(
        string="Error of the Week Before", readonly=True, digits="Product Unit", help="Had one taken the week before."
    )
    wape = fields.Float(
        string="Error (WAPE)",
        readonly=True,
        aggregator="avg",
        help="Absolute error divided by demand. Of a group: sums divided.",
    )
    bias = fields.Float(
        readonly=True, aggregator="avg", help="Error divided by demand: above zero, too much was forecast."
    )

    def init(self):
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS distrib_forecast_issued (
                warehouse_id integer NOT NULL REFERENCES stock_warehouse ON DELETE CASCADE,
                product_id integer NOT NULL REFERENCES product_product ON DELETE CASCADE,
                day date NOT NULL,
                forecast real[7] NOT NULL,
                PRIMARY KEY (warehouse_id, product_id)
            )
            """
        )

    def _read_group_select(self, aggregate_spec, query):
        """Ratios of a group are ratios of its sums, not means of ratios."""
        for name, top in (("wape", "absolute_error"), ("bias", "error")):
            if aggregate_spec == f"{name}:avg":
                return SQL(
                    "SUM(%s) / NULLIF(SUM(%s), 0)",
                    self._field_to_sql(self._table, top, query),
                    self._field_to_sql(self._table, "demand", query),
                )
        return super()._read_group_select(aggregate_spec, query)

    # --- issuing -------------------------------------------------------------------------------------------------

    @api.model
    def _issue(self, columns, as_of):
        """Keep the forecast of the coming seven days of pairs that have none waiting: one forecast a week each."""
        cr = self.env.cr
        cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS distrib_issued_incoming (LIKE distrib_forecast_issued) ON COMMIT DROP"
        )
        cr.execute("TRUNCATE distrib_issued_incoming")
        week = np.asarray(columns["week"], np.float32)
        values = {
            "warehouse_id": columns["warehouse_id"],
            "product_id": columns["product_id"],
            "day": np.full(len(week), np.datetime64(as_of, "D")),
            "forecast": np.where(np.isfinite(week), week, 0),
        }
        cr.copy_expert(
            "COPY distrib_issued_incoming FROM STDIN (FORMAT BINARY)", BytesIO(pgcopy.encode(_ISSUED, values))
        )
        cr.execute(
            "INSERT INTO distrib_forecast_issued SELECT i.* FROM distrib_issued_incoming i"
            " JOIN product_product p ON p.id = i.product_id AND p.active ON CONFLICT DO NOTHING"
        )

    # --- settling ------------------------------------------------------------------------------------------------

    @api.model
    def _settle(self, plan):
        """Compare the forecasts whose week is over with the demand that was read, and keep the sums.

        The waiting forecast goes as its week is counted, in one transaction: no week counts twice.
        """
        history = plan.history
        due = self._due(plan)
        keys = (due["warehouse_id"].astype(np.int64) << 32) | due["product_id"]
        place = np.searchsorted(history.keys, keys).clip(max=max(len(history) - 1, 0))
        known = history.keys[place] == keys if len(history) else np.zeros(len(keys), bool)
        begin = (due["day"] - history.days[0]).astype(int) if len(history) else np.zeros(len(keys), int)
        known &= (begin >= accuracy.DAYS) & (begin + accuracy.DAYS <= len(history.days))
        rows, begin = place[known], begin[known]
        if not len(rows):
            return
        at = begin[:, None] + np.arange(-accuracy.DAYS, accuracy.DAYS)[None, :]
        seen = (
            np.asarray(history.demand)[rows[:, None], at] if len(rows) < 20_000 else _gather(history.demand, rows, at)
        )
        found = accuracy.week(seen[:, accuracy.DAYS :], seen[:, : accuracy.DAYS], due["forecast"][known])
        self._keep_on_policies(history, rows, found)
        self._keep_sums(plan, rows, found, due["day"][known])
        self.env.cr.execute(
            "DELETE FROM distrib_forecast_issued f USING stock_warehouse w WHERE w.id = f.warehouse_id"
            " AND w.company_id = %s AND f.day + 7 <= %s AND f.product_id = ANY(%s)",
            (plan.company.id, str(history.days[-1] + 1), np.unique(history.product_id[rows]).tolist()),
        )

    @api.model
    def _due(self, plan):
        """The waiting forecasts whose seven days are all in the history, as arrays."""
        last = plan.history.days[-1] + 1 if len(plan.history.days) else np.datetime64("1970-01-01")
        parts = []
        reader = pgcopy.RowReader(_ISSUED, lambda rows: parts.append(rows.copy()))
        query = SQL(
            "COPY (SELECT f.warehouse_id, f.product_id, f.day, f.forecast FROM distrib_forecast_issued f"
            " JOIN stock_warehouse w ON w.id = f.warehouse_id AND w.company_id = %s WHERE f.day + 7 <= %s)"
            " TO STDOUT (FORMAT BINARY)",
            plan.company.id,
            str(last),
        )
        cr = self.env.cr
        cr.copy_expert(cr.mogrify(query.code, query.params).decode(), reader)
        reader.close()
        table = np.concatenate(parts) if parts else np.zeros(0, pgcopy.row_dtype(_ISSUED))
        return {
            "warehouse_id": table["warehouse_id"].astype(np.int64),
            "product_id": table["product_id"].astype(np.int64),
            "day": pgcopy.to_dates(table["day"]),
            "forecast": table["forecast"]["value"].astype(np.float32),
        }

    @api.model
    def _keep_on_policies(self, history, rows, found):
        """Fade the sums of each pair's policy by this week."""
        ids = {"warehouse_id": history.warehouse_id[rows], "product_id": history.product_id[rows]}
        miss = np.where(found.use, found.forecast - found.demand, 0)
        values = {**ids, "a": np.abs(miss), "e": miss, "d": np.where(found.use, found.demand, 0)}
        columns = [*((name, "int4") for name in ids), ("a", "double"), ("e", "double"), ("d", "double")]
        cr = self.env.cr
        cr.execute("CREATE TEMP TABLE distrib_week_error (w int, p int, a float8, e float8, d float8) ON COMMIT DROP")
        cr.copy_expert("COPY distrib_week_error FROM STDIN (FORMAT BINARY)", BytesIO(pgcopy.encode(columns, values)))
        cr.execute(
            """
            UPDATE distrib_policy p
               SET error_units = %(fade)s * COALESCE(p.error_units, 0) + e.a,
                   error_net = %(fade)s * COALESCE(p.error_net, 0) + e.e,
                   error_demand = %(fade)s * COALESCE(p.error_demand, 0) + e.d
              FROM distrib_week_error e
             WHERE e.w = p.warehouse_id AND e.p = p.product_id
            """,
            {"fade": accuracy.FADE},
        )
        cr.execute("DROP TABLE distrib_week_error")

    @api.model
    def _keep_sums(self, plan, rows, found, day):
        """Add one line for each week, warehouse, category and class."""
        history = plan.history
        use = np.flatnonzero(found.use)
        if not len(use):
            return
        products = self.env["product.product"].browse(np.unique(history.product_id[rows]).tolist())
        category = {product.id: product.categ_id.id or 0 for product in products}
        of_product = [category[product] for product in history.product_id[rows[use]].tolist()]
        kinds = self._classes(plan, rows[use])
        abc = np.asarray(plan.inputs.abc)[rows[use]]
        keys = np.stack([day[use].astype("datetime64[D]").astype(np.int64), history.warehouse_id[rows[use]],
                         np.array(of_product), kinds, abc], axis=1)  # fmt: skip
        groups, group = np.unique(keys, axis=0, return_inverse=True)
        group = group.ravel()
        columns = (
            found.demand[use], found.forecast[use], np.abs(found.forecast - found.demand)[use],
            (found.forecast - found.demand)[use], np.abs(found.naive - found.demand)[use],
        )  # fmt: skip
        sums = np.stack([np.bincount(group, column, len(groups)) for column in columns], axis=1)
        self._insert_sums(plan, groups, sums, np.bincount(group, minlength=len(groups)))

    @api.model
    def _classes(self, plan, rows):
        """The demand class of the policies of these pairs, as it was in the last run."""
        self.env.cr.execute(
            "SELECT warehouse_id, product_id, demand_class FROM distrib_policy WHERE company_id = %s",
            (plan.company.id,),
        )
        names = {name: place for place, (name, _text) in enumerate(CLASS_NAMES)}
        stored = {(warehouse, product): names.get(kind, 0) for warehouse, product, kind in self.env.cr.fetchall()}
        history = plan.history
        pairs = zip(history.warehouse_id[rows].tolist(), history.product_id[rows].tolist(), strict=True)
        return np.array([stored.get(pair, 0) for pair in pairs], np.int64)

    @api.model
    def _insert_sums(self, plan, groups, sums, counts):
        letters = engine.service.ABC
        network = plan.network
        lines = []
        for (day, warehouse, categ, kind, abc), values, count in zip(
            groups.tolist(), sums.tolist(), counts.tolist(), strict=True
        ):
            demand = values[0]
            lines.append(
                [
                    str(np.datetime64(day, "D")), plan.company.id, warehouse, network[warehouse].region_id.id or "\\N",
                    network[warehouse].network_tier or "\\N", categ or "\\N", CLASS_NAMES[kind][0], letters[abc], count, *values,
                    values[2] / demand if demand else "\\N", values[3] / demand if demand else "\\N",
                ]
            )  # fmt: skip
        names = ("week", "company_id", "warehouse_id", "region_id", "network_tier", "categ_id", "demand_class",
                 "abc_class", "pairs", *_SUMS, "wape", "bias")  # fmt: skip
        text = "".join("\t".join(str(cell) for cell in line) + "\n" for line in lines)
        self.env.cr.copy_from(StringIO(text), self._table, columns=names)
        self.invalidate_model()


def _gather(demand, rows, at):
    """demand[rows, at] in parts: the matrix lies on disk."""
    found = np.empty(at.shape, np.float32)
    for begin in range(0, len(rows), 20_000):
        part = slice(begin, begin + 20_000)
        found[part] = demand[rows[part][:, None], at[part]]
    return found
