"""Daily temperature and rain of cities: a yearly wave by latitude and persistent noise shared by neighbours."""

import numpy as np

from .types import City, Weather


def climate(latitude: np.ndarray, day_of_year: np.ndarray) -> np.ndarray:
    """Usual temperature (R, D) in deg C: warmest about 20 July, a wider yearly swing further north."""
    mean = 29.5 - 0.62 * (latitude[:, None] - 18.0)
    swing = 4.5 + 0.52 * (latitude[:, None] - 18.0)
    return mean + swing * np.cos(2 * np.pi * (day_of_year[None, :] - 201) / 365.25)


def weather(rng: np.random.Generator, cities: tuple[City, ...], days: np.ndarray) -> Weather:
    """Weather of ``cities`` over ``days`` ((D,) datetime64[D]); rain falls mostly in the warm half of the year."""
    latitude = np.array([c.latitude for c in cities])
    doy = day_of_year(days)
    shape = (len(cities), len(days))
    shared, own = rng.normal(0, 1.5, shape[1]), rng.normal(0, 1.8, shape)
    anomaly = np.zeros(shape)
    # First-order autoregression, 0.75 a day: warm and cold spells last some days.
    for d in range(shape[1]):
        anomaly[:, d] = (0.75 * anomaly[:, d - 1] if d else 0) + shared[d] + own[:, d]
    temperature = climate(latitude, doy) + anomaly
    wet = 0.20 + 0.16 * np.cos(2 * np.pi * (doy - 190) / 365.25)
    rain = np.where(rng.random(shape) < wet, rng.gamma(0.8, 11.0, shape), 0.0)
    return Weather(cities, days, np.round(temperature, 1).astype(np.float32), np.round(rain, 1).astype(np.float32))


def day_of_year(days: np.ndarray) -> np.ndarray:
    """1 for 1 January.

    >>> day_of_year(np.array(["2026-02-01"], dtype="datetime64[D]"))
    array([32])
    """
    return (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) + 1
