"""New pairs from their like: what pairs of the same category sold at the same age, scaled by warehouse and product.

A pair with few days of its own leans on its like; with every day it leans on itself more:

    level = (own demand + k like) / (own days + k),   like = launch[category, age] * warehouse * product

``launch`` is the mean demand of a pair in its ``age``-th days after the first sale, seen at pairs whose first sale lies
inside the history; ``warehouse`` and ``product`` say how much more than usual the place and the product (where it is
sold already) sell, ratios of sums shrunk to 1. Source: forecasting by analogy, K. Kahn, New Product Forecasting (2006);
shrinkage as in ``season``.
"""

from dataclasses import dataclass

import numpy as np

EDGES = (0, 7, 14, 28, 56)
# A first sale in the first days of the history may be an older pair's.
LEAST_BEFORE = 28
NEW_DAYS = 28
WEIGHT = 14.0
SHRINK = 4.0


@dataclass(frozen=True, eq=False)
class Launch:
    """Demand a day at each age (categories, ages), and ratios of warehouses and products, each (groups,)."""

    curve: np.ndarray
    warehouse: np.ndarray
    product: np.ndarray

    def like(self, category: np.ndarray, warehouse: np.ndarray, product: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return what pairs like these (n,) sell a day at this age in days."""
        place = np.clip(np.searchsorted(EDGES, age, side="right") - 1, 0, len(EDGES) - 1)
        return self.curve[category, place] * self.warehouse[warehouse] * self.product[product]


def ages(demand: np.ndarray) -> np.ndarray:
    """Return the days since the first sale (n,), that day included; 0 without one.

    >>> ages(np.array([[np.nan, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])).tolist()
    [2, 0]
    """
    sold = np.nan_to_num(demand) > 0
    return np.where(sold.any(axis=1), demand.shape[1] - sold.argmax(axis=1), 0)


def fit(demand: np.ndarray, groups: tuple, sizes: tuple) -> Launch:
    """Learn from demand (n, t); ``groups`` category, warehouse and product (n,) each, ``sizes`` how many of each.

    >>> demand = np.full((30, 100), 2.0); demand[10:, :60] = np.nan; demand[10:, 60:67] = 8.0
    >>> zero = np.zeros(30, int)
    >>> found = fit(demand, (zero, zero, zero), (1, 1, 1))
    >>> found.like(zero[:2], zero[:2], zero[:2], np.array([3, 20])).round().tolist()
    [7.0, 2.0]
    """
    category, warehouse, product = groups
    level = _mean(demand)
    usual = level.mean() if len(level) else 0.0
    by_category = _ratio(level, np.full(len(level), usual), category, sizes[0])
    expected = usual * by_category[category]
    by_warehouse = _ratio(level, expected, warehouse, sizes[1])
    by_product = _ratio(level, expected * by_warehouse[warehouse], product, sizes[2])
    base = usual * by_category
    shape = _shape(demand, expected * by_warehouse[warehouse] * by_product[product])
    return Launch(base[:, None] * shape[None, :], by_warehouse, by_product)


def _mean(demand: np.ndarray) -> np.ndarray:
    known = ~np.isnan(demand)
    return np.where(known, demand, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def _ratio(top: np.ndarray, bottom: np.ndarray, group: np.ndarray, size: int) -> np.ndarray:
    """Sums of ``top`` over sums of ``bottom`` by group, shrunk to 1 by SHRINK usual pairs."""
    k = SHRINK * max(float(bottom.mean()) if len(bottom) else 0.0, 1e-9)
    return (np.bincount(group, top, size) + k) / (np.bincount(group, bottom, size) + k)


def _shape(demand: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """How launches sell at each age against what such a pair sells in the end (ages,); 1 without launches."""
    age = ages(demand)
    fresh = (age > 0) & (age <= demand.shape[1] - LEAST_BEFORE)
    start = demand.shape[1] - age
    found = np.ones(len(EDGES))
    steps = np.arange(demand.shape[1])[None, :] - start[fresh, None]
    rows, wanted = demand[fresh], expected[fresh, None]
    for place, low in enumerate(EDGES):
        high = EDGES[place + 1] if place + 1 < len(EDGES) else 10**6
        use = (steps >= low) & (steps < high) & ~np.isnan(rows)
        weight = np.where(use, wanted, 0).sum()
        k = NEW_DAYS * SHRINK * max(float(expected.mean()) if len(expected) else 0.0, 1e-9) / 4
        found[place] = (np.where(use, rows, 0).sum() + k) / (weight + k)
    return found


def lean(own: np.ndarray, days: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return the factor (n,) by which the forecast of a new pair changes: towards its like, less with every day.

    ``own`` (n,) its mean demand a day, ``days`` (n,) of its own, ``like`` (n,).

    >>> lean(np.array([4.0, 4.0]), np.array([14.0, 400.0]), np.array([2.0, 2.0])).tolist()
    [0.75, 1.0]
    """
    mixed = (own * days + WEIGHT * like) / (days + WEIGHT)
    return np.where(days < NEW_DAYS, mixed / np.maximum(own, 1e-6), 1.0)
