"""Replay of a company's own history: our policy and the rules planners have, part by part.

A part holds pairs that share a lead time; the arrays of the parts are put together afterwards (``join``), so that a
long replay can be done, kept and taken up again part by part. Our methods are those of the nightly run without its yearly
season and without promotions known ahead, each class by the one that did best before the replay begins.
"""

import io
from dataclasses import dataclass, replace

import numpy as np

from ..forecast import calibrate, compete, intermittent, select
from ..forecast.types import Panel
from . import policies, suite
from .simulate import Replay
from .suite import Arena

METHODS = ("pooled", "learned", "steady", "tsb")
RULES = ("frozen", "quarterly", "rolling")
QUARTER = 91
# Days replayed before the start to find the service ratio, and how often it is found anew.
EARLY, RENEW, HALF_LIFE, ORIGINS = 56, 7, 10.0, 4
# Days between two origins to learn from: no divisor of the week.
STRIDE = 2
LEADS = (0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 45)
SUMS = ("lost", "stock", "outs")


@dataclass(frozen=True, eq=False)
class Case:
    """``n`` pairs with one lead time: demand (n, t) by day, NaN unknown; weekday (t + horizon,), 0 Monday; groups as
    for ``Panel``; replayed from day ``start`` to ``end``; ``lead`` and ``review`` in days; the fill rate asked; the
    days from which the usual rule takes mean and deviation; ``tilt`` see ``policy.ratios``."""

    demand: np.ndarray
    weekday: np.ndarray
    groups: tuple
    start: int
    end: int
    lead: int
    review: int
    service: float
    window: int = 91
    tilt: float = 0.0


@dataclass(frozen=True, eq=False)
class Found:
    """Units asked (n,), scored days (n,), and for each policy its sums lost, stock, outs: (3, k, n)."""

    demand: np.ndarray
    periods: np.ndarray
    sums: dict[str, np.ndarray]


def replay(case: Case) -> Found:
    """Replay all policies: ``ours``, ``calibrated`` where the history allows, and each rule in two variants.

    The variants of a rule count the lead time to the order's arrival or a day longer: ``frozen 0``, ``frozen 1``.
    """
    arena = Arena(case.demand, case.start, case.end, case.lead, case.review, case.window)
    played = {f"{name} {extra}": arena.play(rule, len(suite.KNOBS)) for name, extra, rule in _rules(case)}
    played |= _ours(case, arena)
    some = played["ours"]
    sums = {name: np.stack([getattr(one, part) for part in SUMS]).astype(np.float32) for name, one in played.items()}
    return Found(some.demand.astype(np.float32), some.periods.astype(np.float32), sums)


def _rules(case: Case):
    seen = policies.trailing(case.demand, case.window)
    for name, every in zip(RULES, (None, QUARTER, 1), strict=True):
        for extra in (0, 1):
            known = policies.reviewed(seen, case.start, every)
            yield name, extra, policies.min_max(known, suite.KNOBS, case.lead + extra, case.review)


def _ours(case: Case, arena: Arena) -> dict[str, Replay]:
    early = _early(case)
    walk = _walk(case, case.start if early is None else early)
    everything = policies.ours(walk, lambda _: suite.RATIOS, case.tilt)
    main = arena.play(everything, len(suite.RATIOS))
    if early is None:
        return {"ours": main}
    before = Arena(case.demand, early, case.start, case.lead, case.review, case.window)
    known = _calibration(case, main, before.play(everything, len(suite.RATIOS), early))

    def ratio(t: int) -> np.ndarray:
        at = t - (t - case.start) % RENEW
        return np.array([known.corrected(at, case.service, HALF_LIFE, case.lead)])

    return {"ours": main, "calibrated": arena.play(policies.ours(walk, ratio, case.tilt), 1)}


def _early(case: Case) -> int | None:
    """Where the replay before the start begins; None when there is too little history for it."""
    horizon = case.lead + case.review
    early = case.start - EARLY - horizon
    return early if early >= compete.FIRST_ORIGIN + 2 * horizon + 2 * compete.STEP else None


def _calibration(case: Case, main: Replay, before: Replay) -> calibrate.Calibration:
    """What the ladder lost before the start and since; days before the first order's arrival say nothing."""
    warm, days = case.lead + 1, case.start - before.start
    lost = np.concatenate([before.lost_by_period[:, :days], main.lost_by_period], axis=1)
    demand = np.concatenate([before.demand_by_period[:days], main.demand_by_period])
    for at in (0, days):
        lost[:, at : at + warm], demand[at : at + warm] = 0, 0
    return calibrate.Calibration(suite.RATIOS, lost, demand, before.start)


def _walk(case: Case, first: int) -> select.Chosen:
    """Each class of demand by the method with the least quantile loss before the start."""
    horizon = case.lead + case.review
    panel = Panel(case.demand, case.weekday, 7, case.groups)
    origins = range(max(first, case.start - horizon - compete.STEP * (ORIGINS - 1)), case.start - horizon + 1, 7)
    begin = compete.first_origin(first, horizon)
    # a sample is smaller than what the nightly run learns from, so it is looked at on more days
    candidates = [replace(compete.settings(name, horizon), stride=STRIDE) for name in METHODS]
    kinds = intermittent.classes(case.demand[:, : case.start])
    chosen = select.select(panel, candidates, origins, case.service, kinds, begin)
    used = np.unique(chosen.taken)
    return select.Chosen([chosen.walks[i] for i in used.tolist()], np.searchsorted(used, chosen.taken))


def bucket(lead: np.ndarray, least: int = 30) -> np.ndarray:
    """Return the lead time (n,) of LEADS at which each pair is replayed; few pairs join the next longer one.

    >>> bucket(np.array([1.2, 6.4, 7.0, 90.0]), 1).tolist()
    [1, 7, 7, 45]
    >>> bucket(np.array([1.0, 7.0, 7.0]), 2).tolist()
    [7, 7, 7]
    """
    near = np.abs(np.asarray(lead, float)[:, None] - np.array(LEADS)).argmin(axis=1)
    for place in range(len(LEADS) - 1):
        if 0 < (near == place).sum() < least and (near > place).any():
            near[near == place] = near[near > place].min()
    for place in range(len(LEADS) - 1, 0, -1):  # the longest may still be few: they join the next shorter
        if 0 < (near == place).sum() < least and (near < place).any():
            near[near == place] = near[near < place].max()
    return np.array(LEADS)[near]


def dump(found: Found) -> bytes:
    """Return the arrays as the bytes of a compressed npz file."""
    file = io.BytesIO()
    named = {f"sums {name}": values for name, values in found.sums.items()}
    np.savez_compressed(file, demand=found.demand, periods=found.periods, **named)
    return file.getvalue()


def load(data: bytes) -> Found:
    """Return what ``dump`` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        sums = {name[5:]: kept[name] for name in kept.files if name.startswith("sums ")}
        return Found(kept["demand"], kept["periods"], sums)


def join(parts: list[Found]) -> Found:
    """Return all pairs of the parts, in their order; a policy that one part lacks is left out."""
    names = set.intersection(*(set(part.sums) for part in parts))
    return Found(
        np.concatenate([part.demand for part in parts]),
        np.concatenate([part.periods for part in parts]),
        {name: np.concatenate([part.sums[name] for part in parts], axis=2) for name in sorted(names)},
    )
