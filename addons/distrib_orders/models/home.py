from odoo import api, models

from .channel import ORDER_DESK


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        return [
            *super()._cards(),
            {
                "key": "orders_new",
                "area": "orders",
                "sequence": 10,
                "groups": ORDER_DESK,
                "title": self.env._("New orders"),
                "subtitle": self.env._("To be looked at and routed"),
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
                "title": self.env._("Orders to route"),
                "subtitle": self.env._("Waiting for a warehouse"),
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
                "title": self.env._("Held orders"),
                "subtitle": self.env._("Need a decision"),
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
                "title": self.env._("Inbox problems"),
                "subtitle": self.env._("Messages that failed or are held"),
                "icon": "fa-inbox",
                "tone": "danger",
                "model": "distrib.inbox.message",
                "domain": [("state", "in", ("failed", "held"))],
                "action": "distrib_orders.action_inbox_messages",
            },
            {
                "key": "channel_calls",
                "area": "orders",
                "sequence": 42,
                "groups": ("distrib_inventory.group_channel_manager",),
                "title": self.env._("Shipping not confirmed"),
                "subtitle": self.env._("Refused by a platform, or something is lacking"),
                "icon": "fa-truck",
                "tone": "danger",
                "model": "distrib.channel.call",
                "domain": ["|", ("state", "=", "failed"), ("missing", "!=", False), ("state", "!=", "ignored")],
                "action": "distrib_orders.action_channel_calls",
            },
            {
                "key": "channels_in_trouble",
                "area": "orders",
                "sequence": 44,
                "groups": ("distrib_inventory.group_channel_manager",),
                "title": self.env._("Channels in trouble"),
                "subtitle": self.env._("The platform does not answer or refuses us"),
                "icon": "fa-plug",
                "tone": "danger",
                "model": "distrib.channel",
                "domain": [("connection_error", "!=", False)],
                "action": "distrib_orders.action_channels",
            },
        ]
