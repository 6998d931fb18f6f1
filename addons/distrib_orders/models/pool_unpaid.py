from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import retrying

BATCH = 100


class SaleOrder(models.Model):
    """Goods kept for orders that are not paid yet, for a while; and holds that end with the time."""

    _inherit = "sale.order"

    reserve_until = fields.Datetime(
        groups="base.group_user", copy=False, readonly=True,
        help="Not paid yet: its goods are kept until then.",
    )  # fmt: skip

    _reserve_until_idx = models.Index("(reserve_until) WHERE reserve_until IS NOT NULL")
    _hold_until_idx = models.Index("(hold_until) WHERE hold_until IS NOT NULL")

    def _reserve_unpaid(self):
        """Keep goods for unpaid orders of the channels that want it, from when they were ordered."""
        for channel, orders in self.grouped("channel_id").items():
            if not channel.unpaid_minutes:
                continue
            span, now = timedelta(minutes=channel.unpaid_minutes), fields.Datetime.now()
            waiting = orders.filtered(
                lambda o, since=now - span: o._waits_for_payment() and o.channel_ordered_at > since
            )
            for order in waiting:
                order.reserve_until = order.channel_ordered_at + span
            waiting._route()

    def _waits_for_payment(self):
        """Nothing but the payment is missing."""
        return self.hold_code == "unpaid" and self.state == "draft" and not (self.hold_data or {}).get("next")

    def _is_routable(self):
        return super()._is_routable() or (
            self.hold_code == "unpaid" and bool(self.reserve_until) and self.state in ("draft", "sent")
        )

    def _confirm_routed(self):
        """Confirmed in order to reserve; they stay held, and nothing of them leaves, until they are paid."""
        unpaid = self.filtered(lambda o: o.reserve_until and o.pool_payment in ("unpaid", "part"))
        result = super()._confirm_routed()
        for order in unpaid:
            order.write(
                {"hold_code": "unpaid", "hold_data": {"problems": [{"code": "unpaid", "field": "", "values": {}}]}}
            )
        return result

    @api.model
    def _cron_pool_time(self, batch=BATCH):
        """Free what was kept for orders that nobody paid, and lift holds whose time has come."""
        now, cron = fields.Datetime.now(), self.env["ir.cron"]
        over = [("reserve_until", "<=", now)]
        due = [("hold_until", "<=", now), ("hold_code", "=", "platform")]
        cron._commit_progress(remaining=self.search_count(over) + self.search_count(due))
        for domain, step in ((over, "_free_unpaid"), (due, "_lift_due")):
            last = 0
            while orders := self.search([*domain, ("id", ">", last)], order="id", limit=batch):
                last = orders[-1].id
                retrying(getattr(orders, step), self.env)
                if not cron._commit_progress(len(orders)):
                    return

    def _free_unpaid(self):
        """The goods of orders that were not paid in time are for others again; the orders wait for the payment."""
        orders = self.try_lock_for_update()
        for order in orders:
            if order.hold_code == "unpaid" and order.state == "sale" and not order._has_left():
                hold = {name: order[name] for name in ("hold_code", "hold_data", "pool_accepted")}
                order._action_cancel()
                order.action_draft()
                order.write(hold)
            order.reserve_until = False

    def _lift_due(self):
        for order in self.try_lock_for_update():
            order.write({**order._next_hold(), "pool_accepted": order.channel_id.auto_confirm or order.pool_accepted})
