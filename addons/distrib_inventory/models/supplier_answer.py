import hashlib
import json
import uuid

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from ..engine.supplier import answer as reading
from ..engine.supplier.ubl_answer import looks_like, read_ubl

SOURCES = [
    ("webhook", "Supplier's system"),
    ("mail", "E-mail"),
    ("upload", "File"),
    ("portal", "Supplier's portal"),
    ("hand", "By hand"),
]
STATUS_NAMES = [
    ("acknowledged", "Received"),
    ("accepted", "Accepted"),
    ("changed", "Accepted with changes"),
    ("rejected", "Rejected"),
]
LIMIT = 1024 * 1024


class SupplierAnswer(models.Model):
    """What a supplier said to an order: stored as it came, then read. Reading can be repeated."""

    _name = "distrib.supplier.answer"
    _description = "Supplier Answer"
    _rec_name = "external_id"
    _order = "id desc"

    purchase_id = fields.Many2one("purchase.order", string="Purchase Order", readonly=True, index=True)
    message_id = fields.Many2one("distrib.supplier.order", string="Answers", readonly=True, index="btree_not_null")
    link_id = fields.Many2one("distrib.supplier.link", string="Agreement", readonly=True, index="btree_not_null")
    partner_id = fields.Many2one("res.partner", string="Supplier", readonly=True, index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    user_id = fields.Many2one("res.users", string="Buyer", readonly=True)
    source = fields.Selection(SOURCES, required=True, readonly=True)
    form = fields.Selection([("json", "JSON"), ("ubl", "UBL")], required=True, readonly=True, default="json")
    external_id = fields.Char(string="Supplier's Mark", readonly=True, help="By it a repetition is known.")
    order_name = fields.Char(string="Order as Named", readonly=True)
    version = fields.Integer(readonly=True, aggregator=None, help="Version of the order that is answered.")
    sequence = fields.Integer(readonly=True, aggregator=None, help="The later of two answers to one version counts.")
    status = fields.Selection(STATUS_NAMES, readonly=True)
    reference = fields.Char(string="Supplier's Number", readonly=True)
    note = fields.Text(readonly=True)
    digest = fields.Char(string="SHA-256", readonly=True)
    signature = fields.Char(readonly=True, groups="base.group_system")
    attachment_ids = fields.One2many(
        "ir.attachment", "res_id", domain=[("res_model", "=", _name)], string="As Received", readonly=True
    )
    state = fields.Selection(
        [
            ("waiting", "To read"),
            ("consent", "Needs your decision"),
            ("applied", "Done"),
            ("refused", "Not agreed"),
            ("ignored", "Out of date"),
            ("failed", "Cannot be read"),
        ],
        required=True,
        readonly=True,
        default="waiting",
        index=True,
    )
    problems = fields.Json(readonly=True)
    error = fields.Text(string="Why", compute="_compute_error")
    received_on = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    replanned = fields.Boolean(readonly=True)
    line_ids = fields.One2many("distrib.supplier.answer.line", "answer_id", readonly=True)

    _mark_uniq = models.Constraint("UNIQUE(link_id, external_id)", "This answer was received before.")
    _signature_uniq = models.Constraint("UNIQUE(signature)", "This very request was received before.")

    @api.depends("problems")
    @api.depends_context("lang")
    def _compute_error(self):
        texts = self._problem_texts()
        for answer in self:
            answer.error = "\n".join(
                f"{texts.get(code, code)}{f' ({place})' if place else ''}" for code, place in answer.problems or []
            )

    @api.model
    def _problem_texts(self):
        return {
            "not_an_object": self.env._("An object with names and values is expected"),
            "not_json": self.env._("This is no JSON in UTF-8"),
            "not_xml": self.env._("This is no XML that can be read"),
            "not_an_answer": self.env._("This is not an OrderResponse"),
            "missing": self.env._("A value is missing"),
            "bad_text": self.env._("This is no text, or too long"),
            "bad_status": self.env._("Unknown status"),
            "bad_number": self.env._("This is no number from 0 on"),
            "bad_date": self.env._("This is no day, for example 2026-05-31"),
            "not_a_list": self.env._("A list is expected"),
            "too_many": self.env._("There are too many entries"),
            "line_twice": self.env._("A line is answered twice, or a code fits several lines"),
            "no_lines": self.env._("The answer says that something changed, but not what"),
            "unknown_line": self.env._("The order has no such line"),
            "unknown_order": self.env._("This supplier has no such order of ours"),
            "below_received": self.env._("Less than has come already"),
            "deliveries_differ": self.env._("The deliveries do not add up to the quantity"),
            "unsent": self.env._("This version of the order was never sent"),
            "old_version": self.env._("The order has changed since; a newer version is with the supplier"),
            "old_answer": self.env._("A later answer to the same version was read before"),
            "closed": self.env._("The order is cancelled"),
            "other_content": self.env._("The same mark came before with other content"),
            "not_done": self.env._("The order could not be changed"),
        }

    # --- taking in ---------------------------------------------------------------------------------------------

    @api.model
    def _take(self, raw, form, source, link=None, order=None, signature=False):
        """Store an answer as it came, then read it.

        :param bytes raw: the payload
        :param link: the agreement it came by, if known
        :param order: the order it was put to, if known
        :return: (the answer, True when it is a repetition of one that was stored before)
        """
        company = (order or link).company_id
        parsed, problems = _parse(raw, form)
        digest = hashlib.sha256(raw).hexdigest()
        link = link or self.env["distrib.supplier.link"]._of(order.partner_id, company)
        external_id = parsed.ident if parsed else f"sha256:{digest[:32]}"
        before = self._same(link, order, external_id)
        if before and before.digest == digest:
            return before, True
        if before:
            problems = [("other_content", external_id)]
            external_id = f"{external_id}#{digest[:12]}"
            if again := self._same(link, order, external_id):
                return again, True
        values = {
            "company_id": company.id,
            "link_id": link.id,
            "partner_id": (order.partner_id if order else link.partner_id).id,
            "purchase_id": order.id if order else False,
            "source": source,
            "form": form,
            "external_id": external_id,
            "order_name": parsed.order if parsed else _name_in(raw, form),
            "digest": digest,
            "signature": signature,
            "problems": problems or False,
            "state": "failed" if problems else "waiting",
        }
        answer = self._store(values, raw)
        if problems:
            answer._tell_failure()
        else:
            answer._process()
        return answer, False

    @api.model
    def _same(self, link, order, external_id):
        place = [("link_id", "=", link.id)] if link else [("purchase_id", "=", order.id)]
        return self.search([*place, ("external_id", "=", external_id)], limit=1)

    @api.model
    def _store(self, values, raw):
        try:
            answer = self.create(values)
            answer.flush_recordset()
        except psycopg2.errors.UniqueViolation as error:
            # the same answer in another transaction at the same moment: run again, it is then there
            raise ConcurrencyError("this answer is being stored") from error
        extension = "xml" if answer.form == "ubl" else "json"
        self.env["ir.attachment"].create(
            {
                "name": f"answer-{answer.id}.{extension}",
                "raw": raw,
                "mimetype": "application/xml" if extension == "xml" else "application/json",
                "res_model": self._name,
                "res_id": answer.id,
            }
        )
        return answer

    @api.model
    def _record(self, order, data, source, decided=False):
        """Take in what a person entered, in the JSON form without its mark."""
        data = {"id": f"{source}-{uuid.uuid4().hex}", "version": order.distrib_message_id.version or None, **data}
        data["sequence"] = self._next_sequence(order)
        data = {name: value for name, value in data.items() if value is not None}
        answer, _again = self._take(json.dumps(data, ensure_ascii=False).encode(), "json", source, order=order)
        if decided and answer.state == "consent":
            answer._decide(True)
        return answer

    @api.model
    def _next_sequence(self, order):
        """Behind all that was said before."""
        known = self.search([("purchase_id", "=", order.id)], order="sequence desc", limit=1)
        return known.sequence + 1

    @api.model
    def _read_attachments(self, order, message):
        """OrderResponses among the attachments of a message on an order; from the supplier or one of us."""
        author = message.author_id
        ours = author.user_ids.filtered(lambda user: user._is_internal())
        theirs = author and author.commercial_partner_id == order.partner_id.commercial_partner_id
        if not (ours or theirs):
            return
        for attachment in message.attachment_ids:
            if attachment.file_size <= LIMIT and looks_like(attachment.raw or b""):
                source = "upload" if ours and message.message_type == "comment" else "mail"
                self._take(attachment.raw, "ubl", source, order=order)

    def action_read_again(self):
        """After the cause has been mended."""
        self.env["distrib.supplier.order"]._check_planner()
        self.check_access("read")
        # sudo: answers are written by the system; the role is checked above
        self.sudo().filtered(lambda answer: answer.state in ("waiting", "failed"))._process()
        return True

    def action_accept(self):
        self._decide_by_user(True)
        return True

    def action_refuse(self):
        self._decide_by_user(False)
        return True

    def _decide_by_user(self, accepted):
        self.env["distrib.supplier.order"]._check_planner()
        self.check_access("read")
        answers = self.sudo()  # sudo: see action_read_again
        if answers.try_lock_for_update() != answers:
            raise UserError(self.env._("Somebody else is deciding on this answer right now. Try again in a moment."))
        answers.invalidate_recordset()
        if any(answer.state != "consent" for answer in answers):
            raise UserError(self.env._("This answer is decided already."))
        answers._decide(accepted)

    def action_open_purchase(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "purchase.order",
            "res_id": self.purchase_id.id,
            "views": [(False, "form")],
        }


def _parse(raw, form):
    """(Answer or None, problems)."""
    try:
        return (read_ubl(raw) if form == "ubl" else reading.read_json(_loads(raw))), []
    except reading.BadAnswer as error:
        return None, error.problems
    except ValueError:
        return None, [("not_json", "")]


def _name_in(raw, form):
    """The order's name in an answer that cannot be read as a whole, so that somebody is told."""
    try:
        found = _loads(raw) if form == "json" else {}
    except ValueError:
        return False
    name = found.get("order") if isinstance(found, dict) else None
    return name[:120] if isinstance(name, str) else False


def _loads(raw):
    def refuse(name):
        raise ValueError(name)

    return json.loads(raw.decode("utf-8"), parse_constant=refuse)
