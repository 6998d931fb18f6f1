from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from distrib_inventory.engine.position import COLUMNS, HELD, Positions, round_half_up
from hypothesis import given
from hypothesis import strategies as st

quantity = st.integers(-10_000, 10_000).map(lambda n: n / 100)
pair = st.tuples(st.integers(1, 12), st.integers(1, 6))
tables = st.dictionaries(pair, st.tuples(*[quantity] * len(COLUMNS)), max_size=30).map(
    lambda found: [(*key, *values) for key, values in found.items()]
)


@given(tables)
def test_derived_columns(rows):
    for row, shown in zip(rows, Positions.from_rows(rows).to_dicts(), strict=True):
        given_ = dict(zip(COLUMNS, row[2:], strict=True))
        assert (shown["product_id"], shown["warehouse_id"]) == row[:2]
        parts = [given_[name] for name in ("reserved", "expired", *HELD, "allocated")]
        assert abs(shown["on_hand"] - sum(parts) - shown["available"]) < 1e-6
        assert abs(shown["on_hand"] - given_["reserved"] - given_["lapsed"] - shown["free"]) < 1e-6
        forecast = given_["on_hand"] + given_["incoming"] - given_["outgoing"] - given_["lapsed"]
        assert abs(shown["forecast"] - forecast) < 1e-6
        assert all(shown[name] == value for name, value in given_.items() if name != "lapsed")


@given(tables, st.permutations(range(1, 10)), st.permutations(range(2, 8)))
def test_a_matrix_is_the_rows_looked_up(rows, products, warehouses):
    table = Positions.from_rows(rows).matrix("on_hand", products, warehouses)
    known = {row[:2]: row[2] for row in rows}
    expected = [[known.get((product, warehouse), 0.0) for warehouse in warehouses] for product in products]
    assert np.array_equal(table, np.array(expected))


def test_nothing_is_a_table_too():
    empty = Positions.from_rows([])
    assert len(empty) == 0
    assert empty.to_dicts() == []
    assert empty.matrix("available", [1], [1, 2]).tolist() == [[0.0, 0.0]]
    assert Positions.of([1], [1], on_hand=[1]).matrix("on_hand", [], []).shape == (0, 0)


def test_a_column_of_another_name_is_refused():
    with pytest.raises(ValueError, match="onhand"):
        Positions.of([1], [1], onhand=[1])


@given(st.lists(st.decimals(-10_000, 10_000, places=4), max_size=8), st.integers(0, 3))
def test_rounding_is_half_up_like_units_of_measure(values, digits):
    exact = [float(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)) for value in values]
    assert round_half_up(np.array([float(value) for value in values]), digits).tolist() == exact
