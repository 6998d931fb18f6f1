from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

KINDS = [
    ("discount", "Price Cut"),
    ("full_reduction", "Money Off from an Amount"),
    ("bundle", "Bundle"),
    ("gift", "Gift with Purchase"),
    ("festival", "Shopping Festival"),
    ("livestream", "Live Stream"),
    ("new_product", "New Product"),
    ("clearance", "Clearance"),
    ("other", "Other"),
]
# What the engine calls the kinds; 0 is a promotion that the history shows and no plan names. Never renumber.
KIND_CODES = {name: number for number, (name, _label) in enumerate(KINDS, start=1)}
LIVE = ("confirmed", "running")
PLAN_FIELDS = {
    "kind", "date_from", "date_to", "company_id", "product_ids", "category_ids", "brand_ids", "region_ids",
    "warehouse_ids", "depth", "uplift_mode", "expected_uplift", "prebuild_days", "cover_days",
}  # fmt: skip


class Promotion(models.Model):
    """A promotion known ahead: when, which goods, where, how deep; what it is expected to sell, the stock to have before
    it, and afterwards what came of it.

    Where plans overlap on a product, a warehouse and a day, the strongest uplift and the deepest depth count; they are
    never multiplied.
    """

    _name = "distrib.promotion"
    _description = "Promotion Plan"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_from desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    kind = fields.Selection(KINDS, required=True, default="discount", tracking=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("confirmed", "Confirmed"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
        group_expand=True,
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    user_id = fields.Many2one(
        "res.users", string="Responsible", default=lambda self: self.env.user, tracking=True, check_company=True
    )
    date_from = fields.Date(string="First Day", required=True, index=True, tracking=True)
    date_to = fields.Date(string="Last Day", required=True, index=True, tracking=True)
    days = fields.Integer(compute="_compute_days")
    product_ids = fields.Many2many("product.product", string="Products", check_company=True)
    category_ids = fields.Many2many("product.category", string="Categories", help="With the categories below them.")
    brand_ids = fields.Many2many("distrib.brand", string="Brands")
    goods_text = fields.Char(string="Goods", compute="_compute_goods_text")
    region_ids = fields.Many2many("distrib.region", string="Regions", help="With all their parts.")
    warehouse_ids = fields.Many2many("stock.warehouse", string="Warehouses", check_company=True)
    depth = fields.Float(
        tracking=True, help="Share of the price taken off: 0.2 is 20 % off. 0 for a promotion that leaves prices alone."
    )
    uplift_mode = fields.Selection(
        [("learned", "Learned from the past"), ("expected", "Entered")],
        string="Uplift",
        required=True,
        default="learned",
        tracking=True,
        help="Learned: how the product, its category or the kind of promotion answered before.",
    )
    expected_uplift = fields.Float(
        tracking=True, help="Extra demand as a share of the usual one: 0.8 is 80 % more than usual."
    )
    prebuild_days = fields.Integer(
        default=3, tracking=True, help="Days before the first day by which the goods are to be in stock."
    )
    cover_days = fields.Integer(
        default=7, tracking=True, help="Days of the promotion whose demand is to be in stock at its start."
    )
    prebuild_date = fields.Date(compute="_compute_prebuild_date", store=True, string="In Stock By")
    note = fields.Html(string="Notes")
    line_ids = fields.One2many("distrib.promotion.line", "promotion_id", string="Planned and Actual")
    planned_on = fields.Datetime(readonly=True, copy=False)
    reviewed_on = fields.Datetime(readonly=True, copy=False)
    known_until = fields.Date(
        string="Sales Known Until", readonly=True, copy=False, help="Last day of the promotion whose sales are known."
    )
    overlap_ids = fields.Many2many(
        "distrib.promotion",
        compute="_compute_overlap_ids",
        string="Overlaps With",
        help="Where plans meet on a product, a warehouse and a day, the strongest uplift counts; they do not multiply.",
    )
    line_count = fields.Integer(compute="_compute_totals")
    usual_units = fields.Float(compute="_compute_totals", digits="Product Unit", string="Usual Demand")
    planned_units = fields.Float(compute="_compute_totals", digits="Product Unit", string="Planned Demand")
    prebuild_units = fields.Float(compute="_compute_totals", digits="Product Unit", string="Stock at the Start")
    actual_units = fields.Float(compute="_compute_totals", digits="Product Unit", string="Sold")
    lost_units = fields.Float(compute="_compute_totals", digits="Product Unit", string="Lost Sales")
    left_units = fields.Float(compute="_compute_totals", digits="Product Unit", string="Left Over")
    planned_uplift = fields.Float(compute="_compute_totals", help="Planned demand over the usual one, less 1.")
    actual_uplift = fields.Float(compute="_compute_totals", help="Sales and lost sales over the usual demand, less 1.")

    _days_order = models.Constraint("CHECK(date_from <= date_to)", "A promotion ends on its first day or later.")
    _depth_range = models.Constraint("CHECK(depth >= 0 AND depth < 1)", "The depth lies between 0 and below 100 %.")
    _uplift_range = models.Constraint(
        "CHECK(expected_uplift > -1 AND expected_uplift <= 19)", "The uplift lies above -100 % and up to 1,900 %."
    )
    _prebuild_range = models.Constraint(
        "CHECK(prebuild_days >= 0 AND cover_days >= 0)", "Days of pre-build and cover cannot be negative."
    )

    @api.constrains("date_from", "date_to")
    def _check_length(self):
        for promotion in self:
            if (promotion.date_to - promotion.date_from).days > 366:
                raise ValidationError(self.env._("%s: a promotion lasts a year at most.", promotion.name))

    @api.depends("product_ids", "category_ids", "brand_ids")
    @api.depends_context("lang")
    def _compute_goods_text(self):
        for promotion in self:
            count = len(promotion.product_ids)
            named = promotion.category_ids or promotion.brand_ids
            if count:
                promotion.goods_text = self.env._("%s products named below", count)
            elif named:
                promotion.goods_text = self.env._("Those of the categories and brands")
            else:
                promotion.goods_text = self.env._("All goods")

    @api.depends("date_from", "date_to")
    def _compute_days(self):
        for promotion in self:
            dates = (promotion.date_from, promotion.date_to)
            promotion.days = (dates[1] - dates[0]).days + 1 if all(dates) else 0

    @api.depends("date_from", "prebuild_days")
    def _compute_prebuild_date(self):
        for promotion in self:
            first = promotion.date_from
            promotion.prebuild_date = first and first - timedelta(days=promotion.prebuild_days)

    def _compute_totals(self):
        # In one grouped query; depending on the lines would read all of them, and a festival has a hundred thousand.
        names = ("usual_units", "planned_units", "prebuild_quantity", "actual_units", "lost_units", "left_units")
        names += ("actual_usual",)
        rows = self.env["distrib.promotion.line"]._read_group(
            [("promotion_id", "in", self.ids)], ["promotion_id"], ["__count", *(f"{name}:sum" for name in names)]
        )
        found = {promotion.id: totals for promotion, *totals in rows}
        for promotion in self:
            count, *sums = found.get(promotion.id, [0] * (1 + len(names)))
            usual, planned, prebuild, actual, lost, left, actual_usual = sums
            promotion.line_count = count
            promotion.usual_units, promotion.planned_units, promotion.prebuild_units = usual, planned, prebuild
            promotion.actual_units, promotion.lost_units, promotion.left_units = actual, lost, left
            promotion.planned_uplift = planned / usual - 1 if usual else 0.0
            promotion.actual_uplift = (actual + lost) / actual_usual - 1 if actual_usual else 0.0

    # --- life ----------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        # A plan begins as a draft, whatever a client sends.
        return super().create([{key: value for key, value in vals.items() if key != "state"} for vals in vals_list])

    def write(self, vals):
        if "state" in vals and self.env.context.get("distrib_promotion_step") is not STEP:
            raise UserError(self.env._("The state of a promotion changes by its buttons."))
        fixed = self.filtered(lambda promotion: promotion.state != "draft")
        if fixed and self._plan_fields() & vals.keys():
            raise UserError(
                self.env._("%s is confirmed: set it back to draft to change its plan.", fixed[0].display_name)
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for promotion in self:
            if promotion.state not in ("draft", "cancelled"):
                raise UserError(self.env._("%s is planned with: cancel it first.", promotion.display_name))

    def _plan_fields(self):
        """Fields that make the plan: fixed once it is confirmed."""
        return PLAN_FIELDS

    def _step(self, **values):
        self.with_context(distrib_promotion_step=STEP).write(values)

    def _require(self, *states):
        for promotion in self:
            if promotion.state not in states:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(name)s is %(state)s.", name=promotion.display_name, state=labels[promotion.state].lower()
                    )
                )

    def action_confirm(self):
        """Plan demand and pre-build, and let the replenishment know of the promotion."""
        self._require("draft")
        for promotion in self:
            if promotion.date_to < promotion._today():
                raise UserError(self.env._("%s is over already.", promotion.display_name))
        self._plan()
        self._step(state="confirmed")
        for promotion in self:
            promotion._tell_overlaps()
            promotion._remind()
        self.filtered(lambda p: p.date_from <= p._today())._step(state="running")

    def action_plan(self):
        """Compute the plan again with what is known by now; quantities entered by hand stay."""
        self._require("draft", "confirmed")
        self._plan()

    def action_review(self):
        self._require("running", "done")
        self._review()

    def action_cancel(self):
        self._require("draft", "confirmed", "running")
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._step(state="cancelled")

    def action_draft(self):
        self._require("confirmed", "cancelled")
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self._step(state="draft")

    def _today(self):
        company = self.company_id[:1] or self.env.company
        return fields.Date.context_today(self.with_context(tz=company.partner_id.tz or self.env.user.tz or "UTC"))

    @api.model
    def _cron_advance(self):
        """Start and end promotions with their days; review those whose sales may still come in."""
        for promotion in self.search([("state", "in", LIVE)]):
            promotion._advance()
            self.env["ir.cron"]._commit_progress(1)
        recent = [("state", "=", "done"), ("date_to", ">=", fields.Date.today() - timedelta(days=35))]
        for promotion in self.search(Domain(recent)):
            promotion._review()
            self.env["ir.cron"]._commit_progress(1)

    def _advance(self):
        for promotion in self:
            today = promotion._today()
            if promotion.state == "confirmed" and promotion.date_from <= today:
                promotion._step(state="running")
            if promotion.state == "running" and promotion.date_to < today:
                promotion._step(state="done")
                promotion._review()
                promotion._say_outcome()

    def _tell_overlaps(self):
        if self.overlap_ids:
            names = ", ".join(self.overlap_ids.mapped("display_name"))
            self.message_post(
                body=self.env._(
                    "Overlaps with %s. On a product, a warehouse and a day the strongest uplift counts.", names
                )
            )

    def _remind(self):
        """The responsible sees to the stock before it is to be there."""
        if self.user_id and self.prebuild_date and self.prebuild_units:
            day = max(self.prebuild_date - timedelta(days=self.company_id.distrib_review_days or 1), self._today())
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                day,
                self.env._("Check the stock for %s", self.name),
                user_id=self.user_id.id,
            )

    def _say_outcome(self):
        self.message_post(
            body=self.env._(
                "Over: %(actual)s units sold (planned %(planned)s), %(lost)s lost for want of stock, %(left)s left over.",
                actual=f"{self.actual_units:,.0f}",
                planned=f"{self.planned_units:,.0f}",
                lost=f"{self.lost_units:,.0f}",
                left=f"{self.left_units:,.0f}",
            )
        )

    def action_open_lines(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_promotion_line")
        return {**action, "domain": [("promotion_id", "=", self.id)], "context": {"search_default_by_warehouse": 1}}


# In context: the write comes from a step of the promotion's life. An object, so that no client can send it.
STEP = object()
