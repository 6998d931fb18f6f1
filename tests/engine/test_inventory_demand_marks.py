"""One-off bulk orders, promotions by their price, gaps, and the share of hours in stock."""

import numpy as np
import pytest
from distrib_inventory.engine import demand_marks, demand_stock
from hypothesis import given
from hypothesis import strategies as st

usual_days = st.lists(st.integers(4, 20), min_size=12, max_size=80)


@given(usual_days, st.integers(0, 79), st.integers(101, 10_000))
def test_a_spike_beyond_all_measure_is_the_only_one_off(days, place, spike):
    days.insert(place % len(days), spike)
    found = demand_marks.one_offs(np.array([days], float))[0]
    assert np.flatnonzero(found).tolist() == [place % (len(days) - 1)]


@given(usual_days)
def test_ordinary_days_within_five_times_the_peak_are_never_marked(days):
    assert not demand_marks.one_offs(np.array([[*days, *([max(days)] * (len(days) // 4 + 2))]], float)).any()


@given(usual_days, st.integers(0, 79), st.integers(1, 1000))
def test_marks_follow_the_unit_of_measure(days, place, factor):
    days[place % len(days)] = 5000
    days = np.array([days], float) * 10  # above the least size in every unit
    np.testing.assert_array_equal(demand_marks.one_offs(days), demand_marks.one_offs(days * factor))


@given(usual_days, st.randoms())
def test_marks_do_not_depend_on_the_order_of_the_days(days, random):
    days = [*days, 3000]
    shuffled = random.sample(range(len(days)), len(days))
    found = demand_marks.one_offs(np.array([days], float))[0]
    np.testing.assert_array_equal(demand_marks.one_offs(np.array([days], float)[:, shuffled])[0], found[shuffled])


def test_what_comes_back_is_no_one_off():
    monthly = np.zeros((1, 365))
    monthly[0, ::30] = 60  # a slow item: one order a month
    assert not demand_marks.one_offs(monthly).any()
    daily = np.full((1, 100), 4.0)
    daily[0, ::7] = 80  # the weekly truck, on every seventh day
    assert not demand_marks.one_offs(daily).any()


def test_too_little_history_marks_nothing():
    assert not demand_marks.one_offs(np.array([[1.0, 500, np.nan, 0, 2, 0]])).any()
    assert demand_marks.one_offs(np.zeros((3, 0))).shape == (3, 0)
    assert not demand_marks.one_offs(np.zeros((2, 50))).any()


def test_expected_peaks_are_left_and_do_not_raise_the_usual_peak():
    days = np.array([[2.0] * 40 + [60] * 10 + [90]])
    expected = np.arange(51) >= 40
    assert not demand_marks.one_offs(days, expected).any()
    days[0, 5] = 50  # small against the promotion, big against an ordinary day
    assert np.flatnonzero(demand_marks.one_offs(days, expected)[0]).tolist() == [5]


@given(st.lists(st.one_of(st.floats(1, 100), st.just(float("nan"))), min_size=1, max_size=30), st.floats(0.1, 50))
def test_depth_is_a_share_and_knows_no_currency(paid, rate):
    paid = np.array([paid])
    depth = demand_marks.price_depth(paid, np.full_like(paid, 100.0))
    assert ((depth >= 0) & (depth <= 1) | np.isnan(depth)).all()
    assert (np.isnan(depth) == np.isnan(paid)).all()
    np.testing.assert_allclose(
        demand_marks.price_depth(paid * rate, np.full_like(paid, 100.0 * rate)), depth, atol=1e-6
    )


def test_depth_without_any_price():
    assert np.isnan(demand_marks.price_depth(np.full((2, 3), np.nan), np.zeros((2, 3)))).all()
    assert demand_marks.price_depth(np.zeros((0, 0)), np.zeros((0, 0))).shape == (0, 0)


# --- hours in stock ------------------------------------------------------------------------------------------------

QUARTER = 1 / 96
events = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5 * 96 - 1), st.integers(-4, 4)), max_size=25)
stocks = st.lists(st.integers(-1, 5), min_size=3, max_size=3)


def by_quarter_hours(stock, moves, days, opens, closes):
    """The same by looking at each quarter of an hour."""
    result = np.zeros((len(stock), days))
    for pair, left in enumerate(stock):
        for quarter in reversed(range(days * 96)):
            level = left - sum(c for p, at, c in moves if p == pair and at > quarter)
            if opens * 4 <= quarter % 96 < closes * 4 and level > 0:
                result[pair, quarter // 96] += 1 / ((closes - opens) * 4)
    return result


@given(stocks, events, st.integers(0, 12), st.integers(13, 24))
def test_shares_against_every_quarter_of_an_hour(stock, moves, opens, closes):
    pair, at, change = (np.array([move[i] for move in moves], float) for i in range(3))
    found = demand_stock.in_stock_shares(
        np.array(stock, float), pair.astype(int), at * QUARTER, change, 5, opens, closes
    )
    np.testing.assert_allclose(found, by_quarter_hours(stock, moves, 5, opens, closes), atol=1e-5)


def test_selling_hours_must_run_forward():
    none = np.zeros(0)
    with pytest.raises(ValueError):
        demand_stock.in_stock_shares(np.ones(1), none.astype(int), none, none, 3, 22, 6)
    assert demand_stock.in_stock_shares(none, none.astype(int), none, none, 3, 6, 22).shape == (0, 3)
