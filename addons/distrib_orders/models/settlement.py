import base64
import hashlib
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..connectors.order import CHINA
from ..engine import settlement

MEANINGS = [
    ("order", "Order number"),
    ("transaction", "Transaction"),
    ("time", "Time"),
    ("kind", "Kind"),
    ("amount", "Amount"),
    ("income", "Income"),
    ("expense", "Expense"),
    ("refund", "Refund"),
    ("fee", "Fee"),
    ("note", "Note"),
    ("-", "Not used"),
]
SHOWN_BAD = 20


class SettlementColumn(models.Model):
    """What a column of a channel's statements means, where its header does not tell."""

    _name = "distrib.settlement.column"
    _description = "Column of a Statement"
    _order = "channel_id, id"

    channel_id = fields.Many2one("distrib.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True)
    header = fields.Char(required=True)
    meaning = fields.Selection(MEANINGS, required=True)

    _header_uniq = models.Constraint("UNIQUE (channel_id, header)", "The column has a meaning already.")


class Settlement(models.Model):
    """A statement of a platform or payment service, held against the orders of its channel."""

    _name = "distrib.settlement"
    _description = "Platform Statement"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True, readonly=False, precompute=True)
    channel_id = fields.Many2one("distrib.channel", required=True, index=True, ondelete="restrict", tracking=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", string="Imported By", default=lambda self: self.env.user, readonly=True)
    file = fields.Binary(required=True, attachment=True, copy=False)
    file_name = fields.Char(copy=False)
    checksum = fields.Char(readonly=True, copy=False, help="SHA-256 of the file.")
    state = fields.Selection(
        [("draft", "Draft"), ("done", "Read"), ("failed", "Failed")],
        default="draft", required=True, readonly=True, tracking=True, copy=False, index=True,
    )  # fmt: skip
    message = fields.Text(string="What Went Wrong", readonly=True, copy=False)
    date_from = fields.Date(readonly=True, copy=False)
    date_to = fields.Date(readonly=True, copy=False)
    line_ids = fields.One2many("distrib.settlement.line", "settlement_id", readonly=True)
    line_count = fields.Integer(string="Orders", readonly=True, copy=False)
    difference_count = fields.Integer(string="Differences", readonly=True, copy=False)
    received = fields.Monetary(readonly=True, copy=False)
    refunded = fields.Monetary(readonly=True, copy=False)
    fee = fields.Monetary(string="Fees", readonly=True, copy=False)
    other = fields.Monetary(readonly=True, copy=False, help="Movements that concern no order.")
    owed = fields.Monetary(readonly=True, copy=False, help="What buyers and platform owe for the orders.")
    difference = fields.Monetary(readonly=True, copy=False)
    bad_rows = fields.Json(string="What Is Bad", readonly=True, copy=False)
    bad_count = fields.Integer(string="Bad Rows", readonly=True, copy=False)

    _file_uniq = models.UniqueIndex(
        "(channel_id, checksum) WHERE state != 'failed' AND checksum IS NOT NULL",
        "This file was imported for the channel before.",
    )

    @api.depends("file_name")
    def _compute_name(self):
        for statement in self:
            statement.name = statement.file_name or self.env._("Statement")

    @api.model_create_multi
    def create(self, vals_list):
        for values in vals_list:
            if values.get("file"):
                values["checksum"] = hashlib.sha256(base64.b64decode(values["file"])).hexdigest()
        return super().create(vals_list)

    def action_read(self):
        """Read the file and compare; what it said before is replaced."""
        for statement in self:
            statement._read_file()
        return True

    def _read_file(self):
        self.ensure_one()
        columns = self.env["distrib.settlement.column"].search([("channel_id", "=", self.channel_id.id)])
        meanings = {column.header: column.meaning for column in columns}
        try:
            found = settlement.read(base64.b64decode(self.file), self.file_name or "", meanings)
        except settlement.StatementProblem as problem:
            self.write({"state": "failed", "message": self._file_problem(problem)})
            return
        self.line_ids.unlink()
        days = [entry.time.date() for entry in found.entries if entry.time]
        self.write(
            {
                "state": "done",
                "message": self._bad_text(found.bad),
                "bad_rows": [list(row) for row in found.bad],
                "bad_count": len(found.bad),
                "date_from": min(days, default=False),
                "date_to": max(days, default=False),
            }
        )
        self._write_lines(settlement.by_order(found.entries))
        self._compare()

    def _file_problem(self, problem):
        return {
            "kind": self.env._("Only CSV and XLSX files can be read, not %s.", problem.detail),
            "damaged": self.env._("The file is damaged or not what its name says. %s", problem.detail),
            "no_table": self.env._("No table was found in the file."),
            "columns": self.env._(
                "The file needs a column of order numbers and one of amounts. Say what these mean in the columns of "
                "the channel's statements: %s",
                problem.detail,
            ),
        }[problem.code]

    def _bad_text(self, bad):
        rows = [self.env._("row %(row)s: %(value)s is not a number", row=row, value=value) for row, _c, value in bad]
        return "\n".join(rows[:SHOWN_BAD]) or False

    def _write_lines(self, sums):
        orders = self._orders_of([number for number in sums if number])
        rows = []
        for number, found in sums.items():
            rows.append(
                {
                    "settlement_id": self.id,
                    "order_ref": number,
                    "order_id": orders[number].id if number in orders else False,
                    "received": float(found.received),
                    "refunded": float(found.refunded),
                    "fee": float(found.fee),
                    "other": float(found.other),
                    "entries": [self._entry_data(entry) for entry in found.entries],
                }
            )
        rows += [
            {"settlement_id": self.id, "order_ref": order.channel_order_ref, "order_id": order.id}
            for order in self._missing_orders(set(sums))
        ]
        self.env["distrib.settlement.line"].create(rows)

    @api.model
    def _entry_data(self, entry):
        return {
            "row": entry.row, "kind": entry.kind, "amount": float(entry.amount), "fee": float(entry.fee),
            "transaction": entry.transaction, "time": entry.time.isoformat() if entry.time else "", "text": entry.text,
        }  # fmt: skip

    def _orders_of(self, numbers):
        found = self.env["sale.order"].search(
            [("channel_id", "=", self.channel_id.id), ("channel_order_ref", "in", numbers)]
        )
        return {order.channel_order_ref: order for order in found}

    def _missing_orders(self, numbers):
        """Orders paid within the days of the statement that neither it nor another one names."""
        if not self.date_from:
            return self.env["sale.order"]
        # The days of a statement are those of Beijing.
        start, end = (
            fields.Datetime.to_datetime(day) - CHINA.utcoffset(None)
            for day in (self.date_from, self.date_to + timedelta(days=1))
        )
        orders = self.env["sale.order"].search(
            [
                ("channel_id", "=", self.channel_id.id),
                ("paid_at", ">=", start),
                ("paid_at", "<", end),
                ("state", "!=", "cancel"),
                ("channel_order_ref", "!=", False),
            ]
        )
        settled = self.env["distrib.settlement.line"].search(
            [("order_id", "in", orders.ids), ("settlement_id", "!=", self.id), ("received", ">", 0)]
        )
        return orders.filtered(lambda o: o.channel_order_ref not in numbers) - settled.order_id

    def action_compare(self):
        """Compare again, after orders have changed."""
        for statement in self.filtered(lambda s: s.state == "done"):
            numbers = statement.line_ids.filtered(lambda line: line.order_ref and not line.order_id)
            orders = statement._orders_of(numbers.mapped("order_ref"))
            for line in numbers:
                line.order_id = orders.get(line.order_ref, False)
            statement._compare()
        return True

    def _compare(self):
        """Hold each order against all that statements have said of it up to this one."""
        before = self._said_before()
        owed = self._owed(self.line_ids.order_id)
        for line in self.line_ids:
            if not line.order_ref:
                line.write({"reason": "other", "difference": 0.0, "owed": 0.0})
                continue
            earlier = before[line.order_id.id] if line.order_id else (0.0, 0.0, 0.0)
            sums = [line.received + earlier[0], line.refunded + earlier[1], line.fee + earlier[2]]
            due = owed.get(line.order_id.id) if line.order_id else None
            gap, reason = settlement.explain(due, *sums)
            line.write({"owed": due or 0.0, "difference": gap, "reason": reason})
        lines = self.line_ids
        self.write(
            {
                "line_count": len(lines.filtered("order_ref")),
                "difference_count": len(lines.filtered(lambda line: line.reason not in ("equal", "other"))),
                **{
                    name: sum(lines.mapped(name))
                    for name in ("received", "refunded", "fee", "other", "owed", "difference")
                },
            }
        )

    def _said_before(self):
        """dict order id -> (received, refunded, fee) in the statements before this one."""
        rows = self.env["distrib.settlement.line"]._read_group(
            [
                ("order_id", "in", self.line_ids.order_id.ids),
                ("settlement_id", "<", self.id),
                ("settlement_id.state", "=", "done"),
            ],
            ["order_id"],
            ["received:sum", "refunded:sum", "fee:sum"],
        )
        return defaultdict(lambda: (0.0, 0.0, 0.0), {order.id: tuple(sums) for order, *sums in rows})

    @api.model
    def _owed(self, orders):
        """dict order id -> what buyer and platform owe for it and the parts that were split off; nothing if cancelled."""
        owed = dict.fromkeys(orders.ids, 0.0)
        family = orders | orders.split_part_ids
        for order in family.filtered(lambda o: o.state != "cancel"):
            owed[(order.split_from_id or order).id] += order.amount_total
        return {order: round(total, 2) for order, total in owed.items()}

    # Accounting

    def action_register_payments(self):
        """Book what was received as payments of the invoices, by core's own wizard."""
        self.ensure_one()
        journal = self.channel_id.settlement_journal_id
        if not journal:
            raise UserError(self.env._("Choose the journal of statements on the channel first."))
        paid = 0
        for line in self.line_ids.filtered(lambda row: row.order_id and not row.payment_ids and row.received > 0):
            invoices = (line.order_id | line.order_id.split_part_ids).invoice_ids.filtered(
                lambda move: move.state == "posted" and move.move_type == "out_invoice" and move.amount_residual > 0
            )
            if invoices:
                line.payment_ids = line._pay(invoices, journal)
                paid += 1
        message = self.env._("Payments registered for %s orders.", paid)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": "success" if paid else "warning"},
        }

    def action_open_differences(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_settlement_lines")
        context = {"search_default_differences": 1}
        return {**action, "domain": [("settlement_id", "=", self.id)], "context": context}


class SettlementLine(models.Model):
    """What a statement says of one order."""

    _name = "distrib.settlement.line"
    _description = "Order of a Statement"
    _order = "settlement_id desc, id"
    _rec_name = "order_ref"

    settlement_id = fields.Many2one("distrib.settlement", required=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one(related="settlement_id.channel_id", store=True)
    company_id = fields.Many2one(related="settlement_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    order_ref = fields.Char(string="Outside Number", index=True)
    order_id = fields.Many2one("sale.order", index="btree_not_null", ondelete="set null")
    received = fields.Monetary()
    refunded = fields.Monetary()
    fee = fields.Monetary()
    other = fields.Monetary()
    owed = fields.Monetary(help="What buyer and platform owe for the order, freight included.")
    difference = fields.Monetary(help="What came, in this statement and those before, less what is owed.")
    reason = fields.Selection(
        [
            ("equal", "Equal"),
            ("fee", "Fee"),
            ("refund", "Refund"),
            ("missing", "Not in statement"),
            ("unknown", "No such order"),
            ("amount", "Amount"),
            ("other", "No order"),
        ],
        index=True,
    )
    explanation = fields.Char(compute="_compute_explanation")
    settled = fields.Boolean(help="Somebody has looked at the difference and accepts it.")
    entries = fields.Json()
    payment_ids = fields.Many2many("account.payment", string="Payments", copy=False)

    @api.depends("reason", "difference")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for line in self:
            line.explanation = line._explanation()

    def _explanation(self):
        gap = f"{self.difference:.2f}"
        return {
            "equal": "",
            "fee": self.env._("The fee of %s was taken off the payment.", f"{self.fee:.2f}"),
            "refund": self.env._("%s was given back to the buyer, the order still has it.", f"{self.refunded:.2f}"),
            "missing": self.env._("The order was paid in this time, no statement names it."),
            "unknown": self.env._("No order of the channel has this number."),
            "amount": self.env._("Differs by %s; neither fee nor refund explains it.", gap),
            "other": self.env._("Concerns no order."),
        }.get(self.reason, "")

    def action_settle(self):
        self.settled = True
        return True

    def _pay(self, invoices, journal):
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoices.ids)
        residual = sum(invoices.mapped("amount_residual"))
        days = [entry["time"][:10] for entry in self.entries or () if entry.get("time")]
        return wizard.create(
            {
                "journal_id": journal.id,
                "group_payment": True,
                "amount": min(self.received - self.refunded, residual),
                "payment_date": max(days, default=fields.Date.context_today(self)),
                "communication": self.order_ref,
            }
        )._create_payments()


class Channel(models.Model):
    _inherit = "distrib.channel"

    settlement_column_ids = fields.One2many(
        "distrib.settlement.column", "channel_id", string="Columns of Statements",
        groups="distrib_inventory.group_channel_manager",
    )  # fmt: skip
    settlement_journal_id = fields.Many2one(
        "account.journal", string="Journal of Statements", check_company=True,
        domain=[("type", "in", ("bank", "cash"))], groups="distrib_inventory.group_channel_manager",
        help="Where payments from statements are booked.",
    )  # fmt: skip
