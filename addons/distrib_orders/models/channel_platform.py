from datetime import UTC

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..connectors import registry
from ..connectors.errors import ChannelError
from ..connectors.types import Account

MANAGER = "distrib_inventory.group_channel_manager"
NAMES = {
    "app_secret": "secret",
    "access_token": "token",
    "refresh_token": "refresh_token",
    "push_token": "push_token",
    "push_key": "push_key",
}


class ChannelPlatform(models.Model):
    """The shop behind a channel: which platform, which account, and how things stand between us and it."""

    _name = "distrib.channel"
    _inherit = ["distrib.channel", "distrib.secret.mixin"]

    _secret_fields = tuple(NAMES)

    platform = fields.Selection(
        selection="_selection_platform",
        tracking=True,
        help="Whose orders these are, when they come from a platform or a signed webhook.",
    )
    platform_url = fields.Char(string="Address", groups=MANAGER, help="Leave empty for the platform's usual address.")
    app_key = fields.Char(groups=MANAGER)
    app_secret = fields.Char(
        compute="_compute_secret_fields",
        inverse="_inverse_secret_fields",
        groups=MANAGER,
        exportable=False,
        help="Kept where nobody can read it again. Enter a new one to replace it.",
    )
    access_token = fields.Char(
        compute="_compute_secret_fields", inverse="_inverse_secret_fields", groups=MANAGER, exportable=False
    )
    refresh_token = fields.Char(
        compute="_compute_secret_fields", inverse="_inverse_secret_fields", groups=MANAGER, exportable=False
    )
    push_token = fields.Char(
        string="Token of Calls to Us",
        compute="_compute_secret_fields",
        inverse="_inverse_secret_fields",
        groups=MANAGER,
        exportable=False,
        help="WeChat: the Token of the message settings. Mini-program: the secret with which its server signs orders.",
    )
    push_key = fields.Char(
        string="Key of Calls to Us",
        compute="_compute_secret_fields",
        inverse="_inverse_secret_fields",
        groups=MANAGER,
        exportable=False,
        help="WeChat: the EncodingAESKey of the message settings. Once it is set only encrypted messages are taken.",
    )
    token_expires_at = fields.Datetime(groups=MANAGER, readonly=True, copy=False)
    shop_ref = fields.Char(string="Shop", groups=MANAGER, help="The shop's number or name on the platform.")
    platform_options = fields.Json(groups=MANAGER, copy=False)
    connection_error = fields.Char(groups=MANAGER, readonly=True, copy=False, help="What the platform said last.")
    connection_failed_at = fields.Datetime(groups=MANAGER, readonly=True, copy=False)

    @api.model
    def _selection_platform(self):
        # The names are the platforms' own; they are translated where this method is read.
        names = {
            "webhook": self.env._("Signed webhook"),
            "top": self.env._("Taobao and Tmall"),
            "jd": self.env._("JD"),
            "wechat_shop": self.env._("WeChat shop"),
            "wechat_mini": self.env._("WeChat mini-program"),
            "shopify": self.env._("Shopify"),
            "douyin": self.env._("Douyin"),
            "pdd": self.env._("Pinduoduo"),
        }
        return [(code, names.get(code, platform.name)) for code, platform in registry.platforms().items()]

    def _platform(self):
        """The connector of this channel; a sentence for its manager when there is none."""
        self.ensure_one()
        if not self.platform:
            raise UserError(self.env._("%s is not connected to a platform.", self.name))
        return registry.get(self.platform)

    def _account(self):
        """The account for calls to the platform. Whoever asks for it must have checked who asks him."""
        # sudo: the account is closed to everyone but channel managers; scheduled work and clerks' actions use it too.
        channel = self.sudo()
        secrets = {ours: channel._secret(name) for name, ours in NAMES.items()}
        return Account(
            url=channel.platform_url or self._platform().default_url,
            key=channel.app_key or "",
            shop=channel.shop_ref or "",
            options=channel.platform_options or {},
            **secrets,
        )

    def _client(self):
        """A client of the platform; a sentence when it cannot be called."""
        platform = self._platform()
        if platform.client is None:
            raise UserError(self.env._("%s cannot be asked: it sends its orders by itself.", self.name))
        return platform.client(self._account())

    def _keep_token(self, token):
        """Keep a renewed token, so that the next call and the other workers use it."""
        self.ensure_one()
        channel = self.sudo()  # see _account
        values = {"access_token": token.access}
        if token.refresh_token:
            values["refresh_token"] = token.refresh_token
        channel._keep_secrets(values)
        channel.token_expires_at = token.expires_at.astimezone(UTC).replace(tzinfo=None)

    def _note_connection(self, error=None):
        """Write down how the last talk with the platform ended."""
        channel = self.sudo()  # see _account
        if error is None:
            if channel.connection_error:
                channel.write({"connection_error": False, "connection_failed_at": False})
            return
        text = f"{error.code}: {error}" if getattr(error, "code", "") else str(error)
        channel.write({"connection_error": text[:500], "connection_failed_at": fields.Datetime.now()})

    def action_test_connection(self):
        """Ask the platform for the orders of the last minutes and say how that went."""
        self.ensure_one()
        self.check_access("write")
        client = self._client()
        end = client.now() - client.lag
        try:
            found = sum(len(page) for page in client.orders(end - client.slice, end))
        except ChannelError as error:
            self._note_connection(error)
            message, kind = self.env._("%(name)s answers: %(why)s", name=self.name, why=error), "danger"
        else:
            self._note_connection()
            message = self.env._("%(name)s answers. Orders changed lately: %(count)s.", name=self.name, count=found)
            kind = "success"
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": kind, "next": {"type": "ir.actions.act_window_close"}},
        }
