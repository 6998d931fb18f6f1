import io
import json

import xlsxwriter
from odoo.exceptions import AccessError
from odoo.http import Controller, content_disposition, request, route
from werkzeug.exceptions import BadRequest, Forbidden


class BoardExport(Controller):
    @route("/distrib/board/export", type="http", auth="user", methods=["POST"], readonly=True)
    def export(self, query="{}", expanded="[]", columns="[]", mode="shown"):
        """What the board shows, or every pair that its filters let through, as XLSX."""
        try:
            query, expanded, columns = json.loads(query), json.loads(expanded), json.loads(columns)
        except ValueError as error:
            raise BadRequest from error
        if not (isinstance(query, dict) and isinstance(expanded, list) and isinstance(columns, list)):
            raise BadRequest
        board = request.env["distrib.board"]
        try:
            sheet = (
                board.export_pairs(query, columns) if mode == "pairs" else board.export_shown(query, expanded, columns)
            )
        except AccessError as error:
            raise Forbidden(str(error)) from error
        return request.make_response(
            _workbook(sheet),
            headers=[
                ("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                ("Content-Disposition", content_disposition(f"{sheet['title']}.xlsx")),
            ],
        )


def _workbook(sheet):
    """A sheet of a header and rows; rows are (level, values), and levels become Excel's outline."""
    output = io.BytesIO()
    # In constant memory, rows go straight to a temporary file, so the size of the sheet does not matter.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(output, options)
    page = book.add_worksheet(sheet["title"][:31])
    bold, number = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "#,##0.##"})
    page.freeze_panes(1, sheet["text_columns"])
    for column, width in enumerate(sheet["widths"]):
        page.set_column(column, column, width)
    page.write_row(0, 0, sheet["header"], bold)
    for place, (level, values) in enumerate(sheet["rows"], start=1):
        if level:
            page.set_row(place, None, None, {"level": min(level, 7)})
        for column, value in enumerate(values):
            if value is None:
                continue
            if isinstance(value, str):
                page.write_string(place, column, value)
            else:
                page.write_number(place, column, value, number)
    book.close()
    return output.getvalue()
