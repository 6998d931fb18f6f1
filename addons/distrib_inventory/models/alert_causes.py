from datetime import timedelta

import numpy as np
from odoo import fields, models
from odoo.tools import SQL

from ..engine import alerts


class AlertRule(models.Model):
    """Where the causes are found: a few grouped statements for each rule, whatever the size of the network."""

    _inherit = "distrib.alert.rule"

    def _find_causes(self):
        """The causes of this rule in the allowed companies, as `engine.alerts.Causes`."""
        self.ensure_one()
        self.env.flush_all()
        causes = getattr(self, f"_causes_{self.kind}")()
        keep = np.ones(len(causes), bool)
        if self.warehouse_ids:
            keep &= np.isin(causes.warehouse_id, self.warehouse_ids.ids)
        if self.categ_ids:
            products = self.env["product.product"].with_context(active_test=False)
            keep &= np.isin(causes.product_id, products.search([("categ_id", "child_of", self.categ_ids.ids)]).ids)
        return causes.take(keep)

    def _rows(self, query, **values):
        self.env.cr.execute(SQL(query, companies=self.env.companies.ids, **values))
        return alerts.Causes.from_rows(self.env.cr.fetchall())

    def _planned(self):
        """Columns of the pairs that have a policy: ids, available, safety stock, demand and lead time in days."""
        self.env.cr.execute(
            """
            SELECT p.product_id, p.warehouse_id, p.safety_stock::float8, p.demand_mean::float8, p.lead_time_days::float8
              FROM distrib_policy p
              JOIN product_product product ON product.id = p.product_id AND product.active
             WHERE p.company_id = ANY(%s)
            """,
            (self.env.companies.ids,),
        )
        columns = list(zip(*self.env.cr.fetchall(), strict=True)) or [()] * 5
        product, warehouse = (np.array(column, np.int64) for column in columns[:2])
        measures = [np.nan_to_num(np.array(column, float)) for column in columns[2:]]
        found = self.env["distrib.position"]._read_columns()
        keys = (found.warehouse_id << 32) | found.product_id
        order = np.argsort(keys)
        wanted = (warehouse << 32) | product
        available = np.zeros(len(wanted))
        if len(keys):
            place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
            available = np.where(keys[place] == wanted, found.available[place], 0.0)
        return product, warehouse, available, *measures

    def _causes_below_safety(self):
        product, warehouse, available, safety, _demand, _lead = self._planned()
        short = alerts.below_safety(available, safety, self.threshold or 1.0)
        nothing = np.full(len(product), np.datetime64("NaT"), "datetime64[D]")
        return alerts.Causes(product, warehouse, np.zeros(len(product), np.int64), available, safety, nothing).take(
            short
        )

    def _causes_out_before_arrival(self):
        product, warehouse, available, _safety, demand, lead = self._planned()
        today = np.datetime64(fields.Date.context_today(self), "D")
        arrivals = self._next_arrivals()
        due = np.array(
            [arrivals.get(pair, "NaT") for pair in zip(product.tolist(), warehouse.tolist(), strict=True)],
            "datetime64[D]",
        )
        # with nothing on its way, what is ordered today arrives after the lead time
        due = np.where(np.isnat(due), today + np.ceil(lead).astype("timedelta64[D]"), due)
        days = np.maximum((due - today).astype(float), 0.0)
        out = alerts.out_before_arrival(available, demand, days, self.threshold or 14.0)
        cover = np.zeros(len(product))
        np.divide(np.maximum(available, 0), demand, out=cover, where=demand > 0)
        return alerts.Causes(product, warehouse, np.zeros(len(product), np.int64), cover, days, due).take(out)

    def _next_arrivals(self):
        """{(product id, warehouse id): day of the next open move into the warehouse}."""
        self.env.cr.execute(
            """
            SELECT m.product_id, target.warehouse_id, min(m.date)::date::text
              FROM stock_move m
              JOIN stock_location source ON source.id = m.location_id
              JOIN stock_location target ON target.id = COALESCE(m.location_final_id, m.location_dest_id)
             WHERE m.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
               AND m.company_id = ANY(%s)
               AND target.warehouse_id IS NOT NULL AND source.warehouse_id IS DISTINCT FROM target.warehouse_id
             GROUP BY m.product_id, target.warehouse_id
            """,
            (self.env.companies.ids,),
        )
        return {(product, warehouse): day for product, warehouse, day in self.env.cr.fetchall()}

    def _causes_expiring(self):
        return self._rows(
            """
            SELECT q.product_id, l.warehouse_id, q.lot_id, SUM(q.quantity)::float8, 0, min(q.removal_date)::date
              FROM stock_quant q
              JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal' AND l.warehouse_id IS NOT NULL
             WHERE q.removal_date < %(until)s AND q.lot_id IS NOT NULL AND q.owner_id IS NULL
               AND q.company_id = ANY(%(companies)s)
             GROUP BY q.product_id, l.warehouse_id, q.lot_id
            HAVING SUM(q.quantity) > 0
            """,
            until=fields.Datetime.now() + timedelta(days=self.threshold or 30),
        )

    def _causes_negative(self):
        return self._rows(
            """
            SELECT q.product_id, l.warehouse_id, NULL, SUM(q.quantity)::float8, 0, NULL::date
              FROM stock_quant q
              JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal' AND l.warehouse_id IS NOT NULL
             WHERE q.quantity < 0 AND q.company_id = ANY(%(companies)s)
             GROUP BY q.product_id, l.warehouse_id
            """
        )

    def _causes_transfer_overdue(self):
        return self._rows(
            """
            SELECT NULL, t.warehouse_id, p.id, EXTRACT(EPOCH FROM %(now)s - p.scheduled_date)::float8 / 86400, %(days)s,
                   p.scheduled_date::date
              FROM stock_picking p
              JOIN stock_picking_type t ON t.id = p.picking_type_id
              JOIN stock_location source ON source.id = p.location_id
              JOIN stock_location target ON target.id = p.location_dest_id
             WHERE p.state IN ('waiting', 'confirmed', 'assigned') AND p.company_id = ANY(%(companies)s)
               AND p.scheduled_date < %(late)s
               AND (t.code = 'internal' OR source.usage = 'transit' OR target.usage = 'transit')
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
                (record.product_id.id, record.warehouse_id.id, record.id, record.left_quantity, 0.0, record.date_to)
                for record in allocations
                if record.left_quantity > 0
            ]
        )

    def _causes_report_stale(self):
        warehouses = self.env["stock.warehouse"].search([("is_report_stale", "=", True)])
        return alerts.Causes.from_rows(
            [
                (
                    None, warehouse.id, None, warehouse.report_age, warehouse.company_id.distrib_report_days,
                    warehouse.last_stock_report or None,
                )
                for warehouse in warehouses
            ]
        )  # fmt: skip
