"""The arithmetic of the network board: how a pair of product and warehouse stands, and sums over many pairs.

Every pair falls into one bucket, an integer of three parts::

    bucket = status | cover << 3 | states << 6

so that sums kept for each bucket answer every filter without going back to the pairs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .position import unpacked

STATUSES = ("normal", "idle", "excess", "reorder", "low", "out", "negative")
"""From good to bad. ``idle``: nothing sells; ``excess``: more than `EXCESS_DAYS` of cover; ``reorder``: with what is
coming, at or below the reorder point; ``low``: below the safety stock; ``out``: nothing available of what sells."""
SHORT = ("low", "out", "negative")
COVER_EDGES = (1, 7, 14, 30, 90)
"""Days. Cover 0 is unknown (nothing sells), 1 is below the first edge, and so on."""
EXCESS_DAYS = 90
STATES = (
    "expired",
    "expiring",
    "quarantine",
    "damaged",
    "blocked",
    "disputed",
    "allocated",
    "in_transit",
    "owned_on_hand",
)
"""Bits of the third part: the pair holds something of this."""

QUANTITIES = (
    "on_hand",
    "reserved",
    "allocated",
    "available",
    "incoming",
    "in_transit",
    "transfer_in",
    "outgoing",
    "forecast",
    "expired",
    "expiring",
    "quarantine",
    "damaged",
    "blocked",
    "disputed",
    "owned_on_hand",
)
POLICY = ("demand_mean", "safety_stock", "reorder_point")
COLUMNS = (*QUANTITIES, *POLICY, "usable")
"""``usable`` covers the demand of a place: what is available, and in a dealer's house the dealer's own goods too."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Filter:
    """Which pairs count. Empty sets let everything through; of several states, one is enough."""

    statuses: frozenset[int] = frozenset()
    covers: frozenset[int] = frozenset()
    states: int = 0

    @classmethod
    def of(cls, statuses: Iterable[str] = (), covers: Iterable[int] = (), states: Iterable[str] = ()) -> "Filter":
        """By name; unknown names are left out.

        >>> Filter.of(["out", "nonsense"], [2], ["expired"])
        Filter(statuses=frozenset({5}), covers=frozenset({2}), states=1)
        """
        return cls(
            frozenset(STATUSES.index(name) for name in statuses if name in STATUSES),
            frozenset(int(cover) for cover in covers if 0 <= int(cover) <= len(COVER_EDGES) + 1),
            sum(1 << STATES.index(name) for name in set(states) if name in STATES),
        )

    def __bool__(self) -> bool:
        return bool(self.statuses or self.covers or self.states)

    def lets(self, buckets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which buckets, shape (n,), pass.

        >>> Filter.of(["out"]).lets(np.array([5, 6, 5 | 2 << 3])).tolist()
        [True, False, True]
        """
        chosen = np.ones(len(buckets), dtype=bool)
        if self.statuses:
            chosen &= np.isin(buckets & 7, list(self.statuses))
        if self.covers:
            chosen &= np.isin(buckets >> 3 & 7, list(self.covers))
        if self.states:
            chosen &= (buckets >> 6 & self.states) != 0
        return chosen


@dataclass(frozen=True, eq=False, slots=True)
class Sums:
    """``n`` sums, one for each id and bucket: ids (n,), buckets (n,), number of pairs (n,), values (n, columns)."""

    ids: NDArray[np.int64]
    buckets: NDArray[np.int64]
    pairs: NDArray[np.int64]
    values: Values

    @classmethod
    def from_rows(cls, rows: list[tuple], width: int) -> "Sums":
        """Rows are (id, bucket, pairs, value, ...) with ``width`` values.

        >>> Sums.from_rows([(7, 0, 2, 5.0), (7, 5, 1, 0.0)], 1).by_id(Filter())[7].counts.tolist()
        [2, 0, 0, 0, 0, 1, 0]
        """
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 3 + width)
        return cls(*(table[:, i].astype(np.int64) for i in range(3)), table[:, 3:])

    @classmethod
    def from_arrays(cls, arrays: Sequence[bytes | memoryview | None]) -> "Sums":
        """Ids, buckets, pairs (int8) and each column (float8) in PostgreSQL's binary form of an array; None when empty."""
        ids, buckets, pairs, *columns = arrays
        values = [unpacked(column, ">f8") for column in columns]
        return cls(
            *(unpacked(part, ">i8").astype(np.int64) for part in (ids, buckets, pairs)),
            np.array(values, dtype=np.float64).T.reshape(-1, len(values)),
        )

    def apply(self, changed: "Sums") -> "Sums":
        """These sums, where those of the same id and bucket are taken from ``changed``; without pairs they are gone.

        >>> old = Sums.from_rows([(1, 0, 1, 5.0), (2, 0, 1, 6.0)], 1)
        >>> new = old.apply(Sums.from_rows([(2, 0, 0, 0.0), (2, 5, 1, 7.0)], 1))
        >>> new.ids.tolist(), new.buckets.tolist(), new.values[:, 0].tolist()
        ([1, 2], [0, 5], [5.0, 7.0])
        """
        stay, come = ~np.isin(self._keys(), changed._keys()), changed.pairs != 0
        parts = [
            np.concatenate([getattr(self, name)[stay], getattr(changed, name)[come]])
            for name in ("ids", "buckets", "pairs", "values")
        ]
        order = np.lexsort((parts[1], parts[0]))
        return Sums(*(part[order] for part in parts))

    def _keys(self) -> NDArray[np.int64]:
        return self.ids << 16 | self.buckets

    def totals(self, wanted: Filter) -> "Totals":
        """What each id has in the buckets that pass; ids without any pair there are left out."""
        return self.changes(wanted).settled()

    def changes(self, wanted: Filter) -> "Totals":
        """The same of rows that may be negative, so that no pairs may be left of an id and yet a value change."""
        chosen = wanted.lets(self.buckets)
        counts = np.zeros((chosen.sum(), len(STATUSES)))
        counts[np.arange(len(counts)), self.buckets[chosen] & 7] = self.pairs[chosen]
        return Totals(self.ids[chosen], self.values[chosen], counts.astype(np.int64)).grouped(self.ids[chosen])

    def by_id(self, wanted: Filter) -> dict[int, "Part"]:
        """The same as `totals`, by id."""
        return self.totals(wanted).parts()


@dataclass(frozen=True, eq=False, slots=True)
class Totals:
    """The sums of ``n`` groups of pairs: sorted ids (n,), values (n, columns), number of pairs in each status (n, 7)."""

    ids: NDArray[np.int64]
    values: Values
    counts: NDArray[np.int64]

    def grouped(self, groups: NDArray[np.int64]) -> "Totals":
        """Added up by the group of each row, shape (n,).

        >>> one = Sums.from_rows([(7, 0, 2, 5.0), (8, 5, 1, 1.0), (9, 0, 1, 3.0)], 1).totals(Filter())
        >>> both = one.grouped(np.array([4, 4, 3]))
        >>> both.ids.tolist(), both.values[:, 0].tolist(), both.counts[:, 0].tolist()
        ([3, 4], [3.0, 6.0], [1, 2])
        """
        ids, place = np.unique(groups, return_inverse=True)

        def added(table: NDArray) -> Values:
            sums = [np.bincount(place, column, minlength=len(ids)) for column in table.T]
            return np.array(sums).T.reshape(len(ids), table.shape[1])

        return Totals(ids, added(self.values), np.rint(added(self.counts)).astype(np.int64))

    def plus(self, other: "Totals") -> "Totals":
        """With what has come and gone since: ``other`` may hold negative numbers."""
        if not len(other.ids):
            return self
        ids = np.concatenate([self.ids, other.ids])
        values, counts = (np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("values", "counts"))
        return Totals(ids, values, counts).grouped(ids)

    def take(self, chosen: NDArray) -> "Totals":
        """Some of the rows, by a mask or by their places."""
        return Totals(self.ids[chosen], self.values[chosen], self.counts[chosen])

    def only(self, ids: Iterable[int] | None) -> "Totals":
        """Those of some ids; None for all."""
        return self if ids is None else self.take(np.isin(self.ids, np.fromiter(ids, np.int64)))

    def parts(self) -> dict[int, "Part"]:
        """By id."""
        return {key: Part(self.values[i], self.counts[i]) for i, key in enumerate(self.ids.tolist())}

    def settled(self) -> "Totals":
        """Without the ids of which no pair is left."""
        return self if (some := self.counts.any(axis=1)).all() else self.take(some)


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A sum of pairs: values (columns,) and the number of pairs in each status."""

    values: Values
    counts: NDArray[np.int64]

    def __add__(self, other: "Part") -> "Part":
        return Part(self.values + other.values, self.counts + other.counts)

    @classmethod
    def total(cls, parts: Iterable["Part"], width: int) -> "Part":
        """The sum of any number of parts.

        >>> Part.total([], 2).values.tolist()
        [0.0, 0.0]
        """
        found = cls(np.zeros(width), np.zeros(len(STATUSES), dtype=np.int64))
        for part in parts:
            found = found + part
        return found


def severity(counts: Iterable[int]) -> str:
    """How a group of pairs stands: by the share of its selling pairs that are short.

    Above a fifth it is ``bad``, above a twentieth ``fair``, otherwise ``good``; ``none`` when nothing sells.

    >>> severity([80, 0, 0, 0, 0, 20, 0]), severity([70, 0, 0, 0, 10, 20, 0]), severity([0, 5, 0, 0, 0, 0, 0])
    ('fair', 'bad', 'none')
    """
    counts = list(counts)
    selling = sum(counts) - counts[STATUSES.index("idle")]
    short = sum(counts[STATUSES.index(name)] for name in SHORT)
    if not selling:
        return "none"
    return "bad" if short > selling / 5 else "fair" if short > selling / 20 else "good"


def climb(own: Mapping[int, Part], parents: Mapping[int, int | None]) -> dict[int, Part]:
    """The sum of each node with everything below it; nodes with nothing below are left out. No loops in the tree.

    >>> part = Part(np.ones(1), np.zeros(7, dtype=np.int64))
    >>> {k: float(v.values[0]) for k, v in sorted(climb({3: part, 2: part}, {3: 2, 2: 1, 1: None}).items())}
    {1: 2.0, 2: 2.0, 3: 1.0}
    """
    found: dict[int, Part] = {}
    for node, part in own.items():
        above: int | None = node
        while above is not None:
            found[above] = found[above] + part if above in found else part
            above = parents.get(above)
    return found
