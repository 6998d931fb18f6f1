"""How good the forecasts were: what was forecast for a week against what was asked for in it, on the days known.

WAPE = sum |demand - forecast| / sum demand, bias = sum (forecast - demand) / sum demand, on weekly totals of each pair.
The naive forecast is the demand of the week before. Days on which demand was not seen count on neither side. Source of
the measures: S. Kolassa and W. Schuetz, Advantages of the MAD/mean ratio over the MAPE, Foresight 6 (2007) 40-43.
"""

from dataclasses import dataclass

import numpy as np

# How fast a pair's own error fades: half of it after four weeks.
FADE = 0.5**0.25
DAYS = 7
# A week of which fewer days are known says too little.
LEAST_DAYS = 4


@dataclass(frozen=True, eq=False)
class Week:
    """For ``n`` pairs, in units of one week, on its known days; ``use`` (n,) whether enough of them were known."""

    demand: np.ndarray
    forecast: np.ndarray
    naive: np.ndarray
    use: np.ndarray


def week(demand: np.ndarray, before: np.ndarray, forecast: np.ndarray) -> Week:
    """Compare a week's demand (n, 7), NaN unknown, with its forecast (n, 7) and the week before (n, 7).

    >>> found = week(np.full((1, 7), 2.0), np.full((1, 7), 1.0), np.full((1, 7), 3.0))
    >>> found.demand.tolist(), found.forecast.tolist(), found.naive.tolist()
    ([14.0], [21.0], [7.0])
    """
    known = ~np.isnan(demand)
    seen = ~np.isnan(before)
    usual = np.where(seen, before, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    use = (known.sum(axis=1) >= LEAST_DAYS) & ~np.isnan(forecast).any(axis=1)
    return Week(
        np.where(known, demand, 0).sum(axis=1, dtype=np.float64),
        np.where(known, np.nan_to_num(forecast), 0).sum(axis=1, dtype=np.float64),
        usual * known.sum(axis=1),
        use,
    )


def fade(sums: np.ndarray, found: Week) -> np.ndarray:
    """Return a pair's faded sums (3, n) of |error|, error and demand after one more week.

    >>> one = week(np.full((1, 7), 2.0), np.full((1, 7), 1.0), np.full((1, 7), 3.0))
    >>> fade(np.zeros((3, 1)), one)[:, 0].tolist()
    [7.0, 7.0, 14.0]
    """
    miss = found.forecast - found.demand
    return np.where(found.use, FADE * sums + np.stack([np.abs(miss), miss, found.demand]), sums)
