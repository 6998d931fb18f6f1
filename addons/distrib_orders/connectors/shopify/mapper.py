"""An order of Shopify's Admin API in our words.

Money is taken in the shop's currency (``shopMoney``), not the buyer's. Where the shop's prices are without tax
(``taxesIncluded`` false) the tax is added, so that a line says what the buyer pays for it. What is paid for a line follows
from ``discountAllocations``: ``discountedTotalSet`` leaves out discounts on the whole order.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..order import without_nothing
from ..types import Account

UNPAID = {"PENDING", "PARTIALLY_PAID", "EXPIRED", "VOIDED"}
SHIPPED = {"FULFILLED": "shipped", "PARTIALLY_FULFILLED": "part_shipped"}
HOLD = {"ON_HOLD": "platform", "SCHEDULED": "presale"}
RISKS = {"INVESTIGATE", "CANCEL"}
ZERO = Decimal(0)


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """The order in our words. ``account.options``: ``pending_is_open`` where the buyer pays on delivery or by invoice.

    Raises KeyError, TypeError or ValueError for what is no order.
    """
    lines = [line for line in payload["lineItems"]["nodes"] if line["quantity"] > 0]
    taxed = bool(payload.get("taxesIncluded", True))
    paid = _money(payload.get("totalPriceSet")) - _money(payload.get("totalTipReceivedSet"))
    status = _status(payload, lines, account)
    words = {
        "external_id": str(payload["legacyResourceId"]),
        "version": payload["updatedAt"],
        "status": status,
        "outside_status": f"{payload.get('displayFinancialStatus') or ''} {payload.get('displayFulfillmentStatus') or ''}",
        "platform_hold": _hold(payload),
        "ordered_at": payload.get("processedAt") or payload.get("createdAt"),
        "partner": _partner(payload),
        "note": payload.get("note"),
        "currency": payload.get("currencyCode"),
        "paid": float(paid),
        "freight": float(sum((_freight(row, taxed) for row in payload["shippingLines"]["nodes"]), ZERO)),
        "lines": [_line(line, taxed) for line in lines],
    }
    return without_nothing(words)


def _status(payload: Mapping[str, Any], lines: Sequence[Mapping], account: Account) -> str:
    done = payload.get("displayFulfillmentStatus") or ""
    if payload.get("cancelledAt"):
        return "cancelled"
    if done in SHIPPED:
        return "done" if payload.get("closedAt") and done == "FULFILLED" else SHIPPED[done]
    if lines and not any(line["currentQuantity"] for line in lines):
        return "cancelled"  # all of it was refunded or edited away before it was sent
    if payload.get("displayFinancialStatus") in UNPAID and not account.options.get("pending_is_open"):
        return "unpaid"
    return "open"


def _hold(payload: Mapping[str, Any]) -> str:
    if (payload.get("risk") or {}).get("recommendation") in RISKS:
        return "risk"
    return HOLD.get(payload.get("displayFulfillmentStatus") or "", "")


def _line(line: Mapping[str, Any], taxed: bool) -> dict:
    count, current = int(line["quantity"]), int(line["currentQuantity"])
    tax = ZERO if taxed else sum((_money(row["priceSet"]) for row in line.get("taxLines") or ()), ZERO)
    listed = _money(line["originalUnitPriceSet"]) * count + tax
    off = sum((_money(row["allocatedAmountSet"]) for row in line.get("discountAllocations") or ()), ZERO)
    variant, product = line.get("variant") or {}, line.get("product") or {}
    words = {
        "line_id": number(line["id"]),
        # The code as it was when the order came; the article may have another by now, or be deleted.
        "sku": line.get("sku") or variant.get("sku") or "",
        "platform_sku": number(variant.get("id")),
        # A line that was typed in by hand has no article; it is known by what it is called.
        "platform_item": number(product.get("id")) or (line.get("name") if not line.get("sku") else ""),
        "title": line.get("name"),
        "quantity": count,
        "price_unit": float(listed / count),
        "paid": float(listed - off),
        "discount": float(off),
        "bundle": number((line.get("lineItemGroup") or {}).get("id")),
    }
    if current < count:
        words |= {"refund": "done", "refund_quantity": count - current}
    return without_nothing(words)


def _freight(row: Mapping[str, Any], taxed: bool) -> Decimal:
    tax = ZERO if taxed else sum((_money(tax["priceSet"]) for tax in row.get("taxLines") or ()), ZERO)
    return _money(row["discountedPriceSet"]) + tax


def _partner(payload: Mapping[str, Any]) -> dict:
    address = payload.get("shippingAddress") or {}
    street = " ".join(filter(None, (address.get("address1"), address.get("address2"))))
    return without_nothing(
        {
            "name": address.get("name") or address.get("company"),
            "phone": address.get("phone") or payload.get("phone"),
            "email": payload.get("email"),
            "country": address.get("countryCodeV2"),
            "province": address.get("province") or address.get("provinceCode"),
            "city": address.get("city"),
            "street": street,
            "zip": address.get("zip"),
            "latitude": address.get("latitude"),
            "longitude": address.get("longitude"),
        }
    )


def number(gid: str | None) -> str:
    """The number in a global id.

    >>> number("gid://shopify/LineItem/11"), number("gid://shopify/InventoryLevel/1?inventory_item_id=2"), number(None)
    ('11', '1', '')
    """
    return (gid or "").rsplit("/", 1)[-1].split("?")[0]


def _money(value: Mapping[str, Any] | None) -> Decimal:
    return Decimal(str(value["shopMoney"]["amount"])) if value else ZERO
