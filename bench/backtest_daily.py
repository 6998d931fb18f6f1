"""Replay of daily replenishment of fresh food with lost sales: our policy against the rules planners have.

``--data FILE`` is a parquet file with one row for each pair and day: store, product, date, sales, hours out of stock,
price paid, category (columns named by options; the defaults are those of FreshRetailNet-50K, arXiv 2505.16319). Without
it a seeded sample is made. Rules: order daily; goods ordered at the end of day t can be sold from day t + L + 1; whole
units (``--unit`` in the file's measure); lost sales. Days short of stock are censored; only pairs in stock in
``--stocked`` of the selling hours of the scored days are scored. Prices of the coming days are used with ``--plan``,
for a shop that plans them ahead; a price lowered in the evening to clear the shelf would be a look into the future.

Value: stock saved against the best frozen rule at equal fill.
"""

import argparse
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from distrib_inventory.engine.backtest import sample, suite
from distrib_inventory.engine.forecast import history, intermittent, model, select
from distrib_inventory.engine.forecast.types import Panel, Settings

from bench import _backtest
from tools import benching
from tools.steps import Problem, say

FIRST_ORIGIN = 10
COLUMNS = {
    "store": "store_id",
    "product": "product_id",
    "category": "third_category_id",
    "day": "dt",
    "sales": "sale_amount",
    "hours-out": "stockout_h6_22",
    "price": "discount",
}


@dataclass(frozen=True, eq=False)
class Data:
    """Sales in units, share of hours in stock and promotion depth (n, t); first day's weekday; groups (n,)."""

    sold: np.ndarray
    in_stock: np.ndarray
    depth: np.ndarray
    weekday: int
    groups: tuple


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="parquet file; without it a sample is made")
    for name, column in COLUMNS.items():
        parser.add_argument(f"--{name}", default=column, help=f"column (default {column}; '' for none)")
    parser.add_argument("--unit", type=float, default=0.1, help="one stock unit in the measure of sales")
    parser.add_argument("--open-hours", type=float, default=16, help="selling hours of a day")
    parser.add_argument("--pairs", type=int, default=2000, help="most pairs to score")
    parser.add_argument("--stocked", type=float, default=0.92, help="share of selling hours in stock to be scored")
    parser.add_argument("--start", type=int, help="first day scored, from 0 (default: a third of the days)")
    parser.add_argument("--end", type=int, help="day after the last one scored (default: all)")
    parser.add_argument("--lead", type=int, default=1, help="lead time L in days")
    parser.add_argument("--fill", type=float, default=0.95)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--boot", type=int, default=200, help="bootstrap resamples")
    parser.add_argument("--speed", type=int, help="instead: seconds for the levels of so many pairs x 365 days")
    parser.add_argument("--plan", action="store_true", help="take the prices of the coming days as planned ahead")


def measure(options: argparse.Namespace) -> benching.Result:
    if options.speed:
        return _speed(options.speed, options.seed)
    data = _read(options) if options.data else _sample(options)
    end = options.end or data.sold.shape[1]
    start = options.start or data.sold.shape[1] // 3
    stocked = data.in_stock[:, start:end].mean(axis=1)
    eligible = np.flatnonzero(stocked >= options.stocked)
    rows = np.sort(np.random.default_rng(options.seed).permutation(eligible)[: options.pairs])
    if not len(rows):
        raise Problem("no pair is in stock often enough", "./distrib bench backtest_daily --stocked 0.8")
    level, everyone = data.sold[rows, start:end].mean(), data.sold[:, start:end].mean()
    say(
        f"   scored {len(rows):,} of {len(stocked):,} pairs, drawn from the {len(eligible) / len(stocked):.0%} in stock"
    )
    say(f"   {options.stocked:.0%} of hours; they sell {level:.1f} units a day, all pairs {everyone:.1f}")
    return _measure(_panel(data, rows, options), start, end, options)


def _measure(panel: Panel, start: int, end: int, options: argparse.Namespace) -> benching.Result:
    arena = suite.Arena(panel.demand, start, end, options.lead, usual=14)
    rules = suite.baselines(arena, (14, 28), 28, None)
    replays = {name: suite.best(arena, variants, options.fill) for name, variants in rules.items()}
    replays["frozen, usual"] = suite.usual(arena, options.fill)
    kinds = intermittent.classes(panel.demand[:, :start])
    origins = range(max(FIRST_ORIGIN + 12, start - 21), start - options.lead, 2)
    walk = select.select(panel, _candidates(options.lead + 1), origins, 0.85, kinds, FIRST_ORIGIN)
    taken = {intermittent.CLASSES[k]: int(walk.taken[kinds == k][0]) for k in np.unique(kinds)}
    say(f"   settings by class, chosen on earlier days: {taken}")
    early = max(FIRST_ORIGIN + 10, start - 28)
    ladder = _backtest.Ladder(walk, early if start - early >= 10 else None, half_life=3, every=1)
    gains = _backtest.report(arena, ladder, replays, options)
    saved = 1 - 1 / (1 + gains["frozen"])
    rolling = 1 - 1 / (1 + gains["rolling"])
    return benching.Result(
        100 * saved,
        f"% less stock at {options.fill:.0%} fill",
        f"than rolling {100 * rolling:.0f} % less",
        "at least 50, better than rolling" if options.data else "on the sample: better than every baseline",
        bool(saved >= 0.5 and rolling > 0 if options.data else min(gains.values()) > 0),
    )


def _candidates(horizon: int) -> list[Settings]:
    """The simple rule (weekday and level) first; then with the learned correction, and with a shorter memory."""
    shared = {"horizon": horizon, "season_span": 7, "season_shrink": 200.0, "window": 40, "error_window": 30}
    shared |= {"every": 7, "bins": 6}
    return [
        Settings(**shared, blend=0.0),
        Settings(**shared, blend=0.8),
        Settings(**shared, blend=0.8, mix=((3.0, 0.5), (10.0, 0.5))),
    ]


def _panel(data: Data, rows: np.ndarray, options: argparse.Namespace) -> Panel:
    demand = np.rint(history.unconstrain(data.sold[rows], data.in_stock[rows]))
    ahead = options.lead + 1
    slot = (data.weekday + np.arange(demand.shape[1] + ahead)) % 7
    depth = np.pad(data.depth[rows], ((0, 0), (0, ahead)), mode="edge").astype(np.float32)
    groups = tuple(np.unique(g[rows], return_inverse=True)[1] for g in data.groups)
    return Panel(demand, slot, 7, groups, depth if options.plan else None)


def _sample(options: argparse.Namespace) -> Data:
    sold, hours, price, store, product, category = sample.daily(min(options.pairs, 200), 90, options.seed)
    return Data(sold, (1 - hours / options.open_hours).astype(np.float32), 1 - price, 0, (category, store, product))


def _speed(pairs: int, seed: int) -> benching.Result:
    """Forecast and levels of all pairs from 365 days, learning included; no database."""
    rng = np.random.default_rng(seed)
    demand = np.empty((pairs, 365), np.float32)
    for part in model.chunks(pairs, 5000):
        shape = demand[part].shape
        demand[part] = rng.poisson(rng.gamma(1, 3, (shape[0], 1)) * (1 + 0.3 * (np.arange(365) % 7 > 4)), shape)
        demand[part][rng.random(shape) < 0.03] = np.nan
    groups = tuple(rng.integers(0, count, pairs) for count in (60, 300, 1000))
    settings = Settings(horizon=7, season_span=7, season_shrink=200.0, window=56, error_window=40, every=14, paths=200)
    start = time.perf_counter()
    model.plan(Panel(demand, np.arange(372) % 7, 7, groups), 365, settings, 0.9, 5)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    goal = 60 * pairs / 100_000
    return benching.Result(seconds, "s", f"{pairs:,} pairs, peak {peak:.1f} GB", f"at most {goal:g}", seconds <= goal)


def _read(options: argparse.Namespace) -> Data:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise Problem("pyarrow reads the file and is not installed", "pip install pyarrow") from error
    names = {name: getattr(options, name.replace("-", "_")) for name in COLUMNS}
    names = {name: source for name, source in names.items() if source}
    table = pyarrow.parquet.read_table(options.data, columns=list(names.values()))
    column = {name: table[source].to_numpy() for name, source in names.items()}
    pair = column["store"].astype(np.int64) << 32 | column["product"].astype(np.int64)
    days = column["day"].astype("datetime64[D]")
    _, first, row = np.unique(pair, return_index=True, return_inverse=True)
    at = (days - days.min()).astype(int)
    shape = (len(first), int(at.max()) + 1)

    def matrix(name: str, empty: float) -> np.ndarray:
        found = np.full(shape, empty, np.float32)
        if name in column:
            found[row, at] = column[name]
        return found

    sold = np.rint(matrix("sales", np.nan) / options.unit)
    in_stock = 1 - matrix("hours-out", 0) / options.open_hours
    groups = tuple(column[name][first] for name in ("category", "store", "product") if name in column)
    weekday = int((days.min().astype(int) + 3) % 7)  # 1970-01-01 was a Thursday
    return Data(sold, in_stock, np.clip(1 - matrix("price", 1), 0, 1), weekday, groups)
