"""Pooled empirical errors of past forecasts, and demand paths drawn from them.

No distribution is assumed. The forecasts made at past origins for the coming ``h`` periods stand beside the demand that
came; the ratios demand / forecast are pooled over pairs by size of the forecast. A pair's possible futures are its own
forecast times ratios of its size class. Pooling makes the quantiles of a pair steady though it has few periods of its
own; a whole row of ratios is drawn at once, so what is correlated over the interval stays so. Source: pooled empirical
(nonparametric) error quantiles, Y. Lee and S. Scholtes, Empirical prediction intervals revisited, International Journal
of Forecasting 30 (2014) 217-234; J. Trapero, M. Cardos, N. Kourentzes, Empirical safety stock estimation based on
kernel and GARCH models, Omega 84 (2019) 199-211.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ErrorPool:
    """``edges`` (b - 1,) total forecasts that part the size classes; ``ratios`` (b, s, h) drawn errors of each."""

    edges: np.ndarray
    ratios: np.ndarray

    def classes(self, forecast: np.ndarray) -> np.ndarray:
        """The size class (n,) of each forecast (n, h)."""
        return np.digitize(forecast.sum(axis=1), self.edges)

    def paths(self, forecast: np.ndarray, seed: int) -> np.ndarray:
        """Return possible demand (n, s, h) in whole units: forecast times ratios, rounded at random."""
        spread = self.ratios[self.classes(forecast)] * forecast[:, None, :]
        dither = np.random.default_rng(seed).random((1, *spread.shape[1:]), np.float32)
        return np.floor(spread + dither)


def fit(forecast: np.ndarray, demand: np.ndarray, bins: int, paths: int, seed: int) -> ErrorPool:
    """Return the pool of errors from forecasts (m, h) and the demand (m, h) that followed, all known.

    Size classes hold equally many; the draw is spread evenly over the sorted totals, so that every quantile of the
    whole interval is kept as it was. With nothing to learn from, the forecast is taken as certain.

    >>> rng = np.random.default_rng(2); forecast = np.full((5000, 2), 4.0)
    >>> pool = fit(forecast, rng.poisson(4.0, (5000, 2)), 2, 200, 1)
    >>> total = pool.paths(np.full((1, 2), 4.0), 3).sum(axis=2)
    >>> bool(abs(np.quantile(total, 0.9) - 12) <= 1)
    True
    """
    if not len(forecast):
        return ErrorPool(np.zeros(0), np.ones((1, paths, demand.shape[1]), np.float32))
    total = forecast.sum(axis=1)
    bins = max(1, min(bins, len(total) // 50))
    edges = np.unique(np.quantile(total, np.linspace(0, 1, bins + 1)[1:-1]))
    ratios = (demand / np.maximum(forecast, 1e-6)).astype(np.float32)
    place = np.digitize(total, edges)
    rng = np.random.default_rng(seed)
    return ErrorPool(
        edges,
        np.stack(
            [
                _draw(ratios[place == k], demand[place == k].sum(axis=1) / total[place == k], paths, rng)
                for k in range(len(edges) + 1)
            ]
        ),
    )


def _draw(ratios: np.ndarray, size: np.ndarray, paths: int, rng: np.random.Generator) -> np.ndarray:
    """``paths`` rows at evenly spaced ranks of ``size``, in random order."""
    if not len(ratios):
        return np.ones((paths, ratios.shape[1]), np.float32)
    order = np.argsort(size + 1e-9 * rng.random(len(size)))
    ranks = ((np.arange(paths) + rng.random(paths)) / paths * len(order)).astype(int)
    return ratios[order[rng.permutation(np.minimum(ranks, len(order) - 1))]]


def quantile(paths: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the smallest value (n,) that at least ``share`` (n,) of the ``s`` outcomes (n, s) do not exceed.

    >>> quantile(np.array([[4.0, 1.0, 3.0, 2.0]]), np.array([0.75])).tolist()
    [3.0]
    """
    count = paths.shape[1]
    rank = np.clip(np.ceil(np.asarray(share) * count - 1e-6).astype(int) - 1, 0, count - 1)
    ordered = np.sort(paths, axis=1)
    return ordered[np.arange(len(paths)), np.broadcast_to(rank, len(paths))]
