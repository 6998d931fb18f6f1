from odoo import api, fields, models

from ..connectors.jd.client import STOCK_METHODS
from .channel_platform import MANAGER

OPTIONS = {
    "top_push_store": "push_store",
    "jd_encrypted": "encrypted",
    "jd_stock_method": "stock_method",
    "jd_store": "store_id",
}


class ChannelOptions(models.Model):
    """What the clients of Taobao, Tmall and JD have to know of a shop, as fields that a manager can read."""

    _inherit = "distrib.channel"

    top_push_store = fields.Boolean(
        string="Order Push Service",
        compute="_compute_options",
        inverse="_inverse_options",
        groups=MANAGER,
        help="The app is subscribed to Taobao's push service: orders are asked for by the time they came in there.",
    )
    jd_encrypted = fields.Boolean(
        string="Receivers Enciphered",
        compute="_compute_options",
        inverse="_inverse_options",
        groups=MANAGER,
        help="JD gives this shop names and telephone numbers as ciphers only.",
    )
    jd_stock_method = fields.Selection(
        [(STOCK_METHODS[0], "By Article (older)"), (STOCK_METHODS[1], "By Article (newer)")],
        string="Stock Interface",
        compute="_compute_options",
        inverse="_inverse_options",
        groups=MANAGER,
    )
    jd_store = fields.Char(
        string="Store Number There",
        compute="_compute_options",
        inverse="_inverse_options",
        groups=MANAGER,
        help="The JD warehouse whose stock is told; empty: the shop's only one.",
    )

    @api.depends("platform_options", "platform")
    def _compute_options(self):
        for channel in self:
            options = channel.platform_options or {}
            for name, key in OPTIONS.items():
                channel[name] = options.get(key) or False
            channel.jd_stock_method = channel.jd_stock_method or STOCK_METHODS[0]

    def _inverse_options(self):
        for channel in self:
            ours = {key: channel[name] for name, key in OPTIONS.items() if name.split("_")[0] == channel.platform}
            kept = {key: value for key, value in (channel.platform_options or {}).items() if key not in ours}
            channel.platform_options = {**kept, **{key: value for key, value in ours.items() if value}}
