import json
import threading
from dataclasses import dataclass, field

from odoo import api, models
from odoo.addons.bus.models.bus import channel_with_db, json_dump
from odoo.tools import SQL

from ..engine import board as engine
from ..engine.board import COLUMNS, POLICY, QUANTITIES, Sums
from ..engine.position import HELD

_LOCK = threading.Lock()
KEPT_FROM = 20_000
"""Quants from which on sums are kept between requests; below, adding them up anew is as fast."""
MAX_KEPT = 6
OVERLAP = 500
"""Notifications may become visible a little out of their order; so many are looked at again."""


@dataclass
class Kept:
    """Sums of all warehouses and of all products of some companies, and the notifications they include."""

    warehouse: Sums
    product: Sums
    last: int
    seen: set = field(default_factory=set)


class Board(models.AbstractModel):
    """Where the numbers come from.

    Sums by warehouse and by product are kept in memory, by bucket, when the network is large: a worker reads the
    notifications of `distrib.network.touch` that came since, and adds up only what they name. So a page costs what it
    shows, and not what the network holds. Sums of chosen products or places, and single pairs, are read directly.
    """

    _inherit = "distrib.board"

    # -- the statement -------------------------------------------------------

    @api.model
    def _cells_sql(self, warehouses, products):
        """One row for each pair with stock, open moves or demand: product_id, warehouse_id, bucket, COLUMNS."""
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
              JOIN stock_warehouse w ON w.id = cell.warehouse_id) cell
            """,
            bucket=self._bucket_sql(),
            columns=SQL(", ").join(columns),
            available=SQL(
                "pair.on_hand - pair.reserved - pair.allocated - pair.expired - %s",
                SQL(" - ").join(SQL("pair.%s", SQL.identifier(state)) for state in HELD),
            ),
            forecast=SQL("pair.on_hand + pair.incoming - pair.outgoing - pair.lapsed"),
            pairs=position._pairs_sql(warehouse_condition, product_condition),
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
    def _parts(self, by, scope, ids=None):
        """The sums of what the scope lets through.

        :param str by: 'warehouse' or 'product'
        :param ids: only these warehouses or products
        :return: dict id -> engine.board.Part
        """
        allowed = scope.warehouses if by == "warehouse" else scope.products
        only = allowed if ids is None else frozenset(ids) if allowed is None else frozenset(ids) & allowed
        across = scope.products if by == "warehouse" else scope.warehouses
        if across is None and self._keeps_sums():
            return getattr(self._kept(), by).by_id(scope.filter, only)
        warehouses, products = (only, scope.products) if by == "warehouse" else (scope.warehouses, only)
        return self._add_up((by,), warehouses, products)[0].by_id(scope.filter)

    @api.model
    def _add_up(self, dimensions, warehouses=None, products=None):
        """Sums by warehouse, by product or both, from the pairs themselves in one statement."""
        self._flush_board()
        by = [SQL.identifier(f"{dimension}_id") for dimension in dimensions]
        sums = SQL(", ").join(SQL("sum(%s)", SQL.identifier(name)) for name in COLUMNS)
        self.env.cr.execute(
            SQL(
                "SELECT %s, COALESCE(%s), bucket, count(*), %s FROM (%s) cell GROUP BY GROUPING SETS (%s)",
                SQL("grouping(%s)", by[0]),
                SQL(", ").join(by),
                sums,
                self._cells_sql(*(None if ids is None else list(ids) for ids in (warehouses, products))),
                SQL(", ").join(SQL("(%s, bucket)", column) for column in by),
            )
        )
        rows = self.env.cr.fetchall()
        return [
            Sums.from_rows([row[1:] for row in rows if row[0] == place], len(COLUMNS))
            for place in range(len(dimensions))
        ]

    # -- sums that are kept --------------------------------------------------

    @api.model
    def _keeps_sums(self):
        if self.env["distrib.network.touch"]._is_touching():
            return False  # what this transaction changed is for its own eyes
        self.env.cr.execute("SELECT reltuples FROM pg_class WHERE oid = 'stock_quant'::regclass")
        return self.env.cr.fetchone()[0] >= KEPT_FROM

    @api.model
    def _kept(self):
        """The sums of the allowed companies as this transaction sees them."""
        registry = self.env.registry
        # What has expired depends on the day, and the day on the reader's time zone.
        key = (tuple(sorted(self.env.companies.ids)), self.env["distrib.position"]._start_of_tomorrow())
        with _LOCK:
            store = registry.__dict__.setdefault("_distrib_board_sums", {})
            kept = store.pop(key, None)
            kept = self._renewed(kept) if kept else self._new_sums()
            store[key] = kept  # the one used last comes last
            while len(store) > MAX_KEPT:
                del store[next(iter(store))]
            return kept

    @api.model
    def _new_sums(self):
        messages = self._notifications(0)
        last = max(messages, default=0)
        warehouse, product = self._add_up(("warehouse", "product"))
        return Kept(warehouse, product, last, {key for key in messages if key > last - OVERLAP})

    @api.model
    def _renewed(self, kept):
        messages = self._notifications(kept.last - OVERLAP)
        new = [message for key, message in messages.items() if key not in kept.seen]
        if not new:
            return kept
        if any(message.get("all") for message in new):
            return self._new_sums()
        last = max(messages)
        warehouses = {key for message in new for key in message["warehouse_ids"]}
        products = {key for message in new for key in message["product_ids"]}
        return Kept(
            kept.warehouse.replace(warehouses, self._add_up(("warehouse",), warehouses)[0]),
            kept.product.replace(products, self._add_up(("product",), None, products)[0]),
            last,
            {key for key in kept.seen | messages.keys() if key > last - OVERLAP},
        )

    @api.model
    def _notifications(self, after):
        """Bus id -> what was touched, of the allowed companies."""
        touch = self.env["distrib.network.touch"]
        channels = [
            json_dump(channel_with_db(self.env.cr.dbname, touch._board_channel(company)))
            for company in self.env.companies.ids
        ]
        self.env.cr.execute("SELECT id, message FROM bus_bus WHERE id > %s AND channel = ANY(%s)", (after, channels))
        return {key: json.loads(message)["payload"] for key, message in self.env.cr.fetchall()}

    # -- pairs ---------------------------------------------------------------

    @api.model
    def _pairs(self, scope, warehouses=None, products=None, order=None, offset=0, limit=None):
        """Single pairs that the scope lets through.

        :param SQL order: on the columns of `_cells_sql`, and `code`, `name` of product `p` and `w`
        :return: (rows as (product id, warehouse id, bucket, values...), number of all such pairs)
        """
        self._flush_board()
        both = [
            only if asked is None else set(asked) & only if only is not None else set(asked)
            for asked, only in ((warehouses, scope.warehouses), (products, scope.products))
        ]
        self.env.cr.execute(
            SQL(
                """
                SELECT cell.product_id, cell.warehouse_id, bucket, %s, count(*) OVER ()
                  FROM (%s) cell
                  JOIN product_product p ON p.id = cell.product_id
                  JOIN stock_warehouse w ON w.id = cell.warehouse_id
                 WHERE %s
                 ORDER BY %s
                OFFSET %s LIMIT %s
                """,
                SQL(", ").join(SQL.identifier(name) for name in COLUMNS),
                self._cells_sql(*(None if ids is None else list(ids) for ids in both)),
                self._filter_sql(scope.filter),
                order or SQL("p.default_code, p.id, w.sequence, w.id"),
                offset,
                limit,
            )
        )
        rows = self.env.cr.fetchall()
        return [row[:-1] for row in rows], rows[0][-1] if rows else 0
