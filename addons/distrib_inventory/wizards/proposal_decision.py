from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError


class ProposalReject(models.TransientModel):
    """Why proposals are not followed."""

    _name = "distrib.proposal.reject"
    _description = "Reject Proposals"

    proposal_ids = fields.Many2many("distrib.proposal", required=True)
    reason = fields.Char(required=True)

    def action_confirm(self):
        self.proposal_ids._reject(self.reason)
        return self.proposal_ids._done_action(self.env._("%s proposals rejected.", len(self.proposal_ids)))


class ProposalSnooze(models.TransientModel):
    """Until when proposals are put off."""

    _name = "distrib.proposal.snooze"
    _description = "Snooze Proposals"

    proposal_ids = fields.Many2many("distrib.proposal", required=True)
    until = fields.Date(required=True, default=lambda self: fields.Date.context_today(self) + timedelta(days=7))

    def action_confirm(self):
        self.proposal_ids._snooze(self.until)
        return self.proposal_ids._done_action(self.env._("%s proposals snoozed.", len(self.proposal_ids)))


class ProposalChange(models.TransientModel):
    """Change quantity, source or date of several proposals at once; what is left empty stays as it is."""

    _name = "distrib.proposal.change"
    _description = "Change Proposals"

    proposal_ids = fields.Many2many("distrib.proposal", required=True)
    percent = fields.Integer(string="Quantity", default=100, help="Percent of the quantity that is there now.")
    expected_date = fields.Date(string="Expected")
    source_warehouse_id = fields.Many2one(
        "stock.warehouse", string="From", domain="[('dealer_id', '=', False)]", help="For transfers."
    )
    partner_id = fields.Many2one("res.partner", string="Supplier", help="For purchases.")

    def action_confirm(self):
        if self.percent <= 0:
            raise UserError(self.env._("The quantity of a proposal has to be above zero."))
        proposals = self.proposal_ids
        proposals._lock(("open", "snoozed"))
        if self.percent != 100:
            for proposal in proposals:
                proposal.quantity = max(round(proposal.quantity * self.percent / 100), 1.0)
        if self.expected_date:
            proposals.write({"expected_date": self.expected_date})
        purchases = proposals.filtered(lambda proposal: proposal.kind == "purchase")
        if self.partner_id:
            purchases.write({"partner_id": self.partner_id.id})
        if self.source_warehouse_id:
            (proposals - purchases).write({"source_warehouse_id": self.source_warehouse_id.id})
        return {"type": "ir.actions.act_window_close"}
