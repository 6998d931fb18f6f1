import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import calendar, demand_marks

# Days of history in which marks are looked for, and pairs read at once.
WINDOW_DAYS, BATCH_PAIRS = 365, 20_000
GAP_DAYS = 120


class DemandDetect(models.Model):
    """Finds the days to mark in the history that changed. A run adds and withdraws its own suggestions only."""

    _inherit = "distrib.demand"

    @api.model
    def _detect_marks(self, company, since=None):
        """Look through the pairs of a company that changed from a moment on (None: all).

        :return: number of days newly marked
        """
        end = np.datetime64(self._closed_day(company))
        start = end - (WINDOW_DAYS - 1)
        warehouses = self.env["stock.warehouse"].search([("company_id", "=", company.id)])
        if since:
            warehouse, product = self._suspects(warehouses.ids, since)
        else:
            warehouse, product = self._pairs(str(start), str(end), warehouse_ids=warehouses.ids)
        found = 0
        countries = self.env["distrib.festival"]._country_of(warehouses)
        expected = {code: self._expected_days(start, end, code) for code in set(countries.values())}
        for begin in range(0, len(warehouse), BATCH_PAIRS):
            pairs = (warehouse[begin : begin + BATCH_PAIRS], product[begin : begin + BATCH_PAIRS])
            matrix = self._read_matrix(str(start), str(end), pairs=pairs, measures=("quantity", "promotion"))
            festive = np.stack([expected[countries[place]] for place in pairs[0].tolist()])
            found += self._mark_matrix(matrix, festive | (np.nan_to_num(matrix.promotion) > 0))
        told = warehouses.ids if not since else self._told_since(warehouses.ids, since)
        return found + self._mark_gaps(told, end)

    @api.model
    def _suspects(self, warehouse_ids, since):
        """Of the pairs that changed, those of which a changed month holds a day that might be marked or was: most have
        none, and their year need not be read. Warehouse ids (n,), product ids (n,), sorted."""
        self.env["distrib.demand.mark"].flush_model()
        self.env.cr.execute(
            """
            SELECT DISTINCT b.warehouse_id, b.product_id
              FROM distrib_demand_block b
             WHERE b.changed_on >= %s AND b.warehouse_id = ANY(%s)
               AND (EXISTS (SELECT FROM unnest(b.quantity) q WHERE q <> 'NaN' AND (q > %s OR q < 0))
                    OR EXISTS (SELECT FROM distrib_demand_mark m
                                WHERE m.warehouse_id = b.warehouse_id AND m.product_id = b.product_id
                                  AND m.is_automatic AND m.state = 'suggested'))
             ORDER BY 1, 2
            """,
            (since, warehouse_ids, demand_marks.LEAST),
        )
        found = np.array(self.env.cr.fetchall(), np.int32).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    @api.model
    def _told_since(self, warehouse_ids, since):
        """The warehouses of which anything changed from a moment on."""
        self.env.cr.execute(
            "SELECT DISTINCT warehouse_id FROM distrib_demand_block WHERE changed_on >= %s AND warehouse_id = ANY(%s)",
            (since, warehouse_ids),
        )
        return [warehouse for (warehouse,) in self.env.cr.fetchall()]

    @api.model
    def _expected_days(self, start, end, country):
        """Days whose peaks come back: shopping festivals with their lead, and the weeks before and after feasts."""
        columns = self.env["distrib.festival"]._columns(str(start), str(end), country)
        near = (columns.feast_offset >= -7) & (columns.feast_offset <= 3)
        return (columns.festival >= 0) | (columns.festival_lead >= 0) | near.any(axis=1) | (columns.holiday >= 0)

    @api.model
    def _mark_matrix(self, matrix, expected):
        bulk = demand_marks.one_offs(matrix.quantity, expected)
        peak = demand_marks.usual_peak(np.where(expected, np.nan, matrix.quantity))
        found = 0
        for kind, chosen in (("bulk", bulk), ("negative", matrix.quantity < 0)):
            row, column = np.nonzero(chosen)
            found += self._suggest(
                kind,
                (matrix.warehouse_id, matrix.product_id, matrix.days[0], matrix.days[-1]),
                matrix.warehouse_id[row],
                matrix.product_id[row],
                matrix.days[column],
                matrix.quantity[row, column],
                np.nan_to_num(peak[row]),
            )
        return found

    @api.model
    def _suggest(self, kind, scope, warehouse, product, day, quantity, usual, state="suggested", excluded=True):
        """Make the suggestions of a kind in a scope (warehouse ids, product ids, first, last day) exactly these.

        What somebody decided stays. :return: number of new marks
        """
        mark = self.env["distrib.demand.mark"]
        mark.flush_model()
        columns = [np.asarray(ids).tolist() for ids in (warehouse, product)]
        numbers = [np.asarray(values, np.float64).tolist() for values in (quantity, usual)]
        days = np.asarray(day).astype("datetime64[D]").astype(str).tolist()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM distrib_demand_mark m
                 USING (SELECT DISTINCT * FROM unnest(%(places)s::int[], %(goods)s::int[])) s (warehouse_id, product_id)
                 WHERE m.warehouse_id = s.warehouse_id AND COALESCE(m.product_id, 0) = s.product_id
                   AND m.kind = %(kind)s AND m.is_automatic AND m.state = %(state)s AND m.day BETWEEN %(first)s AND %(last)s
                   AND NOT EXISTS (SELECT FROM unnest(%(warehouses)s::int[], %(products)s::int[], %(days)s::date[])
                                               n (warehouse_id, product_id, day)
                                    WHERE n.warehouse_id = m.warehouse_id
                                      AND n.product_id = COALESCE(m.product_id, 0) AND n.day = m.day)
                """,
                places=np.asarray(scope[0]).tolist(),
                goods=np.asarray(scope[1]).tolist(),
                first=str(scope[2]),
                last=str(scope[3]),
                kind=kind,
                state=state,
                warehouses=columns[0],
                products=columns[1],
                days=days,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO distrib_demand_mark (warehouse_id, product_id, day, kind, quantity, usual, state, excluded,
                       is_automatic, company_id, categ_id, create_uid, create_date, write_uid, write_date)
                SELECT n.warehouse_id, NULLIF(n.product_id, 0), n.day, %(kind)s, n.quantity, n.usual, %(state)s,
                       %(excluded)s, TRUE, w.company_id, t.categ_id, %(user)s, now() AT TIME ZONE 'UTC', %(user)s,
                       now() AT TIME ZONE 'UTC'
                  FROM unnest(%(warehouses)s::int[], %(products)s::int[], %(days)s::date[], %(quantity)s::float8[],
                              %(usual)s::float8[]) n (warehouse_id, product_id, day, quantity, usual)
                  JOIN stock_warehouse w ON w.id = n.warehouse_id
                  LEFT JOIN product_product p ON p.id = n.product_id
                  LEFT JOIN product_template t ON t.id = p.product_tmpl_id
                    ON CONFLICT (COALESCE(warehouse_id, 0), COALESCE(product_id, 0), day, kind)
                    DO UPDATE SET quantity = EXCLUDED.quantity, usual = EXCLUDED.usual
                RETURNING (xmax = 0)
                """,
                kind=kind,
                state=state,
                excluded=excluded,
                user=self.env.uid,
                warehouses=columns[0],
                products=columns[1],
                days=days,
                quantity=numbers[0],
                usual=numbers[1],
            )
        )
        new = sum(inserted for (inserted,) in self.env.cr.fetchall())
        mark.invalidate_model()
        return new

    @api.model
    def _mark_gaps(self, warehouse_ids, end):
        """Mark the days on which nothing at all is known of a warehouse that files speak of: a file is missing."""
        own = self._owned_by_moves(warehouse_ids, np.zeros(len(warehouse_ids), int), np.full(len(warehouse_ids), end))
        places = np.asarray(warehouse_ids, np.int64)[~own]
        if not len(places):
            return 0
        start = end - (GAP_DAYS - 1)
        known = self._told_days(places, start, end)
        country = self.env["distrib.festival"]._country_of(self.env["stock.warehouse"].browse(places.tolist()))
        off = {
            code: self.env["distrib.festival"]._columns(str(start), str(end), code).holiday >= 0
            for code in set(country.values())
        }
        weekday = calendar.weekdays(start + np.arange(GAP_DAYS))
        silent = np.zeros_like(known)
        for row, place in enumerate(places.tolist()):
            silent[row] = demand_marks.silent_days(known[row : row + 1], ~off[country[place]], weekday)[0]
        row, column = np.nonzero(silent)
        nothing = np.zeros(len(row))
        scope = (places, np.zeros(len(places), int), start, end)
        return self._suggest("gap", scope, places[row], nothing.astype(int), start + column, nothing, nothing)

    @api.model
    def _told_days(self, places, start, end):
        """Whether anything is known of each warehouse on each day (w, t)."""
        self.env.cr.execute(
            """
            SELECT b.warehouse_id, b.month + n.place::int - 1 - %s::date
              FROM distrib_demand_block b
             CROSS JOIN LATERAL unnest(b.quantity) WITH ORDINALITY n (value, place)
             WHERE b.warehouse_id = ANY(%s) AND n.value <> 'NaN'
               AND b.month BETWEEN date_trunc('month', %s::date)::date AND %s
             GROUP BY 1, 2
            """,
            (str(start), places.tolist(), str(start), str(end)),
        )
        known = np.zeros((len(places), int((end - start).astype(int)) + 1), bool)
        row = {place: index for index, place in enumerate(places.tolist())}
        for place, day in self.env.cr.fetchall():
            if 0 <= day < known.shape[1]:
                known[row[place], day] = True
        return known

    @api.model
    def _mark_returns(self, company, zone, condition):
        """Mark what customers brought back without a delivery that it could be taken off from; demand stays as it is."""
        self.env.cr.execute(self._returns_sql(company, zone, condition))
        rows = self.env.cr.fetchall()
        if not rows:
            return 0
        totals, scope = {}, set()
        product = np.array([row[1] for row in rows])
        origin = np.array([row[4] or 0 for row in rows])
        day = np.array([row[5] or row[2] for row in rows], "datetime64[D]")
        taken_off = (origin > 0) & self._owned_by_moves(origin, product, day)
        for row, counted in zip(rows, taken_off.tolist(), strict=True):
            scope.add(row[:3])
            if not counted:
                totals[row[:3]] = totals.get(row[:3], 0.0) + row[3]
        keys = list(totals)
        days = [key[2] for key in scope]
        return self._suggest(
            "return",
            ([key[0] for key in scope], [key[1] for key in scope], min(days), max(days)),
            [key[0] for key in keys],
            [key[1] for key in keys],
            np.array([key[2] for key in keys], "datetime64[D]"),
            list(totals.values()),
            np.zeros(len(keys)),
            excluded=False,
        )


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        changed = {}
        if "uom_id" in vals:
            changed = {template: template.uom_id for template in self if template.uom_id.id != vals["uom_id"]}
        result = super().write(vals)
        for template, unit in changed.items():
            template._distrib_mark_unit(unit)
        return result

    def _distrib_mark_unit(self, old):
        """Core renames the unit and keeps all numbers (1 old = 1 new); so does the history. Files still to come may
        count in the old one: a mark says so."""
        ids = self.with_context(active_test=False).product_variant_ids.ids
        self.env.cr.execute("SELECT DISTINCT product_id FROM distrib_demand_block WHERE product_id = ANY(%s)", (ids,))
        known = [product for (product,) in self.env.cr.fetchall()]
        today = fields.Date.context_today(self)
        # sudo: whoever may change a product's unit need not be a planner
        marks = self.env["distrib.demand.mark"].sudo()
        domain = [("product_id", "in", ids), ("day", "=", today), ("kind", "=", "unit")]
        marks.search(domain).unlink()
        marks.create(
            [
                {
                    "product_id": product,
                    "company_id": False,
                    "day": today,
                    "kind": "unit",
                    "state": "suggested",
                    "is_automatic": True,
                    "note": self.env._(
                        "%(old)s became %(new)s; the numbers before this day were kept.",
                        old=old.display_name,
                        new=self.uom_id.display_name,
                    ),
                }
                for product in known
            ]
        )
