import base64
import csv
import datetime
import hashlib
import io

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import sales_columns, sales_file, sales_read, stock_report

LINE_KEYS = {"sku": "product", "on_hand": "on_hand", "sold": "sold", "unit": "unit"}
MAX_API_LINES = 20_000


class StockReport(models.Model):
    """What a dealer or a store without our system says it has and has sold, as of a day.

    The raw file is stored first and then read like a file of daily sales. The latest report of a place and a day
    counts; the one it replaces is archived.
    """

    _name = "distrib.stock.report"
    _description = "Stock Report"
    _inherit = ["distrib.file.import", "mail.thread"]
    _order = "as_of desc, id desc"
    _check_company_auto = True

    _import_cron = "distrib_inventory.cron_stock_report"
    # a report names what there is; it creates neither products nor warehouses
    create_missing = False

    active = fields.Boolean(default=True, copy=False, help="Archived when a newer report of the same day replaced it.")
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('network_tier', 'in', ('dealer', 'store'))]",
    )
    company_id = fields.Many2one(related="warehouse_id.company_id", store=True, index=True)
    dealer_id = fields.Many2one(related="warehouse_id.dealer_id", store=True, string="Dealer")
    as_of = fields.Date(
        string="As of",
        required=True,
        default=fields.Date.context_today,
        index=True,
        help="Stock at the end of this day.",
    )
    source = fields.Selection(
        [("file", "File"), ("portal", "Portal"), ("api", "API")], default="file", required=True, readonly=True
    )
    request_key = fields.Char(readonly=True, copy=False, help="Tells a repeated request from a new one.")
    result = fields.Selection(
        [("imported", "Imported"), ("unchanged", "Nothing new: the same report as last time")],
        readonly=True,
        copy=False,
    )
    line_ids = fields.One2many("distrib.stock.report.line", "report_id", string="Lines", readonly=True)
    problem_data = fields.Json(readonly=True, copy=False)
    error_lines = fields.Text(readonly=True, copy=False)
    previous_id = fields.Many2one("distrib.stock.report", string="Last Report", readonly=True, copy=False)
    difference_count = fields.Integer(
        string="Products That Differ",
        readonly=True,
        copy=False,
        help="Products that differ by more than the tolerance.",
    )
    different_units = fields.Float(
        string="Units More or Less",
        readonly=True,
        copy=False,
        digits="Product Unit",
        help="Reported less expected, all products.",
    )

    _request_uniq = models.UniqueIndex("(request_key) WHERE request_key IS NOT NULL", "This was sent already.")

    @api.depends("warehouse_id", "as_of")
    def _compute_display_name(self):
        for report in self:
            report.display_name = f"{report.warehouse_id.name} {report.as_of}"

    @api.constrains("as_of")
    def _check_as_of(self):
        today = fields.Date.context_today(self)
        for report in self:
            if report.as_of > today:
                raise UserError(self.env._("A report cannot tell the stock of a day to come (%s).", report.as_of))

    def write(self, vals):
        if {"file", "warehouse_id", "as_of"} & vals.keys() and any(report.state != "draft" for report in self):
            raise UserError(self.env._("A report that was read is not changed; send a new one for the same day."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_read(self):
        if any(report.state in ("running", "done") for report in self):
            raise UserError(self.env._("A report that was read is archived rather than deleted."))

    # --- the file ----------------------------------------------------------------------------------------------

    @api.model
    def _targets(self):
        return stock_report.TARGETS

    def _open(self, place):
        """The opened file; raises UserError when its columns say too little."""
        opened = sales_read.open_file(place, self.file_name or "")
        missing = sales_columns.missing_targets(self._mapping(opened.headers), stock_report.TARGETS)
        if missing:
            names = {"product": self.env._("Product"), "on_hand": self.env._("On hand")}
            raise UserError(self.env._("The file has no column for: %s", ", ".join(names[name] for name in missing)))
        return opened

    @api.model
    def _mapping(self, headers):
        return sales_columns.guess_mapping(headers, stock_report.TARGETS)

    def _column_targets(self):
        with self._path() as place:
            return self._mapping(sales_read.open_file(place, self.file_name or "").headers)

    # --- entries -----------------------------------------------------------------------------------------------

    def action_start(self):
        """Read the stored file: a small one at once, a large one in the background."""
        for report in self:
            report._begin()
            if report.state == "running":
                if len(report.file) <= 4 << 20:
                    report._run(commit=False)
                else:
                    self.env.ref(self._import_cron)._trigger()
        return True

    def action_reset(self):
        if any(report.state != "failed" for report in self):
            raise UserError(self.env._("Only a report that failed can be read again."))
        self.line_ids.unlink()
        self.write(
            {"state": "draft", "message": False, "problem_data": False, "error_lines": False, "error_file": False}
        )
        return True

    def _begin(self):
        """Recognise the report of last time, and keep two workers apart."""
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        self._lock_place()
        self.invalidate_recordset(["state"])
        if self.state != "draft":
            raise UserError(self.env._("%s has been started already.", self.display_name))
        checksum = hashlib.sha256(base64.b64decode(self.file)).hexdigest()
        same = self._last_of_day()
        if same.checksum == checksum:
            counts = {name: same[name] for name in ("row_count", "good_count", "bad_count")}
            self.write({**counts, "checksum": checksum, "state": "done", "result": "unchanged", "active": False})
        else:
            counts = dict.fromkeys(("next_part", "row_count", "good_count", "bad_count"), 0)
            self.write({**counts, "checksum": checksum, "state": "running", "user_id": self.env.uid})

    def _lock_place(self):
        """One report of a place at a time, until the end of the transaction."""
        self.env.cr.execute("SELECT id FROM stock_warehouse WHERE id = %s FOR NO KEY UPDATE", (self.warehouse_id.id,))

    def _last_of_day(self):
        domain = [("warehouse_id", "=", self.warehouse_id.id), ("as_of", "=", self.as_of), ("state", "=", "done")]
        return self.search([*domain, ("id", "!=", self.id or 0)], order="id desc", limit=1)

    @api.model
    def submit(self, warehouse_code, as_of, lines):
        """Take in a stock report from an outside system (see docs/api.md). The same report again changes nothing.

        :param str warehouse_code: short name of the dealer's or store's warehouse
        :param str as_of: day, as 2024-03-28; stock at its end
        :param list lines: dicts with sku, on_hand, and where known sold (since the last report) and unit
        :return: dict with id, status (done, unchanged, running, failed), message, the counts, and ``errors``: line
            (from 0), field, value and reason of what was not taken
        :raise UserError: the arguments are not of this shape
        """
        self.check_access("create")
        warehouse = self.env["stock.warehouse"].search(
            [("code", "=", warehouse_code), ("company_id", "in", self.env.companies.ids)]
        )
        if len(warehouse) != 1:
            raise UserError(self.env._("There is no single warehouse %s.", warehouse_code))
        content = self._lines_as_csv(lines)
        return self._submit(warehouse, self._parse_day(as_of), "api.csv", content, "api")._answer()

    @api.model
    def _parse_day(self, text):
        try:
            return datetime.date.fromisoformat(text)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("%s is not a date (year first, as in 2024-03-28)", text)) from error

    @api.model
    def _lines_as_csv(self, lines):
        if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
            raise UserError(self.env._("The lines have to be a list of dictionaries."))
        if not 0 < len(lines) <= MAX_API_LINES:
            raise UserError(self.env._("A report has 1 to %s lines.", MAX_API_LINES))
        unknown = sorted(set().union(*lines) - LINE_KEYS.keys())
        if unknown:
            raise UserError(self.env._("Unknown fields: %s", ", ".join(unknown)))
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["sku", "on hand", "sold", "unit"])
        for line in lines:
            writer.writerow(["" if line.get(key) is None else str(line[key]) for key in LINE_KEYS])
        return text.getvalue().encode()

    @api.model
    def _submit(self, warehouse, as_of, file_name, content, source, request_key=None):
        """Store what was sent, then read it; returns the report that holds it, which may be an older one.

        :param bytes content: the raw file
        :param str request_key: the same key is the same request
        """
        draft = self.new({"warehouse_id": warehouse.id, "as_of": as_of})
        draft._lock_place()
        if request_key:
            sent = self.with_context(active_test=False).search([("request_key", "=", request_key)], limit=1)
            if sent:
                return sent
        same = draft._last_of_day()
        if same.checksum == hashlib.sha256(content).hexdigest():
            return same.with_context(distrib_unchanged=True)
        report = self.create(
            {
                "warehouse_id": warehouse.id,
                "as_of": as_of,
                "source": source,
                "file_name": file_name,
                "file": base64.b64encode(content),
                "request_key": request_key,
            }
        )
        report.action_start()
        return report

    def _answer(self):
        unchanged = self.env.context.get("distrib_unchanged")
        names = ("row_count", "good_count", "bad_count", "difference_count")
        return {
            "id": self.id,
            "status": "unchanged" if unchanged else self.state,
            "message": self.message or "",
            **{name: self[name] for name in names},
            "errors": [
                {"line": row["row"] - 2, "field": row["column"], "value": row["value"], "reason": row["reason"]}
                for row in self._problems()
            ],
        }

    def _reason(self, problem, targets):
        # a report knows no returns that could be accepted
        if problem.code == "negative":
            return self.env._("%s is negative", problem.value)
        return super()._reason(problem, targets)

    def _problems(self):
        """Bad cells in the reader's language: row, column, value, reason."""
        return [
            {
                "row": data["row"],
                "column": data["column"],
                "value": data["value"],
                "reason": self._reason(
                    sales_file.Problem(data["row"], data["column"], data["value"], data["code"], data["other"]),
                    data["targets"],
                ),
            }
            for data in self.problem_data or []
        ]

    def action_view_lines(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_stock_difference")
        return {**action, "domain": [("report_id", "=", self.id)], "context": {}}
