import numpy as np
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import simulation as engine

# With more policies than this a scenario is computed in the background.
INLINE_POLICIES = 20_000
MEASURES = ("stock_value", "stock_units", "sold_value", "demand_value", "lost_units", "lost_value", "lost_margin")


class SimulationTarget(models.Model):
    """A service target that a scenario tries out; asked before those that hold today."""

    _name = "distrib.simulation.target"
    _inherit = ["distrib.service.scope"]
    _description = "Service Target of a Scenario"
    _order = "sequence, id"
    _rec_name = "scope"

    simulation_id = fields.Many2one("distrib.simulation", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="simulation_id.company_id", store=True, index=True)


class Simulation(models.Model):
    """What if: other service targets, lead times, review periods or holding costs, by the engine that sets policies."""

    _name = "distrib.simulation"
    _inherit = ["mail.thread"]
    _description = "What-If Scenario"
    _order = "id desc"

    name = fields.Char(required=True, translate=False, tracking=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [("draft", "Draft"), ("queued", "Waiting"), ("done", "Computed"), ("failed", "Failed"), ("applied", "Applied")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    target_ids = fields.One2many("distrib.simulation.target", "simulation_id", string="Service Targets", copy=True)
    lead_for = fields.Selection(
        [("all", "All"), ("purchase", "Suppliers"), ("transfer", "Transfers")], default="all", required=True,
        string="Lead Times Of",
    )  # fmt: skip
    lead_days = fields.Float(string="Days Longer", help="Added to the lead time; below 0 takes days off.")
    lead_factor = fields.Float(string="Times", default=1.0, help="The lead time is multiplied by this first.")
    sigma_factor = fields.Float(
        string="Deviation Times", default=1.0, help="1.5: lead times half as uncertain again; 0: as planned to the day."
    )
    review_days = fields.Float(string="Review Period", help="In days; 0 keeps today's.")
    holding_rate = fields.Float(
        string="Holding Cost",
        default=lambda self: self.env.company.distrib_holding_rate,
        help="Cost of keeping goods for a year, as a share of their value.",
    )
    echelons = fields.Selection(
        [("today", "As today"), ("multi", "Placed together"), ("single", "Each by itself")],
        default="today",
        required=True,
        string="Safety Stock",
        help="Placed together: multi-echelon, where it costs least for the service at the stores.",
    )
    line_ids = fields.One2many("distrib.simulation.line", "simulation_id", readonly=True)
    computed_on = fields.Datetime(readonly=True, copy=False)
    policy_count = fields.Integer(string="Policies", readonly=True, copy=False)
    error = fields.Char(readonly=True, copy=False)
    stock_before = fields.Monetary(string="Stock Today", compute="_compute_totals", store=True)
    stock_after = fields.Monetary(string="Stock Then", compute="_compute_totals", store=True)
    stock_change = fields.Monetary(compute="_compute_totals", store=True)
    turnover_before = fields.Float(string="Turnover Today", compute="_compute_totals", store=True, digits=(8, 1))
    turnover_after = fields.Float(string="Turnover Then", compute="_compute_totals", store=True, digits=(8, 1))
    lost_before = fields.Monetary(string="Lost Sales Today", compute="_compute_totals", store=True)
    lost_after = fields.Monetary(string="Lost Sales Then", compute="_compute_totals", store=True)
    lost_change = fields.Monetary(compute="_compute_totals", store=True, string="Lost Sales Change")
    fill_before = fields.Float(string="Fill Rate Today", compute="_compute_totals", store=True)
    fill_after = fields.Float(string="Fill Rate Then", compute="_compute_totals", store=True)
    cost_before = fields.Monetary(
        string="Cost Today",
        compute="_compute_totals",
        store=True,
        help="A year: holding cost and margin of lost sales.",
    )
    cost_after = fields.Monetary(string="Cost Then", compute="_compute_totals", store=True)
    cost_change = fields.Monetary(compute="_compute_totals", store=True)

    _check_company_auto = True
    _factors = models.Constraint(
        "CHECK(lead_factor >= 0 AND sigma_factor >= 0 AND review_days >= 0 AND holding_rate >= 0)",
        "Factors, review period and holding cost cannot be negative.",
    )

    @api.depends("line_ids", "holding_rate")
    def _compute_totals(self):
        for simulation in self:
            lines = simulation.line_ids
            for moment in ("before", "after"):
                stock, sold, demand, lost, margin = (
                    sum(lines.mapped(f"{name}_{moment}"))
                    for name in ("stock_value", "sold_value", "demand_value", "lost_value", "lost_margin")
                )
                simulation[f"stock_{moment}"] = stock
                simulation[f"turnover_{moment}"] = sold / stock if stock else 0.0
                simulation[f"lost_{moment}"] = lost
                simulation[f"fill_{moment}"] = 1 - lost / demand if demand else 0.0
                rate = simulation.holding_rate if moment == "after" else simulation.company_id.distrib_holding_rate
                simulation[f"cost_{moment}"] = stock * rate + margin
            simulation.stock_change = simulation.stock_after - simulation.stock_before
            simulation.lost_change = simulation.lost_after - simulation.lost_before
            simulation.cost_change = simulation.cost_after - simulation.cost_before

    def write(self, vals):
        asked = {
            "target_ids", "lead_for", "lead_days", "lead_factor", "sigma_factor", "review_days", "echelons",
        }  # fmt: skip
        if asked & vals.keys() and "state" not in vals:
            if any(simulation.state == "applied" for simulation in self):
                raise UserError(self.env._("An applied scenario is kept as it was; duplicate it to try another."))
            # other questions: yesterday's answers no longer belong to them
            vals = {**vals, "state": "draft"}
        return super().write(vals)

    # --- computing -----------------------------------------------------------------------------------------------

    def action_run(self):
        """Compute now, or in the background where the network is large."""
        self.check_access("write")
        for simulation in self:
            if simulation.state == "applied":
                raise UserError(self.env._("An applied scenario is kept as it was; duplicate it to try another."))
            count = self.env["distrib.policy"].search_count([("company_id", "=", simulation.company_id.id)])
            if count <= INLINE_POLICIES:
                simulation._run()
            else:
                simulation.state = "queued"
                # the scheduler's record is not a planner's to read
                self.env.ref("distrib_inventory.cron_simulation").sudo()._trigger()
        return True

    @api.model
    def _cron_run(self):
        """Compute what waits, one scenario in a transaction; one that fails says why and does not stop the others."""
        waiting = self.search([("state", "=", "queued")], order="id")
        self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for simulation in waiting:
            try:
                with self.env.cr.savepoint():
                    simulation._run()
            except (UserError, ValueError, ArithmeticError) as error:
                simulation.write({"state": "failed", "error": str(error)[:500]})
            self.env["ir.cron"]._commit_progress(1)

    def _run(self):
        """Run the policies' own planning twice, as today and with the scenario, and add up by category."""
        self.ensure_one()
        company = self.company_id
        today, then = (self._outcomes(company, scenario) for scenario in (None, self._scenario()))
        if not len(today["categ_id"]):
            raise UserError(self.env._("There is no demand history to simulate with yet: import sales first."))
        lines = {}
        for moment, found in (("before", today), ("after", then)):
            categories, place = np.unique(found["categ_id"], return_inverse=True)
            sums = {name: np.bincount(place, found[name], len(categories)) for name in MEASURES}
            for row, category in enumerate(categories.tolist()):
                line = lines.setdefault(category, {"categ_id": category or False})
                line.update({f"{name}_{moment}": float(column[row]) for name, column in sums.items()})
        # the numbers are the system's: users read them
        self.sudo().line_ids.unlink()
        self.env["distrib.simulation.line"].sudo().create(
            [{**line, "simulation_id": self.id} for line in lines.values()]
        )
        self.write(
            {
                "state": "done",
                "computed_on": fields.Datetime.now(),
                "policy_count": len(today["categ_id"]),
                "error": False,
            }
        )

    def _scenario(self):
        """The scenario as `distrib.policy._policy_inputs` reads it from the context: plain values only."""
        rules = self.target_ids.sorted(lambda target: (target.sequence, target.id))._as_rules()
        scenario = {
            # an id of 0: no policy can point to a rule that does not exist yet
            "rules": [(rule.conditions, rule.target, rule.kind, 0) for rule in rules],
            "lead_for": self.lead_for,
            "lead_days": self.lead_days,
            "lead_factor": self.lead_factor,
            "sigma_factor": self.sigma_factor,
            "review_days": self.review_days,
        }
        if self.echelons != "today":
            scenario["multi_echelon"] = self.echelons == "multi"
        return scenario

    @api.model
    def _planned(self, company, scenario=None):
        """What the policy run would write, without writing: dict of columns of all pairs."""
        # an empty scenario is a scenario: nothing is kept of it. sudo: what was learned is not for users to read; they
        # see sums of a company that is theirs
        policies = self.env["distrib.policy"].sudo().with_context(distrib_scenario=scenario or {"rules": []})
        parts = list(policies._plan_batches(company, self._as_of(company)))
        names = parts[0].keys() if parts else ()
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    @api.model
    def _as_of(self, company):
        """The day of the last night run, which may live in another time zone than who asks; else today."""
        today = fields.Date.context_today(self)
        # sudo: as above
        last = self.env["distrib.policy.run"].sudo()._last_done(company).as_of
        return last if last and abs((today - last).days) <= 1 else today

    @api.model
    def _outcomes(self, company, scenario=None):
        """By pair of our own warehouses: category and each of MEASURES, a year's sales and money at cost or price."""
        plan = self._planned(company, scenario)
        if not plan:
            return {"categ_id": np.zeros(0), **{name: np.zeros(0) for name in MEASURES}}
        network = {w.id: w for w in self.env["stock.warehouse"].search([("company_id", "=", company.id)])}
        own = self._own_demand(plan, network)
        fill = plan.get("expected_fill")
        found = engine.outcome(
            plan["demand_mean"], plan["demand_sigma"], plan["lead_time_days"], plan["lead_time_sigma"],
            plan["review_days"], plan["order_up_to"], fill,
        )  # fmt: skip
        ours = np.array([not network[place].dealer_id for place in plan["warehouse_id"].tolist()])
        pairs = type("Pairs", (), {name: plan[name] for name in ("product_id", "warehouse_id")})
        facts = self.env["distrib.policy"]._product_facts(pairs, company)
        demand = own * engine.YEAR
        lost = demand * (1 - found.fill)
        sold = demand - lost
        margin = np.maximum(facts["price"] - facts["cost"], 0)
        return {
            "categ_id": facts["categ_id"][ours],
            "stock_value": (found.on_hand * facts["cost"])[ours],
            "stock_units": found.on_hand[ours],
            "sold_value": (sold * facts["cost"])[ours],
            "demand_value": (demand * facts["price"])[ours],
            "lost_units": lost[ours],
            "lost_value": (lost * facts["price"])[ours],
            "lost_margin": (lost * margin)[ours],
        }

    @staticmethod
    def _own_demand(plan, network):
        """Demand a day (n,) that customers bring to a warehouse; what it passes on to our own ones is theirs.

        A dealer who is supplied from a warehouse is its customer.
        """
        usual, own = (np.asarray(plan[name], np.float64).copy() for name in ("usual_mean", "own_mean"))
        keys = zip(plan["warehouse_id"].tolist(), plan["product_id"].tolist(), strict=True)
        place = {key: row for row, key in enumerate(keys)}
        for (warehouse, product), row in place.items():
            above = (
                place.get((network[warehouse].supply_parent_id.id, product)) if network[warehouse].dealer_id else None
            )
            if above is not None:
                own[above] += usual[row]
        share = np.divide(own, usual, out=np.zeros(len(usual)), where=usual > 0)
        return plan["demand_mean"] * np.clip(share, 0, 1)

    # --- what comes of it ----------------------------------------------------------------------------------------

    def action_apply(self):
        """Make the scenario's service targets those that hold; the next policy run follows them."""
        self.ensure_one()
        self.env["distrib.service.target"].check_access("create")
        if self.state != "done":
            raise UserError(self.env._("Compute the scenario before you apply it."))
        if not self.target_ids:
            raise UserError(
                self.env._("This scenario has no service targets: lead times and review periods are not ours to write.")
            )
        targets = self.env["distrib.service.target"]
        first = targets.search([("company_id", "=", self.company_id.id)], limit=1).sequence
        chosen = self.target_ids.sorted(lambda target: (target.sequence, target.id))
        targets.create(
            [
                {
                    **{name: self._plain(target, name) for name in target._scope_fields()},
                    "company_id": self.company_id.id,
                    # before those that hold now, in the scenario's order
                    "sequence": first - len(chosen) + place,
                    "simulation_id": self.id,
                    "note": self.name,
                }
                for place, target in enumerate(chosen)
            ]
        )
        self.write({"state": "applied"})
        self.message_post(body=self.env._("Service targets written; the next policy run follows them."))
        return self.action_view_targets()

    @staticmethod
    def _plain(record, name):
        value = record[name]
        return value.id if isinstance(value, models.BaseModel) else value

    def action_view_targets(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_service_target")
        return {**action, "domain": [("simulation_id", "in", self.ids)], "context": {}}

    def action_compare(self):
        """The chosen scenarios side by side, by category."""
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_simulation_line")
        return {**action, "domain": [("simulation_id", "in", self.ids)], "context": {}}


class SimulationLine(models.Model):
    """What a scenario means for one category, beside today."""

    _name = "distrib.simulation.line"
    _description = "Result of a Scenario"
    _order = "stock_value_after desc, id"
    _rec_name = "categ_id"

    simulation_id = fields.Many2one(
        "distrib.simulation", required=True, ondelete="cascade", index=True, string="Scenario"
    )
    company_id = fields.Many2one(related="simulation_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    categ_id = fields.Many2one("product.category", string="Category", ondelete="set null")
    stock_value_before = fields.Monetary(string="Stock Today", help="Mean stock at cost, with policies as they are.")
    stock_value_after = fields.Monetary(string="Stock Then", help="Mean stock at cost in the scenario.")
    stock_change = fields.Monetary(compute="_compute_change", store=True)
    stock_units_before = fields.Float(string="Units Today", digits="Product Unit")
    stock_units_after = fields.Float(string="Units Then", digits="Product Unit")
    sold_value_before = fields.Monetary(string="Sold Today", help="A year's sales at cost.")
    sold_value_after = fields.Monetary(string="Sold Then", help="A year's sales at cost in the scenario.")
    demand_value_before = fields.Monetary(string="Demand Today", help="A year's demand at sales price.")
    demand_value_after = fields.Monetary(string="Demand Then")
    turnover_before = fields.Float(
        string="Turnover Today", compute="_compute_change", store=True, digits=(8, 1), aggregator=None,
        help="Sold a year at cost over stock at cost.",
    )  # fmt: skip
    turnover_after = fields.Float(
        string="Turnover Then", compute="_compute_change", store=True, digits=(8, 1), aggregator=None
    )
    lost_units_before = fields.Float(string="Lost Units Today", digits="Product Unit", help="Of a year.")
    lost_units_after = fields.Float(string="Lost Units Then", digits="Product Unit", help="Of a year.")
    lost_value_before = fields.Monetary(string="Lost Sales Today", help="Of a year, at sales price.")
    lost_value_after = fields.Monetary(string="Lost Sales Then", help="Of a year, at sales price.")
    lost_margin_before = fields.Monetary(string="Lost Margin Today")
    lost_margin_after = fields.Monetary(string="Lost Margin Then")
    lost_change = fields.Monetary(compute="_compute_change", store=True, string="Lost Sales Change")
    fill_before = fields.Float(string="Fill Rate Today", compute="_compute_change", store=True, aggregator=None)
    fill_after = fields.Float(string="Fill Rate Then", compute="_compute_change", store=True, aggregator=None)

    @api.depends(*(f"{name}_{moment}" for name in MEASURES for moment in ("before", "after")))
    def _compute_change(self):
        for line in self:
            line.stock_change = line.stock_value_after - line.stock_value_before
            line.lost_change = line.lost_value_after - line.lost_value_before
            for moment in ("before", "after"):
                stock, demand = line[f"stock_value_{moment}"], line[f"demand_value_{moment}"]
                line[f"turnover_{moment}"] = line[f"sold_value_{moment}"] / stock if stock else 0.0
                line[f"fill_{moment}"] = 1 - line[f"lost_value_{moment}"] / demand if demand else 0.0
