"""An order of Douyin in our words. Money comes in fen, time in seconds since 1970."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..order import spread, unix_time, without_nothing, yuan
from ..types import Account

STATUS = {
    1: "unpaid", 103: "unpaid", 105: "open", 2: "open", 101: "part_shipped", 3: "shipped", 4: "cancelled", 5: "done",
}  # fmt: skip
PAID_NOT_READY, CANCELLED = 105, 4  # paid, but the platform has not released it for shipping
AFTER_SALE = {6: "requested", 7: "agreed", 11: "agreed", 12: "agreed", 51: "done", 53: "done"}
GOODS_GO_ON = (3, 6, 7, 8)  # kinds of after-sales: exchange, price protection, sent again, repair
MONEY_IS_BACK = 3  # of refund_status


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """An order as ``order.searchList`` gives it. Raises ValueError for an unknown status."""
    outside = int(payload.get("order_status") or 0)
    if outside not in STATUS:
        raise ValueError(f"unknown status {outside!r}")
    status, presale = STATUS[outside], _presale(payload)
    freight = yuan(payload.get("post_amount")) or 0.0
    partner = _partner(payload)
    words = {
        "external_id": str(payload["order_id"]),
        "version": str(payload.get("update_time") or ""),
        "status": status,
        "outside_status": str(outside),
        "platform_hold": _hold(outside, presale) if status == "open" else None,
        "ordered_at": unix_time(payload.get("create_time")),
        "paid_at": unix_time(payload.get("pay_time")),
        "ship_by": unix_time(payload.get("exp_ship_time")),
        "merge_key": _merge_key(payload, partner),
        "partner": partner,
        "note": payload.get("buyer_words"),
        "seller_note": payload.get("seller_words"),
        "paid": yuan(payload.get("pay_amount")),
        "freight": freight,
        "presale": presale,
        "lines": _lines(payload, freight),
    }
    return without_nothing(words)


def _hold(outside: int, presale: Mapping[str, Any] | None) -> str | None:
    if presale and presale["step"] != "final_paid":
        return "presale"
    return "platform" if outside == PAID_NOT_READY else None


def _presale(order: Mapping[str, Any]) -> dict | None:
    """A presale in phases: each of them has to be paid."""
    phases = order.get("order_phase_list") or []
    if not phases:
        return None
    paid = sum(str(phase.get("pay_success")).lower() in ("true", "1") for phase in phases)
    return {"step": "final_paid" if paid == len(phases) else "final_unpaid" if paid else "deposit"}


def _partner(order: Mapping[str, Any]) -> dict:
    """The receiver: regions in clear, the rest masked. The platform's town is a district, its street a town."""
    clear, masked = order.get("post_addr") or {}, order.get("mask_post_addr") or {}
    shown = {
        "name": _readable(order.get("post_receiver"), order.get("mask_post_receiver")),
        "phone": _readable(order.get("post_tel"), order.get("mask_post_tel")),
        "street": _readable(clear.get("detail"), masked.get("detail")),
    }
    point = order.get("user_coordinate") or {}
    partner = {
        **{name: text for name, (text, _clear) in shown.items()},
        **{ours: _region(clear, theirs) for ours, theirs in REGIONS},
        "latitude": _degrees(point, "latitude"),
        "longitude": _degrees(point, "longitude"),
        "masked": not all(is_clear for _text, is_clear in shown.values()),
    }
    return without_nothing(partner)


REGIONS = (("province", "province"), ("city", "city"), ("district", "town"), ("town", "street"))


def _region(place: Mapping[str, Any], name: str) -> str:
    found = place.get(name)
    return str(found.get("name") or "") if isinstance(found, Mapping) else str(found or "")


def _readable(clear: object, masked: object) -> tuple[str, bool]:
    text = str(clear or "")
    return (text, "*" not in text) if text else (str(masked or ""), False)


def _degrees(point: Mapping[str, Any], name: str) -> float | None:
    value = point.get(name) or point.get(f"user_coordinate_{name}")
    return float(value) or None if value not in (None, "") else None


def _merge_key(order: Mapping[str, Any], partner: Mapping[str, Any]) -> str | None:
    """One buyer and one receiver, as far as both can be seen; nothing where the buyer is not known."""
    buyer = order.get("doudian_open_id")
    if not buyer:
        return None
    place = [
        str(partner.get(name) or "") for name in ("name", "phone", "province", "city", "district", "town", "street")
    ]
    return hashlib.sha256("|".join([str(buyer), *place]).encode()).hexdigest()[:32]


def _lines(order: Mapping[str, Any], freight: float) -> list[dict]:
    lines = order.get("sku_order_list") or []
    total = yuan(order.get("pay_amount"))
    shares = [yuan(line.get("pay_amount")) or 0.0 for line in lines]
    # of a line's amount it is not written whether freight is in it: what is left without freight is shared out
    paid = spread(sum(shares) if total is None else max(0.0, round(total - freight, 2)), _weights(lines, shares))
    together = _together(lines)
    return [_line(line, share, together.get(str(line["order_id"]))) for line, share in zip(lines, paid, strict=True)]


def _weights(lines: Sequence[Mapping[str, Any]], shares: Sequence[float]) -> list[float]:
    """A gift takes no part, even where all else costs nothing."""
    if sum(shares) > 0:
        return [0.0 if _is_gift(line) else share for line, share in zip(lines, shares, strict=True)]
    return [0.0 if _is_gift(line) else 1.0 for line in lines]


def _line(line: Mapping[str, Any], paid: float, ship_with: str | None) -> dict:
    quantity, price = int(line.get("item_num") or 0), yuan(line.get("origin_amount")) or 0.0
    gift, given = _is_gift(line), yuan(line.get("promotion_platform_amount")) or 0.0
    discount = round(price * quantity - paid - given, 2)
    if discount < 0 < quantity:  # the shop raised the price by hand
        price, discount = (paid + given) / quantity, 0.0
    number = str(line["order_id"])
    words = {
        "line_id": number,
        "sku": line.get("code") or line.get("out_sku_id"),
        "platform_sku": str(line.get("sku_id") or ""),
        "platform_item": str(line.get("product_id") or ""),
        "title": line.get("product_name"),
        "quantity": quantity,
        "price_unit": price,
        "paid": paid,
        "discount": discount,
        "platform_discount": given,
        "gift": gift,
        "bundle": f"bundle:{number}" if line.get("bundle_sku_info") else None,
        "ship_with": ship_with,
        "refund": _refund(line),
        "store_code": _store(line),
    }
    return without_nothing(words)


def _is_gift(line: Mapping[str, Any]) -> bool:
    return line.get("given_product_type") == "FREE"


def _together(lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A gift goes with the line that it was given for.

    >>> _together([{"order_id": 1}, {"order_id": 2, "given_product_type": "FREE", "master_sku_order_id_list": [1]}])
    {'1': '1', '2': '1'}
    """
    known = {str(line["order_id"]) for line in lines}
    marks: dict[str, str] = {}
    for line in lines:
        masters = [str(master) for master in line.get("master_sku_order_id_list") or [] if str(master) in known]
        if _is_gift(line) and masters:
            marks |= {masters[0]: masters[0], str(line["order_id"]): masters[0]}
    return marks


def _refund(line: Mapping[str, Any]) -> str | None:
    """What a line's after-sales case does to it."""
    if int(line.get("order_status") or 0) == CANCELLED:
        return "done"
    info = line.get("after_sale_info") or {}
    if int(info.get("after_sale_type") or 0) in GOODS_GO_ON:
        return None
    found = AFTER_SALE.get(int(info.get("after_sale_status") or 0))
    return "done" if found and int(info.get("refund_status") or 0) == MONEY_IS_BACK else found


def _store(line: Mapping[str, Any]) -> str | None:
    """The store or warehouse that it has to come from, when there is just one."""
    store = (line.get("store_info") or {}).get("store_id")
    rows = line.get("inventory_list") or []
    houses = {str(row.get("out_warehouse_id") or row.get("warehouse_id") or "") for row in rows} - {"", "0"}
    return str(store) if store else houses.pop() if len(houses) == 1 else None
