"""A carrier's rates in a table: one row for each origin and destination, or for each remote area."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .order_file import BadCell, Target

TARGETS: dict[str, Target] = {
    "origin": Target("label", ("origin", "from", "from warehouse", "始发地", "始发", "发货仓", "寄件地", "起始地", "发货地")),
    "destination": Target(
        "label", ("destination", "to", "to region", "province", "region", "目的地", "到达地", "收件地", "省份", "收货地区"),
        required=True),
    "zone": Target("label", ("zone", "band", "分区", "区域", "大区")),
    "first": Target("number", ("first fee", "first kg", "first", "首重费用", "首重价格", "首重", "首重费")),
    "per_kg": Target("number", ("further kg", "extra kg", "per kg", "next kg", "续重费用", "续重价格", "续重", "续重费")),
    "days": Target("number", ("days", "transit days", "时效", "时效天数", "天数")),
    "days_late": Target("number", ("days late", "days nine of ten", "最晚天数", "最长时效", "九成时效")),
    "remote": Target("number", ("remote surcharge", "surcharge", "remote area", "偏远附加费", "附加费", "偏远费")),
}  # fmt: skip
NUMBERS = ("first", "per_kg", "days", "days_late", "remote")


@dataclass
class Zone:
    """One row: line of the file, texts, numbers (None when empty), and what is wrong."""

    row: int
    origin: str = ""
    destinations: tuple[str, ...] = ()
    zone: str = ""
    numbers: dict[str, float | None] = field(default_factory=dict)
    problems: list[BadCell] = field(default_factory=list)


def read_row(row: int, cells: Mapping[str, str], included_kg: float = 1.0) -> Zone:
    """A row as {target: text}; several destinations may stand in one cell, with 、 ， , ; or / between.

    >>> read_row(2, {"destination": "江苏、浙江", "first": "￥8", "per_kg": "1.5"}).destinations
    ('江苏', '浙江')
    >>> read_row(2, {"destination": "江苏", "first": "8", "per_kg": "x"}).problems
    [BadCell(row=2, target='per_kg', value='x', code='not_a_number')]
    >>> [found.code for found in read_row(2, {"destination": "江苏", "first": "1", "per_kg": "8"}).problems]
    ['first_low']
    """
    texts = {target: (cells.get(target) or "").strip() for target in TARGETS}
    found = Zone(row, texts["origin"], zone=texts["zone"])
    found.destinations = tuple(part for part in re.split(r"[、，,;；/\n]+\s*", texts["destination"]) if part.strip())
    if not found.destinations:
        found.problems.append(BadCell(row, "destination", "", "missing"))
    for target in NUMBERS:
        found.numbers[target] = _number(found, target, texts[target])
    if found.problems:
        return found
    first, per_kg, remote = (found.numbers[name] for name in ("first", "per_kg", "remote"))
    if first is None and (remote is None or per_kg is not None):
        found.problems.append(BadCell(row, "first", "", "missing"))
    elif first is not None and first < (per_kg or 0.0) * included_kg:
        found.problems.append(BadCell(row, "first", texts["first"], "first_low"))
    return found


def _number(found: Zone, target: str, text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(re.sub(r"[,，¥￥元天\s]", "", text))
    except ValueError:
        number = float("nan")
    if not 0 <= number < 1e7:
        found.problems.append(BadCell(found.row, target, text, "below_zero" if number < 0 else "not_a_number"))
        return None
    return number
