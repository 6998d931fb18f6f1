"""A day's order pool: the plan's cost above a bound proven by linear programming, in given seconds.

The pool comes from the documented generator (real cities, five centres and stores, see docs/routing.md). Beside the
figure, in the same run: the shop's rules, each step, units unfilled, orders a second one by one, the time of the
explanations, seconds of wall clock and of processor. ``--goal`` is the gap allowed, by size and ratio when not given.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

from tools import benching
from tools.steps import say

ONE_BY_ONE = 5_000  # orders a second
CHEAPER = 0.12  # below nearest-whole-order, from a ratio of 1.3 on
EXPLAIN = 0.10  # of the plan's time


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--ratio", type=float, default=1.3, help="stock as a multiple of demand")
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--locations", type=int, default=30)
    parser.add_argument("--skus", type=int, default=400)
    parser.add_argument("--seconds", type=float, help="for the plan; by default 10 up to 2,000 orders, else 45")
    parser.add_argument("--goal", type=float, help="gap above the bound, in %%")


def measure(options: argparse.Namespace) -> benching.Result:
    from distrib_orders.engine.router import Settings, generate, instance, optimise, rules

    small = options.orders <= 2000
    seconds = options.seconds or (10.0 if small else 45.0)
    goal = options.goal or ((4.0 if options.ratio < 1.3 else 2.0) if small else 3.0)
    pool = generate.sample(options.orders, options.locations, options.skus, options.ratio, options.seed)
    say(f"   {pool.orders:,} orders, {pool.lines:,} lines, {pool.locations} locations, ratio {options.ratio:g}")
    found, wall, processor = _timed(
        lambda: optimise(pool, Settings(rounds=10**9, seconds=seconds, clock=time.perf_counter))
    )
    if broken := instance.violations(pool, found.plan.location):
        raise AssertionError(f"the plan breaks {broken}")
    bound = _bound(pool, found)
    steps = {"nearest_line": rules.nearest_line(pool).cost} | found.steps
    for name, cost in steps.items():
        say(f"   {name:<14} {cost:12,.0f}  {100 * (cost / bound - 1):6.2f} % above the bound")
    say(f"   plan in {wall:.1f} s ({processor:.1f} s of processor)")
    checks = [*_against_rule(pool, found, options.ratio), *_speeds(pool, found, wall)]
    for text, met in checks:
        say(f"   {text}: {'met' if met else 'short'}")
    gap = 100 * (found.plan.cost / bound - 1)
    met = gap <= goal and wall <= seconds + 1.0 and all(met for _, met in checks)
    peer = f"LP bound {bound:,.0f}, nearest whole order {100 * (found.rule.cost / bound - 1):.1f} %"
    return benching.Result(gap, "% above the bound", peer, f"at most {goal:g} in {seconds:g} s", met)


def _bound(pool: Any, found: Any) -> float:
    """The best of the proven bounds: the linear program's, polished by subgradient, and that of the plan's prices."""
    from distrib_orders.engine.router import bound, prices, table

    groups, rounds = table.build(pool), 6 if pool.orders <= 2000 else 2

    def prove() -> tuple[Any, float]:
        solved = bound.lp_bound(pool, groups, found.prices, slack=2.0, rounds=rounds)
        _, polished = prices.subgradient(pool, groups, found.plan.cost, rounds=200, start=solved.prices)
        return solved, polished.value

    (solved, polished), wall, processor = _timed(prove)
    say(f"   bounds: HiGHS {solved.value:,.0f} (relaxation {solved.relaxation or 0:,.0f}), polished {polished:,.0f},"
        f" of the plan's own prices {found.bound:,.0f}; {wall:.1f} s ({processor:.1f} s of processor)")  # fmt: skip
    return max(solved.value, polished, found.bound)


def _against_rule(pool: Any, found: Any, ratio: float) -> list[tuple[str, bool]]:
    saved = 1 - found.plan.cost / found.rule.cost
    ours, theirs = found.plan.unfilled_units(pool), found.rule.unfilled_units(pool)
    wanted = CHEAPER if 1.3 <= ratio < 1.5 else 0.0
    return [
        (f"{100 * saved:.1f} % below nearest whole order (goal {100 * wanted:g})", saved >= wanted),
        (f"unfilled {ours:g} units, nearest whole order {theirs:g}", ours <= theirs),
    ]


def _speeds(pool: Any, found: Any, wall: float) -> list[tuple[str, bool]]:
    """One by one, each order costed when it comes; and the explanation of the whole plan."""
    from distrib_orders.engine.router import explain, rules, single

    ledger = rules.Ledger(pool)
    sku, quantity = pool.sku.tolist(), pool.quantity.tolist()

    def stream() -> None:
        for order in range(pool.orders):
            lines = slice(pool.start[order], pool.start[order + 1])
            _, places = single.decide_one(pool, order, ledger, found.prices)
            ledger.take(sku[lines], quantity[lines], places)

    _, _, alone_processor = _timed(stream)

    def tell() -> list[dict[str, Any]]:
        told = explain.explain(pool, found.plan.location, found.prices)
        return [told.line(line) for line in range(pool.lines)]

    _, explained, _ = _timed(tell)
    rate, share = pool.orders / alone_processor, explained / wall
    return [
        (f"one by one {rate:,.0f} orders a second of processor (goal {ONE_BY_ONE:,})", rate >= ONE_BY_ONE),
        (f"explanations {explained:.2f} s, {100 * share:.1f} % of the plan's time (goal 10)", share <= EXPLAIN),
    ]


def _timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result, seconds of wall clock, seconds of processor."""
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - wall, time.process_time() - processor
