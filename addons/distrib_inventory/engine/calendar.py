"""What the calendar says about days: working days, feasts that move, shopping festivals; in columns for a forecast.

Feasts that follow the moon fall on another date each year, so demand around them is told by the distance to the feast,
not by the date. Public holidays come from `calendar_holidays`, shopping festivals are data (`Occurrences`).
"""

from dataclasses import dataclass

import numpy as np

# A feast further away than this says nothing.
FAR = 200
# Days over which the pull of a feast fades, for the columns of a regression.
FADE = 7.0
DAY_OFF, MAKE_UP, LEAD, FESTIVAL, PEAK = 7, 8, 9, 10, 11
DAY_SLOTS = 12
WEEKS = 53
FEATURES = ("off", "makeup", "lead", "festival", "peak")


@dataclass(frozen=True, eq=False)
class Holidays:
    """Public holidays of a country: dates ``datetime64[D]``, sorted.

    ``day`` (k,) days off with ``code`` (k,) an index into ``codes``; ``makeup`` (m,) weekend days that are worked;
    ``weekend`` weekdays that are off (0 = Monday); ``feast_day`` (f, y) the day of each feast in each year, NaT where
    it is not kept; ``feast_codes`` their names.
    """

    day: np.ndarray
    code: np.ndarray
    codes: tuple
    makeup: np.ndarray
    weekend: tuple
    feast_day: np.ndarray
    feast_codes: tuple


@dataclass(frozen=True, eq=False)
class Occurrences:
    """Shopping festivals as they fall: ``festival`` (k,) index into ``codes``, ``first`` and ``last`` day (k,)
    ``datetime64[D]``, ``lead`` (k,) days before the first in which demand already builds up or holds back; ``rank``
    (k,) of several at once the lowest counts, of equal ones (or without ranks) the shorter one."""

    festival: np.ndarray
    first: np.ndarray
    last: np.ndarray
    lead: np.ndarray
    codes: tuple
    rank: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Columns:
    """The calendar of ``t`` days.

    ``weekday`` 0 = Monday; ``week`` ISO week less one, 0..52; ``off`` no working day; ``makeup`` a weekend day that is
    worked; ``holiday`` index into ``holiday_codes``, -1 none; ``feast_offset`` (t, f) days after (+) or before (-) the
    nearest day of each feast, within FAR; ``festival`` index into ``festival_codes`` of the shopping festival that runs
    (see `Occurrences`), -1 none; ``peak`` its last day; ``festival_lead`` days until the next one starts when
    within its lead, else -1; ``next_festival`` that one's index, -1 none.
    """

    days: np.ndarray
    weekday: np.ndarray
    week: np.ndarray
    off: np.ndarray
    makeup: np.ndarray
    holiday: np.ndarray
    holiday_codes: tuple
    feast_offset: np.ndarray
    feast_codes: tuple
    festival: np.ndarray
    peak: np.ndarray
    festival_lead: np.ndarray
    next_festival: np.ndarray
    festival_codes: tuple

    def __len__(self) -> int:
        return len(self.days)


def corrected(holidays: Holidays, off: np.ndarray, worked: np.ndarray) -> Holidays:
    """Return the holidays with days off and days worked entered by hand, which go before what was known.

    A day off entered here belongs to the nearest holiday (the first code where there is none: "off").

    >>> none = np.zeros(0, "datetime64[D]")
    >>> day = np.array(["2027-02-06", "2027-02-07"], "datetime64[D]")
    >>> h = Holidays(day, np.zeros(2, int), ("spring",), none, (5, 6), np.zeros((0, 0), "datetime64[D]"), ())
    >>> found = corrected(h, np.array(["2027-02-12"], "datetime64[D]"), day[1:])
    >>> found.day.astype(str).tolist(), found.makeup.astype(str).tolist()
    (['2027-02-06', '2027-02-12'], ['2027-02-07'])
    """
    if not len(off) and not len(worked):
        return holidays
    stays = ~np.isin(holidays.day, worked) & ~np.isin(holidays.day, off)
    codes = holidays.codes or ("off",)
    if len(holidays.day):
        distance = np.abs((off[:, None] - holidays.day[None, :]).astype(np.int64))
        code = holidays.code[distance.argmin(axis=1)]
    else:
        code = np.zeros(len(off), np.int16)
    day = np.concatenate([holidays.day[stays], off])
    order = np.argsort(day)
    makeup = np.union1d(holidays.makeup[~np.isin(holidays.makeup, off)], worked)
    return Holidays(
        day[order], np.concatenate([holidays.code[stays], code])[order], codes, makeup, holidays.weekend,
        holidays.feast_day, holidays.feast_codes,
    )  # fmt: skip


def columns(days: np.ndarray, holidays: Holidays, festivals: Occurrences) -> Columns:
    """Return the calendar of ``days`` (t,) ``datetime64[D]``, in any order.

    >>> none = np.zeros(0, "datetime64[D]")
    >>> spring = np.array([["2025-01-29", "2026-02-17"]], "datetime64[D]")
    >>> h = Holidays(spring[0], np.zeros(2, int), ("spring",), none, (5, 6), spring, ("spring",))
    >>> o = Occurrences(np.array([0]), spring[0, 1:] - 21, spring[0, 1:] - 4, np.array([3]), ("nian_huo",))
    >>> c = columns(np.array(["2026-01-26", "2026-02-13", "2026-02-17", "2026-02-20"], "datetime64[D]"), h, o)
    >>> c.feast_offset[:, 0].tolist(), c.festival_lead.tolist(), c.festival.tolist(), c.off.tolist()
    ([-22, -4, 0, 3], [1, -1, -1, -1], [-1, 0, -1, -1], [False, False, True, False])
    """
    days = np.asarray(days, "datetime64[D]")
    makeup = np.isin(days, holidays.makeup)
    weekday = weekdays(days)
    holiday = _named(days, holidays)
    off = (np.isin(weekday, holidays.weekend) | (holiday >= 0)) & ~makeup
    running, peak = _running(days, festivals)
    lead, ahead = _ahead(days, festivals)
    return Columns(
        days, weekday, iso_weeks(days), off, makeup, holiday, holidays.codes,
        _offsets(days, holidays.feast_day), holidays.feast_codes, running, peak, lead, ahead, festivals.codes,
    )  # fmt: skip


def weekdays(days: np.ndarray) -> np.ndarray:
    """Return the weekday of each day, 0 = Monday.

    >>> weekdays(np.array(["2026-11-23", "2026-11-29"], "datetime64[D]")).tolist()
    [0, 6]
    """
    return ((days.astype("datetime64[D]").astype(np.int64) + 3) % 7).astype(np.int8)


def iso_weeks(days: np.ndarray) -> np.ndarray:
    """Return the ISO 8601 week of each day less one: 0..52.

    >>> iso_weeks(np.array(["2026-01-01", "2027-01-03", "2027-01-04"], "datetime64[D]")).tolist()
    [0, 52, 0]
    """
    days = days.astype("datetime64[D]")
    thursday = days + (3 - weekdays(days).astype(np.int64))  # a week belongs to the year of its Thursday
    start = thursday.astype("datetime64[Y]").astype("datetime64[D]")
    return ((thursday - start).astype(np.int64) // 7).astype(np.int16)


def _named(days: np.ndarray, holidays: Holidays) -> np.ndarray:
    if not len(holidays.day):
        return np.full(len(days), -1, np.int16)
    place = np.searchsorted(holidays.day, days).clip(max=len(holidays.day) - 1)
    return np.where(holidays.day[place] == days, holidays.code[place], -1).astype(np.int16)


def _offsets(days: np.ndarray, feast_day: np.ndarray) -> np.ndarray:
    """Signed days from the nearest day of each feast (t, f); FAR after where a feast is never kept."""
    result = np.full((len(days), len(feast_day)), FAR, np.int16)
    for index, kept in enumerate(feast_day):
        kept = np.sort(kept[~np.isnat(kept)])
        if not len(kept):
            continue
        after = np.searchsorted(kept, days)
        past = (days - kept[(after - 1).clip(min=0)]).astype(np.int64)
        coming = (days - kept[after.clip(max=len(kept) - 1)]).astype(np.int64)
        result[:, index] = np.where(np.abs(coming) <= np.abs(past), coming, past).clip(-FAR, FAR)
    return result


def _running(days: np.ndarray, festivals: Occurrences) -> tuple:
    """The festival that runs on each day and whether it is its last day; what counts more overwrites."""
    running, peak = np.full(len(days), -1, np.int16), np.zeros(len(days), bool)
    length = (festivals.last - festivals.first).astype(np.int64)
    rank = np.zeros(len(length)) if festivals.rank is None else festivals.rank
    for index in np.lexsort((-length, -rank)):
        inside = (days >= festivals.first[index]) & (days <= festivals.last[index])
        running[inside] = festivals.festival[index]
        peak[inside] = days[inside] == festivals.last[index]
    return running, peak


def _ahead(days: np.ndarray, festivals: Occurrences) -> tuple:
    """Days until the next festival and which, within its lead."""
    lead, ahead = np.full(len(days), -1, np.int16), np.full(len(days), -1, np.int16)
    for index in range(len(festivals.first)):
        wait = (festivals.first[index] - days).astype(np.int64)
        nearer = (wait >= 1) & (wait <= festivals.lead[index]) & ((lead < 0) | (wait < lead))
        lead[nearer], ahead[nearer] = wait[nearer], festivals.festival[index]
    return lead, ahead


def day_slots(found: Columns) -> tuple:
    """Return (slot (t,), slots): the season slot of each day for daily data.

    0..6 the weekday, then what goes before it: 7 public day off, 8 weekend day worked, 9 lead of a shopping festival,
    10 the festival, 11 its last day.

    >>> none = np.zeros(0, "datetime64[D]"); nothing = np.zeros(0, int)
    >>> h = Holidays(none, nothing, (), none, (5, 6), np.zeros((0, 0), "datetime64[D]"), ())
    >>> o = Occurrences(np.array([0]), np.array(["2026-06-17"], "datetime64[D]"),
    ...                 np.array(["2026-06-18"], "datetime64[D]"), np.array([1]), ("618",))
    >>> day_slots(columns(np.arange("2026-06-15", "2026-06-20", dtype="datetime64[D]"), h, o))[0].tolist()
    [0, 9, 10, 11, 4]
    """
    slot = found.weekday.astype(np.int64)
    slot = np.where(found.makeup, MAKE_UP, np.where(found.holiday >= 0, DAY_OFF, slot))
    slot = np.where(found.festival_lead >= 0, LEAD, slot)
    slot = np.where(found.festival >= 0, np.where(found.peak, PEAK, FESTIVAL), slot)
    return slot, DAY_SLOTS


def week_slots(found: Columns, feast: str = "spring", reach: int = 4) -> tuple:
    """Return (slot (t,), slots): the week of the year, but near a movable feast the weeks to or since it.

    Days within ``reach`` weeks of ``feast`` get slots of their own, WEEKS + reach being the seven days from the feast
    on, so that the rush before it meets that of other years whatever its date. Without the feast: weeks alone.

    >>> none = np.zeros(0, "datetime64[D]")
    >>> spring = np.array([["2025-01-29", "2026-02-17"]], "datetime64[D]")
    >>> h = Holidays(none, np.zeros(0, int), (), none, (5, 6), spring, ("spring",))
    >>> o = Occurrences(np.zeros(0, int), none, none, np.zeros(0, int), ())
    >>> week_slots(columns(np.array(["2025-01-28", "2026-02-16", "2026-07-01"], "datetime64[D]"), h, o))[0].tolist()
    [56, 56, 26]
    """
    slot, slots = found.week.astype(np.int64), WEEKS + 2 * reach + 1
    if feast not in found.feast_codes:
        return slot, slots
    weeks = np.floor_divide(found.feast_offset[:, found.feast_codes.index(feast)].astype(np.int64), 7)
    return np.where(np.abs(weeks) <= reach, WEEKS + reach + weeks, slot), slots


def features(found: Columns) -> tuple:
    """Return (x (t, f) ``float32``, names): the calendar as columns of a regression, 0 on an ordinary day.

    ``off``, ``makeup``, ``festival``, ``peak`` are 0 or 1 (a plain weekend is the weekday's matter, not ``off``'s);
    ``lead`` rises to 1 on the eve; ``<feast>_before`` and ``<feast>_after`` fade over FADE days and are 1 on the eve
    and on the day itself.
    """
    lead = np.where(found.festival_lead >= 0, 1.0 / np.maximum(found.festival_lead, 1), 0.0)
    plain = [found.holiday >= 0, found.makeup, lead, found.festival >= 0, found.peak]
    names = [*FEATURES]
    for index, code in enumerate(found.feast_codes):
        offset = found.feast_offset[:, index].astype(np.float64)
        plain.append(np.where(offset < 0, np.exp((offset + 1) / FADE), 0.0))
        plain.append(np.where(offset >= 0, np.exp(-offset / FADE), 0.0))
        names += [f"{code}_before", f"{code}_after"]
    return np.stack(plain, axis=1).astype(np.float32), tuple(names)
