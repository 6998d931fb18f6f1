"""The columns a file of daily sales may have, and guessing which is which from their names."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One thing a column can mean: ``kind`` is label, day, number, mask or flag; numbers must lie in low..high.

    ``counted`` are pieces: below zero they are returns, which have to be allowed.
    """

    kind: str
    synonyms: tuple[str, ...]
    required: bool = False
    low: float = float("-inf")
    high: float = float("inf")
    counted: bool = False


TARGETS: dict[str, Target] = {
    "store": Target(
        "label",
        (
            "store",
            "store id",
            "shop",
            "warehouse",
            "site",
            "location",
            "门店",
            "店铺",
            "门店编号",
            "门店编码",
            "仓库",
            "店号",
        ),
        required=True,
    ),
    "product": Target(
        "label",
        (
            "product",
            "product id",
            "sku",
            "item",
            "item id",
            "article",
            "商品",
            "产品",
            "商品编号",
            "商品编码",
            "货号",
            "品号",
        ),
        required=True,
    ),
    "day": Target("day", ("day", "date", "dt", "sale date", "日期", "销售日期", "时间", "天"), required=True),
    "quantity": Target(
        "number",
        (
            "quantity",
            "qty",
            "units",
            "sales",
            "sold",
            "sale amount",
            "demand",
            "销量",
            "数量",
            "销售数量",
            "销售量",
            "件数",
        ),
        required=True,
        low=-1e9,
        high=1e9,
        counted=True,
    ),
    "unit": Target("label", ("unit", "uom", "unit of measure", "单位", "计量单位", "销售单位")),
    "in_stock_hours": Target(
        "number", ("in stock hours", "hours in stock", "在库小时", "在库时长", "有货小时"), low=0, high=24
    ),
    "stockout_hours": Target(
        "number",
        ("stockout hours", "out of stock hours", "stock hour6 22 cnt", "stockout h6 22", "缺货小时", "缺货时长"),
        low=0,
        high=24,
    ),
    "stockout_mask": Target("mask", ("stockout mask", "缺货掩码"), low=0, high=(1 << 24) - 1),
    "price": Target(
        "number", ("price", "unit price", "sale price", "单价", "售价", "价格", "销售单价"), low=0, high=1e9
    ),
    "promotion": Target("flag", ("promotion", "promo", "on promotion", "activity flag", "促销", "是否促销", "活动")),
    "discount": Target("number", ("discount", "discount factor", "折扣", "折扣率"), low=0, high=100),
    "city": Target("label", ("city", "city id", "region", "城市", "地区", "区域", "城市编号")),
    "temperature": Target(
        "number", ("temperature", "avg temperature", "temp", "气温", "温度", "平均气温"), low=-80, high=70
    ),
    "rain": Target(
        "number", ("rain", "precipitation", "precpt", "rainfall", "降雨", "降雨量", "降水", "降水量"), low=0, high=3000
    ),
    "humidity": Target("number", ("humidity", "avg humidity", "湿度", "平均湿度"), low=0, high=100),
    "wind": Target(
        "number", ("wind", "avg wind level", "wind level", "wind speed", "风力", "风速", "风级"), low=0, high=150
    ),
}
# Of these, the first that a file has says how long the goods were in stock.
STOCK_COLUMNS = ("stockout_mask", "in_stock_hours", "stockout_hours")


def normalise(header: str) -> str:
    """Return a header without case, width, punctuation and what stands in brackets.

    >>> normalise(" Sale_Amount（件）"), normalise("销量(kg)")
    ('sale amount', '销量')
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    text = re.sub(r"[(\[].*?[)\]]", " ", text)
    return re.sub(r"[\W_]+", " ", text).strip()


def guess_mapping(headers: Sequence[str], targets: Mapping[str, Target] = TARGETS) -> dict[str, str]:
    """Return {header: target} for the headers whose name says what they are; each target is given once.

    An exact name wins over one that merely contains it, a longer synonym over a shorter one.

    >>> guess_mapping(["门店", "商品编码", "日期", "销量(件)", "备注"])
    {'门店': 'store', '商品编码': 'product', '日期': 'day', '销量(件)': 'quantity'}
    """
    scored: list[tuple[int, int, str, str]] = []
    for position, header in enumerate(headers):
        name = normalise(header)
        for target, info in targets.items():
            score = max(_score(name, synonym) for synonym in info.synonyms)
            if score:
                scored.append((-score, position, header, target))
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for _rank, _position, header, target in sorted(scored):
        if header not in mapping and target not in taken:
            mapping[header] = target
            taken.add(target)
    return {header: mapping[header] for header in headers if header in mapping}


def _score(name: str, synonym: str) -> int:
    if name == synonym:
        return 1000
    if synonym.isascii():
        return len(synonym) if f" {synonym} " in f" {name} " and len(synonym) > 2 else 0
    return 10 * len(synonym) if len(synonym) > 1 and synonym in name else 0


def missing_targets(mapping: Mapping[str, str], targets: Mapping[str, Target] = TARGETS) -> list[str]:
    """Return the required targets that no column is mapped to."""
    return [name for name, info in targets.items() if info.required and name not in mapping.values()]
