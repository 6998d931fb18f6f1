import base64
import csv
import hashlib
import io

from odoo import api, fields, models
from odoo.addons.distrib_inventory.engine import sales_columns, sales_read
from odoo.addons.distrib_inventory.models.file_import import ERROR_COLUMNS
from odoo.exceptions import UserError

from ..engine import order_file
from .channel import ORDER_DESK

PART = 200  # orders in one transaction
SMALL = 1 << 20


class OrderFile(models.Model):
    """A file of orders of one channel: stored, read, and its orders put into the inbox like all others."""

    _name = "distrib.order.file"
    _description = "File of Orders"
    _inherit = ["distrib.file.import", "mail.thread"]
    _order = "id desc"
    _rec_name = "file_name"

    _import_cron = "distrib_orders.cron_order_file"

    channel_id = fields.Many2one(
        "distrib.channel",
        required=True,
        index=True,
        ondelete="restrict",
        domain=[("kind", "in", ("file", "manual", "api"))],
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    order_count = fields.Integer(string="Orders", readonly=True, copy=False)
    held_count = fields.Integer(string="Held or Failed", readonly=True, copy=False)
    unchanged_count = fields.Integer(
        string="Known Before", readonly=True, copy=False, help="Orders that were received before with this content."
    )
    error_lines = fields.Text(readonly=True, copy=False)

    _content_idx = models.Index("(channel_id, checksum)")

    @api.model
    def _check_desk(self):
        if not self.env.su and not any(self.env.user.has_group(group) for group in ORDER_DESK):
            raise UserError(self.env._("Only order clerks and channel managers can submit orders."))

    @api.model
    def _targets(self):
        return order_file.TARGETS

    def _mapping(self, headers):
        known = [header for header in headers if header not in ERROR_COLUMNS]
        return sales_columns.guess_mapping(known, order_file.TARGETS)

    def _column_targets(self):
        with self._path() as place:
            return self._mapping(sales_read.open_file(place, self.file_name or "").headers)

    def write(self, vals):
        if {"file", "channel_id"} & vals.keys() and any(job.state not in ("draft", "failed") for job in self):
            raise UserError(self.env._("A file that was read is not changed; import another one."))
        return super().write(vals)

    # --- entries ---------------------------------------------------------------------------------------------

    def action_start(self):
        """Read the file: a small one at once, a large one in the background."""
        self._check_desk()
        for job in self:
            job._begin()
            if len(job.file) <= SMALL:
                job._run(commit=False)
            else:
                self.env.ref(self._import_cron)._trigger()
        return True

    def action_reset(self):
        self.filtered(lambda job: job.state == "failed").write(
            {"state": "draft", "message": False, "error_lines": False, "error_file": False}
        )
        return True

    def _begin(self):
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("%s has been started already.", self.display_name))
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        counts = dict.fromkeys(
            ("next_part", "row_count", "good_count", "bad_count", "order_count", "held_count", "unchanged_count"), 0
        )
        checksum = hashlib.sha256(base64.b64decode(self.file)).hexdigest()
        self.write({**counts, "checksum": checksum, "state": "running", "user_id": self.env.uid})

    # --- parts -----------------------------------------------------------------------------------------------

    def _run_parts(self, opened, commit, report):
        mapping = self._mapping(opened.headers)
        missing = sales_columns.missing_targets(mapping, order_file.TARGETS)
        if missing:
            names = {
                "external_id": self.env._("Order number"),
                "sku": self.env._("Product code"),
                "quantity": self.env._("Quantity"),
            }
            raise UserError(self.env._("The file has no column for: %s", ", ".join(names[name] for name in missing)))
        rows, broken = self._read_rows(opened)
        orders = list(order_file.group([(number, self._cells(row, mapping)) for number, row in rows]))
        self.expected_rows = len(rows) + len(broken)
        table = dict(rows)
        parts = range(0, max(len(orders), 1), PART)
        for number, start in enumerate(parts):
            if number < self.next_part:
                continue
            self._lock_part(number)
            self._write_part(number, orders[start : start + PART], table, mapping, broken if not number else [])
            if commit:
                self._checkpoint()

    def _read_rows(self, opened):
        """([(line in the file, {header: text})], lines with a wrong number of cells)"""
        rows, broken = [], []
        for chunk in opened.chunks():
            broken += chunk.broken
            cells = chunk.table.to_pylist()
            rows += [
                (int(number), row)
                for number, row in zip(chunk.rows, cells, strict=True)
                if any(value not in (None, "") for value in row.values())
            ]
        return rows, broken

    def _cells(self, row, mapping):
        return {target: "" if row.get(header) is None else str(row[header]) for header, target in mapping.items()}

    def _write_part(self, number, orders, table, mapping, broken):
        good = [found for found in orders if not found.problems]
        outcomes = self._take_orders([found.order for found in good])
        bad = [found for found in orders if found.problems]
        self.write(
            {
                "next_part": number + 1,
                "row_count": self.row_count + sum(len(found.rows) for found in orders) + len(broken),
                "good_count": self.good_count + sum(len(found.rows) for found in good),
                "bad_count": self.bad_count + sum(len(found.rows) for found in bad) + len(broken),
                "order_count": self.order_count + len(good),
                "held_count": self.held_count + sum(outcome in ("held", "failed") for outcome in outcomes),
                "unchanged_count": self.unchanged_count + outcomes.count("unchanged"),
                "error_lines": (self.error_lines or "") + self._lines_of_bad(bad, table, mapping, broken),
            }
        )
        self.env.flush_all()

    def _take_orders(self, payloads):
        """Put orders into the inbox and read them; the same orders again change nothing."""
        if not payloads:
            return []
        # sudo: see `_take` of the inbox; who started the import has been checked
        inbox = self.env["distrib.inbox.message"].sudo().with_company(self.company_id)
        inbox = inbox.with_context(distrib_source="file")
        answers = inbox._take(self.channel_id, payloads)
        return [answer["status"] for answer in answers]

    def _lines_of_bad(self, orders, table, mapping, broken):
        """All rows of orders with a bad row, as they were, with line, column and reason behind."""
        headers = {target: header for header, target in mapping.items()}
        names = [name for name in (next(iter(table.values())) if table else {}) if name not in ERROR_COLUMNS]
        text = io.StringIO()
        writer = csv.writer(text)
        for found in orders:
            for row in found.rows:
                problems = [problem for problem in found.problems if problem.row == row]
                columns = ", ".join(dict.fromkeys(headers.get(p.target, p.target) for p in problems))
                why = "; ".join(self._sentence(p) for p in problems) or self.env._("another row of this order is wrong")
                cells = ["" if table[row].get(name) is None else str(table[row][name]) for name in names]
                writer.writerow([*cells, row, columns, why])
        for row, content in broken:
            writer.writerow(
                [*[""] * len(names), row, "", self.env._("the line has a wrong number of cells: %s", content[:200])]
            )
        return text.getvalue()

    def _sentence(self, problem):
        return {
            "missing": self.env._("is empty"),
            "bad_date": self.env._("%s is not a date (year first, as in 2024-03-28)", problem.value),
            "not_a_number": self.env._("%s is not a number", problem.value),
            "not_positive": self.env._("%s has to be more than zero", problem.value),
            "differs": self.env._("%s differs from an earlier row of this order", problem.value),
        }[problem.code]

    def _finish(self, opened):
        self.write(
            {"state": "done", "message": False, **self._error_file_values(opened, [(self.error_lines or "").encode()])}
        )
        self.message_post(
            body=self.env._(
                "%(orders)s orders read, %(known)s of them known before, %(held)s held or failed; %(bad)s rows rejected.",
                orders=self.order_count, known=self.unchanged_count, held=self.held_count, bad=self.bad_count,
            )
        )  # fmt: skip

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_inbox_messages")
        domain = [
            ("channel_id", "=", self.channel_id.id),
            ("source", "=", "file"),
            ("received_at", ">=", self.create_date),
        ]
        return {**action, "domain": domain, "context": {}}
