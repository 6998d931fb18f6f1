"""What deserves an alert, decided for all products and warehouses at once.

Finders take columns of equal length n and return a mask; `compare` holds what was found against the alerts that are
open, so that one cause has one alert and an alert whose cause is gone closes.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Causes:
    """``n`` causes: ids with 0 where there is none (``res_id`` is the lot, transfer or allocation), the value found,
    the limit it passed, and the day it concerns (``datetime64[D]`` or NaT)."""

    product_id: Ids
    warehouse_id: Ids
    res_id: Ids
    value: Numbers
    limit: Numbers
    due: NDArray[np.datetime64]

    @classmethod
    def from_rows(cls, rows: list[tuple]) -> "Causes":
        """Columns out of rows in the order of the fields; None is 0, and no day."""
        product, warehouse, res, value, limit, due = list(zip(*rows, strict=True)) or [()] * len(fields(cls))
        ids = (np.array([record or 0 for record in column], np.int64) for column in (product, warehouse, res))
        numbers = (np.array([number or 0.0 for number in column], float) for column in (value, limit))
        return cls(*ids, *numbers, np.array(due, "datetime64[D]"))

    def __len__(self) -> int:
        return len(self.product_id)

    def take(self, chosen: np.ndarray) -> "Causes":
        """The chosen causes (mask or positions)."""
        return Causes(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def keys(self) -> NDArray[np.str_]:
        """What tells one cause from another within a rule.

        >>> Causes.from_rows([(7, 1, None, -2.0, 0.0, None)]).keys().tolist()
        ['7-1-0']
        """
        parts = zip(self.product_id.tolist(), self.warehouse_id.tolist(), self.res_id.tolist(), strict=True)
        return np.array([f"{product}-{warehouse}-{res}" for product, warehouse, res in parts], np.str_)


def below_safety(available: Numbers, safety: Numbers, share: float) -> Mask:
    """Where less than a share of the safety stock is left, among what has one.

    >>> below_safety(np.array([4.0, 5.0, 0.0]), np.array([10.0, 10.0, 0.0]), 0.5).tolist()
    [True, False, False]
    """
    return (safety > 0) & (available < share * safety)


def out_before_arrival(available: Numbers, demand: Numbers, arrival_days: Numbers, horizon_days: float) -> Mask:
    """Where the stock lasts neither until the next goods arrive nor beyond the horizon.

    >>> a = np.array
    >>> out_before_arrival(a([4.0, 4.0, 90.0]), a([2.0, 2.0, 2.0]), a([3.0, 1.0, 99.0]), 14).tolist()
    [True, False, False]
    """
    cover = np.full(len(available), np.inf)
    np.divide(np.maximum(available, 0), demand, out=cover, where=demand > 0)
    return (cover < arrival_days) & (cover <= horizon_days)


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
