from odoo import api, models

from .channel import ORDER_DESK


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        _ = self.env._
        return [
            *super()._cards(),
            {
                "key": "orders_new",
                "area": "orders",
                "sequence": 10,
                "groups": ORDER_DESK,
                "title": _("New orders"),
                "subtitle": _("To be looked at and routed"),
                "icon": "fa-shopping-cart",
                "tone": "info",
                "model": "sale.order",
                "domain": [("channel_id", "!=", False), ("pool_state", "=", "new")],
                "action": "distrib_orders.action_pool",
            },
            {
                "key": "orders_to_route",
                "area": "orders",
                "sequence": 20,
                "groups": ORDER_DESK,
                "title": _("Orders to route"),
                "subtitle": _("Waiting for a warehouse"),
                "icon": "fa-random",
                "tone": "info",
                "model": "sale.order",
                "domain": [("channel_id", "!=", False), ("pool_state", "=", "to_route")],
                "action": "distrib_orders.action_pool",
            },
            {
                "key": "orders_held",
                "area": "orders",
                "sequence": 30,
                "groups": ORDER_DESK,
                "title": _("Held orders"),
                "subtitle": _("Need a decision"),
                "icon": "fa-hand-paper-o",
                "tone": "warning",
                "model": "sale.order",
                "domain": [("channel_id", "!=", False), ("pool_state", "=", "held")],
                "action": "distrib_orders.action_pool",
            },
            {
                "key": "inbox_failed",
                "area": "orders",
                "sequence": 40,
                "groups": ("distrib_inventory.group_channel_manager",),
                "title": _("Inbox problems"),
                "subtitle": _("Messages that failed or are held"),
                "icon": "fa-inbox",
                "tone": "danger",
                "model": "distrib.inbox.message",
                "domain": [("state", "in", ("failed", "held"))],
                "action": "distrib_orders.action_inbox_messages",
            },
        ]
