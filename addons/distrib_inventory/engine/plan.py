"""Policies of a batch of pairs: which method forecasts which pair, its demand over lead time and review, its levels."""

from dataclasses import dataclass, replace

import numpy as np

from . import policy, service
from .forecast import compete, intermittent, interval, launch, model
from .forecast.state import State
from .forecast.types import Panel

METHODS = ("no_demand", "few_days", "normal", "pooled", "learned", "steady", "tsb", "croston", "seasonal", "launch")
# Pairs with fewer known days are not left to what was learned from others' errors alone.
LEAST_DAYS = 14
CHUNK = 4_000
PATHS = 200
BAND = ("demand_p50", "demand_p90", "demand_p98")


@dataclass(frozen=True, eq=False)
class Batch:
    """``n`` pairs: demand (n, t) NaN unknown, statistics, groups (category, warehouse, product) as learned, calendar,
    lead time, its deviation, review and shelf life (days, NaN none), service target and kind, all (n,); ``ahead``
    (n, h) known effects on the coming days or None."""

    demand: np.ndarray
    statistics: policy.Statistics
    groups: tuple
    sizes: tuple
    calendar: compete.Calendar
    lead: np.ndarray
    lead_sigma: np.ndarray
    review: np.ndarray
    shelf: np.ndarray
    service: np.ndarray
    kind: np.ndarray
    ahead: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.demand)


def columns(batch: Batch, state: State | None) -> dict[str, np.ndarray]:
    """Return the columns (n,) of the policies of a batch: demand a day, levels in units, band over lead and review.

    Where nothing is learned, for lack of history, the simple rule speaks alone.
    """
    found = _simple(batch)
    kinds = intermittent.classes(batch.demand)
    found["demand_class"] = kinds.astype(np.int64)
    found["week"] = np.repeat(found["demand_mean"][:, None], 7, axis=1)
    if state is not None:
        for horizon, method, rows in _assigned(batch, state, kinds):
            _learned(batch, state, horizon, method, rows, found)
    _cap(batch, found)
    return found


def _simple(batch: Batch) -> dict[str, np.ndarray]:
    made = policy.levels(
        batch.statistics, batch.lead, batch.lead_sigma, batch.review, batch.service, batch.kind.astype(np.int64)
    )
    mean = batch.statistics.mean.copy()
    sigma = np.where(
        batch.statistics.days < policy.ENOUGH_DAYS,
        np.maximum(batch.statistics.sigma, np.sqrt(mean)),
        batch.statistics.sigma,
    )
    if batch.ahead is not None:
        return _raised(batch, made, mean, sigma)
    return _described(batch, made, mean, sigma)


def _raised(batch: Batch, made: policy.Levels, mean: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
    """The simple rule with what is known of the coming days: mean and deviation rise with the demand."""
    days = np.clip(np.ceil(batch.lead + batch.review), 1, batch.ahead.shape[1]).astype(int)
    factor = np.cumsum(batch.ahead, axis=1)[np.arange(len(batch)), days - 1] / days
    raised = replace(batch.statistics, mean=mean * factor, sigma=sigma * factor)
    again = policy.levels(raised, batch.lead, batch.lead_sigma, batch.review, batch.service, batch.kind)
    return _described(batch, replace(again, method=made.method), raised.mean, raised.sigma)


def _described(batch: Batch, made: policy.Levels, mean: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
    period = batch.lead + batch.review
    spread = np.sqrt(period * sigma**2 + (mean * batch.lead_sigma) ** 2)
    over = mean * period
    normal = {name: np.maximum(over + z * spread, 0) for name, z in zip(BAND, (0.0, 1.2816, 2.0537), strict=True)}
    safe = np.where(spread > 0, spread, 1.0)
    short = np.where(spread > 0, safe * service.loss((made.order_up_to - over) / safe), 0.0)
    cycle = mean * batch.review
    fill = np.where(cycle > 0, np.clip(1 - short / np.where(cycle > 0, cycle, 1.0), 0, 1), 1.0)
    return {
        "demand_mean": mean,
        "demand_sigma": np.where(mean > 0, sigma, 0.0),
        "safety_stock": made.safety_stock.copy(),
        "reorder_point": made.reorder_point.copy(),
        "order_up_to": made.order_up_to.copy(),
        "method": made.method.astype(np.int64),
        "expected_fill": fill,
        **normal,
    }


def _assigned(batch: Batch, state: State, kinds: np.ndarray):
    """Yield (horizon, method, rows) of the pairs that a learned method forecasts."""
    horizons = compete.horizon_of(batch.lead + 2 * batch.lead_sigma + batch.review)
    usable = (batch.statistics.mean > 0) & (batch.statistics.days >= LEAST_DAYS)
    new = (batch.statistics.mean > 0) & (launch.ages(batch.demand) < launch.NEW_DAYS)
    for horizon in np.unique(horizons).tolist():
        here = horizons == horizon
        for kind in np.unique(kinds[here & usable]).tolist():
            method = state.methods.get((horizon, kind), compete.SIMPLE)
            rows = np.flatnonzero(here & usable & ~new & (kinds == kind))
            if method != compete.SIMPLE and len(rows) and (horizon, method) in state.learned:
                yield horizon, method, rows
        fallback = next((name for name in ("pooled", "steady", "learned") if (horizon, name) in state.learned), None)
        rows = np.flatnonzero(here & new)
        if state.launch is not None and fallback and len(rows):
            yield horizon, "launch", rows


def _learned(batch: Batch, state: State, horizon: int, method: str, rows: np.ndarray, found: dict) -> None:
    name = method
    if method == "launch":
        name = next(name for name in ("pooled", "steady", "learned") if (horizon, name) in state.learned)
    learned = state.learned[horizon, name]
    for part in model.chunks(len(rows), CHUNK):
        chosen = rows[part]
        forecast = forecast_of(batch, state, learned, name, chosen)
        if method == "launch":
            forecast = forecast * _lean(batch, state, chosen)[:, None]
        lead, sigma, review = batch.lead[chosen], batch.lead_sigma[chosen], batch.review[chosen]
        parts = compete.interval(learned, forecast, lead, sigma, review)
        _fill(batch, chosen, parts, found)
        found["method"][chosen] = METHODS.index(method)
        found["week"][chosen] = _week(forecast)


def forecast_of(batch: Batch, state: State, learned: model.Learned, method: str, rows: np.ndarray) -> np.ndarray:
    """Mean demand (k, h) of the coming days of the rows chosen, with all that is known of these days."""
    t, horizon = batch.demand.shape[1], learned.settings.horizon
    demand, year = batch.demand[rows], None
    groups = tuple(group[rows] for group in batch.groups)
    if method == "seasonal" and state.year is not None:
        year = state.year.factor(groups[0], tuple(slot[: t + horizon] for slot in batch.calendar.slots))
        demand = demand / year[:, :t]
    panel = Panel(demand, batch.calendar.weekday[: t + horizon], 7, groups, None, batch.sizes)
    forecast = model.apply(learned, panel, t)
    if year is not None:
        forecast = forecast * year[:, t:]
    return forecast if batch.ahead is None else forecast * batch.ahead[rows, :horizon]


def _lean(batch: Batch, state: State, rows: np.ndarray) -> np.ndarray:
    groups = tuple(np.minimum(g[rows], size - 1) for g, size in zip(batch.groups, batch.sizes, strict=True))
    age = launch.ages(batch.demand[rows])
    like = state.launch.like(*groups, age)
    return launch.lean(batch.statistics.mean[rows], batch.statistics.days[rows], like)


def _week(forecast: np.ndarray) -> np.ndarray:
    """The next seven days (k, 7); beyond the horizon the mean of it."""
    missing = 7 - forecast.shape[1]
    if missing <= 0:
        return forecast[:, :7]
    return np.concatenate([forecast, np.repeat(forecast.mean(axis=1, keepdims=True), missing, axis=1)], axis=1)


def _fill(batch: Batch, rows: np.ndarray, parts: np.ndarray, found: dict) -> None:
    """Write levels, band and demand a day of the rows from their demand over lead time and review (k, s, 2)."""
    lead, sigma, review = batch.lead[rows], batch.lead_sigma[rows], batch.review[rows]
    target = np.clip(batch.service[rows], policy.LOWEST_SERVICE, policy.HIGHEST_SERVICE)
    top = service.order_up_to(parts, 1, target, batch.kind[rows])
    safety, reorder, top = interval.around(parts, top)
    total = parts.sum(axis=2)
    period = np.maximum(lead + review, 1e-6)
    mean = total.mean(axis=1) / period
    spread = total.var(axis=1) - (mean * sigma) ** 2
    values = {
        "demand_mean": mean,
        # Where the lead time explains all of the spread, that of the past days has to do.
        "demand_sigma": np.where(spread > 0, np.sqrt(np.maximum(spread, 0) / period), batch.statistics.sigma[rows]),
        "safety_stock": safety,
        "reorder_point": reorder,
        "order_up_to": top,
        "expected_fill": service.expected_fill(parts, 1, top),
    }
    values |= dict(zip(BAND, interval.band(total), strict=True))
    for name, value in values.items():
        found[name][rows] = value


def _cap(batch: Batch, found: dict) -> None:
    """Never more than can be sold before its date: the level, and what follows from it."""
    limited = np.isfinite(batch.shelf)
    most = np.where(limited, found["demand_mean"] * np.where(limited, batch.shelf, 0), np.inf)
    capped = found["order_up_to"] > most
    found["order_up_to"] = np.where(capped, most, found["order_up_to"])
    found["reorder_point"] = np.minimum(found["reorder_point"], found["order_up_to"])
    over = found["demand_mean"] * (batch.lead + batch.review)
    found["safety_stock"] = np.where(capped, np.maximum(np.where(capped, most, 0) - over, 0), found["safety_stock"])
    found["capped"] = capped.astype(np.int64)


def paths_ahead(batch: Batch, state: State | None, methods: list[str], days: int) -> np.ndarray:
    """Return possible demand (n, s, days) of the coming days of a few pairs, each by the method of its policy.

    Beyond the horizon that was learned its errors are drawn again. Where nothing was learned: mean and deviation of a day.
    """
    found = np.stack(
        [normal_paths(mean, sigma, days) for mean, sigma in zip(batch.statistics.mean, batch.statistics.sigma, strict=True)]
    ) if len(batch) else np.zeros((0, PATHS, days))  # fmt: skip
    if state is None:
        return found
    horizons = compete.horizon_of(batch.lead + 2 * batch.lead_sigma + batch.review)
    for row, (method, horizon) in enumerate(zip(methods, horizons.tolist(), strict=True)):
        name = method
        if method == "launch":
            name = next((n for n in ("pooled", "steady", "learned") if (horizon, n) in state.learned), "")
        if (horizon, name) in state.learned:
            learned, rows = _longer(state.learned[horizon, name], days), np.array([row])
            forecast = forecast_of(batch, state, learned, name, rows)
            if method == "launch":
                forecast = forecast * _lean(batch, state, rows)[:, None]
            found[row] = learned.pool.paths(forecast, learned.settings.seed)[0]
    return found


def normal_paths(mean: float, sigma: float, days: int, count: int = PATHS) -> np.ndarray:
    """Return possible demand (count, days) of a pair of which only mean and deviation of a day are known.

    >>> normal_paths(5.0, 0.0, 2, 3).tolist()
    [[5.0, 5.0], [5.0, 5.0], [5.0, 5.0]]
    """
    noise = np.random.default_rng(7).standard_normal((count, days))
    return np.maximum(mean + sigma * noise, 0.0)


def _longer(learned: model.Learned, days: int) -> model.Learned:
    """The same for another number of days ahead; errors of one horizon and of the next are drawn apart."""
    horizon, rng = learned.settings.horizon, np.random.default_rng(learned.settings.seed)
    blocks = [learned.pool.ratios] + [
        rng.permutation(learned.pool.ratios, axis=1) for _ in range(-(-days // horizon) - 1)
    ]
    ratios = np.concatenate(blocks, axis=2)[:, :, :days]
    pool = replace(learned.pool, edges=learned.pool.edges * days / horizon, ratios=ratios)
    return replace(learned, pool=pool, settings=replace(learned.settings, horizon=days))
