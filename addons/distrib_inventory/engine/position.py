"""Quantities of product x warehouse as columns.

One row of each array is one pair; a pair without stock, open moves or allocations has no row. Our own goods:

- ``on_hand``: all of it in the warehouse's internal locations
- ``reserved``: the part that open moves have taken
- ``expired``: the unreserved part whose removal date has passed or that lies in a location for expired goods;
  ``lapsed`` is the former alone, which is what core knows
- ``quarantine``, ``damaged``, ``blocked``, ``disputed``: the unreserved part in locations of these states
- ``allocated``: kept for customers, dealers, channels and promotions, and not yet drawn by their orders
- ``available = on_hand - reserved - expired - quarantine - damaged - blocked - disputed - allocated``: what may still
  be promised; ``free = on_hand - reserved - lapsed`` is core's own figure
- ``expiring``: the part of the unreserved good stock whose removal date comes soon
- ``incoming``: open moves into the warehouse; of it ``purchase_in`` comes from suppliers, ``in_transit`` has left
  another warehouse, ``transfer_in`` is still to leave it
- ``outgoing``: open moves out of the warehouse
- ``forecast = on_hand + incoming - outgoing - lapsed``

Other owners' goods are in ``owned_on_hand`` and ``owned_reserved``, and in none of the above.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Quantities = NDArray[np.float64]

HELD = ("quarantine", "damaged", "blocked", "disputed")
MOVE_COLUMNS = ("incoming", "purchase_in", "in_transit", "transfer_in", "outgoing")
# What is summed up by itself: our stock, what of it is not free and others' stock, moves, allocations.
PARTS = {
    "stock": ("on_hand",),
    "apart": ("reserved", "lapsed", "expired", "expiring", *HELD, "owned_on_hand", "owned_reserved"),
    "moves": MOVE_COLUMNS,
    "kept": ("allocated",),
}
COLUMNS = tuple(name for names in PARTS.values() for name in names)
DERIVED = ("free", "available", "forecast")
# The keys of a position for callers, in their order.
SHOWN = (
    *("on_hand", "reserved", "expired", "expiring", *HELD, "allocated", "free", "available"),
    *("incoming", "purchase_in", "in_transit", "transfer_in", "outgoing", "forecast"),
    *("owned_on_hand", "owned_reserved"),
)


@dataclass(frozen=True, eq=False, slots=True)
class Positions:
    """Columns of equal length n; ids are integers, quantities are in the product's unit of measure."""

    product_id: Ids
    warehouse_id: Ids
    on_hand: Quantities
    reserved: Quantities
    lapsed: Quantities
    expired: Quantities
    expiring: Quantities
    quarantine: Quantities
    damaged: Quantities
    blocked: Quantities
    disputed: Quantities
    owned_on_hand: Quantities
    owned_reserved: Quantities
    incoming: Quantities
    purchase_in: Quantities
    in_transit: Quantities
    transfer_in: Quantities
    outgoing: Quantities
    allocated: Quantities

    @classmethod
    def from_rows(cls, rows: Sequence[tuple]) -> "Positions":
        """Columns out of rows in the order of the fields.

        >>> row = (7, 1, 5.0, 2.0, *[0.0] * 14, 1.0)
        >>> Positions.from_rows([row]).available.tolist()
        [2.0]
        """
        columns = list(zip(*rows, strict=True)) or [()] * len(fields(cls))
        ids = (np.array(column, dtype=np.int64) for column in columns[:2])
        return cls(*ids, *(np.array(column, dtype=np.float64) for column in columns[2:]))

    @classmethod
    def from_arrays(cls, arrays: Sequence[bytes | memoryview | None]) -> "Positions":
        """For each of `PARTS` the keys of its pairs (product id * 2**32 + warehouse id, int8) and its columns (float8),
        each in PostgreSQL's binary form of an array; None when empty. A pair may be missing in any part; rows come
        sorted.
        """
        data, found = iter(arrays), []
        for names in PARTS.values():
            keys = unpacked(next(data), ">i8").astype(np.int64)
            found.append((keys, {name: unpacked(next(data), ">f8") for name in names}))
        pairs = np.unique(np.concatenate([keys for keys, _columns in found]))
        columns = {}
        for keys, values in found:
            rows = np.searchsorted(pairs, keys)
            for name, column in values.items():
                columns[name] = np.zeros(len(pairs))
                columns[name][rows] = column
        return cls(pairs >> 32, pairs & 0xFFFFFFFF, **columns)

    @classmethod
    def of(cls, product_id: Sequence[int], warehouse_id: Sequence[int], **columns: Sequence[float]) -> "Positions":
        """Columns by name; those not given are zero.

        >>> Positions.of([7], [1], on_hand=[5], lapsed=[1], incoming=[3]).forecast.tolist()
        [7.0]
        """
        zeros = [0.0] * len(product_id)
        unknown = columns.keys() - set(COLUMNS)
        if unknown:
            raise ValueError(f"no such columns: {', '.join(sorted(unknown))}")
        return cls(
            np.array(product_id, np.int64),
            np.array(warehouse_id, np.int64),
            **{name: np.array(columns.get(name, zeros), np.float64) for name in COLUMNS},
        )

    def __len__(self) -> int:
        return len(self.product_id)

    @property
    def free(self) -> Quantities:
        return self.on_hand - self.reserved - self.lapsed

    @property
    def available(self) -> Quantities:
        held = self.quarantine + self.damaged + self.blocked + self.disputed
        return self.on_hand - self.reserved - self.expired - held - self.allocated

    @property
    def forecast(self) -> Quantities:
        return self.on_hand + self.incoming - self.outgoing - self.lapsed

    def matrix(self, column: str, product_ids: Iterable[int], warehouse_ids: Iterable[int]) -> Quantities:
        """One column as a table, shape (products, warehouses) in the order asked for; 0 where there is no row.

        Rows of products or warehouses not asked for are left out. Ids must not repeat.

        >>> Positions.of([7, 9], [1, 2], on_hand=[5, 3]).matrix("available", [9, 7], [1, 2]).tolist()
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
        """Rows as dictionaries, quantities rounded half up to `digits` decimals, derived ones too, `lapsed` not."""
        # Copied, a dictionary costs half of one that is spelled out, and most columns are zero in most rows: those are
        # filled in where they are not. There may be 300,000 rows.
        empty = dict.fromkeys(("product_id", "warehouse_id", *SHOWN), 0.0)
        dense = [round_half_up(getattr(self, name), digits).tolist() for name in ("on_hand", *DERIVED)]
        rows = [
            {
                **empty,
                "product_id": product_id,
                "warehouse_id": warehouse_id,
                "on_hand": on_hand,
                "free": free,
                "available": available,
                "forecast": forecast,
            }
            for product_id, warehouse_id, on_hand, free, available, forecast in zip(
                self.product_id.tolist(), self.warehouse_id.tolist(), *dense, strict=True
            )
        ]
        for name in set(SHOWN) - {"on_hand", *DERIVED}:
            column = getattr(self, name)
            filled = np.flatnonzero(column)
            for row, value in zip(filled.tolist(), round_half_up(column[filled], digits).tolist(), strict=True):
                rows[row][name] = value
        return rows


def round_half_up(values: Quantities, digits: int) -> Quantities:
    """Round away from zero at the half, as units of measure do; a float's own error does not tip the scale.

    >>> round_half_up(np.array([1.005, -2.675, 0.1 + 0.2]), 2).tolist()
    [1.01, -2.68, 0.3]
    """
    scale = 10.0**digits
    scaled = np.abs(values) * scale
    # One part in 2**50 is some units in the last place: enough for sums of decimals, too little to change a digit.
    return np.copysign(np.floor(scaled * (1 + 2.0**-50) + 0.5), values) / scale + 0.0


def unpacked(data: bytes | memoryview | None, kind: str) -> NDArray:
    """The values of a one-dimensional array without NULLs, as `array_send` writes it: a header, then length and value.

    >>> header = bytes.fromhex("00000001" "00000000" "00000017" "00000002" "00000001")
    >>> unpacked(header + bytes.fromhex("00000004" "00000007" "00000004" "00000009"), ">i4").tolist()
    [7, 9]
    """
    if data is None:
        return np.zeros(0, kind)
    return np.frombuffer(data, np.dtype([("length", ">i4"), ("value", kind)]), offset=20)["value"]


def _places(wanted: Ids, found: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    """For each found id its index in `wanted`, and whether it is there at all."""
    if not len(wanted):
        return np.zeros(len(found), np.int64), np.zeros(len(found), bool)
    order = np.argsort(wanted)
    at = np.minimum(np.searchsorted(wanted, found, sorter=order), len(wanted) - 1)
    index = order[at]
    return index, wanted[index] == found
