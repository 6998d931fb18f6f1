"""Confirming a sale with many stock policies and open proposals, against the same sale without any.

Two databases made from the same template hold the same network and the same sales orders; one of them has a policy and,
for a tenth of the pairs, an open proposal. The same order is confirmed in both, one right after the other and in
alternating order. Value: the median over all rounds of the time with policies divided by the time without; with it a 95 %
interval (bootstrap over rounds). Peer: the same ratio between two halves of the rounds without policies, which is what
chance alone makes of it.
"""

import argparse
import time

import numpy as np

from bench import _network
from tools import benching
from tools.steps import say, step

SALE_LINES = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policies", type=int, default=100_000)
    parser.add_argument("--warehouses", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=60, help="pairs of measurements, each of --orders sales")
    parser.add_argument("--orders", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("without") as without, benching.odoo("loaded") as loaded:
        sides = [_prepare(env, options) for env in (without, loaded)]
        _policies(loaded, options.policies, *sides[1][1:])
        times = _rounds((without, loaded), [side[0] for side in sides], options)
    ratios = times[:, 1] / times[:, 0]
    low, high = _interval(ratios, options.seed)
    noise = np.median(times[::2, 0]) / np.median(times[1::2, 0])
    ratio = float(np.median(ratios))
    per_order = 1000 * np.median(times, axis=0) / options.orders
    say(f"   a sale is confirmed in {per_order[0]:.1f} ms without, {per_order[1]:.1f} ms with policies")
    say(f"   ratio {ratio:.3f}, 95 % interval {low:.3f} to {high:.3f}")
    return benching.Result(
        ratio,
        f"times as long with {options.policies:,} policies",
        f"95 % interval {low:.2f} to {high:.2f}, halves without policies differ by {noise:.2f}",
        "at most 1.05",
        ratio <= 1.05,
    )


def _prepare(env, options: argparse.Namespace) -> tuple:
    """The network with its stock, and the orders to confirm: (orders, warehouse ids, product ids)."""
    products = -(-options.policies // options.warehouses)
    warehouse_ids, product_ids = _network.build(env, options.warehouses, products, 2000, options.seed)
    count = (options.rounds + 1) * options.orders
    with step(f"{count} sales orders of {SALE_LINES} lines"):
        rng = np.random.default_rng(options.seed)
        customer = env["res.partner"].create({"name": "Bench Customer Ltd"})
        picked = rng.integers(0, len(product_ids), (count, SALE_LINES)).tolist()
        places = rng.integers(0, len(warehouse_ids), count).tolist()
        orders = (
            env["sale.order"]
            .with_context(tracking_disable=True)
            .create(
                [
                    {
                        "partner_id": customer.id,
                        "warehouse_id": warehouse_ids[place],
                        "order_line": [
                            (0, 0, {"product_id": product_ids[p], "product_uom_qty": 1, "price_unit": 9}) for p in row
                        ],
                    }
                    for place, row in zip(places, picked, strict=True)
                ]
            )
        )
        env.cr.commit()
    return orders, warehouse_ids, product_ids


def _policies(env, count: int, warehouse_ids: list[int], product_ids: list[int]) -> None:
    with step(f"{count:,} policies, {count // 10:,} open proposals"):
        env.cr.execute(
            """
            INSERT INTO distrib_policy (warehouse_id, product_id, company_id, service_target, demand_mean, demand_sigma,
                                        lead_time_days, lead_time_sigma, review_days, safety_stock, reorder_point,
                                        order_up_to, method, service_override, computed_on, reason_data)
            SELECT w.id, p, w.company_id, 0.97, 4, 2, 3, 1, 1, 6, 18, 30, 'normal', 0, now(), '{"days": 90}'
              FROM stock_warehouse w, unnest(%s) p
             WHERE w.id = ANY(%s)
             LIMIT %s
            """,
            (product_ids, warehouse_ids, count),
        )
        env.cr.execute(
            """
            INSERT INTO distrib_proposal (kind, product_id, warehouse_id, company_id, quantity, proposed_quantity, state,
                                          order_date, expected_date, urgency, is_urgent)
            SELECT 'purchase', product_id, warehouse_id, company_id, 12, 12, 'open', now(), now(), 0, FALSE
              FROM distrib_policy WHERE id %% 10 = 0
            """,
            (),
        )
        env.cr.execute("ANALYZE distrib_policy, distrib_proposal")
        env.cr.commit()
        env.invalidate_all()


def _rounds(envs: tuple, orders: list, options: argparse.Namespace) -> np.ndarray:
    """Seconds (rounds, 2) without and with policies; the first pair warms up and is not counted."""
    times = np.zeros((options.rounds + 1, 2))
    for number in range(options.rounds + 1):
        sides = (0, 1) if number % 2 else (1, 0)
        for side in sides:
            chosen = orders[side][number * options.orders : (number + 1) * options.orders]
            start = time.perf_counter()
            chosen.action_confirm()
            envs[side].cr.commit()
            times[number, side] = time.perf_counter() - start
    return times[1:]


def _interval(ratios: np.ndarray, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    drawn = np.median(rng.choice(ratios, (2000, len(ratios))), axis=1)
    return tuple(float(value) for value in np.quantile(drawn, (0.025, 0.975)))
