"""Demand blocks, the COPY format, and the reading and checking of sales files."""

import doctest

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distrib_inventory.engine import demand, pgcopy, sales_columns, sales_file, sales_read, sales_values
from hypothesis import given
from hypothesis import strategies as st

TODAY = np.datetime64("2024-06-30")


@pytest.mark.parametrize("module", [demand, pgcopy, sales_columns, sales_read, sales_values])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


days = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 400), st.floats(0, 100, width=32)), max_size=60
)


def packed(rows):
    table = np.array(rows, np.float64).reshape(-1, 4)
    day = np.datetime64("2023-12-20") + table[:, 2].astype(int)
    measures = np.full((4, len(table)), np.nan)
    measures[0] = table[:, 3]
    return demand.pack(table[:, 0].astype(int), table[:, 1].astype(int), day, measures)


@given(days)
def test_every_day_finds_its_cell(rows):
    blocks = packed(rows)
    known = {(w, p, d): q for w, p, d, q in rows}
    assert int((~np.isnan(blocks.values[0])).sum()) == len(known)
    for (warehouse, product, offset), quantity in known.items():
        day = np.datetime64("2023-12-20") + offset
        month = day.astype("datetime64[M]").astype("datetime64[D]")
        (place,) = np.flatnonzero(
            (blocks.warehouse_id == warehouse) & (blocks.product_id == product) & (blocks.month == month)
        )
        assert blocks.values[0, place, int((day - month).astype(int))] == np.float32(quantity)


@given(days)
def test_merging_the_same_again_changes_nothing(rows):
    new = packed(rows).values
    first = demand.merge(np.full_like(new, np.nan), new)
    again = demand.merge(first.values, new)
    assert (again.new_days, again.changed_days, bool(again.touched.any())) == (0, 0, False)
    assert again.unchanged_days == first.new_days


def test_nothing_known_never_overwrites():
    old = np.full((4, 1, 31), np.nan, np.float32)
    old[0, 0, 0], old[1, 0, 0] = 5, 0.5
    new = np.full_like(old, np.nan)
    new[0, 0, 0] = 7
    merged = demand.merge(old, new)
    assert merged.values[:2, 0, 0].tolist() == [7, 0.5]
    assert merged.changed_days == 1


@given(st.lists(st.floats(allow_nan=True, width=32), min_size=31, max_size=31), st.integers(1, 7))
def test_copy_stream_survives_any_cutting(values, step):
    columns = [("id", "int4"), ("day", "date"), ("values", "real[31]")]
    data = {
        "id": np.array([1, 2]),
        "day": np.array(["1999-12-31", "2024-02-29"], "datetime64[D]"),
        "values": np.array([values, values], np.float32),
    }
    parts = []
    reader = pgcopy.RowReader(columns, lambda rows: parts.append(rows.copy()), batch_bytes=50)
    stream = pgcopy.encode(columns, data)
    for begin in range(0, len(stream), step):
        reader.write(stream[begin : begin + step])
    reader.close()
    rows = np.concatenate(parts)
    assert np.array_equal(rows["values"]["value"].astype(np.float32), data["values"], equal_nan=True)
    assert pgcopy.to_dates(rows["day"]).tolist() == data["day"].tolist()


def test_a_cut_stream_is_noticed():
    reader = pgcopy.RowReader([("id", "int4")], lambda rows: None)
    reader.write(pgcopy.encode([("id", "int4")], {"id": np.array([1])})[:-4])
    with pytest.raises(ValueError, match="does not end at a row"):
        reader.close()


def test_mapping_of_the_public_data_set_and_of_chinese_headers():
    headers = ["city_id", "store_id", "product_id", "dt", "discount", "holiday_flag", "activity_flag", "precpt",
               "avg_temperature", "avg_humidity", "avg_wind_level", "sale_amount", "stockout_mask", "stockout_h6_22",
               "first_category_id"]  # fmt: skip
    mapping = sales_columns.guess_mapping(headers)
    assert mapping == {
        "city_id": "city", "store_id": "store", "product_id": "product", "dt": "day", "discount": "discount",
        "activity_flag": "promotion", "precpt": "rain", "avg_temperature": "temperature", "avg_humidity": "humidity",
        "avg_wind_level": "wind", "sale_amount": "quantity", "stockout_mask": "stockout_mask",
        "stockout_h6_22": "stockout_hours",
    }  # fmt: skip
    chinese = sales_columns.guess_mapping(["门店", "商品", "日期", "销量", "在库小时", "单价", "促销", "气温", "降雨"])
    assert list(chinese.values()) == [
        "store", "product", "day", "quantity", "in_stock_hours", "price", "promotion", "temperature", "rain",
    ]  # fmt: skip


def checked(columns, rows=None, **options):
    count = len(next(iter(columns.values())))
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    chunk = sales_read.Chunk(0, table, np.arange(2, 2 + count) if rows is None else rows)
    mapping = sales_columns.guess_mapping(list(columns))
    settings = sales_file.Options(TODAY, **options)
    return sales_file.check(chunk, mapping, settings), settings


GOOD = {"store": ["A"], "product": ["1"], "day": ["2024-03-01"], "quantity": ["2"]}


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("store", "", "missing"),
        ("product", " ", "missing"),
        ("day", "1 March", "bad_date"),
        ("day", "2024-02-30", "bad_date"),
        ("day", "2024-07-01", "future_day"),
        ("quantity", "two", "not_a_number"),
        ("quantity", "", "missing"),
        ("quantity", "-1", "negative"),
        ("in_stock_hours", "25", "out_of_range"),
        ("stockout_mask", "1.5", "out_of_range"),
        ("promotion", "perhaps", "not_a_flag"),
        ("humidity", "101", "out_of_range"),
    ],
)
def test_each_bad_cell_has_its_reason(column, value, code):
    result, _options = checked({**GOOD, column: [value]})
    assert [(p.row, p.column, p.value, p.code) for p in result.problems] == [(2, column, value, code)]
    assert not result.good.any()


def test_returns_are_taken_when_allowed():
    result, _options = checked({**GOOD, "quantity": ["-3"]}, allow_returns=True)
    assert result.good.all() and result.numbers["quantity"].tolist() == [-3]


def test_doubles_name_the_first_row_also_across_parts():
    days = ["2024-03-01", "2024-03-01", "2024-03-02"]
    columns = {"store": ["A"] * 3, "product": ["1"] * 3, "day": days, "quantity": ["1"] * 3}
    seen, found = sales_file.Seen(), sales_file.Found(np.array([4]), np.array([9]))
    first, options = checked(columns)
    settled = sales_file.settle(first, found, seen, options)
    assert settled.day.astype(str).tolist() == ["2024-03-01", "2024-03-02"]
    assert [(p.row, p.code, p.other) for p in first.problems] == [(3, "duplicate", 2)]
    second, options = checked(GOOD, rows=np.array([9]))
    assert not len(sales_file.settle(second, found, seen, options).day)
    assert second.problems[0].code == "duplicate_earlier"


def test_unknown_labels_and_units():
    columns = {
        "store": ["A", "B", "A", "A"],
        "product": ["1", "1", "2", "1"],
        "day": ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"],
        "quantity": ["1", "1", "1", "2"],
        "unit": ["", "box", "cup", "box"],
    }
    result, options = checked(columns)
    found = sales_file.Found(
        np.array([4, 0]), np.array([9, -1]), np.array([3, 0]), np.array([[12.0, np.nan], [np.nan, np.nan]])
    )
    settled = sales_file.settle(result, found, sales_file.Seen(), options)
    assert settled.measures[0].tolist() == [1, 24]
    assert {(p.row, p.code) for p in result.problems} == {
        (3, "unknown_store"),
        (4, "ambiguous_product"),
        (4, "unknown_unit"),
    }


@pytest.mark.parametrize(
    ("column", "value", "share"),
    [("in_stock_hours", "12", 0.75), ("stockout_hours", "4", 0.75), ("stockout_mask", str(0b1111 << 6), 0.75)],
)
def test_hours_become_a_share_of_the_opening_hours(column, value, share):
    result, options = checked({**GOOD, column: [value]})
    settled = sales_file.settle(result, sales_file.Found(np.array([1]), np.array([1])), sales_file.Seen(), options)
    assert settled.measures[1].tolist() == [share]


def test_weather_is_the_mean_of_a_region_and_day():
    result, _options = checked(
        {"store": ["A", "B"], "product": ["1", "1"], "day": ["2024-03-01"] * 2, "quantity": ["1", "1"],
         "temperature": ["10", "20"]}
    )  # fmt: skip
    region, day, measures = sales_file.weather_days(result, np.array([5, 5]))
    assert (region.tolist(), day.astype(str).tolist(), measures[0].tolist()) == ([5], ["2024-03-01"], [15.0])
    assert np.isnan(measures[1]).all()


# --- files --------------------------------------------------------------------------------------------------------

TEXT = '门店,商品,日期,销量\n1,2,2024-01-01,3\nbroken\n1,2,2024-01-02,"4"\n1,2,2024-01-03,5\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_encodings_line_numbers_and_broken_lines(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    file = sales_read.open_file(str(path))
    assert file.headers == ("门店", "商品", "日期", "销量")
    chunks = list(file.chunks(size=2))
    assert [chunk.rows.tolist() for chunk in chunks] == [[2, 4], [5]]
    assert chunks[0].broken == [(3, "broken")]
    assert [chunk.index for chunk in file.chunks(start=1, size=2)] == [1]


def test_all_kinds_of_files_give_the_same_rows(tmp_path):
    import openpyxl

    table = pa.table({"store": [1, 2], "product": ["a", "b"], "day": pa.array([19800, 19801], pa.date32()),
                      "quantity": [1.0, 2.5]})  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    book = openpyxl.Workbook()
    book.active.append(table.column_names)
    for row in table.to_pylist():
        book.active.append(list(row.values()))
    book.save(tmp_path / "a.xlsx")
    (tmp_path / "a.csv").write_text("store;product;day;quantity\n1;a;2024-03-18;1\n2;b;2024-03-19;2.5\n")
    results = []
    for name in ("a.parquet", "a.xlsx", "a.csv"):
        file = sales_read.open_file(str(tmp_path / name))
        (chunk,) = file.chunks()
        result = sales_file.check(chunk, sales_columns.guess_mapping(file.headers), sales_file.Options(TODAY))
        assert result.good.all(), result.problems
        results.append((result.labels["store"].unique, result.day.astype(str).tolist(),
                        result.numbers["quantity"].tolist()))  # fmt: skip
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("a.csv", b"", "empty"), ("a.pdf", b"x", "kind"), ("a.parquet", b"no", "damaged"), ("a.xlsx", b"no", "damaged")],
)
def test_unreadable_files_say_why(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(sales_read.FileProblem) as caught:
        sales_read.open_file(str(tmp_path / name))
    assert caught.value.code == code


def test_a_file_of_headers_has_no_chunks(tmp_path):
    (tmp_path / "a.csv").write_text("store,product,day,quantity\n")
    assert list(sales_read.open_file(str(tmp_path / "a.csv")).chunks()) == []


@given(st.lists(st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6)), min_size=1))
def test_numbers_read_what_python_writes(values):
    read = sales_values.numbers(pa.array([str(value) for value in values]))
    assert read.values.tolist() == [float(value) for value in values]
    assert not read.bad.any()


@given(st.lists(st.text(max_size=12), min_size=1))
def test_any_text_is_a_number_missing_or_bad(words):
    read = sales_values.numbers(pa.array(words))
    assert (np.isnan(read.values) == (read.missing | read.bad)).all()
    sales_values.days(pa.array(words))
    sales_values.flags(pa.array(words))
