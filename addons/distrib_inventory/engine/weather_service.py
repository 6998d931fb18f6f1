"""Open-Meteo: what is asked for a batch of places, and how its answer is read and checked. No network here.

Both services answer ``GET`` with one JSON object for one place and a list of them, in the order asked, for several; a
fault is ``{"error": true, "reason": "..."}``, mostly with status 400, now and then with 200.
"""

from dataclasses import dataclass

import numpy as np

# Order of the rows of `Daily.values`; humidity and wind come from files only.
VARIABLES = ("temperature_2m_mean", "precipitation_sum", "temperature_2m_max", "temperature_2m_min")
MAX_PLACES = 50
MAX_FORECAST_DAYS = 16
PAST_DAYS = 7
# Values outside cannot be weather on earth: a wrong unit or a broken field.
LIMITS = {"temperature": (-90.0, 65.0), "precipitation": (0.0, 2000.0)}


class BadReply(ValueError):
    """The answer is not what the service documents: cut off, wrong lengths, wrong number of places."""


class Refused(ValueError):
    """The service says that the request is at fault (`reason` in its words)."""


@dataclass(frozen=True, eq=False)
class Daily:
    """One place's days (t,) ``datetime64[D]`` and values (4, t) float64 as `VARIABLES`, NaN where it gave none."""

    days: np.ndarray
    values: np.ndarray


def forecast_query(latitude: np.ndarray, longitude: np.ndarray, days: int = MAX_FORECAST_DAYS) -> dict[str, str]:
    """Parameters for the coming days (1 .. 16) and the last week, which the archive does not have yet.

    >>> forecast_query(np.array([31.2, 39.9]), np.array([121.5, 116.4]))["latitude"]
    '31.2000,39.9000'
    """
    return {
        **_places(latitude, longitude),
        "forecast_days": str(min(max(int(days), 1), MAX_FORECAST_DAYS)),
        "past_days": str(PAST_DAYS),
    }


def archive_query(latitude: np.ndarray, longitude: np.ndarray, first: np.datetime64, last: np.datetime64) -> dict:
    """Parameters for measured days ``first`` .. ``last``, both included."""
    return {**_places(latitude, longitude), "start_date": str(first), "end_date": str(last)}


def _places(latitude: np.ndarray, longitude: np.ndarray) -> dict[str, str]:
    if not 0 < len(latitude) <= MAX_PLACES or len(latitude) != len(longitude):
        raise ValueError(f"1 to {MAX_PLACES} places with both coordinates")
    return {
        "latitude": ",".join(f"{value:.4f}" for value in latitude),
        "longitude": ",".join(f"{value:.4f}" for value in longitude),
        "daily": ",".join(VARIABLES),
        # A day runs from midnight to midnight where the shop is.
        "timezone": "auto",
    }


def parse(reply: object, places: int) -> list[Daily]:
    """Return the days of each place in the order asked.

    Raises Refused when the service reports a fault and BadReply when the answer does not hold what was asked.

    >>> parse({"error": True, "reason": "Latitude must be in range of -90 to 90"}, 1)
    Traceback (most recent call last):
    distrib_inventory.engine.weather_service.Refused: Latitude must be in range of -90 to 90
    """
    if isinstance(reply, dict) and reply.get("error"):
        raise Refused(str(reply.get("reason") or "no reason given")[:300])
    found = reply if isinstance(reply, list) else [reply]
    if len(found) != places:
        raise BadReply(f"{len(found)} places instead of {places}")
    return [_parse_place(place) for place in found]


def _parse_place(place: object) -> Daily:
    daily = place.get("daily") if isinstance(place, dict) else None
    if not isinstance(daily, dict) or not isinstance(daily.get("time"), list):
        raise BadReply("no daily values")
    try:
        days = np.array(daily["time"], "datetime64[D]")
    except (ValueError, TypeError) as error:
        raise BadReply("a day that is no date") from error
    if len(days) and (np.isnat(days).any() or (np.diff(days) != np.timedelta64(1, "D")).any()):
        raise BadReply("days with gaps or out of order")
    return Daily(days, np.stack([_series(daily, name, len(days)) for name in VARIABLES]))


def _series(daily: dict, name: str, count: int) -> np.ndarray:
    """One variable (count,), NaN for null and for what cannot be weather; all NaN when the service has none of it."""
    raw = daily.get(name)
    if raw is None:
        return np.full(count, np.nan)
    if not isinstance(raw, list) or len(raw) != count:
        raise BadReply(f"{name} has not one value for each day")
    if any(isinstance(value, bool | str | list | dict) for value in raw):
        raise BadReply(f"{name} holds what is no number")
    values = np.array([np.nan if value is None else value for value in raw], np.float64)
    low, high = LIMITS[name.partition("_")[0]]
    return np.where((values >= low) & (values <= high), values, np.nan)
