from odoo import api, fields, models

from .routing_rule import OBJECTIVES


class RoutingDecision(models.Model):
    """What the router decided about an order, and on what grounds. Written once, never edited."""

    _name = "distrib.routing.decision"
    _description = "Routing Decision"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    user_id = fields.Many2one("res.users", string="Started By", readonly=True, default=lambda self: self.env.uid)
    kind = fields.Selection(
        [("arrival", "On arrival"), ("pool", "With the whole pool"), ("hand", "By hand"), ("refused", "Refused")],
        string="Decided",
        required=True,
        readonly=True,
        default="arrival",
        index=True,
        help="On arrival, with all orders that are not released yet, by a clerk's choice, or after a refusal.",
    )
    strategy = fields.Selection(OBJECTIVES, string="Objective", required=True, readonly=True, default="nearest")
    ruleset_id = fields.Many2one(
        "distrib.routing.ruleset", string="Rules", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    rule_id = fields.Many2one("distrib.routing.rule", readonly=True, index="btree_not_null", ondelete="restrict")
    state = fields.Selection(
        [("whole", "One warehouse"), ("split", "Split"), ("unfilled", "Not in stock")],
        required=True,
        readonly=True,
        index=True,
    )
    data = fields.Json(
        readonly=True,
        help="The figures the decision rests on: lines, cost (sums of the parts in money), saved against the plan "
        "before, assumed (weight, place), remainder (what becomes of the rest).",
    )
    explanation = fields.Text(compute="_compute_explanation")
    panel = fields.Html(compute="_compute_panel", sanitize=False)
    line_ids = fields.One2many("distrib.routing.decision.line", "decision_id", readonly=True)

    @api.depends("state", "data", "line_ids")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for decision in self:
            lines = decision.line_ids
            if decision.state == "unfilled":
                # Nothing ships before everything is there, so only what is missing needs words.
                lines = lines.filtered(lambda line: not line.warehouse_id) or lines
            if decision.state == "whole" and lines:
                text = decision._whole_sentence()
            else:
                text = "\n".join(line._line_sentence() for line in lines) or self.env._(
                    "The order has no goods to ship."
                )
            decision.explanation = "\n".join([text, *decision._notes()])

    @api.depends("state", "data", "line_ids")
    @api.depends_context("lang")
    def _compute_panel(self):
        qweb = self.env["ir.qweb"]
        for decision in self:
            # sudo: the words name warehouses and rules that the reader may not open, never more than their names.
            told = decision.sudo()._told()
            decision.panel = qweb._render("distrib_orders.routing_panel", {"told": told, "money": decision._money})

    def _money(self, amount):
        return self.company_id.currency_id.format(amount)

    def _whole_sentence(self):
        """The decision for an order that one warehouse fulfils as a whole."""
        self.ensure_one()
        first = self.line_ids[0]
        values = {"warehouse": first.warehouse_id.sudo().name, "distance": first._distance(first.cost or {})}
        return "\n".join([self._whole_text() % values, *self.line_ids._grounds()])

    def _whole_text(self):
        _ = self.env._
        return {
            "nearest": _("Everything from %(warehouse)s%(distance)s, the nearest warehouse that has all the goods."),
            "cost": _("Everything from %(warehouse)s%(distance)s: the plan that costs least."),
            "fastest": _("Everything from %(warehouse)s%(distance)s: the goods arrive soonest."),
            "splits": _("Everything from %(warehouse)s%(distance)s, in one parcel."),
            "balanced": _("Everything from %(warehouse)s%(distance)s: the best balance of the rule's weights."),
        }[self.strategy]

    def _notes(self):
        """Sentences about what was assumed, what was saved and what becomes of the rest."""
        _, data, notes = self.env._, self.data or {}, []
        if "weight" in data.get("assumed", ()):
            notes.append(_("Some goods have no weight; a usual one was taken."))
        if "place" in data.get("assumed", ()):
            notes.append(_("The place of delivery is not known; distances were left out."))
        if data.get("saved"):
            notes.append(_("Saves %s against the plan before.", self._money(data["saved"])))
        rest = {
            "split": _("A line was divided among warehouses."),
            "backorder": _("What is missing is shipped later."),
            "transfer": _("What is missing is brought in from another warehouse."),
            "buy": _("What is missing is bought."),
            "hold": _("A clerk decides."),
        }.get(data.get("remainder"))
        return notes + [rest] * bool(rest)

    # For readers and callers

    def _told(self):
        """The decision in words and figures, for the panel and for callers; see docs/api.md."""
        self.ensure_one()
        return {
            "order_id": self.order_id.id,
            "order": self.order_id.name,
            "decided_at": fields.Datetime.to_string(self.create_date),
            "decided": self.kind,
            "decided_words": dict(self._fields["kind"]._description_selection(self.env))[self.kind],
            "result": self.state,
            "result_words": dict(self._fields["state"]._description_selection(self.env))[self.state],
            "objective": self.strategy,
            "objective_words": dict(self._fields["strategy"]._description_selection(self.env))[self.strategy],
            "rules": self.ruleset_id.display_name or False,
            "rule": self.rule_id.name or False,
            "rule_words": self.rule_id.sentence or False,
            "cost": (self.data or {}).get("cost", {}),
            "currency": self.company_id.currency_id.name,
            "notes": self._notes(),
            "lines": [line._told() for line in self.line_ids],
        }

    @api.model
    @api.readonly
    def explain_orders(self, order_ids):
        """Why orders ship from where they do: the last decision about each, in the caller's language.

        Call it as ``distrib.routing.decision.explain_orders`` over XML-RPC or JSON-2 as an internal user.

        :param list order_ids: ids of sale orders; those without a decision are left out
        :return: list of dict, see docs/api.md, "Why an order ships from where it does"
        :raise AccessError: the caller may not read one of the orders
        """
        orders = self.env["sale.order"].browse(order_ids)
        orders.check_access("read")
        last = dict(self._read_group([("order_id", "in", orders.ids)], ["order_id"], ["id:max"]))
        return [self.browse(last[order])._told() for order in orders if order in last]
