"""An answer against the order: what changes, what of it needs the buyer's word, and in which deliveries it comes."""

from dataclasses import dataclass, replace
from datetime import date

from .answer import ACCEPTED, ACKNOWLEDGED, REJECTED, Answer, BadAnswer, Delivery, LineAnswer

STEP = 1e-6


@dataclass(frozen=True)
class Ordered:
    """One line of the order as it stands: what has come, the open deliveries by day, the price of a unit."""

    ref: str
    received: float
    plan: tuple[Delivery, ...]
    day: date
    """The first open delivery, or when the goods came."""
    price: float
    codes: tuple[str, ...] = ()

    @property
    def quantity(self) -> float:
        """All of the line: open and received."""
        return self.received + sum(delivery.quantity for delivery in self.plan)


@dataclass(frozen=True)
class Tolerance:
    """Shares of the ordered value up to which a change needs no word of the buyer."""

    quantity: float = 0.0
    price: float = 0.0


@dataclass(frozen=True)
class Change:
    """What the answer makes of one line. ``deliveries`` add up to ``quantity`` less what was received."""

    ref: str
    quantity: float
    price: float
    deliveries: tuple[Delivery, ...]
    kinds: tuple[str, ...]
    """Of ``date``, ``split``, ``quantity``, ``price``, ``rejected``; empty: as ordered."""
    consent: bool
    note: str = ""


def is_news(version: int | None, sequence: int, sent_version: int, last: tuple[int, int] | None) -> str:
    """Whether an answer counts: ``""`` it does; ``unsent``: it answers a version that does not exist; ``old_version``:
    the order has changed since; ``old_answer``: a later answer was read before.

    :param version: version that is answered, None when the supplier does not say (then the last one)
    :param last: (version, sequence) of the latest answer that counted

    >>> is_news(1, 0, 1, None), is_news(1, 0, 2, None), is_news(3, 0, 2, None), is_news(2, 1, 2, (2, 5))
    ('', 'old_version', 'unsent', 'old_answer')
    """
    version = sent_version if version is None else version
    if version > sent_version or version < 1:
        return "unsent"
    if version < sent_version:
        return "old_version"
    if last and (version, sequence) < last:
        return "old_answer"
    return ""


def compare(ordered: list[Ordered], answer: Answer, tolerance: Tolerance) -> list[Change]:
    """The changes by line, in the order's sequence; lines that nothing is said about are as ordered.

    :raise BadAnswer: a line that the order does not have, or less than was received
    """
    if answer.status == ACKNOWLEDGED:
        return []
    said = _match(ordered, answer.lines)
    changes = []
    problems = []
    for line in ordered:
        words = said.get(line.ref) or LineAnswer(line.ref, ACCEPTED)
        if answer.status == REJECTED:
            words = replace(words, status=REJECTED)
        try:
            changes.append(_change(line, words, tolerance))
        except BadAnswer as error:
            problems += error.problems
    if problems:
        raise BadAnswer(problems)
    return changes


def _match(ordered: list[Ordered], lines: tuple):
    """Line of the order -> its answer, by the line's number or else by a code that is on one line only."""
    refs = {line.ref for line in ordered}
    by_code = {}
    for line in ordered:
        for code in set(line.codes):
            by_code.setdefault(code.casefold(), []).append(line.ref)
    found, problems = {}, []
    for words in lines:
        named = [words.ref] if words.ref in refs else [] if words.ref else by_code.get(words.code.casefold(), [])
        if len(named) != 1 or named[0] in found:
            code = "line_twice" if len(named) > 1 or (named and named[0] in found) else "unknown_line"
            problems.append((code, words.ref or words.code))
        else:
            found[named[0]] = words
    if problems:
        raise BadAnswer(problems)
    return found


def _change(line: Ordered, words: LineAnswer, tolerance: Tolerance):
    if words.status == REJECTED:
        kinds = ("rejected",) if line.plan else ()
        return Change(line.ref, line.received, line.price, (), kinds, bool(kinds), words.note)
    accepted = words.status in (ACCEPTED, ACKNOWLEDGED)
    plan = line.plan if accepted else _deliveries(line, words)
    quantity = line.received + sum(delivery.quantity for delivery in plan)
    price = line.price if accepted or words.price is None else words.price
    kinds = {
        "split": len(plan) > 1 and plan != line.plan,
        "date": [delivery.day for delivery in plan] != [delivery.day for delivery in line.plan] and bool(plan),
        "quantity": abs(quantity - line.quantity) > STEP,
        "price": abs(price - line.price) > STEP,
    }
    consent = _beyond(line.quantity, quantity, tolerance.quantity) or _dearer(line.price, price, tolerance.price)
    return Change(
        line.ref, quantity, price, plan, tuple(kind for kind, found in kinds.items() if found), consent, words.note
    )


def without_consent(line: Ordered, change: Change) -> Change | None:
    """What of a change may be done before the buyer's word: the day, where all of the line comes on one day.

    The goods will not be there on the old day whatever the buyer decides, so planning should not count on it.

    :return: a change that leaves quantity and price as ordered, or None
    """
    if not change.consent:
        return change
    if len(change.deliveries) != 1 or "date" not in change.kinds or not line.plan:
        return None
    open_quantity = sum(delivery.quantity for delivery in line.plan)
    plan = (Delivery(open_quantity, change.deliveries[0].day),)
    return Change(line.ref, line.quantity, line.price, plan, ("date",), False, change.note)


def _deliveries(line: Ordered, words: LineAnswer):
    """Open deliveries by day; the quantities of an answer are those of the whole line, received goods included."""
    asked = sum(delivery.quantity for delivery in words.deliveries) if words.deliveries else words.quantity
    asked = line.quantity if asked is None else asked
    if words.deliveries and words.quantity is not None and abs(asked - words.quantity) > STEP:
        raise BadAnswer([("deliveries_differ", line.ref)])
    if asked < line.received - STEP:
        raise BadAnswer([("below_received", line.ref)])
    if words.deliveries:
        return _without_received(_by_day(words.deliveries, line.day), line.received)
    if words.day:
        return _without_received([Delivery(asked, words.day)], line.received)
    return _lengthened(line, asked - line.received)


def _lengthened(line: Ordered, wanted: float):
    """The plan as it stands, with more on its last day or with less from its end on."""
    plan, left = [], wanted
    for delivery in line.plan:
        quantity = min(delivery.quantity, left)
        left -= quantity
        if quantity > STEP:
            plan.append(Delivery(quantity, delivery.day))
    if left > STEP:
        last = plan.pop() if plan else Delivery(0.0, line.day)
        plan.append(Delivery(last.quantity + left, last.day))
    return tuple(plan)


def _by_day(deliveries: tuple, day: date | None):
    sums = {}
    for delivery in deliveries:
        when = delivery.day or day
        sums[when] = sums.get(when, 0.0) + delivery.quantity
    return [Delivery(quantity, when) for when, quantity in sorted(sums.items())]


def _without_received(deliveries: tuple, received: float):
    """The first deliveries are those that have come."""
    left = []
    for delivery in deliveries:
        gone = min(received, delivery.quantity)
        received -= gone
        if delivery.quantity - gone > STEP:
            left.append(Delivery(delivery.quantity - gone, delivery.day))
    return tuple(left)


def _beyond(before: float, after: float, share: float):
    return abs(after - before) > share * before + STEP


def _dearer(before: float, after: float, share: float):
    """A lower price is welcome."""
    return after - before > share * before + STEP
