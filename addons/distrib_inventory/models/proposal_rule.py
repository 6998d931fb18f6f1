from odoo import api, fields, models
from odoo.fields import Domain


class ProposalRule(models.Model):
    """Which proposals are accepted without asking, and within which limits."""

    _name = "distrib.proposal.rule"
    _description = "Automatic Acceptance"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    purchases = fields.Boolean(default=True)
    transfers = fields.Boolean(string="Replenishments", default=True)
    laterals = fields.Boolean(string="Lateral Transfers")
    categ_ids = fields.Many2many("product.category", string="Categories", help="With those below them; none for all.")
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Warehouses",
        domain="[('company_id', '=', company_id)]",
        help="Where the goods go; none for all.",
    )
    partner_ids = fields.Many2many("res.partner", string="Suppliers", help="Of purchases; none for all.")
    max_value_day = fields.Monetary(
        string="Value a Day", help="All that this rule accepts on one day stays within this; 0 for no limit."
    )
    max_quantity = fields.Float(
        string="Quantity Each", digits="Product Unit", help="Larger proposals are left to a planner; 0 for no limit."
    )
    min_confidence = fields.Float(
        string="Confidence", default=0.5, help="Less certain ones are left to a planner; see the proposal's confidence."
    )
    accept_changed = fields.Boolean(
        string="Even If Changed a Lot", help="Otherwise those whose quantity changed a lot are left to a planner."
    )
    confirm_orders = fields.Boolean(
        string="Confirm Purchase Orders",
        help="Otherwise they stay requests for quotation until somebody confirms them.",
    )
    run_ids = fields.One2many("distrib.proposal.auto", "rule_id", string="Log")
    accepted_today = fields.Monetary(compute="_compute_accepted_today")

    _limits_positive = models.Constraint(
        "CHECK(max_value_day >= 0 AND max_quantity >= 0 AND min_confidence >= 0 AND min_confidence <= 1)",
        "Limits cannot be negative, and confidence lies between 0 and 100 %.",
    )

    def _compute_accepted_today(self):
        for rule in self:
            rule.accepted_today = rule._spent_today()

    def _spent_today(self):
        """Value of what this rule has accepted today and nobody took back."""
        ((spent,),) = self.env["distrib.proposal"]._read_group(
            [("auto_run_id.rule_id", "=", self.id), ("state", "=", "accepted"), ("decided_on", ">=", "today")],
            [],
            ["value:sum"],
        )
        return spent or 0.0

    def _domain(self):
        """The open proposals that this rule is about."""
        self.ensure_one()
        kinds = {"purchase": self.purchases, "transfer": self.transfers, "lateral": self.laterals}
        domain = [
            ("company_id", "=", self.company_id.id),
            ("state", "=", "open"),
            ("order_date", "<=", "today"),
            ("kind", "in", [kind for kind, wanted in kinds.items() if wanted]),
        ]
        if self.categ_ids:
            domain.append(("product_id.categ_id", "child_of", self.categ_ids.ids))
        if self.warehouse_ids:
            domain.append(("warehouse_id", "in", self.warehouse_ids.ids))
        if self.partner_ids:
            domain += ["|", ("kind", "!=", "purchase"), ("partner_id", "in", self.partner_ids.ids)]
        return domain

    def _sorted_out(self, proposals, spent):
        """What may be accepted, most urgent first, and why the others are left to a planner.

        :return: (proposals, dict hold -> proposals)
        """
        accepted, held = proposals.browse(), {}
        for proposal in proposals:
            hold = self._hold(proposal)
            if not hold and 0 < self.max_value_day < spent + proposal.value:
                hold = "day_value"
            if hold:
                held[hold] = held.get(hold, proposals.browse()) + proposal
                continue
            spent += proposal.value
            accepted += proposal
        return accepted, held

    def _hold(self, proposal):
        if proposal._is_stuck():
            return "blocked"
        if 0 < self.max_quantity < proposal.quantity:
            return "quantity"
        if proposal.confidence < self.min_confidence:
            return "confidence"
        if proposal.is_changed and not self.accept_changed:
            return "changed"
        return None

    def action_run(self):
        """Apply these rules now."""
        self.check_access("write")
        runs = self.env["distrib.proposal.auto"]
        for rule in self:
            runs |= rule._run()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_proposal_auto"),
            "domain": [("id", "in", runs.ids)],
        }

    def _run(self):
        """One pass of one rule, in one transaction with its log entry.

        :return: the log entry, none when the rule has nothing to say
        """
        self.ensure_one()
        proposals = self.env["distrib.proposal"].search(self._domain())
        # one that a planner is deciding on is his
        proposals = proposals.try_lock_for_update()
        proposals.invalidate_recordset(["state"])
        proposals = proposals.filtered(lambda proposal: proposal.state == "open")
        accepted, held = self._sorted_out(proposals, self._spent_today())
        changed = any(part.filtered(lambda p, hold=hold: p.auto_hold != hold) for hold, part in held.items())
        run = self.env["distrib.proposal.auto"]
        if accepted or changed:
            run = run.create(self._run_values(accepted, held))
        for hold, part in held.items():
            part.filtered(lambda p, hold=hold: p.auto_hold != hold).auto_hold = hold
        if accepted:
            accepted._accept()
            accepted.write({"auto_run_id": run.id, "auto_hold": False})
            if self.confirm_orders:
                accepted._confirm_requests()
        return run

    def _run_values(self, accepted, held):
        return {
            "rule_id": self.id,
            "company_id": self.company_id.id,
            "accepted_count": len(accepted),
            "accepted_value": sum(accepted.mapped("value")),
            "held_count": sum(len(part) for part in held.values()),
            "held_data": {hold: len(part) for hold, part in held.items()},
        }


class ProposalAuto(models.Model):
    """What was accepted without asking, by which rule and when, and what was left to planners."""

    _name = "distrib.proposal.auto"
    _description = "Automatic Acceptance Log"
    _order = "id desc"
    _rec_name = "rule_id"

    rule_id = fields.Many2one("distrib.proposal.rule", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    create_date = fields.Datetime(string="Date", readonly=True)
    accepted_count = fields.Integer(string="Accepted", readonly=True)
    accepted_value = fields.Monetary(string="Value", readonly=True)
    held_count = fields.Integer(string="Left to Planners", readonly=True)
    held_data = fields.Json(readonly=True)
    held_text = fields.Char(string="Why", compute="_compute_held_text")
    proposal_ids = fields.One2many("distrib.proposal", "auto_run_id", readonly=True)

    @api.depends("held_data")
    @api.depends_context("lang")
    def _compute_held_text(self):
        field = self.env["distrib.proposal"]._fields["auto_hold"]
        names = dict(field._description_selection(self.env))
        for run in self:
            parts = [f"{names[hold]}: {count}" for hold, count in (run.held_data or {}).items()]
            run.held_text = ", ".join(parts)

    def action_view_proposals(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id("distrib_inventory.action_distrib_proposal"),
            "domain": [("auto_run_id", "=", self.id)],
            "context": {},
        }


class Proposal(models.Model):
    _inherit = "distrib.proposal"

    auto_run_id = fields.Many2one(
        "distrib.proposal.auto", string="Accepted By Rule", readonly=True, index="btree_not_null", ondelete="set null"
    )
    auto_hold = fields.Selection(
        [
            ("blocked", "Cannot be ordered"),
            ("quantity", "Above the quantity limit"),
            ("confidence", "Demand too uncertain"),
            ("changed", "Changed a lot"),
            ("day_value", "Value of the day used up"),
        ],
        string="Left to a Planner",
        readonly=True,
        help="Why the rule for automatic acceptance did not take it.",
    )

    @api.model
    def _trigger_automatic(self, company):
        if self.env["distrib.proposal.rule"].search_count([("company_id", "=", company.id)], limit=1):
            # planners have no access to crons
            self.env.ref("distrib_inventory.cron_proposal_auto").sudo()._trigger()

    @api.model
    def _cron_automatic(self):
        """Apply all rules; each is committed with its log, so a run that is killed goes on where it was."""
        rules = self.env["distrib.proposal.rule"].search(Domain.TRUE)
        self.env["ir.cron"]._commit_progress(remaining=len(rules))
        for rule in rules:
            rule.with_company(rule.company_id)._run()
            self.env["ir.cron"]._commit_progress(1)
