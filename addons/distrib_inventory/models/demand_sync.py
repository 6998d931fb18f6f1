import logging
import time
from datetime import datetime, timedelta

import numpy as np
import pytz
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.sql_db import db_connect
from odoo.tools import SQL

from ..engine import demand_marks

_logger = logging.getLogger(__name__)

# Moments are compared with write dates of transactions, which may have begun a little before their clock says.
OVERLAP = timedelta(seconds=2)
# A month is read in parts of so many warehouses, which bounds the memory whatever the history.
WAREHOUSES = 25
# The usual share of the list price is that of so many days.
PRICE_DAYS = 91


class DemandSync(models.Model):
    """How far the demand history of a company has followed its stock moves.

    A run takes what was done or edited since the run before (`cursor`, a write date) and adds up the days concerned
    anew, whole: reading a move twice changes nothing. The first run walks through the months (`next_month`) and
    commits each; a run that was killed goes on with the month it was in.
    """

    _name = "distrib.demand.sync"
    _description = "Demand History Run"
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", readonly=True)
    cursor = fields.Datetime(readonly=True, help="Changes of moves before this moment are in the history.")
    next_month = fields.Date(readonly=True, help="The month that the first run reads next; empty when it has finished.")
    closed_day = fields.Date(readonly=True, help="Last day whose hours in stock are known.")
    last_run = fields.Datetime(readonly=True)
    seconds = fields.Float(readonly=True, help="Duration of the last run.")
    block_count = fields.Integer(string="Months Changed", readonly=True, help="Of the last run: product, place, month.")
    mark_count = fields.Integer(string="Days Marked", readonly=True, help="Of the last run.")

    _company_uniq = models.Constraint("UNIQUE(company_id)", "A company's demand history is followed once.")

    @api.model
    def _of(self, company):
        """The record of a company, locked: two runs at once follow each other."""
        found = self.search([("company_id", "=", company.id)]) or self.create({"company_id": company.id})
        found.lock_for_update()
        return found

    def action_run(self):
        """Bring the history up to date now."""
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise AccessError(self.env._("Only planners update the demand history."))
        for state in self:
            # sudo: the run writes what nobody may write by hand
            self.env["distrib.demand"].sudo()._sync(state.company_id)
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class Demand(models.Model):
    _inherit = "distrib.demand"

    @api.model
    def _cron_sync(self):
        for (company,) in self.env["stock.warehouse"]._read_group([], ["company_id"]):
            self._sync(company, commit=True)

    @api.model
    def _company_tz(self, company):
        """The time zone in which a company's days begin: its own, else its country's, else UTC."""
        country = pytz.country_timezones.get(company.country_id.code or "", [])
        return pytz.timezone(company.partner_id.tz or (country[0] if country else "UTC"))

    @api.model
    def _closed_day(self, company):
        """Yesterday in the company's time zone: the last day that is complete."""
        now = pytz.utc.localize(fields.Datetime.now())
        return now.astimezone(self._company_tz(company)).date() - timedelta(days=1)

    @api.model
    def _changed_pairs(self, since):
        """Return the pairs whose history changed from a moment on (UTC): warehouse ids (n,), product ids (n,) and the
        first day of the first month that changed (n,) ``datetime64[D]``."""
        self.env.cr.execute(
            "SELECT warehouse_id, product_id, min(month) FROM distrib_demand_block WHERE changed_on >= %s"
            " GROUP BY 1, 2 ORDER BY 1, 2",
            (since,),
        )
        rows = self.env.cr.fetchall()
        found = np.array([row[:2] for row in rows], np.int32).reshape(-1, 2)
        return found[:, 0], found[:, 1], np.array([row[2] for row in rows], "datetime64[D]")

    @api.model
    def _sync(self, company=None, commit=False):
        """Bring the history of a company up to date with its stock moves. Repeatable; see `distrib.demand.sync`.

        :param commit: commit after each part, so that a run that is killed loses one part at most
        :return: number of month blocks changed
        """
        company = company or self.env.company
        self.env.flush_all()
        horizon = self._horizon()
        if commit:
            self.env["ir.cron"]._commit_progress(0)  # what follows reads a snapshot that begins after the horizon
        started = time.monotonic()
        state, zone = self.env["distrib.demand.sync"]._of(company), self._company_tz(company)
        before = state.cursor or None
        self.env["distrib.demand.source"]._adopt(company, zone, before)
        first = self._is_first(state, company)
        blocks = self._sync_months(company, zone, state, horizon, commit) if first else 0
        blocks += self._sync_rebuilds(company, zone, commit)
        late = self._sync_changes(company, zone, state.cursor)
        blocks += late.pop("blocks")
        blocks += self._sync_stock(company, zone, state, **late)
        marked = self._detect_marks(company, None if first else before)
        self._drop_queue(company)
        state.write(
            {
                "cursor": horizon - OVERLAP,
                "last_run": fields.Datetime.now(),
                "seconds": time.monotonic() - started,
                "block_count": blocks,
                "mark_count": marked,
            }
        )
        self.env.flush_all()
        if commit:
            self.env["ir.cron"]._commit_progress(1)
        _logger.info("Demand history of company %s: %s month blocks, %s marks", company.id, blocks, marked)
        return blocks

    @api.model
    def _horizon(self):
        """The moment before which no running transaction began: what is written later has a later write date.

        Asked on a connection of its own, before this run's snapshot: a transaction that the snapshot does not see then
        began after it or was running and so holds it back.
        """
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(
                """
                SELECT (LEAST(clock_timestamp(), min(xact_start)) AT TIME ZONE 'UTC')::timestamp(0)
                  FROM pg_stat_activity
                 WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)
                """,
                (self.env.cr._cnx.get_backend_pid(),),
            )
            return cr.fetchone()[0]

    @api.model
    def _is_first(self, state, company):
        """Whether the first walk through the months is to be begun or gone on with."""
        if state.cursor and not state.next_month:
            return False
        if not state.next_month:
            self.env.cr.execute(
                "SELECT min(date) FROM stock_move WHERE state = 'done' AND company_id = %s", (company.id,)
            )
            first = self.env.cr.fetchone()[0]
            # a day earlier: the company's day may have begun in the month before
            state.next_month = (first - timedelta(days=1)).date().replace(day=1) if first else False
        return bool(state.next_month)

    @api.model
    def _sync_months(self, company, zone, state, horizon, commit):
        """Read all months to this one; each is complete in itself."""
        if not state.cursor:
            state.cursor = horizon - OVERLAP
        warehouses = self.env["stock.warehouse"].search([("company_id", "=", company.id)]).ids
        blocks, last = 0, self._closed_day(company) + timedelta(days=1)
        while state.next_month and state.next_month <= last:
            blocks += self._read_month(company, zone, state.next_month, warehouses)
            following = fields.Date.add(state.next_month, months=1)
            state.next_month = following if following <= last else False
            if commit:
                self.env.flush_all()
                self.env["ir.cron"]._commit_progress(0)
        return blocks

    @api.model
    def _sync_rebuilds(self, company, zone, commit):
        """Read the warehouses anew whose source changed."""
        self.env.cr.execute(
            "DELETE FROM distrib_demand_rebuild q USING stock_warehouse w WHERE w.id = q.warehouse_id"
            " AND w.company_id = %s RETURNING w.id",
            (company.id,),
        )
        warehouses = sorted({row[0] for row in self.env.cr.fetchall()})
        blocks = 0
        if warehouses:
            self.env.cr.execute(
                """
                SELECT LEAST((SELECT min(date)::date - 1 FROM stock_move WHERE state = 'done' AND company_id = %s),
                             (SELECT min(month) FROM distrib_demand_block WHERE warehouse_id = ANY(%s)))
                """,
                (company.id, warehouses),
            )
            month = self.env.cr.fetchone()[0]
            while month and month <= self._closed_day(company) + timedelta(days=1):
                blocks += self._read_month(company, zone, month.replace(day=1), warehouses)
                month = fields.Date.add(month.replace(day=1), months=1)
        return blocks

    @api.model
    def _read_month(self, company, zone, month, warehouse_ids):
        """Set all days of a month that stock moves own in these warehouses, part by part."""
        blocks = 0
        end = fields.Date.add(month, months=1, days=-1)
        begin, finish = self._utc(month, zone), self._utc(fields.Date.add(month, months=1), zone)
        inside = SQL("m.date >= %s AND m.date < %s", begin, finish)
        for place in range(0, len(warehouse_ids), WAREHOUSES):
            part = warehouse_ids[place : place + WAREHOUSES]
            query = self._deliveries_sql(company, zone, inside)
            found = self._fetch_days(SQL("SELECT * FROM (%s) d WHERE d.warehouse_id = ANY(%s)", query, part))
            known = self._read_matrix(str(month), str(end), warehouse_ids=part, measures=("quantity",))
            pair, day = np.nonzero(~np.isnan(known.quantity))
            keys = (known.warehouse_id[pair], known.product_id[pair], known.days[day])
            blocks += self._set_days(keys, found)
        self._mark_returns(company, zone, SQL("x.date >= %s AND x.date < %s", begin, finish))
        return blocks

    @api.model
    def _utc(self, day, zone):
        """The beginning of a day of a zone, in UTC."""
        return zone.localize(datetime.combine(day, datetime.min.time())).astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _sync_changes(self, company, zone, since):
        """Add up anew the days whose moves changed; return what `_sync_stock` has to look at again."""
        cr = self.env.cr
        since = since or datetime(1970, 1, 1)
        cr.execute("DROP TABLE IF EXISTS distrib_demand_changed")
        cr.execute(
            SQL(
                "CREATE TEMP TABLE distrib_demand_changed ON COMMIT DROP AS %s",
                self._changed_sql(company, zone, since),
            )
        )
        cr.execute("ANALYZE distrib_demand_changed")
        cr.execute(
            "SELECT date_trunc('month', day)::date, min(day), max(day) FROM distrib_demand_changed GROUP BY 1 ORDER BY 1"
        )
        blocks = 0
        for month, first, last in cr.fetchall():
            blocks += self._read_changed(company, zone, month, first, last)
        self._mark_returns(company, zone, SQL("x.write_date >= %s", since))
        return {"blocks": blocks, "since": since}

    @api.model
    def _read_changed(self, company, zone, month, first, last):
        """The changed days of one month."""
        inside = SQL("m.date >= %s AND m.date < %s", self._utc(first, zone), self._utc(last + timedelta(days=1), zone))
        changed = SQL("month_days.warehouse_id = d.warehouse_id AND month_days.product_id = d.product_id")
        within = SQL(
            "m.product_id IN (SELECT c.product_id FROM distrib_demand_changed c WHERE c.day BETWEEN %s AND %s)",
            first,
            last,
        )
        found = self._fetch_days(
            SQL(
                "SELECT d.* FROM (%s) d JOIN distrib_demand_changed month_days ON %s AND month_days.day = d.day",
                self._deliveries_sql(company, zone, SQL("%s AND %s", inside, within)),
                changed,
            )
        )
        self.env.cr.execute(
            "SELECT warehouse_id, product_id, day FROM distrib_demand_changed WHERE day BETWEEN %s AND %s",
            (first, last),
        )
        rows = self.env.cr.fetchall()
        ids = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
        keys = (ids[:, 0], ids[:, 1], np.array([row[2] for row in rows], "datetime64[D]"))
        return self._set_days(keys, found)

    @api.model
    def _fetch_days(self, query):
        """The deliveries of a query added up by warehouse, product and day: a structured dict of arrays."""
        self.env.cr.execute(
            SQL(
                """
                SELECT warehouse_id, product_id, day - DATE '1970-01-01', SUM(quantity)::float8,
                       COALESCE(SUM(paid * delivered) / NULLIF(SUM(delivered) FILTER (WHERE paid > 0), 0), 0)::float8,
                       COALESCE(SUM(listed * delivered) / NULLIF(SUM(delivered) FILTER (WHERE listed > 0), 0), 0)::float8
                  FROM (%s) x WHERE warehouse_id IS NOT NULL GROUP BY 1, 2, 3
                """,
                query,
            )
        )
        rows = np.array(self.env.cr.fetchall(), np.float64).reshape(-1, 6)
        return {
            "warehouse_id": rows[:, 0].astype(np.int64),
            "product_id": rows[:, 1].astype(np.int64),
            "day": rows[:, 2].astype(np.int64).astype("datetime64[D]"),
            "quantity": rows[:, 3],
            "paid": np.where(rows[:, 4] > 0, rows[:, 4], np.nan),
            "listed": np.where(rows[:, 5] > 0, rows[:, 5], np.nan),
        }

    @api.model
    def _set_days(self, keys, found):
        """Set the days of ``keys`` and ``found`` that moves own to what was found; to nothing where nothing was.

        :return: number of blocks that changed
        """
        columns = [
            np.concatenate([key, found[name]])
            for key, name in zip(keys, ("warehouse_id", "product_id", "day"), strict=True)
        ]
        empty = np.full(len(keys[0]), np.nan)
        values = {name: np.concatenate([empty, found[name]]) for name in ("quantity", "paid", "listed")}
        own = self._owned_by_moves(*columns)
        warehouse, product, day = (column[own] for column in columns)
        if not len(day):
            return 0
        blocks = self._replace_days(
            product, warehouse, day, quantity=values["quantity"][own], price=values["paid"][own],
            promotion=np.full(len(day), np.nan),
        )  # fmt: skip
        priced = own & (values["paid"] > 0)
        if priced.any():
            self._set_promotions(
                *(column[priced] for column in columns), values["paid"][priced], values["listed"][priced]
            )
        return blocks

    @api.model
    def _set_promotions(self, warehouse, product, day, paid, listed):
        """The depth of promotions from prices: against the usual share of the list price in the weeks before."""
        pairs, inverse = np.unique(np.stack([warehouse, product]), axis=1, return_inverse=True)
        inverse = inverse.ravel()
        first, last = day.min() - PRICE_DAYS, day.max()
        matrix = self._read_matrix(str(first), str(last), pairs=tuple(pairs), measures=("price",))
        column = (day - first).astype(int)
        known = np.zeros(pairs.shape[1])
        known[inverse] = listed  # one list price for the weeks before: older ones are not kept
        lists = np.repeat(known[:, None], matrix.price.shape[1], axis=1)
        lists[inverse, column] = listed
        depth = demand_marks.price_depth(matrix.price, lists)
        self._replace_days(product, warehouse, day, promotion=depth[inverse, column])

    @api.model
    def _drop_queue(self, company):
        """What was left behind has been read. Rows of transactions that this one does not see stay."""
        self.env.cr.execute(
            "DELETE FROM distrib_demand_left q USING stock_warehouse w WHERE w.id = q.warehouse_id AND w.company_id = %s",
            (company.id,),
        )
