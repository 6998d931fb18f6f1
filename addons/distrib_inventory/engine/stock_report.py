"""Stock reports of dealers and stores: what their columns mean, the good rows, and what the figures should have been.

Reading and checking are those of the files of daily sales (`sales_read`, `sales_file`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from . import sales_file
from .sales_columns import TARGETS as SALES
from .sales_columns import Target
from .sales_read import Chunk

TARGETS: dict[str, Target] = {
    "product": SALES["product"],
    "on_hand": Target(
        "number",
        ("on hand", "stock", "stock on hand", "quantity on hand", "inventory", "balance", "quantity", "qty", "库存",
         "库存数量", "库存量", "在库", "结存", "现有库存", "数量"),
        required=True, low=-1e9, high=1e9, counted=True,
    ),
    "sold": Target(
        "number",
        ("sold", "sold since", "sales", "sell through", "units sold", "sales quantity", "销量", "销售数量", "销售量",
         "售出", "出货"),
        low=-1e9, high=1e9, counted=True,
    ),
    "unit": SALES["unit"],
    "day": Target("day", ("day", "date", "as of", "count date", "日期", "截止日期", "盘点日期", "库存日期")),
    "store": Target("label", SALES["store"].synonyms),
}  # fmt: skip
# A column of our own for files without a day; it cannot clash with a header, which is never empty.
_DAY = ""


@dataclass(frozen=True)
class Rows:
    """``n`` good rows in the product's unit: ids (n,), on hand (n,), sold (n,) with 0 where nothing is said, and the
    number of each row in the file (n,)."""

    product_id: np.ndarray
    on_hand: np.ndarray
    sold: np.ndarray
    row: np.ndarray


def check(chunk: Chunk, mapping: Mapping[str, str], as_of: np.datetime64, today: np.datetime64) -> sales_file.Checked:
    """Read the mapped columns ({header: target}); a row of a day after ``as_of`` is rejected."""
    table = chunk.table
    if "day" not in mapping.values():
        mapping = {**mapping, _DAY: "day"}
        table = table.append_column(_DAY, pa.array(np.full(table.num_rows, as_of.astype("datetime64[D]"))))
    options = sales_file.Options(today=min(as_of, today))
    chunk = Chunk(chunk.index, table, chunk.rows, chunk.broken)
    checked = sales_file.check(chunk, mapping, options, TARGETS)
    if _DAY in mapping:
        checked.chunk = Chunk(chunk.index, table.drop_columns([_DAY]), chunk.rows, chunk.broken)
    return checked


def settle(checked: sales_file.Checked, found: sales_file.Found, warehouse_id: int, seen: dict[int, int]) -> Rows:
    """Turn labels into ids and amounts into the product's unit; problems are added to ``checked``.

    A row that names another place than ``warehouse_id``, or a product for the second time (``seen``: its row in the
    file by product, also of earlier parts; grows), is rejected.
    """
    product = sales_file.identify(checked, "product", found.product)
    if "store" in checked.labels:
        codes = checked.labels["store"].codes
        checked.reject((codes >= 0) & (np.append(found.store, 0)[codes] != warehouse_id), "store", "other_store")
    factor = sales_file.unit_factor(checked, found)
    _drop_doubles(checked, product, seen)
    good = checked.good
    sold = checked.numbers.get("sold", np.zeros(len(good)))
    amounts = ((checked.numbers["on_hand"] * factor)[good], (np.nan_to_num(sold) * factor)[good])
    return Rows(product[good], *amounts, checked.chunk.rows[good])


def _drop_doubles(checked: sales_file.Checked, product: np.ndarray, seen: dict[int, int]) -> None:
    """Reject rows whose product was met before, with the number of the row that had it first."""
    at = np.flatnonzero(checked.good)
    ids, first, inverse = np.unique(product[at], return_index=True, return_inverse=True)
    rows = checked.chunk.rows[at[first]].tolist() if len(at) else []
    earliest = np.array([seen.setdefault(*pair) for pair in zip(ids.tolist(), rows, strict=True)], np.int64)
    original = np.zeros(len(checked.good), np.int64)
    original[at] = earliest[inverse]
    repeated = np.zeros(len(checked.good), bool)
    repeated[at] = original[at] != checked.chunk.rows[at]
    checked.reject(repeated, "product", "duplicate_product", original)


@dataclass(frozen=True)
class Reconciled:
    """For ``n`` products: expected (n,), difference (n,) = reported - expected, and whether it matters (n,)."""

    expected: np.ndarray
    difference: np.ndarray
    different: np.ndarray


def reconcile(
    before: np.ndarray, moved_in: np.ndarray, moved_out: np.ndarray, sold: np.ndarray, reported: np.ndarray,
    tolerance: float,
) -> Reconciled:  # fmt: skip
    """Return expected = last report + what came in - what went back - reported sales, against what is reported.

    ``tolerance`` is a share of the greater of the two; below it, and below half a piece, a difference does not matter.

    >>> a = np.array
    >>> r = reconcile(a([10.0]), a([5.0]), a([1.0]), a([4.0]), a([8.0]), 0.02)
    >>> r.expected.tolist(), r.difference.tolist(), r.different.tolist()
    ([10.0], [-2.0], [True])
    """
    expected = before + moved_in - moved_out - sold
    difference = reported - expected
    allowed = np.maximum(tolerance * np.maximum(np.abs(expected), np.abs(reported)), 0.5)
    return Reconciled(expected, difference, np.abs(difference) > allowed)


def sell_through(
    product_id: np.ndarray, sold: np.ndarray, after: np.datetime64, until: np.datetime64
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spread what was sold between two reports evenly over the days ``after`` (not included) to ``until``.

    Returns product ids, days and quantities, one entry a product and day.

    >>> p, d, q = sell_through(np.array([7]), np.array([6.0]), np.datetime64("2024-03-01"), np.datetime64("2024-03-03"))
    >>> p.tolist(), d.astype(str).tolist(), q.tolist()
    ([7, 7], ['2024-03-02', '2024-03-03'], [3.0, 3.0])
    """
    days = np.arange(after + 1, until + 1, dtype="datetime64[D]")
    share = sold / max(len(days), 1)
    return np.repeat(product_id, len(days)), np.tile(days, len(product_id)), np.repeat(share, len(days))
