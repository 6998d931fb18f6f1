from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from distrib_inventory.engine.position import Positions, round_half_up
from hypothesis import given
from hypothesis import strategies as st

quantity = st.integers(-10_000, 10_000).map(lambda n: n / 100)
pair = st.tuples(st.integers(1, 12), st.integers(1, 6))
tables = st.dictionaries(pair, st.tuples(*[quantity] * 6), max_size=30).map(
    lambda found: [(*key, *values) for key, values in found.items()]
)


@given(tables)
def test_derived_columns(rows):
    for row, shown in zip(rows, Positions.from_rows(rows).to_dicts(), strict=True):
        on_hand, reserved, expired, incoming, outgoing, owned = row[2:]
        assert (shown["product_id"], shown["warehouse_id"]) == row[:2]
        assert abs(shown["available"] - (on_hand - reserved - expired)) < 1e-9
        assert abs(shown["forecast"] - (on_hand + incoming - outgoing - expired)) < 1e-9
        assert shown["owned_on_hand"] == owned


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
    assert Positions.from_rows([(1, 1, 1, 0, 0, 0, 0, 0)]).matrix("on_hand", [], []).shape == (0, 0)


@given(st.lists(st.decimals(-10_000, 10_000, places=4), max_size=8), st.integers(0, 3))
def test_rounding_is_half_up_like_units_of_measure(values, digits):
    exact = [float(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)) for value in values]
    assert round_half_up(np.array([float(value) for value in values]), digits).tolist() == exact
