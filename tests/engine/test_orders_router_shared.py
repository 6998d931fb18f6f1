"""Goods seen by several customers, parcels at most, limits of lines, orders on arrival, and the present plan."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from distrib_orders.engine.router import UNFILLED, Settings, optimise
from distrib_orders.engine.router.arrive import arrive
from distrib_orders.engine.router.costs import plan_cost
from distrib_orders.engine.router.explain import explain
from distrib_orders.engine.router.instance import Share, violations
from distrib_orders.engine.router.table import Prices
from hypothesis import given, settings
from hypothesis import strategies as st
from router_pools import optimum, pool

FEW = Settings(price_rounds=20, rounds=300)
seeds = st.integers(0, 10_000)


def shared_pool(seed):
    """Articles 0 and 1 stand for the same goods: 0 may draw a claim, 1 leaves a buffer."""
    instance = pool(seed, orders=5, locations=3, skus=3, longest=2)
    # An order sees goods as one customer: where it has both articles, the second becomes another one.
    both = [set(instance.sku[a:b]) == {0, 1} for a, b in itertools.pairwise(instance.start)]
    sku = np.where(np.array(both)[instance.order_of] & (instance.sku == 1), 2, instance.sku)
    instance = replace(instance, sku=sku)
    rng = np.random.default_rng(seed)
    free = rng.integers(0, 6, 3).astype(float)
    share = Share(
        (0, 1), free, np.stack([np.zeros(3), rng.integers(0, 3, 3).astype(float)]),
        rng.integers(0, 3, (1, 3)).astype(float), ((0,), ()),
    )  # fmt: skip
    stock = instance.stock.copy()
    stock[:, [0, 1]] = [share.views(place, [0.0, 0.0])[0] for place in range(3)]
    return replace(instance, stock=stock, shared=(share,))


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_shared_goods_are_never_promised_twice(seed):
    instance = shared_pool(seed)
    found = optimise(instance, FEW)
    assert violations(instance, found.plan.location) == []
    assert violations(instance, arrive(instance, np.zeros(5, bool))[0]) == []
    taken = {0: np.zeros(3), 1: np.zeros(3)}
    for line in np.flatnonzero(found.plan.location != UNFILLED):
        if instance.sku[line] in taken:
            taken[instance.sku[line]][found.plan.location[line]] += instance.quantity[line]
    share = instance.shared[0]
    assert (taken[0] + taken[1] <= share.free + share.claims[0] + 1e-9).all()
    assert (taken[1] <= np.maximum(share.free - share.buffers[1], 0) + 1e-9).all()


@settings(deadline=None, max_examples=60)
@given(seeds, st.integers(1, 2))
def test_parcels_at_most(seed, most):
    instance = replace(pool(seed), most=np.full(4, most))
    for location in (optimise(instance, FEW).plan.location, optimise(instance, FEW).rule.location):
        assert violations(instance, location) == []


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_parcels_at_most_exact(seed):
    """One order alone: no plan with so few parcels is cheaper."""
    instance = pool(seed, orders=1)
    instance = replace(instance, most=np.ones(1, np.int64))
    assert plan_cost(instance, arrive(instance)[0]) == pytest.approx(optimum(instance))


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_present_plan_is_never_made_worse(seed):
    instance = pool(seed)
    present = optimise(instance, replace(FEW, seed=1, rounds=1, price_rounds=1)).exact.location
    found = optimise(instance, FEW, present=present).plan
    held = instance.quantity[present == UNFILLED].sum()
    assert found.unfilled_units(instance) <= held + 1e-9
    if found.unfilled_units(instance) == pytest.approx(held):
        assert found.cost <= plan_cost(instance, present) + 1e-9


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_every_line_is_decided_or_told_why(seed):
    instance = shared_pool(seed)
    location = arrive(instance)[0]
    told = explain(instance, location, Prices.none(instance))
    for line in range(instance.lines):
        words = told.line(line)
        assert (words["location"] == UNFILLED) == bool(words["reason"])
        assert len(words["excluded"]) + len(words["alternatives"]) <= instance.locations


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_waiting_orders_take_nothing(seed):
    instance = pool(seed)
    location, filled = arrive(instance, np.ones(4, bool))
    taken = np.where(filled[instance.order_of], location, UNFILLED)
    assert violations(instance, taken) == []
    assert (filled == ~np.isin(np.arange(4), instance.order_of[location == UNFILLED])).all()


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_same_input_same_plan(seed):
    one, other = (optimise(shared_pool(seed), FEW).plan.location for _ in range(2))
    assert (one == other).all()


def test_limit_of_a_line_is_kept_and_named():
    instance = pool(3)
    limits = np.zeros((instance.lines, 3), np.int8)
    limits[:, 0] = 3
    limited = replace(instance, limits=limits)
    location = optimise(limited, FEW).plan.location
    assert not (location == 0).any()
    words = explain(limited, location, Prices.none(limited)).line(0)["excluded"][0]
    assert words in ("cold_chain", "banned", "pinned_elsewhere", "conflicting_pins")
