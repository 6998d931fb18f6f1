"""The router against invented networks: nothing promised twice, every line decided or given a reason."""

from collections import defaultdict

import pytest
from distrib_orders.engine import routing
from hypothesis import given, settings
from hypothesis import strategies as st

SITES = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(-80, 80)), st.one_of(st.none(), st.floats(-179, 179)), st.integers(0, 3)),
    max_size=6,
)


@st.composite
def pools(draw):
    """(orders, sites, stock by (site, product)) with shared products, missing places and barred sites."""
    sites = [routing.Site(i + 1, *place) for i, place in enumerate(draw(SITES))]
    stock = {
        (site.id, product): float(draw(st.integers(0, 6)))
        for site in sites
        for product in (1, 2, 3)
        if draw(st.booleans())
    }
    orders, line = [], 0
    for number in range(draw(st.integers(0, 6))):
        needs = []
        for _ in range(draw(st.integers(0, 4))):
            line += 1
            needs.append(routing.Need(line, draw(st.integers(1, 3)), float(draw(st.integers(1, 5)))))
        place = draw(st.one_of(st.just((None, None)), st.tuples(st.floats(-80, 80), st.floats(-179, 179))))
        barred = {site.id: "not_candidate" for site in sites if draw(st.integers(0, 4)) == 0}
        orders.append(routing.Order(number + 1, tuple(needs), *place, barred))
    return orders, sites, stock


@given(pools())
@settings(max_examples=200, deadline=None)
def test_nothing_is_promised_twice_and_every_line_is_decided(pool):
    orders, sites, stock = pool
    plans = routing.route(orders, sites, routing.Stock(stock))
    taken = defaultdict(float)
    assert [plan.order for plan in plans] == [order.id for order in orders]
    for order, plan in zip(orders, plans, strict=True):
        assert [leg.need for leg in plan.legs] == list(order.needs)
        for leg in plan.legs:
            assert (leg.site is None) == bool(leg.reason)
            assert leg.site not in order.barred
            if plan.state != "unfilled":
                taken[leg.site, leg.need.product] += leg.need.quantity
        assert (plan.state == "unfilled") == any(leg.site is None for leg in plan.legs)
        assert (plan.state == "split") == (plan.state != "unfilled" and len({leg.site for leg in plan.legs}) > 1)
    for key, quantity in taken.items():
        assert quantity <= stock.get(key, 0) + 1e-9


@given(pools())
@settings(max_examples=100, deadline=None)
def test_one_site_is_used_when_one_has_all_and_it_is_the_nearest(pool):
    orders, sites, stock = pool
    for order in orders:
        plan = routing.nearest(order, sites, routing.Stock(stock))
        needed = defaultdict(float)
        for need in order.needs:
            needed[need.product] += need.quantity
        able = [
            site
            for site in sites
            if site.id not in order.barred and all(stock.get((site.id, p), 0) >= q for p, q in needed.items())
        ]
        if able and order.needs:
            assert plan.state == "whole"
            known = [km for site in able if (km := routing.distance_km(order, site)) is not None]
            assert plan.legs[0].distance_km == (min(known) if known else None)


@given(pools())
@settings(max_examples=50, deadline=None)
def test_same_input_same_plan(pool):
    orders, sites, stock = pool
    assert routing.route(orders, sites, routing.Stock(stock)) == routing.route(orders, sites, routing.Stock(stock))


@given(pools())
@settings(max_examples=50, deadline=None)
def test_reasons_tell_the_truth(pool):
    orders, sites, stock = pool
    for order in orders:
        for leg in routing.nearest(order, sites, routing.Stock(stock)).legs:
            assert leg.site not in {option.site for option in leg.alternatives}
            for out in leg.excluded:
                assert out.code != "short" or out.free < out.needed
                assert (out.code == "not_candidate") == (out.site in order.barred)
            if leg.reason == "no_site":
                assert {site.id for site in sites} <= order.barred.keys()


def test_sites_without_a_place_come_last():
    order = routing.Order(1, (routing.Need(1, 7, 1),), 30.0, 120.0)
    sites = [routing.Site(1), routing.Site(2, 60.0, 20.0)]
    plan = routing.nearest(order, sites, routing.Stock({(1, 7): 1, (2, 7): 1}))
    assert plan.legs[0].site == 2
    assert plan.legs[0].alternatives == (routing.Option(1, None),)


def test_unfilled_order_leaves_the_stock_to_the_next():
    first = routing.Order(1, (routing.Need(1, 7, 1), routing.Need(2, 8, 1)))
    second = routing.Order(2, (routing.Need(3, 7, 1),))
    plans = routing.route([first, second], [routing.Site(1)], routing.Stock({(1, 7): 1}))
    assert [plan.state for plan in plans] == ["unfilled", "whole"]


def test_stock_does_not_go_below_zero():
    with pytest.raises(ValueError, match="has no"):
        routing.Stock({(1, 1): 1}).take(1, 1, 2)
