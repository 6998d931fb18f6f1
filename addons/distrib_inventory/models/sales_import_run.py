import base64
import csv
import io

import numpy as np
import pyarrow as pa
from odoo import fields, models

from ..engine import sales_columns, sales_file
from ..engine.sales_values import labels
from .sales_import import Overtaken
from .sales_resolver import Resolver

# Headers in brackets mean nothing to the guess, in any language, so a mended file is read as it is.
ERROR_COLUMNS = ("(row)", "(column)", "(reason)")


class SalesImportRun(models.Model):
    """The parts of an import: check, resolve, write, report."""

    _inherit = "distrib.sales.import"

    def _run_parts(self, opened, commit, report):
        resolver, seen, pairs = Resolver(self), sales_file.Seen(), set()
        mapping, options = self._mapping(), self._check_options()
        scanned = 0
        for chunk in opened.chunks():
            scanned += chunk.table.num_rows
            chunk = self._limit(chunk, mapping, pairs)
            checked = sales_file.check(chunk, mapping, options)
            settled = sales_file.settle(checked, resolver.found(checked), seen, options)
            if chunk.index < self.next_part:
                continue  # done before an interruption; read again only to know which days the file has had
            self._lock_part(chunk.index)
            self._write_part(checked, settled, resolver)
            if commit:
                self._checkpoint()
            if report:
                report(self, scanned, self.expected_rows)

    def _check_options(self):
        return sales_file.Options(
            today=np.datetime64(fields.Date.context_today(self), "D"),
            allow_returns=self.allow_returns,
            opens=self.company_id.distrib_opens,
            closes=self.company_id.distrib_closes,
        )

    def _limit(self, chunk, mapping, pairs):
        """Keep the rows of the first `limit_pairs` pairs of store and product; ``pairs`` remembers them."""
        if not self.limit_pairs:
            return chunk
        columns = {target: header for header, target in mapping.items()}
        store, product = (labels(chunk.table[columns[target]]) for target in ("store", "product"))
        key = store.codes * (len(product.unique) + 1) + product.codes
        keys, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        keep = np.zeros(len(keys), bool)
        for place in np.argsort(first):
            row = first[place]
            pair = (store.unique[store.codes[row]], product.unique[product.codes[row]])
            if pair not in pairs and len(pairs) < self.limit_pairs:
                pairs.add(pair)
            keep[place] = pair in pairs
        chosen = keep[inverse]
        return type(chunk)(chunk.index, chunk.table.filter(pa.array(chosen)), chunk.rows[chosen], chunk.broken)

    def _lock_part(self, number):
        """Hold the import until commit; a second worker on it stops here instead of doing the part twice."""
        self.flush_recordset(["next_part", "state"])
        self.env.cr.execute("SELECT next_part, state FROM distrib_sales_import WHERE id = %s FOR UPDATE", (self.id,))
        if self.env.cr.fetchone() != (number, "running"):
            raise Overtaken(self.env._("Another process is working on this import."))

    def _write_part(self, checked, settled, resolver):
        days = self.env["distrib.demand"]._write_days(
            settled.product_id, settled.warehouse_id, settled.day, *settled.measures
        )
        self.env["distrib.weather"]._write_days(*sales_file.weather_days(checked, resolver.regions(checked)))
        bad = int((~checked.good).sum()) + len(checked.chunk.broken)
        self.env["distrib.sales.import.part"].create(
            {"import_id": self.id, "number": checked.chunk.index, "bad_rows": self._bad_rows(checked)}
        )
        self.write(
            {
                "next_part": checked.chunk.index + 1,
                "row_count": self.row_count + len(checked.good) + len(checked.chunk.broken),
                "good_count": self.good_count + len(settled.day),
                "bad_count": self.bad_count + bad,
                "new_days": self.new_days + days["new"],
                "changed_days": self.changed_days + days["changed"],
                "unchanged_days": self.unchanged_days + days["unchanged"],
            }
        )
        self.env.flush_all()

    # --- the file of bad rows ----------------------------------------------------------------------------------

    def _bad_rows(self, checked):
        """The bad rows as CSV lines in base64: all cells as they were, then line, columns and reasons."""
        if not checked.problems:
            return False
        by_row = {}
        for problem in sorted(checked.problems, key=lambda problem: problem.row):
            by_row.setdefault(problem.row, []).append(problem)
        position = dict(
            zip(checked.chunk.rows[~checked.good].tolist(), np.flatnonzero(~checked.good).tolist(), strict=True)
        )
        table = checked.chunk.table
        cells = table.take(pa.array(list(position.values()), pa.int64())).to_pylist() if position else []
        rows = dict(zip(position, cells, strict=True))
        targets = {column.name: column.target for column in self.column_ids}
        headers = [header for header in table.column_names if header not in ERROR_COLUMNS]
        text = io.StringIO()
        writer = csv.writer(text)
        for row, problems in by_row.items():
            line = rows.get(row, {})
            original = ["" if line.get(header) is None else str(line[header]) for header in headers]
            names = ", ".join(dict.fromkeys(problem.column for problem in problems))
            writer.writerow([*original, row, names, "; ".join(self._reason(problem, targets) for problem in problems)])
        return base64.b64encode(text.getvalue().encode())

    def _reason(self, problem, targets):
        """The sentence for one bad cell."""
        value = problem.value
        target = targets.get(problem.column)
        if problem.code == "out_of_range":
            info = sales_columns.TARGETS[target]
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
            "duplicate_earlier": lambda: self.env._("repeats store, product and day of an earlier row"),
            "cells": lambda: self.env._("the line has a wrong number of cells: %s", value[:200]),
        }
        return reasons[problem.code]()

    def _finish(self, opened):
        """Put the bad rows of all parts together and say what was done."""
        headers = [*(header for header in opened.headers if header not in ERROR_COLUMNS), *ERROR_COLUMNS]
        values = {"state": "done", "result": "imported"}
        if self.bad_count:
            head = io.StringIO()
            csv.writer(head).writerow(headers)
            # the mark at the front makes spreadsheet programs read it as UTF-8
            parts = [b"\xef\xbb\xbf", head.getvalue().encode()]
            parts += [base64.b64decode(part.bad_rows) for part in self.part_ids if part.bad_rows]
            stem = (self.file_name or self.name).rsplit(".", 1)[0]
            values["error_file"] = base64.b64encode(b"".join(parts))
            values["error_file_name"] = self.env._("%s - bad rows.csv", stem)
        self.write(values)
        self.message_post(
            body=self.env._(
                "%(good)s of %(rows)s rows taken, %(bad)s rejected. "
                "Days: %(new)s new, %(changed)s changed, %(same)s unchanged.",
                good=self.good_count,
                rows=self.row_count,
                bad=self.bad_count,
                new=self.new_days,
                changed=self.changed_days,
                same=self.unchanged_days,
            )
        )
