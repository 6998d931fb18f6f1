"""The service ratio that reaches the fill rate asked for, found by replaying the policy on the past.

The ratio of a textbook or of a cost formula gives another fill rate than the one asked for: demand is lumpy, forecasts
are biased, sales are lost. So the policy is replayed on the last periods with a ladder of ratios, and the ratio whose
replay would have reached the target is taken; as time goes on it is taken anew.

A ratio taken from few periods is itself uncertain, and what that costs is one-sided: with a share lost that is
log-normal around the true one with variance v, the ratio that met the target on the window loses exp(v) times the
share asked for afterwards; and demand that rises or falls all the time leaves the window behind. Both show in what the
ratios taken so far came to. ``Calibration.corrected`` divides the share that may be lost by that factor, shrunk to 1:
slow integral control on a relative error, which needs no model of its cause.
"""

from dataclasses import dataclass, field

import numpy as np

# Periods of evidence for "no correction needed", and the least and most correction.
PRIOR, MOST = 10.0, 2.0
# How many half-lives of the ratio itself the memory of its misses is halved in.
MEMORY = 2.0
# Periods a replay needs before a ratio taken from it says anything.
FIRST = 4


def ratio_for(ratios: np.ndarray, fill: np.ndarray, target: float) -> float:
    """Return the ratio reaching ``target``, between the ladder's ``ratios`` (k,) and their ``fill`` (k,), both rising.

    Linear in the logarithms of what is not served; beyond the ladder its end.

    >>> round(ratio_for(np.array([0.8, 0.9, 0.98]), np.array([0.9, 0.95, 0.99]), 0.95), 3)
    0.9
    """
    missing = np.log(np.maximum(1 - np.maximum.accumulate(fill), 1e-6))
    wanted = np.log(max(1 - target, 1e-6))
    return float(1 - np.exp(np.interp(-wanted, -missing, np.log(1 - np.asarray(ratios, float)))))


@dataclass(frozen=True, eq=False)
class Calibration:
    """A replay of the ladder ``ratios`` (k,): units ``lost`` (k, t) and ``demand`` (t,) by period from ``start`` on."""

    ratios: np.ndarray
    lost: np.ndarray
    demand: np.ndarray
    start: int
    _taken: dict = field(default_factory=dict, repr=False)

    def at(self, t: int, target: float, window: int) -> float:
        """Return the ratio for ``target`` from the ``window`` periods before ``t``: nothing from ``t`` on is used.

        >>> c = Calibration(np.array([0.5, 0.9]), np.array([[5.0, 5.0, 9.0], [1.0, 1.0, 9.0]]), np.full(3, 10.0), 0)
        >>> round(c.at(2, 0.9, 2), 3)
        0.9
        """
        past = np.arange(max(0, t - self.start))
        return self._weighted(t, target, (past >= len(past) - window).astype(float))

    def recent(self, t: int, target: float, half_life: float) -> float:
        """Return the ratio for ``target`` from all periods before ``t``, the older ones counting less and less.

        >>> c = Calibration(np.array([0.5, 0.9]), np.array([[5.0, 5.0, 9.0], [1.0, 1.0, 9.0]]), np.full(3, 10.0), 0)
        >>> round(c.recent(2, 0.9, 1.0), 3)
        0.9
        """
        key = t, target, half_life
        if key not in self._taken:
            past = np.arange(max(0, t - self.start))
            self._taken[key] = self._weighted(t, target, 0.5 ** ((len(past) - 1 - past) / half_life))
        return self._taken[key]

    def corrected(self, t: int, target: float, half_life: float, lead: int) -> float:
        """Return ``recent``'s ratio, corrected by what its ratios of periods before ``t`` came to by then.

        ``lead``: an order decided before period u is sold from period u + lead on.
        """
        factor = self.excess(t, target, half_life, lead)
        return self.recent(t, 1 - (1 - target) / factor, half_life)

    def excess(self, t: int, target: float, half_life: float, lead: int) -> float:
        """Return how many times the share asked for was lost with the ratios taken so far, shrunk to 1 by PRIOR periods.

        >>> lost = np.array([[4.0] * 40, [2.0] * 40])
        >>> round(Calibration(np.array([0.5, 0.9]), lost, np.full(40, 20.0), 0).excess(40, 0.9, 5.0, 1), 6)
        1.0
        """
        first = self.start + FIRST
        lost = asked = seen = 0.0
        for u in range(first, t - lead):
            place = u + lead - self.start
            weight = 0.5 ** ((t - lead - 1 - u) / (MEMORY * half_life))
            lost += weight * self._lost(place, self.recent(u, target, half_life))
            asked += weight * (1 - target) * self.demand[place]
            seen += weight
        if asked <= 0:
            return 1.0
        prior = PRIOR * asked / seen
        return float(np.clip((lost + prior) / (asked + prior), 1 / MOST, MOST))

    def _weighted(self, t: int, target: float, weight: np.ndarray) -> float:
        demand = self.demand[: len(weight)] @ weight
        if demand <= 0:
            return float(target)
        return ratio_for(self.ratios, 1 - self.lost[:, : len(weight)] @ weight / demand, target)

    def _lost(self, place: int, ratio: float) -> float:
        """Units lost in a period with a ratio between those of the ladder."""
        left = np.log(1 - np.asarray(self.ratios, float))
        return float(np.interp(np.log(1 - ratio), left[::-1], self.lost[::-1, place]))
