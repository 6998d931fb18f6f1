"""What a replay comes to: stock at equal service, stock-outs at equal stock, money, by category, with its uncertainty."""

from dataclasses import asdict, dataclass

import numpy as np

from .company import RULES, Found
from .curves import Curve, at_stock, stock_at

LEAST_PAIRS, SEED, TIMES = 10, 7, 200
# Differences in stock below this share are no difference.
EVEN = 0.02


@dataclass(frozen=True)
class Against:
    """Ours against a rule. ``stock`` ratio at equal fill; ``outs`` and ``lost`` ratios at the rule's stock; (low, high)
    of each in 95 % of the resamples. Money: mean stock of both at equal fill, ``lost_value`` a year of both at equal
    stock, margin the same. None where the curves do not reach each other."""

    stock: float | None
    outs: float | None
    lost: float | None
    stock_span: tuple | None
    outs_span: tuple | None
    stock_rule: float | None
    stock_ours: float | None
    lost_rule: float | None
    lost_ours: float | None
    margin_rule: float | None
    margin_ours: float | None


@dataclass(frozen=True, eq=False)
class Worth:
    """Value of a unit of each pair (n,): in stock (cost, or 1), sold (price), earned (margin)."""

    cost: np.ndarray
    price: np.ndarray
    margin: np.ndarray


def curve(found: Found, name: str, worth: Worth, count: np.ndarray | None = None) -> Curve:
    """Return the curve of a policy: fill in units, stock in value, share of days short; ``count`` (n,) of each pair."""
    count = np.ones(len(found.demand)) if count is None else count
    lost, stock, outs = found.sums[name]
    days = max(found.periods @ count, 1e-9)
    return Curve(
        1 - lost @ count / max(found.demand @ count, 1e-9),
        stock @ (count * worth.cost) * count.sum() / days,
        outs @ count / days,
    )


def variant(found: Found, rule: str, worth: Worth, fill: float, count: np.ndarray | None = None) -> str:
    """Return the variant of a rule with the least stock at the fill rate: with hindsight, in the rule's favour."""
    names = [f"{rule} {extra}" for extra in (0, 1)]
    stocks = [stock_at(curve(found, name, worth, count), fill) for name in names]
    return names[int(np.nanargmin(stocks))] if not np.isnan(stocks).all() else names[0]


def _ratios(ours: Curve, rule: Curve, fill: float) -> tuple[float, float, float]:
    level = stock_at(rule, fill)
    if np.isnan(level):
        return (float("nan"),) * 3
    return (
        stock_at(ours, fill) / level,
        at_stock(ours, level) / at_stock(rule, level),
        at_stock(ours, level, "lost") / (1 - fill),
    )


def against(found: Found, rule: str, worth: Worth, fill: float, times: int = TIMES) -> Against:
    """Compare our policy with a rule at its best variant; intervals from ``times`` resamples of the pairs."""
    name = variant(found, rule, worth, fill)
    ours, other = (curve(found, one, worth) for one in ("ours", name))
    stock, outs, lost = _ratios(ours, other, fill)
    level = stock_at(other, fill)
    money = [_lost(found, one, value, worth, level) for value in (worth.price, worth.margin) for one in (name, "ours")]
    rng, n, drawn = np.random.default_rng(SEED), len(found.demand), []
    for _ in range(times):
        count = np.bincount(rng.integers(0, n, n), minlength=n).astype(float)
        drawn.append(_ratios(curve(found, "ours", worth, count), curve(found, name, worth, count), fill))
    spans = [_span(column) for column in np.array(drawn).reshape(-1, 3)[:, :2].T]
    return Against(*map(_plain, (stock, outs, lost)), *spans, *map(_plain, (level, stock_at(ours, fill), *money)))


def _lost(found: Found, name: str, value: np.ndarray, worth: Worth, level: float) -> float:
    """Value lost in a year at a mean stock of ``level``, between settings."""
    known, days = curve(found, name, worth), max(float(found.periods.mean()), 1.0)
    lost = found.sums[name][0] @ value * 365 / days
    order = np.argsort(known.stock)
    if np.isnan(level) or not known.stock[order[0]] <= level <= known.stock[order[-1]]:
        return float("nan")
    return float(np.interp(np.log(level), np.log(np.maximum(known.stock[order], 1e-9)), lost[order]))


def _span(values: np.ndarray) -> tuple | None:
    # resamples whose curves do not meet say that the comparison itself is uncertain
    if np.isnan(values).mean() > 0.1:
        return None
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def by_group(found: Found, group: np.ndarray, worth: Worth, fill: float) -> dict[int, dict]:
    """Compare with the frozen rule in each group (n,) of at least LEAST_PAIRS pairs; ``verdict`` win, loss, even, open.

    Each group is compared at the fill rate asked, within itself.
    """
    result = {}
    for which in np.unique(group).tolist():
        count = (group == which).astype(float)
        line = {"pairs": int(count.sum()), "stock": None, "outs": None, "stock_rule": None, "stock_ours": None}
        if line["pairs"] >= LEAST_PAIRS:
            name = variant(found, "frozen", worth, fill, count)
            ours, rule = (curve(found, one, worth, count) for one in ("ours", name))
            stock, outs, _ = _ratios(ours, rule, fill)
            line |= {"stock": _plain(stock), "outs": _plain(outs)}
            line |= {"stock_rule": _plain(stock_at(rule, fill)), "stock_ours": _plain(stock_at(ours, fill))}
        line["verdict"] = judge(line["stock"])
        result[int(which)] = line
    return result


def judge(stock: float | None) -> str:
    """Say what a stock ratio at equal service means.

    >>> [judge(v) for v in (0.8, 0.99, 1.1, None)]
    ['win', 'even', 'loss', 'open']
    """
    if stock is None:
        return "open"
    return "even" if abs(stock - 1) <= EVEN else "win" if stock < 1 else "loss"


def summary(found: Found, worth: Worth, fill: float, times: int = TIMES) -> dict:
    """Return plain values: each rule's ``Against``, the curves, and the point reached without hindsight."""
    result = {"rules": {}, "curves": {}, "reached": None, "days": float(found.periods.mean())}
    for rule in RULES:
        result["rules"][rule] = asdict(against(found, rule, worth, fill, times))
        result["curves"][rule] = _points(curve(found, variant(found, rule, worth, fill), worth))
    result["curves"]["ours"] = _points(curve(found, "ours", worth))
    if "calibrated" in found.sums:
        point = curve(found, "calibrated", worth)
        result["reached"] = {"fill": float(point.fill[0]), "stock": float(point.stock[0]), "outs": float(point.outs[0])}
    return result


def _points(found: Curve) -> list:
    """(stock, fill, share of days short) of each setting, by stock."""
    order = np.argsort(found.stock)
    return np.stack([found.stock, found.fill, found.outs], axis=1)[order].tolist()
