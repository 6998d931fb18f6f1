from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# What a version says besides its rules; shown where two versions differ.
MEASURES = (
    "split_price", "late_price", "base_price", "km_price", "default_weight", "without_tariff", "look_ahead",
)  # fmt: skip


class RoutingRuleset(models.Model):
    """The rules by which orders find their warehouse: one version of them. Only drafts change."""

    _name = "distrib.routing.ruleset"
    _description = "Routing Rules"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, version desc, id desc"

    name = fields.Char(required=True, tracking=True, translate=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True, default=lambda self: self.env.company
    )
    version = fields.Integer(readonly=True, copy=False, default=lambda self: self._next_version(self.env.company))
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("retired", "Retired")],
        required=True, readonly=True, copy=False, default="draft", index=True, tracking=True,
    )  # fmt: skip
    origin_id = fields.Many2one("distrib.routing.ruleset", string="Made From", readonly=True, copy=False)
    activated_at = fields.Datetime(readonly=True, copy=False)
    activated_by = fields.Many2one("res.users", readonly=True, copy=False)
    retired_at = fields.Datetime(readonly=True, copy=False)
    rule_ids = fields.One2many("distrib.routing.rule", "ruleset_id", string="Rules", copy=True)
    pair_ids = fields.One2many("distrib.routing.pair", "ruleset_id", string="Allowed and Banned", copy=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    split_price = fields.Monetary(
        string="A Further Parcel", default=3.0, help="What a further parcel of the same order costs us and the buyer."
    )
    late_price = fields.Monetary(
        string="A Day Late", default=5.0, help="What it is worth that a parcel comes a day earlier."
    )
    base_price = fields.Monetary(string="A Parcel", default=5.0, help="Where no tariff says what a parcel costs.")
    km_price = fields.Float(
        string="A Kilometre", default=0.005, digits=(10, 4), help="Where no tariff says it, and to weigh distance."
    )
    default_weight = fields.Float(
        string="Weight Unless Known (kg)", default=0.5, help="Of a unit whose product and category have no weight."
    )
    without_tariff = fields.Selection(
        [("distance", "Estimate from the distance"), ("exclude", "Do not ship from there")],
        required=True, default="distance", help="Between a warehouse and a place for which no tariff is valid.",
    )  # fmt: skip
    look_ahead = fields.Boolean(
        string="Keep Scarce Stock for Tomorrow",
        help="Orders take scarce goods rather from where tomorrow's expected orders need them less.",
    )
    summary = fields.Text(compute="_compute_summary")
    difference = fields.Text(compute="_compute_difference", string="Changes Against the Active Version")
    decision_count = fields.Integer(compute="_compute_counts")
    override_count = fields.Integer(compute="_compute_counts")

    _one_active = models.UniqueIndex("(company_id) WHERE state = 'active'", "One version of the rules is active.")
    _prices_positive = models.Constraint(
        "CHECK(split_price >= 0 AND late_price >= 0 AND base_price >= 0 AND km_price >= 0 AND default_weight > 0)",
        "Prices and weights of the rules cannot be negative, and the weight not zero.",
    )

    @api.model
    def _next_version(self, company):
        return max(self.sudo().search([("company_id", "=", company.id)]).mapped("version"), default=0) + 1

    @api.depends("name", "version")
    def _compute_display_name(self):
        for ruleset in self:
            ruleset.display_name = self.env._("%(name)s, version %(number)s", name=ruleset.name, number=ruleset.version)

    @api.depends("rule_ids.sentence")
    @api.depends_context("lang")
    def _compute_summary(self):
        for ruleset in self:
            ruleset.summary = "\n".join(
                f"{place}. {rule.sentence}" for place, rule in enumerate(ruleset.rule_ids.sorted(), 1)
            )

    @api.depends("rule_ids.sentence", "pair_ids.display_name", *MEASURES)
    @api.depends_context("lang")
    def _compute_difference(self):
        for ruleset in self:
            base = self._active(ruleset.company_id) if ruleset.state == "draft" else ruleset.origin_id
            ruleset.difference = "\n".join(ruleset._changes(base)) if base and base != ruleset else False

    def _compute_counts(self):
        decisions = dict(
            self.env["distrib.routing.decision"]._read_group(
                [("ruleset_id", "in", self.ids)], ["ruleset_id"], ["__count"]
            )
        )
        hands = dict(
            self.env["distrib.routing.hand"]._read_group([("ruleset_id", "in", self.ids)], ["ruleset_id"], ["__count"])
        )
        for ruleset in self:
            ruleset.decision_count = decisions.get(ruleset, 0)
            ruleset.override_count = hands.get(ruleset, 0)

    def _changes(self, base):
        """Lines that say what this version says otherwise than ``base``: + new, − gone."""
        self.ensure_one()
        mine, theirs = self._sentences(), base._sentences()
        rows = [f"− {text}" for text in theirs if text not in mine]
        rows += [f"+ {text}" for text in mine if text not in theirs]
        if not rows and mine != theirs:
            rows.append(self.env._("The same rules in another sequence."))
        for name in MEASURES:
            if self[name] != base[name]:
                field = self._fields[name]
                label = field._description_string(self.env)
                rows.append(f"{label}: {field.convert_to_export(base[name], base)} → "
                            f"{field.convert_to_export(self[name], self)}")  # fmt: skip
        return rows

    def _sentences(self):
        return [rule.sentence for rule in self.rule_ids.sorted()] + self.pair_ids.mapped("display_name")

    @api.model
    def _active(self, company):
        """The version in force, or none: then the nearest warehouse of the channel's choice ships."""
        # sudo: every clerk's order is routed by rules that managers keep
        return self.sudo().search([("company_id", "=", company.id), ("state", "=", "active")], limit=1)

    # Versions

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(ruleset.state != "draft" for ruleset in self):
            raise UserError(self.env._("A version that was active stays: decisions rest on it."))

    def write(self, vals):
        if set(vals) & {"name", "rule_ids", "pair_ids", *MEASURES}:
            self._check_draft()
        return super().write(vals)

    def _check_draft(self):
        closed = self.filtered(lambda ruleset: ruleset.state != "draft")
        if closed:
            raise ValidationError(
                self.env._(
                    "%s was active: decisions rest on it. Make a new version and change that.", closed[0].display_name
                )
            )

    def action_new_version(self):
        """A draft with the same rules, to change and to try."""
        self.ensure_one()
        draft = self.copy({
            "origin_id": self.id, "company_id": self.company_id.id, "version": self._next_version(self.company_id),
        })  # fmt: skip
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "views": [[False, "form"]],
        }

    def copy_data(self, default=None):
        values = super().copy_data(default)
        return [{**vals, "name": ruleset.name} for ruleset, vals in zip(self, values, strict=True)]

    def action_activate(self):
        """From now on orders are decided by this version; the one before retires."""
        self.ensure_one()
        self.check_access("write")
        if self.state == "active":
            return True
        if not self.rule_ids:
            raise UserError(self.env._("A version without a rule decides nothing. Add a rule first."))
        last = self.rule_ids.sorted()[-1]
        if last._has_conditions():
            raise UserError(
                self.env._(
                    "The last rule has to apply to every order, or some orders have none: remove its conditions."
                )
            )
        now = fields.Datetime.now()
        active = self.search([("company_id", "=", self.company_id.id), ("state", "=", "active")])
        active.write({"state": "retired", "retired_at": now})
        active.flush_recordset()
        self.write({"state": "active", "activated_at": now, "activated_by": self.env.uid, "retired_at": False})
        changes = self._changes(active) if active else []
        self.message_post(body=self.env._("Activated. %s", "; ".join(changes)) if changes else self.env._("Activated."))
        return True

    def action_retire(self):
        """Back to the nearest warehouse of the channel's choice."""
        self.filtered(lambda ruleset: ruleset.state == "active").write(
            {"state": "retired", "retired_at": fields.Datetime.now()}
        )
        return True

    def action_try(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try on an Order"),
            "res_model": "distrib.routing.try",
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_ruleset_id": self.id},
        }

    def action_open_decisions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_routing_decisions")
        return {**action, "domain": [("ruleset_id", "=", self.id)], "context": {}}

    def action_open_hands(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_routing_hands")
        return {**action, "domain": [("ruleset_id", "=", self.id)], "context": {}}
