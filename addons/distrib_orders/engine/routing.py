"""Decide which warehouse fulfils which line of an order, and keep the grounds.

A strategy takes one order, the sites and the stock that is still free and returns a :class:`Plan`; :func:`route` runs
it over a pool in the given sequence and takes what each plan uses out of the stock, so that nothing is promised twice.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

EARTH_RADIUS_KM = 6371.0088
ALTERNATIVES = 3
EXCLUSIONS = 12


@dataclass(frozen=True, slots=True)
class Site:
    """A place that ships. Degrees north and east, or None when unknown; ``rank`` settles ties, smallest first."""

    id: int
    latitude: float | None = None
    longitude: float | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """One order line: quantity in the product's own unit."""

    line: int
    product: int
    quantity: float


@dataclass(frozen=True, slots=True)
class Order:
    """An order to route. ``barred`` gives the reason code for each site that may not be used for it; ``claims`` are the
    names of the allocations it may draw, ``channel`` whose buffers it has to leave."""

    id: int
    needs: tuple[Need, ...]
    latitude: float | None = None
    longitude: float | None = None
    barred: Mapping[int, str] = field(default_factory=dict)
    claims: tuple[Hashable, ...] = ()
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A site that could have fulfilled the same; distance in kilometres or None."""

    site: int
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A site that was out: ``code`` is ``short`` (with product, free and needed quantity) or why it was barred."""

    site: int
    code: str
    distance_km: float | None = None
    product: int | None = None
    free: float = 0.0
    needed: float = 0.0


@dataclass(frozen=True, slots=True)
class Leg:
    """What became of one line: the site, or None and why (``no_site`` or ``no_stock``)."""

    need: Need
    site: int | None
    distance_km: float | None = None
    reason: str = ""
    alternatives: tuple[Option, ...] = ()
    excluded: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision for an order: ``state`` is ``whole`` (one site), ``split`` or ``unfilled`` (a line has no site)."""

    order: int
    state: str
    legs: tuple[Leg, ...]


class Stock:
    """Free quantities by (site, product), lowered as plans take from them; unknown pairs are zero.

    ``claims`` are quantities by (site, product) that only the orders with that claim may use, besides the free ones;
    ``buffers`` what a channel leaves of the free ones.

    >>> stock = Stock({(1, 7): 5.0}, claims={"dealer": {(1, 7): 2.0}}, buffers={4: {(1, 7): 3.0}})
    >>> dealer, shop = Order(1, (), claims=("dealer",)), Order(2, (), channel=4)
    >>> stock.seen_by(dealer).free(1, 7), stock.seen_by(shop).free(1, 7)
    (7.0, 2.0)
    >>> stock.seen_by(dealer).take(1, 7, 3.0)
    >>> stock.seen_by(dealer).free(1, 7), stock.seen_by(shop).free(1, 7)
    (4.0, 1.0)
    """

    def __init__(
        self,
        free: Mapping[tuple[int, int], float],
        claims: Mapping[Hashable, Mapping[tuple[int, int], float]] | None = None,
        buffers: Mapping[int, Mapping[tuple[int, int], float]] | None = None,
    ):
        self._free = dict(free)
        self._claims = {name: dict(kept) for name, kept in (claims or {}).items()}
        self._buffers = buffers or {}

    def free(self, site: int, product: int) -> float:
        """What is left for anybody; in the product's unit."""
        return self._free.get((site, product), 0.0)

    def take(self, site: int, product: int, quantity: float) -> None:
        """Use up a quantity. Raises ValueError rather than go below zero."""
        left = self.free(site, product) - quantity
        if left < -1e-9:
            raise ValueError(f"site {site} has no {quantity} of product {product}")
        self._free[site, product] = max(left, 0.0)

    def seen_by(self, order: Order) -> "Stock":
        """The stock as one order may use it; what it takes, it takes from this stock."""
        kept = [self._claims[name] for name in order.claims if name in self._claims]
        buffer = self._buffers.get(order.channel) if order.channel is not None else None
        return _Share(self, kept, buffer or {}) if kept or buffer else self


class _Share(Stock):
    def __init__(self, whole: Stock, kept: Sequence[dict[tuple[int, int], float]], buffer: Mapping):
        self._whole, self._kept, self._buffer = whole, kept, buffer

    def free(self, site: int, product: int) -> float:
        pair = (site, product)
        common = max(self._whole.free(site, product) - self._buffer.get(pair, 0.0), 0.0)
        return common + sum(kept.get(pair, 0.0) for kept in self._kept)

    def take(self, site: int, product: int, quantity: float) -> None:
        """The order's own allocations go first, in the order of its claims."""
        if quantity > self.free(site, product) + 1e-9:
            raise ValueError(f"site {site} has no {quantity} of product {product}")
        for kept in self._kept:
            used = min(quantity, kept.get((site, product), 0.0))
            if used > 0:
                kept[site, product] -= used
                quantity -= used
        if quantity > 1e-9:
            self._whole.take(site, product, quantity)


Strategy = Callable[[Order, Sequence[Site], Stock], Plan]


def nearest(order: Order, sites: Sequence[Site], stock: Stock) -> Plan:
    """The nearest site that has everything; else each line from the nearest site that has all of that line.

    Sites without a known distance come after the others, by rank and id.

    >>> stock = Stock({(1, 7): 1, (2, 7): 5, (2, 8): 1})
    >>> near, far = Site(1, 31.2, 121.5), Site(2, 39.9, 116.4)
    >>> plan = nearest(Order(1, (Need(1, 7, 1), Need(2, 8, 1)), 31.0, 121.0), (near, far), stock)
    >>> plan.state, [leg.site for leg in plan.legs], [x.code for x in plan.legs[1].excluded]
    ('whole', [2, 2], ['short'])
    >>> nearest(Order(1, (Need(1, 7, 9),)), (near, far), stock).legs[0].reason
    'no_stock'
    """
    ranked, barred = _ranked(order, sites)
    needed: dict[int, float] = defaultdict(float)
    for need in order.needs:
        needed[need.product] += need.quantity
    whole = [option for option in ranked if _lacking(option, needed, stock) is None]
    if whole:
        return _whole(order, whole, ranked, barred, needed, stock)
    return _by_line(order, ranked, barred, stock)


STRATEGIES: dict[str, Strategy] = {"nearest": nearest}


def route(orders: Iterable[Order], sites: Sequence[Site], stock: Stock, strategy: str = "nearest") -> list[Plan]:
    """Plans in the sequence of the orders. A plan with an unfilled line takes nothing: its order waits as a whole."""
    decide = STRATEGIES[strategy]
    plans = []
    for order in orders:
        seen = stock.seen_by(order)
        plan = decide(order, sites, seen)
        if plan.state != "unfilled":
            for leg in plan.legs:
                seen.take(leg.site, leg.need.product, leg.need.quantity)
        plans.append(plan)
    return plans


def distance_km(order: Order, site: Site) -> float | None:
    """Great-circle distance (haversine, R. W. Sinnott 1984), or None when a coordinate is missing.

    >>> distance_km(Order(1, (), 39.904989, 116.405285), Site(1, 31.231706, 121.472644))
    1067.3
    >>> distance_km(Order(1, ()), Site(1, 0.0, 0.0))
    """
    if None in (order.latitude, order.longitude, site.latitude, site.longitude):
        return None
    phi_a, phi_b = math.radians(order.latitude), math.radians(site.latitude)
    half_lam = math.radians(site.longitude - order.longitude) / 2
    chord = math.sin((phi_b - phi_a) / 2) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lam) ** 2
    return round(2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(chord, 1.0))), 1)


def _ranked(order: Order, sites: Sequence[Site]) -> tuple[list[Option], list[Exclusion]]:
    """Sites that may be used, nearest first, and the barred ones, nearest first."""
    measured = sorted(
        ((distance_km(order, site), site) for site in sites),
        key=lambda pair: (pair[0] is None, pair[0] or 0.0, pair[1].rank, pair[1].id),
    )
    options = [Option(site.id, km) for km, site in measured if site.id not in order.barred]
    barred = [Exclusion(site.id, order.barred[site.id], km) for km, site in measured if site.id in order.barred]
    return options, barred


def _lacking(option: Option, needed: Mapping[int, float], stock: Stock) -> Exclusion | None:
    """The first product of which the site has too little, or None."""
    for product, quantity in needed.items():
        free = stock.free(option.site, product)
        if free < quantity - 1e-9:
            return Exclusion(option.site, "short", option.distance_km, product, free, quantity)
    return None


def _grounds(
    chosen: Option | None, able: Sequence[Option], ranked: Sequence[Option], barred: Sequence[Exclusion],
    needed: Mapping[int, float], stock: Stock,
) -> tuple[tuple[Option, ...], tuple[Exclusion, ...]]:  # fmt: skip
    """The runners-up and the sites that were out, nearest first, each list cut to a readable length."""
    others = tuple(option for option in able if option != chosen)[:ALTERNATIVES]
    short = [lack for option in ranked if (lack := _lacking(option, needed, stock))]
    # Short sites come before barred ones: they are what a planner can do something about.
    return others, tuple([*short, *barred][:EXCLUSIONS])


def _whole(
    order: Order, able: Sequence[Option], ranked: Sequence[Option], barred: Sequence[Exclusion],
    needed: Mapping[int, float], stock: Stock,
) -> Plan:  # fmt: skip
    others, excluded = _grounds(able[0], able, ranked, barred, needed, stock)
    legs = (Leg(need, able[0].site, able[0].distance_km, "", others, excluded) for need in order.needs)
    return Plan(order.id, "whole", tuple(legs))


def _by_line(order: Order, ranked: Sequence[Option], barred: Sequence[Exclusion], stock: Stock) -> Plan:
    rest = Stock({(o.site, n.product): stock.free(o.site, n.product) for o in ranked for n in order.needs})
    legs = []
    for need in order.needs:
        needed = {need.product: need.quantity}
        able = [option for option in ranked if _lacking(option, needed, rest) is None]
        chosen = able[0] if able else None
        others, excluded = _grounds(chosen, able, ranked, barred, needed, rest)
        if chosen:
            rest.take(chosen.site, need.product, need.quantity)
            legs.append(Leg(need, chosen.site, chosen.distance_km, "", others, excluded))
        else:
            legs.append(Leg(need, None, None, "no_stock" if ranked else "no_site", (), excluded))
    sites = {leg.site for leg in legs}
    state = "unfilled" if None in sites else "split" if len(sites) > 1 else "whole"
    return Plan(order.id, state, tuple(legs))
