import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .availability_api import QUANTITIES

MAX_LIMIT = 5000


class StockChange(models.AbstractModel):
    """Which positions changed, for outside systems that follow them (see docs/api.md).

    A row holds the id of the transaction that made it. A reader sees the rows below the oldest transaction still
    running, and continues after them: nothing is skipped because a transaction that began early was committed late.
    What is read is the position of now, so that of several changes of a pair the last one is enough (`_compact`).
    """

    _name = "distrib.stock.change"
    _description = "Stock Change"

    def init(self):
        # No foreign keys: each row would lock and look up its product and warehouse. Readers join instead.
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS distrib_stock_change (
                transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
                product_id integer NOT NULL,
                warehouse_id integer NOT NULL,
                at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
                PRIMARY KEY (transaction, product_id, warehouse_id)
            )
            """
        )

    @api.model
    def _note(self, pairs):
        """Write down (product id, warehouse id) pairs; one statement, a pair once in a transaction."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO distrib_stock_change (product_id, warehouse_id)
                SELECT * FROM unnest(%s::int[], %s::int[])
                    ON CONFLICT DO NOTHING
                """,
                [product for product, _warehouse in pairs],
                [warehouse for _product, warehouse in pairs],
            )
        )

    @api.model
    def since(self, cursor=None, limit=1000):
        """The positions that changed since a cursor, as they are now.

        Begin without a cursor: the answer holds the cursor of now and no changes. Then read the whole by
        `distrib.position.availability`, and from then on ask here with the cursor of the last answer.

        :param str cursor: ``cursor`` of the answer before
        :param int limit: changes in one answer at most
        :return: dict with ``changes`` (rows as of `availability`, and ``at``), ``cursor``, ``more`` (ask again at
            once) and ``reset`` (the database was restored: read the whole again)
        :raise AccessError: the user is not a viewer of the distribution network
        :raise UserError: the arguments are not of this shape
        """
        self.env["distrib.position"]._check_viewer()
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_LIMIT:
            raise UserError(self.env._("The limit lies between 1 and %s.", MAX_LIMIT))
        epoch, horizon = self._clock()
        place, known = self._parse_cursor(cursor, epoch)
        if place is None:
            now = self._format_cursor(epoch, (horizon, 0, 0))
            return {"changes": [], "cursor": now, "more": False, "reset": not known}
        rows = self._read_changes(place, horizon, limit)
        more = len(rows) == limit
        place = rows[-1][:3] if more else (horizon, 0, 0)
        return {
            "changes": self._as_changes(rows),
            "cursor": self._format_cursor(epoch, place),
            "more": more,
            "reset": False,
        }

    @api.model
    def _clock(self):
        """(what tells this life of the database from one before a restore, first transaction not surely finished).

        Of the transactions that run in this reader's snapshot, those seen to be at work in another database of the
        same server cannot write here; without them, a long one there would hold up this feed.
        """
        self.env.cr.execute(
            """
            WITH running (transaction) AS (
                SELECT pg_snapshot_xip(pg_current_snapshot())
                 UNION ALL
                SELECT pg_current_xact_id_if_assigned()
            ),
            elsewhere (short) AS (
                SELECT backend_xid::text::bigint
                  FROM pg_stat_activity
                 WHERE backend_xid IS NOT NULL AND datname <> current_database()
            )
            SELECT system_identifier || ' ' || (SELECT timeline_id FROM pg_control_checkpoint()) || ' '
                   || (SELECT oid FROM pg_database WHERE datname = current_database()),
                   COALESCE(
                       (SELECT min(transaction) FROM running
                         WHERE transaction::text::bigint % 4294967296 NOT IN (SELECT short FROM elsewhere)),
                       pg_snapshot_xmax(pg_current_snapshot())
                   )::text
              FROM pg_control_system()
            """
        )
        identity, horizon = self.env.cr.fetchone()
        return hashlib.sha256(identity.encode()).hexdigest()[:12], int(horizon)

    @api.model
    def _format_cursor(self, epoch, place):
        return "-".join([epoch, *map(str, place)])

    @api.model
    def _parse_cursor(self, cursor, epoch):
        """((transaction, product, warehouse) or None, whether it belongs to this life of the database)."""
        if not cursor:
            return None, True
        parts = cursor.split("-") if isinstance(cursor, str) else []
        if len(parts) != 4 or not all(part.isdecimal() for part in parts[1:]):
            raise UserError(self.env._("This is not a cursor of an earlier answer."))
        if parts[0] != epoch:
            return None, False
        return tuple(map(int, parts[1:])), True

    @api.model
    def _read_changes(self, place, horizon, limit):
        """(transaction, product, warehouse, at) after a place, of the allowed companies."""
        transaction, product, warehouse = place
        self.env.cr.execute(
            SQL(
                """
                SELECT c.transaction::text::bigint, c.product_id, c.warehouse_id, c.at
                  FROM distrib_stock_change c
                  JOIN stock_warehouse w ON w.id = c.warehouse_id AND w.company_id = ANY(%(companies)s)
                  JOIN product_product p ON p.id = c.product_id
                 WHERE (c.transaction, c.product_id, c.warehouse_id)
                       > (%(transaction)s::xid8, %(product)s, %(warehouse)s)
                   AND c.transaction < %(horizon)s::xid8
                 ORDER BY c.transaction, c.product_id, c.warehouse_id
                 LIMIT %(limit)s
                """,
                companies=self.env.companies.ids,
                transaction=str(transaction),
                product=product,
                warehouse=warehouse,
                horizon=str(horizon),
                limit=limit,
            )
        )
        return self.env.cr.fetchall()

    @api.model
    def _as_changes(self, rows):
        """Rows as of `availability`, a pair once, with the time of its last change; zeros where nothing is left."""
        last = {(product, warehouse): at for _transaction, product, warehouse, at in rows}
        products = self.env["product.product"].browse({product for product, _warehouse in last})
        warehouses = self.env["stock.warehouse"].browse({warehouse for _product, warehouse in last})
        positions = self.env["distrib.position"]._availability_rows(products, warehouses)
        return [
            {
                "at": fields.Datetime.to_datetime(at).isoformat(timespec="seconds"),
                "sku": (product := self.env["product.product"].browse(pair[0])).default_code or product.barcode or "",
                "product_id": pair[0],
                "warehouse_code": self.env["stock.warehouse"].browse(pair[1]).code,
                "warehouse_id": pair[1],
                **dict.fromkeys(QUANTITIES, 0.0),
                **positions.get(pair, {}),
            }
            for pair, at in last.items()
        ]

    @api.model
    def _compact(self):
        """Keep the last finished change of each pair only; readers find the position of now behind it anyway.

        :return: how many rows were taken away
        """
        _epoch, horizon = self._clock()
        self.env.cr.execute(
            """
            WITH later AS (
                SELECT transaction, product_id, warehouse_id,
                       lead(transaction) OVER (PARTITION BY product_id, warehouse_id ORDER BY transaction) AS next
                  FROM distrib_stock_change
                 WHERE transaction < %s::xid8
            )
            DELETE FROM distrib_stock_change c USING later
             WHERE later.next IS NOT NULL AND c.transaction = later.transaction
               AND c.product_id = later.product_id AND c.warehouse_id = later.warehouse_id
            """,
            (str(horizon),),
        )
        return self.env.cr.rowcount


class NetworkTouch(models.AbstractModel):
    _inherit = "distrib.network.touch"

    @api.model
    def _on_touched(self, pairs):
        self.env["distrib.stock.change"]._note(pairs)
        return super()._on_touched(pairs)
