"""From the alert to its remedy, and the stock of another day, in both languages."""

import datetime
import re

import pytest

LANGUAGES = ("en_US", "zh_CN")


def go(page, running, action):
    page.goto(f"{running.url}/odoo/action-{action}")
    page.wait_for_selector(".o_action_manager .o_action")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_planner_goes_from_the_worst_alert_to_its_remedy(open_as, running, lang):
    page = open_as("planner", lang)
    go(page, running, "distrib_inventory.action_distrib_alert")
    page.wait_for_selector(".o_data_row")
    reason = page.locator(".o_data_row .o_data_cell[name=reason]").first.inner_text()
    product = page.locator(".o_data_row .o_data_cell[name=product_id]").first.inner_text()
    if lang == "zh_CN":
        assert re.search(r"[\u4e00-\u9fff]", reason), f"not in Chinese: {reason}"
    page.locator(".o_data_row button[name=action_remedy]").first.click()
    page.wait_for_selector(".o_form_view")
    code = re.search(r"\[(\w+)\]", product)[1]
    page.wait_for_function("code => document.querySelector('.o_form_view').textContent.includes(code)", arg=code)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_channel_manager_offers_goods_to_a_dealer_who_runs_out(open_as, running, lang):
    rule = running.call("manager", "distrib.alert.rule", "search", [("whose", "=", "others")])
    found = running.call(
        "channel", "distrib.alert", "search_read",
        [("rule_id", "in", rule), ("state", "=", "open")], ["warehouse_id", "product_id"], limit=1,
    )  # fmt: skip
    assert found, "a dealer of the demo network runs out"
    dealer = running.call(
        "manager", "stock.warehouse", "search_read", [("id", "=", found[0]["warehouse_id"][0])], ["dealer_id"]
    )[0]["dealer_id"][1]
    page = open_as("channel", lang)
    go(page, running, "distrib_inventory.action_distrib_alert")
    page.locator(f".o_data_row:has-text('{found[0]['warehouse_id'][1]}') button[name=action_remedy]").first.click()
    page.wait_for_selector(".o_form_view .o_field_widget[name=partner_id] input")
    assert page.locator(".o_field_widget[name=partner_id] input").input_value() == dealer
    assert page.locator(".o_field_widget[name=order_line] .o_data_row").count() == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_stock_of_another_day(open_as, running, lang):
    page = open_as("planner", lang)
    page.goto(f"{running.url}/odoo/action-distrib_inventory.action_position_day_choice")
    page.locator("button[name=action_open]").click()
    page.wait_for_selector(".o_list_view .o_data_row")
    day = datetime.date.today() - datetime.timedelta(days=1)
    assert str(day.year) in page.locator(".o_breadcrumb").inner_text()
    assert page.locator("th[data-name=owned_on_hand]").count() == 1, "others' goods stand apart"
    assert page.locator("th[data-name=forecast]").count() == 0, "a past day has no forecast"
