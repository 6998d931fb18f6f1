"""Positions of products in all warehouses, against one grouped SQL query and against core's own quantities.

Value: our time divided by the time of one grouped SQL query that yields the same numbers, both warm, the median of
five. Peer: core's ``_compute_quantities_dict`` warehouse by warehouse, once, in the same run. The numbers of all three
are compared to the unit before any time is printed; a difference ends the run with 2.
"""

import argparse
import time

from bench import _network
from tools import benching
from tools.steps import Problem, say

FIELDS = ("on_hand", "available", "incoming", "outgoing", "forecast")
CORE = ("qty_available", "free_qty", "incoming_qty", "outgoing_qty", "virtual_available")
GROUPED = """
    SELECT product_id, warehouse_id, SUM(on_hand), SUM(on_hand - reserved), SUM(incoming), SUM(outgoing),
           SUM(on_hand + incoming - outgoing)
      FROM (SELECT q.product_id, l.warehouse_id, q.quantity AS on_hand, q.reserved_quantity AS reserved,
                   0 AS incoming, 0 AS outgoing
              FROM stock_quant q JOIN stock_location l ON l.id = q.location_id
             WHERE l.usage = 'internal' AND l.warehouse_id = ANY(%(warehouses)s) AND q.product_id = ANY(%(products)s)
             UNION ALL
            SELECT m.product_id, l.warehouse_id, 0, 0, m.product_qty, 0
              FROM stock_move m JOIN stock_location l ON l.id = m.location_dest_id
             WHERE m.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
               AND l.warehouse_id = ANY(%(warehouses)s) AND m.product_id = ANY(%(products)s)
             UNION ALL
            SELECT m.product_id, l.warehouse_id, 0, 0, 0, m.product_qty
              FROM stock_move m JOIN stock_location l ON l.id = m.location_id
             WHERE m.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
               AND l.warehouse_id = ANY(%(warehouses)s) AND m.product_id = ANY(%(products)s)) AS part
     GROUP BY product_id, warehouse_id
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--warehouses", type=int, default=150)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--moves", type=int, default=20000, help="planned receipts and deliveries")
    parser.add_argument("--asked", type=int, default=80, help="products asked for at once; 0 for all")
    parser.add_argument("--seed", type=int, default=19)


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("bench") as env:
        warehouses, products = _network.build(env, options.warehouses, options.products, options.moves, options.seed)
        asked = products[: options.asked or None]
        ours, rows = _median(lambda: env["distrib.position"].read_positions(asked, warehouses))
        grouped, peer = _median(lambda: _grouped(env, asked, warehouses))
        start = time.perf_counter()
        core = _core(env, asked, warehouses)
        core_seconds = time.perf_counter() - start
        _same({(r["product_id"], r["warehouse_id"]): tuple(r[f] for f in FIELDS) for r in rows}, peer, core)
    say(f"   {len(rows):,} positions: ours {ours:.4f} s, grouped SQL {grouped:.4f} s, core {core_seconds:.2f} s")
    ratio, faster = ours / grouped, core_seconds / ours
    return benching.Result(
        ratio,
        "times the grouped query",
        f"core takes {faster:.0f} times ours",
        "at most 1.5, core at least 40",
        ratio <= 1.5 and faster >= 40,
    )


def _median(call, runs: int = 5):
    call()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return sorted(times)[runs // 2], result


def _grouped(env, products: list[int], warehouses: list[int]) -> dict:
    env.cr.execute(GROUPED, {"products": products, "warehouses": warehouses})
    return {row[:2]: row[2:] for row in env.cr.fetchall()}


def _core(env, products: list[int], warehouses: list[int]) -> dict:
    found = {}
    records = env["product.product"].browse(products)
    for warehouse in warehouses:
        scoped = records.with_context(warehouse_id=warehouse, owner_id=False)
        for product, values in scoped._compute_quantities_dict(None, None, None).items():
            found[product, warehouse] = tuple(values[field] for field in CORE)
    return found


def _same(ours: dict, grouped: dict, core: dict) -> None:
    """The same numbers to the unit, for every pair that any of the three knows."""
    nothing = (0,) * len(FIELDS)
    for pair in ours.keys() | grouped.keys() | core.keys():
        values = {tuple(round(float(v), 6) for v in known.get(pair, nothing)) for known in (ours, grouped, core)}
        if len(values) > 1:
            raise Problem(f"product, warehouse {pair}: {values}")
