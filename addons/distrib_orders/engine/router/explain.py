"""Why each line got its location: cost parts, the best alternatives, and the reason for each location that was out.

Everything is measured against the plan as it stands: an alternative moves one line and leaves all others where they
are, so its price is what a clerk would pay for overriding the plan by hand.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .costs import Parcels, billed_kg, parcel_parts, parcels
from .instance import BARRED, CONFLICT, UNFILLED, Floats, Instance, Ints
from .table import Prices

ALTERNATIVES = 3
# Why a location could not be chosen for a line; 0: it could. From OFFSET on: the index in BARRED.
EXCLUDED = ("", "pinned_elsewhere", "conflicting_pins", "banned", "no_lane", "short", "no_capacity", "taken", "full")
POSSIBLE, PINNED, PINS, BANNED, NO_LANE, SHORT, NO_CAPACITY, TAKEN, FULL = range(len(EXCLUDED))
OFFSET = 32
# Why a line has no location, from the one that nothing can be done about to the one that money can.
UNDECIDED = ("", "conflicting_pins", "no_location", "no_stock", "no_capacity", "taken", "too_dear")


class LineParts(NamedTuple):
    """What each line costs, arrays of shape (L); parcels are shared out by weight.

    Without ``scarcity`` they add up to the cost of the plan; ``scarcity`` is what the other orders would pay for the
    stock and the capacity that the line uses.
    """

    freight: Floats
    handling: Floats
    split: Floats
    late: Floats
    unfilled: Floats
    scarcity: Floats


@dataclass(frozen=True)
class Explanation:
    """The grounds of a plan.

    ``options`` (L, 3): the best other locations, UNFILLED where there are fewer. ``extra`` (L, 3): what the plan would
    cost more (less, when negative) with the line there; ``extra_scarcity`` (L, 3): the same for the worth of the stock
    and the capacity used. ``excluded`` (L, M): why a location was out. ``reason`` (L): why a line has no location.
    """

    location: Ints
    parts: LineParts
    options: Ints
    extra: Floats
    extra_scarcity: Floats
    excluded: np.ndarray
    reason: np.ndarray

    def line(self, line: int) -> dict[str, Any]:
        """All of one line as plain data, ready for JSON; locations by index."""
        options = [
            {"location": int(place), "extra": round(float(cost), 2), "scarcity": round(float(worth), 2)}
            for place, cost, worth in zip(self.options[line], self.extra[line], self.extra_scarcity[line], strict=True)
            if place != UNFILLED
        ]
        out = np.flatnonzero(self.excluded[line])
        return {
            "location": int(self.location[line]),
            "reason": UNDECIDED[self.reason[line]],
            "parts": {name: round(float(part[line]), 2) for name, part in self.parts._asdict().items()},
            "alternatives": options,
            "excluded": {int(place): exclusion(self.excluded[line, place]) for place in out},
        }


def exclusion(code: int) -> str:
    """The word for a code of ``excluded``.

    >>> exclusion(SHORT), exclusion(OFFSET + 3)
    ('short', 'cold_chain')
    """
    return EXCLUDED[code] if code < OFFSET else BARRED[code - OFFSET] if code - OFFSET < len(BARRED) else "rule"


def explain(instance: Instance, location: Ints, prices: Prices) -> Explanation:
    """The grounds of a whole plan in a few array operations."""
    made = parcels(instance, location)
    excluded = _excluded(instance, location, made)
    extra, worth = _extra(instance, location, made), _worth(instance, location, made, prices)
    rows = np.arange(instance.lines)
    rank = np.where(excluded == POSSIBLE, extra + worth, np.inf)
    served = np.flatnonzero(location != UNFILLED)
    rank[served, location[served]] = np.inf
    count = min(ALTERNATIVES, instance.locations)
    best = np.argpartition(rank, count - 1, axis=1)[:, :count]
    best = np.take_along_axis(best, np.argsort(np.take_along_axis(rank, best, axis=1), axis=1), axis=1)
    found = np.isfinite(rank[rows[:, None], best])
    return Explanation(
        location, _parts(instance, location, made, prices), np.where(found, best, UNFILLED),
        np.where(found, extra[rows[:, None], best], np.nan), np.where(found, worth[rows[:, None], best], np.nan),
        excluded, _reason(instance, location, excluded),
    )  # fmt: skip


def _parts(instance: Instance, location: Ints, made: Parcels, prices: Prices) -> LineParts:
    served = np.flatnonzero(location != UNFILLED)
    mine, places = made.of_line[served], location[served]
    units = np.bincount(mine, minlength=len(made.order))
    whole = made.weight[mine]
    share = np.where(whole > 0, instance.weight[served] / np.where(whole > 0, whole, 1.0), 1.0 / units[mine])
    parts = parcel_parts(instance, made)
    own = instance.unit_handling[places] * instance.quantity[served]
    handling = own + share * instance.parcel_handling[places]
    scarcity = prices.stock[places, instance.sku[served]] * instance.quantity[served]
    scarcity = scarcity + share * prices.capacity[places]
    columns = [share * parts.freight[mine], handling, share * parts.split[mine], share * parts.late[mine]]
    spread = [np.zeros(instance.lines) for _ in range(5)]
    for whole_column, part in zip(spread, [*columns, scarcity], strict=True):
        whole_column[served] = part
    unfilled = np.where(location == UNFILLED, instance.unfilled, 0.0)
    return LineParts(*spread[:4], unfilled, spread[4])


def _extra(instance: Instance, location: Ints, made: Parcels) -> Floats:
    """(L, M): how much dearer the plan would be with the line at the location."""
    orders, lanes, places = instance.order_of, instance.lanes, instance.locations
    keys = made.order * places + made.place
    packed = np.bincount(keys, made.weight, instance.orders * places).reshape(-1, places)
    has = np.zeros(instance.orders * places, dtype=bool)
    has[keys] = True
    has = has.reshape(-1, places)
    started = has[orders]
    before = np.where(has, lanes.first + lanes.per_kg * billed_kg(packed, lanes), 0.0)
    after = lanes.first[orders] + lanes.per_kg[orders] * billed_kg(packed[orders] + instance.weight[:, None], lanes)
    fresh = (instance.parcel_handling + lanes.late)[orders]
    extra = after - before[orders] + instance.unit_handling * instance.quantity[:, None] + np.where(started, 0.0, fresh)
    saved, alone = _saved(instance, location, made)
    count = np.bincount(made.order, minlength=instance.orders)[orders]
    then = count[:, None] - alone[:, None] + ~started
    splits = np.maximum(then - 1, 0) - np.maximum(count - 1, 0)[:, None]
    return extra - saved[:, None] + instance.split[orders][:, None] * splits


def _saved(instance: Instance, location: Ints, made: Parcels) -> tuple[Floats, np.ndarray]:
    """(L) what taking the line out of its parcel saves, without the split, and whether the parcel goes with it."""
    served = np.flatnonzero(location != UNFILLED)
    mine, places, orders = made.of_line[served], location[served], instance.order_of[served]
    alone = np.zeros(instance.lines, dtype=bool)
    alone[served] = np.bincount(mine)[mine] == 1 if len(mine) else False
    lanes, whole = instance.lanes, made.weight[mine]
    first, per_kg = lanes.first[orders, places], lanes.per_kg[orders, places]
    left = np.where(alone[served], 0.0, first + per_kg * billed_kg(whole - instance.weight[served], lanes))
    saved = instance.unfilled.copy()
    saved[served] = first + per_kg * billed_kg(whole, lanes) - left
    saved[served] += instance.unit_handling[places] * instance.quantity[served]
    saved[served] += np.where(alone[served], instance.parcel_handling[places] + lanes.late[orders, places], 0.0)
    return saved, alone


def _worth(instance: Instance, location: Ints, made: Parcels, prices: Prices) -> Floats:
    """(L, M): how much more the others would pay for what the line would use there."""
    worth = prices.stock.T[instance.sku] * instance.quantity[:, None]
    served = np.flatnonzero(location != UNFILLED)
    has = np.zeros((instance.orders, instance.locations), dtype=bool)
    has[made.order, made.place] = True
    own = np.zeros(instance.lines)
    own[served] = worth[served, location[served]]
    alone = _saved(instance, location, made)[1][served]
    own[served] += np.where(alone, prices.capacity[location[served]], 0.0)
    return worth + np.where(has[instance.order_of], 0.0, prices.capacity) - own[:, None]


def remaining(instance: Instance, location: Ints) -> Floats:
    """(M, S) what each article still sees at each location beside the plan."""
    served = np.flatnonzero(location != UNFILLED)
    used = np.zeros_like(instance.stock)
    np.add.at(used, (location[served], instance.sku[served]), instance.quantity[served])
    left = instance.stock - used
    for share in instance.shared:
        taken = used[:, share.skus]
        for place in np.flatnonzero(taken.any(axis=1)):
            left[place, list(share.skus)] = share.views(place, taken[place].tolist())[0]
    return left


def _excluded(instance: Instance, location: Ints, made: Parcels) -> np.ndarray:
    """(L, M) codes; of several reasons the one that stands above stock and capacity."""
    served = np.flatnonzero(location != UNFILLED)
    left = remaining(instance, location)
    room = np.floor(instance.capacity) - np.bincount(made.place, minlength=instance.locations)
    has = np.zeros((instance.orders, instance.locations), dtype=bool)
    has[made.order, made.place] = True
    needed, orders, lanes = instance.quantity[:, None] - 1e-9, instance.order_of, instance.lanes
    code = np.zeros((instance.lines, instance.locations), dtype=np.int8)
    code[(room < 1)[None, :] & ~has[orders]] = FULL
    code[left.T[instance.sku] < needed] = TAKEN
    code[:, instance.capacity < 1] = NO_CAPACITY
    code[instance.stock.T[instance.sku] < needed] = SHORT
    code[~np.isfinite(lanes.first + lanes.per_kg + lanes.late)[orders]] = NO_LANE
    code = np.where(instance.barred[orders] > 0, OFFSET + instance.barred[orders], code).astype(np.int8)
    if instance.limits is not None:
        code = np.where(instance.limits > 0, OFFSET + instance.limits, code).astype(np.int8)
    code[instance.bans] = BANNED
    pins = instance.pins[:, None]
    code[(pins >= 0) & (pins != np.arange(instance.locations))] = PINNED
    code[instance.pins == CONFLICT] = PINS
    code[served, location[served]] = POSSIBLE
    return code


def _reason(instance: Instance, location: Ints, excluded: np.ndarray) -> np.ndarray:
    """(L) index in UNDECIDED: the best that could be said of any location, for lines without one."""
    rank = np.full(128, UNDECIDED.index("no_location"), dtype=np.int8)
    for code, word in ((SHORT, "no_stock"), (NO_CAPACITY, "no_capacity"), (FULL, "no_capacity"), (TAKEN, "taken")):
        rank[code] = UNDECIDED.index(word)
    rank[POSSIBLE], rank[PINS] = UNDECIDED.index("too_dear"), UNDECIDED.index("conflicting_pins")
    best = rank[excluded].max(axis=1, initial=UNDECIDED.index("conflicting_pins"))
    return np.where(location == UNFILLED, best, 0).astype(np.int8)
