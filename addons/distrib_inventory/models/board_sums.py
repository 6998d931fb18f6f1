from odoo import api, models
from odoo.tools import SQL

from ..engine import board as engine
from ..engine.board import COLUMNS, POLICY, QUANTITIES, Sums
from ..engine.position import HELD
from .board_cells import filled, names


class Board(models.AbstractModel):
    """Where the numbers come from.

    Where cells and sums are kept (`board_cells`), whole sums come from the memory of the worker (`board_reading`),
    and sums of chosen products or places, and single pairs, from the cells. So a page costs what it shows, and not
    what the network holds. Where nothing is kept yet, the pairs are read from the stock itself.
    """

    _inherit = "distrib.board"

    # -- the statement -------------------------------------------------------

    @api.model
    def _live_sql(self, warehouses, products, among=None):
        """One row for each pair with stock, open moves or demand: product_id, warehouse_id, bucket, COLUMNS.

        :param SQL among: a SELECT of the pairs that are wanted; they lie among these warehouses and products
        """
        position = self.env["distrib.position"]
        warehouse_condition = SQL("%s AND w.active", position._warehouse_condition(warehouses))
        product_condition = position._product_condition(products)
        columns = [
            SQL("COALESCE(pair.%s, 0)::float8 AS %s", *[SQL.identifier(name)] * 2)
            for name in QUANTITIES
            if name not in ("available", "forecast")
        ]
        return SQL(
            """
            SELECT cell.*, %(bucket)s AS bucket
              FROM (SELECT cell.*, available + CASE WHEN w.dealer_id IS NULL THEN 0 ELSE owned_on_hand END AS usable
                      FROM (SELECT product_id, warehouse_id, %(columns)s,
                           COALESCE(%(available)s, 0)::float8 AS available,
                           COALESCE(%(forecast)s, 0)::float8 AS forecast,
                           COALESCE(y.demand_mean, 0)::float8 AS demand_mean,
                           COALESCE(y.safety_stock, 0)::float8 AS safety_stock,
                           COALESCE(y.reorder_point, 0)::float8 AS reorder_point
                      FROM (%(pairs)s) pair
                      FULL JOIN (SELECT x.product_id, x.warehouse_id, x.demand_mean, x.safety_stock, x.reorder_point
                                   FROM distrib_policy x
                                   JOIN stock_warehouse w ON w.id = x.warehouse_id
                                  WHERE x.demand_mean > 0 AND %(of_warehouse)s AND %(of_product)s) y
                     USING (product_id, warehouse_id)) cell
              %(asked)s
              JOIN stock_warehouse w ON w.id = cell.warehouse_id) cell
            """,
            bucket=self._bucket_sql(),
            columns=SQL(", ").join(columns),
            available=SQL(
                "pair.on_hand - pair.reserved - pair.allocated - pair.expired - %s",
                SQL(" - ").join(SQL("pair.%s", SQL.identifier(state)) for state in HELD),
            ),
            forecast=SQL("pair.on_hand + pair.incoming - pair.outgoing - pair.lapsed"),
            pairs=position._pairs_sql(warehouse_condition, product_condition, among=among),
            asked=SQL() if among is None else SQL("JOIN (%s) asked USING (product_id, warehouse_id)", among),
            of_warehouse=warehouse_condition,
            of_product=product_condition,
        )

    @api.model
    def _bucket_sql(self):
        """As `engine.board` defines it."""
        status = SQL(
            """CASE WHEN on_hand < 0 OR available < 0 THEN 6
                    WHEN demand_mean <= 0 THEN 1
                    WHEN usable <= 0 THEN 5
                    WHEN usable < safety_stock THEN 4
                    WHEN usable + incoming <= reorder_point THEN 3
                    WHEN usable > demand_mean * %s THEN 2
                    ELSE 0 END""",
            engine.EXCESS_DAYS,
        )
        cover = SQL(
            "CASE WHEN demand_mean <= 0 THEN 0 ELSE 1 + width_bucket(usable / demand_mean, %s::float8[]) END",
            list(engine.COVER_EDGES),
        )
        states = SQL(" + ").join(
            SQL("CASE WHEN %s > 0 THEN %s ELSE 0 END", SQL.identifier(name), 1 << bit)
            for bit, name in enumerate(engine.STATES)
        )
        return SQL("(%s) + 8 * (%s) + 64 * (%s)", status, cover, states)

    @api.model
    def _filter_sql(self, wanted):
        """The same as `engine.board.Filter.lets`, for single pairs."""
        parts = [SQL("TRUE")]
        if wanted.statuses:
            parts.append(SQL("bucket & 7 = ANY(%s)", list(wanted.statuses)))
        if wanted.covers:
            parts.append(SQL("bucket >> 3 & 7 = ANY(%s)", list(wanted.covers)))
        if wanted.states:
            parts.append(SQL("bucket >> 6 & %s <> 0", wanted.states))
        return SQL(" AND ").join(parts)

    @api.model
    def _flush_board(self):
        self.env["distrib.position"]._flush_position_fields()
        self.env["distrib.policy"].flush_model(["product_id", "warehouse_id", *POLICY])

    # -- sums ----------------------------------------------------------------

    @api.model
    def _totals(self, by, scope):
        """The sums of what the scope lets through.

        :param str by: 'warehouse' or 'product'
        :return: engine.board.Totals
        """
        only, across = scope.warehouses, scope.products
        if by == "product":
            only, across = across, only
        reading = self._reading()
        if across is None and reading:
            return reading.totals(by, scope.filter).only(only)
        return self._add_up(by, scope.warehouses, scope.products).totals(scope.filter)

    @api.model
    def _add_up(self, by, warehouses=None, products=None):
        """Sums by 'warehouse' or 'product' of the pairs themselves."""
        sums = SQL(", ").join(SQL("sum(%s) AS %s", *[SQL.identifier(name)] * 2) for name in COLUMNS)
        rows = SQL(
            "SELECT %s AS id, bucket, count(*) AS pairs, %s FROM (%s) cell GROUP BY 1, 2",
            SQL.identifier(f"{by}_id"),
            sums,
            self._cells_sql(warehouses, products),
        )
        return self._fetch_sums(rows)

    @api.model
    def _fetch_sums(self, rows):
        """Rows of id, bucket, pairs and COLUMNS as one row of arrays, far cheaper to fetch."""
        counts = SQL(", ").join(
            SQL("array_send(array_agg(%s::int8))", SQL.identifier(name)) for name in ("id", "bucket", "pairs")
        )
        values = SQL(", ").join(SQL("array_send(array_agg(%s::float8))", SQL.identifier(name)) for name in COLUMNS)
        self.env.cr.execute(SQL("SELECT %s, %s FROM (%s) sums", counts, values, rows))
        return Sums.from_arrays(self.env.cr.fetchone())

    @api.model
    def _cells_sql(self, warehouses, products):
        """As `_live_sql`, from the cells that are kept where there are any."""
        warehouses, products = (None if ids is None else list(ids) for ids in (warehouses, products))
        reading = self._reading()
        if not reading:
            self._flush_board()
            return self._live_sql(warehouses, products)
        kept = SQL(
            """
            SELECT c.product_id, c.warehouse_id, %s, c.bucket
              FROM distrib_board_cell c
              JOIN stock_warehouse w ON w.id = c.warehouse_id
             WHERE %s AND %s
            """,
            filled("c."),
            self.env["distrib.position"]._warehouse_condition(warehouses),
            SQL("TRUE") if products is None else SQL("c.product_id = ANY(%s)", products),
        )
        pairs, rows = reading.overlay.inside(warehouses, products)
        if not pairs:
            return kept
        return SQL(
            """
            %s AND NOT EXISTS (SELECT FROM unnest(%s::int[], %s::int[]) d (product_id, warehouse_id)
                                WHERE d.product_id = c.product_id AND d.warehouse_id = c.warehouse_id)
             UNION ALL SELECT product_id, warehouse_id, %s, bucket FROM unnest(%s::int[], %s::int[], %s::int[], %s)
                              now (product_id, warehouse_id, bucket, %s)
            """,
            kept,
            [pair[0] for pair in pairs],
            [pair[1] for pair in pairs],
            names(),
            *([row[i] for row in rows] for i in range(3)),
            SQL(", ").join(SQL("%s::float8[]", [row[3 + i] for row in rows]) for i in range(len(COLUMNS))),
            names(),
        )

    # -- pairs ---------------------------------------------------------------

    @api.model
    def _pairs(self, scope, warehouses=None, products=None, order=None, offset=0, limit=None, count=None):
        """Single pairs that the scope lets through.

        :param SQL order: on the columns of `_cells_sql`, and `code`, `name` of product `p` and `w`
        :param int count: how many such pairs there are, when known: then only those of the page need be looked at
        :return: (rows as (product id, warehouse id, bucket, values...), number of all such pairs)
        """
        both = [
            only if asked is None else set(asked) & only if only is not None else set(asked)
            for asked, only in ((warehouses, scope.warehouses), (products, scope.products))
        ]
        self.env.cr.execute(
            SQL(
                """
                SELECT cell.product_id, cell.warehouse_id, bucket, %s, %s
                  FROM (%s) cell
                  JOIN product_product p ON p.id = cell.product_id
                  JOIN stock_warehouse w ON w.id = cell.warehouse_id
                 WHERE %s
                 ORDER BY %s
                OFFSET %s LIMIT %s
                """,
                names(),
                SQL("count(*) OVER ()") if count is None else SQL("%s", count),
                self._cells_sql(*both),
                self._filter_sql(scope.filter),
                order or SQL("p.default_code, p.id, w.sequence, w.id"),
                offset,
                limit,
            )
        )
        rows = self.env.cr.fetchall()
        return [row[:-1] for row in rows], rows[0][-1] if rows else 0

    @api.model
    def _count_pairs(self, scope, by, key):
        """How many pairs of one warehouse or product the scope lets through; None when only the pairs themselves say."""
        across = scope.products if by == "warehouse" else scope.warehouses
        if across is not None or not self._reading():
            return None
        return int(self._totals(by, scope).only([key]).counts.sum())
