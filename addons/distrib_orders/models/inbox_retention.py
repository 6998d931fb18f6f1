import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..connectors import registry
from ..engine import masking

BATCH = 500
CLOSED, OPEN = ("done", "ignored"), ("held", "failed")


class ResCompany(models.Model):
    _inherit = "res.company"

    distrib_mask_done_days = fields.Integer(
        string="Forget Buyers After",
        default=90,
        help="Days after which messages that were read lose everything that identifies the buyer. 0: never.",
    )
    distrib_mask_open_days = fields.Integer(
        string="Forget Buyers of Unread Messages After",
        default=180,
        help="The same for messages that are held or failed. 0: never.",
    )
    distrib_delete_days = fields.Integer(
        string="Delete Messages After", default=730, help="Days after which messages go altogether. 0: never."
    )

    _distrib_retention_positive = models.Constraint(
        "CHECK(distrib_mask_done_days >= 0 AND distrib_mask_open_days >= 0 AND distrib_delete_days >= 0)",
        "Days of keeping cannot be negative.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    distrib_mask_done_days = fields.Integer(related="company_id.distrib_mask_done_days", readonly=False)
    distrib_mask_open_days = fields.Integer(related="company_id.distrib_mask_open_days", readonly=False)
    distrib_delete_days = fields.Integer(related="company_id.distrib_delete_days", readonly=False)


class InboxMessage(models.Model):
    """How long messages are kept, and what is left of them."""

    _inherit = "distrib.inbox.message"

    masked_at = fields.Datetime(
        string="Buyer Forgotten", readonly=True, help="Since then the message says nothing about who bought."
    )
    platform = fields.Selection(related="channel_id.platform")
    body_text = fields.Text(string="Content", compute="_compute_body_text", help="The same, set out for reading.")

    _retention_idx = models.Index("(company_id, received_at) WHERE masked_at IS NULL")

    @api.depends("body", "raw")
    def _compute_body_text(self):
        for message in self:
            try:
                message.body_text = json.dumps(json.loads(message.body or ""), ensure_ascii=False, indent=2)
            except ValueError:
                message.body_text = message.body

    @api.model
    def _cron_retention(self):
        """Forget and delete what is old enough, a batch for each transaction."""
        cron, now = self.env["ir.cron"], fields.Datetime.now()
        for company in self.env["res.company"].search(Domain.TRUE):
            base = [("company_id", "=", company.id)]
            rules = (
                (company.distrib_delete_days, [("state", "!=", "waiting")], type(self).unlink),
                (
                    company.distrib_mask_done_days,
                    [("masked_at", "=", False), ("state", "in", CLOSED)],
                    type(self)._forget,
                ),
                (
                    company.distrib_mask_open_days,
                    [("masked_at", "=", False), ("state", "in", OPEN)],
                    type(self)._forget,
                ),
            )
            for days, domain, work in rules:
                limit = [("received_at", "<", now - timedelta(days=days))]
                while days and (found := self.search([*base, *domain, *limit], order="id", limit=BATCH)):
                    work(found)
                    if not cron._commit_progress(len(found)):
                        return

    def _forget(self):
        """Take away what identifies a buyer; what was sold stays, in our words."""
        for message in self:
            message.write(
                {
                    "body": message._without_buyer(),
                    "raw": False,
                    "headers": False,
                    "problems": masking.problems(message.problems) or False,
                    "masked_at": fields.Datetime.now(),
                }
            )

    def _without_buyer(self):
        """The order of the message without its buyer; nothing where it cannot be read, or is no order."""
        if self.kind != "order" or not self.body:
            return False
        try:
            payload = json.loads(self.body)
            if self.channel_id.platform and self.source in ("pull", "push"):
                payload = registry.get(self.channel_id.platform).read_order(payload, self._platform_account())
                payload |= {"external_id": self.external_id, "version": self.version}
            return json.dumps(masking.forget(payload), ensure_ascii=False)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            return False

    def action_retry(self):
        if any(message.masked_at for message in self):
            raise UserError(
                self.env._(
                    "The buyer of this message is forgotten; there is nothing left to read. Ask for the order again."
                )
            )
        return super().action_retry()

    def action_open_articles(self):
        """The articles of these messages' channels that are still to be matched."""
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_channel_products")
        domain = [("channel_id", "in", self.channel_id.ids), ("state", "=", "open")]
        return {**action, "domain": domain, "context": {}}
