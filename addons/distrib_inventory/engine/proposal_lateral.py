"""Goods from where they are slow to where they are short, between warehouses that do not supply each other.

A giver parts with what exceeds its own need; a taker gets what it would otherwise lose before its regular goods come.
Moving pays when the margin of the sales saved exceeds the cost of handling and distance. The moves with the greatest
gain are taken first; a taker gets its goods from one place only, which is one lorry and one receipt.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

# So many of the best givers are looked at for each taker.
NEAREST = 5
# Kilometres of a lorry in a day.
KM_A_DAY = 500.0


@dataclass(frozen=True)
class Shelves:
    """``n`` pairs. ``need`` (n,) units it could use, 0 for none; ``value`` (n, d) money that each of these saves if it
    is here in 0, 1, .. days, nothing after the last; ``excess`` (n,) units it can part with; ``cost_km`` (n,) money for
    a unit and kilometre."""

    warehouse: Rows
    product: Rows
    need: Numbers
    value: Numbers
    excess: Numbers
    cost_km: Numbers


@dataclass(frozen=True)
class Moves:
    """``m`` moves: rows of giver and taker, units, and what is gained by them in money."""

    giver: Rows
    taker: Rows
    quantity: Numbers
    gain: Numbers


def move_days(km: Numbers) -> Rows:
    """Return whole days from the decision to the arrival: one to get ready, and one more for each full `KM_A_DAY`.

    >>> move_days(np.array([0.0, 499.0, 1200.0])).tolist()
    [1, 1, 3]
    """
    return 1 + (np.asarray(km) // KM_A_DAY).astype(np.int64)


def match(shelves: Shelves, km: Callable[[Rows, Rows], Numbers], allowed: Callable, fixed_cost: float) -> Moves:
    """Return the moves that pay, the greatest gain first.

    :param km: kilometres between two arrays of warehouse ids, which broadcast; NaN where unknown, then no move
    :param allowed: the same arguments, whether the first may give to the second
    :param fixed_cost: money for each move: picking, loading, receiving

    No giver parts with more than its excess, no taker gets more than its need, whole units only, and every move gains
    more than it costs. Equal gains are decided by warehouse ids.
    """
    heap = list(_offers(shelves, km, allowed, fixed_cost))
    heapq.heapify(heap)
    left, served, found = np.floor(shelves.excess + 1e-9), set(), []
    while heap:
        negative, to, away, taker, giver, unit_gain = heapq.heappop(heap)
        if taker in served:
            continue
        quantity = min(np.floor(shelves.need[taker] + 1e-9), left[giver])
        gain = unit_gain * quantity - fixed_cost
        if gain <= 0 or quantity < 1:
            continue
        if gain < -negative - 1e-9:  # another taker was here before: back into the queue with what is left
            heapq.heappush(heap, (-gain, to, away, taker, giver, unit_gain))
            continue
        left[giver] -= quantity
        served.add(taker)
        found.append((giver, taker, quantity, gain))
    columns = list(zip(*found, strict=True)) or [()] * 4
    return Moves(
        np.array(columns[0], np.int64), np.array(columns[1], np.int64), np.array(columns[2]), np.array(columns[3])
    )


def _offers(shelves: Shelves, km: Callable, allowed: Callable, fixed_cost: float) -> Iterator[tuple]:
    """For each taker its best givers, as (-gain, ids for ties, rows, gain of a unit)."""
    takers = np.flatnonzero(np.floor(shelves.need + 1e-9) >= 1)
    givers = np.flatnonzero(np.floor(shelves.excess + 1e-9) >= 1)
    givers = givers[np.argsort(shelves.product[givers], kind="stable")]
    begin = np.searchsorted(shelves.product[givers], shelves.product[takers], "left")
    end = np.searchsorted(shelves.product[givers], shelves.product[takers], "right")
    for taker, first, last in zip(takers.tolist(), begin.tolist(), end.tolist(), strict=True):
        if first < last:
            yield from _offers_to(taker, givers[first:last], shelves, km, allowed, fixed_cost)


def _offers_to(
    taker: int, givers: Rows, shelves: Shelves, km: Callable, allowed: Callable, fixed_cost: float
) -> Iterator[tuple]:
    here, there = shelves.warehouse[taker], shelves.warehouse[givers]
    distance = km(there, here)
    usable = allowed(there, here) & (there != here) & ~np.isnan(distance)
    distance = np.where(usable, distance, 0.0)
    days = move_days(distance)
    last = shelves.value.shape[1] - 1
    value = np.where(days <= last, shelves.value[taker, np.minimum(days, last)], 0.0)
    unit_gain = value - shelves.cost_km[taker] * distance
    quantity = np.minimum(np.floor(shelves.need[taker] + 1e-9), np.floor(shelves.excess[givers] + 1e-9))
    gain = np.where(usable, unit_gain * quantity - fixed_cost, -1.0)
    best = np.lexsort((there, -gain))[:NEAREST]
    for place in best[gain[best] > 0].tolist():
        yield (-gain[place], int(here), int(there[place]), taker, int(givers[place]), float(unit_gain[place]))
