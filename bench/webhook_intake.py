"""Webhook payloads taken in while the pool works: 99th percentile of the answer, in milliseconds.

A real server on loopback; senders push signed orders at a steady rate (``--rate`` a minute) over
kept connections, while another process reads the inbox and routes the pool without a pause. At the end every payload is in
the inbox, once. Printed above it: the rate reached, median and worst answer, what the pool did meanwhile.
The bound is the goal itself: platforms give up after some seconds, and at 200 ms a burst does not pile up.
"""

import argparse
import contextlib
import http.client
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench import _pool
from tools import benching, databases, paths, settings
from tools.server import wait_for
from tools.steps import Problem, say, step

GOAL = 0.2


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=int, default=5_000, help="payloads a minute")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument(
        "--workers", type=int, default=0, help="processes of the server; 0: one with threads, as ./distrib up"
    )
    parser.add_argument("--warehouses", type=int, default=12)
    parser.add_argument("--products", type=int, default=300)
    parser.add_argument("--seed", type=int, default=11)


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("webhook") as env:
        _sites, _goods, channel = _pool.build(env, options.warehouses, options.products, "webhook")
        with _server(env.cr.dbname, options.workers) as (url, conf):
            worker = [str(paths.PYTHON), "-m", "bench._pool_worker", str(conf)]
            return figures(env, options, url, channel, worker, settings.environment(settings.server()))


def figures(env, options: argparse.Namespace, url: str, channel, worker: list[str], environment) -> benching.Result:
    count = options.rate * options.seconds // 60
    bodies = _pool.bodies(_pool.orders(count, options.products, options.seed, "W"))
    warm = _pool.bodies(_pool.orders(40, options.products, options.seed, "V"))
    _send(url, channel.id, warm, 4 * options.rate, options.senders)
    pool = subprocess.Popen(worker, cwd=Path(__file__).parent.parent, env=environment, stdout=sys.stderr)
    try:
        with step(f"{count:,} payloads at {options.rate:,} a minute from {options.senders} senders"):
            times, seconds = _send(url, channel.id, bodies, options.rate, options.senders)
    finally:
        pool.terminate()
        pool.wait()
    env.cr.rollback()
    stored = env["distrib.inbox.message"].search_count([("channel_id", "=", channel.id), ("kind", "=", "push")])
    read = env["sale.order"].search_count([("channel_id", "=", channel.id)])
    if stored != count + len(warm):
        raise Problem(f"{count + len(warm)} payloads were accepted, {stored} are stored")
    rate, p99 = len(times) / seconds * 60, times[int(len(times) * 0.99)]
    say(f"   {rate:,.0f} a minute; median {statistics.median(times) * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms; "
        f"meanwhile {read:,} orders read into the pool")  # fmt: skip
    met = p99 < GOAL and rate >= 0.98 * options.rate
    return benching.Result(p99 * 1000, "ms at the 99th percentile", f"{rate:,.0f} a minute", "below 200", met)


def _send(url: str, channel: int, bodies: list[bytes], rate: int, senders: int) -> tuple[list[float], float]:
    """(seconds of each answer, sorted; seconds of all). A payload is due at its time, whether or not others are late."""
    times: list[float] = []
    failures: list[Exception] = []
    begun = time.perf_counter() + 0.2

    def work(place: int) -> None:
        try:
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
            for number in range(place, len(bodies), senders):
                due = begun + number * 60 / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                start = time.perf_counter()
                _post(connection, channel, bodies[number])
                times.append(time.perf_counter() - start)
        except Exception as error:  # one lost payload makes the figure worthless: it is raised below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sorted(times), time.perf_counter() - begun


def _post(connection: http.client.HTTPConnection, channel: int, body: bytes) -> None:
    from distrib_orders.connectors.webhook.push import signature

    stamp = str(int(time.time()))
    headers = {"X-Distrib-Timestamp": stamp, "X-Distrib-Signature": signature("bench", stamp, body)}
    for attempt in (1, 2):
        try:
            connection.request("POST", f"/distrib/push/{channel}", body, headers)
            answer = connection.getresponse()
            break
        except (http.client.RemoteDisconnected, http.client.CannotSendRequest, ConnectionError):
            # A server may close a kept connection at any time; the same payload again is stored once.
            connection.close()
            if attempt == 2:
                raise
    answer.read()
    if answer.status != 200:
        raise Problem(f"a payload was answered with {answer.status}")


@contextlib.contextmanager
def _server(database: str, workers: int):
    base = databases.Databases(settings.server())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    conf = settings.write(
        paths.RUN / f"{database}-http.conf", database, base.server, http_port=port, max_cron_threads="0",
        workers=str(workers),
    )  # fmt: skip
    log = paths.LOGS / f"{database}.log"
    paths.ensure(log.parent)
    with log.open("wb") as out:
        command = [str(paths.PYTHON), "-m", "odoo", "server", "-c", str(conf)]
        process = subprocess.Popen(command, env=settings.environment(base.server), stdout=out, stderr=out)
        try:
            wait_for(f"http://127.0.0.1:{port}/web/login", process)
            yield f"http://127.0.0.1:{port}", conf
        finally:
            process.terminate()
            process.wait()
    log.unlink()
