"""The usual demand around a promotion, what is planned from it, and afterwards what came of the plan."""

from dataclasses import dataclass

import numpy as np

from .forecast import history

WEEK = 7
# Days to either side from which the usual demand is taken, and the least of them that must be known.
WINDOW, LEAST = 28, 5
# Units of usual demand at which a pair's own uplift counts as much as that of all pairs, for days without goods.
STRENGTH = 5.0


def weekdays(demand: np.ndarray, usual: np.ndarray, first_weekday: int, group: np.ndarray) -> np.ndarray:
    """Return the weekday index (n, 7) of each pair's group: ratio of sums of its usual days, 1 where nothing is known.

    ``demand`` (n, t), ``usual`` (n, t) which days are known and without a promotion, ``first_weekday`` 0..6 of day 0,
    ``group`` (n,) integers from 0.

    >>> d = np.tile(np.array([1.0, 1, 1, 1, 1, 3, 3]), 4)[None]
    >>> weekdays(d, d > 0, 0, np.zeros(1, int)).round(2).tolist()
    [[0.64, 0.64, 0.64, 0.64, 0.64, 1.91, 1.91]]
    """
    count = int(group.max()) + 1 if len(group) else 0
    slot = (first_weekday + np.arange(demand.shape[1])) % WEEK
    sums, days = np.zeros((count, WEEK)), np.zeros((count, WEEK))
    for day in range(WEEK):
        chosen = slot == day
        sums[:, day] = np.bincount(group, np.where(usual, demand, 0)[:, chosen].sum(axis=1), count)
        days[:, day] = np.bincount(group, usual[:, chosen].sum(axis=1), count)
    mean = sums / np.maximum(days, 1)
    level = mean.mean(axis=1, keepdims=True)
    index = np.where((days > 0).all(axis=1, keepdims=True) & (level > 0), mean / np.where(level > 0, level, 1), 1.0)
    return index[group]


def usual_demand(
    demand: np.ndarray, promoted: np.ndarray, start: int, stop: int, index: np.ndarray, first_weekday: int
) -> np.ndarray:
    """Return the demand (n, stop - start) without the promotion, NaN where too little is known around it.

    Level of the known days without a promotion from four weeks before ``start`` to four weeks after ``stop`` (for a plan
    there are none after), weekday put in again. ``start`` and ``stop`` may lie beyond the last day of ``demand``: then
    its last four weeks count.
    """
    length = demand.shape[1]
    day = np.arange(length)
    near = (day >= start - WINDOW) & (day < stop + WINDOW)
    if start > length - WINDOW // 2:
        near = day >= length - WINDOW
    known = ~np.isnan(demand) & ~promoted & near
    slot = (first_weekday + day) % WEEK
    weight = np.where(known, index[:, slot], 0).sum(axis=1)
    enough = (known.sum(axis=1) >= LEAST) & (weight > 0)
    level = np.where(known, demand, 0).sum(axis=1) / np.where(enough, weight, np.nan)
    return level[:, None] * index[:, (first_weekday + np.arange(start, stop)) % WEEK]


@dataclass(frozen=True, eq=False)
class Planned:
    """Units (n,) of the usual demand over the promotion, of the planned demand, and the stock to have at its start."""

    usual: np.ndarray
    planned: np.ndarray
    prebuild: np.ndarray


def plan(usual: np.ndarray, uplift: np.ndarray, cover: int, safety: np.ndarray) -> Planned:
    """Return the plan of pairs from usual demand (n, d) and uplift (n, d); NaN demand counts as none.

    The stock to have at the start is the planned demand of the first ``cover`` days, in whole units, and the safety
    stock (n,) that is kept anyway.

    >>> plan(np.full((1, 4), 2.0), np.full((1, 4), 1.5), 2, np.array([1.2])).prebuild.tolist()
    [8.0]
    """
    usual = np.nan_to_num(usual)
    lifted = usual * uplift
    first = lifted[:, : max(int(cover), 0)].sum(axis=1)
    stock = np.where(first > 0, np.ceil(np.round(first + np.nan_to_num(safety), 6)), 0.0)
    return Planned(usual.sum(axis=1), lifted.sum(axis=1), stock)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a promotion, (n,) units each: sold, the demand behind it, lost for want of stock, usual demand;
    ``days`` known."""

    sold: np.ndarray
    demand: np.ndarray
    lost: np.ndarray
    usual: np.ndarray
    days: np.ndarray


def review(sold: np.ndarray, in_stock: np.ndarray, usual: np.ndarray, planned_uplift: np.ndarray) -> Outcome:
    """Return the outcome of pairs from sales (n, d), in-stock shares (n, d) and usual demand (n, d).

    A day in stock shows its demand; partly in stock it is scaled up; a day (almost) without goods is taken to have had
    its usual demand times the pair's uplift on the days seen, shrunk to that of all pairs. Without any day seen the
    planned uplift (n,) counts. Demand is never below what was sold. Unknown days count for nothing.

    >>> o = review(np.array([[4.0, 0.0]]), np.array([[1.0, 0.0]]), np.full((1, 2), 2.0), np.array([3.0]))
    >>> o.sold.tolist(), o.lost.tolist()
    ([4.0], [4.0])
    """
    known = ~np.isnan(sold)
    seen = history.unconstrain(sold, in_stock).astype(np.float64)
    there = known & ~np.isnan(seen) & ~np.isnan(usual)
    top, bottom = np.where(there, seen, 0).sum(axis=1), np.where(there, usual, 0).sum(axis=1)
    common = top.sum() / bottom.sum() if bottom.sum() > 0 else np.nan
    prior = planned_uplift if np.isnan(common) else np.full(len(top), common)
    uplift = (top + STRENGTH * prior) / (bottom + STRENGTH)
    guess = np.nan_to_num(usual) * uplift[:, None]
    clipped = np.clip(np.nan_to_num(sold), 0, None)
    demand = np.where(known, np.fmax(np.where(np.isnan(seen), guess, seen), clipped), 0)
    units = np.where(known, np.nan_to_num(sold), 0)
    lost = np.where(known, demand - clipped, 0)
    return Outcome(
        units.sum(axis=1),
        demand.sum(axis=1),
        lost.sum(axis=1),
        np.where(known, np.nan_to_num(usual), 0).sum(axis=1),
        known.sum(axis=1),
    )
