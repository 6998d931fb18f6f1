from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .warehouse import TIERS

PERIOD_DAYS = 182
# How far small sellers are protected more: see engine.forecast.policy.ratios.
AIMS = {"units": 0.0, "balanced": 0.25, "seldom": 0.45}
VERDICTS = [("win", "Better"), ("even", "Equal"), ("loss", "Worse"), ("open", "Cannot be told")]
QUESTIONS = {
    "category_ids", "warehouse_ids", "tier", "date_from", "date_to", "service", "aim", "lead_kind", "lead_days",
    "review_days", "rule_days", "stocked", "most_pairs", "company_id",
}  # fmt: skip


class Backtest(models.Model):
    """What our policy would have done on the company's own past, against the fixed rule that planners use."""

    _name = "distrib.backtest"
    _inherit = ["mail.thread"]
    _description = "Proof on Own History"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(required=True, translate=False, tracking=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [("draft", "Draft"), ("waiting", "Waiting"), ("running", "Running"), ("done", "Done"), ("failed", "Stopped")],
        default="draft", required=True, readonly=True, copy=False, tracking=True, index=True,
    )  # fmt: skip
    category_ids = fields.Many2many(
        "product.category", string="Categories", help="With their subcategories; none: all."
    )
    warehouse_ids = fields.Many2many("stock.warehouse", string="Warehouses", check_company=True, help="None: all.")
    tier = fields.Selection(TIERS, help="Only warehouses of this tier.")
    date_from = fields.Date(string="From", required=True, default=lambda self: self._default_day(PERIOD_DAYS - 1))
    date_to = fields.Date(string="To", required=True, default=lambda self: self._default_day(0))
    service = fields.Float(
        string="Service Asked", required=True, default=0.95, aggregator=None, help="Share of demand met at once."
    )
    aim = fields.Selection(
        [
            ("units", "As few units lost as possible"),
            ("balanced", "Between the two"),
            ("seldom", "As seldom out of stock as possible"),
        ],
        required=True, default="units",
        help="Where the same stock goes: to what sells most, or also to small sellers, which then seldom run out.",
    )  # fmt: skip
    lead_kind = fields.Selection(
        [("measured", "As the policies know them"), ("fixed", "Fixed")], required=True, default="measured",
        string="Lead Times",
    )  # fmt: skip
    lead_days = fields.Integer(string="Lead Time", default=7, help="In days; for all, or where none is known.")
    review_days = fields.Integer(string="Order Every", default=0, help="In days; 0: as the policies do.")
    rule_days = fields.Integer(
        string="Days of the Fixed Rule", default=91, help="The rule takes mean and deviation of so many days."
    )
    stocked = fields.Float(
        string="In Stock At Least", default=0.9, aggregator=None,
        help="Goods that were out of stock more often are left out: nobody knows what they would have sold.",
    )  # fmt: skip
    most_pairs = fields.Integer(
        string="Sample", default=600, help="At most so many pairs of product and warehouse, drawn at random."
    )
    part_ids = fields.One2many("distrib.backtest.part", "backtest_id", groups="base.group_system")
    line_ids = fields.One2many("distrib.backtest.line", "backtest_id", readonly=True)
    result = fields.Json(readonly=True, copy=False)
    census = fields.Json(readonly=True, copy=False)
    part_count = fields.Integer(readonly=True, copy=False)
    part_done = fields.Integer(readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress", aggregator=None)
    pair_count = fields.Integer(string="Pairs", readonly=True, copy=False)
    finished_on = fields.Datetime(readonly=True, copy=False)
    note = fields.Char(readonly=True, copy=False)
    stock_change = fields.Float(string="Stock at Equal Service", readonly=True, copy=False, aggregator=None)
    outs_change = fields.Float(string="Stock-outs at Equal Stock", readonly=True, copy=False, aggregator=None)
    freed = fields.Monetary(string="Stock Freed", readonly=True, copy=False)
    avoided = fields.Monetary(string="Lost Sales Avoided a Year", readonly=True, copy=False)

    _asked = models.Constraint("CHECK(service >= 0.5 AND service < 1)", "Service lies between 50 % and below 100 %.")
    _counts = models.Constraint(
        "CHECK(lead_days >= 0 AND review_days >= 0 AND rule_days >= 14 AND most_pairs >= 10 AND stocked BETWEEN 0 AND 1)",
        "Days cannot be negative, the fixed rule needs at least 14 days, a sample at least 10 pairs, and a share lies "
        "between 0 and 100 %.",
    )

    @api.model
    def _default_day(self, back):
        return self.env["distrib.demand"]._closed_day(self.env.company) - timedelta(days=back)

    @api.depends("state", "part_count", "part_done")
    def _compute_progress(self):
        for test in self:
            test.progress = 1.0 if test.state == "done" else test.part_done / test.part_count if test.part_count else 0

    @api.constrains("date_from", "date_to")
    def _check_days(self):
        for test in self:
            if (test.date_to - test.date_from).days < 27:
                raise ValidationError(self.env._("Four weeks are the least that says anything."))
            if (test.date_to - test.date_from).days > 366:
                raise ValidationError(self.env._("A year is the most that is replayed at once."))

    def write(self, vals):
        if QUESTIONS & vals.keys() and any(test.state not in ("draft", "failed") for test in self):
            raise UserError(self.env._("What was asked is kept with its answer: duplicate it to ask something else."))
        if QUESTIONS & vals.keys():
            self._clear()
        return super().write(vals)

    def _clear(self):
        """Forget what was replayed for another question."""
        # sudo: parts and results are the system's
        self.sudo().part_ids.unlink()
        self.sudo().line_ids.unlink()

    # --- what people press -------------------------------------------------------------------------------------------

    def action_run(self):
        """Queue; the replay goes on in the background, also after a stop, where it was."""
        self._check_planner()
        self.filtered(lambda test: test.state in ("draft", "failed")).write({"state": "waiting", "note": False})
        # sudo: planners may not start jobs
        self.env.ref("distrib_inventory.cron_backtest").sudo()._trigger()
        return True

    def action_again(self):
        """Replay the same question with the history of now."""
        self._check_planner()
        again = self.filtered(lambda test: test.state in ("done", "failed"))
        again._clear()
        again.write({"state": "draft", "result": False, "census": False, "part_count": 0, "part_done": 0})
        return again.action_run()

    def action_stop(self):
        """Leave the queue; what was replayed is kept."""
        self._check_planner()
        running = self.filtered(lambda test: test.state in ("waiting", "running"))
        return running.write({"state": "failed", "note": self.env._("Stopped by %s.", self.env.user.name)})

    def _check_planner(self):
        self.check_access("write")
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise AccessError(self.env._("Only planners run a proof."))

    def action_view_lines(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_backtest_line"),
            "domain": [("backtest_id", "=", self.id)],
        }


class BacktestPart(models.Model):
    """Pairs that are replayed together, and what came of them; so that a killed run goes on behind the last part."""

    _name = "distrib.backtest.part"
    _description = "Part of a Proof"
    _order = "backtest_id, id"

    backtest_id = fields.Many2one("distrib.backtest", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="backtest_id.company_id", store=True, index=True)
    lead_days = fields.Integer(required=True)
    review_days = fields.Integer(required=True)
    pairs = fields.Json(required=True, help="Warehouse ids and product ids.")
    is_done = fields.Boolean()
    data = fields.Binary(attachment=False)


class BacktestLine(models.Model):
    """What a proof found in one category."""

    _name = "distrib.backtest.line"
    _description = "Proof by Category"
    _order = "backtest_id desc, stock_saved desc, id"
    _rec_name = "categ_id"

    backtest_id = fields.Many2one("distrib.backtest", string="Proof", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="backtest_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    categ_id = fields.Many2one("product.category", string="Category", ondelete="set null", readonly=True)
    pair_count = fields.Integer(string="Pairs", readonly=True)
    stock_rule = fields.Monetary(string="Stock of the Fixed Rule", readonly=True)
    stock_ours = fields.Monetary(string="Stock of Ours", readonly=True)
    stock_saved = fields.Monetary(readonly=True)
    stock_change = fields.Float(string="Stock at Equal Service", readonly=True, aggregator=None)
    outs_change = fields.Float(string="Stock-outs at Equal Stock", readonly=True, aggregator=None)
    has_outs = fields.Boolean(readonly=True)
    verdict = fields.Selection(VERDICTS, readonly=True)
