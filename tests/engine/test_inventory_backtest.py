"""The replay counts right, the baselines are the published formulas, and the benches run on any file of the shape."""

import argparse
import csv
from dataclasses import replace

import numpy as np
import pytest
from distrib_inventory.engine.backtest import company, curves, policies, sample, simulate, suite, verdict
from distrib_inventory.engine.forecast import calibrate, history
from distrib_inventory.engine.forecast.model import Walk
from distrib_inventory.engine.forecast.types import Panel, Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench import backtest_daily, backtest_weekly


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.int8, (3, 12), elements=st.integers(0, 9)),
    hnp.arrays(np.int8, (12, 3), elements=st.integers(0, 9)),
    st.integers(0, 3),
)
def test_replay_is_the_plain_recursion(demand, orders, lead):
    """The same stock and lost sales as a loop over each pair and period."""
    found = simulate.play(
        demand.astype(float), lambda t, stock, coming: orders[t][None, :], (0, 12), lead, np.full((1, 3), 5.0)
    )
    for pair in range(3):
        stock, lost, held = 5, 0, 0
        for t in range(12):
            stock += int(orders[t - lead, pair]) if t >= lead else 0
            lost += max(int(demand[pair, t]) - stock, 0)
            stock = max(stock - int(demand[pair, t]), 0)
            held += stock
        assert (found.lost[0, pair], found.stock[0, pair]) == (lost, held)
    assert found.lost.sum() == found.lost_by_period.sum()


def test_unknown_demand_is_not_scored_and_backorders_wait():
    demand = np.array([[2.0, np.nan, 2.0]])
    found = simulate.play(demand, lambda t, s, c: np.zeros_like(s), (0, 3), 1, np.array([[1.0]]))
    assert found.periods.tolist() == [2] and found.lost.tolist() == [[3.0]]
    wait = simulate.play(demand, lambda t, s, c: 3.0 * np.ones_like(s), (0, 3), 1, np.array([[1.0]]), backorders=True)
    assert wait.stock.tolist() == [[0 + 3.0]]


def test_orders_stop_and_reviews_skip():
    seen = []

    def decide(t, stock, coming):
        seen.append(t)
        return np.zeros_like(stock)

    simulate.play(np.ones((1, 10)), decide, (0, 10), 1, np.zeros((1, 1)), review=3, last_order=6)
    assert seen == [0, 3, 6]


def constant(mean, deviation):
    return lambda t: (np.array([mean]), np.array([deviation]))


def test_baselines_are_their_formulas():
    stock, none = np.zeros((1, 1)), np.zeros((1, 1, 2))
    # maximum = 10 x 2 + 1.5 x 3 x sqrt(3) + 10
    assert policies.min_max(constant(10, 3), np.array([1.5]), 2)(0, stock, none)[0, 0] == round(30 + 4.5 * 3**0.5)
    # safety 1.645 x 3 x sqrt(4), minimum + 10 x 4, maximum + 10 x 2
    order = policies.orderpoint(constant(10, 3), np.array([1.645]), 4, 2)(0, stock, none)
    assert order[0, 0] == round(1.645 * 3 * 2 + 40) + 20
    # red 10 x 4 x 0.5 x 1.5 = 30, yellow 40, green max(10, 20) = 20
    ddmrp = policies.buffers(constant(10, 3), np.array([0.5]), 4, 0.5)
    assert ddmrp(0, stock, none)[0, 0] == 90
    assert ddmrp(0, stock + 71, none)[0, 0] == 0, "above the top of yellow nothing is ordered"
    assert ddmrp(0, stock + 70, none)[0, 0] == 20
    doubled = policies.buffers(constant(10, 3), np.array([0.5]), 4, 0.5, adjust=lambda t: 2.0)
    assert doubled(0, stock, none)[0, 0] == 180


def test_frozen_stays_and_rolling_moves():
    demand = np.array([[1.0] * 10 + [9.0] * 10])
    seen = policies.trailing(demand, 5)
    assert policies.reviewed(seen, 10, None)(20)[0] == 1
    assert policies.reviewed(seen, 10, 1)(20)[0] == 9
    assert policies.reviewed(seen, 10, 4)(13)[0] == 1


def test_oracle_loses_nothing_and_holds_nothing():
    demand = np.random.default_rng(1).integers(0, 9, (20, 30)).astype(float)
    found = simulate.play(demand, policies.oracle(demand, 2), (0, 30), 2, np.zeros((1, 20)), score_from=2)
    assert found.lost.sum() == 0 and found.stock.sum() == 0


def test_curves_meet_where_policies_are_equal():
    found = curves.Curve(np.array([0.9, 0.96, 0.99]), np.array([10.0, 20.0, 40.0]), np.array([0.2, 0.1, 0.02]))
    np.testing.assert_allclose(curves.compare(found, found, 0.95), 1.0, rtol=1e-6)
    assert 10 < curves.stock_at(found, 0.95) < 20
    assert np.isnan(curves.stock_at(found, 0.5)), "beyond the curve nothing is claimed"


def test_decisions_do_not_see_the_future():
    """Leak test on decisions: what the policy orders up to t is the same whatever comes after."""
    sold, in_stock, store, product, _ = sample.weekly(40, 90, 3)
    demand = history.unconstrain(sold, in_stock.astype(np.float32))
    wild = demand.copy()
    wild[:, 80:] = np.random.default_rng(2).integers(0, 300, wild[:, 80:].shape)
    orders = []
    for known in (demand, wild):
        walk = Walk(Panel(known, np.arange(100) % 52, 52, (store, product)), Settings(paths=60, window=30), 40)
        ours, taken = policies.ours(walk, lambda t: np.array([0.8, 0.95]), 0.3), []

        def decide(t, stock, coming, ours=ours, taken=taken):
            taken.append(ours(t, stock, coming))
            return taken[-1]

        simulate.play(known, decide, (75, 88), 2, np.full((2, 40), 3.0))
        orders.append(taken)
    for t in range(6):  # orders of periods 75 to 80: the last one is decided before period 80
        np.testing.assert_array_equal(orders[0][t], orders[1][t])
    assert any((a != b).any() for a, b in zip(orders[0][6:], orders[1][6:], strict=True))


def options(module, *words):
    parser = argparse.ArgumentParser()
    module.arguments(parser)
    return parser.parse_args(words)


def test_weekly_bench_on_its_sample(capsys):
    result = backtest_weekly.measure(options(backtest_weekly, "--pairs", "150", "--boot", "10"))
    said = capsys.readouterr().out
    assert "ddmrp adjusted" in said and "calibrated" in said and "challenge" in said
    assert result.value > 10, "even on a small sample the pooled policy beats the frozen rule"


def test_daily_bench_on_its_sample(capsys):
    result = backtest_daily.measure(options(backtest_daily, "--pairs", "120", "--boot", "10"))
    assert "orderpoint" in capsys.readouterr().out
    assert result.value > 10


def write(path, head, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


@pytest.fixture
def challenge_folder(tmp_path):
    """A folder of the challenge's shape, and actuals of the eight weeks after it."""
    sold, in_stock, store, _, department = sample.weekly(30, 98, 5)
    keys = np.stack([store, np.arange(30)], axis=1).tolist()
    weeks = [f"w{i}" for i in range(98)]
    for name, values in (("sales", sold), ("in_stock", in_stock)):
        write(
            tmp_path / f"{name}.csv",
            ["Store", "Product", *weeks[:90]],
            [[*k, *v[:90]] for k, v in zip(keys, values.tolist(), strict=True)],
        )
    write(
        tmp_path / "master.csv",
        ["Store", "Product", "Department"],
        [[*k, d] for k, d in zip(keys, department, strict=True)],
    )
    head = ["Store", "Product", "End Inventory", "In Transit W+1", "In Transit W+2"]
    write(tmp_path / "initial_state.csv", head, [[*k, 4, 2, 3] for k in keys])
    rows = [[*k, *v[90:]] for k, v in zip(keys, sold.tolist(), strict=True)]
    write(tmp_path / "actuals.csv", ["Store", "Product", *weeks[90:]], rows[::-1])
    return tmp_path


def test_weekly_bench_scores_unseen_weeks(challenge_folder):
    words = ("--data", str(challenge_folder), "--actuals", str(challenge_folder / "actuals.csv"))
    result = backtest_weekly.measure(options(backtest_weekly, *words))
    assert result.unit == "cost" and 0 < result.value < 30 * 8 * 20


def test_challenge_cost_is_its_rule():
    """Two scored weeks by hand: 0.2 a unit-week held, 1 a unit lost."""
    found = simulate.play(
        np.array([[1.0, 1.0, 5.0]]), lambda t, s, c: np.zeros_like(s), (0, 3), 2, np.array([[4.0]]), score_from=1
    )
    assert simulate.challenge(found).tolist() == [pytest.approx(0.2 * 2 + 1 * 3)]


def test_equal_start_for_every_policy():
    arena = suite.Arena(np.random.default_rng(1).poisson(5, (10, 60)).astype(float), 40, 60, 1)
    one, two = arena.play(policies.oracle(arena.demand, 1), 1), arena.play(policies.oracle(arena.demand, 1), 2)
    np.testing.assert_array_equal(one.lost[0], two.lost[1])


def test_daily_bench_reads_a_parquet_file(tmp_path):
    """Columns by name, rows in any order, no hours out of stock given."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    sold, *_, product, _ = sample.daily(40, 60, 3)
    order = np.random.default_rng(1).permutation(sold.size)
    days = np.datetime64("2024-03-28", "us") + np.arange(60).astype("timedelta64[D]")
    table = {
        "shop": np.repeat(np.arange(40), 60),
        "item": np.repeat(product, 60),
        "on": np.tile(days, 40),
        "sold": sold.ravel() / 10,
    }
    parquet.write_table(arrow.table({name: values[order] for name, values in table.items()}), tmp_path / "d.parquet")
    words = ["--data", str(tmp_path / "d.parquet"), "--store", "shop", "--product", "item", "--day", "on"]
    words += ["--sales", "sold", "--hours-out", "", "--price", "", "--category", "", "--boot", "5"]
    read = backtest_daily._read(options(backtest_daily, *words))
    np.testing.assert_allclose(np.sort(read.sold.sum(axis=1)), np.sort(sold.sum(axis=1)))
    assert read.weekday == 3, "the 28th of March 2024 was a Thursday"
    assert np.isfinite(backtest_daily.measure(options(backtest_daily, *words)).value)


def _case(seed=5, pairs=60, days=126, start=100):
    rng = np.random.default_rng(seed)
    level = rng.lognormal(1, 0.5, (pairs, 1)) * np.exp(np.cumsum(rng.normal(0, 0.04, (pairs, days)), axis=1))
    demand = rng.poisson(level).astype(np.float32)
    groups = (np.arange(pairs) % 4, np.arange(pairs) % 6, np.arange(pairs) % 20)
    return company.Case(demand, np.arange(days + 4) % 7, groups, start, days, 2, 1, 0.95, 56)


def test_company_replay_is_kept_part_by_part_and_joined():
    case = _case()
    found = company.replay(case)
    assert {"ours", "calibrated", "frozen 0", "frozen 1", "quarterly 0", "rolling 1"} <= set(found.sums)
    again = company.load(company.dump(found))
    assert all((again.sums[name] == found.sums[name]).all() for name in found.sums)
    both = company.join([found, again])
    worth = verdict.Worth(*(np.ones(120) for _ in range(3)))
    one = verdict.Worth(*(np.ones(60) for _ in range(3)))
    single, double = (verdict.against(f, "frozen", w, 0.95, 5) for f, w in ((found, one), (both, worth)))
    assert double.stock == pytest.approx(single.stock) and double.stock_rule == pytest.approx(2 * single.stock_rule)
    assert single.stock < 1 and single.outs < 1
    rising = [name for name in found.sums if name != "calibrated"]
    assert all((np.diff(verdict.curve(found, name, one).fill) >= -1e-6).all() for name in rising)


def test_company_replay_does_not_look_ahead():
    """Whatever happens after a day, nothing decided by then moves: the sums of a replay that ends there stay."""
    case, end = _case(), 114
    changed = case.demand.copy()
    changed[:, end:] = np.random.default_rng(1).permuted(changed[:, end:], axis=0) * 3
    cut = (replace(case, end=end), replace(case, demand=changed, end=end))
    first, second = (company.replay(one) for one in cut)
    assert all((first.sums[name] == second.sums[name]).all() for name in first.sums)


def test_verdict_by_group_leaves_small_groups_open():
    found = company.replay(_case())
    worth = verdict.Worth(*(np.ones(60) for _ in range(3)))
    groups = np.where(np.arange(60) < 5, 0, 1)
    lines = verdict.by_group(found, groups, worth, 0.95)
    assert lines[0]["verdict"] == "open" and lines[0]["stock"] is None
    assert lines[1]["pairs"] == 55 and lines[1]["verdict"] == "win"


def test_correction_takes_a_lasting_miss_back_and_looks_at_the_past_alone():
    """A ladder whose every ratio loses more and more: chosen on the past it always lags; corrected it lags less."""
    ratios = np.array([0.5, 0.7, 0.85, 0.95, 0.99])
    days = np.arange(120)
    lost = 100 * (1 - ratios)[:, None] * np.exp(0.02 * days)[None, :] * 0.3
    ladder = calibrate.Calibration(ratios, lost, np.full(120, 100.0), 0)

    def missed(kind):
        ratio = [getattr(ladder, kind)(t, 0.95, *args[kind]) for t in range(60, 100)]
        return np.mean([ladder._lost(t + 1, r) for t, r in zip(range(60, 100), ratio, strict=True)]) / 5

    args = {"recent": (5.0,), "corrected": (5.0, 1)}
    assert missed("recent") > 1.1
    assert abs(missed("corrected") - 1) < 0.6 * abs(missed("recent") - 1)
    other = calibrate.Calibration(ratios, np.where(days >= 80, 7 * lost, lost), np.full(120, 100.0), 0)
    assert other.corrected(80, 0.95, 5.0, 1) == ladder.corrected(80, 0.95, 5.0, 1)
