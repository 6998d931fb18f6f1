from odoo import api, fields, models


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        planner = ("distrib_inventory.group_planner",)
        outbox = "distrib_inventory.action_distrib_supplier_order"
        return [
            *super()._cards(),
            {
                "key": "supplier_failed",
                "area": "planning",
                "sequence": 12,
                "groups": planner,
                "title": self.env._("Orders that did not reach the supplier"),
                "subtitle": self.env._("Mend the cause, then send again"),
                "icon": "fa-chain-broken",
                "tone": "danger",
                "model": "distrib.supplier.order",
                "domain": [("state", "=", "failed")],
                "action": outbox,
            },
            {
                "key": "supplier_consent",
                "area": "planning",
                "sequence": 14,
                "groups": planner,
                "title": self.env._("Suppliers want to change orders"),
                "subtitle": self.env._("Quantities or prices to decide on"),
                "icon": "fa-reply",
                "tone": "warning",
                "model": "distrib.supplier.answer",
                "domain": [("state", "in", ("consent", "failed"))],
                "action": "distrib_inventory.action_distrib_supplier_answer",
            },
            {
                "key": "supplier_silent",
                "area": "planning",
                "sequence": 16,
                "groups": planner,
                "title": self.env._("Orders without an answer"),
                "subtitle": self.env._("The supplier should have confirmed by now"),
                "icon": "fa-hourglass-half",
                "tone": "warning",
                "model": "distrib.supplier.order",
                "domain": [("state", "in", ("sent", "acknowledged")), ("answer_due", "<", fields.Datetime.now())],
                "action": outbox,
            },
        ]
