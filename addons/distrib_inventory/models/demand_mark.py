import numpy as np
from odoo import api, fields, models
from odoo.exceptions import AccessError

KINDS = [
    ("bulk", "One-off bulk order"),
    ("negative", "Net returns"),
    ("gap", "No data"),
    ("return", "Return without delivery"),
    ("unit", "Unit of measure changed"),
    ("manual", "Marked by hand"),
]
STATES = [("suggested", "To Review"), ("accepted", "Left Out"), ("kept", "Kept as Demand")]
# What tells that a day is no demand; the others are there to be known.
LEFT_OUT = ("bulk", "negative", "gap", "manual")


class DemandMark(models.Model):
    """A day that is no ordinary demand. Found by the nightly run, or set by a planner; few, so a row each.

    A day left out is unknown to the forecast, not zero. What a planner decided is never overwritten by a run.
    """

    _name = "distrib.demand.mark"
    _description = "Marked Day of Demand"
    _order = "day desc, quantity desc, id desc"
    _rec_name = "product_id"

    warehouse_id = fields.Many2one("stock.warehouse", ondelete="cascade", index="btree_not_null")
    product_id = fields.Many2one(
        "product.product", ondelete="cascade", index="btree_not_null", help="Empty: the whole warehouse."
    )
    company_id = fields.Many2one("res.company", index=True, default=lambda self: self.env.company)
    categ_id = fields.Many2one(related="product_id.categ_id", store=True)
    day = fields.Date(required=True)
    kind = fields.Selection(KINDS, required=True, default="manual")
    quantity = fields.Float(digits="Product Unit", help="Units of the day; of a return, the units that came back.")
    usual = fields.Float(string="Usual Peak", digits="Product Unit", help="What the pair sells on its best usual days.")
    state = fields.Selection(STATES, required=True, default="accepted", index=True)
    excluded = fields.Boolean(
        string="Left Out",
        compute="_compute_excluded",
        store=True,
        help="The forecast takes this day as unknown. A day to review is left out until somebody keeps it.",
    )
    is_automatic = fields.Boolean(string="Found by Itself", readonly=True)
    note = fields.Char()

    _day_uniq = models.UniqueIndex(
        "(COALESCE(warehouse_id, 0), COALESCE(product_id, 0), day, kind)", "This day has that mark already."
    )
    _place_named = models.Constraint(
        "CHECK(warehouse_id IS NOT NULL OR product_id IS NOT NULL)", "Say which product or warehouse is meant."
    )

    @api.depends("state", "kind")
    def _compute_excluded(self):
        for mark in self:
            mark.excluded = mark.state != "kept" and mark.kind in LEFT_OUT

    @api.model_create_multi
    def create(self, vals_list):
        marks = super().create(vals_list)
        for mark in marks.filtered("warehouse_id"):
            mark.company_id = mark.warehouse_id.company_id
        marks._tell_pairs()
        return marks

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"state", "day", "kind", "product_id", "warehouse_id"}:
            self._tell_pairs()
        return result

    def unlink(self):
        self._tell_pairs()
        return super().unlink()

    def _tell_pairs(self):
        """The history of these pairs reads differently now: whoever follows it sees them as changed."""
        for mark in self.filtered(lambda mark: mark.warehouse_id and mark.product_id):
            self.env.cr.execute(
                "UPDATE distrib_demand_block SET changed_on = now() AT TIME ZONE 'UTC'"
                " WHERE warehouse_id = %s AND product_id = %s AND month = date_trunc('month', %s::date)::date",
                (mark.warehouse_id.id, mark.product_id.id, mark.day),
            )

    def action_leave_out(self):
        self.write({"state": "accepted"})

    def action_keep(self):
        self.write({"state": "kept"})

    def action_view_chart(self):
        self.ensure_one()
        return self.env["distrib.demand"]._chart_action(self.product_id, self.warehouse_id, self.day)

    @api.model
    def set_day(self, product_id, warehouse_id, day, left_out, note=None):
        """Leave a day of a pair out of the forecast, or keep it as demand; for the chart and for RPC.

        :param bool left_out: whether the forecast should take the day as unknown
        :return: the marks of the day, as `distrib.demand.get_chart` gives them
        :raise AccessError: the user is no planner
        """
        if not self.has_access("write"):
            raise AccessError(self.env._("Only planners mark days of demand."))
        day = fields.Date.to_date(day)
        domain = [("product_id", "=", product_id), ("warehouse_id", "=", warehouse_id), ("day", "=", day)]
        marks = self.search([*domain, ("kind", "in", LEFT_OUT)])
        if marks:
            marks.write({"state": "accepted" if left_out else "kept", **({"note": note} if note else {})})
        elif left_out:
            self.create(
                {
                    "product_id": product_id, "warehouse_id": warehouse_id, "day": day, "kind": "manual", "note": note,
                    "quantity": sum(self.env["distrib.demand"].search(domain).mapped("quantity")),
                }
            )  # fmt: skip
        return self.search(domain)._as_dicts()

    def _as_dicts(self):
        kinds, states = (dict(self._fields[name]._description_selection(self.env)) for name in ("kind", "state"))
        return [
            {
                "id": mark.id,
                "day": fields.Date.to_string(mark.day),
                "kind": mark.kind,
                "label": kinds[mark.kind],
                "state": mark.state,
                "state_label": states[mark.state],
                "quantity": mark.quantity,
                "usual": mark.usual,
                "excluded": mark.excluded,
                "note": mark.note or "",
            }
            for mark in self
        ]

    @api.model
    def _left_out(self, start, end, warehouse_ids=None):
        """The days left out: pairs' (warehouse, product, day) arrays and whole warehouses' (warehouse, day) arrays."""
        self.flush_model()
        self.env.cr.execute(
            "SELECT COALESCE(warehouse_id, 0), COALESCE(product_id, 0), day - DATE '1970-01-01' FROM distrib_demand_mark"
            " WHERE excluded AND day BETWEEN %s AND %s",
            (str(start), str(end)),
        )
        rows = np.array(self.env.cr.fetchall(), np.int64).reshape(-1, 3)
        return rows[rows[:, 1] > 0], rows[rows[:, 1] == 0]
