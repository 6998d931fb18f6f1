"""Opening the order pool over a million past orders: list and kanban with their counts, as the web client asks.

Past orders are copied in (closed ones of all channels); on top of them lies a day's open pool. A real server answers
the calls that the web client makes when a clerk opens the list (first page, total, sums), the kanban (columns with
counts, progress bars, first cards), and filters of the screen. Value: the slowest of them, in seconds (median of
``--runs``). The bound is the goal itself.
"""

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import time
import urllib.request
from http.cookiejar import CookieJar

from lxml import etree

from tools import benching, databases, paths, settings
from tools.server import wait_for
from tools.steps import Problem, say, step

LOGIN = "bench_clerk"
OPEN_DOMAIN = ["&", ["channel_id", "!=", False], ["pool_state", "not in", ["done", "cancelled"]]]
ALL = [["channel_id", "!=", False]]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--past", type=int, default=1_000_000, help="closed orders")
    parser.add_argument("--open", type=int, default=5_000, help="open orders")
    parser.add_argument("--runs", type=int, default=5)


def measure(options: argparse.Namespace) -> benching.Result:
    with benching.odoo("bench_pool") as env:
        build(env, options.past, options.open)
        with _server(env.cr.dbname) as url:
            return report(Session(url, env.cr.dbname), options)


def report(session, options: argparse.Namespace) -> benching.Result:
    times = screens(session, options.runs)
    for name, seconds in times.items():
        say(f"   {name}: {seconds * 1000:.0f} ms")
    worst = max(times, key=times.get)
    return benching.Result(
        times[worst], f"s for {worst}", f"{options.past:,} past orders", "below 1 s", times[worst] < 1
    )


def build(env, past: int, open_orders: int) -> None:
    """Past orders by COPY-like inserts of one statement each; open ones as the intake leaves them."""
    group = [env.ref("base.group_user").id, env.ref("distrib_inventory.group_order_clerk").id]
    env["res.users"].with_context(no_reset_password=True).create(
        {"name": LOGIN, "login": LOGIN, "password": LOGIN, "group_ids": [(6, 0, group)]}
    )
    channels = env["distrib.channel"].create([{"name": f"Bench {n}", "code": f"BENCH{n}"} for n in range(6)])
    buyers = env["res.partner"].create([{"name": f"Buyer {n}"} for n in range(2000)])
    product = env["product.product"].create({"name": "Bench", "default_code": "BENCH", "is_storable": True})
    sample = env["sale.order"].create(
        {
            "partner_id": buyers[0].id, "channel_id": channels[0].id, "channel_order_ref": "SAMPLE",
            "order_line": [(0, 0, {"product_id": product.id, "price_unit": 12.5})],
        }
    )  # fmt: skip
    env.flush_all()
    with step(f"{past:,} past and {open_orders:,} open orders"):
        _copy(env, sample.id, channels.ids, buyers.ids, past, "'sale'", "'done'", "P")
        stage = "(ARRAY['new','held','to_route','routed','released'])[1 + n % 5]"
        _copy(env, sample.id, channels.ids, buyers.ids, open_orders, "'draft'", stage, "O")
        env.cr.execute("ANALYZE sale_order")
        env.cr.execute("ANALYZE sale_order_line")
        env.cr.commit()
    env.invalidate_all()


def _copy(
    env, sample: int, channels: list[int], buyers: list[int], count: int, state: str, stage: str, mark: str
) -> None:
    """Rows of one order and its line, ``count`` times, spread over channels, buyers and two years."""
    changed = {
        "id": "nextval('sale_order_id_seq')",
        "name": f"'{mark}' || n",
        "state": state,
        "pool_state": stage,
        "channel_id": "(%(channels)s)[1 + n / 20 %% array_length(%(channels)s, 1)]",
        "partner_id": "(%(buyers)s)[1 + n / 20 %% array_length(%(buyers)s, 1)]",
        "partner_shipping_id": "(%(buyers)s)[1 + n / 20 %% array_length(%(buyers)s, 1)]",
        "partner_invoice_id": "(%(buyers)s)[1 + n / 20 %% array_length(%(buyers)s, 1)]",
        "channel_order_ref": f"'{mark}-' || n",
        "client_order_ref": f"'{mark}-' || n",
        "channel_ordered_at": "now() AT TIME ZONE 'UTC' - n %% 1051200 * interval '1 minute'",
        "ship_by": "now() AT TIME ZONE 'UTC' + (n %% 96 - 24) * interval '1 hour'",
        "merge_key": "CASE WHEN n %% 10 = 0 THEN 'K' || n / 20 END",
        "hold_code": "CASE WHEN " + stage.replace("%", "%%") + " = 'held' THEN 'manual' END",
        "access_token": "NULL",
    }
    changed["pool_state"] = stage.replace("%", "%%")
    _insert(env, "sale_order", f"t.id = {int(sample)}", changed, count, {"channels": channels, "buyers": buyers})
    line = {"id": "nextval('sale_order_line_id_seq')", "order_id": "o.id"}
    columns = _columns(env, "sale_order_line")
    env.cr.execute(
        f"""
        INSERT INTO sale_order_line ({", ".join(f'"{c}"' for c in columns)})
        SELECT {", ".join(line.get(c, f't."{c}"') for c in columns)}
          FROM sale_order_line t, sale_order o
         WHERE t.order_id = %s AND o.name LIKE %s
        """,
        (sample, f"{mark}%"),
    )


def _insert(env, table: str, where: str, changed: dict[str, str], count: int, values: dict) -> None:
    columns = _columns(env, table)
    env.cr.execute(
        f"""
        INSERT INTO {table} ({", ".join(f'"{c}"' for c in columns)})
        SELECT {", ".join(changed.get(c, f't."{c}"') for c in columns)}
          FROM {table} t, generate_series(1, {int(count)}) n
         WHERE {where}
        """,
        values,
    )


def _columns(env, table: str) -> list[str]:
    env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", (table,))
    return [name for (name,) in env.cr.fetchall()]


def screens(session, runs: int) -> dict[str, float]:
    """Median seconds of everything that opening a screen asks for, in one go."""
    listed, carded = session.fields("list"), session.fields("kanban")
    order = "pool_priority desc, ship_by, id"

    def the_list(domain, **more):
        def call():
            found = session.call(
                "web_search_read", domain=domain, specification=listed, limit=80, order=order, count_limit=10001, **more
            )
            if not found["records"]:
                raise Problem("the list is empty")
            return found

        return call

    def kanban(domain):
        def call():
            groups = session.call(
                "web_read_group", domain=domain, groupby=["pool_state"], aggregates=["__count", "amount_total:sum"],
                auto_unfold=True, unfold_read_specification=carded, unfold_read_default_limit=20, order=order,
            )["groups"]  # fmt: skip
            session.call("read_progress_bar", domain, "pool_state", BAR)
            return groups

        return call

    calls = {
        "the list": the_list(OPEN_DOMAIN),
        "the list without its filter": the_list(ALL),
        "the kanban": kanban(OPEN_DOMAIN),
        "the kanban without its filter": lambda: session.call(
            "web_read_group", domain=ALL, groupby=["pool_state"], aggregates=["__count"]
        ),
        "held": the_list([*OPEN_DOMAIN, ["pool_state", "=", "held"]]),
        "late": the_list([*OPEN_DOMAIN, ["ship_clock", "=", "late"]]),
        "may be merged": the_list([*OPEN_DOMAIN, ["merge_candidate", "=", True]]),
        "an outside number": the_list(
            ["&", *ALL, "|", ["name", "=like", "O-17%"], ["channel_order_ref", "=like", "O-17%"]]
        ),
    }
    times = {}
    for name, call in calls.items():
        call()
        spent = []
        for _run in range(runs):
            start = time.perf_counter()
            call()
            spent.append(time.perf_counter() - start)
        times[name] = statistics.median(spent)
    return times


BAR = {"field": "ship_clock", "colors": {"late": "danger", "soon": "warning", "calm": "success"}}


class Session:
    """A logged-in clerk over HTTP, as the web client calls."""

    def __init__(self, url: str, database: str, login: str = LOGIN):
        self.url = url
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open
        self.post("/web/session/authenticate", {"db": database, "login": login, "password": login})

    def post(self, path: str, params: dict):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        with self.open(request, timeout=120) as answer:
            found = json.load(answer)
        if "error" in found:
            raise Problem(f"{path}: {found['error'].get('data', {}).get('message') or found['error']}")
        return found["result"]

    def call(self, method: str, *args, model: str = "sale.order", **kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self.post(f"/web/dataset/call_kw/{model}/{method}", params)

    def fields(self, kind: str) -> dict:
        """What the web client reads for a view of the pool: the specification of its fields."""
        found = self.post("/web/action/load", {"action_id": "distrib_orders.action_pool"})
        view_id = next(number for number, name in found["views"] if name == kind)
        answer = self.call("get_views", [[view_id, kind]], {})
        names = {node.get("name") for node in etree.fromstring(answer["views"][kind]["arch"]).iter("field")}
        known = answer["models"]["sale.order"]["fields"]
        return {
            name: {"fields": {"display_name": {}}} if known[name]["type"] in ("many2one", "many2many") else {}
            for name in names
            if name in known
        }


@contextlib.contextmanager
def _server(database: str):
    base = databases.Databases(settings.server())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    conf = settings.write(
        paths.RUN / f"{database}-http.conf", database, base.server, http_port=port, max_cron_threads="0"
    )
    log = paths.LOGS / f"{database}.log"
    paths.ensure(log.parent)
    command = [str(paths.PYTHON), "-m", "odoo", "server", "-c", str(conf)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=settings.environment(base.server), stdout=out, stderr=out)
        try:
            wait_for(f"http://127.0.0.1:{port}/web/login", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
    log.unlink()
