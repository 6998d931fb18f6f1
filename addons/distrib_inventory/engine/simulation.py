"""What levels are worth: stock, turnover and lost sales that follow from order-up-to levels and the demand against them.

With order-up-to level S, demand of mean m and deviation s a day (s already that of the forecast's error), lead time L of
deviation l and review period R, all in days, demand over a span T has mean m T and variance T s^2 + m^2 l^2. On average

    on hand = E[(S - D(L + R/2))+]        halfway between two arrivals
    lost    = 1 - fill                    fill as given by the engine of the policies, else
              fill = 1 - (E[(D(L + R) - S)+] - E[(D(L) - S)+]) / (m R)

Source: E. Silver, D. Pyke, D. Thomas, Inventory and Production Management in Supply Chains, 4th edition (2017), section
6.9 (periodic review, order-up-to).
"""

from dataclasses import dataclass

import numpy as np

from .policy import expected_shortage

YEAR = 365.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """Of each pair: mean stock ``on_hand`` and stock ``position`` in units, share of demand met ``fill``, and units
    a year demanded, ``demand``, and lost, ``lost``."""

    on_hand: np.ndarray
    position: np.ndarray
    fill: np.ndarray
    demand: np.ndarray
    lost: np.ndarray


def outcome(
    mean: np.ndarray,
    sigma: np.ndarray,
    lead: np.ndarray,
    lead_sigma: np.ndarray,
    review: np.ndarray,
    level: np.ndarray,
    fill: np.ndarray | None = None,
) -> Outcome:
    """Return what ``n`` order-up-to levels lead to; ``fill`` (n,) where the policies' engine knows it (NaN: not).

    >>> found = outcome(*(np.array([v]) for v in (4.0, 0.0, 5.0, 0.0, 2.0, 28.0)))
    >>> found.on_hand.tolist(), found.fill.tolist(), found.demand.tolist()
    ([4.0], [1.0], [1460.0])
    """
    mean, sigma, lead, lead_sigma, review, level = (
        np.clip(np.nan_to_num(np.asarray(value, np.float64)), 0, None)
        for value in (mean, sigma, lead, lead_sigma, review, level)
    )

    def short(span: np.ndarray, stock: np.ndarray) -> np.ndarray:
        return expected_shortage(mean * span, np.sqrt(span * sigma**2 + (mean * lead_sigma) ** 2), stock)

    cycle = mean * np.maximum(review, 1.0)
    missed = short(lead + np.maximum(review, 1.0), level) - short(lead, level)
    reached = np.clip(1 - np.divide(missed, cycle, out=np.zeros(len(cycle)), where=cycle > 0), 0, 1)
    if fill is not None:
        reached = np.where(np.isnan(fill), reached, np.clip(np.nan_to_num(fill), 0, 1))
    halfway = lead + review / 2
    on_hand = level - mean * halfway + short(halfway, level)
    demand = mean * YEAR
    return Outcome(np.maximum(on_hand, 0.0), level, reached, demand, demand * (1 - reached))


def turnover(sold: np.ndarray, stock: np.ndarray) -> np.ndarray:
    """Return how often a year the stock is turned: value sold a year over value of stock, 0 without stock.

    >>> turnover(np.array([1200.0, 10.0]), np.array([100.0, 0.0])).tolist()
    [12.0, 0.0]
    """
    return np.divide(sold, stock, out=np.zeros(len(np.asarray(sold))), where=np.asarray(stock) > 0)
