"""Is the weather worth using: a walk through daily sales with and without it, by category.

``--data FILE`` is a parquet file with one row for each pair and day: store's city, category, date, sales, hours out of
stock, temperature and rain (columns named by options; the defaults are those of FreshRetailNet-50K, arXiv 2505.16319).
Without it a seeded sample is made in which half of the categories follow the temperature and half do not.

Value: by how many per cent the error of all categories together falls when the weather is used where the engine says so,
against using it nowhere; using it everywhere is the peer. On the sample the goal is that the engine finds the
sensitive half and no other; with ``--data`` that it does no harm.
"""

import argparse
from pathlib import Path

import numpy as np
from distrib_inventory.engine import weather, weather_effect

from tools import benching
from tools.steps import say

COLUMNS = {
    "place": "city_id",
    "category": "first_category_id",
    "day": "dt",
    "sales": "sale_amount",
    "hours-out": "stockout_h6_22",
    "temperature": "avg_temperature",
    "rain": "precpt",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="parquet file; without it a sample is made")
    for name, column in COLUMNS.items():
        parser.add_argument(f"--{name}", default=column, help=f"column (default {column})")
    parser.add_argument("--open-hours", type=float, default=16, help="selling hours of a day")
    parser.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace) -> benching.Result:
    names, demand, features = _read(options) if options.data else _sample(options.seed)
    found = weather_effect.learn(demand, features)
    tested = found.weeks >= weather_effect.LEAST_WEEKS
    for row in np.flatnonzero(tested):
        say(
            f"  {names[row]!s:>12} error {100 * found.without[row]:5.1f} % without, {100 * found.with_weather[row]:5.1f} %"
            f" with; luck {found.chance[row]:.3f} {'used' if found.used[row] else ''}"
        )
    volume = np.nansum(demand, axis=(1, 2)) * tested
    without, everywhere, chosen = (
        float(np.nansum(errors * volume) / volume.sum())
        for errors in (found.without, found.with_weather, np.where(found.used, found.with_weather, found.without))
    )
    better = int((found.with_weather < found.without).sum())
    say(f"  {tested.sum()} categories tested, {better} better and {tested.sum() - better} worse with the weather")
    gain = 100 * (1 - chosen / without)
    peer = (
        f"used everywhere {100 * (1 - everywhere / without):+.2f}, categories used {found.used.sum()} of {tested.sum()}"
    )
    half = np.arange(len(names)) < len(names) // 2
    met = chosen <= without if options.data else bool((found.used == half).all())
    return benching.Result(gain, "% less error", peer, "no harm" if options.data else "the sensitive half", met)


def _read(options: argparse.Namespace) -> tuple:
    """Category names, mean demand of a pair in stock (c, r, t), and weather against the normal (2, r, t)."""
    import pyarrow.parquet as pq

    table = pq.read_table(options.data, columns=[getattr(options, name.replace("-", "_")) for name in COLUMNS])

    def column(name: str) -> np.ndarray:
        return table[getattr(options, name.replace("-", "_"))].to_numpy()

    day = column("day").astype("datetime64[D]")
    days = np.arange(day.min(), day.max() + 1)
    number = (day - days[0]).astype(np.int64)
    places, place = np.unique(column("place"), return_inverse=True)
    names, category = np.unique(column("category"), return_inverse=True)
    share = 1 - column("hours-out") / options.open_hours
    stocked = share >= 0.5
    shape = (len(names), len(places), len(days))
    cell = np.ravel_multi_index((category, place, number), shape)[stocked]
    sums = np.bincount(cell, (column("sales") / share.clip(0.5))[stocked], np.prod(shape))
    count = np.bincount(cell, minlength=np.prod(shape))
    demand = np.where(count >= 5, sums / np.maximum(count, 1), np.nan).reshape(shape)
    return names, demand, _anomalies(options, column, place, number, len(places), days)


def _anomalies(options, column, place, number, places: int, days: np.ndarray) -> np.ndarray:
    cell = place * len(days) + number
    count = np.maximum(np.bincount(cell, minlength=places * len(days)), 1)
    temperature, rain = (
        (np.bincount(cell, column(name), places * len(days)) / count).reshape(places, len(days))
        for name in ("temperature", "rain")
    )
    usual = np.stack([weather.normals(temperature, days), weather.rain_normals(rain, days)])
    return weather.anomalies(temperature, rain, days, usual)


def _sample(seed: int) -> tuple:
    """Eight categories in twelve places over a year; the first four sell 2 to 5 % more for each degree."""
    rng = np.random.default_rng(seed)
    features = np.zeros((2, 12, 364), np.float32)
    for t in range(1, 364):
        features[0, :, t] = 0.8 * features[0, :, t - 1] + rng.normal(0, 1.5, 12)
    features[1] = np.where(rng.random((12, 364)) < 0.3, rng.exponential(1, (12, 364)), 0) - 0.3
    slope = np.array([0.02, 0.03, 0.04, 0.05, 0, 0, 0, 0])
    log = slope[:, None, None] * features[0] + rng.normal(0, 0.1, (8, 12, 364))
    week = np.array([1, 1, 1, 1, 1.1, 1.5, 1.4])[np.arange(364) % 7]
    return np.arange(8), 100 * week * np.exp(log), features
