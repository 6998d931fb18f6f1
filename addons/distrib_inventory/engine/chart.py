"""The lines of the chart of one pair: what was sold, what will be, and how the stock goes on from here."""

import numpy as np

LOW, HIGH = 0.1, 0.9


def columns(
    sold: np.ndarray,
    in_stock: np.ndarray,
    paths: np.ndarray | None,
    on_hand: float,
    done: np.ndarray,
    arrivals: np.ndarray,
    past: int,
) -> dict[str, list]:
    """Return the chart's lists over ``t`` days, the first ``past`` of them gone by.

    ``sold`` and ``in_stock`` (past,), NaN unknown; ``paths`` (s, t - past) possible demand of the coming days or None;
    ``on_hand`` units now; ``done`` (t,) net moves of each day until now, ``arrivals`` (t,) expected ones. Stock of a
    past day's end is what lies there now less what moved since. Coming stock: never below zero on a path, sales lost
    do not come back.

    >>> one = columns(np.array([2.0]), np.array([1.0]), np.array([[3.0, 9.0]]), 5.0, np.zeros(3), np.zeros(3), 1)
    >>> one["stock"], one["stock_expected"], one["demand"]
    ([5.0, 5.0, None], [None, 2.0, 0.0], [2.0, None, None])
    """
    count = len(done)
    coming = count - past
    since = np.concatenate([np.cumsum(done[::-1])[::-1][1:], [0.0]])
    stock = np.where(np.arange(count) <= past, on_hand - since, np.nan)
    found = {
        "demand": np.concatenate([sold, np.full(coming, np.nan)]),
        "stock": stock,
        "arrivals": np.where(arrivals > 0, arrivals, np.nan),
    }
    for name, values in _ahead(paths, on_hand, arrivals[past:]).items():
        found[name] = np.concatenate([np.full(past, np.nan), values])
    out = np.concatenate([np.nan_to_num(in_stock, nan=1.0) < 1, np.zeros(coming, bool)])
    return {name: listed(values) for name, values in found.items()} | {"stockout": out.tolist()}


def _ahead(paths: np.ndarray | None, on_hand: float, arrivals: np.ndarray) -> dict[str, np.ndarray]:
    names = ("forecast", "p10", "p90", "stock_expected", "stock_low", "stock_high")
    if paths is None:
        return {name: np.full(len(arrivals), np.nan) for name in names}
    stock = course(paths, on_hand, arrivals)
    values = []
    for lines in (paths, stock):
        values += [lines.mean(axis=0), *np.quantile(lines, (LOW, HIGH), axis=0)]
    return dict(zip(names, values, strict=True))


def course(paths: np.ndarray, on_hand: float, arrivals: np.ndarray) -> np.ndarray:
    """Return the stock (s, h) at the end of each coming day on each path; arrivals come before the day's demand.

    >>> course(np.array([[4.0, 1.0]]), 3.0, np.array([0.0, 6.0])).tolist()
    [[0.0, 5.0]]
    """
    left = np.full(len(paths), float(on_hand))
    stock = np.empty_like(paths, dtype=np.float64)
    for day in range(paths.shape[1]):
        left = np.maximum(left + arrivals[day] - paths[:, day], 0.0)
        stock[:, day] = left
    return stock


def listed(values: np.ndarray) -> list:
    """Return a list with None for NaN, rounded to what a chart shows.

    >>> listed(np.array([1.23456, np.nan]))
    [1.235, None]
    """
    return [None if np.isnan(value) else round(float(value), 3) for value in values]
