"""The share of selling hours in stock, from the stock of now and the movements since, read backwards.

Stock between two movements is constant, so a day's share is the time with stock during the selling hours. A movement
within a day is placed by its hour; all arrays are of all pairs at once.
"""

import numpy as np

# Quantities below this are none (float noise of many movements).
NOTHING = 1e-6


def in_stock_shares(
    stock: np.ndarray, pair: np.ndarray, at: np.ndarray, change: np.ndarray, days: int, opens: float, closes: float
) -> np.ndarray:
    """Return the share (n, days) ``float32`` of selling hours in which each pair was in stock.

    :param stock: units (n,) at the end of the last day
    :param pair, at, change: ``m`` movements in any order: index of the pair, moment as days since the start of the first
        day (fractions: the hour), units in (+) or out (-); those outside 0..days are left aside
    :param opens, closes: selling hours of a day, 0..24
    :raise ValueError: the selling hours do not run forward

    >>> in_stock_shares(np.array([0.0]), np.array([0, 0]), np.array([0.25, 1.5]), np.array([4.0, -4.0]), 2, 6, 18)
    array([[1. , 0.5]], dtype=float32)
    """
    if not 0 <= opens < closes <= 24:
        raise ValueError("selling hours run from an hour to a later one")
    inside = (at >= 0) & (at <= days)
    pair, at, change = pair[inside], at[inside], change[inside]
    count = len(stock)
    # one more piece than movements for each pair: from its start or a movement to the next one or the end
    moved = np.bincount(pair, change, minlength=count) if len(pair) else np.zeros(count)
    piece_pair = np.concatenate([np.arange(count), pair])
    start = np.concatenate([np.zeros(count), at])
    units = np.concatenate([stock - moved, change])
    order = np.lexsort((start, piece_pair))
    piece_pair, start, units = piece_pair[order], start[order], units[order]
    total = np.cumsum(units)
    first = np.searchsorted(piece_pair, np.arange(count))
    before = np.concatenate([[0.0], total])[first]
    level = total - before[piece_pair]
    end = np.concatenate([start[1:], [0.0]])
    end[np.concatenate([first[1:] - 1, [len(start) - 1]])] = days
    return _shares(piece_pair, start, end, level > NOTHING, count, days, opens, closes) if count else _none(days)


def _none(days: int) -> np.ndarray:
    return np.zeros((0, days), np.float32)


def _shares(
    pair: np.ndarray, start: np.ndarray, end: np.ndarray, has: np.ndarray, count: int, days: int, opens: float,
    closes: float,
) -> np.ndarray:  # fmt: skip
    """Add up the selling time of the pieces with stock: whole days by a difference array, their ends one by one."""
    pair, start, end = pair[has], start[has], end[has]
    sold = np.zeros((count, days + 1))
    for moment, sign in ((end, 1.0), (start, -1.0)):
        day = np.floor(moment).astype(np.int64).clip(0, days)
        # selling time of this day that lies before the moment; whole days before it follow from the running sum
        part = np.clip(((moment - day) * 24 - opens) / (closes - opens), 0, 1)
        np.add.at(sold, (pair, day), sign * part)
    whole = np.zeros((count, days + 1))
    np.add.at(whole, (pair, np.floor(start).astype(np.int64).clip(0, days)), 1.0)
    np.add.at(whole, (pair, np.floor(end).astype(np.int64).clip(0, days)), -1.0)
    share = np.cumsum(whole, axis=1)[:, :days] + sold[:, :days]
    return np.clip(share, 0, 1).astype(np.float32)
