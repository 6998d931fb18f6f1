"""Every example of docs/api.md runs as it is written, against a served database with the demo network.

Only what names the reader's own machine is put in: the address, the database and the key.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.M | re.S)
HEADING = re.compile(r"^#+ (.*)$", re.M)


def examples():
    """(heading and number, language, text) of each block of code."""
    text = PAGE.read_text(encoding="utf8")
    for number, block in enumerate(BLOCK.finditer(text)):
        heading = HEADING.findall(text[: block.start()])[-1]
        yield pytest.param(block[1], block[2], id=f"{number}-{heading}-{block[1]}".replace(" ", "_"))


@pytest.fixture(scope="module")
def api_key(running):
    """A key made as the page says, in the user's own profile; the manager has every role that the page names."""
    session = requests.Session()

    def call(model, method, *arguments, **context):
        params = {"model": model, "method": method, "args": arguments, "kwargs": {"context": context}}
        reply = session.post(f"{running.url}/web/dataset/call_kw", json={"params": params}, timeout=60).json()
        assert "error" not in reply, reply
        return reply["result"]

    login = {"db": running.database, "login": "manager", "password": "manager"}
    session.post(f"{running.url}/web/session/authenticate", json={"params": login}, timeout=60).raise_for_status()
    wizard = call("res.users.apikeys.description", "create", {"name": "Examples", "duration": "1"})
    action = call("res.users.apikeys.description", "make_key", [wizard])
    if action["res_model"] == "res.users.identitycheck":
        action = call(action["res_model"], "run_check", [action["res_id"]], password="manager")
    return action["context"]["default_key"]


@pytest.mark.parametrize(("language", "text"), examples())
def test_example_runs_as_written(running, api_key, language, text):
    text = text.replace("http://127.0.0.1:8069", running.url)
    text = text.replace('", "distrib", "', f'", "{running.database}", "').replace(
        '"X-Odoo-Database": "distrib"', f'"X-Odoo-Database": "{running.database}"'
    )
    text = text.replace("X-Odoo-Database: distrib", f"X-Odoo-Database: {running.database}")
    assert running.database in text, "the example names its database"
    if language == "sh" and not shutil.which("curl"):
        pytest.skip("curl is missing; type: apt-get install curl")
    command = [sys.executable, "-c", text] if language == "python" else ["sh", "-c", text]
    environment = os.environ | {"API_KEY": api_key, "PYTHONIOENCODING": "utf8"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    if language == "sh":
        assert_answer(json.loads(done.stdout))
    elif "since(" not in text:  # nothing may have changed meanwhile
        assert done.stdout.strip(), "the example shows what it got"
    assert "Traceback" not in done.stderr
    assert "'status': 'failed'" not in done.stdout


def assert_answer(answer):
    """What the page promises: a list of answers, or a dictionary of one; never the report of an error."""
    for part in answer if isinstance(answer, list) else [answer]:
        assert "debug" not in part, part
        assert not part.get("errors"), part
        assert part.get("status") != "failed", part
        if "rows" in part:
            assert part["rows"], "something of it is in stock"


def test_the_page_covers_each_call(running):
    """What is named on the page exists, over the door that it names."""
    text = PAGE.read_text(encoding="utf8")
    calls = set(re.findall(r"`(distrib\.[a-z.]+)\.([a-z_]+)\(", text))
    assert {"submit_orders", "read_positions", "availability", "since", "submit"} <= {name for _model, name in calls}
    for model, method in sorted(calls):
        found = requests.get(f"{running.url}/json/2/{model}/{method}", timeout=60)
        assert found.status_code != 500, (model, method)


def test_availability_is_paged_without_gaps(running):
    """Pages of any size, put together, are one answer; the rows of a SKU are never parted."""
    ask = {"region_codes": ["420000", "310000"]}
    whole = running.call("planner", "distrib.position", "availability", **ask, limit=20_000)
    assert whole["next_cursor"] is False
    rows, cursor, pages = [], "", 0
    while cursor is not False:
        page = running.call("planner", "distrib.position", "availability", **ask, limit=40, cursor=cursor)
        assert not {row["sku"] for row in rows} & {row["sku"] for row in page["rows"]}
        rows, cursor, pages = rows + page["rows"], page["next_cursor"], pages + 1
    assert pages > 2
    assert rows == whole["rows"]


def test_changes_are_followed_while_others_work(running):
    """A follower who pages through the feed while goods are counted ends with the positions that are there."""
    products = running.call("planner", "product.product", "search", [("default_code", "like", "SKU0000")], limit=8)
    central = running.call(
        "planner", "stock.warehouse", "search_read", [("network_tier", "=", "central")], ["lot_stock_id"]
    )
    place = central[0]["lot_stock_id"][0]
    cursor = running.call("planner", "distrib.stock.change", "since")["cursor"]
    known = {}
    for turn in range(3):
        for product in products:
            quant = {"product_id": product, "location_id": place, "inventory_quantity_auto_apply": 500 + turn}
            running.call("manager", "stock.quant", "create", quant, context={"inventory_mode": True})
        more = True
        while more:
            answer = running.call("planner", "distrib.stock.change", "since", cursor, 3)
            assert len(answer["changes"]) <= 3
            known |= {(row["product_id"], row["warehouse_id"]): row["on_hand"] for row in answer["changes"]}
            cursor, more = answer["cursor"], answer["more"]
    now = running.call("planner", "distrib.position", "read_positions", products, [central[0]["id"]])
    assert {(row["product_id"], row["warehouse_id"]): row["on_hand"] for row in now}.items() <= known.items()
