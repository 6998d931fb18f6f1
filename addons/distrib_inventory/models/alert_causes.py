from dataclasses import dataclass, replace
from dataclasses import fields as columns_of
from datetime import timedelta

import numpy as np
from odoo import fields, models
from odoo.tools import SQL

from ..engine import alerts

# A transfer or receipt that is later than this cannot be counted on.
LATE_DAYS = 1
# Up to so many pairs their products are named to the statement; beyond, all positions are read.
FEW = 1000


@dataclass(frozen=True, eq=False)
class Planned:
    """Pairs that have a policy: ids, stock and what is on its way in pieces, demand a day, lead time in days."""

    product_id: np.ndarray
    warehouse_id: np.ndarray
    safety: np.ndarray
    demand: np.ndarray
    lead: np.ndarray
    available: np.ndarray
    incoming: np.ndarray

    def take(self, chosen):
        return Planned(*(getattr(self, column.name)[chosen] for column in columns_of(self)))


class AlertRule(models.Model):
    """Where the causes are found: a few grouped statements for each rule, whatever the size of the network."""

    _inherit = "distrib.alert.rule"

    def _find_causes(self):
        """The causes of this rule in the allowed companies, as `engine.alerts.Causes`."""
        self.ensure_one()
        self.env.flush_all()
        causes = getattr(self, f"_causes_{self.kind}")().classed(self._product_classes())
        keep = np.ones(len(causes), bool)
        if self.warehouse_ids:
            keep &= np.isin(causes.warehouse_id, self.warehouse_ids.ids)
        if self.categ_ids:
            products = self.env["product.product"].with_context(active_test=False)
            keep &= np.isin(causes.product_id, products.search([("categ_id", "child_of", self.categ_ids.ids)]).ids)
        if self.abc_scope != "ABC":
            # what is not about a product (a late transfer, a report) has no class
            keep &= np.isin(causes.abc, list(self.abc_scope)) | (causes.product_id == 0)
        return causes.take(keep)

    def _product_classes(self):
        """{product id: A, B or C} by what the network is planned to sell of it a day, at sales prices."""
        self.env.cr.execute(
            """
            SELECT p.product_id, p.demand_mean::float8 * COALESCE(t.list_price, 0)::float8
              FROM distrib_policy p
              JOIN product_product product ON product.id = p.product_id AND product.active
              JOIN product_template t ON t.id = product.product_tmpl_id
             WHERE p.company_id = ANY(%s) AND p.demand_mean > 0
            """,
            (self.env.companies.ids,),
        )
        product, worth = list(zip(*self.env.cr.fetchall(), strict=True)) or ((), ())
        return alerts.abc_classes(np.array(product, np.int64), np.array(worth, float))

    def _rows(self, query, **values):
        self.env.cr.execute(SQL(query, companies=self.env.companies.ids, **values))
        return alerts.Causes.from_rows(self.env.cr.fetchall())

    def _planned(self):
        """The policies of our own places, or of those of dealers, with the stock that the rule is about."""
        self.env.cr.execute(
            SQL(
                """
                SELECT p.product_id, p.warehouse_id, p.safety_stock::float8, p.demand_mean::float8,
                       p.lead_time_days::float8
                  FROM distrib_policy p
                  JOIN product_product product ON product.id = p.product_id AND product.active
                  JOIN stock_warehouse w ON w.id = p.warehouse_id AND w.active AND (w.dealer_id IS NULL) = %s
                 WHERE p.company_id = ANY(%s)
                """,
                self.whose == "ours",
                self.env.companies.ids,
            )
        )
        columns = list(zip(*self.env.cr.fetchall(), strict=True)) or [()] * 5
        product, warehouse = (np.array(column, np.int64) for column in columns[:2])
        measures = [np.nan_to_num(np.array(column, float)) for column in columns[2:]]
        return Planned(product, warehouse, *measures, *self._stock_of(product, warehouse))

    def _stock_of(self, product, warehouse):
        """(available, incoming) of pairs; at dealers his own goods there, or what he reported last."""
        few = np.unique(product).tolist() if len(product) <= FEW else None
        found = self.env["distrib.position"]._read_columns(few)
        available = found.available
        if self.whose == "others":
            available = available + found.owned_on_hand - found.owned_reserved
        keys = (found.warehouse_id << 32) | found.product_id  # read in this order of keys
        stock = {
            key: pair for key, *pair in zip(keys.tolist(), available.tolist(), found.incoming.tolist(), strict=True)
        }
        if self.whose == "others":
            for key, reported in self._reported().items():
                stock[key] = [reported, stock.get(key, (0.0, 0.0))[1]]
        rows = [stock.get(key, (0.0, 0.0)) for key in ((warehouse << 32) | product).tolist()]
        return np.array(rows, float).reshape(-1, 2).T

    def _reported(self):
        """{key of the pair: what the last report of a dealer who reports his stock says}."""
        self.env.cr.execute(
            """
            SELECT (w.id::bigint << 32) | l.product_id, l.on_hand::float8
              FROM stock_warehouse w
             CROSS JOIN LATERAL (SELECT id FROM distrib_stock_report
                                  WHERE warehouse_id = w.id AND active AND state = 'done'
                                  ORDER BY as_of DESC, id DESC LIMIT 1) r
              JOIN distrib_stock_report_line l ON l.report_id = r.id AND l.is_missing IS NOT TRUE
             WHERE w.reports_stock AND w.dealer_id IS NOT NULL AND w.company_id = ANY(%s)
            """,
            (self.env.companies.ids,),
        )
        return dict(self.env.cr.fetchall())

    def _causes_below_safety(self):
        """Too little, with nothing on its way to make it up; what runs out sooner is told by rules of that kind."""
        planned = self._planned()
        short = alerts.below_safety(planned.available, planned.incoming, planned.safety, self.threshold or 1.0)
        keys = (planned.warehouse_id << 32) | planned.product_id
        part = planned.take(short & ~np.isin(keys, self._told_to_run_out()))
        return self._causes_of(part, part.available, part.safety, None, part.safety - part.available)

    def _told_to_run_out(self):
        """Keys of the pairs that have an alert already that they will be out before goods arrive."""
        self.env.cr.execute(
            """
            SELECT (warehouse_id::bigint << 32) | product_id FROM distrib_alert
             WHERE kind = 'out_before_arrival' AND state <> 'closed' AND company_id = ANY(%s)
            """,
            (self.env.companies.ids,),
        )
        return np.array([row[0] for row in self.env.cr.fetchall()], np.int64)

    def _causes_out_before_arrival(self):
        planned = self._planned()
        today = np.datetime64(fields.Date.context_today(self), "D")
        arrivals = self._next_arrivals()
        pairs = zip(planned.product_id.tolist(), planned.warehouse_id.tolist(), strict=True)
        due = np.array([arrivals.get(pair, "NaT") for pair in pairs], "datetime64[D]")
        # with nothing on its way, what is ordered today arrives after the lead time
        due = np.where(np.isnat(due), today + np.ceil(planned.lead).astype("timedelta64[D]"), due)
        days = np.maximum((due - today).astype(float), 0.0)
        out = alerts.out_before_arrival(planned.available, planned.demand, days, self.threshold or 14.0)
        part, days, due = planned.take(out), days[out], due[out]
        cover = alerts.days_of_cover(part.available, part.demand)
        return self._causes_of(part, cover, days, due, alerts.lost_until_arrival(part.available, part.demand, days))

    def _causes_of(self, part, value, limit, due, pieces):
        count = len(part.product_id)
        if due is None:
            due = np.full(count, np.datetime64("NaT"), "datetime64[D]")
        none = np.zeros(count, np.int64)
        return alerts.Causes(
            part.product_id, part.warehouse_id, none, value, limit, due, pieces, np.full(count, "", "U1")
        )

    def _next_arrivals(self):
        """{(product id, warehouse id): day of the next open move into the warehouse that is not late itself}."""
        self.env.cr.execute(
            """
            SELECT m.product_id, target.warehouse_id, min(m.date)::date::text
              FROM stock_move m
              JOIN stock_location source ON source.id = m.location_id
              JOIN stock_location target ON target.id = COALESCE(m.location_final_id, m.location_dest_id)
              JOIN res_company c ON c.id = m.company_id
             WHERE m.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
               AND m.company_id = ANY(%s) AND m.date > %s
               AND (%s OR m.restrict_partner_id IS NULL OR m.restrict_partner_id = c.partner_id)
               AND target.warehouse_id IS NOT NULL AND source.warehouse_id IS DISTINCT FROM target.warehouse_id
             GROUP BY m.product_id, target.warehouse_id
            """,
            (self.env.companies.ids, fields.Datetime.now() - timedelta(days=LATE_DAYS), self.whose == "others"),
        )
        return {(product, warehouse): day for product, warehouse, day in self.env.cr.fetchall()}

    @property
    def _owner_sql(self):
        """A condition on the quant `q` of a company `c`: whose goods the rule is about."""
        ours = SQL("(q.owner_id IS NULL OR q.owner_id = c.partner_id)")
        return ours if self.whose == "ours" else SQL("NOT %s", ours)

    def _causes_expiring(self):
        """Lots of which something will be left when their time is over, at the pace at which the place sells."""
        now = fields.Datetime.now()
        found = self._rows(
            """
            SELECT q.product_id, l.warehouse_id, q.lot_id, 0, SUM(q.quantity - q.reserved_quantity)::float8,
                   min(q.removal_date)::date, EXTRACT(EPOCH FROM min(q.removal_date) - %(now)s)::float8 / 86400
              FROM stock_quant q
              JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal' AND l.warehouse_id IS NOT NULL
              JOIN res_company c ON c.id = q.company_id
             WHERE q.removal_date < %(until)s AND q.lot_id IS NOT NULL AND %(owner)s
               AND l.stock_state NOT IN ('expired', 'damaged') AND q.company_id = ANY(%(companies)s)
             GROUP BY q.product_id, l.warehouse_id, q.lot_id
            HAVING SUM(q.quantity - q.reserved_quantity) > 0
            """,
            now=now,
            until=now + timedelta(days=self.threshold or 30),
            owner=self._owner_sql,
        )
        keys = (found.warehouse_id << 32) | found.product_id
        demand = self._demand()
        left = alerts.left_at_expiry(
            keys, found.limit, found.pieces, np.array([demand.get(key, 0.0) for key in keys.tolist()])
        )
        # a started piece of one that sells by weight is no cause
        return replace(found, value=left, pieces=left).take(left >= 0.5)

    def _demand(self):
        """{key of the pair: planned sales a day}."""
        self.env.cr.execute(
            """
            SELECT (warehouse_id::bigint << 32) | product_id, demand_mean::float8 FROM distrib_policy
             WHERE company_id = ANY(%s) AND demand_mean > 0
            """,
            (self.env.companies.ids,),
        )
        return dict(self.env.cr.fetchall())

    def _causes_negative(self):
        return self._rows(
            """
            SELECT q.product_id, l.warehouse_id, CASE WHEN %(owner)s AND %(others)s THEN q.owner_id END,
                   SUM(q.quantity)::float8, 0, NULL::date, -SUM(q.quantity)::float8
              FROM stock_quant q
              JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal' AND l.warehouse_id IS NOT NULL
              JOIN res_company c ON c.id = q.company_id
             WHERE q.quantity < 0 AND q.company_id = ANY(%(companies)s) AND %(owner)s
             GROUP BY 1, 2, 3
            """,
            owner=self._owner_sql,
            others=self.whose == "others",
        )

    def _causes_transfer_overdue(self):
        return self._rows(
            """
            SELECT NULL, t.warehouse_id, p.id, EXTRACT(EPOCH FROM %(now)s - p.scheduled_date)::float8 / 86400, %(days)s,
                   p.scheduled_date::date,
                   (SELECT SUM(m.product_qty)::float8 FROM stock_move m
                     WHERE m.picking_id = p.id AND m.state NOT IN ('done', 'cancel'))
              FROM stock_picking p
              JOIN stock_picking_type t ON t.id = p.picking_type_id
              JOIN stock_location source ON source.id = p.location_id
              JOIN stock_location target ON target.id = p.location_dest_id
             WHERE p.state IN ('waiting', 'confirmed', 'assigned') AND p.company_id = ANY(%(companies)s)
               AND p.scheduled_date < %(late)s
               AND (t.code = 'internal' OR source.usage = 'transit' OR target.usage = 'transit')
               -- the second leg cannot arrive before the first one has left: one delay, one alert
               AND NOT (source.usage = 'transit' AND p.state IN ('waiting', 'confirmed') AND EXISTS (
                        SELECT FROM stock_move m
                          JOIN stock_move_move_rel link ON link.move_dest_id = m.id
                          JOIN stock_move leg ON leg.id = link.move_orig_id
                          JOIN stock_picking first ON first.id = leg.picking_id
                         WHERE m.picking_id = p.id AND leg.state NOT IN ('done', 'cancel')
                           AND first.scheduled_date < %(late)s))
            """,
            now=fields.Datetime.now(),
            days=self.threshold,
            late=fields.Datetime.now() - timedelta(days=self.threshold),
        )

    def _causes_allocation_expiring(self):
        until = fields.Date.context_today(self) + timedelta(days=self.threshold or 3)
        allocations = self.env["distrib.allocation"].search(
            [("state", "=", "active"), ("date_to", "<=", until), ("company_id", "in", self.env.companies.ids)]
        )
        return alerts.Causes.from_rows(
            [
                (
                    record.product_id.id, record.warehouse_id.id, record.id, record.left_quantity, 0.0, record.date_to,
                    record.left_quantity,
                )
                for record in allocations
                if record.left_quantity > 0
            ]
        )  # fmt: skip

    def _causes_report_stale(self):
        warehouses = self.env["stock.warehouse"].search(
            [("is_report_stale", "=", True), ("company_id", "in", self.env.companies.ids)]
        )
        return alerts.Causes.from_rows(
            [
                (
                    None, warehouse.id, None, warehouse.report_age, warehouse.company_id.distrib_report_days,
                    warehouse.last_stock_report or None, 0.0,
                )
                for warehouse in warehouses
            ]
        )  # fmt: skip
