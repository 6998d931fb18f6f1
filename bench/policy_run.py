"""The nightly policy run in PostgreSQL, end to end: read history, forecast, set policies, make proposals, write.

A central, six regional and many other warehouses; history in month blocks; nothing is in stock, so that as many proposals
as there can be are made. Measured: the first run (methods compete, everything is learned), then the next day's run after
each pair got one more day, and a day on which one product in a hundred changed. Peer: OCA ddmrp's two crons (average
daily usage, buffers) on some of the same pairs, in a database of its own with core alone; a loop over buffers, so its
time grows with their number. It is given whole products with all their days, as it would find them.
"""

import argparse
import resource
import time

import numpy as np

from bench import _ddmrp, _demand
from tools import benching
from tools.steps import Problem, say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--warehouses", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer", type=int, default=300, help="pairs at least that ddmrp is given: whole products")
    parser.add_argument("--no-peer", action="store_true", help="without ddmrp")


def measure(options: argparse.Namespace) -> benching.Result:
    end = np.datetime64("today", "D") - 1
    with benching.odoo("policy_run") as env:
        warehouses, _products = _demand.build(
            env, options.pairs, options.days, options.seed, end - 1, options.warehouses
        )
        env.cr.commit()
        first, incremental, few, count = measured(env, warehouses, end)
        history = [] if options.no_peer else _history(env, options.peer, end, options.days)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    say(f"   first run {first:.1f} s, next day {incremental:.1f} s, 1 % changed {few:.1f} s; peak {peak:.2f} GB")
    ratio, peer = None, "ddmrp not measured"
    if history:
        adu, buffers = _ddmrp.seconds_a_pair(history)
        ratio = (adu + buffers) / (first / count)
        peer = (
            f"ddmrp {1000 * (adu + buffers):.1f} ms for each of {len(history)} pairs, ours {1000 * first / count:.2f}"
        )
        say(f"   {peer}: {ratio:,.0f} times ours (ADU cron {1000 * adu:.1f} ms, buffer cron {1000 * buffers:.1f} ms)")
    # learning costs the same whatever the size: small networks are not held to their share of the time
    scale, large = max(options.pairs / 100_000, 0.25), options.pairs >= 50_000
    met = (
        first <= 120 * scale and incremental <= 20 * scale and peak < 4 and (ratio is None or not large or ratio >= 50)
    )
    goal = f"at most {120 * scale:g}, next day {20 * scale:g}, 4 GB" + (", 50 times ddmrp" if large else "")
    return benching.Result(first, "s", f"next day {incremental:.1f} s, peak {peak:.1f} GB, {peer}", goal, met)


def measured(env, warehouses: list, end: np.datetime64) -> tuple:
    """Return the seconds of the first run, the next day's, and one with few changes, and the pairs."""
    runs = env["distrib.policy.run"]
    company = env["stock.warehouse"].browse(warehouses[0]).company_id
    begun = time.perf_counter()
    run = runs._open(company, _day(end))
    run._execute(commit=True)
    first, count = time.perf_counter() - begun, run.pair_count
    _check(env, run)
    _sell(env, end, 1)
    # what came in now is younger than the run, as it is at night
    begun = time.perf_counter()
    second = runs._open(company, _day(end + 1))
    second._execute(commit=True)
    incremental = time.perf_counter() - begun
    if second.pair_count != count:
        raise Problem(f"the next day's run saw {second.pair_count} of {count} pairs")
    # changes are looked for with an overlap of hours: say that the last ones are older
    env.cr.execute("UPDATE distrib_demand_block SET changed_on = changed_on - interval '1 day' WHERE month >= %s",
                   (str((end - 40).astype("datetime64[M]")) + "-01",))  # fmt: skip
    env.cr.execute("UPDATE stock_warehouse SET write_date = write_date - interval '1 day'")
    env.cr.execute("UPDATE product_supplierinfo SET write_date = write_date - interval '1 day'")
    env.cr.execute("UPDATE distrib_demand_block SET changed_on = changed_on - interval '1 day'")
    env.cr.commit()
    _sell(env, end, 100)
    begun = time.perf_counter()
    third = runs._open(company, _day(end + 1))
    third._execute(commit=True)
    few = time.perf_counter() - begun
    say(f"   pairs {count:,}, then {second.pair_count:,} and {third.pair_count:,}; {run.proposal_count:,} proposals")
    return first, incremental, few, count


def _day(day: np.datetime64):
    return day.astype("datetime64[D]").item()


def _check(env, run) -> None:
    """A fast run that wrote nonsense is no figure."""
    env.cr.execute(
        "SELECT count(*), count(*) FILTER (WHERE order_up_to > 0 AND order_up_to < 'Infinity'),"
        " avg(expected_fill) FILTER (WHERE demand_mean > 0) FROM distrib_policy WHERE company_id = %s",
        (run.company_id.id,),
    )
    stored, sound, fill = env.cr.fetchone()
    if run.state != "done" or stored != run.pair_count or sound < 0.9 * stored or not 0.9 < fill <= 1:
        raise Problem(f"{stored} policies of {run.pair_count} pairs, {sound} with levels, fill {fill}")


def _sell(env, day: np.datetime64, every: int) -> None:
    """One more day for each pair of every ``every``-th product."""
    env.cr.execute(
        "SELECT DISTINCT warehouse_id, product_id FROM distrib_demand_block WHERE product_id %% %s = 0", (every,)
    )
    pairs = np.array(env.cr.fetchall(), np.int64).reshape(-1, 2)
    sold = np.random.default_rng(3).poisson(2.0, len(pairs)).astype(float)
    env["distrib.demand"]._write_days(pairs[:, 1], pairs[:, 0], np.full(len(pairs), day), sold, np.ones(len(pairs)))
    env.cr.commit()


def _history(env, count: int, end: np.datetime64, days: int) -> list:
    """All days of all pairs of some products, evenly chosen."""
    start = end - (days - 1)
    _warehouse, product = env["distrib.demand"]._pairs(str(start), str(end))
    everything = np.unique(product)
    number = -(-count * len(everything) // len(product))
    chosen = everything[np.linspace(0, len(everything) - 1, number).astype(int)]
    found = env["distrib.demand"]._read_matrix(str(start), str(end), product_ids=chosen, measures=("quantity",))
    return [
        {"warehouse": int(w), "product": int(p), "quantities": np.nan_to_num(quantity).astype(int).tolist()}
        for w, p, quantity in zip(found.warehouse_id, found.product_id, found.quantity, strict=True)
    ]
