"""Service targets: classes, which rule holds, and the stock a target of either kind needs."""

import numpy as np
from distrib_inventory.engine import service
from hypothesis import given, settings
from hypothesis import strategies as st

# money in thousandths: sums of numbers many orders of magnitude apart depend on their sequence
values = st.lists(st.floats(0, 1e6).map(lambda value: round(value, 3)), min_size=1, max_size=30)
targets = st.floats(0.5, 0.999)


@given(values)
def test_abc_keeps_order_and_share(found):
    value = np.array(found)
    classes = service.abc_classes(value, np.zeros(len(value), int))
    order = np.argsort(-value, kind="stable")
    assert (np.diff(classes[order]) >= 0).all()
    total = value.sum()
    if total > 0:
        # without the last of them, A items do not make 80 %
        a = value[classes == 0]
        assert a.sum() - (a == a.min()).sum() * a.min() <= 0.8 * total * (1 + 1e-9)
        assert classes[order[0]] == 0
    assert (classes[value == 0] == 2).all()


@given(values, st.permutations(range(5)))
def test_abc_of_a_group_does_not_know_the_others(found, order):
    value, group = np.array(found), np.arange(len(found)) % 5
    together = service.abc_classes(value, np.array(order)[group])
    for one in range(5):
        rows = group == one
        assert together[rows].tolist() == service.abc_classes(value[rows], np.zeros(rows.sum(), int)).tolist()


def test_xyz_is_about_variability_not_size():
    mean = np.array([1.0, 100.0])
    assert service.xyz_classes(mean, mean * 0.5).tolist() == [0, 0]
    assert service.xyz_classes(mean, mean * 5).tolist() == [2, 2]


def test_the_first_rule_that_holds_wins():
    rules = [
        service.Rule({"product": [7]}, 0.999),
        service.Rule({"abc": [0], "tier": [3, 2]}, 0.99),
        service.Rule({}, 0.95),
    ]
    columns = {"product": np.array([7, 1, 1]), "abc": np.array([2, 0, 0]), "tier": np.array([3, 3, 0])}
    assert service.first_match(rules, columns, 3).tolist() == [0, 1, 2]
    assert service.first_match([], columns, 3).tolist() == [-1, -1, -1]


paths = st.integers(0, 10_000).map(lambda seed: np.random.default_rng(seed).poisson(2.0, (3, 60, 5)).astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(paths, targets, targets, st.integers(0, 4), st.sampled_from([0, 1]))
def test_more_service_never_needs_less(found, one, other, lead, kind):
    low, high = sorted((one, other))
    less, more = (service.order_up_to(found, lead, np.full(3, target), kind) for target in (low, high))
    assert (less <= more).all()


@settings(max_examples=60, deadline=None)
@given(paths, targets, st.integers(0, 4))
def test_the_fill_rate_level_is_the_smallest_that_reaches_it(found, target, lead):
    level = service.order_up_to(found, lead, target, service.FILL)
    assert (service.expected_fill(found, lead, level) >= target - 1e-9).all()
    one_less = service.expected_fill(found, lead, level - 1)
    assert ((one_less < target) | (level == 0)).all()


@settings(max_examples=40, deadline=None)
@given(paths, targets)
def test_cycle_service_is_the_quantile(found, target):
    level = service.order_up_to(found, 2, target, service.CYCLE)
    assert ((found.sum(axis=2) <= level[:, None]).mean(axis=1) >= target - 1e-6).all()


def test_a_replay_reaches_the_fill_rate_asked():
    """Poisson demand, backorders, lead 3, review 1: the fill counted day by day is the one that was asked."""
    rng = np.random.default_rng(3)
    demand = rng.poisson(4.0, 30_000)
    sample = rng.poisson(4.0, (1, 4000, 4)).astype(np.float32)
    level = service.order_up_to(sample, 3, 0.95, service.FILL)[0]
    over = np.convolve(demand, np.ones(4), "valid")  # demand of days t .. t + 3, the order of day t - 1 has arrived
    before = over - demand[3:]
    short = np.maximum(over - level, 0) - np.maximum(before - level, 0)
    fill = 1 - short.sum() / demand[3:].sum()
    assert 0.945 < fill < 0.975
    assert abs(service.expected_fill(sample, 3, np.array([level]))[0] - fill) < 0.01


@given(targets, st.floats(0.1, 100), st.floats(0.1, 500))
def test_the_normal_factor_of_a_fill_rate(target, sigma, cycle):
    k = float(service.normal_factor(np.array([target]), np.array([1]), np.array([sigma]), np.array([cycle]))[0])
    reached = 1 - sigma * float(service.loss(np.array([k]))[0]) / cycle
    assert reached >= target - 1e-6
    assert abs(reached - target) < 1e-5 or k <= -3.99
