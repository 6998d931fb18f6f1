"""Demand of a warehouse with that of all it supplies, day by day, so that what rises together is seen to."""

import numpy as np
from scipy import sparse


def filled(demand: np.ndarray) -> np.ndarray:
    """Return demand (n, t) without gaps: 0 before the first known day, the pair's own mean where unknown after it.

    >>> filled(np.array([[np.nan, 2.0, np.nan, 4.0]])).tolist()
    [[0.0, 2.0, 3.0, 4.0]]
    """
    known = ~np.isnan(demand)
    found = np.where(known, demand, np.float32(0))
    mean = found.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    rows, columns = np.nonzero(~known)
    late = columns >= known.argmax(axis=1)[rows]
    found[rows[late], columns[late]] = mean[rows[late]]
    return found.astype(np.float32, copy=False)


def roll_up(warehouse: np.ndarray, product: np.ndarray, demand: np.ndarray, above: dict[int, list[int]]) -> tuple:
    """Return (warehouse, product, demand, supplies, own): each pair and each supplying one, sorted by both ids.

    ``warehouse``, ``product`` (n,) ids, ``demand`` (n, t) NaN unknown; ``above`` the supplying warehouses of each, from
    the nearest up. ``supplies`` how many pairs below are included, ``own`` the place of the pair itself, -1 without
    demand of its own. A pair that supplies none keeps its gaps; a sum is unknown where all of it is.

    >>> w, p, d, s, _ = roll_up(np.array([2, 3]), np.array([9, 9]), np.array([[1.0, np.nan], [4.0, 6.0]]), {2: [1], 3: [1]})
    >>> w.tolist(), d.tolist(), s.tolist()
    ([1, 2, 3], [[5.0, 7.0], [1.0, nan], [4.0, 6.0]], [2, 0, 0])
    """
    key = (warehouse.astype(np.int64) << 32) | product
    parts = [(key, np.arange(len(key)))]
    depth = max((len(chain) for chain in above.values()), default=0)
    for step in range(depth):
        chain = np.array([(above.get(w, []) + [0] * depth)[step] for w in warehouse.tolist()], np.int64)
        rows = np.flatnonzero(chain)
        parts.append(((chain[rows] << 32) | product[rows], rows))
    keys, place = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    rows = np.concatenate([part[1] for part in parts])
    own = np.full(len(keys), -1)
    own[place[: len(key)]] = np.arange(len(key))
    supplies = np.bincount(place[len(key) :], minlength=len(keys))
    total = np.full((len(keys), demand.shape[1]), np.nan, np.float32)
    total[own >= 0] = demand[own[own >= 0]]
    _sum_into(total, np.flatnonzero(supplies), place, rows, demand)
    return keys >> 32, keys & 0xFFFFFFFF, total, supplies, own


def _sum_into(total: np.ndarray, parents: np.ndarray, place: np.ndarray, rows: np.ndarray, demand: np.ndarray) -> None:
    """Fill the rows ``parents`` of ``total`` with the sums of what belongs to them."""
    if not len(parents):
        return
    number = np.full(len(total), -1)
    number[parents] = np.arange(len(parents))
    wanted = number[place] >= 0
    shape = (len(parents), len(demand))
    entries = (np.ones(wanted.sum(), np.float32), (number[place[wanted]], rows[wanted]))
    matrix = sparse.csr_matrix(entries, shape=shape)
    seen = matrix @ (~np.isnan(demand)).astype(np.float32)
    total[parents] = np.where(seen > 0, matrix @ filled(demand), np.nan)


def spread(values: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the values (n, ...) of pairs at their places among the rolled-up ones: ``own`` as of ``roll_up``, else 0.

    >>> spread(np.array([5.0]), np.array([-1, 0])).tolist()
    [0.0, 5.0]
    """
    found = np.zeros((len(own), *values.shape[1:]), values.dtype)
    found[own >= 0] = values[own[own >= 0]]
    return found


def mean_of(
    warehouse: np.ndarray, product: np.ndarray, demand: np.ndarray, factor: np.ndarray, above: dict[int, list[int]]
) -> np.ndarray:
    """Return the factors (m, h) of the rolled-up pairs: of those below, weighted by their demand; 1 without demand.

    >>> mean_of(np.array([2, 3]), np.array([9, 9]), np.array([[1.0], [3.0]]), np.array([[2.0], [1.0]]), {2: [1], 3: [1]})
    array([[1.25],
           [2.  ],
           [1.  ]], dtype=float32)
    """
    level = filled(demand).mean(axis=1, keepdims=True)
    weights = np.repeat(level, factor.shape[1], axis=1)
    top = roll_up(warehouse, product, weights * factor, above)[2]
    bottom = roll_up(warehouse, product, weights, above)[2]
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), 1).astype(np.float32)
