"""Levels of slow and lumpy demand, and the classes that tell which demand is slow or lumpy."""

import numpy as np

SMOOTH, INTERMITTENT, ERRATIC, LUMPY = range(4)
CLASSES = ("smooth", "intermittent", "erratic", "lumpy")


def classes(demand: np.ndarray) -> np.ndarray:
    """Return the class (n,) of each pair, an index of CLASSES.

    Intermittent from a mean interval of 1.32 periods between demands on, erratic from a squared coefficient of
    variation of the sizes of 0.49 on, lumpy with both. Source: A. Syntetos, J. Boylan, J. Croston, On the
    categorization of demand patterns, Journal of the Operational Research Society 56 (2005) 495-503.

    >>> classes(np.array([[1.0, 1, 1, 1], [0, 2, 0, 2], [9.0, 1, 1, 1], [0, 0, 9, 1]])).tolist()
    [0, 1, 2, 3]
    """
    known = ~np.isnan(demand)
    positive = np.nan_to_num(demand) > 0
    count = np.maximum(positive.sum(axis=1), 1)
    interval = known.sum(axis=1) / count
    sizes = np.where(positive, demand, 0)
    mean = sizes.sum(axis=1) / count
    variance = np.where(positive, (sizes - mean[:, None]) ** 2, 0).sum(axis=1) / count
    varied = variance / np.maximum(mean, 1e-9) ** 2 >= 0.49
    return (interval >= 1.32).astype(np.int8) + 2 * varied.astype(np.int8)


def croston(demand: np.ndarray, alpha: float = 0.1, debias: bool = True) -> np.ndarray:
    """Return the mean demand (n,) for one period by Croston's method: smoothed size over smoothed interval.

    ``debias`` multiplies by 1 - alpha / 2. Sources: J. Croston, Operational Research Quarterly 23 (1972) 289-303;
    A. Syntetos and J. Boylan, International Journal of Forecasting 21 (2005) 303-314 (the correction). Unknown periods
    do not count as time.

    >>> croston(np.array([[0.0, 2, 0, 2, 0, 2]]), 0.1, False).tolist()
    [1.0]
    """
    n = len(demand)
    size, interval, since = np.zeros(n), np.ones(n), np.zeros(n)
    first = np.ones(n, bool)
    for column in demand.T:
        since += ~np.isnan(column)
        hit = np.nan_to_num(column) > 0
        rate = np.where(first, 1.0, alpha)
        size = np.where(hit, size + rate * (np.nan_to_num(column) - size), size)
        interval = np.where(hit, interval + rate * (since - interval), interval)
        since = np.where(hit, 0, since)
        first &= ~hit
    return size / np.maximum(interval, 1) * (1 - alpha / 2 if debias else 1)


def tsb(demand: np.ndarray, alpha: float = 0.1, beta: float = 0.1) -> np.ndarray:
    """Return the mean demand (n,) for one period: smoothed size times smoothed probability, so that it can die out.

    Source: R. Teunter, A. Syntetos, M. Babai, Intermittent demand: linking forecasting to inventory obsolescence,
    European Journal of Operational Research 214 (2011) 606-615.

    >>> bool(tsb(np.array([[2.0, 0, 0, 0, 0]]))[0] < tsb(np.array([[2.0, 0, 2.0, 0, 2.0]]))[0])
    True
    """
    n = len(demand)
    size, chance = np.zeros(n), np.zeros(n)
    seen, first = np.zeros(n, bool), np.ones(n, bool)
    for column in demand.T:
        known = ~np.isnan(column)
        value = np.nan_to_num(column)
        hit = value > 0
        rate = np.where(seen, beta, 1.0)
        chance = np.where(known, chance + rate * (hit - chance), chance)
        size = np.where(hit, size + np.where(first, 1.0, alpha) * (value - size), size)
        seen |= known
        first &= ~hit
    return size * chance
