"""What passes between models and connectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Account:
    """One shop on a platform. What is secret is not part of its text."""

    url: str = ""
    key: str = ""
    shop: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    push_token: str = field(
        default="", repr=False
    )  # what proves the platform's calls, where it has a secret of its own
    push_key: str = field(default="", repr=False)  # with what the platform's calls are encrypted
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Token:
    """A renewed access token; ``expires_at`` in UTC with zone, ``refresh_token`` empty when it stays the same."""

    access: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Raw:
    """One object as the platform gave it: ``body`` is its JSON text, ``version`` grows with each change."""

    external_id: str
    version: str
    body: str
    kind: str = "order"  # or "refund"


@dataclass(frozen=True)
class Push:
    """A call of a platform to us, before anyone has looked into it."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """What a push is about. ``payload`` is the order itself (JSON text) when it came along, else it is fetched."""

    external_id: str
    version: str = ""
    payload: str = ""
    kind: str = "order"


@dataclass(frozen=True)
class Answer:
    """What a platform that called us wants to hear."""

    status: int = 200
    body: str = "success"
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class ShippedLine:
    """A line of the platform's order in a parcel."""

    line_id: str
    quantity: float
    sku: str = ""


@dataclass(frozen=True)
class Parcel:
    """A parcel to be confirmed; ``carrier`` is the platform's code of the carrier."""

    tracking: str
    carrier: str
    lines: tuple[ShippedLine, ...] = ()
    carrier_name: str = ""


@dataclass(frozen=True)
class Shipment:
    """All parcels of an order that the platform should know. ``complete``: nothing else will follow.

    ``key`` names this confirmation: sent twice it must have one effect. ``order`` is the order as last received.
    """

    external_id: str
    key: str
    parcels: tuple[Parcel, ...]
    complete: bool = True
    order: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StockLevel:
    """What a platform may sell of an article: whole units, never below zero."""

    platform_sku: str
    quantity: int
    platform_item: str = ""
    sku: str = ""


@dataclass(frozen=True)
class StockResult:
    """What became of a :class:`StockLevel`: ``error`` is empty when the platform took it."""

    platform_sku: str
    error: str = ""
