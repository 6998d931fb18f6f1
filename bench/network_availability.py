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

CORE = {
    "on_hand": "qty_available",
    "free": "free_qty",
    "incoming": "incoming_qty",
    "outgoing": "outgoing_qty",
    "forecast": "virtual_available",
}
# Every figure of a position that the network of the bench has, grouped from one union of quants, moves and allocations.
GROUPED_FIELDS = (
    "on_hand", "reserved", "expired", "expiring", "quarantine", "damaged", "blocked", "disputed", "allocated", "free",
    "available", "incoming", "purchase_in", "in_transit", "transfer_in", "outgoing", "forecast", "owned_on_hand",
)  # fmt: skip
GROUPED = """
    SELECT product_id, warehouse_id, SUM(on_hand), SUM(reserved), SUM(expired), SUM(expiring), SUM(quarantine),
           SUM(damaged), SUM(blocked), SUM(disputed), SUM(allocated), SUM(on_hand - reserved - expired),
           SUM(on_hand - reserved - expired - quarantine - damaged - blocked - disputed - allocated), SUM(incoming),
           SUM(purchase_in), SUM(in_transit), SUM(transfer_in), SUM(outgoing),
           SUM(on_hand + incoming - outgoing - expired), SUM(owned)
      FROM (SELECT q.product_id, l.warehouse_id, q.quantity AS on_hand, q.reserved_quantity AS reserved,
                   CASE WHEN q.removal_date < now() THEN q.quantity - q.reserved_quantity ELSE 0 END AS expired,
                   CASE WHEN q.removal_date BETWEEN now() AND now() + interval '30 days'
                        THEN q.quantity - q.reserved_quantity ELSE 0 END AS expiring,
                   CASE WHEN l.stock_state = 'quarantine' THEN q.quantity - q.reserved_quantity ELSE 0 END
                       AS quarantine,
                   CASE WHEN l.stock_state = 'damaged' THEN q.quantity - q.reserved_quantity ELSE 0 END AS damaged,
                   CASE WHEN l.stock_state = 'blocked' THEN q.quantity - q.reserved_quantity ELSE 0 END AS blocked,
                   CASE WHEN l.stock_state = 'disputed' THEN q.quantity - q.reserved_quantity ELSE 0 END AS disputed,
                   0 AS allocated, 0 AS incoming, 0 AS purchase_in, 0 AS in_transit, 0 AS transfer_in, 0 AS outgoing,
                   CASE WHEN q.owner_id IS NOT NULL THEN q.quantity ELSE 0 END AS owned
              FROM stock_quant q JOIN stock_location l ON l.id = q.location_id
             WHERE l.usage = 'internal' AND l.warehouse_id = ANY(%(warehouses)s) AND q.product_id = ANY(%(products)s)
             UNION ALL
            SELECT m.product_id, l.warehouse_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, m.product_qty,
                   CASE WHEN o.usage = 'supplier' THEN m.product_qty ELSE 0 END,
                   CASE WHEN o.usage = 'transit' THEN m.quantity ELSE 0 END,
                   CASE WHEN o.usage = 'transit' THEN m.product_qty - m.quantity ELSE 0 END, 0, 0
              FROM stock_move m JOIN stock_location l ON l.id = m.location_dest_id
              JOIN stock_location o ON o.id = m.location_id
             WHERE m.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
               AND l.warehouse_id = ANY(%(warehouses)s) AND m.product_id = ANY(%(products)s)
             UNION ALL
            SELECT m.product_id, l.warehouse_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, m.product_qty, 0
              FROM stock_move m JOIN stock_location l ON l.id = m.location_id
             WHERE m.state IN ('waiting', 'confirmed', 'assigned', 'partially_available')
               AND l.warehouse_id = ANY(%(warehouses)s) AND m.product_id = ANY(%(products)s)
             UNION ALL
            SELECT s.product_id, s.warehouse_id, 0, 0, 0, 0, 0, 0, 0, 0, s.quantity, 0, 0, 0, 0, 0, 0
              FROM distrib_allocation_share s
             WHERE s.warehouse_id = ANY(%(warehouses)s) AND s.product_id = ANY(%(products)s)) AS part
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
        found = {(row["product_id"], row["warehouse_id"]): row for row in rows}
        _same(_fields(found, GROUPED_FIELDS), peer, len(GROUPED_FIELDS))
        _same(_fields(found, tuple(CORE)), core, len(CORE))
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
            found[product, warehouse] = tuple(values[field] for field in CORE.values())
    return found


def _fields(found: dict, names: tuple) -> dict:
    return {pair: tuple(row[name] for name in names) for pair, row in found.items()}


def _same(ours: dict, other: dict, width: int) -> None:
    """The same numbers to the unit, for every pair that either of the two knows."""
    nothing = (0,) * width
    for pair in ours.keys() | other.keys():
        values = {tuple(round(float(v), 6) for v in known.get(pair, nothing)) for known in (ours, other)}
        if len(values) > 1:
            raise Problem(f"product, warehouse {pair}: {values}")
