"""The state of a parcel depends on the set of its events alone."""

import doctest
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from distrib_logistics.engine import tracking
from distrib_logistics.engine.tracking import Event, dedupe_key, follow, parse_time
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2025, 1, 1)
event_sets = st.lists(
    st.builds(
        Event,
        at=st.integers(0, 6).map(lambda hours: START + timedelta(hours=hours)),
        status=st.sampled_from(tracking.STATUSES),
        key=st.integers(0, 30).map(str),
        reason=st.sampled_from(tracking.REASONS),
        correction=st.integers(0, 9).map(lambda draw: draw == 0),
    ),
    max_size=12,
)


def at(hour: int, status: str, **extra) -> Event:
    return Event(START + timedelta(hours=hour), status, key=f"{hour}-{status}", **extra)


def test_doctests():
    assert doctest.testmod(tracking).failed == 0


@given(event_sets, st.randoms(use_true_random=False))
def test_order_of_arrival_and_duplicates_never_matter(events, random):
    shuffled = events + random.choices(events, k=len(events)) if events else []
    random.shuffle(shuffled)
    assert follow(shuffled) == follow(events)


@given(event_sets)
def test_delivered_is_left_only_for_a_return_or_by_a_correction(events):
    plain = [replace(event, correction=False, key=str(index)) for index, event in enumerate(events)]
    track = follow(plain)
    if any(event.status == "delivered" for event in plain):
        assert track.status in tracking.TERMINAL | {"returning"}


@given(event_sets)
def test_information_changes_no_status(events):
    later = START + timedelta(days=9)
    before, after = follow(events), follow([*events, Event(later, "unknown", "info")])
    if events:
        assert (after.status, after.reason, after.delivered_at) == (before.status, before.reason, before.delivered_at)
    assert after.last_event_at == later


@given(event_sets)
def test_a_correction_at_the_end_decides(events):
    decided = Event(START + timedelta(days=9), "in_transit", "desk", correction=True)
    track = follow([*events, decided])
    assert (track.status, track.delivered_at) == ("in_transit", None)


def test_late_transit_message_with_an_earlier_time_changes_nothing():
    assert follow([at(5, "delivered"), at(2, "in_transit"), at(1, "picked_up")]).status == "delivered"


def test_same_second_is_ordered_by_the_stage_of_life():
    assert follow([at(1, "delivered"), at(1, "out_for_delivery")]).status == "delivered"


def test_failed_attempt_then_delivery_clears_the_reason():
    failed = at(3, "delivery_failed", reason="consignee_absent")
    assert follow([failed]).reason == "consignee_absent"
    assert follow([failed, at(4, "delivered")]) == tracking.Track(
        "delivered", "none", failed.at, START + timedelta(hours=4), START + timedelta(hours=4)
    )


def test_arriving_on_the_way_back_is_returned():
    events = [at(1, "picked_up"), at(2, "returning"), at(3, "in_transit"), at(4, "delivered")]
    assert follow(events).status == "returned"
    assert follow(events[:3]).status == "returning"


def test_no_event_is_the_initial_status_and_only_unknown_codes_are_unknown():
    assert follow([]).status == "pre_transit"
    assert follow([at(1, "unknown")]).status == "unknown"


def test_a_status_outside_the_list_is_refused():
    with pytest.raises(ValueError, match="not a tracking status"):
        follow([at(1, "lost")])


@given(st.text(max_size=20), st.text(max_size=20))
def test_key_keeps_parts_apart(left, right):
    moved = dedupe_key("sf", "1", "50", START, left + right, "")
    split = dedupe_key("sf", "1", "50", START, left, right)
    if tracking.normalise(right):
        assert moved != split


def test_provider_id_decides_over_the_text():
    first = dedupe_key("sf", "1", "50", START, "a", event_id="9")
    assert first == dedupe_key("sf", "1", "80", START, "b", event_id="9")


@pytest.mark.parametrize("value", ["", None, "yesterday", "2025-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_not_a_time_is_refused(value):
    with pytest.raises(ValueError):
        parse_time(value)


def test_unknown_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        parse_time("2025-01-01", "Mars/Olympus")
