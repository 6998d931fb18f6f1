"""What a parcel costs, in named parts.

The freight follows the tariffs of Chinese express carriers: a first-weight fee and a fee for each further kilogram
(首重, 续重), by distance band. Handling, split, lateness and unfilled are added; the scarcity of stock and capacity is
shown beside them but is no money (see :mod:`.prices`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .instance import UNFILLED, Floats, Instance, Ints, Lanes


class Parts(NamedTuple):
    """Cost parts, in money; all arrays of one shape, or all floats."""

    freight: Floats
    handling: Floats
    split: Floats
    late: Floats
    unfilled: Floats

    def total(self) -> Floats:
        """The sum of the parts."""
        return self.freight + self.handling + self.split + self.late + self.unfilled


def billed_kg(weight: ArrayLike, lanes: Lanes) -> Floats:
    """Kilograms above the first fee that are billed, in steps.

    >>> from types import SimpleNamespace
    >>> billed_kg([0.4, 1.0, 2.3], SimpleNamespace(included_kg=1.0, step_kg=0.5)).tolist()
    [0.0, 0.0, 1.5]
    >>> billed_kg([2.25], SimpleNamespace(included_kg=1.0, step_kg=0.0)).tolist()
    [1.25]
    """
    over = np.maximum(np.asarray(weight, dtype=np.float64) - lanes.included_kg, 0.0)
    # The small offset keeps 0.30000000000000004 kg from being billed as the next step.
    return np.maximum(np.ceil(over / lanes.step_kg - 1e-9), 0.0) * lanes.step_kg if lanes.step_kg else over


def freight(instance: Instance, orders: Ints, places: Ints, weight: Floats) -> Floats:
    """Freight of parcels; ``orders``, ``places`` and ``weight`` (kg) broadcast against each other."""
    lanes = instance.lanes
    return lanes.first[orders, places] + lanes.per_kg[orders, places] * billed_kg(weight, lanes)


class Parcels(NamedTuple):
    """The parcels of a plan, P of them, sorted by order and location; ``of_line`` (L) the parcel or UNFILLED."""

    order: Ints
    place: Ints
    weight: Floats
    units: Floats
    extra: Floats  # 1 for each parcel of an order after its first
    of_line: Ints


def parcels(instance: Instance, location: Ints) -> Parcels:
    """Lines of one order that leave one location together are one parcel."""
    served = np.flatnonzero(location != UNFILLED)
    keys, inverse = np.unique(instance.order_of[served] * instance.locations + location[served], return_inverse=True)
    order, place = np.divmod(keys, instance.locations)
    of_line = np.full(instance.lines, UNFILLED)
    of_line[served] = inverse
    weight = np.bincount(inverse, instance.weight[served], len(keys))
    units = np.bincount(inverse, instance.quantity[served], len(keys))
    extra = np.zeros(len(keys))
    extra[1:] = order[1:] == order[:-1]
    return Parcels(order, place, weight, units, extra, of_line)


def parcel_parts(instance: Instance, made: Parcels) -> Parts:
    """The cost parts of each parcel, arrays of shape (P); nothing in it is unfilled."""
    return Parts(
        freight(instance, made.order, made.place, made.weight),
        instance.parcel_handling[made.place] + instance.unit_handling[made.place] * made.units,
        instance.split[made.order] * made.extra,
        instance.lanes.late[made.order, made.place],
        np.zeros(len(made.order)),
    )


def plan_parts(instance: Instance, location: Ints) -> Parts:
    """The cost of a plan in its parts, as floats."""
    sums = [float(part.sum()) for part in parcel_parts(instance, parcels(instance, location))]
    sums[4] = float(instance.unfilled[location == UNFILLED].sum())
    return Parts(*sums)


def plan_cost(instance: Instance, location: Ints) -> float:
    """The cost of a plan, from nothing but the instance."""
    return float(plan_parts(instance, location).total())
