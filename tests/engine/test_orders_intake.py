"""Whatever a caller sends, the intake answers with an order or with reasons, never with an exception."""

import json

from distrib_orders.engine import intake, places
from hypothesis import given
from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["external_id", "version", "lines", "sku", "quantity", "price_unit", "partner", "ordered_at"]
            )
            | st.text(max_size=5),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_anything_can_be_stored_and_read(payload):
    external_id, version, body, digest = intake.identity(payload)
    assert json.loads(body) == json.loads(json.dumps(payload, default=str)) or body.count("NaN") > 0
    assert version and len(digest) == 64 and "\x00" not in external_id + version
    order, problems = intake.read_order(payload)
    assert (order is None) == bool(problems)


@given(st.dictionaries(st.text(max_size=4), st.integers(), max_size=3))
def test_same_content_same_identity(payload):
    assert intake.identity(payload) == intake.identity(dict(payload))


def test_all_problems_at_once():
    _order, problems = intake.read_order(
        {
            "partner": "somebody",
            "ordered_at": "yesterday",
            "lines": ["x", {"sku": "", "quantity": True}, {"sku": "A", "quantity": "1e99", "price_unit": -1}],
        }
    )
    assert [(p.code, p.field) for p in problems] == [
        ("missing", "external_id"),
        ("not_a_line", "lines[0]"),
        ("missing", "lines[1].sku"),
        ("not_a_number", "lines[1].quantity"),
        ("not_a_number", "lines[2].quantity"),
        ("negative", "lines[2].price_unit"),
        ("not_a_partner", "partner"),
        ("not_a_time", "ordered_at"),
    ]


def test_gift_has_price_zero_and_nothing_is_no_price():
    rows = [{"sku": "A", "quantity": 1, "price_unit": price} for price in (0, False, None, "", "0.00")]
    order, _problems = intake.read_order({"external_id": "1", "lines": rows})
    assert [line.price_unit for line in order.lines] == [0, None, None, None, 0]


def test_times_are_utc():
    order, _problems = intake.read_order(
        {"external_id": "1", "ordered_at": "2026-01-01T00:30:00+08:00", "promised_at": "2026-01-02 10:00:00",
         "lines": [{"sku": "A", "quantity": 1}]}
    )  # fmt: skip
    assert (str(order.ordered_at), str(order.promised_at)) == ("2025-12-31 16:30:00", "2026-01-02 10:00:00")


def test_two_places_of_one_name_are_told_apart_by_the_province():
    china = places.Gazetteer.of(
        [
            places.Place(1, None, "province", ("江苏省",)),
            places.Place(2, None, "province", ("福建省",)),
            places.Place(3, 1, "district", ("鼓楼区",)),
            places.Place(4, 2, "district", ("鼓楼区",)),
        ]
    )
    assert china.find("福建", "", "鼓楼区") == 4
    assert china.find("", "", "鼓楼区") is None
    assert china.above(4, "province") == 2
