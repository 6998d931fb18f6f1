from odoo import api, models


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        readers = ("distrib_inventory.group_planner", "distrib_inventory.group_channel_manager")
        return [
            *super()._cards(),
            {
                "key": "stock_reports_stale",
                "area": "network",
                "sequence": 30,
                "groups": readers,
                "title": self.env._("Overdue stock reports"),
                "subtitle": self.env._("Dealers and stores that did not report in time"),
                "icon": "fa-clock-o",
                "tone": "warning",
                "model": "stock.warehouse",
                "domain": [("is_report_stale", "=", True)],
                "action": "distrib_inventory.action_distrib_report_age",
            },
            {
                "key": "stock_report_differences",
                "area": "network",
                "sequence": 31,
                "groups": readers,
                "title": self.env._("Stock reports that differ"),
                "subtitle": self.env._("From what was shipped and sold"),
                "icon": "fa-balance-scale",
                "tone": "warning",
                "model": "distrib.stock.report",
                "domain": [("difference_count", ">", 0), ("as_of", ">=", "today -30d")],
                "action": "distrib_inventory.action_distrib_stock_report",
            },
            {
                "key": "stock_reports_failed",
                "area": "network",
                "sequence": 32,
                "groups": readers,
                "title": self.env._("Stock reports to mend"),
                "subtitle": self.env._("Failed, or with bad rows in the last days"),
                "icon": "fa-file-text-o",
                "tone": "warning",
                "model": "distrib.stock.report",
                "domain": [
                    "|",
                    ("state", "=", "failed"),
                    "&",
                    ("bad_count", ">", 0),
                    ("create_date", ">=", "today -7d"),
                ],
                "action": "distrib_inventory.action_distrib_stock_report",
            },
        ]
