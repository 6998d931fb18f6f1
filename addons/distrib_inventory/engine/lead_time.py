"""Lead times as they were: mean, deviation and punctuality from receipts, borrowed where a group has few of its own.

Each receipt counts by its quantity, so that three partial receipts of one order count as one order; a receipt that took
far longer or shorter than its group's usual ones is pulled in to the fence around them rather than left out. A group's
mean is shrunk to that of the group above it (product at a supplier -> supplier -> all suppliers):

    mean = (w own + k above) / (w + k)        w effective receipts, k receipts that the group above is worth

with the same weights for the variance, to which the squared distance of the two means is added. Sources: shrinkage,
B. Efron and C. Morris, Journal of the American Statistical Association 70 (1975) 311-319 and H. Buehlmann, ASTIN
Bulletin 4 (1967) 199-207 (credibility weight w / (w + k)); fences, J. Tukey, Exploratory Data Analysis (1977).
"""

from dataclasses import dataclass

import numpy as np

UNKNOWN, PLANNED, MEASURED, ZERO = range(4)
LEAD_SOURCES = ("unknown", "planned", "measured", "zero")
FENCE = 3.0
# Without a usual spread a day either way is still usual.
LEAST_SPREAD = 1.0
# The group above is worth so many receipts of one's own.
PRIOR = 4.0


@dataclass(frozen=True, eq=False)
class Measured:
    """For ``g`` groups: effective receipts, mean and deviation in days, share on time (NaN: nothing was promised)."""

    count: np.ndarray
    mean: np.ndarray
    sigma: np.ndarray
    on_time: np.ndarray
    outliers: np.ndarray


def fenced(days: np.ndarray, group: np.ndarray, groups: int) -> tuple:
    """Return days (n,) pulled in to their group's fences, and which were outside (n,).

    Fences lie FENCE interquartile ranges (at least LEAST_SPREAD) beyond the quartiles; groups of fewer than four
    receipts have none.

    >>> days, out = fenced(np.array([5.0, 5.0, 6.0, 6.0, 90.0]), np.zeros(5, int), 1)
    >>> days.tolist(), out.tolist()
    ([5.0, 5.0, 6.0, 6.0, 9.0], [False, False, False, False, True])
    """
    order = np.lexsort((days, group))
    ranked, place = days[order], group[order]
    size = np.bincount(place, minlength=groups)
    begin = np.cumsum(size) - size
    at = [begin + np.clip(np.floor((size - 1) * share).astype(int), 0, None) for share in (0.25, 0.75)]
    inside = np.clip(np.stack(at), 0, max(len(days) - 1, 0))
    low, high = ranked[inside] if len(days) else np.zeros((2, groups))
    reach = FENCE * np.maximum(high - low, LEAST_SPREAD)
    few = size < 4
    floor, roof = np.where(few, -np.inf, low - reach)[group], np.where(few, np.inf, high + reach)[group]
    return np.clip(days, floor, roof), (days < floor) | (days > roof)


def measure(days: np.ndarray, weight: np.ndarray, late: np.ndarray, group: np.ndarray, groups: int) -> Measured:
    """Return what receipts (n,) say of each group: days from order to receipt, ``weight`` share of its order received.

    ``late`` (n,) days after the promised date, NaN if none was promised; negative days count as 0.

    >>> found = measure(np.array([4.0, 6.0, 6.0]), np.array([1.0, 0.5, 0.5]), np.array([0.0, 1.0, np.nan]),
    ...                 np.zeros(3, int), 1)
    >>> found.count.tolist(), found.mean.tolist(), found.on_time.round(2).tolist()
    ([2.0], [5.0], [0.67])
    """
    days, outside = fenced(np.clip(np.asarray(days, np.float64), 0, None), group, groups)
    total = np.bincount(group, weight, groups)
    safe = np.where(total > 0, total, 1.0)
    mean = np.bincount(group, weight * days, groups) / safe
    spread = np.bincount(group, weight * (days - mean[group]) ** 2, groups)
    # n / (n - 1) with the sum of weights for n: one receipt says nothing of the deviation
    variance = np.where(total > 1, spread / np.where(total > 1, total - 1, 1.0), 0.0)
    promised = ~np.isnan(late)
    asked = np.bincount(group[promised], weight[promised], groups)
    kept = np.bincount(group[promised], (weight * (np.nan_to_num(late) <= 0))[promised], groups)
    on_time = np.divide(kept, asked, out=np.full(groups, np.nan), where=asked > 0)
    return Measured(total, mean, np.sqrt(variance), on_time, np.bincount(group[outside], minlength=groups))


def shrink(own: tuple, above: tuple, prior: float = PRIOR) -> tuple:
    """Return (count, mean, sigma), each (n,), of groups shrunk to the one above each; all tuples (count, mean, sigma).

    What is above with no receipts says nothing; own receipts and above both empty give NaN.

    >>> count, mean, sigma = shrink((np.array([4.0]), np.array([10.0]), np.array([0.0])),
    ...                             (np.array([50.0]), np.array([6.0]), np.array([2.0])))
    >>> mean.tolist(), sigma.round(2).tolist()
    ([8.0], [2.45])
    """
    count, mean, sigma = (np.asarray(part, np.float64) for part in own)
    weight_above = np.where(np.asarray(above[0]) > 0, prior, 0.0)
    upper_mean, upper_sigma = np.nan_to_num(above[1]), np.nan_to_num(above[2])
    total = count + weight_above
    share = np.divide(count, total, out=np.zeros_like(total), where=total > 0)
    mixed = share * np.nan_to_num(mean) + (1 - share) * upper_mean
    variance = share * np.nan_to_num(sigma) ** 2 + (1 - share) * upper_sigma**2
    variance = variance + share * (1 - share) * (np.nan_to_num(mean) - upper_mean) ** 2
    empty = total <= 0
    return (
        np.where(empty, 0.0, count),
        np.where(empty, np.nan, mixed),
        np.where(empty, np.nan, np.sqrt(variance)),
    )


def choose(measured: tuple, planned: np.ndarray, planned_sigma: np.ndarray, least: float = 3.0) -> tuple:
    """Return (days, sigma, source), each (n,): what was measured on at least ``least`` receipts, else what is planned.

    ``measured`` (count, mean, sigma); ``planned`` days, NaN unknown. Source is an index of LEAD_SOURCES; a planned 0
    stays 0 and is told apart, an unknown one is 0 days with source unknown: both are for somebody to look at.

    >>> nothing = (np.zeros(3), np.full(3, np.nan), np.full(3, np.nan))
    >>> days, sigma, source = choose(nothing, np.array([5.0, 0.0, np.nan]), np.zeros(3))
    >>> days.tolist(), source.tolist()
    ([5.0, 0.0, 0.0], [1, 3, 0])
    """
    count, mean, sigma = (np.asarray(part, np.float64) for part in measured)
    known = (count >= least) & ~np.isnan(mean)
    days = np.where(known, mean, np.nan_to_num(planned))
    deviation = np.where(known, sigma, np.nan_to_num(planned_sigma))
    by_plan = np.where(np.isnan(planned), UNKNOWN, np.where(np.asarray(planned) <= 0, ZERO, PLANNED))
    return np.clip(days, 0, None), np.clip(np.nan_to_num(deviation), 0, None), np.where(known, MEASURED, by_plan)


def draw(mean: np.ndarray, sigma: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Return lead times (n, samples) in days drawn from gamma distributions of this mean and deviation (n,).

    A gamma never falls below 0 and leans to the late side, as deliveries do; deviation 0 gives the mean itself.

    >>> draw(np.array([5.0]), np.array([0.0]), 3, 1).tolist()
    [[5.0, 5.0, 5.0]]
    """
    mean, sigma = np.clip(mean, 0, None).astype(float), np.clip(sigma, 0, None).astype(float)
    spread = (sigma > 1e-6) & (mean > 1e-6)
    shape = np.where(spread, (mean / np.where(spread, sigma, 1.0)) ** 2, 1.0)
    drawn = np.random.default_rng(seed).standard_gamma(shape[:, None], (len(mean), samples))
    return np.where(spread[:, None], drawn * (mean / shape)[:, None], mean[:, None])
