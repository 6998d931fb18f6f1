"""What a delivery means in the numbers of the platform's order, and when to try a call again."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of ours: the outside line it belongs to, the code there, ``key`` of ours, how many of it make one there."""

    line_id: str
    sku: str
    key: Hashable
    per_unit: float = 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """So much of an outside line is in the delivery, in the platform's own count."""

    line_id: str
    quantity: float
    sku: str = ""


def outside_lines(
    sold: Sequence[Sold], shipped: Mapping[Hashable, float], before: Mapping[Hashable, float] | None = None
) -> list[Part]:
    """What a delivery holds of each outside line, from quantities shipped by our line.

    ``before`` is what earlier deliveries held. A set that is one line outside and several here counts as shipped with
    the delivery that completes it. Lines without a number of their own outside are told by their code.

    >>> tea, cup, pot = Sold("1", "TEA", 7), Sold("2", "SET", 8), Sold("2", "SET", 9, 2.0)
    >>> outside_lines([tea, cup, pot], {7: 2.5, 8: 1.0, 9: 2.0})
    [Part(line_id='1', quantity=2.5, sku='TEA'), Part(line_id='2', quantity=1.0, sku='SET')]
    >>> outside_lines([cup, pot], {8: 1.0}), outside_lines([cup, pot], {9: 2.0}, {8: 1.0})
    ([], [Part(line_id='2', quantity=1.0, sku='SET')])
    """
    groups: dict[tuple[str, Hashable], list[Sold]] = {}
    for line in sold:
        groups.setdefault((line.line_id, None if line.line_id else line.key), []).append(line)
    parts = []
    for lines in groups.values():
        earlier = _whole(lines, before or {})
        now = _whole(
            lines, {line.key: (before or {}).get(line.key, 0.0) + shipped.get(line.key, 0.0) for line in lines}
        )
        if now - earlier > 1e-6:
            parts.append(Part(lines[0].line_id, round(now - earlier, 6), lines[0].sku))
    return parts


def _whole(lines: Sequence[Sold], shipped: Mapping[Hashable, float]) -> float:
    return min(shipped.get(line.key, 0.0) / line.per_unit for line in lines)


def pause(attempts: int, asked: float | None = None) -> float:
    """Seconds until the next try: what the platform asks for, else doubling up to an hour.

    >>> pause(1), pause(3), pause(20), pause(1, 90)
    (30.0, 120.0, 3600.0, 90)
    """
    return asked if asked is not None else min(FIRST_PAUSE * 2 ** max(attempts - 1, 0), LONGEST_PAUSE)
