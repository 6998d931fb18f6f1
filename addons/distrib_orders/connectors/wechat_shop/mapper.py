"""An order of a WeChat shop in our words.

The payload is ``order`` of ``order/get``; under ``after_sale_orders`` our client adds its refunds as the platform gives
them. Money is in fen; ``real_price`` is what the buyer pays for the whole line, ``sale_price`` the price of one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..order import unix_time, without_nothing, yuan
from ..types import Account

STATUS = {
    10: "unpaid",
    12: "open",
    13: "open",
    20: "open",
    21: "part_shipped",
    30: "shipped",
    100: "done",
    190: "cancelled",
    200: "cancelled",
    250: "cancelled",
}
HOLD = {12: "platform", 13: "group_forming"}  # a present nobody has taken yet; a group that is not complete
PRESALE = 1
DONE = {"MERCHANT_REFUND_SUCCESS", "MERCHANT_RETURN_SUCCESS"}
AGREED = {
    "USER_WAIT_RETURN",
    "MERCHANT_WAIT_RECEIPT",
    "MERCHANT_OVERDUE_REFUND",
    "PLATFORM_REFUNDING",
    "PLATFORM_REFUND_FAIL",
}
CLOSED = {
    "USER_CANCELD",  # sic
    "USER_CANCELED",
    "USER_CANCELLED",
    "RETURN_CLOSED",
    "MERCHANT_REJECT_REFUND",
    "MERCHANT_REJECT_RETURN",
    "MERCHANT_FAIL",
    "MERCHANT_REFUND_RETRY_FAIL",
}


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """The order in our words. Raises KeyError, TypeError or ValueError for what is no order."""
    detail = payload["order_detail"]
    products = detail["product_infos"]
    delivery, price, pay = (detail.get(key) or {} for key in ("delivery_info", "price_info", "pay_info"))
    extra = detail.get("ext_info") or {}
    code = int(payload["status"])
    refunds = refunds_of(payload)
    words = {
        "external_id": str(payload["order_id"]),
        "version": version_of(payload),
        "status": STATUS.get(code, "open"),
        "outside_status": str(code),
        "platform_hold": _hold(code, delivery, products, refunds),
        "ordered_at": unix_time(payload.get("create_time")),
        "paid_at": unix_time(pay.get("pay_time")),
        "ship_by": unix_time(_earliest(products, lambda p: p.get("delivery_deadline"))),
        "presale": _presale(code, products),
        "merge_key": _merge_key(code, delivery),
        "partner": _partner(delivery),
        "note": extra.get("customer_notes"),
        "seller_note": extra.get("merchant_notes"),
        "paid": yuan(price.get("order_price")),
        "freight": yuan(price.get("freight")),
        "lines": [
            _line(key, product, refunds.get(place, {}))
            for place, (key, product) in enumerate(zip(line_keys(products), products, strict=True))
        ],
    }
    return without_nothing(words)


def version_of(payload: Mapping[str, Any]) -> str:
    """Seconds of the last change of the order or of one of its refunds: a refund need not touch the order."""
    stamps = [payload.get("update_time"), *(row.get("update_time") for row in payload.get("after_sale_orders") or ())]
    return str(max((int(stamp) for stamp in stamps if stamp), default=""))


def line_keys(products: Sequence[Mapping[str, Any]]) -> list[str]:
    """The platform numbers no lines: product and SKU do, with a count where one comes twice (bought and as a gift).

    >>> line_keys([{"product_id": 1, "sku_id": 2}, {"product_id": 1, "sku_id": 2}, {"product_id": 1, "sku_id": 3}])
    ['1-2', '1-2-2', '1-3']
    """
    seen: Counter[str] = Counter()
    keys = []
    for product in products:
        key = f"{product['product_id']}-{product['sku_id']}"
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return keys


def refunds_of(payload: Mapping[str, Any]) -> dict[int, dict[str, int]]:
    """Place of a line -> quantity by word (``requested``, ``agreed``, ``done``); exchanges are no refunds.

    What the refunds themselves say goes before the counts on the lines, which do not know an agreed one.
    """
    products = payload["order_detail"]["product_infos"]
    rows = payload.get("after_sale_orders")
    found: dict[int, dict[str, int]] = {}
    if rows is None:
        for place, product in enumerate(products):
            counts = {"requested": product.get("on_aftersale_sku_cnt"), "done": product.get("finish_aftersale_sku_cnt")}
            found[place] = {word: int(count) for word, count in counts.items() if count}
        return found
    left = [int(product["sku_cnt"]) for product in products]
    for row in rows:
        word, about = _word(row), row.get("product_info") or {}
        count = int(about.get("count") or 0)
        for place, product in enumerate(products):
            if not word or not count or any(str(product[k]) != str(about.get(k)) for k in ("product_id", "sku_id")):
                continue
            taken = min(count, left[place])
            count, left[place] = count - taken, left[place] - taken
            if taken:
                words = found.setdefault(place, {})
                words[word] = words.get(word, 0) + taken
    return found


def _word(row: Mapping[str, Any]) -> str:
    status = str(row.get("status") or "")
    if str(row.get("type") or "REFUND") == "EXCHANGE" or status in CLOSED:
        return ""
    return "done" if status in DONE else "agreed" if status in AGREED else "requested"


def _line(key: str, product: Mapping[str, Any], refunds: Mapping[str, int]) -> dict:
    count = int(product["sku_cnt"])
    gift = bool(product.get("is_free_gift"))
    listed = 0 if gift else int(product.get("sale_price") or 0) * count
    finder = 0 if gift else int(product.get("finder_discounted_price") or 0)
    paid = 0 if gift else int(product["real_price"] if product.get("real_price") is not None else listed - finder)
    # A price that the shop raised by hand is the list price then; a unit of it may be no whole number of fen.
    listed = max(listed, paid + finder)
    gone = refunds.get("agreed", 0) + refunds.get("done", 0)
    # One word for a line: what has left the order goes before what may leave it. See _hold.
    word = ("done" if not refunds.get("agreed") else "agreed") if gone else "requested" if refunds else ""
    words = {
        "line_id": key,
        "sku": product.get("out_sku_id") or product.get("sku_code") or "",
        "platform_sku": str(product["sku_id"]),
        "platform_item": str(product["product_id"]),
        "title": product.get("title"),
        "quantity": count,
        "price_unit": listed / count / 100 if count else None,
        "paid": yuan(paid),
        "discount": yuan(listed - paid - finder),
        "platform_discount": yuan(finder),
        "gift": gift,
        "refund": word,
        "refund_quantity": (gone or refunds.get("requested")) if word else None,
        "store_code": product.get("out_warehouse_id"),
    }
    return without_nothing(words)


def _hold(code: int, delivery: Mapping, products: Sequence[Mapping], refunds: Mapping[int, Mapping[str, int]]) -> str:
    if code in HOLD:
        return HOLD[code]
    if code not in STATUS:
        return "platform"  # a status that came after this was written: somebody looks, nothing leaves
    if delivery.get("address_under_review"):
        return "address_review"
    if any(words.get("requested") and len(words) > 1 for words in refunds.values()):
        return "locked"  # a line says that part of it is gone, and cannot say that more is asked for
    return ""


def _presale(code: int, products: Sequence[Mapping]) -> dict | None:
    """Presales are paid at once here; only the day of shipping is later."""
    infos = [product.get("sku_deliver_info") or {} for product in products]
    stamps = [int(info["predict_delivery_time"]) for info in infos
              if int(info.get("stock_type") or 0) == PRESALE and info.get("predict_delivery_time")]  # fmt: skip
    if not stamps:
        return None
    return {"step": "final_unpaid" if code == 10 else "final_paid", "ship_from": unix_time(max(stamps))}


def _earliest(products: Sequence[Mapping], pick: Any) -> int | None:
    return min((int(pick(product)) for product in products if pick(product)), default=None)


def _merge_key(code: int, delivery: Mapping) -> str:
    """The platform's own mark of one buyer at one address in this shop; in newer answers it lies with the address."""
    if STATUS.get(code) not in ("open", "part_shipped"):
        return ""
    address = delivery.get("address_info") or {}
    return str(delivery.get("hash_code") or address.get("hash_code") or "")


def _partner(delivery: Mapping) -> dict:
    address = delivery.get("address_info") or {}
    extension = address.get("tel_number_ext_info") or {}
    phone = extension.get("virtual_tel_number") or address.get("virtual_order_tel_number") or address.get("tel_number")
    street = f"{address.get('detail_info') or ''}{address.get('house_number') or ''}"
    masked = any("*" in str(text or "") for text in (address.get("user_name"), phone, street))
    return without_nothing(
        {
            "name": address.get("user_name"),
            "phone": phone,
            "province": address.get("province_name"),
            "city": address.get("city_name"),
            "district": address.get("county_name"),
            "street": street,
            "zip": address.get("postal_code"),
            "country": _country(address.get("national_code")),
            "latitude": address.get("lat") or None,
            "longitude": address.get("lng") or None,
            "masked": masked,
            "privacy_id": delivery.get("ewaybill_order_code"),
        }
    )


def _country(code: Any) -> str:
    """``national_code`` is the postal code of the region in China, letters elsewhere.

    >>> _country("510000"), _country("HK"), _country(None)
    ('', 'HK', '')
    """
    return str(code) if code and str(code).isalpha() else ""
