"""Rows a second from a file of daily sales into demand history, against COPY of the same rows.

Value: rows a second of the whole import (reading, checking, creating the stores and products that are missing, merging
into month blocks). Bound: PostgreSQL's COPY of the same rows, as CSV, into a plain table. Without ``--file`` a seeded
file of ``--pairs`` x ``--days`` is made. The same file is then imported again, which must change nothing.
"""

import argparse
import datetime
import io
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tools import benching
from tools.steps import Problem, say

ROWS_A_SECOND = 3000
"""1,000 pairs x 90 days in 30 s."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", help="a file of your own (CSV, XLSX or Parquet)")
    parser.add_argument("--pairs", type=int, default=1000, help="pairs to make; with --file: to read, 0 for all")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--seed", type=int, default=19)


def measure(options: argparse.Namespace) -> benching.Result:
    with tempfile.TemporaryDirectory() as folder, benching.odoo("bench") as env:
        path = options.file or _make(Path(folder) / "sales.parquet", options)
        imports = env["distrib.sales.import"]
        start = time.perf_counter()
        job = imports._import_path(path, limit_pairs=options.pairs if options.file else None)
        seconds = time.perf_counter() - start
        if job.state != "done":
            raise Problem(f"the import failed: {job.message}")
        rows = job.row_count
        say(f"   {rows:,} rows, {job.bad_count:,} bad, {job.new_days:,} new days in {seconds:.1f} s")
        again = imports._import_path(path, limit_pairs=options.pairs if options.file else None)
        if again.new_days or again.changed_days:
            raise Problem("the same file a second time changed something")
        copied = _copy(env, path, rows)
    rate, bound = rows / seconds, rows / copied
    return benching.Result(
        rate,
        "rows/s",
        f"COPY {bound:,.0f} rows/s, {bound / rate:.1f} times ours",
        f"at least {ROWS_A_SECOND:,}",
        rate >= ROWS_A_SECOND,
    )


def _make(path: Path, options: argparse.Namespace) -> str:
    rng = np.random.default_rng(options.seed)
    pair = np.repeat(np.arange(options.pairs), options.days)
    first = datetime.date(2025, 1, 1)
    days = np.tile([first + datetime.timedelta(int(d)) for d in range(options.days)], options.pairs)
    table = pa.table(
        {
            "store": [f"BS{p % options.stores:03d}" for p in pair],
            "product": [f"BP{p // options.stores:05d}" for p in pair],
            "day": days,
            "quantity": rng.poisson(3, len(pair)).astype(float),
            "in_stock_hours": rng.integers(12, 17, len(pair)).clip(max=16).astype(float),
            "price": np.round(rng.uniform(5, 50, len(pair)), 2),
        }
    )
    pyarrow.parquet.write_table(table, path)
    return str(path)


def _copy(env, path: str, rows: int) -> float:
    """Seconds that COPY needs for the same rows into a plain table of the same columns."""
    if path.endswith(".parquet"):
        table = pyarrow.parquet.read_table(path).slice(0, rows)
    else:
        table = pyarrow.csv.read_csv(path).slice(0, rows)
    text = io.BytesIO()
    pyarrow.csv.write_csv(table, text)
    types = {pa.string(): "text", pa.date32(): "date"}
    columns = ", ".join(
        f'"{f.name}" {types.get(f.type) or ("timestamp" if pa.types.is_timestamp(f.type) else "float8")}'
        for f in table.schema
    )
    env.cr.execute(f"CREATE TEMP TABLE bench_copy ({columns})")  # pylint: disable=sql-injection
    text.seek(0)
    start = time.perf_counter()
    env.cr.copy_expert("COPY bench_copy FROM STDIN (FORMAT csv, HEADER)", text)
    return time.perf_counter() - start
