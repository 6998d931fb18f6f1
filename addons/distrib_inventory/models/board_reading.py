"""What a worker remembers of the board between two requests: sums as they are kept, and the pairs of the queue."""

import threading
from dataclasses import dataclass, field

from odoo import api, models
from odoo.tools import SQL

from ..engine.board import COLUMNS, Filter, Sums, Totals
from .board_cells import filled, names

_LOCK = threading.Lock()
MEMORY = "_distrib_board_memory"
MAX_OVERLAYS = 6
MAX_TOTALS = 16


@dataclass
class Base:
    """The sums of a company as of one keeping."""

    serial: int
    base: int
    sums: dict[str, Sums] = field(default_factory=dict)
    totals: dict[tuple[str, Filter], Totals] = field(default_factory=dict)

    def get(self, by, wanted):
        """Totals of what passes; the latest filters are remembered."""
        key = (by, wanted)
        found = self.totals.get(key)
        if found is None:
            found = self.sums[by].totals(wanted)
            for old in list(self.totals)[: 1 - MAX_TOTALS]:
                self.totals.pop(old, None)
            self.totals[key] = found
        return found


@dataclass
class Overlay:
    """The pairs of the queue: their rows as they are kept, which no longer count, and as they are now.

    Rows are tuples of product id, warehouse id, bucket and COLUMNS. ``versions`` holds for each pair what was seen of
    it in the queue: another version is another row.
    """

    stamp: tuple = ()
    versions: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    now: dict = field(default_factory=dict)
    sums: dict = field(default_factory=dict)

    def totals(self, by, wanted):
        """What the sums have to be changed by."""
        if by not in self.sums:
            place = 1 if by == "warehouse" else 0
            rows = [
                (row[place], row[2], sign, *(sign * value for value in row[3:]))
                for sign, known in ((-1, self.before), (1, self.now))
                for row in known.values()
            ]
            self.sums[by] = Sums.from_rows(rows, len(COLUMNS))
        return self.sums[by].changes(wanted)

    def inside(self, warehouses, products):
        """(pairs of the queue in these warehouses and products, their rows of now)."""
        warehouses, products = (None if ids is None else set(ids) for ids in (warehouses, products))
        pairs = [
            pair
            for pair in self.versions
            if (products is None or pair[0] in products) and (warehouses is None or pair[1] in warehouses)
        ]
        return pairs, [self.now[pair] for pair in pairs if pair in self.now]


@dataclass
class Reading:
    """One transaction's view: the sums of its companies and the pairs that are not in them."""

    board: object
    states: dict
    overlay: Overlay

    def totals(self, by, wanted):
        found = self.overlay.totals(by, wanted)
        for company, state in self.states.items():
            found = self.board._base(company, state, by).get(by, wanted).plus(found)
        return found.settled()


class Board(models.AbstractModel):
    _inherit = "distrib.board"

    @api.model
    def _reading(self):
        """The view of this transaction; None where nothing is kept for one of its companies."""
        states = self._states()
        if not states or set(self.env.companies.ids) - states.keys():
            return None
        self.env.cr.flush()  # what this transaction itself has touched goes into the queue
        return Reading(self, states, self._overlay(states))

    # -- sums ----------------------------------------------------------------

    @api.model
    def _memory(self):
        return self.env.registry.__dict__.setdefault(MEMORY, {"bases": {}, "overlays": {}})

    @api.model
    def _base(self, company, state, by):
        """The sums of a company by 'warehouse' or 'product', as of the keeping that this transaction sees."""
        bases = self._memory()["bases"]
        with _LOCK:  # one request reads, the others wait for it
            known = bases.get(company)
            if known and known.serial == state["serial"] and by in known.sums:
                return known
            if known and known.serial > state["serial"]:
                known = None  # this transaction began before the latest keeping; what it sees is not remembered
            elif known and known.base != state["base"]:
                known = None
            base = Base(state["serial"], state["base"])
            if known and known.serial == state["serial"]:
                base.sums |= known.sums
                base.totals |= known.totals
            elif known:
                base.sums = {
                    name: sums.apply(self._kept_sums(company, name, known.serial)) for name, sums in known.sums.items()
                }
            if by not in base.sums:
                base.sums[by] = self._kept_sums(company, by)
            if company not in bases or bases[company].serial <= base.serial:
                bases[company] = base
            return base

    @api.model
    def _kept_sums(self, company, by, after=None):
        """The rows of the sums, or only those that were changed after a serial number."""
        return self._fetch_sums(
            SQL(
                "SELECT id, bucket, pairs, %s FROM distrib_board_sum WHERE company_id = %s AND dimension = %s AND %s",
                names(),
                company,
                by,
                SQL("pairs <> 0") if after is None else SQL("serial > %s", after),
            )
        )

    # -- the queue -----------------------------------------------------------

    @api.model
    def _overlay(self, states):
        """The pairs of the queue, and those for which a day has ended since they were counted."""
        tomorrow = self.env["distrib.position"]._start_of_tomorrow()
        versions = self._queued() | self._lapsing(states, tomorrow)
        overlays = self._memory()["overlays"]
        key = (tuple(sorted(states)), tomorrow)
        stamp = tuple(state["serial"] for _company, state in sorted(states.items()))
        with _LOCK:
            known = overlays.pop(key, None) or Overlay()
        if known.stamp != stamp:
            known = Overlay(stamp)
        if known.versions != versions:
            known = self._renewed(known, versions)
        with _LOCK:
            overlays[key] = known  # the one used last comes last
            while len(overlays) > MAX_OVERLAYS:
                del overlays[next(iter(overlays))]
        return known

    @api.model
    def _queued(self):
        """(product id, warehouse id) -> what of it is in the queue."""
        self.env.cr.execute(
            """
            SELECT t.product_id, t.warehouse_id, string_agg(t.id::text, ' ' ORDER BY t.id)
              FROM distrib_board_touch t
              JOIN stock_warehouse w ON w.id = t.warehouse_id
             WHERE w.company_id = ANY(%s)
             GROUP BY 1, 2
            """,
            (self.env.companies.ids,),
        )
        return {row[:2]: row[2] for row in self.env.cr.fetchall()}

    @api.model
    def _lapsing(self, states, tomorrow):
        """Pairs with goods whose date lies between the day as kept and the reader's: midnight, or another time zone."""
        companies = self.env["res.company"].browse(states)
        parts = []
        for company in companies:
            state = states[company.id]
            days = (state["expiring_days"], company.distrib_expiring_days)
            if state["tomorrow"] == tomorrow and days[0] == days[1]:
                continue
            dates = SQL(
                """x.removal_date >= LEAST(%(kept)s, %(now)s) AND x.removal_date < GREATEST(%(kept)s, %(now)s)
                OR x.removal_date >= LEAST(%(kept)s + make_interval(days => %(then)s),
                                           %(now)s + make_interval(days => %(today)s))
               AND x.removal_date < GREATEST(%(kept)s + make_interval(days => %(then)s),
                                             %(now)s + make_interval(days => %(today)s))""",
                kept=SQL("%s::timestamp", state["tomorrow"]),
                now=SQL("%s::timestamp", tomorrow),
                then=days[0],
                today=days[1],
            )
            parts.append(SQL("w.company_id = %s AND (%s)", company.id, dates))
        if not parts:
            return {}
        self.env["stock.quant"].flush_model(["product_id", "location_id", "removal_date"])
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT x.product_id, l.warehouse_id
                  FROM stock_quant x
                  JOIN stock_location l ON l.id = x.location_id
                  JOIN stock_warehouse w ON w.id = l.warehouse_id
                 WHERE x.removal_date IS NOT NULL AND (%s)
                """,
                SQL(" OR ").join(parts),
            )
        )
        return dict.fromkeys(self.env.cr.fetchall(), "day")

    @api.model
    def _renewed(self, known, versions):
        """The overlay with its rows of other versions counted."""
        missing = [pair for pair, version in versions.items() if known.versions.get(pair) != version]
        products, warehouses = [pair[0] for pair in missing], [pair[1] for pair in missing]
        before = {pair: row for pair, row in known.before.items() if pair in versions}
        now = {pair: row for pair, row in known.now.items() if pair in versions}
        for pair in missing:
            before.pop(pair, None)
            now.pop(pair, None)
        if missing:
            among = SQL(
                "SELECT DISTINCT * FROM unnest(%s::int[], %s::int[]) u (product_id, warehouse_id)", products, warehouses
            )
            self._flush_board()
            live = self._live_sql(sorted(set(warehouses)), sorted(set(products)), among)
            kept = SQL("SELECT * FROM distrib_board_cell JOIN (%s) asked USING (product_id, warehouse_id)", among)
            for found, columns, source in ((now, names(), live), (before, filled(), kept)):
                self.env.cr.execute(SQL("SELECT product_id, warehouse_id, bucket, %s FROM (%s) c", columns, source))
                found |= {row[:2]: row for row in self.env.cr.fetchall()}
        return Overlay(known.stamp, versions, before, now)
