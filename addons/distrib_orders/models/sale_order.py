from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .channel import ORDER_DESK
from .problems import as_text

INTERNAL = "base.group_user"  # portal users can read their orders; how we work on them is not theirs to see
POOL_STATES = [
    ("new", "New"),
    ("held", "Held"),
    ("to_route", "To Route"),
    ("routed", "Routed"),
    ("released", "Released"),
    ("shipped", "Shipped"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]


class SaleOrder(models.Model):
    """The order pool: every order of every channel, with one life cycle.

    The stage is not set but follows: from the native state of the order and its deliveries, and from three facts kept
    here: it was accepted into the pool, it is held, it was released to the warehouse.
    """

    _inherit = "sale.order"

    channel_id = fields.Many2one(
        "distrib.channel", groups=INTERNAL, index="btree_not_null", ondelete="restrict", check_company=True, copy=False
    )
    channel_order_ref = fields.Char(
        string="Outside Number", groups=INTERNAL, copy=False, help="The order's number in the channel."
    )
    channel_ordered_at = fields.Datetime(string="Ordered At", groups=INTERNAL, copy=False)
    channel_message_id = fields.Many2one(
        "distrib.inbox.message", groups=INTERNAL, copy=False, ondelete="set null", index="btree_not_null",
        help="The inbox message whose content the order has.",
    )  # fmt: skip
    buyer_note = fields.Text(groups=INTERNAL, copy=False, help="What the buyer wrote to the order.")
    region_id = fields.Many2one(
        "distrib.region", compute="_compute_region_id", store=True, groups=INTERNAL, index="btree_not_null",
        help="Where the order goes.",
    )  # fmt: skip
    pool_accepted = fields.Boolean(groups=INTERNAL, copy=False, help="Checked and free to be routed.")
    pool_state = fields.Selection(
        POOL_STATES,
        string="Stage",
        compute="_compute_pool_state",
        store=True,
        index=True,
        groups=INTERNAL,
        group_expand="_group_expand_pool_state",
        help="New: not yet accepted. Held: waits for a clerk, see the reason. To route: waits for the router. Routed: "
        "confirmed and reserved. Released: given to the warehouse. Shipped: part of the goods or all have left. "
        "Done: nothing is left to ship.",
    )
    hold_code = fields.Selection(
        [
            ("manual", "By hand"),
            ("unmatched", "Product not matched"),
            ("unfilled", "Not in stock"),
            ("unpaid", "Not paid"),
            ("platform", "By the platform"),
            ("refund", "Refund requested"),
            ("rule", "By a rule"),
            ("price", "Amounts differ"),
            ("outside", "Shipped outside"),
        ],
        string="Held Because",
        groups=INTERNAL,
        copy=False,
    )
    hold_data = fields.Json(groups=INTERNAL, copy=False)
    hold_reason = fields.Text(compute="_compute_hold_reason", groups=INTERNAL)
    hold_summary = fields.Char(
        string="Why Held",
        compute="_compute_hold_reason",
        groups=INTERNAL,
        help="The first line of the reason, for lists.",
    )
    released_at = fields.Datetime(groups=INTERNAL, copy=False, readonly=True)
    routing_decision_ids = fields.One2many("distrib.routing.decision", "order_id", groups=INTERNAL)
    routing_explanation = fields.Text(compute="_compute_routing_explanation", groups=INTERNAL)
    inbox_message_ids = fields.One2many(
        "distrib.inbox.message", "order_id", groups="distrib_inventory.group_channel_manager"
    )

    _channel_ref_uniq = models.UniqueIndex(
        "(channel_id, channel_order_ref) WHERE channel_id IS NOT NULL AND channel_order_ref IS NOT NULL",
        "The channel has an order with this number already.",
    )
    _pool_open_idx = models.Index("(pool_state, id) WHERE pool_state NOT IN ('done', 'cancelled')")

    @api.depends("partner_shipping_id")
    def _compute_region_id(self):
        for order in self:
            partner = order.partner_shipping_id
            order.region_id = partner.distrib_region_id or partner.commercial_partner_id.dealer_region_id

    @api.depends("state", "delivery_status", "pool_accepted", "hold_code", "released_at")
    def _compute_pool_state(self):
        for order in self:
            order.pool_state = order._pool_stage()

    def _pool_stage(self):
        """The stage of one order; an add-on that follows parcels may keep it from being done."""
        self.ensure_one()
        if self.state == "cancel":
            return "cancelled"
        if self.state == "sale":
            if self.delivery_status in ("full", "partial"):
                return "done" if self.delivery_status == "full" else "shipped"
            if self.hold_code:
                return "held"
            return "released" if self.released_at else "routed"
        if self.hold_code:
            return "held"
        return "to_route" if self.pool_accepted else "new"

    @api.model
    def _group_expand_pool_state(self, states, domain):
        """The open stages always, in the sequence of work; the closed ones when there is something in them."""
        return [state for state, _name in POOL_STATES if state in states or state not in ("done", "cancelled")]

    def _confirmation_error_message(self):
        # sudo: a buyer who confirms in the portal may not read why we hold his order.
        order = self.sudo()
        if order.hold_code:
            return self.env._("%s is held. Lift the hold before you confirm it.", order.name)
        return super()._confirmation_error_message()

    @api.depends("hold_code", "hold_data")
    @api.depends_context("lang")
    def _compute_hold_reason(self):
        for order in self:
            data = order.hold_data or {}
            order.hold_reason = data.get("text") or as_text(self.env, data.get("problems")) or False
            if order.hold_code == "unfilled":
                missing = order.routing_decision_ids[:1].line_ids.filtered(lambda line: not line.warehouse_id)
                order.hold_reason = "\n".join(line._line_result() for line in missing)
            order.hold_summary = (order.hold_reason or "").split("\n")[0]

    @api.depends("routing_decision_ids.data")
    @api.depends_context("lang")
    def _compute_routing_explanation(self):
        for order in self:
            order.routing_explanation = order.routing_decision_ids[:1].explanation

    # What a clerk does

    def _check_order_desk(self):
        # Core lets warehouse users write orders; the pool's decisions are not theirs.
        if not self.env.su and not any(self.env.user.has_group(group) for group in ORDER_DESK):
            raise AccessError(self.env._("Only order clerks and channel managers decide about orders of the pool."))

    def action_pool_accept(self):
        """Let new orders be routed."""
        self._check_order_desk()
        self.filtered(lambda o: o.pool_state == "new").pool_accepted = True
        return True

    def action_pool_hold(self, reason):
        """Keep orders from being routed or released, until lifted."""
        self._check_order_desk()
        late = self.filtered(lambda o: o.pool_state in ("shipped", "done", "cancelled"))
        if late:
            raise UserError(
                self.env._("These orders have left already or are cancelled: %s", ", ".join(late.mapped("name")))
            )
        self.write({"hold_code": "manual", "hold_data": {"text": reason}})
        for order in self:
            order.message_post(body=self.env._("Held: %s", reason))
        return True

    def action_pool_unhold(self):
        """Lift the hold. Lines that match no product hold an order as long as they are there; what the platform holds
        only a channel manager lets go. Where there is a further reason, the order is held for that one."""
        self._check_order_desk()
        held = self.filtered("hold_code")
        stuck = held.filtered(lambda o: o.hold_code == "unmatched" and o._has_open_lines())
        if stuck:
            names = ", ".join(stuck.mapped("name"))
            raise UserError(
                self.env._("Match or remove the lines that are only notes first, then lift the hold: %s", names)
            )
        outside = held.filtered(lambda o: o.hold_code in ("unpaid", "platform"))
        if outside and not self.env.su and not self.env.user.has_group("distrib_inventory.group_channel_manager"):
            names = ", ".join(outside.mapped("name"))
            raise AccessError(
                self.env._("What the platform holds, or is not paid, only a channel manager lets go: %s", names)
            )
        for order in held:
            order.write({**order._next_hold(), "pool_accepted": True})
        return True

    def _next_hold(self):
        """Fields of an order after its present hold: the next reason, or none."""
        self.ensure_one()
        data = self.hold_data or {}
        waiting = data.get("next") or []
        values = {"hold_code": False, "hold_data": False, "hold_until": False}
        if self.hold_code == "rule":
            # What a clerk let pass does not hold the order again with its next version.
            rules = [found["values"].get("rule") for found in data.get("problems") or ()]
            values["hold_passed"] = sorted({*(self.hold_passed or []), *rules})
        if waiting:
            code, problems = waiting[0]
            values |= {"hold_code": code, "hold_data": {"problems": problems, "next": waiting[1:]}}
        return values

    def _has_open_lines(self):
        self.ensure_one()
        return any(self.order_line.mapped("channel_open"))

    def action_pool_release(self):
        """Give routed orders to the warehouse; from now on they are not re-routed."""
        self._check_order_desk()
        ready = self.filtered(lambda o: o.pool_state == "routed")
        if not ready:
            raise UserError(self.env._("Only routed orders can be released."))
        ready.released_at = fields.Datetime.now()
        return True

    def action_pool_cancel(self):
        """Cancel orders that have not left yet."""
        self._check_order_desk()
        # sudo: the desk decides about orders; their transfers, which stop with them, belong to the warehouse
        late = self.sudo().filtered(lambda o: o._has_left())
        if late:
            raise UserError(self.env._("Goods of these orders have left already: %s", ", ".join(late.mapped("name"))))
        self.check_access("write")
        self.sudo()._action_cancel()
        return True

    def action_draft(self):
        """A cancelled order that comes back starts again: nothing is routed or released."""
        result = super().action_draft()
        # sudo: a portal user has no access to these fields, and core lets no portal user get here by itself.
        orders = self.sudo()
        orders.filtered("released_at").released_at = False
        orders.order_line.filtered("routed_warehouse_id").routed_warehouse_id = False
        return result

    def action_open_hold_wizard(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hold"),
            "res_model": "distrib.hold.orders",
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_order_ids": self.ids},
        }

    def action_open_routing_decisions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_routing_decisions")
        return {**action, "domain": [("order_id", "=", self.id)], "context": {}}

    def action_open_inbox_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_inbox_messages")
        return {**action, "domain": [("order_id", "=", self.id)], "context": {}}
