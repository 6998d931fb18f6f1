import numpy as np
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.promotion_plan import Event, PromotionPlan, Targets
from .promotion import KIND_CODES

PLANNED_STATES = ("confirmed", "running", "done")


class PromotionReach(models.Model):
    """Which goods and warehouses a promotion reaches, and all promotions as the engine's plan."""

    _inherit = "distrib.promotion"

    def _goods(self):
        """The products that take part; None for all: those named, of the categories (and below), and of the brands."""
        self.ensure_one()
        if not (self.product_ids or self.category_ids or self.brand_ids):
            return None
        goods = Domain.OR(
            [
                Domain("id", "in", self.product_ids.ids),
                Domain("categ_id", "child_of", self.category_ids.ids) if self.category_ids else Domain.FALSE,
                Domain("product_tmpl_id.brand_id", "in", self.brand_ids.ids) if self.brand_ids else Domain.FALSE,
            ]
        )
        # The plan counts for the company, whoever of its users looks at it.
        return self.env["product.product"].sudo().search(goods)

    def _places(self):
        """The warehouses that take part; None for all of the company."""
        self.ensure_one()
        if not (self.warehouse_ids or self.region_ids):
            return None
        return self.warehouse_ids | self.env["stock.warehouse"].sudo().search(  # as above
            [("region_id", "child_of", self.region_ids.ids), ("company_id", "=", self.company_id.id)]
        )

    def _event(self):
        """This promotion as the engine knows it."""
        goods, places = self._goods(), self._places()
        return Event(
            key=self.id,
            kind=KIND_CODES[self.kind],
            first=np.datetime64(self.date_from),
            last=np.datetime64(self.date_to),
            depth=self.depth,
            expected=1 + self.expected_uplift if self.uplift_mode == "expected" else float("nan"),
            products=None if goods is None else np.sort(np.array(goods.ids, np.int64)),
            warehouses=None if places is None else np.sort(np.array(places.ids, np.int64)),
        )

    @api.depends("date_from", "date_to", "state", "product_ids", "category_ids", "brand_ids", "region_ids",
                 "warehouse_ids")  # fmt: skip
    def _compute_overlap_ids(self):
        for promotion in self:
            own = promotion._origin or promotion
            promotion.overlap_ids = False
            if not (promotion.date_from and promotion.date_to):
                continue
            others = self.search(
                [
                    ("id", "!=", own.id),
                    ("company_id", "=", promotion.company_id.id),
                    ("state", "in", PLANNED_STATES),
                    ("date_from", "<=", promotion.date_to),
                    ("date_to", ">=", promotion.date_from),
                ]
            )
            promotion.overlap_ids = others.filtered(lambda other: promotion._meets(other))  # noqa: B023

    def _meets(self, other):
        """Do they share goods and a warehouse."""

        def share(one, two):
            return one is None or two is None or bool(one & two)

        return share(self._goods(), other._goods()) and share(self._places(), other._places())

    # --- what the policy run asks (see docs/replenishment.md) ----------------------------------------------------

    @api.model
    def _load_plan(self, company, first_day, last_day, also=None):
        """All promotions of a company that touch these days, with what was learned and the stock they ask for.

        Loaded once for a run; the `PromotionPlan` then answers for any pairs without a query.

        :param first_day, last_day: dates or ISO texts, both included
        :param also: promotions to count although they are not confirmed
        """
        first, last = (fields.Date.to_date(str(day)) for day in (first_day, last_day))
        domain = Domain(
            [
                ("company_id", "=", company.id),
                ("state", "in", PLANNED_STATES),
                ("date_from", "<=", last),
                ("date_to", ">=", first),
            ]
        )
        # The night run plans for the whole company.
        found = self.sudo().search(domain)
        found |= also or self.browse()
        responses = self.env["distrib.promotion.uplift"]._responses(company)
        return PromotionPlan(
            tuple(promotion._event() for promotion in found.sorted("id")),
            responses,
            self._targets(company, first),
        )

    @api.model
    def _targets(self, company, first):
        """Stock for all promotions to come: goods ordered within the days of a plan arrive after its last one."""
        self.env["distrib.promotion.line"].flush_model()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT l.warehouse_id, l.product_id, p.prebuild_date, p.date_from, l.prebuild_quantity
                  FROM distrib_promotion_line l JOIN distrib_promotion p ON p.id = l.promotion_id
                 WHERE p.company_id = %s AND p.state = 'confirmed' AND p.active AND l.prebuild_quantity > 0
                   AND p.date_from >= %s
                """,
                company.id,
                first,
            )
        )
        rows = self.env.cr.fetchall()
        warehouse, product, begin, end, units = zip(*rows, strict=True) if rows else ((),) * 5
        return Targets(
            np.array(warehouse, np.int64),
            np.array(product, np.int64),
            np.array(begin, "datetime64[D]"),
            np.array(end, "datetime64[D]"),
            np.array(units, np.float64),
        )

    @api.model
    def _plan_of(self, warehouse_id, days):
        days = np.asarray(days, "datetime64[D]")
        company = self.env["stock.warehouse"].browse(int(warehouse_id[0])).company_id
        return self._load_plan(company, days.min(), days.max())

    @api.model
    def _plan_matrix(self, warehouse_id, product_id, days):
        """Depth (n, t) of the promotions planned for pairs of one company, 0 without."""
        if not len(warehouse_id) or not len(days):
            return np.zeros((len(warehouse_id), len(days)), np.float32)
        return self._plan_of(warehouse_id, days).depth(warehouse_id, product_id, days)

    @api.model
    def _uplift_matrix(self, warehouse_id, product_id, days):
        """How many times the usual demand (n, t) pairs of one company sell because of promotions, 1 without."""
        if not len(warehouse_id) or not len(days):
            return np.ones((len(warehouse_id), len(days)), np.float32)
        return self._plan_of(warehouse_id, days).uplift(warehouse_id, product_id, days)

    @api.model
    def _prebuild_target(self, warehouse_id, product_id, day):
        """Units (n,) to have in stock on a day because of promotions to come, 0 without."""
        if not len(warehouse_id):
            return np.zeros(0, np.float32)
        return self._plan_of(warehouse_id, [day]).stock_target(warehouse_id, product_id, day)
