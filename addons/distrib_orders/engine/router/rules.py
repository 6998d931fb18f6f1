"""The shop's own rules: what every plan starts from and is measured against."""

from collections.abc import Callable

import numpy as np

from .costs import plan_cost
from .instance import UNFILLED, Instance, Plan


class Ledger:
    """What is left while orders are decided one after another.

    Plain lists: reading one number of a list takes a tenth of the time that an array needs. ``stock[s][m]`` units,
    ``capacity[m]`` parcels.
    """

    __slots__ = ("_shares", "_used", "capacity", "stock")

    def __init__(self, instance: Instance):
        self._shares = {sku: (share, index) for share in instance.shared for index, sku in enumerate(share.skus)}
        self._used: dict[tuple[int, int], list[float]] = {}
        # The margin lets 0.1 + 0.2 be taken from 0.3.
        self.stock: list[list[float]] = (instance.stock.T + 1e-9).tolist()
        self.capacity: list[float] = np.floor(instance.capacity + 1e-9).tolist()

    def take(self, skus: list[int], quantities: list[float], places: list[int], sign: int = 1) -> None:
        """Book an order (one place a line, UNFILLED where none), or give it back with ``sign`` -1."""
        for sku, quantity, place in zip(skus, quantities, places, strict=True):
            if place >= 0:
                self._move(sku, place, sign * quantity)
        for place in set(places):
            if place >= 0:
                self.capacity[place] -= sign

    def _move(self, sku: int, place: int, quantity: float) -> None:
        if sku not in self._shares:
            self.stock[sku][place] -= quantity
            return
        share, index = self._shares[sku]
        used = self._used.setdefault((share.skus[0], place), [0.0] * len(share.skus))
        used[index] += quantity
        for other, seen in zip(share.skus, share.views(place, used)[0], strict=True):
            self.stock[other][place] = seen + 1e-9


def nearest_whole(instance: Instance) -> Plan:
    """In order of arrival: the nearest location that has the whole order, else each line from its nearest."""
    return _run(instance, _whole_then_lines)


def nearest_line(instance: Instance) -> Plan:
    """In order of arrival: each line from the nearest location that has it."""
    return _run(instance, _line_by_line)


RULES: dict[str, Callable[[Instance], Plan]] = {"nearest_whole": nearest_whole, "nearest_line": nearest_line}


def _run(instance: Instance, decide: Callable[..., list[int]]) -> Plan:
    ledger = Ledger(instance)
    ranked = np.argsort(np.nan_to_num(instance.near, nan=np.inf), axis=1, kind="stable").tolist()
    usable = instance.usable().tolist()
    start, sku, quantity = instance.start.tolist(), instance.sku.tolist(), instance.quantity.tolist()
    location: list[int] = []
    most = instance.parcels.tolist()
    for order, near in enumerate(ranked):
        first, last = start[order], start[order + 1]
        skus, quantities = sku[first:last], quantity[first:last]
        places = fewest(decide(ledger, near, usable[first:last], skus, quantities), most[order])
        ledger.take(skus, quantities, places)
        location += places
    found = np.array(location, dtype=np.int64)
    return Plan(found, plan_cost(instance, found))


def fewest(places: list[int], most: int) -> list[int]:
    """Leave the lines of the smallest parcels where there are more parcels than the order may have.

    >>> fewest([4, 2, 4, -1], 1)
    [4, -1, 4, -1]
    """
    made = {place for place in places if place >= 0}
    if len(made) <= most:
        return places
    kept = set(sorted(made, key=lambda place: (-places.count(place), places.index(place)))[: max(most, 0)])
    return [place if place in kept else UNFILLED for place in places]


def _whole_then_lines(ledger: Ledger, near: list[int], able: list, skus: list, quantities: list) -> list[int]:
    for place in near:
        if ledger.capacity[place] >= 1 and all(
            row[place] and ledger.stock[sku][place] >= quantity
            for row, sku, quantity in zip(able, skus, quantities, strict=True)
        ):
            return [place] * len(skus)
    return _line_by_line(ledger, near, able, skus, quantities)


def _line_by_line(ledger: Ledger, near: list[int], able: list, skus: list, quantities: list) -> list[int]:
    places: list[int] = []
    for row, sku, quantity in zip(able, skus, quantities, strict=True):
        left = ledger.stock[sku]
        for place in near:
            # A location that already packs a parcel for this order needs no further one.
            if row[place] and left[place] >= quantity and (ledger.capacity[place] >= 1 or place in places):
                places.append(place)
                break
        else:
            places.append(UNFILLED)
    return places
