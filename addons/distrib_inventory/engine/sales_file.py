"""Check a chunk of a file of daily sales: good rows become arrays, bad ones are listed by row, column and reason.

Three steps, because names become ids in between: :func:`check` reads the cells, the caller finds the stores,
products, units and regions behind the labels, :func:`settle` converts and finds doubles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from . import demand
from .sales_columns import STOCK_COLUMNS, TARGETS, Target
from .sales_read import Chunk
from .sales_values import Labels, days, flags, labels, numbers

LABELS = ("store", "product", "unit", "city")
WEATHER = ("temperature", "rain", "humidity", "wind")
BROKEN = "cells"


@dataclass(frozen=True)
class Options:
    """How strict to be; ``today`` bounds the days (no sale is later), hours are those of selling."""

    today: np.datetime64
    allow_returns: bool = False
    opens: int = 6
    closes: int = 22


@dataclass(frozen=True)
class Problem:
    """What is wrong in one cell: ``row`` as numbered in the file, ``code`` the reason, ``other`` the row it repeats."""

    row: int
    column: str
    value: str
    code: str
    other: int = 0


@dataclass
class Checked:
    """``n`` rows of a chunk: line numbers, labels, numbers by target, and which rows are still good."""

    chunk: Chunk
    columns: dict[str, str]  # target -> header
    labels: dict[str, Labels]
    day: np.ndarray
    numbers: dict[str, np.ndarray]
    good: np.ndarray
    problems: list[Problem] = field(default_factory=list)

    def reject(self, wrong: np.ndarray, target: str, code: str, other: np.ndarray | None = None) -> None:
        """Mark rows (mask) as bad because of one column."""
        positions = np.flatnonzero(wrong)
        if not len(positions):
            return
        header = self.columns.get(target, target)
        cells = (
            self.chunk.table[header].take(pa.array(positions)).to_pylist() if header in self.columns.values() else []
        )
        for place, position in enumerate(positions):
            value = "" if not cells or cells[place] is None else str(cells[place])
            before = int(other[position]) if other is not None else 0
            self.problems.append(Problem(int(self.chunk.rows[position]), header, value, code, before))
        self.good[positions] = False


def check(
    chunk: Chunk, mapping: Mapping[str, str], options: Options, targets: Mapping[str, Target] = TARGETS
) -> Checked:
    """Read the mapped columns ({header: target}) of a chunk; all errors of all cells come out at once."""
    table = chunk.table
    columns = {target: header for header, target in mapping.items() if header in table.column_names}
    day, missing, bad = days(table[columns["day"]])
    result = Checked(chunk, columns, {}, day, {}, np.ones(table.num_rows, bool))
    result.problems += [Problem(row, "", text, BROKEN) for row, text in chunk.broken]
    result.reject(missing, "day", "missing")
    result.reject(bad, "day", "bad_date")
    result.reject(~np.isnat(day) & (day > options.today), "day", "future_day")
    for target, header in columns.items():
        info = targets[target]
        if info.kind == "label":
            result.labels[target] = labels(table[header])
            if info.required:
                result.reject(result.labels[target].codes < 0, target, "missing")
        elif info.kind != "day":
            _check_number(result, target, info, table[header], options)
    return result


def _check_number(result: Checked, target: str, info: Target, column: pa.ChunkedArray, options: Options) -> None:
    values, missing, bad = flags(column) if info.kind == "flag" else numbers(column)
    result.numbers[target] = values
    if info.required:
        result.reject(missing, target, "missing")
    result.reject(bad, target, "not_a_flag" if info.kind == "flag" else "not_a_number")
    with np.errstate(invalid="ignore"):
        if info.counted and not options.allow_returns:
            result.reject(values < 0, target, "negative")
        outside = (values < info.low) | (values > info.high)
        if info.kind == "mask":
            outside |= values % 1 != 0
            outside &= ~np.isnan(values)
        result.reject(outside, target, "out_of_range")


@dataclass(frozen=True)
class Found:
    """Ids behind the labels of a chunk, by position in ``Labels.unique``; 0 = not found, -1 = several fit.

    ``unit_ratio`` is (units, products): how many of the product's own unit one such unit is, NaN when they do not
    compare; empty when the file has no unit column.
    """

    store: np.ndarray
    product: np.ndarray
    unit: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    unit_ratio: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


class Seen:
    """The product-warehouse-days met so far: one bit a day, so that 100 million rows take some 40 MB."""

    def __init__(self) -> None:
        self._keys = np.zeros(0, np.int64)
        self._days = np.zeros(0, np.int64)

    def add(self, keys: np.ndarray, day_of_month: np.ndarray) -> np.ndarray:
        """Note ``n`` distinct days (block keys and 0..30); return the mask of those already noted."""
        position = np.searchsorted(self._keys, keys)
        held = np.zeros(len(keys), bool)
        inside = position < len(self._keys)
        held[inside] = self._keys[position[inside]] == keys[inside]
        before = np.zeros(len(keys), bool)
        before[held] = (self._days[position[held]] >> day_of_month[held]) & 1 == 1
        every = np.concatenate([self._keys, keys])
        self._keys, inverse = np.unique(every, return_inverse=True)
        bits = np.zeros(len(self._keys), np.int64)
        np.bitwise_or.at(bits, inverse, np.concatenate([self._days, np.int64(1) << day_of_month.astype(np.int64)]))
        self._days = bits
        return before


@dataclass(frozen=True)
class Settled:
    """Good rows: ids, days, measures (4, n) as demand.MEASURES, and the positions they had in the chunk."""

    warehouse_id: np.ndarray
    product_id: np.ndarray
    day: np.ndarray
    measures: np.ndarray
    positions: np.ndarray


def settle(checked: Checked, found: Found, seen: Seen, options: Options) -> Settled:
    """Turn labels into ids, amounts into the product's unit, drop doubles; problems are added to ``checked``."""
    store = identify(checked, "store", found.store)
    product = identify(checked, "product", found.product)
    quantity = checked.numbers["quantity"] * unit_factor(checked, found)
    _drop_doubles(checked, store, product, seen)
    good = checked.good
    count = len(good)
    nothing = np.full(count, np.nan)
    promotion = demand.promotion_depth(
        checked.numbers.get("promotion", nothing), checked.numbers.get("discount", nothing)
    )
    measures = np.stack(
        [quantity, _in_stock(checked, options), checked.numbers.get("price", nothing), promotion]
    ).astype(np.float32)
    return Settled(store[good], product[good], checked.day[good], measures[:, good], np.flatnonzero(good))


def identify(checked: Checked, target: str, ids: np.ndarray) -> np.ndarray:
    """Return the id of each row's label (0 where there is none); rows whose label has no single record are rejected."""
    codes = checked.labels[target].codes
    result = np.append(ids, 0)[codes]
    named = codes >= 0
    checked.reject(named & (result == 0), target, f"unknown_{target}")
    checked.reject(named & (result < 0), target, f"ambiguous_{target}")
    return result


def unit_factor(checked: Checked, found: Found) -> np.ndarray:
    """Return how many of the product's own unit one unit of each row is; a unit of another kind is rejected."""
    if "unit" not in checked.labels:
        return np.ones(len(checked.good))
    unit, product = checked.labels["unit"].codes, checked.labels["product"].codes
    named = unit >= 0
    unknown = named & (np.append(found.unit, 1)[unit] == 0)
    checked.reject(unknown, "unit", "unknown_unit")
    factor = np.ones(len(unit))
    usable = named & ~unknown & (product >= 0)
    factor[usable] = found.unit_ratio[unit[usable], product[usable]]
    known = np.append(found.product, 0)[product] > 0
    checked.reject(usable & known & np.isnan(factor), "unit", "unit_mismatch")
    return factor


def _drop_doubles(checked: Checked, store: np.ndarray, product: np.ndarray, seen: Seen) -> None:
    """Reject rows that repeat the store, product and day of an earlier good row."""
    at = np.flatnonzero(checked.good)
    if not len(at):
        return
    month = checked.day[at].astype("datetime64[M]")
    keys = demand.block_keys(store[at], product[at], month)
    offset = (checked.day[at] - month.astype("datetime64[D]")).astype(np.int64)
    _, first, inverse = np.unique((keys << 5) | offset, return_index=True, return_inverse=True)
    original = np.zeros(len(checked.good), np.int64)
    original[at] = checked.chunk.rows[at[first[inverse]]]
    repeated = np.zeros(len(checked.good), bool)
    repeated[at] = at[first[inverse]] != at
    checked.reject(repeated, "day", "duplicate", original)
    fresh = np.sort(first)
    earlier = np.zeros(len(checked.good), bool)
    earlier[at[fresh]] = seen.add(keys[fresh], offset[fresh])
    checked.reject(earlier, "day", "duplicate_earlier")


def _in_stock(checked: Checked, options: Options) -> np.ndarray:
    """Return the share of selling hours in stock (NaN unknown) from the first column that tells."""
    source = next((name for name in STOCK_COLUMNS if name in checked.numbers), None)
    if source is None:
        return np.full(len(checked.good), np.nan)
    values, hours = checked.numbers[source], options.closes - options.opens
    if source == "stockout_mask":
        share = demand.in_stock_from_mask(np.nan_to_num(values).clip(0, (1 << 24) - 1), options.opens, options.closes)
    elif source == "in_stock_hours":
        share = values / hours
    else:
        share = 1 - values / hours
    return np.where(np.isnan(values), np.nan, np.clip(share, 0, 1))


def weather_days(checked: Checked, region: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weather that the good rows tell: region ids (k,), days (k,), means (4, k) as WEATHER.

    ``region`` (n,) is each row's region id, 0 where unknown. Unknown measures are NaN.
    """
    measures = [checked.numbers.get(name) for name in WEATHER]
    chosen = checked.good & (region > 0)
    if not chosen.any() or all(values is None for values in measures):
        return np.zeros(0, np.int64), np.zeros(0, "datetime64[D]"), np.zeros((len(WEATHER), 0))
    key = (region[chosen].astype(np.int64) << 20) | checked.day[chosen].astype(np.int64)
    unique, inverse = np.unique(key, return_inverse=True)
    means = np.full((len(WEATHER), len(unique)), np.nan)
    for place, values in enumerate(measures):
        if values is None:
            continue
        known = ~np.isnan(values[chosen])
        count = np.bincount(inverse[known], minlength=len(unique))
        total = np.bincount(inverse[known], values[chosen][known], minlength=len(unique))
        means[place] = np.where(count, total / np.maximum(count, 1), np.nan)
    told = ~np.isnan(means).all(axis=0)
    return (unique >> 20)[told], (unique & ((1 << 20) - 1)).astype("datetime64[D]")[told], means[:, told]
