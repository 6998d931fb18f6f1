"""What happens to stock when nothing more is ordered: the day it runs out and the sales that are lost.

Sales that find no stock are lost, so with demand D(t) up to day t and supply A(t) (stock now and what has arrived by
then) the loss is L(t) = max over s <= t of (D(s) - A(s))+, the reflection of the net flow at zero (J. M. Harrison,
Brownian Motion and Stochastic Flow Systems, 1985, chapter 2). Its expectation is at least the greatest of the
expectations for each day, which is what is taken here: exact for steady demand, slightly low for erratic one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .policy import expected_shortage

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Outlook:
    """For ``n`` pairs and ``h`` days: ``lost`` (n, h) units of sales expected to be lost by the end of each day;
    ``run_out`` (n,) the first day (0 is today) by whose end the stock is expected to be gone, h when later."""

    lost: Numbers
    run_out: NDArray[np.int64]


def outlook(stock: Numbers, mean: Numbers, sigma: Numbers, arrivals: Numbers) -> Outlook:
    """Return what is to be expected if nothing more is ordered.

    :param stock: (n,) units that can be sold now; below 0 for what is owed already
    :param mean: (n,) units sold a day
    :param sigma: (n,) standard deviation of a day, independent between days
    :param arrivals: (n, h) units that arrive in time for the sales of each day

    >>> found = outlook(np.array([5.0]), np.array([2.0]), np.array([0.0]), np.array([[0.0, 0, 0, 4, 0]]))
    >>> found.run_out.tolist(), found.lost.tolist()
    ([2], [[0.0, 0.0, 1.0, 1.0, 1.0]])
    """
    days = np.arange(1, arrivals.shape[1] + 1)
    supply = stock[:, None] + np.cumsum(arrivals, axis=1)
    demand = mean[:, None] * days
    short = expected_shortage(demand, sigma[:, None] * np.sqrt(days), supply)
    gone = (demand >= supply) & (demand > 0)
    run_out = np.where(gone.any(axis=1), gone.argmax(axis=1), arrivals.shape[1])
    # what is owed already is not a sale that can still be lost
    lost = np.maximum.accumulate(short, axis=1) - np.maximum(-stock, 0.0)[:, None]
    return Outlook(np.clip(lost, 0.0, demand), run_out)


def lost_by(found: Outlook, day: Numbers) -> Numbers:
    """Return (n,) units lost by the end of ``day`` days (n,), counted from 1; 0 days lose nothing; parts of days
    in proportion; later than the last day counts as the last.

    >>> found = Outlook(np.array([[1.0, 3.0]]), np.array([0]))
    >>> [float(lost_by(found, np.array([day]))[0]) for day in (0, 0.5, 1, 1.5, 9)]
    [0.0, 0.5, 1.0, 2.0, 3.0]
    """
    known = np.concatenate([np.zeros((len(found.lost), 1)), found.lost], axis=1)
    place = np.clip(day, 0, known.shape[1] - 1)
    whole = np.floor(place).astype(np.int64)
    after = np.minimum(whole + 1, known.shape[1] - 1)
    rows = np.arange(len(known))
    return known[rows, whole] + (place - whole) * (known[rows, after] - known[rows, whole])


def confidence(mean: Numbers, sigma: Numbers, days: Numbers) -> Numbers:
    """Return 0..1: one less the expected relative error of demand over ``days`` days, E|D - m| / m with the normal's
    E|D - m| = sqrt(2 / pi) s. Without demand it is 0.

    >>> confidence(np.array([4.0, 4.0, 0.0]), np.array([0.0, 4.0, 1.0]), np.array([4.0, 4.0, 4.0])).round(2).tolist()
    [1.0, 0.6, 0.0]
    """
    total = mean * np.maximum(days, 1.0)
    spread = np.sqrt(2 / np.pi) * sigma * np.sqrt(np.maximum(days, 1.0))
    return np.clip(1.0 - np.divide(spread, total, out=np.ones_like(total), where=total > 0), 0.0, 1.0)
