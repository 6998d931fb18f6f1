from datetime import UTC, date, datetime, time, timedelta

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..engine.position import Positions

OPEN_STATES = ("waiting", "confirmed", "assigned", "partially_available")


class Position(models.AbstractModel):
    """Product x warehouse quantities, read in one grouped statement whatever the number of warehouses.

    The numbers are core's (`qty_available`, `free_qty`, `incoming_qty`, `outgoing_qty`, `virtual_available` under
    `warehouse_id` and `owner_id=False` in context), with two differences that are meant: goods that carry our own
    company as owner are ours, and only internal locations of a warehouse hold its stock.
    """

    _name = "distrib.position"
    _description = "Stock Position"

    @api.model
    @api.readonly
    def read_positions(self, product_ids=None, warehouse_ids=None):
        """Positions for callers inside and outside (RPC): one dictionary for each pair that has stock or open moves.

        :param list product_ids: only these products; None for all
        :param list warehouse_ids: only these warehouses; None for all of the allowed companies
        :return: list of dict: product_id, warehouse_id, on_hand, reserved, available, incoming, outgoing, forecast,
            owned_on_hand (other owners' goods, in none of the others)
        :raise AccessError: the user is not a viewer of the distribution network
        """
        self._check_viewer()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return self._read_columns(product_ids, warehouse_ids).to_dicts(digits)

    @api.model
    def _check_viewer(self):
        if not (self.env.su or self.env.user.has_group("distrib_inventory.group_viewer")):
            raise AccessError(self.env._("Stock positions are shown to viewers of the distribution network only."))

    @api.model
    def _read_columns(self, product_ids=None, warehouse_ids=None):
        """Positions as arrays, for code that checked access before. Limited to the allowed companies.

        :rtype: distrib_inventory.engine.position.Positions
        """
        self._flush_position_fields()
        self.env.cr.execute(self._positions_sql(product_ids, warehouse_ids))
        return Positions.from_rows(self.env.cr.fetchall())

    @api.model
    def _flush_position_fields(self):
        self.env["stock.quant"].flush_model(
            ["product_id", "location_id", "quantity", "reserved_quantity", "owner_id", "removal_date"]
        )
        self.env["stock.move"].flush_model(
            [
                "product_id",
                "location_id",
                "location_dest_id",
                "location_final_id",
                "product_qty",
                "state",
                "restrict_partner_id",
            ]
        )
        self.env["stock.location"].flush_model(["warehouse_id", "usage"])
        self.env["stock.warehouse"].flush_model(["company_id"])
        self.env["res.company"].flush_model(["partner_id"])

    @api.model
    def _positions_sql(self, product_ids=None, warehouse_ids=None):
        """Columns in the order of `Positions`. Sums are exact (numeric), then handed over as float8, which is the
        cheap type to fetch."""
        return SQL(
            """
            SELECT product_id, warehouse_id, on_hand::float8, reserved::float8, expired::float8,
                   incoming::float8, outgoing::float8, owned::float8
              FROM (%s) pair
            """,
            self._pairs_sql(self._warehouse_condition(warehouse_ids), self._product_condition(product_ids)),
        )

    @api.model
    def _warehouse_condition(self, warehouse_ids):
        condition = SQL("w.company_id = ANY(%s)", self.env.companies.ids)
        if warehouse_ids is None:
            return condition
        return SQL("%s AND w.id = ANY(%s)", condition, list(warehouse_ids))

    @api.model
    def _product_condition(self, product_ids):
        return SQL("TRUE") if product_ids is None else SQL("x.product_id = ANY(%s)", list(product_ids))

    @api.model
    def _pairs_sql(self, warehouse_condition, product_condition):
        """One row for each product and warehouse that has quants or open moves.

        Quants and moves are summed apart and joined afterwards: one pass over the quants, which are many, and the
        moves stay few.

        :param SQL warehouse_condition: on `w`, the warehouse
        :param SQL product_condition: on `x`, the quant or move
        """
        return SQL(
            """
            WITH place AS MATERIALIZED (
                SELECT l.id, l.warehouse_id, c.partner_id AS ours
                  FROM stock_location l
                  JOIN stock_warehouse w ON w.id = l.warehouse_id
                  JOIN res_company c ON c.id = w.company_id
                 WHERE l.usage = 'internal' AND %s
            ),
            quants AS (%s),
            moves AS (%s)
            SELECT product_id, warehouse_id,
                   COALESCE(on_hand, 0) AS on_hand, COALESCE(reserved, 0) AS reserved,
                   COALESCE(expired, 0) AS expired, COALESCE(incoming, 0) AS incoming,
                   COALESCE(outgoing, 0) AS outgoing, COALESCE(owned, 0) AS owned
              FROM quants FULL JOIN moves USING (product_id, warehouse_id)
            """,
            warehouse_condition,
            self._quants_sql(product_condition),
            self._moves_sql(product_condition),
        )

    @api.model
    def _quants_sql(self, product_condition):
        return SQL(
            """
            SELECT x.product_id, place.warehouse_id,
                   SUM(x.quantity) FILTER (WHERE own) AS on_hand,
                   SUM(x.reserved_quantity) FILTER (WHERE own) AS reserved,
                   SUM(x.quantity - x.reserved_quantity) FILTER (WHERE x.removal_date < %s AND own) AS expired,
                   SUM(x.quantity) FILTER (WHERE NOT own) AS owned
              FROM stock_quant x
              JOIN place ON place.id = x.location_id
             CROSS JOIN LATERAL (SELECT x.owner_id IS NULL OR x.owner_id = place.ours AS own) owner
             WHERE %s
             GROUP BY x.product_id, place.warehouse_id
            """,
            self._start_of_tomorrow(),
            product_condition,
        )

    @api.model
    def _moves_sql(self, product_condition):
        """Open moves over the border of a warehouse. The end of an open move is its final location, as in core."""
        return SQL(
            """
            SELECT product_id, warehouse_id, SUM(incoming) AS incoming, SUM(outgoing) AS outgoing
              FROM (SELECT x.product_id, x.product_qty,
                           CASE WHEN x.restrict_partner_id IS NULL OR x.restrict_partner_id = source.ours
                                THEN source.warehouse_id END AS leaves,
                           CASE WHEN x.restrict_partner_id IS NULL OR x.restrict_partner_id = target.ours
                                THEN target.warehouse_id END AS enters
                      FROM stock_move x
                      LEFT JOIN place source ON source.id = x.location_id
                      LEFT JOIN place target ON target.id = COALESCE(x.location_final_id, x.location_dest_id)
                     WHERE x.state IN %s
                       AND source.warehouse_id IS DISTINCT FROM target.warehouse_id
                       AND %s) crossing
             CROSS JOIN LATERAL (VALUES (leaves, 0, product_qty), (enters, product_qty, 0))
                   side (warehouse_id, incoming, outgoing)
             WHERE warehouse_id IS NOT NULL
             GROUP BY product_id, warehouse_id
            """,
            OPEN_STATES,
            product_condition,
        )

    @api.model
    def _start_of_tomorrow(self):
        """Core counts as expired what is to be removed by the end of the server's day in the user's time zone."""
        midnight = datetime.combine(date.today() + timedelta(days=1), time.min)
        return self.env.tz.localize(midnight).astimezone(UTC).replace(tzinfo=None)
