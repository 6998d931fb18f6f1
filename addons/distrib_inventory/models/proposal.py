from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

LIVE = ("open", "snoozed")
KINDS = [("purchase", "Purchase"), ("transfer", "Replenishment"), ("lateral", "Lateral Transfer")]
BLOCKERS = [
    ("no_supplier", "No supplier"),
    ("inactive_product", "Archived product"),
    ("not_purchasable", "May not be purchased"),
    ("no_lead_time", "Lead time unknown"),
    ("source_empty", "Nothing to give"),
    ("cap", "Budget or room used up"),
]
# What a planner may change, and which obstacle that removes.
TERMS = {"partner_id": "no_supplier", "expected_date": "no_lead_time", "source_warehouse_id": "source_empty"}


class Proposal(models.Model):
    """A suggested purchase or transfer, and what became of it. One live proposal of a kind for a product and place.

    The nightly run writes these in SQL; see `_generate`. What a planner changed is kept by it.
    """

    _name = "distrib.proposal"
    _description = "Replenishment Proposal"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "is_urgent desc, urgency_value desc, urgency desc, id desc"
    _rec_name = "product_id"

    kind = fields.Selection(
        KINDS,
        required=True,
        readonly=True,
        index=True,
        help="Purchase from a supplier, replenishment from the supplying warehouse, or a lateral transfer of what "
        "another warehouse has in excess.",
    )
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade", index=True, readonly=True)
    categ_id = fields.Many2one(related="product_id.categ_id")
    warehouse_id = fields.Many2one(
        "stock.warehouse", string="To", required=True, ondelete="cascade", index=True, readonly=True
    )
    network_tier = fields.Selection(related="warehouse_id.network_tier")
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    source_warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="From",
        ondelete="cascade",
        tracking=True,
        domain="[('company_id', '=', company_id), ('id', '!=', warehouse_id), ('dealer_id', '=', False)]",
    )
    supplierinfo_id = fields.Many2one(
        "product.supplierinfo", string="Supplier Price", ondelete="set null", readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Supplier", ondelete="set null", index="btree_not_null", tracking=True
    )
    quantity = fields.Float(
        required=True, digits="Product Unit", tracking=True, help="You may change it before you accept."
    )
    proposed_quantity = fields.Float(readonly=True, digits="Product Unit", help="What the last run proposes.")
    previous_quantity = fields.Float(
        readonly=True, digits="Product Unit", help="What was proposed before it changed by half or more."
    )
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    unit_cost = fields.Float(readonly=True, digits="Product Price", aggregator=None)
    value = fields.Monetary(
        string="Order Value",
        compute="_compute_value",
        store=True,
        readonly=True,
        help="Quantity at the supplier's price or at cost.",
    )
    order_date = fields.Date(readonly=True)
    expected_date = fields.Date(string="Expected", tracking=True)
    # --- what is at stake ---
    urgency = fields.Float(
        string="Lost by Waiting",
        readonly=True,
        digits="Product Unit",
        help="Units of sales expected to be lost if this is decided one review period later.",
    )
    urgency_value = fields.Monetary(
        string="Lost by Waiting (Value)", readonly=True, help="The same at the sales price."
    )
    is_urgent = fields.Boolean(
        readonly=True,
        help="Put off by one review, it would cost half of that period's sales or more, and at least the value that "
        "the settings say.",
    )
    run_out_date = fields.Date(
        string="Runs Out", readonly=True, help="The day by whose end the stock is gone if nothing is done."
    )
    lost_quantity = fields.Float(
        string="Lost If Nothing Is Done",
        readonly=True,
        digits="Product Unit",
        help="Units of sales in the next 28 days.",
    )
    lost_value = fields.Monetary(string="Lost If Nothing Is Done (Value)", readonly=True)
    confidence = fields.Float(
        readonly=True,
        aggregator="avg",
        help="One less the expected relative error of demand until the goods of the next order are here.",
    )
    available = fields.Float(readonly=True, digits="Product Unit")
    incoming = fields.Float(readonly=True, digits="Product Unit")
    reason_data = fields.Json(readonly=True)
    # --- exceptions ---
    blocker = fields.Selection(BLOCKERS, string="Cannot Be Ordered", readonly=True, index="btree_not_null")
    is_changed = fields.Boolean(
        string="Changed a Lot", readonly=True, help="Last night's quantity differs by half or more from the one before."
    )
    is_above_limit = fields.Boolean(compute="_compute_value", store=True, readonly=True, string="Above Limit")
    # --- what became of it ---
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
    manual_quantity = fields.Boolean(readonly=True, help="A planner changed the quantity.")
    manual_terms = fields.Boolean(readonly=True, help="A planner changed the source or the date.")
    reject_reason = fields.Char(readonly=True)
    rejection_holds = fields.Boolean(readonly=True, help="Not proposed again until things change.")
    snooze_until = fields.Date(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    purchase_line_id = fields.Many2one(
        "purchase.order.line", readonly=True, index="btree_not_null", ondelete="set null"
    )
    purchase_id = fields.Many2one(related="purchase_line_id.order_id")
    move_ids = fields.One2many("stock.move", "distrib_proposal_id", readonly=True, string="Moves")
    picking_ids = fields.Many2many("stock.picking", compute="_compute_picking_ids", string="Transfers")

    _live_uniq = models.UniqueIndex(
        "(product_id, warehouse_id, kind) WHERE state IN ('open', 'snoozed')",
        "There is already an open proposal of this kind for this product in this warehouse.",
    )
    _held_idx = models.Index("(product_id, warehouse_id) WHERE rejection_holds")
    _quantity_positive = models.Constraint("CHECK(quantity > 0)", "The quantity of a proposal has to be above zero.")

    @api.depends("quantity", "unit_cost", "company_id.distrib_proposal_limit")
    def _compute_value(self):
        for proposal in self:
            limit = proposal.company_id.distrib_proposal_limit
            proposal.value = proposal.quantity * proposal.unit_cost
            proposal.is_above_limit = 0 < limit < proposal.value

    @api.depends("move_ids.picking_id")
    def _compute_picking_ids(self):
        for proposal in self:
            proposal.picking_ids = proposal.move_ids.picking_id

    @api.constrains("source_warehouse_id")
    def _check_source(self):
        for proposal in self:
            source = proposal.source_warehouse_id
            if source and (source == proposal.warehouse_id or source.company_id != proposal.company_id):
                raise ValidationError(self.env._("Goods come from another warehouse of the same company."))
            if source.dealer_id:
                raise ValidationError(
                    self.env._("%s holds a dealer's own goods; they cannot be taken from there.", source.display_name)
                )

    def write(self, vals):
        changed = {"quantity", *TERMS} & vals.keys()
        if changed and any(proposal.state not in LIVE for proposal in self):
            raise UserError(self.env._("A decided proposal cannot be changed."))
        if changed - {"quantity"}:
            vals = {**vals, "manual_terms": True}
        if "quantity" in changed:
            vals = {**vals, "manual_quantity": True}
        result = super().write(vals)
        for name in changed & TERMS.keys():
            if vals[name]:
                self.filtered(lambda proposal, name=name: proposal.blocker == TERMS[name]).blocker = False
        if vals.get("partner_id"):
            self._follow_supplier()
        return result

    def _follow_supplier(self):
        """The price list line of a supplier chosen by hand: unit and price come from it."""
        for proposal in self:
            seller = proposal.product_id._select_seller(
                partner_id=proposal.partner_id, quantity=None, date=proposal.order_date
            )
            proposal.supplierinfo_id = seller
