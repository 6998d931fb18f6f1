import psycopg2
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..engine import intake, money
from .intake_plan import Plan
from .problems import problem
from .races import is_race

# What a single order can do wrong when it is saved. Lost connections and serialisation failures are not among it:
# those concern the whole transaction, which is run again.
ORDER_ERRORS = (UserError, psycopg2.IntegrityError, psycopg2.DataError)


class Intake(models.AbstractModel):
    """Turns checked orders of a channel into orders of the pool."""

    _name = "distrib.intake"
    _description = "Order Intake"

    @api.model
    def _accept(self, channel, jobs):
        """Create or update one order for each job and conclude its message.

        :param list jobs: (message, :class:`intake.Incoming`) with one job for each outside number
        :return: dict message id -> outcome
        """
        outcomes, plans = {}, []
        existing = self._existing(channel, jobs)
        articles = self._articles(channel, [line for _message, order in jobs for line in order.lines])
        buyers = self.env["distrib.intake.partner"]._buyers(channel, [order for _message, order in jobs])
        for message, order in jobs:
            sale = existing.get(order.external_id, self.env["sale.order"])
            late = self._too_late(message, sale)
            if late:
                state, problems = late
            else:
                plan, problems = self._plan(channel, message, sale, order, articles, buyers)
                state = "failed"
            if late or plan is None:
                message._conclude(state, problems, sale)
                outcomes[message.id] = "unchanged" if state == "ignored" else state
            else:
                plans.append(plan)
        self._add_holds(channel, plans)
        outcomes.update(self._save([plan for plan in plans if plan.kind == "update"], self._update))
        outcomes.update(self._save([plan for plan in plans if plan.kind == "create"], self._create))
        outcomes.update(self._save([plan for plan in plans if plan.kind == "change"], self._change))
        if channel.platform and any(plan.kind == "create" for plan in plans):
            self._late_refunds(channel)
        return outcomes

    @api.model
    def _existing(self, channel, jobs):
        orders = self.env["sale.order"].search(
            [("channel_id", "=", channel.id), ("channel_order_ref", "in", [order.external_id for _m, order in jobs])]
        )
        return {order.channel_order_ref: order for order in orders}

    @api.model
    def _too_late(self, message, sale):
        """(message state, problems) when the order has moved on, so that this message cannot change it any more."""
        if not sale:
            return None
        before = sale.channel_message_id
        if before and before != message:
            older = intake.is_older(message.version, before.version)
            if older or (older is None and message.id < before.id):
                return "ignored", [problem("stale_version", "version")]
        # Read again for a refund, a confirmed order is compared once more.
        if sale.state not in ("draft", "sent") and before == message and not self.env.context.get("distrib_refund"):
            waits = message.state == "held" and sale.pool_alert
            return ("held", message.problems) if waits else ("done", [])
        return None

    # What goes into an order

    @api.model
    def _products(self, channel, skus):
        """dict sku -> product ids, by internal reference, or by barcode where no reference fits."""
        domain = [
            "&",
            ("company_id", "in", (False, channel.company_id.id)),
            "|",
            ("default_code", "in", list(skus)),
            ("barcode", "in", list(skus)),
        ]
        by_code, by_barcode = {}, {}
        for product in self.env["product.product"].search_fetch(domain, ["default_code", "barcode"]):
            by_code.setdefault(product.default_code, []).append(product.id)
            by_barcode.setdefault(product.barcode, []).append(product.id)
        return {sku: by_code.get(sku) or by_barcode.get(sku) or [] for sku in skus}

    @api.model
    def _plan(self, channel, message, sale, order, articles, buyers):
        """(:class:`Plan`, problems); no plan when there can be no order."""
        buyer, blocking = buyers[order.external_id]
        currency = (channel.pricelist_id or buyer.partner.property_product_pricelist).currency_id
        currency = currency or channel.company_id.currency_id
        if order.currency and order.currency != currency.name:
            blocking = [*blocking, problem("currency", "currency", ours=currency.name, value=order.currency)]
        if blocking:
            return None, blocking
        order = self._with_refunds(sale, order)
        worth = money.settle(order)
        lines, unmatched = self._line_values(channel, order, worth, articles)
        values = {**self._order_values(channel, message, order, buyer), **self._said_values(channel, order, worth)}
        holds = self._plain_holds(channel, order, worth, unmatched, lines)
        return Plan(self._plan_kind(sale, order), message, sale, order, values, lines, holds, buyer.shipping), []

    @api.model
    def _plan_kind(self, sale, order):
        if not sale:
            return "create"
        # What was split must not be written over; what has been confirmed is changed with care.
        open_whole = sale.state in ("draft", "sent") and not sale.split_part_ids
        reborn = sale.state == "cancel" and sale.platform_status == "cancelled" and order.status != "cancelled"
        return "update" if open_whole or reborn else "change"

    @api.model
    def _order_values(self, channel, message, order, buyer):
        values = {
            "company_id": channel.company_id.id,
            "partner_id": buyer.partner.id,
            "partner_shipping_id": buyer.shipping.id,
            "user_id": buyer.partner.user_id.id,
            "channel_id": channel.id,
            "channel_order_ref": order.external_id,
            "channel_message_id": message.id,
            "channel_ordered_at": order.ordered_at or message.received_at,
            "client_order_ref": order.external_id,
            "buyer_note": order.note,
            "commitment_date": order.promised_at,
        }
        if channel.pricelist_id and not order.dealer_code:
            values["pricelist_id"] = channel.pricelist_id.id
        if channel.team_id:
            values["team_id"] = channel.team_id.id
        return values

    # Saving

    @api.model
    def _save(self, plans, save):
        """Save all plans at once; when one of them is refused, one by one, so that only that one fails."""
        if not plans:
            return {}
        try:
            with self.env.cr.savepoint():
                return save(plans)
        except ORDER_ERRORS as error:
            if is_race(error):
                raise
        outcomes = {}
        for plan in plans:
            try:
                with self.env.cr.savepoint():
                    outcomes.update(save([plan]))
            except ORDER_ERRORS as error:
                if is_race(error):
                    raise
                plan.message._conclude("failed", [problem("refused", "", value=str(error).strip())], plan.sale)
                outcomes[plan.message.id] = "failed"
        return outcomes

    @api.model
    def _create(self, plans):
        values = [{**plan.values, **plan.hold_values(), "order_line": plan.commands()} for plan in plans]
        # Buyers are no followers of an order that a platform tells them about.
        sales = self.env["sale.order"].with_context(mail_create_nosubscribe=True).create(values)
        return self._concluded(plans, sales, "created")

    @api.model
    def _update(self, plans):
        for plan in plans:
            if plan.sale.state == "cancel":
                plan.sale.action_draft()
            lines = [Command.clear(), *plan.commands()]
            plan.sale.write({**plan.values, **plan.hold_values(), "order_line": lines})
        return self._concluded(plans, [plan.sale for plan in plans], "updated")

    @api.model
    def _concluded(self, plans, sales, outcome):
        outcomes, gone = {}, self.env["sale.order"]
        for plan, sale in zip(plans, sales, strict=True):
            problems = plan.unmatched
            plan.message._conclude("held" if problems else "done", problems, sale)
            outcomes[plan.message.id] = "held" if problems else outcome
            if plan.order.status == "cancelled" or not plan.lines:
                gone |= sale
        gone._cancel_from_platform()
        self.env["sale.order"].union(*sales)._reserve_unpaid()
        return outcomes
