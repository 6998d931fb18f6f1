"""Forecast engine: what it must recover, what it must survive, and that it never looks ahead."""

import numpy as np
import pytest
from distrib_inventory.engine.backtest import sample
from distrib_inventory.engine.forecast import (
    blend,
    calibrate,
    features,
    history,
    intermittent,
    model,
    policy,
    quantiles,
    season,
    select,
)
from distrib_inventory.engine.forecast.types import Panel, Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

QUICK = Settings(every=8, paths=100, bins=3, window=30, error_window=20)


def weekly_panel(pairs=60, weeks=100, seed=3):
    sold, in_stock, store, product, department = sample.weekly(pairs, weeks, seed)
    demand = history.unconstrain(sold, in_stock.astype(np.float32))
    return Panel(demand, np.arange(weeks + 10) % 52, 52, (store, product, department))


demands = hnp.arrays(
    np.float32,
    (5, 30),
    elements=st.one_of(st.just(np.float32("nan")), st.integers(-3, 10_000).map(float)),
    fill=st.just(0.0),
)


@settings(max_examples=30, deadline=None)
@given(demands, st.integers(1, 12))
def test_any_history_gives_finite_whole_orders(sold, stock):
    """Zeros, one observation, nothing known, negative days, outliers: no NaN, nothing negative, whole units."""
    panel = Panel(history.unconstrain(sold, None), np.arange(40) % 7, 7, (np.arange(5) % 2,))
    walk = model.Walk(panel, Settings(season_span=7, paths=50, window=10, error_window=10), 15)
    forecast = walk.forecast(28)
    orders = policy.order(walk.paths(28), np.full(5, float(stock)), np.zeros((5, 2)), 0.9)
    assert np.isfinite(forecast).all() and (forecast >= 0).all()
    assert np.isfinite(orders).all() and (orders >= 0).all() and (orders == np.rint(orders)).all()
    assert all(np.isfinite(values).all() for values in policy.levels(walk.paths(28), 0.9, 2))


@pytest.mark.parametrize("t", [60, 75, 92])
def test_nothing_after_today_moves_what_is_decided_today(t):
    """Leak test: everything from period t on is randomised; forecasts, errors and choices at t stay as they were."""
    panel = weekly_panel()
    wild = panel.demand.copy()
    wild[:, t:] = np.random.default_rng(9).integers(0, 500, wild[:, t:].shape)
    wild[::3, t:] = np.nan
    other = Panel(wild, panel.slot, 52, panel.groups)
    kinds = intermittent.classes(panel.demand[:, :t])
    candidates = [Settings(blend=0.0, paths=50), QUICK]
    for build in (
        lambda p: model.Walk(p, QUICK, 30),
        lambda p: select.select(p, candidates, range(40, t - 2, 6), 0.9, kinds, 30),
    ):
        one, two = build(panel), build(other)
        np.testing.assert_array_equal(one.forecast(t), two.forecast(t))
        np.testing.assert_array_equal(one.pool(t).ratios, two.pool(t).ratios)
    one, two = (model.plan(p, t, QUICK, 0.9, 2) for p in (panel, other))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_leak_test_would_notice():
    """What was known just before t does move the decision, so the leak test looks at the right thing."""
    panel = weekly_panel()
    wild = panel.demand.copy()
    wild[:, 59] = 500
    assert (
        model.Walk(Panel(wild, panel.slot, 52, panel.groups), QUICK, 30).forecast(60)
        != model.Walk(panel, QUICK, 30).forecast(60)
    ).any()


def test_season_is_recovered_and_shrunk():
    rng = np.random.default_rng(1)
    true = np.array([0.6, 0.8, 1.0, 1.0, 1.1, 1.2, 1.3])
    demand = rng.poisson(5 * true[np.arange(140) % 7], (200, 140)).astype(np.float32)
    group = np.zeros(200, np.int64)
    group[0] = 1
    found = season.fit(demand, np.arange(140) % 7, 7, group, 70.0, 7)
    np.testing.assert_allclose(found[0], true, atol=0.03)
    assert np.abs(found[1] - found[0]).max() < 0.3, "a group of one pair borrows the common season"


def test_pooled_season_beats_own_mean_in_the_blend():
    panel = weekly_panel(120, 120)
    walk = model.Walk(panel, QUICK, 40)
    ours = flat = 0.0
    for t in range(80, 116, 4):
        actual, known = model.outcome(panel, t, 3)
        mean = np.nanmean(panel.demand[:, t - 26 : t], axis=1)
        ours += np.abs(walk.forecast(t).sum(axis=1) - actual.sum(axis=1))[known].sum()
        flat += np.abs(3 * mean - actual.sum(axis=1))[known].sum()
    assert ours < 0.95 * flat


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 30), st.floats(0.6, 0.97), st.integers(0, 1000))
def test_quantiles_hold_what_they_promise(level, share, seed):
    """The pooled quantile of demand over the interval is met about as often as asked."""
    rng = np.random.default_rng(seed)
    forecast = np.full((3000, 2), level)
    pool = quantiles.fit(forecast, rng.negative_binomial(3, 3 / (3 + level), (3000, 2)), 3, 400, 1)
    top = quantiles.quantile(pool.paths(np.full((200, 2), level), 5).sum(axis=2), share).mean()
    new = rng.negative_binomial(3, 3 / (3 + level), (20_000, 2)).sum(axis=1)
    assert (new < top - 1).mean() - 0.04 <= share <= (new <= top + 1).mean() + 0.04


def test_dither_keeps_the_mean():
    pool = quantiles.ErrorPool(np.zeros(0), np.ones((1, 2000, 1), np.float32))
    paths = pool.paths(np.array([[0.3], [1.7]]), 1)
    assert (paths == np.rint(paths)).all()
    np.testing.assert_allclose(paths.mean(axis=(1, 2)), [0.3, 1.7], atol=0.04)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.int8, (3, 40, 3), elements=st.integers(0, 20)),
    hnp.arrays(np.int8, (3, 2), elements=st.integers(0, 20)),
    st.integers(0, 30),
    st.floats(0.3, 0.95),
)
def test_order_is_monotone(paths, arriving, stock, ratio):
    """More service never orders less; more stock on hand never orders more, and never by more than the stock."""
    paths, arriving, on_hand = paths.astype(float), arriving.astype(float), np.full(3, float(stock))
    base = policy.order(paths, on_hand, arriving, ratio)
    assert (policy.order(paths, on_hand, arriving, ratio + 0.04) >= base).all()
    more = policy.order(paths, on_hand + 3, arriving, ratio)
    assert (more <= base).all() and (more >= base - 3).all()


def test_lost_sales_ask_for_less_than_the_stock_position():
    """What is lost before the order arrives need not be ordered again: never above the order-up-to level's order."""
    rng = np.random.default_rng(3)
    paths = rng.poisson(4, (50, 200, 3)).astype(float)
    on_hand, arriving = np.full(50, 2.0), np.full((50, 2), 3.0)
    up_to = policy.levels(paths, 0.9, 2)[2] - on_hand - arriving.sum(axis=1)
    assert (policy.order(paths, on_hand, arriving, 0.9) <= np.maximum(up_to, 0)).all()


def test_chunks_change_nothing():
    panel = weekly_panel()
    whole, parts = (model.plan(panel, 90, QUICK, 0.9, 2, size=size) for size in (1000, 7))
    for name in ("mean", "order_up_to"):
        np.testing.assert_allclose(whole[name], parts[name], rtol=1e-4, atol=1.01 if name == "order_up_to" else 1e-3)


def test_a_sample_that_lacks_groups_serves_all():
    panel = weekly_panel()
    found = model.plan(panel, 90, QUICK, 0.9, 2, sample=12)
    assert np.isfinite(found["mean"]).all() and found["mean"].std() > 0


def test_the_correction_is_learned_and_bounded():
    found = blend.correct(np.ones((1, 2)), np.array([[100.0]]), np.array([1.0]), 1.0)
    np.testing.assert_allclose(found, 4.0, rtol=1e-5)
    assert (blend.fit(np.zeros((0, 3)), np.zeros(0), np.zeros(0), 1.0) == 0).all()


def test_choice_is_never_worse_than_the_simple_rule_on_the_past():
    rng = np.random.default_rng(5)
    found, classes = rng.random((4, 60)), rng.integers(0, 4, 60)
    taken = select.choose(found, classes)
    assert found[taken, np.arange(60)].sum() <= found[0].sum()


def test_promotions_known_ahead_are_used():
    sold, hours, price, store, _, category = sample.daily(150, 90, 2)
    demand = history.unconstrain(sold, (1 - hours / 16).astype(np.float32))
    depth = np.pad((1 - price).astype(np.float32), ((0, 0), (0, 3)), mode="edge")
    setting = Settings(horizon=2, season_span=7, blend=0.8, window=40, error_window=20, paths=50)
    error = {}
    for name, plan in (("told", depth), ("untold", None)):
        walk = model.Walk(Panel(demand, np.arange(93) % 7, 7, (category, store), plan), setting, 12)
        error[name] = sum(np.nansum(np.abs(walk.forecast(t) - demand[:, t : t + 2])) for t in (63, 70, 77, 84))
    assert error["told"] < 0.96 * error["untold"]


@settings(max_examples=30, deadline=None)
@given(st.floats(0.75, 0.99))
def test_calibration_reads_the_ladder_back(target):
    ratios = np.array([0.5, 0.7, 0.85, 0.95, 0.99])
    found = calibrate.ratio_for(ratios, ratios, target)
    assert abs(found - target) < 1e-6


def test_slow_items_have_their_methods():
    panel = weekly_panel(30)
    base = features.describe(panel, 90, features.pool(panel, 90, QUICK), QUICK).base
    for method in ("tsb", "croston"):
        setting = Settings(method=method)
        other = features.describe(panel, 90, features.pool(panel, 90, setting), setting).base
        assert (other != base).any() and np.isfinite(other).all()


def test_bulk_orders_are_set_aside():
    rng = np.random.default_rng(1)
    demand = rng.poisson(4, (3, 60)).astype(np.float32)
    demand[1, 30] = 900
    marked = history.bulk(demand)
    assert marked.sum() == 1 and marked[1, 30]
    assert np.isnan(history.without_bulk(demand)[1, 30])
