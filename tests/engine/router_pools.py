"""Small random pools for the router's tests: every feature at once, and small enough to try every plan."""

import itertools

import numpy as np
from distrib_orders.engine.router import UNFILLED, Instance, Lanes
from distrib_orders.engine.router.costs import plan_cost
from distrib_orders.engine.router.instance import CONFLICT, FREE, violations


def pool(
    seed: int, orders: int = 4, locations: int = 3, skus: int = 3, longest: int = 3, step: float = 0.0
) -> Instance:
    """Scarce stock and capacity, missing lanes, bars, bans, pins (also conflicting), fees for splits and delay."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, min(longest, skus) + 1, orders)
    sku = np.concatenate([rng.choice(skus, n, replace=False) for n in sizes])
    lines, shape = len(sku), (orders, locations)
    quantity = rng.integers(1, 4, lines).astype(float)
    per_kg = rng.uniform(0, 3, shape)
    first = np.where(rng.random(shape) < 0.1, np.nan, per_kg + rng.uniform(1, 9, shape))
    pins = np.where(rng.random(lines) < 0.15, rng.integers(0, locations, lines), FREE)
    pins[rng.random(lines) < 0.05] = CONFLICT
    return Instance(
        start=np.concatenate([[0], np.cumsum(sizes)]), sku=sku, quantity=quantity,
        weight=rng.uniform(0, 3, lines) * quantity, unfilled=rng.choice([4.0, 60.0], lines) * quantity,
        stock=rng.integers(0, 5, (locations, skus)).astype(float),
        capacity=rng.integers(0, orders + 1, locations).astype(float),
        lanes=Lanes(first, per_kg, rng.choice([0.0, 0.0, 5.0], shape), step_kg=step),
        parcel_handling=rng.uniform(0, 2, locations), unit_handling=rng.uniform(0, 1, locations),
        split=rng.choice([0.0, 3.0], orders), barred=(rng.random(shape) < 0.1).astype(np.int8) * 3, pins=pins,
        bans=rng.random((lines, locations)) < 0.05,
    )  # fmt: skip


def feasible(instance: Instance):
    """Every plan that keeps all limits."""
    usable = instance.usable()
    choices = [[UNFILLED, *np.flatnonzero(row).tolist()] for row in usable]
    for places in itertools.product(*choices):
        location = np.array(places)
        if not violations(instance, location):
            yield location


def optimum(instance: Instance) -> float:
    """The cost of the best plan, by trying all of them."""
    return min(plan_cost(instance, location) for location in feasible(instance))
