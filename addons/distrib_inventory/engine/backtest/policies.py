"""Policies to replay: ours, by demand paths, and the rules planners have, each with one knob.

A rule of minimum and maximum orders up to its maximum when the stock position (on hand and under way) is at or below
its minimum. Knobs are arrays (k,): all settings are replayed at once. Formulas:

- ``min_max``: minimum m L' + z s sqrt(P), maximum minimum + m R, with m and s the mean and deviation of the last
  ``window`` known periods when it was last reviewed (once: frozen; each quarter; each period: rolling mean and sigma).
- ``orderpoint``: OCA stock_orderpoint_safety_stock (19.0): safety z s sqrt(lead), minimum safety + m lead, maximum
  minimum + m cycle; history without gaps, a period out of stock counts as zero demand.
- ``buffers``: OCA ddmrp: red m DLT f (1 + v), yellow m DLT, green max(m cycle, m DLT f); orders up to the top of green
  when the net flow position is at or below the top of yellow; the demand adjustment factor (ddmrp_adjustment)
  multiplies m. The knob is the variability factor v; beyond the usual range it goes on as a multiple of red.
- ``cover``: the inventory-planning challenge's benchmark: the mean of the last 13 deseasonalised periods, times the
  season, for the coming ``periods``; orders up to that.
- ``oracle``: knows the demand of the period it orders for.
"""

from collections.abc import Callable

import numpy as np

from ..forecast import policy
from ..forecast.model import Walk
from .simulate import Decide

# (period) -> mean and deviation of demand of one period, (n,) each
Statistics = Callable[[int], tuple[np.ndarray, np.ndarray]]


def trailing(demand: np.ndarray, window: int, zero_filled: bool = False) -> Statistics:
    """Mean and deviation of the ``window`` periods before ``t``; a period out of stock is left out or zero."""

    def at(t: int) -> tuple[np.ndarray, np.ndarray]:
        known = demand[:, max(0, t - window) : t]
        known = np.nan_to_num(known) if zero_filled else known
        seen = ~np.isnan(known)
        count = seen.sum(axis=1)
        mean = np.where(seen, known, 0).sum(axis=1) / np.maximum(count, 1)
        away = np.where(seen, known - mean[:, None], 0)
        return mean, np.sqrt((away**2).sum(axis=1) / np.maximum(count - 1, 1))

    return at


def reviewed(statistics: Statistics, first: int, every: int | None) -> Statistics:
    """The same, looked at again only ``every`` so many periods after ``first``; None = never again."""
    kept: dict[int, tuple] = {}

    def at(t: int) -> tuple[np.ndarray, np.ndarray]:
        when = first if every is None else first + (t - first) // every * every
        if when not in kept:
            kept.clear()
            kept[when] = statistics(when)
        return kept[when]

    return at


def _up_to(low: np.ndarray, high: np.ndarray, stock: np.ndarray, arriving: np.ndarray) -> np.ndarray:
    position = stock + arriving.sum(axis=2)
    return np.where(position <= low, np.clip(np.rint(high) - position, 0, None), 0)


def min_max(statistics: Statistics, knob: np.ndarray, lead: int, review: int = 1) -> Decide:
    def decide(t: int, stock: np.ndarray, arriving: np.ndarray) -> np.ndarray:
        mean, deviation = statistics(t)
        low = mean * lead + knob[:, None] * deviation * np.sqrt(lead + review)
        return _up_to(low, low + mean * review, stock, arriving)

    return decide


def orderpoint(statistics: Statistics, knob: np.ndarray, lead: int, cycle: int = 1) -> Decide:
    def decide(t: int, stock: np.ndarray, arriving: np.ndarray) -> np.ndarray:
        mean, deviation = statistics(t)
        low = np.rint(knob[:, None] * deviation * np.sqrt(lead) + mean * lead)
        return _up_to(low, np.rint(low + mean * cycle), stock, arriving)

    return decide


def buffers(
    statistics: Statistics, knob: np.ndarray, lead: int, factor: float, cycle: int = 1, adjust: Callable | None = None
) -> Decide:
    def decide(t: int, stock: np.ndarray, arriving: np.ndarray) -> np.ndarray:
        use = statistics(t)[0] * (1.0 if adjust is None else adjust(t))
        red = use * lead * factor * (1 + knob[:, None])
        yellow = red + use * lead
        return _up_to(yellow, yellow + np.maximum(use * cycle, use * lead * factor), stock, arriving)

    return decide


def cover(demand: np.ndarray, slot: np.ndarray, slots: int, periods: int, usual: int = 13) -> Decide:
    def decide(t: int, stock: np.ndarray, arriving: np.ndarray) -> np.ndarray:
        past, at = demand[:, :t], slot[:t]
        seen = ~np.isnan(past)
        total = np.where(seen, past, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        each = np.maximum(np.bincount(at, minlength=slots), 1)
        season = np.bincount(at, total, slots) / each
        season = np.where((np.bincount(at, minlength=slots) > 0) & (season > 0), season / total.mean(), 1.0)
        recent = slice(max(0, t - usual), t)
        plain = np.where(seen[:, recent], past[:, recent] / season[at[recent]], 0).sum(axis=1)
        level = plain / np.maximum(seen[:, recent].sum(axis=1), 1)
        high = np.rint(level * season[slot[t : t + periods]].sum())
        return _up_to(high, high, stock, arriving)

    return decide


def oracle(demand: np.ndarray, lead: int) -> Decide:
    def decide(t: int, stock: np.ndarray, arriving: np.ndarray) -> np.ndarray:
        coming = demand[:, t : t + lead + 1]
        wanted = np.nan_to_num(np.pad(coming, ((0, 0), (0, lead + 1 - coming.shape[1]))))
        left = stock
        for step in range(lead):
            left = np.maximum(left + arriving[:, :, step] - wanted[:, step], 0)
        return np.maximum(wanted[:, lead] - left, 0)

    return decide


def ours(walk: Walk, knob: Callable[[int], np.ndarray], tilt: float = 0.0, chunk: int = 2000) -> Decide:
    """Orders from demand paths; ``knob(t)`` gives the service ratios (k,) in use at ``t``, tilted by size."""

    def decide(t: int, stock: np.ndarray, arriving: np.ndarray) -> np.ndarray:
        forecast, pool, found = walk.forecast(t), walk.pool(t), np.empty_like(stock)
        for start in range(0, stock.shape[1], chunk):
            rows = slice(start, start + chunk)
            paths = pool.paths(forecast[rows], walk.settings.seed + t)
            for k, ratio in enumerate(knob(t)):
                share = policy.ratios(forecast, ratio, tilt)[rows] if tilt else ratio
                found[k, rows] = policy.order(paths, stock[k, rows], arriving[k, rows], share)
        return found

    return decide
