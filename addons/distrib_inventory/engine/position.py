"""Quantities of product x warehouse as columns.

One row of each array is one pair; a pair without stock and without open moves has no row. Words:

- ``on_hand``: our own stock in the warehouse's internal locations
- ``reserved``: the part of it that open moves have taken
- ``expired``: the unreserved part whose removal date has passed
- ``available = on_hand - reserved - expired``: what may still be promised
- ``incoming``, ``outgoing``: open moves over the warehouse's border
- ``forecast = on_hand + incoming - outgoing - expired``
- ``owned_on_hand``: other owners' stock lying there, in none of the above
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Quantities = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Positions:
    """Columns of equal length n; ids are integers, quantities are in the product's unit of measure."""

    product_id: Ids
    warehouse_id: Ids
    on_hand: Quantities
    reserved: Quantities
    expired: Quantities
    incoming: Quantities
    outgoing: Quantities
    owned_on_hand: Quantities

    @classmethod
    def from_rows(cls, rows: Sequence[tuple]) -> "Positions":
        """Columns out of rows in the order of the fields.

        >>> Positions.from_rows([(7, 1, 5.0, 2.0, 1.0, 4.0, 3.0, 0.0)]).available.tolist()
        [2.0]
        """
        columns = list(zip(*rows, strict=True)) or [()] * len(fields(cls))
        ids = (np.array(column, dtype=np.int64) for column in columns[:2])
        return cls(*ids, *(np.array(column, dtype=np.float64) for column in columns[2:]))

    def __len__(self) -> int:
        return len(self.product_id)

    @property
    def available(self) -> Quantities:
        return self.on_hand - self.reserved - self.expired

    @property
    def forecast(self) -> Quantities:
        return self.on_hand + self.incoming - self.outgoing - self.expired

    def matrix(self, column: str, product_ids: Iterable[int], warehouse_ids: Iterable[int]) -> Quantities:
        """One column as a table, shape (products, warehouses) in the order asked for; 0 where there is no row.

        Rows of products or warehouses not asked for are left out. Ids must not repeat.

        >>> p = Positions.from_rows([(7, 1, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0), (9, 2, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0)])
        >>> p.matrix("available", [9, 7], [1, 2]).tolist()
        [[0.0, 3.0], [5.0, 0.0]]
        """
        products, warehouses = np.fromiter(product_ids, np.int64), np.fromiter(warehouse_ids, np.int64)
        table = np.zeros((len(products), len(warehouses)))
        row, row_known = _places(products, self.product_id)
        place, place_known = _places(warehouses, self.warehouse_id)
        known = row_known & place_known
        table[row[known], place[known]] = getattr(self, column)[known]
        return table

    def to_dicts(self, digits: int = 2) -> list[dict]:
        """Rows as dictionaries, quantities rounded half up to `digits` decimals, derived ones too."""
        names = ("on_hand", "reserved", "available", "incoming", "outgoing", "forecast", "owned_on_hand")
        columns = [round_half_up(getattr(self, name), digits).tolist() for name in names]
        # Spelled out: a literal is built twice as fast as a dict of zipped keys, and there may be 300,000 of them.
        return [
            {
                "product_id": product_id,
                "warehouse_id": warehouse_id,
                "on_hand": on_hand,
                "reserved": reserved,
                "available": available,
                "incoming": incoming,
                "outgoing": outgoing,
                "forecast": forecast,
                "owned_on_hand": owned,
            }
            for product_id, warehouse_id, on_hand, reserved, available, incoming, outgoing, forecast, owned in zip(
                self.product_id.tolist(), self.warehouse_id.tolist(), *columns, strict=True
            )
        ]


def round_half_up(values: Quantities, digits: int) -> Quantities:
    """Round away from zero at the half, as units of measure do; a float's own error does not tip the scale.

    >>> round_half_up(np.array([1.005, -2.675, 0.1 + 0.2]), 2).tolist()
    [1.01, -2.68, 0.3]
    """
    scale = 10.0**digits
    scaled = np.abs(values) * scale
    # One part in 2**50 is some units in the last place: enough for sums of decimals, too little to change a digit.
    return np.copysign(np.floor(scaled * (1 + 2.0**-50) + 0.5), values) / scale + 0.0


def _places(wanted: Ids, found: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    """For each found id its index in `wanted`, and whether it is there at all."""
    if not len(wanted):
        return np.zeros(len(found), np.int64), np.zeros(len(found), bool)
    order = np.argsort(wanted)
    at = np.minimum(np.searchsorted(wanted, found, sorter=order), len(wanted) - 1)
    index = order[at]
    return index, wanted[index] == found
