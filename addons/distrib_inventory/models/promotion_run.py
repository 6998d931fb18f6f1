from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import promotion_review as engine
from ..engine.forecast import history

HISTORY_DAYS = 84
BATCH_PAIRS = 20_000
PLAN_COLUMNS = {
    "usual_units": "float8",
    "planned_units": "float8",
    "prebuild_quantity": "float8",
    "overlap_days": "int4",
}
ACTUAL_COLUMNS = {"actual_units": "float8", "actual_usual": "float8", "lost_units": "float8", "left_units": "float8"}


class PromotionRun(models.Model):
    """Planning a promotion from history, and setting what came of it beside the plan."""

    _inherit = "distrib.promotion"

    def _plan(self):
        for promotion in self:
            today = promotion._today()
            first = min(today, promotion.date_from) - timedelta(days=HISTORY_DAYS)
            plan = self._load_plan(promotion.company_id, first, promotion.date_to, also=promotion)
            promotion._drop_lines()
            end = min(today, promotion.date_from) - timedelta(days=1)
            for pairs in promotion._batches(first, end):
                promotion._write_lines(pairs, promotion._planned(plan, pairs, first, end), PLAN_COLUMNS)
            promotion.write({"planned_on": fields.Datetime.now()})
            promotion.invalidate_recordset()

    def _review(self):
        for promotion in self:
            today = promotion._today()
            first = promotion.date_from - timedelta(days=engine.WINDOW)
            end = min(today - timedelta(days=1), promotion.date_to + timedelta(days=engine.WINDOW))
            if end < promotion.date_from:
                continue
            plan = self._load_plan(promotion.company_id, first, end, also=promotion)
            left, known = promotion._left(today), None
            for pairs in promotion._batches(first, end):
                values, until = promotion._reviewed(plan, pairs, first, end, left)
                known = max(filter(None, (known, until)), default=None)
                promotion._write_lines(pairs, values, ACTUAL_COLUMNS)
            promotion.write({"reviewed_on": fields.Datetime.now(), "known_until": known})
            promotion._compare()
            promotion.invalidate_recordset()

    def _compare(self):
        """Set the differences once the whole promotion is known; before that they would only show that it is not over."""
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE distrib_promotion_line l"
            "   SET difference = CASE WHEN p.known_until >= p.date_to THEN COALESCE(l.actual_units, 0)"
            "       + COALESCE(l.lost_units, 0) - COALESCE(l.planned_units, 0) ELSE 0 END"
            "  FROM distrib_promotion p WHERE p.id = l.promotion_id AND p.id = %s",
            (self.id,),
        )
        self.env["distrib.promotion.line"].invalidate_model()

    def _batches(self, first, end):
        """Pairs of this promotion with history in the period, as (warehouse ids, product ids), some at a time."""
        goods, places = self._goods(), self._places()
        places = (
            self.env["stock.warehouse"]
            .sudo()
            .search(  # the plan is the company's, not the reader's
                [("company_id", "=", self.company_id.id), *([("id", "in", places.ids)] if places is not None else [])]
            )
        )
        warehouse, product = self.env["distrib.demand"]._pairs(
            first, end, None if goods is None else goods.ids, places.ids
        )
        for begin in range(0, len(product), BATCH_PAIRS):
            yield warehouse[begin : begin + BATCH_PAIRS], product[begin : begin + BATCH_PAIRS]

    def _read_clean(self, plan, pairs, first, end):
        """The matrix, unconstrained demand, days with a promotion, and weekday indices of pairs."""
        matrix = self.env["distrib.demand"]._read_matrix(first, end, pairs=pairs)
        demand = history.unconstrain(matrix.quantity, matrix.in_stock)
        promoted = plan.covered(*pairs, matrix.days, matrix.promotion)
        categories = self.env["distrib.weather.effect"]._product_categories(np.unique(pairs[1]))
        _ids, group = np.unique([categories.get(int(p), 0) for p in pairs[1]], return_inverse=True)
        index = engine.weekdays(demand, ~promoted & ~np.isnan(demand), first.weekday(), group)
        return matrix, demand, promoted, index

    def _planned(self, plan, pairs, first, end):
        """The columns of the plan (n,) of pairs."""
        _matrix, demand, promoted, index = self._read_clean(plan, pairs, first, end)
        start = (self.date_from - first).days
        usual = engine.usual_demand(demand, promoted, start, start + self.days, index, first.weekday())
        days = np.datetime64(self.date_from) + np.arange(self.days)
        found = engine.plan(usual, plan.uplift(*pairs, days), self.cover_days, self._safety_stock(pairs))
        return {
            "usual_units": found.usual,
            "planned_units": found.planned,
            "prebuild_quantity": found.prebuild,
            "overlap_days": self._overlap_days(plan, pairs, days),
        }

    def _overlap_days(self, plan, pairs, days):
        met = np.zeros((len(pairs[0]), len(days)), bool)
        for event in plan.events:
            if event.key != self.id:
                met[np.ix_(event.reaches(*pairs), np.isin(days, days[event.columns(days)]))] = True
        return met.sum(axis=1)

    def _safety_stock(self, pairs):
        self.env["distrib.policy"].flush_model(["safety_stock"])
        self.env.cr.execute(
            "SELECT warehouse_id, product_id, safety_stock FROM distrib_policy WHERE warehouse_id = ANY(%s)",
            (np.unique(pairs[0]).tolist(),),
        )
        found = {(warehouse, product): stock for warehouse, product, stock in self.env.cr.fetchall()}
        keys = zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)
        return np.array([found.get(key) or 0.0 for key in keys])

    def _reviewed(self, plan, pairs, first, end, left):
        """The columns of the outcome (n,), and the last day of the promotion whose sales are known."""
        matrix, demand, promoted, index = self._read_clean(plan, pairs, first, end)
        start = (self.date_from - first).days
        stop = start + min(self.days, matrix.quantity.shape[1] - start)
        usual = engine.usual_demand(demand, promoted, start, stop, index, first.weekday())
        sold = matrix.quantity[:, start:stop]
        uplift = plan.uplift(*pairs, matrix.days[start:stop]).mean(axis=1)
        found = engine.review(sold, matrix.in_stock[:, start:stop], usual, uplift)
        known = np.flatnonzero(~np.isnan(sold).all(axis=0))
        keys = zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)
        values = {
            "actual_units": found.sold,
            "actual_usual": found.usual,
            "lost_units": found.lost,
            "left_units": np.array([left.get(key, 0.0) for key in keys]),
        }
        return values, self.date_from + timedelta(days=int(known[-1])) if len(known) else None

    def _left(self, today):
        """What lay in stock at the end of the last day, or now: dict (warehouse id, product id) -> units."""
        goods, places = self._goods(), self._places()
        if places is None:
            places = self.env["stock.warehouse"].sudo().search([("company_id", "=", self.company_id.id)])  # as above
        position = self.env["distrib.position"]
        ids = (None if goods is None else goods.ids, places.ids)
        if self.date_to < today:
            rows = position._read_past(self.date_to, *ids, self.env["decimal.precision"].precision_get("Product Unit"))
        else:
            rows = position.read_positions(*ids)
        return {(row["warehouse_id"], row["product_id"]): row["on_hand"] for row in rows}

    def _drop_lines(self):
        """What was computed before goes; what was entered stays, with its plan to be computed again."""
        self.env["distrib.promotion.line"].flush_model()
        self.env.cr.execute(
            "DELETE FROM distrib_promotion_line WHERE promotion_id = %s AND NOT COALESCE(is_manual, FALSE)", (self.id,)
        )
        self.env["distrib.promotion.line"].invalidate_model()

    def _write_lines(self, pairs, values, columns):
        """Insert or update the lines of pairs in one statement; a stock entered by hand is kept."""
        self.env["distrib.promotion.line"].flush_model()
        names = SQL(", ").join(map(SQL.identifier, columns))
        arrays = SQL(", ").join(
            SQL("%s::%s[]", np.nan_to_num(values[name]).tolist(), SQL(kind)) for name, kind in columns.items()
        )
        updates = SQL(", ").join(self._update_of(name) for name in columns)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO distrib_promotion_line AS line
                       (promotion_id, warehouse_id, product_id, company_id, category_id, region_id, kind, date_from,
                        is_manual, create_uid, create_date, write_uid, write_date, %(names)s)
                SELECT p.id, w.id, v.product_id, p.company_id, t.categ_id, w.region_id, p.kind, p.date_from,
                       FALSE, %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC', %(values)s
                  FROM unnest(%(warehouses)s::int[], %(products)s::int[], %(arrays)s) v(warehouse_id, product_id, %(names)s)
                  JOIN distrib_promotion p ON p.id = %(promotion)s
                  JOIN stock_warehouse w ON w.id = v.warehouse_id
                  JOIN product_product pp ON pp.id = v.product_id
                  JOIN product_template t ON t.id = pp.product_tmpl_id
                ON CONFLICT (promotion_id, product_id, warehouse_id) DO UPDATE SET %(updates)s
                """,
                names=names,
                values=SQL(", ").join(SQL.identifier("v", name) for name in columns),
                user=self.env.uid,
                warehouses=pairs[0].tolist(),
                products=pairs[1].tolist(),
                arrays=arrays,
                promotion=self.id,
                updates=updates,
            )
        )
        self.env["distrib.promotion.line"].invalidate_model()

    @api.model
    def _update_of(self, name):
        column = SQL.identifier(name)
        if name == "prebuild_quantity":
            return SQL("%s = CASE WHEN line.is_manual THEN line.%s ELSE EXCLUDED.%s END", column, column, column)
        return SQL("%s = EXCLUDED.%s", column, column)
