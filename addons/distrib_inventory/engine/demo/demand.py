"""A year of daily sales: expected demand from its causes, counts drawn from it, and a shop that can run out.

log-linear demand of a pair on a day = level x season x weekday x trend x life x festival x promotion x weather.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from .catalogue import CATEGORIES
from .events import spring_festival
from .types import History, Product, Promotion, Warehouse, Weather
from .weather import climate, day_of_year

# Pieces a day of a product of mean popularity in a shop of size 1.
LEVEL = 5.0
# Relative fall of demand in a shop by mm of rain, and its floor.
RAIN, RAIN_FLOOR = 0.006, 0.75
# Extra demand by unit of discount: a quarter off sells 1 + 3.2 x 0.25 = 1.8 times as much.
UPLIFT = 3.2
SHELF_HOURS = 14


@dataclass(frozen=True)
class Pairs:
    """Index arrays (N,) of the pairs that sell: warehouse, product; and each warehouse's row in the weather."""

    warehouse: np.ndarray
    product: np.ndarray
    station: np.ndarray


def choose_pairs(
    rng: np.random.Generator, warehouses: tuple[Warehouse, ...], products: tuple[Product, ...], stations: dict[str, int]
) -> Pairs:
    """Shops list about 70 % of the goods, dealers about 85 %; every product sells somewhere."""
    sellers = np.array([i for i, w in enumerate(warehouses) if w.tier in ("dealer", "store")], dtype=np.int32)
    share = np.array([0.85 if warehouses[i].tier == "dealer" else 0.70 for i in sellers])
    listed = rng.random((len(sellers), len(products))) < share[:, None]
    listed[rng.integers(0, len(sellers), len(products)), np.arange(len(products))] = True
    rows, product = np.nonzero(listed)
    station = np.array([stations[w.city.adcode] for w in warehouses], dtype=np.int32)
    return Pairs(sellers[rows], product.astype(np.int32), station[sellers[rows]])


def expected(
    rng: np.random.Generator,
    pairs: Pairs,
    warehouses: tuple[Warehouse, ...],
    products: tuple[Product, ...],
    weather: Weather,
    depth: np.ndarray,
) -> np.ndarray:
    """Expected demand (N, D) in pieces; ``depth`` (N, D) is the discount of each day."""
    days, doy = weather.days, day_of_year(weather.days)
    category = np.array([p.category for p in products])[pairs.product]
    by_day = _category_days(days, doy)[category]
    level = LEVEL * np.array([p.popularity for p in products])[pairs.product]
    level = level * np.array([w.size for w in warehouses])[pairs.warehouse] * rng.lognormal(0, 0.3, len(category))
    growth = rng.normal(0.05, 0.15, len(products))[pairs.product]
    trend = 1 + growth[:, None] * (np.arange(len(days)) / 365.0 - 0.5)
    is_store = np.array([w.tier == "store" for w in warehouses])[pairs.warehouse]
    mean = level[:, None] * by_day * np.clip(trend, 0.3, None)
    mean *= _weekdays(days, category, is_store) * _lives(products, len(days))[pairs.product]
    mean *= (1 + UPLIFT * depth) * _weather_factor(weather, doy, category, is_store, pairs.station)
    return mean


def _category_days(days: np.ndarray, doy: np.ndarray) -> np.ndarray:
    """(categories, D): the yearly wave and the weeks around Spring Festival."""
    factor = np.stack([1 + c.season_swing * np.cos(2 * np.pi * (doy - c.season_peak) / 365.25) for c in CATEGORIES])
    festive = np.array([c.festive for c in CATEGORIES])[:, None]
    for year in range(int(days[0].astype(object).year), int(days[-1].astype(object).year) + 1):
        gap = (days - np.datetime64(spring_festival(year))).astype(np.int64)
        factor = np.where((gap >= -18) & (gap < 0), factor * festive, factor)
        # Most shops are closed or quiet in the first days of the year.
        factor = np.where((gap >= 0) & (gap < 5), factor * 0.45, factor)
    return factor


def _weekdays(days: np.ndarray, category: np.ndarray, is_store: np.ndarray) -> np.ndarray:
    """(N, D): shops sell more at the weekend, dealers deliver on weekdays."""
    weekday = (days.astype(np.int64) + 3) % 7
    weekend = weekday >= 5
    shops = np.where(weekend[None, :], np.array([c.weekend for c in CATEGORIES])[:, None], 0.95)[category]
    dealers = np.array([1.25, 1.15, 1.1, 1.1, 1.2, 0.75, 0.45])[weekday]
    return np.where(is_store[:, None], shops, dealers[None, :])


def _lives(products: tuple[Product, ...], number: int) -> np.ndarray:
    """(P, D): 0 before the launch, three weeks to full sales; the dying lose 2 % a day."""
    day = np.arange(number)[None, :]
    launched = np.array([p.launched for p in products])[:, None]
    dying = np.array([p.dying for p in products])[:, None]
    factor = np.where(launched < 0, 1.0, np.clip((day - launched + 1) / 21.0, 0.0, 1.0))
    return factor * np.where(dying < 0, 1.0, 0.98 ** np.clip(day - dying, 0, None))


def _weather_factor(
    weather: Weather, doy: np.ndarray, category: np.ndarray, is_store: np.ndarray, station: np.ndarray
) -> np.ndarray:
    """(N, D): drinks sell in the heat, noodles in the cold, shops lose visitors in the rain."""
    usual = climate(np.array([c.latitude for c in weather.cities]), doy)
    warmth = np.array([c.warmth for c in CATEGORIES])[category]
    heat = np.exp(warmth[:, None] * (weather.temperature - usual)[station])
    wet = np.clip(1 - RAIN * weather.rain, RAIN_FLOOR, 1)[station]
    return heat * np.where(is_store[:, None], wet, 1.0)


def discounts(
    rng: np.random.Generator,
    pairs: Pairs,
    products: tuple[Product, ...],
    days: np.ndarray,
    promotions: tuple[Promotion, ...],
) -> np.ndarray:
    """Depth (N, D) of the discount. About 60 % of a category's products take part in each promotion, everywhere."""
    category = np.array([p.category for p in products])
    depth = np.zeros((len(products), len(days)))
    for event in promotions:
        taking = np.isin(category, event.categories) & (rng.random(len(products)) < 0.6)
        inside = (days >= np.datetime64(event.start)) & (days <= np.datetime64(event.end))
        depth = np.where(taking[:, None] & inside[None, :], np.maximum(depth, event.depth), depth)
    return depth[pairs.product]


def draw(rng: np.random.Generator, mean: np.ndarray, intermittent: np.ndarray) -> np.ndarray:
    """Counts (N, D) int64: over-dispersed around ``mean``; the intermittent ones come seldom and in lots."""
    noisy = mean * rng.gamma(8.0, 1 / 8.0, mean.shape)
    # One day in eight, eight times as much: the same mean, mostly zeros.
    seldom = np.where(rng.random(mean.shape) < 0.125, noisy * 8.0, 0.0)
    return rng.poisson(np.where(intermittent[:, None], seldom, noisy))


def sell(
    rng: np.random.Generator,
    demand: np.ndarray,
    mean: np.ndarray,
    lead: np.ndarray,
    pack: np.ndarray,
    opened: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A shop with a naive minimum and maximum: what is sold, the share of hours in stock, what is left.

    ``demand``, ``mean`` (N, D); ``lead`` (N,) days; ``pack`` (N,) pieces; ``opened`` (N,) first day of sale.
    Rates are reviewed once in four weeks from the last four, so that seasons and promotions cause stock-outs.
    """
    number, length = demand.shape
    stock = np.zeros(number, dtype=np.int64)
    arriving = np.zeros((number, length + 40), dtype=np.int64)
    sold, share = np.zeros_like(demand), np.zeros((number, length))
    rate = mean[np.arange(number), np.clip(opened + 20, 0, length - 1)]
    cover = rng.uniform(1.0, 2.2, number)
    for d in range(length):
        if d % 28 == 0 and d:
            rate = np.maximum(demand[:, d - 28 : d].mean(axis=1), 0.02)
        starting = opened == d
        stock = np.where(starting, np.ceil(rate * (lead + 10)).astype(np.int64) + pack, stock) + arriving[:, d]
        sold[:, d] = np.minimum(demand[:, d], stock)
        share[:, d] = np.where(stock <= 0, 0.0, np.where(demand[:, d] > stock, stock / np.maximum(demand[:, d], 1), 1))
        stock = stock - sold[:, d]
        position = stock + arriving[:, d + 1 : d + 41].sum(axis=1)
        low = (position <= rate * (lead + cover)) & (d >= opened)
        need = np.where(low, np.ceil((rate * (lead + cover + 7) - position) / pack) * pack, 0).astype(np.int64)
        # One delivery in twelve comes some days late.
        late = np.where(rng.random(number) < 1 / 12, rng.integers(2, 8, number), 0)
        arriving[np.arange(number), d + lead + late] += np.maximum(need, 0)
    return sold, np.ceil(share * SHELF_HOURS) / SHELF_HOURS, stock


def history(
    rng: np.random.Generator,
    warehouses: tuple[Warehouse, ...],
    products: tuple[Product, ...],
    promotions: tuple[Promotion, ...],
    weather: Weather,
) -> History:
    """All pairs' year. Days before a product's launch are NaN."""
    stations = {c.adcode: i for i, c in enumerate(weather.cities)}
    pairs = choose_pairs(rng, warehouses, products, stations)
    days = weather.days
    depth = discounts(rng, pairs, products, days, promotions)
    mean = expected(rng, pairs, warehouses, products, weather, depth)
    demand = draw(rng, mean, np.array([p.intermittent for p in products])[pairs.product])
    opened = np.clip(np.array([p.launched for p in products]), 0, None)[pairs.product]
    lead = np.array([max(1, w.lead_days) for w in warehouses])[pairs.warehouse]
    pack = np.array([p.pack for p in products])[pairs.product]
    sold, share, left = sell(rng, demand, mean, lead, pack, opened)
    unknown = np.arange(len(days))[None, :] < opened[:, None]
    price = np.round(np.array([p.list_price for p in products])[pairs.product][:, None] * (1 - depth), 2)
    returned = rng.binomial(sold, 0.006)

    def known(values: np.ndarray) -> np.ndarray:
        return np.where(unknown, np.nan, values).astype(np.float32)

    return History(
        pairs.warehouse,
        pairs.product,
        days,
        known(sold),
        known(share),
        known(price),
        known(depth),
        known(returned),
        left,
    )


def year_of(until: dt.date) -> np.ndarray:
    """The 365 days that end on ``until``, (365,) datetime64[D]."""
    return np.datetime64(until) - np.arange(364, -1, -1)
