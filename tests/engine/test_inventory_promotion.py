"""Promotions: what was learned, what is planned, what came of it."""

import time

import numpy as np
import pytest
from distrib_inventory.engine import promotion_review, promotion_uplift
from distrib_inventory.engine.promotion_plan import Event, PromotionPlan, Targets
from distrib_inventory.engine.promotion_uplift import Observations, Responses
from hypothesis import given
from hypothesis import strategies as st

DAY = np.datetime64("2026-06-01")


def days(count, start=0):
    return DAY + start + np.arange(count)


def event(key=1, first=0, last=4, depth=0.2, **values):
    return Event(key, values.pop("kind", 1), DAY + first, DAY + last, depth, **values)


def observations(response, events=6, products=8, noise=0.0, kind=1, seed=1):
    rng = np.random.default_rng(seed)
    product, number = (grid.ravel() for grid in np.meshgrid(np.arange(products), np.arange(events)))
    depth = np.array([0.1, 0.2, 0.3])[number % 3]
    usual = rng.uniform(20, 200, len(product))
    own = np.broadcast_to(response, (products,))[product]
    actual = usual * (1 + own * depth) * np.exp(noise * rng.normal(size=len(product)))
    return Observations(product, product // 4, np.full(len(product), kind), number, depth, usual, actual)


# --- learning ------------------------------------------------------------------------------------------------------


def test_a_response_is_found_again_at_every_level():
    learned = promotion_uplift.learn(observations(3.2, events=20), strength=1.0)
    for level in (learned.overall, learned.kind, learned.category, learned.product):
        assert np.allclose(level.response, 3.2, atol=0.05)


def test_products_that_differ_keep_their_own_response_where_they_have_evidence():
    own = np.array([1.0, 1, 1, 1, 6, 6, 6, 6])
    found = promotion_uplift.learn(observations(own, events=20))
    assert np.allclose(found.product.response, own, atol=0.3)
    assert found.strength == promotion_uplift.LADDER[0]


def test_noise_asks_for_stronger_shrinkage():
    assert promotion_uplift.choose_strength(observations(3.0, events=8, products=40, noise=1.0)) > 30


def test_without_history_the_published_mean_counts():
    empty = observations(3.0).take(np.zeros(48, bool))
    found = promotion_uplift.responses(promotion_uplift.learn(empty), (np.zeros(0, int), np.zeros(0, int)))
    assert found.of(np.array([7]), 1).tolist() == [promotion_uplift.PRIOR]


def test_a_product_without_history_takes_its_category_then_its_kind_then_all():
    own = np.array([1.0, 1, 1, 1, 6, 6, 6, 6])
    learned = promotion_uplift.learn(observations(own, events=30), strength=1.0)
    found = promotion_uplift.responses(learned, (np.array([50, 51]), np.array([1, 99])))
    category, kind = found.of(np.array([50, 51]), 1)
    assert category == pytest.approx(6, abs=0.2)
    assert kind == pytest.approx(3.5, abs=0.5)
    assert found.of(np.array([51]), 2)[0] == pytest.approx(found.overall)


@given(st.floats(0, 1e6), st.floats(-0.5, 20), st.floats(0, 20), st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_shrinkage_lies_between_the_evidence_and_the_level_above(exposure, own, above, weak, strong):
    weak, strong = sorted((weak, strong))
    extra = np.array([exposure * own])
    found = [promotion_uplift.shrink(extra, np.array([exposure]), np.array([above]), k)[0] for k in (weak, strong)]
    low, high = min(own, above), max(own, above)
    for value in found:
        assert low - 1e-6 <= value <= high + 1e-6
    assert abs(found[1] - above) <= abs(found[0] - above) + 1e-6, "stronger shrinkage is never further from above"


@given(st.floats(0, 20), st.floats(0, 1), st.floats(0, 1))
def test_deeper_never_sells_less(response, one, other):
    one, other = sorted((max(one, 0.1), max(other, 0.1)))
    assert promotion_uplift.uplift_of(np.array(response), one) <= promotion_uplift.uplift_of(np.array(response), other)


def test_an_event_of_many_outlets_counts_as_one_event():
    rows = observations(3.0, events=2, products=1)
    twice = Observations(*(np.concatenate([getattr(rows, n)] * 2) for n in rows.__dataclass_fields__))
    assert promotion_uplift.learn(twice, 10.0).product.events.tolist() == [2]


# --- the plan ------------------------------------------------------------------------------------------------------


def test_a_plan_without_promotions_changes_nothing():
    plan, pairs = PromotionPlan(), (np.array([1, 2]), np.array([5, 6]))
    assert not plan.depth(*pairs, days(3)).any()
    assert (plan.uplift(*pairs, days(3)) == 1).all()
    assert not plan.stock_target(*pairs, DAY).any()
    assert plan.uplift(np.zeros(0, int), np.zeros(0, int), days(3)).shape == (0, 3)


def test_a_promotion_reaches_its_goods_places_and_days_alone():
    plan = PromotionPlan((event(products=np.array([5]), warehouses=np.array([1, 3]), expected=2.0),))
    found = plan.uplift(np.array([1, 1, 2, 3]), np.array([5, 6, 5, 5]), days(7, -1))
    assert found.tolist() == [[1, 2, 2, 2, 2, 2, 1], [1] * 7, [1] * 7, [1, 2, 2, 2, 2, 2, 1]]
    assert plan.depth(np.array([1]), np.array([5]), days(2)).tolist() == [[np.float32(0.2)] * 2]


def test_where_promotions_meet_the_stronger_counts_and_nothing_is_multiplied():
    plan = PromotionPlan((event(1, 0, 4, 0.3, expected=1.5), event(2, 2, 6, 0.1, expected=3.0)))
    found = plan.uplift(np.array([1]), np.array([5]), days(8))
    assert found[0].tolist() == [1.5, 1.5, 3, 3, 3, 3, 3, 1]
    assert plan.depth(np.array([1]), np.array([5]), days(8))[0].round(2).tolist() == pytest.approx(
        [0.3, 0.3, 0.3, 0.3, 0.3, 0.1, 0.1, 0]
    )


def test_a_promotion_expected_to_sell_less_is_believed():
    assert PromotionPlan((event(expected=0.7),)).uplift(np.array([1]), np.array([5]), days(1))[0, 0] == np.float32(0.7)


def test_history_says_who_took_part():
    plan = PromotionPlan((event(expected=2.0, last=2),), Responses(overall=2.0))
    known = np.array([[0.2, np.nan, 0.0], [0.5, 0.0, 0.0]])
    assert plan.uplift(np.array([1, 2]), np.array([5, 6]), days(3), known).tolist() == [[2, 2, 1], [2, 1, 1]]
    alone = PromotionPlan((), Responses(overall=2.0)).uplift(np.array([1]), np.array([5]), days(3), known[1:])
    assert alone.tolist() == [[2.0, 1.0, 1.0]]


def test_a_promotion_without_a_price_cut_stands_although_prices_did_not_move():
    plan = PromotionPlan((event(depth=0.0, expected=2.0),))
    assert plan.uplift(np.array([1]), np.array([5]), days(1), np.zeros((1, 1))).tolist() == [[2.0]]


def test_stock_targets_from_their_day_on():
    targets = Targets(
        np.array([1, 1]), np.array([5, 5]), days(1).repeat(2), np.array([DAY + 3, DAY + 5]), np.array([10, 7])
    )
    plan = PromotionPlan(targets=targets)
    pairs = (np.array([2, 1]), np.array([5, 5]))
    assert plan.stock_target(*pairs, DAY - 1).tolist() == [0, 0]
    assert plan.stock_target(*pairs, DAY).tolist() == [0, 10]
    assert plan.stock_target(*pairs, DAY + 4).tolist() == [0, 7]


@given(
    st.lists(
        st.tuples(st.integers(-5, 12), st.integers(0, 8), st.floats(0.5, 5), st.integers(0, 2), st.integers(0, 2)),
        max_size=5,
    )
)
def test_the_plan_agrees_with_one_pair_and_day_at_a_time(promotions):
    events = tuple(
        event(n, first, first + length, 0.1, expected=uplift, products=np.array([p]), warehouses=np.array([w]))
        for n, (first, length, uplift, p, w) in enumerate(promotions)
    )
    warehouse, product = (grid.ravel() for grid in np.meshgrid(np.arange(3), np.arange(3)))
    found = PromotionPlan(events).uplift(warehouse, product, days(10))
    for row, (w, p) in enumerate(zip(warehouse, product, strict=True)):
        for column in range(10):
            here = [u for f, n, u, q, v in promotions if (q, v) == (p, w) and f <= column <= f + n]
            assert found[row, column] == np.float32(max(here) if here else 1)


def test_a_hundred_thousand_pairs_cost_little():
    rng = np.random.default_rng(1)
    warehouse, product = np.divmod(np.arange(100_000), 2000)
    events = tuple(event(n, 10 * n, 10 * n + 8, products=np.sort(rng.choice(2000, 400, False))) for n in range(30))
    started = time.process_time()
    PromotionPlan(events).uplift(warehouse, product, days(300))
    assert time.process_time() - started < 3


# --- before and after ----------------------------------------------------------------------------------------------


def test_usual_demand_skips_promotions_and_follows_the_weekday():
    week = np.array([1.0, 1, 1, 1, 1, 3, 3])
    demand = np.tile(week, 8)[None]
    promoted = np.zeros((1, 56), bool)
    promoted[0, 28:35] = True
    demand[0, 28:35] *= 5
    index = promotion_review.weekdays(demand, ~promoted, 0, np.zeros(1, int))
    assert promotion_review.usual_demand(demand, promoted, 28, 35, index, 0)[0] == pytest.approx(week)
    assert promotion_review.usual_demand(demand, promoted, 70, 77, index, 0)[0] == pytest.approx(week)


def test_too_little_history_is_unknown_not_nothing():
    demand = np.full((1, 40), np.nan)
    demand[0, -3:] = 4
    index = np.ones((1, 7))
    assert np.isnan(promotion_review.usual_demand(demand, np.zeros((1, 40), bool), 40, 44, index, 0)).all()


@given(
    st.lists(st.floats(0, 50), min_size=3, max_size=3),
    st.lists(st.sampled_from([0.0, 0.3, 0.7, 1.0]), min_size=3, max_size=3),
)
def test_nothing_is_lost_where_the_goods_were_there_and_never_less_than_nothing(sold, share):
    found = promotion_review.review(np.array([sold]), np.array([share]), np.full((1, 3), 5.0), np.array([2.0]))
    assert found.lost[0] >= -1e-4
    assert found.demand[0] == pytest.approx(found.sold[0] + found.lost[0], abs=1e-3)
    if min(share) == 1.0:
        assert found.lost[0] == pytest.approx(0, abs=1e-4)


def test_returns_lower_what_was_sold_and_are_not_lost_sales():
    found = promotion_review.review(np.array([[-2.0, 5.0]]), np.ones((1, 2)), np.full((1, 2), 4.0), np.array([1.0]))
    assert (found.sold[0], found.lost[0]) == (3.0, 0.0)


def test_a_pair_never_in_stock_is_judged_by_the_others_or_by_the_plan():
    sold, share = np.array([[6.0], [0.0]]), np.array([[1.0], [0.0]])
    found = promotion_review.review(sold, share, np.full((2, 1), 2.0), np.array([9.0, 9.0]))
    assert found.lost[1] == pytest.approx(2 * 3.0)
    alone = promotion_review.review(sold[1:], share[1:], np.full((1, 1), 2.0), np.array([2.5]))
    assert alone.lost[0] == pytest.approx(5.0)
