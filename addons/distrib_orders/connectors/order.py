"""Our words for an order, as every mapper writes them and :func:`distrib_orders.engine.intake.read_order` reads them.

``external_id``, ``version``, ``lines`` are required, the rest is left out when unknown. Money is in units of the
currency (yuan, not fen), time in ISO 8601 with zone.

=================== ==================================================================================================
``status``          ``unpaid``, ``open`` (paid, to be shipped), ``part_shipped``, ``shipped``, ``done``, ``cancelled``
``platform_hold``   why the platform wants it not shipped yet: one of :data:`HOLDS`
``ordered_at``      ``paid_at``, ``ship_by`` (latest time of shipping before a penalty), ``promised_at`` (delivery)
``merge_key``       orders of one shop with the same key may go in one parcel
``partner``         name, phone, email, province, city, district, town, street, zip; ``country`` (ISO code, when not
                    China), ``latitude``, ``longitude``; ``masked`` true when hidden;
                    ``privacy_id`` the platform's key to the real ones (OAID)
``note``            of the buyer; ``seller_note`` of the shop
``paid``            what the buyer paid, freight included; ``freight``; ``discount`` given by the shop and
                    ``platform_discount`` paid for by the platform, both on the whole order and not on its lines
``lines``           see :data:`LINE_KEYS`
``presale``         ``step`` (``deposit``, ``final_unpaid``, ``final_paid``), ``ship_from`` (ISO time)
``outside_status``  the platform's own word
=================== ==================================================================================================
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

CHINA = timezone(timedelta(hours=8))
HOLDS = ("risk", "group_forming", "presale", "address_review", "locked", "platform")
STATUSES = ("unpaid", "open", "part_shipped", "shipped", "done", "cancelled")
LINE_KEYS = (
    "line_id",  # the platform's number of the line
    "sku",  # our code, as the shop entered it on the platform; may be empty
    "platform_sku",  # the platform's number of the article; with ``platform_item`` for the listing above it
    "platform_item",
    "title",
    "quantity",
    "price_unit",  # list price of a unit
    "paid",  # what the buyer paid for the whole line, discounts and coupons taken off
    "discount",  # of the shop, on the whole line
    "platform_discount",  # of the platform, which pays it to the shop
    "gift",  # true: given with another line
    "bundle",  # lines with the same mark are parts of one bundle
    "ship_with",  # lines with the same mark must go together
    "refund",  # "requested", "agreed", "done", or left out; ``refund_quantity`` when only a part
    "refund_quantity",
    "store_code",  # the warehouse or store that the platform wants it shipped from
)


def yuan(fen: int | str | None) -> float | None:
    """Fen as yuan; None for nothing.

    >>> yuan(12345), yuan("5"), yuan(""), yuan(None)
    (123.45, 0.05, None, None)
    """
    if fen is None or fen == "":
        return None
    return float(Decimal(str(fen)) / 100)


def amount(text: str | float | None) -> float | None:
    """Yuan as a number; None for nothing.

    >>> amount("12.30"), amount(""), amount(None), amount(0)
    (12.3, None, None, 0.0)
    """
    return None if text is None or text == "" else float(Decimal(str(text)))


def china_time(text: str | None) -> str | None:
    """``2026-01-02 03:04:05`` of Beijing as ISO 8601 with zone; None for nothing and for the platforms' "never".

    >>> china_time("2026-01-02 03:04:05"), china_time(""), china_time("0000-00-00 00:00:00")
    ('2026-01-02T03:04:05+08:00', None, None)
    """
    if not text or text.startswith(("0000", "0001")):
        return None
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).isoformat()


def unix_time(seconds: int | str | None) -> str | None:
    """Seconds since 1970 as ISO 8601; None for nothing and zero.

    >>> unix_time(1767294245), unix_time(0), unix_time("")
    ('2026-01-01T19:04:05+00:00', None, None)
    """
    return datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds and int(seconds) else None


def spread(total: float, weights: Sequence[float], digits: int = 2) -> list[float]:
    """``total`` shared out by ``weights``, whole cents, adding up exactly; the largest remainders get the odd cents.

    >>> spread(10, [1, 1, 1])
    [3.34, 3.33, 3.33]
    >>> spread(0.05, [3, 0, 1]), spread(1, [0, 0])
    ([0.04, 0.0, 0.01], [0.5, 0.5])
    >>> spread(1, [])
    []
    """
    if not weights:
        return []
    cent = Decimal(1).scaleb(-digits)
    whole = int((Decimal(str(total)) / cent).to_integral_value(ROUND_HALF_UP))
    shares = [Decimal(str(weight)) for weight in weights]
    if sum(shares) <= 0:
        shares = [Decimal(1)] * len(shares)
    exact = [whole * share / sum(shares) for share in shares]
    cents = [int(share) for share in exact]
    order = sorted(range(len(shares)), key=lambda i: (cents[i] - exact[i], i))
    for i in order[: whole - sum(cents)]:
        cents[i] += 1
    return [float(count * cent) for count in cents]


def without_nothing(values: dict) -> dict:
    """The entries that say something.

    >>> without_nothing({"a": 0, "b": None, "c": "", "d": False, "e": [], "f": {}})
    {'a': 0}
    """
    return {
        key: value
        for key, value in values.items()
        if value is not None and value not in ("", [], {}) and value is not False
    }
