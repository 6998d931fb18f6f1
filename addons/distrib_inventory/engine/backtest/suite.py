"""One back-test: the same demand, start and clock for every policy; each baseline swept over its knob and windows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import curves, policies, simulate
from .simulate import Decide, Replay

KNOBS = np.array([-0.6, -0.3, 0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.2, 2.6, 3.2, 4.0, 5.0, 6.5, 8.5, 11.0])
RATIOS = np.array([0.5, 0.6, 0.68, 0.74, 0.8, 0.84, 0.88, 0.91, 0.94, 0.96, 0.975, 0.99])


@dataclass(frozen=True, eq=False)
class Arena:
    """``demand`` (n, t), scored from ``start`` + lead + 1 to ``end``; lead time and review in periods."""

    demand: np.ndarray
    start: int
    end: int
    lead: int
    review: int = 1
    usual: int = 26

    def play(self, decide: Decide, count: int, start: int | None = None, backorders: bool = False) -> Replay:
        """Replay ``count`` settings. All start with mean demand of the lead time on hand and the same under way."""
        first = self.start if start is None else start
        mean = np.rint(policies.trailing(self.demand, self.usual)(first)[0])
        stock = np.tile(mean * max(self.lead, 1), (count, 1))
        arriving = np.tile(mean[:, None], (count, 1, self.lead))
        return simulate.play(
            self.demand,
            decide,
            (first, self.end),
            self.lead,
            stock,
            arriving,
            self.review,
            first + self.lead + 1,
            backorders,
        )


def baselines(arena: Arena, windows: tuple, quarter: int, adjust: Callable | None) -> dict[str, list[Decide]]:
    """Return for each baseline its variants (window, lead time counted to the order or to its first sale)."""
    d, first, lead, knob = arena.demand, arena.start, arena.lead, KNOBS
    found: dict[str, list[Decide]] = {name: [] for name in ("frozen", "quarterly", "rolling", "orderpoint")}
    for window in windows:
        seen, filled = policies.trailing(d, window), policies.trailing(d, window, True)
        for time in (lead, lead + 1):
            for name, every in (("frozen", None), ("quarterly", quarter), ("rolling", 1)):
                rule = policies.min_max(policies.reviewed(seen, first, every), knob, time, arena.review)
                found[name].append(rule)
            found["orderpoint"].append(policies.orderpoint(filled, knob, time, arena.review))
    for name, factor in (("ddmrp", None), ("ddmrp adjusted", adjust)):
        if name == "ddmrp" or adjust is not None:
            found[name] = [
                policies.buffers(policies.trailing(d, w), (knob - 1) * 1.2, time, f, arena.review, factor)
                for w in windows
                for time in (lead, lead + 1)
                for f in (0.2, 0.5, 0.8)
            ]
    return found


def best(arena: Arena, variants: list[Decide], fill: float) -> Replay:
    """Return the variant with the least stock at the fill rate: the baseline at its best, chosen with hindsight."""
    replays = [arena.play(decide, len(KNOBS)) for decide in variants]
    stocks = [curves.stock_at(curves.curve(replay), fill) for replay in replays]
    return replays[int(np.nanargmin(stocks))] if not np.isnan(stocks).all() else replays[0]


def usual(arena: Arena, fill: float) -> Replay:
    """Return the frozen rule with the window one would take without hindsight, ``arena.usual``."""
    return best(arena, baselines(arena, (arena.usual,), arena.usual, None)["frozen"], fill)


def last_season(demand: np.ndarray, season: int, lead: int, usual: int = 13) -> Callable:
    """Return ddmrp's demand adjustment factor as a planner would set it: the same periods a season ago, all pairs.

    Demand of the coming lead time and review a season ago over demand of the ``usual`` periods before them then.
    """
    total = np.nansum(demand, axis=0)

    def factor(t: int) -> float:
        then = t - season
        if then < usual:
            return 1.0
        return float(
            np.clip(total[then : then + lead + 1].mean() / max(total[then - usual : then].mean(), 1e-9), 0.3, 3)
        )

    return factor
