"""The board's arithmetic and its search, on random input."""

import numpy as np
from distrib_inventory.engine import board
from distrib_inventory.engine.board_search import WIDE, Index, Names
from hypothesis import given
from hypothesis import strategies as st

ROWS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 511), st.integers(-50, 50)),
    max_size=40,
)


def sums_of(pairs):
    """(id, status, cover, states, value) for each pair, summed by id and bucket."""
    found = {}
    for key, status, cover, states, value in pairs:
        place = (key, status | cover << 3 | states << 6)
        count, total = found.get(place, (0, 0.0))
        found[place] = (count + 1, total + value)
    return board.Sums.from_rows([(*place, *parts) for place, parts in found.items()], 1)


@given(ROWS, st.sets(st.integers(0, 6)), st.sets(st.integers(0, 6)), st.integers(0, 511))
def test_sums_by_bucket_answer_every_filter(pairs, statuses, covers, states):
    wanted = board.Filter(frozenset(statuses), frozenset(covers), states)
    passing = [
        pair
        for pair in pairs
        if (not statuses or pair[1] in statuses)
        and (not covers or pair[2] in covers)
        and (not states or pair[3] & states)
    ]
    parts = sums_of(pairs).by_id(wanted)
    assert set(parts) == {pair[0] for pair in passing}
    for key, part in parts.items():
        assert part.values[0] == sum(pair[4] for pair in passing if pair[0] == key)
        assert part.counts.sum() == sum(1 for pair in passing if pair[0] == key)


@given(ROWS, ROWS)
def test_applying_what_changed_is_summing_anew(before, after):
    old, new = sums_of(before), sums_of(after)
    stale = {*zip(old.ids.tolist(), old.buckets.tolist(), strict=True)}
    fresh = {*zip(new.ids.tolist(), new.buckets.tolist(), strict=True)}
    rows = [(*place, 0, 0.0) for place in stale - fresh]
    rows += list(zip(new.ids, new.buckets, new.pairs, new.values[:, 0], strict=True))
    found = old.apply(board.Sums.from_rows(rows, 1))
    assert_same(found, new)


@given(ROWS, ROWS, st.sets(st.integers(0, 6)))
def test_totals_and_changes_add_up(before, after, statuses):
    wanted = board.Filter(frozenset(statuses))
    old, new = sums_of(before), sums_of(after)
    rows = [
        (key, bucket, sign * pairs, sign * value)
        for sign, sums in ((-1, old), (1, new))
        for key, bucket, pairs, value in zip(sums.ids, sums.buckets, sums.pairs, sums.values[:, 0], strict=True)
    ]
    changes = board.Sums.from_rows(rows, 1).changes(wanted)
    found = old.totals(wanted).plus(changes).settled().parts()
    expected = new.by_id(wanted)
    assert set(found) == set(expected)
    for key, part in found.items():
        assert np.array_equal(part.values, expected[key].values)
        assert np.array_equal(part.counts, expected[key].counts)


def assert_same(one, other):
    expected, found = (sums.by_id(board.Filter()) for sums in (other, one))
    assert set(found) == set(expected)
    for key, part in found.items():
        assert np.array_equal(part.values, expected[key].values)
        assert np.array_equal(part.counts, expected[key].counts)


@given(st.dictionaries(st.integers(1, 30), st.integers(-9, 9), max_size=20))
def test_a_node_holds_what_lies_below_it(values):
    parents = {node: node // 2 or None for node in range(1, 31)}
    own = {node: board.Part(np.array([float(v)]), np.zeros(7, dtype=np.int64)) for node, v in values.items()}
    found = board.climb(own, parents)
    if values:
        assert found[1].values[0] == sum(values.values())
    for node in own:
        below = [n for n in (2 * node, 2 * node + 1) if n in found]
        assert found[node].values[0] == values[node] + sum(found[n].values[0] for n in below)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=20), st.text(min_size=1, max_size=3))
def test_what_holds_the_word_is_found(texts, word):
    clean = " ".join(word.split()).replace("\x1f", " ").strip().lower()
    names = Names(enumerate([text] for text in texts))
    if clean and clean.isalnum():
        assert names.inside(word) == {i for i, text in enumerate(texts) if clean in " ".join(text.split()).lower()}


def index_of(products):
    return Index(Names([]), Names([(1, ["Wuhan", "W1"])]), Names([]), Names(products), Names([]))


def test_the_beginning_of_every_code_narrows_nothing():
    index = index_of([(n, [f"SKU{n:05d}"]) for n in range(WIDE + 1)])
    assert index.understand("sku").words == (("sku", "wide"),)
    assert index.understand("sku").products is None
    assert index.understand("W1 sku00007").products == frozenset([7])


def test_two_codes_mean_either():
    assert index_of([(1, ["A1"]), (2, ["A2"])]).understand("a1 a2").products == frozenset([1, 2])
