"""A manager reads the proof on own history, in both languages; a planner asks for another."""

import re

import pytest


@pytest.mark.parametrize("lang", ("en_US", "zh_CN"))
def test_a_manager_reads_the_proof(open_as, running, lang):
    page = open_as("manager", lang)
    page.goto(f"{running.url}/odoo/action-distrib_inventory.action_backtest")
    page.locator(".o_data_row .o_data_cell[name=name]").first.click()
    page.wait_for_selector(".o_distrib_picture svg polyline")
    headline = page.locator(".o_field_widget[name=headline]").inner_text()
    assert "%" in headline
    assert bool(re.search(r"[\u4e00-\u9fff]", headline)) == (lang == "zh_CN")
    assert page.locator(".o_distrib_backtest_rules tbody tr").count() == 3


def test_a_planner_asks_and_the_question_waits(open_as, running):
    page = open_as("planner")
    page.goto(f"{running.url}/odoo/action-distrib_inventory.action_backtest")
    page.locator(".o_list_button_add").first.click()
    page.locator(".o_field_widget[name=name] input").fill("Another question")
    page.locator("button[name=action_run]:visible").first.click()
    page.wait_for_selector(".alert-info:visible")
    page.locator("button[name=action_stop]").click()
    page.wait_for_selector(".alert-danger:visible")
