"""What a newer version changes of an order that has been confirmed, and what of it can be done without asking."""

from collections.abc import Mapping
from dataclasses import dataclass

SMALL = 1e-6


@dataclass(frozen=True, slots=True)
class Have:
    """One line of ours: ordered, delivered and already picked quantity, in the line's unit."""

    quantity: float
    delivered: float = 0.0
    picked: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What to do about one line: ``lower`` it to ``quantity``, expect a ``return`` of it, or ``ask`` a clerk."""

    key: str
    action: str
    before: float
    after: float
    quantity: float = 0.0


def compare(have: Mapping[str, Have], want: Mapping[str, float]) -> list[Step]:
    """The steps from what we have to what the platform has now; lines by their key.

    Less of what nobody has picked yet is taken out. What was delivered comes back as a return; what was picked, or is
    more or other than before, a clerk decides.

    >>> have = {"1": Have(5), "2": Have(2, delivered=2), "3": Have(1, picked=1), "4": Have(1)}
    >>> for step in compare(have, {"1": 3, "2": 0, "3": 0, "4": 2, "5": 1}):
    ...     print(step.key, step.action, step.before, step.after, step.quantity)
    1 lower 5 3 3
    2 return 2 0 2
    3 ask 1 0 0.0
    4 ask 1 2 0.0
    5 ask 0.0 1 0.0
    """
    steps = []
    for key in [*have, *(key for key in want if key not in have)]:
        before = have.get(key, Have(0.0))
        after = want.get(key, 0.0)
        if abs(before.quantity - after) <= SMALL:
            continue
        if after > before.quantity:
            steps.append(Step(key, "ask", before.quantity, after))
        elif after < before.delivered - SMALL:
            if before.quantity > before.delivered + SMALL:
                steps.append(Step(key, "lower", before.quantity, after, before.delivered))
            steps.append(Step(key, "return", before.quantity, after, before.delivered - after))
        elif before.quantity - after > before.quantity - before.delivered - before.picked + SMALL:
            steps.append(Step(key, "ask", before.quantity, after))
        else:
            steps.append(Step(key, "lower", before.quantity, after, after))
    return steps
