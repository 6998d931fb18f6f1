"""Replay of weekly replenishment with lost sales: our policy against the rules planners have, and the challenge's cost.

``--data DIR`` holds the inventory-planning challenge's files (VN2, 2025): ``sales.csv``, ``in_stock.csv``,
``master.csv``, ``initial_state.csv``; any folder of the same shape will do. Without it a seeded sample is made.
Rules: order weekly; goods ordered at the end of week t can be sold from week t + 3; whole units; lost sales.

Two parts. First the trade-off curves over the last weeks (``--weeks``) of the pairs that were in stock almost all the
time, every baseline swept over its knob and window with hindsight, with bootstrap intervals over pairs, and our policy
calibrated without looking ahead. Then the challenge's own cost: 0.2 a unit-week held, 1 a unit lost, six orders, weeks
3 to 8; on the last eight weeks of the data, or with ``--actuals FILE`` (Store, Product, one column a week) on weeks
that are not in the folder, from ``initial_state.csv``.

Value: turnover gained over the best frozen rule at equal fill, or with ``--actuals`` the challenge's cost.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from distrib_inventory.engine.backtest import policies, sample, simulate, suite
from distrib_inventory.engine.forecast import history, intermittent, select
from distrib_inventory.engine.forecast.types import Panel, Settings

from bench import _backtest
from tools import benching
from tools.steps import Problem, say

LEAD, FIRST_ORIGIN, WEEKS = 2, 40, 8
SETTINGS = Settings(every=4, bins=6)
# the simple rule first: another is taken for a class only where it was better on earlier weeks
CANDIDATES = (
    Settings(every=4, bins=6, blend=0.0),
    SETTINGS,
    Settings(every=4, bins=6, mix=((3.0, 0.5), (10.0, 0.5))),
    Settings(every=4, bins=6, method="tsb"),
)
CHALLENGE_RATIOS = np.array([0.64, 0.67, 0.7, 0.73, 0.76, 0.79, 0.82])


@dataclass(frozen=True, eq=False)
class Data:
    """Sales and in-stock flags (n, t), ids (n,), and the start for the real future: stock (n,), arriving (n, 2)."""

    sold: np.ndarray
    in_stock: np.ndarray
    groups: tuple
    keys: np.ndarray
    stock: np.ndarray | None = None
    arriving: np.ndarray | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of the challenge's files; without it a sample is made")
    parser.add_argument(
        "--actuals", type=Path, help="CSV of the weeks after the data: Store, Product, one column a week"
    )
    parser.add_argument("--weeks", type=int, default=61, help="weeks of the trade-off curves")
    parser.add_argument("--fill", type=float, default=0.95)
    parser.add_argument("--pairs", type=int, default=120, help="pairs of the sample")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--boot", type=int, default=200, help="bootstrap resamples")


def measure(options: argparse.Namespace) -> benching.Result:
    data = _read(options.data) if options.data else _sample(options)
    if options.actuals:
        return _future(data, options)
    result = _curves(data, options)
    _challenge_cost(_panel(data), data.sold.shape[1] - WEEKS, None)
    return result


def _rows(path: Path) -> tuple[list, list]:
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def _number(text: np.ndarray) -> np.ndarray:
    return np.unique(text, return_inverse=True)[1]


def _read(folder: Path) -> Data:
    try:
        sales, flags, master = (_rows(folder / f"{name}.csv") for name in ("sales", "in_stock", "master"))
    except FileNotFoundError as error:
        raise Problem(f"{error.filename} is missing", "./distrib bench backtest_weekly --help") from error
    keys = np.array([row[:2] for row in sales[1]])
    place = {tuple(row[:2]): row for row in master[1]}
    department = [place[tuple(key)][master[0].index("Department")] for key in keys.tolist()]
    sold = np.array([[float(v or "nan") for v in row[2:]] for row in sales[1]])
    lookup = {tuple(row[:2]): [v.strip().lower() in ("true", "1", "1.0") for v in row[2:]] for row in flags[1]}
    in_stock = np.array([lookup[tuple(key)] for key in keys.tolist()])
    groups = (_number(keys[:, 0]), _number(keys[:, 1]), _number(np.array(department)))
    return Data(sold, in_stock, groups, keys, *_start(folder / "initial_state.csv", keys))


def _start(path: Path, keys: np.ndarray) -> tuple:
    if not path.exists():
        return None, None
    head, rows = _rows(path)
    known = {tuple(row[:2]): row for row in rows}
    columns = [head.index(name) for name in ("End Inventory", "In Transit W+1", "In Transit W+2")]
    found = np.array([[float(known[tuple(key)][c]) for c in columns] for key in keys.tolist()])
    return found[:, 0], found[:, 1:]


def _sample(options: argparse.Namespace) -> Data:
    sold, in_stock, *groups = sample.weekly(options.pairs, 157, options.seed)
    keys = np.stack([groups[0], np.arange(len(sold))], axis=1).astype(str)
    return Data(sold, in_stock, tuple(groups), keys)


def _panel(data: Data, rows: np.ndarray | None = None) -> Panel:
    demand = history.unconstrain(data.sold, data.in_stock.astype(np.float32))
    slot = np.arange(demand.shape[1] + SETTINGS.horizon + WEEKS) % 52
    panel = Panel(demand, slot, 52, data.groups)
    return panel if rows is None else panel.take(rows)


def _curves(data: Data, options: argparse.Namespace) -> benching.Result:
    end = data.sold.shape[1]
    start = end - options.weeks
    scored = data.in_stock[:, start:].mean(axis=1) >= 0.97
    panel = _panel(data, scored)
    share = data.sold[scored, start:].sum() / data.sold[:, start:].sum()
    say(f"   scored {scored.sum()} of {len(scored)} pairs, in stock in 97 % of the weeks, {share:.0%} of sales")
    arena = suite.Arena(panel.demand, start, end, LEAD)
    rules = suite.baselines(arena, (13, 26, 52), 13, suite.last_season(panel.demand, 52, LEAD))
    replays = {name: suite.best(arena, variants, options.fill) for name, variants in rules.items()}
    replays["frozen, usual"] = suite.usual(arena, options.fill)
    kinds = intermittent.classes(panel.demand[:, :start])
    walk = select.select(panel, list(CANDIDATES), range(FIRST_ORIGIN + 20, start - LEAD, 3), 0.9, kinds, FIRST_ORIGIN)
    taken = {intermittent.CLASSES[k]: int(walk.taken[kinds == k][0]) for k in np.unique(kinds)}
    say(f"   settings by class, chosen on earlier weeks: {taken}")
    early = FIRST_ORIGIN + 20
    ladder = _backtest.Ladder(walk, early if start - early >= 13 else None, half_life=13, every=4)
    gains = _backtest.report(arena, ladder, replays, options)
    return benching.Result(
        100 * gains["frozen"],
        f"% more turnover at {options.fill:.0%} fill",
        f"over the best baseline {100 * min(gains.values()):+.0f} %",
        "at least 55 over the frozen rule" if options.data else "on the sample: above every baseline",
        bool(gains["frozen"] >= 0.55 if options.data else min(gains.values()) > 0),
    )


def _challenge_cost(panel: Panel, start: int, state: tuple | None) -> tuple[float, float]:
    """Return (our cost, the benchmark's) of the eight weeks from ``start`` on; the ratio comes from earlier windows."""
    walk = select.Walk(panel, Settings(every=4), FIRST_ORIGIN)
    earlier = range(start - WEEKS, max(FIRST_ORIGIN + 26, start - 13 * WEEKS), -WEEKS)
    costs = sum(_cost(panel, t, policies.ours(walk, lambda _: CHALLENGE_RATIOS), 7, None) for t in earlier)
    ratio = CHALLENGE_RATIOS[int(np.argmin(costs))]
    ours = _cost(panel, start, policies.ours(walk, lambda _: np.array([ratio])), 1, state)[0]
    rule = policies.cover(panel.demand, panel.slot, panel.slots, 4)
    peer = _cost(panel, start, rule, 1, state)[0]
    say(f"   challenge: ratio {ratio:.2f} by {len(earlier)} earlier windows; cost {ours:,.1f}, benchmark {peer:,.1f}")
    return float(ours), float(peer)


def _cost(panel: Panel, start: int, decide: simulate.Decide, count: int, state: tuple | None) -> np.ndarray:
    if state is None:  # as the real start was: 1.47 weeks on hand, 1.12 weeks arriving in the second week
        mean = policies.trailing(panel.demand, 13)(start)[0]
        state = np.rint(1.47 * mean), np.stack([0 * mean, np.rint(1.12 * mean)], axis=1)
    stock, arriving = (np.repeat(values[None], count, axis=0) for values in state)
    demand = np.nan_to_num(panel.demand)
    span = (start, start + WEEKS)
    return simulate.challenge(
        simulate.play(demand, decide, span, LEAD, stock, arriving, score_from=start + LEAD, last_order=start + 5)
    )


def _future(data: Data, options: argparse.Namespace) -> benching.Result:
    _, rows = _rows(options.actuals)
    known = {tuple(row[:2]): row[2:] for row in rows}
    weeks = np.array([[float(v or 0) for v in known[tuple(key)][:WEEKS]] for key in data.keys.tolist()])
    if weeks.shape[1] < WEEKS or data.stock is None:
        raise Problem(
            f"{WEEKS} weeks of actuals and initial_state.csv are needed", "./distrib bench backtest_weekly --help"
        )
    start = data.sold.shape[1]
    sold = np.concatenate([data.sold, weeks], axis=1)
    in_stock = np.concatenate([data.in_stock, np.ones_like(weeks, bool)], axis=1)
    panel = _panel(Data(sold, in_stock, data.groups, data.keys))
    ours, peer = _challenge_cost(panel, start, (data.stock, data.arriving))
    return benching.Result(ours, "cost", f"the benchmark's rule {peer:,.0f}", "at most 3,650", ours <= 3650)
