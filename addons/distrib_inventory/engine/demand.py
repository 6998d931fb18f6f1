"""Daily demand history in month blocks.

A block is one product in one warehouse in one month: for each measure an array of 31 ``float32``, NaN where nothing
is known (also for the days a month does not have). Days go in and out as flat arrays.
"""

from dataclasses import dataclass

import numpy as np

BLOCK_DAYS = 31
MEASURES = ("quantity", "in_stock", "price", "promotion")
# The least promotion depth: promoted, but nobody said how deep.
PROMOTION_UNKNOWN_DEPTH = 0.01


@dataclass(frozen=True)
class Blocks:
    """``k`` month blocks: ids (k,), first day of the month (k,) ``datetime64[D]``, values (4, k, 31) as MEASURES."""

    warehouse_id: np.ndarray
    product_id: np.ndarray
    month: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.month)

    def take(self, chosen: np.ndarray) -> "Blocks":
        """Return the chosen blocks (mask or positions)."""
        return Blocks(self.warehouse_id[chosen], self.product_id[chosen], self.month[chosen], self.values[:, chosen])


@dataclass(frozen=True)
class Merge:
    """What a merge did: merged values (4, k, 31), which blocks differ from before (k,), and the days counted."""

    values: np.ndarray
    touched: np.ndarray
    new_days: int
    changed_days: int
    unchanged_days: int


def block_keys(warehouse_id: np.ndarray, product_id: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Return one int64 for each block: 20 bits of warehouse, 24 of product, 11 of months since 1970.

    Raises ValueError when an id does not fit.
    """
    months = month.astype("datetime64[M]").astype(np.int64)
    warehouse, product = warehouse_id.astype(np.int64), product_id.astype(np.int64)
    if len(months) and (warehouse.max() >> 20 or product.max() >> 24 or months.max() >> 11 or months.min() < 0):
        raise ValueError("an id or a month is out of the range of a block key")
    return (warehouse << 35) | (product << 11) | months


def pack(warehouse_id: np.ndarray, product_id: np.ndarray, day: np.ndarray, measures: np.ndarray) -> Blocks:
    """Gather ``n`` days into blocks; ``measures`` is (4, n) as MEASURES. Of a day given twice, the later one counts.

    >>> b = pack(np.array([1, 1]), np.array([5, 5]), np.array(["2024-03-30", "2024-04-01"], "datetime64[D]"),
    ...          np.array([[2.0, 3.0]] * 4))
    >>> len(b), b.values[0, 0, 29], b.values[0, 1, 0]
    (2, np.float32(2.0), np.float32(3.0))
    """
    month = day.astype("datetime64[M]")
    keys = block_keys(warehouse_id, product_id, month)
    _, first, position = np.unique(keys, return_index=True, return_inverse=True)
    offset = (day.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    values = np.full((len(MEASURES), len(first), BLOCK_DAYS), np.nan, np.float32)
    values[:, position, offset] = measures
    return Blocks(
        warehouse_id[first].astype(np.int32),
        product_id[first].astype(np.int32),
        month[first].astype("datetime64[D]"),
        values,
    )


def merge(old: np.ndarray, new: np.ndarray) -> Merge:
    """Lay new values (4, k, 31) over old ones; NaN never overwrites a value.

    A day is new when nothing was known about it, changed when a known measure gets another value or an unknown one
    becomes known, else unchanged. Days that ``new`` says nothing about are not counted.

    >>> old = np.full((4, 1, 31), np.nan, np.float32); new = old.copy(); new[0, 0, 3] = 2
    >>> m = merge(old, new); m.new_days, merge(m.values, new).unchanged_days
    (1, 1)
    """
    given = ~np.isnan(new)
    differs = (given & (new != old)).any(axis=0)
    known_before = ~np.isnan(old).all(axis=0)
    given_days = given.any(axis=0)
    changed = int((differs & known_before).sum())
    fresh = int((given_days & ~known_before).sum())
    return Merge(
        np.where(given, new, old), differs.any(axis=1), fresh, changed, int(given_days.sum()) - changed - fresh
    )


def replace(old: np.ndarray, new: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values (4, k, 31) with the chosen ones replaced, NaN included, and which blocks differ (k,).

    >>> old = np.zeros((4, 1, 31), np.float32); new = np.full_like(old, np.nan); chosen = np.zeros(old.shape, bool)
    >>> chosen[0, 0, 3] = True
    >>> values, touched = replace(old, new, chosen)
    >>> bool(np.isnan(values[0, 0, 3])), values[0, 0, 4], touched.tolist()
    (True, np.float32(0.0), [True])
    """
    values = np.where(chosen, new, old)
    same = (values == old) | (np.isnan(values) & np.isnan(old))
    return values, ~same.all(axis=(0, 2))


@dataclass(frozen=True, eq=False)
class Owners:
    """From which day on stock moves own the demand of a warehouse, or of single pairs: keys sorted, days as integers
    since 1970 (NEVER where files own all days).

    A pair's own entry goes before that of its warehouse; who is not named is owned by files.
    """

    warehouse: np.ndarray
    warehouse_since: np.ndarray
    pair: np.ndarray
    pair_since: np.ndarray


NEVER = 1 << 30


def pair_keys(warehouse_id: np.ndarray, product_id: np.ndarray) -> np.ndarray:
    """Return one int64 for each pair, sorted as (warehouse, product).

    >>> int(pair_keys(np.array([1]), np.array([5]))[0])
    4294967301
    """
    return (np.asarray(warehouse_id, np.int64) << 32) | np.asarray(product_id, np.int64)


def moves_own(owners: Owners, warehouse_id: np.ndarray, product_id: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return for ``n`` days whether stock moves own them; arrays that broadcast, ``day`` as ``datetime64[D]``.

    >>> owners = Owners(np.array([1]), np.array([10]), pair_keys(np.array([1]), np.array([7])), np.array([NEVER]))
    >>> day = np.array(["1970-01-11", "1970-01-10", "1970-01-20"], "datetime64[D]")
    >>> moves_own(owners, np.array([1, 1, 1]), np.array([5, 5, 7]), day).tolist()
    [True, False, False]
    """
    since = _lookup(owners.warehouse, owners.warehouse_since, np.asarray(warehouse_id, np.int64), np.int64(NEVER))
    if len(owners.pair):
        since = _lookup(owners.pair, owners.pair_since, pair_keys(warehouse_id, product_id), since)
    return day.astype("datetime64[D]").astype(np.int64) >= since


def _lookup(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray, default: np.ndarray) -> np.ndarray:
    if not len(keys):
        return np.broadcast_to(default, wanted.shape)
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], default)


def fill_silence(
    quantity: np.ndarray,
    by_moves: np.ndarray,
    days: np.ndarray,
    last: np.ndarray,
    closed: np.ndarray,
    older: np.ndarray,
) -> None:
    """Set silent days of ``quantity`` (n, t) to 0, in place, where silence means that nothing was sold.

    ``by_moves`` (n, t) whether stock moves own a day; ``last`` (n,) the last day of which files tell anything of the
    pair's warehouse, ``closed`` (n,) the last complete day of ``days`` (t,), ``older`` (n,) whether the pair has history
    before these days. From a pair's first known day on: days of moves up to the closed day; days of files up to
    ``last`` where the pair's files never name a zero.

    >>> q = np.array([[np.nan, 2, np.nan, np.nan], [0, 1, np.nan, np.nan], [3, np.nan, np.nan, np.nan]])
    >>> d = np.arange("2026-01-01", "2026-01-05", dtype="datetime64[D]")
    >>> fill_silence(q, np.array([[True] * 4, [False] * 4, [False] * 4]), d, d[[1, 2, 2]], np.repeat(d[2], 3),
    ...              np.zeros(3, bool))
    >>> q.tolist()
    [[nan, 2.0, 0.0, nan], [0.0, 1.0, nan, nan], [3.0, 0.0, 0.0, nan]]
    """
    known = ~np.isnan(quantity)
    silent = (np.logical_or.accumulate(known, axis=1) | older[:, None]) & ~known
    sparse = ~((quantity == 0) & ~by_moves).any(axis=1)
    told = np.where(by_moves, days[None, :] <= closed[:, None], sparse[:, None] & (days[None, :] <= last[:, None]))
    np.copyto(quantity, quantity.dtype.type(0), where=silent & told)


def in_stock_from_mask(mask: np.ndarray, opens: int = 6, closes: int = 22) -> np.ndarray:
    """Return the share (0..1) of opening hours in stock; bit ``h`` of ``mask`` says out of stock from h to h+1.

    >>> in_stock_from_mask(np.array([0, 1 << 7, (1 << 24) - 1])).tolist()
    [1.0, 0.9375, 0.0]
    """
    window = ((1 << closes) - 1) & ~((1 << opens) - 1)
    hours = np.asarray(mask).astype(np.uint32) & np.uint32(window)
    return (1.0 - np.bitwise_count(hours) / (closes - opens)).astype(np.float32)


def promotion_depth(flag: np.ndarray, discount: np.ndarray) -> np.ndarray:
    """Return the depth (0..1) of a promotion from a flag and a discount, each NaN where unknown.

    ``discount`` is the share of the price paid: 0.88, or 8.8 (as in 8.8 折), or 88 (per cent). Up to 1.5 it is a
    factor (above 1 a surcharge, depth 0), up to 10 tenths, above that per cent; 0 means unknown.

    >>> promotion_depth(np.array([1, 1, 0, np.nan]), np.array([0.75, 1, 7.5, np.nan])).tolist()
    [0.25, 0.009999999776482582, 0.25, nan]
    """
    share = np.select(
        [discount <= 0, discount <= 1.5, discount <= 10], [np.nan, discount, discount / 10], discount / 100
    )
    depth = np.clip(1 - share, 0, 1)
    depth = np.where(np.isnan(depth) & (flag == 0), 0, depth)
    promoted = (flag > 0) & ~(depth >= PROMOTION_UNKNOWN_DEPTH)
    return np.where(promoted, PROMOTION_UNKNOWN_DEPTH, depth).astype(np.float32)
