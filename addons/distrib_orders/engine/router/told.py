"""The grounds of a plan as plain data, in the names of a :class:`.task.Task`: what is stored, shown and served."""

from typing import Any

import numpy as np

from .costs import (
    parcels,
    plan_parts,  # noqa: F401  (callers take it from here)
)
from .explain import ALTERNATIVES, SHORT, TAKEN, UNDECIDED, _extra, _parts, exclusion, explain
from .instance import UNFILLED, Floats, Ints
from .table import Prices
from .task import Task

PARTS = ("freight", "handling", "split", "late", "scarcity")


def tell(task: Task, location: Ints, prices: Prices | None = None) -> list[dict[str, Any]]:
    """For each line of the instance what :data:`docs/api.md` calls the grounds of a line.

    Alternatives are ranked by the order's objective, and priced in money. Warehouses that were out stand by reason, those
    with too little with what they have.
    """
    score, money = task.instance, task.money
    prices = prices or Prices.none(score)
    found = explain(score, location, prices)
    if money is score:
        parts, extra = found.parts, found.extra
    else:
        made = parcels(money, location)
        rows = np.arange(score.lines)[:, None]
        parts, extra = _parts(money, location, made, prices), _extra(money, location, made)[rows, found.options]
    columns = [np.round(getattr(parts, name), 2).tolist() for name in PARTS]
    km, days = task.km[score.order_of], task.days[score.order_of]
    return [
        {
            "location": place,
            "reason": UNDECIDED[found.reason[line]],
            "cost": _cost(line, place, columns, km, days),
            "alternatives": _options(task, line, found, extra, km, days),
            "excluded": _excluded(task, line, found.excluded[line]),
        }
        for line, place in enumerate(location.tolist())
    ]


def _cost(line: int, place: int, columns: list[list[float]], km: Floats, days: Floats) -> dict[str, Any]:
    told: dict[str, Any] = {name: column[line] for name, column in zip(PARTS, columns, strict=True) if column[line]}
    return told | _way(line, place, km, days) if place != UNFILLED else {}


def _way(line: int, place: int, km: Floats, days: Floats) -> dict[str, Any]:
    known = (("distance_km", float(km[line, place]), 1), ("days", float(days[line, place]), 1))
    return {name: round(value, digits) for name, value, digits in known if value == value}


def _options(task: Task, line: int, found: Any, extra: Any, km: Floats, days: Floats) -> list[dict[str, Any]]:
    return [
        {
            "warehouse": int(task.site_ids[place]),
            **({"extra": round(float(more), 2)} if more == more else {}),
            **({"scarcity": round(float(worth), 2)} if abs(worth) >= 0.005 else {}),
            **_way(line, place, km, days),
        }
        for place, more, worth in zip(
            found.options[line, :ALTERNATIVES], extra[line], found.extra_scarcity[line], strict=True
        )
        if place != UNFILLED
    ]


def _excluded(task: Task, line: int, codes: np.ndarray) -> dict[str, Any]:
    """{reason: [warehouse ids]}; of those that are short: {reason: {warehouse id: how much is there}}."""
    out: dict[str, Any] = {}
    sku = task.instance.sku[line]
    for place in np.flatnonzero(codes):
        code = int(codes[place])
        site = int(task.site_ids[place])
        if code in (SHORT, TAKEN):
            out.setdefault(exclusion(code), {})[str(site)] = round(float(task.instance.stock[place, sku]), 3)
        else:
            out.setdefault(exclusion(code), []).append(site)
    return out
