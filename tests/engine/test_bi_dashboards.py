"""The dashboards in the add-on are those that the script builds."""

import json

import pytest

from tools import dashboards


@pytest.mark.parametrize("name", ["sales", "stock"])
def test_files_are_up_to_date(name, tmp_path):
    dashboards.write(tmp_path)
    file = f"{name}_dashboard.json"
    assert (tmp_path / file).read_text() == (dashboards.FILES / file).read_text(), "run: python -m tools.dashboards"


@pytest.mark.parametrize("build", [dashboards.sales, dashboards.stock])
def test_figures_do_not_overlap(build):
    figures = build()["sheets"][0]["figures"]
    boxes = [(f["offset"]["x"], f["offset"]["y"], f["width"], f["height"]) for f in figures]
    for i, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[:i]:
            beside = x >= other_x + other_width or other_x >= x + width
            below = y >= other_y + other_height or other_y >= y + height
            assert beside or below
    assert max(x + width for x, _y, width, _height in boxes) <= dashboards.WIDTH


@pytest.mark.parametrize("build", [dashboards.sales, dashboards.stock])
def test_scorecards_point_at_figures(build):
    data = build()
    cells = data["sheets"][1]["cells"]
    for figure in data["sheets"][0]["figures"]:
        for key in ("keyValue", "baseline"):
            if key in figure["data"]:
                sheet, cell = figure["data"][key].split("!")
                assert sheet == "Data" and cells[cell].startswith("=")
    assert json.dumps(data).count('\\"amount:sum\\"') == json.dumps(cells).count('\\"amount:sum\\"')
