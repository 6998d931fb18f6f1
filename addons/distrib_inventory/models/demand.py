from dataclasses import dataclass
from io import BytesIO

import numpy as np
from odoo import api, fields, models, tools
from odoo.tools import SQL

from ..engine import demand, pgcopy

DAY_BITS, PRODUCT_BITS = 15, 21
_KEY_COLUMNS = [("warehouse_id", "int4"), ("product_id", "int4"), ("month", "date")]
_BLOCK_COLUMNS = [*_KEY_COLUMNS, *((name, "real[31]") for name in demand.MEASURES)]
MATRIX_MEASURES = ("quantity", "in_stock", "promotion")


@dataclass(frozen=True)
class DemandMatrix:
    """Demand of ``n`` pairs over ``t`` days: ids (n,), days (t,) and for each measure read an (n, t) float32 array."""

    warehouse_id: np.ndarray
    product_id: np.ndarray
    days: np.ndarray
    quantity: np.ndarray | None = None
    in_stock: np.ndarray | None = None
    price: np.ndarray | None = None
    promotion: np.ndarray | None = None


class Demand(models.Model):
    """Daily demand history, read as one row a day; it is kept in month blocks (see docs/architecture.md).

    Write what files say through `_write_days`, read in bulk through `_read_matrix`; the rows are for people.
    """

    _name = "distrib.demand"
    _description = "Daily Demand"
    _auto = False
    _order = "day desc, warehouse_id, product_id"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    month = fields.Date(readonly=True)
    day = fields.Date(readonly=True)
    quantity = fields.Float(readonly=True, aggregator="sum", digits="Product Unit", help="Units sold, less returns.")
    in_stock = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Share of the selling hours in which the product was in stock; empty when unknown.",
    )
    price = fields.Float(readonly=True, aggregator="avg", digits="Product Price")
    promotion = fields.Float(
        readonly=True, aggregator="avg", help="Depth of the promotion: share of the price taken off, 0 without one."
    )
    is_stockout = fields.Boolean(string="Stock-out", readonly=True, help="Out of stock for some of the day.")

    def init(self):
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS distrib_demand_block (
                warehouse_id integer NOT NULL REFERENCES stock_warehouse ON DELETE CASCADE,
                product_id integer NOT NULL REFERENCES product_product ON DELETE CASCADE,
                month date NOT NULL,
                quantity real[31] NOT NULL,
                in_stock real[31] NOT NULL,
                price real[31] NOT NULL,
                promotion real[31] NOT NULL,
                changed_on timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
                PRIMARY KEY (warehouse_id, product_id, month)
            );
            ALTER TABLE distrib_demand_block
                ADD COLUMN IF NOT EXISTS changed_on timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC');
            CREATE INDEX IF NOT EXISTS distrib_demand_block_product ON distrib_demand_block (product_id, month);
            CREATE INDEX IF NOT EXISTS distrib_demand_block_month ON distrib_demand_block (month);
            CREATE INDEX IF NOT EXISTS distrib_demand_block_changed ON distrib_demand_block (changed_on);
            CREATE TABLE IF NOT EXISTS distrib_demand_told (
                warehouse_id integer PRIMARY KEY REFERENCES stock_warehouse ON DELETE CASCADE,
                day date NOT NULL
            );
            INSERT INTO distrib_demand_told
            SELECT b.warehouse_id, max(b.month + n.place::int - 1)
              FROM distrib_demand_block b
             CROSS JOIN LATERAL unnest(b.quantity) WITH ORDINALITY n (value, place)
             WHERE NOT EXISTS (SELECT FROM distrib_demand_told) AND n.value <> 'NaN'
             GROUP BY 1
            """
        )
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(SQL("CREATE VIEW distrib_demand AS (%s)", self._view_query()))

    @api.model
    def _view_query(self):
        """One row for each known day. The id holds warehouse, product and day, so it is stable and needs no sort."""
        return SQL(
            """
            SELECT ((b.warehouse_id::bigint << %(warehouse_shift)s) | (b.product_id::bigint << %(day_bits)s)
                    | (b.month - DATE '2000-01-01' + d.n - 1)) AS id,
                   b.product_id, b.warehouse_id, w.company_id, b.month, (b.month + d.n::integer - 1) AS day,
                   NULLIF(d.quantity, 'NaN')::float8 AS quantity,
                   NULLIF(d.in_stock, 'NaN')::float8 AS in_stock,
                   NULLIF(d.price, 'NaN')::float8 AS price,
                   NULLIF(d.promotion, 'NaN')::float8 AS promotion,
                   d.in_stock < 1 AS is_stockout
              FROM distrib_demand_block b
              JOIN stock_warehouse w ON w.id = b.warehouse_id
             CROSS JOIN LATERAL unnest(b.quantity, b.in_stock, b.price, b.promotion)
                   WITH ORDINALITY AS d(quantity, in_stock, price, promotion, n)
             WHERE d.quantity <> 'NaN' OR d.in_stock <> 'NaN'
            """,
            warehouse_shift=DAY_BITS + PRODUCT_BITS,
            day_bits=DAY_BITS,
        )

    def _as_query(self, ordered=True):
        """Records know their block from their id; without that, reading some would unnest every block."""
        query = super()._as_query(ordered)
        if self._ids:
            query.add_where(
                SQL(
                    "%s IN %s AND %s IN %s",
                    SQL.identifier(self._table, "warehouse_id"),
                    tuple({record >> (DAY_BITS + PRODUCT_BITS) for record in self._ids}),
                    SQL.identifier(self._table, "product_id"),
                    tuple({record >> DAY_BITS & ((1 << PRODUCT_BITS) - 1) for record in self._ids}),
                )
            )
        return query

    # --- writing ---------------------------------------------------------------------------------------------

    @api.model
    def _write_days(self, product_id, warehouse_id, day, quantity, in_stock=None, price=None, promotion=None):
        """Merge ``n`` days into the history; NaN says nothing and never overwrites a value.

        :param product_id, warehouse_id: int arrays (n,)
        :param day: ``datetime64[D]`` array (n,); of a day given twice the later one counts
        :param quantity, in_stock, price, promotion: float arrays (n,), or None
        :return: dict of the days counted: new, changed, unchanged; and foreign, the days that are left alone because
            stock moves own them (see `distrib.demand.source`)
        """
        mine = ~self._owned_by_moves(warehouse_id, product_id, day)
        foreign = len(day) - int(mine.sum())
        if foreign:
            product_id, warehouse_id, day = (np.asarray(ids)[mine] for ids in (product_id, warehouse_id, day))
            quantity, in_stock, price, promotion = (
                None if values is None else np.asarray(values)[mine]
                for values in (quantity, in_stock, price, promotion)
            )
        count = len(day)
        measures = np.full((len(demand.MEASURES), count), np.nan, np.float32)
        for place, values in enumerate((quantity, in_stock, price, promotion)):
            if values is not None:
                measures[place] = values
        new = demand.pack(warehouse_id, product_id, day, measures)
        merged = demand.merge(self._read_blocks(new), new.values)
        touched = demand.Blocks(new.warehouse_id, new.product_id, new.month, merged.values).take(merged.touched)
        if len(touched):
            self._upsert_blocks(touched)
        if quantity is not None:
            told = ~np.isnan(measures[0])
            self._note_told(np.asarray(warehouse_id)[told], day[told])
        return {
            "new": merged.new_days,
            "changed": merged.changed_days,
            "unchanged": merged.unchanged_days,
            "foreign": foreign,
        }

    @api.model
    def _note_told(self, warehouse_id, day):
        """Remember the last day of which files tell anything of a warehouse; until then their silence speaks."""
        places, place = np.unique(warehouse_id, return_inverse=True)
        last = np.zeros(len(places), np.int64)
        np.maximum.at(last, place, day.astype("datetime64[D]").astype(np.int64))
        if len(places):
            self.env.cr.execute(
                """
                INSERT INTO distrib_demand_told
                SELECT n.warehouse_id, DATE '1970-01-01' + n.day FROM unnest(%s::int[], %s::int[]) n (warehouse_id, day)
                  LEFT JOIN distrib_demand_told t ON t.warehouse_id = n.warehouse_id
                 WHERE t.day IS NULL OR t.day < DATE '1970-01-01' + n.day
                    ON CONFLICT (warehouse_id) DO UPDATE SET day = GREATEST(EXCLUDED.day, distrib_demand_told.day)
                """,
                (places.tolist(), last.tolist()),
            )

    @api.model
    def _replace_days(self, product_id, warehouse_id, day, **measures):
        """Set measures of ``n`` days to exactly these values; NaN makes a value unknown again.

        :param measures: float arrays (n,) by the name of the measure; measures not named stay as they are
        :return: number of blocks that changed
        """
        given = np.full((len(demand.MEASURES), len(day)), np.nan, np.float32)
        for name, values in measures.items():
            given[demand.MEASURES.index(name)] = values
        new = demand.pack(warehouse_id, product_id, day, given)
        chosen = demand.pack(warehouse_id, product_id, day, np.ones_like(given)).values == 1
        chosen[[name not in measures for name in demand.MEASURES]] = False
        values, touched = demand.replace(self._read_blocks(new), new.values, chosen)
        if touched.any():
            self._upsert_blocks(demand.Blocks(new.warehouse_id, new.product_id, new.month, values).take(touched))
        return int(touched.sum())

    @api.model
    def _read_blocks(self, blocks):
        """Return the stored values (4, k, 31) of these blocks, NaN where there is no such block."""
        old = np.full_like(blocks.values, np.nan)
        if not len(blocks):
            return old
        cr = self.env.cr
        self._copy_in("distrib_demand_wanted", _KEY_COLUMNS, blocks)
        parts = []
        reader = pgcopy.RowReader(_BLOCK_COLUMNS, lambda rows: parts.append(rows.copy()))
        names = ", ".join(f"b.{name}" for name, _ in _BLOCK_COLUMNS)
        cr.copy_expert(
            f"COPY (SELECT {names} FROM distrib_demand_wanted JOIN distrib_demand_block b"
            " USING (warehouse_id, product_id, month)) TO STDOUT (FORMAT BINARY)",
            reader,
        )
        reader.close()
        keys = demand.block_keys(blocks.warehouse_id, blocks.product_id, blocks.month)  # sorted, as packed
        for rows in parts:
            found = demand.block_keys(rows["warehouse_id"], rows["product_id"], pgcopy.to_dates(rows["month"]))
            place = np.searchsorted(keys, found)
            for index, name in enumerate(demand.MEASURES):
                old[index, place] = rows[name]["value"]
        return old

    @api.model
    def _upsert_blocks(self, blocks):
        self._copy_in("distrib_demand_incoming", _BLOCK_COLUMNS, blocks)
        self.env.cr.execute(
            """
            INSERT INTO distrib_demand_block
                   (warehouse_id, product_id, month, quantity, in_stock, price, promotion)
            SELECT warehouse_id, product_id, month, quantity, in_stock, price, promotion FROM distrib_demand_incoming
            ON CONFLICT (warehouse_id, product_id, month) DO UPDATE SET
                quantity = EXCLUDED.quantity, in_stock = EXCLUDED.in_stock,
                price = EXCLUDED.price, promotion = EXCLUDED.promotion, changed_on = EXCLUDED.changed_on
            """
        )
        self.env.cr.execute("DROP TABLE distrib_demand_incoming")
        self.invalidate_model()

    @api.model
    def _copy_in(self, table, columns, blocks):
        """Fill a temporary table of this transaction with blocks."""
        declared = SQL(", ").join(
            SQL("%s %s", SQL.identifier(name), SQL("integer" if kind == "int4" else kind)) for name, kind in columns
        )
        self.env.cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL.identifier(table)))
        self.env.cr.execute(SQL("CREATE TEMP TABLE %s (%s) ON COMMIT DROP", SQL.identifier(table), declared))
        values = {name: getattr(blocks, name) for name, _ in _KEY_COLUMNS}
        values.update(zip(demand.MEASURES, blocks.values, strict=True))
        stream = BytesIO(pgcopy.encode(columns, values))
        self.env.cr.copy_expert(f"COPY {table} FROM STDIN (FORMAT BINARY)", stream)

    # --- reading ---------------------------------------------------------------------------------------------

    @api.model
    def _pairs(self, start, end, product_ids=None, warehouse_ids=None):
        """Return the pairs with history in a period: warehouse ids (n,), product ids (n,), sorted by both."""
        self.env.cr.execute(
            SQL(
                "SELECT DISTINCT warehouse_id, product_id FROM distrib_demand_block b WHERE %s ORDER BY 1, 2",
                self._block_condition(start, end, product_ids, warehouse_ids),
            )
        )
        found = np.array(self.env.cr.fetchall(), np.int32).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    @api.model
    def _block_condition(self, start, end, product_ids, warehouse_ids):
        condition = [
            SQL(
                "b.month BETWEEN date_trunc('month', %s::date)::date AND %s",
                fields.Date.to_date(start),
                fields.Date.to_date(end),
            )
        ]
        for name, ids in (("product_id", product_ids), ("warehouse_id", warehouse_ids)):
            if ids is not None:
                condition.append(SQL("%s = ANY(%s)", SQL.identifier("b", name), [int(record) for record in ids]))
        return SQL(" AND ").join(condition)

    @api.model
    def _read_matrix(self, start, end, product_ids=None, warehouse_ids=None, pairs=None, measures=MATRIX_MEASURES):
        """Return a `DemandMatrix` of the days start..end (both included), NaN where nothing is known.

        :param start, end: dates or ISO texts
        :param product_ids, warehouse_ids: only these (iterables of ids), or None
        :param pairs: (warehouse ids (n,), product ids (n,)) to return in this order, known or not; else all with
            history in the period, sorted
        :param measures: which of quantity, in_stock, price, promotion to read
        """
        if pairs is None:
            pairs = self._pairs(start, end, product_ids, warehouse_ids)
        else:
            product_ids, warehouse_ids = np.unique(pairs[1]), np.unique(pairs[0])
        warehouse, product = (np.asarray(ids, np.int32) for ids in pairs)
        first, last = np.datetime64(str(start), "D"), np.datetime64(str(end), "D")
        days = np.arange(first, last + 1)
        # whole months while reading: every block then lands in one slice
        origin = first.astype("datetime64[M]")
        months = int((last.astype("datetime64[M]") - origin).astype(int)) + 1
        wide = {name: np.full((len(warehouse), len(days)), np.nan, np.float32) for name in measures}
        keys = (warehouse.astype(np.int64) << 32) | product
        order = np.argsort(keys, kind="stable")
        starts = (origin + np.arange(months)).astype("datetime64[D]")
        lengths = ((origin + np.arange(months) + 1).astype("datetime64[D]") - starts).astype(int)

        def scatter(rows):
            found = (rows["warehouse_id"].astype(np.int64) << 32) | rows["product_id"].astype(np.int64)
            place = np.searchsorted(keys, found, sorter=order).clip(max=max(len(keys) - 1, 0))
            line = order[place]
            number = (pgcopy.to_dates(rows["month"]).astype("datetime64[M]") - origin).astype(int)
            wanted = keys[line] == found
            for month in np.unique(number[wanted]):
                chosen = wanted & (number == month)
                begin = int((starts[month] - first).astype(int))
                low, high = max(begin, 0), min(begin + lengths[month], len(days))
                for name in measures:
                    wide[name][line[chosen], low:high] = rows[name]["value"][chosen, low - begin : high - begin]

        if len(keys):
            self._copy_blocks(scatter, measures, self._block_condition(start, end, product_ids, warehouse_ids))
        return DemandMatrix(warehouse, product, days, **wide)

    @api.model
    def _copy_blocks(self, sink, measures, condition):
        """Stream blocks to ``sink`` as structured arrays."""
        columns = [*_KEY_COLUMNS, *((name, "real[31]") for name in measures)]
        query = SQL(
            "COPY (SELECT %s FROM distrib_demand_block b WHERE %s) TO STDOUT (FORMAT BINARY)",
            SQL(", ").join(SQL.identifier("b", name) for name, _ in columns),
            condition,
        )
        reader = pgcopy.RowReader(columns, sink)
        cr = self.env.cr
        cr.copy_expert(cr.mogrify(query.code, query.params).decode(), reader)
        reader.close()
