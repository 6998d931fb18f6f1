"""From a pool to its plan: the shop's rule, each order exactly, prices, improvement; the better plan is kept.

A plan is never dearer than that of the shop's own rule and never leaves more unfilled: whatever a step finds is only
taken when it is better in both.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .costs import plan_cost
from .improve import Effort, improve
from .instance import Instance, Ints, Plan
from .prices import subgradient
from .rules import RULES
from .single import Menu, in_turn
from .table import Prices, build

PRICE_SHARE = 0.3  # of the time, at most, for finding prices


@dataclass(frozen=True)
class Settings:
    """How much to try. ``rule`` is the shop's own, a key of :data:`.rules.RULES`.

    Without ``clock`` the plan depends on nothing but the instance and the settings. With a ``clock`` (a function that
    returns seconds) the work ends when ``seconds`` have passed since the call.
    """

    rule: str = "nearest_whole"
    price_rounds: int = 150
    rounds: int = 20_000
    seed: int = 0
    seconds: float = math.inf
    clock: Callable[[], float] | None = None


@dataclass(frozen=True)
class Outcome:
    """``plan``, with the ``rule``'s plan and the ``exact`` one by one beside it; ``steps``: the cost after each step.

    ``prices`` are the shadow prices used and ``bound`` is what they prove.
    """

    plan: Plan
    rule: Plan
    exact: Plan
    prices: Prices
    bound: float
    steps: dict[str, float]


def optimise(instance: Instance, settings: Settings | None = None, present: Ints | None = None) -> Outcome:
    """The best plan found for the pool.

    ``present`` (L): the plan that is carried out so far. What is found never leaves more unfilled than it or the rule,
    nor is it dearer than the one of them that fills more (of two that fill the same, the cheaper one).
    """
    settings = settings or Settings()
    clock, until = settings.clock, math.inf
    begun = clock() if clock else 0.0
    until = begun + settings.seconds
    rule = RULES[settings.rule](instance)
    groups = build(instance)
    plain = Menu(instance, groups, Prices.none(instance))
    exact = _plan(instance, in_turn(plain))
    best = better(instance, rule, exact)
    if present is not None:
        held = Plan(present, plan_cost(instance, present))
        best = min((held, best), key=lambda known: (round(known.unfilled_units(instance), 6), known.cost))
    stop = (lambda: clock() > begun + PRICE_SHARE * settings.seconds) if clock else None
    prices, relaxed = subgradient(instance, groups, best.cost, settings.price_rounds, stop=stop)
    guided = Menu(instance, groups, prices)
    steps = {"rule": rule.cost, "exact": exact.cost}
    start = _plan(instance, in_turn(guided))
    steps["priced"] = start.cost
    best = better(instance, best, start)
    begin = min((best, exact, start), key=lambda known: known.cost)
    effort = Effort(settings.rounds, settings.seed, clock, until)
    places = improve(instance, plain, guided, _by_order(instance, begin), _by_order(instance, best), effort)
    found = _plan(instance, places)
    best = better(instance, best, found)
    steps["improved"] = best.cost
    return Outcome(best, rule, exact, prices, relaxed.value, steps)


def better(instance: Instance, held: Plan, other: Plan) -> Plan:
    """``other`` when it is cheaper and leaves no more unfilled, else ``held``."""
    fills = other.unfilled_units(instance) <= held.unfilled_units(instance) + 1e-9
    return other if fills and other.cost < held.cost - 1e-9 else held


def _plan(instance: Instance, places: list[list[int]]) -> Plan:
    location = np.array([place for order in places for place in order], dtype=np.int64)
    return Plan(location, plan_cost(instance, location))


def _by_order(instance: Instance, held: Plan) -> list[list[int]]:
    location = held.location.tolist()
    return [location[first:last] for first, last in pairwise(instance.start.tolist())]
