from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.plan import METHODS
from .forecast_setting import CLASS_NAMES

METHOD_NAMES = [
    ("no_demand", "No demand"),
    ("few_days", "Few days of history"),
    ("normal", "Simple rule: mean and deviation"),
    ("pooled", "Level and weekday"),
    ("learned", "Level, weekday and learned correction"),
    ("steady", "Long level and weekday"),
    ("tsb", "Slow items: chance times size (TSB)"),
    ("croston", "Slow items: size over interval (Croston)"),
    ("seasonal", "With week of the year and feasts"),
    ("launch", "New: leaning on its like"),
]


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
    service_target = fields.Float(readonly=True, aggregator="avg", help="Of the kind beside it.")
    service_kind = fields.Selection(
        [("cycle", "No stock-out in a cycle"), ("fill", "Share of demand met")],
        readonly=True,
        help="Cycle service is the probability of no stock-out between two deliveries; the fill rate is the share of"
        " demand met at once.",
    )
    service_rule_id = fields.Many2one(
        "distrib.service.target",
        string="Target Set By",
        readonly=True,
        ondelete="set null",
        help="Empty: the company's target, or the policy's own.",
    )
    expected_fill = fields.Float(
        readonly=True, aggregator="avg", help="Share of demand that is expected to be met with these levels."
    )
    demand_mean = fields.Float(
        string="Demand a Day",
        readonly=True,
        digits="Product Unit",
        help="Forecast for a day of the lead time and review that begin now.",
    )
    demand_sigma = fields.Float(
        string="Deviation", readonly=True, digits="Product Unit", aggregator=None, help="Standard deviation of a day."
    )
    demand_p50 = fields.Float(readonly=True, digits="Product Unit", help="Over lead time and review: median.")
    demand_p90 = fields.Float(
        readonly=True, digits="Product Unit", help="Over lead time and review: 9 times in 10 less."
    )
    demand_p98 = fields.Float(readonly=True, digits="Product Unit", help="Over lead time and review: 49 in 50 less.")
    usual_mean = fields.Float(
        string="Usual Demand a Day", readonly=True, digits="Product Unit", help="Mean of the last half year."
    )
    usual_sigma = fields.Float(string="Usual Deviation", readonly=True, digits="Product Unit", aggregator=None)
    own_mean = fields.Float(
        string="Own Demand a Day",
        readonly=True,
        digits="Product Unit",
        help="Mean of the last half year without the warehouses it supplies.",
    )
    demand_class = fields.Selection(CLASS_NAMES, readonly=True, help="By how often and how evenly the product sells.")
    abc_class = fields.Selection(
        [("A", "A"), ("B", "B"), ("C", "C")], string="ABC", readonly=True, help="By share of value."
    )
    xyz_class = fields.Selection(
        [("X", "X"), ("Y", "Y"), ("Z", "Z")], string="XYZ", readonly=True, help="By how even demand is."
    )
    error_units = fields.Float(readonly=True, digits="Product Unit", aggregator="sum")
    error_net = fields.Float(readonly=True, digits="Product Unit", aggregator="sum")
    error_demand = fields.Float(readonly=True, digits="Product Unit", aggregator="sum")
    error_wape = fields.Float(
        string="Forecast Error",
        compute="_compute_error",
        help="Absolute error of the last weeks' forecasts divided by demand; later weeks count more.",
    )
    error_bias = fields.Float(
        string="Forecast Bias", compute="_compute_error", help="Above zero, too much was forecast in the last weeks."
    )
    lead_time_days = fields.Float(string="Lead Time", readonly=True, aggregator="avg", digits=(8, 1), help="In days.")
    lead_time_sigma = fields.Float(string="Lead Time Deviation", readonly=True, aggregator="avg", digits=(8, 1))
    lead_source = fields.Selection(
        [("unknown", "Unknown"), ("planned", "Planned"), ("measured", "Measured"), ("zero", "Zero days")], readonly=True
    )
    wait_days = fields.Float(
        readonly=True, aggregator="avg", digits=(8, 1), help="Days of waiting for the supplying warehouse therein."
    )
    review_days = fields.Float(string="Review Period", readonly=True, aggregator="avg", digits=(8, 1))
    safety_stock = fields.Float(
        readonly=True,
        digits="Product Unit",
        help="What the order-up-to level holds beyond the mean demand over lead time and review. By the simple rule:"
        " z × √((lead time + review) × deviation² + demand² × lead time deviation²)",
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

    @api.depends("error_units", "error_net", "error_demand")
    def _compute_error(self):
        for policy in self:
            known = policy.error_demand > 0
            policy.error_wape = policy.error_units / policy.error_demand if known else 0.0
            policy.error_bias = policy.error_net / policy.error_demand if known else 0.0

    @api.depends("reason_data", "method", "demand_mean", "safety_stock", "service_target", "service_kind")
    @api.depends_context("lang")
    def _compute_reason(self):
        for policy in self:
            data = policy.reason_data or {}
            if policy.method not in METHODS or policy.method == "no_demand":
                policy.reason = self.env._("Nothing was sold in %s days of history.", data.get("days", 0))
                continue
            policy.reason = policy._demand_sentence(data) + policy._levels_sentence(data)

    def _demand_sentence(self, data):
        numbers = {
            "mean": f"{self.demand_mean:,.1f}",
            "sigma": f"{self.demand_sigma:,.1f}",
            "days": data.get("days", 0),
        }
        if self.method in ("few_days", "normal"):
            sentence = self.env._("Sells %(mean)s a day (± %(sigma)s) over %(days)s days", **numbers)
        else:
            sentence = self.env._(
                "Will sell %(mean)s a day (± %(sigma)s; usually %(usual)s)", usual=f"{self.usual_mean:,.1f}", **numbers
            )
        if data.get("censored"):
            sentence += self.env._("; %s days out of stock are left aside", data["censored"])
        if data.get("supplies"):
            sentence += self.env._("; with the demand of the warehouses it supplies")
        if self.method == "few_days":
            sentence += self.env._("; few days, so the deviation is assumed")
        if self.method == "launch":
            sentence += self.env._("; new here, so products like it count too")
        return sentence

    def _levels_sentence(self, data):
        numbers = {
            "service": f"{100 * self.service_target:.1f} %",
            "lead": f"{self.lead_time_days:.1f}",
            "review": f"{self.review_days:.1f}",
            "safety": f"{self.safety_stock:,.1f}",
        }
        if self.service_kind == "fill":
            sentence = self.env._(
                ". To meet %(service)s of the demand over %(lead)s + %(review)s days, %(safety)s is kept as safety stock.",
                **numbers,
            )
        else:
            sentence = self.env._(
                ". %(service)s service over %(lead)s + %(review)s days needs %(safety)s as safety stock.", **numbers
            )
        if data.get("capped"):
            sentence += self.env._(" The levels are cut to what can be sold before its date.")
        return sentence

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
