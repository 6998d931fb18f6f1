from odoo import api, fields, models
from odoo.exceptions import UserError


class PromotionLine(models.Model):
    """One product in one warehouse under a promotion: the plan, and afterwards what came of it."""

    _name = "distrib.promotion.line"
    _description = "Promotion: Planned and Actual"
    _order = "promotion_id, warehouse_id, product_id"
    _rec_name = "product_id"

    promotion_id = fields.Many2one("distrib.promotion", required=True, index=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="promotion_id.company_id", store=True, index=True)
    category_id = fields.Many2one(related="product_id.categ_id", store=True, string="Category")
    region_id = fields.Many2one(related="warehouse_id.region_id", store=True)
    kind = fields.Selection(related="promotion_id.kind", store=True)
    state = fields.Selection(related="promotion_id.state")
    date_from = fields.Date(related="promotion_id.date_from", store=True)
    usual_units = fields.Float(
        string="Usual Demand",
        readonly=True,
        digits="Product Unit",
        help="Demand of these days without the promotion: level of the last four weeks without one, by weekday.",
    )
    planned_units = fields.Float(string="Planned Demand", readonly=True, digits="Product Unit")
    planned_uplift = fields.Float(compute="_compute_uplifts")
    prebuild_quantity = fields.Float(
        string="Stock at the Start",
        digits="Product Unit",
        help="To have in stock before the first day: planned demand of the first days and the safety stock. Changed by "
        "hand it stays when the plan is computed again.",
    )
    is_manual = fields.Boolean(string="Entered", readonly=True, help="The stock at the start was entered by hand.")
    overlap_days = fields.Integer(readonly=True, help="Days on which another promotion runs for this product here.")
    actual_units = fields.Float(string="Sold", readonly=True, digits="Product Unit")
    actual_usual = fields.Float(
        string="Usual Demand, Looking Back",
        readonly=True,
        digits="Product Unit",
        help="Usual demand of the days whose sales are known, from the weeks before and after the promotion.",
    )
    actual_uplift = fields.Float(compute="_compute_uplifts", help="Sales and lost sales over the usual demand, less 1.")
    lost_units = fields.Float(
        string="Lost Sales",
        readonly=True,
        digits="Product Unit",
        help="Estimate: demand of the days short of stock, by hours in stock or by the uplift of the other days, less "
        "what was sold.",
    )
    left_units = fields.Float(
        string="Left Over", readonly=True, digits="Product Unit", help="On hand at the end of the last day."
    )
    difference = fields.Float(
        readonly=True,
        digits="Product Unit",
        help="Sales and lost sales less the planned demand, once the sales of the whole promotion are known.",
    )

    _line_uniq = models.Constraint(
        "UNIQUE(promotion_id, product_id, warehouse_id)", "A promotion has one line for a product in a warehouse."
    )
    _prebuild_positive = models.Constraint("CHECK(prebuild_quantity >= 0)", "A stock cannot be negative.")

    @api.depends("usual_units", "planned_units", "actual_units", "actual_usual", "lost_units")
    def _compute_uplifts(self):
        for line in self:
            line.planned_uplift = line.planned_units / line.usual_units - 1 if line.usual_units else 0.0
            demand = line.actual_units + line.lost_units
            line.actual_uplift = demand / line.actual_usual - 1 if line.actual_usual else 0.0

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create([{**vals, "is_manual": True} for vals in vals_list])
        lines._check_open()
        return lines

    def write(self, vals):
        if "prebuild_quantity" in vals:
            self._check_open()
            vals = {**vals, "is_manual": True}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_open(self):
        self._check_open()

    def _check_open(self):
        for line in self:
            if line.promotion_id.state not in ("draft", "confirmed"):
                raise UserError(self.env._("%s has begun: its plan is kept as it was.", line.promotion_id.display_name))
