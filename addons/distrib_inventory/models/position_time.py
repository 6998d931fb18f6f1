import numpy as np
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.position import HELD, round_half_up
from .position import OPEN_STATES

PAST_COLUMNS = ("on_hand", "expired", *HELD, "owned_on_hand")


class Position(models.AbstractModel):
    """Positions of other days: past ones from the moves done since, coming ones from the moves planned until."""

    _inherit = "distrib.position"

    @api.model
    def _read_past(self, day, product_ids, warehouse_ids, digits):
        """The stock at the end of a past day: what lies there now, less what came and plus what left since.

        :return: list of dict: product_id, warehouse_id, on_hand, expired (past the removal date by the end of that
            day, or in a location for expired goods), quarantine, damaged, blocked, disputed (here with what was
            reserved, by the states that the locations have now), owned_on_hand
        """
        day = self._as_day(day)
        if day >= fields.Date.context_today(self):
            raise UserError(self.env._("%s is not over yet: ask for a day before today.", day))
        self._flush_position_fields()
        self.env["stock.move.line"].flush_model()
        self.env["stock.lot"].flush_model(["removal_date"])
        self.env.cr.execute(
            self._past_sql(
                self._end_of(day), self._warehouse_condition(warehouse_ids), self._product_condition(product_ids)
            )
        )
        rows = self.env.cr.fetchall()
        table = round_half_up(np.array([row[2:] for row in rows], np.float64).reshape(-1, len(PAST_COLUMNS)), digits)
        return [
            {"product_id": row[0], "warehouse_id": row[1], **dict(zip(PAST_COLUMNS, values, strict=True))}
            for row, values in zip(rows, table.tolist(), strict=True)
            if any(values)
        ]

    @api.model
    def _as_day(self, day):
        try:
            return fields.Date.to_date(day)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("%s is not a day. Write it as 2026-01-31.", day)) from error

    @api.model
    def _past_sql(self, moment, warehouse_condition, product_condition):
        # Move lines rather than moves: they know the owner and the location of the goods.
        columns = SQL(", ").join(
            SQL(
                "COALESCE(SUM(quantity) FILTER (WHERE own AND NOT lapsed AND place.state = %s), 0)::float8 AS %s",
                name,
                SQL.identifier(name),
            )
            for name in HELD
        )
        return SQL(
            """
            WITH site AS MATERIALIZED (%(sites)s),
            place AS MATERIALIZED (
                SELECT l.id, l.stock_state AS state, site.warehouse_id, site.ours
                  FROM stock_location l JOIN site ON site.warehouse_id = l.warehouse_id
                 WHERE l.usage = 'internal'
            )
            SELECT product_id, place.warehouse_id,
                   COALESCE(SUM(quantity) FILTER (WHERE own), 0)::float8 AS on_hand,
                   COALESCE(SUM(quantity) FILTER (WHERE own AND (lapsed OR place.state = 'expired')), 0)::float8
                   AS expired, %(columns)s,
                   COALESCE(SUM(quantity) FILTER (WHERE NOT own), 0)::float8 AS owned_on_hand
              FROM (SELECT x.product_id, x.location_id, x.owner_id, x.quantity,
                           COALESCE(x.removal_date < %(moment)s, FALSE) AS lapsed
                      FROM stock_quant x WHERE %(products)s
                     UNION ALL
                    SELECT x.product_id, side.location_id, x.owner_id, side.quantity,
                           COALESCE(lot.removal_date < %(moment)s, FALSE)
                      FROM stock_move_line x
                      LEFT JOIN stock_lot lot ON lot.id = x.lot_id
                     CROSS JOIN LATERAL (VALUES (x.location_id, x.quantity_product_uom),
                                                (x.location_dest_id, -x.quantity_product_uom))
                           side (location_id, quantity)
                     WHERE x.state = 'done' AND x.date >= %(moment)s AND %(products)s) part
              JOIN place ON place.id = part.location_id
             CROSS JOIN LATERAL (SELECT owner_id IS NULL OR owner_id = place.ours AS own) owner
             GROUP BY product_id, place.warehouse_id
            """,
            sites=self._sites_sql(warehouse_condition),
            columns=columns,
            products=product_condition,
            moment=moment,
        )

    @api.model
    @api.readonly
    def read_forecast(self, product_ids=None, warehouse_ids=None, dates=()):
        """How stock develops: for each pair what open moves bring and take until the end of each day.

        Moves that are late count on the first day. The forecast is core's `virtual_available` with `to_date`: on hand
        plus incoming less outgoing, less unreserved goods to be removed by then.

        :param dates: days from today on, or ISO strings
        :return: list of dict: product_id, warehouse_id, on_hand, `days`: list of dict in the order of the days: date,
            incoming, in_transit, outgoing, expired, forecast; quantities up to and including that day
        :raise UserError: no dates, or a day that has passed
        """
        self._check_viewer()
        days = sorted({self._as_day(day) for day in dates})
        if not days or days[0] < fields.Date.context_today(self):
            raise UserError(self.env._("A forecast is made for one or more days from today on."))
        pairs, values = self._forecast_table(product_ids, warehouse_ids, days)
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        on_hand, *flows = round_half_up(values, digits)
        names = [day.isoformat() for day in days]
        return [
            {
                "product_id": product,
                "warehouse_id": warehouse,
                "on_hand": float(on_hand[row, 0]),
                "days": [
                    {"date": name, "incoming": i, "in_transit": t, "outgoing": o, "expired": e, "forecast": f}
                    for name, i, t, o, e, f in zip(names, *(flow[row].tolist() for flow in flows), strict=True)
                ],
            }
            for row, (product, warehouse) in enumerate(pairs)
        ]

    @api.model
    def _forecast_table(self, product_ids, warehouse_ids, days):
        """:return: pairs (product id, warehouse id), and an array of shape (6, pairs, days): on hand, then incoming,
        in transit, outgoing, expired, forecast, each up to the end of the day"""
        self._flush_position_fields()
        self.env["stock.move"].flush_model(["date"])
        ends = [self._end_of(day) for day in days]
        self.env.cr.execute(
            self._forecast_sql(ends, self._warehouse_condition(warehouse_ids), self._product_condition(product_ids))
        )
        rows = self.env.cr.fetchall()
        pairs = sorted({row[:2] for row in rows})
        index = {pair: number for number, pair in enumerate(pairs)}
        table = np.zeros((5, len(pairs), len(days)))
        for product, warehouse, bucket, *values in rows:
            table[:, index[product, warehouse], bucket] += values
        on_hand, incoming, transit, outgoing, expired = np.cumsum(table, axis=2)
        return pairs, np.stack([on_hand, incoming, transit, outgoing, expired, on_hand + incoming - outgoing - expired])

    @api.model
    def _forecast_sql(self, ends, warehouse_condition, product_condition):
        """Product, warehouse, number of the day, on hand (on the first day), and what the day itself changes."""
        return SQL(
            """
            WITH site AS MATERIALIZED (%(sites)s),
            place AS MATERIALIZED (
                SELECT l.id, site.warehouse_id, site.ours
                  FROM stock_location l JOIN site ON site.warehouse_id = l.warehouse_id
                 WHERE l.usage = 'internal'
            ),
            part AS (
                SELECT x.product_id, place.warehouse_id, 0 AS day, x.quantity AS on_hand, 0 AS incoming,
                       0 AS in_transit, 0 AS outgoing, 0 AS expired
                  FROM stock_quant x JOIN place ON place.id = x.location_id
                 WHERE (x.owner_id IS NULL OR x.owner_id = place.ours) AND %(products)s
                 UNION ALL
                SELECT x.product_id, place.warehouse_id, width_bucket(x.removal_date, %(ends)s), 0, 0, 0, 0,
                       x.quantity - x.reserved_quantity
                  FROM stock_quant x JOIN place ON place.id = x.location_id
                 WHERE (x.owner_id IS NULL OR x.owner_id = place.ours) AND x.removal_date IS NOT NULL AND %(products)s
                 UNION ALL
                SELECT x.product_id, side.warehouse_id, width_bucket(x.date, %(ends)s), 0,
                       incoming, LEAST(departed, incoming), outgoing, 0
                  FROM (SELECT x.product_id, x.date, x.product_qty,
                               CASE WHEN origin.usage = 'transit' AND x.product_uom_qty > 0
                                    THEN x.quantity * x.product_qty / x.product_uom_qty ELSE 0 END AS departed,
                               CASE WHEN x.restrict_partner_id IS NULL OR x.restrict_partner_id = source.ours
                                    THEN source.warehouse_id END AS leaves,
                               CASE WHEN x.restrict_partner_id IS NULL OR x.restrict_partner_id = target.ours
                                    THEN target.warehouse_id END AS enters
                          FROM stock_move x
                          JOIN stock_location origin ON origin.id = x.location_id
                          LEFT JOIN place source ON source.id = x.location_id
                          LEFT JOIN place target ON target.id = COALESCE(x.location_final_id, x.location_dest_id)
                         WHERE x.state IN %(open)s
                           AND source.warehouse_id IS DISTINCT FROM target.warehouse_id
                           AND %(products)s) x
                 CROSS JOIN LATERAL (VALUES (leaves, 0, product_qty), (enters, product_qty, 0))
                       side (warehouse_id, incoming, outgoing)
                 WHERE side.warehouse_id IS NOT NULL
            )
            SELECT product_id, warehouse_id, day, SUM(on_hand)::float8 AS on_hand, SUM(incoming)::float8 AS incoming,
                   SUM(in_transit)::float8 AS in_transit, SUM(outgoing)::float8 AS outgoing,
                   SUM(expired)::float8 AS expired
              FROM part
             WHERE day < %(days)s
             GROUP BY product_id, warehouse_id, day
            """,
            sites=self._sites_sql(warehouse_condition),
            products=product_condition,
            ends=SQL("%s::timestamp[]", ends),
            days=len(ends),
            open=OPEN_STATES,
        )
