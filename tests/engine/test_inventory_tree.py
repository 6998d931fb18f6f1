import pytest
from distrib_inventory.engine import tree
from hypothesis import given
from hypothesis import strategies as st

# Node n hangs on a smaller one, or on none: every such array is a forest.
forests = st.lists(st.integers(0, 20), min_size=1, max_size=20).map(
    lambda picks: {n: (pick % n if n and pick % (n + 1) else None) for n, pick in enumerate(picks)}
)


@given(forests, st.data())
def test_totals_are_the_sums_below(parents, data):
    nodes = st.sampled_from(sorted(parents))
    own = data.draw(st.dictionaries(nodes, st.tuples(st.integers(0, 99), st.integers(-9, 9)), max_size=20))
    totals = tree.roll_up(own, parents, 2)
    for node in parents:
        below = [values for key, values in own.items() if node in tree.path(key, parents)]
        assert (node in totals) == bool(below)
        if below:
            assert totals[node].tolist() == [float(sum(column)) for column in zip(*below, strict=True)]


def test_a_node_nobody_knows_is_a_root():
    assert tree.roll_up({False: [1.0]}, {1: None}, 1)[False].tolist() == [1.0]


def test_a_circle_is_named():
    with pytest.raises(tree.LoopError) as caught:
        tree.roll_up({4: [1.0]}, {1: 3, 2: 1, 3: 2, 4: 1}, 1)
    assert caught.value.nodes == (1, 3, 2, 1)
