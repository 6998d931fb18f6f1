from datetime import timedelta

from odoo import api, fields, models

from ..connectors.errors import ChannelError
from ..connectors.order import CHINA
from .channel_platform import MANAGER

KEPT_NUMBERS = 200
DAYS_AGAIN = 3


class ChannelCount(models.Model):
    """The orders of a day as the platform counts them, held against what is here. What is missing is fetched."""

    _name = "distrib.channel.count"
    _description = "Count of a Channel's Orders"
    _order = "day desc, channel_id, id"
    _rec_name = "day"

    channel_id = fields.Many2one("distrib.channel", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    day = fields.Date(required=True, readonly=True, help="Of Beijing.")
    theirs = fields.Integer(readonly=True, help="Orders of the day on the platform.")
    ours = fields.Integer(string="In the Pool", readonly=True, help="Of these, orders in our pool.")
    fetched = fields.Integer(readonly=True, help="Orders that were missing and fetched by the count.")
    difference = fields.Integer(readonly=True, help="Orders of the platform that are still not in the pool.")
    missing = fields.Json(readonly=True)
    missing_text = fields.Text(string="Not in the Pool", compute="_compute_missing_text")
    state = fields.Selection(
        [("equal", "Equal"), ("different", "Different"), ("failed", "Not Counted")], readonly=True, required=True
    )
    counted_at = fields.Datetime(readonly=True)
    error = fields.Char(string="Answer", readonly=True)

    _day_uniq = models.Constraint("UNIQUE (channel_id, day)", "This day was counted before.")

    @api.depends("missing")
    def _compute_missing_text(self):
        for count in self:
            count.missing_text = "\n".join(count.missing or ())

    def action_count(self):
        """Count these days again."""
        self.check_access("write")
        for count in self.sudo():  # sudo: the figures are code's; who may write them may have them counted
            count.channel_id._count(count.day)
        return True

    def action_open_missing(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_inbox_messages")
        domain = [("channel_id", "=", self.channel_id.id), ("external_id", "in", self.missing or [])]
        return {**action, "domain": domain, "context": {}}


class Channel(models.Model):
    _inherit = "distrib.channel"

    count_ids = fields.One2many("distrib.channel.count", "channel_id", groups=MANAGER)

    @api.model
    def _cron_count(self):
        """Count yesterday, and once more the days before that did not agree."""
        cron = self.env["ir.cron"]
        today = fields.Datetime.now().astimezone(CHINA).date()
        shops = self.sudo().search([("pull_active", "=", True), ("platform", "!=", False)])
        shops = shops.filtered(lambda c: c._client().has("numbers"))
        jobs = [(shop, day) for shop in shops for day in shop._days_to_count(today)]
        cron._commit_progress(remaining=len(jobs))
        for shop, day in jobs:
            shop._count(day)
            if not cron._commit_progress(1):
                break

    def _days_to_count(self, today):
        self.ensure_one()
        days = [today - timedelta(days=back) for back in range(DAYS_AGAIN, 0, -1)]
        done = self.env["distrib.channel.count"].search(
            [("channel_id", "=", self.id), ("day", "in", days), ("state", "=", "equal")]
        )
        known = self.env["distrib.channel.count"].search_count([("channel_id", "=", self.id)], limit=1)
        return [day for day in (days if known else days[-1:]) if day not in done.mapped("day")]

    def action_count(self):
        """Count yesterday and today now."""
        self.ensure_one()
        self.check_access("write")
        shop = self.sudo()  # sudo: see action_pull
        today = fields.Datetime.now().astimezone(CHINA).date()
        for day in (today - timedelta(days=1), today):
            shop._count(day)
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_channel_counts")
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {}}

    def _count(self, day):
        """Hold one day against the platform; what is missing is fetched and read, then counted again."""
        self.ensure_one()
        client = self.with_company(self.company_id)._client()
        try:
            theirs = self._talk(client, lambda c: c.numbers(day))
            fetched = self._fetch_missing(client, theirs) if theirs else 0
        except ChannelError as error:
            self._note_connection(error)
            return self._keep_count(day, {"state": "failed", "error": str(error)[:300]})
        if theirs is None:
            return self.env["distrib.channel.count"]
        missing = sorted(theirs - self._numbers_in_pool(theirs))
        return self._keep_count(
            day,
            {
                "theirs": len(theirs),
                "ours": len(theirs) - len(missing),
                "difference": len(missing),
                "missing": missing[:KEPT_NUMBERS],
                "state": "different" if missing else "equal",
                "error": False,
            },
            fetched,
        )

    def _fetch_missing(self, client, theirs):
        """Fetch what never came, and read what came and still waits."""
        inbox = self.env["distrib.inbox.message"].sudo().with_company(self.company_id)
        here = inbox._read_group(
            [("channel_id", "=", self.id), ("external_id", "in", list(theirs)), ("kind", "=", "order")], ["external_id"]
        )
        raws, new = [], inbox
        for number in sorted(theirs - {number for (number,) in here}):
            raw = self._talk(client, lambda c, number=number: c.order(number))
            if raw:
                raws.append(raw)
            if len(raws) == 50:
                new |= inbox._store_raw(self, raws)
                raws = []
                self.env["ir.cron"]._commit_progress()
        new |= inbox._store_raw(self, raws)
        waiting = inbox.search(
            [("channel_id", "=", self.id), ("external_id", "in", list(theirs)), ("state", "=", "waiting")], order="id"
        )
        for start in range(0, len(waiting), 200):
            waiting[start : start + 200]._process()
            self.env["ir.cron"]._commit_progress()
        return len(new)

    def _numbers_in_pool(self, numbers):
        orders = self.env["sale.order"].sudo().search_fetch(  # sudo: a count sees every order of the shop
            [("channel_id", "=", self.id), ("channel_order_ref", "in", list(numbers))], ["channel_order_ref"]
        )  # fmt: skip
        return set(orders.mapped("channel_order_ref"))

    def _keep_count(self, day, values, fetched=0):
        counts = self.env["distrib.channel.count"].sudo()  # sudo: counts are written by code alone
        count = counts.search([("channel_id", "=", self.id), ("day", "=", day)])
        values = {**values, "counted_at": fields.Datetime.now(), "fetched": count.fetched + fetched}
        if count:
            count.write(values)
            return count
        return counts.create({**values, "channel_id": self.id, "day": day})
