"""Which changes of a plan depend on each other."""

from collections.abc import Hashable, Iterable, Mapping


def linked(keys: Mapping[int, Iterable[Hashable]]) -> list[set[int]]:
    """Groups of orders that touch the same goods at the same place, directly or by others; in the sequence given.

    >>> linked({1: ["a"], 2: ["b"], 3: ["a", "c"], 4: ["c"]})
    [{1, 3, 4}, {2}]
    """
    root: dict[int, int] = {order: order for order in keys}

    def find(order: int) -> int:
        while root[order] != order:
            root[order] = root[root[order]]
            order = root[order]
        return order

    first: dict[Hashable, int] = {}
    for order, touched in keys.items():
        for key in touched:
            other = first.setdefault(key, order)
            low, high = sorted((find(order), find(other)))
            root[high] = low
    groups: dict[int, set[int]] = {}
    for order in keys:
        groups.setdefault(find(order), set()).add(order)
    return list(groups.values())
