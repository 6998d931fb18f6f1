from collections import defaultdict

from odoo import api, models
from odoo.fields import Command

from ..engine import changes
from .intake_holds import SHIPPED
from .intake_plan import held
from .problems import problem

# Holds that follow the platform: they come with a version of the order and go with the next one.
FOLLOWING = ("unpaid", "platform", "refund", "outside")
NOTES = ("buyer_note", "seller_note")


class IntakeChanges(models.AbstractModel):
    """Newer versions of orders that have been confirmed, split or cancelled here.

    What can be followed without harm is followed; the rest is shown to a clerk, before and after.
    """

    _inherit = "distrib.intake"

    @api.model
    def _change(self, plans):
        outcomes = {}
        for plan in plans:
            problems = self._change_one(plan)
            plan.message._conclude("held" if problems else "done", problems, plan.sale)
            outcomes[plan.message.id] = "held" if problems else "updated"
        return outcomes

    @api.model
    def _change_one(self, plan):
        """Follow one order; the problems that a clerk has to decide about."""
        sale, order = plan.sale, plan.order
        family = sale | sale.split_part_ids
        if sale.state == "cancel" and order.status != "cancelled":
            return [problem("closed", "external_id", value=sale.name)]
        self._note_change(sale, plan.values)
        if order.status == "cancelled":
            return family._cancel_from_platform()
        wanted = self._wanted(plan)
        if not wanted and not plan.unmatched:
            return family._cancel_from_platform()
        problems = self._change_lines(family, plan, wanted)
        problems += self._change_address(sale, family, plan)
        problems += self._change_holds(family, plan)
        return problems

    @api.model
    def _note_change(self, sale, values):
        """Take over what the platform says; changed notes are worth telling whoever packs."""
        told = {name: values[name] for name in NOTES if (values[name] or "") != (sale[name] or "")}
        names = (
            "channel_message_id", "platform_status", "outside_status", "paid_at", "ship_by", "pool_payment",
            "merge_key", "privacy_id", "receiver_masked", *NOTES,
        )  # fmt: skip
        sale.write({name: values[name] for name in names})
        for name, text in told.items():
            label = sale._fields[name].get_description(self.env)["string"]
            body = self.env._("%(field)s changed outside: %(text)s", field=label, text=text or "-")
            for record in (sale, *sale._open_pickings()):
                record.message_post(body=body)

    # Lines

    @api.model
    def _wanted(self, plan):
        """dict (line key, product id) -> quantity as the platform has it now, what was refunded taken off."""
        wanted = defaultdict(float)
        for line in plan.lines:
            if line.get("product_id") and line["channel_line_key"] != "freight":
                wanted[line["channel_line_key"], line["product_id"]] += line["product_uom_qty"]
        return wanted

    @api.model
    def _change_lines(self, family, plan, wanted):
        lines = defaultdict(lambda: self.env["sale.order.line"])
        for line in family.order_line:
            if line.product_id and line.channel_line_key != "freight":
                lines[line.channel_line_key or f"?{line.id}", line.product_id.id] |= line
        if not any(line.channel_line_key for line in family.order_line):
            # Confirmed before lines had keys: by product.
            lines, wanted = self._by_product(lines, wanted)
        have = {key: found._have() for key, found in lines.items()}
        problems = []
        for step in changes.compare(have, wanted):
            found = lines.get(step.key, self.env["sale.order.line"])
            problems += self._take_step(family[0], found, step, plan)
        if problems:
            family[0]._raise_alert(problems[0]["code"], problems)
        return problems

    @api.model
    def _by_product(self, lines, wanted):
        ours, theirs = defaultdict(lambda: self.env["sale.order.line"]), defaultdict(float)
        for (_key, product), found in lines.items():
            ours["", product] |= found
        for (_key, product), quantity in wanted.items():
            theirs["", product] += quantity
        return ours, theirs

    @api.model
    def _take_step(self, sale, lines, step, plan):
        product = self.env["product.product"].browse(step.key[1])
        values = {
            "order": sale.name, "product": product.display_name, "before": step.before, "after": step.after,
        }  # fmt: skip
        if step.action == "lower":
            lines._lower_to(step.quantity, self._line_of(plan, step.key))
            return []
        if step.action == "return":
            coming = sum(lines.mapped("channel_returning"))
            if step.quantity <= coming + changes.SMALL:
                return []  # known already
            lines[:1].channel_returning += step.quantity - coming
            return [problem("refunded", "", quantity=step.quantity - coming, **values)]
        return [problem("changed", "", **values)]

    @api.model
    def _line_of(self, plan, key):
        return next((r for r in plan.lines if (r["channel_line_key"], r.get("product_id")) == key), {})

    # Address

    @api.model
    def _change_address(self, sale, family, plan):
        before, after = sale.partner_shipping_id, plan.shipping
        # Some platforms hide the receiver once an order has left: nothing said is no new address.
        if not plan.order.address or not after or after == before:
            return []
        values = {
            "order": sale.name,
            "before": before._display_address(without_company=True).replace("\n", " "),
            "after": after._display_address(without_company=True).replace("\n", " "),
        }
        if any(order.pool_state in ("shipped", "done", "released") or order._picked() for order in family):
            found = [problem("address", "partner", **values)]
            sale._raise_alert("address", found)
            return found
        family._move_to(after)
        sale.message_post(body=self.env._("Address changed outside from %(before)s to %(after)s", **values))
        return []

    # Holds

    @api.model
    def _change_holds(self, family, plan):
        order, problems = plan.order, []
        open_orders = family.filtered(lambda o: o.pool_state not in ("shipped", "done", "cancelled"))
        if order.status in SHIPPED and not family._has_left():
            problems = [problem("shipped_outside", value=order.outside_status or order.status)]
            family[0]._raise_alert("outside", problems)
        holds = [hold for hold in plan.holds if hold[0] in FOLLOWING]
        if family._has_left():
            # Once our goods have left, the platform's "shipped" is the echo of our own confirmation.
            holds = [hold for hold in holds if hold[0] != "outside"]
        for sale in open_orders:
            if sale.hold_code and sale.hold_code not in FOLLOWING:
                continue
            sale.write(held(holds) if holds else {"hold_code": False, "hold_data": False, "hold_until": False})
        return problems


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _open_pickings(self):
        return self._deliveries().filtered(lambda picking: picking.state not in ("done", "cancel"))

    def _deliveries(self):
        """The transfers of these orders, also those that they share with others."""
        return self.order_line.move_ids.picking_id

    def _has_left(self):
        return any(move.state == "done" and move.location_dest_usage == "customer" for move in self.order_line.move_ids)

    def _picked(self):
        """Whether somebody has taken goods of it from the shelf."""
        return any(move.picked and move.state not in ("done", "cancel") for move in self.order_line.move_ids)

    def _cancel_from_platform(self):
        """Stop the picking, give the stock back, cancel; what has left already is for a clerk to fetch back.

        :return: problems that a clerk has to decide about
        """
        problems = []
        for order in self.filtered(lambda o: o.state != "cancel"):
            left = order._has_left()
            picked = order._picked()
            order._open_pickings()._leave_merge(order)
            if left:
                order._open_pickings().action_cancel()
                found = [problem("cancelled_late", value=order.name)]
                for line in order.order_line.filtered("qty_delivered"):
                    line.channel_returning = line.qty_delivered
                order._raise_alert("cancelled", found)
                problems += found
                continue
            order._action_cancel()
            if picked:
                order._raise_alert("changed", [problem("unpack", value=order.name)])
        return problems

    def _move_to(self, contact):
        """Send unreleased orders elsewhere: the pickings follow, and the router decides again from where."""
        self.with_context(update_delivery_shipping_partner=True).write({"partner_shipping_id": contact.id})
        self._reroute()

    def _reroute(self):
        """Take the promise of routed orders back and let the router decide again."""
        routed = self.filtered(lambda o: o.state == "sale" and o.channel_id and o.pool_state in ("routed", "held"))
        for order in routed:
            order._open_pickings()._leave_merge(order)
            hold = {name: order[name] for name in ("hold_code", "hold_data", "hold_until")}
            order._action_cancel()
            order.action_draft()
            order.write({**hold, "pool_accepted": True})
        routed.filtered(lambda order: not order.hold_code)._route()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _have(self):
        """What stands behind lines of one article, for the engine."""
        picked = sum(
            move.product_uom._compute_quantity(move.quantity, line.product_uom_id)
            for line in self
            for move in line.move_ids
            if move.picked and move.state not in ("done", "cancel")
        )
        return changes.Have(sum(self.mapped("product_uom_qty")), sum(self.mapped("qty_delivered")), picked)

    def _lower_to(self, quantity, values):
        """Bring lines of one article down to a quantity; of a split order the last ones first."""
        names = (
            "price_unit", "channel_paid", "channel_discount", "channel_platform_discount", "channel_refund"
        )  # fmt: skip
        too_many = sum(self.mapped("product_uom_qty")) - quantity
        for line in self.sorted("id", reverse=True):
            off = min(too_many, line.product_uom_qty - line.qty_delivered)
            if off > 0:
                said = {n: values[n] for n in names if n in values} if len(self) == 1 else {}
                line.order_id.write(
                    {"order_line": [Command.update(line.id, {"product_uom_qty": line.product_uom_qty - off, **said})]}
                )
                too_many -= off
        # Core leaves the lowered quantity to the next look at the transfer.
        self.move_ids.filtered(lambda m: m.state not in ("done", "cancel") and not m.product_uom_qty)._action_cancel()
