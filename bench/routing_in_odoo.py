"""Orders routed inside Odoo: reading the pool, deciding, writing decisions and warehouses, beside core's confirmation.

Value: orders a second of our own work. Peer: the time in which core confirms and reserves the same orders, in the same
run. Explanations are timed inside. ``--rules`` routes by lowest cost instead of the nearest warehouse.
"""

import argparse
import random
import time
from contextlib import contextmanager

from bench import _network  # noqa: F401  (the folder is a package)
from tools import benching
from tools.steps import say

GOAL, SHARE, EXPLAIN = 200, 0.15, 0.10


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--products", type=int, default=120)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--rules", action="store_true", help="route by lowest cost")


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("bench", "demo") as env:
        return figures(env, options)


def figures(env, options: argparse.Namespace) -> benching.Result:
    """Make orders, route them in one run, and say where the time went."""
    orders = _orders(env, options)
    clock = _Clock()
    with clock.watch(env):
        env.flush_all()
        env.invalidate_all()
        begun = time.perf_counter()
        decisions = orders._route()
        env.flush_all()
        total = time.perf_counter() - begun
    ours, count = total - clock.core, len(decisions)
    states = {state: len(group) for state, group in decisions.grouped("state").items()}
    rate, share, told = count / ours, ours / clock.core, clock.told / ours
    say(f"   {count} orders ({states}), {len(decisions.line_ids)} lines: ours {ours:.2f} s, core {clock.core:.2f} s")
    say(f"   explanations {clock.told:.2f} s, {100 * told:.1f} % of ours (goal {100 * EXPLAIN:.0f})")
    return benching.Result(
        rate, "orders a second",
        f"ours is {100 * share:.1f} % of core's confirmation ({count / clock.core:.0f} orders a second)",
        f"at least {GOAL}, at most {100 * SHARE:.0f} %, explanations {100 * EXPLAIN:.0f} %",
        rate >= GOAL and share <= SHARE and told <= EXPLAIN,
    )  # fmt: skip


class _Clock:
    """Seconds in core's confirmation and reservation, and in making explanations."""

    def __init__(self) -> None:
        self.core = self.told = 0.0

    @contextmanager
    def watch(self, env):
        from odoo.addons.distrib_orders.models import sale_order_routing

        model, tell = type(env["sale.order"]), sale_order_routing.tell
        confirm = model._confirm_routed

        def confirmed(orders):
            env.flush_all()  # what we wrote so far is our time
            begun = time.perf_counter()
            confirm(orders)
            env.flush_all()
            self.core += time.perf_counter() - begun

        def timed(*words):
            begun = time.perf_counter()
            told = tell(*words)
            self.told += time.perf_counter() - begun
            return told

        model._confirm_routed, sale_order_routing.tell = confirmed, timed
        try:
            yield
        finally:
            model._confirm_routed, sale_order_routing.tell = confirm, tell


def _orders(env, options: argparse.Namespace):
    chance = random.Random(options.seed)
    products = env["product.product"].search(
        [("is_storable", "=", True), ("sale_ok", "=", True)], limit=options.products
    )
    sites = env["stock.warehouse"].search([("network_tier", "in", ("central", "regional"))])
    env["stock.quant"].create([
        {"product_id": product.id, "location_id": site.lot_stock_id.id, "quantity": chance.randint(50, 200)}
        for product in products.filtered(lambda p: p.tracking == "none") for site in sites
    ])  # fmt: skip
    products = products.filtered(lambda p: p.tracking == "none")
    dealers = env["res.partner"].search([("is_dealer", "=", True)], limit=80)
    channel = env["distrib.channel"].create({"name": "Bench", "code": "BENCH"})
    if options.rules:
        env["distrib.routing.ruleset"].search([("state", "=", "active")]).action_retire()
        env["distrib.routing.ruleset"].create(
            {"name": "Bench", "rule_ids": [(0, 0, {"name": "Bench", "objective": "cost"})]}
        ).action_activate()
    return env["sale.order"].create([
        {
            "partner_id": chance.choice(dealers).id, "channel_id": channel.id, "pool_accepted": True,
            "order_line": [
                (0, 0, {"product_id": product.id, "product_uom_qty": chance.randint(1, 3)})
                for product in chance.sample(list(products), chance.choice((1, 1, 2, 2, 3)))
            ],
        }
        for _ in range(options.orders)
    ])  # fmt: skip
