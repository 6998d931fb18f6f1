"""The planner's day: exceptions first, a decision taken back, a change in bulk, an obstacle removed; in both languages."""

import re

import pytest

LANGUAGES = ("en_US", "zh_CN")
ACTION = "distrib_inventory.action_distrib_proposal"


def open_list(page, running):
    page.goto(f"{running.url}/odoo/action-{ACTION}")
    page.wait_for_selector(".distrib_proposal_day button[name=urgent]")


def tile(page, name):
    """The count on a tile."""
    return int(page.locator(f".distrib_proposal_day button[name={name}] .fs-3").inner_text())


def show(page, name):
    page.click(f".distrib_proposal_day button[name={name}]")
    page.wait_for_selector(f".distrib_proposal_day button[name={name}].active")


def count(running, *domain):
    return running.call("planner", "distrib.proposal", "search_count", [("state", "=", "open"), *domain])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_urgent_ones_first_with_reason_and_consequence(open_as, running, lang):
    page = open_as("planner", lang)
    open_list(page, running)
    urgent, everything = tile(page, "urgent"), tile(page, "open")
    assert urgent == count(running, ("is_urgent", "=", True))
    assert 0 < urgent < everything / 4, "not everything can be urgent"
    show(page, "urgent")
    page.wait_for_function("n => document.querySelector('.o_pager_limit')?.textContent === String(n)", arg=urgent)
    page.locator(".o_data_row .o_data_cell[name=product_id]").first.click()
    page.wait_for_selector(".o_form_view .o_field_widget[name=reason]")
    texts = [page.locator(f".o_form_view .o_field_widget[name={n}]").inner_text() for n in ("reason", "consequence")]
    for text in texts:
        assert re.search(r"\d", text)
        assert bool(re.search(r"[\u4e00-\u9fff]{2}", text)) == (lang == "zh_CN"), text
    page.wait_for_selector(".o_form_view canvas")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_accepted_and_taken_back(open_as, running, lang):
    page = open_as("planner", lang)
    open_list(page, running)
    before = tile(page, "open")
    page.locator(".o_data_row button[name=action_accept]").first.click()
    page.wait_for_selector(".o_notification_buttons button")
    page.wait_for_function(
        "n => Number(document.querySelector('.distrib_proposal_day button[name=open] .fs-3').textContent) === n",
        arg=before - 1,
    )
    page.click(".o_notification_buttons button")
    page.wait_for_function(
        "n => Number(document.querySelector('.distrib_proposal_day button[name=open] .fs-3').textContent) === n",
        arg=before,
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_several_are_snoozed_at_once(open_as, running, lang):
    page = open_as("planner", lang)
    open_list(page, running)
    before = tile(page, "open")
    for row in range(3):
        page.locator(".o_data_row .o_list_record_selector input").nth(row).check()
    page.click(".o_control_panel button[name=action_snooze], .o_list_view button[name=action_snooze]")
    page.wait_for_selector(".modal .o_field_widget[name=until]")
    page.click(".modal button[name=action_confirm]")
    page.wait_for_function(
        "n => Number(document.querySelector('.distrib_proposal_day button[name=open] .fs-3').textContent) === n",
        arg=before - 3,
    )
    page.click(".o_notification_buttons button")
    page.wait_for_function(
        "n => Number(document.querySelector('.distrib_proposal_day button[name=open] .fs-3').textContent) === n",
        arg=before,
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_from_the_obstacle_to_its_remedy(open_as, running, lang):
    page = open_as("planner", lang)
    open_list(page, running)
    if not tile(page, "blocked"):
        pytest.skip("nothing is blocked in this demo network")
    show(page, "blocked")
    page.wait_for_selector(".o_data_row button[name=action_remedy]")
    page.locator(".o_data_row button[name=action_remedy]").first.click()
    page.wait_for_selector(".o_breadcrumb")
    page.wait_for_function("() => !document.querySelector('.distrib_proposal_day button[name=blocked].active')")
