"""Orders with too many lines for an exact table: a good plan by opening locations, and a weaker, still proven, bound.

The lines of such an order go to the cheapest of a small set of locations; the set grows, shrinks or swaps one
location as long as that saves (the classical heuristic for the fixed-charge problem, Kuehn and Hamburger 1963).
"""

import numpy as np

from .costs import billed_kg
from .instance import UNFILLED, Floats, Instance, Ints
from .table import Prices, wide

ROUNDS = 12


def best_wide(instance: Instance, order: int, stock: Floats, capacity: Floats, prices: Prices) -> tuple[Ints, float]:
    """The location of each line of a wide order and its cost with prices; ``stock`` (M, S), ``capacity`` (M): left."""
    lines = np.arange(instance.start[order], instance.start[order + 1])
    each = _line_costs(instance, order, lines, prices)
    able = instance.usable(lines) & (stock.T[instance.sku[lines]] >= instance.quantity[lines][:, None] - 1e-9)
    able &= (capacity >= 1)[None, :]
    each = np.where(able, each, np.inf)
    fixed = _fixed(instance, order) + prices.capacity
    best, value = frozenset(), float(instance.unfilled[lines].sum())
    for _ in range(ROUNDS):
        tried = [(_value(instance, order, lines, each, fixed, way), way) for way in _moves(best, each)]
        if not tried:
            break
        total, way = min(tried, key=lambda pair: pair[0])
        if total >= value - 1e-9:
            break
        best, value = way, total
    return _assign(instance, lines, each, best), value


def relaxed_wide(instance: Instance, prices: Prices, location: Ints) -> float:
    """A lower bound on the cost of all wide orders at the prices; writes what it would use into ``location``.

    Each line at its cheapest as if the order's fees were paid already, and the order's cheapest fee once: no plan
    can be cheaper, since a parcel's freight grows by no more than its kilogram fees.
    """
    total = 0.0
    for order in wide(instance):
        lines = np.arange(instance.start[order], instance.start[order + 1])
        each = np.where(instance.usable(lines), _line_costs(instance, order, lines, prices, credit=True), np.inf)
        cheap, leave = each.min(axis=1), instance.unfilled[lines]
        fixed = float(np.nanmin(np.where(np.isfinite(_fixed(instance, order)), _fixed(instance, order), np.inf)))
        ship = float(np.minimum(cheap, leave).sum()) + fixed
        total += min(ship, float(leave.sum()))
        if ship < leave.sum():
            location[lines] = np.where(cheap < leave, each.argmin(axis=1), UNFILLED)
    return total


def _fixed(instance: Instance, order: int) -> Floats:
    """(M): what the first parcel from a location costs before its kilograms."""
    lanes = instance.lanes
    return lanes.first[order] + lanes.late[order] + instance.parcel_handling


def _line_costs(instance: Instance, order: int, lines: Ints, prices: Prices, credit: bool = False) -> Floats:
    """(k, M): kilograms, handling and price of the stock of each line; with ``credit`` the kilograms are free."""
    kg = 0.0 if credit else instance.weight[lines]
    units = instance.quantity[lines][:, None]
    each = units * (instance.unit_handling[None, :] + prices.stock.T[instance.sku[lines]])
    return each + np.multiply.outer(kg * np.ones(len(lines)), np.nan_to_num(instance.lanes.per_kg[order], nan=0.0))


def _moves(best: frozenset[int], each: Floats) -> list[frozenset[int]]:
    """One location more, one less, or one for another."""
    useful = [int(m) for m in np.flatnonzero(np.isfinite(each).any(axis=0)) if m not in best]
    more = [best | {m} for m in useful]
    less = [best - {m} for m in best]
    return more + less + [(best - {out}) | {m} for out in best for m in useful]


def _assign(instance: Instance, lines: Ints, each: Floats, way: frozenset[int]) -> Ints:
    if not way:
        return np.full(len(lines), UNFILLED)
    places = np.array(sorted(way))
    part = each[:, places]
    cheap = part.min(axis=1)
    return np.where(cheap < instance.unfilled[lines], places[part.argmin(axis=1)], UNFILLED)


def _value(instance: Instance, order: int, lines: Ints, each: Floats, fixed: Floats, way: frozenset[int]) -> float:
    """The cost of the order's best plan from a set of locations, with prices."""
    found = _assign(instance, lines, each, way)
    served = found != UNFILLED
    total = float(instance.unfilled[lines][~served].sum())
    used = np.unique(found[served])
    total += float(each[np.arange(len(lines))[served], found[served]].sum()) + float(fixed[used].sum())
    total += max(len(used) - 1, 0) * float(instance.split[order])
    for place in used:  # the kilograms that the first fee includes were charged by line
        weight = float(instance.weight[lines][found == place].sum())
        total += float(instance.lanes.per_kg[order, place]) * (float(billed_kg(weight, instance.lanes)) - weight)
    return total
