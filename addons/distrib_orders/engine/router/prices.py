"""Shadow prices: what one more unit of an article at a location, or one more parcel there, is worth to the pool.

Stock and capacity tie the orders together. With a price on each unit and each parcel they fall apart: every order takes
the plan that is cheapest to it, prices included (Lagrangian relaxation). The prices are moved along the subgradient
"used minus there", deflected by earlier steps (Camerini, Fratta and Maffioli 1975), with the step of Polyak
(1969), until no order can gain by what another one needs more. That prices, rather than rules, should guard scarce
stock: Acimovic and Graves 2015 ("Making better fulfillment decisions on the fly"), Jasin and Sinha 2015.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .instance import UNFILLED, Floats, Instance, Ints
from .rules import nearest_whole
from .table import Group, Prices, build, priced
from .wide import relaxed_wide

DEFLECTION = 0.7
PATIENCE = 8
GUARD = 0.1


@dataclass(frozen=True)
class Relaxed:
    """Every order's best plan at given prices. ``value`` is a proven lower bound on the cost of any plan."""

    value: float
    location: Ints = field(repr=False)


def relax(instance: Instance, groups: list[Group], prices: Prices) -> Relaxed:
    """Each order for itself at the prices; the bound is weak duality: their sum less the value of all that is there."""
    location = np.full(instance.lines, UNFILLED)
    total = -float((prices.stock * instance.stock).sum() + (prices.capacity * np.floor(instance.capacity)).sum())
    for group in groups:
        values, places = cheapest(instance, group, priced(instance, group, prices))
        total += float(values.sum())
        location[group.lines] = places
    return Relaxed(total + relaxed_wide(instance, prices, location), location)


def cheapest(instance: Instance, group: Group, cost: Floats) -> tuple[Floats, Ints]:
    """Best plan of each order of a group when every parcel costs ``cost`` (G, 2^k - 1, M).

    The exact optimum over all partitions of the lines into parcels, and over which lines stay unfilled, by dynamic
    programming over masks. Returns (G) and (G, k).
    """
    value, place = _shipped(group, cost)
    return _with_unfilled(instance, group, value, place)


def _shipped(group: Group, cost: Floats) -> tuple[Floats, Ints]:
    """Best way to ship each set of lines, every parcel with its split cost: (2^k, G) and (2^k, G, k)."""
    best, where = cost.min(axis=2), cost.argmin(axis=2)
    full = 2**group.size
    value = np.full((full, len(best)), np.inf)
    value[0] = 0.0
    place = np.full((full, len(best), group.size), UNFILLED)
    for mask in range(1, full):
        for part in _parts(mask):
            _better(value, place, mask, part, best[:, part - 1], where[:, part - 1], value[mask ^ part])
    return value, place


def partitions(instance: Instance, group: Group, cost: Floats) -> Floats:
    """(2^k, G): the best value of each set of lines, shipped or not, every parcel with its split cost."""
    value, _ = _shipped(group, cost)
    for mask in range(1, len(value)):
        for line in range(group.size):
            if mask >> line & 1:
                left = value[mask ^ (1 << line)] + instance.unfilled[group.lines[:, line]]
                value[mask] = np.minimum(value[mask], left)
    return value


def _parts(mask: int) -> list[int]:
    """The sets within a mask that hold its lowest line.

    >>> _parts(0b101)
    [5, 1]
    """
    low, found, part = mask & -mask, [], mask
    while part:
        if part & low:
            found.append(part)
        part = (part - 1) & mask
    return found


def _better(value: Floats, place: Ints, mask: int, part: int, best: Floats, where: Ints, rest: Floats) -> None:
    total = best + rest
    rows = np.flatnonzero(total < value[mask])
    if len(rows):
        value[mask, rows] = total[rows]
        place[mask, rows] = place[mask ^ part, rows]
        for line in range(place.shape[2]):
            if part >> line & 1:
                place[mask, rows, line] = where[rows]


def _with_unfilled(instance: Instance, group: Group, value: Floats, place: Ints) -> tuple[Floats, Ints]:
    """Leave out lines where that is cheaper. Every parcel was charged a split; the first one of an order is free."""
    full = value.shape[0] - 1
    split, leave = instance.split[group.orders], instance.unfilled[group.lines]
    best, chosen = value[full] - split, np.full(value.shape[1], full)
    for shipped in range(full):
        left = sum(leave[:, line] for line in range(group.size) if not shipped >> line & 1)
        total = left + (value[shipped] - split if shipped else 0.0)
        rows = total < best
        best, chosen = np.where(rows, total, best), np.where(rows, shipped, chosen)
    return best, place[chosen, np.arange(len(chosen))]


def excess(instance: Instance, location: Ints) -> tuple[Floats, Floats]:
    """How much more a set of plans uses than there is: (M, S) units and (M) parcels, negative where some is left."""
    served = np.flatnonzero(location != UNFILLED)
    places, skus = location[served], instance.stock.shape[1]
    flat = np.bincount(places * skus + instance.sku[served], instance.quantity[served], instance.stock.size)
    keys = np.unique(instance.order_of[served] * instance.locations + places)
    made = np.bincount(keys % instance.locations, minlength=instance.locations)
    return flat.reshape(instance.stock.shape) - instance.stock, made - np.floor(instance.capacity)


def subgradient(
    instance: Instance, groups: list[Group], upper: float, rounds: int = 120,
    start: Prices | None = None, stop: Callable[[], bool] | None = None,
) -> tuple[Prices, Relaxed]:  # fmt: skip
    """The prices with the best bound found in ``rounds`` steps, and that bound.

    ``upper`` is the cost of any plan known: it scales the steps. ``stop`` may end it early.
    """
    prices = start or Prices.none(instance)
    best_prices, best, scale, idle = prices, None, 1.0, 0
    way = (np.zeros_like(prices.stock), np.zeros_like(prices.capacity))
    for _ in range(rounds):
        now = relax(instance, groups, prices)
        if best is None or now.value > best.value + 1e-6 * abs(best.value):
            best_prices, best, idle = prices, now, 0
        else:
            idle += 1
        if idle >= PATIENCE:
            prices, scale, idle = best_prices, scale / 2, 0
        if scale < 0.01 or (stop and stop()):
            break
        way = _deflect(way, excess(instance, now.location), prices)
        prices = _step(prices, way, scale * max(upper - now.value, 1e-6 * abs(upper)))
    return best_prices, best


def ahead(instance: Instance, days: Sequence[Instance], rounds: int = 80) -> Prices:
    """What the orders still to come would pay for the stock and the capacity that are there now: the mean of ``days``.

    Each of ``days`` holds orders as they may come until the next receipt, drawn from a forecast or from the past, at
    the same locations and for the same articles; its own stock is not used. With these prices an order that comes alone
    (:func:`.single.decide_one`) leaves scarce stock to those who will need it more. One day's prices fit that day too
    well: several are needed, and no unit is guarded by more than a tenth of what it costs not to deliver it.
    """
    found = []
    for day in days:
        pool = replace(day, stock=instance.stock, capacity=instance.capacity)
        found.append(subgradient(pool, build(pool), nearest_whole(pool).cost, rounds)[0])
    lines = np.concatenate([day.unfilled / day.quantity for day in days])
    stock = np.mean([prices.stock for prices in found], axis=0)
    capacity = np.mean([prices.capacity for prices in found], axis=0)
    return Prices(np.minimum(stock, GUARD * lines.mean()), capacity)


def _deflect(way: tuple[Floats, Floats], over: tuple[Floats, Floats], prices: Prices) -> tuple[Floats, Floats]:
    """The subgradient and some of the way so far; where the price is zero and something is left, it stays zero."""
    held = (prices.stock, prices.capacity)
    found = [np.where((p <= 0) & (o < 0), 0.0, o + DEFLECTION * w) for w, o, p in zip(way, over, held, strict=True)]
    return found[0], found[1]


def _step(prices: Prices, way: tuple[Floats, Floats], gap: float) -> Prices:
    length = float((way[0] ** 2).sum() + (way[1] ** 2).sum())
    if length <= 0:
        return prices
    step = gap / length
    return Prices(np.maximum(prices.stock + step * way[0], 0), np.maximum(prices.capacity + step * way[1], 0))
