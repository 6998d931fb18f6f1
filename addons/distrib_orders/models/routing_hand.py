from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError


class RoutingHand(models.Model):
    """A clerk's choice about an order or a line, with its reason. The plan respects it; it says where a rule is wrong."""

    _name = "distrib.routing.hand"
    _description = "Choice by Hand"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.channel_id", store=True)
    order_line_id = fields.Many2one(
        "sale.order.line", index="btree_not_null", ondelete="cascade", readonly=True, help="Empty: the whole order."
    )
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="cascade", readonly=True)
    kind = fields.Selection(
        [("pin", "Ship from there"), ("ban", "Never from there"), ("freeze", "Leave as it is")],
        required=True, readonly=True,
    )  # fmt: skip
    reason = fields.Char(required=True, readonly=True)
    user_id = fields.Many2one("res.users", required=True, readonly=True, default=lambda self: self.env.uid, index=True)
    instead_of_id = fields.Many2one(
        "stock.warehouse", string="Instead of", readonly=True, ondelete="set null", index="btree_not_null",
        help="What the router had chosen.",
    )  # fmt: skip
    ruleset_id = fields.Many2one("distrib.routing.ruleset", string="Rules", readonly=True, index="btree_not_null")
    rule_id = fields.Many2one("distrib.routing.rule", readonly=True, index="btree_not_null", ondelete="restrict")
    active = fields.Boolean(default=True, readonly=True, help="Lifted choices are kept for the report.")
    count = fields.Integer(string="Choices", default=1, readonly=True, aggregator="sum")

    @api.model
    def _by_line(self, orders):
        """(pins, bans): dict sale line id -> warehouse id; dict sale line id -> set of warehouse ids.

        A choice for a line goes before one for its order. Of two pins for one line the newer one counts; two lines of one
        product that are pinned apart are for the router to refuse.
        """
        pins, bans = {}, defaultdict(set)
        hands = self.search([("order_id", "in", orders.ids), ("kind", "!=", "freeze")], order="id")
        for hand in hands.sorted(lambda hand: bool(hand.order_line_id)):
            for line in hand.order_line_id or hand.order_id.order_line:
                if hand.kind == "pin":
                    pins[line.id] = hand.warehouse_id.id
                else:
                    bans[line.id].add(hand.warehouse_id.id)
        return pins, bans

    @api.model
    def _choose(self, orders, kind, warehouse, reason, lines=None):
        """Note a choice; the one of the same kind before it is lifted. Contradictions are refused in words."""
        lines = lines or self.env["sale.order.line"]
        values = []
        for order in orders:
            chosen = lines.filtered(lambda line, o=order: line.order_id == o)
            for line in chosen or [lines.browse()]:
                self._check_contradiction(order, line, kind, warehouse)
                decision = order.routing_decision_ids[:1]
                before = (line or order.order_line).routed_warehouse_id[:1]
                values.append({
                    "order_id": order.id, "order_line_id": line.id, "kind": kind, "reason": reason,
                    "warehouse_id": warehouse.id or before.id or order.warehouse_id.id,
                    "instead_of_id": before.id, "ruleset_id": decision.ruleset_id.id, "rule_id": decision.rule_id.id,
                    "user_id": self.env.uid,
                })  # fmt: skip
        # sudo: a choice is noted by the wizard, with its reason; no role edits the record of it.
        return self.sudo().create(values)

    def _check_contradiction(self, order, line, kind, warehouse):
        same = self.sudo().search([("order_id", "=", order.id), ("order_line_id", "in", [False, line.id])])
        if kind == "pin":
            # A pin of the same reach is replaced.
            same.filtered(lambda hand: hand.kind == "pin" and hand.order_line_id == line).active = False
            against = same.filtered(lambda hand: hand.kind == "ban" and hand.warehouse_id == warehouse)
        else:
            against = same.filtered(lambda h: kind == "ban" and h.kind == "pin" and h.warehouse_id == warehouse)
        if against:
            raise UserError(
                self.env._(
                    "%(user)s has chosen the contrary for %(order)s: “%(reason)s”. Lift that choice first.",
                    user=against[0].user_id.name, order=order.name, reason=against[0].reason,
                )
            )  # fmt: skip

    def action_lift(self):
        """The router decides again."""
        self.order_id._check_order_desk()
        # sudo: as when it was noted
        self.sudo().active = False
        return True


class RoutingHandWizard(models.TransientModel):
    _name = "distrib.routing.hand.wizard"
    _description = "Choose the Warehouse by Hand"

    order_ids = fields.Many2many("sale.order", required=True)
    line_ids = fields.Many2many(
        "sale.order.line", domain="[('order_id', 'in', order_ids), ('product_id.is_storable', '=', True)]",
        string="Only These Lines", help="Empty: the whole order.",
    )  # fmt: skip
    kind = fields.Selection(
        [("pin", "Ship from this warehouse"), ("ban", "Never from this warehouse"), ("freeze", "Leave as it is")],
        required=True, default="pin",
    )  # fmt: skip
    warehouse_id = fields.Many2one("stock.warehouse", domain="[('company_id', 'in', allowed_company_ids)]")
    reason = fields.Char(required=True)

    def action_choose(self):
        """Note the choice, and decide again at once where the order is not released."""
        self.ensure_one()
        orders = self.order_ids
        orders._check_order_desk()
        if self.kind != "freeze" and not self.warehouse_id:
            raise UserError(self.env._("Choose a warehouse."))
        late = orders.filtered(lambda o: o.pool_state in ("released", "shipped", "done", "cancelled"))
        if late:
            raise UserError(self.env._("Released already, nothing can be chosen: %s", ", ".join(late.mapped("name"))))
        self.env["distrib.routing.hand"]._choose(orders, self.kind, self.warehouse_id, self.reason, self.line_ids)
        for order in orders:
            order.message_post(body=self._message())
        if self.kind != "freeze":
            routed = orders.filtered(lambda order: order.pool_state == "routed")
            (orders - routed)._route(kind="hand")
            routed._replan(kind="hand")
            stuck = orders.filtered(lambda order: order._is_chosen_in_vain(self.kind, self.warehouse_id, self.line_ids))
            if stuck:
                raise UserError(self._why_not(stuck[0]))
        return {"type": "ir.actions.act_window_close"}

    def _message(self):
        _ = self.env._
        text = {
            "pin": _("Ships from %(warehouse)s by hand: %(reason)s"),
            "ban": _("Never from %(warehouse)s by hand: %(reason)s"),
            "freeze": _("Left as it is by hand: %(reason)s"),
        }[self.kind]
        return text % {"warehouse": self.warehouse_id.name or "", "reason": self.reason}

    def _why_not(self, order):
        return self.env._(
            "%(order)s cannot be shipped so, nothing was changed.\n%(reason)s",
            order=order.name,
            reason=order._routing_obstacle(),
        )
