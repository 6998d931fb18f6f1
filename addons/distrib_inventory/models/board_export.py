from odoo import api, models
from odoo.exceptions import UserError

from ..engine.board import COLUMNS, STATUSES

MAX_ROWS = 100_000


class Board(models.AbstractModel):
    """The board as a sheet: a title, a header, and rows of (level, values)."""

    _inherit = "distrib.board"

    @api.model
    def export_shown(self, query, expanded, columns):
        """The rows as they are opened on the screen, with all that a page of the screen leaves for later."""
        scope = self._scope(query)
        tree = self._tree(scope)
        names = self._export_columns(columns)
        rows = [(0, self._export_row(tree.total(), self.env._("Total"), names))]
        expanded = {str(key) for key in expanded}

        def add(found):
            for row in found:
                rows.append((row["depth"], self._export_row(row, row["label"], names)))
                self._check_export(len(rows))
                if row["key"] in expanded and row["expandable"]:
                    below = tree.children(row["key"], 0, MAX_ROWS)
                    for child in below:
                        child["depth"] = row["depth"] + 1
                    add(below)

        add(tree.node_rows(tree.tops, 0))
        header = [self.env._("Place or product"), self.env._("Code"), self.env._("Status"), self.env._("Short")]
        return self._sheet([*header, *self._export_labels(names)], rows, 4, [44, 12, 14, 8])

    @api.model
    def export_pairs(self, query, columns):
        """Every product in every warehouse that the search and the filters let through."""
        scope = self._scope(query)
        tree = self._tree(scope)
        names = self._export_columns(columns)
        found, count = self._pairs(scope, warehouses=self._warehouses(scope).ids, limit=MAX_ROWS + 1)
        self._check_export(count)
        places = tree.labels(list({f"w{row[1]}" for row in found}))
        goods = tree.labels(list({f"p{row[0]}" for row in found}))
        status = dict(self._export_statuses())
        rows = []
        for row in found:
            values = tree.pair_values(row)
            place, thing = places[f"w{row[1]}"], goods[f"p{row[0]}"]
            text = [place[1] or "", place[0], thing[1] or "", thing[0], status[values["status"]]]
            rows.append((0, text + self._export_values(values["v"], names)))
        header = [
            self.env._("Code"),
            self.env._("Warehouse"),
            self.env._("Product Code"),
            self.env._("Product"),
            self.env._("Status"),
        ]
        return self._sheet([*header, *self._export_labels(names)], rows, 5, [10, 26, 14, 40, 14])

    @api.model
    def _sheet(self, header, rows, text_columns, widths):
        return {
            "title": self.env._("Network stock"),
            "header": header,
            "rows": rows,
            "text_columns": text_columns,
            "widths": [*widths, *[12] * (len(header) - len(widths))],
        }

    @api.model
    def _check_export(self, count):
        if count > MAX_ROWS:
            raise UserError(
                self.env._("This is more than %s rows. Narrow it down with the search or the filters.", MAX_ROWS)
            )

    @api.model
    def _export_columns(self, columns):
        labels = self._column_labels()
        return [name for name in columns if name in labels] or list(COLUMNS)

    @api.model
    def _export_row(self, row, label, names):
        short = None if row.get("counts") is None else sum(row["counts"][4:])
        status = dict(self._export_statuses()).get(row["status"], "") if short is None else ""
        return ["    " * row["depth"] + label, row["sub"], status, short, *self._export_values(row["v"], names)]

    @api.model
    def _export_values(self, values, names):
        known = dict(zip(COLUMNS, values, strict=True))
        cover = round(known["usable"] / known["demand_mean"], 1) if known["demand_mean"] > 0 else None
        return [cover if name == "cover" else known.get(name, 0.0) for name in names]

    @api.model
    def _export_labels(self, names):
        labels = self._column_labels()
        return [labels.get(name, name) for name in names]

    @api.model
    def _export_statuses(self):
        return zip(
            STATUSES,
            (
                self.env._("In order"),
                self.env._("Not selling"),
                self.env._("Overstock"),
                self.env._("To order"),
                self.env._("Below safety"),
                self.env._("No stock"),
                self.env._("Negative"),
            ),
            strict=True,
        )

    @api.model
    def _column_labels(self):
        labels = {
            "on_hand": self.env._("On Hand"),
            "reserved": self.env._("Reserved"),
            "allocated": self.env._("Allocated"),
            "available": self.env._("Available"),
            "cover": self.env._("Days of Cover"),
            "incoming": self.env._("Incoming"),
            "in_transit": self.env._("In Transit"),
            "transfer_in": self.env._("Transfers Due"),
            "outgoing": self.env._("Outgoing"),
            "forecast": self.env._("Forecast"),
            "expired": self.env._("Expired"),
            "expiring": self.env._("Expiring"),
            "quarantine": self.env._("Quarantine"),
            "damaged": self.env._("Damaged"),
            "blocked": self.env._("Blocked"),
            "disputed": self.env._("Disputed"),
            "owned_on_hand": self.env._("Other Owners'"),
            "demand_mean": self.env._("Demand a Day"),
            "safety_stock": self.env._("Safety Stock"),
            "reorder_point": self.env._("Reorder Point"),
            "usable": self.env._("Covers Demand"),
        }
        return {name: label for name, label in labels.items() if name in COLUMNS or name == "cover"}
