"""A day of several shops with faults, from the platforms' lists to shipping confirmation: orders that differ at the end.

Fake shops on real HTTP get orders while they are asked; their lists move between pages, calls fail, time out, are
answered by errors, or take effect and lose their answer. The worker that pulls, reads, routes, ships and tells is killed
(SIGKILL) at random moments and started again. At the end each order of each shop has to be in the pool once, in its
latest version, shipped once and known as shipped by its shop, and the counts of the day show no difference.
"""

import argparse
import contextlib
import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import _pool
from tests.fakes.plain_shop import CHINA, FakePlainShop
from tests.fakes.server import Fault, Reply
from tools import benching, databases, paths, settings
from tools.steps import say, step

FAULTS = (
    lambda: Fault("drop"),
    lambda: Fault("lost"),
    lambda: Fault("truncated"),
    lambda: Fault("reply", reply=Reply(b"<html>busy</html>", 502)),
    lambda: Fault("reply", reply=Reply(b"{}", 429, {"Retry-After": "0"})),
    lambda: Fault("reply", reply=Reply(b"{}", 401)),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--shops", type=int, default=6)
    parser.add_argument("--faults", type=float, default=0.03, help="share of the calls that go wrong")
    parser.add_argument("--kills", type=int, default=10, help="how often the worker is killed")
    parser.add_argument("--minutes", type=float, default=240, help="give up after so long")
    parser.add_argument("--seed", type=int, default=5)


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("day") as env:
        base = databases.Databases(settings.server())
        conf = settings.write(paths.RUN / f"{env.cr.dbname}-day.conf", env.cr.dbname, base.server, max_cron_threads="0")
        command = [str(paths.PYTHON), "-m", "bench._pool_worker", str(conf), "bench._day_worker"]
        return figures(env, options, command, settings.environment(base.server))


def figures(env, options: argparse.Namespace, command: list[str], environment: dict) -> benching.Result:
    rng = random.Random(options.seed)
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        fakes = [stack.enter_context(FakePlainShop()) for _ in range(options.shops)]
        shops = _shops(env, fakes)
        with step(f"{options.orders:,} orders of {options.shops} shops, {options.kills} kills"):
            kills = _run(env, fakes, rng, options, command, environment, start)
        env.cr.rollback()
        env.invalidate_all()
        wrong = _differences(env, shops, fakes)
    minutes = (time.monotonic() - start) / 60
    failed = sum(fake.failed for fake in fakes)
    say(f"   {minutes:.1f} minutes, {sum(len(fake.calls) for fake in fakes):,} calls of which {failed:,} went wrong, "
        f"the worker was killed {kills} times")  # fmt: skip
    for line in wrong[:20]:
        say(f"   {line}")
    return benching.Result(len(wrong), "differences", f"{failed} faults, {kills} kills", "none", not wrong)


def _shops(env, fakes: list[FakePlainShop]):
    """A channel for each fake, goods, and a carrier that they know."""
    from odoo.addons.distrib_orders.connectors import registry

    from tests.odoo.channel_common import PLAIN

    registry.platforms().setdefault("plain", PLAIN)
    _sites, _goods, first = _pool.build(env, 6, 60)
    first.active = False
    if "stock_text_confirmation" in env.company._fields:
        env.company.stock_text_confirmation = False  # no text messages to buyers who do not exist
    service = env["product.product"].create({"name": "Carriage", "type": "service"})
    env["delivery.carrier"].create({"name": "Bench", "product_id": service.id, "tracking_code": "benchsf"})
    env["distrib.channel.carrier"].create({"platform": "plain", "carrier": "benchsf", "code": "SF"})
    buyer = env["res.partner"].create({"name": "Buyers of the bench"})
    shops = env["distrib.channel"].create(
        [
            {
                "name": f"Shop {n}", "code": f"DAY{n}", "platform": "plain", "platform_url": fake.url,
                "pull_active": True, "partner_id": buyer.id, "warehouse_ids": first.warehouse_ids.ids,
                "pull_cursor": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            }
            for n, fake in enumerate(fakes)
        ]
    )  # fmt: skip
    for shop in shops:
        shop.access_token = "first"
    env.cr.commit()
    return shops


def _run(env, fakes, rng, options, command, environment, start) -> int:
    """Place the orders while the worker works; kill it now and then; wait until the shops know of every parcel."""
    for fake in fakes:
        _storm(fake, random.Random(rng.random()), options.faults)
    orders = iter(_pool.orders(options.orders, 60, options.seed, "D"))
    left, kills, worker = options.orders, 0, None
    deadline = start + options.minutes * 60
    try:
        while left or kills < options.kills or any(fake.open() for fake in fakes) or _untold(env):
            if time.monotonic() > deadline:
                break
            if worker is None or worker.poll() is not None:
                worker = subprocess.Popen(command, cwd=Path(__file__).parent.parent, env=environment, stdout=sys.stderr)
                # Killed in the middle of its calls, at any step: so many calls after its start.
                dies_at = _calls(fakes) + rng.randrange(5, 10 + 5 * options.orders // (options.kills + 1))
            for _ in range(min(left, max(1, options.orders // 200))):
                _place(rng.choice(fakes), next(orders), rng)
                left -= 1
            if kills < options.kills and _calls(fakes) >= dies_at:
                time.sleep(rng.random())
                worker.kill()
                worker.wait()
                kills += 1
            time.sleep(0.2)
    finally:
        if worker:
            worker.kill()
            worker.wait()
        for fake in fakes:
            fake.chance = lambda call: None
    return kills


def _calls(fakes) -> int:
    return sum(len(fake.calls) for fake in fakes)


def _untold(env) -> int:
    """How many confirmations still wait for an answer."""
    env.cr.rollback()
    env.cr.execute("SELECT count(*) FROM distrib_channel_call WHERE state IN ('waiting', 'unknown')")
    return env.cr.fetchone()[0]


def _place(fake: FakePlainShop, order: dict, rng: random.Random) -> None:
    now = int(time.time())
    with fake.lock:
        fake.put(order["external_id"], now, **{key: order[key] for key in ("partner", "lines")}, note="first")
        if rng.random() < 0.1:  # an order that changes soon after
            fake.orders[order["external_id"]] |= {"changed": now + 1, "note": "changed"}


def _storm(fake: FakePlainShop, dice: random.Random, share: float) -> None:
    fake.page_size, fake.stock_batch, fake.failed = 20, 100, 0
    fake.open = lambda: len(fake.orders) - len(fake.parcels)
    fake.tokens = {"first", "second"}

    def chance(call):
        if dice.random() >= share or call.name == "renew":
            return None
        fake.failed += 1
        return dice.choice(FAULTS)()

    fake.chance = chance


def _differences(env, shops, fakes) -> list[str]:
    """Every order that is not in the pool once, in its latest version, and known as shipped once."""
    wrong, today = [], datetime.now(CHINA).date()
    for shop, fake in zip(shops, fakes, strict=True):
        orders = env["sale.order"].search([("channel_id", "=", shop.id)])
        here = {order.channel_order_ref: order for order in orders}
        if len(here) != len(orders):
            wrong.append(f"{shop.code}: an order is in the pool twice")
        for number, order in fake.orders.items():
            parcels = fake.parcels.get(number, {})
            if number not in here:
                wrong.append(f"{shop.code} {number}: not in the pool")
            elif len(parcels) != len(here[number].picking_ids.filtered(lambda p: p.state == "done")) or not parcels:
                wrong.append(
                    f"{shop.code} {number}: {len(parcels)} parcels known there, state {here[number].pool_state}"
                )
            else:
                wrong += _wrong_lines(shop, number, order, parcels)
        count = shop._count(today)
        env.cr.commit()
        if count.difference or count.theirs != len(fake.orders):
            wrong.append(f"{shop.code}: counted {count.theirs} there, {count.ours} here")
        refused = env["distrib.channel.call"].search([("channel_id", "=", shop.id), ("state", "!=", "sent")])
        wrong += [f"{shop.code} {call.external_id}: {call.state} {call.error}" for call in refused]
    return wrong


def _wrong_lines(shop, number: str, order: dict, parcels: dict) -> list[str]:
    told: dict[str, float] = {}
    for parcel in parcels.values():
        for line in parcel["lines"]:
            told[line["line_id"]] = told.get(line["line_id"], 0) + line["quantity"]
    ordered = {line["line_id"]: line["quantity"] for line in order["lines"]}
    return [] if told == ordered else [f"{shop.code} {number}: told {json.dumps(told)}, ordered {json.dumps(ordered)}"]
