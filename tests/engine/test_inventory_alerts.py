"""Alerts and stock reports, decided without Odoo."""

import numpy as np
from distrib_inventory.engine import alerts, stock_report
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.lists(st.integers(0, 30), unique=True, max_size=20)
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(KEYS, KEYS)
def test_after_a_round_the_open_alerts_are_the_causes(known, found):
    result = alerts.compare(
        np.array([str(key) for key in known], np.str_), np.array([str(key) for key in found], np.str_)
    )
    kept = [key for key, gone in zip(known, result.gone, strict=True) if not gone]
    opened = [key for key, new in zip(found, result.new, strict=True) if new]
    assert sorted(kept + opened) == sorted(found)
    assert [known[place] for place in result.alert if place >= 0] == [key for key in found if key in known]


@given(NUMBERS, st.floats(0, 1), st.floats(0, 1))
def test_a_lower_share_of_the_safety_stock_alerts_less(available, share, other):
    low, high = sorted((share, other))
    columns = np.array(available), np.zeros(len(available)), np.full(len(available), 10.0)
    assert not (alerts.below_safety(*columns, low) & ~alerts.below_safety(*columns, high)).any()


@given(NUMBERS)
def test_goods_that_do_not_sell_never_run_out(available):
    count = len(available)
    assert not alerts.out_before_arrival(np.array(available), np.zeros(count), np.full(count, 99.0), 1e9).any()


@given(NUMBERS, st.floats(0.1, 100), st.floats(0, 60), st.floats(0, 60))
def test_what_comes_earlier_loses_less(available, demand, one, other):
    count = len(available)
    early, late = (
        alerts.lost_until_arrival(np.array(available), np.full(count, demand), np.full(count, days))
        for days in sorted((one, other))
    )
    assert (early <= late + 1e-6).all()


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 50), st.integers(-5, 40)), min_size=1, max_size=30))
def test_lots_are_sold_first_expired_first_out(lots):
    """The columns say what a day by day sale of the lot that ends first leaves over."""
    pair, quantity, days = (np.array(column) for column in zip(*lots, strict=True))
    demand = pair * 1.0
    left = alerts.left_at_expiry(pair, quantity.astype(float), days.astype(float), demand)
    for key in set(pair.tolist()):
        stock = sorted((day, amount) for group, amount, day in lots if group == key)
        rest, over = [amount for _day, amount in stock], 0.0
        for today in range(41):
            wanted = float(key)
            for place, (day, _amount) in enumerate(stock):
                if day > today:
                    take = min(wanted, rest[place])
                    rest[place] -= take
                    wanted -= take
        over = sum(rest)
        assert np.isclose(left[pair == key].sum(), over)


@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1e6)), max_size=30))
def test_every_product_has_one_class_and_better_sellers_the_better_one(rows):
    product, worth = np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows])
    classes = alerts.abc_classes(product, worth)
    assert classes.keys() == set(product.tolist())
    sums = {key: worth[product == key].sum() for key in classes}
    ranked = sorted(classes, key=lambda key: (-sums[key], key))
    assert [classes[key] for key in ranked] == sorted(classes.values())


def test_no_causes():
    causes = alerts.Causes.from_rows([])
    assert len(causes) == 0
    assert causes.keys().tolist() == []
    assert len(causes.take(np.zeros(0, bool))) == 0


@given(st.lists(st.tuples(*[st.integers(0, 10_000)] * 4), min_size=1, max_size=20), st.floats(0, 0.99))
def test_a_report_that_adds_up_has_no_difference(rows, tolerance):
    before, came, went, sold = (np.array(column, float) for column in zip(*rows, strict=True))
    found = stock_report.reconcile(before, came, went, sold, before + came - went - sold, tolerance)
    assert not found.different.any()
    assert np.allclose(found.difference, 0)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=10), st.integers(1, 60))
def test_sell_through_is_spread_without_loss(sold, days):
    start = np.datetime64("2024-03-01")
    products = np.arange(len(sold))
    product, day, quantity = stock_report.sell_through(products, np.array(sold, float), start, start + days)
    assert day.min() == start + 1
    assert day.max() == start + days
    for index, total in enumerate(sold):
        assert np.isclose(quantity[product == index].sum(), total)
