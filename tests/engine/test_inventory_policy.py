"""Properties of safety stock, reorder points and proposals' quantities."""

import doctest

import numpy as np
from distrib_inventory.engine import policy
from distrib_inventory.engine.forecast import history
from hypothesis import given
from hypothesis import strategies as st

amounts = st.floats(0, 1000)
services = st.floats(0.5, 0.999)
series = st.lists(st.floats(0, 50, width=32), min_size=1, max_size=40)


def levels(mean, sigma, lead, lead_sigma, review, service, days=60):
    one = policy.Statistics(np.array([mean]), np.array([sigma]), np.array([days]), np.array([0]))
    return policy.levels(one, lead, lead_sigma, review, service)


def test_examples():
    assert doctest.testmod(policy).failed == 0


def test_against_the_formula_by_hand():
    found = levels(10, 4, 9, 2, 0, 0.95)
    # 1.6449 * sqrt(9 * 16 + 100 * 4) = 38.36
    assert found.safety_stock.round(2).tolist() == [38.36]
    assert found.reorder_point.round(2).tolist() == [128.36]


@given(amounts, amounts, st.floats(0, 60), st.floats(0, 20), st.floats(0, 30), services, services)
def test_more_service_never_needs_less(mean, sigma, lead, lead_sigma, review, one, other):
    low, high = sorted((one, other))
    less, more = (levels(mean, sigma, lead, lead_sigma, review, service) for service in (low, high))
    assert less.safety_stock <= more.safety_stock + 1e-9
    assert 0 <= less.safety_stock <= less.reorder_point <= less.order_up_to


@given(amounts, amounts, st.floats(0, 60), st.floats(0, 60), services)
def test_a_longer_lead_time_never_needs_less(mean, sigma, one, other, service):
    short, long = sorted((one, other))
    less, more = (levels(mean, sigma, lead, 1, 1, service) for lead in (short, long))
    assert less.safety_stock <= more.safety_stock + 1e-9 and less.reorder_point <= more.reorder_point + 1e-9


def test_no_demand_needs_no_stock_whatever_else():
    found = levels(0, 5, 30, 10, 7, 0.99)
    assert (found.order_up_to.tolist(), policy.METHODS[found.method[0]]) == ([0.0], "no_demand")


def test_unknown_and_negative_lead_times_count_as_none():
    for lead in (np.nan, -3):
        assert levels(5, 2, lead, np.nan, 1, 0.9).reorder_point == levels(5, 2, 0, 0, 1, 0.9).reorder_point


def test_one_observation_is_not_a_certainty():
    known = policy.demand_statistics(np.array([[4.0]]))
    found = policy.levels(known, 4, 0, 1, 0.95)
    assert found.safety_stock > 0 and policy.METHODS[found.method[0]] == "few_days"


def seen(sold, in_stock=None):
    return policy.demand_statistics(history.unconstrain(np.asarray(sold, np.float32), in_stock))


@given(series, st.lists(st.integers(0, 39), max_size=10))
def test_days_out_of_stock_change_nothing(sold, places):
    plain = np.array([sold])
    before = seen(plain, np.ones_like(plain))
    places = np.array([place for place in places if place <= len(sold)], int)
    longer = np.insert(plain, places, 0.0, axis=1)
    share = np.insert(np.ones_like(plain), places, 0.0, axis=1)
    after = seen(longer, share)
    assert np.allclose(before.mean, after.mean) and np.allclose(before.sigma, after.sigma)
    assert (before.days == after.days).all()


@given(series)
def test_unknown_days_change_nothing_and_returns_are_no_demand(sold):
    plain = np.array([sold])
    nothing = np.full_like(plain, np.nan)
    one, two = seen(plain), seen(np.hstack([plain, nothing]))
    assert np.allclose(one.mean, two.mean) and (one.days == two.days).all()
    assert seen(-plain).mean == 0


def test_partly_stocked_days_are_scaled_up():
    assert seen(np.array([[4.0, 2.0]]), np.array([[1.0, 0.5]])).mean.tolist() == [4.0]


def test_one_pair_does_not_depend_on_the_others():
    rng = np.random.default_rng(1)
    quantity = rng.poisson(3, (20, 50)).astype(float)
    quantity[rng.random(quantity.shape) < 0.2] = np.nan
    whole, alone = policy.demand_statistics(quantity), policy.demand_statistics(quantity[7:8])
    assert whole.mean[7] == alone.mean[0] and whole.sigma[7] == alone.sigma[0]


def test_a_fill_rate_of_the_simple_rule_asks_for_less_than_the_same_cycle_service():
    one = policy.Statistics(np.array([10.0]), np.array([4.0]), np.array([60]), np.array([0]))
    cycle, fill = (policy.levels(one, 5, 0, 7, 0.95, kind) for kind in (0, 1))
    assert fill.safety_stock < cycle.safety_stock and fill.order_up_to >= 120


@given(st.lists(st.tuples(amounts, st.integers(0, 3), st.integers(1, 12)), min_size=1, max_size=30),
       st.lists(amounts, min_size=4, max_size=4))  # fmt: skip
def test_fair_shares_never_give_more_than_there_is(rows, available):
    wanted, group, multiple = (np.array(column) for column in zip(*rows, strict=True))
    available = np.array(available)
    given_ = policy.fair_share(wanted, group, available, multiple.astype(float))
    assert (given_ >= 0).all() and (given_ <= wanted + 1e-6).all()
    assert (np.bincount(group, given_, minlength=4) <= available + 1e-6).all()


@given(st.floats(-100, 100), st.floats(0, 100), st.floats(0, 100), st.integers(1, 24), st.floats(0, 50))
def test_orders_are_whole_packs_and_reach_the_level(position, reorder, more, pack, minimum):
    quantity = policy.order_quantity(
        np.array([position]), np.array([reorder]), np.array([reorder + more]), np.array([float(pack)]), minimum
    )[0]
    if position > reorder or reorder + more <= position:
        assert quantity == 0
    else:
        assert quantity % pack == 0 and quantity >= minimum - 1e-4
        assert position + quantity >= reorder + more - 1e-4


@given(amounts, st.floats(0, 100), amounts, amounts)
def test_more_stock_never_loses_more(mean, sigma, one, other):
    low, high = sorted((one, other))
    lost = policy.expected_shortage(np.array([mean] * 2), np.array([sigma] * 2), np.array([low, high]))
    assert lost[0] >= lost[1] - 1e-6 and (lost >= 0).all()
