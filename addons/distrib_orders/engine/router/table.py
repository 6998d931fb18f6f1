"""The cost of every parcel that an order could be made of.

Orders with the same number of lines k are one group. A parcel is a set of the order's lines (a mask of k bits, from 1
to 2^k - 1) and a location; the group's costs are one array (orders of the group, 2^k - 1, M), infinite where a
location may not serve one of the lines. With the usual one to three lines that is small; orders of more than
EXACT_LINES lines are wide and have no table (see :mod:`.wide`).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .costs import billed_kg
from .instance import Floats, Instance, Ints

EXACT_LINES = 5


@dataclass(frozen=True)
class Group:
    """``orders`` (G), ``lines`` (G, k), ``cost`` (G, 2^k - 1, M) with the split cost of every parcel in it."""

    size: int
    orders: Ints
    lines: Ints
    cost: Floats


@dataclass(frozen=True)
class Prices:
    """What the pool would pay for one more: ``stock`` (M, S) a unit, ``capacity`` (M) a parcel. Never negative."""

    stock: Floats
    capacity: Floats

    @classmethod
    def none(cls, instance: Instance) -> "Prices":
        """All zero: every order for itself."""
        return cls(np.zeros_like(instance.stock), np.zeros(instance.locations))


@lru_cache
def masks(size: int) -> Floats:
    """(2^k - 1, k): which lines are in each mask.

    >>> masks(2).tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    return ((np.arange(1, 2**size)[:, None] >> np.arange(size)[None, :]) & 1).astype(np.float64)


def build(instance: Instance, only: Ints | None = None) -> list[Group]:
    """The groups of all orders that are not wide, or of ``only`` some; by number of lines."""
    chosen = np.arange(instance.orders) if only is None else only
    count = instance.start[chosen + 1] - instance.start[chosen]
    groups = []
    for size in range(1, EXACT_LINES + 1):
        orders = chosen[count == size]
        if len(orders):
            lines = instance.start[orders][:, None] + np.arange(size)[None, :]
            groups.append(Group(size, orders, lines, _costs(instance, orders, lines)))
    return groups


def wide(instance: Instance) -> Ints:
    """The orders with too many lines for a table."""
    return np.flatnonzero(np.diff(instance.start) > EXACT_LINES)


def _costs(instance: Instance, orders: Ints, lines: Ints) -> Floats:
    sets, lanes = masks(lines.shape[1]), instance.lanes
    billed = billed_kg(instance.weight[lines] @ sets.T, lanes)
    units = instance.quantity[lines] @ sets.T
    fixed = lanes.first[orders] + lanes.late[orders] + instance.parcel_handling + instance.split[orders][:, None]
    cost = lanes.per_kg[orders][:, None, :] * billed[:, :, None]
    cost += instance.unit_handling * units[:, :, None]
    cost += fixed[:, None, :]
    unable = ~instance.usable(lines.ravel()).reshape(*lines.shape, instance.locations)
    cost[np.matmul(sets, unable.astype(np.float64)) > 0] = np.inf
    return np.nan_to_num(cost, copy=False, nan=np.inf, posinf=np.inf)


def priced(instance: Instance, group: Group, prices: Prices) -> Floats:
    """(G, 2^k - 1, M): the group's costs and what the stock and the capacity they use are worth to the others."""
    worth = prices.stock.T[instance.sku[group.lines]] * instance.quantity[group.lines][:, :, None]
    total = np.matmul(masks(group.size), worth)
    total += group.cost
    total += prices.capacity
    return total
