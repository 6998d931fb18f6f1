"""Levels of deseasonalised demand: exponentially weighted, several memories at once.

    level = sum_j 0.5^(age_j / h) v_j demand_j / sum_j 0.5^(age_j / h) v_j season_j

over known periods ``j``; ``h`` is the half-life in periods, ``v_j = (1 + peak |ln season_j|)^-2`` trusts a quiet period
more than a peak, whose height is itself uncertain. A ratio of sums stays finite where the season is low. Unknown
periods drop out of both sums (R. G. Brown's discounted least squares with missing data).
"""

import numpy as np


def weights(season: np.ndarray, known: np.ndarray, peak: float) -> np.ndarray:
    """Return how much each period (n, t) counts: 0 where unknown, less on peaks and troughs of the season."""
    return np.where(known, 1 / (1 + peak * np.abs(np.log(season))) ** 2, 0).astype(np.float32)


def evidence(demand: np.ndarray, season: np.ndarray, half_lives: tuple, peak: float = 0.0) -> tuple:
    """Return numerator and denominator (n, k) of the levels of ``k`` half-lives, as of the last column.

    >>> top, bottom = evidence(np.array([[2.0, np.nan, 4.0]]), np.ones((1, 3)), (1e9,))
    >>> (top / bottom).round(3).tolist()
    [[3.0]]
    """
    known = ~np.isnan(demand)
    weight = weights(season, known, peak)
    age = np.arange(demand.shape[1])[::-1]
    decay = np.stack([0.5 ** (age / h) for h in half_lives], axis=1).astype(np.float32)
    return (np.where(known, demand, 0) * weight) @ decay, (season * weight) @ decay


def levels(top: np.ndarray, bottom: np.ndarray, longest: np.ndarray, prior: float) -> np.ndarray:
    """Return the levels (n, k), each shrunk to the pair's long-run level (n,) by ``prior`` periods of evidence.

    >>> levels(np.array([[0.0]]), np.array([[1.0]]), np.array([2.0]), 1.0).tolist()
    [[1.0]]
    """
    return (top + prior * longest[:, None]) / (bottom + prior)


def trend(demand: np.ndarray, season: np.ndarray, half_life: float, damping: float = 0.9) -> np.ndarray:
    """Return the damped growth (n,) of the level for one period: the slope of a discounted straight line.

    Source: damped trend, E. Gardner and E. McKenzie, Management Science 31 (1985) 1237-1246.

    >>> trend(np.arange(20.0)[None, :], np.ones((1, 20)), 50.0, 1.0).round(2).tolist()
    [1.0]
    """
    known = ~np.isnan(demand)
    age = np.arange(demand.shape[1])[::-1].astype(np.float64)
    weight = np.where(known, 0.5 ** (age / half_life), 0)
    value = np.where(known, demand, 0) / season
    total = np.maximum(weight.sum(axis=1), 1e-9)
    middle = (weight * -age).sum(axis=1) / total
    mean = (weight * value).sum(axis=1) / total
    away = -age[None, :] - middle[:, None]
    spread = (weight * away**2).sum(axis=1)
    slope = (weight * away * (value - mean[:, None])).sum(axis=1) / np.maximum(spread, 1e-9)
    return np.where(spread > 0, damping * slope, 0.0)
