import psycopg2
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..engine import intake
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
        products = self._products(channel, {line.sku for _message, order in jobs for line in order.lines})
        buyers = self.env["distrib.intake.partner"]._buyers(channel, [order for _message, order in jobs])
        for message, order in jobs:
            sale = existing.get(order.external_id, self.env["sale.order"])
            values, problems = self._order_values(channel, message, order, products, buyers)
            late = self._too_late(message, sale)
            if late or values is None:
                state, problems = late or ("failed", problems)
                message._conclude(state, problems, sale)
                outcomes[message.id] = "unchanged" if state == "ignored" else state
            else:
                plans.append((message, sale, values, problems))
        outcomes.update(self._save([plan for plan in plans if plan[1]], self._update))
        outcomes.update(self._save([plan for plan in plans if not plan[1]], self._create))
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
        if sale.state not in ("draft", "sent"):
            if before == message:
                return "done", []
            return "held", [problem("closed", "external_id", value=sale.name)]
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
    def _order_values(self, channel, message, order, products, buyers):
        """Values of the sale order and the problems that hold it; no values when there can be no order."""
        buyer, blocking = buyers[order.external_id]
        currency = (channel.pricelist_id or buyer.partner.property_product_pricelist).currency_id
        currency = currency or channel.company_id.currency_id
        if order.currency and order.currency != currency.name:
            blocking = [*blocking, problem("currency", "currency", ours=currency.name, value=order.currency)]
        if blocking:
            return None, blocking
        lines, holding = self._line_values(order, products)
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
            "order_line": lines,
        }
        if channel.pricelist_id and not order.dealer_code:
            values["pricelist_id"] = channel.pricelist_id.id
        if channel.team_id:
            values["team_id"] = channel.team_id.id
        return values, holding

    @api.model
    def _line_values(self, order, products):
        """Commands for the lines; what cannot be sold stays visible as a note, and its problem holds the order."""
        commands, problems = [], []
        for index, line in enumerate(order.lines):
            found = products[line.sku]
            if len(found) != 1:
                code = "ambiguous_sku" if found else "unknown_sku"
                problems.append(problem(code, f"lines[{index}].sku", value=line.sku))
                text = self.env._(
                    "Not matched: %(sku)s, quantity %(quantity)s", sku=line.sku, quantity=f"{line.quantity:g}"
                )
                commands.append(Command.create({"display_type": "line_note", "name": text}))
                continue
            values = {"product_id": found[0], "product_uom_qty": line.quantity}
            if line.price_unit is not None:
                values["price_unit"] = line.price_unit
            commands.append(Command.create(values))
        return commands, problems

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
                plan[0]._conclude("failed", [problem("refused", "", value=str(error).strip())], plan[1])
                outcomes[plan[0].id] = "failed"
        return outcomes

    @api.model
    def _create(self, plans):
        values = [{**vals, **self._hold_values(vals, problems)} for _message, _sale, vals, problems in plans]
        # Buyers are no followers of an order that a platform tells them about.
        sales = self.env["sale.order"].with_context(mail_create_nosubscribe=True).create(values)
        return self._concluded(plans, sales, "created")

    @api.model
    def _update(self, plans):
        for _message, sale, values, problems in plans:
            hold = {} if sale.hold_code == "manual" else self._hold_values(values, problems)
            sale.write({**values, **hold, "order_line": [Command.clear(), *values["order_line"]]})
        return self._concluded(plans, [sale for _m, sale, _v, _p in plans], "updated")

    @api.model
    def _hold_values(self, values, problems):
        accepted = self.env["distrib.channel"].browse(values["channel_id"]).auto_confirm
        if problems:
            return {"hold_code": "unmatched", "hold_data": {"problems": problems}, "pool_accepted": accepted}
        return {"hold_code": False, "hold_data": False, "pool_accepted": accepted}

    @api.model
    def _concluded(self, plans, sales, outcome):
        outcomes = {}
        for (message, _sale, _values, problems), sale in zip(plans, sales, strict=True):
            message._conclude("held" if problems else "done", problems, sale)
            outcomes[message.id] = "held" if problems else outcome
        return outcomes
