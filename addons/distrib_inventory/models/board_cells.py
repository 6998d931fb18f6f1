"""What the board keeps: a row for each pair (a cell), sums of the cells by warehouse and by product, and a queue.

Whatever changes a position puts its pair into the queue, in the same transaction. A keeper (cron) takes the queue from
time to time, counts its pairs anew and moves the sums by the difference, all in one transaction. So for every reader,
at whatever moment, this holds: what is not in the queue that he sees, stands in the cells that he sees. He counts the
pairs in the queue himself (`board_sums`), and nobody waits for anybody.

A day's end, the policies of a night and an installation make the keeper count everything; that corrects the sums, and
says in the log if there was anything to correct.
"""

import logging

from odoo import api, models
from odoo.tools import SQL

from ..engine.board import COLUMNS

_logger = logging.getLogger(__name__)
DIMENSIONS = ("warehouse", "product")
LOCK = "distrib_board"
EVERYTHING_FROM = 50_000
"""Pairs in the queue from which on counting everything costs no more."""
TABLES = {
    "distrib_board_cell": (
        "warehouse_id integer NOT NULL, product_id integer NOT NULL, bucket integer NOT NULL, {cells}, "
        "PRIMARY KEY (warehouse_id, product_id)"
    ),
    "distrib_board_sum": (
        "company_id integer NOT NULL, dimension text NOT NULL, id integer NOT NULL, bucket integer NOT NULL, "
        "pairs integer NOT NULL, serial bigint NOT NULL, {sums}, PRIMARY KEY (company_id, dimension, id, bucket)"
    ),
    "distrib_board_state": (
        "company_id integer PRIMARY KEY, serial bigint NOT NULL, base bigint NOT NULL, tomorrow timestamp NOT NULL, "
        "expiring_days integer NOT NULL"
    ),
    "distrib_board_touch": "id bigserial PRIMARY KEY, product_id integer NOT NULL, warehouse_id integer NOT NULL",
    "distrib_board_due": "company_id integer NOT NULL",
}
INDEXES = {
    "distrib_board_cell_product_idx": "distrib_board_cell (product_id)",
    "distrib_board_sum_serial_idx": "distrib_board_sum (company_id, dimension, serial)",
}


def names(prefix=""):
    """The columns of a cell; nothing is stored as NULL, which takes no room."""
    return SQL(", ").join(SQL("%s%s", SQL(prefix), SQL.identifier(name)) for name in COLUMNS)


def filled(prefix=""):
    """The same to be read: nothing is 0."""
    return SQL(", ").join(SQL("COALESCE(%s%s, 0) AS %s", SQL(prefix), *[SQL.identifier(name)] * 2) for name in COLUMNS)


class Board(models.AbstractModel):
    _inherit = "distrib.board"

    def init(self):
        """The tables. No foreign keys: each row would lock and look up its product and warehouse."""
        cr = self.env.cr
        cells = ", ".join(f"{name} float8" for name in COLUMNS)
        sums = ", ".join(f"{name} float8 NOT NULL" for name in COLUMNS)
        cr.execute(
            "SELECT array_agg(column_name::text) FROM information_schema.columns WHERE table_name = 'distrib_board_cell'"
        )
        if not {"warehouse_id", *COLUMNS} <= set(cr.fetchone()[0] or ()):
            # Of another version: what is in them can be counted again, and the keeper will.
            cr.execute("DROP TABLE IF EXISTS distrib_board_cell, distrib_board_sum, distrib_board_state")
        for table, columns in TABLES.items():
            columns = columns.format(cells=cells, sums=sums)
            cr.execute(SQL("CREATE TABLE IF NOT EXISTS %s (%s)", SQL.identifier(table), SQL(columns)))
        for index, place in INDEXES.items():
            cr.execute(SQL("CREATE INDEX IF NOT EXISTS %s ON %s", SQL.identifier(index), SQL(place)))

    # -- the queue -----------------------------------------------------------

    @api.model
    def _queue(self, pairs):
        """Have (product id, warehouse id) pairs counted again."""
        self.env.cr.execute(
            "INSERT INTO distrib_board_touch (product_id, warehouse_id) SELECT * FROM unnest(%s::int[], %s::int[])",
            ([product for product, _warehouse in pairs], [warehouse for _product, warehouse in pairs]),
        )

    @api.model
    def _queue_warehouses(self, warehouse_ids):
        """Have all pairs of some warehouses counted again: what is kept of them, and what lies in them."""
        self.env["stock.location"].flush_model(["warehouse_id"])
        self.env.cr.execute(
            """
            INSERT INTO distrib_board_touch (product_id, warehouse_id)
            SELECT product_id, warehouse_id FROM distrib_board_cell WHERE warehouse_id = ANY(%(ids)s)
             UNION
            SELECT q.product_id, l.warehouse_id
              FROM stock_location l JOIN stock_quant q ON q.location_id = l.id WHERE l.warehouse_id = ANY(%(ids)s)
            """,
            {"ids": list(warehouse_ids)},
        )

    @api.model
    def _count_soon(self, company):
        """Have everything of a company counted again, in the background.

        For what changes very many pairs but no quantity, such as a night's policies: until it is counted, the board
        shows them as they were.
        """
        self.env.cr.execute("INSERT INTO distrib_board_due VALUES (%s)", (company.id,))
        # sudo: whoever computes policies need not be allowed to start jobs
        self.env.ref("distrib_inventory.cron_board_keep").sudo()._trigger()

    # -- the keeper ----------------------------------------------------------

    @api.model
    def _cron_keep(self):
        companies = [company for (company,) in self.env["stock.warehouse"]._read_group([], ["company_id"])]
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            self._keep(company)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _keep(self, company, everything=False):
        """Bring what is kept of a company up to date.

        :return: how many pairs were found to be other than kept; None when another keeper is at it
        """
        # sudo: what is kept is the same for all; each reader sees his companies' part
        keeper = self.sudo().with_context(allowed_company_ids=company.ids, tz=self._zone(company))
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s), %s)", (LOCK, company.id))
        if not self.env.cr.fetchone()[0]:
            return None
        keeper.env.cr.flush()  # what this transaction itself has touched goes into the queue
        keeper._flush_board()
        tomorrow = keeper.env["distrib.position"]._start_of_tomorrow()
        known = keeper._states().get(company.id)
        queued = keeper._take_queue(company)
        due = keeper._take_due(company)
        everything |= due or not known or known["tomorrow"] != tomorrow or queued >= EVERYTHING_FROM
        if known and known["expiring_days"] != company.distrib_expiring_days:
            everything = True
        if not everything and not queued:
            return 0
        serial = known["serial"] + 1 if known else 1
        changed = keeper._find_changed(everything)
        keeper._move_cells(everything)
        keeper._move_sums(company, serial, everything)
        keeper.env.cr.execute(
            """
            INSERT INTO distrib_board_state VALUES (%(company)s, %(serial)s, %(serial)s, %(tomorrow)s, %(days)s)
                ON CONFLICT (company_id) DO UPDATE SET
                   serial = EXCLUDED.serial, tomorrow = EXCLUDED.tomorrow, expiring_days = EXCLUDED.expiring_days,
                   base = CASE WHEN %(everything)s THEN EXCLUDED.base ELSE distrib_board_state.base END
            """,
            {
                "company": company.id,
                "serial": serial,
                "tomorrow": tomorrow,
                "days": company.distrib_expiring_days,
                "everything": everything,
            },
        )
        if everything and changed:
            keeper.env["distrib.network.touch"]._notify_boards(company.id)
            _logger.info("The board's sums of company %s are counted anew: %s pairs changed.", company.id, changed)
        return changed

    @api.model
    def _zone(self, company):
        """The time zone in which most of a company's users live: their day's end is when goods expire."""
        self.env.cr.execute(
            """
            SELECT p.tz FROM res_company_users_rel r
              JOIN res_users u ON u.id = r.user_id AND u.active AND NOT u.share
              JOIN res_partner p ON p.id = u.partner_id
             WHERE r.cid = %s AND p.tz IS NOT NULL
             GROUP BY p.tz ORDER BY count(*) DESC, p.tz LIMIT 1
            """,
            (company.id,),
        )
        found = self.env.cr.fetchone()
        return found[0] if found else "UTC"

    @api.model
    def _states(self):
        """Company id -> serial number of its last keeping, base (the last that counted everything), and its day."""
        self.env.cr.execute(
            "SELECT company_id, serial, base, tomorrow, expiring_days FROM distrib_board_state WHERE company_id = ANY(%s)",
            (self.env.companies.ids,),
        )
        return {row["company_id"]: row for row in self.env.cr.dictfetchall()}

    @api.model
    def _take_queue(self, company):
        cr = self.env.cr
        cr.execute("DROP TABLE IF EXISTS distrib_board_asked")
        cr.execute("CREATE TEMP TABLE distrib_board_asked (product_id int, warehouse_id int) ON COMMIT DROP")
        cr.execute(
            """
            WITH taken AS (
                DELETE FROM distrib_board_touch t
                 WHERE t.warehouse_id IN (SELECT id FROM stock_warehouse WHERE company_id = %s)
                    OR NOT EXISTS (SELECT FROM stock_warehouse WHERE id = t.warehouse_id)
                RETURNING product_id, warehouse_id)
            INSERT INTO distrib_board_asked SELECT DISTINCT product_id, warehouse_id FROM taken
            """,
            (company.id,),
        )
        count = cr.rowcount
        cr.execute("ANALYZE distrib_board_asked")
        return count

    @api.model
    def _take_due(self, company):
        self.env.cr.execute("DELETE FROM distrib_board_due WHERE company_id = %s", (company.id,))
        return bool(self.env.cr.rowcount)

    @api.model
    def _find_changed(self, everything):
        """Put the pairs that are not as kept into a temporary table: how they were (-1) and how they are (1)."""
        cr = self.env.cr
        if everything:
            cr.execute("SET LOCAL work_mem = '256MB'")  # one hash of all pairs, in a transaction of its own
        cr.execute("DROP TABLE IF EXISTS distrib_board_delta")
        cr.execute(
            SQL(
                """
                CREATE TEMP TABLE distrib_board_delta ON COMMIT DROP AS
                SELECT product_id, warehouse_id, side.*
                  FROM (%(live)s) live
                  FULL JOIN (%(kept)s) kept USING (product_id, warehouse_id)
                 CROSS JOIN LATERAL (VALUES (-1, %(old)s), (1, %(new)s)) side (sign, bucket, %(names)s)
                 WHERE (%(old)s) IS DISTINCT FROM (%(new)s) AND side.bucket IS NOT NULL
                """,
                live=self._asked_live_sql(everything),
                kept=self._asked_kept_sql(everything),
                old=SQL("kept.bucket, %s", names("kept.")),
                new=SQL(
                    "live.bucket, %s",
                    SQL(", ").join(SQL("NULLIF(live.%s, 0)", SQL.identifier(name)) for name in COLUMNS),
                ),
                names=names(),
            )
        )
        cr.execute("ANALYZE distrib_board_delta (product_id, warehouse_id, sign)")
        cr.execute("SELECT count(DISTINCT (product_id, warehouse_id)) FROM distrib_board_delta")
        return cr.fetchone()[0]

    @api.model
    def _asked_live_sql(self, everything):
        if everything:
            return self._live_sql(None, None)
        self.env.cr.execute(
            "SELECT array_agg(DISTINCT warehouse_id), array_agg(DISTINCT product_id) FROM distrib_board_asked"
        )
        warehouses, products = self.env.cr.fetchone()
        return self._live_sql(warehouses, products, SQL("SELECT product_id, warehouse_id FROM distrib_board_asked"))

    @api.model
    def _asked_kept_sql(self, everything):
        if everything:
            return SQL(
                """SELECT c.* FROM distrib_board_cell c JOIN stock_warehouse w ON w.id = c.warehouse_id
                    WHERE w.company_id = ANY(%s)""",
                self.env.companies.ids,
            )
        return SQL("SELECT c.* FROM distrib_board_cell c JOIN distrib_board_asked USING (product_id, warehouse_id)")

    @api.model
    def _move_cells(self, everything):
        cr = self.env.cr
        cr.execute(
            """
            DELETE FROM distrib_board_cell c USING distrib_board_delta d
             WHERE d.sign = -1 AND c.product_id = d.product_id AND c.warehouse_id = d.warehouse_id
            """
        )
        cr.execute(
            SQL(
                """
                INSERT INTO distrib_board_cell (warehouse_id, product_id, bucket, %(names)s)
                SELECT warehouse_id, product_id, bucket, %(names)s FROM distrib_board_delta WHERE sign = 1
                 ORDER BY warehouse_id, product_id
                """,
                names=names(),
            )
        )
        if everything:
            cr.execute(
                """
                DELETE FROM distrib_board_cell c
                 WHERE NOT EXISTS (SELECT FROM stock_warehouse WHERE id = c.warehouse_id)
                """
            )
            cr.execute("ANALYZE distrib_board_cell")

    @api.model
    def _move_sums(self, company, serial, everything):
        """Add what has changed to the sums, or make them anew."""
        cr = self.env.cr
        if everything:
            cr.execute("DELETE FROM distrib_board_sum WHERE company_id = %s", (company.id,))
            source = SQL("SELECT 1 AS sign, kept.* FROM (%s) kept", self._asked_kept_sql(True))
        else:
            source = SQL("SELECT * FROM distrib_board_delta")
        by = [SQL.identifier(f"{dimension}_id") for dimension in DIMENSIONS]
        identifiers = [SQL.identifier(name) for name in COLUMNS]
        cr.execute(
            SQL(
                """
                INSERT INTO distrib_board_sum AS s
                       (company_id, dimension, id, bucket, pairs, serial, %(names)s)
                SELECT %(company)s, CASE WHEN grouping(%(first)s) = 0 THEN %(one)s ELSE %(other)s END,
                       COALESCE(%(first)s, %(second)s), bucket, sum(sign), %(serial)s, %(sums)s
                  FROM (%(source)s) source
                 GROUP BY GROUPING SETS ((%(first)s, bucket), (%(second)s, bucket))
                ON CONFLICT (company_id, dimension, id, bucket) DO UPDATE
                   SET pairs = s.pairs + EXCLUDED.pairs, serial = EXCLUDED.serial, %(updates)s
                """,
                names=names(),
                company=company.id,
                serial=serial,
                first=by[0],
                second=by[1],
                one=DIMENSIONS[0],
                other=DIMENSIONS[1],
                sums=SQL(", ").join(SQL("COALESCE(sum(sign * %s), 0)", name) for name in identifiers),
                updates=SQL(", ").join(SQL("%s = s.%s + EXCLUDED.%s", *[name] * 3) for name in identifiers),
                source=source,
            )
        )
        if everything:
            cr.execute("ANALYZE distrib_board_sum")
