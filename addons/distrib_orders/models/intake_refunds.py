from odoo import api, models

from ..engine import intake
from .problems import problem

STATUSES = {"requested": "requested", "agreed": "agreed", "done": "done", "closed": ""}


class IntakeRefunds(models.AbstractModel):
    """Refunds that a platform keeps apart from its orders: laid over the order as it was last received."""

    _inherit = "distrib.intake"

    @api.model
    def _accept_refunds(self, channel, jobs):
        """Apply refunds to their orders, which are read again with them.

        :param jobs: (message, refund in our words, see :class:`..connectors.registry.Platform`)
        :return: dict message id -> outcome
        """
        outcomes = {}
        found = self._refunded_orders(channel, jobs)
        for message, words in jobs:
            status = STATUSES.get(str(words.get("status") or ""))
            number = str(words.get("external_id") or "")
            if status is None or not number:
                message._conclude("failed", [problem("missing", "external_id" if not number else "status")])
                outcomes[message.id] = "failed"
            elif number not in found:
                # The order itself may still be on its way: _late_refunds reads this again with it.
                message._conclude("held", [problem("refund_without_order", value=number)])
                outcomes[message.id] = "held"
            else:
                outcomes[message.id] = self._accept_refund(message, words, status, found[number])
        return outcomes

    @api.model
    def _refunded_orders(self, channel, jobs):
        numbers = [str(words.get("external_id") or "") for _message, words in jobs]
        orders = self.env["sale.order"].search([("channel_id", "=", channel.id), ("channel_order_ref", "in", numbers)])
        return {order.channel_order_ref: order for order in orders}

    @api.model
    def _accept_refund(self, message, words, status, sale):
        refunds = dict(sale.channel_refunds or {})
        number = str(words.get("refund_id") or words.get("line_id") or "order")
        before = refunds.get(number, {})
        if before and intake.is_older(message.version, before.get("version", "")):
            message._conclude("ignored", [problem("stale_version", "version")], sale)
            return "unchanged"
        refunds[number] = {
            "version": message.version,
            "status": status,
            "line_id": str(words.get("line_id") or ""),
            "quantity": words.get("quantity"),
            "amount": words.get("amount"),
            "returns_goods": bool(words.get("returns_goods")),
        }
        sale.channel_refunds = refunds
        problems = self._read_again(sale)
        message._conclude("held" if problems else "done", problems, sale)
        return "held" if problems else "updated"

    @api.model
    def _late_refunds(self, channel):
        """Read the refunds again whose orders had not come yet."""
        held = self.env["distrib.inbox.message"].search(
            [("channel_id", "=", channel.id), ("kind", "=", "refund"), ("state", "=", "held"), ("order_id", "=", False)]
        )
        if held:
            held._process()

    @api.model
    def _read_again(self, sale):
        """Read the order's own message once more; its lines now carry the refunds."""
        source = sale.channel_message_id
        if not source:
            return [problem("refund_without_order", value=sale.channel_order_ref)]
        order, problems = source._read()
        if order is None:
            return [found.as_dict() for found in problems]
        outcome = self.with_context(distrib_refund=True)._accept(source.channel_id, [(source, order)])
        return (source.problems or []) if outcome.get(source.id) in ("held", "failed") else []

    @api.model
    def _with_refunds(self, sale, order):
        """The order with the refunds of its lines that came apart from it."""
        refunds = (sale.channel_refunds or {}).values()
        return intake.refunded(order, [(row["line_id"], row["status"], row.get("quantity")) for row in refunds])
