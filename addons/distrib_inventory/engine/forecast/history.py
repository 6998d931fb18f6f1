"""What was asked for, from what was sold: censoring, unconstraining and one-off bulk orders."""

import numpy as np

# From this share of selling hours in stock on, what was sold is what was asked for.
FULL = 0.9
# Below this share a period says too little about demand to be scaled up.
USABLE = 0.5


def unconstrain(
    sold: np.ndarray, in_stock: np.ndarray | None, full: float = FULL, usable: float = USABLE
) -> np.ndarray:
    """Return demand (n, t) ``float32``: sales, scaled up where partly in stock, NaN where demand was not seen.

    ``sold`` (n, t) units, NaN unknown; ``in_stock`` (n, t) share 0..1 of selling hours in stock, NaN or None = all.
    A period below ``usable`` is censored, not a period without demand; between ``usable`` and ``full`` sales are
    divided by the share (demand spread evenly over the hours). Net returns count as no demand.

    >>> unconstrain(np.array([[4.0, 3.0, 0.0, -1.0]]), np.array([[1.0, 0.75, 0.0, np.nan]])).tolist()
    [[4.0, 4.0, nan, 0.0]]
    """
    demand = np.clip(np.asarray(sold, np.float32), 0, None)
    if in_stock is None:
        return demand
    share = np.where(np.isnan(in_stock), 1.0, in_stock).astype(np.float32)
    scaled = demand / np.where((share >= usable) & (share < full), share, np.float32(1))
    return np.where(share >= usable, scaled, np.float32(np.nan))


def from_first_sale(demand: np.ndarray) -> np.ndarray:
    """Return the demand with everything before a pair's first sale unknown: a product not yet listed has no demand.

    >>> from_first_sale(np.array([[0.0, 0.0, 2.0, 0.0]])).tolist()
    [[nan, nan, 2.0, 0.0]]
    """
    started = np.logical_or.accumulate(np.nan_to_num(demand) > 0, axis=1)
    return np.where(started, demand, np.nan).astype(demand.dtype)


def bulk(demand: np.ndarray, times: float = 8.0, least: float = 10.0) -> np.ndarray:
    """Return which periods (n, t) hold a one-off bulk order: above ``least`` units and ``times`` the pair's usual peak.

    The usual peak is the pair's ninetieth percentile of known demand (at least one unit), so that a season or a
    promotion that comes back is not mistaken for a one-off.

    >>> bulk(np.array([[2.0, 3.0, 2.0, 90.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 2.0]])).sum()
    np.int64(1)
    """
    known = ~np.isnan(demand)
    ordered = np.sort(np.where(known, demand, np.inf), axis=1)
    at = np.clip((0.9 * (known.sum(axis=1) - 1)).astype(int), 0, None)
    peak = np.take_along_axis(ordered, at[:, None], axis=1)
    peak = np.where(np.isfinite(peak), np.maximum(peak, 1.0), 1.0)
    return known & (np.nan_to_num(demand) > np.maximum(times * peak, least))


def without_bulk(demand: np.ndarray, times: float = 8.0, least: float = 10.0) -> np.ndarray:
    """Return the demand with one-off bulk orders unknown.

    >>> without_bulk(np.array([[1.0] * 20 + [500.0]]))[0, -1]
    np.float64(nan)
    """
    return np.where(bulk(demand, times, least), np.nan, demand).astype(demand.dtype)
