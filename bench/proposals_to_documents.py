"""Accepted proposals into purchase orders and transfers, against core's scheduler on the same needs.

Half of the needs are bought for ten warehouses, half come from the central warehouse of a network of 150, the size that
the other measurements have. Core's time for a need grows with the number of warehouses, ours does not: ``--shops`` shows
it. Ours: one ``action_accept`` of all of them. Peer: in the same run and database, core's reordering rules (minimum =
maximum = the need, nothing in stock) on some of the same needs, and then only its scheduler,
``_procure_orderpoint_confirm``: making the rules is timed apart and not counted. Both are rolled back; the quantities on
both sides' documents are compared before any time is printed. Value: core's time for a need divided by ours for one.
"""

import argparse
import time

from tools import benching
from tools.steps import Problem, say, step


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--proposals", type=int, default=10000)
    parser.add_argument("--core", type=int, default=1000, help="needs that core's scheduler is given")
    parser.add_argument("--shops", type=int, default=139, help="warehouses that one central warehouse supplies")
    parser.add_argument("--buyers", type=int, default=10, help="warehouses that buy")
    parser.add_argument("--suppliers", type=int, default=50)


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("bench") as env:
        env = env(context={**env.context, "tracking_disable": True})
        needs = _needs(env, options)
        chosen = _spread(needs, options.core)
        core_seconds, core_found = _core(env, chosen)
        ours_seconds, ours_found, documents = _ours(env, needs)
    missing = [need for need in core_found if abs(ours_found.get(need, 0) - core_found[need]) > 1e-6]
    if missing or len(core_found) != len(chosen):
        raise Problem(f"{len(missing)} of {len(core_found)} needs differ, {len(chosen)} were given to core")
    each, core_each = ours_seconds / len(needs), core_seconds / len(chosen)
    say(f"   ours: {len(needs):,} proposals into {documents} in {ours_seconds:.1f} s, {1000 * each:.2f} ms each")
    say(f"   core: {len(chosen):,} of the same needs in {core_seconds:.1f} s, {1000 * core_each:.1f} ms each")
    ratio = core_each / each
    return benching.Result(
        ratio,
        "times faster than core's scheduler for a need",
        f"core {1000 * core_each:.0f} ms for each of {len(chosen):,}, ours {1000 * each:.1f} ms for each of "
        f"{len(needs):,}",
        "at least 20",
        ratio >= 20,
    )


def _needs(env, options: argparse.Namespace) -> list[tuple]:
    """Open proposals, by SQL; a list of (proposal id, kind, product id, warehouse id, quantity)."""
    with step(f"{options.proposals:,} proposals for {options.shops} warehouses and {options.suppliers} suppliers"):
        company = env.company
        # what everybody has: goods move between warehouses of the company
        company.internal_transit_location_id.active = True
        central = env["stock.warehouse"].create({"name": "Bench Central", "code": "BC"})
        shops = _warehouses(env, "B", options.shops, central)
        buyers = _warehouses(env, "P", options.buyers, env["stock.warehouse"])
        suppliers = env["res.partner"].create(
            [{"name": f"Bench Supplier {i:03d}", "is_company": True} for i in range(options.suppliers)]
        )
        half = options.proposals // 2
        products = _products(env, max(-(-half // len(shops)), -(-half // len(buyers))), suppliers)
        _stock(env, central, products)
        rows = []
        for place in range(options.proposals):
            kind, targets = (("purchase", buyers), ("transfer", shops))[place % 2]
            target = targets[place // 2 % len(targets)]
            rows.append((kind, products[place // 2 // len(targets)], target, 1 + place % 9))
        return _insert(env, rows, central)


def _warehouses(env, letter: str, count: int, parent):
    return env["stock.warehouse"].create(
        [
            {"name": f"Bench {letter}{i:03d}", "code": f"{letter}{i:03d}", "supply_parent_id": parent.id}
            for i in range(count)
        ]
    )


def _products(env, count: int, suppliers):
    return env["product.product"].create(
        [
            {
                "name": f"Bench {i:05d}",
                "is_storable": True,
                "standard_price": 5,
                "seller_ids": [(0, 0, {"partner_id": suppliers[i % len(suppliers)].id, "price": 5, "delay": 3})],
            }
            for i in range(count)
        ]
    )


def _stock(env, central, products) -> None:
    env.cr.execute(
        "INSERT INTO stock_quant (product_id, location_id, company_id, quantity, reserved_quantity, in_date)"
        " SELECT p, %s, %s, 100000, 0, now() FROM unnest(%s) p",
        (central.lot_stock_id.id, central.company_id.id, products.ids),
    )
    env.invalidate_all()


def _insert(env, rows: list[tuple], central) -> list[tuple]:
    seller = {product.id: product.seller_ids[:1] for _kind, product, _shop, _quantity in rows}
    values = []
    for kind, product, shop, quantity in rows:
        line = seller[product.id] if kind == "purchase" else env["product.supplierinfo"]
        values.append(
            {
                "kind": kind,
                "product_id": product.id,
                "warehouse_id": shop.id,
                "company_id": shop.company_id.id,
                "source_warehouse_id": central.id if kind == "transfer" else False,
                "partner_id": line.partner_id.id,
                "supplierinfo_id": line.id,
                "quantity": quantity,
                "proposed_quantity": quantity,
                "order_date": "2024-07-01",
                "expected_date": "2024-07-04",
            }
        )
    made = env["distrib.proposal"].create(values)
    env.flush_all()
    env.cr.execute("ANALYZE")
    return [
        (proposal.id, kind, product.id, shop.id, quantity)
        for proposal, (kind, product, shop, quantity) in zip(made, rows, strict=True)
    ]


def _spread(needs: list[tuple], count: int) -> list[tuple]:
    """Every n-th need, so that both kinds and all warehouses are among them; an odd step keeps them mixed."""
    pace = max(len(needs) // max(count, 1), 1)
    pace += 1 - pace % 2
    return needs[::pace][:count]


def _ours(env, needs: list[tuple]) -> tuple[float, dict, str]:
    proposals = env["distrib.proposal"].browse([need[0] for need in needs])
    env.invalidate_all()
    start = time.perf_counter()
    proposals.action_accept()
    env.flush_all()
    seconds = time.perf_counter() - start
    found = {}
    for proposal in proposals:
        moved = proposal.move_ids.filtered(
            lambda move, to=proposal.warehouse_id: move.location_dest_id == to.lot_stock_id
        )
        key = (proposal.kind, proposal.product_id.id, proposal.warehouse_id.id)
        found[key] = proposal.quantity if proposal.kind == "purchase" else sum(moved.mapped("product_uom_qty"))
    lines = proposals.purchase_line_id
    bought = {(line.product_id.id, line.order_id.picking_type_id.warehouse_id.id): line.product_qty for line in lines}
    for kind, product, warehouse in found:
        if kind == "purchase":
            found[kind, product, warehouse] = bought.get((product, warehouse), 0)
    documents = f"{len(proposals.purchase_id):,} purchase orders and {len(proposals.picking_ids):,} transfers"
    return seconds, found, documents


def _core(env, needs: list[tuple]) -> tuple[float, dict]:
    """Reordering rules for the needs, then the scheduler; all of it is rolled back."""
    with env.cr.savepoint(flush=True) as savepoint:
        start = time.perf_counter()
        points = env["stock.warehouse.orderpoint"].create(_points(env, needs))
        env.flush_all()
        say(f"   core: {len(points):,} reordering rules made in {time.perf_counter() - start:.1f} s (not counted)")
        env.invalidate_all()
        start = time.perf_counter()
        points._procure_orderpoint_confirm(raise_user_error=False)
        env.flush_all()
        seconds = time.perf_counter() - start
        found = _core_documents(env, points)
        savepoint.rollback()
    env.invalidate_all()
    return seconds, found


def _points(env, needs: list[tuple]) -> list[dict]:
    buy = env.ref("purchase_stock.route_warehouse0_buy")
    shops = env["stock.warehouse"].browse(sorted({need[3] for need in needs}))
    central = env["stock.warehouse"].search([("code", "=", "BC")])
    shops.filtered("supply_parent_id").write({"resupply_wh_ids": [(4, central.id)]})
    return [
        {
            "product_id": product,
            "warehouse_id": warehouse,
            "location_id": shops.browse(warehouse).lot_stock_id.id,
            "product_min_qty": quantity,
            "product_max_qty": quantity,
            "trigger": "auto",
            "route_id": buy.id if kind == "purchase" else shops.browse(warehouse).resupply_route_ids[:1].id,
        }
        for _proposal, kind, product, warehouse, quantity in needs
    ]


def _core_documents(env, points) -> dict:
    """What core ordered for each rule: on purchase lines, or on moves into the warehouse."""
    found = {}
    for line in env["purchase.order.line"].search([("orderpoint_id", "in", points.ids)]):
        point = line.orderpoint_id
        found["purchase", point.product_id.id, point.warehouse_id.id] = line.product_qty
    for point in points:
        moves = env["stock.move"].search(
            [
                ("product_id", "=", point.product_id.id),
                ("location_dest_id", "=", point.location_id.id),
                ("location_id.usage", "=", "transit"),
            ]
        )
        if moves:
            key = ("transfer", point.product_id.id, point.warehouse_id.id)
            found[key] = sum(moves.mapped("product_uom_qty"))
    return found
