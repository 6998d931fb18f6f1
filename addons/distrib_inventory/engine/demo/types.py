"""What the generator hands out: frozen records and arrays, indices instead of references."""

import datetime as dt
import hashlib
from dataclasses import dataclass, fields, is_dataclass

import numpy as np


@dataclass(frozen=True)
class City:
    """A city by its GB/T 2260 code, with its position in degrees (WGS 84, rounded)."""

    adcode: str
    name: str
    name_zh: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Warehouse:
    """``tier`` is central, regional, dealer or store; ``parent`` and ``dealer`` are indices, -1 for none."""

    code: str
    tier: str
    name: str
    name_zh: str
    city: City
    latitude: float
    longitude: float
    parent: int
    lead_days: int
    dealer: int
    size: float


@dataclass(frozen=True)
class Supplier:
    """A producer; lead time in days, mean and standard deviation."""

    ref: str
    name: str
    name_zh: str
    city: City
    lead_days: int
    lead_spread: float


@dataclass(frozen=True)
class Category:
    """How the sales of one kind of goods move. See :mod:`.demand` for the meaning of each factor."""

    key: str
    name: str
    name_zh: str
    season_peak: int
    season_swing: float
    weekend: float
    warmth: float
    festive: float
    margin: float
    price: tuple[float, float]
    shelf_days: int
    brands: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str, float], ...]
    variants: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Product:
    """Money in CNY, weight in kg, volume in m3, ``pack`` pieces in a carton.

    ``launched`` and ``dying`` are indices of days of the history, -1 for none.
    """

    sku: str
    barcode: str
    name: str
    name_zh: str
    category: int
    supplier: int
    weight: float
    volume: float
    pack: int
    cost: float
    list_price: float
    lead_days: int
    lead_spread: float
    popularity: float
    intermittent: bool
    launched: int
    dying: int
    shelf_days: int


@dataclass(frozen=True)
class Dealer:
    """``tier`` 0 is the highest of three; ``parent`` is the dealer that supplies this one, -1 for none."""

    ref: str
    name: str
    name_zh: str
    tier: int
    city: City
    parent: int
    credit_limit: float
    payment_days: int


@dataclass(frozen=True)
class Promotion:
    """First and last day inclusive, ``depth`` the share taken off the price, categories by index."""

    name: str
    name_zh: str
    start: dt.date
    end: dt.date
    depth: float
    categories: tuple[int, ...]


@dataclass(frozen=True)
class Order:
    """One order of a dealer, served by the warehouse ``source``.

    ``fate`` is one of :data:`.orders.FATES`; lines are (product, pieces).
    """

    ref: str
    day: dt.date
    dealer: int
    source: int
    channel: str
    fate: str
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Supply:
    """An open purchase (``source`` a supplier) or transfer (``source`` a warehouse) on its way to ``target``."""

    kind: str
    source: int
    target: int
    ordered: dt.date
    expected: dt.date
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class History:
    """Daily sales of N product-warehouse pairs over D days.

    ``warehouse`` and ``product`` (N,) int32 hold indices; ``days`` (D,) datetime64[D];
    ``quantity``, ``in_stock``, ``price``, ``promotion``, ``returned`` (N, D) float32. ``quantity`` is what was sold
    (pieces), ``in_stock`` the share of selling hours in stock, ``promotion`` the depth of the discount, ``returned``
    the pieces that came back later. NaN before a product is launched.
    ``on_hand`` (N,) pieces at the end of the last day.
    """

    warehouse: np.ndarray
    product: np.ndarray
    days: np.ndarray
    quantity: np.ndarray
    in_stock: np.ndarray
    price: np.ndarray
    promotion: np.ndarray
    returned: np.ndarray
    on_hand: np.ndarray


@dataclass(frozen=True)
class Weather:
    """Daily weather by city: ``temperature`` (R, D) deg C with one decimal, ``rain`` (R, D) mm."""

    cities: tuple[City, ...]
    days: np.ndarray
    temperature: np.ndarray
    rain: np.ndarray


@dataclass(frozen=True)
class DemoNetwork:
    """All of the demo. ``stock`` (warehouses, products) int64 pieces on hand at the end of ``until``."""

    seed: int
    scale: float
    until: dt.date
    categories: tuple[Category, ...]
    suppliers: tuple[Supplier, ...]
    products: tuple[Product, ...]
    dealers: tuple[Dealer, ...]
    warehouses: tuple[Warehouse, ...]
    promotions: tuple[Promotion, ...]
    weather: Weather
    history: History
    stock: np.ndarray
    orders: tuple[Order, ...]
    supplies: tuple[Supply, ...]

    def digest(self) -> str:
        """SHA-256 of every value, in the order of the fields: equal for equal networks."""
        sha = hashlib.sha256()
        _feed(sha, self)
        return sha.hexdigest()


def _feed(sha: "hashlib._Hash", value: object) -> None:
    if is_dataclass(value):
        for field in fields(value):
            _feed(sha, getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        sha.update(f"{value.dtype}{value.shape}".encode())
        sha.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple):
        sha.update(b"(")
        for item in value:
            _feed(sha, item)
        sha.update(b")")
    else:
        sha.update(repr(value).encode() + b";")
