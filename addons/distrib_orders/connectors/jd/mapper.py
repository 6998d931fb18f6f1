"""An order and a refund of JD in our words."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..order import china_time, without_nothing, yuan
from ..types import Account
from .money import Money, share_out

STATUS = {
    "NOT_PAY": "unpaid",
    "WAIT_SELLER_STOCK_OUT": "open",
    "WAIT_SELLER_DELIVERY": "open",  # overseas shops only
    "LOCKED": "open",
    "PAUSE": "open",
    "POP_ORDER_PAUSE": "open",
    "SEND_TO_DISTRIBUTION_CENER": "shipped",  # so spelt by the platform
    "DISTRIBUTION_CENTER_RECEIVED": "shipped",
    "RECEIPTS_CONFIRM": "shipped",
    "WAIT_GOODS_RECEIVE_CONFIRM": "shipped",
    "FINISHED_L": "done",
    "TRADE_CANCELED": "cancelled",
}
HOLDS = {"LOCKED": "locked", "PAUSE": "platform", "POP_ORDER_PAUSE": "platform"}
REFUND = {
    "0": "requested",
    "1": "agreed",
    "2": "closed",
    "3": "done",
    "4": "closed",
    "5": "agreed",
    "6": "agreed",  # the parcel is stopped on its way
    "7": "agreed",  # it was stopped
    "8": "closed",  # it could not be stopped
    "9": "done",
    "10": "requested",
    "11": "closed",
}
COMES_BACK = ("6", "7")
MUNICIPALITIES = ("北京", "上海", "天津", "重庆")
HIDDEN = "***"


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """An ``orderInfo`` of ``jingdong.pop.order.search``. Raises ValueError for an unknown state."""
    order, items = payload, payload.get("itemInfoList") or []
    outside = str(order.get("orderState") or "")
    if outside not in STATUS:
        raise ValueError(f"unknown state {outside!r}")
    # an order that has left can still be locked, paused or asked to be cancelled
    status = "shipped" if outside in HOLDS and order.get("waybill") else STATUS[outside]
    money = share_out(order, items)
    words = {
        "external_id": str(order["orderId"]),
        "version": order.get("modified"),
        "status": status,
        "outside_status": outside,
        "platform_hold": HOLDS.get(outside),
        "ordered_at": china_time(order.get("orderStartTime")),
        "paid_at": china_time(order.get("paymentConfirmTime")),
        "merge_key": _merge_key(order),
        "partner": _partner(order, bool(account.options.get("encrypted"))),
        "note": order.get("orderRemark"),
        "seller_note": order.get("venderRemark"),
        "paid": money.total,
        "freight": money.freight,
        "cash_on_delivery": _kind(order.get("payType")) == 1,
        "lines": _lines(order, items, money),
    }
    return without_nothing(words)


def read_refund(payload: Mapping[str, Any], account: Account) -> dict:
    """A refund asked for before delivery, of the whole order. Its sum is in fen. Raises ValueError for an unknown status."""
    outside = str(payload.get("status"))
    if outside not in REFUND:
        raise ValueError(f"unknown status of a refund {outside!r}")
    words = {
        "external_id": str(payload["orderId"]),
        "refund_id": str(payload["id"]),
        "version": max(str(payload.get("applyTime") or ""), str(payload.get("checkTime") or "")),
        "status": REFUND[outside],
        "amount": yuan(payload.get("applyRefundSum")),
        "returns_goods": outside in COMES_BACK,
        "reason": payload.get("reason") or payload.get("checkRemark"),
    }
    return without_nothing(words)


def _lines(order: Mapping[str, Any], items: Sequence[Mapping[str, Any]], money: Money) -> list[dict]:
    """JD gives its lines no numbers and repeats the article of a gift, so they are numbered by what they are."""
    seen: Counter[str] = Counter()
    lines = []
    for item, share in zip(items, money.lines, strict=True):
        name = str(item.get("skuId") or "") + ("" if share.goods else ":gift")
        seen[name] += 1
        words = {
            "line_id": name if seen[name] == 1 else f"{name}:{seen[name]}",
            "sku": item.get("outerSkuId"),
            "platform_sku": str(item.get("skuId") or ""),
            "platform_item": str(item.get("wareId") or ""),
            "title": item.get("skuName"),
            "quantity": share.quantity,
            "price_unit": share.price,
            "paid": share.paid,
            "discount": share.discount,
            "platform_discount": share.platform_discount,
            "gift": not share.goods,
            "store_code": str(item.get("newStoreId") or order.get("mdbStoreId") or order.get("storeId") or ""),
        }
        lines.append(without_nothing(words))
    return lines


def _partner(order: Mapping[str, Any], encrypted: bool) -> dict:
    known = order.get("consigneeInfo") or {}
    province, city, county, town = (str(known.get(key) or "") for key in ("province", "city", "county", "town"))
    street = str(known.get("fullAddress") or "")
    for part in (province, city, county, town):  # the address repeats the region
        street = street.removeprefix(part)
    if province.removesuffix("市") in MUNICIPALITIES and not city.startswith(province.removesuffix("市")):
        # below a municipality JD's city is a district, its county a town
        city, county, town = province, city, town if county in ("", town) else county
    name, phone = known.get("fullname"), known.get("mobile") or known.get("telephone")
    if encrypted:  # a cipher is no name
        name, phone, street = HIDDEN, None, None
    masked = encrypted or any("*" in str(text or "") for text in (name, phone, street))
    partner = {
        "name": name,
        "phone": phone,
        "province": province,
        "city": city,
        "district": county,
        "town": town,
        "street": street,
        "masked": masked,
        # waybills and calls are made for the order's number where the platform gives no key of its own
        "privacy_id": known.get("oaid") or (str(order["orderId"]) if masked else None),
    }
    return without_nothing(partner)


def _merge_key(order: Mapping[str, Any]) -> str | None:
    """One buyer, one receiver, one address. What is hidden cannot be compared, so then orders stay apart."""
    known = order.get("consigneeInfo") or {}
    if known.get("oaid"):
        return str(known["oaid"])
    parts = [order.get("open_id_buyer") or order.get("pin"), known.get("fullname"), known.get("fullAddress")]
    if not all(parts) or any("*" in str(part) for part in parts[1:]):
        return None
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


def _kind(text: object) -> int | None:
    """The number in front of a word such as ``1-货到付款``.

    >>> _kind("1-货到付款"), _kind("4"), _kind("在线支付"), _kind(None)
    (1, 4, None, None)
    """
    head = str(text or "").split("-")[0].strip()
    return int(head) if head.isdecimal() else None
