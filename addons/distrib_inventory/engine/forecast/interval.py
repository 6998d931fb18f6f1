"""Demand over each pair's own lead time and review, from paths of daily demand.

A path is cut after L and after L + R days, L drawn anew on each path around the pair's lead time: so the spread of the
lead time enters as it is, not through a formula. Source of the view (demand over a variable lead time): E. Silver,
D. Pyke, D. Thomas, Inventory and Production Management in Supply Chains, 4th edition (2017), chapter 6.
"""

import numpy as np
from scipy.special import ndtri

from .quantiles import quantile

BAND = (0.5, 0.9, 0.98)


def split(paths: np.ndarray, lead: np.ndarray, lead_sigma: np.ndarray, review: np.ndarray, seed: int = 7) -> np.ndarray:
    """Return (n, s, 2): demand over the lead time, and over the review after it, on each path.

    ``paths`` (n, s, h) units a day; ``lead``, ``lead_sigma``, ``review`` (n,) days, also parts of days, never negative.
    Beyond the ``h`` days the path goes on at its mean, which overstates the spread a little.

    >>> one = np.ones((1, 3, 4)) * np.array([1.0, 2, 3, 4])
    >>> split(one, np.array([1.5]), np.array([0.0]), np.array([1.0]))[0, 0].tolist()
    [2.0, 2.5]
    """
    count = paths.shape[1]
    spread = ndtri((np.arange(count) + 0.5) / count)[np.random.default_rng(seed).permutation(count)]
    until = np.maximum(lead[:, None] + lead_sigma[:, None] * spread[None, :], 0.0)
    sums = np.cumsum(paths, axis=2, dtype=np.float32)
    first = _at(sums, until)
    return np.stack([first, _at(sums, until + review[:, None]) - first], axis=2)


def _at(sums: np.ndarray, until: np.ndarray) -> np.ndarray:
    """The sum (n, s) after ``until`` (n, s) days, between two days in proportion."""
    last = sums.shape[2]
    inside = np.minimum(until, last)
    whole = np.minimum(inside.astype(np.int64), last - 1)
    before = np.where(whole > 0, np.take_along_axis(sums, np.maximum(whole - 1, 0)[:, :, None], axis=2)[:, :, 0], 0.0)
    after = np.take_along_axis(sums, whole[:, :, None], axis=2)[:, :, 0]
    found = before + (inside - whole) * (after - before)
    return found * np.maximum(until / last, 1.0)


def band(total: np.ndarray, shares: tuple = BAND) -> np.ndarray:
    """Return the quantiles (k, n) of demand (n, s).

    >>> band(np.array([[4.0, 1.0, 3.0, 2.0]]), (0.5, 1.0)).tolist()
    [[2.0], [4.0]]
    """
    ordered = np.sort(total, axis=1)
    rank = np.ceil(np.asarray(shares) * total.shape[1] - 1e-6).astype(int) - 1
    return ordered[:, np.clip(rank, 0, total.shape[1] - 1)].T


def levels(parts: np.ndarray, ratio: np.ndarray) -> tuple:
    """Return (safety stock, reorder point, order-up-to), each (n,), from ``split`` parts (n, s, 2).

    >>> [v.tolist() for v in levels(np.array([[[1.0, d] for d in (1.0, 2.0, 3.0, 4.0)]]), np.array([0.75]))]
    [[0.5], [1.5], [4.0]]
    """
    total = parts.sum(axis=2)
    return around(parts, quantile(total, ratio))


def around(parts: np.ndarray, top: np.ndarray) -> tuple:
    """Return (safety stock, reorder point, order-up-to) for an order-up-to level (n,) found otherwise."""
    mean = parts.mean(axis=1)
    safety = np.maximum(top - mean.sum(axis=1), 0)
    return safety, safety + mean[:, 0], np.maximum(top, safety + mean[:, 0])
