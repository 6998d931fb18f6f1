"""Lead times measured from receipts."""

import numpy as np
from distrib_inventory.engine import lead_time
from hypothesis import given
from hypothesis import strategies as st

receipts = st.lists(st.tuples(st.floats(0, 200), st.floats(0.05, 1), st.integers(0, 3)), min_size=1, max_size=40)


def measured(rows):
    days, weight, group = (np.array(column) for column in zip(*rows, strict=True))
    return lead_time.measure(days, weight, np.full(len(days), np.nan), group.astype(int), 4)


@given(receipts)
def test_the_mean_lies_among_the_receipts(rows):
    found = measured(rows)
    for group in range(4):
        days = [day for day, _weight, which in rows if which == group]
        if days:
            assert min(days) - 1e-9 <= found.mean[group] <= max(days) + 1e-9
        else:
            assert found.count[group] == 0
    assert np.isfinite(found.sigma).all() and (found.sigma >= 0).all()


@given(receipts)
def test_a_receipt_in_two_halves_counts_as_one(rows):
    halves = [(day, weight / 2, group) for day, weight, group in rows for _ in range(2)]
    whole, split = measured(rows), measured(halves)
    assert np.allclose(whole.count, split.count)
    few = np.array([sum(1 for row in halves if row[2] == group) for group in range(4)]) < 4
    assert np.allclose(whole.mean[few], split.mean[few])


def test_one_wild_receipt_does_not_carry_the_mean():
    usual = [(day, 1.0, 0) for day in (6.0, 7, 7, 8, 7, 6, 8)]
    plain, wild = measured(usual), measured([*usual, (365.0, 1.0, 0)])
    assert wild.outliers[0] == 1
    assert wild.mean[0] < plain.mean[0] + 1.5


numbers = st.floats(0, 50)


@given(numbers, numbers, numbers, numbers, numbers, numbers)
def test_shrinking_lies_between_and_trusts_receipts(count, mean, sigma, above, upper, spread):
    _count, found, deviation = lead_time.shrink(
        *(tuple(np.array([value]) for value in part) for part in ((count, mean, sigma), (above, upper, spread)))
    )
    if count + above == 0:
        assert np.isnan(found[0])
        return
    if count and above:
        assert min(mean, upper) - 1e-9 <= found[0] <= max(mean, upper) + 1e-9
    elif count:
        assert np.isclose(found[0], mean)
    else:
        assert np.isclose(found[0], upper)
    assert deviation[0] >= 0


def test_zero_and_unknown_are_told_apart():
    measured_ones = (np.array([5.0, 1, 0, 0]), np.array([4.0, 9, np.nan, np.nan]), np.array([1.0, 0, np.nan, np.nan]))
    days, sigma, source = lead_time.choose(measured_ones, np.array([7.0, 7, 0, np.nan]), np.array([2.0, 2, 0, 0]))
    assert [lead_time.LEAD_SOURCES[code] for code in source] == ["measured", "planned", "zero", "unknown"]
    assert days.tolist() == [4, 7, 0, 0]
    assert sigma.tolist() == [1, 2, 0, 0]


def test_drawn_lead_times_have_mean_and_deviation():
    drawn = lead_time.draw(np.array([7.0, 2.0, 0.0]), np.array([3.0, 0.0, 1.0]), 20_000, 1)
    assert np.allclose(drawn.mean(axis=1), [7, 2, 0], atol=0.1)
    assert np.allclose(drawn.std(axis=1), [3, 0, 0], atol=0.1)
    assert (drawn >= 0).all()
