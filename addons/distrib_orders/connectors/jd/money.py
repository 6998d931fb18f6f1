"""What was paid for each line of a JD order. JD says it of the order alone, so it is shared out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..order import amount, spread

SELLER = (
    20,
    28,
    29,
    30,
    35,
    100,
)  # bundles, flash and group sales, promotions of an article, money back, the shop's own
PLATFORM = (34, 39, 41, 52)  # red packets, beans, JD's coupons, gift cards


@dataclass(frozen=True)
class Share:
    """A line: list price, and what of it the shop gave, the platform pays and the buyer paid, in yuan."""

    quantity: int
    price: float
    goods: float
    discount: float = 0.0
    platform_discount: float = 0.0
    paid: float = 0.0


@dataclass(frozen=True)
class Money:
    """``total`` paid by the buyer, freight included; None when JD does not say. ``freight`` with service fee and tax."""

    total: float | None
    freight: float
    lines: tuple[Share, ...]


def share_out(order: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> Money:
    """The money of an order by its lines, so that what was paid for lines and freight adds up to what was paid.

    >>> order = {"orderPayment": "85.00", "freightPrice": "6.00", "sellerDiscount": "10.00"}
    >>> money = share_out(order, [{"jdPrice": "100", "itemTotal": "1"}, {"jdPrice": "0", "itemTotal": "1"}])
    >>> money.total, money.lines[0].paid, money.lines[0].discount, money.lines[0].platform_discount
    (85.0, 79.0, 10.0, 11.0)
    """
    quantities = [int(Decimal(str(item.get("itemTotal") or 0))) for item in items]
    prices = [amount(item.get("jdPrice")) or 0.0 for item in items]
    goods = [round(price * quantity, 2) for price, quantity in zip(prices, quantities, strict=True)]
    freight = round(sum(amount(order.get(key)) or 0.0 for key in ("freightPrice", "serviceFee", "taxFee")), 2)
    paid = _paid(order)
    given = _given(order, items, goods)
    left = [round(a - b, 2) for a, b in zip(goods, given, strict=True)]
    platform = [0.0] * len(items)
    missing = _platform_part(order, paid, freight, sum(left))
    if missing > 0:
        platform = spread(min(missing, round(sum(left), 2)), left)
    shares = zip(quantities, prices, goods, given, platform, left, strict=True)
    lines = (Share(q, price, worth, gift, plat, round(rest - plat, 2)) for q, price, worth, gift, plat, rest in shares)
    return Money(paid, freight, tuple(lines))


def _paid(order: Mapping[str, Any]) -> float | None:
    """What the buyer paid: what was due, and what he took from his balance."""
    due = amount(order.get("orderPayment"))
    return None if due is None else round(due + (amount(order.get("balanceUsed")) or 0.0), 2)


def _platform_part(order: Mapping[str, Any], paid: float | None, freight: float, left: float) -> float:
    """What of the lines neither the shop gave nor the buyer paid."""
    if paid is None:
        return round(sum(_coupons(order, PLATFORM).values()), 2)
    return round(left - (paid - freight), 2)


def _given(order: Mapping[str, Any], items: Sequence[Mapping[str, Any]], goods: Sequence[float]) -> list[float]:
    """The shop's discount of each line: that on an article on its lines, the rest on all."""
    by_sku = _coupons(order, SELLER)
    total = amount(order.get("sellerDiscount"))
    if total is None:
        left = amount(order.get("orderSellerPrice"))
        total = sum(by_sku.values()) if left is None else max(0.0, sum(goods) - left)
    total = min(round(total, 2), round(sum(goods), 2))
    given = [0.0] * len(items)
    for sku, value in by_sku.items():
        places = [at for at, item in enumerate(items) if sku and str(item.get("skuId")) == sku and goods[at]]
        part = min(value, sum(goods[at] for at in places), round(total - sum(given), 2))
        if places and part > 0:
            for at, piece in zip(places, spread(part, [goods[at] for at in places]), strict=True):
                given[at] = round(given[at] + piece, 2)
    rest = round(total - sum(given), 2)
    if rest > 0:
        weights = [round(worth - gift, 2) for worth, gift in zip(goods, given, strict=True)]
        given = [round(gift + more, 2) for gift, more in zip(given, spread(rest, weights), strict=True)]
    return given


def _coupons(order: Mapping[str, Any], kinds: Sequence[int]) -> dict[str, float]:
    """Sums of the coupons of some kinds by article; empty: of the whole order."""
    sums: dict[str, float] = {}
    for coupon in order.get("couponDetailList") or []:
        head = str(coupon.get("couponType") or "").split("-")[0].strip()
        if head.isdecimal() and int(head) in kinds:
            sku = str(coupon.get("skuId") or "")
            sums[sku] = round(sums.get(sku, 0.0) + (amount(coupon.get("couponPrice")) or 0.0), 2)
    return sums
