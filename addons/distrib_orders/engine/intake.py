"""From an order as a caller sends it to a checked, typed one.

Nothing is guessed: what cannot be read becomes a :class:`Problem`, a code with the field it concerns and the values
that a sentence about it needs. All problems of an order are reported at once.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ADDRESS_FIELDS = ("name", "phone", "email", "province", "city", "district", "street", "zip")
TEXT_LIMIT = 2_000
UNSTAMPED = "#"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something of an order could not be used; ``field`` is a path such as ``lines[2].quantity``."""

    code: str
    field: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The problem as plain JSON data."""
        return {"code": self.code, "field": self.field, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class Line:
    """One ordered article: quantity in the article's sales unit, price in the order's currency or None."""

    sku: str
    quantity: float
    price_unit: float | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A checked order. Dates are UTC without zone; ``address`` has the keys of ``ADDRESS_FIELDS`` that were given."""

    external_id: str
    lines: tuple[Line, ...]
    address: Mapping[str, str]
    dealer_code: str = ""
    ordered_at: datetime | None = None
    promised_at: datetime | None = None
    currency: str = ""
    note: str = ""


def identity(payload: Any) -> tuple[str, str, str, str]:
    """(external id, version, body, hash of the body) under which a payload is stored, whatever it holds.

    The body is the payload as JSON text. A payload that names no version is its own version: ``#`` and the hash.

    >>> identity({"external_id": " A-1 ", "version": 7})[:3]
    ('A-1', '7', '{"external_id": " A-1 ", "version": 7}')
    >>> identity(["no order"])[0], identity(["no order"])[1][:5]
    ('', '#9170')
    """
    body = json.dumps(payload, ensure_ascii=False, default=str)
    digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    known = payload if isinstance(payload, Mapping) else {}
    version = _text(known.get("version"))
    return _text(known.get("external_id")), version or UNSTAMPED + digest[:16], body, digest


def is_older(version: str, other: str) -> bool | None:
    """Whether ``version`` comes before ``other``; None when only the order of arrival can tell.

    Numbers compare as numbers, everything else as text, so time stamps must be of one ISO form.

    >>> is_older("9", "10"), is_older("2026-01-02 08:00:00", "2026-01-01 09:00:00"), is_older("7", "7")
    (True, False, False)
    >>> is_older("#a1", "7")
    """
    if version.startswith(UNSTAMPED) or other.startswith(UNSTAMPED):
        return None
    if version.isdecimal() and other.isdecimal():
        return int(version) < int(other)
    return version < other


def read_order(payload: Any) -> tuple[Incoming | None, tuple[Problem, ...]]:
    """The order in a payload, or None and every reason why there is none.

    >>> order, problems = read_order({"external_id": "A", "lines": [{"sku": "S", "quantity": "2"}]})
    >>> order.lines, problems
    ((Line(sku='S', quantity=2.0, price_unit=None),), ())
    >>> [(p.code, p.field) for p in read_order({"external_id": "A", "lines": [{"sku": "S", "quantity": 0}]})[1]]
    [('not_positive', 'lines[0].quantity')]
    """
    if not isinstance(payload, Mapping):
        return None, (Problem("not_an_order", ""),)
    problems: list[Problem] = []
    external_id = _text(payload.get("external_id"))
    if not external_id:
        problems.append(Problem("missing", "external_id"))
    order = Incoming(
        external_id=external_id,
        lines=_lines(payload.get("lines"), problems),
        address=_address(payload.get("partner"), problems),
        dealer_code=_text(payload.get("dealer_code")),
        ordered_at=_moment(payload, "ordered_at", problems),
        promised_at=_moment(payload, "promised_at", problems),
        currency=_text(payload.get("currency")).upper(),
        note=_text(payload.get("note"))[:TEXT_LIMIT],
    )
    return (None if problems else order), tuple(problems)


def buyer_key(address: Mapping[str, str]) -> str:
    """What tells one buyer from another within a channel: the telephone number's digits, else the e-mail address.

    >>> buyer_key({"phone": "+86 138-0000 1111"}), buyer_key({"phone": "13800001111"})
    ('p13800001111', 'p13800001111')
    >>> buyer_key({"email": " A@B.cn "}), buyer_key({"phone": "138****1111"})
    ('ea@b.cn', '')
    """
    phone = address.get("phone", "")
    digits = re.sub(r"\D", "", phone)
    if len(digits) >= 5 and "*" not in phone:
        return "p" + (digits[2:] if len(digits) == 13 and digits.startswith("86") else digits)
    email = address.get("email", "").strip().lower()
    return "e" + email if "@" in email and "*" not in email else ""


def _lines(rows: Any, problems: list[Problem]) -> tuple[Line, ...]:
    if not isinstance(rows, list | tuple) or not rows:
        problems.append(Problem("missing", "lines"))
        return ()
    lines = []
    for index, row in enumerate(rows):
        place = f"lines[{index}]"
        if not isinstance(row, Mapping):
            problems.append(Problem("not_a_line", place))
            continue
        sku = _text(row.get("sku"))
        if not sku:
            problems.append(Problem("missing", f"{place}.sku"))
        quantity = _number(row.get("quantity"), f"{place}.quantity", problems)
        if quantity is not None and quantity <= 0:
            problems.append(Problem("not_positive", f"{place}.quantity", {"value": quantity}))
        price = None
        if not _blank(row.get("price_unit")):
            price = _number(row["price_unit"], f"{place}.price_unit", problems)
            if price is not None and price < 0:
                problems.append(Problem("negative", f"{place}.price_unit", {"value": price}))
        lines.append(Line(sku, quantity or 0.0, price))
    return tuple(lines)


def _address(partner: Any, problems: list[Problem]) -> dict[str, str]:
    if _blank(partner):
        return {}
    if not isinstance(partner, Mapping):
        problems.append(Problem("not_a_partner", "partner"))
        return {}
    return {key: text for key in ADDRESS_FIELDS if (text := _text(partner.get(key))[:TEXT_LIMIT])}


def _number(value: Any, place: str, problems: list[Problem]) -> float | None:
    if _blank(value):
        problems.append(Problem("missing", place))
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12:
        problems.append(Problem("not_a_number", place, {"value": str(value)[:80]}))
        return None
    return number


def _moment(payload: Mapping[str, Any], key: str, problems: list[Problem]) -> datetime | None:
    """An ISO 8601 time; one without a zone is UTC, as everywhere in Odoo's interface."""
    text = _text(payload.get(key))
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        problems.append(Problem("not_a_time", key, {"value": text[:80]}))
        return None
    return moment.replace(microsecond=0)


def _blank(value: Any) -> bool:
    # XML-RPC writes False for "nothing"; a plain comparison would take the number 0 for it.
    return value is None or value is False or value == ""


def _text(value: Any) -> str:
    if _blank(value) or isinstance(value, Mapping | list | tuple):
        return ""
    # NUL can be stored in no text column.
    return str(value).replace("\x00", "").strip()
