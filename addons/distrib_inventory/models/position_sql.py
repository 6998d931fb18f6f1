from odoo import api, models
from odoo.tools import SQL

from ..engine.position import COLUMNS, HELD, MOVE_COLUMNS
from .position import OPEN_STATES

PAIR = (("product_id", SQL("x.product_id")), ("warehouse_id", SQL("site.warehouse_id")))


class Position(models.AbstractModel):
    """The statement behind positions.

    Quants, moves and allocations are summed apart, each by the same keys, and joined afterwards: one pass over the
    quants, which are many, and the others stay few. The keys are product and warehouse, or what a roll-up goes by, so
    that the sums are made in the database and only the rows shown leave it.
    """

    _inherit = "distrib.position"

    @api.model
    def _positions_sql(self, product_ids=None, warehouse_ids=None, beneficiary=None):
        """One row of arrays in the order of `Positions`: far cheaper to fetch than a tuple for each pair, the more so
        as a column without any figure is NULL. Sums are exact (numeric), then handed over as float8."""
        rows = self._pairs_sql(
            self._warehouse_condition(warehouse_ids), self._product_condition(product_ids), beneficiary=beneficiary
        )
        columns = SQL(", ").join(
            SQL("CASE WHEN bool_or(%s != 0) THEN array_agg(%s::float8) END", *[SQL.identifier(name)] * 2)
            for name in COLUMNS
        )
        return SQL("SELECT array_agg(product_id), array_agg(warehouse_id), %s FROM (%s) pair", columns, rows)

    @api.model
    def _floats(self):
        return SQL(", ").join(SQL("%s::float8", SQL.identifier(name)) for name in COLUMNS)

    @api.model
    def _pairs_sql(self, warehouse_condition, product_condition, keys=PAIR, goods=False, beneficiary=None):
        """One row for each key that has quants, open moves or allocations: the keys' columns, then `COLUMNS`.

        :param SQL warehouse_condition: on `w`, the warehouse
        :param SQL product_condition: on `x`, the quant, move or allocation
        :param keys: pairs of name and SQL on `x.product_id`, `site` (warehouse_id, region_id, network_tier,
            supply_parent_id, company_id) and, with `goods`, `item`, the product's template
        :param dict beneficiary: whose allocations are not taken off
        """
        names = SQL(", ").join(SQL.identifier(name) for name, _key in keys)
        present = SQL(", ").join(SQL("COALESCE(%s, 0) AS %s", *[SQL.identifier(name)] * 2) for name in COLUMNS)
        selected = SQL(", ").join(SQL("%s AS %s", key, SQL.identifier(name)) for name, key in keys)
        item = SQL(
            "JOIN product_product p ON p.id = x.product_id JOIN product_template item ON item.id = p.product_tmpl_id"
        )
        parts = {
            "selected": selected,
            "groups": SQL(", ").join(key for _name, key in keys),
            "item": item if goods else SQL(),
            "products": product_condition,
        }
        return SQL(
            """
            WITH site AS MATERIALIZED (%(sites)s),
            place AS MATERIALIZED (
                SELECT l.id, COALESCE(l.stock_state, 'available') AS state, site.*
                  FROM stock_location l JOIN site ON site.warehouse_id = l.warehouse_id
                 WHERE l.usage = 'internal'
            ),
            quants AS (%(quants)s),
            moves AS (%(moves)s),
            kept AS (%(kept)s)
            SELECT %(names)s, %(present)s
              FROM quants FULL JOIN moves USING (%(names)s) FULL JOIN kept USING (%(names)s)
            """,
            sites=self._sites_sql(warehouse_condition),
            quants=self._quants_sql(parts),
            moves=self._moves_sql(parts),
            kept=self._kept_sql(parts, beneficiary or {}),
            names=names,
            present=present,
        )

    @api.model
    def _sites_sql(self, warehouse_condition):
        # A missing region or tier is a key like any other; NULL would not join with itself.
        return SQL(
            """
            SELECT w.id AS warehouse_id, COALESCE(w.region_id, 0) AS region_id,
                   COALESCE(w.network_tier, '') AS network_tier, COALESCE(w.supply_parent_id, 0) AS supply_parent_id,
                   w.company_id, c.partner_id AS ours,
                   %s + make_interval(days => c.distrib_expiring_days) AS soon
              FROM stock_warehouse w
              JOIN res_company c ON c.id = w.company_id
             WHERE %s
            """,
            SQL("%s::timestamp", self._start_of_tomorrow()),
            warehouse_condition,
        )

    @api.model
    def _quants_sql(self, parts):
        held = SQL(", ").join(
            SQL("SUM(free) FILTER (WHERE own AND site.state = %s AND NOT lapsed) AS %s", state, SQL.identifier(state))
            for state in HELD
        )
        return SQL(
            """
            SELECT %(selected)s,
                   SUM(x.quantity) FILTER (WHERE own) AS on_hand,
                   SUM(x.reserved_quantity) FILTER (WHERE own) AS reserved,
                   SUM(free) FILTER (WHERE own AND lapsed) AS lapsed,
                   SUM(free) FILTER (WHERE own AND (lapsed OR site.state = 'expired')) AS expired,
                   SUM(free) FILTER (WHERE own AND NOT lapsed AND x.removal_date < site.soon
                                     AND site.state = 'available') AS expiring,
                   %(held)s,
                   SUM(x.quantity) FILTER (WHERE NOT own) AS owned_on_hand,
                   SUM(x.reserved_quantity) FILTER (WHERE NOT own) AS owned_reserved
              FROM stock_quant x
              JOIN place site ON site.id = x.location_id
              %(item)s
             CROSS JOIN LATERAL (SELECT x.owner_id IS NULL OR x.owner_id = site.ours AS own,
                                        COALESCE(x.removal_date < %(tomorrow)s, FALSE) AS lapsed,
                                        x.quantity - x.reserved_quantity AS free) fact
             WHERE %(products)s
             GROUP BY %(groups)s
            """,
            **parts,
            held=held,
            tomorrow=self._start_of_tomorrow(),
        )

    @api.model
    def _moves_sql(self, parts):
        """Open moves over the border of a warehouse. The end of an open move is its final location, as in core.

        What a move out of a transit location has reserved there has left the other warehouse: it is in transit.
        """
        sums = SQL(", ").join(SQL("SUM(%s) AS %s", *[SQL.identifier(name)] * 2) for name in MOVE_COLUMNS)
        return SQL(
            """
            SELECT %(selected)s, %(sums)s
              FROM (SELECT x.product_id, x.product_qty, origin.usage,
                           CASE WHEN origin.usage = 'transit' AND x.product_uom_qty > 0
                                THEN LEAST(x.product_qty, x.quantity * x.product_qty / x.product_uom_qty)
                                ELSE 0 END AS departed,
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
             CROSS JOIN LATERAL (
                VALUES (leaves, 0, 0, 0, 0, product_qty),
                       (enters, product_qty, CASE WHEN usage = 'supplier' THEN product_qty ELSE 0 END, departed,
                        CASE WHEN usage IN ('internal', 'transit') THEN product_qty - departed ELSE 0 END, 0)
                   ) side (warehouse_id, incoming, purchase_in, in_transit, transfer_in, outgoing)
              JOIN site ON site.warehouse_id = side.warehouse_id
              %(item)s
             GROUP BY %(groups)s
            """,
            **parts,
            sums=sums,
            open=OPEN_STATES,
        )

    @api.model
    def _kept_sql(self, parts, beneficiary):
        """Undrawn allocations; those of the asking beneficiary are his to be promised."""
        return SQL(
            """
            SELECT %(selected)s, SUM(x.quantity) AS allocated
              FROM distrib_allocation_share x
              JOIN distrib_allocation allocation ON allocation.id = x.allocation_id
              JOIN site ON site.warehouse_id = x.warehouse_id
              %(item)s
             WHERE %(products)s AND NOT %(theirs)s
             GROUP BY %(groups)s
            """,
            **parts,
            theirs=self.env["distrib.allocation"]._beneficiary_sql(**beneficiary),
        )
