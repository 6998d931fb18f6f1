"""./distrib screenshots: the README's pictures, taken from the running system (./distrib up in another terminal)."""

import shutil

from . import paths, settings
from .steps import Problem, say

FOLDER = paths.PROJECT / "docs/images"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SHOTS = [
    ("home", "manager", "/odoo/action-distrib_inventory.action_home", ".o_distrib_home", DESKTOP),
    ("board", "planner", "/odoo/action-distrib_inventory.action_network_board", "[role=treegrid] [role=row]", DESKTOP),
    ("pool", "clerk", "/odoo/action-distrib_orders.action_pool", ".o_data_row", DESKTOP),
    ("proposals", "planner", "/odoo/action-distrib_inventory.action_distrib_proposal", ".o_data_row", DESKTOP),
    ("parcels", "warehouse", "/odoo/action-distrib_logistics.action_parcel", ".o_action .o_content", DESKTOP),
    ("portal", "dealer.buyer", "/my/dealer", "main", PHONE),
    ("dashboard", "manager", "/odoo/action-distrib_bi.action_dashboard_sales", "canvas", DESKTOP),
]
"""Picture, user, address, what shows that the page is there, size."""


def take(options) -> None:
    """Log in as each user and photograph the screen that matters to them."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if not chromium:
        raise Problem("Chromium is missing", "apt-get install chromium")
    url = options.url or f"http://127.0.0.1:{settings.read()['http_port']}"
    paths.ensure(FOLDER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, login, action, ready, size in SHOTS:
            context = browser.new_context(viewport=size, locale=options.lang.replace("_", "-"))
            page = context.new_page()
            _login(page, url, login)
            page.goto(url + action)
            page.wait_for_selector(ready)
            page.wait_for_timeout(3000)  # charts draw themselves after they are there
            page.screenshot(path=FOLDER / f"{name}.png")
            say(f"   docs/images/{name}.png")
            context.close()
        browser.close()


def _login(page, url: str, login: str) -> None:
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/web/login" not in address)
