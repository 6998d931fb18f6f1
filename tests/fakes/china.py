"""What the fakes of Chinese platforms share: stamps of Beijing's time, and a clock that tests can turn."""

import time
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
FORM = "%Y-%m-%d %H:%M:%S"


class Clock:
    """Seconds since 1970; ``move`` turns it forward. Without a start it is the real time plus what it was moved."""

    def __init__(self, start: float | None = None) -> None:
        self._start, self._moved = start, 0.0

    def __call__(self) -> float:
        return (time.time() if self._start is None else self._start) + self._moved

    def move(self, seconds: float) -> None:
        self._moved += seconds

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)


def stamp(seconds: float) -> str:
    """Seconds since 1970 as the platforms write them."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime(FORM)


def seconds(text: str) -> float:
    """A platform's stamp as seconds since 1970. Raises ValueError."""
    return datetime.strptime(text, FORM).replace(tzinfo=BEIJING).timestamp()
