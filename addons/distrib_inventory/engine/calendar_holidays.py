"""Public holidays of a country as arrays, from the library `holidays`.

China's arrangement of days off and of weekend days worked (调休) is announced each November for the year after; for a
year not announced yet the library knows the legal holidays, not the days moved.
"""

import datetime as dt
import re
from functools import lru_cache

import holidays as library
import numpy as np

from .calendar import Holidays

# The library's names of China's holidays -> our codes.
CHINA = {
    "New Year's Day": "new_year",
    "Chinese New Year (Spring Festival)": "spring",
    "Chinese New Year's Eve": "spring_eve",
    "Tomb-Sweeping Day": "qingming",
    "Labor Day": "labour",
    "Dragon Boat Festival": "dragon_boat",
    "Mid-Autumn Festival": "mid_autumn",
    "National Day": "national",
}
_REMARK = re.compile(r" \((observed|estimated|substituted.*)\)")
_MOVED = "Day off (substituted"
# A day off in exchange belongs to the holiday within so many days.
_NEAR = 8


def supported(country: str) -> bool:
    """Whether the library knows this ISO 3166 country.

    >>> supported("CN"), supported("XX")
    (True, False)
    """
    return country in library.list_supported_countries()


@lru_cache(maxsize=256)
def country_holidays(country: str, first: int, last: int) -> Holidays:
    """Return the public holidays of the years ``first`` to ``last``; of a country not known, weekends alone.

    >>> found = country_holidays("CN", 2026, 2026)
    >>> [code for code, days in zip(found.feast_codes, found.feast_day) if days[0] == np.datetime64("2026-09-25")]
    ['mid_autumn']
    >>> [str(day) for day in found.makeup][:2]
    ['2026-01-04', '2026-02-14']
    """
    if not supported(country):
        return _nothing()
    years = range(first, last + 1)
    options = {"language": "en_US"} if "en_US" in library.country_holidays(country).supported_languages else {}
    kept = library.country_holidays(country, years=years, **options)
    days = sorted(day for day in kept if first <= day.year <= last)
    names = {day: _codes(country, kept[day]) for day in days}
    codes = tuple(dict.fromkeys(code for day in days for code in names[day]))
    place = {code: index for index, code in enumerate(codes)}
    owner = [place[code] if (code := _owner(day, names)) else -1 for day in days]
    makeup = sorted(day for day in getattr(kept, "weekend_workdays", ()) if first <= day.year <= last)
    off = _bridged({day: code for day, code in zip(days, owner, strict=True) if code >= 0}, kept.weekend, set(makeup))
    feast_codes, feast_day = _feasts(codes, names, years)
    return Holidays(
        _dates(list(off)),
        np.array(list(off.values()), np.int16),
        codes,
        _dates(makeup),
        tuple(sorted(kept.weekend)),
        feast_day,
        feast_codes,
    )


def last_arranged_year(country: str, last: int) -> int:
    """Return the last year up to ``last`` whose exchanged working days are known (the year itself where no country
    day is ever exchanged).

    >>> last_arranged_year("CN", 2026), last_arranged_year("DE", 2026)
    (2026, 2026)
    """
    makeup = country_holidays(country, last - 10, last).makeup
    return int(str(makeup[-1])[:4]) if len(makeup) else last


def _nothing() -> Holidays:
    none = np.zeros(0, "datetime64[D]")
    return Holidays(none, np.zeros(0, np.int16), (), none, (5, 6), np.zeros((0, 0), "datetime64[D]"), ())


def _dates(days: list) -> np.ndarray:
    return np.array([np.datetime64(day, "D") for day in days], "datetime64[D]")


def _codes(country: str, name: str) -> list[str]:
    """The codes of all holidays that fall on one day; none for a day off in exchange."""
    found = []
    for part in name.split("; "):
        if part.startswith(_MOVED):
            continue
        plain = _REMARK.sub("", part)
        code = CHINA.get(plain) if country == "CN" else None
        found.append(code or re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_"))
    return found


def _owner(day: dt.date, names: dict) -> str | None:
    """The holiday a day off belongs to: its own, else the nearest one."""
    if names[day]:
        return names[day][0]
    near = [other for other in names if names[other] and abs((other - day).days) <= _NEAR]
    return names[min(near, key=lambda other: (abs((other - day).days), other))][0] if near else None


def _bridged(off: dict, weekend: set, makeup: set) -> dict:
    """The days off with the weekends between two days off of one holiday: they are part of it."""
    found, step = dict(off), dt.timedelta(days=1)
    for day, code in off.items():
        between, other = [], day + step
        while other.weekday() in weekend and other not in makeup and other not in off:
            between.append(other)
            other += step
        if between and off.get(other) == code:
            found.update(dict.fromkeys(between, code))
    return dict(sorted(found.items()))


def _feasts(codes: tuple, names: dict, years: range) -> tuple:
    """Codes and the first day of each in each year (f, y); an eve is told by the distance to its feast."""
    feasts = tuple(code for code in codes if not code.endswith("_eve"))
    first = np.full((len(feasts), len(years)), "NaT", "datetime64[D]")
    place = {code: index for index, code in enumerate(feasts)}
    for day in sorted(names, reverse=True):
        for code in names[day]:
            if code in place:
                first[place[code], day.year - years[0]] = np.datetime64(day, "D")
    return feasts, first
