from odoo import api, models
from odoo.tools import SQL

from ..engine.position import COLUMNS, HELD, MOVE_COLUMNS, PARTS
from .position import ALL, OPEN_STATES

# States of locations in the order of the statement's numbers for them.
HELD_AS = ("expired", *HELD)
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
        """One row: for each of `PARTS` arrays of its pairs and columns, in PostgreSQL's binary form.

        Arrays are far cheaper to fetch than a tuple for each pair, and parts that have few rows are not spread over all
        pairs before. Sums are exact (numeric), then handed over as float8.
        """
        tables = self._tables_sql(
            self._warehouse_condition(warehouse_ids), self._product_condition(product_ids), beneficiary=beneficiary
        )
        parts = SQL(", ").join(
            SQL("(SELECT %s FROM %s) %s", self._arrays(names), SQL.identifier(part), SQL.identifier(f"{part}_arrays"))
            for part, names in PARTS.items()
        )
        return SQL("%s SELECT * FROM %s", tables, parts)

    @api.model
    def _arrays(self, names):
        figures = SQL(", ").join(SQL("array_send(array_agg(%s::float8))", SQL.identifier(name)) for name in names)
        return SQL("array_send(array_agg((product_id::int8 << 32) | warehouse_id)), %s", figures)

    @api.model
    def _floats(self):
        return SQL(", ").join(SQL("%s::float8", SQL.identifier(name)) for name in COLUMNS)

    @api.model
    def _pairs_sql(self, warehouse_condition, product_condition, keys=PAIR, goods=False, beneficiary=None, among=None):
        """One row for each key that has quants, open moves or allocations: the keys' columns, then `COLUMNS`; see
        `_tables_sql` for the arguments."""
        names = SQL(", ").join(SQL.identifier(name) for name, _key in keys)
        figures = SQL(", ").join(SQL("COALESCE(%s, 0) AS %s", *[SQL.identifier(name)] * 2) for name in COLUMNS)
        first, *others = PARTS
        joins = SQL(" ").join(SQL("FULL JOIN %s USING (%s)", SQL.identifier(part), names) for part in others)
        tables = self._tables_sql(warehouse_condition, product_condition, keys, goods, beneficiary, among)
        return SQL("%s SELECT %s, %s FROM %s %s", tables, names, figures, SQL.identifier(first), joins)

    @api.model
    def _tables_sql(self, warehouse_condition, product_condition, keys=PAIR, goods=False, beneficiary=None, among=None):
        """A WITH clause that has each of `PARTS` as a table of the keys' columns and its own.

        :param SQL warehouse_condition: on `w`, the warehouse
        :param SQL product_condition: on `x`, the quant, move or allocation
        :param keys: pairs of name and SQL on `x.product_id`, `site` (warehouse_id, region_id, network_tier,
            supply_parent_id, company_id) and, with `goods`, `item`, the product's template
        :param dict beneficiary: whose allocations are not taken off
        :param SQL among: a SELECT of the pairs product_id, warehouse_id to which quants are restricted; moves and
            allocations, which are few, follow the conditions alone
        """
        item = SQL(
            "JOIN product_product p ON p.id = x.product_id JOIN product_template item ON item.id = p.product_tmpl_id"
        )
        parts = {
            "names": SQL(", ").join(SQL.identifier(name) for name, _key in keys),
            "selected": SQL(", ").join(SQL("%s AS %s", key, SQL.identifier(name)) for name, key in keys),
            "groups": SQL(", ").join(key for _name, key in keys),
            "item": item if goods else SQL(),
            "products": product_condition,
            "among": self._among_sql(among),
            # Products that are asked for by id are few: their quants come first. Left to itself, a planner whose
            # figures say that there is one warehouse, as in a young network, looks the quants up place by place.
            "first": SQL() if product_condition == ALL else SQL("OFFSET 0"),
        }
        return SQL(
            """
            WITH site AS MATERIALIZED (%(sites)s),
            place AS MATERIALIZED (
                SELECT l.id, array_position(%(states)s, l.stock_state) AS held_as, site.*
                  FROM stock_location l JOIN site ON site.warehouse_id = l.warehouse_id
                 WHERE l.usage = 'internal'
            ),
            quant AS MATERIALIZED (%(quants)s),
            stock AS (%(stock)s),
            apart AS (%(apart)s),
            crossing AS MATERIALIZED (%(crossing)s),
            moves AS (%(moves)s),
            kept AS (%(kept)s)
            """,
            sites=self._sites_sql(warehouse_condition),
            states=list(HELD_AS),
            quants=self._quants_sql(parts),
            stock=self._stock_sql(parts),
            apart=self._apart_sql(parts),
            crossing=self._crossing_sql(parts),
            moves=self._moves_sql(parts, keys),
            kept=self._kept_sql(parts, beneficiary or {}),
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
        """Each quant with its fate: 0 another owner's, 1 past its date, 2 and on held in `HELD_AS`, 8 about to expire,
        9 good. Most are good and not reserved; only the others are looked at again."""
        return SQL(
            """
            SELECT %(selected)s, x.quantity, x.reserved_quantity,
                   CASE WHEN x.owner_id != site.ours THEN 0
                        WHEN x.removal_date < %(tomorrow)s THEN 1
                        WHEN site.held_as > 0 THEN site.held_as + 1
                        WHEN x.removal_date < site.soon THEN 8
                        ELSE 9 END AS fate
              FROM (SELECT x.product_id, x.location_id, x.owner_id, x.removal_date, x.quantity, x.reserved_quantity
                      FROM stock_quant x %(among)s
                     WHERE %(products)s
                     %(first)s) x
              JOIN place site ON site.id = x.location_id
              %(item)s
            """,
            selected=parts["selected"],
            item=parts["item"],
            products=parts["products"],
            first=parts["first"],
            among=parts["among"],
            tomorrow=self._start_of_tomorrow(),
        )

    @api.model
    def _among_sql(self, among):
        """The places of the pairs, each with the product looked for there; nothing when all are wanted."""
        if among is None:
            return SQL()
        return SQL(
            """
            JOIN (SELECT pair.product_id, place.id AS location_id
                    FROM (%s) pair JOIN place ON place.warehouse_id = pair.warehouse_id) asked
              ON asked.product_id = x.product_id AND asked.location_id = x.location_id
            """,
            among,
        )

    @api.model
    def _stock_sql(self, parts):
        return SQL(
            """
            SELECT %(names)s, SUM(quantity) AS on_hand
              FROM quant WHERE fate > 0 GROUP BY %(names)s
            """,
            names=parts["names"],
        )

    @api.model
    def _apart_sql(self, parts):
        free = "COALESCE(SUM(quantity - reserved_quantity) FILTER (WHERE fate = %s), 0) AS %s"
        states = SQL(", ").join(
            SQL(free, number, SQL.identifier(state)) for number, state in enumerate(HELD_AS, 2) if state in HELD
        )
        return SQL(
            """
            SELECT %(names)s,
                   COALESCE(SUM(reserved_quantity) FILTER (WHERE fate > 0), 0) AS reserved,
                   COALESCE(SUM(quantity - reserved_quantity) FILTER (WHERE fate = 1), 0) AS lapsed,
                   COALESCE(SUM(quantity - reserved_quantity) FILTER (WHERE fate IN (1, 2)), 0) AS expired,
                   COALESCE(SUM(quantity - reserved_quantity) FILTER (WHERE fate = 8), 0) AS expiring,
                   %(states)s,
                   COALESCE(SUM(quantity) FILTER (WHERE fate = 0), 0) AS owned_on_hand,
                   COALESCE(SUM(reserved_quantity) FILTER (WHERE fate = 0), 0) AS owned_reserved
              FROM quant WHERE fate < 9 OR reserved_quantity != 0 GROUP BY %(names)s
            """,
            names=parts["names"],
            states=states,
        )

    @api.model
    def _crossing_sql(self, parts):
        """Open moves over the border of a warehouse. The end of an open move is its final location, as in core.

        What a move out of a transit location has reserved there has left the other warehouse: it is in transit.
        """
        return SQL(
            """
            SELECT x.product_id, x.product_qty, origin.usage,
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
             WHERE x.state IN %s
               AND source.warehouse_id IS DISTINCT FROM target.warehouse_id
               AND %s
            """,
            OPEN_STATES,
            parts["products"],
        )

    @api.model
    def _moves_sql(self, parts, keys):
        """Sums of what crosses. For pairs the side is all there is to know of the site, which saves a join."""
        sums = SQL(", ").join(SQL("SUM(%s) AS %s", *[SQL.identifier(name)] * 2) for name in MOVE_COLUMNS)
        lone = keys is PAIR
        return SQL(
            """
            SELECT %(selected)s, %(sums)s
              FROM crossing x
             CROSS JOIN LATERAL (
                VALUES (leaves, 0, 0, 0, 0, product_qty),
                       (enters, product_qty, CASE WHEN usage = 'supplier' THEN product_qty ELSE 0 END, departed,
                        CASE WHEN usage IN ('internal', 'transit') THEN product_qty - departed ELSE 0 END, 0)
                   ) %(alias)s (warehouse_id, incoming, purchase_in, in_transit, transfer_in, outgoing)
              %(join)s
              %(item)s
             WHERE %(alias)s.warehouse_id IS NOT NULL
             GROUP BY %(groups)s
            """,
            selected=parts["selected"],
            groups=parts["groups"],
            item=parts["item"],
            sums=sums,
            alias=SQL("site") if lone else SQL("side"),
            join=SQL() if lone else SQL("JOIN site ON site.warehouse_id = side.warehouse_id"),
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
