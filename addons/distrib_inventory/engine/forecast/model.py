"""Forecasts and demand paths for all pairs at once; learned on the past alone.

``Walk`` goes through the past origin by origin, as a replay needs it; ``learn`` and ``apply`` do the last origin only,
learning on a sample of pairs and applying in chunks, for a hundred thousand pairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from . import blend, features, policy, quantiles
from .features import Features, Pooled
from .quantiles import ErrorPool
from .types import Panel, Settings

LEAST_HISTORY = 8
FIRST_ORIGIN = 14


def outcome(panel: Panel, t: int, horizon: int) -> tuple:
    """Return demand (n, h) of the periods from origin ``t`` on, and which pairs (n,) are known well enough to learn."""
    coming = panel.demand[:, t : t + horizon]
    whole = coming.shape[1] == horizon and ~np.isnan(coming).any(axis=1)
    return np.nan_to_num(coming), whole & ((~np.isnan(panel.until(t))).sum(axis=1) >= LEAST_HISTORY)


class Walk:
    """Forecasts of a panel at any origin, each from what was known before it; remembers what it computed."""

    def __init__(self, panel: Panel, settings: Settings, first: int = FIRST_ORIGIN) -> None:
        self.panel, self.settings, self.first = panel, settings, first
        self._features: dict[int, Features] = {}
        self._coefficients: dict[int, np.ndarray] = {}
        self._pools: dict[int, ErrorPool] = {}

    def features(self, t: int) -> Features:
        if t not in self._features:
            pooled = features.pool(self.panel, t, self.settings)
            self._features[t] = features.describe(self.panel, t, pooled, self.settings)
        return self._features[t]

    def _learned_at(self, t: int) -> int:
        every = self.settings.every
        return max(self.first, self.first + (t - self.first) // every * every)

    def coefficients(self, t: int) -> np.ndarray:
        """What was learned last before origin ``t``, from origins whose outcome was known by then."""
        at = self._learned_at(t)
        if at not in self._coefficients:
            self._coefficients[at] = self._learn(at)
        return self._coefficients[at]

    def _origins(self, t: int, window: int) -> range:
        last = t - self.settings.horizon
        return range(max(self.first, t - window), last + 1, self.settings.stride)

    def _learn(self, t: int) -> np.ndarray:
        rows: tuple[list, list, list] = ([], [], [])
        for u in self._origins(t, self.settings.window):
            demand, known = outcome(self.panel, u, self.settings.horizon)
            found = self.features(u)
            for store, values in zip(rows, (found.x, found.base.sum(axis=1), demand.sum(axis=1)), strict=True):
                store.append(values[known])
        if not rows[0] or self.settings.blend == 0:
            return np.zeros(self.features(t).x.shape[1])
        return blend.fit(*(np.concatenate(part) for part in rows), self.settings.ridge)

    def forecast(self, t: int) -> np.ndarray:
        """Mean demand (n, h) of the periods ``t`` to ``t + h - 1``, from what was known before ``t``."""
        found = self.features(t)
        return blend.correct(found.base, found.x, self.coefficients(t), self.settings.blend)

    def pool(self, t: int) -> ErrorPool:
        """The errors of the forecasts made before ``t`` whose outcome was known by then."""
        at = t - (t - self.first) % max(1, self.settings.every // 4)
        if at not in self._pools:
            made: tuple[list, list] = ([], [])
            for u in self._origins(at, self.settings.error_window):
                demand, known = outcome(self.panel, u, self.settings.horizon)
                made[0].append(self.forecast(u)[known])
                made[1].append(demand[known])
            empty = np.zeros((0, self.settings.horizon), np.float32)
            forecast, demand = (np.concatenate(part) if part else empty for part in made)
            self._pools[at] = quantiles.fit(
                forecast, demand, self.settings.bins, self.settings.paths, self.settings.seed
            )
        return self._pools[at]

    def paths(self, t: int) -> np.ndarray:
        """Possible demand (n, s, h) of the periods from ``t`` on."""
        return self.pool(t).paths(self.forecast(t), self.settings.seed + t)


@dataclass(frozen=True, eq=False)
class Learned:
    """All that pairs share at an origin: the pooled season and momenta, the correction, the errors."""

    pooled: Pooled
    coefficients: np.ndarray
    pool: ErrorPool
    settings: Settings


def learn(panel: Panel, t: int, settings: Settings, first: int = FIRST_ORIGIN) -> Learned:
    """Learn at origin ``t`` from a panel (all pairs, or a sample of them)."""
    walk = Walk(panel, settings, first)
    return Learned(features.pool(panel, t, settings), walk.coefficients(t), walk.pool(t), settings)


def apply(learned: Learned, chunk: Panel, t: int) -> np.ndarray:
    """Mean demand (n, h) of a chunk of pairs from ``t`` on; its groups are numbered as when learning."""
    found = features.describe(chunk, t, learned.pooled, learned.settings)
    return blend.correct(found.base, found.x, learned.coefficients, learned.settings.blend)


def plan(
    panel: Panel, t: int, settings: Settings, ratio: float, lead: int, sample: int = 10_000, size: int = 4_000
) -> dict[str, np.ndarray]:
    """Return safety stock, reorder point, order-up-to level and mean demand over P of each pair, (n,) in units.

    What is shared is learned on ``sample`` pairs drawn evenly, and applied to all in chunks of ``size``: memory grows
    with the chunk. Learning looks at every fourth origin when there are many pairs to learn from.
    """
    rows = np.linspace(0, len(panel) - 1, min(sample, len(panel))).astype(int)
    many = len(rows) * len(settings.memories) > 10_000
    learned = learn(
        panel.take(rows), t, replace(settings, stride=4) if many else settings, max(FIRST_ORIGIN, t - settings.window)
    )
    found = np.empty((4, len(panel)), np.float32)
    for part in chunks(len(panel), size):
        forecast = apply(learned, panel.take(part), t)
        found[:3, part] = policy.levels(learned.pool.paths(forecast, settings.seed + t), ratio, lead)
        found[3, part] = forecast.sum(axis=1)
    return dict(zip(("safety_stock", "reorder_point", "order_up_to", "mean"), found, strict=True))


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices that cut ``count`` pairs into chunks of at most ``size``.

    >>> list(chunks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
