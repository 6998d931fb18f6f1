"""Orders into the pool: our own work on top of core's batch create and confirm of the same orders, in %.

The same orders go two ways, block by block in turn, so that a busy machine slows both: through the inbox (stored raw,
read, matched to products and buyers, routed with the reason written down, confirmed, reserved), and by core alone
(contacts of new buyers created, orders created in one call for a block, confirmed, which reserves). Printed above it: the
seconds of each step, orders a second, and the memory of the process after each fifth of the run.
"""

import argparse
import gc
import time
from collections import defaultdict
from pathlib import Path

from bench import _pool
from tools import benching
from tools.steps import Problem, say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--block", type=int, default=200, help="orders in one transaction, ours and core's")
    parser.add_argument("--warehouses", type=int, default=12)
    parser.add_argument("--products", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("pool") as env:
        return figures(env, options)


def figures(env, options: argparse.Namespace) -> benching.Result:
    """The figure, on a database that may be filled."""
    sites, goods, channel = _pool.build(env, options.warehouses, options.products)
    ours = _pool.orders(options.orders, options.products, options.seed, "A")
    core = _pool.orders(options.orders, options.products, options.seed, "B")
    codes, spent, memory = {p.default_code: p.id for p in goods}, defaultdict(float), []
    fifth = max(options.block, options.orders // 5 // options.block * options.block)
    for start in range(0, options.orders, options.block):
        _ours(env, channel, ours[start : start + options.block], spent)
        _core(env, sites, codes, core[start : start + options.block], spent)
        if (start + options.block) % fifth == 0:
            memory.append(_memory())
    _check(env, channel, options.orders)
    own = spent["store"] + spent["read"] + spent["route"]
    theirs = spent["contacts"] + spent["create"] + spent["confirm"]
    say(f"   ours: stored {spent['store']:.1f} s, read {spent['read']:.1f} s, routed and reserved {spent['route']:.1f} s; "
        f"{options.orders / own:.0f} orders a second")  # fmt: skip
    say(f"   core: contacts {spent['contacts']:.1f} s, orders {spent['create']:.1f} s, confirmed and reserved "
        f"{spent['confirm']:.1f} s; {options.orders / theirs:.0f} orders a second")  # fmt: skip
    say(f"   memory after each fifth: {', '.join(f'{size:.0f}' for size in memory)} MB")
    extra = 100 * (own / theirs - 1)
    flat = len(memory) < 3 or memory[-1] < 1.1 * memory[1]
    if not flat:
        say("   short of its goal: memory grows")
    return benching.Result(extra, "% on top of core", f"core {theirs:.1f} s", "at most 20", extra <= 20 and flat)


def _ours(env, channel, orders: list[dict], spent: dict) -> None:
    inbox = env["distrib.inbox.message"]
    with _timed(env, spent, "store"):
        messages, _repeated = inbox._store(channel, orders)
    with _timed(env, spent, "read"):
        inbox.union(*messages)._process()
    placed = env["sale.order"].search(
        [("channel_id", "=", channel.id), ("pool_state", "=", "to_route")], order="id", limit=len(orders)
    )
    with _timed(env, spent, "route"):
        placed._route()


def _core(env, sites, codes: dict[str, int], orders: list[dict], spent: dict) -> None:
    partner = env["res.partner"]
    phones = {order["partner"]["phone"]: order["partner"] for order in orders}
    with _timed(env, spent, "contacts"):
        known = {p.phone: p.id for p in partner.search([("phone", "in", list(phones))])}
        new = [found for phone, found in phones.items() if phone not in known]
        made = partner.create(
            [{"name": p["name"], "phone": p["phone"], "city": p["city"], "street": p["street"]} for p in new]
        )
        known |= {p.phone: p.id for p in made}
    with _timed(env, spent, "create"):
        placed = env["sale.order"].with_context(mail_create_nosubscribe=True).create(
            [
                {
                    "partner_id": known[order["partner"]["phone"]],
                    "client_order_ref": order["external_id"],
                    "warehouse_id": sites[number % len(sites)].id,
                    "order_line": [
                        (0, 0, {"product_id": codes[line["sku"]], "product_uom_qty": line["quantity"],
                                "price_unit": line["price_unit"]})
                        for line in order["lines"]
                    ],
                }
                for number, order in enumerate(orders)
            ]
        )  # fmt: skip
    with _timed(env, spent, "confirm"):
        placed.action_confirm()


class _timed:
    """Seconds of a block with its commit, from an empty cache."""

    def __init__(self, env, spent: dict, name: str):
        self.env, self.spent, self.name = env, spent, name

    def __enter__(self) -> None:
        self.env.invalidate_all()
        self.start = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.env.flush_all()
            self.env.cr.commit()
        self.spent[self.name] += time.perf_counter() - self.start


def _check(env, channel, count: int) -> None:
    """Each order is in the pool once, routed and reserved."""
    states = dict(env["sale.order"]._read_group([("channel_id", "=", channel.id)], ["pool_state"], ["__count"]))
    if states != {"routed": count}:
        raise Problem(f"of {count} orders, the pool holds {states}")
    open_moves = env["stock.move"].search_count(
        [("sale_line_id.order_id.channel_id", "=", channel.id), ("state", "!=", "assigned")]
    )
    if open_moves:
        raise Problem(f"{open_moves} moves are not reserved")


def _memory() -> float:
    """Resident memory in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
