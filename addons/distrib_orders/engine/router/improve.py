"""Ruin and recreate: take some related orders out of the plan, put them back otherwise, keep what is cheaper.

The principle is that of Schrimpf, Schneider, Stamm-Wilbrandt and Dueck 2000; the ruins are orders that want the same
articles (as the adjacent strings of Christiaens and Vanden Berghe 2020), the recreation decides each order exactly
(:mod:`.single`), with or without the shadow prices, and a plan a little worse is accepted with the falling probability
of simulated annealing. Without a clock the same seed gives the same plan.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from .instance import Instance
from .rules import Ledger
from .single import Menu, decide

Plans = list[list[int]]  # the location of each line of each order
GLANCE = 64  # rounds between two looks at the clock


@dataclass(frozen=True)
class Effort:
    """How long to try, and how.

    ``rounds``, or less when ``clock`` (seconds) passes ``until``. ``heat`` (money) is the first temperature;
    ``largest`` the most orders of a ruin; ``guided`` the share of rounds that decide by shadow prices.
    """

    rounds: int
    seed: int = 0
    clock: Callable[[], float] | None = None
    until: float = math.inf
    heat: float = 1.5
    largest: int = 12
    guided: float = 0.5

    def progress(self, done: int, begun: float) -> float:
        """From 0 to 1, how much of the effort is spent."""
        share = done / max(self.rounds, 1)
        if self.clock:
            share = max(share, (self.clock() - begun) / max(self.until - begun, 1e-9))
        return min(share, 1.0)


def improve(
    instance: Instance, plain: Menu, guided: Menu, start: Plans, safe: Plans, effort: Effort
) -> Plans:  # fmt: skip
    """A plan that leaves no more unfilled than ``safe``, and is no dearer than it.

    The search begins at ``start``, which may leave more unfilled; should nothing that fills as much as ``safe`` be
    found in half of the effort, it begins again at ``safe``. ``plain`` holds the costs without prices, ``guided`` with
    them. Wide orders stay as they are.
    """
    chance = random.Random(effort.seed)
    search = _Search(instance, plain, guided, start, chance)
    search.limit = search.unfilled(safe) + 1e-9
    search.remember()
    begun, done = effort.clock() if effort.clock else 0.0, 0
    while search.movable and done < effort.rounds and (spent := effort.progress(done, begun)) < 1.0:
        if spent > 0.5 and search.best is None:
            limit, search = search.limit, _Search(instance, plain, guided, safe, chance)
            search.limit = limit
            search.remember()
        # The last tenth only takes what is better, so the search ends in a valley.
        heat = effort.heat * max(0.9 - spent, 0.0) ** 2
        for _ in range(min(GLANCE, effort.rounds - done)):
            search.round(heat, effort.largest, effort.guided)
        done += GLANCE
        search.remember()
    return search.best or safe


class _Search:
    """A plan in change, what is left beside it, and the best one seen."""

    def __init__(self, instance: Instance, plain: Menu, guided: Menu, plan: Plans, chance: random.Random):
        sku, quantity = instance.sku.tolist(), instance.quantity.tolist()
        spans = [slice(first, last) for first, last in pairwise(instance.start.tolist())]
        self.skus, self.quantities = [sku[s] for s in spans], [quantity[s] for s in spans]
        self.entries = plain.entries, guided.entries
        self.stock_worth, self.capacity_worth = guided.prices.stock.T.tolist(), guided.prices.capacity.tolist()
        self.movable = [order for order, entry in enumerate(plain.entries) if entry is not None]
        self.plan, self.ledger, self.chance = list(plan), Ledger(instance), chance
        self.users: list[list[int]] = [[] for _ in range(instance.stock.shape[1])]
        for order, places in enumerate(plan):
            self.ledger.take(self.skus[order], self.quantities[order], places)
        for order in self.movable:
            for article in self.skus[order]:
                self.users[article].append(order)
        self.cost = [0.0] * len(plan)
        self.missing = [0.0] * len(plan)
        for order in self.movable:
            self.cost[order] = plan_value(plain, order, plan[order])
            self.missing[order] = self._missing(order, plan[order])
        empty = Ledger(instance)
        ideal = {order: decide(plain.entries[order], empty)[0] for order in self.movable}
        self.ideal = [ideal.get(order, 0.0) for order in range(len(plan))]
        self.best: Plans | None = None
        self.limit, self.best_cost, self.now = math.inf, math.inf, sum(self.cost)

    def unfilled(self, plan: Plans) -> float:
        """Units without a location in a plan, those of wide orders left out: they do not change."""
        return sum(self._missing(order, plan[order]) for order in self.movable)

    def remember(self) -> None:
        """Keep the plan if it is the cheapest seen of those within the limit of what may stay unfilled."""
        if self.now < self.best_cost - 1e-9 and sum(self.missing) <= self.limit:
            self.best, self.best_cost = list(self.plan), self.now

    def round(self, heat: float, largest: int, share: float) -> None:
        """One ruin and its recreation, undone when it is too dear."""
        out = self._ruin(1 + int(self.chance.random() * largest))
        before = [(order, self.plan[order], self.cost[order], self.missing[order]) for order in out]
        for order in out:
            self.ledger.take(self.skus[order], self.quantities[order], self.plan[order], -1)
        if self.chance.random() < 0.7:
            self.chance.shuffle(out)
        guided = self.chance.random() < share
        for order in out:
            self._put_back(order, guided)
        change = sum(self.cost[order] - cost for order, _, cost, _ in before)
        if change > 0 and (heat <= 0 or self.chance.random() >= math.exp(-change / heat)):
            self._undo(before)
        else:
            self.now += change

    def _undo(self, before: list[tuple[int, list[int], float, float]]) -> None:
        for order, _, _, _ in before:
            self.ledger.take(self.skus[order], self.quantities[order], self.plan[order], -1)
        for order, places, cost, missing in before:
            self.ledger.take(self.skus[order], self.quantities[order], places)
            self.plan[order], self.cost[order], self.missing[order] = places, cost, missing

    def _ruin(self, size: int) -> list[int]:
        """An order that pays much more than it would alone, and orders that want the same articles."""
        draw, movable = self.chance.random, self.movable
        tried = [movable[int(draw() * len(movable))] for _ in range(3)]
        first = max(tried, key=lambda order: self.cost[order] - self.ideal[order])
        out = [first]
        for _ in range(size):
            source = out[int(draw() * len(out))] if draw() < 0.3 else first
            articles = self.skus[source]
            rivals = self.users[articles[int(draw() * len(articles))]]
            rival = rivals[int(draw() * len(rivals))]
            if rival not in out:
                out.append(rival)
        return out

    def _put_back(self, order: int, guided: bool) -> None:
        cost, places = decide(self.entries[guided][order], self.ledger)
        skus, quantities = self.skus[order], self.quantities[order]
        if guided:
            for sku, quantity, place in zip(skus, quantities, places, strict=True):
                if place >= 0:
                    cost -= self.stock_worth[sku][place] * quantity
            cost -= sum(self.capacity_worth[place] for place in set(places) if place >= 0)
        self.ledger.take(skus, quantities, places)
        self.plan[order], self.cost[order] = places, cost
        self.missing[order] = self._missing(order, places)

    def _missing(self, order: int, places: list[int]) -> float:
        if min(places) >= 0:
            return 0.0
        return sum(q for q, place in zip(self.quantities[order], places, strict=True) if place < 0)


def plan_value(menu: Menu, order: int, places: list[int]) -> float:
    """What an order with a table costs in a plan, at the menu's prices."""
    entry = menu.entries[order]
    masks: dict[int, int] = {}
    total = 0.0
    for bit, place in enumerate(places):
        if place < 0:
            total += entry.leave[bit]
        else:
            masks[place] = masks.get(place, 0) | 1 << bit
    for place, mask in masks.items():
        total += next(cost for cost, where in entry.sets[mask - 1] if where == place)
    return total - (entry.split if masks else 0.0)
