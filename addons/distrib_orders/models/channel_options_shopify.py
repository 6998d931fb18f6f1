from odoo import api, fields, models

from .channel_platform import MANAGER

OPTIONS = {
    "shopify_skip_test": ("shopify", "skip_test"),
    "shopify_all_orders": ("shopify", "read_all_orders"),
    "shopify_pending_open": ("shopify", "pending_is_open"),
    "shopify_location": ("shopify", "location"),
    "mini_sender_phone": ("wechat_mini", "consignor_phone"),
}


class ChannelOptionsShopify(models.Model):
    """What the clients of Shopify and of the mini-program have to know of a shop, as fields that a manager can read."""

    _inherit = "distrib.channel"

    shopify_skip_test = fields.Boolean(
        string="Leave Out Test Orders",
        compute="_compute_shopify_options",
        inverse="_inverse_shopify_options",
        groups=MANAGER,
    )
    shopify_all_orders = fields.Boolean(
        string="All Past Orders",
        compute="_compute_shopify_options",
        inverse="_inverse_shopify_options",
        groups=MANAGER,
        help="The app may read all orders. Without this right the shop gives those of the last 60 days only.",
    )
    shopify_pending_open = fields.Boolean(
        string="Ship Before Payment",
        compute="_compute_shopify_options",
        inverse="_inverse_shopify_options",
        groups=MANAGER,
        help="Buyers pay on delivery or by invoice: an order whose payment is pending is shipped.",
    )
    shopify_location = fields.Char(
        string="Location Number There",
        compute="_compute_shopify_options",
        inverse="_inverse_shopify_options",
        groups=MANAGER,
        help="The location whose stock is told; empty: the shop's main one.",
    )
    mini_sender_phone = fields.Char(
        string="Sender's Telephone",
        compute="_compute_shopify_options",
        inverse="_inverse_shopify_options",
        groups=MANAGER,
        help="Shown, masked, for SF parcels instead of the receiver's.",
    )

    @api.depends("platform_options", "platform")
    def _compute_shopify_options(self):
        for channel in self:
            options = channel.platform_options or {}
            for name, (_platform, key) in OPTIONS.items():
                channel[name] = options.get(key) or False

    def _inverse_shopify_options(self):
        for channel in self:
            ours = {key: channel[name] for name, (code, key) in OPTIONS.items() if code == channel.platform}
            kept = {key: value for key, value in (channel.platform_options or {}).items() if key not in ours}
            channel.platform_options = {**kept, **{key: value for key, value in ours.items() if value}}
