"""Build the JSON of the dashboards into distrib_bi/data/files: ``python -m tools.dashboards``.

A dashboard is a spreadsheet: one visible sheet with figures and pivot formulas, one hidden sheet "Data" with the
numbers behind the scorecards. Building it keeps ids stable, so that a change shows as a small difference.
"""

import json
import uuid
from pathlib import Path

FILES = Path(__file__).resolve().parent.parent / "addons" / "distrib_bi" / "data" / "files"
VERSION = "18.5.10"
SALES, STOCK = "distrib.sales.report", "distrib.position.report"
WIDTH, GAP, TOP = 1000, 10, 10
COLUMNS = (300, 100, 95, 10, 300, 100, 95)
ROW = 23
GREY, TEAL = "#434343", "#01666b"
LARGE = "=FORMAT.LARGE.NUMBER({cell})"


def stable_id(*names: str) -> str:
    """The same id for the same names, whenever it is built."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("distrib_bi", *names))))


class Dashboard:
    """Collects filters, pivots, figures and cells of one dashboard; ``key`` names its file."""

    def __init__(self, key: str, model: str):
        self.key, self.model = key, model
        self.filters: list[dict] = []
        self.chains: dict[str, dict] = {}
        self.pivots: dict[str, dict] = {}
        self.figures: list[dict] = []
        self.cells: dict[str, str] = {}
        self.data: dict[str, str] = {}
        self.styles: dict[str, int] = {}
        self.rows: dict[str, dict] = {}

    def date_filter(self, label: str, field: str, default: str):
        ident = stable_id(self.key, "filter", field)
        self.filters.append({"id": ident, "type": "date", "label": label, "defaultValue": default})
        self.chains[ident] = {"chain": field, "type": "date", "offset": 0}

    def relation_filter(self, label: str, field: str, model: str, children: bool = False):
        ident = stable_id(self.key, "filter", field)
        self.filters.append(
            {
                "id": ident,
                "type": "relation",
                "label": label,
                "modelName": model,
                "defaultValueDisplayNames": [],
                "includeChildren": children,
            }
        )
        self.chains[ident] = {"chain": field, "type": "many2one"}

    def matching(self, offset: int = 0, dated: bool = True) -> dict:
        """How the filters apply: ``offset`` periods back, or not by date at all."""
        matched = {}
        for ident, chain in self.chains.items():
            if chain["type"] == "date":
                if dated:
                    matched[ident] = {**chain, "offset": offset}
            else:
                matched[ident] = dict(chain)
        return matched

    def pivot(self, name, measures, rows=(), domain=(), sort=None, offset=0, dated=True) -> str:
        """Add a pivot; measures and ``sort`` as "field:aggregator". Returns its number for formulas."""
        number = str(len(self.pivots) + 1)
        self.pivots[number] = {
            "type": "ODOO",
            "id": number,
            "formulaId": number,
            "name": name,
            "model": self.model,
            "domain": [list(term) if isinstance(term, tuple) else term for term in domain],
            "context": {},
            "measures": [
                {"id": m, "fieldName": m.split(":")[0], **({"aggregator": m.split(":")[1]} if ":" in m else {})}
                for m in measures
            ],
            "columns": [],
            "rows": [{"fieldName": row} for row in rows],
            "sortedColumn": {"measure": sort, "order": "desc", "domain": []} if sort else None,
            "fieldMatching": self.matching(offset, dated),
        }
        return number

    def figure(self, name: str, data: dict, x: int, y: int, width: int, height: int):
        ident = stable_id(self.key, "figure", name)
        self.figures.append(
            {
                "id": ident,
                "tag": "chart",
                "width": width,
                "height": height,
                "col": 0,
                "row": 0,
                "offset": {"x": x, "y": y},
                "data": {**data, "chartId": ident},
            }
        )

    def scorecard(self, place: int, count: int, title: str, key: str, baseline: str = "", text: str = ""):
        """The ``place``-th of ``count`` in the first row; ``key`` and ``baseline`` are cells of the data sheet."""
        width = (WIDTH - GAP * (count - 1)) // count
        data = {
            "type": "scorecard",
            "title": {"text": title, "bold": True, "color": GREY},
            "background": ("#EFF6FF", "#FFF7ED", "#ECFDF5", "#FEF2F2")[place % 4],
            "keyValue": f"Data!{key}",
            "humanize": False,
            "baselineMode": "percentage" if baseline else "text",
            "baselineColorUp": "#00A04A",
            "baselineColorDown": "#DC6965",
        }
        if baseline:
            data |= {"baseline": f"Data!{baseline}", "baselineDescr": {"text": text}}
        self.figure(title, data, place * (width + GAP), TOP, width, 100)

    def chart(self, kind, title, group, measure, x, y, width, height, domain=(), order=None):
        data = {
            "type": f"odoo_{kind}",
            "title": {"text": title, "bold": True, "color": TEAL, "fontSize": 14},
            "background": "#FFFFFF",
            "legendPosition": "none",
            "metaData": {
                "groupBy": [group],
                "measure": measure,
                "order": order,
                "resModel": self.model,
                "mode": kind,
                "cumulatedStart": False,
            },
            "searchParams": {
                "comparison": None,
                "context": {"group_by": []},
                "domain": [list(term) if isinstance(term, tuple) else term for term in domain],
                "groupBy": [group],
                "orderBy": [],
            },
            "dataSets": [{}],
            "verticalAxisPosition": "left",
            "stacked": False,
            "humanize": True,
            "axesDesign": {},
            "fieldMatching": self.matching(),
        }
        if kind == "line":
            data |= {"fillArea": True, "cumulatedStart": False}
        if kind == "bar":
            data["horizontal"] = False
        self.figure(title, data, x, y, width, height)

    def table(self, cell: str, title: str, headers: tuple[str, ...], pivot: str, count: int):
        """A title, headers and the first rows of a pivot, whose own header is its name and has no translation."""
        column, row = ord(cell[0]), int(cell[1:])
        first, last = chr(column), chr(column + 2)
        self.cells[cell] = f'=_t("{title}")'
        for place, header in enumerate(headers):
            self.cells[f"{chr(column + place)}{row + 1}"] = f'=_t("{header}")'
        self.cells[f"{first}{row + 2}"] = f"=PIVOT({pivot}, {count}, FALSE, FALSE, {len(headers) - 1}, FALSE)"
        self.styles[cell] = 1
        self.styles[f"{first}{row + 1}"] = 2
        self.styles[f"{chr(column + 1)}{row + 1}:{last}{row + 1}"] = 4
        self.styles[f"{first}{row + 2}:{last}{row + 1 + count}"] = 3
        self.rows[str(row - 1)] = {"size": 36}

    def build(self, rows: int) -> dict:
        return {
            "version": VERSION,
            "sheets": [
                self._sheet(
                    "sheet1", "Dashboard", self.cells, rows, COLUMNS, self.figures, self.styles, self.rows, True
                ),
                self._sheet("data", "Data", self.data, 20, (220, 150, 150, 150, 150), [], {"A1:E1": 2}, {}, False),
            ],
            "styles": {
                "1": {"textColor": TEAL, "bold": True, "fontSize": 14},
                "2": {"bold": True, "textColor": GREY, "fillColor": "#f2f2f2"},
                "3": {"textColor": GREY},
                "4": {"bold": True, "textColor": GREY, "fillColor": "#f2f2f2", "align": "right"},
            },
            "formats": {},
            "borders": {},
            "revisionId": "START_REVISION",
            "uniqueFigureIds": True,
            "settings": {
                "locale": {
                    "name": "English (US)",
                    "code": "en_US",
                    "thousandsSeparator": ",",
                    "decimalSeparator": ".",
                    "dateFormat": "mm/dd/yyyy",
                    "timeFormat": "hh:mm:ss",
                    "formulaArgSeparator": ",",
                    "weekStart": 1,
                }
            },
            "pivots": self.pivots,
            "pivotNextId": len(self.pivots) + 1,
            "customTableStyles": {},
            "globalFilters": self.filters,
            "lists": {},
            "listNextId": 1,
            "chartOdooMenusReferences": {},
        }

    @staticmethod
    def _sheet(ident, name, cells, rows, columns, figures, styles, sizes, visible) -> dict:
        return {
            "id": ident,
            "name": name,
            "colNumber": len(columns),
            "rowNumber": rows,
            "rows": sizes,
            "cols": {str(place): {"size": size} for place, size in enumerate(columns)},
            "merges": [],
            "cells": cells,
            "styles": styles,
            "formats": {},
            "borders": {},
            "conditionalFormats": [],
            "dataValidationRules": [],
            "figures": figures,
            "tables": [],
            "areGridLinesVisible": not visible,
            "isVisible": visible,
            "headerGroups": {"ROW": [], "COL": []},
            "comments": {},
        }


def _figures(board: Dashboard, lines: list[tuple[str, str, str]]):
    """Rows of the data sheet: label, formula of the period, formula before; then both shortened for display."""
    board.data |= {"A1": '=_t("Figure")', "B1": '=_t("Current")', "C1": '=_t("Before")'}
    for row, (label, current, before) in enumerate(lines, start=2):
        board.data |= {f"A{row}": f'=_t("{label}")', f"B{row}": current}
        board.data[f"D{row}"] = LARGE.format(cell=f"B{row}")
        if before:
            board.data |= {f"C{row}": before, f"E{row}": LARGE.format(cell=f"C{row}")}


def sales() -> dict:
    board = Dashboard("sales", SALES)
    board.date_filter("Period", "day", "last_90_days")
    board.relation_filter("Region", "region_id", "distrib.region", children=True)
    board.relation_filter("Channel", "channel_id", "distrib.channel")
    board.relation_filter("Category", "categ_id", "product.category", children=True)
    both = ["amount:sum", "order_id:count_distinct"]
    now, before = board.pivot("Current", both), board.pivot("Before", both, offset=-1)
    # The first of the month to today, and the same days of the month before, whatever the period of the filter.
    month = [("day", ">=", "=1d"), ("day", "<=", "today")]
    earlier = [("day", ">=", "=1d -1m"), ("day", "<=", "today -1m")]
    this_month = board.pivot("Month", both[:1], domain=month, dated=False)
    last_month = board.pivot("Month before", both[:1], domain=earlier, dated=False)
    amount, orders = '=PIVOT.VALUE({},"amount:sum")', '=PIVOT.VALUE({},"order_id:count_distinct")'
    _figures(
        board,
        [
            ("Sales", amount.format(now), amount.format(before)),
            ("Orders", orders.format(now), orders.format(before)),
            ("Average order", "=IFERROR(B2/B3,0)", "=IFERROR(C2/C3,0)"),
            ("Month to date", amount.format(this_month), amount.format(last_month)),
        ],
    )
    text = "since last period"
    for place, title in enumerate(("Sales", "Orders", "Average order")):
        board.scorecard(place, 4, title, f"D{place + 2}", f"E{place + 2}", text)
    board.scorecard(3, 4, "Month to date", "D5", "E5", "on last month")
    board.chart("line", "Sales by week", "day:week", "amount", 0, 125, WIDTH, 260)
    half = (WIDTH - GAP) // 2
    bars = (
        ("Sales by area", "area_id"),
        ("Sales by channel", "channel_id"),
        ("Sales by dealer tier", "dealer_tier_id"),
        ("Sales by category", "categ_id"),
    )
    for place, (title, group) in enumerate(bars):
        board.chart(
            "bar", title, group, "amount", place % 2 * (half + GAP), 400 + place // 2 * 270, half, 260, order="DESC"
        )
    measures = ["quantity:sum", "amount:sum"]
    products = board.pivot("Product", measures, ["product_id"], [("product_id", "!=", False)], "amount:sum")
    dealers = board.pivot("Dealer", [both[1], both[0]], ["dealer_id"], [("dealer_id", "!=", False)], "amount:sum")
    row = 950 // ROW + 1
    board.table(f"A{row}", "Top products", ("Product", "Quantity", "Sales"), products, 10)
    board.table(f"E{row}", "Top dealers", ("Dealer", "Orders", "Sales"), dealers, 10)
    return board.build(row + 14)


def stock() -> dict:
    board = Dashboard("stock", STOCK)
    board.relation_filter("Region", "region_id", "distrib.region", children=True)
    board.relation_filter("Warehouse", "warehouse_id", "stock.warehouse")
    board.relation_filter("Category", "categ_id", "product.category", children=True)
    everything = board.pivot("Stock", ["on_hand:sum", "available:sum", "incoming:sum", "owned_on_hand:sum"])
    empty = board.pivot("Out of stock", ["__count"], domain=[("available", "<=", 0), ("dealer_id", "=", False)])
    value = '=PIVOT.VALUE({},"{}")'
    _figures(
        board,
        [
            ("On hand", value.format(everything, "on_hand:sum"), ""),
            ("Available", value.format(everything, "available:sum"), ""),
            ("Incoming", value.format(everything, "incoming:sum"), ""),
            ("At dealers", value.format(everything, "owned_on_hand:sum"), ""),
            ("Out of stock", value.format(empty, "__count"), ""),
        ],
    )
    for place, title in enumerate(("On hand", "Available", "Incoming", "At dealers", "Out of stock")):
        board.scorecard(place, 5, title, f"D{place + 2}")
    half = (WIDTH - GAP) // 2
    ours = [("dealer_id", "=", False)]
    board.chart("bar", "Available by tier", "network_tier", "available", 0, 125, half, 260, domain=ours)
    board.chart("bar", "Available by category", "categ_id", "available", half + GAP, 125, half, 260, domain=ours)
    board.chart(
        "bar", "Available by warehouse", "warehouse_id", "available", 0, 395, WIDTH, 270, domain=ours, order="DESC"
    )
    gaps = board.pivot("Warehouse", ["__count"], ["warehouse_id"], [("available", "<=", 0), *ours], "__count")
    most = board.pivot("Product", ["available:sum", "incoming:sum"], ["product_id"], ours, "available:sum")
    row = 690 // ROW + 1
    board.table(f"A{row}", "Most in stock", ("Product", "Available", "Incoming"), most, 10)
    board.table(f"E{row}", "Products without stock, by warehouse", ("Warehouse", "Products"), gaps, 10)
    return board.build(row + 14)


def write(folder: Path = FILES) -> None:
    """Write both files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in (("sales", sales), ("stock", stock)):
        text = json.dumps(build(), ensure_ascii=False, indent=1) + "\n"
        (folder / f"{name}_dashboard.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
