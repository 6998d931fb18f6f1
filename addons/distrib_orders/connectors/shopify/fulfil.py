"""From parcels of our order lines to fulfilments of the platform's fulfilment orders. Pure.

A fulfilment order is what one location has to send; its lines have numbers of their own, which are not those of the
order's lines. A fulfilment belongs to one location and may have several tracking numbers.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import Refused
from ..types import Parcel, Shipment
from .mapper import number

OPEN = ("OPEN", "IN_PROGRESS")
FAILED = ("CANCELLED", "ERROR", "FAILURE")


def plan(shipment: Shipment, state: Mapping[str, Any], notify: bool) -> list[dict]:
    """``FulfillmentInput`` of what the platform does not know yet, in the sequence of the parcels; empty when it knows all.

    ``state`` is the order with ``fulfillments`` and ``fulfillmentOrders``. Raises Refused when there is less left to fulfil
    than was sent.
    """
    open_lines = _open_lines(state)
    told = _told(state)
    rows: list[dict] = []
    for parcel, numbers in _grouped(shipment.parcels):
        wanted = {}
        for line in parcel.lines:
            wanted[line.line_id] = wanted.get(line.line_id, 0) + round(line.quantity)
        known = told.get(parcel.tracking)
        if not parcel.lines and known is None:
            wanted = _all(open_lines)
        for line_id, count in (known or {}).items():
            wanted[line_id] = wanted.get(line_id, 0) - count
        rows += _fulfilments(parcel, numbers, _taken(wanted, open_lines), notify)
    return rows


def _grouped(parcels: tuple[Parcel, ...]) -> list[tuple[Parcel, list[str]]]:
    """Parcels of which nobody knows the content give their number to the one before."""
    groups: list[tuple[Parcel, list[str]]] = []
    for parcel in parcels:
        if groups and not parcel.lines:
            groups[-1][1].append(parcel.tracking)
        else:
            groups.append((parcel, [parcel.tracking]))
    return groups


def _told(state: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Tracking number -> line -> quantity, of fulfilments that stand."""
    found: dict[str, dict[str, int]] = {}
    for row in state.get("fulfillments") or ():
        if row.get("status") in FAILED:
            continue
        for info in row.get("trackingInfo") or ():
            lines = found.setdefault(str(info.get("number") or ""), {})
            for item in row["fulfillmentLineItems"]["nodes"]:
                line = number(item["lineItem"]["id"])
                lines[line] = lines.get(line, 0) + int(item["quantity"])
    return found


def _open_lines(state: Mapping[str, Any]) -> list[dict]:
    """What can still be fulfilled: location, fulfilment order, its line, our line, ``left``."""
    rows = []
    for order in state["fulfillmentOrders"]["nodes"]:
        actions = {row["action"] for row in order.get("supportedActions") or ()}
        if order["status"] not in OPEN or (actions and "CREATE_FULFILLMENT" not in actions):
            continue
        place = ((order.get("assignedLocation") or {}).get("location") or {}).get("id") or ""
        rows += [
            {"place": place, "order": order["id"], "id": line["id"], "line": number(line["lineItem"]["id"]),
             "left": int(line["remainingQuantity"])}
            for line in order["lineItems"]["nodes"]
        ]  # fmt: skip
    return rows


def _all(open_lines: list[dict]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for row in open_lines:
        wanted[row["line"]] = wanted.get(row["line"], 0) + row["left"]
    return wanted


def _taken(wanted: Mapping[str, int], open_lines: list[dict]) -> list[tuple[dict, int]]:
    """Take the wanted quantities out of the open lines."""
    found = []
    for line_id, count in wanted.items():
        rest = count
        for row in open_lines:
            if rest <= 0 or row["line"] != line_id or not row["left"]:
                continue
            taken = min(rest, row["left"])
            row["left"] -= taken
            rest -= taken
            found.append((row, taken))
        if rest > 0:
            raise Refused(f"of line {line_id} the platform has {count - rest} left to fulfil, not {count}", "quantity")
    return found


def _fulfilments(parcel: Parcel, numbers: list[str], taken: list[tuple[dict, int]], notify: bool) -> list[dict]:
    places: dict[str, dict[str, list[dict]]] = {}
    for row, count in taken:
        orders = places.setdefault(row["place"], {})
        orders.setdefault(row["order"], []).append({"id": row["id"], "quantity": count})
    tracking: dict[str, Any] = {"company": parcel.carrier}
    tracking |= {"number": numbers[0]} if len(numbers) == 1 else {"numbers": numbers}
    return [
        {
            "lineItemsByFulfillmentOrder": [
                {"fulfillmentOrderId": order, "fulfillmentOrderLineItems": items} for order, items in orders.items()
            ],
            "trackingInfo": tracking,
            "notifyCustomer": notify,
        }
        for orders in places.values()
    ]
