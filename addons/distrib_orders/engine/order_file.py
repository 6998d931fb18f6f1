"""Orders in a table: one row for each article, rows with one outside number are one order.

An order with a bad row is left out as a whole, so that the mended rows bring it in complete.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Target:
    """One thing a column can mean, in the shape that the guessing of columns reads (`sales_columns` of distrib_inventory)."""

    kind: str
    synonyms: tuple[str, ...]
    required: bool = False


TARGETS: dict[str, Target] = {
    "external_id": Target(
        "label", ("order number", "order no", "order id", "order", "external id", "outside number", "订单号", "订单编号",
                  "外部单号", "平台单号", "网店单号", "单号"), required=True),
    "sku": Target(
        "label", ("sku", "product code", "item code", "code", "article", "product", "商品编码", "商家编码", "货号", "规格编码",
                  "产品编码", "编码", "商品"), required=True),
    "quantity": Target("number", ("quantity", "qty", "units", "数量", "件数", "购买数量"), required=True),
    "price_unit": Target("number", ("price", "unit price", "单价", "价格", "售价")),
    "paid": Target("number", ("line paid", "paid for line", "行实付", "明细实付", "商品实付")),
    "line_id": Target("label", ("line number", "line id", "line", "行号", "子订单号", "明细号")),
    "title": Target("label", ("title", "product name", "商品名称", "商品标题", "品名")),
    "name": Target("label", ("name", "consignee", "receiver", "buyer", "收货人", "收件人", "姓名", "买家", "客户")),
    "phone": Target("label", ("phone", "mobile", "telephone", "tel", "电话", "手机", "手机号", "联系电话", "收货电话")),
    "email": Target("label", ("email", "e mail", "邮箱", "电子邮箱")),
    "province": Target("label", ("province", "state", "省", "省份")),
    "city": Target("label", ("city", "市", "城市")),
    "district": Target("label", ("district", "county", "区", "区县", "县区")),
    "street": Target("label", ("street", "address", "full address", "详细地址", "地址", "收货地址", "街道")),
    "zip": Target("label", ("zip", "postcode", "postal code", "邮编", "邮政编码")),
    "dealer_code": Target("label", ("dealer code", "dealer", "经销商编码", "经销商", "客户编码")),
    "ordered_at": Target("label", ("ordered at", "order date", "order time", "date", "下单时间", "下单日期", "订购日期", "日期")),
    "paid_at": Target("label", ("paid at", "payment time", "付款时间", "支付时间")),
    "promised_at": Target("label", ("promised at", "delivery date", "promised", "交货日期", "约定送达", "承诺送达")),
    "freight": Target("number", ("freight", "shipping", "postage", "运费", "邮费")),
    "note": Target("label", ("note", "remark", "remarks", "buyer note", "备注", "买家留言", "留言")),
    "currency": Target("label", ("currency", "币种", "货币")),
}  # fmt: skip
PARTNER = ("name", "phone", "email", "province", "city", "district", "street", "zip")
LINE = ("line_id", "sku", "title", "quantity", "price_unit", "paid")
TIMES = ("ordered_at", "paid_at", "promised_at")
LIKELY_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d")


@dataclass(frozen=True)
class BadCell:
    """What is wrong with a row: its line in the file, the target, the text and the code of the reason."""

    row: int
    target: str
    value: str
    code: str


@dataclass
class FileOrder:
    """An order of the file in our words, the file's lines it comes from, and what is wrong with them."""

    order: dict[str, Any]
    rows: list[int] = field(default_factory=list)
    problems: list[BadCell] = field(default_factory=list)


def group(rows: Sequence[tuple[int, Mapping[str, str]]], zone: str = "+08:00") -> Iterator[FileOrder]:
    """Orders from rows of (line in the file, {target: text}), in the sequence in which they first appear.

    What concerns the whole order is taken from the first row that says it; a row that says something else is a problem.
    Times without a zone are of ``zone``.

    >>> rows = [(2, {"external_id": "A", "sku": "TEA", "quantity": "2", "city": "Wuhan"}),
    ...         (3, {"external_id": "A", "sku": "CUP", "quantity": "1"})]
    >>> [found.order for found in group(rows)]
    [{'external_id': 'A', 'lines': [{'sku': 'TEA', 'quantity': 2.0}, {'sku': 'CUP', 'quantity': 1.0}], \
'partner': {'city': 'Wuhan'}}]
    """
    orders: dict[str, FileOrder] = {}
    for number, cells in rows:
        texts = {target: text.strip() for target, text in cells.items() if text and text.strip()}
        name = texts.get("external_id") or f"\0{number}"
        found = orders.setdefault(name, FileOrder({"external_id": texts.get("external_id", ""), "lines": []}))
        found.rows.append(number)
        found.problems += [
            BadCell(number, target, "", "missing")
            for target, info in TARGETS.items()
            if info.required and target not in texts
        ]
        _add_row(found, number, texts, zone)
    yield from orders.values()


def _add_row(found: FileOrder, number: int, texts: Mapping[str, str], zone: str) -> None:
    line: dict[str, Any] = {}
    for target, text in texts.items():
        value = _value(target, text, zone)
        if value is None:
            found.problems.append(BadCell(number, target, text, "bad_date" if target in TIMES else "not_a_number"))
        elif target in ("quantity", "price_unit", "paid", "freight") and (
            value < 0 or (target == "quantity" and not value)
        ):
            found.problems.append(BadCell(number, target, text, "not_positive"))
        elif target in LINE:
            line[target] = value
        elif target != "external_id":
            _add_head(found, number, target, text, value)
    found.order["lines"].append({name: line[name] for name in LINE if name in line})


def _add_head(found: FileOrder, number: int, target: str, text: str, value: Any) -> None:
    home = found.order.setdefault("partner", {}) if target in PARTNER else found.order
    if home.setdefault(target, value) != value:
        found.problems.append(BadCell(number, target, text, "differs"))


def _value(target: str, text: str, zone: str) -> Any:
    if target in TIMES:
        return _time(text, zone)
    if TARGETS[target].kind != "number":
        return text
    try:
        number = float(text.replace(",", "").replace("，", "").replace("¥", "").replace("￥", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _time(text: str, zone: str) -> str | None:
    """ISO 8601 with zone.

    >>> _time("2026/3/1 8:05", "+08:00"), _time("2026-03-01T08:05:00Z", "+08:00"), _time("soon", "+08:00")
    ('2026-03-01T08:05:00+08:00', '2026-03-01T08:05:00+00:00', None)
    """
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment.isoformat() if moment.tzinfo else moment.isoformat() + zone
    for form in LIKELY_TIMES:
        try:
            return datetime.strptime(text, form).isoformat() + zone
        except ValueError:
            continue
    return None
