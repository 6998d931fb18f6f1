from datetime import datetime, time, timedelta

import numpy as np
import pytz
from odoo import fields, models
from odoo.tools import SQL

from ..engine import stock_report
from .sales_resolver import Resolver

CHUNK_ROWS = 5000
# Kept beside the file of bad rows, for the answer to the sender and the page of the portal.
MAX_PROBLEMS = 500
# A longer pause between two reports says too little about single days.
MAX_SELL_THROUGH_DAYS = 100


class StockReportRun(models.Model):
    """The parts of a report: check, resolve, write; then reconcile."""

    _inherit = "distrib.stock.report"

    def _run_parts(self, opened, commit, report):
        with self._path() as place:
            opened = self._open(place)
        mapping = self._mapping(opened.headers)
        resolver, seen = Resolver(self), {line.product_id.id: line.row for line in self.line_ids}
        as_of, today = (np.datetime64(day, "D") for day in (self.as_of, fields.Date.context_today(self)))
        for chunk in opened.chunks(self.next_part, CHUNK_ROWS):
            checked = stock_report.check(chunk, mapping, as_of, today)
            rows = stock_report.settle(checked, resolver.found(checked), self.warehouse_id.id, seen)
            self._lock_part(chunk.index)
            self._write_part(checked, rows)
            if commit:
                self._checkpoint()

    def _write_part(self, checked, rows):
        columns = (rows.product_id, rows.on_hand, rows.sold, rows.row)
        self.env["distrib.stock.report.line"].create(
            [
                {"report_id": self.id, "product_id": product, "on_hand": on_hand, "sold": sold, "row": row}
                for product, on_hand, sold, row in zip(*(column.tolist() for column in columns), strict=True)
            ]
        )
        bad = int((~checked.good).sum()) + len(checked.chunk.broken)
        targets = {header: target for target, header in checked.columns.items()}
        known = list(self.problem_data or [])
        known += [
            {
                "row": problem.row, "column": problem.column, "value": problem.value, "code": problem.code,
                "other": problem.other, "targets": targets,
            }
            for problem in sorted(checked.problems, key=lambda problem: problem.row)[: MAX_PROBLEMS - len(known)]
        ]  # fmt: skip
        self.write(
            {
                "next_part": checked.chunk.index + 1,
                "row_count": self.row_count + len(checked.good) + len(checked.chunk.broken),
                "good_count": self.good_count + len(rows.product_id),
                "bad_count": self.bad_count + bad,
                "problem_data": known,
                "error_lines": (self.error_lines or "") + self._bad_lines(checked).decode(),
            }
        )
        self.env.flush_all()

    def _finish(self, opened):
        replaced = self._last_of_day()
        replaced.active = False
        self.write(
            {
                "state": "done",
                "result": "imported",
                **self._error_file_values(opened, [(self.error_lines or "").encode()]),
            }
        )
        self._note_last_report()
        self._reconcile()
        self._write_sell_through(replaced)
        later = self.search(
            [("warehouse_id", "=", self.warehouse_id.id), ("as_of", ">", self.as_of), ("state", "=", "done")],
            order="as_of, id",
            limit=1,
        )
        later._reconcile()
        self.message_post(
            body=self.env._(
                "%(good)s of %(rows)s rows taken, %(bad)s rejected; %(differences)s differences.",
                good=self.good_count, rows=self.row_count, bad=self.bad_count, differences=self.difference_count,
            )
        )  # fmt: skip

    def _note_last_report(self):
        # sudo: whoever sends reports keeps no warehouses
        warehouse = self.warehouse_id.sudo()
        if not warehouse.last_stock_report or warehouse.last_stock_report < self.as_of:
            warehouse.write({"last_stock_report": self.as_of, "reports_stock": True})

    # --- reconciliation ----------------------------------------------------------------------------------------

    def _reconcile(self):
        """Hold each report against the one before it and what was moved since."""
        for report in self:
            previous = report.search(
                [
                    ("warehouse_id", "=", report.warehouse_id.id),
                    ("as_of", "<", report.as_of),
                    ("state", "=", "done"),
                ],
                order="as_of desc, id desc",
                limit=1,
            )
            report.line_ids.filtered("is_missing").unlink()
            if previous:
                report._reconcile_with(previous)
            else:
                report.line_ids.write({"has_expected": False, "is_different": False, "difference": 0, "expected": 0})
            different = report.line_ids.filtered("is_different")
            report.write(
                {
                    "previous_id": previous.id,
                    "difference_count": len(different),
                    "different_units": sum(different.mapped("difference")),
                }
            )

    def _reconcile_with(self, previous):
        before = {line.product_id.id: line.on_hand for line in previous.line_ids}
        moved = self._moved(previous.as_of)
        lines = {line.product_id.id: line for line in self.line_ids}
        forgotten = sorted({product for product, quantity in before.items() if quantity} | moved.keys() - lines.keys())
        missing = self.env["distrib.stock.report.line"].create(
            [
                {"report_id": self.id, "product_id": product, "is_missing": True}
                for product in forgotten
                if product not in lines
            ]
        )
        every = [*lines.values(), *missing]
        products = [line.product_id.id for line in every]
        columns = (
            np.array([before.get(product, 0.0) for product in products]),
            np.array([moved.get(product, (0.0, 0.0))[0] for product in products]),
            np.array([moved.get(product, (0.0, 0.0))[1] for product in products]),
            np.array([line.sold for line in every]),
            np.array([line.on_hand for line in every]),
        )
        found = stock_report.reconcile(*columns, self.company_id.distrib_report_tolerance)
        self._write_lines(every, columns[:3], found)

    def _write_lines(self, lines, columns, found):
        """One statement for all lines, which may be thousands."""
        if not lines:
            return
        ids = [line.id for line in lines]
        self.env["distrib.stock.report.line"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE distrib_stock_report_line l
                   SET previous = v.previous, moved_in = v.moved_in, moved_out = v.moved_out, expected = v.expected,
                       difference = v.difference, is_different = v.is_different, has_expected = TRUE
                  FROM unnest(%s::int[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
                              %s::bool[])
                       v (id, previous, moved_in, moved_out, expected, difference, is_different)
                 WHERE l.id = v.id
                """,
                ids,
                *(column.tolist() for column in columns),
                found.expected.tolist(),
                found.difference.tolist(),
                found.different.tolist(),
            )
        )
        self.env["distrib.stock.report.line"].invalidate_model()

    def _moved(self, after):
        """{product id: (came in, went out)} by done moves over the border of the place since the end of a day.

        Corrections of counts and losses are no movements between him and us.
        """
        start, end = (self._end_of_day(day) for day in (after, self.as_of))
        self.env["stock.move.line"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT l.product_id,
                       SUM(CASE WHEN target.warehouse_id = %(place)s THEN l.quantity_product_uom ELSE 0 END)::float8,
                       SUM(CASE WHEN source.warehouse_id = %(place)s THEN l.quantity_product_uom ELSE 0 END)::float8
                  FROM stock_move_line l
                  JOIN stock_location source ON source.id = l.location_id
                  JOIN stock_location target ON target.id = l.location_dest_id
                 WHERE l.state = 'done' AND l.date > %(start)s AND l.date <= %(end)s
                   AND %(place)s IN (source.warehouse_id, target.warehouse_id)
                   AND source.warehouse_id IS DISTINCT FROM target.warehouse_id
                   AND source.usage NOT IN ('inventory', 'production')
                   AND target.usage NOT IN ('inventory', 'production')
                 GROUP BY l.product_id
                """,
                place=self.warehouse_id.id,
                start=start,
                end=end,
            )
        )
        return {product: (came, went) for product, came, went in self.env.cr.fetchall()}

    def _end_of_day(self, day):
        """The end of a day where the warehouse is, in UTC."""
        zone = pytz.timezone(self.warehouse_id.partner_id.tz or self.company_id.partner_id.tz or str(self.env.tz))
        midnight = zone.localize(datetime.combine(day + timedelta(days=1), time.min))
        return midnight.astimezone(pytz.utc).replace(tzinfo=None)

    # --- sell-through ------------------------------------------------------------------------------------------

    def _write_sell_through(self, replaced):
        """Spread what was sold since the last report evenly over its days, and add it to demand history.

        Days of which daily sales are known keep them: a report is coarser. A report that replaces one of the same day
        takes back what that one wrote.
        """
        lines = self.line_ids.filtered(lambda line: not line.is_missing)
        days = (self.as_of - self.previous_id.as_of).days if self.previous_id else 0
        if not lines or not 0 < days <= MAX_SELL_THROUGH_DAYS or not any(lines.mapped("sold")):
            return
        demand = self.env["distrib.demand"]
        products = np.array(lines.product_id.ids)
        period = [np.datetime64(day, "D") for day in (self.previous_id.as_of, self.as_of)]
        # line_ids and product_id.ids run in the same order: a product is in a report once
        product, day, quantity = stock_report.sell_through(products, np.array(lines.mapped("sold")), *period)
        pairs = (np.full(len(products), self.warehouse_id.id), products)
        start, end = str(period[0] + 1), str(period[1])
        known = demand._read_matrix(start, end, pairs=pairs, measures=("quantity",)).quantity.ravel()
        old = {line.product_id.id: line.sold / days for line in replaced.line_ids}
        was = np.repeat(np.array([old.get(record, np.nan) for record in products.tolist()]), days)
        free = np.isnan(known) | np.isclose(known, was.astype(np.float32))
        demand._write_days(product[free], np.full(int(free.sum()), self.warehouse_id.id), day[free], quantity[free])
