"""What the router says about a plan is true of it."""

import dataclasses

import numpy as np
import pytest
from distrib_orders.engine.router import UNFILLED, Plan, Settings, optimise
from distrib_orders.engine.router.costs import plan_cost, plan_parts
from distrib_orders.engine.router.explain import (
    EXCLUDED,
    OFFSET,
    POSSIBLE,
    UNDECIDED,
    exclusion,
    explain,
)
from distrib_orders.engine.router.generate import sample
from distrib_orders.engine.router.instance import CONFLICT, violations
from distrib_orders.engine.router.table import Prices
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.router_pools import pool

SEEDS = st.integers(0, 10_000)
SHORT = Settings(price_rounds=20, rounds=100)


def told(seed: int):
    instance = pool(seed, orders=6, locations=5, skus=4, longest=4)
    found = optimise(instance, SHORT)
    return instance, found.plan, explain(instance, found.plan.location, found.prices)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_parts_add_up_to_the_plan(seed):
    instance, plan, text = told(seed)
    whole = plan_parts(instance, plan.location)
    for name in ("freight", "handling", "split", "late", "unfilled"):
        assert getattr(text.parts, name).sum() == pytest.approx(getattr(whole, name)), name


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_alternatives_cost_what_is_said(seed):
    instance, plan, text = told(seed)
    for line in range(instance.lines):
        for place, extra in zip(text.options[line], text.extra[line], strict=True):
            if place != UNFILLED:
                other = plan.location.copy()
                other[line] = place
                assert violations(instance, other) == []
                assert plan_cost(instance, other) - plan.cost == pytest.approx(extra)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_every_location_is_possible_or_has_a_reason(seed):
    instance, plan, text = told(seed)
    for line, place in np.ndindex(text.excluded.shape):
        other = plan.location.copy()
        other[line] = place
        assert (text.excluded[line, place] == POSSIBLE) == (violations(instance, other) == [])


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_every_line_is_decided_or_has_a_reason(seed):
    _, plan, text = told(seed)
    assert ((plan.location == UNFILLED) == (text.reason > 0)).all()


def reason(instance, location):
    text = explain(instance, np.array(location), Prices.none(instance))
    return UNDECIDED[text.reason[0]], [exclusion(code) if code else "" for code in text.excluded[0]]


def one_line(**changes):
    base = pool(5, orders=1, locations=2, skus=1, longest=1)
    lanes = dataclasses.replace(base.lanes, first=np.full((1, 2), 9.0), per_kg=np.ones((1, 2)))
    plain = {
        "lanes": lanes, "stock": np.full((2, 1), 5.0), "capacity": np.ones(2), "pins": np.array([-1]),
        "bans": np.zeros((1, 2), dtype=bool), "barred": np.zeros((1, 2), dtype=np.int8), "quantity": np.ones(1),
    }  # fmt: skip
    return dataclasses.replace(base, **plain | changes)


@pytest.mark.parametrize(
    ("changes", "why", "codes"),
    [
        ({}, "too_dear", ["", ""]),
        ({"pins": np.array([CONFLICT])}, "conflicting_pins", ["conflicting_pins"] * 2),
        ({"pins": np.array([0]), "stock": np.array([[0.0], [5.0]])}, "no_stock", ["short", "pinned_elsewhere"]),
        ({"stock": np.zeros((2, 1))}, "no_stock", ["short", "short"]),
        ({"capacity": np.zeros(2)}, "no_capacity", ["no_capacity"] * 2),
        ({"barred": np.array([[3, 2]], dtype=np.int8)}, "no_location", ["cold_chain", "rule"]),
        ({"bans": np.array([[True, True]])}, "no_location", ["banned", "banned"]),
    ],
)
def test_reasons(changes, why, codes):
    assert reason(one_line(**changes), [UNFILLED]) == (why, codes)


def test_a_lane_without_a_tariff_is_a_reason():
    instance = one_line()
    lanes = dataclasses.replace(instance.lanes, first=np.array([[np.nan, 9.0]]))
    assert reason(dataclasses.replace(instance, lanes=lanes), [1]) == ("", ["no_lane", ""])


def test_stock_that_others_got_is_taken():
    instance = sample(300, skus=40, ratio=1.0, seed=3)
    found = optimise(instance, SHORT)
    text = explain(instance, found.plan.location, found.prices)
    assert (text.excluded == EXCLUDED.index("taken")).any()


def test_scarcity_explains_a_dearer_choice():
    """Where another location was cheaper in money, the stock there was worth more to the others, mostly."""
    instance = sample(400, skus=60, ratio=1.3, seed=3)
    found = optimise(instance, Settings(rounds=2000))
    text = explain(instance, found.plan.location, found.prices)
    cheaper = text.extra[:, 0] < -1e-6
    assert (text.extra_scarcity[cheaper, 0] > 0).mean() > 0.5 if cheaper.any() else True


def test_a_line_as_plain_data():
    instance = sample(30, seed=3)
    found = optimise(instance, SHORT)
    text = explain(instance, found.plan.location, found.prices).line(0)
    assert set(text) == {"location", "reason", "parts", "alternatives", "excluded"}
    assert set(text["parts"]) == {"freight", "handling", "split", "late", "unfilled", "scarcity"}
    assert len(text["alternatives"]) <= 3
    assert all(isinstance(code, str) and code for code in text["excluded"].values())
    assert len(EXCLUDED) < OFFSET and isinstance(found.plan, Plan)
