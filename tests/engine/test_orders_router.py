"""The router against every plan there is, on pools small enough to try them all."""

import dataclasses

import numpy as np
import pytest
from distrib_orders.engine.router import UNFILLED, Settings, optimise
from distrib_orders.engine.router.bound import lp_bound
from distrib_orders.engine.router.costs import plan_cost, plan_parts
from distrib_orders.engine.router.explain import explain
from distrib_orders.engine.router.generate import sample
from distrib_orders.engine.router.instance import violations
from distrib_orders.engine.router.prices import ahead, relax, subgradient
from distrib_orders.engine.router.rules import RULES, Ledger
from distrib_orders.engine.router.single import Menu, decide_one, in_turn
from distrib_orders.engine.router.table import Prices, build
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.router_pools import optimum, pool

SEEDS = st.integers(0, 10_000)
SHORT = Settings(price_rounds=30, rounds=200)


@given(SEEDS, st.sampled_from([0.0, 0.5]))
@settings(max_examples=25, deadline=None)
def test_plan_keeps_every_limit_and_the_shops_rule(seed, step):
    instance = pool(seed, orders=8, locations=4, skus=5, longest=5, step=step)
    found = optimise(instance, SHORT)
    assert violations(instance, found.plan.location) == []
    for name, rule in RULES.items():
        plan = rule(instance)
        assert violations(instance, plan.location) == [], name
    assert found.plan.cost <= found.rule.cost + 1e-6
    assert found.plan.unfilled_units(instance) <= found.rule.unfilled_units(instance)
    assert found.plan.cost == pytest.approx(plan_cost(instance, found.plan.location))
    assert found.bound <= found.plan.cost + 1e-6


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_bounds_are_below_the_optimum_and_plans_are_not(seed):
    instance = pool(seed)
    best = optimum(instance)
    groups = build(instance)
    prices, relaxed = subgradient(instance, groups, best, rounds=30)
    bound = lp_bound(instance, groups, prices, slack=2.0)
    assert relaxed.value <= best + 1e-6
    assert relaxed.value - 1e-6 <= bound.value <= best + 1e-6
    assert optimise(instance, SHORT).plan.cost >= best - 1e-6


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_any_prices_give_a_bound(seed):
    instance = pool(seed)
    rng = np.random.default_rng(seed)
    prices = Prices(rng.uniform(0, 9, instance.stock.shape), rng.uniform(0, 9, instance.locations))
    assert relax(instance, build(instance), prices).value <= optimum(instance) + 1e-6


@given(SEEDS, st.sampled_from([0.0, 1.0]))
@settings(max_examples=25, deadline=None)
def test_one_order_alone_is_decided_exactly(seed, step):
    instance = pool(seed, orders=1, locations=4, skus=5, longest=5, step=step)
    cost, places = decide_one(instance, 0, Ledger(instance), Prices.none(instance))
    assert violations(instance, np.array(places)) == []
    assert cost == pytest.approx(plan_cost(instance, np.array(places)))
    assert cost == pytest.approx(optimum(instance))


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_small_pools_are_solved_to_the_optimum_or_nearly(seed):
    """The search does not promise it; on pools of this size it must not be far off."""
    instance = pool(seed, orders=3)
    instance = dataclasses.replace(instance, unfilled=60.0 * instance.quantity)  # dear, or the rule's fill rate binds
    found = optimise(instance, dataclasses.replace(SHORT, rounds=1000))
    assert found.plan.cost <= 1.25 * optimum(instance) + 5.0


@pytest.mark.parametrize("ratio", [1.1, 1.3])
def test_same_seed_same_plan(ratio):
    instance = sample(200, ratio=ratio, seed=4)
    one, two = (optimise(instance, Settings(rounds=500, seed=7)) for _ in range(2))
    assert (one.plan.location == two.plan.location).all()
    other = optimise(instance, Settings(rounds=500, seed=8))
    assert (one.plan.location != other.plan.location).any()


def test_same_pool_for_the_same_seed():
    one, two, other = sample(50, seed=1), sample(50, seed=1), sample(50, seed=2)
    assert (one.stock == two.stock).all() and (one.lanes.first == two.lanes.first).all()
    assert one.stock.shape == (30, 400)
    assert one.lines != other.lines or (one.sku != other.sku).any()


@pytest.mark.parametrize("ratio", [1.0, 1.3])
def test_sample_holds_the_stock_it_promises(ratio):
    instance = sample(300, ratio=ratio, seed=3)
    demand = np.bincount(instance.sku, instance.quantity, instance.stock.shape[1])
    assert (instance.stock.sum(axis=0) >= ratio * demand - 1e-9).all()
    assert (instance.stock.sum(axis=0) < ratio * demand + 1).all()
    assert 1.6 < instance.lines / instance.orders < 2.0


def test_every_step_is_worth_its_while():
    """On a scarce pool: exact beats the rule, prices beat exact, the search beats both, near the bound."""
    instance = sample(400, skus=80, ratio=1.3, seed=5)
    found = optimise(instance, Settings(rounds=4000))
    steps = found.steps
    assert steps["improved"] < steps["priced"] < steps["exact"] < steps["rule"]
    assert steps["improved"] < 0.88 * steps["rule"]
    proven = lp_bound(instance, build(instance), found.prices, slack=2.0).value
    assert proven <= found.plan.cost <= 1.04 * proven


def test_clock_ends_the_work():
    ticks = iter(range(10_000))
    instance = sample(100, seed=6)
    settings_ = Settings(rounds=10**9, seconds=60, clock=lambda: float(next(ticks)))
    found = optimise(instance, settings_)
    assert violations(instance, found.plan.location) == []
    assert next(ticks) < 200


def test_wide_orders_are_planned_and_bounded():
    instance = pool(11, orders=5, locations=4, skus=9, longest=9)
    assert (np.diff(instance.start) > 5).any()
    found = optimise(instance, SHORT)
    assert violations(instance, found.plan.location) == []
    assert found.bound <= found.plan.cost
    assert found.plan.cost <= found.rule.cost


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_wide_orders_keep_every_limit(seed):
    instance = pool(seed, orders=4, locations=4, skus=8, longest=8)
    plan = in_turn(Menu(instance, build(instance), Prices.none(instance)))
    location = np.array([place for places in plan for place in places])
    assert violations(instance, location) == []
    assert relax(instance, build(instance), Prices.none(instance)).value <= plan_cost(instance, location) + 1e-6


def test_nothing_can_be_delivered():
    instance = sample(20, seed=1)
    empty = dataclasses.replace(instance, stock=np.zeros_like(instance.stock))
    closed = dataclasses.replace(instance, capacity=np.zeros_like(instance.capacity))
    for bad in (empty, closed):
        found = optimise(bad, SHORT)
        assert (found.plan.location == UNFILLED).all()
        assert found.plan.cost == pytest.approx(bad.unfilled.sum())
        assert lp_bound(bad, build(bad), found.prices, 2.0).value == pytest.approx(found.plan.cost)


def test_splits_are_priced():
    """The dearer a split, the fewer parcels; never forbidden as such."""
    instance = sample(300, skus=60, ratio=2.0, seed=2)
    parcels = []
    for fee in (0.0, 4.0, 12.0):
        priced = dataclasses.replace(instance, split=np.full(instance.orders, fee))
        found = optimise(priced, SHORT)
        served = found.plan.location != UNFILLED
        parcels.append(len(set(zip(instance.order_of[served], found.plan.location[served], strict=True))))
        assert (plan_parts(priced, found.plan.location).split > 0) or fee != 4.0
    assert parcels[0] > parcels[1] >= parcels[2]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": np.zeros(1)}, {"sku": np.array([0, 0]), "start": np.array([0, 2])},
        {"pins": np.zeros(9, dtype=int)}, {"weight": np.array([np.nan])}, {"start": np.array([0, 0, 1])},
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(change):
    instance = pool(1, orders=1, longest=1)
    with pytest.raises(ValueError):
        dataclasses.replace(instance, **change)


def test_a_first_fee_below_its_kilograms_is_refused():
    instance = sample(5, seed=1)
    lanes = dataclasses.replace(instance.lanes, first=instance.lanes.per_kg * 0.5)
    with pytest.raises(ValueError, match="first fee"):
        dataclasses.replace(instance, lanes=lanes)


def test_prices_of_orders_to_come_help_an_order_that_comes_alone():
    """Learnt from other days' orders, used on today's in order of arrival."""
    today, *others = (sample(1000, skus=80, ratio=1.3, seed=3, day=day) for day in range(6))
    groups, costs = build(today), []
    for prices in (Prices.none(today), ahead(today, others)):
        plan = in_turn(Menu(today, groups, prices))
        costs.append(plan_cost(today, np.array([place for places in plan for place in places])))
    assert costs[1] < 0.985 * costs[0]


def test_a_pool_without_orders_has_a_plan():
    some = sample(3, seed=1)
    shape, none = (0, some.locations), np.zeros(0)
    empty = dataclasses.replace(
        some, start=np.array([0]), sku=none.astype(int), quantity=none, weight=none, unfilled=none, split=none,
        lanes=dataclasses.replace(some.lanes, first=np.zeros(shape), per_kg=np.zeros(shape), late=np.zeros(shape)),
        barred=np.zeros(shape, dtype=np.int8), pins=none.astype(int), bans=np.zeros(shape, dtype=bool), distance=None,
    )  # fmt: skip
    found = optimise(empty, SHORT)
    assert found.plan.cost == 0 and len(found.plan.location) == 0
    assert lp_bound(empty, build(empty), found.prices, 1.0).value == 0
    assert len(explain(empty, found.plan.location, found.prices).reason) == 0
