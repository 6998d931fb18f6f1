import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import demand, demand_stock

# The first run looks back so far; a product not sold for LISTED_DAYS is not listed any more, so never out of stock.
FIRST_DAYS, LISTED_DAYS = 365, 180
WAREHOUSES = 25


class DemandStock(models.Model):
    """Hours in stock from native stock: our goods in places from which one delivers, followed backwards from the quants
    of now along the movements. Only for pairs whose days stock moves own: elsewhere files say it, or nobody does."""

    _inherit = "distrib.demand"

    @api.model
    def _sync_stock(self, company, zone, state, since):
        """Fill the hours in stock of the days closed since the last run, and again of days that late moves touch."""
        closed, known = self._closed_day(company), state.closed_day
        begin = fields.Date.add(known, days=1) if known else fields.Date.subtract(closed, days=FIRST_DAYS - 1)
        blocks = 0
        if known:
            for month, pairs in self._late_pairs(company, zone, since, known):
                blocks += self._set_in_stock(company, zone, pairs, month, known)
        if begin <= closed:
            blocks += self._set_in_stock(company, zone, self._listed_pairs(company, closed), begin, closed)
            state.closed_day = closed
        return blocks

    @api.model
    def _listed_pairs(self, company, closed):
        """The pairs of this company that sold lately and whose days stock moves own: warehouse, product ids."""
        self.env.cr.execute(
            """
            SELECT DISTINCT b.warehouse_id, b.product_id
              FROM distrib_demand_block b
              JOIN stock_warehouse w ON w.id = b.warehouse_id AND w.company_id = %s
             WHERE b.month > %s AND EXISTS (SELECT FROM unnest(b.quantity) q WHERE q <> 'NaN')
               AND b.warehouse_id IN (SELECT x.warehouse_id FROM distrib_demand_source x WHERE x.source = 'moves')
             ORDER BY 1, 2
            """,
            (company.id, fields.Date.subtract(closed, days=LISTED_DAYS)),
        )
        found = np.array(self.env.cr.fetchall(), np.int64).reshape(-1, 2)
        own = self._owned_by_moves(found[:, 0], found[:, 1], np.full(len(found), np.datetime64(closed)))
        return found[own]

    @api.model
    def _late_pairs(self, company, zone, since, closed):
        """Pairs with movements done or edited since the last run that lie in days closed before, by their month."""
        self.env.cr.execute(
            SQL(
                """
                SELECT date_trunc('month', min(x.day))::date, x.warehouse_id, x.product_id
                  FROM (SELECT l.warehouse_id, m.product_id, (m.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
                          FROM stock_move m
                          JOIN stock_location l ON l.id IN (m.location_id, m.location_dest_id)
                         WHERE m.state = 'done' AND m.write_date >= %(since)s AND m.company_id = %(company)s
                           AND l.warehouse_id IS NOT NULL
                         UNION ALL
                        SELECT q.warehouse_id, q.product_id, (q.at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date
                          FROM distrib_demand_left q
                          JOIN stock_warehouse w ON w.id = q.warehouse_id AND w.company_id = %(company)s) x
                 WHERE x.day <= %(closed)s
                   AND EXISTS (SELECT FROM distrib_demand_block b
                                WHERE b.warehouse_id = x.warehouse_id AND b.product_id = x.product_id)
                 GROUP BY x.warehouse_id, x.product_id
                 ORDER BY 1, 2, 3
                """,
                zone=zone.zone,
                since=since,
                company=company.id,
                closed=closed,
            )
        )
        months = {}
        for month, *pair in self.env.cr.fetchall():
            months.setdefault(month, []).append(pair)
        return [(month, np.array(pairs, np.int64)) for month, pairs in months.items()]

    @api.model
    def _set_in_stock(self, company, zone, pairs, first, last):
        """Set the hours in stock of pairs (n, 2) from a day to another; parts of the network, months backwards."""
        blocks, places = 0, np.unique(pairs[:, 0])
        for at in range(0, len(places), WAREHOUSES):
            part = pairs[np.isin(pairs[:, 0], places[at : at + WAREHOUSES])]
            stock = self._stock_at(zone, part, self._utc(fields.Date.add(last, days=1), zone))
            end = last
            while end >= first:
                start = max(first, end.replace(day=1))
                stock, shares = self._month_shares(company, zone, part, stock, start, end)
                blocks += self._write_shares(part, shares, start)
                end = fields.Date.subtract(start, days=1)
        return blocks

    @api.model
    def _stock_at(self, zone, pairs, moment):
        """Units of each pair in stock at a moment: those of now less the movements since."""
        warehouses, products = (np.unique(ids).tolist() for ids in pairs.T)
        self.env.cr.execute(
            SQL(
                """
                SELECT l.warehouse_id, q.product_id, SUM(q.quantity)::float8
                  FROM stock_quant q
                  JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal' AND l.stock_state = 'available'
                  JOIN stock_warehouse w ON w.id = l.warehouse_id
                  JOIN res_company c ON c.id = w.company_id
                 WHERE l.warehouse_id = ANY(%s) AND q.product_id = ANY(%s)
                   AND (q.owner_id IS NULL OR q.owner_id IN (c.partner_id, w.dealer_id))
                 GROUP BY 1, 2
                """,
                warehouses,
                products,
            )
        )
        stock = self._by_pair(pairs, self.env.cr.fetchall())
        place, _at, change = self._movements(zone, pairs, moment, None)
        return stock - np.bincount(place, change, minlength=len(pairs))

    @api.model
    def _by_pair(self, pairs, rows):
        found = {(warehouse, product): units for warehouse, product, units in rows}
        return np.array([found.get(pair, 0.0) for pair in map(tuple, pairs.tolist())])

    @api.model
    def _movements(self, zone, pairs, begin, end):
        """Movements of pairs between two moments (UTC, or None): place in ``pairs``, local time in days since
        1970-01-01, units in (+) or out (-)."""
        warehouses, products = (np.unique(ids).tolist() for ids in pairs.T)
        self.env.cr.execute(
            SQL(
                """
                SELECT l.warehouse_id, x.product_id,
                       EXTRACT(EPOCH FROM m.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::float8 / 86400,
                       (CASE WHEN l.id = x.location_dest_id THEN x.quantity_product_uom
                             ELSE -x.quantity_product_uom END)::float8
                  FROM stock_move m
                  JOIN stock_move_line x ON x.move_id = m.id AND x.location_id <> x.location_dest_id
                  JOIN stock_location l ON l.id IN (x.location_id, x.location_dest_id)
                       AND l.usage = 'internal' AND l.stock_state = 'available'
                  JOIN stock_warehouse w ON w.id = l.warehouse_id
                  JOIN res_company c ON c.id = w.company_id
                 WHERE m.state = 'done' AND m.date >= %(begin)s AND %(until)s
                   AND l.warehouse_id = ANY(%(warehouses)s) AND m.product_id = ANY(%(products)s)
                   AND (x.owner_id IS NULL OR x.owner_id IN (c.partner_id, w.dealer_id))
                """,
                zone=zone.zone,
                begin=begin,
                until=SQL("m.date < %s", end) if end else SQL("TRUE"),
                warehouses=warehouses,
                products=products,
            )
        )
        rows = np.array(self.env.cr.fetchall(), np.float64).reshape(-1, 4)
        keys = demand.pair_keys(pairs[:, 0], pairs[:, 1])
        wanted = demand.pair_keys(rows[:, 0], rows[:, 1])
        place = np.searchsorted(keys, wanted).clip(max=max(len(keys) - 1, 0))
        known = keys[place] == wanted if len(keys) else np.zeros(0, bool)
        return place[known], rows[known, 2], rows[known, 3]

    @api.model
    def _month_shares(self, company, zone, pairs, stock, start, end):
        """(stock before ``start``, shares (n, days)) of the days ``start`` to ``end``, given the stock after them."""
        days = (end - start).days + 1
        begin, finish = self._utc(start, zone), self._utc(fields.Date.add(end, days=1), zone)
        place, at, change = self._movements(zone, pairs, begin, finish)
        origin = float(np.datetime64(start, "D").astype(np.int64))
        shares = demand_stock.in_stock_shares(
            stock, place, at - origin, change, days, company.distrib_opens, company.distrib_closes
        )
        return stock - np.bincount(place, change, minlength=len(pairs)), shares

    @api.model
    def _write_shares(self, pairs, shares, start):
        """A day in stock all the time says nothing (NaN); nor does a day before the pair was ever sold."""
        days = np.datetime64(start, "D") + np.arange(shares.shape[1])
        stored = self._read_matrix(
            str(days[0]), str(days[-1]), pairs=(pairs[:, 0], pairs[:, 1]), measures=("in_stock",)
        )
        wanted = np.where(shares < 1, shares, np.nan)
        own = self._owned_by_moves(pairs[:, :1], pairs[:, 1:], days[None, :])
        listed = days[None, :] >= self._first_months(pairs)[:, None]
        row, column = np.nonzero(own & listed & ((shares < 1) | ~np.isnan(stored.in_stock)))
        if not len(row):
            return 0
        return self._replace_days(pairs[row, 1], pairs[row, 0], days[column], in_stock=wanted[row, column])

    @api.model
    def _first_months(self, pairs):
        """The month in which each pair's history begins (n,) ``datetime64[D]``."""
        self.env.cr.execute(
            "SELECT warehouse_id, product_id, min(month) - DATE '1970-01-01' FROM distrib_demand_block"
            " WHERE warehouse_id = ANY(%s) GROUP BY 1, 2",
            (np.unique(pairs[:, 0]).tolist(),),
        )
        return self._by_pair(pairs, self.env.cr.fetchall()).astype(np.int64).astype("datetime64[D]")
