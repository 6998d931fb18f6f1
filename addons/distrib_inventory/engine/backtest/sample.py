"""Seeded sample data in the shape of the real files, so that anyone can run the back-tests."""

import numpy as np


def weekly(pairs: int = 120, weeks: int = 157, seed: int = 4) -> tuple:
    """Return (sales (n, t), in stock (n, t), store (n,), product (n,), department (n,)) of weekly grocery-like demand.

    Gamma-Poisson demand around a level that wanders, with a season of 52 weeks that the stores share; a few per cent
    of the weeks are out of stock and then sold nothing.

    >>> sales, in_stock, *_ = weekly(5, 60, 1)
    >>> sales.shape, bool((sales[~in_stock] == 0).all())
    ((5, 60), True)
    """
    rng = np.random.default_rng(seed)
    store, product = np.arange(pairs) // 6, rng.integers(0, max(2, pairs // 4), pairs)
    weeks_of_year = np.arange(weeks) % 52
    season = 1 + 0.2 * np.sin(2 * np.pi * weeks_of_year / 52) + 1.2 * np.isin(weeks_of_year, (31, 35, 36))
    wander = np.exp(np.cumsum(rng.normal(0, 0.05, (pairs, weeks)), axis=1))
    level = rng.lognormal(1.0, 0.9, (pairs, 1)) * wander * season
    sales = rng.poisson(level * rng.gamma(5, 0.2, (pairs, weeks))).astype(float)
    in_stock = rng.random((pairs, weeks)) > 0.03
    return np.where(in_stock, sales, 0), in_stock, store, product, product % 4


def daily(pairs: int = 200, days: int = 90, seed: int = 4) -> tuple:
    """Return (sales (n, t), out-of-stock hours (n, t), discount (n, t), store, product, category (n,)) of fresh food.

    ``discount`` is the share of the price paid, known ahead; a promotion lifts demand.

    >>> sales, hours, discount, *_ = daily(4, 30, 1)
    >>> sales.shape, int(hours.max()) <= 16, float(discount.max())
    ((4, 30), True, 1.0)
    """
    rng = np.random.default_rng(seed)
    store, product = np.arange(pairs) // 8, rng.integers(0, max(2, pairs // 5), pairs)
    promoted = np.repeat(rng.random((pairs, -(-days // 7))) < 0.25, 7, axis=1)[:, :days]
    discount = np.where(promoted, 0.8, 1.0)
    week = np.array([0.9, 0.88, 0.9, 0.95, 1.0, 1.2, 1.25])[np.arange(days) % 7]
    wander = np.exp(np.cumsum(rng.normal(0, 0.04, (pairs, days)), axis=1))
    level = rng.lognormal(2.0, 0.6, (pairs, 1)) * wander * week * np.where(promoted, 1.5, 1.0)
    asked = rng.poisson(level * rng.gamma(8, 0.125, (pairs, days))).astype(float)
    hours = np.where(rng.random((pairs, days)) < 0.06, rng.integers(1, 17, (pairs, days)), 0)
    return np.floor(asked * (1 - hours / 16)), hours, discount, store, product, product % 6
