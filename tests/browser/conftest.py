"""Journeys in Chromium against a real server with the demo network, on a database of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools import databases, paths, settings
from tools.server import wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1680, "height": 950}


def pytest_collection_modifyitems(items):
    if CHROMIUM:
        return
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.skip(reason="Chromium is missing; type: apt-get install chromium"))


@dataclass(frozen=True)
class Running:
    """A running server: its address and database; calls over XML-RPC as any user (password = login)."""

    url: str
    database: str

    def call(self, login, model, method, *arguments, **named):
        uid = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common").authenticate(self.database, login, login, {})
        assert uid, f"{login} cannot log in"
        models = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object", allow_none=True)
        return models.execute_kw(self.database, uid, login, model, method, arguments, named)


@pytest.fixture(scope="session")
def running():
    """A server of its own; DISTRIB_URL (and PGDATABASE) name one that runs already, while writing a journey."""
    if os.environ.get("DISTRIB_URL"):
        yield Running(os.environ["DISTRIB_URL"], os.environ.get("PGDATABASE", "distrib"))
        return
    base = databases.Databases(settings.server())
    with base.scratch(base.demo(), "browser") as name:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        conf = settings.write(paths.RUN / f"{name}.conf", name, base.server, http_port=port, max_cron_threads="0")
        log = paths.LOGS / f"{name}.log"
        paths.ensure(log.parent)
        command = [str(paths.PYTHON), "-m", "odoo", "server", "-c", str(conf)]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=settings.environment(base.server), stdout=out, stderr=out)
            try:
                wait_for(f"http://127.0.0.1:{port}/web/login", process)
                yield Running(f"http://127.0.0.1:{port}", name)
            finally:
                process.terminate()
                process.wait()
        log.unlink()


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_as(running, chromium):
    """``open_as(login, lang="zh_CN", phone=True)`` -> a logged-in page. Errors in the page's scripts fail the test."""
    errors = []
    with contextlib.ExitStack() as stack:

        def open_page(login, lang="en_US", phone=False):
            running.call("admin", "res.users", "write", _user(running, login), {"lang": lang})
            context = chromium.new_context(viewport=PHONE if phone else DESKTOP, locale=lang.replace("_", "-"))
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"{running.url}/web/login")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", login)
            page.click("button[type=submit]")
            page.wait_for_url(lambda url: "/web/login" not in url)
            return page

        yield open_page
    assert not errors, errors


def _user(running, login):
    found = running.call("admin", "res.users", "search", [("login", "=", login)])
    assert found, f"the demo network has no user {login}"
    return found
