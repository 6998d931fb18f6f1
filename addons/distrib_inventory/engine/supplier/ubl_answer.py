"""UBL 2.1 OrderResponse (Peppol BIS Order Response T76, and T116 of Advanced Ordering) as an `Answer`."""

from datetime import UTC, datetime
from typing import Any

from lxml import etree

from .answer import (
    ACCEPTED,
    ACKNOWLEDGED,
    CHANGED,
    MAX_LINES,
    REJECTED,
    Answer,
    BadAnswer,
    Delivery,
    LineAnswer,
    parse_day,
)  # fmt: skip

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
# UNCL4343: response type; UNCL1229: action of the line
HEADER = {"AB": ACKNOWLEDGED, "AP": ACCEPTED, "CA": CHANGED, "RE": REJECTED}
LINE = {"1": CHANGED, "3": CHANGED, "5": ACCEPTED, "7": REJECTED, "42": ACCEPTED}


def looks_like(content: bytes) -> bool:
    """Whether bytes are an OrderResponse; cheap, for files of all kinds."""
    return b"OrderResponse-2" in content[:4000] and b"OrderResponse" in content[-400:]


def read_ubl(content: bytes) -> Answer:
    """Read an OrderResponse. Several lines that answer the same line of ours are its deliveries.

    :raise BadAnswer: no XML, a document type declaration (never needed, and a way to attack), not an OrderResponse,
        or values that cannot be read
    """
    root = _parse(content)
    problems = []
    status = HEADER.get(_text(root, "OrderResponseCode"))
    if status is None:
        problems.append(("bad_status", "OrderResponseCode"))
    lines = root.findall("{*}OrderLine")
    if len(lines) > MAX_LINES:
        raise BadAnswer([("too_many", "OrderLine")])
    for name, path in (("ID", "ID"), ("OrderReference", "OrderReference/ID")):
        if not _text(root, path):
            problems.append(("missing", name))
    answer = Answer(
        order=_text(root, "OrderReference/ID"),
        ident=_text(root, "ID"),
        status=status or CHANGED,
        version=_version(_text(root, "OrderChangeDocumentReference/ID")),
        sequence=_sequence(root),
        reference=_text(root, "SalesOrderID"),
        note=_text(root, "Note", 2000),
        lines=_merged([_line(line, f"OrderLine[{place}]", problems) for place, line in enumerate(lines, 1)]),
    )
    if answer.status == CHANGED and not answer.lines:
        problems.append(("no_lines", "OrderLine"))
    if problems:
        raise BadAnswer(problems)
    return answer


def _parse(content: bytes):
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadAnswer([("not_xml", str(error)[:120])]) from error
    if root.getroottree().docinfo.doctype:
        raise BadAnswer([("not_xml", "DOCTYPE")])
    if root.tag != f"{{{NAMESPACE}}}OrderResponse":
        raise BadAnswer([("not_an_answer", etree.QName(root).localname)])
    return root


def _text(node: Any, path: str, limit: int = 120):
    found = node.find("/".join("{*}" + part for part in path.split("/")))
    return (found.text or "").strip()[:limit] if found is not None else ""


def _version(text: str):
    """Our changes are numbered ``<order>-v<version>``."""
    tail = text.rpartition("-v")[2]
    return int(tail) if "-v" in text and tail.isascii() and tail.isdigit() and len(tail) < 6 else None


def _sequence(root: Any):
    """Answers follow each other by the time of their issue."""
    issued = f"{_text(root, 'IssueDate')[:10]}T{_text(root, 'IssueTime')[:8] or '00:00:00'}"
    try:
        return max(
            0,
            int(
                (datetime.fromisoformat(issued).replace(tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()
            ),
        )
    except ValueError:
        return 0


def _line(node: Any, place: str, problems: list):
    status = LINE.get(_text(node, "LineItem/LineStatusCode"))
    if status is None:
        problems.append(("bad_status", f"{place}/LineStatusCode"))
    day = ""
    for period in ("PromisedDeliveryPeriod", "RequestedDeliveryPeriod"):
        for end in ("EndDate", "StartDate"):
            day = day or _text(node, f"LineItem/Delivery/{period}/{end}")
    if day and not parse_day(day[:10]):
        problems.append(("bad_date", place))
    price = _number(node, "LineItem/Price/PriceAmount", place, problems)
    base = _number(node, "LineItem/Price/BaseQuantity", place, problems)
    return LineAnswer(
        ref=_text(node, "OrderLineReference/LineID"),
        code=_text(node, "LineItem/Item/SellersItemIdentification/ID")
        or _text(node, "LineItem/Item/BuyersItemIdentification/ID"),
        status=status or CHANGED,
        quantity=_number(node, "LineItem/Quantity", place, problems),
        day=parse_day(day[:10]) if day else None,
        price=price / base if price is not None and base else price,
        note=_text(node, "LineItem/Note", 500),
    )


def _number(node: Any, path: str, place: str, problems: list):
    text = _text(node, path)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1e9 or "_" in text:
        problems.append(("bad_number", f"{place}/{path}"))
        return None
    return value


def _merged(lines: list):
    groups = {}
    for line in lines:
        groups.setdefault(line.ref or f"code:{line.code}", []).append(line)
    return tuple(group[0] if len(group) == 1 else _delivered(group) for group in groups.values())


def _delivered(group: list):
    """One answer of several deliveries; rejected parts do not come."""
    coming = [line for line in group if line.status != REJECTED]
    if not coming:
        return group[0]
    prices = [line.price for line in coming if line.price is not None]
    return LineAnswer(
        ref=group[0].ref,
        code=group[0].code,
        status=CHANGED,
        price=max(prices, default=None),
        deliveries=tuple(Delivery(line.quantity or 0.0, line.day) for line in coming),
        note="; ".join(line.note for line in group if line.note),
    )
