"""PostgreSQL's COPY BINARY as one numpy structured array.

A row of fixed-size, never-null columns always takes the same number of bytes, so a whole COPY stream is an array of
records and neither direction needs a Python loop over rows.

Format: PostgreSQL documentation, COPY, section "Binary Format". All integers and floats are big-endian.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_REAL_OID = 700
_EPOCH = np.datetime64("2000-01-01", "D")
_SCALARS = {"int4": ">i4", "int8": ">i8", "real": ">f4", "double": ">f8", "date": ">i4"}

Columns = Sequence[tuple[str, str]]


def _array_length(kind: str) -> int:
    """Length of a fixed real array: ``real[31]`` gives 31; 0 for a scalar."""
    return int(kind[5:-1]) if kind.startswith("real[") else 0


def row_dtype(columns: Columns) -> np.dtype:
    """Return the packed record of one COPY row.

    ``columns`` are (name, kind) with kind one of int4, int8, real, double, date or ``real[N]``.

    >>> row_dtype([("id", "int4"), ("day", "date")]).itemsize
    18
    """
    fields: list[tuple] = [("_fields", ">i2")]
    for name, kind in columns:
        fields.append((f"_{name}_len", ">i4"))
        length = _array_length(kind)
        if length:
            element = np.dtype([("len", ">i4"), ("value", ">f4")])
            fields += [(f"_{name}_head", ">i4", (5,)), (name, element, (length,))]
        else:
            fields.append((name, _SCALARS[kind]))
    return np.dtype(fields)


def encode(columns: Columns, values: Mapping[str, np.ndarray]) -> bytes:
    """Return a COPY BINARY stream of equally long arrays; a ``real[N]`` column takes an (n, N) array.

    Dates are ``datetime64``; NaN stays NaN (a value, not an SQL NULL).

    >>> stream = encode([("n", "int4")], {"n": np.array([7, 8])})
    >>> decode([("n", "int4")], stream)["n"].tolist()
    [7, 8]
    """
    dtype = row_dtype(columns)
    count = len(values[columns[0][0]]) if columns else 0
    rows = np.zeros(count, dtype)
    rows["_fields"] = len(columns)
    for name, kind in columns:
        length = _array_length(kind)
        if length:
            rows[f"_{name}_len"] = 20 + 8 * length
            rows[f"_{name}_head"] = (1, 0, _REAL_OID, length, 1)
            rows[name]["len"] = 4
            rows[name]["value"] = values[name]
            continue
        rows[f"_{name}_len"] = np.dtype(_SCALARS[kind]).itemsize
        rows[name] = _days(values[name]) if kind == "date" else values[name]
    return b"".join((_SIGNATURE, rows.tobytes(), _TRAILER))


def _days(values: np.ndarray) -> np.ndarray:
    return (values.astype("datetime64[D]") - _EPOCH).astype(np.int32)


def to_dates(days: np.ndarray) -> np.ndarray:
    """Turn PostgreSQL day numbers (days since 2000-01-01) into ``datetime64[D]``.

    >>> to_dates(np.array([0, 31]))
    array(['2000-01-01', '2000-02-01'], dtype='datetime64[D]')
    """
    return _EPOCH + days.astype("timedelta64[D]")


class RowReader:
    """A file-like sink for ``copy_expert``: hands records on in batches, so memory does not grow with the result.

    ``sink`` is called with a structured array (see :func:`row_dtype`) of at most about ``batch_bytes``.
    """

    def __init__(self, columns: Columns, sink: Callable[[np.ndarray], None], batch_bytes: int = 32 << 20):
        self._dtype = row_dtype(columns)
        self._sink = sink
        self._batch = batch_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._started = False

    def write(self, data: bytes) -> int:  # pylint: disable=method-required-super
        """Take a piece of the stream, of any length."""
        self._parts.append(data)
        self._size += len(data)
        if self._size >= self._batch:
            self._drain()
        return len(data)

    def close(self) -> None:
        """Hand on what is left; raises ValueError when the stream ends inside a row."""
        rest = self._drain()
        if rest not in (b"", _TRAILER):
            raise ValueError("the COPY stream does not end at a row; is a column NULL?")

    def _drain(self) -> bytes:
        data = b"".join(self._parts)
        if not self._started and len(data) >= len(_SIGNATURE):
            data, self._started = data[len(_SIGNATURE) :], True
        count = len(data) // self._dtype.itemsize
        used = count * self._dtype.itemsize
        if count:
            self._sink(np.frombuffer(data, self._dtype, count))
        rest = data[used:]
        self._parts, self._size = [rest], len(rest)
        return rest


def decode(columns: Columns, stream: bytes) -> np.ndarray:
    """Return all records of a complete COPY BINARY stream; a ``real[N]`` column is read as ``rows[name]["value"]``."""
    parts: list[np.ndarray] = []
    reader = RowReader(columns, parts.append)
    reader.write(stream)
    reader.close()
    return np.concatenate(parts) if parts else np.zeros(0, row_dtype(columns))
