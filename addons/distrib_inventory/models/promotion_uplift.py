import itertools
from datetime import timedelta

import numpy as np
from odoo import api, fields, models

from ..engine import promotion_review, promotion_uplift
from ..engine.forecast import history
from .promotion import KIND_CODES, KINDS

LEARN_DAYS = 730
BATCH_PAIRS = 10_000
EXAMPLE_DEPTH = 0.2
UNPLANNED = "unplanned"
CODES = {UNPLANNED: 0, **KIND_CODES}
NAMES = {code: name for name, code in CODES.items()}


class PromotionUplift(models.Model):
    """How demand answered to promotions: in all, by kind, by category and by product of a kind, each shrunk to the level
    above by the evidence it has.
    """

    _name = "distrib.promotion.uplift"
    _description = "Learned Uplift"
    _order = "level, kind, exposure desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    level = fields.Selection(
        [("1_all", "All"), ("2_kind", "Kind"), ("3_category", "Category"), ("4_product", "Product")],
        required=True,
        readonly=True,
    )
    kind = fields.Selection([*KINDS, (UNPLANNED, "Without a Plan")], readonly=True, help="Empty: of every kind.")
    category_id = fields.Many2one("product.category", readonly=True, index=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", readonly=True, index=True, ondelete="cascade")
    response = fields.Float(
        readonly=True,
        aggregator=None,
        help="Extra share of the usual demand for each unit of depth: 3 at 20 % off is 60 % more.",
    )
    example_uplift = fields.Float(
        string="At 20 % Off", compute="_compute_example_uplift", help="Extra demand at a depth of 20 %."
    )
    exposure = fields.Float(
        readonly=True,
        aggregator=None,
        help="Evidence: usual units under promotion times depth. More of it, less shrinkage.",
    )
    events = fields.Integer(string="Promotions", readonly=True, aggregator=None)
    learned_on = fields.Date(readonly=True)

    @api.depends("level", "product_id", "category_id", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for uplift in self:
            what = uplift.product_id.display_name or uplift.category_id.display_name or self.env._("All goods")
            uplift.display_name = " · ".join(filter(None, (what, kinds.get(uplift.kind))))

    @api.depends("response")
    def _compute_example_uplift(self):
        for uplift in self:
            found = promotion_uplift.uplift_of(np.array(uplift.response), EXAMPLE_DEPTH)
            uplift.example_uplift = float(found) - 1

    # --- reading -------------------------------------------------------------------------------------------------

    @api.model
    def _responses(self, company):
        """What was learned for a company, as the engine's `Responses`."""
        self.flush_model()
        self.env.cr.execute(
            "SELECT level, kind, category_id, product_id, response FROM distrib_promotion_uplift WHERE company_id = %s",
            (company.id,),
        )
        overall, kinds, categories, products = promotion_uplift.PRIOR, {}, {}, {}
        for level, kind, category, product, response in self.env.cr.fetchall():
            code = CODES.get(kind, 0)
            if level == "1_all":
                overall = response
            elif level == "2_kind":
                kinds[code] = response
            elif level == "3_category":
                categories[category << 8 | code] = response
            else:
                products[product << 8 | code] = response
        return promotion_uplift.Responses(
            overall, kinds, *self._sorted(categories), *self._sorted(products), self._category_of()
        )

    @staticmethod
    def _sorted(table):
        keys = np.array(sorted(table), np.int64)
        return keys, np.array([table[key] for key in keys.tolist()], np.float64)

    @api.model
    def _category_of(self):
        self.env["product.template"].flush_model(["categ_id"])
        self.env.cr.execute(
            "SELECT p.id, COALESCE(t.categ_id, 0) FROM product_product p"
            " JOIN product_template t ON t.id = p.product_tmpl_id ORDER BY p.id"
        )
        rows = np.array(self.env.cr.fetchall(), np.int64).reshape(-1, 2)
        return rows[:, 0], rows[:, 1]

    # --- learning ------------------------------------------------------------------------------------------------

    @api.model
    def _learn(self, company, as_of=None):
        """Learn from the promotions of a company that ended before ``as_of``; returns how many product-events there were."""
        end = (fields.Date.to_date(as_of) or fields.Date.context_today(self)) - timedelta(1)
        first = end - timedelta(days=LEARN_DAYS - 1)
        plan = self.env["distrib.promotion"]._load_plan(company, first, end)
        warehouses = self.env["stock.warehouse"].sudo().search([("company_id", "=", company.id)])  # the whole company's
        warehouse, product = self.env["distrib.demand"]._pairs(first, end, warehouse_ids=warehouses.ids)
        parts = []
        for begin in range(0, len(product), BATCH_PAIRS):
            pairs = (warehouse[begin : begin + BATCH_PAIRS], product[begin : begin + BATCH_PAIRS])
            parts += self._observe(plan, pairs, first, end)
        if not parts:
            return 0
        rows = promotion_uplift.Observations(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        self._replace(company, promotion_uplift.learn(rows), end + timedelta(1))
        return len(rows.usual)

    @api.model
    def _observe(self, plan, pairs, first, end):
        """Observations of pairs under each promotion, and under each month's promotions that no plan names."""
        matrix = self.env["distrib.demand"]._read_matrix(first, end, pairs=pairs)
        demand = history.unconstrain(matrix.quantity, matrix.in_stock)
        depth = np.nan_to_num(matrix.promotion)
        promoted = plan.covered(*pairs, matrix.days, matrix.promotion)
        product_ids, categories = plan.responses.category_of
        category = categories[np.searchsorted(product_ids, pairs[1])]
        _ids, group = np.unique(category, return_inverse=True)
        weekday = first.weekday()
        index = promotion_review.weekdays(demand, ~promoted & ~np.isnan(demand), weekday, group)
        state = (demand, promoted, index, weekday)
        found = []
        planned = np.zeros(demand.shape, bool)
        for event in plan.events:
            days = event.columns(matrix.days)
            rows = np.flatnonzero(event.reaches(*pairs))
            if not len(days) or not len(rows) or event.last > matrix.days[-1]:
                continue
            span = slice(int(days[0]), int(days[-1]) + 1)
            taking = np.ones((len(rows), len(days)), bool)
            if event.depth > 0:
                taking = ~(matrix.promotion[rows, span] == 0)
            planned[rows, span] |= taking
            found.append((rows, span, taking, np.full(taking.shape, event.depth), event.kind, event.key))
        for start, stop, number in self._months(matrix.days):
            span = slice(start, stop)
            taking = (depth[:, span] > 0) & ~planned[:, span]
            rows = np.flatnonzero(taking.any(axis=1))
            if len(rows):
                found.append((rows, span, taking[rows], depth[rows, span], CODES[UNPLANNED], -number))
        return [part for case in found if (part := self._sum_up(state, pairs[1], category, *case)) is not None]

    @staticmethod
    def _months(days):
        """(start, stop, number) of each month among the days."""
        month = days.astype("datetime64[M]").astype(int)
        cuts = [0, *(np.flatnonzero(np.diff(month)) + 1).tolist(), len(month)]
        return [(start, stop, int(month[start])) for start, stop in itertools.pairwise(cuts)]

    @staticmethod
    def _sum_up(state, product_id, category, rows, span, taking, depth, kind, event):
        """One event's columns of `Observations`, a row for each product; None when nothing is known."""
        demand, promoted, index, weekday = state
        low = max(span.start - promotion_review.WINDOW, 0)
        near = slice(low, span.stop + promotion_review.WINDOW)
        usual = promotion_review.usual_demand(
            demand[rows, near],
            promoted[rows, near],
            span.start - low,
            span.stop - low,
            index[rows],
            (weekday + low) % promotion_review.WEEK,
        )
        actual = demand[rows, span]
        known = taking & ~np.isnan(actual) & ~np.isnan(usual)
        ids, first, which = np.unique(product_id[rows], return_index=True, return_inverse=True)
        sums = [
            np.bincount(which, np.where(known, values, 0).sum(axis=1), len(ids))
            for values in (usual, actual, usual * promotion_uplift.dose(depth))
        ]
        there = sums[0] > 0
        if not there.any():
            return None
        usual_sum, actual_sum, exposure = (values[there] for values in sums)
        count = int(there.sum())
        return (
            ids[there].astype(np.int64),
            category[rows][first][there].astype(np.int64),
            np.full(count, kind),
            np.full(count, event),
            exposure / usual_sum,
            usual_sum,
            actual_sum,
        )

    @api.model
    def _replace(self, company, learned, day):
        self.sudo().search([("company_id", "=", company.id)]).unlink()  # the schedule keeps them, nobody edits them
        rows = []
        levels = (("1_all", learned.overall), ("2_kind", learned.kind), ("3_category", learned.category),
                  ("4_product", learned.product))  # fmt: skip
        for name, level in levels:
            columns = zip(
                level.keys.tolist(),
                level.response.tolist(),
                level.exposure.tolist(),
                level.events.tolist(),
                strict=True,
            )
            for key, response, exposure, events in columns:
                row = {
                    "company_id": company.id, "level": name, "response": response, "exposure": exposure,
                    "events": events, "learned_on": day,
                }  # fmt: skip
                rows.append({**row, **self._key_values(name, key)})
        self.sudo().create(rows)

    @staticmethod
    def _key_values(level, key):
        if level == "1_all":
            return {}
        if level == "2_kind":
            return {"kind": NAMES[key]}
        values = {"kind": NAMES[key & 255]}
        values["category_id" if level == "3_category" else "product_id"] = (key >> 8) or False
        return values

    @api.model
    def action_learn_now(self):
        """Learn now; for planners who have just entered the plans of the past."""
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise self.env["distrib.weather"]._planners_only()
        count = self.sudo()._learn(self.env.company)  # what is learned is the company's, not the user's
        return self.env["distrib.weather"]._notice(
            self.env._("Learned from %s products under promotion.", count), "success" if count else "warning"
        )
