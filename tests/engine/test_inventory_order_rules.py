"""What an order must look like: packs, pallets, shelf life, budgets, review days."""

import numpy as np
from distrib_inventory.engine import order_rules
from hypothesis import given
from hypothesis import strategies as st

amount = st.floats(0, 500)
pack = st.sampled_from([0.0, 1.0, 6.0, 12.0])
rules = st.tuples(st.floats(0, 100), pack, st.sampled_from([0.0, 48.0, 144.0]), st.sampled_from([0.0, 0.5, 0.9]))


def rounded(wanted, minimum, multiple, pallet=0.0, pallet_from=0.0, maximum=np.inf):
    limits = order_rules.Limits(*(np.array([value]) for value in (minimum, multiple, pallet, pallet_from, maximum)))
    found = order_rules.round_order(np.array([wanted]), limits)
    return float(found.quantity[0]), order_rules.CODES[found.code[0]]


def whole(quantity, multiple):
    return multiple <= 0 or abs(quantity / multiple - round(quantity / multiple)) < 1e-5


@given(amount, rules, st.one_of(st.just(np.inf), amount))
def test_an_order_obeys_every_rule(wanted, rule, maximum):
    minimum, multiple, *_pallet = rule
    quantity, code = rounded(wanted, *rule, maximum)
    assert quantity >= 0 and quantity <= maximum + 1e-3
    assert whole(quantity, multiple)
    if quantity:
        assert quantity >= minimum - 1e-3
        assert quantity >= wanted - 1e-3 or code == "maximum"
    else:
        assert wanted <= 1e-6 or code == "blocked_by_maximum"
    if code == "free":
        assert abs(quantity - wanted) < 1e-3


@given(amount, rules)
def test_no_more_than_a_pack_above_what_is_needed(wanted, rule):
    minimum, multiple, pallet, pallet_from = rule
    quantity, code = rounded(wanted, *rule)
    if code != "pallet" and wanted > 1e-3:
        assert quantity < max(wanted, minimum) + max(multiple, 1e-3) + 1e-3
    if code == "pallet":
        assert whole(quantity, pallet)
        # what was missing is at most the share that may be missing
        assert quantity - max(wanted, minimum) <= (1 - pallet_from) * pallet + max(multiple, 1) + 1e-3


@given(amount, amount, rules)
def test_wanting_more_never_orders_less(one, other, rule):
    low, high = sorted((one, other))
    assert rounded(low, *rule)[0] <= rounded(high, *rule)[0] + 1e-9


def test_a_pallet_that_packs_do_not_fill_is_left_alone():
    assert rounded(95, 0, 7, 100, 0.9) == (98.0, "multiple")


order = st.tuples(amount, st.floats(0, 20), st.integers(-1, 2), st.floats(0, 1000), pack, st.floats(0, 30))


@given(st.lists(order, min_size=1, max_size=25), st.lists(st.floats(0, 5000), min_size=3, max_size=3))
def test_a_budget_is_kept_and_nothing_grows(rows, budget):
    quantity, cost, group, urgency, multiple, minimum = (np.array(column) for column in zip(*rows, strict=True))
    kept, cut = order_rules.cut_to_budget(quantity, cost, group, np.array(budget), urgency, multiple, minimum)
    assert (kept >= 0).all() and (kept <= quantity + 1e-9).all()
    assert np.allclose(kept + cut, quantity)
    assert (kept[group < 0] == quantity[group < 0]).all()
    for place in range(3):
        spent = (kept * cost)[group == place].sum()
        assert spent <= budget[place] + 1e-3
        if (quantity * cost)[group == place].sum() <= budget[place]:
            assert (cut[group == place] == 0).all()


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 100)), min_size=2, max_size=12), st.integers(0, 150))
def test_units_that_can_be_split_go_to_the_most_urgent(rows, budget):
    """With units of one yuan the greedy order is the best one: no other way avoids more loss."""
    quantity, worth = (np.array(column, float) for column in zip(*rows, strict=True))
    ones = np.ones(len(rows))
    kept, _cut = order_rules.cut_to_budget(
        quantity, ones, np.zeros(len(rows), int), np.array([float(budget)]), quantity * worth, ones, 0 * ones
    )
    units = np.sort(np.repeat(worth, quantity.astype(int)))[::-1]
    assert np.isclose((kept * worth).sum(), units[:budget].sum())


def test_the_longest_gap_counts():
    days = np.zeros((2, 7), int)
    days[0, [0, 1]] = 1
    days[1, [0, 2, 4]] = 1
    assert order_rules.review_gap(days).tolist() == [6, 3]


@given(st.lists(st.booleans(), min_size=7, max_size=7), st.integers(0, 40_000))
def test_the_next_review_day_is_one(days, today):
    today = np.datetime64(today, "D")
    found = order_rules.next_review(np.array([days]), today)[0]
    ahead = (found - today).astype(int)
    assert 0 <= ahead < 7
    if any(days):
        assert days[found.astype(object).weekday()]
        assert not any(days[(today + step).astype(object).weekday()] for step in range(ahead))
