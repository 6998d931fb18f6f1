"""The five steps of the README, followed as the users they belong to."""

import datetime
import re
import time

import pytest

ROLES = {
    "planner": {"Planning", "Stock", "Network", "Reports"},
    "clerk": {"Orders", "Stock", "Network"},
    "warehouse": {"Logistics", "Stock", "Network"},
    "channel": {"Orders", "Dealers", "Stock", "Network"},
    "manager": {"Orders", "Dealers", "Stock", "Planning", "Logistics", "Network", "Reports"},
}
FORBIDDEN = {"planner": {"Configuration"}, "clerk": {"Planning", "Configuration"}, "warehouse": {"Planning", "Orders"}}
HOME = {"en_US": "Today", "zh_CN": "今日"}


def go(page, running, action):
    """Open an action by its external id, as a link in a mail would."""
    page.goto(f"{running.url}/odoo/action-{action}")
    page.wait_for_selector(".o_action_manager .o_action, .o_distrib_home")


def eventually(check, seconds=20):
    """The result of a check once it is true; what the server does after a click takes its time."""
    end = time.monotonic() + seconds
    while not (result := check()) and time.monotonic() < end:
        time.sleep(0.2)
    return result


@pytest.mark.parametrize("login", sorted(ROLES))
@pytest.mark.parametrize("lang", sorted(HOME))
def test_each_role_has_its_home_and_menus(open_as, running, login, lang):
    page = open_as(login, lang)
    go(page, running, "distrib_inventory.action_home")
    page.wait_for_selector(".o_distrib_home")
    menus = {text.strip() for text in page.locator(".o_main_navbar .o_menu_sections > *").all_inner_texts()}
    assert HOME[lang] in menus
    if lang == "en_US":
        assert ROLES[login] <= menus, menus
        assert not FORBIDDEN.get(login, set()) & menus, menus
    else:
        assert not any(re.fullmatch(r"[A-Za-z ]+", menu) for menu in menus), f"not in Chinese: {menus}"


@pytest.mark.parametrize("lang", sorted(HOME))
def test_planner_accepts_a_proposal(open_as, running, lang):
    page = open_as("planner", lang)
    go(page, running, "distrib_inventory.action_distrib_proposal")
    page.wait_for_selector(".o_data_row")
    name = page.locator(".o_data_row .o_data_cell[name=product_id]").first.inner_text()
    page.locator(".o_data_row .o_list_record_selector input").first.check()
    page.locator("button[name=action_accept]").first.click()
    code = re.search(r"\[(\w+)\]", name)[1]
    domain = [("state", "=", "accepted"), ("product_id.default_code", "=", code)]
    fields = ["purchase_line_id", "move_ids"]
    accepted = eventually(lambda: running.call("planner", "distrib.proposal", "search_read", domain, fields))
    assert any(proposal["purchase_line_id"] or proposal["move_ids"] for proposal in accepted)


def submit(running, number):
    order = {"external_id": number, "dealer_code": "D0001", "lines": [{"sku": "SKU00002", "quantity": 2}]}
    return running.call("clerk", "distrib.channel", "submit_orders", "API", [order])[0]


def test_an_order_from_arrival_to_the_dealer(open_as, running):
    """Arrives twice, is one; routed, reserved, delivered, tracked; the dealer and the manager see it."""
    number = f"JOURNEY-{time.time_ns()}"
    first, second = submit(running, number), submit(running, number)
    assert (first["status"], second["status"]) == ("created", "unchanged")
    assert first["order_id"] == second["order_id"]
    order = [first["order_id"]]

    page = open_as("clerk")
    go(page, running, "distrib_orders.action_pool")
    page.locator(".o_searchview_input").fill(first["name"])
    page.keyboard.press("Enter")
    row = page.locator(".o_data_row", has_text=first["name"])
    row.wait_for()
    fields = ["pool_state", "picking_ids", "routing_decision_ids"]

    def read():
        return running.call("clerk", "sale.order", "read", order, fields)[0]

    if read()["pool_state"] == "to_route":
        row.locator(".o_list_record_selector input").check()
        page.locator("button[name=action_route]").first.click()
    assert eventually(lambda: read()["pool_state"] in ("routed", "released")), read()
    assert read()["routing_decision_ids"]

    picking = running.call("warehouse", "stock.picking", "read", read()["picking_ids"], ["state"])[0]
    assert picking["state"] == "assigned"
    running.call("warehouse", "stock.picking", "button_validate", [picking["id"]])
    parcels = running.call(
        "warehouse", "distrib.parcel", "search_read", [("picking_id", "=", picking["id"])], ["name", "carrier_code"]
    )
    assert len(parcels) == 1
    event = {
        "carrier": parcels[0]["carrier_code"],
        "number": parcels[0]["name"],
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "status": "delivered",
        "text": "Signed",
    }
    result = running.call("warehouse", "distrib.parcel", "record_events", [event])
    assert (result[0]["result"], result[0]["status"]) == ("recorded", "delivered"), result

    phone = open_as("dealer.buyer", "zh_CN", phone=True)
    phone.goto(f"{running.url}/my/orders/{order[0]}")
    phone.get_by_text(parcels[0]["name"]).first.wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "scrolls sideways"

    page = open_as("manager")
    go(page, running, "distrib_bi.action_sales_report")
    report = running.call("manager", "distrib.sales.report", "search_count", [("order_id", "=", order[0])])
    assert report == 1


def test_dashboard_shows_sales(open_as, running):
    page = open_as("manager", "zh_CN")
    go(page, running, "distrib_bi.action_dashboard_sales")
    page.wait_for_selector(".o-grid canvas, .o-spreadsheet canvas, .o_spreadsheet_dashboard_action canvas")
    assert not page.get_by_text("#ERROR").count()
