from datetime import timedelta

from odoo import api, fields, models

from ..connectors import registry
from ..connectors.errors import ChannelError, Refused
from .channel_platform import MANAGER

LATE = 30  # minutes behind the platform from which on a shop counts as late
RENEW_AHEAD = timedelta(days=1)


class Channel(models.Model):
    """How things stand with each shop, and tokens that are renewed before they expire."""

    _inherit = "distrib.channel"

    delay_minutes = fields.Integer(
        string="Behind By", compute="_compute_health", groups=MANAGER, help="Minutes since everything was known."
    )
    queue_count = fields.Integer(
        string="Messages to Read", compute="_compute_health", groups=MANAGER, help="Inbox messages that wait."
    )
    call_count = fields.Integer(string="To Be Told", compute="_compute_health", groups=MANAGER)
    call_problem_count = fields.Integer(string="Not Accepted", compute="_compute_health", groups=MANAGER)
    stock_problem_count = fields.Integer(string="Stock Not Accepted", compute="_compute_health", groups=MANAGER)
    count_difference = fields.Integer(
        string="Missing Orders", compute="_compute_health", groups=MANAGER, help="Of the days counted last."
    )
    health = fields.Selection(
        [("good", "In Order"), ("late", "Late"), ("trouble", "In Trouble"), ("off", "Not Connected")],
        compute="_compute_health",
        groups=MANAGER,
    )

    def _compute_health(self):
        now = fields.Datetime.now()
        figures = self._health_figures()
        for channel in self:
            channel.queue_count, calls, refused, stock, missing = (found.get(channel.id, 0) for found in figures)
            channel.call_count, channel.call_problem_count = calls, refused
            channel.stock_problem_count, channel.count_difference = stock, missing
            asked = channel.pull_active and channel.pull_cursor
            channel.delay_minutes = (now - channel.pull_cursor).total_seconds() // 60 if asked else 0
            if not channel.platform:
                channel.health = "off"
            elif channel.connection_error or refused or missing:
                channel.health = "trouble"
            else:
                channel.health = "late" if channel.delay_minutes > LATE or stock else "good"

    def _health_figures(self):
        """dicts channel id -> number: messages, open calls, refused calls, refused stock, missing orders"""
        week = fields.Date.today() - timedelta(days=7)
        wanted = [
            ("distrib.inbox.message", [("state", "=", "waiting")], "__count"),
            ("distrib.channel.call", [("state", "in", ("waiting", "unknown"))], "__count"),
            ("distrib.channel.call", [("state", "=", "failed")], "__count"),
            ("distrib.channel.stock", [("error", "!=", False)], "__count"),
            ("distrib.channel.count", [("day", ">=", week)], "difference:sum"),
        ]
        return [
            {
                channel.id: number
                for channel, number in self.env[model]._read_group(
                    [("channel_id", "in", self.ids), *domain], ["channel_id"], [measure]
                )
            }
            for model, domain, measure in wanted
        ]

    def action_open_calls(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_channel_calls")
        return {**action, "domain": [("channel_id", "=", self.id)]}

    def action_open_counts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_channel_counts")
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {}}

    # Tokens

    @api.model
    def _cron_renew(self):
        """Renew tokens that expire within a day: not only when a call in the night fails for it."""
        cron = self.env["ir.cron"]
        lasting = [
            code for code, platform in registry.platforms().items() if platform.client and not platform.token_lasts
        ]
        due = self.sudo().search(
            [
                ("platform", "!=", False),
                ("token_expires_at", "!=", False),
                ("token_expires_at", "<", fields.Datetime.now() + RENEW_AHEAD),
                "|",
                ("pull_active", "=", True),
                ("platform", "in", lasting),
            ]
        )
        cron._commit_progress(remaining=len(due))
        for channel in due:
            channel._renew_ahead()
            if not cron._commit_progress(1):
                break

    def _renew_ahead(self):
        """One renewal; a refusal goes to the manager while there is still time."""
        self.ensure_one()
        client = self.with_company(self.company_id)._client()
        if not client.has("renew") or not self.try_lock_for_update(allow_referencing=True):
            return False
        remaining = self.token_expires_at - fields.Datetime.now()
        try:
            token = client.renew()
        except ChannelError as error:
            self._note_connection(error)
            if isinstance(error, Refused):
                self._call_manager(
                    self.env._(
                        "Access expires in %(hours)s hours and could not be renewed: %(why)s",
                        hours=max(0, int(remaining.total_seconds() // 3600)),
                        why=error,
                    )
                )
            return False
        self._keep_token(token)
        self.env["ir.cron"]._commit_progress()
        return True
