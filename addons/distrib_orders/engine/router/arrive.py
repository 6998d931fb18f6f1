"""Orders decided one after another as they come, each exactly, from what the ones before it left."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .instance import UNFILLED, Instance, Ints
from .rules import Ledger
from .single import Menu
from .table import Prices, build


def arrive(
    instance: Instance, waits: NDArray[np.bool_] | None = None, prices: Prices | None = None
) -> tuple[Ints, NDArray[np.bool_]]:
    """Where each line goes, and which orders take their goods.

    An order of ``waits`` (O) with a line that finds no location takes nothing; the locations of its other lines are told
    all the same. ``prices``: what scarce stock and capacity are worth to others.

    :return: locations (L), UNFILLED where none; and (O) whether every line of the order has one
    """
    menu = Menu(instance, build(instance), prices or Prices.none(instance))
    ledger, found = Ledger(instance), []
    sku, quantity = instance.sku.tolist(), instance.quantity.tolist()
    waiting = np.ones(instance.orders, bool) if waits is None else waits
    filled = np.zeros(instance.orders, bool)
    for order, (first, last) in enumerate(pairwise(instance.start.tolist())):
        places = menu.decide(order, ledger)[1]
        filled[order] = UNFILLED not in places
        if filled[order] or not waiting[order]:
            ledger.take(sku[first:last], quantity[first:last], places)
        found += places
    return np.array(found, dtype=np.int64), filled
