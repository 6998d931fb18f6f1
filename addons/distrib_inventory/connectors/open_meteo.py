"""HTTP to Open-Meteo: time limits, a few retries, and one exception that says whether and when to come back."""

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
import urllib3

from ..engine import weather_service

# Seconds to connect, and between two bytes of the answer (one number: tests of Odoo compare it).
TIMEOUT = 20.0
# A fault that passes quickly is tried again within the run; waiting longer is the scheduler's business.
PAUSES = (1.0, 3.0)
# Its minute limit is the one met in practice; without Retry-After a minute and a little is what it asks for in words.
LIMIT_PAUSE = 65
MAX_BYTES = 30_000_000


class Unavailable(Exception):
    """The service did not answer as it should; `retry_after` seconds to wait when it said so, else None."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.retry_after = reason, retry_after


@dataclass(frozen=True)
class Client:
    """``forecast_url`` and ``archive_url`` up to the host, ``api_key`` of the paid plan or None."""

    forecast_url: str
    archive_url: str
    api_key: str | None = None
    timeout: float = TIMEOUT
    pauses: tuple[float, ...] = PAUSES

    def forecast(self, latitude, longitude, days=weather_service.MAX_FORECAST_DAYS) -> list[weather_service.Daily]:
        """The last week and the coming days of each place. Raises Refused or Unavailable."""
        query = weather_service.forecast_query(latitude, longitude, days)
        return self._get(f"{self.forecast_url.rstrip('/')}/v1/forecast", query, len(latitude))

    def archive(self, latitude, longitude, first, last) -> list[weather_service.Daily]:
        """The measured days first .. last of each place. Raises Refused or Unavailable."""
        query = weather_service.archive_query(latitude, longitude, first, last)
        return self._get(f"{self.archive_url.rstrip('/')}/v1/archive", query, len(latitude))

    def _get(self, url: str, query: dict, places: int) -> list[weather_service.Daily]:
        params = {**query, "apikey": self.api_key} if self.api_key else query
        for attempt in range(len(self.pauses) + 1):
            try:
                return self._try(url, params, places)
            except Unavailable as fault:
                # A limit is never tried again at once, it would only prolong it.
                if attempt == len(self.pauses) or fault.retry_after is not None:
                    raise
                time.sleep(self.pauses[attempt])
        raise AssertionError("unreachable")

    def _try(self, url: str, params: dict, places: int) -> list[weather_service.Daily]:
        try:
            with requests.get(url, params=params, timeout=self.timeout, stream=True) as answer:
                body = answer.raw.read(MAX_BYTES + 1, decode_content=True)
        except requests.Timeout as error:
            raise Unavailable("no answer in time") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The text of the error would hold the address with the key.
            raise Unavailable(f"no connection ({type(error).__name__})") from error
        return self._read(answer, body, places)

    def _read(self, answer, body: bytes, places: int) -> list[weather_service.Daily]:
        if answer.status_code == 429:
            raise Unavailable(_reason(answer, body), retry_after(answer.headers.get("Retry-After")))
        if answer.status_code == 503 and answer.headers.get("Retry-After"):
            raise Unavailable(_reason(answer, body), retry_after(answer.headers["Retry-After"]))
        if answer.status_code >= 500 or len(body) > MAX_BYTES:
            raise Unavailable(_reason(answer, body))
        if answer.status_code in (401, 403):
            raise Unavailable(_reason(answer, body), 3600)
        if answer.status_code >= 300 and _json(body) is None:
            raise Unavailable(_reason(answer, body))
        reply = _json(body)
        if reply is None:
            raise Unavailable("the answer is cut off or is not JSON")
        try:
            return weather_service.parse(reply, places)
        except weather_service.Refused as fault:
            if "limit exceeded" in str(fault).lower() or "too many" in str(fault).lower():
                raise Unavailable(str(fault), LIMIT_PAUSE) from fault
            raise
        except weather_service.BadReply as fault:
            raise Unavailable(f"the answer is not as documented: {fault}") from fault


def retry_after(text: str | None, now: float | None = None) -> float:
    """Seconds to wait by a Retry-After header, which holds seconds or a date; within a minute and a day.

    >>> retry_after("120"), retry_after(None), retry_after("soon")
    (120.0, 65.0, 65.0)
    """
    seconds = float(LIMIT_PAUSE)
    if text and text.strip().isdigit():
        seconds = float(text)
    elif text:
        try:
            moment = time.time() if now is None else now
            seconds = parsedate_to_datetime(text).timestamp() - moment
        except ValueError:
            seconds = float(LIMIT_PAUSE)
    return min(max(seconds, 1.0), 86_400.0)


def _json(body: bytes) -> object | None:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _reason(answer, body: bytes) -> str:
    reply = _json(body)
    words = reply.get("reason") if isinstance(reply, dict) else None
    return f"HTTP {answer.status_code}: {str(words)[:300]}" if words else f"HTTP {answer.status_code}"
