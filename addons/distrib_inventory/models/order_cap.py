from collections import namedtuple
from datetime import timedelta

import numpy as np
from dateutil.relativedelta import relativedelta
from odoo import api, fields, models

from ..engine import order_rules as engine

KINDS = [("budget", "Budget"), ("units", "Units in Stock"), ("volume", "Volume in Stock")]
PERIODS = [("week", "Week"), ("month", "Month"), ("quarter", "Quarter")]
CapOutcome = namedtuple("CapOutcome", "quantity cut cap_id")


class OrderCap(models.Model):
    """A cap on what may be ordered: money in a period, or room in a warehouse.

    When more is wanted than a cap allows, what avoids most expected loss for its money (or room) is ordered first; the
    rest waits and says so.
    """

    _name = "distrib.order.cap"
    _description = "Order Cap"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(KINDS, required=True, default="budget")
    period = fields.Selection(PERIODS, default="month", help="A budget counts what was ordered since the period began.")
    amount = fields.Float(required=True, help="Money at cost, units, or cubic metres.")
    partner_id = fields.Many2one("res.partner", string="Supplier", ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", ondelete="cascade", check_company=True)
    categ_id = fields.Many2one(
        "product.category", string="Category", ondelete="cascade", help="With its subcategories."
    )
    used = fields.Float(compute="_compute_used", help="Ordered in this period, or in stock and on its way.")
    left = fields.Float(compute="_compute_used")
    used_share = fields.Float(compute="_compute_used")

    _check_company_auto = True
    _amount_positive = models.Constraint("CHECK(amount >= 0)", "A cap cannot be negative.")
    _room_has_place = models.Constraint(
        "CHECK(kind = 'budget' OR (warehouse_id IS NOT NULL AND partner_id IS NULL))",
        "Room is that of a warehouse, whoever supplies it.",
    )

    @api.depends("kind", "period", "amount", "partner_id", "warehouse_id", "categ_id")
    def _compute_used(self):
        today = fields.Date.context_today(self)
        for cap in self:  # a handful of caps
            cap.used = cap._used(today) if cap.company_id else 0.0
            cap.left = max(cap.amount - cap.used, 0.0)
            cap.used_share = cap.used / cap.amount if cap.amount else 0.0

    def _used(self, today):
        self.ensure_one()
        return self._spent(today) if self.kind == "budget" else self._filled()

    def _period_start(self, today):
        if self.period == "week":
            return today - timedelta(days=today.weekday())
        months = (today.month - 1) % 3 if self.period == "quarter" else 0
        return today.replace(day=1) - relativedelta(months=months)

    def _goods_domain(self, path):
        return [(path, "child_of", self.categ_id.ids)] if self.categ_id else []

    def _spent(self, today):
        """Money on confirmed orders and on requests of the period, in the company's currency."""
        domain = [
            ("company_id", "=", self.company_id.id),
            ("order_id.state", "!=", "cancel"),
            ("order_id.date_order", ">=", self._period_start(today)),
            *self._goods_domain("product_id.categ_id"),
        ]
        if self.partner_id:
            domain.append(("partner_id", "child_of", self.partner_id.commercial_partner_id.ids))
        if self.warehouse_id:
            domain.append(("order_id.picking_type_id.warehouse_id", "=", self.warehouse_id.id))
        # planners see only their own orders where record rules say so; a budget counts all of them
        rows = self.env["purchase.order.line"].sudo()._read_group(domain, ["currency_id"], ["price_subtotal:sum"])
        return sum(
            currency._convert(total or 0.0, self.company_id.currency_id, self.company_id, today)
            for currency, total in rows
        )

    def _filled(self):
        """Units or cubic metres in the warehouse and on their way to it."""
        domain = [("is_storable", "=", True), *self._goods_domain("categ_id")]
        products = self.env["product.product"].sudo().search_fetch(domain, ["volume"])
        found = (
            self.env["distrib.position"]
            .with_company(self.company_id)
            ._read_columns(products.ids, self.warehouse_id.ids)
        )
        each = {product.id: product.volume if self.kind == "volume" else 1.0 for product in products}
        units = np.clip(found.on_hand, 0, None) + np.clip(found.incoming, 0, None)
        return float(sum(u * each.get(p, 0.0) for u, p in zip(units.tolist(), found.product_id.tolist(), strict=True)))

    # --- what others ask -----------------------------------------------------------------------------------------

    @api.model
    def _apply(self, warehouse_id, product_id, partner_id, quantity, cost, urgency, multiple, minimum, company, today):
        """Cut ``n`` orders to what the caps of the company leave, one cap after the other; arrays (n,).

        :param partner_id: 0 for a transfer, which costs no budget but takes room
        :param urgency: money that is expected to be lost without the order
        :return: CapOutcome of ``quantity`` kept, ``cut`` and ``cap_id`` (0 none) of the cap that cut most
        """
        quantity = np.asarray(quantity, np.float64)
        kept, worst = quantity.copy(), np.zeros(len(quantity))
        cap_id = np.zeros(len(quantity), np.int64)
        # which caps there are is not up to who plans
        caps = self.sudo().search([("company_id", "=", company.id)])
        if not caps:
            return CapOutcome(kept, worst, cap_id)
        rules = self.env["distrib.order.rule"]
        goods = rules._goods(product_id, company)
        supplier = rules._commercial(partner_id)
        below = rules._below(caps)
        for cap in caps:
            holds = cap._holds(warehouse_id, supplier, goods, below)
            unit = {"budget": np.asarray(cost, float), "volume": goods["volume"]}.get(cap.kind, np.ones(len(kept)))
            left = max(cap.amount - cap._used(fields.Date.to_date(today)), 0.0)
            share = np.divide(kept, quantity, out=np.zeros(len(kept)), where=quantity > 0)
            now, cut = engine.cut_to_budget(
                kept,
                unit,
                np.where(holds, 0, -1),
                np.array([left]),
                np.asarray(urgency, float) * share,
                multiple,
                minimum,
            )
            cap_id, worst = np.where(cut > worst, cap.id, cap_id), np.maximum(cut, worst)
            kept = now
        return CapOutcome(kept, quantity - kept, cap_id)

    def _holds(self, warehouse_id, supplier, goods, below):
        """Which orders (n,) this cap is for."""
        holds = np.ones(len(supplier), bool)
        if self.kind == "budget":
            holds &= supplier > 0
        if self.partner_id:
            holds &= supplier == self.partner_id.commercial_partner_id.id
        if self.warehouse_id:
            holds &= np.asarray(warehouse_id) == self.warehouse_id.id
        if self.categ_id:
            holds &= np.isin(goods["categ_id"], below[self.categ_id.id])
        return holds

    @api.model
    def _cut_text(self, cap_id, cut):
        """One sentence on what a cap cut, in the reader's language."""
        # the name of the cap is all that is shown of it
        cap = self.sudo().browse(cap_id).exists()
        return self.env._(
            "%(cut).1f less than needed: %(cap)s is used up.", cut=cut, cap=cap.name or self.env._("a cap")
        )
