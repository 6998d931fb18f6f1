"""What deserves an alert, decided for all products and warehouses at once.

Finders take columns of equal length n and return a mask; `compare` holds what was found against the alerts that are
open, so that one cause has one alert and an alert whose cause is gone closes.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Causes:
    """``n`` causes: ids with 0 where there is none (``res_id`` is the lot, transfer, allocation or owner), the value
    found, the limit it passed, the day it concerns (``datetime64[D]`` or NaT), the pieces it concerns, which tell how
    much is at stake, and the class of the product ("A", "B", "C", or "" where nothing is planned)."""

    product_id: Ids
    warehouse_id: Ids
    res_id: Ids
    value: Numbers
    limit: Numbers
    due: NDArray[np.datetime64]
    pieces: Numbers
    abc: NDArray[np.str_]

    @classmethod
    def from_rows(cls, rows: list[tuple]) -> "Causes":
        """Columns out of rows in the order of the fields, without the class; None is 0, and no day."""
        product, warehouse, res, value, limit, due, pieces = list(zip(*rows, strict=True)) or [()] * 7
        ids = (np.array([record or 0 for record in column], np.int64) for column in (product, warehouse, res))
        numbers = (np.array([number or 0.0 for number in column], float) for column in (value, limit, pieces))
        *measures, counted = numbers
        return cls(*ids, *measures, np.array(due, "datetime64[D]"), counted, np.full(len(rows), "", "U1"))

    def classed(self, classes: dict[int, str]) -> "Causes":
        """The same causes with the classes of their products ({product id: class})."""
        abc = np.array([classes.get(product, "") for product in self.product_id.tolist()], "U1")
        return replace(self, abc=abc)

    def __len__(self) -> int:
        return len(self.product_id)

    def take(self, chosen: np.ndarray) -> "Causes":
        """The chosen causes (mask or positions)."""
        return Causes(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def keys(self) -> NDArray[np.str_]:
        """What tells one cause from another within a rule.

        >>> Causes.from_rows([(7, 1, None, -2.0, 0.0, None, 2.0)]).keys().tolist()
        ['7-1-0']
        """
        parts = zip(self.product_id.tolist(), self.warehouse_id.tolist(), self.res_id.tolist(), strict=True)
        return np.array([f"{product}-{warehouse}-{res}" for product, warehouse, res in parts], np.str_)


def abc_classes(product_id: Ids, worth: Numbers, a_share: float = 0.8, b_share: float = 0.95) -> dict[int, str]:
    """Class of each product by what it sells (``worth`` a day, n entries, a product may repeat): A the products that
    make the first ``a_share`` of all, B those up to ``b_share``, C the rest. Equal ones go by their id.

    >>> abc_classes(np.array([7, 8, 9, 7]), np.array([40.0, 15.0, 5.0, 40.0]))
    {7: 'A', 8: 'B', 9: 'C'}
    """
    products, place = np.unique(product_id, return_inverse=True)
    sums = np.bincount(place, np.maximum(worth, 0.0), len(products))
    order = np.argsort(-sums, kind="stable")
    total = sums.sum()
    # what the better ones make: the one that crosses the line still belongs to the class above it
    before = np.concatenate([[0.0], np.cumsum(sums[order])[:-1]]) / total if total > 0 else np.ones(len(order))
    names = np.select([before < a_share, before < b_share], ["A", "B"], "C")
    return dict(zip(products[order].tolist(), names.tolist(), strict=True))


def below_safety(available: Numbers, incoming: Numbers, safety: Numbers, share: float) -> Mask:
    """Where less than a share of the safety stock is left, among what has one, and what comes does not make it up.

    >>> a = np.array
    >>> below_safety(a([4.0, 4.0, 5.0, 0.0]), a([0.0, 6.0, 0.0, 0.0]), a([10.0, 10.0, 10.0, 0.0]), 0.5).tolist()
    [True, False, False, False]
    """
    return (safety > 0) & (available + np.maximum(incoming, 0.0) < share * safety)


def days_of_cover(available: Numbers, demand: Numbers) -> Numbers:
    """Days that the stock lasts; infinite where nothing is sold.

    >>> days_of_cover(np.array([4.0, -1.0, 3.0]), np.array([2.0, 2.0, 0.0])).tolist()
    [2.0, 0.0, inf]
    """
    cover = np.full(len(available), np.inf)
    np.divide(np.maximum(available, 0), demand, out=cover, where=demand > 0)
    return cover


def lost_until_arrival(available: Numbers, demand: Numbers, arrival_days: Numbers) -> Numbers:
    """Pieces that cannot be sold because the stock does not last until the next goods arrive.

    >>> lost_until_arrival(np.array([4.0, 4.0]), np.array([2.0, 2.0]), np.array([3.0, 1.0])).tolist()
    [2.0, 0.0]
    """
    gap = np.maximum(arrival_days - days_of_cover(available, demand), 0.0)
    return np.where(demand > 0, demand * gap, 0.0)


def out_before_arrival(available: Numbers, demand: Numbers, arrival_days: Numbers, horizon_days: float) -> Mask:
    """Where the stock lasts neither until the next goods arrive nor beyond the horizon, and a piece or more is lost:
    a slow seller that will be out for a day is no cause.

    >>> a = np.array
    >>> out_before_arrival(a([4.0, 4.0, 90.0, 0.0]), a([2.0, 2.0, 2.0, 0.1]), a([3.0, 1.0, 99.0, 2.0]), 14).tolist()
    [True, False, False, False]
    """
    lost = lost_until_arrival(available, demand, arrival_days)
    return (lost >= 1.0) & (days_of_cover(available, demand) <= horizon_days)


def left_at_expiry(pair: Ids, quantity: Numbers, days: Numbers, demand: Numbers) -> Numbers:
    """What of each lot is left unsold when its time is over, if what ends first is sold first.

    ``pair`` (n,) tells the product in its warehouse, ``quantity`` the pieces of a lot, ``days`` those left to it (0 or
    less: it is over), ``demand`` the pair's sales a day. Entries come in any order.

    >>> left_at_expiry(np.array([1, 1, 2]), np.array([6.0, 6.0, 3.0]), np.array([2.0, 5.0, -1.0]), np.array([2.0, 2, 9]))
    array([2., 0., 3.])
    """
    order = np.lexsort((days, pair))
    group, amount = pair[order], quantity[order]
    room = demand[order] * np.maximum(days[order], 0.0)
    first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(order) else np.zeros(0, np.int64)
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    sold = np.zeros(len(order))
    # one round for the first lot of every pair, one for the second, ...: as many as the pair of most lots has
    for round_ in range(int(rank.max(initial=-1)) + 1):
        at = np.flatnonzero(rank == round_)
        before = sold[at - 1] if round_ else 0.0
        sold[at] = np.minimum(before + amount[at], np.maximum(room[at], before))
    begun = np.where(rank > 0, np.concatenate([[0.0], sold[:-1]]), 0.0) if len(order) else sold
    left = np.empty(len(order))
    left[order] = np.maximum(amount - (sold - begun), 0.0)
    return left


@dataclass(frozen=True, eq=False)
class Comparison:
    """For causes (n): which are new, and the open alert of each other one (-1 for new); for alerts (m): which close."""

    new: Mask
    alert: Ids
    gone: Mask


def compare(open_keys: NDArray[np.str_], found_keys: NDArray[np.str_]) -> Comparison:
    """Hold the keys of open alerts (m, distinct) against those of the causes found (n, distinct).

    >>> c = compare(np.array(["a", "b"]), np.array(["b", "c"]))
    >>> c.new.tolist(), c.alert.tolist(), c.gone.tolist()
    ([False, True], [1, -1], [True, False])
    """
    place = {key: index for index, key in enumerate(open_keys.tolist())}
    alert = np.array([place.get(key, -1) for key in found_keys.tolist()], np.int64)
    gone = np.ones(len(open_keys), bool)
    gone[alert[alert >= 0]] = False
    return Comparison(alert < 0, alert, gone)
