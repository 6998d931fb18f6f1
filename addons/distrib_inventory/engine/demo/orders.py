"""Orders of dealers over the year and the purchases and transfers still on their way."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .geography import nearest
from .types import Dealer, Order, Product, Supply, Warehouse

ORDERS = 300
CHANNELS = (("portal", 0.5), ("api", 0.2), ("shop", 0.2), ("phone", 0.1))
# What became of an order by the end of the last day:
# delivered and paid / delivered, invoice not due / delivered, invoice past due / goods sent back and credited /
# on the road / on the road past its date / stopped on the road /
# not routed / held by a clerk / short of stock / reserved / given to the warehouse / cancelled
FATES = (
    "paid", "unpaid", "overdue", "returned", "in_transit", "late", "exception", "to_route", "held", "waiting",
    "routed", "released", "cancelled",
)  # fmt: skip
OPEN = ("to_route", "held", "waiting", "routed", "released")
# The goods have left the source.
SHIPPED = ("paid", "unpaid", "overdue", "returned", "in_transit", "late", "exception")


def orders(
    rng: np.random.Generator,
    dealers: tuple[Dealer, ...],
    warehouses: tuple[Warehouse, ...],
    products: tuple[Product, ...],
    until: dt.date,
    scale: float,
) -> tuple[Order, ...]:
    """300 times ``scale`` orders of the last 360 days, oldest first; the first dealer has some of every kind."""
    number = max(24, round(ORDERS * scale))
    weight = np.array([{0: 6.0, 1: 2.5, 2: 1.0}[d.tier] for d in dealers])
    ages = np.sort(_ages(rng, number))[::-1]
    buyers = rng.choice(len(dealers), number, p=weight / weight.sum())
    # The one whose portal the demo shows: every seventh order, counted from the newest.
    buyers[::-7] = 0
    popular = np.array([p.popularity for p in products])
    depots = [i for i, w in enumerate(warehouses) if w.tier == "regional"]
    sources = [depots[nearest(d.city, [warehouses[i].city for i in depots])] for d in dealers]
    made = []
    for i in range(number):
        age, dealer = int(ages[i]), dealers[buyers[i]]
        fate = _fate(rng, age, dealer.payment_days, number - 1 - i)
        made.append(
            Order(
                f"DEMO{i + 1:05d}",
                until - dt.timedelta(days=age),
                int(buyers[i]),
                sources[buyers[i]],
                _channel(rng),
                fate,
                _lines(rng, products, popular, 364 - age, dealer.tier),
            )
        )
    return tuple(made)


def _ages(rng: np.random.Generator, number: int) -> np.ndarray:
    """Days before the end, over a year in which business grows: about one order in fourteen is of the last week."""
    return (361 * rng.random(number) ** 1.5).astype(np.int64)


def _fate(rng: np.random.Generator, age: int, payment_days: int, place: int) -> str:
    """``place`` counts from the newest: the last ones show each open state in turn, so that all of them occur."""
    if place < 18:
        return (*OPEN, "in_transit")[place % 6]
    if age < 7:
        return ("late", "in_transit", "released", "exception")[place % 4]
    draw = rng.random()
    if draw < 0.03:
        return "cancelled"
    if draw < 0.08:
        return "returned"
    if age <= payment_days:
        return "unpaid" if draw < 0.7 else "paid"
    return "overdue" if draw < 0.08 + 0.12 * (age < 150) else "paid"


def _channel(rng: np.random.Generator) -> str:
    names, shares = zip(*CHANNELS, strict=True)
    return names[int(rng.choice(len(names), p=shares))]


def _lines(
    rng: np.random.Generator, products: tuple[Product, ...], popular: np.ndarray, day: int, tier: int
) -> tuple[tuple[int, int], ...]:
    """Two to six products on sale that day, whole cartons; a higher tier buys more."""
    on_sale = np.array([p.launched <= day for p in products])
    share = popular * on_sale
    number = min(int(rng.integers(2, 7)), int((share > 0).sum()))
    chosen = rng.choice(len(products), number, replace=False, p=share / share.sum())
    cartons = rng.integers(1, (9, 6, 4)[tier], number)
    return tuple((int(p), int(c) * products[p].pack) for p, c in zip(chosen, cartons, strict=True))


def short_of_stock(made: tuple[Order, ...], products: tuple[Product, ...], stock: np.ndarray) -> tuple[Order, ...]:
    """The same orders; a waiting one asks for a carton more of its first product than any warehouse has.

    ``stock`` (warehouses, products) in pieces.
    """

    def more(order: Order) -> Order:
        product, pieces = order.lines[0]
        pack = products[product].pack
        wanted = max(pieces, (int(stock[:, product].max()) // pack + 1) * pack)
        return replace(order, lines=((product, wanted), *order.lines[1:]))

    return tuple(more(order) if order.fate == "waiting" else order for order in made)


def supplies(
    rng: np.random.Generator,
    warehouses: tuple[Warehouse, ...],
    products: tuple[Product, ...],
    until: dt.date,
    scale: float,
) -> tuple[Supply, ...]:
    """Open purchases into the central warehouse and transfers to the others; one in four is past its date."""
    made = []
    targets = [i for i, w in enumerate(warehouses) if w.tier == "regional" or w.tier == "store"]
    for i in range(max(3, round(14 * scale))):
        supplier = i % 8
        goods = [j for j, p in enumerate(products) if p.supplier == supplier]
        if goods:
            expected = until + dt.timedelta(days=int(rng.integers(-6, 15)))
            made.append(_supply(rng, "purchase", supplier, 0, expected, 18, goods, products, 10))
    for i in range(max(3, round(12 * scale))):
        target = targets[i % len(targets)]
        source = warehouses[target].parent
        expected = until + dt.timedelta(days=int(rng.integers(-2, 5)))
        lead = warehouses[target].lead_days
        made.append(_supply(rng, "transfer", source, target, expected, lead, range(len(products)), products, 3))
    return tuple(made)


def _supply(
    rng: np.random.Generator,
    kind: str,
    source: int,
    target: int,
    expected: dt.date,
    lead: int,
    goods: Sequence[int],
    products: tuple[Product, ...],
    cartons: int,
) -> Supply:
    chosen = rng.choice(np.array(goods), min(len(goods), int(rng.integers(3, 8))), replace=False)
    lines = tuple((int(p), int(rng.integers(2, 2 + cartons)) * products[p].pack) for p in chosen)
    return Supply(kind, source, target, expected - dt.timedelta(days=lead), expected, lines)
