"""What an order from outside is worth, line by line and to the cent.

A platform's order has two debtors: the buyer, who pays what is left after all discounts, and the platform, which pays
the shop for the coupons that it gave. What the shop earns with a line is what both owe for it. Discounts on the whole
order are shared out over its lines by what these cost, whole cents, the largest remainders first.
"""

from dataclasses import dataclass

from ..connectors.order import spread
from .intake import Incoming, Line

CENT = 0.005


@dataclass(frozen=True, slots=True)
class LineMoney:
    """Money of a line, in units of the currency, of the quantity that is ``left`` after refunds.

    ``list_unit`` price of one before discounts; ``paid`` by the buyer; ``discount`` of the shop; ``platform`` what the
    platform pays; ``revenue`` of the shop: ``paid + platform``.
    """

    left: float
    list_unit: float
    paid: float
    discount: float
    platform: float

    @property
    def revenue(self) -> float:
        """What the shop earns with the line."""
        return round(self.paid + self.platform, 2)


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """Money of an order. A line is None where nothing is said of its price: then our own list says it.

    ``gap``: what the buyer paid by the platform's total, less what its lines and freight add up to.
    """

    lines: tuple[LineMoney | None, ...]
    freight: float
    gap: float = 0.0

    @property
    def owed(self) -> float:
        """What buyer and platform owe the shop for the lines with a price, and the freight."""
        return round(sum(line.revenue for line in self.lines if line) + self.freight, 2)

    @property
    def platform(self) -> float:
        """The platform's part of it."""
        return round(sum(line.platform for line in self.lines if line), 2)


def left_of(line: Line) -> float:
    """The quantity still to be shipped: refunds that were agreed to leave the order.

    >>> left_of(Line("A", 3)), left_of(Line("A", 3, refund="requested")), left_of(Line("A", 3, refund="agreed"))
    (3, 3, 0.0)
    >>> left_of(Line("A", 3, refund="done", refund_quantity=1))
    2
    """
    if line.refund not in ("agreed", "done"):
        return line.quantity
    if line.refund_quantity is None:
        return 0.0
    return max(line.quantity - line.refund_quantity, 0)


def settle(order: Incoming) -> OrderMoney:
    """The money of an order and its lines.

    >>> order = Incoming("A", (Line("A", 2, 50.0), Line("B", 1, 20.0)), {}, paid=105.0, freight=5.0, discount=8.0,
    ...                  platform_discount=12.0)
    >>> money = settle(order)
    >>> [(line.paid, line.discount, line.platform, line.revenue) for line in money.lines]
    [(83.33, 6.67, 10.0, 93.33), (16.67, 1.33, 2.0, 18.67)]
    >>> money.owed, money.platform, money.gap
    (117.0, 12.0, 0.0)
    """
    gross = [_gross(line) for line in order.lines]
    known = [paid for paid in gross if paid is not None]
    total = sum(known) + order.freight
    weights = [0.0 if line.gift else paid or 0.0 for line, paid in zip(order.lines, gross, strict=True)]
    discounts = spread(order.discount, weights)
    coupons = spread(order.platform_discount, weights)
    # Some platforms take the order's discounts off the lines as well as naming them.
    inside = order.paid is not None and abs(total - order.paid) < CENT
    off = 0.0 if inside else order.discount + order.platform_discount
    gap = 0.0 if order.paid is None or len(known) < len(gross) else round(order.paid - (total - off), 2)
    lines = tuple(
        None if paid is None else _line(line, paid, discount, coupon, inside)
        for line, paid, discount, coupon in zip(order.lines, gross, discounts, coupons, strict=True)
    )
    return OrderMoney(lines, order.freight, gap)


def _gross(line: Line) -> float | None:
    """What the buyer pays for a line before the discounts on the whole order."""
    if line.gift:
        return 0.0
    if line.paid is not None:
        return line.paid
    if line.price_unit is None:
        return None
    return round(line.price_unit * line.quantity - line.discount - line.platform_discount, 2)


def _line(line: Line, gross: float, discount: float, coupon: float, inside: bool) -> LineMoney:
    paid = gross if inside else gross - discount - coupon
    discount, platform = line.discount + discount, line.platform_discount + coupon
    unit = line.price_unit
    if unit is None:
        unit = (paid + discount + platform) / line.quantity if line.quantity else 0.0
    left = left_of(line)
    part = left / line.quantity if line.quantity else 0.0
    return LineMoney(left, unit, round(paid * part, 2), round(discount * part, 2), round(platform * part, 2))
