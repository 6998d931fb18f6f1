import base64
import hashlib
import json
import os

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import sales_columns, sales_read
from .sales_import_parts import TARGET_NAMES
from .warehouse import TIERS

# Smaller files are imported while the user waits.
INLINE_BYTES = 2 << 20
# Above this a file given by path is read where it lies instead of being stored first.
STORED_BYTES = 256 << 20
OPTIONS = ("create_missing", "allow_returns", "default_tier", "default_region_id", "default_parent_id")


class SalesImport(models.Model):
    """One file of daily sales on its way into demand history (and its weather into `distrib.weather`).

    draft: the columns are matched; running: parts are read one after the other, each committed with its result, so
    that a killed worker resumes with the next part; done or failed.
    """

    _name = "distrib.sales.import"
    _description = "Sales Import"
    _inherit = ["distrib.file.import", "mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(required=True, default=lambda self: self.env._("Sales import"))
    _import_cron = "distrib_inventory.cron_sales_import"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    signature = fields.Char(readonly=True, copy=False, index=True, help="The file together with how it was read.")
    column_ids = fields.One2many("distrib.sales.import.column", "import_id", string="Columns")
    part_ids = fields.One2many("distrib.sales.import.part", "import_id", string="Parts", readonly=True)

    create_missing = fields.Boolean(help="Create the stores, products and regions that do not exist yet.")
    allow_returns = fields.Boolean(
        string="Accept Returns", help="Take negative quantities as returns; otherwise they are reported."
    )
    default_tier = fields.Selection(TIERS, string="Tier of New Stores", default="store")
    default_region_id = fields.Many2one("distrib.region", string="Region of New Stores")
    default_parent_id = fields.Many2one("stock.warehouse", string="New Stores Supplied By", check_company=True)
    limit_pairs = fields.Integer(readonly=True, help="Only the first so many pairs of store and product; 0 takes all.")

    result = fields.Selection(
        [("imported", "Imported"), ("unchanged", "Nothing new: the same file as last time")], readonly=True, copy=False
    )
    new_days = fields.Integer(
        readonly=True, copy=False, help="Days of a product in a store that were not known before."
    )
    changed_days = fields.Integer(readonly=True, copy=False)
    unchanged_days = fields.Integer(readonly=True, copy=False)
    foreign_days = fields.Integer(
        string="Days of Deliveries",
        readonly=True,
        copy=False,
        help="Days that were not written because deliveries are the source of that warehouse's demand.",
    )
    # --- the file ----------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("file_name") and not vals.get("name"):
                vals["name"] = vals["file_name"]
        jobs = super().create(vals_list)
        jobs.filtered(lambda job: job.file and not job.column_ids)._inspect()
        return jobs

    def write(self, vals):
        columns_read = self.env.context.get("distrib_columns_read")
        if "file" in vals and not columns_read and any(job.state == "running" for job in self):
            raise UserError(self.env._("The file of a running import cannot be changed."))
        result = super().write(vals)
        if vals.get("file") and not columns_read:
            self._reset_result()
            self._inspect()
        return result

    def _inspect(self, path=None):
        """Read the headers, guess what they mean; an unreadable file makes the import failed, with the reason."""
        for job in self:
            with job._path(path) as place:
                try:
                    opened = sales_read.open_file(place, job.file_name or "")
                except sales_read.FileProblem as problem:
                    job.write({"state": "failed", "message": job._file_problem(problem)})
                    continue
                with open(place, "rb") as stream:
                    checksum = hashlib.file_digest(stream, "sha256").hexdigest()
                rows = opened.count or sales_read.count_rows(opened)
            mapping = sales_columns.guess_mapping(opened.headers)
            columns = [
                {
                    "import_id": job.id,
                    "sequence": number,
                    "name": header,
                    "samples": ", ".join(str(value) for value in opened.samples.get(header, ())[:3])[:120],
                    "target": mapping.get(header),
                }
                for number, header in enumerate(opened.headers)
            ]
            job.column_ids.unlink()
            job.env["distrib.sales.import.column"].create(columns)
            job.write(
                {
                    "file_kind": opened.kind,
                    "checksum": checksum,
                    "expected_rows": rows,
                    "state": "draft",
                    "message": False,
                }
            )

    def _mapping(self):
        """{header: target} of the columns that mean something; raises UserError when it cannot be used."""
        chosen = [(column.name, column.target) for column in self.column_ids if column.target]
        targets = [target for _name, target in chosen]
        labels = dict(self.env["distrib.sales.import.column"]._fields["target"]._description_selection(self.env))
        doubled = sorted({labels[target] for target in targets if targets.count(target) > 1})
        if doubled:
            raise UserError(self.env._("More than one column means the same: %s", ", ".join(doubled)))
        missing = [labels[target] for target in sales_columns.missing_targets(dict(chosen))]
        if missing:
            raise UserError(self.env._("Say which column holds: %s", ", ".join(missing)))
        return dict(chosen)

    # --- buttons and entries -----------------------------------------------------------------------------------

    def action_start(self):
        """Begin: a small file is imported at once, a large one in the background."""
        for job in self:
            job._begin()
            if job.state != "running":
                continue
            with job._path() as place:
                small = os.path.getsize(place) <= INLINE_BYTES
            if small:
                job._run(commit=False)
            else:
                self.env.ref("distrib_inventory.cron_sales_import")._trigger()
        return True

    def action_reset(self):
        if self.filtered(lambda job: job.state not in ("failed", "draft", "done")):
            raise UserError(self.env._("An import that is running cannot be reset."))
        self._reset_result()
        self._inspect()
        return True

    def action_view_demand(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_demand")
        # the file may be older than what the action shows by itself
        return {**action, "context": {}}

    @api.model
    def create_from_file(self, name, content, mapping=None, options=None):
        """Store a file, match its columns and start; for clients over RPC.

        :param str name: file name; its ending tells the kind
        :param str content: the file in base64
        :param dict mapping: {header: target} instead of the guess (see distrib.sales.import.column)
        :param dict options: create_missing, allow_returns, default_tier, default_region_id, default_parent_id
        :return: dict with id, state, result, message, the counts of rows and days
        """
        unknown = set(options or {}) - set(OPTIONS)
        if unknown:
            raise UserError(self.env._("Unknown options: %s", ", ".join(sorted(unknown))))
        try:
            base64.b64decode(content, validate=True)
        except ValueError as error:
            raise UserError(self.env._("The file has to be sent in base64.")) from error
        job = self.create({**(options or {}), "file_name": name, "file": content})
        if job.state == "draft":
            job._apply_mapping(mapping)
            job.action_start()
        return job.get_result()

    def get_result(self):
        """State and counts of one import, for clients over RPC."""
        self.ensure_one()
        names = [
            "state",
            "result",
            "message",
            "row_count",
            "good_count",
            "bad_count",
            "new_days",
            "changed_days",
            "unchanged_days",
            "foreign_days",
        ]
        return {"id": self.id, "progress": self.progress, **{name: self[name] for name in names}}

    def _apply_mapping(self, mapping):
        if mapping is None:
            return
        known = dict(TARGET_NAMES)
        names = set(self.column_ids.mapped("name"))
        wrong = [
            f"{header}: {target}" for header, target in mapping.items() if target not in known or header not in names
        ]
        if wrong:
            raise UserError(self.env._("This mapping does not fit the file: %s", ", ".join(wrong)))
        for column in self.column_ids:
            column.target = mapping.get(column.name)

    @api.model
    def _import_path(self, path, mapping=None, create_missing=True, limit_pairs=None, report=None, **options):
        """Import a file of this machine and wait for the end; the entry of `./distrib import-sales`.

        An interrupted import of the same file is continued. Commits after each part.

        :param report: called with (job, rows done, rows expected) after each part
        :return: the import, done or failed
        """
        name = os.path.basename(path)
        job = self.create(
            {
                "name": name,
                "file_name": name,
                "create_missing": create_missing,
                "limit_pairs": limit_pairs or 0,
                **options,
            }
        )
        job._inspect(path)
        if job.state == "draft":
            job._apply_mapping(mapping)
            interrupted = self.search(
                [("signature", "=", job._signature()), ("state", "in", ("running", "failed")), ("id", "!=", job.id)],
                limit=1,
            )
            if interrupted:
                job.unlink()
                job = interrupted
                job.write({"state": "running", "message": False})
            else:
                job._begin()
        if job.state == "running":
            if not job.file and os.path.getsize(path) <= STORED_BYTES:
                with open(path, "rb") as stream:
                    content = base64.b64encode(stream.read())
                job.with_context(distrib_columns_read=True).file = content
            self._checkpoint()
            job._run(path=path, report=report)
        self._checkpoint()
        return job

    # --- running -----------------------------------------------------------------------------------------------

    def _signature(self):
        settings = {name: self[name].id if name.endswith("_id") else self[name] for name in OPTIONS}
        columns = [[column.name, column.target] for column in self.column_ids]
        text = json.dumps([self.company_id.id, self.checksum, self.limit_pairs, columns, settings], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _begin(self):
        """Check the mapping and the rights, and recognise the file of last time."""
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("%s has been started already.", self.name))
        self._mapping()
        if self.create_missing and not (self.env.su or self.env.user.has_group("distrib_inventory.group_manager")):
            raise AccessError(self.env._("Only managers import files that create stores and products."))
        signature = self._signature()
        last = self.search(
            [("company_id", "=", self.company_id.id), ("state", "=", "done")], order="write_date desc, id desc", limit=1
        )
        self._reset_result()
        if last.signature == signature:
            counts = {name: last[name] for name in ("row_count", "good_count", "bad_count")}
            known = last.new_days + last.changed_days + last.unchanged_days
            self.write(
                {**counts, "signature": signature, "state": "done", "result": "unchanged", "unchanged_days": known}
            )
            return
        self.write({"signature": signature, "state": "running", "user_id": self.env.uid})

    def _reset_result(self):
        counts = ("next_part", "row_count", "good_count", "bad_count", "new_days", "changed_days", "unchanged_days")
        counts += ("foreign_days",)
        self.part_ids.unlink()
        self.write(
            {"state": "draft", "result": False, "message": False, "error_file": False, "error_file_name": False}
            | dict.fromkeys(counts, 0)
        )
