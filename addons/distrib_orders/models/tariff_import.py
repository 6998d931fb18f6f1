import base64
import csv
import hashlib
import io

import openpyxl
from odoo import api, fields, models
from odoo.addons.distrib_inventory.engine import sales_columns, sales_read
from odoo.addons.distrib_inventory.models.file_import import ERROR_COLUMNS
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..engine import tariff_file

HEAD = ("始发地", "目的地", "分区", "首重费用", "续重费用", "时效天数", "九成时效", "偏远附加费")
EXAMPLES = (("", "江苏省、浙江省", "一区", 6, 1.5, 1, 2, ""), ("", "新疆维吾尔自治区", "五区", 18, 12, 5, 8, ""),
            ("", "西藏自治区", "", "", "", "", "", 10))  # fmt: skip
KEEPERS = ("distrib_inventory.group_channel_manager", "distrib_inventory.group_logistics")


class TariffImport(models.Model):
    """A file of rates on its way into a draft tariff."""

    _name = "distrib.tariff.import"
    _description = "Tariff Import"
    _inherit = ["distrib.file.import", "mail.thread"]
    _order = "id desc"
    _rec_name = "file_name"

    _import_cron = "distrib_orders.cron_tariff_import"

    tariff_id = fields.Many2one(
        "distrib.tariff", required=True, index=True, ondelete="cascade", domain=[("state", "=", "draft")]
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    template_file = fields.Binary(compute="_compute_template_file", string="Template")
    template_file_name = fields.Char(compute="_compute_template_file")

    def _compute_template_file(self):
        content = self._sheet([HEAD, *EXAMPLES])
        for job in self:
            job.template_file, job.template_file_name = content, self.env._("Tariff template.xlsx")

    @api.model
    def _sheet(self, rows):
        book, out = openpyxl.Workbook(), io.BytesIO()
        for row in rows:
            book.active.append(row)
        book.save(out)
        return base64.b64encode(out.getvalue())

    @api.model
    def _targets(self):
        return tariff_file.TARGETS

    def _mapping(self, headers):
        known = [header for header in headers if header not in ERROR_COLUMNS]
        return sales_columns.guess_mapping(known, tariff_file.TARGETS)

    def _column_targets(self):
        with self._path() as place:
            return self._mapping(sales_read.open_file(place, self.file_name or "").headers)

    def action_start(self):
        if not self.env.su and not any(self.env.user.has_group(group) for group in KEEPERS):
            raise UserError(self.env._("Only channel managers and logistics can import tariffs."))
        for job in self:
            if job.state not in ("draft", "failed"):
                raise UserError(self.env._("%s has been started already.", job.display_name))
            if not job.file:
                raise UserError(self.env._("Choose a file first."))
            counts = dict.fromkeys(("next_part", "row_count", "good_count", "bad_count", "expected_rows"), 0)
            checksum = hashlib.sha256(base64.b64decode(job.file)).hexdigest()
            job.write({**counts, "checksum": checksum, "state": "running", "message": False, "user_id": self.env.uid})
            job._run(commit=False)
        return True

    # Reading: rates are few, so a file is one part

    def _run_parts(self, opened, commit, report):
        mapping = self._mapping(opened.headers)
        if "destination" not in mapping.values() or not {"first", "remote"} & set(mapping.values()):
            raise UserError(self.env._("The file needs a column for the destination, and one for the first fee."))
        if self.tariff_id.state != "draft":
            raise UserError(self.env._("Rates are imported into a draft; copy the tariff first."))
        self._lock_part(0)
        zones, rows, broken = [], {}, []
        for chunk in opened.chunks():
            broken += chunk.broken
            for number, row in zip(chunk.rows, chunk.table.to_pylist(), strict=True):
                cells = {
                    target: "" if row.get(header) is None else str(row[header]) for header, target in mapping.items()
                }
                if any(cells.values()):
                    rows[int(number)] = row
                    zones.append(tariff_file.read_row(int(number), cells, self.tariff_id.included_kg))
        bad = self._write_zones(zones)
        lines = self._bad_rows(bad, rows, mapping, broken)
        done = len(zones) + len(broken)
        self.write({
            "next_part": 1, "expected_rows": done, "row_count": done, "bad_count": len(bad) + len(broken),
            "good_count": len(zones) - len(bad),
        })  # fmt: skip
        if self.bad_count:
            self.write(self._error_file_values(opened, [lines]))

    def _write_zones(self, zones):
        """Write the good rows, a lane once, whatever was there before; returns dict row -> [(target, sentence)]."""
        sites, regions = self._places(zones)
        bad, lines, remote, seen = {}, {}, {}, {}
        for zone in zones:
            origin = self._origin(zone.origin, sites, regions)
            targets = {name: self._region_of(name, regions) for name in zone.destinations}
            problems = [(problem.target, self._sentence(problem)) for problem in zone.problems]
            if origin is None:
                problems.append(("origin", self.env._("there is no warehouse or region %s", zone.origin)))
            for name, place in targets.items():
                if place is None:
                    problems.append(("destination", self.env._("there is no region %s", name)))
                elif origin is not None and zone.numbers.get("first") is not None:
                    other = seen.setdefault((origin, place), zone.row)
                    if other != zone.row:
                        problems.append(
                            ("destination", self.env._("%(place)s repeats row %(row)s", place=name, row=other))
                        )
            if problems:
                bad[zone.row] = problems
                continue
            for place in targets.values():
                if zone.numbers["first"] is not None:
                    lines[origin, place] = zone
                if zone.numbers["remote"] is not None and place:
                    remote[place] = zone.numbers["remote"]
        self._store(lines, remote)
        return bad

    def _store(self, lines, remote):
        tariff = self.tariff_id
        present = {line._key(): line for line in tariff.line_ids}
        fresh = []
        for (origin, place), zone in lines.items():
            key = (
                origin[1] if origin[0] == "site" else False,
                origin[1] if origin[0] == "region" else False,
                place or False,
            )
            numbers = {name: zone.numbers[name] or 0.0 for name in ("first", "per_kg", "days", "days_late")}
            values = {**numbers, "zone": zone.zone or False}
            line = present.get(key)
            if line is None:
                names = ("origin_warehouse_id", "origin_region_id", "region_id")
                fresh.append({**values, **dict(zip(names, key, strict=True)), "tariff_id": tariff.id})
            elif any(line[name] != value for name, value in values.items()):
                line.write(values)
        self.env["distrib.tariff.line"].create(fresh)
        known = {row.region_id.id: row for row in tariff.remote_ids}
        self.env["distrib.tariff.remote"].create(
            [{"tariff_id": tariff.id, "region_id": p, "amount": a} for p, a in remote.items() if p not in known]
        )
        for place, amount in remote.items():
            if place in known:
                known[place].amount = amount

    def _places(self, zones):
        """(dict name or code -> warehouse id, dict name or code -> region id), by what the rows call them."""
        names = {name for zone in zones for name in (zone.origin, *zone.destinations) if name}
        wanted = sorted(names | {name.rstrip("省市") for name in names})
        company = Domain("company_id", "=", self.company_id.id)
        sites = {}
        for site in self.env["stock.warehouse"].search(
            company & (Domain("name", "in", wanted) | Domain("code", "in", wanted))
        ):
            sites |= {site.name: site.id, site.code: site.id}
        regions = {}
        # Names of both languages; the largest region of a name counts (吉林 is a province and a city).
        for lang in dict.fromkeys(("zh_CN", "en_US", self.env.lang or "en_US")):
            found = self.env["distrib.region"].with_context(lang=lang).search(Domain.TRUE, order="parent_path")
            for region in sorted(found, key=lambda place: (place.parent_path or "").count("/")):
                for name in (region.name, region.code):
                    if name and name not in regions:
                        regions[name] = region.id
        return sites, regions

    def _region_of(self, name, regions):
        """Region id, False for everywhere, None when unknown; 省 and 市 may be left out."""
        name = name.strip()
        if name.lower() in ("*", "全国", "everywhere", "其他"):
            return False
        for form in (name, f"{name}省", f"{name}市", name.rstrip("省"), name.rstrip("市")):
            if form in regions:
                return regions[form]
        starts = [region for known, region in regions.items() if len(name) > 1 and known.startswith(name)]
        return starts[0] if len(set(starts)) == 1 else None

    def _origin(self, name, sites, regions):
        if not name:
            return ("any", False)
        if name in sites:
            return ("site", sites[name])
        region = self._region_of(name, regions)
        return None if region is None else ("region", region) if region else ("any", False)

    def _sentence(self, problem):
        return {
            "missing": self.env._("is empty"),
            "not_a_number": self.env._("%s is not a number", problem.value),
            "below_zero": self.env._("%s is below zero", problem.value),
            "first_low": self.env._("the first fee %s is less than its kilograms cost as further ones", problem.value),
        }[problem.code]

    def _bad_rows(self, bad, rows, mapping, broken):
        headers = {target: header for header, target in mapping.items()}
        text = io.StringIO()
        writer = csv.writer(text)
        names = [name for name in (next(iter(rows.values())) if rows else {}) if name not in ERROR_COLUMNS]
        for number, problems in bad.items():
            cells = ["" if rows[number].get(name) is None else str(rows[number][name]) for name in names]
            columns = ", ".join(dict.fromkeys(headers.get(target, target) for target, _text in problems))
            writer.writerow([*cells, number, columns, "; ".join(text for _target, text in problems)])
        for number, content in broken:
            writer.writerow(
                [*[""] * len(names), number, "", self.env._("the line has a wrong number of cells: %s", content[:200])]
            )
        return text.getvalue().encode()

    def _finish(self, opened):
        self.write({"state": "done", "message": False})
        self.message_post(
            body=self.env._("%(good)s rows read, %(bad)s rejected.", good=self.good_count, bad=self.bad_count)
        )


class Tariff(models.Model):
    _inherit = "distrib.tariff"

    def action_import(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Rates"),
            "res_model": "distrib.tariff.import",
            "views": [[False, "form"]],
            "context": {"default_tariff_id": self.id},
        }

    def action_export(self):
        """The rates as a spreadsheet that can be changed and imported again."""
        self.ensure_one()
        rows = [
            (line.origin_warehouse_id.code or line.origin_region_id.name or "", line.region_id.name or "全国", line.zone or "",
             line.first, line.per_kg, line.days or "", line.days_late or "", "")
            for line in self.line_ids
        ]  # fmt: skip
        rows += [("", row.region_id.name, "", "", "", "", "", row.amount) for row in self.remote_ids]
        file = self.env["ir.attachment"].create({
            "name": f"{self.display_name}.xlsx", "datas": self.env["distrib.tariff.import"]._sheet([HEAD, *rows]),
            "res_model": self._name, "res_id": self.id,
        })  # fmt: skip
        return {"type": "ir.actions.act_url", "url": f"/web/content/{file.id}?download=true", "target": "self"}
