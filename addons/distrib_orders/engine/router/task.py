"""A pool as Odoo names it: the arrays to optimise, the same in money, and whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .instance import Floats, Instance, Ints

# What becomes of an order of which something is not in stock. These take nothing until everything is there.
WAITING = ("wait", "hold")


@dataclass(frozen=True)
class Task:
    """``instance``: in the measure of each order's objective, in money's worth. ``money``: in money.

    ``order_ids`` (O), ``site_ids`` (M) and ``product_ids`` (S) name the indexes; ``line_of``: sale line -> line of the
    instance (lines of one article in an order are one). ``rules`` (O): the rule that applies, 0 none. ``remainder`` (O):
    what becomes of a rest. ``objective`` (O): the words of the objectives. ``present`` (L): where the goods are reserved
    now. ``km`` and ``days`` (O, M), NaN unknown. ``assumed``: order -> what was not known and taken to be.
    """

    instance: Instance
    money: Instance
    order_ids: Ints
    site_ids: Ints
    product_ids: Ints
    line_of: Mapping[int, int]
    rules: Ints
    remainder: tuple[str, ...]
    objective: tuple[str, ...]
    km: Floats
    days: Floats
    present: Ints | None = None
    assumed: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def waits(self) -> NDArray[np.bool_]:
        """(O) orders that take nothing before everything is there."""
        return np.array([word in WAITING for word in self.remainder], bool)
