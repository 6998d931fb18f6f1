"""From an order as a caller sends it to a checked, typed one.

Nothing is guessed: what cannot be read becomes a :class:`Problem`, a code with the field it concerns and the values
that a sentence about it needs. All problems of an order are reported at once.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

ADDRESS_FIELDS = ("name", "phone", "email", "province", "city", "district", "town", "street", "zip", "country")
STATUSES = ("unpaid", "open", "part_shipped", "shipped", "done", "cancelled")
HOLDS = ("", "risk", "group_forming", "presale", "address_review", "locked", "platform")
PRESALES = ("", "deposit", "final_unpaid", "final_paid")
REFUNDS = ("", "requested", "agreed", "done")
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
    """One ordered article: quantity in the article's sales unit, price in the order's currency or None.

    ``paid`` is what the buyer pays for the whole line (None: unknown), ``discount`` of the shop and
    ``platform_discount`` of the platform are amounts on the whole line. ``refund`` is one of :data:`REFUNDS`, for
    ``refund_quantity`` of it. Lines with the same ``ship_with`` go together; ``bundle`` names the set sold as one.
    """

    sku: str
    quantity: float
    price_unit: float | None = None
    line_id: str = ""
    platform_sku: str = ""
    platform_item: str = ""
    title: str = ""
    paid: float | None = None
    discount: float = 0.0
    platform_discount: float = 0.0
    gift: bool = False
    bundle: str = ""
    ship_with: str = ""
    refund: str = ""
    refund_quantity: float | None = None
    store_code: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A checked order. Dates are UTC without zone; ``address`` has the keys of ``ADDRESS_FIELDS`` that were given.

    ``status`` is one of :data:`STATUSES`, ``platform_hold`` and ``presale`` of :data:`HOLDS` and :data:`PRESALES` or empty.
    Money that belongs to no line: ``freight``, ``discount`` of the shop, ``platform_discount``; ``paid`` by the buyer in all.
    ``masked``: name, telephone and street are hidden, ``privacy_id`` stands for them.
    """

    external_id: str
    lines: tuple[Line, ...]
    address: Mapping[str, str]
    dealer_code: str = ""
    ordered_at: datetime | None = None
    promised_at: datetime | None = None
    currency: str = ""
    note: str = ""
    status: str = "open"
    outside_status: str = ""
    platform_hold: str = ""
    presale: str = ""
    ship_from: datetime | None = None
    paid_at: datetime | None = None
    ship_by: datetime | None = None
    merge_key: str = ""
    seller_note: str = ""
    masked: bool = False
    privacy_id: str = ""
    paid: float | None = None
    freight: float = 0.0
    discount: float = 0.0
    platform_discount: float = 0.0


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
    >>> order.lines[0].sku, order.lines[0].quantity, order.lines[0].price_unit, problems
    ('S', 2.0, None, ())
    >>> [(p.code, p.field) for p in read_order({"external_id": "A", "lines": [{"sku": "S", "quantity": 0}]})[1]]
    [('not_positive', 'lines[0].quantity')]
    """
    if not isinstance(payload, Mapping):
        return None, (Problem("not_an_order", ""),)
    problems: list[Problem] = []
    external_id = _text(payload.get("external_id"))
    if not external_id:
        problems.append(Problem("missing", "external_id"))
    partner = payload.get("partner")
    known = partner if isinstance(partner, Mapping) else {}
    presale = payload.get("presale")
    step = presale if isinstance(presale, Mapping) else {}
    order = Incoming(
        external_id=external_id,
        lines=_lines(payload.get("lines"), problems),
        address=_address(partner, problems),
        dealer_code=_text(payload.get("dealer_code")),
        ordered_at=_moment(payload, "ordered_at", problems),
        promised_at=_moment(payload, "promised_at", problems),
        currency=_text(payload.get("currency")).upper(),
        note=_text(payload.get("note"))[:TEXT_LIMIT],
        status=_choice(payload, "status", STATUSES, problems) or "open",
        outside_status=_text(payload.get("outside_status"))[:80],
        platform_hold=_choice(payload, "platform_hold", HOLDS, problems),
        presale=_choice(step, "step", PRESALES, problems, "presale."),
        ship_from=_moment(step, "ship_from", problems, "presale."),
        paid_at=_moment(payload, "paid_at", problems),
        ship_by=_moment(payload, "ship_by", problems),
        merge_key=_text(payload.get("merge_key"))[:200],
        seller_note=_text(payload.get("seller_note"))[:TEXT_LIMIT],
        masked=bool(known.get("masked")),
        privacy_id=_text(known.get("privacy_id"))[:500],
        paid=_amount(payload, "paid", problems),
        freight=_amount(payload, "freight", problems) or 0.0,
        discount=_amount(payload, "discount", problems) or 0.0,
        platform_discount=_amount(payload, "platform_discount", problems) or 0.0,
    )
    return (None if problems else order), tuple(problems)


def refunded(order: Incoming, refunds: Sequence[tuple[str, str, float | None]]) -> Incoming:
    """The order with refunds that were told apart from it: (line id or empty for all lines, status, quantity or None).

    Several refunds of one line add up. What the order says of itself counts when it is more.

    >>> order = Incoming("A", (Line("S", 3, line_id="1", refund="agreed", refund_quantity=1), Line("T", 1)), {})
    >>> order = refunded(order, [("1", "done", 1), ("1", "agreed", 1), ("9", "requested", None)])
    >>> [(line.refund, line.refund_quantity) for line in order.lines]
    [('agreed', 2.0), ('', None)]
    """
    lines = []
    for line in order.lines:
        mine = [(status, left) for line_id, status, left in refunds if status and line_id in ("", line.line_id)]
        agreed = [(status, left) for status, left in mine if status != "requested"]
        if agreed:
            total = sum(float(left) if left else line.quantity for _status, left in agreed)
            if line.refund in REFUNDS[2:]:
                total = max(total, line.quantity if line.refund_quantity is None else line.refund_quantity)
            line = replace(line, refund=agreed[-1][0], refund_quantity=min(total, line.quantity))
        elif mine and not line.refund:
            line = replace(line, refund="requested", refund_quantity=mine[-1][1])
        lines.append(line)
    return replace(order, lines=tuple(lines))


def buyer_key(address: Mapping[str, str], privacy_id: str = "") -> str:
    """What tells one buyer from another within a channel: the telephone number's digits, else the e-mail address.

    Of a hidden receiver, it is what the platform calls him: otherwise each version of his order would have a new one.

    >>> buyer_key({"phone": "+86 138-0000 1111"}), buyer_key({"phone": "13800001111"})
    ('p13800001111', 'p13800001111')
    >>> buyer_key({"email": " A@B.cn "}), buyer_key({"phone": "138****1111"})
    ('ea@b.cn', '')
    >>> buyer_key({"phone": "138****1111"}, "oaid-1"), buyer_key({"phone": "13800001111"}, "oaid-1")
    ('ooaid-1', 'p13800001111')
    """
    phone = address.get("phone", "")
    digits = re.sub(r"\D", "", phone)
    if len(digits) >= 5 and "*" not in phone:
        return "p" + (digits[2:] if len(digits) == 13 and digits.startswith("86") else digits)
    email = address.get("email", "").strip().lower()
    if "@" in email and "*" not in email:
        return "e" + email
    return "o" + privacy_id if privacy_id else ""


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
        lines.append(_line(row, place, problems))
    return tuple(lines)


def _line(row: Mapping[str, Any], place: str, problems: list[Problem]) -> Line:
    sku, platform_sku = _text(row.get("sku")), _text(row.get("platform_sku"))
    # A shop that entered no code of ours is matched by the platform's number, or by hand.
    if not sku and not platform_sku and not _text(row.get("platform_item")):
        problems.append(Problem("missing", f"{place}.sku"))
    quantity = _number(row.get("quantity"), f"{place}.quantity", problems)
    if quantity is not None and quantity <= 0:
        problems.append(Problem("not_positive", f"{place}.quantity", {"value": quantity}))
    return Line(
        sku,
        quantity or 0.0,
        _amount(row, "price_unit", problems, f"{place}."),
        line_id=_text(row.get("line_id")),
        platform_sku=platform_sku,
        platform_item=_text(row.get("platform_item")),
        title=_text(row.get("title"))[:TEXT_LIMIT],
        paid=_amount(row, "paid", problems, f"{place}."),
        discount=_amount(row, "discount", problems, f"{place}.") or 0.0,
        platform_discount=_amount(row, "platform_discount", problems, f"{place}.") or 0.0,
        gift=bool(row.get("gift")),
        bundle=_text(row.get("bundle")),
        ship_with=_text(row.get("ship_with")),
        refund=_choice(row, "refund", REFUNDS, problems, f"{place}."),
        refund_quantity=_amount(row, "refund_quantity", problems, f"{place}."),
        store_code=_text(row.get("store_code")),
    )


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


def _amount(row: Mapping[str, Any], key: str, problems: list[Problem], above: str = "") -> float | None:
    """A number of zero or more; None where nothing is said."""
    if _blank(row.get(key)):
        return None
    amount = _number(row[key], above + key, problems)
    if amount is not None and amount < 0:
        problems.append(Problem("negative", above + key, {"value": amount}))
    return amount


def _choice(row: Mapping[str, Any], key: str, known: tuple[str, ...], problems: list[Problem], above: str = "") -> str:
    text = _text(row.get(key))
    if text and text not in known:
        problems.append(
            Problem("not_a_choice", above + key, {"value": text[:80], "known": ", ".join(filter(None, known))})
        )
        return ""
    return text


def _moment(payload: Mapping[str, Any], key: str, problems: list[Problem], above: str = "") -> datetime | None:
    """An ISO 8601 time; one without a zone is UTC, as everywhere in Odoo's interface."""
    text = _text(payload.get(key))
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        problems.append(Problem("not_a_time", above + key, {"value": text[:80]}))
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
