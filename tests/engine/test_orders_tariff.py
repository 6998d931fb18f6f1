"""Tariffs, working time, fairness and days by lane, for all inputs that hypothesis thinks of."""

import doctest

import numpy as np
import pytest
from distrib_orders.engine import fairness, lane_days, tariff, tariff_file, working_time
from hypothesis import given
from hypothesis import strategies as st

KILOS = st.floats(0.01, 60.0)
FEES = st.floats(1.0, 40.0)


@pytest.mark.parametrize("module", [fairness, lane_days, tariff, tariff_file, working_time])
def test_doctests(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


@st.composite
def cards(draw):
    first = draw(FEES)
    shape = np.ones((1, 1))
    return tariff.Card(
        first * shape, draw(st.floats(0.0, first)) * shape, draw(st.floats(0.5, 6.0)) * shape, 8.0 * shape,
        np.array([draw(st.floats(0.0, 9.0))]), 1.0, draw(st.sampled_from([0.0, 0.5, 1.0])),
        draw(st.sampled_from([0.0, 5000.0])), draw(st.floats(0.0, 0.3)), draw(st.floats(0.0, 20.0)),
    )  # fmt: skip


@given(st.lists(cards(), min_size=1, max_size=4), KILOS, st.floats(0.0, 0.2))
def test_the_cheapest_is_chosen_and_the_fees_fit_its_price(found, kilos, volume):
    where, weight, space = np.array([0]), np.array([kilos]), np.array([volume])
    chosen = tariff.choose(found, where, weight, space, np.zeros(1), 1)
    prices = [card.price(where, weight, space)[0, 0] for card in found]
    assert chosen.price[0, 0] == pytest.approx(min(prices))
    assert chosen.first[0, 0] >= chosen.per_kg[0, 0] * chosen.included_kg - 1e-9
    over = max(kilos - chosen.included_kg, 0.0)
    if chosen.step_kg:
        over = np.ceil(over / chosen.step_kg - 1e-9) * chosen.step_kg
    assert chosen.first[0, 0] + chosen.per_kg[0, 0] * over <= chosen.price[0, 0] * (1 + 1e-9) + 1e-6


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=20))
def test_lanes_by_brute_force(rows):
    above = np.array([[3, 1], [4, 1], [5, 2], [6, 2]])
    sources = np.array([[True, True, True], [False, True, True], [False, False, True]])
    origin, to = (np.array([row[index] for row in rows], np.int64) for index in (0, 1))
    found = tariff.resolve(origin, to, sources, above)
    for place, around in enumerate([[*row, 0] for row in above.tolist()]):
        for site in range(3):
            fits = [
                (k, -around.index(region), index)
                for index, (k, region) in enumerate(rows)
                if sources[k, site] and region in around
            ]
            assert found[place, site] == (max(fits)[2] if fits else tariff.NONE)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 50)), min_size=1, max_size=8), st.floats(0, 300))
def test_shares_never_exceed_capacity_and_use_it(stores, total):
    weights, room = np.array(stores).T
    share = fairness.spread(total, weights, room)
    assert (share <= room + 1e-9).all() and (share >= 0).all()
    assert share.sum() == pytest.approx(min(total, room.sum()), abs=1e-5)
    heavier = (weights[:, None] > weights) & (room[:, None] > share[:, None] + 1e-6)
    assert (share[:, None] >= share - 1e-6)[heavier].all()


@given(st.floats(0, 23.9), st.lists(st.booleans(), min_size=3, max_size=10), st.integers(0, 60))
def test_a_packing_day_is_worked_and_leaves_no_more_than_its_room(hour, works, used):
    days, most = np.array([works]), np.full((1, len(works)), 9.0)
    found = working_time.packing(hour, np.array([15.0]), days, most, np.array([float(used)]))
    if found.day[0] >= 0:
        assert works[found.day[0]] and 0 <= found.left[0] <= 9 and not (hour >= 15 and found.day[0] == 0)
    else:
        assert not any(works[1:] if hour >= 15 else works)


@given(st.lists(st.floats(0.1, 20), min_size=1, max_size=60), st.floats(1, 6))
def test_measured_days_lie_between_plan_and_what_was_seen(days, planned):
    found = lane_days.shifts(
        np.zeros(len(days), np.int64), np.array(days), np.array([planned]), np.array([0]), np.array([0]), 0.5
    )
    real = float(np.quantile(days, 0.5))
    assert min(real, planned) - 1e-6 <= planned + found.shift[0] <= max(real, planned) + 1e-6
