"""Open a file of daily sales (CSV, XLSX, Parquet) and read it in chunks of a fixed number of rows.

Chunks depend on the file and the chunk size alone, so an interrupted import finds its place again. Memory is bounded
by one chunk (and, for Parquet, one batch of a row group), whatever the size of the file.
"""

import codecs
import datetime
import itertools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

CHUNK_ROWS = 200_000
_SHEET_ROWS = 20_000
_CSV_BLOCK = 8 << 20
KINDS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".parquet": "parquet", ".pq": "parquet"}


class FileProblem(ValueError):
    """The file as a whole cannot be read; ``code`` is empty, kind, damaged or encoding."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Chunk:
    """Part of a file: its columns, for each row its number in the file, and lines with a wrong number of cells."""

    index: int
    table: pa.Table
    rows: np.ndarray
    broken: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class SalesFile:
    """An opened file: where, what kind, its headers, sample values of each, the row count when cheap (else None)."""

    path: str
    kind: str
    headers: tuple[str, ...]
    samples: dict[str, tuple[str, ...]]
    count: int | None = None
    encoding: str = "utf8"
    delimiter: str = ","

    def chunks(self, start: int = 0, size: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """Yield the chunks from number ``start`` on; raises FileProblem when the file is damaged further on."""
        reader = {"csv": _csv_tables, "xlsx": _sheet_tables, "parquet": _parquet_tables}[self.kind]
        try:
            for chunk in _regroup(reader(self), size):
                if chunk.index >= start:
                    yield chunk
        except (pa.ArrowInvalid, OSError, zipfile.BadZipFile, UnicodeError) as error:
            raise FileProblem("damaged", str(error)) from error


def open_file(path: str, name: str = "") -> SalesFile:
    """Look at a file; its kind follows from ``name`` (or the path). Raises FileProblem."""
    kind = KINDS.get(Path(name or path).suffix.lower())
    if kind is None:
        raise FileProblem("kind", Path(name or path).suffix)
    if not Path(path).stat().st_size:
        raise FileProblem("empty")
    try:
        return {"csv": _open_csv, "xlsx": _open_sheet, "parquet": _open_parquet}[kind](path)
    except (pa.ArrowInvalid, OSError, zipfile.BadZipFile, KeyError, UnicodeError) as error:
        raise FileProblem("damaged", str(error)) from error


def unique_headers(headers: list[str]) -> tuple[str, ...]:
    """Return headers stripped, named where empty and numbered where repeated.

    >>> unique_headers(["a", " a", ""])
    ('a', 'a (2)', 'column 3')
    """
    seen: dict[str, int] = {}
    result = []
    for number, header in enumerate(headers, 1):
        text = header.strip().lstrip("\ufeff") or f"column {number}"
        seen[text] = seen.get(text, 0) + 1
        result.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return tuple(result)


# A raw part is (table, row numbers, broken lines).
_Part = tuple[pa.Table, np.ndarray, list[tuple[int, str]]]


def _regroup(parts: Iterator[_Part], size: int) -> Iterator[Chunk]:
    """Cut parts of any length into chunks of ``size`` rows (the last one may be shorter)."""
    tables: list[pa.Table] = []
    rows: list[np.ndarray] = []
    broken: list[tuple[int, str]] = []
    held, index = 0, 0
    for table, numbers, lost in parts:
        tables.append(table)
        rows.append(numbers)
        broken += lost
        held += table.num_rows
        while held >= size:
            whole, every = pa.concat_tables(tables), np.concatenate(rows)
            # a broken line belongs to the chunk that holds the rows around it, whatever the reading block
            last = every[size - 1]
            yield Chunk(index, whole.slice(0, size), every[:size], [line for line in broken if line[0] <= last])
            broken = [line for line in broken if line[0] > last]
            tables, rows = [whole.slice(size)], [every[size:]]
            held, index = held - size, index + 1
    if held or broken:
        yield Chunk(index, pa.concat_tables(tables), np.concatenate(rows), broken)


# --- Parquet ----------------------------------------------------------------------------------------------------


def _open_parquet(path: str) -> SalesFile:
    with pa.parquet.ParquetFile(path) as file:
        headers = tuple(file.schema_arrow.names)
        batch = next(file.iter_batches(batch_size=5), None)
        samples = {}
        if batch is not None:
            samples = {h: tuple(_text(value) for value in batch[h].to_pylist()) for h in headers}
        return SalesFile(path, "parquet", headers, samples, file.metadata.num_rows)


def _parquet_tables(file: SalesFile) -> Iterator[_Part]:
    first = 1
    with pa.parquet.ParquetFile(file.path) as source:
        for batch in source.iter_batches(batch_size=CHUNK_ROWS):
            yield pa.Table.from_batches([batch]), np.arange(first, first + batch.num_rows), []
            first += batch.num_rows


# --- CSV --------------------------------------------------------------------------------------------------------


def _encoding(head: bytes) -> str:
    """UTF-8 when it decodes, UTF-16 by its mark, else the national standard that spreadsheet programs write."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf16"
    try:
        codecs.getincrementaldecoder("utf8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf8"


def _open_csv(path: str) -> SalesFile:
    with open(path, "rb") as stream:
        head = stream.read(1 << 20)
    encoding = _encoding(head)
    line = head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines()[0]
    delimiter = max(",;\t|", key=line.count)
    table = pa.csv.read_csv(
        pa.BufferReader(line.encode() + b"\n"),
        read_options=pa.csv.ReadOptions(autogenerate_column_names=True),
        parse_options=pa.csv.ParseOptions(delimiter=delimiter),
        convert_options=pa.csv.ConvertOptions(
            column_types={f"f{n}": pa.string() for n in range(line.count(delimiter) + 1)}
        ),
    )
    headers = unique_headers([str(column[0].as_py() or "") for column in table.columns])
    file = SalesFile(path, "csv", headers, {}, None, encoding, delimiter)
    first = next(_csv_tables(file, block=1 << 20), None)
    samples = {h: tuple(first[0][h].slice(0, 5).to_pylist()) for h in headers} if first else {}
    return SalesFile(path, "csv", headers, samples, None, encoding, delimiter)


def _csv_tables(file: SalesFile, block: int = _CSV_BLOCK) -> Iterator[_Part]:
    broken: list[tuple[int, str]] = []

    def lost(row: pa.csv.InvalidRow) -> str:
        broken.append((row.number, row.text))
        return "skip"

    if _data_is_missing(file):
        return
    reader = pa.csv.open_csv(
        file.path,
        # one thread: only then does a broken line know its number
        read_options=pa.csv.ReadOptions(
            use_threads=False, block_size=block, column_names=list(file.headers), skip_rows=1, encoding=file.encoding
        ),
        parse_options=pa.csv.ParseOptions(delimiter=file.delimiter, invalid_row_handler=lost, newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types={h: pa.string() for h in file.headers}, strings_can_be_null=False
        ),
    )
    next_row, reported = 2, 0
    for batch in reader:
        numbers, next_row = _numbers(next_row, batch.num_rows, {number for number, _ in broken})
        yield pa.Table.from_batches([batch]), numbers, broken[reported:]
        reported = len(broken)
    if broken[reported:]:
        empty = pa.table({h: pa.array([], pa.string()) for h in file.headers})
        yield empty, np.zeros(0, np.int64), broken[reported:]


def _data_is_missing(file: SalesFile) -> bool:
    """True when there is nothing after the header (the reader would call that an error)."""
    with open(file.path, encoding=file.encoding.replace("utf16", "utf-16"), errors="replace") as stream:
        next(stream, None)
        return not any(line.strip() for line in itertools.islice(stream, 100))


def _numbers(first: int, count: int, skipped: set[int]) -> tuple[np.ndarray, int]:
    """Return the next ``count`` line numbers from ``first`` on that are not skipped, and the one after them."""
    gaps = sorted(number for number in skipped if number >= first)
    numbers = np.arange(first, first + count)
    for gap in gaps:
        numbers[numbers >= gap] += 1
    return numbers, int(numbers[-1]) + 1 if count else first


# --- XLSX -------------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    """Return a cell as the text a CSV would have."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _sheet_rows(path: str) -> Iterator[tuple[int, list[str]]]:
    import openpyxl  # slow to import, and only this kind of file needs it

    # opened here, since openpyxl would judge a stored file by its missing ending
    with open(path, "rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            cells = [_text(cell) for cell in row]
            if any(cells):
                yield number, cells
        book.close()


def _open_sheet(path: str) -> SalesFile:
    rows = list(itertools.islice(_sheet_rows(path), 6))
    if not rows:
        raise FileProblem("empty")
    headers = unique_headers(rows[0][1])
    samples = {h: tuple(cells[i] if i < len(cells) else "" for _, cells in rows[1:]) for i, h in enumerate(headers)}
    return SalesFile(path, "xlsx", headers, samples)


def _sheet_tables(file: SalesFile) -> Iterator[_Part]:
    rows = itertools.islice(_sheet_rows(file.path), 1, None)
    width = len(file.headers)
    while part := list(itertools.islice(rows, _SHEET_ROWS)):
        cells = [(row + [""] * width)[:width] for _, row in part]
        columns = {h: pa.array([row[i] for row in cells], pa.string()) for i, h in enumerate(file.headers)}
        yield pa.table(columns), np.array([number for number, _ in part]), []


def count_rows(file: SalesFile) -> int:
    """Return about how many data rows a file has (lines of a CSV, 0 for a sheet), for the progress only."""
    if file.kind != "csv":
        return file.count or 0
    with open(file.path, "rb") as stream:
        return max(sum(part.count(b"\n") for part in iter(lambda: stream.read(1 << 24), b"")) - 1, 0)
