"""Columns of text or numbers into numpy arrays, a whole chunk at once.

Each reader returns the values with two masks: missing (empty) and bad (something that is not what it should be).
"""

import datetime
import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_NULL_WORDS = ("", "-", "NULL", "null", "NaN", "nan", "NA", "N/A", "None", "无")
_NUMBER = r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_GROUPED = r"^-?\d{1,3}(,\d{3})+(\.\d+)?$"
_TRUE = {"1", "true", "yes", "y", "t", "是", "有", "促销", "1.0"}
_FALSE = {"0", "false", "no", "n", "f", "否", "无", "0.0", ""}
_DAY = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ].*)?$")
_NOT_A_DAY = np.datetime64("NaT", "D")
FIRST_YEAR = 2000


class Numbers(NamedTuple):
    """``n`` values: float64 with NaN where there is none; masks of the missing and of the bad ones."""

    values: np.ndarray
    missing: np.ndarray
    bad: np.ndarray


class Labels(NamedTuple):
    """``n`` labels as positions in ``unique``; -1 where the cell is empty."""

    codes: np.ndarray
    unique: list[str]


def _plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # an empty chunked array stays one
        array = pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return cells as trimmed text, full-width characters made plain, null as the empty text.

    >>> texts(pa.array([" １２ ", None, "a"])).to_pylist(), texts(pa.array([1.0, 2.5])).to_pylist()
    (['12', '', 'a'], ['1', '2.5'])
    """
    array = _plain(column)
    if pa.types.is_floating(array.type):
        whole = pc.equal(pc.floor(array), array)
        limit = pc.less(pc.abs(array), 1e15)
        integers = pc.cast(pc.if_else(pc.and_kleene(whole, limit), array, None), pa.int64(), safe=False)
        array = pc.coalesce(pc.cast(integers, pa.string()), pc.cast(array, pa.string()))
    elif pa.types.is_boolean(array.type):
        array = pc.if_else(array, "1", "0")
    array = pc.cast(array, pa.string())
    return pc.fill_null(pc.utf8_trim_whitespace(pc.utf8_normalize(array, form="NFKC")), "")


def labels(column: pa.ChunkedArray | pa.Array) -> Labels:
    """Return the distinct texts of a column and which row has which.

    >>> labels(pa.array(["b", "", "b", "a"]))
    Labels(codes=array([ 0, -1,  0,  1]), unique=['b', 'a'])
    """
    encoded = pc.dictionary_encode(_plain(column))
    words = texts(encoded.dictionary).to_pylist()
    unique = {word: position for position, word in enumerate(dict.fromkeys(word for word in words if word))}
    lookup = np.array([unique.get(word, -1) for word in words] + [-1])
    indices = pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False).astype(np.int64)
    return Labels(lookup[indices], list(unique))


def numbers(column: pa.ChunkedArray | pa.Array) -> Numbers:
    """Return numbers; thousands may be grouped by commas.

    >>> numbers(pa.array(["1,234.5", "", "x", "-2"])).values.tolist()
    [1234.5, nan, nan, -2.0]
    """
    array = _plain(column)
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_boolean(array.type):
        kind = pa.int8() if pa.types.is_boolean(array.type) else array.type
        values = pc.cast(pc.cast(array, kind), pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        missing, bad = np.isnan(values), np.isinf(values)
        return Numbers(np.where(bad, np.nan, values), missing, bad)
    text = pc.replace_substring_regex(texts(array), r"^\+", "")
    grouped = pc.match_substring_regex(text, _GROUPED)
    text = pc.if_else(grouped, pc.replace_substring(text, ",", ""), text)
    good = pc.match_substring_regex(text, _NUMBER)
    parsed = pc.cast(pc.if_else(good, text, None), pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    missing = pc.is_in(text, value_set=pa.array(_NULL_WORDS)).to_numpy(zero_copy_only=False)
    bad = ~missing & ~np.isfinite(parsed)
    return Numbers(np.where(bad, np.nan, parsed), missing, bad)


def flags(column: pa.ChunkedArray | pa.Array) -> Numbers:
    """Return 1, 0 or NaN (empty); a number above 0 is true.

    >>> flags(pa.array(["是", "no", "", "2", "maybe"])).values.tolist()
    [1.0, 0.0, nan, 1.0, nan]
    """
    codes, unique = labels(column)
    table = np.array([_flag(word) for word in unique] + [np.nan])
    values, missing = table[codes], codes < 0
    return Numbers(values, missing, np.isnan(values) & ~missing)


def _flag(word: str) -> float:
    text = word.casefold()
    if text in _TRUE or text in _FALSE:
        return float(text in _TRUE)
    return float(float(text) > 0) if re.match(_NUMBER, text) else np.nan


def days(column: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return days (``datetime64[D]``, NaT where there is none), missing, bad. The year comes first.

    >>> days(pa.array(["2024-03-01", "2024年3月2日", "20240303", "1/2/2024", "2024-02-30"]))[0].astype(str).tolist()
    ['2024-03-01', '2024-03-02', '2024-03-03', 'NaT', 'NaT']
    """
    array = _plain(column)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        values = pc.cast(array, pa.date32(), safe=False).to_numpy(zero_copy_only=False).astype("datetime64[D]")
        missing = np.isnat(values)
        bad = ~missing & (values < np.datetime64(f"{FIRST_YEAR}-01-01"))
        return np.where(bad, _NOT_A_DAY, values), missing, bad
    codes, unique = labels(array)
    table = np.array([_parse_day(word) for word in unique] + [_NOT_A_DAY], "datetime64[D]")
    values, missing = table[codes], codes < 0
    return values, missing, np.isnat(values) & ~missing


def _parse_day(word: str) -> np.datetime64:
    match = _DAY.match(word)
    if not match or int(match[1]) < FIRST_YEAR:
        return _NOT_A_DAY
    try:
        return np.datetime64(datetime.date(int(match[1]), int(match[2]), int(match[3])), "D")
    except ValueError:
        return _NOT_A_DAY
