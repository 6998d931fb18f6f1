"""What the calendar does to demand beyond the weekday: week of the year and feasts, pooled over a group of pairs.

Each is an index by slot, a ratio of sums over the group shrunk to 1 (see ``season``), learned one after the other; the
past is divided by their product and the forecast multiplied by it. With less than a year and a half of history a week
seen once is not told from a trend, so a walk-forward decides whether the indices are used at all.
"""

from dataclasses import dataclass

import numpy as np

from . import season

# The level around a day: a year for the weeks of the year, two months for single days.
SPANS = (364, 63)
# Less history than this tells a week of the year from a trend badly.
LEAST_DAYS = 546
# Pair-days of shrinkage to 1 for each slot.
SHRINK = 200.0
LEAST, MOST = 0.2, 6.0


@dataclass(frozen=True, eq=False)
class Yearly:
    """Indices (groups, slots) of each calendar; slot 0 of a feast calendar is the ordinary day."""

    tables: tuple

    def factor(self, group: np.ndarray, slots: tuple) -> np.ndarray:
        """Return the product (n, t) for pairs of ``group`` (n,) on days with these slots, one (t,) for each calendar.

        >>> Yearly((np.array([[1.0, 2.0]]),)).factor(np.array([0]), (np.array([0, 1, 1]),)).tolist()
        [[1.0, 2.0, 2.0]]
        """
        found = np.ones((len(self.tables[0]) if self.tables else 1, len(slots[0]) if slots else 1), np.float32)
        for table, slot in zip(self.tables, slots, strict=True):
            found = found * table[:, slot]
        return np.clip(found, LEAST, MOST).astype(np.float32)[group]


def fit(demand: np.ndarray, weekday: np.ndarray, group: np.ndarray, groups: int, slots: tuple, sizes: tuple) -> Yearly:
    """Learn the indices from demand (n, t), NaN unknown; ``slots`` a (t,) of each calendar with ``sizes`` slots each.

    ``weekday`` (t,): its index is taken out first, for a week may be known in part. The first calendar is that of the
    weeks and stays at 1 below LEAST_DAYS.

    >>> year = np.tile(np.repeat([1.0, 3.0], 182), 2)[None, :].repeat(40, axis=0)
    >>> slot = np.tile(np.repeat([0, 1], 182), 2)
    >>> found = fit(year, np.arange(728) % 7, np.zeros(40, int), 1, (slot,), (2,))
    >>> found.factor(np.zeros(1, int), (np.array([0, 1]),)).round(1).tolist()
    [[0.5, 1.5]]
    """
    tables: list[np.ndarray] = []
    left = demand / season.fit(demand, weekday, 7, np.zeros(len(demand), np.int64), 0.0, 7)[0][weekday]
    for number, (slot, size) in enumerate(zip(slots, sizes, strict=True)):
        if number == 0 and demand.shape[1] < LEAST_DAYS:
            tables.append(np.ones((groups, size), np.float32))
            continue
        sums = season.accumulate(left, slot, size, group, groups, SPANS[min(number, 1)])
        known = left[~np.isnan(left)]
        mean = float(known.mean()) if len(known) else 1.0
        table = _shrunk(sums, SHRINK * max(mean, 1e-6))
        tables.append(table)
        left = left / table[:, slot][group]
    return Yearly(tuple(tables))


def _shrunk(sums: np.ndarray, k: float) -> np.ndarray:
    """Each group's index shrunk to that of all, which is shrunk to 1."""
    demand, level = sums
    common = (demand.sum(axis=0) + k) / (level.sum(axis=0) + k)
    return np.clip((demand + k * common) / (level + k), LEAST, MOST).astype(np.float32)
