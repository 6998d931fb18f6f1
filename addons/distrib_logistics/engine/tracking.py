"""The state of a parcel, read from the set of its tracking events.

Two axes: *status* says where the parcel is in its life, *reason* says what went wrong on the way (if anything).
The status is always recomputed from all events sorted by their time, never taken from the message that came last:
carriers repeat messages, send them late and out of order. So for any list of events and any permutation of it, with
any events repeated, :func:`follow` gives the same answer.

Pure: no clock, no I/O. Times are ``datetime`` in UTC without zone, as PostgreSQL and Odoo store them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# In the order of a parcel's life: the order also ranks events that carry the same second.
STATUSES = (
    "unknown",
    "pre_transit",
    "picked_up",
    "in_transit",
    "customs",
    "delayed",
    "expired",
    "exception",
    "out_for_delivery",
    "delivery_failed",
    "ready_for_pickup",
    "delivered",
    "returning",
    "returned",
    "cancelled",
)
REASONS = (
    "none",
    "carrier_damaged",
    "carrier_lost",
    "carrier_delay",
    "carrier_misrouted",
    "consignee_absent",
    "consignee_refused",
    "consignee_unreachable",
    "consignee_not_collected",
    "address_wrong",
    "address_out_of_area",
    "customs_held",
    "weather",
    "other",
)
TERMINAL = frozenset({"delivered", "returned", "cancelled"})
INCIDENT = frozenset({"delivery_failed", "delayed", "exception", "expired", "returning", "returned"})
DEFAULT_ZONE = "Asia/Shanghai"

_RANK = {status: rank for rank, status in enumerate(STATUSES)}
_AFTER_DELIVERY = frozenset({"returning", "returned"})
# The parcel has begun to move: the first such event is when it was shipped.
_MOVING = frozenset(STATUSES[2:]) - {"cancelled", "expired"}


@dataclass(frozen=True, slots=True)
class Event:
    """One tracking event. ``at`` is UTC without zone; ``key`` identifies it (see :func:`dedupe_key`).

    ``correction`` marks a decision of a person: it sets the status whatever stood before.
    """

    at: datetime
    status: str
    key: str
    reason: str = "none"
    correction: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """What a set of events says of a parcel. Times are UTC without zone or None."""

    status: str
    reason: str = "none"
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    last_event_at: datetime | None = None


def follow(events: Iterable[Event], initial: str = "pre_transit") -> Track:
    """Fold the sorted set of events into one track.

    :param events: any order, with any repetition (by key)
    :param initial: status of a parcel without events
    :raises ValueError: a status that is not in STATUSES

    >>> t = [datetime(2025, 1, day) for day in range(1, 5)]
    >>> follow([Event(t[2], "delivered", "c"), Event(t[0], "picked_up", "a"), Event(t[1], "in_transit", "b")]).status
    'delivered'
    >>> follow([Event(t[0], "delivered", "a"), Event(t[1], "in_transit", "late")]).status
    'delivered'
    >>> follow([Event(t[0], "delivered", "a"), Event(t[1], "returning", "b")]).status
    'returning'
    """
    ordered = sorted({event.key: event for event in sorted(events, key=_full_order)}.values(), key=_full_order)
    if not ordered:
        return Track(initial)
    status, reason, delivered_at = "unknown", "none", None
    for event in ordered:
        following = _next_status(status, event)
        if following is None:
            continue
        if following == "delivered" and status != "delivered":
            delivered_at = event.at
        elif following not in TERMINAL and following not in _AFTER_DELIVERY:
            delivered_at = None
        status, reason = following, event.reason
    moving = (event.at for event in ordered if event.status in _MOVING)
    return Track(status, reason, min(moving, default=None), delivered_at, ordered[-1].at)


def _full_order(event: Event):
    """Time first; within one second the later stage of life last; the rest makes the order total."""
    return event.at, event.correction, _rank(event.status), event.key, event.reason


def _rank(status: str) -> int:
    if status not in _RANK:
        raise ValueError(f"not a tracking status: {status!r}")
    return _RANK[status]


def _next_status(status: str, event: Event) -> str | None:
    """Status after ``event``, or None when it only informs."""
    if event.correction:
        return event.status
    if event.status == "unknown":
        return None
    if status == "delivered":
        return event.status if event.status in _AFTER_DELIVERY else None
    if status in TERMINAL:
        return None
    if status == "returning":
        return _next_on_return(event.status)
    return event.status


def _next_on_return(status: str) -> str | None:
    """On the way back arriving means returned; whatever happens between is still the way back."""
    return "returned" if status in ("delivered", "returned") else None


def dedupe_key(
    provider: str,
    number: str,
    raw_code: str,
    at: datetime,
    text: str = "",
    location: str = "",
    event_id: str = "",
) -> str:
    """Identity of an event: the provider's own id when it has one, otherwise a hash of what it says.

    :param at: UTC without zone; sub-seconds are not part of an event's identity
    :returns: 64 hex digits

    >>> at = datetime(2025, 1, 1, 8)
    >>> dedupe_key("sf", "SF1", "50", at, "Picked  up ") == dedupe_key("SF", "sf1", "50", at, "picked up")
    True
    >>> dedupe_key("sf", "SF1", "50", at) == dedupe_key("sf", "SF1", "80", at)
    False
    """
    if event_id:
        parts = ("id", normalise(provider), normalise(number), str(event_id).strip())
    else:
        moment = at.replace(microsecond=0).isoformat()
        parts = ("hash", *(normalise(part) for part in (provider, number, raw_code)), moment)
        parts += (normalise(text), normalise(location))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def normalise(text: str) -> str:
    """Same text despite width, case and blanks: what carriers vary between two copies of one event.

    >>> normalise("  已签收，Signed  BY　Ａ ")
    '已签收,signed by a'
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", str(text or ""))).strip().casefold()


def parse_time(value: str | datetime, zone: str = DEFAULT_ZONE) -> datetime:
    """UTC time (without zone) of an ISO text; a time without zone is taken in ``zone``.

    :raises ValueError: not a time, or no such zone

    >>> parse_time("2025-03-01 08:30:00")
    datetime.datetime(2025, 3, 1, 0, 30)
    >>> parse_time("2025-03-01T08:30:00+01:00")
    datetime.datetime(2025, 3, 1, 7, 30)
    """
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value or "").strip())
    if moment.tzinfo is None:
        try:
            moment = moment.replace(tzinfo=ZoneInfo(zone or DEFAULT_ZONE))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone: {zone!r}") from error
    try:
        return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    except OverflowError as error:
        raise ValueError(f"time out of range: {value!r}") from error
