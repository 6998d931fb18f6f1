"""The network board as a planner uses it, in both languages, and two boards that see each other's changes."""

import io
import re
import time

import openpyxl
import pytest

ACTION = "distrib_inventory.action_network_board"
WORDS = {
    "en_US": {"title": "Network Board", "total": "Total", "available": "Available", "place": "East China"},
    "zh_CN": {"title": "库存全景", "total": "合计", "available": "可用", "place": "华东"},
}


def open_board(page, running):
    page.goto(f"{running.url}/odoo/action-{ACTION}")
    page.wait_for_selector(".o_board_row[data-key=total]")
    page.wait_for_selector(".o_board_live")


def number(text):
    return float(re.sub(r"[^\d.-]", "", text) or 0)


def cell(page, key, column):
    return page.locator(f".o_board_row[data-key={key}] [data-column={column}]")


def settled(page):
    """Wait until what was typed or clicked has been answered."""
    page.wait_for_timeout(250)
    page.wait_for_selector("[role=treegrid][aria-busy=false], [role=treegrid]:not([aria-busy])")


@pytest.mark.parametrize("lang", sorted(WORDS))
def test_planner_finds_goods_in_a_place(open_as, running, lang):
    page, words = open_as("planner", lang), WORDS[lang]
    open_board(page, running)
    assert words["title"] in page.locator(".o_control_panel").inner_text()
    assert words["total"] in page.locator(".o_board_row[data-key=total]").inner_text()
    assert words["available"] in page.locator(".o_board_titles").inner_text()
    everything = number(cell(page, "total", "on_hand").inner_text())
    positions = running.call("planner", "distrib.position", "read_positions")
    assert everything == round(sum(row["on_hand"] for row in positions))

    code = running.call("planner", "product.product", "search_read", [("default_code", "like", "SKU")], limit=1)[0]
    page.keyboard.press("/")
    page.keyboard.type(f"{words['place']} {code['default_code']}", delay=20)
    page.wait_for_selector(f".badge:has-text('{code['default_code']}')")
    settled(page)
    place = running.call("planner", "distrib.region", "search", [("code", "=", "CN-E")])
    inside = running.call("planner", "stock.warehouse", "search", [("region_id", "child_of", place)])
    expected = sum(r["on_hand"] for r in positions if r["product_id"] == code["id"] and r["warehouse_id"] in inside)
    assert number(cell(page, "total", "on_hand").inner_text()) == round(expected)
    if lang == "zh_CN":
        texts = page.locator(".o_board_bar, .o_board_legend, .o_board_titles").all_inner_texts()
        left = re.sub(r"SKU\d+", "", " ".join(texts))
        assert not re.search(r"[A-Za-z]{3,}", left), left


def test_keyboard_opens_rows_and_what_is_behind_a_number(open_as, running):
    page = open_as("planner")
    open_board(page, running)
    page.keyboard.press("/")
    page.keyboard.type("CD01")
    page.wait_for_selector(".badge:has-text('CD01')")
    settled(page)
    page.keyboard.press("ArrowDown")
    for _step in range(12):
        focused = page.evaluate("document.activeElement.closest('.o_board_row')?.dataset.key || ''")
        if focused.startswith("w"):
            break
        page.keyboard.press("ArrowDown")
    key = focused
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f".o_board_row[data-key={key}][aria-expanded=true]")
    page.wait_for_selector(f".o_board_row[data-key^={key}p]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".o_list_view .o_data_row")
    page.locator(".o_control_panel .breadcrumb a, .o_control_panel .o_back_button").first.click()
    page.wait_for_selector(f".o_board_row[data-key={key}]")
    assert page.locator(".o_board_search input").input_value() == "CD01", "the board is as it was left"


def test_filters_by_status_and_tier(open_as, running):
    page = open_as("planner")
    open_board(page, running)
    page.locator("[data-by=supply]").click()
    settled(page)
    page.locator(".o_board_short").click()
    page.wait_for_selector("[data-status=low].active")
    settled(page)
    counts = [number(text) for text in page.locator(".o_board_chip").all_inner_texts()]
    short = running.call("planner", "distrib.board", "load", {"statuses": ["low", "out", "negative"]})["total"]
    assert counts == short["counts"] and sum(counts[:4]) == 0
    page.locator(".o_board_clear").click()
    page.locator(".o_board_filters").click()
    page.locator(".o-dropdown--menu .o-dropdown-item:has-text('Store')").click()
    page.keyboard.press("Escape")
    settled(page)
    assert not page.locator(".o_board_row:has-text('CD01')").count()


def test_map_selects_the_row(open_as, running):
    page = open_as("planner")
    open_board(page, running)
    page.locator(".o_board_to_map").click()
    page.wait_for_selector(".o_board_marker")
    marker = page.locator(".o_board_marker").last
    key = marker.get_attribute("data-key")
    marker.click(force=True)
    page.wait_for_selector(f".o_board_row.o_board_current[data-key={key}]")
    page.locator(".o_board_map svg").first.focus()
    before = page.locator(".o_board_map svg > g").first.get_attribute("transform")
    page.keyboard.press("+")
    page.wait_for_function(
        "before => document.querySelector('.o_board_map svg > g').getAttribute('transform') !== before", arg=before
    )


def test_export_holds_what_is_shown(open_as, running):
    page = open_as("planner")
    open_board(page, running)
    total = number(cell(page, "total", "on_hand").inner_text())
    page.locator(".o_board_export").click()
    with page.expect_download() as download:
        page.locator(".o-dropdown--menu .o-dropdown-item").first.click()
    content = download.value.path().read_bytes()
    rows = [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)]
    assert rows[1][rows[0].index("On Hand")] == pytest.approx(total, abs=0.5)
    shown = page.locator("[role=treegrid]").get_attribute("aria-rowcount")
    assert len(rows) == int(shown)


def delivery(running, code):
    """A draft delivery of three pieces of something that lies free in a warehouse: (picking id, product's code)."""
    free = [
        ("location_id.usage", "=", "internal"),
        ("location_id.warehouse_id.code", "=", code),
        ("quantity", ">", 20),
        ("reserved_quantity", "=", 0),
        ("lot_id", "=", False),
        ("owner_id", "=", False),
    ]
    quant = running.call("manager", "stock.quant", "search_read", free, ["product_id", "location_id"], limit=1)[0]
    product = running.call("manager", "product.product", "read", [quant["product_id"][0]], ["default_code", "uom_id"])[
        0
    ]
    ends = {
        "location_id": quant["location_id"][0],
        "location_dest_id": running.call("manager", "stock.location", "search", [("usage", "=", "customer")])[0],
    }
    kinds = [("code", "=", "outgoing"), ("warehouse_id.code", "=", code)]
    move = {"product_id": product["id"], "product_uom_qty": 3, "product_uom": product["uom_id"][0], **ends}
    values = {
        "picking_type_id": running.call("manager", "stock.picking.type", "search", kinds)[0],
        "move_ids": [(0, 0, move)],
        **ends,
    }
    return running.call("manager", "stock.picking", "create", values), product["default_code"]


def test_a_reservation_reaches_other_boards_in_two_seconds(open_as, running):
    picking, code = delivery(running, "CD01")
    pages = [open_as("planner"), open_as("manager")]
    for page in pages:
        open_board(page, running)
        page.fill(".o_board_search input", f"CD01 {code}")
        page.wait_for_selector(f".badge:has-text('{code}')")
        settled(page)
        page.evaluate("window.notReloaded = true")
    before = number(cell(pages[0], "total", "reserved").inner_text())
    pages[0].wait_for_timeout(1500)  # the subscription reaches the server over the websocket
    running.call("manager", "stock.picking", "action_confirm", [picking])
    start = time.monotonic()
    for page in pages:
        page.wait_for_function(
            "value => Number(document.querySelector('.o_board_row[data-key=total] [data-column=reserved]')"
            ".innerText.replace(/[^0-9.-]/g, '')) === value",
            arg=before + 3,
            timeout=5000,
        )
    assert time.monotonic() - start < 2
    assert all(page.evaluate("window.notReloaded") for page in pages)


def test_a_reload_and_a_link_show_the_same_board(open_as, running):
    page = open_as("planner")
    open_board(page, running)
    page.fill(".o_board_search input", "CD01")
    page.wait_for_selector(".badge:has-text('CD01')")
    page.locator("[data-by=supply]").click()
    page.locator(".o_board_short").click()
    page.locator(".o_board_titles [data-column=available]").click()
    page.locator(".o_board_to_map").click()
    page.wait_for_selector(".o_board_marker")
    settled(page)
    total = cell(page, "total", "on_hand").inner_text()
    page.wait_for_function("location.search.includes('view=map')")

    def is_the_same(other):
        other.wait_for_selector(".o_board_marker")
        other.wait_for_selector(".badge:has-text('CD01')")
        assert other.locator(".o_board_search input").input_value() == "CD01"
        assert other.locator("[data-by=supply].active").count()
        assert other.locator(".o_board_chip.active").count() == 3
        assert other.locator("[data-column=available][aria-sort=descending]").count()
        assert cell(other, "total", "on_hand").inner_text() == total

    page.reload()
    is_the_same(page)
    friend = open_as("manager")
    friend.goto(page.url)
    is_the_same(friend)

    page.locator(".o_board_clear").click()
    page.fill(".o_board_search input", "")
    page.wait_for_function("!location.search.includes('CD01') && !location.search.includes('statuses')")
    page.reload()
    page.wait_for_selector(".o_board_marker")
    assert not page.locator(".o_board_search input").input_value()
    assert not page.locator(".o_board_chip.active").count()


def test_the_menu_opens_the_whole_board(open_as, running):
    page = open_as("planner")
    page.goto(f"{running.url}/odoo/network-board?by=category&search=CD01")
    page.wait_for_selector(".badge:has-text('CD01')")
    assert page.locator("[data-by=category].active").count()
    page.locator(".o_menu_sections [data-menu-xmlid='distrib_inventory.menu_stock']").click()
    page.locator("[data-menu-xmlid='distrib_inventory.menu_network_board']").click()
    page.wait_for_selector("[data-by=region].active")
    assert not page.locator(".o_board_search input").input_value()


def test_a_product_stays_pinned_after_a_reload_until_it_is_let_go(open_as, running):
    page = open_as("planner")
    product = running.call("planner", "product.product", "search_read", [("default_code", "like", "SKU")], limit=1)[0]
    page.goto(f"{running.url}/odoo/action-product.product_normal_action_sell/{product['id']}")
    # A product has more buttons than a form shows: those that find no room stand behind "More".
    page.wait_for_selector(".oe_stat_button, .o_button_more")
    if not page.locator("button[name=action_network_board]").count():
        page.locator(".o_button_more").click()
    page.locator("button[name=action_network_board]").first.click()
    page.wait_for_selector(".o_board_subject_close")
    pinned = cell(page, "total", "on_hand").inner_text()
    page.wait_for_function("location.search.includes('products=')")
    page.reload()
    page.wait_for_selector(".o_board_subject_close")
    assert cell(page, "total", "on_hand").inner_text() == pinned
    page.locator(".o_board_subject_close").click()
    page.wait_for_function("!location.search.includes('products=')")
    page.reload()
    page.wait_for_selector(".o_board_row[data-key=total]")
    assert not page.locator(".o_board_subject_close").count()
    assert number(cell(page, "total", "on_hand").inner_text()) > number(pinned)


@pytest.mark.parametrize("lang", sorted(WORDS))
def test_on_a_phone_the_figures_have_room(open_as, running, lang):
    page = open_as("planner", lang, phone=True)
    page.goto(f"{running.url}/odoo/network-board")
    page.wait_for_selector(".o_board_row[data-key=total]")
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    for column in ("on_hand", "reserved"):
        box = cell(page, "total", column).bounding_box()
        assert box["x"] + box["width"] <= width, f"{column} is on the screen"
    table = page.locator("[role=treegrid]").bounding_box()
    assert table["height"] > 0.6 * height
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    first = page.locator(".o_board_row[data-key^=w] .o_board_first").first
    key = first.locator("xpath=..").get_attribute("data-key")
    first.click()
    page.wait_for_selector(f".o_board_row[data-key^={key}p]")
    badge = page.locator(f".o_board_row[data-key^={key}p] .o_board_badge").first
    status = page.locator(f".o_board_row[data-key^={key}p] .o_board_status").first.bounding_box()
    box = badge.bounding_box()
    assert box["x"] + box["width"] <= status["x"] + status["width"], "the sign stays in its column"
    assert badge.get_attribute("aria-label")
