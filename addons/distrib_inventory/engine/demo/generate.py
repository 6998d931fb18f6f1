"""The whole demo from a seed: same seed, scale and last day, same bytes."""

import datetime as dt

import numpy as np

from . import catalogue, demand, events, network, orders
from .types import DemoNetwork, History, Product, Warehouse
from .weather import weather

PRODUCTS = 120


def generate(seed: int, scale: float, until: dt.date) -> DemoNetwork:
    """Invent a distribution network with a year of sales that ends on ``until`` (inclusive).

    At ``scale`` 1: 1 central, 4 regional, 6 dealer and 12 store warehouses, 120 products, 40 dealers and 300 orders;
    ``scale`` (above 0) multiplies them. Raises ValueError for a scale that is not positive.
    """
    if not scale > 0:
        raise ValueError("scale must be above 0")
    # Each part draws from a stream of its own, so that a change of one leaves the others as they were.
    parts = dict(
        zip(
            ("goods", "dealers", "places", "weather", "history", "stock", "orders", "supplies"),
            np.random.default_rng(seed).spawn(8),
            strict=True,
        )
    )
    days = demand.year_of(until)
    promotions = events.promotions(days[0].astype(object), until)
    products = catalogue.products(parts["goods"], max(8, round(PRODUCTS * scale)), len(days))
    dealers = network.dealers(parts["dealers"], scale)
    warehouses = network.warehouses(parts["places"], scale, dealers)
    cities = tuple({w.city.adcode: w.city for w in warehouses}.values())
    climate = weather(parts["weather"], cities, days)
    history = demand.history(parts["history"], warehouses, products, promotions, climate)
    stock = _stock(parts["stock"], warehouses, products, history)
    sold = orders.orders(parts["orders"], dealers, warehouses, products, until, scale)
    return DemoNetwork(
        seed=seed,
        scale=float(scale),
        until=until,
        categories=catalogue.CATEGORIES,
        suppliers=catalogue.suppliers(),
        products=products,
        dealers=dealers,
        warehouses=warehouses,
        promotions=promotions,
        weather=climate,
        history=history,
        stock=stock,
        orders=orders.short_of_stock(sold, products, stock),
        supplies=orders.supplies(parts["supplies"], warehouses, products, until, scale),
    )


def _stock(
    rng: np.random.Generator, warehouses: tuple[Warehouse, ...], products: tuple[Product, ...], history: History
) -> np.ndarray:
    """(warehouses, products) pieces: what the shops have left; upstream some weeks of the downstream sales."""
    stock = np.zeros((len(warehouses), len(products)), dtype=np.int64)
    stock[history.warehouse, history.product] = history.on_hand
    rate = np.zeros(stock.shape)
    rate[history.warehouse, history.product] = np.nanmean(history.quantity[:, -28:], axis=1)
    # From the leaves up: a parent stands after none of its children in this order.
    for i in range(len(warehouses) - 1, 0, -1):
        rate[warehouses[i].parent] += rate[i]
    weeks = {"central": (2.0, 7.0), "regional": (1.2, 5.0)}
    for i, place in enumerate(warehouses):
        if place.tier in weeks:
            cover = rng.uniform(*weeks[place.tier], len(products)) * (rng.random(len(products)) > 0.02)
            stock[i] = np.ceil(rate[i] * 7 * cover)
    return stock
