"""Sums up a tree that is given as an array of parents."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


class LoopError(ValueError):
    """The parents run in a circle; ``nodes`` are those on it, in the order of the walk."""

    def __init__(self, nodes: Sequence[int]):
        super().__init__(f"the tree runs in a circle: {' -> '.join(map(str, nodes))}")
        self.nodes = tuple(nodes)


def roll_up(
    own: Mapping[int, Sequence[float]], parents: Mapping[int, int | None], width: int
) -> dict[int, NDArray[np.float64]]:
    """The total of each node and of everything below it, for the nodes that have something at or below them.

    :param own: node -> its own values, each of length ``width``; nodes that ``parents`` does not know are roots
    :param parents: node -> the node above, or None
    :raise LoopError: a node is above itself

    >>> totals = roll_up({3: [1.0], 4: [2.0]}, {1: None, 2: 1, 3: 2, 4: 1}, 1)
    >>> {node: float(total[0]) for node, total in sorted(totals.items())}
    {1: 3.0, 2: 1.0, 3: 1.0, 4: 2.0}
    """
    totals: dict[int, NDArray[np.float64]] = {}
    for node, values in own.items():
        for step in path(node, parents):
            total = totals.setdefault(step, np.zeros(width))
            total += values
    return totals


def path(node: int, parents: Mapping[int, int | None]) -> list[int]:
    """The node and all above it, from the bottom to the top.

    >>> path(3, {1: None, 2: 1, 3: 2})
    [3, 2, 1]
    """
    steps, seen = [node], {node}
    above = parents.get(node)
    while above is not None:
        steps.append(above)
        if above in seen:
            raise LoopError(steps[steps.index(above) :])
        seen.add(above)
        above = parents.get(above)
    return steps
