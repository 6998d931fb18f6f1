"""The calendar: movable feasts, exchanged working days, shopping festivals, season slots."""

import numpy as np
import pytest
from distrib_inventory.engine import calendar, calendar_holidays
from hypothesis import given
from hypothesis import strategies as st

NONE = np.zeros(0, "datetime64[D]")


def days(first, last):
    return np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")


def festivals(*rows):
    codes = tuple(dict.fromkeys(row[0] for row in rows))
    return calendar.Occurrences(
        np.array([codes.index(row[0]) for row in rows], int),
        np.array([row[1] for row in rows], "datetime64[D]"),
        np.array([row[2] for row in rows], "datetime64[D]"),
        np.array([row[3] for row in rows], int),
        codes,
    )


def china(first, last, *rows):
    found = calendar_holidays.country_holidays("CN", int(first[:4]) - 1, int(last[:4]) + 1)
    return calendar.columns(days(first, last), found, festivals(*rows))


def test_chinese_new_year_2026_day_by_day():
    """As arranged by the State Council: off 15 to 23 February, worked on Saturdays 14 and 28."""
    found = china("2026-02-13", "2026-03-01")
    off = [str(day)[5:] for day in found.days[found.off]]
    assert off == [f"02-{day}" for day in range(15, 24)] + ["03-01"]
    assert [str(day)[5:] for day in found.days[found.makeup]] == ["02-14", "02-28"]
    spring = found.feast_offset[:, found.feast_codes.index("spring")]
    assert spring[0] == -4 and spring[4] == 0
    assert {found.holiday_codes[code] for code in found.holiday[found.holiday >= 0]} == {"spring", "spring_eve"}


@pytest.mark.parametrize("year,day", [(2023, "01-22"), (2024, "02-10"), (2025, "01-29"), (2027, "02-06")])
def test_offset_follows_the_feast_and_not_the_date(year, day):
    found = china(f"{year}-01-01", f"{year}-12-31")
    spring = found.feast_offset[:, found.feast_codes.index("spring")]
    assert str(found.days[spring == 0][0]) == f"{year}-{day}"
    slots, count = calendar.week_slots(found)
    assert set(slots[(spring >= -7) & (spring < 0)].tolist()) == {calendar.WEEKS + 3}
    assert slots.max() < count


def test_festivals_and_their_lead():
    found = china(
        "2026-05-20", "2026-06-20", ("618", "2026-05-31", "2026-06-18", 5), ("child", "2026-06-01", "2026-06-01", 2)
    )
    slot, count = calendar.day_slots(found)
    by_day = dict(zip(found.days.astype(str).tolist(), slot.tolist(), strict=True))
    assert count == calendar.DAY_SLOTS
    assert by_day["2026-05-27"] == calendar.LEAD and found.festival_lead[7] == 4
    assert by_day["2026-05-25"] == 0
    assert by_day["2026-06-17"] == calendar.FESTIVAL and by_day["2026-06-18"] == calendar.PEAK
    inner = found.festival[found.days == np.datetime64("2026-06-01")][0]
    assert found.festival_codes[inner] == "child", "the shorter festival goes before the longer one around it"


def test_other_countries_and_unknown_ones():
    german = calendar_holidays.country_holidays("DE", 2026, 2026)
    assert "easter_monday" in german.feast_codes and not len(german.makeup)
    nowhere = calendar_holidays.country_holidays("XX", 2026, 2026)
    found = calendar.columns(days("2026-01-01", "2026-01-07"), nowhere, festivals())
    assert found.off.tolist() == [False, False, True, True, False, False, False]
    assert calendar.features(found)[0].shape == (7, len(calendar.FEATURES))
    arabian = calendar_holidays.country_holidays("AE", 2026, 2026)
    assert arabian.weekend == (5, 6)


def test_a_year_not_arranged_yet_is_told():
    last = calendar_holidays.last_arranged_year("CN", 2035)
    assert 2026 <= last < 2035
    assert len(calendar_holidays.country_holidays("CN", 2035, 2035).day) >= 11, "the legal holidays are known"


@given(st.integers(0, 30000), st.integers(1, 60))
def test_weekday_and_week_are_those_of_the_standard_library(start, length):
    span = np.datetime64("1970-01-01") + start + np.arange(length)
    iso = [day.isocalendar() for day in span.tolist()]
    assert calendar.weekdays(span).tolist() == [day.weekday - 1 for day in iso]
    assert calendar.iso_weeks(span).tolist() == [day.week - 1 for day in iso]


@given(st.permutations(list(range(40))))
def test_days_in_any_order(order):
    straight = china("2026-01-20", "2026-02-28", ("x", "2026-02-01", "2026-02-03", 4))
    mixed = calendar.columns(
        straight.days[order],
        calendar_holidays.country_holidays("CN", 2025, 2027),
        festivals(("x", "2026-02-01", "2026-02-03", 4)),
    )
    np.testing.assert_array_equal(calendar.features(mixed)[0], calendar.features(straight)[0][order])
    np.testing.assert_array_equal(calendar.day_slots(mixed)[0], calendar.day_slots(straight)[0][order])


def test_features_are_zero_on_an_ordinary_day():
    found = china("2026-11-18", "2026-11-18")
    x, names = calendar.features(found)
    assert len(names) == x.shape[1]
    assert x[0].max() < 0.01
