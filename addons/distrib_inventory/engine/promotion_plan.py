"""Promotions known ahead: depth, uplift and the stock they ask for, for any pairs and days.

Promotions are few and pairs are many, so each promotion is laid over the pairs it reaches; where two meet on a pair and
day, the deeper depth and the stronger uplift count. They are not multiplied: both speak to the same shoppers.
"""

from dataclasses import dataclass, field

import numpy as np

from .promotion_uplift import Responses, uplift_of

NO_KIND = 0


@dataclass(frozen=True, eq=False)
class Event:
    """One promotion: days ``first`` .. ``last``, ``kind`` a code from 1, ``depth`` 0..1, ``expected`` uplift or NaN to
    use what was learned; sorted ids of the products and warehouses it reaches, None for all."""

    key: int
    kind: int
    first: np.datetime64
    last: np.datetime64
    depth: float
    expected: float = float("nan")
    products: np.ndarray | None = None
    warehouses: np.ndarray | None = None

    def reaches(self, warehouse_id: np.ndarray, product_id: np.ndarray) -> np.ndarray:
        """Which pairs (n,) take part."""
        return _among(self.products, product_id) & _among(self.warehouses, warehouse_id)

    def columns(self, days: np.ndarray) -> np.ndarray:
        """Positions among ``days`` (t,) on which it runs."""
        return np.flatnonzero((days >= self.first) & (days <= self.last))


@dataclass(frozen=True, eq=False)
class Targets:
    """Stock to have because of promotions: ids (k,), from and until which day (k,) ``datetime64[D]``, units (k,)."""

    warehouse_id: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    product_id: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    first: np.ndarray = field(default_factory=lambda: np.zeros(0, "datetime64[D]"))
    last: np.ndarray = field(default_factory=lambda: np.zeros(0, "datetime64[D]"))
    units: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, eq=False)
class PromotionPlan:
    """The promotions of a company, what was learned of their kinds, and the stock they ask for."""

    events: tuple = ()
    responses: Responses = field(default_factory=Responses)
    targets: Targets = field(default_factory=Targets)

    def depth(
        self, warehouse_id: np.ndarray, product_id: np.ndarray, days: np.ndarray, known: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the depth (n, t) float32 of each pair and day, 0 without a promotion.

        ``known`` (n, t) what the history says, NaN unknown: the deeper counts, and where it says 0 a planned price
        cut did not take place there.
        """
        days = np.asarray(days, "datetime64[D]")
        found = np.zeros((len(product_id), len(days)), np.float32)
        for event in self.events:
            _lay(found, *self._where(event, warehouse_id, product_id, days, known), event.depth)
        return found if known is None else np.fmax(found, known).astype(np.float32)

    def uplift(
        self, warehouse_id: np.ndarray, product_id: np.ndarray, days: np.ndarray, known: np.ndarray | None = None
    ) -> np.ndarray:
        """Return how many times its usual demand each pair sells (n, t) float32, 1 without a promotion.

        ``known`` as in `depth`: a depth of the past that no plan names counts with what promotions without a plan did.
        """
        days = np.asarray(days, "datetime64[D]")
        found = np.ones((len(product_id), len(days)), np.float32)
        if known is not None:
            response = self.responses.of(product_id, NO_KIND)
            promoted = np.nan_to_num(known) > 0
            found = np.where(promoted, uplift_of(response[:, None], np.nan_to_num(known)), 1).astype(np.float32)
        planned = np.full(found.shape, -np.inf, np.float32)
        for event in self.events:
            rows, columns, taking = self._where(event, warehouse_id, product_id, days, known)
            _lay(planned, rows, columns, taking, self.event_uplift(event, product_id[rows])[:, None])
        return np.where(np.isfinite(planned), planned, found)

    def covered(
        self, warehouse_id: np.ndarray, product_id: np.ndarray, days: np.ndarray, known: np.ndarray | None = None
    ) -> np.ndarray:
        """Return on which days (n, t) of each pair a plan or the history knows of a promotion, price cut or not."""
        days = np.asarray(days, "datetime64[D]")
        found = np.zeros((len(product_id), len(days)), np.float32)
        for event in self.events:
            _lay(found, *self._where(event, warehouse_id, product_id, days, known), 1.0)
        return (found > 0) | (np.nan_to_num(known) > 0) if known is not None else found > 0

    def event_uplift(self, event: Event, product_id: np.ndarray) -> np.ndarray:
        """Return the uplift (n,) of one promotion on products: the one entered, else the one learned."""
        if not np.isnan(event.expected):
            return np.full(len(product_id), event.expected)
        return uplift_of(self.responses.of(product_id, event.kind), event.depth)

    def stock_target(self, warehouse_id: np.ndarray, product_id: np.ndarray, day: np.datetime64) -> np.ndarray:
        """Return the units (n,) float32 to have on ``day`` because of coming promotions, 0 without; the largest counts."""
        day, targets = np.datetime64(day, "D"), self.targets
        found = np.zeros(len(product_id), np.float32)
        due = np.flatnonzero((targets.first <= day) & (day <= targets.last))
        if not len(due) or not len(found):
            return found
        keys = _key(warehouse_id, product_id)
        order = np.argsort(keys, kind="stable")
        wanted = _key(targets.warehouse_id[due], targets.product_id[due])
        place = np.searchsorted(keys, wanted, sorter=order).clip(max=len(keys) - 1)
        hit = keys[order[place]] == wanted
        np.maximum.at(found, order[place[hit]], targets.units[due[hit]].astype(np.float32))
        return found

    @staticmethod
    def _where(
        event: Event, warehouse_id: np.ndarray, product_id: np.ndarray, days: np.ndarray, known: np.ndarray | None
    ) -> tuple:
        """Rows, columns, and where among them (rows, columns) the promotion runs; None for everywhere."""
        columns = event.columns(days)
        if not len(columns):
            return np.zeros(0, np.int64), columns, None
        rows = np.flatnonzero(event.reaches(np.asarray(warehouse_id), np.asarray(product_id)))
        if known is None or event.depth <= 0:
            return rows, columns, None
        return rows, columns, known[np.ix_(rows, columns)] != 0


def _lay(
    found: np.ndarray, rows: np.ndarray, columns: np.ndarray, taking: np.ndarray | None, value: float | np.ndarray
) -> None:
    """Raise ``found`` at rows x columns to ``value`` where it is lower."""
    if not len(rows) or not len(columns):
        return
    span = slice(columns[0], columns[-1] + 1) if columns[-1] - columns[0] + 1 == len(columns) else columns
    here = found[rows, span] if isinstance(span, slice) else found[np.ix_(rows, columns)]
    raised = np.maximum(here, np.asarray(value, np.float32))
    if taking is not None:
        raised = np.where(taking, raised, here)
    if isinstance(span, slice):
        found[rows, span] = raised
    else:
        found[np.ix_(rows, columns)] = raised


def _among(known: np.ndarray | None, wanted: np.ndarray) -> np.ndarray:
    if known is None:
        return np.ones(len(wanted), bool)
    if not len(known):
        return np.zeros(len(wanted), bool)
    place = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    return known[place] == wanted


def _key(warehouse_id: np.ndarray, product_id: np.ndarray) -> np.ndarray:
    return (np.asarray(warehouse_id, np.int64) << 32) | np.asarray(product_id, np.int64)
