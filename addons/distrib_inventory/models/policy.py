from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.policy import METHODS

METHOD_NAMES = [("no_demand", "No demand"), ("few_days", "Few days of history"), ("normal", "Normal demand")]


class Policy(models.Model):
    """How much of a product to keep in a warehouse, and why. Computed in bulk by `_recompute`."""

    _name = "distrib.policy"
    _description = "Stock Policy"
    _order = "warehouse_id, product_id"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", required=True, ondelete="cascade", index=True, readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    region_id = fields.Many2one(related="warehouse_id.region_id")
    categ_id = fields.Many2one(related="product_id.categ_id")
    uom_id = fields.Many2one(related="product_id.uom_id")
    service_override = fields.Float(
        string="Own Service Target",
        help="For this product here, instead of the company's target; 0 follows the company.",
    )
    service_target = fields.Float(readonly=True, aggregator="avg", help="Probability of no stock-out in a cycle.")
    demand_mean = fields.Float(string="Demand a Day", readonly=True, digits="Product Unit")
    demand_sigma = fields.Float(
        string="Deviation", readonly=True, digits="Product Unit", aggregator=None, help="Standard deviation of a day."
    )
    lead_time_days = fields.Float(string="Lead Time", readonly=True, aggregator="avg", digits=(8, 1), help="In days.")
    lead_time_sigma = fields.Float(string="Lead Time Deviation", readonly=True, aggregator="avg", digits=(8, 1))
    review_days = fields.Float(string="Review Period", readonly=True, aggregator="avg", digits=(8, 1))
    safety_stock = fields.Float(
        readonly=True,
        digits="Product Unit",
        help="z × √((lead time + review) × deviation² + demand² × lead time deviation²)",
    )
    reorder_point = fields.Float(
        readonly=True, digits="Product Unit", help="Demand over the lead time + safety stock. At or below it, order."
    )
    order_up_to = fields.Float(
        readonly=True, digits="Product Unit", help="Reorder point + demand over the review period."
    )
    method = fields.Selection(METHOD_NAMES, readonly=True)
    reason_data = fields.Json(readonly=True)
    reason = fields.Char(compute="_compute_reason")
    computed_on = fields.Datetime(readonly=True)
    available = fields.Float(
        compute="_compute_position", digits="Product Unit", help="In stock, neither reserved nor expired."
    )
    incoming = fields.Float(compute="_compute_position", digits="Product Unit")
    days_of_cover = fields.Float(
        compute="_compute_position", digits=(16, 1), help="Available stock divided by the demand of a day."
    )
    is_short = fields.Boolean(compute="_compute_position")

    _pair_uniq = models.Constraint("unique(product_id, warehouse_id)", "A product has one policy in a warehouse.")
    _override_range = models.Constraint(
        "CHECK(service_override = 0 OR (service_override >= 0.5 AND service_override < 1))",
        "A service target lies between 50 % and below 100 %.",
    )

    @api.depends("product_id", "warehouse_id")
    @api.depends_context("company")
    def _compute_position(self):
        # positions are computed for the readers of policies, who need not be stock users
        found = self.env["distrib.position"]._read_columns(self.product_id.ids, self.warehouse_id.ids)
        keys = zip(found.product_id.tolist(), found.warehouse_id.tolist(), strict=True)
        place = {key: index for index, key in enumerate(keys)}
        for policy in self:
            index = place.get((policy.product_id.id, policy.warehouse_id.id))
            policy.available = 0.0 if index is None else float(found.available[index])
            policy.incoming = 0.0 if index is None else float(found.incoming[index])
            policy.days_of_cover = policy.available / policy.demand_mean if policy.demand_mean > 0 else 0.0
            policy.is_short = policy.demand_mean > 0 and policy.available + policy.incoming <= policy.reorder_point

    @api.depends("reason_data", "method")
    @api.depends_context("lang")
    def _compute_reason(self):
        for policy in self:
            data = policy.reason_data or {}
            if policy.method not in METHODS or policy.method == "no_demand":
                policy.reason = self.env._("Nothing was sold in %s days of history.", data.get("days", 0))
                continue
            sentence = self.env._(
                "Sells %(mean).1f a day (± %(sigma).1f) over %(days)s days",
                mean=policy.demand_mean,
                sigma=policy.demand_sigma,
                days=data.get("days", 0),
            )
            if data.get("censored"):
                sentence += self.env._("; %s days out of stock are left aside", data["censored"])
            if data.get("supplies"):
                sentence += self.env._("; with the demand of the warehouses it supplies")
            if policy.method == "few_days":
                sentence += self.env._("; few days, so the deviation is assumed")
            policy.reason = sentence + self.env._(
                ". %(service).1f %% service over %(lead).1f + %(review).1f days needs %(safety).1f as safety stock.",
                service=100 * policy.service_target,
                lead=policy.lead_time_days,
                review=policy.review_days,
                safety=policy.safety_stock,
            )

    def action_recompute(self):
        """Recompute all policies of the company and then the proposals."""
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise UserError(self.env._("Only planners recompute policies."))
        count = self._recompute(company=self.env.company)
        proposals = self.env["distrib.proposal"]._generate(company=self.env.company)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(policies)s policies computed, %(proposals)s proposals open.", policies=count, proposals=proposals
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_view_demand(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_demand")
        domain = [("product_id", "=", self.product_id.id), ("warehouse_id", "=", self.warehouse_id.id)]
        return {**action, "domain": domain, "context": {}}
