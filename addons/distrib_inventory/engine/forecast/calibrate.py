"""The service ratio that reaches the fill rate asked for, found by replaying the policy on the past.

The ratio of a textbook or of a cost formula gives another fill rate than the one asked for: demand is lumpy, forecasts
are biased, sales are lost. So the policy is replayed on the last periods with a ladder of ratios, and the ratio whose
replay would have reached the target is taken; as time goes on it is taken anew.
"""

from dataclasses import dataclass

import numpy as np


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

    def at(self, t: int, target: float, window: int) -> float:
        """Return the ratio for ``target`` from the ``window`` periods before ``t``: nothing from ``t`` on is used.

        >>> c = Calibration(np.array([0.5, 0.9]), np.array([[5.0, 5.0, 9.0], [1.0, 1.0, 9.0]]), np.full(3, 10.0), 0)
        >>> round(c.at(2, 0.9, 2), 3)
        0.9
        """
        past = slice(max(0, t - self.start - window), max(0, t - self.start))
        demand = self.demand[past].sum()
        if demand <= 0:
            return float(target)
        return ratio_for(self.ratios, 1 - self.lost[:, past].sum(axis=1) / demand, target)
