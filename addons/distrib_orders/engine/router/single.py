"""The best plan for one order, splits included, given what is left.

For each set of the order's lines the locations stand in a list, cheapest first, so the best parcel for a set is the
first location on its list that still has the stock and the capacity. The best partition of the lines into parcels
then is a dynamic program over sets: exact, for orders of up to EXACT_LINES lines. Parcels of one order never gain by
leaving one location apart (the first fee covers what it includes), so the best locations of disjoint sets differ or
the two sets are cheaper as one. How prices turn this into good decisions on the fly: Acimovic and Graves 2015.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .instance import UNFILLED, Instance
from .rules import Ledger, fewest
from .table import EXACT_LINES, Group, Prices, build, priced
from .wide import best_wide

Parcel = tuple[float, int]  # cost with prices, location


class Entry(NamedTuple):
    """What is known of an order beforehand. ``sets[mask - 1]``: parcels, cheapest first; ``split`` per parcel."""

    skus: list[int]
    quantities: list[float]
    leave: list[float]
    sets: list[list[Parcel]]
    split: float
    most: int = EXACT_LINES


class Menu:
    """Every order's parcels in the order of their cost at given prices; ``entries[o]`` is None for a wide order."""

    def __init__(self, instance: Instance, groups: list[Group], prices: Prices):
        self.instance, self.prices = instance, prices
        self.entries: list[Entry | None] = [None] * instance.orders
        for group in groups:
            self._fill(group)

    def _fill(self, group: Group) -> None:
        instance = self.instance
        cost = priced(instance, group, self.prices)
        rank = np.argsort(cost, axis=2, kind="stable")  # of equals the first location, on every machine
        costs = np.take_along_axis(cost, rank, axis=2).tolist()
        places, able = rank.tolist(), np.isfinite(cost).sum(axis=2).tolist()
        rows = zip(
            group.orders.tolist(), instance.sku[group.lines].tolist(), instance.quantity[group.lines].tolist(),
            instance.unfilled[group.lines].tolist(), instance.split[group.orders].tolist(),
            instance.parcels[group.orders].tolist(), costs, places, able, strict=True,
        )  # fmt: skip
        for order, skus, quantities, leave, split, most, prices, locations, counts in rows:
            sets = [list(zip(p[:n], m[:n], strict=True)) for p, m, n in zip(prices, locations, counts, strict=True)]
            self.entries[order] = Entry(skus, quantities, leave, sets, split, most)

    def decide(self, order: int, ledger: Ledger) -> tuple[float, list[int]]:
        """(cost with prices, location of each line) of the order's best plan; takes nothing."""
        entry = self.entries[order]
        if entry is None:
            return self._decide_wide(order, ledger)
        return decide(entry, ledger)

    def _decide_wide(self, order: int, ledger: Ledger) -> tuple[float, list[int]]:
        stock = np.array(ledger.stock).T
        capacity = np.array(ledger.capacity)
        places, value = best_wide(self.instance, order, stock, capacity, self.prices)
        most = int(self.instance.parcels[order])
        if len(set(places.tolist()) - {UNFILLED}) > most:
            # Only the locations that take the most lines stay open.
            kept = [place for place in fewest(places.tolist(), most) if place >= 0]
            capacity[np.setdiff1d(np.arange(len(capacity)), kept)] = 0
            places, value = best_wide(self.instance, order, stock, capacity, self.prices)
        return value, places.tolist()


def decide(entry: Entry, ledger: Ledger) -> tuple[float, list[int]]:
    """(cost with prices, location of each line) of the best plan of an order that has a table."""
    if entry.most < len(entry.skus):
        return _decide_limited(entry, ledger)
    if len(entry.skus) == 1:
        cost, place = _first_one(entry.sets[0], ledger.stock[entry.skus[0]], entry.quantities[0], ledger.capacity)
        return (cost - entry.split, [place]) if cost - entry.split < entry.leave[0] else (entry.leave[0], [UNFILLED])
    if len(entry.skus) == 2:
        return _decide_two(entry, ledger)
    return _decide_many(entry, ledger)


def decide_one(instance: Instance, order: int, ledger: Ledger, prices: Prices) -> tuple[float, list[int]]:
    """As :meth:`Menu.decide` for an order that comes alone: its parcels are costed first."""
    groups = build(instance, np.array([order]))
    menu = Menu.__new__(Menu)
    menu.instance, menu.prices, menu.entries = instance, prices, {order: None}
    for group in groups:
        menu._fill(group)
    return menu.decide(order, ledger)


def in_turn(menu: Menu, sequence: list[int] | None = None) -> list[list[int]]:
    """The location of each line of each order, decided one after another in ``sequence`` (of arrival)."""
    ledger = Ledger(menu.instance)
    plans: list[list[int]] = [[]] * menu.instance.orders
    start, sku, quantity = menu.instance.start.tolist(), menu.instance.sku.tolist(), menu.instance.quantity.tolist()
    bounds = list(pairwise(start))
    for order in range(menu.instance.orders) if sequence is None else sequence:
        first, last = bounds[order]
        plans[order] = menu.decide(order, ledger)[1]
        ledger.take(sku[first:last], quantity[first:last], plans[order])
    return plans


def _first_one(parcels: list[Parcel], left: list[float], quantity: float, capacity: list[float]) -> Parcel:
    for parcel in parcels:
        place = parcel[1]
        if left[place] >= quantity and capacity[place] >= 1:
            return parcel
    return NOTHING


NOTHING: Parcel = (float("inf"), UNFILLED)


def _decide_two(entry: Entry, ledger: Ledger) -> tuple[float, list[int]]:
    """The five plans of two lines: together, apart, one of them only, neither."""
    capacity, split = ledger.capacity, entry.split
    (left_a, left_b), (need_a, need_b) = (ledger.stock[sku] for sku in entry.skus), entry.quantities
    cost_a, place_a = _first_one(entry.sets[0], left_a, need_a, capacity)
    cost_b, place_b = _first_one(entry.sets[1], left_b, need_b, capacity)
    best, plan = cost_a + cost_b - split, [place_a, place_b]
    for cost, place in entry.sets[2]:
        if cost - split > best:
            break
        if left_a[place] >= need_a and left_b[place] >= need_b and capacity[place] >= 1:
            best, plan = cost - split, [place, place]
            break
    leave_a, leave_b = entry.leave
    if cost_a > leave_a or cost_b > leave_b:
        for cost, other in (
            (leave_a + cost_b - split, [UNFILLED, place_b]),
            (cost_a + leave_b - split, [place_a, UNFILLED]),
            (leave_a + leave_b, [UNFILLED, UNFILLED]),
        ):
            if cost < best:
                best, plan = cost, other
    return best, plan


def _parts(mask: int) -> list[int]:
    low = mask & -mask
    return [part for part in range(1, mask + 1) if part & low and part & mask == part]


PARTS = [_parts(mask) if mask else [] for mask in range(32)]


def _decide_many(entry: Entry, ledger: Ledger) -> tuple[float, list[int]]:
    """The dynamic program: ``value[mask]`` is the best way to ship the lines of mask."""
    capacity, count = ledger.capacity, len(entry.skus)
    needs = [(ledger.stock[sku], quantity) for sku, quantity in zip(entry.skus, entry.quantities, strict=True)]
    found = [NOTHING]
    for mask, parcels in enumerate(entry.sets, 1):
        within = [need for bit, need in enumerate(needs) if mask >> bit & 1]
        found.append(_first_all(parcels, within, capacity))
    value, cut = [0.0], [0]
    for mask in range(1, len(found)):
        best, part = min([(found[part][0] + value[mask ^ part], part) for part in PARTS[mask]])
        value.append(best)
        cut.append(part)
    shipped, best = len(found) - 1, value[-1] - entry.split
    if any(found[1 << bit][0] > leave for bit, leave in enumerate(entry.leave)):
        shipped, best = _shipped(value, entry)
    plan = [UNFILLED] * count
    while shipped:
        part = cut[shipped]
        for bit in range(count):
            if part >> bit & 1:
                plan[bit] = found[part][1]
        shipped ^= part
    return best, plan


def _decide_limited(entry: Entry, ledger: Ledger) -> tuple[float, list[int]]:
    """As :func:`_decide_many` with at most ``entry.most`` parcels: the value of a set by number of parcels."""
    needs = [(ledger.stock[sku], quantity) for sku, quantity in zip(entry.skus, entry.quantities, strict=True)]
    found = [NOTHING]
    for mask, parcels in enumerate(entry.sets, 1):
        within = [need for bit, need in enumerate(needs) if mask >> bit & 1]
        found.append(_first_all(parcels, within, ledger.capacity))
    layers: list[list[tuple[float, tuple[int, ...]]]] = [[(0.0, ())] + [(float("inf"), ())] * (len(found) - 1)]
    for _ in range(max(entry.most, 0)):
        last, layer = layers[-1], [layers[0][0]]
        for mask in range(1, len(found)):
            ways = [(found[part][0] + last[mask ^ part][0], (part, *last[mask ^ part][1])) for part in PARTS[mask]]
            layer.append(min([last[mask], *ways], key=lambda way: way[0]))
        layers.append(layer)
    mask, cost = _shipped([value for value, _ in layers[-1]], entry)
    plan = [UNFILLED] * len(entry.skus)
    for part in layers[-1][mask][1]:
        for bit in range(len(plan)):
            if part >> bit & 1:
                plan[bit] = found[part][1]
    return cost, plan


def _first_all(parcels: list[Parcel], needs: list[tuple[list[float], float]], capacity: list[float]) -> Parcel:
    for parcel in parcels:
        place = parcel[1]
        if capacity[place] >= 1:
            for left, quantity in needs:
                if left[place] < quantity:
                    break
            else:
                return parcel
    return NOTHING


def _shipped(value: list[float], entry: Entry) -> tuple[int, float]:
    """Which lines to ship, when leaving one may be cheaper, and the value of the plan."""
    plans = []
    for mask in range(len(value)):
        left = sum(leave for bit, leave in enumerate(entry.leave) if not mask >> bit & 1)
        plans.append((left + (value[mask] - entry.split if mask else 0.0), mask))
    best, mask = min(plans)
    return mask, best
