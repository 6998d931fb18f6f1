"""How the work of a period is shared out among stores: by weight, and never more than a store can do."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def spread(total: float, weights: ArrayLike, capacity: ArrayLike) -> NDArray[np.float64]:
    """(M) the share of each store in ``total``: in proportion to ``weights`` (M), at most ``capacity`` (M).

    What one cannot take goes to the others in proportion again (water filling). All that fits is shared out, also to
    stores without a weight when the others are full.

    >>> spread(12, [1, 2, 1], [10, 4, 10]).tolist()
    [4.0, 4.0, 4.0]
    >>> spread(9, [1, 1], [2, 3]).tolist()
    [2.0, 3.0]
    """
    weights = np.maximum(np.asarray(weights, np.float64), 0.0)
    room = np.maximum(np.asarray(capacity, np.float64), 0.0)
    share = np.zeros(len(weights))
    left = max(float(total), 0.0)
    for pool in (weights, np.ones(len(weights))):
        for _round in range(len(weights)):
            able = (room - share > 1e-9) & (pool > 0)
            if left <= 1e-9 or not able.any():
                break
            part = np.where(able, pool, 0.0)
            given = np.minimum(left * part / part.sum(), room - share)
            share, left = share + given, left - given.sum()
    return np.minimum(share, room)


def premium(done: ArrayLike, weights: ArrayLike, capacity: ArrayLike, price: float) -> NDArray[np.float64]:
    """(M) what a further parcel of each store counts on top of its cost, so that the less busy one is asked first.

    ``price`` for a store that has done twice its share of what all have ``done`` (M), in proportion below and above,
    nothing for one that has done less than its share.

    >>> premium([6, 0], [1, 1], [100, 100], 2.0).tolist()
    [2.0, 0.0]
    """
    done = np.asarray(done, np.float64)
    share = spread(done.sum(), weights, capacity)
    return price * np.maximum(done - share, 0.0) / np.maximum(share, 1.0)
