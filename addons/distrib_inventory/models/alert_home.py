from odoo import api, models
from odoo.fields import Domain


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _own_alert_rules(self):
        """The rules whose alerts this user is told about: his own, and those of his roles that name nobody."""
        own = Domain("user_id", "=", self.env.uid)
        role = Domain("user_id", "=", False) & Domain("group_id", "in", self.env.user.all_group_ids.ids)
        return self.env["distrib.alert.rule"].search(own | role)

    @api.model
    def _cards(self):
        roles = (
            "distrib_inventory.group_planner",
            "distrib_inventory.group_logistics",
            "distrib_inventory.group_channel_manager",
        )
        if not any(self.env.user.has_group(role) for role in roles):
            return super()._cards()
        own = [("state", "=", "open"), ("rule_id", "in", self._own_alert_rules().ids)]
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
                "domain": [*own, ("is_serious", "=", True)],
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
                "domain": [*own, ("is_serious", "=", False)],
                "action": "distrib_inventory.action_distrib_alert",
            },
        ]
