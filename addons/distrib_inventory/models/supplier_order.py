import logging

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from ..engine.supplier import state as life
from .supplier_link import METHODS

_logger = logging.getLogger(__name__)

STATE_NAMES = [
    ("queued", "Waiting"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("acknowledged", "Received"),
    ("confirmed", "Confirmed"),
    ("rejected", "Rejected"),
    ("failed", "Failed"),
    ("superseded", "Replaced"),
]
KINDS = [("order", "Order"), ("change", "Change"), ("cancel", "Cancellation")]


class SupplierOrder(models.Model):
    """One message to a supplier: a version of a purchase order, and what became of it."""

    _name = "distrib.supplier.order"
    _description = "Supplier Message"
    _rec_name = "key"
    _order = "id desc"

    purchase_id = fields.Many2one(
        "purchase.order", string="Purchase Order", required=True, readonly=True, index=True, ondelete="restrict"
    )
    version = fields.Integer(required=True, readonly=True, aggregator=None)
    kind = fields.Selection(KINDS, required=True, readonly=True, default="order")
    key = fields.Char(
        string="Message Key",
        required=True,
        readonly=True,
        help="The same however often the message is tried: by it the supplier knows a repetition.",
    )
    link_id = fields.Many2one(
        "distrib.supplier.link", string="Agreement", required=True, readonly=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one("res.partner", string="Supplier", required=True, readonly=True, index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    user_id = fields.Many2one("res.users", string="Buyer", readonly=True, index=True)
    method = fields.Selection(METHODS, required=True, readonly=True)
    state = fields.Selection(STATE_NAMES, required=True, readonly=True, default="queued", index=True)
    content = fields.Json(readonly=True, groups="purchase.group_purchase_user")
    digest = fields.Char(readonly=True, help="Mark of the content; when the order's differs, a change is to be sent.")
    attachment_ids = fields.One2many(
        "ir.attachment", "res_id", domain=[("res_model", "=", _name)], string="As Sent", readonly=True
    )
    attempts = fields.Integer(string="Tries", readonly=True, aggregator=None)
    tried_on = fields.Datetime(string="Last Try", readonly=True)
    next_try = fields.Datetime(readonly=True, index=True)
    maybe_taken = fields.Boolean(
        string="Supplier May Have It", readonly=True, help="A try ended without a clear word of the supplier."
    )
    sent_on = fields.Datetime(readonly=True)
    answer_due = fields.Datetime(readonly=True, index=True)
    answered_on = fields.Datetime(readonly=True)
    reference = fields.Char(string="Supplier's Number", readonly=True)
    problem = fields.Char(readonly=True)
    problem_text = fields.Char(readonly=True)
    http_status = fields.Integer(readonly=True, aggregator=None)
    error = fields.Char(string="Why", compute="_compute_error")
    mail_message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null")
    is_waiting_long = fields.Boolean(compute="_compute_is_waiting_long")

    _version_uniq = models.Constraint(
        "UNIQUE(purchase_id, version)", "This version of the order is on its way already."
    )
    _key_uniq = models.Constraint("UNIQUE(key)", "A message with this key exists already.")
    _due_index = models.Index("(next_try) WHERE state = 'queued'")

    @api.depends("problem", "problem_text")
    @api.depends_context("lang")
    def _compute_error(self):
        texts = self._problem_texts()
        for message in self:
            words = texts.get(message.problem, message.problem or "")
            message.error = " ".join(filter(None, (words, message.problem_text)))

    @api.depends("answer_due", "state")
    def _compute_is_waiting_long(self):
        now = fields.Datetime.now()
        for message in self:
            due = message.answer_due
            message.is_waiting_long = message.state in ("sent", "acknowledged") and bool(due) and due < now

    @api.model
    def _problem_texts(self):
        """Sentences for the codes, for somebody who can do something about it."""
        return {
            "no_endpoint": self.env._("The agreement has no address to send to."),
            "no_secret": self.env._("The agreement has no shared secret to sign with."),
            "no_email": self.env._("The supplier's contact has no e-mail address."),
            "paused": self.env._("Sending is paused in the agreement."),
            "timeout": self.env._("The supplier's system did not answer in time; it may have the order."),
            "connect": self.env._("The supplier's system cannot be reached."),
            "tls": self.env._("The certificate of the supplier's system is not valid."),
            "closed": self.env._("The connection broke off before the reply; the supplier may have the order."),
            "big": self.env._("The reply is too large to be one."),
            "server_error": self.env._("The supplier's system has a fault of its own."),
            "busy": self.env._("The supplier's system asks to come back later."),
            "redirect": self.env._("The address points to another one; enter that one in the agreement."),
            "refused": self.env._("The supplier's system refuses the order:"),
            "bad_signature": self.env._("The reply is not signed with the shared secret, so it does not count."),
            "unreadable": self.env._("The reply cannot be read; the supplier may have the order."),
            "killed": self.env._("Sending was interrupted; it is tried again under the same key."),
            "bounced": self.env._("The e-mail did not arrive."),
            "not_made": self.env._("The document could not be made:"),
            "too_often": self.env._("All tries were in vain."),
        }

    # --- queueing ----------------------------------------------------------------------------------------------

    @api.model
    def _queue(self, order, link, kind=None):
        """Store the next version of an order. What was never tried is replaced by it.

        :return: the new message
        """
        # sudo: buyers confirm orders; the outbox itself is written by the system alone
        order, outbox = order.sudo(), self.sudo()
        before = outbox.search([("purchase_id", "=", order.id)], order="version desc")
        before.filtered(lambda m: not m._went_out() and life.can(m.state, "supersede"))._step("supersede")
        known = before.filtered(lambda m: m._went_out())
        version = max(before.mapped("version"), default=0) + 1
        kind = kind or ("change" if known else "order")
        key = f"{order.name}-{order.id}-v{version}"
        content = order._distrib_content(link, kind, version, key)
        values = {
            "purchase_id": order.id,
            "version": version,
            "kind": kind,
            "key": key,
            "link_id": link.id,
            "partner_id": order.partner_id.id,
            "company_id": order.company_id.id,
            "user_id": order.user_id.id,
            "method": link.method,
            "content": content,
            "digest": order._distrib_digest(content),
            "next_try": fields.Datetime.now(),
        }
        try:
            message = outbox.create(values)
            message.flush_recordset()
        except psycopg2.errors.UniqueViolation as error:
            raise ConcurrencyError("another transaction queued this order at the same moment") from error
        message._keep_file("json", message._content_bytes())
        order.distrib_message_id = message
        self._wake()
        return message

    def _went_out(self):
        """Whether the supplier may know of this message."""
        return self.maybe_taken or self.state in (*life.HELD_BY_SUPPLIER, "sending")

    @api.model
    def _wake(self, at=None):
        """Let the sender run as soon as this transaction is committed, or at a moment."""
        cron = self.env.ref("distrib_inventory.cron_supplier_order", raise_if_not_found=False)
        if cron:
            # sudo: whoever confirms an order starts the sender, and sees nothing of it
            cron.sudo()._trigger(at=at)

    def _step(self, event, **values):
        """Go on in the life of these messages; see the engine.

        :raise WrongStep: not possible in the present state
        """
        for message in self:
            message.write({"state": life.step(message.state, event), **values})

    # --- by hand -----------------------------------------------------------------------------------------------

    def _check_planner(self):
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise UserError(self.env._("Only planners send orders to suppliers."))
        self.check_access("read")

    def action_resend(self):
        """Try a failed message again, under the same key: a supplier who has it after all knows it by that."""
        self._check_planner()
        messages = self.sudo()  # sudo: see _queue; the role is checked above
        messages.lock_for_update()
        messages.invalidate_recordset(["state"])
        failed = messages.filtered(lambda m: life.can(m.state, "resend"))
        if not failed:
            raise UserError(self.env._("Only a failed message can be sent again."))
        failed._step("resend", attempts=0, next_try=fields.Datetime.now(), problem=False, problem_text=False)
        failed._close_activities()
        self._wake()
        return True

    def action_send_now(self):
        """Do not wait for the next try."""
        self._check_planner()
        # sudo: see _queue; the role is checked above
        self.sudo().filtered(lambda m: m.state == "queued").next_try = fields.Datetime.now()
        self._wake()
        return True

    def action_open_purchase(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "purchase.order",
            "res_id": self.purchase_id.id,
            "views": [(False, "form")],
        }

    # --- telling the buyer -------------------------------------------------------------------------------------

    def _tell_buyer(self):
        """An activity on the order of each failed message, one at most."""
        kind = self.env.ref("distrib_inventory.mail_activity_supplier")
        for message in self:
            order = message.purchase_id
            if message._open_activities():
                continue
            user = message.user_id if message.user_id.active else order.user_id
            lang = user.lang or self.env.lang
            order.activity_schedule(
                activity_type_id=kind.id,
                user_id=(user or self.env.user).id,
                summary=message.with_context(lang=lang)._failure_summary(),
                note=message.with_context(lang=lang).error,
            )

    def _failure_summary(self):
        return self.env._("%(key)s did not reach %(supplier)s", key=self.key, supplier=self.partner_id.name)

    def _open_activities(self):
        kind = self.env.ref("distrib_inventory.mail_activity_supplier")
        return self.purchase_id.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def _close_activities(self):
        for message in self:
            message._open_activities().action_done()
