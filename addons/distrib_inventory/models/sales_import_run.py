import base64

import numpy as np
import pyarrow as pa
from odoo import fields, models

from ..engine import sales_file
from ..engine.sales_values import labels
from .sales_resolver import Resolver


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

    def _write_part(self, checked, settled, resolver):
        days = self.env["distrib.demand"]._write_days(
            settled.product_id, settled.warehouse_id, settled.day, *settled.measures
        )
        self.env["distrib.weather"]._write_days(*sales_file.weather_days(checked, resolver.regions(checked)))
        bad = int((~checked.good).sum()) + len(checked.chunk.broken)
        self.env["distrib.sales.import.part"].create(
            {"import_id": self.id, "number": checked.chunk.index, "bad_rows": self._encoded_bad_rows(checked)}
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
                "foreign_days": self.foreign_days + days["foreign"],
            }
        )
        self.env.flush_all()

    def _finish(self, opened):
        """Put the bad rows of all parts together and say what was done."""
        parts = [base64.b64decode(part.bad_rows) for part in self.part_ids if part.bad_rows]
        self.write({"state": "done", "result": "imported", **self._error_file_values(opened, parts)})
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
        if self.foreign_days:
            self.message_post(
                body=self.env._(
                    "%s days were left as they are: deliveries say what was sold there (Planning, Sources of Demand).",
                    self.foreign_days,
                )
            )

    def _encoded_bad_rows(self, checked):
        lines = self._bad_lines(checked)
        return base64.b64encode(lines) if lines else False

    def _column_targets(self):
        return {column.name: column.target for column in self.column_ids}
