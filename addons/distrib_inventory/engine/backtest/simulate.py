"""Stock of all pairs, period by period, for several settings of a policy at once.

Time: the order decided before period ``t`` (at the end of period t - 1) arrives so that it can be sold from period
t + L on; the first L periods from ``t`` on are served from stock and from what is under way. Sales that find no stock
are lost (or wait, with ``backorders``). Units are whole if demand and orders are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# (period, stock (k, n), arriving (k, n, L)) -> orders (k, n)
Decide = Callable[[int, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Replay:
    """Sums over the scored periods for ``k`` settings and ``n`` pairs, each (k, n) unless said otherwise.

    ``demand`` (n,) units asked for, ``periods`` (n,) scored ones, ``lost`` units (with backorders: late units),
    ``stock`` sum of stock at the end of each period, ``outs`` periods that left demand unmet, ``orders`` how many;
    ``lost_by_period``, ``stock_by_period`` (k, t) and ``demand_by_period`` (t,) over all pairs, from the first period
    played on.
    """

    demand: np.ndarray
    periods: np.ndarray
    lost: np.ndarray
    stock: np.ndarray
    outs: np.ndarray
    orders: np.ndarray
    lost_by_period: np.ndarray
    stock_by_period: np.ndarray
    demand_by_period: np.ndarray
    start: int


def play(
    demand: np.ndarray,
    decide: Decide,
    span: tuple[int, int],
    lead: int,
    on_hand: np.ndarray,
    arriving: np.ndarray | None = None,
    review: int = 1,
    score_from: int | None = None,
    backorders: bool = False,
    last_order: int | None = None,
) -> Replay:
    """Replay periods ``span`` = (first, end) of ``demand`` (n, t); NaN demand is no demand and is not scored.

    ``on_hand`` (k, n) stock at the start, ``arriving`` (k, n, L) what is under way, by period (default nothing);
    orders every ``review`` periods up to period ``last_order``; scored from period ``score_from`` on.

    >>> always = lambda t, stock, coming: np.ones_like(stock)
    >>> found = play(np.array([[1.0, 1.0, 3.0]]), always, (0, 3), 1, np.array([[1.0]]))
    >>> found.lost.tolist(), found.stock.tolist(), found.outs.tolist()
    ([[2.0]], [[0.0]], [[1.0]])
    """
    first, end = span
    score = first if score_from is None else score_from
    k, n = on_hand.shape
    stock = on_hand.astype(np.float32)
    coming = np.zeros((k, n, lead), np.float32) if arriving is None else arriving.astype(np.float32)
    sums = np.zeros((4, k, n))
    by_period = np.zeros((2, k, end - first))
    known = ~np.isnan(demand[:, first:end])
    wanted = np.nan_to_num(demand[:, first:end]).astype(np.float32)
    for t in range(first, end):
        turn = (t - first) % review == 0 and (last_order is None or t <= last_order)
        order = decide(t, stock, coming) if turn else np.zeros_like(stock)
        coming = np.concatenate([coming, order[:, :, None]], axis=2)
        stock = stock + coming[:, :, 0]
        coming = coming[:, :, 1:]
        asked, counts = wanted[:, t - first], known[:, t - first]
        short = np.clip(asked - np.maximum(stock, 0), 0, None)
        stock = stock - asked if backorders else np.maximum(stock - asked, 0)
        held = np.maximum(stock, 0) * counts
        if t >= score:
            sums += np.stack([short, held, (short > 0) * 1.0, (order > 0) * 1.0])
        by_period[:, :, t - first] = short.sum(axis=1), held.sum(axis=1)
    inside = slice(score - first, None)
    return Replay(
        wanted[:, inside].sum(axis=1), known[:, inside].sum(axis=1), *sums, *by_period, wanted.sum(axis=0), first
    )


def challenge(replay: Replay, held: float = 0.2, lost: float = 1.0) -> np.ndarray:
    """Return the total cost (k,) of the scored periods: ``held`` a unit-period, ``lost`` a unit."""
    return held * replay.stock.sum(axis=1) + lost * replay.lost.sum(axis=1)
