"""The contest of methods: each class of demand gets the method that lost least on past origins, or the simple rule.

The simple rule is what planners have: mean and deviation of the last half year, a normal quantile over the protection
interval. Every other method must beat it by a margin in quantile loss (see ``select``), on forecasts made from what was
known before each origin; so no class is served worse than by the simple rule, on the past that was replayed.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from . import features, intermittent, model, yearly
from .interval import split
from .model import FIRST_ORIGIN, Learned, Walk, outcome
from .quantiles import quantile
from .select import choose
from .types import Panel, Settings
from .yearly import Yearly

SIMPLE = "simple"
METHODS = (SIMPLE, "pooled", "learned", "steady", "tsb", "croston", "seasonal")
# Longest protection intervals (days) that are learned together.
HORIZONS = (4, 8, 16, 32, 60)
WINDOW, ERROR_WINDOW, STEP = 56, 42, 7
SIMPLE_WINDOW = 182
ORIGINS = 6
# Fewer past errors than this say too little about the tail.
LEAST_ERRORS = 300


@dataclass(frozen=True, eq=False)
class Calendar:
    """Slots (t + h,) of each yearly calendar, with how many there are, and the weekday (t + h,)."""

    weekday: np.ndarray
    slots: tuple = ()
    sizes: tuple = ()


@dataclass(frozen=True, eq=False)
class Sample:
    """Pairs to learn from: demand (n, t), NaN unknown; groups category, warehouse, product (n,); sizes of each."""

    demand: np.ndarray
    groups: tuple
    sizes: tuple
    calendar: Calendar

    def panel(self, factor: np.ndarray | None = None) -> Panel:
        t = self.demand.shape[1]
        demand = self.demand if factor is None else self.demand / factor[:, :t]
        return Panel(demand, self.calendar.weekday, 7, self.groups, None, self.sizes)


@dataclass(frozen=True, eq=False)
class Contest:
    """Losses (methods, classes) summed over origins, pairs (classes,) that took part, and the winner (classes,)."""

    losses: np.ndarray
    pairs: np.ndarray
    winner: np.ndarray
    origins: int


def settings(method: str, horizon: int) -> Settings:
    """Return how a method of METHODS forecasts days over a protection interval of ``horizon`` days."""
    # Whole weeks back: errors are kept by day ahead, and days ahead must fall on the weekdays they will fall on.
    whole = -(-horizon // STEP) * STEP
    usual = Settings(
        horizon=horizon,
        mix=((28.0, 0.3), (182.0, 0.7)) if method == "steady" else ((7.0, 0.4), (35.0, 0.6)),
        memories=(3.0, 7.0, 21.0, 56.0, 120.0),
        season_span=7,
        season_shrink=200.0,
        window=WINDOW + whole,
        error_window=ERROR_WINDOW + whole,
        every=4 * STEP,
        stride=STEP,
        paths=200,
    )
    return replace(
        usual,
        blend=0.0 if method == "pooled" else usual.blend,
        method=method if method in ("tsb", "croston") else "weighted",
    )


def horizon_of(days: np.ndarray) -> np.ndarray:
    """Return the horizon (n,) of HORIZONS that pairs with these protection intervals share.

    >>> horizon_of(np.array([2.0, 4.5, 400.0])).tolist()
    [4, 8, 60]
    """
    return np.array(HORIZONS)[np.minimum(np.searchsorted(HORIZONS, days), len(HORIZONS) - 1)]


def first_origin(t: int, horizon: int) -> int:
    """The earliest origin worth looking at, a whole number of steps before ``t`` where the history is long enough."""
    back = -(-(WINDOW + ERROR_WINDOW + 2 * horizon) // STEP) * STEP
    return t - min(back, (t - FIRST_ORIGIN) // STEP * STEP)


def contest(sample: Sample, horizon: int, ratio: float, methods: tuple = METHODS) -> Contest | None:
    """Let the methods compete on the last origins of a sample; None when the history is too short for it."""
    t = sample.demand.shape[1]
    last = t - -(-horizon // STEP) * STEP
    origins = [u for u in range(last - STEP * (ORIGINS - 1), last + 1, STEP) if u >= FIRST_ORIGIN + STEP]
    if not origins:
        return None
    kinds = intermittent.classes(sample.demand[:, : origins[0]])
    found = np.stack([_losses(sample, method, horizon, origins, ratio) for method in methods])
    known = found[0] >= 0
    found = np.where(known, found, 0.0)
    sums = np.stack([found[:, known & (kinds == k)].sum(axis=1) for k in range(len(intermittent.CLASSES))], axis=1)
    winner = choose(sums, np.arange(sums.shape[1]))
    pairs = np.bincount(kinds[known], minlength=sums.shape[1])
    return Contest(sums, pairs, np.where(sums[0] > 0, winner, 0), len(origins))


def _losses(sample: Sample, method: str, horizon: int, origins: list[int], ratio: float) -> np.ndarray:
    """Quantile loss (n,) over the origins; -1 for a pair of which no outcome is known."""
    raw = sample.panel()
    total, seen = np.zeros(len(raw)), np.zeros(len(raw), bool)
    factor, walk = None, None
    if method != SIMPLE:
        factor = year_factor(sample, origins[0]) if method == "seasonal" else None
        walk = Walk(sample.panel(factor), settings(method, horizon), first_origin(origins[0], horizon))
    for t in origins:
        demand, known = outcome(raw, t, horizon)
        if walk is None:
            top = simple_top(raw.until(t), horizon, ratio)
        else:
            ahead = walk.forecast(t)
            ahead = ahead if factor is None else ahead * factor[:, t : t + horizon]
            top = quantile(walk.pool(t).paths(ahead, walk.settings.seed + t).sum(axis=2), ratio)
        miss = demand.sum(axis=1) - top
        total += np.where(known, np.maximum(ratio * miss, (ratio - 1) * miss), 0)
        seen |= known
    return np.where(seen, total, -1.0)


def simple_top(past: np.ndarray, horizon: int, ratio: float) -> np.ndarray:
    """Return the simple rule's quantile (n,) of demand over the horizon from the past (n, t).

    >>> simple_top(np.array([[2.0, 2.0, 2.0]]), 4, 0.9).tolist()
    [8.0]
    """
    recent = past[:, -SIMPLE_WINDOW:]
    known = ~np.isnan(recent)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, recent, 0).sum(axis=1) / count
    spread = np.where(known, recent - mean[:, None], 0)
    sigma = np.sqrt((spread**2).sum(axis=1) / np.maximum(count - 1, 1))
    return mean * horizon + ndtri(ratio) * sigma * np.sqrt(horizon)


def year_factor(sample: Sample, t: int) -> np.ndarray:
    """What the calendar does to each pair (n, t + h), learned from the days before ``t``."""
    return learn_year(sample, t).factor(sample.groups[0], sample.calendar.slots)


def learn_year(sample: Sample, t: int) -> Yearly:
    known = tuple(slot[:t] for slot in sample.calendar.slots)
    weekday = sample.calendar.weekday[:t]
    return yearly.fit(sample.demand[:, :t], weekday, sample.groups[0], sample.sizes[0], known, sample.calendar.sizes)


def learn(sample: Sample, method: str, horizon: int, year: Yearly | None) -> Learned | None:
    """Learn a method at the end of the history; None when too few errors are known to tell the tail."""
    t = sample.demand.shape[1]
    if t < FIRST_ORIGIN + horizon:
        return None
    factor = year.factor(sample.groups[0], sample.calendar.slots) if method == "seasonal" and year else None
    panel, chosen = sample.panel(factor), settings(method, horizon)
    past = range(t - chosen.error_window, t - horizon + 1, STEP)
    if sum(int(outcome(panel, u, horizon)[1].sum()) for u in past if u >= FIRST_ORIGIN) < LEAST_ERRORS:
        return None
    return model.learn(panel, t, chosen, first_origin(t, horizon))


def renew(learned: Learned, sample: Sample, method: str, year: Yearly | None) -> Learned:
    """The same correction and errors, with season and momenta as the sample shows them now."""
    factor = year.factor(sample.groups[0], sample.calendar.slots) if method == "seasonal" and year else None
    panel = sample.panel(factor)
    return replace(learned, pooled=features.pool(panel, sample.demand.shape[1], learned.settings))


def interval(
    learned: Learned, forecast: np.ndarray, lead: np.ndarray, lead_sigma: np.ndarray, review: np.ndarray
) -> np.ndarray:
    """Return (n, s, 2) possible demand over each pair's lead time and review, from its daily forecast (n, h)."""
    return split(learned.pool.paths(forecast, learned.settings.seed), lead, lead_sigma, review)
