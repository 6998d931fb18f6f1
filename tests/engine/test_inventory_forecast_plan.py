"""From history to policies: the contest of methods, intervals, roll-up, new pairs, guard rails, what is kept."""

from dataclasses import replace

import numpy as np
import pytest
from distrib_inventory.engine import accuracy, guard, plan, policy, rollup
from distrib_inventory.engine.forecast import compete, interval, launch, state, yearly
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DAYS = 240


def sample(pairs=120, days=DAYS, seed=2, weekly=None, drift=0.0):
    rng = np.random.default_rng(seed)
    usual = rng.gamma(2, 3, (pairs, 1)) + 0.5
    season = np.array(weekly or [1, 1, 1, 1, 1, 1, 1], float)[np.arange(days) % 7]
    demand = rng.poisson(usual * season * (1 + drift * np.arange(days) / days)).astype(np.float32)
    demand[rng.random(demand.shape) < 0.02] = np.nan
    groups = (rng.integers(0, 4, pairs), rng.integers(0, 10, pairs), np.arange(pairs) // 10)
    ahead = np.arange(days + max(compete.HORIZONS))
    calendar = compete.Calendar(ahead % 7, (ahead // 7 % 53,), (53,))
    return compete.Sample(demand, groups, (4, 10, pairs // 10 + 1), calendar)


def batch(found, lead=2.0, sigma=0.0, review=1.0, service=0.95, kind=0, ahead=None, shelf=np.nan):
    n = len(found.demand)
    full = [np.full(n, float(value)) for value in (lead, sigma, review, shelf, service)]
    return plan.Batch(
        found.demand,
        policy.demand_statistics(found.demand[:, -policy.WINDOW_DAYS :]),
        found.groups,
        found.sizes,
        found.calendar,
        *full,
        np.full(n, kind),
        ahead,
    )


def learned(found, method="pooled", horizon=4, launches=None):
    year = compete.learn_year(found, found.demand.shape[1])
    item = compete.learn(found, method, horizon, year)
    methods = {(horizon, kind): method for kind in range(4)}
    return state.State("2026-01-01", (np.arange(3),) * 3, methods, {(horizon, method): item}, year, launches)


def test_the_contest_never_takes_what_lost_to_the_simple_rule():
    for one in (sample(), sample(weekly=[0.3, 0.4, 0.6, 1, 1.2, 1.5, 2.0]), sample(drift=3.0)):
        found = compete.contest(one, 4, 0.95)
        for kind in np.flatnonzero(found.pairs):
            assert found.losses[found.winner[kind], kind] <= found.losses[0, kind]


def test_a_strong_week_is_found_and_beats_the_simple_rule():
    found = compete.contest(sample(weekly=[0.1, 0.1, 0.2, 1, 1.5, 2, 2.1]), 4, 0.95)
    kind = int(found.pairs.argmax())
    assert compete.METHODS[found.winner[kind]] != compete.SIMPLE
    assert found.losses[found.winner[kind], kind] < 0.8 * found.losses[0, kind]


def test_the_contest_sees_nothing_after_its_day():
    one = sample(pairs=60)
    first = compete.contest(one, 4, 0.95)
    wild = np.concatenate([one.demand, np.random.default_rng(3).integers(0, 900, (60, 20)).astype(np.float32)], axis=1)
    again = compete.contest(compete.Sample(wild[:, :DAYS], one.groups, one.sizes, one.calendar), 4, 0.95)
    np.testing.assert_array_equal(first.losses, again.losses)


def test_too_little_history_leaves_the_simple_rule():
    one = sample(pairs=5, days=20)
    assert compete.contest(one, 16, 0.95) is None
    assert compete.learn(one, "pooled", 16, None) is None
    found = plan.columns(batch(one), None)
    assert set(found["method"].tolist()) == {plan.METHODS.index("normal")}


def test_levels_keep_what_they_promise_on_days_that_came_after():
    """Of many pairs about as many run out as the cycle service asked for allows."""
    one = sample(pairs=400, days=DAYS + 3, seed=5, weekly=[0.7, 0.8, 1, 1, 1.1, 1.2, 1.2])
    past = replace(one, demand=one.demand[:, :DAYS])
    for service in (0.8, 0.95):
        found = plan.columns(batch(past, 2, 0, 1, service), learned(past))
        assert (found["method"] == plan.METHODS.index("pooled")).all()
        came = one.demand[:, DAYS:]
        known = ~np.isnan(came).any(axis=1)
        met = (came.sum(axis=1) <= found["order_up_to"])[known].mean()
        assert service - 0.05 <= met <= service + 0.05


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 20), st.floats(0, 5), st.floats(0, 9), st.integers(0, 9))
def test_intervals_add_up_and_grow_with_time(lead, sigma, review, seed):
    paths = np.random.default_rng(seed).poisson(3, (4, 50, 8)).astype(np.float32)
    full = [np.full(4, value) for value in (lead, sigma, review)]
    parts = interval.split(paths, *full)
    longer = interval.split(paths, full[0], full[1], full[2] + 1)
    assert (parts >= -1e-3).all() and np.isfinite(parts).all()
    assert (longer.sum(axis=2) >= parts.sum(axis=2) - 1e-3).all()
    expected = paths.mean(axis=(1, 2)) * (np.maximum(lead, 0) + review)
    if sigma == 0:
        assert parts.sum(axis=2).mean(axis=1) == pytest.approx(expected, rel=0.5, abs=3)


def test_an_unsteady_lead_time_needs_more():
    one = sample(pairs=200)
    steady, shaky = (plan.columns(batch(one, 3, sigma, 1), learned(one, horizon=8)) for sigma in (0.0, 1.5))
    assert shaky["safety_stock"].mean() > 1.2 * steady["safety_stock"].mean()


def test_more_service_and_more_time_never_need_less():
    one, kept = sample(pairs=80), None
    kept = learned(one, horizon=8)
    tops = [plan.columns(batch(one, 5, 0, 1, s), kept)["order_up_to"] for s in (0.6, 0.9, 0.97)]
    assert (tops[0] <= tops[1]).all() and (tops[1] <= tops[2]).all()
    found = plan.columns(batch(one, 6, 0, 1.5, 0.9), kept)
    assert (found["order_up_to"] >= tops[1] - 1).all()
    assert (found["demand_p50"] <= found["demand_p90"]).all() and (found["demand_p90"] <= found["demand_p98"]).all()
    assert (found["reorder_point"] <= found["order_up_to"]).all()


def test_known_effects_of_the_coming_days_raise_the_levels():
    one = sample(pairs=60)
    twice = np.full((60, max(compete.HORIZONS)), 2.0, np.float32)
    for kept in (None, learned(one)):
        plain, raised = plan.columns(batch(one), kept), plan.columns(batch(one, ahead=twice), kept)
        assert raised["demand_mean"] == pytest.approx(2 * plain["demand_mean"], rel=0.15)
        assert (raised["order_up_to"] >= plain["order_up_to"]).all()


def test_what_spoils_is_never_stocked_beyond_its_date():
    found = plan.columns(batch(sample(pairs=40), lead=10, shelf=5.0), None)
    assert (found["order_up_to"] <= 5 * found["demand_mean"] + 1e-6).all() and found["capped"].all()


def test_a_pair_does_not_depend_on_its_batch():
    one = sample(pairs=50)
    kept = learned(one)
    whole = plan.columns(batch(one), kept)
    row = slice(7, 8)
    alone = replace(one, demand=one.demand[row], groups=tuple(g[row] for g in one.groups))
    for name, values in plan.columns(batch(alone), kept).items():
        np.testing.assert_allclose(values, whole[name][row], rtol=1e-4, err_msg=name)


def test_a_new_pair_leans_on_its_like():
    one = sample(pairs=120, seed=8)
    demand = one.demand.copy()
    demand[0, :-16] = np.nan
    demand[0, -16:] = 0
    demand[0, -16] = 1
    demand[1:, :] = np.where(np.isnan(demand[1:]), np.nan, np.maximum(demand[1:], 4))
    fresh = replace(one, demand=demand)
    kept = learned(fresh, launches=launch.fit(demand, fresh.groups, fresh.sizes))
    found = plan.columns(batch(fresh), kept)
    assert plan.METHODS[found["method"][0]] == "launch"
    assert found["demand_mean"][0] > 5 * np.nanmean(demand[0])
    assert plan.METHODS[found["method"][1]] == "pooled"


def test_the_yearly_season_of_two_years_is_learned():
    rng = np.random.default_rng(4)
    week = np.arange(104 * 7 + 60) // 7 % 52
    peak = np.where((week > 20) & (week < 30), 2.5, 0.8)
    demand = rng.poisson(6 * peak[: 104 * 7], (80, 104 * 7)).astype(np.float32)
    found = yearly.fit(demand, np.arange(104 * 7) % 7, np.zeros(80, int), 1, (week[: 104 * 7],), (52,))
    factor = found.factor(np.zeros(1, int), (np.array([25, 40]),))[0]
    assert factor[0] / factor[1] == pytest.approx(2.5 / 0.8, rel=0.1)


def test_what_was_learned_survives_the_night():
    one = sample(pairs=60)
    kept = learned(one, "learned", launches=launch.fit(one.demand, one.groups, one.sizes))
    again = state.load(state.dump(kept))
    first, second = plan.columns(batch(one), kept), plan.columns(batch(one), again)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert again.methods == kept.methods and again.day == kept.day


def test_state_of_another_format_is_learned_anew(monkeypatch):
    data = state.dump(learned(sample(pairs=60)))
    monkeypatch.setattr(state, "FORMAT", state.FORMAT + 1)
    assert state.load(data) is None


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.float32, (6, 12), elements=st.one_of(st.just(np.float32("nan")), st.floats(0, 99, width=32))))
def test_a_supplying_warehouse_has_the_demand_of_all_below(demand):
    warehouse, product = np.array([3, 3, 4, 4, 5, 5]), np.array([1, 2, 1, 2, 1, 2])
    above = {3: [2, 1], 4: [2, 1], 5: [1]}
    w, p, total, supplies, own = rollup.roll_up(warehouse, product, demand, above)
    full = rollup.filled(demand)
    top = (w == 1) & (p == 2)
    wanted = full[[1, 3, 5]].sum(axis=0)
    known = ~np.isnan(demand[[1, 3, 5]]).all(axis=0)
    np.testing.assert_allclose(total[top][0][known], wanted[known], rtol=1e-4, atol=1e-3)
    assert np.isnan(total[top][0][~known]).all()
    assert supplies[top].tolist() == [3] and (own[top] == -1).all()
    np.testing.assert_array_equal(total[own >= 0], demand[own[own >= 0]])


levels = st.one_of(st.floats(0, 1e6), st.just(float("nan")), st.just(float("inf")), st.just(-1.0))


@given(levels, st.one_of(st.floats(0, 1e6), st.just(float("nan"))))
def test_nothing_that_is_no_number_passes_and_small_changes_do(top, old):
    code = guard.check(np.array([[top], [top]]), np.array([old]), guard.Limits(3, 5))[0]
    if not np.isfinite(top) or top < 0:
        assert code == guard.NOT_FINITE
    elif np.isnan(old) or abs(top - old) < 5 or old / 3 <= top <= 3 * old:
        assert code == guard.FREE
    elif old > 0:
        assert code in (guard.RISE, guard.FALL, guard.GONE)


def test_unseen_days_count_on_neither_side_of_the_error():
    demand = np.full((1, 7), 2.0)
    demand[0, 5:] = np.nan
    found = accuracy.week(demand, np.full((1, 7), 3.0), np.full((1, 7), 2.0))
    assert found.use.all() and found.demand == found.forecast == 10 and found.naive == 15
    demand[0, 2:] = np.nan
    assert not accuracy.week(demand, demand, demand).use.any()


def test_days_ahead_go_beyond_the_horizon_learned():
    one = sample(pairs=60, weekly=[0.2, 0.5, 1, 1, 1.2, 1.5, 1.6])
    kept = learned(one)
    paths = plan.paths_ahead(batch(one), kept, ["pooled"] * 60, 21)
    assert paths.shape == (60, 200, 21) and (paths >= 0).all()
    index = paths.mean(axis=(0, 1)) / paths.mean()
    weekday = (DAYS + np.arange(21)) % 7
    assert index[weekday == 6].min() > 2 * index[weekday == 0].max(), "the weekday goes on in all three weeks"
    assert plan.paths_ahead(batch(one), None, ["normal"] * 60, 5).mean() == pytest.approx(
        np.nanmean(one.demand), rel=0.2
    )
