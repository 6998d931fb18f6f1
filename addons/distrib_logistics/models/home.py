from odoo import api, models

TROUBLE = ("exception", "delivery_failed", "delayed", "returning", "expired")
LOGISTICS = ("distrib_inventory.group_logistics",)


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        to_ship = [
            ("picking_type_code", "=", "outgoing"),
            ("state", "=", "assigned"),
            ("scheduled_date", "<", "today +1d"),
        ]
        cards = [
            {
                "key": "to_ship",
                "sequence": 5,
                "title": self.env._("To ship today"),
                "subtitle": self.env._("Reserved and due"),
                "icon": "fa-truck",
                "tone": "info",
                "model": "stock.picking",
                "domain": to_ship,
                "action": "distrib_logistics.action_to_ship",
            },
            {
                "key": "parcels_late",
                "sequence": 8,
                "title": self.env._("Late parcels"),
                "subtitle": self.env._("Should have arrived by now"),
                "icon": "fa-clock-o",
                "tone": "warning",
                "model": "distrib.parcel",
                "domain": [("is_late", "=", True)],
                "action": "distrib_logistics.action_parcel_late",
            },
            {
                "key": "parcels_trouble",
                "sequence": 9,
                "title": self.env._("Parcels in trouble"),
                "subtitle": self.env._("Failed, refused, damaged or on the way back"),
                "icon": "fa-exclamation-triangle",
                "tone": "danger",
                "model": "distrib.parcel",
                "domain": [("status", "in", TROUBLE)],
                "action": "distrib_logistics.action_parcel_trouble",
            },
        ]
        return [*super()._cards(), *({"area": "logistics", "groups": LOGISTICS, **card} for card in cards)]
