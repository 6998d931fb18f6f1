"""What is known of each pair at an origin: a base forecast, and the measures a correction may be learned from."""

from dataclasses import dataclass

import numpy as np

from . import intermittent, level, season
from .types import Panel, Settings

REFERENCE = 2  # the memory the others are compared with
MOMENTA = (0, 1, 3)
LEAST = 0.02


@dataclass(frozen=True, eq=False)
class Features:
    """At one origin: ``base`` (n, h) mean demand of each coming period and measures ``x`` (n, f), about 0 when dull."""

    base: np.ndarray
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class Pooled:
    """What all pairs together say at an origin: season (groups, slots), sums of levels by group, mean level."""

    season: np.ndarray
    momenta: tuple
    mean: float


@dataclass(frozen=True, eq=False)
class Measures:
    """Levels of a chunk of pairs: by memory (n, k), mixed (n,), with season (n, t + h) and evidence (n, k)."""

    memory: np.ndarray
    mixed: np.ndarray
    season: np.ndarray
    bottom: np.ndarray


def measure(panel: Panel, t: int, table: np.ndarray, settings: Settings) -> Measures:
    """Return the levels of the panel's pairs as known before period ``t``, given the seasonal table (groups, slots)."""
    ahead = t + settings.horizon
    index = table[_group(panel, 0)][:, panel.slot[:ahead]]
    halves = (*settings.memories, *(h for h, _ in settings.mix), float(settings.season_span))
    top, bottom = level.evidence(panel.until(t), index[:, :t], halves, settings.peak)
    total = bottom[:, -1] + 0.5 * settings.prior
    everyone = top[:, -1].sum() / max(bottom[:, -1].sum(), 1e-9)
    longest = (top[:, -1] + 0.5 * settings.prior * min(everyone, 1.0)) / total
    found = level.levels(top[:, :-1], bottom[:, :-1], longest, settings.prior)
    count = len(settings.memories)
    mixed = _mixed(panel, t, index, found[:, count:], settings)
    return Measures(np.maximum(found[:, :count], LEAST), np.maximum(mixed, LEAST), index, bottom[:, :count])


def _mixed(panel: Panel, t: int, index: np.ndarray, found: np.ndarray, settings: Settings) -> np.ndarray:
    """The level (n,) the base forecast stands on."""
    if settings.method == "weighted":
        return found @ np.array([w for _, w in settings.mix], np.float32)
    return {"tsb": intermittent.tsb, "croston": intermittent.croston}[settings.method](panel.until(t) / index[:, :t])


def pool(panel: Panel, t: int, settings: Settings) -> Pooled:
    """Return the pooled season and momenta as known before period ``t``."""
    known = panel.until(t)
    table = season.fit(
        known,
        panel.slot[:t],
        panel.slots,
        _group(panel, 0),
        settings.season_shrink,
        settings.season_span,
        panel.counts()[0] if panel.groups else 1,
    )
    found = measure(panel, t, table, settings)
    return Pooled(table, momenta(panel, found), float(found.mixed.mean()) if len(panel) else 1.0)


def momenta(panel: Panel, found: Measures) -> tuple:
    """Return for each grouping, and for all pairs together, the sums of levels by memory (k, groups)."""
    groups = [*panel.groups, np.zeros(len(panel), np.int64)]
    level_sums = np.where(found.bottom[:, :1] > 0, found.memory, 0).T
    sizes = (*panel.counts(), 1)
    return tuple(
        np.stack([np.bincount(g, column, size) for column in level_sums]) for g, size in zip(groups, sizes, strict=True)
    )


def describe(panel: Panel, t: int, pooled: Pooled, settings: Settings) -> Features:
    """Return base forecast and measures of each pair at origin ``t``: nothing from period ``t`` on is looked at."""
    found = measure(panel, t, pooled.season, settings)
    future = found.season[:, t:]
    reference = found.memory[:, REFERENCE]
    columns = [np.log(reference / pooled.mean), np.log(found.mixed / reference)]
    columns += [np.log(found.memory[:, i] / reference) for i in range(found.memory.shape[1]) if i != REFERENCE]
    columns += _group_momenta(panel, pooled)
    columns.append(np.log(future.mean(axis=1)))
    columns += _recent(panel, t, found)
    columns.append(_last_year(panel, t, settings.horizon))
    if panel.plan is not None:
        columns += _promotions(panel, t, settings)
    columns.append(np.ones(len(panel)))
    return Features((found.mixed[:, None] * future).astype(np.float32), np.stack(columns, axis=1).astype(np.float32))


def _group(panel: Panel, which: int) -> np.ndarray:
    return panel.groups[which] if panel.groups else np.zeros(len(panel), np.int64)


def _group_momenta(panel: Panel, pooled: Pooled) -> list:
    """Is the group (store, product, category, everyone) rising or falling against its own usual level."""
    columns = []
    for group, sums in zip([*panel.groups, np.zeros(len(panel), np.int64)], pooled.momenta, strict=True):
        ratios = np.log((sums + pooled.mean) / (sums[REFERENCE] + pooled.mean))
        columns += [ratios[i][group] for i in MOMENTA]
    return columns


def _recent(panel: Panel, t: int, found: Measures) -> list:
    """Share of periods without demand, length of the history, and spikes in the last three periods."""
    known = panel.until(t)[:, -26:]
    seen = (~np.isnan(known)).sum(axis=1)
    silent = ((known == 0).sum(axis=1) + 0.4) / (seen + 1.0) - 0.4
    age = np.minimum((~np.isnan(panel.until(t)[:, -60:])).sum(axis=1), 60) / 60
    spikes = [np.nan_to_num(panel.demand[:, t - i]) > 2.5 * found.memory[:, REFERENCE] + 1 for i in (1, 2, 3) if t >= i]
    return [silent, age, *spikes, *[np.zeros(len(panel))] * (3 - len(spikes))]


def _last_year(panel: Panel, t: int, horizon: int) -> np.ndarray:
    """The pair's own demand in the same periods a season ago against its level around them; 0 where not known."""
    start = t - panel.slots
    if panel.slots < 26 or start < 0:
        return np.zeros(len(panel))
    same = panel.demand[:, start : start + horizon]
    around = panel.demand[:, max(0, start - 13) : min(start + 16, t)]
    seen = ~np.isnan(around)
    usual = np.where(seen, around, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    known = (~np.isnan(same)).all(axis=1) & (usual > 0.2)
    whole = np.nan_to_num(same).sum(axis=1) + 2 * usual + 0.5
    return np.where(known, np.log(whole / ((horizon + 2) * usual + 0.5)), 0)


def _promotions(panel: Panel, t: int, settings: Settings) -> list:
    """Depth of the planned promotions against the depth the level was measured under, and its square."""
    age = np.arange(t)[::-1]
    decay = 0.5 ** (age / settings.memories[REFERENCE])
    depth = np.nan_to_num(panel.plan[:, : t + settings.horizon])
    change = depth[:, t:].mean(axis=1) - depth[:, :t] @ decay / decay.sum()
    return [change, change * np.abs(change), depth[:, t:].max(axis=1) > 0]
