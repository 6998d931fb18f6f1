"""Which settings for which class of demand: chosen by walking forward through the past.

Candidates compete on what counts, the cost of stock and of lost sales at the service ratio b over the interval P,

    loss = b max(D - q, 0) + (1 - b) max(q - D, 0),    q the forecast b-quantile,

summed over origins and pairs of a class (the quantile loss: R. Koenker and G. Bassett, Econometrica 46 (1978) 33-50).
The first candidate is the simple rule; another replaces it for a class only if it was better by ``margin``: so the
choice is, on the past, never worse than the simple rule.
"""

import numpy as np

from .model import Walk, outcome
from .policy import levels
from .quantiles import ErrorPool
from .types import Panel, Settings


def losses(walk: Walk, origins: range, ratio: float) -> np.ndarray:
    """Return the loss (n,) of each pair over the origins; forecasts and errors are those known at each."""
    total = np.zeros(len(walk.panel))
    for t in origins:
        demand, known = outcome(walk.panel, t, walk.settings.horizon)
        top = levels(walk.paths(t), ratio, walk.settings.horizon - 1)[2]
        miss = demand.sum(axis=1) - top
        total += np.where(known, np.maximum(ratio * miss, (ratio - 1) * miss), 0)
    return total


def choose(found: np.ndarray, classes: np.ndarray, margin: float = 0.01) -> np.ndarray:
    """Return the candidate (n,) of each pair's class, from losses (c, n) and classes (n,).

    >>> choose(np.array([[10.0, 10.0, 10.0], [9.0, 9.95, 9.95]]), np.array([0, 1, 1])).tolist()
    [1, 0, 0]
    """
    taken = np.zeros(len(classes), np.int64)
    for which in np.unique(classes):
        rows = classes == which
        sums = found[:, rows].sum(axis=1)
        best = int(np.argmin(sums))
        taken[rows] = best if sums[best] < (1 - margin) * sums[0] else 0
    return taken


class Chosen:
    """The forecasts of several walks, each pair by the one chosen for its class; used like a ``Walk``."""

    def __init__(self, walks: list[Walk], taken: np.ndarray) -> None:
        self.walks, self.taken = walks, taken
        self.panel, self.settings = walks[0].panel, walks[0].settings

    def forecast(self, t: int) -> np.ndarray:
        stacked = np.stack([walk.forecast(t) for walk in self.walks])
        return stacked[self.taken, np.arange(len(self.taken))]

    def pool(self, t: int) -> ErrorPool:
        """The errors of the walk most pairs take: ratios by size differ little between candidates."""
        return self.walks[int(np.bincount(self.taken).argmax())].pool(t)


def select(
    panel: Panel, candidates: list[Settings], origins: range, ratio: float, classes: np.ndarray, first: int
) -> Chosen:
    """Return the candidates' walks with the best one for each class on past ``origins``; all must be before today."""
    walks = [Walk(panel, settings, first) for settings in candidates]
    return Chosen(walks, choose(np.stack([losses(walk, origins, ratio) for walk in walks]), classes))
