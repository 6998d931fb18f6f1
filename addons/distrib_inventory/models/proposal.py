from odoo import api, fields, models
from odoo.exceptions import UserError

LIVE = ("open", "snoozed")
# From this share of the order-up-to level expected to be lost on, a proposal is urgent.
URGENT_SHARE = 0.1


class Proposal(models.Model):
    """A suggested purchase or transfer, and what became of it. One live proposal for a product in a warehouse."""

    _name = "distrib.proposal"
    _description = "Replenishment Proposal"
    _order = "urgency desc, id desc"
    _rec_name = "product_id"

    kind = fields.Selection(
        [("purchase", "Purchase"), ("transfer", "Transfer")], required=True, readonly=True, index=True
    )
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade", index=True, readonly=True)
    categ_id = fields.Many2one(related="product_id.categ_id")
    warehouse_id = fields.Many2one(
        "stock.warehouse", string="To", required=True, ondelete="cascade", index=True, readonly=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    source_warehouse_id = fields.Many2one("stock.warehouse", string="From", ondelete="cascade", readonly=True)
    supplierinfo_id = fields.Many2one(
        "product.supplierinfo", string="Supplier Price", ondelete="set null", readonly=True
    )
    partner_id = fields.Many2one("res.partner", string="Supplier", ondelete="set null", index="btree_not_null")
    quantity = fields.Float(required=True, digits="Product Unit", help="You may change it before you accept.")
    proposed_quantity = fields.Float(readonly=True, digits="Product Unit")
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    order_date = fields.Date(readonly=True)
    expected_date = fields.Date(string="Expected", readonly=True)
    urgency = fields.Float(
        readonly=True, digits="Product Unit", help="Units of sales expected to be lost until the goods are here."
    )
    is_urgent = fields.Boolean(readonly=True, help="A tenth or more of a full shelf is expected to be lost.")
    available = fields.Float(readonly=True, digits="Product Unit")
    incoming = fields.Float(readonly=True, digits="Product Unit")
    reason_data = fields.Json(readonly=True)
    reason = fields.Char(compute="_compute_reason")
    state = fields.Selection(
        [
            ("open", "Open"),
            ("snoozed", "Snoozed"),
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
            ("cancelled", "No longer needed"),
        ],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    reject_reason = fields.Char(readonly=True)
    snooze_until = fields.Date(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    purchase_line_id = fields.Many2one(
        "purchase.order.line", readonly=True, index="btree_not_null", ondelete="set null"
    )
    purchase_id = fields.Many2one(related="purchase_line_id.order_id")
    move_ids = fields.Many2many("stock.move", readonly=True, string="Moves")
    picking_ids = fields.Many2many("stock.picking", compute="_compute_picking_ids", string="Transfers")

    _live_uniq = models.UniqueIndex(
        "(product_id, warehouse_id) WHERE state IN ('open', 'snoozed')",
        "There is already an open proposal for this product in this warehouse.",
    )
    _quantity_positive = models.Constraint("CHECK(quantity > 0)", "The quantity of a proposal has to be above zero.")

    @api.depends("move_ids.picking_id")
    def _compute_picking_ids(self):
        for proposal in self:
            proposal.picking_ids = proposal.move_ids.picking_id

    @api.depends("reason_data", "kind", "available", "incoming", "proposed_quantity")
    @api.depends_context("lang")
    def _compute_reason(self):
        for proposal in self:
            data = proposal.reason_data or {}
            sentence = self.env._(
                "The stock position of %(position).1f (%(available).1f available, %(incoming).1f on the way) is at or "
                "below the reorder point of %(reorder).1f; with %(mean).1f sold a day and %(lead).0f days until "
                "arrival, fill up to %(level).1f.",
                position=data.get("position", 0.0),
                available=proposal.available,
                incoming=proposal.incoming,
                reorder=data.get("reorder_point", 0.0),
                mean=data.get("demand_mean", 0.0),
                lead=data.get("lead_time_days", 0.0),
                level=data.get("order_up_to", 0.0),
            )
            if data.get("wanted", 0.0) > proposal.proposed_quantity:
                sentence += " " + self.env._(
                    "%(giver)s cannot give all %(wanted).1f; this is the fair share.",
                    giver=proposal.source_warehouse_id.name or "",
                    wanted=data["wanted"],
                )
            if proposal.kind == "purchase" and not proposal.partner_id:
                sentence += " " + self.env._("No supplier is known.")
            proposal.reason = sentence

    def write(self, vals):
        if {"quantity", "partner_id"} & vals.keys() and any(proposal.state not in LIVE for proposal in self):
            raise UserError(self.env._("A decided proposal cannot be changed."))
        return super().write(vals)

    # --- decisions other than accepting ------------------------------------------------------------------------

    def action_reject(self):
        return self._open_decision("distrib_inventory.action_proposal_reject")

    def action_snooze(self):
        return self._open_decision("distrib_inventory.action_proposal_snooze")

    def _open_decision(self, action):
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(action),
            "context": {"default_proposal_ids": self.ids, "active_ids": self.ids},
        }

    def action_reopen(self):
        self._decide(("rejected", "snoozed"), {"state": "open", "snooze_until": False, "reject_reason": False})

    def _reject(self, reason):
        self._decide(LIVE, {"state": "rejected", "reject_reason": reason})

    def _snooze(self, until):
        if until <= fields.Date.context_today(self):
            raise UserError(self.env._("Choose a day after today."))
        self._decide(LIVE, {"state": "snoozed", "snooze_until": until})

    def _decide(self, states, values):
        """Lock, check the state, and note who decided."""
        self._lock(states)
        self.write({**values, "decided_by_id": self.env.uid, "decided_on": fields.Datetime.now()})

    def _lock(self, states):
        """Hold the rows until the transaction ends: the second of two users gets a message, not a second order."""
        self.check_access("write")
        if self.try_lock_for_update() != self:
            raise UserError(
                self.env._("Somebody else is deciding on these proposals right now. Try again in a moment.")
            )
        self.invalidate_recordset(["state"])
        late = self.filtered(lambda proposal: proposal.state not in states)
        if late:
            first = late[0]
            raise UserError(
                self.env._(
                    "%(count)s proposals are decided already, for example %(product)s for %(warehouse)s (by %(user)s).",
                    count=len(late),
                    product=first.product_id.display_name,
                    warehouse=first.warehouse_id.display_name,
                    user=first.decided_by_id.name or self.env._("the nightly run"),
                )
            )

    def action_view_documents(self):
        """Open the purchase order or the transfers that an accepted proposal became."""
        self.ensure_one()
        if self.purchase_id:
            return self._document_action("purchase.order", self.purchase_id)
        return self._document_action("stock.picking", self.picking_ids)

    def _document_action(self, model, records):
        action = {
            "type": "ir.actions.act_window",
            "res_model": model,
            "name": self.env["ir.model"]._get(model).display_name,
            "domain": [("id", "in", records.ids)],
            "views": [(False, "list"), (False, "form")],
        }
        if len(records) == 1:
            action.update(views=[(False, "form")], res_id=records.id)
        return action
