"""The input of the router as frozen arrays, and a plan.

Letters in shapes: O orders, L lines, M locations, S articles. Money is in one currency, weight in kilograms, quantities
in the article's own unit. Locations, articles, orders and lines are named by their index.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNFILLED = -1  # in a plan: the line has no location
FREE = -1  # in pins: the line may go anywhere
CONFLICT = -2  # in pins: the line was pinned to two locations at once

# Why a location is out, for an order as a whole. Zero means that it may be used; the caller may add codes of its own
# behind these, the engine only hands them back.
BARRED = (
    "", "banned", "rule", "cold_chain", "dangerous", "closed", "no_lane", "margin", "not_candidate", "pair", "cut_off",
)  # fmt: skip


@dataclass(frozen=True)
class Lanes:
    """What carrying costs from each location to each order's address.

    ``first`` (O, M): fee of a parcel up to ``included_kg``; NaN where there is no lane. ``per_kg`` (O, M): fee of each
    kilogram above it, billed in steps of ``step_kg`` (0: to the gram). ``late`` (O, M): what it costs that a parcel
    from there comes after the promised day (days late times the price of a day).
    """

    first: Floats
    per_kg: Floats
    late: Floats
    included_kg: float = 1.0
    step_kg: float = 0.0


@dataclass(frozen=True)
class Share:
    """Articles that stand for the same goods, seen by different customers.

    ``skus`` (n): the articles. ``free`` (M): what anybody may have. ``buffers`` (n, M): what each of them leaves of the
    free ones. ``claims`` (k, M): what is kept for somebody; ``draws`` (n): the claims that each article may use up, in
    that sequence and before the free ones.
    """

    skus: tuple[int, ...]
    free: Floats
    buffers: Floats
    claims: Floats
    draws: tuple[tuple[int, ...], ...]

    def views(self, place: int, used: Sequence[float]) -> tuple[list[float], float]:
        """What each article still sees at a place when ``used`` (n) of them is taken, and what is left free.

        >>> goods = Share((0, 1), np.array([5.0]), np.array([[0.0], [3.0]]), np.array([[2.0]]), ((0,), ()))
        >>> goods.views(0, [0.0, 0.0]), goods.views(0, [3.0, 0.0])
        (([7.0, 2.0], 5.0), ([4.0, 1.0], 4.0))
        """
        kept, free = self.claims[:, place].tolist(), float(self.free[place])
        for amount, draws in zip(used, self.draws, strict=True):
            for claim in draws:
                taken = min(amount, kept[claim])
                kept[claim] -= taken
                amount -= taken
            free -= amount
        seen = [
            max(free - float(buffer[place]), 0.0) + sum(kept[claim] for claim in draws)
            for buffer, draws in zip(self.buffers, self.draws, strict=True)
        ]
        return seen, free


@dataclass(frozen=True)
class Instance:
    """A pool of orders to route. Raises ValueError when the arrays do not fit each other.

    ``start`` (O + 1): the lines of order o are ``start[o]:start[o + 1]``; an article stands in an order once
    (:func:`merge_lines`). ``sku`` (L), ``quantity`` (L) > 0, ``weight`` (L) of the whole line, ``unfilled`` (L) the
    cost of not delivering the line. ``stock`` (M, S) free to promise. ``capacity`` (M) parcels that may still be made.
    ``parcel_handling`` and ``unit_handling`` (M). ``split`` (O): cost of each parcel of the order after the first.
    ``barred`` (O, M): 0 or the reason's index in :data:`BARRED`. ``pins`` (L): a location, FREE or CONFLICT. ``bans``
    (L, M): true where a clerk has banned the location for the line. ``limits`` (L, M): 0 or the reason's index in
    :data:`BARRED` why the line may not come from there. ``most`` (O): parcels that an order may have. ``shared``: which
    articles stand for the same goods; their columns of ``stock`` hold what each of them sees.
    """

    start: Ints
    sku: Ints
    quantity: Floats
    weight: Floats
    unfilled: Floats
    stock: Floats
    capacity: Floats
    lanes: Lanes
    parcel_handling: Floats
    unit_handling: Floats
    split: Floats
    barred: NDArray[np.int8]
    pins: Ints
    bans: NDArray[np.bool_]
    distance: Floats | None = None
    limits: NDArray[np.int8] | None = None
    most: Ints | None = None
    shared: tuple[Share, ...] = ()
    order_of: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "order_of", np.repeat(np.arange(self.orders), np.diff(self.start)))
        self._check()

    @property
    def orders(self) -> int:
        """O, how many orders."""
        return len(self.start) - 1

    @property
    def lines(self) -> int:
        """L, how many lines."""
        return len(self.sku)

    @property
    def locations(self) -> int:
        """M, how many locations."""
        return len(self.capacity)

    @property
    def parcels(self) -> Ints:
        """(O) the most parcels of each order."""
        return np.diff(self.start) if self.most is None else self.most

    @property
    def near(self) -> Floats:
        """(O, M) what "nearest" sorts by: kilometres where known, else the first fee."""
        return self.lanes.first if self.distance is None else self.distance

    def usable(self, lines: Ints | None = None) -> NDArray[np.bool_]:
        """(n, M): the location may serve the line at all: not barred, not banned, a lane, the pin, enough stock.

        Of all lines, or of ``lines`` (n).
        """
        lines = np.arange(self.lines) if lines is None else lines
        orders, needed, lanes = self.order_of[lines], self.quantity[lines, None] - 1e-9, self.lanes
        able = (self.barred[orders] == 0) & (self.capacity >= 1)
        able &= np.isfinite(lanes.first[orders] + lanes.per_kg[orders] + lanes.late[orders])
        able &= ~self.bans[lines] & (self.stock.T[self.sku[lines]] >= needed)
        if self.limits is not None:
            able &= self.limits[lines] == 0
        pins = self.pins[lines, None]
        return able & ((pins == FREE) | (pins == np.arange(self.locations)))

    def _check(self) -> None:
        orders, lines, places = self.orders, self.lines, self.locations
        shapes = {
            "quantity": (lines,), "weight": (lines,), "unfilled": (lines,), "pins": (lines,), "split": (orders,),
            "barred": (orders, places), "bans": (lines, places), "parcel_handling": (places,),
            "unit_handling": (places,),
        }  # fmt: skip
        if self.limits is not None:
            shapes["limits"] = (lines, places)
        if self.most is not None:
            shapes["most"] = (orders,)
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, not {shape}")
        for name in ("first", "per_kg", "late"):
            if getattr(self.lanes, name).shape != (orders, places):
                raise ValueError(f"lanes.{name} must have shape {(orders, places)}")
        if self.stock.ndim != 2 or self.stock.shape[0] != places or self.start[-1] != lines:
            raise ValueError("stock or start do not fit the locations or the lines")
        if not (np.isfinite(self.quantity) & (self.quantity > 0) & np.isfinite(self.weight)).all():
            raise ValueError("a line needs a quantity above zero and a weight")
        if (np.diff(self.start) < 1).any() or self.start[0] != 0:
            raise ValueError("every order needs a line")
        keys = self.order_of * self.stock.shape[1] + self.sku
        if len(np.unique(keys)) != lines:
            raise ValueError("an article stands in an order twice: merge_lines first")
        share_of = np.full(self.stock.shape[1], -1)
        for index, share in enumerate(self.shared):
            share_of[list(share.skus)] = index
        told = share_of[self.sku] >= 0
        keys = self.order_of[told] * max(len(self.shared), 1) + share_of[self.sku[told]]
        if len(np.unique(keys)) != told.sum():
            raise ValueError("an order sees the same goods as two customers")
        # Parcels of one order from one location are one parcel: it must never pay to make two of them.
        gap = self.lanes.first - self.lanes.per_kg * self.lanes.included_kg
        if (gap < -1e-9).any() or (self.lanes.per_kg < 0).any() or (self.split < 0).any():
            raise ValueError("the first fee must cover the kilograms that it includes")


@dataclass(frozen=True)
class Plan:
    """``location`` (L): the location of each line or UNFILLED. ``cost``: in money, of the whole pool."""

    location: Ints
    cost: float

    def unfilled_units(self, instance: Instance) -> float:
        """The quantity of all lines without a location."""
        return float(instance.quantity[self.location == UNFILLED].sum())


def merge_lines(keys: Sequence[tuple[int, int, int]]) -> tuple[list[int], list[int]]:
    """Which lines become one: ``keys`` holds (order, article, pin); two pins of one article are a conflict.

    Returns for each line the index of its merged line, and for each merged line its pin.

    >>> merge_lines([(0, 7, -1), (0, 8, -1), (0, 7, 3), (1, 7, 2), (1, 7, 4)])
    ([0, 1, 0, 2, 2], [3, -1, -2])
    """
    merged: dict[tuple[int, int], int] = {}
    into, pins = [], []
    for order, sku, pin in keys:
        index = merged.setdefault((order, sku), len(pins))
        into.append(index)
        if index == len(pins):
            pins.append(pin)
        elif pin not in (FREE, pins[index]):
            pins[index] = pin if pins[index] == FREE else CONFLICT
    return into, pins


def _overdrawn(share: Share, used: Floats) -> bool:
    """Whether a plan takes more of shared goods than there is, or than an article may."""
    taken = used[:, share.skus]
    return any(share.views(place, taken[place].tolist())[1] < -1e-6 for place in np.flatnonzero(taken.any(axis=1)))


def violations(instance: Instance, location: Ints) -> list[str]:
    """What a plan does that it must not; empty for a good one. Used by tests and before a plan is written."""
    found = []
    served = np.flatnonzero(location != UNFILLED)
    places = location[served]
    used = np.zeros_like(instance.stock)
    np.add.at(used, (places, instance.sku[served]), instance.quantity[served])
    if (used > instance.stock + 1e-6).any():
        found.append("stock")
    parcels = np.unique(instance.order_of[served] * instance.locations + places) % instance.locations
    if (np.bincount(parcels, minlength=instance.locations) > instance.capacity + 1e-6).any():
        found.append("capacity")
    if not instance.usable()[served, places].all():
        found.append("usable")
    made = np.unique(instance.order_of[served] * instance.locations + places) // instance.locations
    if (np.bincount(made, minlength=instance.orders) > instance.parcels).any():
        found.append("parcels")
    if any(_overdrawn(share, used) for share in instance.shared):
        found.append("shared")
    return found
