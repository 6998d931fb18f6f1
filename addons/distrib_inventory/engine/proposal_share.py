"""Fair shares of what a supplying warehouse can spare, for all products at once.

When a source cannot give every wish in full, its stock is spread so that the shops run out at the same time: the level
to which the lowest are filled first is the same for all (water-filling, the max-min fair allocation; D. Bertsekas and
R. Gallager, Data Networks, 2nd edition 1992, section 6.5.2). Sales lost by one shop weigh as much as those of another.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

# A wish without demand of its own (a display stock) counts as if it lasted a year.
YEAR = 365.0
_ROUNDS = 100


def fair_shares(
    need: Numbers, stock: Numbers, rate: Numbers, group: Rows, available: Numbers, step: Numbers, key: Rows
) -> Numbers:
    """Return what each of ``n`` wishes gets of its group's ``available`` (g,), in units.

    :param need: (n,) units wished for, at least 0
    :param stock: (n,) units there or on the way; below 0 for what is owed
    :param rate: (n,) units sold a day
    :param group: (n,) index into ``available``
    :param step: (n,) whole multiples in which goods move; 0 or less means any quantity
    :param key: (n,) an id, which decides between wishes that are equal in everything else
    :return: (n,) never above ``need``, its sum never above the group's stock; the need itself where that suffices

    >>> one = np.zeros(2, np.int64)
    >>> fair_shares(np.array([9.0, 9.0]), np.array([1.0, 4.0]), np.ones(2), one, np.array([7.0]), np.ones(2),
    ...             np.array([1, 2])).tolist()
    [5.0, 2.0]
    """
    need = np.maximum(np.asarray(need, np.float64), 0.0)
    if not len(need):
        return need
    room = np.maximum(np.asarray(available, np.float64), 0.0)
    pace = np.where(rate > 0, rate, np.maximum(need, 1e-9) / YEAR)
    short = np.bincount(group, need, minlength=len(room)) > room
    chosen = np.flatnonzero(short[group])
    given = need.copy()
    if len(chosen):
        columns = (column[chosen] for column in (need, stock, pace, group, step, key))
        given[chosen] = _filled(*columns, room)
    return given


def _filled(
    need: Numbers, stock: Numbers, pace: Numbers, group: Rows, step: Numbers, key: Rows, room: Numbers
) -> Numbers:
    exact = _water(need, stock, pace, group, room)
    whole = np.where(step > 0, step, 1.0)
    # a hair below a whole number is that number, but never more than the need
    given = np.where(step > 0, np.floor(exact / whole + 1e-9) * whole, exact)
    given = np.minimum(given, need)
    left = room - np.bincount(group, given, minlength=len(room))
    return given + _leftovers(given, need, stock, pace, group, step, key, left)


def _water(need: Numbers, stock: Numbers, pace: Numbers, group: Rows, room: Numbers) -> Numbers:
    """The exact level by bisection: days of cover, the same for all of a group that get a part."""
    count = len(room)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, group, stock / pace)
    np.maximum.at(high, group, (stock + need) / pace)
    low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        filled = np.bincount(group, np.clip(pace * middle[group] - stock, 0.0, need), minlength=count)
        low, high = np.where(filled <= room, middle, low), np.where(filled <= room, high, middle)
    return np.clip(pace * low[group] - stock, 0.0, need)


def _leftovers(
    given: Numbers, need: Numbers, stock: Numbers, pace: Numbers, group: Rows, step: Numbers, key: Rows, left: Numbers
) -> Numbers:
    """One more step each, in the order in which they would run out, as long as the rest of the group lasts."""
    open_ = (step > 0) & (given + step <= need + 1e-9)
    order = np.lexsort((key, (stock + given) / pace, group))
    order = order[open_[order]]
    if not len(order):
        return np.zeros(len(given))
    first = np.r_[True, np.diff(group[order]) > 0]
    total = np.cumsum(step[order])
    before = np.maximum.accumulate(np.where(first, total - step[order], 0.0))
    more = np.zeros(len(given))
    more[order] = np.where(total - before <= left[group[order]] + 1e-9, step[order], 0.0)
    return more
