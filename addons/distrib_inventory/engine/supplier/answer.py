"""What a supplier answers to an order, in one form for JSON, UBL and what is entered by hand."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

ACCEPTED, CHANGED, REJECTED, ACKNOWLEDGED = "accepted", "changed", "rejected", "acknowledged"
STATUSES = (ACKNOWLEDGED, ACCEPTED, CHANGED, REJECTED)
MAX_LINES = 5000
MAX_DELIVERIES = 100
LARGEST = 1e9


class BadAnswer(ValueError):
    """An answer that cannot be read: ``problems`` is a list of (code, place)."""

    def __init__(self, problems: list):
        super().__init__("; ".join(f"{code} at {place}" for code, place in problems))
        self.problems = problems


@dataclass(frozen=True)
class Delivery:
    """So much on that day. ``day`` None: as ordered."""

    quantity: float
    day: date | None = None


@dataclass(frozen=True)
class LineAnswer:
    """The answer to one line. What the supplier leaves out (None, no deliveries) stays as ordered."""

    ref: str
    status: str
    quantity: float | None = None
    day: date | None = None
    price: float | None = None
    deliveries: tuple[Delivery, ...] = ()
    note: str = ""
    code: str = ""
    """The supplier's or our code of the product, where he does not name the line."""


@dataclass(frozen=True)
class Answer:
    """An answer to one version of an order. ``sequence`` counts the supplier's answers to that version."""

    order: str
    ident: str
    status: str
    version: int | None = None
    sequence: int = 0
    reference: str = ""
    note: str = ""
    lines: tuple[LineAnswer, ...] = field(default=())


def read_json(data: Any) -> Answer:
    """Read the JSON form; see docs/supplier_orders.md.

    :raise BadAnswer: with all that is wrong, not only the first

    >>> read_json({"order": "P1", "id": "a", "status": "accepted", "version": 1}).status
    'accepted'
    >>> read_json({"order": "P1", "id": "a", "status": "changed", "lines": [{"line": 1}, {"line": "2", "quantity": -3}]})
    Traceback (most recent call last):
    distrib_inventory.engine.supplier.answer.BadAnswer: bad_number at lines[1].quantity
    """
    if not isinstance(data, Mapping):
        raise BadAnswer([("not_an_object", "")])
    reader = _Reader()
    answer = Answer(
        order=reader.text(data, "order", "", required=True),
        ident=reader.text(data, "id", "", required=True),
        status=reader.choice(data, "status", ""),
        version=reader.whole(data, "version", ""),
        sequence=reader.whole(data, "sequence", "") or 0,
        reference=reader.text(data, "reference", ""),
        note=reader.text(data, "note", "", limit=2000),
        lines=tuple(_read_line(reader, *item) for item in enumerate(reader.items(data, "lines", "", MAX_LINES))),
    )
    _check_lines(reader, answer)
    if reader.problems:
        raise BadAnswer(reader.problems)
    return answer


def _check_lines(reader: "_Reader", answer: Answer):
    refs = [line.ref or f"code:{line.code}" for line in answer.lines]
    if len(set(refs)) != len(refs):
        reader.problems.append(("line_twice", "lines"))
    if answer.status == CHANGED and not answer.lines:
        reader.problems.append(("no_lines", "lines"))


def _read_line(reader: "_Reader", index: int, data: Any):
    place = f"lines[{index}]."
    if not isinstance(data, Mapping):
        reader.problems.append(("not_an_object", place[:-1]))
        return LineAnswer("", CHANGED)
    line = LineAnswer(
        ref=reader.text(data, "line", place),
        code=reader.text(data, "code", place),
        status=reader.choice(data, "status", place, CHANGED),
        quantity=reader.number(data, "quantity", place),
        day=reader.day(data, "date", place),
        price=reader.number(data, "price", place),
        note=reader.text(data, "note", place, limit=500),
        deliveries=tuple(
            _read_delivery(reader, f"{place}deliveries[{number}].", delivery)
            for number, delivery in enumerate(reader.items(data, "deliveries", place, MAX_DELIVERIES))
        ),
    )
    if not line.ref and not line.code:
        reader.problems.append(("missing", place + "line"))
    return line


def _read_delivery(reader: "_Reader", place: str, data: Any):
    if not isinstance(data, Mapping):
        reader.problems.append(("not_an_object", place[:-1]))
        return Delivery(0.0)
    quantity = reader.number(data, "quantity", place)
    if quantity is None:
        reader.problems.append(("missing", place + "quantity"))
    return Delivery(quantity or 0.0, reader.day(data, "date", place))


class _Reader:
    """Reads values and collects what is wrong with them."""

    def __init__(self):
        self.problems = []

    def text(self, data: Any, key: str, place: str, required: bool = False, limit: int = 120):
        value = data.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or value == "":
            if required:
                self.problems.append(("missing", place + key))
            return ""
        if not isinstance(value, str) or len(value) > limit or "\x00" in value:
            self.problems.append(("bad_text", place + key))
            return ""
        return value.strip()

    def choice(self, data: Any, key: str, place: str, default: str | None = None):
        value = data.get(key, default)
        if value not in STATUSES:
            self.problems.append(("bad_status", place + key))
            return CHANGED
        return value

    def whole(self, data: Any, key: str, place: str):
        value = data.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            self.problems.append(("bad_number", place + key))
            return None
        return value

    def number(self, data: Any, key: str, place: str):
        value = data.get(key)
        if value is None:
            return None
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not math.isfinite(value) or not 0 <= value <= LARGEST:
            self.problems.append(("bad_number", place + key))
            return None
        return float(value)

    def day(self, data: Any, key: str, place: str):
        value = data.get(key)
        if value is None:
            return None
        found = parse_day(value)
        if found is None:
            self.problems.append(("bad_date", place + key))
        return found

    def items(self, data: Any, key: str, place: str, limit: int):
        value = data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problems.append(("not_a_list", place + key))
            return []
        if len(value) > limit:
            self.problems.append(("too_many", place + key))
            return []
        return value


def parse_day(text: str) -> date | None:
    """An ISO day of this century, or None.

    >>> parse_day("2026-02-28"), parse_day("2026-02-30"), parse_day("20260228")
    (datetime.date(2026, 2, 28), None, None)
    """
    if not isinstance(text, str) or not re.fullmatch(r"20\d\d-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
