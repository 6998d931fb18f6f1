"""The demo generator: always the same bytes, and figures that a network could have."""

import datetime as dt
from collections import Counter

import numpy as np
import pytest
from distrib_inventory.engine.demo import generate
from distrib_inventory.engine.demo.catalogue import ean13
from distrib_inventory.engine.demo.orders import FATES
from hypothesis import given, settings
from hypothesis import strategies as st

UNTIL = dt.date(2026, 11, 21)
GOLDEN = "b9249c686d29f9250df2a74a5e7d7826ad9a2e7216adaccef4e96768e20631ae"

networks = st.builds(
    generate,
    st.integers(0, 2**31),
    st.sampled_from((0.05, 0.1, 0.2)),
    st.dates(dt.date(2023, 1, 1), dt.date(2032, 12, 31)),
)


@pytest.fixture(scope="module")
def network():
    return generate(19, 1, UNTIL)


def test_same_seed_same_bytes(network):
    assert network.digest() == generate(19, 1, UNTIL).digest() == GOLDEN


def test_other_seed_other_bytes():
    assert generate(1, 0.05, UNTIL).digest() != generate(2, 0.05, UNTIL).digest()


def test_sizes(network):
    assert Counter(w.tier for w in network.warehouses) == {"central": 1, "regional": 4, "dealer": 6, "store": 12}
    assert (len(network.products), len(network.dealers), len(network.suppliers)) == (120, 40, 8)
    assert Counter(d.tier for d in network.dealers) == {0: 7, 1: 13, 2: 20}
    assert len(network.orders) == 300
    assert {o.fate for o in network.orders} == set(FATES)
    assert {o.fate for o in network.orders if o.dealer == 0} >= {"paid", "in_transit", "overdue"}


def test_scale_multiplies():
    tripled = generate(19, 3, UNTIL)
    assert Counter(w.tier for w in tripled.warehouses)["store"] == 36
    for records in (tripled.products, tripled.dealers, tripled.warehouses):
        for attribute in ("name", "name_zh"):
            assert len({getattr(r, attribute) for r in records}) == len(records)
    assert all(len(w.code) <= 5 for w in tripled.warehouses)


@pytest.mark.parametrize("scale", [0, -1])
def test_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match="scale"):
        generate(19, scale, UNTIL)


@settings(max_examples=20, deadline=None)
@given(networks)
def test_history_is_possible(network):
    history = network.history
    shape = (len(history.warehouse), 365)
    for values in (history.quantity, history.in_stock, history.price, history.promotion, history.returned):
        assert values.shape == shape
        assert np.nanmin(values) >= 0
    assert np.nanmax(history.in_stock) <= 1
    assert np.nanmax(history.promotion) < 1
    assert (history.on_hand >= 0).all() and (network.stock >= 0).all()
    unknown = np.isnan(history.quantity)
    assert (unknown == np.isnan(history.in_stock)).all() and (unknown == np.isnan(history.price)).all()
    # What is unknown is the time before the launch, and nothing else.
    launched = np.array([max(p.launched, 0) for p in network.products])[history.product]
    assert (unknown.sum(axis=1) == launched).all()
    assert (history.returned[~unknown] <= history.quantity[~unknown]).all()
    # Nothing is sold on a day without an hour in stock.
    assert (history.quantity[history.in_stock == 0] == 0).all()
    assert len(set(zip(history.warehouse.tolist(), history.product.tolist(), strict=True))) == shape[0]


@settings(max_examples=20, deadline=None)
@given(networks)
def test_records_hang_together(network):
    assert network.warehouses[0].parent == -1
    assert all(w.parent < i for i, w in enumerate(network.warehouses))
    assert all((w.dealer >= 0) == (w.tier == "dealer") for w in network.warehouses)
    for product in network.products:
        assert ean13(product.barcode[:12]) == product.barcode
        assert 0 < product.cost < product.list_price
        assert product.weight > 0 and product.volume > 0
    assert all(
        len(set(values)) == len(values)
        for values in (
            [p.sku for p in network.products],
            [w.code for w in network.warehouses],
            [o.ref for o in network.orders],
        )
    )
    days = [o.day for o in network.orders]
    assert days == sorted(days) and days[-1] <= network.until
    for order in network.orders:
        asked = [q > network.stock[:, p].max() for p, q in order.lines]
        assert any(asked) or order.fate != "waiting"
        assert order.lines and all(q > 0 and q % network.products[p].pack == 0 for p, q in order.lines)
        # Nobody bought a product before it was launched.
        opening = network.history.days[0].astype(object)
        assert all((order.day - opening).days >= network.products[p].launched for p, _q in order.lines)


def test_causes_are_visible(network):
    history = network.history
    category = np.array([p.category for p in network.products])[history.product]
    month = history.days.astype("datetime64[M]").astype(int) % 12 + 1
    drinks = np.nansum(history.quantity[category == 0], axis=0)
    assert drinks[month == 7].mean() > 1.4 * drinks[month == 1].mean()
    promoted = history.promotion > 0.2
    ratio = np.nanmean(history.quantity[promoted]) / np.nanmean(history.quantity[~promoted])
    assert ratio > 1.3
    assert 0.01 < np.mean(history.in_stock[~np.isnan(history.in_stock)] < 1) < 0.15
    slow = np.array([p.intermittent for p in network.products])[history.product]
    assert np.nanmean(history.quantity[slow] == 0) > 0.8


def test_check_digit_needs_twelve_digits():
    with pytest.raises(ValueError, match="12 digits"):
        ean13("12345")
