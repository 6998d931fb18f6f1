"""Days of demand history that say nothing about the days to come: one-off bulk orders, and promotions by their price.

A bulk order is told by its size against the pair's own usual peak. The usual peak is an upper quantile of the days
*with* demand, not of all days: a slow item that sells 50 pieces once a month has a usual peak of 50.
"""

from itertools import pairwise

import numpy as np

# A one-off is this many times the usual peak and at least so many units.
TIMES, LEAST = 5.0, 10.0
# The usual peak: this quantile of the days with demand, of which there must be so many.
PEAK, ENOUGH = 0.9, 8
# Depth below which a lower price is no promotion (rounding, freight, small concessions).
SHALLOW = 0.05


def usual_peak(quantity: np.ndarray, peak: float = PEAK, enough: int = ENOUGH) -> np.ndarray:
    """Return the usual peak (n,) of daily quantities (n, t): the ``peak`` quantile of the days with demand (the value
    at or below it, never in between); NaN for pairs with fewer than ``enough`` such days.

    >>> usual_peak(np.array([[1.0, 0, 2, 1, 3, 1, 2, 2, 1, 200, np.nan]])).tolist()
    [3.0]
    """
    sold = np.where(quantity > 0, quantity, np.inf)
    ordered = np.sort(sold, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    # rounded down, so that one outlier among few days never measures itself
    at = np.clip(np.floor(peak * (count - 1)).astype(int), 0, None)
    found = np.take_along_axis(ordered, at[:, None], axis=1)[:, 0] if ordered.size else np.zeros(len(quantity))
    return np.where(count >= enough, found, np.nan)


def one_offs(
    quantity: np.ndarray, expected: np.ndarray | None = None, times: float = TIMES, least: float = LEAST
) -> np.ndarray:
    """Return which days (n, t) hold a one-off bulk order.

    :param quantity: units (n, t), NaN unknown
    :param expected: bool (n, t) or (t,): days whose peaks come back or are explained (promotions, shopping festivals
        and their lead); they are never marked and do not count for the usual peak
    :param times, least: a one-off exceeds ``times`` the usual peak and ``least`` units

    Multiplying all quantities marks the same days as long as they exceed ``least``; what comes on more than a tenth of
    the days with demand is never marked.

    >>> usual = [2.0, 3, 2, 1, 3, 2, 0, 1, 2, 3, 2, 90]
    >>> one_offs(np.array([usual]))[0].nonzero()[0].tolist()
    [11]
    >>> int(one_offs(np.array([usual]), expected=np.arange(12) == 11).sum())
    0
    """
    usable = ~np.isnan(quantity)
    if expected is not None:
        usable &= ~np.broadcast_to(expected, quantity.shape)
    peak = usual_peak(np.where(usable, quantity, np.nan))
    limit = np.maximum(times * np.nan_to_num(peak, nan=np.inf), least)
    return usable & (np.nan_to_num(quantity) > limit[:, None])


def price_depth(paid: np.ndarray, listed: np.ndarray, shallow: float = SHALLOW) -> np.ndarray:
    """Return the depth (n, t) 0..1 of promotions seen in order prices, NaN where no price is known.

    ``paid`` and ``listed`` (n, t): mean price of the day's orders and list price, NaN or 0 unknown. What counts is how
    far a day's share of the list price lies below the pair's usual share (its median): a dealer who always pays 70 %
    of the list has no promotion, and nobody's promotion is measured against more than the list.

    >>> price_depth(np.array([[10.0, 10, 8, np.nan]]), np.full((1, 4), 10.0)).round(2).tolist()
    [[0.0, 0.0, 0.2, nan]]
    >>> price_depth(np.array([[7.0, 7, 7]]), np.full((1, 3), 10.0)).tolist()
    [[0.0, 0.0, 0.0]]
    """
    known = (paid > 0) & (listed > 0)
    if not known.size:
        return np.full(known.shape, np.nan)
    share = np.where(known, paid / np.where(known, listed, 1), np.nan)
    ordered = np.sort(np.where(known, share, np.inf), axis=1)
    count = known.sum(axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count // 2, 0)[:, None].clip(max=share.shape[1] - 1), axis=1)
    usual = np.minimum(np.where(np.isfinite(middle), middle, 1.0), 1.0)
    depth = np.clip(1 - share / np.where(usual > 0, usual, 1.0), 0, 1)
    return np.where(known, np.where(depth >= shallow, depth, 0.0), np.nan)


def gaps(known: np.ndarray, least: int = 1) -> list[tuple[int, int, int]]:
    """Return the holes (row, first column, length) between known days of rows (n, t), at least ``least`` long.

    >>> gaps(np.array([[False, True, False, False, True, False]]))
    [(0, 2, 2)]
    """
    found = []
    for row, line in enumerate(known):
        places = np.flatnonzero(line)
        for before, after in pairwise(places):
            if after - before > least:
                found.append((row, int(before) + 1, int(after - before) - 1))
    return found


def silent_days(known: np.ndarray, ordinary: np.ndarray, weekday: np.ndarray, usual: float = 0.8) -> np.ndarray:
    """Return the days (w, t) on which a place that sells nearly every day tells nothing of any product.

    ``known`` (w, t) whether anything is known of the place; ``ordinary`` (t,) no public day off; ``weekday`` (t,) 0..6.
    A place that tells something on fewer than ``usual`` of its ordinary days between its first and last is left aside, and so is
    a weekday on which it mostly tells nothing (closed on Mondays).

    >>> known = np.ones((1, 28), bool); known[0, [10, 11]] = False; known[0, 6::7] = False
    >>> silent_days(known, np.ones(28, bool), np.arange(28) % 7)[0].nonzero()[0].tolist()
    [10, 11]
    """
    inside = np.logical_or.accumulate(known, axis=1) & np.logical_or.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    asked = inside & ordinary
    for day in range(7):
        chosen = weekday == day
        open_days, told = asked[:, chosen].sum(axis=1), (known & asked)[:, chosen].sum(axis=1)
        asked[:, chosen] &= (2 * told > open_days)[:, None]
    share = (known & asked).sum(axis=1) / np.maximum(asked.sum(axis=1), 1)
    return asked & ~known & (share >= usual)[:, None]
