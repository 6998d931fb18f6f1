from odoo import api, models


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        planner = ("distrib_inventory.group_planner",)
        return [
            *super()._cards(),
            {
                "key": "proposals_urgent",
                "area": "planning",
                "sequence": 10,
                "groups": planner,
                "title": self.env._("Urgent proposals"),
                "subtitle": self.env._("Sales are lost until the goods arrive"),
                "icon": "fa-bolt",
                "tone": "danger",
                "model": "distrib.proposal",
                "domain": [("state", "=", "open"), ("is_urgent", "=", True)],
                "action": "distrib_inventory.action_distrib_proposal",
            },
            {
                "key": "proposals",
                "area": "planning",
                "sequence": 20,
                "groups": planner,
                "title": self.env._("Proposals to decide"),
                "subtitle": self.env._("Purchases and transfers"),
                "icon": "fa-lightbulb-o",
                "tone": "info",
                "model": "distrib.proposal",
                "domain": [("state", "=", "open")],
                "action": "distrib_inventory.action_distrib_proposal",
            },
            {
                "key": "sales_imports_failed",
                "area": "planning",
                "sequence": 30,
                "groups": planner,
                "title": self.env._("Sales imports to mend"),
                "subtitle": self.env._("Failed, or with bad rows in the last days"),
                "icon": "fa-upload",
                "tone": "warning",
                "model": "distrib.sales.import",
                "domain": [
                    "|",
                    ("state", "=", "failed"),
                    "&",
                    ("bad_count", ">", 0),
                    ("create_date", ">=", "today -7d"),
                ],
                "action": "distrib_inventory.action_distrib_sales_import",
            },
        ]
