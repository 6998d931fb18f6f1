"""Safety stock, reorder point and order-up-to level, for all pairs of product and warehouse at once.

First method: the normal approximation. With daily demand of mean d and deviation s, lead time of mean L and deviation
l days, and a review every R days, demand over the protection interval P = L + R has

    deviation  sqrt(P s^2 + d^2 l^2)        safety stock  z(service) * deviation
    reorder point  d L + safety stock       order-up-to  d (L + R) + safety stock

Source: E. Silver, D. Pyke, D. Thomas, Inventory and Production Management in Supply Chains, 4th edition (2017),
chapter 6 (demand over a variable lead time; expected shortage per cycle) and its periodic-review section.
Service is the probability of no stock-out in a cycle, or the fill rate (see ``service``). This is the simple rule that
the methods of ``forecast`` have to beat, and what is left where the history is too short for them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from .service import CYCLE, normal_factor

# The days the simple rule looks back.
WINDOW_DAYS = 182
# Fewer days do not show the deviation.
ENOUGH_DAYS = 14
LOWEST_SERVICE, HIGHEST_SERVICE = 0.5, 0.9999
NO_DEMAND, FEW_DAYS, NORMAL = 0, 1, 2
METHODS = ("no_demand", "few_days", "normal")


@dataclass(frozen=True)
class Statistics:
    """For ``n`` pairs: mean and deviation of a day's demand (units), days used and days censored as out of stock."""

    mean: np.ndarray
    sigma: np.ndarray
    days: np.ndarray
    censored: np.ndarray


@dataclass(frozen=True)
class Levels:
    """For ``n`` pairs, in units: safety stock, reorder point, order-up-to level; ``method`` indexes METHODS."""

    safety_stock: np.ndarray
    reorder_point: np.ndarray
    order_up_to: np.ndarray
    method: np.ndarray


def fill_silent_days(quantity: np.ndarray) -> np.ndarray:
    """Return (n, t) quantities where silence is zero for the pairs whose source lists only the days with sales.

    Such a source never names a zero; between a pair's first day and the last column its unknown days then mean that
    nothing was sold. A pair with an explicit zero keeps its unknown days unknown.

    >>> fill_silent_days(np.array([[np.nan, 2, np.nan], [0, np.nan, 3]])).tolist()
    [[nan, 2.0, 0.0], [0.0, nan, 3.0]]
    """
    known = ~np.isnan(quantity)
    started = np.logical_or.accumulate(known, axis=1)
    sparse = ~(quantity == 0).any(axis=1, keepdims=True)
    return np.where(sparse & started & ~known, quantity.dtype.type(0), quantity)


def demand_statistics(demand: np.ndarray, censored: np.ndarray | None = None) -> Statistics:
    """Return mean and deviation of a day's demand (n, t), NaN where it was not seen; see ``forecast.history``.

    ``censored`` (n, t) the days left aside because the product was out of stock.

    >>> s = demand_statistics(np.array([[2.0, 4.0, np.nan]]), np.array([[False, False, True]]))
    >>> s.mean.tolist(), s.days.tolist(), s.censored.tolist()
    ([3.0], [2], [1])
    """
    known = ~np.isnan(demand)
    days = known.sum(axis=1)
    mean = np.where(known, demand, 0).sum(axis=1, dtype=np.float64) / np.maximum(days, 1)
    spread = np.where(known, demand - mean[:, None], 0.0)
    variance = (spread * spread).sum(axis=1) / np.maximum(days - 1, 1)
    aside = np.zeros(len(demand), np.int64) if censored is None else censored.sum(axis=1)
    return Statistics(mean, np.sqrt(variance), days, aside)


def levels(
    statistics: Statistics,
    lead_days: np.ndarray,
    lead_sigma: np.ndarray,
    review_days: np.ndarray,
    service: np.ndarray,
    kind: np.ndarray | int = CYCLE,
) -> Levels:
    """Return the levels of ``n`` pairs; lead and review in days, ``service`` a target of ``kind``, all (n,) or scalar.

    Few days hide the true deviation: up to ENOUGH_DAYS it is at least that of a Poisson stream, sqrt(mean).
    An unknown (NaN) or negative lead time or deviation counts as 0. Never negative.

    >>> one = Statistics(np.array([4.0]), np.array([3.0]), np.array([60]), np.array([0]))
    >>> found = levels(one, 6, 0, 1, 0.975)
    >>> found.safety_stock.round(1).tolist(), found.order_up_to.round(1).tolist()
    ([15.6], [43.6])
    """
    lead, deviation, review = (
        np.clip(np.nan_to_num(np.asarray(value, np.float64)), 0, None) for value in (lead_days, lead_sigma, review_days)
    )
    mean = statistics.mean
    few = statistics.days < ENOUGH_DAYS
    sigma = np.where(few, np.maximum(statistics.sigma, np.sqrt(mean)), statistics.sigma)
    spread = np.sqrt((lead + review) * sigma**2 + mean**2 * deviation**2)
    factor = normal_factor(np.clip(service, LOWEST_SERVICE, HIGHEST_SERVICE), kind, spread, mean * review)
    safety = np.where(mean > 0, np.maximum(factor, 0) * spread, 0.0)
    reorder = mean * lead + safety
    method = np.where(mean <= 0, NO_DEMAND, np.where(few, FEW_DAYS, NORMAL))
    return Levels(safety, reorder, reorder + mean * review, method)


def expected_shortage(mean: np.ndarray, sigma: np.ndarray, stock: np.ndarray) -> np.ndarray:
    """Return the expected units short, E[max(D - stock, 0)], of normal demand with this mean and deviation.

    >>> expected_shortage(np.array([10.0, 10.0]), np.array([0.0, 5.0]), np.array([4.0, 10.0])).round(2).tolist()
    [6.0, 1.99]
    """
    spread = sigma > 1e-9
    safe = np.where(spread, sigma, 1.0)
    k = np.clip((stock - mean) / safe, -40, 40)  # beyond that the densities are 0 anyway
    density = np.exp(-0.5 * k * k) / np.sqrt(2 * np.pi)
    short = safe * (density - k * ndtr(-k))
    return np.maximum(np.where(spread & (k > -40), short, mean - stock), 0.0)


def order_quantity(
    position: np.ndarray, reorder_point: np.ndarray, order_up_to: np.ndarray, multiple: np.ndarray, minimum: np.ndarray
) -> np.ndarray:
    """Return what to order: up to the level when the position is at or below the reorder point, else 0.

    The quantity is at least ``minimum`` and rounded up to a whole ``multiple`` (0 or less: no multiple).

    >>> position, four = np.array([3.0, 9.0]), np.array([4.0, 4.0])
    >>> order_quantity(position, np.array([5.0, 5.0]), np.array([12.0, 12.0]), four, four).tolist()
    [12.0, 0.0]
    """
    wanted = np.maximum(order_up_to - position, minimum)
    step = np.where(multiple > 0, multiple, 1.0)
    # a hair below a whole number of packs is that number: float32 history leaves such hairs
    packs = np.ceil(wanted / step - 1e-6)
    wanted = np.where(multiple > 0, packs * step, wanted)
    return np.where((position <= reorder_point) & (order_up_to > position), wanted, 0.0)


def fair_share(wanted: np.ndarray, group: np.ndarray, available: np.ndarray, multiple: np.ndarray) -> np.ndarray:
    """Return what each of ``n`` wishes gets of its group's stock: all when it suffices, else the same share for each.

    ``group`` (n,) indexes ``available`` (g,). Cut wishes are rounded down to whole multiples, so a group never gives
    more than it has.

    >>> fair_share(np.array([6.0, 2.0]), np.array([0, 0]), np.array([4.0]), np.array([1.0, 1.0])).tolist()
    [3.0, 1.0]
    """
    total = np.bincount(group, wanted, minlength=len(available))
    ratio = np.divide(available, total, out=np.ones(len(available)), where=total > available)[group]
    step = np.where(multiple > 0, multiple, 1.0)
    cut = np.where(multiple > 0, np.floor(wanted * ratio / step + 1e-9) * step, wanted * ratio)
    return np.where(ratio >= 1, wanted, cut)
