"""What to order, for all pairs of product and warehouse of a company and all levels of its network in one pass.

Children come first: what a shop wishes is demand of the warehouse that supplies it, whether it can be given today or
not, so it is taken off that one's stock position before its own wish is made. A supplying warehouse keeps back what its
own customers need (the part of its reorder point that is not the demand of the warehouses it supplies) and shares the
rest; what goods cannot be had above is looked for beside (`proposal_lateral`), and then everything is netted again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .proposal_share import fair_shares

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
Rounding = Callable[[Rows, Numbers], Numbers]


@dataclass(frozen=True)
class Pairs:
    """``n`` pairs of product and warehouse, quantities in the product's unit, times in days.

    ``depth``: 0 for a warehouse that none supplies, one more for each level below. ``buys``: no warehouse supplies it.
    ``parent``: row of the same product where it is supplied, -1 when that has no policy. ``available``: what may be
    promised (neither reserved, allocated nor held). ``position``: available, what is on the way and asked for, less
    what is owed. ``step``: multiples of transfers.
    """

    warehouse: Rows
    product: Rows
    depth: Rows
    buys: NDArray[np.bool_]
    parent: Rows
    available: Numbers
    position: Numbers
    mean: Numbers
    reorder_point: Numbers
    order_up_to: Numbers
    step: Numbers


@dataclass(frozen=True)
class Plan:
    """For ``n`` pairs, in units: ``wanted`` by the policy, ``given`` by supplier or supplying warehouse, ``asked`` of
    it by those it supplies, ``spared`` for them."""

    wanted: Numbers
    given: Numbers
    asked: Numbers
    spared: Numbers


def stock_position(
    available: Numbers, incoming: Numbers, asked_for: Numbers, outgoing: Numbers, reserved: Numbers
) -> Numbers:
    """Return what there is for future demand: available (allocations and held goods are off already), on the way and
    asked of suppliers, less what is promised beyond what is reserved.

    >>> stock_position(*(np.array([value]) for value in (5.0, 3.0, 2.0, 6.0, 4.0))).tolist()
    [8.0]
    """
    return available + incoming + asked_for - np.maximum(outgoing - reserved, 0.0)


def own_reserve(pairs: Pairs) -> Numbers:
    """Return (n,) units that a warehouse keeps for its own customers: the part of the reorder point that the demand of
    those it supplies does not explain. Dealers, who order for themselves, are customers."""
    below = np.zeros(len(pairs.mean))
    fed = pairs.parent >= 0
    np.add.at(below, pairs.parent[fed], pairs.mean[fed])
    share = np.divide(below, pairs.mean, out=np.zeros_like(below), where=pairs.mean > 0)
    feeds = np.bincount(pairs.parent[fed], minlength=len(below)) > 0
    return np.where(feeds, np.clip(1 - share, 0.0, 1.0), 1.0) * pairs.reorder_point


def make_plan(pairs: Pairs, rounding: Rounding) -> Plan:
    """Return what each pair wants and gets.

    :param rounding: (rows, units) -> units, for example whole packs and minimum quantities of suppliers; not below 0
    """
    count = len(pairs.mean)
    position, asked = pairs.position.astype(np.float64), np.zeros(count)
    wanted, given = np.zeros(count), np.zeros(count)
    spared = np.maximum(pairs.available - own_reserve(pairs), 0.0)
    for depth in np.unique(pairs.depth)[::-1]:
        rows = np.flatnonzero(pairs.depth == depth)
        missing = np.maximum(pairs.order_up_to[rows] - position[rows], 0.0)
        wish = np.where((position[rows] <= pairs.reorder_point[rows]) & (missing > 0), missing, 0.0)
        wanted[rows] = np.where(wish > 0, rounding(rows, wish), 0.0)
        buyers = rows[pairs.buys[rows]]
        given[buyers] = wanted[buyers]
        fed = rows[~pairs.buys[rows] & (pairs.parent[rows] >= 0) & (wanted[rows] > 0)]
        given[fed] = _shares(pairs, fed, wanted, spared)
        np.add.at(asked, pairs.parent[fed], wanted[fed])
        np.subtract.at(position, pairs.parent[fed], wanted[fed])
    return Plan(wanted, given, asked, spared)


def _shares(pairs: Pairs, rows: Rows, wanted: Numbers, spared: Numbers) -> Numbers:
    sources, group = np.unique(pairs.parent[rows], return_inverse=True)
    return fair_shares(
        wanted[rows],
        pairs.position[rows],
        pairs.mean[rows],
        group,
        spared[sources],
        pairs.step[rows],
        pairs.warehouse[rows],
    )


def excess(pairs: Pairs, plan: Plan, horizon: float) -> Numbers:
    """Return (n,) units that a pair can part with: available beyond what it will need within ``horizon`` days, its
    order-up-to level at least, and what it gives to those it supplies."""
    keep = np.maximum(pairs.order_up_to, pairs.mean * horizon)
    given = np.zeros(len(keep))
    fed = (pairs.parent >= 0) & ~pairs.buys
    np.add.at(given, pairs.parent[fed], plan.given[fed])
    # goods that are still owed to others are not there to be given away
    spare = np.minimum(pairs.available, pairs.position)
    return np.where(plan.wanted > 0, 0.0, np.maximum(spare - given - keep, 0.0))


def with_moves(pairs: Pairs, giver: Rows, taker: Rows, quantity: Numbers) -> Pairs:
    """Return the pairs as they stand once goods were sent from ``giver`` to ``taker`` rows."""
    available, position = pairs.available.astype(np.float64), pairs.position.astype(np.float64)
    np.subtract.at(available, giver, quantity)
    np.subtract.at(position, giver, quantity)
    np.add.at(position, taker, quantity)
    return replace(pairs, available=available, position=position)


def waiting_days(pairs: Pairs, plan: Plan, lead: Numbers) -> Numbers:
    """Return (n,) days until regular goods come: the lead time, and that of those above as far up as nobody can give
    what is wanted.

    ``lead`` (n,) days from order to arrival at each pair. A pair whose source has no policy waits its own lead only.
    """
    wait = np.asarray(lead, np.float64).copy()
    for depth in np.unique(pairs.depth):
        rows = np.flatnonzero((pairs.depth == depth) & ~pairs.buys & (pairs.parent >= 0))
        short = rows[plan.given[rows] < plan.wanted[rows]]
        wait[short] += wait[pairs.parent[short]]
    return wait
