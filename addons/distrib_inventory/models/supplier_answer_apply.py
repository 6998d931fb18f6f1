from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date

from ..engine.supplier import answer as reading
from ..engine.supplier import compare
from .supplier_answer import _parse

APPLYING = "distrib_inventory.applying_answers"
EVENTS = {"acknowledged": "acknowledge", "accepted": "confirm", "changed": "confirm", "rejected": "reject"}


class SupplierAnswerApply(models.Model):
    """From an answer to the order: days at once, quantities and prices within the tolerance at once, the rest when the
    buyer has decided.
    """

    _inherit = "distrib.supplier.answer"

    def _process(self):
        """Read these answers; what is wrong with one of them is noted on it."""
        for answer in self:
            said, problems = _parse(answer.attachment_ids[:1].raw, answer.form)
            order = self.env["purchase.order"] if problems else answer._place(said)
            try:
                if order and not problems:
                    with self.env.cr.savepoint():
                        answer._process_one(order, said)
            except reading.BadAnswer as error:
                problems = error.problems
            except (UserError, ValidationError) as error:
                problems = [("not_done", str(error)[:300])]
            if problems or not order:
                answer._close("failed", problems or [("unknown_order", said.order)])
            if answer.state == "failed":
                answer._tell_failure()

    def _place(self, said):
        """Put the answer to its order. :return: the order, or none"""
        order = self._find_order(said)
        self.write(
            {
                "order_name": said.order,
                "status": said.status,
                "reference": said.reference or False,
                "note": said.note or False,
                "sequence": said.sequence,
                "version": said.version or order.distrib_message_id.version,
                "purchase_id": order.id,
                "user_id": order.user_id.id,
            }
        )
        return order

    def _process_one(self, order, said):
        # the order waits for us, or we for it: both answers and buyers change it
        self.env.cr.execute(SQL("SELECT id FROM purchase_order WHERE id = %s FOR UPDATE", order.id))
        message = self._find_message(order, said)
        self.write({"partner_id": order.partner_id.id, "message_id": message.id})
        late = self._why_late(order, said)
        if late == "unsent":
            raise reading.BadAnswer([("unsent", "")])
        message._take_answer(EVENTS[said.status], said.reference)
        if late:
            return self._close("ignored", [(late, "")])
        return self._apply(order, said)

    def _find_order(self, said):
        """The order of this supplier in this company by its name."""
        if self.purchase_id:
            return self.purchase_id if self.purchase_id.name == said.order else self.purchase_id.browse()
        return self._order_named(said.order)

    def _order_named(self, name):
        found = self.env["purchase.order"].search(
            [("name", "=", name), ("company_id", "=", self.company_id.id)], limit=2
        )
        return found.filtered(
            lambda order: order.partner_id.commercial_partner_id == self.link_id.partner_id.commercial_partner_id
        )

    def _find_message(self, order, said):
        sent = order.distrib_message_ids.filtered(lambda m: m.state != "superseded").sorted("version")
        return sent.filtered(lambda m: m.version == said.version) if said.version else sent[-1:]

    def _why_late(self, order, said):
        """Code of why an answer does not count; see the engine. Orders that went out by hand have no versions."""
        if order.state != "purchase":
            return "closed"
        sent = order.distrib_message_ids.filtered(lambda m: m.state != "superseded").mapped("version")
        version = max(sent, default=said.version or 1)
        before = self.search(
            [("purchase_id", "=", order.id), ("id", "!=", self.id), ("state", "in", ("applied", "consent", "refused")),
             ("version", "=", version), ("status", "!=", "acknowledged")],
            order="sequence desc, id desc", limit=1,
        )  # fmt: skip
        last = (before.version, before.sequence) if before else None
        return compare.is_news(said.version, said.sequence, version, last)

    # --- what changes ------------------------------------------------------------------------------------------

    def _apply(self, order, said):
        ordered = order._distrib_ordered()
        link = self.link_id or self.env["distrib.supplier.link"]._of(order.partner_id, order.company_id)
        changes = compare.compare(ordered, said, link._tolerance() if link else compare.Tolerance())
        self._replace_open_answers(order)
        by_ref = {line.ref: line for line in ordered}
        changes = [change for change in changes if change.kinds]
        self.line_ids = [fields.Command.clear()] + [
            fields.Command.create(self._line_values(by_ref[change.ref], change)) for change in changes
        ]
        first = [compare.without_consent(by_ref[change.ref], change) for change in changes]
        self._change_order(order, [change for change in first if change])
        if said.reference and not order.partner_ref:
            order.partner_ref = said.reference
        if any(change.consent for change in changes):
            self._close("consent")
            self._ask_buyer()
        else:
            self._close("applied")

    def _replace_open_answers(self, order):
        """Only the latest answer waits for the buyer."""
        waiting = self.search([("purchase_id", "=", order.id), ("state", "=", "consent"), ("id", "!=", self.id)])
        waiting._close("ignored", [("old_answer", "")])
        order.distrib_message_id._close_activities()

    def _line_values(self, line, change):
        plan = [(delivery.quantity, fields.Date.to_string(delivery.day)) for delivery in change.deliveries]
        return {
            "purchase_line_id": int(change.ref),
            "kinds": ",".join(change.kinds),
            "before_quantity": line.quantity,
            "after_quantity": change.quantity,
            "before_price": line.price,
            "after_price": change.price,
            "before_day": line.day,
            "after_day": change.deliveries[0].day if change.deliveries else False,
            "deliveries": plan,
            "note": change.note or False,
            "decision": "pending" if change.consent else "done",
        }

    def _change_order(self, order, changes):
        """Write changes to the order; what the supplier said is nothing that he has to be told."""
        if not changes:
            return
        applying = self.env.cr.cache.setdefault(APPLYING, set())
        last = order.distrib_message_id
        agreed = bool(last) and last.digest == order._distrib_digest()
        applying.add(order.id)
        try:
            for change in changes:
                order._distrib_change_line(change)
            self.env.flush_all()
            if agreed:
                last.digest = order._distrib_digest()
        finally:
            applying.discard(order.id)
        warehouse = order.picking_type_id.warehouse_id
        products = self.env["purchase.order.line"].browse([int(change.ref) for change in changes]).product_id
        self.env["distrib.network.touch"]._touch((product.id, warehouse.id) for product in products if warehouse)
        self.replanned = False
        self._wake_planning()

    def _close(self, state, problems=None):
        self.write({"state": state, "problems": [list(pair) for pair in problems] if problems else False})

    # --- the buyer's word --------------------------------------------------------------------------------------

    def _decide(self, accepted):
        for answer in self:
            order = answer.purchase_id
            pending = answer.line_ids.filtered(lambda line: line.decision == "pending")
            if accepted:
                answer._accept(order, pending)
            pending.decision = "accepted" if accepted else "refused"
            answer.write(
                {
                    "state": "applied" if accepted else "refused",
                    "decided_by_id": self.env.uid,
                    "decided_on": fields.Datetime.now(),
                }
            )
            order.distrib_message_id._close_activities()
            link = order._distrib_link()
            if not accepted and link and order.state == "purchase":
                # the supplier has to hear that we stay with our order
                self.env["distrib.supplier.order"]._queue(order, link, "change")

    def _accept(self, order, pending):
        if order.state != "purchase":
            raise UserError(self.env._("The order %s is not open any more.", order.name))
        if self.status == "rejected" and not any(order.order_line.mapped("qty_received")):
            order.button_cancel()
            return
        self._change_order(order, [line._as_change() for line in pending])

    def _ask_buyer(self):
        """One activity on the order, with before and after."""
        order = self.purchase_id
        user = order.user_id or self.env.user
        reader = self.with_context(lang=user.lang or self.env.lang)
        order.activity_schedule(
            activity_type_id=self.env.ref("distrib_inventory.mail_activity_supplier").id,
            user_id=user.id,
            summary=reader.env._("%s wants to change the order: decide", self.partner_id.name),
            note=reader._as_table(),
        )

    def _tell_failure(self):
        order = self.purchase_id or self._order_named(self.order_name or "")
        if order and self.source in ("webhook", "mail"):
            user = order.user_id or self.env.user
            reader = self.with_context(lang=user.lang or self.env.lang)
            order.activity_schedule(
                activity_type_id=self.env.ref("distrib_inventory.mail_activity_supplier").id,
                user_id=user.id,
                summary=reader.env._("An answer of %s cannot be used", self.partner_id.name),
                note=reader.error,
            )

    def _as_table(self):
        """Before and after of each line, as HTML."""
        head = (self.env._("Product"), self.env._("Quantity"), self.env._("Price"), self.env._("Expected"))
        rows = [
            (
                line.product_id.display_name,
                _arrow(line.before_quantity, line.after_quantity),
                _arrow(line.before_price, line.after_price),
                f"{format_date(self.env, line.before_day)} → {line.deliveries_text or '–'}",
            )
            for line in self.line_ids
        ]
        cell = Markup("<td style='padding:2px 8px'>%s</td>")
        body = Markup("").join(
            Markup("<tr>%s</tr>") % Markup("").join(cell % value for value in row) for row in [head, *rows]
        )
        return Markup("<table>%s</table>") % body

    # --- planning ----------------------------------------------------------------------------------------------

    @api.model
    def _wake_planning(self):
        cron = self.env.ref("distrib_inventory.cron_supplier_replan", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger()  # sudo: an answer starts the planner's run, and sees nothing of it

    @api.model
    def _cron_replan(self):
        """Plan again where expected arrivals have changed; the proposals then count on the new ones."""
        changed = self.search([("replanned", "=", False), ("state", "in", ("applied", "consent"))])
        for company, answers in changed.grouped("company_id").items():
            if answers.line_ids:
                self.env["distrib.proposal"].with_company(company)._generate(company=company)
            answers.replanned = True


def _arrow(before, after):
    return f"{before:g}" if before == after else f"{before:g} → {after:g}"


class SupplierAnswerLine(models.Model):
    _name = "distrib.supplier.answer.line"
    _description = "Line of a Supplier Answer"
    _order = "answer_id, id"

    answer_id = fields.Many2one("distrib.supplier.answer", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="answer_id.company_id", store=True)
    purchase_line_id = fields.Many2one(
        "purchase.order.line", readonly=True, index="btree_not_null", ondelete="set null"
    )
    product_id = fields.Many2one(related="purchase_line_id.product_id")
    kinds = fields.Char(readonly=True)
    what = fields.Char(string="What Changes", compute="_compute_what")
    before_quantity = fields.Float(string="Ordered", readonly=True, digits="Product Unit")
    after_quantity = fields.Float(string="Confirmed", readonly=True, digits="Product Unit")
    before_price = fields.Float(string="Price", readonly=True, digits="Product Price", aggregator=None)
    after_price = fields.Float(string="Price Confirmed", readonly=True, digits="Product Price", aggregator=None)
    before_day = fields.Date(string="Expected", readonly=True)
    after_day = fields.Date(string="Expected Now", readonly=True)
    deliveries = fields.Json(string="Delivery Plan", readonly=True)
    deliveries_text = fields.Char(string="Confirmed Deliveries", compute="_compute_deliveries_text")
    note = fields.Char(readonly=True)
    decision = fields.Selection(
        [("done", "Done"), ("pending", "To decide"), ("accepted", "Accepted"), ("refused", "Not agreed")],
        required=True,
        readonly=True,
        default="done",
    )

    @api.depends("kinds")
    @api.depends_context("lang")
    def _compute_what(self):
        names = {
            "date": self.env._("Date"),
            "split": self.env._("Several deliveries"),
            "quantity": self.env._("Quantity"),
            "price": self.env._("Price"),
            "rejected": self.env._("Not delivered"),
        }
        for line in self:
            line.what = ", ".join(names.get(kind, kind) for kind in (line.kinds or "").split(",") if kind)

    @api.depends("deliveries")
    @api.depends_context("lang")
    def _compute_deliveries_text(self):
        for line in self:
            line.deliveries_text = "; ".join(
                f"{quantity:g} × {format_date(self.env, day)}" for quantity, day in line.deliveries or []
            )

    def _as_change(self):
        """The engine's change that was kept for the buyer's decision."""
        plan = tuple(reading.Delivery(quantity, fields.Date.to_date(day)) for quantity, day in self.deliveries or [])
        return compare.Change(
            str(self.purchase_line_id.id),
            self.after_quantity,
            self.after_price,
            plan,
            tuple(self.kinds.split(",")),
            False,
        )
