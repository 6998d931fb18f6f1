"""Festivals and promotions of the Chinese retail year."""

import datetime as dt

from .types import Promotion

# New year's day of the lunar calendar; other years fall back on a usual date.
SPRING_FESTIVAL = {
    2022: (2, 1), 2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26),
    2029: (2, 13), 2030: (2, 3), 2031: (1, 23), 2032: (2, 11), 2033: (1, 31),
}  # fmt: skip
MID_AUTUMN = {
    2022: (9, 10), 2023: (9, 29), 2024: (9, 17), 2025: (10, 6), 2026: (9, 25), 2027: (9, 15), 2028: (10, 3),
    2029: (9, 22), 2030: (9, 12), 2031: (10, 1), 2032: (9, 19), 2033: (9, 8),
}  # fmt: skip


def spring_festival(year: int) -> dt.date:
    """First day of the lunar year.

    >>> spring_festival(2026)
    datetime.date(2026, 2, 17)
    """
    return dt.date(year, *SPRING_FESTIVAL.get(year, (2, 5)))


def mid_autumn(year: int) -> dt.date:
    """The Mid-Autumn day of ``year``."""
    return dt.date(year, *MID_AUTUMN.get(year, (9, 20)))


def promotions(first: dt.date, last: dt.date) -> tuple[Promotion, ...]:
    """The promotions that touch the days from ``first`` to ``last``, oldest first.

    >>> [p.name for p in promotions(dt.date(2026, 6, 1), dt.date(2026, 6, 30))]
    ["Children's day", 'Mid-year 618', 'Summer refreshment']
    """
    found = [p for year in range(first.year - 1, last.year + 2) for p in _year(year)]
    return tuple(sorted((p for p in found if p.start <= last and p.end >= first), key=lambda p: (p.start, p.name)))


def _year(year: int) -> list[Promotion]:
    every = tuple(range(8))
    spring, autumn, day = spring_festival(year), mid_autumn(year), dt.timedelta(days=1)
    return [
        Promotion("New Year's stock-up", "年货节", spring - 21 * day, spring - 4 * day, 0.15, (0, 1, 3, 5)),
        Promotion("Spring care week", "春季护理周", dt.date(year, 3, 5), dt.date(year, 3, 10), 0.20, (4, 7)),
        Promotion("May holiday", "五一促销", dt.date(year, 4, 29), dt.date(year, 5, 4), 0.12, (0, 1, 2)),
        Promotion("Children's day", "六一儿童节", dt.date(year, 5, 29), dt.date(year, 6, 1), 0.15, (1, 3, 7)),
        Promotion("Mid-year 618", "618年中大促", dt.date(year, 6, 10), dt.date(year, 6, 18), 0.25, every),
        Promotion("Summer refreshment", "夏日冰爽季", dt.date(year, 6, 28), dt.date(year, 7, 12), 0.12, (0,)),
        Promotion("Mid-Autumn gifts", "中秋礼遇", autumn - 10 * day, autumn, 0.12, (1, 3)),
        Promotion("National holiday", "国庆促销", dt.date(year, 9, 30), dt.date(year, 10, 6), 0.15, (0, 1, 5, 6)),
        Promotion("Double 11", "双11大促", dt.date(year, 11, 1), dt.date(year, 11, 11), 0.30, every),
        Promotion("Double 12", "双12大促", dt.date(year, 12, 10), dt.date(year, 12, 12), 0.20, (4, 5, 6, 7)),
    ]
