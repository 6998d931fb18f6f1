from odoo import Command, api, fields, models
from odoo.exceptions import UserError

BUYS = ("buyer", "approver", "admin")
PAYS = ("finance", "approver", "admin")


class ResPartner(models.Model):
    _inherit = "res.partner"

    dealer_access = fields.Selection(
        [("none", "No dealer"), ("missing", "No access yet"), ("granted", "Has access"), ("internal", "Internal user")],
        compute="_compute_dealer_access",
        compute_sudo=True,
        groups="base.group_user",
        help="Whether this contact of a dealer can sign in to the dealer portal.",
    )

    @api.depends("commercial_partner_id.is_dealer", "user_ids.group_ids")
    def _compute_dealer_access(self):
        group = self.env.ref("distrib_dealer_portal.group_dealer")
        for partner in self:
            if not partner.commercial_partner_id.is_dealer:
                partner.dealer_access = "none"
            elif any(not user.share for user in partner.user_ids):
                partner.dealer_access = "internal"
            else:
                partner.dealer_access = "granted" if group in partner.user_ids.group_ids else "missing"

    def write(self, vals):
        result = super().write(vals)
        if {"dealer_role", "is_dealer"} & vals.keys():
            # the record rules on invoices depend on these, and their domains are cached
            self.env.registry.clear_cache()
        return result

    def action_grant_dealer_access(self):
        """Give this contact of a dealer a portal user with the dealer's rights; core's wizard sends the invitation."""
        for partner in self:
            partner._check_may_get_access()
            if not partner.dealer_role:
                partner.dealer_role = "buyer"
            if not partner.user_ids:
                wizard = self.env["portal.wizard"].create({"partner_ids": [Command.set(partner.ids)]})
                wizard.user_ids.action_grant_access()
            # sudo: a channel manager lets dealers in but administers no users otherwise
            partner.sudo().user_ids.group_ids = [Command.link(self.env.ref("distrib_dealer_portal.group_dealer").id)]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The contact can sign in to the dealer portal now."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _check_may_get_access(self):
        self.ensure_one()
        if not self.env.user.has_group("distrib_inventory.group_channel_manager"):
            raise UserError(self.env._("Only channel managers let dealers into the portal."))
        if self.dealer_access == "none":
            raise UserError(self.env._("%s is not a contact of a dealer.", self.display_name))
        if self.dealer_access == "internal":
            raise UserError(self.env._("%s is a user of our own company.", self.display_name))
        if not self.email:
            raise UserError(self.env._("%s needs an e-mail address to sign in with.", self.display_name))
