"""Which orders a person should look at before they are routed: rules, evaluated over a batch without a database."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

KINDS = ("amount", "blacklist", "address", "floor", "list_price", "duplicate", "remark", "words", "test")
TEST_WORDS = ("测试", "test order", "testing")
TOLERANCE = 0.005


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of one of :data:`KINDS`. ``amount`` in the currency, ``percent`` of the list price, ``hours`` back.

    ``words`` are what a remark is searched for, or the entries of a blacklist: telephone numbers, names, parts of
    addresses, privacy ids.
    """

    id: int
    kind: str
    amount: float = 0.0
    percent: float = 0.0
    hours: float = 0.0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A line: what the shop earns for a unit, with the list's and the lowest allowed price, None when unknown."""

    product: int
    quantity: float
    unit: float | None
    list_unit: float | None = None
    floor: float | None = None
    gift: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another order of the same buyer: its name, when it was ordered, product -> quantity."""

    name: str
    ordered_at: datetime
    items: dict[int, float]


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at. ``placed``: the address was found on the map, or is none of our concern."""

    items: tuple[Item, ...] = ()
    total: float = 0.0
    name: str = ""
    phone: str = ""
    address: str = ""
    privacy_id: str = ""
    placed: bool = True
    note: str = ""
    seller_note: str = ""
    ordered_at: datetime | None = None
    earlier: Sequence[Earlier] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """Why a rule wants an order held; ``values`` are what a sentence about it needs."""

    rule: int
    kind: str
    values: dict[str, Any] = field(default_factory=dict)


def check(rules: Iterable[Rule], facts: Facts) -> list[Hit]:
    """The rules that hold an order, in their sequence.

    >>> facts = Facts((Item(7, 2, 5.0, floor=6.0, label="Tea"),), total=10.0, note="Please ring")
    >>> [hit.kind for hit in check([Rule(1, "amount", amount=9), Rule(2, "floor"), Rule(3, "remark")], facts)]
    ['amount', 'floor', 'remark']
    >>> check([Rule(1, "words", words=("invoice",))], facts)
    []
    """
    found = []
    for rule in rules:
        values = _CHECKS[rule.kind](rule, facts)
        if values is not None:
            found.append(Hit(rule.id, rule.kind, values))
    return found


def entries(text: str) -> tuple[str, ...]:
    """The entries of a list as people write it: lines, commas and semicolons of both scripts part them.

    >>> entries("13800001111, Bad Buyer；某小区\\n\\n")
    ('13800001111', 'Bad Buyer', '某小区')
    """
    return tuple(part.strip() for part in re.split(r"[\n,;，；、]", text or "") if part.strip())


def _amount(rule: Rule, facts: Facts) -> dict | None:
    return {"value": facts.total, "limit": rule.amount} if facts.total > rule.amount else None


def _blacklist(rule: Rule, facts: Facts) -> dict | None:
    phone = re.sub(r"\D", "", facts.phone)
    text = f"{facts.name}\n{facts.address}".casefold()
    for entry in rule.words:
        digits = re.sub(r"[\s+()-]", "", entry)
        if digits.isdigit() and len(digits) >= 5:
            # The country's prefix is written or not.
            if phone and "*" not in facts.phone and (phone.endswith(digits) or digits.endswith(phone)):
                return {"value": entry}
        elif entry.casefold() in text or entry == facts.privacy_id:
            return {"value": entry}
    return None


def _address(_rule: Rule, facts: Facts) -> dict | None:
    return None if facts.placed else {"value": facts.address}


def _floor(_rule: Rule, facts: Facts) -> dict | None:
    for item in facts.items:
        if not item.gift and item.unit is not None and item.floor is not None and item.unit < item.floor - TOLERANCE:
            return {"product": item.label, "value": item.unit, "limit": item.floor}
    return None


def _list_price(rule: Rule, facts: Facts) -> dict | None:
    for item in facts.items:
        if item.gift or item.unit is None or not item.list_unit:
            continue
        if abs(item.unit - item.list_unit) > item.list_unit * rule.percent / 100 + TOLERANCE:
            return {"product": item.label, "value": item.unit, "limit": item.list_unit}
    return None


def _duplicate(rule: Rule, facts: Facts) -> dict | None:
    mine: dict[int, float] = {}
    for item in facts.items:
        mine[item.product] = mine.get(item.product, 0.0) + item.quantity
    if not mine or facts.ordered_at is None:
        return None
    for other in facts.earlier:
        if abs(facts.ordered_at - other.ordered_at) <= timedelta(hours=rule.hours) and other.items == mine:
            return {"value": other.name}
    return None


def _remark(_rule: Rule, facts: Facts) -> dict | None:
    text = facts.note or facts.seller_note
    return {"value": text[:200]} if text else None


def _words(rule: Rule, facts: Facts) -> dict | None:
    text = f"{facts.note}\n{facts.seller_note}".casefold()
    return next(({"value": word} for word in rule.words if word.casefold() in text), None)


def _test(rule: Rule, facts: Facts) -> dict | None:
    text = f"{facts.name}\n{facts.note}\n{facts.seller_note}".casefold()
    for word in rule.words or TEST_WORDS:
        if word.casefold() in text:
            return {"value": word}
    priced = [item for item in facts.items if item.unit is not None and not item.gift]
    return {"value": facts.total} if priced and facts.total <= rule.amount else None


_CHECKS = {
    "amount": _amount,
    "blacklist": _blacklist,
    "address": _address,
    "floor": _floor,
    "list_price": _list_price,
    "duplicate": _duplicate,
    "remark": _remark,
    "words": _words,
    "test": _test,
}
