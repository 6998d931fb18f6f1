"""A trade and a refund of TOP in our words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..order import amount, china_time, spread, without_nothing
from ..types import Account
from .envelope import listed

STATUS = {
    "TRADE_NO_CREATE_PAY": "unpaid",
    "WAIT_BUYER_PAY": "unpaid",
    "PAY_PENDING": "unpaid",
    "WAIT_PRE_AUTH_CONFIRM": "unpaid",
    "PAID_FORBID_CONSIGN": "open",
    "WAIT_SELLER_SEND_GOODS": "open",
    "SELLER_CONSIGNED_PART": "part_shipped",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_BUYER_SIGNED": "shipped",
    "TRADE_FINISHED": "done",
    "TRADE_CLOSED": "cancelled",
    "TRADE_CLOSED_BY_TAOBAO": "cancelled",
}
STEPS = {
    "FRONT_NOPAID_FINAL_NOPAID": "deposit",
    "FRONT_PAID_FINAL_NOPAID": "final_unpaid",
    "FRONT_PAID_FINAL_PAID": "final_paid",
}
LINE_REFUND = {
    "WAIT_SELLER_AGREE": "requested",
    "WAIT_BUYER_RETURN_GOODS": "agreed",
    "WAIT_SELLER_CONFIRM_GOODS": "agreed",
}
REFUND = {**LINE_REFUND, "SELLER_REFUSE_BUYER": "closed", "CLOSED": "closed", "SUCCESS": "done"}
GROUP_FLAGS = ("team_buy_hold", "share_group_hold")
HOLD_FLAGS = ("top_hold", "forbid_consign", "ofp_hold")
COLLECTING = "1"  # of zhengji_status: enough buyers are still being waited for
COD = ("cod", "b2c_cod", "super_market_cod_trade")


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """A trade as ``taobao.trade.fullinfo.get`` gives it, wrapped or simplified. Raises ValueError for an unknown status."""
    trade, orders = payload, listed(payload, "orders", "order")
    outside = str(trade.get("status") or "")
    if outside not in STATUS:
        raise ValueError(f"unknown status {outside!r}")
    freight = amount(trade.get("post_fee")) or 0.0
    words = {
        "external_id": _number(trade, "tid"),
        "version": trade.get("modified"),
        "status": STATUS[outside],
        "outside_status": outside,
        "platform_hold": _hold(trade, orders) if STATUS[outside] in ("open", "part_shipped") else None,
        "ordered_at": china_time(trade.get("created")),
        "paid_at": china_time(trade.get("pay_time")),
        "ship_by": china_time(trade.get("delivery_time")),
        "promised_at": china_time(trade.get("sign_time")),
        # the same OAID is the same receiver; which different ones are, only the platform can tell (merge_groups)
        "merge_key": trade.get("oaid"),
        "partner": _partner(trade),
        "note": trade.get("buyer_message"),
        "seller_note": trade.get("seller_memo"),
        "paid": amount(trade.get("payment")),
        "freight": freight,
        "presale": _presale(trade, orders),
        "cash_on_delivery": trade.get("type") in COD,
        "address_changed": _yes(trade.get("lm")),
        "lines": _lines(trade, orders, freight),
    }
    return without_nothing(words)


def read_refund(payload: Mapping[str, Any], account: Account) -> dict:
    """A refund as ``taobao.refunds.receive.get`` gives it. Raises ValueError for an unknown status."""
    outside = str(payload.get("status") or "")
    if outside not in REFUND:
        raise ValueError(f"unknown status of a refund {outside!r}")
    words = {
        "external_id": str(payload["tid"]),
        "refund_id": str(payload["refund_id"]),
        "version": payload.get("modified"),
        "status": REFUND[outside],
        "line_id": str(payload.get("oid") or ""),
        "quantity": payload.get("num"),
        "amount": amount(payload.get("refund_fee")),
        "returns_goods": _yes(payload.get("has_good_return")),
        "reason": payload.get("reason"),
    }
    return without_nothing(words)


def _hold(trade: Mapping[str, Any], orders: Sequence[Mapping[str, Any]]) -> str | None:
    """Why the platform wants a paid trade not shipped yet."""
    if any(_yes(trade.get(flag)) for flag in GROUP_FLAGS):
        return "group_forming"
    if any(str(order.get("zhengji_status") or "") == COLLECTING for order in orders):
        return "group_forming"
    if STEPS.get(str(trade.get("step_trade_status") or "")) in ("deposit", "final_unpaid"):
        return "presale"
    # 0: a chemist has not seen the prescription yet
    if any(_yes(trade.get(flag)) for flag in HOLD_FLAGS) or str(trade.get("rx_audit_status")) == "0":
        return "platform"
    return "platform" if trade.get("status") == "PAID_FORBID_CONSIGN" else None


def _presale(trade: Mapping[str, Any], orders: Sequence[Mapping[str, Any]]) -> dict | None:
    step = STEPS.get(str(trade.get("step_trade_status") or ""))
    if not step:
        return None
    times = [_stamp_in(order.get("estimate_con_time")) for order in orders]
    return without_nothing({"step": step, "ship_from": min(filter(None, times), default=None)})


def _partner(trade: Mapping[str, Any]) -> dict:
    """The receiver. A county-level city directly below a province comes as a district without a city."""
    city, district = trade.get("receiver_city"), trade.get("receiver_district")
    if not city:
        city, district = district, None
    name, street = trade.get("receiver_name"), trade.get("receiver_address")
    phone = trade.get("receiver_mobile") or trade.get("receiver_phone")
    zip_code = str(trade.get("receiver_zip") or "")
    partner = {
        "name": name,
        "phone": phone,
        "province": trade.get("receiver_state"),
        "city": city,
        "district": district,
        "town": trade.get("receiver_town"),
        "street": street,
        "zip": zip_code if zip_code.strip("0") else None,
        "masked": any("*" in str(text or "") for text in (name, phone, street)),
        "privacy_id": trade.get("oaid"),
    }
    return without_nothing(partner)


def _lines(trade: Mapping[str, Any], orders: Sequence[Mapping[str, Any]], freight: float) -> list[dict]:
    together = _together(orders)
    return [
        _line(trade, order, paid, together.get(_number(order, "oid")))
        for order, paid in zip(orders, _paid(trade, orders, freight), strict=True)
    ]


def _line(trade: Mapping[str, Any], order: Mapping[str, Any], paid: float, ship_with: str | None) -> dict:
    quantity, price = int(order.get("num") or 0), amount(order.get("price")) or 0.0
    discount = round(price * quantity - paid, 2)
    if discount < 0 < quantity:  # the shop raised the price by hand
        price, discount = paid / quantity, 0.0
    words = {
        "line_id": _number(order, "oid"),
        "sku": order.get("outer_sku_id") or order.get("outer_iid"),
        "platform_sku": str(order.get("sku_id") or ""),
        "platform_item": str(order.get("num_iid") or ""),
        "title": " ".join(filter(None, (order.get("title"), order.get("sku_properties_name")))),
        "quantity": quantity,
        "price_unit": price,
        "paid": paid,
        "discount": discount,
        "gift": price == 0,
        "bundle": _bundle(order),
        "ship_with": ship_with,
        "refund": _refund(trade, order),
        "store_code": order.get("store_code") or trade.get("rt_omni_outer_store_id"),
    }
    return without_nothing(words)


def _refund(trade: Mapping[str, Any], order: Mapping[str, Any]) -> str | None:
    """A line that is closed after pay is refunded. One refunded but open got money back and is shipped all the same."""
    if order.get("status") == "TRADE_CLOSED" or trade.get("status") == "TRADE_CLOSED":
        return "done"
    return LINE_REFUND.get(str(order.get("refund_status") or ""))


def _paid(trade: Mapping[str, Any], orders: Sequence[Mapping[str, Any]], freight: float) -> list[float]:
    """What was paid for each line, without freight.

    ``divide_order_fee`` is that share; without it (not yet paid) the sum is shared out by the lines' amounts. Of a single
    line ``payment`` holds the freight too, of several it does not, so a line's ``payment`` is never read.
    """
    total = amount(trade.get("payment"))
    goods = None if total is None else max(0.0, round(total - freight, 2))
    shares = [amount(order.get("divide_order_fee")) for order in orders]
    if any(share is None and amount(order.get("price")) for share, order in zip(shares, orders, strict=True)):
        weights = [max(0.0, _worth(order)) for order in orders]
        return spread(sum(weights) if goods is None else goods, weights)
    paid = [share or 0.0 for share in shares]
    if len(paid) == 1 and freight and goods is not None and round(paid[0] - freight, 2) == goods:
        return [goods]
    return paid


def _worth(order: Mapping[str, Any]) -> float:
    total = amount(order.get("total_fee"))
    if total is None:
        total = (amount(order.get("price")) or 0.0) * int(order.get("num") or 0)
    return total - (amount(order.get("part_mjz_discount")) or 0.0)


def _bundle(order: Mapping[str, Any]) -> str | None:
    for key in ("combo_id", "item_meal_id", "assembly_rela"):
        if order.get(key):
            return f"{key}:{order[key]}"
    return None


def _together(orders: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Lines that are bound to others: line -> the mark that all of them share.

    >>> _together([{"oid": 1, "bind_oids": "2"}, {"oid": 2}, {"oid": 3, "bind_oid": 2}, {"oid": 4}])
    {'1': '1', '2': '1', '3': '1'}
    """
    groups: list[set[str]] = []
    for order in orders:
        bound = {text for key in ("bind_oid", "bind_oids") for text in str(order.get(key) or "").split(",") if text}
        if not bound:
            continue
        bound.add(_number(order, "oid"))
        for group in [group for group in groups if group & bound]:
            bound |= group
            groups.remove(group)
        groups.append(bound)
    return {line: min(group) for group in groups for line in sorted(group)}


def _number(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(f"{name}_str") or row[name])


def _yes(value: object) -> bool:
    """TOP says yes as 1, "1", true or "true".

    >>> [_yes(value) for value in (1, "1", True, "true", 0, "0", "", None, "false")]
    [True, True, True, True, False, False, False, False, False]
    """
    return str(value).lower() in ("1", "true")


def _stamp_in(text: str | None) -> str | None:
    """The time in a sentence such as "2026年01月05日24点前"; None when it names no day.

    >>> _stamp_in("2026年01月05日24点前"), _stamp_in("2026-01-05 10:00:00"), _stamp_in("付款后3天内")
    ('2026-01-05T00:00:00+08:00', '2026-01-05T10:00:00+08:00', None)
    """
    found = re.search(r"(\d{4})\D(\d{1,2})\D(\d{1,2})日?(?: (\d\d:\d\d:\d\d))?", text or "")
    return found and china_time(f"{found[1]}-{int(found[2]):02}-{int(found[3]):02} {found[4] or '00:00:00'}")
