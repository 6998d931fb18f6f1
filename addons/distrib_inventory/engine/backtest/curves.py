"""Comparison of policies: whole curves, at equal fill, at equal stock, with bootstrap intervals over pairs."""

from dataclasses import dataclass

import numpy as np

from .simulate import Replay


@dataclass(frozen=True, eq=False)
class Curve:
    """For ``k`` settings: fill rate (units met / asked), mean stock of a period (units, all pairs), stock-out share."""

    fill: np.ndarray
    stock: np.ndarray
    outs: np.ndarray

    @property
    def turnover(self) -> np.ndarray:
        """Units met for a unit held; comparable between curves of the same demand only."""
        return self.fill / np.maximum(self.stock, 1e-9)


def curve(replay: Replay, weight: np.ndarray | None = None) -> Curve:
    """Return the curve of a replay; ``weight`` (n,) counts of each pair (a resample), or values of a unit.

    >>> z = np.zeros((1, 2)); r = Replay(np.array([8.0, 2]), np.array([2, 2]), z + 1, z + 4, z + 1, z, z, z, z, 0)
    >>> c = curve(r); c.fill.tolist(), c.stock.tolist(), c.outs.tolist()
    ([0.8], [4.0], [0.5])
    """
    w = np.ones(len(replay.demand)) if weight is None else weight
    periods = replay.periods @ w
    share = w.sum() / max(periods, 1e-9)
    return Curve(
        1 - replay.lost @ w / max(replay.demand @ w, 1e-9),
        replay.stock @ w * share,
        replay.outs @ w / max(periods, 1e-9),
    )


def stock_at(found: Curve, fill: float) -> float:
    """Return the stock at a fill rate, between settings linear in the logarithms of stock and of the share lost.

    NaN beyond the curve's ends.
    """
    lost, stock = np.log(np.maximum(1 - found.fill, 1e-6)), np.log(np.maximum(found.stock, 1e-9))
    order = np.argsort(lost)
    wanted = np.log(1 - fill)
    if wanted < lost[order[0]] or wanted > lost[order[-1]]:
        return float("nan")
    return float(np.exp(np.interp(wanted, lost[order], stock[order])))


def at_stock(found: Curve, stock: float, what: str = "outs") -> float:
    """Return the stock-out share (or the share ``lost``) at a mean stock; NaN beyond the curve's ends."""
    values = found.outs if what == "outs" else 1 - found.fill
    order = np.argsort(found.stock)
    if not found.stock[order[0]] <= stock <= found.stock[order[-1]]:
        return float("nan")
    values = np.log(np.maximum(values[order], 1e-6))
    return float(np.exp(np.interp(np.log(stock), np.log(found.stock[order]), values)))


def compare(ours: Curve, other: Curve, fill: float) -> np.ndarray:
    """Return (stock ratio at equal fill, stock-out ratio and lost ratio at the other's stock at that fill)."""
    theirs = stock_at(other, fill)
    outs = at_stock(ours, theirs) / at_stock(other, theirs)
    lost = at_stock(ours, theirs, "lost") / (1 - fill)
    return np.array([stock_at(ours, fill) / theirs, outs, lost])


def bootstrap(ours: Replay, other: Replay, fill: float, seed: int, times: int = 200) -> np.ndarray:
    """Return (2, 3): the 2.5 % and 97.5 % bounds of ``compare`` when the pairs are drawn anew ``times`` times."""
    rng = np.random.default_rng(seed)
    n = len(ours.demand)
    found = []
    for _ in range(times):
        weight = np.bincount(rng.integers(0, n, n), minlength=n).astype(float)
        found.append(compare(curve(ours, weight), curve(other, weight), fill))
    return np.nanpercentile(np.array(found), [2.5, 97.5], axis=0)
