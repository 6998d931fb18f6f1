"""Climate normals by place and day of the year, and the weather against them."""

from dataclasses import dataclass

import numpy as np

YEAR = 366
# Half-width of the smoothing in days: a normal should follow the season, not one warm week of one year.
HALF_WIDTH = 15
# Days of evidence (weighted) at which a place's own value and the one borrowed from all places count the same.
BORROW = 8.0
# Least weighted days around a day of the year, over all places, for it to have a normal at all.
LEAST = 3.0


def day_of_year(days: np.ndarray) -> np.ndarray:
    """Return 0 .. 365 for days ``datetime64[D]``; after February always as in a leap year, so that seasons line up.

    >>> day_of_year(np.array(["2025-03-01", "2024-03-01", "2024-12-31"], "datetime64[D]")).tolist()
    [60, 60, 365]
    """
    months = days.astype("datetime64[M]")
    month = months.astype(np.int64) % 12
    starts = np.array([0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335])
    return starts[month] + (days.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)


def normals(values: np.ndarray, days: np.ndarray, half_width: int = HALF_WIDTH) -> np.ndarray:
    """Return the usual value (r, 366) of each place on each day of the year, NaN where too little is known.

    ``values`` (r, t) of ``days`` (t,), NaN unknown. A mean over all years, weighted by a triangle of ``half_width``
    days around the day (the year is a circle), shrunk to the mean of all places plus the place's own offset from it:
    a place with little history borrows the season of the others. What is nowhere below
    zero has no normal below zero: a season moved to a drier place would promise less than no rain.

    >>> flat = normals(np.full((1, 400), 7.0), np.datetime64("2024-01-01") + np.arange(400))
    >>> flat.shape, round(float(flat[0, 200]), 6)
    ((1, 366), 7.0)
    """
    total, weight = _by_day(values, day_of_year(days))
    kernel = _kernel(half_width)
    own_total, own_weight = _smooth(total, kernel), _smooth(weight, kernel)
    borrowed = _borrowed(total, weight, own_total, own_weight)
    shrunk = (own_total + BORROW * np.nan_to_num(borrowed)) / (own_weight + BORROW)
    if not (values < 0).any():
        shrunk = np.maximum(shrunk, 0)
    return np.where(np.isnan(borrowed), np.nan, shrunk)


def _borrowed(total: np.ndarray, weight: np.ndarray, own_total: np.ndarray, own_weight: np.ndarray) -> np.ndarray:
    """The season common to all places, moved to each place's height (r, 366).

    Places are seen at different times of the year, so season and heights are found in turns.
    """
    offset = np.zeros(len(total))
    all_weight = own_weight.sum(axis=0)
    known = all_weight >= LEAST
    seen = np.where(known, weight, 0).sum(axis=1)
    for _ in range(8):
        common = (own_total - own_weight * offset[:, None]).sum(axis=0) / np.where(known, all_weight, 1)
        there = np.where(known, total - weight * common, 0).sum(axis=1)
        offset = there / np.maximum(seen, 1)
        # What all places share belongs to the season.
        offset -= (offset * seen).sum() / max(seen.sum(), 1)
    return np.where(known, common + offset[:, None], np.nan)


def _by_day(values: np.ndarray, slot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts (r, 366) of the known values by day of the year."""
    known = ~np.isnan(values)
    total, weight = np.zeros((len(values), YEAR)), np.zeros((len(values), YEAR))
    for row in range(len(values)):
        total[row] = np.bincount(slot, np.where(known[row], values[row], 0), YEAR)
        weight[row] = np.bincount(slot, known[row], YEAR)
    return total, weight


def _kernel(half_width: int) -> np.ndarray:
    distance = np.minimum(np.arange(YEAR), YEAR - np.arange(YEAR))
    return np.clip(1 - distance / (half_width + 1), 0, None)


def _smooth(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Circular convolution over the year; rounding may leave tiny negatives where nothing is known."""
    found = np.fft.irfft(np.fft.rfft(values, axis=1) * np.fft.rfft(kernel), YEAR, axis=1)
    return np.where(np.abs(found) < 1e-9, 0.0, found)


def anomalies(temperature: np.ndarray, rain: np.ndarray, days: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Return the weather against the normal (2, r, t) float32: degrees C, and ln(1 + mm) of rain; 0 where unknown.

    ``usual`` (2, r, 366) are the normals of temperature and of ln(1 + mm). What is not known is taken to be normal, so
    that a plan goes on with the climate when there is no forecast.

    >>> usual = np.zeros((2, 1, 366)); day = np.array(["2024-05-01"], "datetime64[D]")
    >>> anomalies(np.array([[3.0]]), np.array([[np.nan]]), day, usual).tolist()
    [[[3.0]], [[0.0]]]
    """
    slot = day_of_year(days)
    found = np.stack([temperature, np.log1p(rain)]) - usual[:, :, slot]
    return np.nan_to_num(found, nan=0.0).astype(np.float32)


def rain_normals(rain: np.ndarray, days: np.ndarray, half_width: int = HALF_WIDTH) -> np.ndarray:
    """Return the normals (r, 366) of ln(1 + mm)."""
    return normals(np.log1p(rain), days, half_width)


@dataclass(frozen=True, eq=False)
class WeatherPlan:
    """What the weather does to demand, for any pairs: loaded once, asked in batches.

    - ``warehouse_id`` (w,) sorted, ``station`` (w,) row of the weather of each, -1 without
    - ``product_id`` (p,) sorted, ``category`` (p,) row of the effects of each, -1 where weather is not used
    - ``days`` (t,), ``features`` (2, r, t) anomalies; ``effect`` (c, r, 2) of ln demand by unit of each anomaly
    """

    warehouse_id: np.ndarray
    station: np.ndarray
    product_id: np.ndarray
    category: np.ndarray
    days: np.ndarray
    features: np.ndarray
    effect: np.ndarray
    limit: float = 1.0

    def factor(self, warehouse_id: np.ndarray, product_id: np.ndarray, days: np.ndarray) -> np.ndarray:
        """Return the multiple (n, t) float32 of the usual demand of each pair; 1 where the weather is not used.

        The effect is limited to a factor of e to either side: beyond the weather seen a straight line says too much.
        """
        place = _row(self.warehouse_id, self.station, warehouse_id)
        kind = _row(self.product_id, self.category, product_id)
        found = np.ones((len(place), len(days)), np.float32)
        rows = np.flatnonzero((place >= 0) & (kind >= 0))
        columns, inside = self._columns(days)
        if not len(rows) or not inside.any():
            return found
        # One curve for each category and place that occurs, then a copy for each pair.
        keys, which = np.unique(np.stack([kind[rows], place[rows]]), axis=1, return_inverse=True)
        curves = np.ones((keys.shape[1], len(days)), np.float32)
        logs = np.einsum("kf,fkt->kt", self.effect[keys[0], keys[1]], self.features[:, keys[1]][:, :, columns])
        curves[:, inside] = np.exp(np.clip(logs, -self.limit, self.limit))
        found[rows] = curves[which.ravel()]
        return found

    def _columns(self, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns of the known days, and which of ``days`` (t,) they are."""
        if not len(self.days):
            return np.zeros(0, np.int64), np.zeros(len(days), bool)
        number = (days.astype("datetime64[D]") - self.days[0]).astype(np.int64)
        inside = (number >= 0) & (number < len(self.days))
        return number[inside], inside


def _row(known: np.ndarray, value: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Value of each wanted id, -1 for an unknown one."""
    wanted = np.asarray(wanted)
    if not len(known):
        return np.full(len(wanted), -1)
    place = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    return np.where(known[place] == wanted, value[place], -1)
