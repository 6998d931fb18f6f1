"""Sample pools of real geography, so that anyone can repeat a figure.

Five distribution centres stand in the largest cities of five regions, the stores in the next largest ones; addresses
are drawn from all cities by residents. Articles sell by a Zipf law; an order has 1 to 5 lines, 1.8 on average. The
stock of every article is ``ratio`` times its demand in the pool, dealt to a few locations that carry it: most of it in
the centres. Every location can make a limited number of parcels a day, all together twice as many as there are orders.
"""

import numpy as np

from .cities import CITIES
from .instance import FREE, Floats, Instance, Ints, Lanes

BANDS_KM = np.array([50.0, 200.0, 500.0, 1000.0, 1500.0, 2000.0])
FIRST_FEE = np.array([6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0])
KG_FEE = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0])
CENTRES = ("Shanghai", "Guangzhou", "Beijing", "Chengdu", "Wuhan")
LINES = np.array([0.52, 0.26, 0.13, 0.06, 0.03])
QUANTITIES = np.array([0.85, 0.15])
UNFILLED_UNIT = 60.0
EARTH_KM = 6371.0088


def distance_km(latitude: Floats, longitude: Floats, to_latitude: Floats, to_longitude: Floats) -> Floats:
    """Great-circle distances (haversine), degrees in, shape (n, m) out.

    >>> distance_km(np.array([39.905]), np.array([116.405]), np.array([31.232]), np.array([121.473])).round().tolist()
    [[1067.0]]
    """
    a, b = np.radians(latitude)[:, None], np.radians(to_latitude)[None, :]
    half = np.radians(to_longitude[None, :] - longitude[:, None]) / 2
    chord = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(half) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))


def sample(
    orders: int, locations: int = 30, skus: int = 400, ratio: float = 1.3, seed: int = 0, day: int = 0
) -> Instance:  # fmt: skip
    """A pool of ``orders`` orders; the same arguments give the same pool.

    Another ``day`` of the same seed has other orders for the same articles at the same locations.
    """
    rng = np.random.default_rng([seed, day])
    start, sku, quantity = _demand(rng, orders, skus)
    place, centre = _network(locations)
    latitude, longitude, people = (np.array([row[i] for row in CITIES]) for i in (1, 2, 3))
    home = rng.choice(len(CITIES), orders, p=people / people.sum())
    scatter = rng.normal(0.0, 0.15, (2, orders))  # an address lies around the city's centre, some 15 km
    km = distance_km(latitude[home] + scatter[0], longitude[home] + scatter[1], latitude[place], longitude[place])
    band = np.searchsorted(BANDS_KM, km)
    unit_weight = np.round(np.random.default_rng(seed).lognormal(-0.6, 0.7, skus), 2) + 0.05
    capacity = np.ceil(2.0 * orders * np.where(centre, 0.6 / centre.sum(), 0.4 / max((~centre).sum(), 1)))
    return Instance(
        start=start, sku=sku, quantity=quantity, weight=unit_weight[sku] * quantity,
        unfilled=UNFILLED_UNIT * quantity, stock=_stock(rng, sku, quantity, skus, ratio, centre),
        capacity=capacity, lanes=Lanes(FIRST_FEE[band], KG_FEE[band], np.zeros_like(km)),
        parcel_handling=np.where(centre, 1.5, 2.5), unit_handling=np.where(centre, 0.3, 0.6),
        split=np.zeros(orders), barred=np.zeros(km.shape, dtype=np.int8), pins=np.full(len(sku), FREE),
        bans=np.zeros((len(sku), len(place)), dtype=bool), distance=km,
    )  # fmt: skip


def _demand(rng: np.random.Generator, orders: int, skus: int) -> tuple[Ints, Ints, Floats]:
    """Lines of each order: distinct articles, popular ones more often, 1 or 2 units."""
    sizes = np.minimum(rng.choice(len(LINES), orders, p=LINES) + 1, skus)
    start = np.concatenate([[0], np.cumsum(sizes)])
    weight = 1.0 / np.arange(1, skus + 1) ** 0.6
    # Gumbel's trick: the largest keys of an order are a draw without replacement.
    keys = np.log(weight)[None, :] + rng.gumbel(size=(orders, skus))
    top = np.argsort(-keys, axis=1)[:, : len(LINES)]
    sku = top[np.arange(top.shape[1])[None, :] < sizes[:, None]]
    quantity = rng.choice(len(QUANTITIES), len(sku), p=QUANTITIES) + 1.0
    return start, sku, quantity


def _network(locations: int) -> tuple[Ints, np.ndarray]:
    """The city of each location, and which of them are centres: the first five of thirty."""
    names = [row[0] for row in CITIES]
    centres = [names.index(name) for name in CENTRES][: max(1, min(5, locations // 6 or 1))]
    stores = [i % len(CITIES) for i in range(locations + 5) if i not in centres][: locations - len(centres)]
    place = np.array(centres + stores)
    return place, np.arange(locations) < len(centres)


def _stock(
    rng: np.random.Generator, sku: Ints, quantity: Floats, skus: int, ratio: float, centre: np.ndarray
) -> Floats:  # fmt: skip
    """(M, S) whole units: ``ratio`` times the demand of each article, rounded up, dealt one by one to its carriers."""
    total = np.ceil(ratio * np.bincount(sku, quantity, skus) - 1e-9).astype(int)
    carries = rng.random((skus, len(centre))) < np.where(centre, 0.8, 0.35)
    carries[np.arange(skus), rng.integers(0, centre.sum(), skus)] = True
    share = carries * np.where(centre, 4.0, 1.0) * rng.gamma(2.0, size=carries.shape)
    share /= share.sum(axis=1, keepdims=True)
    return np.stack([rng.multinomial(n, p) for n, p in zip(total, share, strict=True)], axis=1).astype(np.float64)
