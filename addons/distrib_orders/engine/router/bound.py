"""A proven lower bound on the cost of any plan, by linear programming, and the prices that belong to it.

Each parcel an order could be made of is a column (set partitioning with column generation: Barnhart et al. 1998): each
line is in one parcel or unfilled, no location gives more than its stock or makes more than its capacity. HiGHS (Huangfu
and Hall 2018) solves the relaxation over the columns that matter; those left out are priced and added until none can
improve it. What is returned as bound rests neither on the solver's tolerance nor on its having finished: it is the
weak duality bound of :func:`.prices.relax` at the dual values found, exact for each order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array

from .instance import Floats, Instance, Ints
from .prices import partitions, relax
from .table import Group, Prices, masks, priced

ROUNDS = 12
TOLERANCE = 1e-5
SIMPLEX_COLUMNS = 40_000


@dataclass(frozen=True)
class Columns:
    """Parcels, N of them: index of the group, row in it, mask, location, cost without prices."""

    group: Ints
    row: Ints
    mask: Ints
    place: Ints
    cost: Floats


@dataclass(frozen=True)
class Bound:
    """``value``: no plan costs less, proven by ``prices``.

    ``relaxation`` is the linear program's own optimum over its columns, ``share`` (N) how far it uses each of them. It
    may lie below ``value``: with three lines and more, halves of three parcels can serve an order in the program, while
    the proof takes each order's best whole plan.
    """

    value: float
    prices: Prices
    relaxation: float | None = None
    columns: Columns | None = None
    share: Floats | None = None


def lp_bound(
    instance: Instance, groups: list[Group], prices: Prices, slack: float, rounds: int = ROUNDS,
    gap: float = TOLERANCE, stop: Callable[[], bool] | None = None,
) -> Bound:  # fmt: skip
    """The bound, from good ``prices`` on. Parcels within ``slack`` (money) of an order's best plan
    are the first columns.

    ``rounds`` and ``stop`` end it early, with a bound that is weaker but still proven; so does a relative ``gap``.
    """
    chosen = _near(instance, groups, prices, slack)
    best = Bound(relax(instance, groups, prices).value, prices)
    for _ in range(rounds if groups else 0):
        if stop and stop():
            break
        columns = _columns(groups, chosen)
        solved = _solve(instance, groups, columns)
        if solved is None:
            break
        value, found, line_duals, share = solved
        proven = relax(instance, groups, found).value
        held = (proven, found) if proven > best.value else (best.value, best.prices)
        best = Bound(*held, value, columns, share)
        if value - proven <= gap * abs(value) or not _extend(instance, groups, chosen, found, line_duals):
            break
    return best


def _near(instance: Instance, groups: list[Group], prices: Prices, slack: float) -> list[np.ndarray]:
    """For each group, which parcels are part of a plan within ``slack`` of the order's best plan at the prices."""
    chosen = []
    for group in groups:
        cost = priced(instance, group, prices)
        rest = partitions(instance, group, cost)
        full = len(rest) - 1
        others = rest[[full ^ mask for mask in range(1, full + 1)]].T
        chosen.append(cost + others[:, :, None] <= rest[full][:, None, None] + slack)
    return chosen


def _columns(groups: list[Group], chosen: list[np.ndarray]) -> Columns:
    parts = []
    for index, (group, pick) in enumerate(zip(groups, chosen, strict=True)):
        row, mask, place = np.nonzero(pick)
        parts.append((np.full(len(row), index), row, mask + 1, place, group.cost[row, mask, place]))
    return Columns(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _extend(
    instance: Instance, groups: list[Group], chosen: list[np.ndarray], prices: Prices, line_duals: Floats
) -> int:
    """Choose every parcel with a negative reduced cost; returns how many were new."""
    added = 0
    for group, pick in zip(groups, chosen, strict=True):
        gain = priced(instance, group, prices) - (line_duals[group.lines] @ masks(group.size).T)[:, :, None]
        new = (gain < -1e-7) & ~pick
        added += int(new.sum())
        pick |= new
    return added


def entries(groups: list[Group], columns: Columns) -> tuple[Ints, Ints]:
    """Column and line of every line in every column."""
    column, line = [], []
    for index, group in enumerate(groups):
        mine = np.flatnonzero(columns.group == index)
        which, bit = np.nonzero(masks(group.size)[columns.mask[mine] - 1])
        column.append(mine[which])
        line.append(group.lines[columns.row[mine[which]], bit])
    return np.concatenate(column), np.concatenate(line)


def _solve(instance: Instance, groups: list[Group], columns: Columns) -> tuple[float, Prices, Floats, Floats] | None:
    """Value, prices, value of each line and share of each column; None when the solver gives up."""
    count, lines, skus = len(columns.cost), instance.lines, instance.stock.shape[1]
    column, line = entries(groups, columns)
    leave = instance.unfilled + np.where(np.diff(instance.start) == 1, instance.split, 0.0)[instance.order_of]
    cover = csc_array(
        (np.ones(len(column) + lines), (np.r_[line, :lines], np.r_[column, count : count + lines])),
        shape=(lines, count + lines),
    )
    pair = columns.place[column] * skus + instance.sku[line]
    rows, stock_row = np.unique(pair, return_inverse=True)
    total = len(rows) + instance.locations
    limits = csc_array(
        (
            np.r_[instance.quantity[line], np.ones(count)],
            (np.r_[stock_row, len(rows) + columns.place], np.r_[column, :count]),
        ),
        shape=(total, count + lines),
    )
    right = np.r_[instance.stock.ravel()[rows], np.floor(instance.capacity)]
    solved = linprog(
        np.r_[columns.cost, leave], A_ub=limits, b_ub=right, A_eq=cover, b_eq=np.ones(lines),
        bounds=(0, None), method="highs-ipm" if count > SIMPLEX_COLUMNS else "highs-ds",
    )  # fmt: skip
    if solved.status != 0:
        return None
    duals = np.maximum(-solved.ineqlin.marginals, 0.0)
    stock = np.zeros(instance.stock.size)
    stock[rows] = duals[: len(rows)]
    prices = Prices(stock.reshape(instance.stock.shape), duals[len(rows) :])
    return float(solved.fun - instance.split.sum()), prices, solved.eqlin.marginals, solved.x[:count]
