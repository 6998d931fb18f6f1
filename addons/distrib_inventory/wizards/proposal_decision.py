from datetime import timedelta

from odoo import fields, models


class ProposalReject(models.TransientModel):
    """Why proposals are not followed."""

    _name = "distrib.proposal.reject"
    _description = "Reject Proposals"

    proposal_ids = fields.Many2many("distrib.proposal", required=True)
    reason = fields.Char(required=True)

    def action_confirm(self):
        self.proposal_ids._reject(self.reason)
        return {"type": "ir.actions.act_window_close"}


class ProposalSnooze(models.TransientModel):
    """Until when proposals are put off."""

    _name = "distrib.proposal.snooze"
    _description = "Snooze Proposals"

    proposal_ids = fields.Many2many("distrib.proposal", required=True)
    until = fields.Date(required=True, default=lambda self: fields.Date.context_today(self) + timedelta(days=7))

    def action_confirm(self):
        self.proposal_ids._snooze(self.until)
        return {"type": "ir.actions.act_window_close"}
