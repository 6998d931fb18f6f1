"""An order and a refund of Pinduoduo in our words. Money comes in yuan."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..order import amount, china_time, spread, without_nothing
from ..types import Account

STATUS = {1: "open", 2: "shipped", 3: "done"}
CANCELLED, GROUP_FAILED, REFUNDED = 2, 2, 4  # of confirm_status, group_status, refund_status
STEPS = {0: "deposit", 1: "final_unpaid", 2: "final_paid"}
AFTER_SALES = {
    2: "requested", 3: "requested", 4: "agreed", 5: "agreed", 6: "closed", 7: "agreed", 8: "requested", 9: "closed",
    10: "done", 11: "closed", 12: "closed", 13: "closed",
}  # fmt: skip
LINE_REFUND = {2: "requested", 3: "agreed", 4: "done"}
MONEY, RETURN = 2, 3  # kinds of after-sales that give money back; the others exchange or send again
CIPHER = ("~", "$", "@", "#")


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """An order as ``pdd.order.information.get`` gives it. Raises ValueError for an unknown status."""
    status, freight = _status(payload), amount(payload.get("postage")) or 0.0
    presale = _presale(payload)
    waits = status == "open"
    words = {
        "external_id": str(payload["order_sn"]),
        "version": payload.get("updated_at"),
        "status": status,
        "outside_status": f"{payload.get('order_status')}/{payload.get('refund_status')}",
        "platform_hold": _hold(payload, presale) if waits else None,
        "ordered_at": china_time(payload.get("created_time")),
        "paid_at": china_time(payload.get("pay_time")),
        "ship_by": china_time(payload.get("last_ship_time")),
        "promised_at": china_time(payload.get("promise_delivery_time")),
        "merge_key": payload.get("open_address_id"),
        "partner": _partner(payload, waits),
        "note": payload.get("buyer_memo"),
        "seller_note": payload.get("remark"),
        "paid": amount(payload.get("pay_amount")),
        "freight": freight,
        "presale": presale,
        "lines": _lines(payload, freight),
    }
    return without_nothing(words)


def read_refund(payload: Mapping[str, Any], account: Account) -> dict:
    """A refund as ``pdd.refund.list.increment.get`` gives it. Raises ValueError for an unknown status.

    An exchange or a parcel sent again gives no money back: it closes what was asked for as a refund.
    """
    kind, outside = _int(payload, "after_sales_type"), _int(payload, "after_sales_status")
    if kind in (MONEY, RETURN) and outside not in AFTER_SALES:
        raise ValueError(f"unknown status of a refund {outside!r}")
    words = {
        "external_id": str(payload["order_sn"]),
        "refund_id": str(payload["id"]),
        "version": payload.get("updated_time"),
        "status": AFTER_SALES[outside] if kind in (MONEY, RETURN) else "closed",
        "line_id": str(payload.get("sku_id") or ""),
        "quantity": payload.get("goods_number"),
        "amount": amount(payload.get("refund_amount")),
        "returns_goods": kind == RETURN,
        "reason": payload.get("after_sale_reason"),
    }
    return without_nothing(words)


def _status(order: Mapping[str, Any]) -> str:
    outside = _int(order, "order_status")
    if _int(order, "confirm_status", 1) == CANCELLED or _int(order, "group_status", 1) == GROUP_FAILED:
        return "cancelled"
    if outside not in STATUS:
        raise ValueError(f"unknown status {outside!r}")
    if outside == 1 and _int(order, "refund_status", 1) == REFUNDED:
        return "cancelled"
    if not order.get("pay_time") and _int(order, "confirm_status", 1) == 0:
        return "unpaid"
    return STATUS[outside]


def _hold(order: Mapping[str, Any], presale: Mapping[str, Any] | None) -> str | None:
    """Why the platform wants a paid order not shipped yet."""
    if _int(order, "risk_control_status"):
        return "risk"
    if _int(order, "group_status", 1) == 0:
        return "group_forming"
    if presale and presale["step"] != "final_paid":
        return "presale"
    # told to be out of stock, and the buyer has not decided yet
    if _int(order, "is_stock_out") and _int(order, "stock_out_handle_status", -1) == 0:
        return "platform"
    if not order.get("receiver_address") and not order.get("receiver_address_mask"):
        return "address_review"  # the platform keeps the receiver back until it allows shipping
    return None


def _presale(order: Mapping[str, Any]) -> dict | None:
    info, ship_from = order.get("step_order_info") or {}, china_time(order.get("pre_sale_time"))
    if info:
        step = STEPS.get(_int(info, "step_trade_status", -1))
        if not step:
            raise ValueError(f"unknown step of a presale {info.get('step_trade_status')!r}")
        return without_nothing({"step": step, "ship_from": ship_from})
    return without_nothing({"step": "final_paid", "ship_from": ship_from}) if _int(order, "is_pre_sale") else None


def _partner(order: Mapping[str, Any], waits: bool) -> dict:
    """The receiver as far as it may be read: in clear, else masked, never enciphered.

    Once an order no longer waits to be shipped the platform hides its receiver: that is no new address.
    """
    shown = {name: _readable(order, f"receiver_{name}") for name in ("name", "phone", "address")}
    if not waits and not any(text for text, _clear in shown.values()):
        return {"masked": True}
    partner = {
        "name": shown["name"][0],
        "phone": shown["phone"][0],
        "province": order.get("province"),
        "city": order.get("city"),
        "district": order.get("town"),
        "street": shown["address"][0],
        "masked": not all(clear for _text, clear in shown.values()),
        "privacy_id": order.get("open_address_id"),
    }
    return without_nothing(partner)


def _readable(order: Mapping[str, Any], name: str) -> tuple[str, bool]:
    """A part of the receiver, and whether it is in clear.

    >>> _readable({"n": "~AgAA~1~", "n_mask": "张**"}, "n"), _readable({"n": "收货点"}, "n"), _readable({}, "n")
    (('张**', False), ('收货点', True), ('', False))
    """
    text = str(order.get(name) or "")
    if not text or text.startswith(CIPHER):
        return str(order.get(f"{name}_mask") or ""), False
    return text, "*" not in text


def _lines(order: Mapping[str, Any], freight: float) -> list[dict]:
    """The articles with their share of what was paid, and the gifts. Lines have no numbers: their articles' are taken."""
    items, seen = order.get("item_list") or [], Counter()
    worth = [(amount(item.get("goods_price")) or 0.0) * _int(item, "goods_count") for item in items]
    total = amount(order.get("pay_amount"))
    paid = spread(sum(worth) if total is None else max(0.0, round(total - freight, 2)), worth)
    given = spread(amount(order.get("platform_discount")) or 0.0, worth)
    refund = _refund(order)
    store = (order.get("order_depot_info") or {}).get("depot_code")
    lines = [
        {**_line(item, seen, ""), **_money(item, paid[at], given[at]), "refund": refund, "store_code": store}
        for at, item in enumerate(items)
    ]
    for gift in order.get("gift_list") or []:
        free = {"price_unit": 0.0, "paid": 0.0, "gift": True, "refund": refund, "store_code": store}
        lines.append({**_line(gift, seen, "gift-"), **free})
    return [without_nothing(line) for line in lines]


def _line(item: Mapping[str, Any], seen: Counter, mark: str) -> dict:
    sku = str(item.get("sku_id") or item.get("goods_id") or "")
    seen[mark + sku] += 1
    count = seen[mark + sku]
    return {
        "line_id": mark + sku + (f"-{count}" if count > 1 else ""),
        "sku": item.get("outer_id") or item.get("outer_goods_id"),
        "platform_sku": str(item.get("sku_id") or ""),
        "platform_item": str(item.get("goods_id") or ""),
        "title": " ".join(filter(None, (item.get("goods_name"), item.get("goods_spec")))),
        "quantity": _int(item, "goods_count"),
    }


def _money(item: Mapping[str, Any], paid: float, given: float) -> dict:
    quantity, price = _int(item, "goods_count"), amount(item.get("goods_price")) or 0.0
    discount = round(price * quantity - paid - given, 2)
    if discount < 0 < quantity:  # the shop raised the price by hand
        price, discount = (paid + given) / quantity, 0.0
    return {
        "price_unit": price, "paid": paid, "discount": discount, "platform_discount": given, "gift": price == 0,
    }  # fmt: skip


def _refund(order: Mapping[str, Any]) -> str | None:
    """What an after-sales case does to the lines: the platform has one for the whole order."""
    if _int(order, "refund_status", 1) == REFUNDED:
        return "done"
    found = AFTER_SALES.get(_int(order, "after_sales_status")) or LINE_REFUND.get(_int(order, "refund_status", 1))
    return None if found == "closed" else found


def _int(row: Mapping[str, Any], name: str, missing: int = 0) -> int:
    """A number that may be a text or missing."""
    value = row.get(name)
    return missing if value in (None, "") else int(value)
