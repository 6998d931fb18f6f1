from odoo import api, models


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        planner = ("distrib_inventory.group_planner",)
        return [
            *super()._cards(),
            {
                "key": "policies_held",
                "area": "planning",
                "sequence": 25,
                "groups": planner,
                "title": self.env._("Policies held back"),
                "subtitle": self.env._("New levels far from last week's, to accept or refuse"),
                "icon": "fa-shield",
                "tone": "warning",
                "model": "distrib.policy",
                "domain": [("held_reason", "!=", False)],
                "action": "distrib_inventory.action_distrib_policy_review",
            },
            {
                "key": "policy_runs_stopped",
                "area": "planning",
                "sequence": 26,
                "groups": planner,
                "title": self.env._("Policy runs stopped"),
                "subtitle": self.env._("What was written is kept; go on from there"),
                "icon": "fa-exclamation-triangle",
                "tone": "danger",
                "model": "distrib.policy.run",
                "domain": [("state", "=", "failed"), ("create_date", ">=", "today -3d")],
                "action": "distrib_inventory.action_distrib_policy_run",
            },
        ]
