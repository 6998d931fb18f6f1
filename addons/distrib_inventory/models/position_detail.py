from odoo import api, fields, models
from odoo.tools import SQL


class Position(models.AbstractModel):
    """What lies behind a position: lots and owners, and goods on their way."""

    _inherit = "distrib.position"

    @api.model
    @api.readonly
    def read_lots(self, product_ids=None, warehouse_ids=None):
        """Stock by lot, location and owner; goods without a lot too.

        :return: list of dict: product_id, warehouse_id, location_id, state, lot_id and lot (False without one),
            owner_id (False: ours), quantity, reserved, removal_date, expiration_date (ISO, UTC, or False), expired
        """
        self._check_viewer()
        self._flush_position_fields()
        self.env["stock.lot"].flush_model(["name", "expiration_date"])
        self.env["stock.quant"].flush_model(["lot_id"])
        return self._rows(
            SQL(
                """
                SELECT x.product_id, l.warehouse_id, x.location_id, l.stock_state AS state, x.lot_id, lot.name AS lot,
                       NULLIF(x.owner_id, c.partner_id) AS owner_id, SUM(x.quantity)::float8 AS quantity,
                       SUM(x.reserved_quantity)::float8 AS reserved, MIN(x.removal_date) AS removal_date,
                       MIN(lot.expiration_date) AS expiration_date,
                       COALESCE(MIN(x.removal_date) < %(tomorrow)s, FALSE) OR l.stock_state = 'expired' AS expired
                  FROM stock_quant x
                  JOIN stock_location l ON l.id = x.location_id
                  JOIN stock_warehouse w ON w.id = l.warehouse_id
                  JOIN res_company c ON c.id = w.company_id
                  LEFT JOIN stock_lot lot ON lot.id = x.lot_id
                 WHERE l.usage = 'internal' AND %(warehouses)s AND %(products)s
                 GROUP BY x.product_id, l.warehouse_id, x.location_id, l.stock_state, x.lot_id, lot.name,
                          NULLIF(x.owner_id, c.partner_id)
                HAVING SUM(x.quantity) != 0 OR SUM(x.reserved_quantity) != 0
                 ORDER BY x.product_id, l.warehouse_id, MIN(x.removal_date), x.lot_id, x.location_id
                """,
                tomorrow=self._start_of_tomorrow(),
                warehouses=self._warehouse_condition(warehouse_ids),
                products=self._product_condition(product_ids),
            )
        )

    @api.model
    @api.readonly
    def read_owners(self, product_ids=None, warehouse_ids=None):
        """Goods of others that lie in our warehouses, by owner.

        :return: list of dict: product_id, warehouse_id, owner_id, quantity, reserved
        """
        self._check_viewer()
        self._flush_position_fields()
        return self._rows(
            SQL(
                """
                SELECT x.product_id, l.warehouse_id, x.owner_id, SUM(x.quantity)::float8 AS quantity,
                       SUM(x.reserved_quantity)::float8 AS reserved
                  FROM stock_quant x
                  JOIN stock_location l ON l.id = x.location_id
                  JOIN stock_warehouse w ON w.id = l.warehouse_id
                  JOIN res_company c ON c.id = w.company_id
                 WHERE l.usage = 'internal' AND x.owner_id != c.partner_id AND %s AND %s
                 GROUP BY x.product_id, l.warehouse_id, x.owner_id
                HAVING SUM(x.quantity) != 0 OR SUM(x.reserved_quantity) != 0
                 ORDER BY x.product_id, l.warehouse_id, x.owner_id
                """,
                self._warehouse_condition(warehouse_ids),
                self._product_condition(product_ids),
            )
        )

    @api.model
    @api.readonly
    def read_transit(self, product_ids=None, warehouse_ids=None):
        """Goods that have left a warehouse for another one.

        :return: list of dict: product_id, warehouse_id (whither), source_warehouse_id (whence, or False), quantity,
            departed_at and expected_at (ISO, UTC, or False), move_id, picking_id, reference
        """
        self._check_viewer()
        self._flush_position_fields()
        self.env["stock.move"].flush_model(["date", "picking_id", "reference", "move_orig_ids"])
        return self._rows(
            SQL(
                """
                SELECT x.product_id, w.id AS warehouse_id, first.source_warehouse_id,
                       LEAST(x.product_qty, x.quantity * x.product_qty / x.product_uom_qty)::float8 AS quantity,
                       first.departed_at, x.date AS expected_at, x.id AS move_id, x.picking_id, x.reference
                  FROM stock_move x
                  JOIN stock_location origin ON origin.id = x.location_id
                  JOIN stock_location target ON target.id = COALESCE(x.location_final_id, x.location_dest_id)
                  JOIN stock_warehouse w ON w.id = target.warehouse_id
                  JOIN res_company c ON c.id = w.company_id
                  LEFT JOIN LATERAL (
                        SELECT MAX(sender.warehouse_id) AS source_warehouse_id, MAX(leg.date) AS departed_at
                          FROM stock_move_move_rel link
                          JOIN stock_move leg ON leg.id = link.move_orig_id
                          JOIN stock_location sender ON sender.id = leg.location_id
                         WHERE link.move_dest_id = x.id AND leg.state = 'done') first ON TRUE
                 WHERE x.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
                   AND origin.usage = 'transit' AND target.usage = 'internal' AND x.quantity > 0
                   AND x.product_uom_qty > 0
                   AND (x.restrict_partner_id IS NULL OR x.restrict_partner_id = c.partner_id)
                   AND %s AND %s
                 ORDER BY x.date, x.id
                """,
                self._warehouse_condition(warehouse_ids),
                self._product_condition(product_ids),
            )
        )

    @api.model
    def _rows(self, query):
        """The result of a query as dictionaries that every client can read: False for NULL, moments as strings."""
        self.env.cr.execute(query)
        names = [column.name for column in self.env.cr.description]
        return [dict(zip(names, map(self._plain, row), strict=True)) for row in self.env.cr.fetchall()]

    @staticmethod
    def _plain(value):
        if value is None:
            return False
        return fields.Datetime.to_string(value) if hasattr(value, "hour") else value
