"""What the two back-tests share: lines of comparison, and points calibrated without looking ahead."""

import argparse
from dataclasses import dataclass

import numpy as np
from distrib_inventory.engine.backtest import curves, policies, simulate, suite
from distrib_inventory.engine.forecast import calibrate, select

from tools.steps import say

# how far small pairs are protected more: 0 aims at the fill rate, 0.45 at seldom being out of stock
FILL, SELDOM = 0.0, 0.45


@dataclass(frozen=True, eq=False)
class Ladder:
    """Our policy with its ladder of service ratios; ``early`` is where the replay it is calibrated on begins."""

    walk: select.Chosen
    early: int | None
    half_life: float
    every: int

    def replay(self, arena: suite.Arena, tilt: float, start: int | None = None) -> simulate.Replay:
        ratios = suite.RATIOS
        return arena.play(policies.ours(self.walk, lambda t: ratios, tilt), len(ratios), start)


def report(arena: suite.Arena, ladder: Ladder, replays: dict, options: argparse.Namespace) -> dict[str, float]:
    """Say how our policy fares against each baseline at its best; return the turnover gained over each."""
    ours = tuple(ladder.replay(arena, tilt) for tilt in (FILL, SELDOM))
    say(f"   at {options.fill:.0%} fill [95 % interval]: stock, our turnover; at its stock: our stock-outs, lost")
    gains = {name: _line(name, ours, replay, options) for name, replay in replays.items()}
    bound = curves.curve(arena.play(policies.oracle(arena.demand, arena.lead), 1))
    say(f"   oracle          {bound.stock[0]:8,.0f} at {bound.fill[0]:.1%} fill")
    frozen = [curves.curve(replays[name]) for name in ("frozen", "frozen, usual")]
    if ladder.early is not None:
        say("   calibrated without looking ahead, against the frozen rule at its best (and with its usual window):")
        for tilt, asked in ((FILL, 0.9), (FILL, 0.93), (FILL, 0.95), (FILL, 0.97), (SELDOM, 0.955), (SELDOM, 0.965)):
            _calibrated(arena, ladder, tilt, asked, frozen, options.fill)
    return gains


def _line(name: str, ours: tuple, other: simulate.Replay, options: argparse.Namespace) -> float:
    """``ours`` are our replays aimed at the fill rate and at seldom being out of stock."""
    their = curves.curve(other)
    (stock, same, lost), (_, outs, _) = (curves.compare(curves.curve(r), their, options.fill) for r in ours)
    span, seldom = (curves.bootstrap(r, other, options.fill, options.seed, options.boot) for r in ours)
    say(
        f"   {name:<15} {curves.stock_at(their, options.fill):8,.0f}  turnover {1 / stock - 1:+.0%} "
        f"[{1 / span[1, 0] - 1:+.0%} {1 / span[0, 0] - 1:+.0%}] (stock {stock - 1:+.0%})  stock-outs aimed at "
        f"{outs - 1:+.0%} [{seldom[0, 1] - 1:+.0%} {seldom[1, 1] - 1:+.0%}], else {same - 1:+.0%}  lost {lost - 1:+.0%}"
    )
    return float(1 / stock - 1)


def _calibrated(
    arena: suite.Arena, ladder: Ladder, tilt: float, asked: float, frozen: list[curves.Curve], fill: float
) -> None:
    """The ratio is the one whose replay of the last periods reached the fill asked for, taken anew as time goes on."""
    replay = ladder.replay(arena, tilt, ladder.early)
    warm = arena.lead + 1  # what was lost before the first order arrived says nothing about the ratio
    lost, demand = replay.lost_by_period[:, warm:], replay.demand_by_period[warm:]
    known = calibrate.Calibration(suite.RATIOS, lost, demand, ladder.early + warm)

    def ratio(t: int) -> np.ndarray:
        at = t - (t - arena.start) % ladder.every
        return np.array([known.corrected(at, asked, ladder.half_life, arena.lead)])

    point = curves.curve(arena.play(policies.ours(ladder.walk, ratio, tilt), 1))
    stocks = [curves.stock_at(rule, fill) for rule in frozen]
    turnover = [point.turnover[0] / (fill / stock) - 1 for stock in stocks]
    outs = [point.outs[0] / curves.at_stock(rule, stock) - 1 for rule, stock in zip(frozen, stocks, strict=True)]
    say(
        f"   tilt {tilt}: asked {asked:.1%}, reached {point.fill[0]:.2%}, off {100 * (point.fill[0] - asked):+.2f}  "
        f"turnover {turnover[0]:+.0%} ({turnover[1]:+.0%})  stock-outs {outs[0]:+.0%} ({outs[1]:+.0%})"
    )
