"""What the forecast is told: the calendar, the groups, and the settings that a replay of the past chooses."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Panel:
    """Demand of ``n`` pairs in ``t`` periods and what is known around it.

    ``demand`` (n, t) units, NaN unknown; ``slot`` (t + h,) the season's slot of each period, the coming ones included;
    ``slots`` how many there are; ``groups`` the poolings, each (n,) small integers from 0 (the first one pools the
    season); ``plan`` (n, t + h) depth of promotions, known ahead, or None; ``sizes`` how many groups each
    pooling has, in case this panel does not hold them all (default: those it holds).
    """

    demand: np.ndarray
    slot: np.ndarray
    slots: int
    groups: tuple = ()
    plan: np.ndarray | None = None
    sizes: tuple = ()

    def __len__(self) -> int:
        return len(self.demand)

    def until(self, t: int) -> np.ndarray:
        """What is known of demand before period ``t``."""
        return self.demand[:, :t]

    def take(self, rows: np.ndarray) -> "Panel":
        """The chosen pairs (mask or positions)."""
        plan = None if self.plan is None else self.plan[rows]
        return Panel(self.demand[rows], self.slot, self.slots, tuple(g[rows] for g in self.groups), plan, self.counts())

    def counts(self) -> tuple:
        """How many groups each pooling has."""
        return self.sizes or tuple(int(g.max()) + 1 if len(g) else 1 for g in self.groups)


@dataclass(frozen=True)
class Settings:
    """How to forecast; half-lives, spans and windows in periods.

    - ``horizon`` P = lead time and review; ``method`` of the level: weighted, tsb or croston
    - ``mix`` half-lives and weights of the level; ``memories`` half-lives of the levels offered to the correction
    - ``season_span`` periods in a season; ``season_shrink`` pair-periods of shrinkage to the common season
    - ``peak`` how little peaks count in the level; ``prior`` periods of evidence for the long-run level
    - ``blend`` how far to follow the learned correction (0 none .. 1); ``ridge`` its penalty
    - ``window`` origins to learn from, ``every`` periods anew, ``stride`` periods between two of them
    - ``error_window`` origins of the error pool, ``bins`` its size classes, ``paths`` errors drawn from each
    """

    horizon: int = 3
    method: str = "weighted"
    mix: tuple = ((4.0, 0.5), (20.0, 0.5))
    memories: tuple = (2.0, 5.0, 12.0, 26.0, 80.0)
    season_span: int = 52
    season_shrink: float = 70.0
    peak: float = 3.0
    prior: float = 0.7
    blend: float = 0.45
    ridge: float = 300.0
    window: int = 75
    error_window: int = 52
    every: int = 8
    stride: int = 1
    bins: int = 4
    paths: int = 400
    seed: int = field(default=7)
