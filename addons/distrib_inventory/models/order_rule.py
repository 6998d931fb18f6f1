from collections import namedtuple

import numpy as np
from odoo import api, fields, models

from ..engine import order_rules as engine

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OrderTerms = namedtuple("OrderTerms", "limits may_order next_review cost review_days")
_SCOPE = ("product_id", "partner_id", "warehouse_id", "categ_id")


class OrderRule(models.Model):
    """How orders for a supplier, warehouse, category or product have to look, and on which days they are made.

    For each thing it sets (least quantity, pack, pallet, review days, shelf life) the first rule that holds and sets it
    is taken; what no rule sets comes from the price list (least quantity and unit) and the company (review period).
    """

    _name = "distrib.order.rule"
    _description = "Order Rule"
    _order = "sequence, id"
    _rec_name = "scope"

    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    partner_id = fields.Many2one(
        "res.partner", string="Supplier", ondelete="cascade", help="Only for purchases from this supplier."
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse", ondelete="cascade", check_company=True, help="Only for orders of this warehouse."
    )
    categ_id = fields.Many2one(
        "product.category", string="Category", ondelete="cascade", help="With its subcategories."
    )
    product_id = fields.Many2one("product.product", ondelete="cascade")
    minimum = fields.Float(
        string="Least Quantity", digits="Product Unit", help="In the product's unit; 0 sets nothing."
    )
    pack_uom_id = fields.Many2one(
        "uom.uom", string="Whole", ondelete="restrict", help="Orders are whole multiples of this packaging."
    )
    multiple = fields.Float(
        string="Multiple of",
        digits="Product Unit",
        compute="_compute_multiple",
        store=True,
        readonly=False,
        help="In the product's unit; 0 sets nothing.",
    )
    pallet = fields.Float(string="Pallet of", digits="Product Unit", help="In the product's unit; 0 sets nothing.")
    pallet_from = fields.Float(
        string="Fill Pallet From", default=0.8, help="A pallet that is filled to this share is ordered full."
    )
    shelf_share = fields.Float(
        string="Shelf Life Used",
        help="Order no more than is sold in this share of a product's days until removal; 0 sets nothing.",
    )
    monday = fields.Boolean()
    tuesday = fields.Boolean()
    wednesday = fields.Boolean()
    thursday = fields.Boolean()
    friday = fields.Boolean()
    saturday = fields.Boolean()
    sunday = fields.Boolean()
    review_text = fields.Char(compute="_compute_review_text", string="Order Days")
    scope = fields.Char(compute="_compute_scope", string="Holds For")
    note = fields.Char()

    _check_company_auto = True
    _positive = models.Constraint(
        "CHECK(minimum >= 0 AND multiple >= 0 AND pallet >= 0)", "Quantities of an order rule cannot be negative."
    )
    _shares = models.Constraint(
        "CHECK(pallet_from >= 0 AND pallet_from <= 1 AND shelf_share >= 0 AND shelf_share <= 1)",
        "Shares lie between 0 and 100 %.",
    )

    @api.depends("pack_uom_id", "product_id")
    def _compute_multiple(self):
        for rule in self:
            unit = rule.product_id.uom_id
            if not rule.pack_uom_id:
                rule.multiple = rule.multiple or 0.0
            elif unit and unit._has_common_reference(rule.pack_uom_id):
                rule.multiple = rule.pack_uom_id._compute_quantity(1.0, unit, round=False)
            else:
                rule.multiple = rule.pack_uom_id.factor

    @api.depends("partner_id", "warehouse_id", "categ_id", "product_id")
    @api.depends_context("lang")
    def _compute_scope(self):
        for rule in self:
            names = [rule[name].display_name for name in ("partner_id", "warehouse_id", "categ_id", "product_id")]
            rule.scope = " · ".join(name for name in names if name) or self.env._("All orders")

    @api.depends(*WEEKDAYS)
    @api.depends_context("lang")
    def _compute_review_text(self):
        names = {name: self._fields[name]._description_string(self.env) for name in WEEKDAYS}
        for rule in self:
            chosen = [names[name] for name in WEEKDAYS if rule[name]]
            rule.review_text = self.env._("Every day") if len(chosen) == len(WEEKDAYS) else ", ".join(chosen)

    # --- what others ask -----------------------------------------------------------------------------------------

    @api.model
    def _limits(self, warehouse_id, product_id, partner_id, company, today, mean=None, position=None):
        """Terms of ``n`` orders, each of a product for a warehouse from a supplier (0: a transfer); arrays (n,).

        :param mean, position: demand a day and what is there and coming, (n,); with them the shelf life is a maximum
        :return: OrderTerms of ``limits`` (engine Limits), ``may_order`` today, ``next_review``, ``cost``, ``review_days``
        """
        goods = self._goods(product_id, company)
        found = self._found(warehouse_id, product_id, partner_id, goods, company)
        sellers = self.env["distrib.policy"]._sellers(company)
        lines = [sellers.get(product, {}) for product in np.asarray(product_id).tolist()]
        bought = np.asarray(partner_id) > 0
        pack = np.where(bought, [max(float(line.get("multiple") or 1.0), 0.0) for line in lines], 1.0)
        least = np.where(bought, [float(line.get("min_qty") or 0.0) for line in lines], 0.0) * pack
        multiple = np.where(found["multiple"] > 0, found["multiple"], pack)
        limits = engine.Limits(
            np.where(found["minimum"] > 0, found["minimum"], least),
            multiple,
            found["pallet"],
            found["pallet_from"],
            self._shelf_maximum(found["shelf_share"], goods, mean, position, len(multiple)),
        )
        today = np.datetime64(fields.Date.to_date(today), "D")
        coming = engine.next_review(found["days"], today)
        gap = engine.review_gap(found["days"])
        review = np.where(gap > 0, gap, company.distrib_review_days)
        return OrderTerms(limits, coming == today, coming, goods["cost"], review)

    @staticmethod
    def _shelf_maximum(share, goods, mean, position, count):
        if mean is None or position is None:
            return np.full(count, np.inf)
        days = goods["shelf_days"] * np.where(share > 0, share, 1.0)
        return engine.shelf_maximum(np.asarray(mean, float), days, np.asarray(position, float))

    @api.model
    def _review_days(self, warehouse_id, product_id, partner_id, company):
        """The longest gap between two order days (n,), or the company's review period where no rule names days.

        Pairs that another warehouse supplies are ordered from it: rules of suppliers are not for them.
        """
        parents = {
            w.id: w.supply_parent_id.id for w in self.env["stock.warehouse"].search([("company_id", "=", company.id)])
        }
        supplied = np.array([bool(parents.get(place)) for place in np.asarray(warehouse_id).tolist()], bool)
        partner = np.where(supplied, 0, partner_id)
        found = self._found(warehouse_id, product_id, partner, self._goods(product_id, company), company)
        gap = engine.review_gap(found["days"])
        return np.where(gap > 0, gap, float(company.distrib_review_days))

    @api.model
    def _goods(self, product_id, company):
        """Of each product: category, cost, volume and days it may be sold. Arrays (n,)."""
        products, place = np.unique(np.asarray(product_id, np.int64), return_inverse=True)
        # costs are read for whoever may plan; they are not shown by this
        records = self.env["product.product"].sudo().with_company(company).browse(products.tolist())
        rows = []
        for product in records.with_context(active_test=False):
            expires = product.use_expiration_date and product.expiration_time
            shelf = max(product.expiration_time - product.removal_time, 1) if expires else np.nan
            rows.append((product.categ_id.id or 0, product.standard_price, product.volume, shelf))
        table = np.array(rows, np.float64).reshape(-1, 4)[place]
        return {
            "categ_id": table[:, 0].astype(np.int64), "cost": table[:, 1], "volume": table[:, 2],
            "shelf_days": table[:, 3],
        }  # fmt: skip

    @api.model
    def _found(self, warehouse_id, product_id, partner_id, goods, company):
        """What the rules set for each order, 0 where none does: dict of arrays (n,), ``days`` (n, 7)."""
        count = len(np.asarray(product_id))
        names = ("minimum", "multiple", "pallet", "pallet_from", "shelf_share")
        found = {name: np.zeros(count) for name in names}
        found["days"] = np.zeros((count, len(WEEKDAYS)), bool)
        # company rules guard what users see; here the rules of the company asked for are needed, all of them
        rules = self.sudo().search([("company_id", "=", company.id)])
        partner = self._commercial(partner_id)
        columns = {
            "product_id": product_id,
            "warehouse_id": warehouse_id,
            "partner_id": partner,
            "categ_id": goods["categ_id"],
        }
        below = self._below(rules)
        for rule in rules:
            holds = np.ones(count, bool)
            for name in _SCOPE:
                if rule[name]:
                    wanted = below[rule.categ_id.id] if name == "categ_id" else rule[name].ids
                    wanted = rule.partner_id.commercial_partner_id.ids if name == "partner_id" else wanted
                    holds &= np.isin(columns[name], wanted)
            for name in ("minimum", "multiple", "shelf_share"):
                found[name] = np.where(holds & (found[name] <= 0), rule[name], found[name])
            if rule.pallet > 0:
                free = holds & (found["pallet"] <= 0)
                found["pallet"][free], found["pallet_from"][free] = rule.pallet, rule.pallet_from
            days = [rule[name] for name in WEEKDAYS]
            if any(days):
                found["days"][holds & ~found["days"].any(axis=1)] = days
        return found

    @api.model
    def _commercial(self, partner_id):
        """The companies behind suppliers: a rule for the company holds for its addresses."""
        ids, place = np.unique(np.asarray(partner_id, np.int64), return_inverse=True)
        partners = self.env["res.partner"].sudo().browse([i for i in ids.tolist() if i])
        over = {partner.id: partner.commercial_partner_id.id for partner in partners}
        return np.array([over.get(i, 0) for i in ids.tolist()], np.int64)[place]

    @api.model
    def _below(self, rules):
        """Category -> ids of all in it."""
        tops = rules.categ_id
        paths = {c.id: c.parent_path or "" for c in tops.search([("id", "child_of", tops.ids)])} if tops else {}
        return {top.id: [i for i, path in paths.items() if path.startswith(top.parent_path)] for top in tops}
