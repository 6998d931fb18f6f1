from odoo import api, models


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        roles = ("distrib_inventory.group_planner", "distrib_inventory.group_logistics")
        return [
            *super()._cards(),
            {
                "key": "alerts_serious",
                "area": "network",
                "sequence": 1,
                "groups": roles,
                "title": self.env._("Serious alerts"),
                "subtitle": self.env._("Stock that needs somebody now"),
                "icon": "fa-exclamation-triangle",
                "tone": "danger",
                "model": "distrib.alert",
                "domain": [("state", "=", "open"), ("is_serious", "=", True)],
                "action": "distrib_inventory.action_distrib_alert",
            },
            {
                "key": "alerts",
                "area": "network",
                "sequence": 2,
                "groups": roles,
                "title": self.env._("Other alerts"),
                "subtitle": self.env._("What is watched and out of line"),
                "icon": "fa-bell-o",
                "tone": "warning",
                "model": "distrib.alert",
                "domain": [("state", "=", "open"), ("is_serious", "=", False)],
                "action": "distrib_inventory.action_distrib_alert",
            },
        ]
