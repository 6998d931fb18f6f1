"""Money and changes of orders, over random orders."""

from distrib_orders.engine import changes, money
from distrib_orders.engine.intake import Incoming, Line
from hypothesis import given
from hypothesis import strategies as st

cents = st.integers(0, 200_000).map(lambda n: n / 100)
line = st.builds(lambda quantity, price: Line("S", quantity, price), st.integers(1, 20), cents)


@given(st.lists(line, min_size=1, max_size=8), cents, st.integers(0, 100), st.integers(0, 100))
def test_nothing_of_the_money_is_lost(lines, freight, shop, platform):
    """Lines and freight come to what the buyer pays and the platform adds, to the cent."""
    gross = round(sum(row.price_unit * row.quantity for row in lines), 2)
    discount, coupon = round(gross * shop / 300, 2), round(gross * platform / 300, 2)
    paid = round(gross - discount - coupon + freight, 2)
    order = Incoming("A", tuple(lines), {}, paid=paid, freight=freight, discount=discount, platform_discount=coupon)
    found = money.settle(order)
    assert abs(found.gap) < 0.005 or paid == gross + freight
    assert round(found.owed - paid - coupon, 2) == 0
    assert found.platform == coupon


quantities = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 6))


@given(quantities, quantities, quantities, quantities)
def test_steps_only_take_what_nobody_has_touched(ordered, delivered, picked, wanted):
    have = {
        key: changes.Have(
            quantity,
            done := min(quantity, delivered.get(key, 0)),
            min(quantity - done, picked.get(key, 0)),
        )
        for key, quantity in ordered.items()
    }
    for step in changes.compare(have, wanted):
        before = have.get(step.key, changes.Have(0))
        assert step.after == wanted.get(step.key, 0)
        if step.action == "lower":
            assert before.delivered <= step.quantity < before.quantity
        if step.action == "return":
            assert 0 < step.quantity <= before.delivered
