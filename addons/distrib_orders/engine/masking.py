"""What may be left of an order when its buyer is to be forgotten: goods, money and dates, and nothing he could be told by."""

from collections.abc import Mapping
from typing import Any

PLACE = ("province", "city", "district")
ORDER = (
    "external_id", "version", "status", "outside_status", "platform_hold", "ordered_at", "paid_at", "ship_by",
    "promised_at", "currency", "paid", "freight", "discount", "platform_discount", "presale", "dealer_code",
)  # fmt: skip
LINE = (
    "line_id", "sku", "platform_sku", "platform_item", "quantity", "price_unit", "paid", "discount",
    "platform_discount", "gift", "bundle", "refund", "refund_quantity", "store_code",
)  # fmt: skip


def forget(order: Mapping[str, Any]) -> dict[str, Any]:
    """An order in our words without its buyer. Named is what stays: whatever else a sender wrote goes.

    >>> forget({"external_id": "A", "note": "call 13800001111", "partner": {"name": "x", "city": "Wuhan"},
    ...         "lines": [{"sku": "TEA", "quantity": 2, "engraving": "for x"}]})
    {'external_id': 'A', 'partner': {'city': 'Wuhan'}, 'lines': [{'sku': 'TEA', 'quantity': 2}]}
    """
    kept = {name: order[name] for name in ORDER if name in order}
    partner = order.get("partner")
    if isinstance(partner, Mapping):
        kept["partner"] = {name: partner[name] for name in PLACE if partner.get(name)}
    lines = order.get("lines")
    if isinstance(lines, list | tuple):
        kept["lines"] = [
            {name: line[name] for name in LINE if name in line} for line in lines if isinstance(line, Mapping)
        ]
    return kept


def problems(found: Any) -> list[dict[str, Any]]:
    """Problems of a message without the values that they quote.

    >>> problems([{"code": "unknown_sku", "field": "lines[0].sku", "values": {"value": "TEA"}}])
    [{'code': 'unknown_sku', 'field': 'lines[0].sku', 'values': {'value': '***'}}]
    """
    return [
        {**problem, "values": dict.fromkeys(problem.get("values") or {}, "***")}
        for problem in found or ()
        if isinstance(problem, Mapping)
    ]
