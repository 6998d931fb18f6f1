from odoo import api, fields, models


class ServiceTarget(models.Model):
    """A service target for a class, category, tier, region, product or warehouse.

    Targets are asked in their order; the first whose conditions all hold is taken. Before them goes a policy's own
    target, after them the company's.
    """

    _name = "distrib.service.target"
    _inherit = ["distrib.service.scope"]
    _description = "Service Target"
    _order = "sequence, id"
    _rec_name = "scope"

    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    warehouse_id = fields.Many2one(check_company=True, domain="[('company_id', '=', company_id)]")
    simulation_id = fields.Many2one("distrib.simulation", readonly=True, ondelete="set null", copy=False)
    note = fields.Char(help="Why this target, for whoever comes after you.")
    policy_count = fields.Integer(
        compute="_compute_policy_count", string="Policies", help="Policies that took this target in the last run."
    )

    _check_company_auto = True

    @api.depends_context("uid")
    def _compute_policy_count(self):
        counts = dict(
            self.env["distrib.policy"]._read_group(
                [("service_rule_id", "in", self.ids)], ["service_rule_id"], ["__count"]
            )
        )
        for rule in self:
            rule.policy_count = counts.get(rule, 0)

    def action_view_policies(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_policy")
        return {**action, "domain": [("service_rule_id", "=", self.id)], "context": {}}
