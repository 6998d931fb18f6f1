"""Seasonal indices pooled over pairs.

One pair's history is too noisy to show its season; all pairs of a group together show it well. For group ``g`` and
slot ``s`` (weekday, week of the year) the index is a ratio of sums, shrunk towards the index of all pairs:

    index[g, s] = (demand[g, s] + k index[all, s]) / (level[g, s] + k)

with ``level`` each pair's centred moving mean over a whole season and ``k`` the shrinkage in pair-periods times the
mean level. Sources, for seasonal indices pooled over a group: D. Withycombe, Forecasting with combined seasonal
indices, International Journal of Forecasting 5 (1989) 547-552; H. Chen and J. Boylan, Use of individual and group
seasonal indices in subaggregate demand forecasting, Journal of the Operational Research Society 58 (2007) 1660-1671.
"""

import numpy as np

# A level needs at least this many known periods, a quarter of the season at most.
ENOUGH = 13
# One period counts for at most so many times its level: a bulk order is no season.
CAP = 8.0
LEAST_INDEX = 0.05


def moving_level(demand: np.ndarray, span: int) -> np.ndarray:
    """Return the mean of known demand in the ``span`` periods around each period (n, t), NaN where too few are known.

    The window slides inside the known data: at the edges it still has ``span`` periods. Nothing beyond the last column
    is used.

    >>> moving_level(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 3).tolist()
    [[2.0, 2.0, 3.0, 4.0, 4.0]]
    """
    t = demand.shape[1]
    known = ~np.isnan(demand)
    sums = np.cumsum(np.pad(np.where(known, demand, 0), ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    counts = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    width = min(span, t)
    start = np.clip(np.arange(t) - width // 2, 0, t - width)
    count = counts[:, start + width] - counts[:, start]
    total = sums[:, start + width] - sums[:, start]
    enough = count >= min(ENOUGH, max(1, span // 4))
    return np.where(enough, total / np.maximum(count, 1), np.nan).astype(np.float32)


def accumulate(
    demand: np.ndarray, slot: np.ndarray, slots: int, group: np.ndarray, groups: int, span: int
) -> np.ndarray:
    """Return the sums (2, groups, slots) of demand and of level: what a chunk of pairs adds to the pooled season.

    ``slot`` (t,) the season's slot of each column, ``group`` (n,) each pair's group.
    """
    level = moving_level(demand, span)
    use = ~np.isnan(demand) & (np.nan_to_num(level) > 0)
    place = (group[:, None] * slots + slot[None, :])[use]
    weight = level[use]
    capped = np.minimum(demand[use], CAP * weight + 4)
    size = groups * slots
    return np.stack([np.bincount(place, values, size).reshape(groups, slots) for values in (capped, weight)])


def index(sums: np.ndarray, shrink: float, mean_level: float) -> np.ndarray:
    """Return the seasonal index (groups, slots) from sums (2, groups, slots); 1 for a slot never seen.

    ``shrink`` in pair-periods, ``mean_level`` the level of a usual pair: their product is ``k`` above.

    >>> sums = np.array([[[30.0, 10.0], [0.0, 0.0]], [[20.0, 20.0], [0.0, 0.0]]])
    >>> index(sums, 0.0, 1.0).tolist()
    [[1.5, 0.5], [1.5, 0.5]]
    """
    demand, level = sums
    total = level.sum(axis=0)
    common = np.where(total > 0, demand.sum(axis=0) / np.where(total > 0, total, 1), 1.0)
    k = max(shrink * mean_level, 1e-9)
    return np.maximum((demand + k * common) / (level + k), LEAST_INDEX).astype(np.float32)


def fit(
    demand: np.ndarray, slot: np.ndarray, slots: int, group: np.ndarray, shrink: float, span: int, groups: int = 0
) -> np.ndarray:
    """Return the pooled index (groups, slots) of a demand matrix held in memory; ``groups`` if it does not hold all.

    >>> week = np.tile(np.array([1.0, 1, 1, 1, 1, 3, 6]), 8)
    >>> fit(np.stack([week, 2 * week]), np.arange(56) % 7, 7, np.array([0, 1]), 10.0, 7)[0, -1].round(2)
    np.float32(3.0)
    """
    groups = groups or (int(group.max()) + 1 if len(group) else 1)
    sums = accumulate(demand, slot, slots, group, groups, span)
    mean = np.nanmean(demand) if (~np.isnan(demand)).any() else 1.0
    return index(sums, shrink, float(mean))
