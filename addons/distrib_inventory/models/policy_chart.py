from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import chart

PAST_DAYS, COMING_DAYS = 91, 28


class PolicyChart(models.Model):
    """The numbers behind the chart of one pair: demand with its forecast, stock with its levels and arrivals."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    @api.readonly
    def chart_data(self, product_id, warehouse_id):
        """What the widget `distrib_stock_chart` draws; for those who may read policies and this warehouse."""
        self.check_access("read")
        product, warehouse = (
            self.env[model].search([("id", "=", int(record or 0))], limit=1)
            for model, record in (("product.product", product_id), ("stock.warehouse", warehouse_id))
        )
        return self._chart_data(warehouse, product)

    @api.model
    def _chart_data(self, warehouse, product, today=None):
        """Return lists by day, the past ones and from ``days[today]`` on the coming ones; None where nothing is known.

        :return: dict of ``days`` (ISO texts), ``today`` (index), by day ``demand``, ``stockout`` (bool), ``forecast``,
            ``p10``, ``p90``, ``stock``, ``stock_expected``, ``stock_low``, ``stock_high``, ``arrivals``; ``levels``
            (safety_stock, reorder_point, order_up_to) or None; ``unit``
        """
        if not warehouse or not product:
            return {"days": [], "today": 0, "levels": None, "unit": ""}
        today = fields.Date.to_date(today) or self._forecast_day(warehouse.company_id)
        policy = self.search([("warehouse_id", "=", warehouse.id), ("product_id", "=", product.id)], limit=1)
        first = today - timedelta(days=PAST_DAYS)
        days = np.arange(np.datetime64(first, "D"), np.datetime64(today, "D") + COMING_DAYS)
        pair = (np.array([warehouse.id]), np.array([product.id]))
        seen = self.env["distrib.demand"]._read_matrix(
            str(first), str(today - timedelta(days=1)), pairs=pair, measures=("quantity", "in_stock")
        )
        moves = self._chart_moves(warehouse, product, days)
        found = self.env["distrib.position"]._read_columns([product.id], [warehouse.id])
        on_hand = float(found.on_hand[0]) if len(found.product_id) else 0.0
        band = self._chart_forecast(policy, warehouse, product, today)
        columns = chart.columns(
            seen.quantity[0], seen.in_stock[0], band, on_hand, moves["done"], moves["arrivals"], PAST_DAYS
        )
        return {
            "days": days.astype(str).tolist(),
            "today": PAST_DAYS,
            **columns,
            "levels": policy.read(["safety_stock", "reorder_point", "order_up_to"])[0] if policy else None,
            "unit": product.uom_id.name,
        }

    @api.model
    def _forecast_day(self, company):
        """The first day of the forecast: today, or the day after the history's end when that is long ago."""
        return fields.Date.context_today(self)

    @api.model
    def _chart_forecast(self, policy, warehouse, product, today):
        """Possible demand (s, h) of the coming days of this pair, or None without a policy."""
        if not policy:
            return None
        found = self._forecast_paths(warehouse.company_id, product.ids, today, COMING_DAYS)
        return found.get((warehouse.id, product.id))

    @api.model
    def _chart_moves(self, warehouse, product, days):
        """Done moves in and out by past day (net), and planned arrivals by coming day (late ones tomorrow), (t,)."""
        self.env["stock.move"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT m.state = 'done', (m.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
                       SUM(CASE WHEN t.own THEN 1 ELSE -1 END
                           * CASE WHEN m.state = 'done' THEN m.quantity * u.factor / pu.factor ELSE m.product_qty END
                       )::float8
                  FROM stock_move m
                  JOIN stock_location a ON a.id = m.location_id
                  JOIN stock_location b ON b.id = m.location_dest_id
                  JOIN product_product p ON p.id = m.product_id
                  JOIN product_template pt ON pt.id = p.product_tmpl_id
                  JOIN uom_uom u ON u.id = m.product_uom
                  JOIN uom_uom pu ON pu.id = pt.uom_id
                 CROSS JOIN LATERAL (SELECT b.parent_path LIKE %(view)s AS own, a.parent_path LIKE %(view)s AS gives) t
                 WHERE m.product_id = %(product)s AND t.own <> t.gives
                   AND (m.state = 'done' AND m.date >= %(first)s
                        OR t.own AND m.state NOT IN ('done', 'cancel', 'draft'))
                 GROUP BY 1, 2
                """,
                product=product.id,
                view=f"{warehouse.view_location_id.parent_path}%",
                first=str(days[0]),
                zone=self.env.tz.key if hasattr(self.env.tz, "key") else str(self.env.tz),
            )
        )
        rows = self.env.cr.fetchall()
        done, arrivals = np.zeros(len(days)), np.zeros(len(days))
        for is_done, day, quantity in rows:
            place = (np.datetime64(day, "D") - days[0]).astype(int)
            if is_done and place < len(days):
                done[max(place, 0)] += quantity
            elif not is_done and place < len(days):
                arrivals[max(place, PAST_DAYS)] += quantity
        return {"done": done, "arrivals": arrivals}
