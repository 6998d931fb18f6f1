"""How far it is, how long it takes, and what the objective of an order makes of it."""

from dataclasses import dataclass

import numpy as np

from .instance import Floats

EARTH_RADIUS_KM = 6371.0088
FAR_KM = 3000.0  # where a place is not known: farther than most, so that known places go first
KM_A_DAY = 600.0
MANY = 10_000.0  # a further parcel, where as few as possible are wanted


@dataclass(frozen=True)
class Weights:
    """What counts how much: ``cost`` times money, ``km`` times kilometres, ``days`` times days, ``late`` times the price
    of delay, ``split`` the price of a further parcel."""

    cost: float
    km: float
    days: float
    late: float
    split: float


def weights(objective: str, prices: dict[str, float], shares: dict[str, float]) -> Weights:
    """The weights of an objective.

    ``prices``: ``split``, ``late`` (a day) and ``km``; ``shares``: of a balanced rule, 50 is once.

    >>> weights("nearest", {"split": 3, "late": 5, "km": 0.01}, {}).km
    1.0
    >>> weights("balanced", {"split": 3, "late": 5, "km": 0.01}, {"cost": 50, "speed": 100})
    Weights(cost=1.0, km=0.0, days=10.0, late=1.0, split=0.0)
    """
    if objective == "nearest":
        return Weights(0.0, 1.0, 0.0, 0.0, MANY)
    if objective == "cost":
        return Weights(1.0, 0.0, 0.0, 1.0, prices["split"])
    if objective == "fastest":
        # A day counts more than any freight; of equally fast ways the cheapest.
        return Weights(1.0, 0.0, 1000.0, 0.0, prices["split"])
    if objective == "splits":
        return Weights(1.0, 0.0, 0.0, 1.0, MANY)
    part = {name: shares.get(name, 0) / 50 for name in ("cost", "distance", "speed", "splits")}
    return Weights(
        part["cost"], part["distance"] * prices["km"], part["speed"] * prices["late"], max(part["cost"], 0.01),
        part["splits"] * prices["split"],
    )  # fmt: skip


def kilometres(here: Floats, there: Floats) -> Floats:
    """(n, m) great circles between (n, 2) and (m, 2) degrees north and east, NaN where unknown (haversine).

    >>> kilometres(np.array([[39.904989, 116.405285]]), np.array([[31.231706, 121.472644], [np.nan, 1]])).round(1)
    array([[1067.3,    nan]])
    """
    a, b = np.radians(here)[:, None], np.radians(there)[None]
    chord = np.sin((b[..., 0] - a[..., 0]) / 2) ** 2
    chord = chord + np.cos(a[..., 0]) * np.cos(b[..., 0]) * np.sin((b[..., 1] - a[..., 1]) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))


def usual_days(km: Floats) -> Floats:
    """Days of a parcel where no lane says it: one to collect and hand over, and one for each 600 km begun.

    >>> usual_days(np.array([10.0, 601.0, np.nan])).tolist()
    [2.0, 3.0, 6.0]
    """
    return 1.0 + np.ceil(np.maximum(np.nan_to_num(km, nan=FAR_KM), 1.0) / KM_A_DAY)
