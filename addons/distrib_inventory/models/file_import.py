import base64
import csv
import io
import logging
import tempfile
from contextlib import contextmanager

import numpy as np
import psycopg2
import pyarrow as pa
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import sales_columns, sales_read

_logger = logging.getLogger(__name__)

# Headers in brackets mean nothing to the guess, in any language, so a mended file is read as it is.
ERROR_COLUMNS = ("(row)", "(column)", "(reason)")


class Overtaken(UserError):
    """Another worker is on the same import; this one leaves it alone."""


class FileImport(models.AbstractModel):
    """A file on its way into the database, part by part.

    Each part is committed with its result, so that a killed worker resumes with the next one. A model that inherits
    this reads a part in `_run_parts`, and ends in `_finish`.
    """

    _name = "distrib.file.import"
    _description = "File Import"

    # xmlid of the cron that calls `_cron_run`
    _import_cron = ""

    user_id = fields.Many2one("res.users", string="Imported By", default=lambda self: self.env.user, readonly=True)
    file = fields.Binary(attachment=True, copy=False)
    file_name = fields.Char(copy=False)
    file_kind = fields.Selection([("csv", "CSV"), ("xlsx", "Excel (XLSX)"), ("parquet", "Parquet")], readonly=True)
    checksum = fields.Char(readonly=True, copy=False, help="SHA-256 of the file.")
    state = fields.Selection(
        [("draft", "Draft"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
        default="draft",
        required=True,
        readonly=True,
        tracking=True,
        copy=False,
        index=True,
    )
    message = fields.Text(string="What Went Wrong", readonly=True, copy=False)
    next_part = fields.Integer(readonly=True, copy=False)
    expected_rows = fields.Integer(readonly=True, copy=False)
    row_count = fields.Integer(string="Rows", readonly=True, copy=False)
    good_count = fields.Integer(string="Good Rows", readonly=True, copy=False)
    bad_count = fields.Integer(string="Bad Rows", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress", help="Share of the rows read, in per cent.")
    error_file = fields.Binary(
        attachment=True,
        readonly=True,
        copy=False,
        help="The bad rows with the reason. Mend them and import this file again.",
    )
    error_file_name = fields.Char(readonly=True, copy=False)

    @api.depends("state", "row_count", "expected_rows")
    def _compute_progress(self):
        for job in self:
            done = 100.0 * job.row_count / job.expected_rows if job.expected_rows else 0.0
            job.progress = 100.0 if job.state == "done" else min(done, 99.0)

    @api.model
    def _targets(self):
        """{target: what it may be} of the columns such a file has."""
        return sales_columns.TARGETS

    def _column_targets(self):
        """{header: target} of this file."""
        raise NotImplementedError

    def _run_parts(self, opened, commit, report):
        raise NotImplementedError

    def _finish(self, opened):
        raise NotImplementedError

    # --- the file ----------------------------------------------------------------------------------------------

    @contextmanager
    def _path(self, path=None):
        """Yield a local path of the file, without reading it into memory when it lies in the file store."""
        self.ensure_one()
        if path:
            yield path
            return
        # the attachment behind a field that the user may read
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", "file")], limit=1)
        )
        if not attachment:
            raise UserError(self.env._("Choose a file first."))
        if attachment.store_fname:
            yield attachment._full_path(attachment.store_fname)
            return
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(attachment.raw)
            copy.flush()
            yield copy.name

    def _file_problem(self, problem):
        reasons = {
            "empty": self.env._("The file is empty."),
            "kind": self.env._("Only CSV, XLSX and Parquet files can be imported, not %s.", problem.detail or "?"),
            "damaged": self.env._("The file is damaged or not what its name says: %s", problem.detail),
        }
        return reasons[problem.code]

    # --- running -----------------------------------------------------------------------------------------------

    def _lock_part(self, number):
        """Hold the import until commit; a second worker on it stops here instead of doing the part twice."""
        self.flush_recordset(["next_part", "state"])
        self.env.cr.execute(
            SQL("SELECT next_part, state FROM %s WHERE id = %s FOR UPDATE", SQL.identifier(self._table), self.id)
        )
        if self.env.cr.fetchone() != (number, "running"):
            raise Overtaken(self.env._("Another process is working on this import."))

    def _run(self, commit=True, path=None, report=None):
        """Import all parts that are left; a file that turns out unreadable makes the import failed."""
        self.ensure_one()
        job = self.with_company(self.company_id)
        problems = (sales_read.FileProblem, pa.ArrowException, ValueError, UserError)
        if commit:
            problems += (psycopg2.IntegrityError, psycopg2.DataError)
        try:
            with job._path(path) as place:
                opened = sales_read.open_file(place, job.file_name or "")
                job._run_parts(opened, commit, report)
            job._finish(opened)
        except (Overtaken, psycopg2.errors.SerializationFailure):
            if not commit:
                raise  # the request is tried again, or the user is told
            self.env.cr.rollback()
            _logger.info("%s goes on elsewhere or later", self)
            self.env.ref(self._import_cron)._trigger()
        except problems as problem:
            if commit:
                self.env.cr.rollback()
            _logger.warning("%s failed", self, exc_info=True)
            message = job._file_problem(problem) if isinstance(problem, sales_read.FileProblem) else str(problem)
            job.write({"state": "failed", "message": message})
        if commit:
            self._checkpoint()

    @api.model
    def _checkpoint(self, remaining=None):
        """Commit, in a cron with its progress."""
        self.env["ir.cron"]._commit_progress(1 if remaining is not None else 0, remaining=remaining)

    @api.model
    def _cron_run(self):
        """Run the imports that were started, or left behind by a worker that died."""
        jobs = self.search([("state", "=", "running")], order="id")
        for left, job in zip(range(len(jobs) - 1, -1, -1), jobs, strict=True):
            # with the rights of whoever started it, not with the cron's
            job.with_user(job.user_id)._run()
            self._checkpoint(left)

    # --- the file of bad rows ----------------------------------------------------------------------------------

    def _bad_lines(self, checked):
        """The bad rows as CSV lines: all cells as they were, then line, columns and reasons."""
        if not checked.problems:
            return b""
        by_row = {}
        for problem in sorted(checked.problems, key=lambda problem: problem.row):
            by_row.setdefault(problem.row, []).append(problem)
        position = dict(
            zip(checked.chunk.rows[~checked.good].tolist(), np.flatnonzero(~checked.good).tolist(), strict=True)
        )
        table = checked.chunk.table
        cells = table.take(pa.array(list(position.values()), pa.int64())).to_pylist() if position else []
        rows = dict(zip(position, cells, strict=True))
        targets = self._column_targets()
        headers = [header for header in table.column_names if header not in ERROR_COLUMNS]
        text = io.StringIO()
        writer = csv.writer(text)
        for row, problems in by_row.items():
            line = rows.get(row, {})
            original = ["" if line.get(header) is None else str(line[header]) for header in headers]
            names = ", ".join(dict.fromkeys(problem.column for problem in problems))
            writer.writerow([*original, row, names, "; ".join(self._reason(problem, targets) for problem in problems)])
        return text.getvalue().encode()

    def _reason(self, problem, targets):
        """The sentence for one bad cell."""
        value = problem.value
        target = targets.get(problem.column)
        if problem.code == "out_of_range":
            info = self._targets()[target]
            return self.env._(
                "%(value)s is not between %(low)g and %(high)g", value=value, low=info.low, high=info.high
            )
        if problem.code == "duplicate":
            return self.env._("repeats store, product and day of row %s", problem.other)
        reasons = {
            "missing": lambda: self.env._("is empty"),
            "bad_date": lambda: self.env._("%s is not a date (year first, as in 2024-03-28)", value),
            "future_day": lambda: self.env._("%s lies in the future", value),
            "not_a_number": lambda: self.env._("%s is not a number", value),
            "not_a_flag": lambda: self.env._("%s is neither yes nor no", value),
            "negative": lambda: self.env._("%s is negative; accept returns if it is one", value),
            "unknown_store": lambda: self.env._("there is no store %s", value),
            "unknown_product": lambda: self.env._("there is no product %s", value),
            "ambiguous_store": lambda: self.env._("more than one store is called %s", value),
            "ambiguous_product": lambda: self.env._("more than one product is called %s", value),
            "unknown_unit": lambda: self.env._("there is no unit %s", value),
            "unit_mismatch": lambda: self.env._("the unit %s does not convert to the product's unit", value),
            "duplicate_product": lambda: self.env._("repeats the product of row %s", problem.other),
            "other_store": lambda: self.env._("%s is another place than that of the report", value),
            "duplicate_earlier": lambda: self.env._("repeats store, product and day of an earlier row"),
            "cells": lambda: self.env._("the line has a wrong number of cells: %s", value[:200]),
        }
        return reasons[problem.code]()

    def _error_file_values(self, opened, parts):
        """The file of bad rows, put together from the lines of the parts (`_bad_lines`)."""
        if not self.bad_count:
            return {}
        headers = [*(header for header in opened.headers if header not in ERROR_COLUMNS), *ERROR_COLUMNS]
        head = io.StringIO()
        csv.writer(head).writerow(headers)
        # the mark at the front makes spreadsheet programs read it as UTF-8
        content = b"".join([b"\xef\xbb\xbf", head.getvalue().encode(), *parts])
        stem = (self.file_name or self.display_name).rsplit(".", 1)[0]
        return {"error_file": base64.b64encode(content), "error_file_name": self.env._("%s - bad rows.csv", stem)}
