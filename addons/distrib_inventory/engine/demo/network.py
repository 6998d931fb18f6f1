"""Warehouses in four tiers and dealers in three, at real cities with invented names."""

from collections.abc import Sequence

import numpy as np

from .geography import CENTRAL, CITIES, REGIONAL, distance_km, nearest
from .types import City, Dealer, Warehouse

COUNTS = {"central": 1, "regional": 4, "dealer": 6, "store": 12}
DEALERS = 40
STEPS = ((5_000, 15), (2_000, 30), (1_000, 45))
WORDS = (
    ("Lakeside", "湖滨"), ("Riverbend", "江湾"), ("Eastgate", "东门"), ("Pinewood", "松林"), ("Harbour", "海港"),
    ("Northbridge", "北桥"), ("Goldleaf", "金叶"), ("Clearwater", "清水"), ("Westgarden", "西园"),
    ("Stonebridge", "石桥"), ("Greenfield", "绿野"), ("Plum Court", "梅苑"), ("Southfield", "南田"),
    ("Bamboo Lane", "竹巷"), ("Sunrise", "旭日"), ("Hillfoot", "山麓"), ("White Pagoda", "白塔"),
)  # fmt: skip
TRADES = (("Trading", "商贸"), ("Supply Chain", "供应链"), ("Commerce", "贸易"), ("Distribution", "经销"))


def count(kind: str, scale: float) -> int:
    """How many warehouses of a tier at a scale; one central one at any scale.

    >>> count("store", 1), count("store", 0.1), count("central", 10)
    (12, 1, 1)
    """
    return 1 if kind == "central" else max(1, round(COUNTS[kind] * scale))


def dealers(rng: np.random.Generator, scale: float) -> tuple[Dealer, ...]:
    """40 times ``scale`` dealers: one in six of the first tier, a third of the second, half of the third."""
    number = max(3, round(DEALERS * scale))
    top = max(count("dealer", scale), round(number / 6))
    top = min(top, number - 2)
    second = max(1, round((number - top) * 0.4))
    made: list[Dealer] = []
    for i in range(number):
        tier = 0 if i < top else 1 if i < top + second else 2
        made.append(_dealer(rng, i, tier, made[:top]))
    return tuple(made)


def _dealer(rng: np.random.Generator, i: int, tier: int, top: list[Dealer]) -> Dealer:
    # 36 cities x 17 words x 4 trades; word and trade turn at other speeds than the city, so names do not repeat.
    turn = i // len(CITIES)
    city = CITIES[i % len(CITIES)]
    word, word_zh = WORDS[(i * 3 + turn) % len(WORDS)]
    trade, trade_zh = TRADES[(i + turn // len(WORDS)) % len(TRADES)]
    # Every third dealer of the last tier buys under a dealer of the first.
    parent = nearest(city, [d.city for d in top]) if tier == 2 and i % 3 == 0 and top else -1
    unit, days = STEPS[tier]
    return Dealer(
        ref=f"D{i + 1:04d}",
        name=f"{city.name} {word} {trade}",
        name_zh=f"{city.name_zh}{word_zh}{trade_zh}",
        tier=tier,
        city=city,
        parent=parent,
        credit_limit=float(unit * int(rng.integers(20, 61))),
        payment_days=days,
    )


def warehouses(rng: np.random.Generator, scale: float, owners: tuple[Dealer, ...]) -> tuple[Warehouse, ...]:
    """The supply tree: central feeds regional, the nearest regional feeds dealers' and shops' warehouses."""
    made = [_warehouse(rng, "central", 0, CENTRAL[0], "Central DC", "中心仓", [], -1)]
    for i in range(count("regional", scale)):
        made.append(_warehouse(rng, "regional", i, REGIONAL[i % len(REGIONAL)], "Regional DC", "区域仓", made[:1], -1))
    feeders = list(made)
    for i in range(count("dealer", scale)):
        # A dealer warehouse stands in its owner's city.
        owner = i % len(owners)
        made.append(_warehouse(rng, "dealer", i, owners[owner].city, "Dealer Depot", "经销商仓", feeders, owner))
    for i in range(count("store", scale)):
        city = CITIES[(i * 5 + 3) % len(CITIES)]
        made.append(_warehouse(rng, "store", i, city, "Store", "门店", feeders, -1))
    return tuple(made)


def _warehouse(
    rng: np.random.Generator,
    tier: str,
    i: int,
    city: City,
    label: str,
    label_zh: str,
    feeders: Sequence[Warehouse],
    owner: int,
) -> Warehouse:
    parent = nearest(city, [f.city for f in feeders[1:]]) + 1 if len(feeders) > 1 else len(feeders) - 1
    km = distance_km(city, feeders[parent].city) if parent >= 0 else 0.0
    turn = i // (len(REGIONAL) if tier == "regional" else len(CITIES))
    mark, mark_zh = (f" {turn + 1}", f"{turn + 1}号") if turn else ("", "")
    prefix = {"central": "CD", "regional": "R", "dealer": "D", "store": "S"}[tier]
    return Warehouse(
        # Five characters are all that a warehouse code of Odoo takes.
        code=f"{prefix}{i + 1:0{5 - len(prefix)}d}" if i >= 99 else f"{prefix}{i + 1:02d}",
        tier=tier,
        name=f"{city.name} {label}{mark}",
        name_zh=f"{city.name_zh}{label_zh}{mark_zh}",
        city=city,
        latitude=round(city.latitude + float(rng.uniform(-0.06, 0.06)), 4),
        longitude=round(city.longitude + float(rng.uniform(-0.06, 0.06)), 4),
        parent=parent,
        # A day to pick and load, then 600 km a day.
        lead_days=1 + int(np.ceil(km / 600)) if parent >= 0 else 0,
        dealer=owner,
        size=round(float(rng.lognormal(0, 0.35)) * (3.5 if tier == "dealer" else 1.0), 3),
    )
