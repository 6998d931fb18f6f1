from odoo import api, fields, models
from odoo.tools import format_list


class RoutingDecision(models.Model):
    """What the router decided about an order, and on what grounds. Written once, never edited."""

    _name = "distrib.routing.decision"
    _description = "Routing Decision"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    user_id = fields.Many2one("res.users", string="Started By", readonly=True, default=lambda self: self.env.uid)
    strategy = fields.Selection([("nearest", "Nearest")], required=True, readonly=True, default="nearest")
    state = fields.Selection(
        [("whole", "One warehouse"), ("split", "Split"), ("unfilled", "Not in stock")],
        required=True,
        readonly=True,
        index=True,
    )
    data = fields.Json(readonly=True, help="The figures the decision rests on.")
    explanation = fields.Text(compute="_compute_explanation")
    line_ids = fields.One2many("distrib.routing.decision.line", "decision_id", readonly=True)

    @api.depends("state", "data", "line_ids")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for decision in self:
            lines = decision.line_ids
            if decision.state == "unfilled":
                # Nothing ships before everything is there, so only what is missing needs words.
                lines = lines.filtered(lambda line: not line.warehouse_id)
            if decision.state == "whole" and lines:
                decision.explanation = lines[0]._whole_sentence()
            else:
                decision.explanation = "\n".join(line._line_sentence() for line in lines) or self.env._(
                    "The order has no goods to ship."
                )


class RoutingDecisionLine(models.Model):
    _name = "distrib.routing.decision.line"
    _description = "Routing Decision Line"
    _order = "decision_id desc, id"

    decision_id = fields.Many2one("distrib.routing.decision", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="decision_id.company_id", store=True, index=True)
    order_line_id = fields.Many2one("sale.order.line", index="btree_not_null", ondelete="set null")
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="restrict")
    quantity = fields.Float(digits="Product Unit", help="In the product's unit.")
    warehouse_id = fields.Many2one("stock.warehouse", index="btree_not_null", ondelete="restrict")
    distance_km = fields.Float(string="Distance (km)", digits=(10, 1), help="Great circle to the place of delivery.")
    reason = fields.Char(help="Why no warehouse was found: no_stock or no_site.")
    cost = fields.Json(help="The parts of the cost of this choice.")
    alternatives = fields.Json(help="The next best warehouses: [{warehouse, distance_km}].")
    excluded = fields.Json(help="Warehouses that were out: [{warehouse, code, distance_km, product, free, needed}].")
    explanation = fields.Text(compute="_compute_explanation")

    @api.depends("reason", "warehouse_id", "alternatives", "excluded")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for line in self:
            line.explanation = line._line_sentence()

    def _whole_sentence(self):
        """The decision for an order that one warehouse fulfils as a whole."""
        self.ensure_one()
        first = self.env._(
            "Everything from %(warehouse)s%(distance)s, the nearest warehouse that has all the goods.",
            warehouse=self.warehouse_id.sudo().name,
            distance=self._distance(self.cost or {}),
        )
        return "\n".join([first, *self._grounds()])

    def _line_sentence(self):
        """The decision for one line, and its grounds."""
        self.ensure_one()
        return "\n".join([self._line_result(), *self._grounds()])

    def _line_result(self):
        product, quantity = self.product_id.display_name, self._number(self.quantity)
        if self.warehouse_id:
            return self.env._(
                "%(quantity)s × %(product)s from %(warehouse)s%(distance)s, the nearest that has this line.",
                quantity=quantity,
                product=product,
                warehouse=self.warehouse_id.sudo().name,
                distance=self._distance(self.cost or {}),
            )
        if self.reason == "no_site":
            return self.env._("%s: the channel allows no warehouse to ship it.", product)
        return self.env._(
            "%(quantity)s × %(product)s: no single warehouse has enough.", quantity=quantity, product=product
        )

    def _grounds(self):
        """Sentences about the runners-up and about the warehouses that were out."""
        rows = []
        names = self._warehouse_names()
        others = [f"{names[row['warehouse']]}{self._distance(row)}" for row in self.alternatives or ()]
        if others:
            rows.append(self.env._("Next best: %s.", self._enumerate(others)))
        # Of the warehouses that were short, only a nearer one raises the question why it was not taken.
        short = [
            self._short(row, names)
            for row in (self.excluded or ())
            if row["code"] == "short" and not self._is_farther(row)
        ]
        if short:
            rows.append(self.env._("Too little in stock: %s.", self._enumerate(short)))
        barred = [names[row["warehouse"]] for row in (self.excluded or ()) if row["code"] == "not_candidate"]
        if barred:
            rows.append(self.env._("Not allowed for this channel: %s.", self._enumerate(barred)))
        return rows

    def _is_farther(self, row):
        mine, other = (self.cost or {}).get("distance_km"), row.get("distance_km")
        return bool(self.warehouse_id) and None not in (mine, other) and other > mine

    def _short(self, row, names):
        product = self.env["product.product"].browse(row["product"]).sudo()
        return self.env._(
            "%(warehouse)s (%(product)s: %(free)s of %(needed)s)",
            warehouse=names[row["warehouse"]],
            product=product.default_code or product.name,
            free=self._number(row["free"]),
            needed=self._number(row["needed"]),
        )

    def _warehouse_names(self):
        ids = {row["warehouse"] for rows in (self.alternatives, self.excluded) for row in rows or ()}
        # sudo: names only, of warehouses whose company rule may be switched off in the reader's session.
        found = self.env["stock.warehouse"].sudo().browse(ids).exists()
        return dict.fromkeys(ids, "?") | {w.id: w.name for w in found}

    def _distance(self, row):
        if row.get("distance_km") is None:
            return ""
        return self.env._(" (%s km)", self._number(round(row["distance_km"])))

    def _enumerate(self, items):
        return format_list(self.env, items)

    @staticmethod
    def _number(value):
        return f"{value:.2f}".rstrip("0").rstrip(".")
