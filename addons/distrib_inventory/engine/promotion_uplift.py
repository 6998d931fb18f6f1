"""How strongly demand answers to promotions, learned from the past: product, then category, then kind, then all.

The answer is the extra share of the usual demand by unit of depth: ``uplift = 1 + response x depth``. At each level it is
a ratio of sums, extra units to usual units times depth, shrunk to the level above:
``response = (extra + k response_above) / (exposure + k)`` with exposure = usual units x depth.
"""

from dataclasses import dataclass, field

import numpy as np

# Without any history: the mean of 1,851 price elasticities, -2.62 (Bijmolt, van Heerde, Pieters, Journal of Marketing
# Research 42, 2005).
PRIOR = 2.62
# The depth that a promotion without a price cut (live stream, display, bundle) is counted with.
NOMINAL_DEPTH = 0.1
STRENGTH = 30.0
LADDER = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
LEAST, MOST = 0.5, 20.0


@dataclass(frozen=True, eq=False)
class Observations:
    """What ``m`` promoted product-events did: product, category, kind and event (m,) ids, depth (m,), usual and actual
    units (m,)."""

    product: np.ndarray
    category: np.ndarray
    kind: np.ndarray
    event: np.ndarray
    depth: np.ndarray
    usual: np.ndarray
    actual: np.ndarray

    @property
    def exposure(self) -> np.ndarray:
        return self.usual * dose(self.depth)

    @property
    def extra(self) -> np.ndarray:
        return self.actual - self.usual

    def take(self, chosen: np.ndarray) -> "Observations":
        return Observations(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Responses:
    """Responses by level; keys are sorted. ``product_key`` = product << 8 | kind, ``category_key`` the same;
    ``category_of`` = (product ids sorted, category of each)."""

    overall: float = PRIOR
    kind: dict = field(default_factory=dict)
    category_key: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    category_response: np.ndarray = field(default_factory=lambda: np.zeros(0))
    product_key: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    product_response: np.ndarray = field(default_factory=lambda: np.zeros(0))
    category_of: tuple = field(default_factory=lambda: (np.zeros(0, np.int64), np.zeros(0, np.int64)))

    def of(self, product_id: np.ndarray, kind: int) -> np.ndarray:
        """Return the response (n,) of products to one kind: the nearest level that has one."""
        product_id = np.asarray(product_id, np.int64)
        found = np.full(len(product_id), self.kind.get(int(kind), self.overall), np.float64)
        products, categories = self.category_of
        if len(products):
            place = np.searchsorted(products, product_id).clip(max=len(products) - 1)
            category = np.where(products[place] == product_id, categories[place], 0)
            _overlay(found, self.category_key, self.category_response, key(category, kind))
        _overlay(found, self.product_key, self.product_response, key(product_id, kind))
        return found


def key(ids: np.ndarray, kind: str) -> np.ndarray:
    """One int64 for id and kind (0 .. 255)."""
    return (np.asarray(ids, np.int64) << 8) | np.asarray(kind, np.int64)


def _overlay(found: np.ndarray, keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> None:
    if len(keys):
        place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        hit = keys[place] == wanted
        found[hit] = values[place[hit]]


def dose(depth: np.ndarray | float) -> np.ndarray:
    """The depth a promotion is counted with; `NOMINAL_DEPTH` when its price is not cut.

    >>> dose(np.array([0.0, 0.3])).tolist()
    [0.1, 0.3]
    """
    return np.where(np.asarray(depth) > 0, depth, NOMINAL_DEPTH)


def uplift_of(response: np.ndarray, depth: np.ndarray | float) -> np.ndarray:
    """Return how many times the usual demand is sold at a depth; between 0.5 and 20.

    >>> float(uplift_of(np.array(3.2), 0.25))
    1.8
    """
    return np.clip(1 + response * dose(depth), LEAST, MOST)


@dataclass(frozen=True, eq=False)
class Level:
    """One level's groups: keys (g,) sorted, responses, exposure and number of events (g,)."""

    keys: np.ndarray
    response: np.ndarray
    exposure: np.ndarray
    events: np.ndarray


@dataclass(frozen=True, eq=False)
class Learned:
    """Responses of all (one group), kinds, categories in a kind and products in a kind; the strength that was chosen."""

    overall: Level
    kind: Level
    category: Level
    product: Level
    strength: float


def learn(rows: Observations, strength: float | None = None) -> Learned:
    """Learn the responses; the strength of the shrinkage is chosen by `choose_strength` unless given."""
    rows = rows.take(np.isfinite(rows.usual) & np.isfinite(rows.actual) & (rows.usual > 0))
    k = choose_strength(rows) if strength is None else strength
    zero = np.zeros(len(rows.usual), np.int64)
    overall = _level(rows, zero, np.full(len(zero), PRIOR), k)
    kind = _level(rows, rows.kind.astype(np.int64), _at(overall, zero), k)
    category = _level(rows, key(rows.category, rows.kind), _at(kind, rows.kind), k)
    product = _level(rows, key(rows.product, rows.kind), _at(category, key(rows.category, rows.kind)), k)
    return Learned(overall, kind, category, product, k)


def responses(learned: Learned, category_of: tuple) -> Responses:
    """Return what was learned in the shape a plan asks; ``category_of`` = (sorted product ids, their categories)."""
    return Responses(
        float(learned.overall.response[0]) if len(learned.overall.keys) else PRIOR,
        dict(zip(learned.kind.keys.tolist(), learned.kind.response.tolist(), strict=True)),
        learned.category.keys,
        learned.category.response,
        learned.product.keys,
        learned.product.response,
        category_of,
    )


def shrink(extra: np.ndarray, exposure: np.ndarray, above: np.ndarray, strength: float) -> np.ndarray:
    """Return own evidence shrunk to the level above: no exposure gives ``above``, much gives ``extra / exposure``.

    >>> shrink(np.array([0.0, 300.0]), np.array([0.0, 100.0]), np.array([2.0, 2.0]), 100.0).tolist()
    [2.0, 2.5]
    """
    return (extra + strength * above) / (exposure + strength)


def _level(rows: Observations, keys: np.ndarray, above: np.ndarray, strength: float) -> Level:
    found, first, which = np.unique(keys, return_index=True, return_inverse=True)
    extra = np.bincount(which, rows.extra, len(found))
    exposure = np.bincount(which, rows.exposure, len(found))
    pairs = np.unique(np.stack([which, rows.event.astype(np.int64)]), axis=1)
    events = np.bincount(pairs[0], minlength=len(found))
    return Level(found, shrink(extra, exposure, above[first], strength), exposure, events)


def _at(level: Level, keys: np.ndarray) -> np.ndarray:
    return level.response[np.searchsorted(level.keys, keys)]


def choose_strength(rows: Observations, ladder: tuple = LADDER) -> float:
    """Return the strength whose forecasts of the events left out one after another are nearest in units.

    With fewer than two events nothing can be left out: `STRENGTH`. Of strengths as good as one another the strongest.
    """
    events = np.unique(rows.event)
    if len(events) < 2:
        return STRENGTH
    # Enough of them to choose one number; the latest say most.
    wrong = [sum(_left_out(rows, event, k) for event in events[-12:]) for k in ladder]
    best = min(wrong)
    return float(max(k for k, error in zip(ladder, wrong, strict=True) if error <= best * 1.0005))


def _left_out(rows: Observations, event: int, strength: float) -> float:
    out = rows.event == event
    known, asked = learn(rows.take(~out), strength), rows.take(out)
    order = np.unique(asked.product, return_index=True)
    found = responses(known, (order[0], asked.category[order[1]]))
    guess = np.zeros(len(asked.usual))
    for kind in np.unique(asked.kind):
        chosen = asked.kind == kind
        guess[chosen] = found.of(asked.product[chosen], int(kind))
    return float(np.abs(asked.usual * uplift_of(guess, asked.depth) - asked.actual).sum())
