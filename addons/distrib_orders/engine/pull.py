"""Which windows of time to ask a platform for."""

from collections.abc import Iterator
from datetime import datetime, timedelta


def windows(
    cursor: datetime,
    now: datetime,
    *,
    longest: timedelta,
    overlap: timedelta,
    lag: timedelta,
    reach: timedelta,
) -> Iterator[tuple[datetime, datetime]]:
    """Windows that follow each other without a gap from a little behind the cursor to a little behind now.

    ``longest`` of one window, ``overlap`` behind the cursor (what reached the platform's list late is asked for again),
    ``lag`` behind now (what changes at this moment may not be in the list yet), ``reach`` how far back can be asked at all.

    Raises ValueError when ``longest`` is not above zero.

    >>> from datetime import datetime as d, timedelta as t
    >>> marks = dict(longest=t(minutes=30), overlap=t(minutes=10), lag=t(minutes=1), reach=t(days=90))
    >>> for start, end in windows(d(2026, 1, 1, 10), d(2026, 1, 1, 10, 40), **marks):
    ...     print(start.time(), end.time())
    09:50:00 10:20:00
    10:20:00 10:39:00
    >>> list(windows(d(2026, 1, 1, 10), d(2026, 1, 1, 9), **marks))
    []
    """
    if longest <= timedelta(0):
        raise ValueError("a window needs a length")
    last = now - lag
    start = max(cursor - overlap, now - reach)
    while start < last:
        end = min(start + longest, last)
        yield start, end
        start = end
