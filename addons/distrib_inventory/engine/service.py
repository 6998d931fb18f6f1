"""Service targets: classes of pairs, which rule holds for which pair, and the stock that a target of either kind needs.

Two kinds of target are told apart because they mean different stock:

- cycle service: the probability that a cycle from one arrival to the next ends without a stock-out;
- fill rate: the share of demand that is met at once from the shelf.

Source: E. Silver, D. Pyke, D. Thomas, Inventory and Production Management in Supply Chains, 4th edition (2017),
sections 6.6 to 6.8 (P1 and P2 service, periodic review) and 2.2 (ABC classes).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

CYCLE, FILL = 0, 1
SERVICE_KINDS = ("cycle", "fill")
ABC, XYZ = ("A", "B", "C"), ("X", "Y", "Z")
LEAST, MOST = 0.5, 0.9999
DAYS_OF_WEEK = 7
_STEPS = 30


def abc_classes(value: np.ndarray, group: np.ndarray, limits: tuple = (0.8, 0.95)) -> np.ndarray:
    """Return the class (n,), an index of ABC, by share of value (n,) within each ``group`` (n,) of any integers.

    In falling order of value an item is A while those before it make less than the first limit of the group's value,
    B while less than the second, else C; what has no value is C. Equal values get the same class.

    >>> abc_classes(np.array([70.0, 20.0, 6.0, 4.0, 0.0]), np.zeros(5, int)).tolist()
    [0, 0, 1, 2, 2]
    """
    value = np.clip(np.nan_to_num(np.asarray(value, np.float64)), 0, None)
    order = np.lexsort((-value, group))
    ranked, places = value[order], np.asarray(group)[order]
    begins = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]])) if len(value) else np.zeros(0, int)
    which = np.repeat(np.arange(len(begins)), np.diff(np.concatenate([begins, [len(value)]])))
    total = np.add.reduceat(ranked, begins) if len(begins) else np.zeros(0)
    running = np.cumsum(ranked)
    before = running - ranked - (running[begins] - ranked[begins])[which]
    same = np.concatenate([[False], (ranked[1:] == ranked[:-1]) & (which[1:] == which[:-1])])[: len(value)]
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(value))))
    share = before[first] / np.where(total > 0, total, 1.0)[which]
    # a hair of rounding does not change a class
    found = (share >= limits[0] - 1e-12).astype(np.int8) + (share >= limits[1] - 1e-12)
    result = np.empty(len(value), np.int8)
    result[order] = np.where(ranked > 0, found, len(ABC) - 1)
    return result


def xyz_classes(mean: np.ndarray, sigma: np.ndarray, limits: tuple = (0.5, 1.0)) -> np.ndarray:
    """Return the class (n,), an index of XYZ, by the coefficient of variation of a week's demand.

    ``mean`` and ``sigma`` (n,) of a day; days taken as independent, so that of a week is sigma / (mean sqrt(7)).
    Below the first limit X, below the second Y, else Z; without demand Z.

    >>> xyz_classes(np.array([10.0, 10.0, 10.0, 0.0]), np.array([5.0, 20.0, 50.0, 0.0])).tolist()
    [0, 1, 2, 2]
    """
    mean, sigma = np.nan_to_num(mean), np.nan_to_num(sigma)
    ratio = np.full(len(mean), np.inf)
    np.divide(sigma, mean * np.sqrt(DAYS_OF_WEEK), out=ratio, where=mean > 0)
    return ((ratio >= limits[0]).astype(np.int8) + (ratio >= limits[1])).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule: ``conditions`` name -> allowed values (any integers), all of which must hold; what it sets."""

    conditions: dict
    target: float
    kind: int = CYCLE
    id: int = 0


def first_match(rules: list, columns: dict, count: int) -> np.ndarray:
    """Return for each of ``count`` pairs the place (n,) in ``rules`` of the first that holds, -1 for none.

    ``columns`` name -> values (n,). Rules stand in the order in which they are asked.

    >>> rules = [Rule({"abc": [0], "tier": [3]}, 0.99), Rule({"abc": [0]}, 0.98)]
    >>> first_match(rules, {"abc": np.array([0, 0, 1]), "tier": np.array([3, 1, 3])}, 3).tolist()
    [0, 1, -1]
    """
    found = np.full(count, -1)
    for place, rule in enumerate(rules):
        holds = found < 0
        for name, allowed in rule.conditions.items():
            if not holds.any():
                break
            holds &= np.isin(columns[name], np.fromiter(allowed, np.int64))
        found[holds] = place
    return found


def _short(totals: np.ndarray, stock: np.ndarray) -> np.ndarray:
    """Mean units short (n,) of ``stock`` (n,) against outcomes (n, s)."""
    return np.maximum(totals - stock[:, None], 0).mean(axis=1, dtype=np.float64)


def _fill(whole: np.ndarray, before: np.ndarray, cycle: np.ndarray, stock: np.ndarray) -> np.ndarray:
    short = _short(whole, stock) - _short(before, stock)
    return np.where(cycle > 0, 1 - short / np.where(cycle > 0, cycle, 1.0), 1.0)


def _totals(paths: np.ndarray, lead: int) -> tuple:
    before, whole = paths[:, :, :lead].sum(axis=2), paths.sum(axis=2)
    return whole, before, (whole - before).mean(axis=1, dtype=np.float64)


def expected_fill(paths: np.ndarray, lead: int, stock: np.ndarray) -> np.ndarray:
    """Return the expected fill rate (n,) of order-up-to levels ``stock`` (n,) over demand paths (n, s, P).

    Short in a review cycle is what is short at its end less what was short at its beginning, ``lead`` periods being
    before it: 1 - (E[(D_P - S)+] - E[(D_L - S)+]) / E[D_R]. Without demand nothing is missed: 1.

    >>> expected_fill(np.array([[[2.0, 2.0], [2.0, 6.0]]]), 1, np.array([4.0])).tolist()
    [0.5]
    """
    return _fill(*_totals(paths, lead), np.asarray(stock, np.float64))


def order_up_to(paths: np.ndarray, lead: int, target: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Return the order-up-to level (n,) that reaches ``target`` (n,) of ``kind`` (n,) over demand paths (n, s, P).

    Cycle service: the smallest outcome of demand over P that a share ``target`` does not exceed. Fill rate: the
    smallest whole number of units whose expected fill reaches it; both never fall when the target rises.

    >>> paths = np.array([[[1.0, d] for d in (1.0, 2.0, 3.0, 4.0)]] * 2)
    >>> order_up_to(paths, 1, np.array([0.75, 0.95]), np.array([CYCLE, FILL])).tolist()
    [4.0, 5.0]
    """
    count, samples = paths.shape[:2]
    target = np.clip(np.broadcast_to(target, count), LEAST, MOST)
    kind = np.broadcast_to(kind, count)
    whole, before, cycle = _totals(paths, lead)
    rank = np.clip(np.ceil(target * samples - 1e-6).astype(int) - 1, 0, samples - 1)
    level = np.sort(whole, axis=1)[np.arange(count), rank].astype(np.float64)
    rows = np.flatnonzero(kind == FILL)
    if len(rows):
        level[rows] = _smallest(whole[rows], before[rows], cycle[rows], target[rows])
    return level


def _smallest(whole: np.ndarray, before: np.ndarray, cycle: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Bisection on whole units: the fill rate never falls with the stock, since demand over P holds that over L."""
    low, high = np.full(len(whole), -1.0), np.ceil(whole.max(axis=1)).astype(np.float64)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = _fill(whole, before, cycle, middle) >= target - 1e-9
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high


def loss(k: np.ndarray) -> np.ndarray:
    """Return the standard normal loss E[(Z - k)+].

    >>> loss(np.array([0.0])).round(4).tolist()
    [0.3989]
    """
    k = np.asarray(k, np.float64)
    return np.maximum(np.exp(-0.5 * k * k) / np.sqrt(2 * np.pi) - k * ndtr(-k), 0.0)


def normal_factor(target: np.ndarray, kind: np.ndarray, sigma: np.ndarray, cycle: np.ndarray) -> np.ndarray:
    """Return the safety factor k (n,) for normal demand of deviation ``sigma`` over P and mean ``cycle`` over R.

    Cycle service: the normal quantile. Fill rate: k with sigma loss(k) = (1 - target) cycle (Silver, Pyke, Thomas,
    equation 6.21); below 0 where the rate is reached without safety stock. Within -4 .. 6.

    >>> normal_factor(np.array([0.975, 0.99]), np.array([0, 1]), np.array([10.0, 10.0]), np.array([20.0, 20.0])).round(2)
    array([1.96, 1.66])
    """
    target = np.clip(target, LEAST, MOST)
    by_cycle = np.broadcast_to(ndtri(target), np.broadcast(target, kind, sigma, cycle).shape)
    if not (np.asarray(kind) == FILL).any():
        return by_cycle.copy()
    return np.where(np.asarray(kind) == FILL, _fill_factor(1 - target, np.asarray(sigma), cycle), by_cycle)


def _fill_factor(missed: np.ndarray, sigma: np.ndarray, cycle: np.ndarray) -> np.ndarray:
    """Bisection: the loss falls with k."""
    spread = sigma > 0
    wanted = missed * np.asarray(cycle, np.float64) / np.where(spread, sigma, 1.0)
    low, high = np.full(wanted.shape, -4.0), np.full(wanted.shape, 6.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        enough = loss(middle) <= wanted
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return np.where(spread, high, 0.0)
