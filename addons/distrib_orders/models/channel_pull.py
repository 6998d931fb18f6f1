import logging
from datetime import UTC, timedelta

from odoo import api, fields, models

from ..connectors.errors import ChannelError, Refused, TokenExpired, TryLater
from ..engine import pull

_logger = logging.getLogger(__name__)

MANAGER = "distrib_inventory.group_channel_manager"
FIRST_PULL = timedelta(days=1)
USUAL_PAUSE = timedelta(minutes=1)
LONG_PAUSE = timedelta(hours=1)


class ChannelPull(models.Model):
    """Asking a platform for what has changed, window by window; the cursor moves only when a window is complete."""

    _inherit = "distrib.channel"

    pull_active = fields.Boolean(string="Ask for Orders", tracking=True, help="Every few minutes, from the platform.")
    pull_cursor = fields.Datetime(
        string="Known Until",
        groups=MANAGER,
        copy=False,
        help="Everything that changed before is here. Set it back to ask again for what came since; nothing comes twice.",
    )
    pull_refunds_cursor = fields.Datetime(groups=MANAGER, copy=False, readonly=True)
    pull_after = fields.Datetime(
        string="Not Before",
        groups=MANAGER,
        copy=False,
        readonly=True,
        help="The platform asked for a pause until then.",
    )

    @api.model
    def _cron_pull(self):
        """Ask every shop that is due. One that fails does not keep the others waiting."""
        cron = self.env["ir.cron"]
        due = self.sudo().search([("pull_active", "=", True), ("platform", "!=", False)])
        due = due.filtered(lambda c: not c.pull_after or c.pull_after <= fields.Datetime.now())
        cron._commit_progress(remaining=len(due))
        for channel in due:
            channel._pull()
            if not cron._commit_progress(1):
                break

    def action_pull(self):
        """Ask now."""
        self.check_access("write")
        for channel in self.sudo():  # sudo: whoever may change a channel may have it asked; the cursor is code's
            channel.pull_after = False
            channel._pull()
        return True

    def _pull(self):
        """Store what changed since the cursor. Another worker that does the same is left to it.

        :return: how many messages are new
        """
        self.ensure_one()
        if not self.try_lock_for_update(allow_referencing=True):
            return 0
        client = self.with_company(self.company_id)._client()
        try:
            count = self._pull_kind(client, "orders", "pull_cursor")
            count += self._pull_kind(client, "refunds", "pull_refunds_cursor")
        except ChannelError as error:
            self._rest(error)
            return 0
        self._note_connection()
        return count

    def _pull_kind(self, client, kind, cursor):
        """Ask for all windows of one kind; stop when another worker has taken over."""
        count = 0
        known = self[cursor] or fields.Datetime.now() - FIRST_PULL
        marks = {"longest": client.slice, "overlap": client.overlap, "lag": client.lag, "reach": client.reach}
        if not client.has(kind):
            return 0
        for start, end in pull.windows(known.replace(tzinfo=UTC), client.now(), **marks):
            # A window that fails is asked for again as a whole: the inbox knows what it has.
            stored = self._talk(client, lambda c, window=(start, end): self._store_pages(getattr(c, kind)(*window)))
            if stored is None:
                break
            count += stored
            self[cursor] = end.replace(tzinfo=None)
        return count

    def _store_pages(self, pages):
        """Store page after page, each for good; None when another worker holds the channel now."""
        inbox, count = self.env["distrib.inbox.message"].sudo(), 0  # sudo: the inbox is written by code alone
        for page in pages:
            count += len(inbox._store_raw(self, page))
            self.env["ir.cron"]._commit_progress()
            if not self.try_lock_for_update(allow_referencing=True):
                return None
        return count

    def _talk(self, client, ask):
        """``ask(client)``, once more with a renewed token when the token has expired on the way."""
        self.ensure_one()
        try:
            return ask(client)
        except TokenExpired:
            token = client.renew()
        self._keep_token(token)
        # The old token is dead on the platform's side: whatever happens next, the new one must not be lost.
        self.env["ir.cron"]._commit_progress()
        client.account = self._account()
        try:
            return ask(client)
        except TokenExpired as error:
            raise Refused("the platform does not take its own new token", error.code) from error

    def _rest(self, error):
        """Leave a shop alone for a while; call its manager when waiting does not help."""
        pause = LONG_PAUSE
        if isinstance(error, TryLater):
            pause = timedelta(seconds=error.after) if error.after else USUAL_PAUSE
        self.pull_after = fields.Datetime.now() + min(pause, timedelta(days=1))
        self._note_connection(error)
        _logger.warning("Channel %s: %s %s", self.code, type(error).__name__, error.code)
        if isinstance(error, Refused):
            self._call_manager(self.env._("The platform refuses our calls: %s", error))

    def _call_manager(self, note):
        """One open activity for each trouble, however often it comes back."""
        self.ensure_one()
        kind = self.env.ref("mail.mail_activity_data_warning")
        if self.activity_ids.filtered(lambda a: a.activity_type_id == kind):
            return
        managers = self.env.ref("distrib_inventory.group_channel_manager").all_user_ids
        user = self.user_id or managers.filtered(lambda u: self.company_id in u.company_ids)[:1]
        self.activity_schedule(activity_type_id=kind.id, note=note, user_id=user.id or self.env.uid)
