"""Orders and levels from demand paths.

Ordered now, goods can be sold from period L + 1 on (L the lead time, reviews R periods apart, P = L + R). What must
still be had then is, on a path of demand, the demand of those R periods beyond what will be left of stock and of goods
under way after L periods, sales lost in between not coming back:

    left_0 = on hand,  left_l = max(left_(l-1) + arriving_l - demand_l, 0),  need = demand of the last R - left_L

The order is the quantile of ``need`` at the service ratio, b / (b + h) for a unit lost against a unit-period held: the
newsvendor's quantile, on lost sales (P. Zipkin, Old and new methods for lost-sales inventory systems, Operations
Research 56 (2008) 1256-1263: the myopic policy). With backorders the same quantile of demand over P is an
order-up-to level (Silver, Pyke, Thomas 2017, chapter 6).
"""

import numpy as np

from .quantiles import quantile

LEAST_RATIO, MOST_RATIO = 0.3, 0.9975


def need(paths: np.ndarray, on_hand: np.ndarray, arriving: np.ndarray) -> np.ndarray:
    """Return what is needed beyond what will be left (n, s): paths (n, s, P), stock (n,), arriving (n, L), L < P.

    >>> need(np.array([[[5.0, 1.0, 4.0]]]), np.array([2.0]), np.array([[1.0, 3.0]])).tolist()
    [[2.0]]
    """
    left = np.broadcast_to(on_hand[:, None], paths.shape[:2])
    lead = arriving.shape[1]
    for step in range(lead):
        left = np.maximum(left + arriving[:, step, None] - paths[:, :, step], 0)
    return paths[:, :, lead:].sum(axis=2) - left


def order(paths: np.ndarray, on_hand: np.ndarray, arriving: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return the whole units (n,) to order now for the service ratio (n,) or scalar.

    >>> paths = np.array([[[0.0, d] for d in (1.0, 2.0, 3.0, 4.0)]])
    >>> order(paths, np.array([1.0]), np.array([[0.0]]), 0.75).tolist()
    [2.0]
    """
    return np.maximum(np.ceil(quantile(need(paths, on_hand, arriving), ratio) - 1e-6), 0)


def ratios(forecast: np.ndarray, ratio: float, tilt: float) -> np.ndarray:
    """Return the service ratio of each pair (n,) from a common one, by the size of its forecast (n, h).

    A unit lost counts the same everywhere when the ratio is common: that serves the fill rate best. To be out of stock
    seldom, small pairs, whose protection is cheap, must be protected more: the chance of a stock-out grows with the
    size of the forecast to the power ``tilt`` (0: fill rate; about 0.4: stock-out frequency).

    >>> ratios(np.array([[1.0], [100.0]]), 0.9, 0.0).round(3).tolist()
    [0.9, 0.9]
    >>> ratios(np.array([[1.0], [100.0]]), 0.9, 0.5).round(3).tolist()
    [0.968, 0.684]
    """
    size = np.log(np.maximum(forecast.sum(axis=1), 1e-3))
    return np.clip(1 - (1 - ratio) * np.exp(tilt * (size - size.mean())), LEAST_RATIO, MOST_RATIO)


def levels(paths: np.ndarray, ratio: np.ndarray, lead: int) -> tuple:
    """Return (safety stock, reorder point, order-up-to level), each (n,), from the quantile of demand over P = L + R.

    The order-up-to level is the quantile over P; safety stock what it holds beyond mean demand; the reorder point is
    safety stock and mean demand over the lead time.

    >>> paths = np.array([[[1.0, d] for d in (1.0, 2.0, 3.0, 4.0)]])
    >>> [v.tolist() for v in levels(paths, 0.75, 1)]
    [[0.5], [1.5], [4.0]]
    """
    total = paths.sum(axis=2)
    top = quantile(total, ratio)
    safety = np.maximum(top - total.mean(axis=1), 0)
    return safety, safety + paths[:, :, :lead].sum(axis=2).mean(axis=1), top


def expected_fill(paths: np.ndarray, stock: np.ndarray) -> np.ndarray:
    """Return the expected share (n,) of demand met out of ``stock`` (n,), by paths of demand (n, s, p).

    >>> expected_fill(np.array([[[2.0], [6.0]]]), np.array([4.0])).tolist()
    [0.75]
    """
    total = paths.sum(axis=2)
    met = np.minimum(total, stock[:, None]).sum(axis=1)
    return np.where(total.sum(axis=1) > 0, met / np.maximum(total.sum(axis=1), 1e-9), 1.0)
