import numpy as np
from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import tree
from ..engine.position import COLUMNS, Positions, round_half_up

# What a roll-up goes by: SQL on the statement's aliases, and whether it needs the product's template.
KEYS = {
    "product": (SQL("x.product_id"), False),
    "warehouse": (SQL("site.warehouse_id"), False),
    "region": (SQL("site.region_id"), False),
    "tier": (SQL("site.network_tier"), False),
    "supply": (SQL("site.warehouse_id"), False),
    "company": (SQL("site.company_id"), False),
    "category": (SQL("COALESCE(item.categ_id, 0)"), True),
    "brand": (SQL("COALESCE(item.brand_id, 0)"), True),
}
SHOWN = tuple(name for name in COLUMNS if name != "lapsed")


class Position(models.AbstractModel):
    """Sums of positions by region, tier, supply tree, category, brand, warehouse, product or company.

    The database groups by the key itself, so what is read grows with the rows shown; trees are summed up afterwards.
    """

    _inherit = "distrib.position"

    @api.model
    @api.readonly
    def read_rollup(self, by, product_ids=None, warehouse_ids=None):
        """Sums for callers inside and outside.

        :param str by: `region`, `tier`, `supply` (warehouses with all they supply), `category`, `brand`, `warehouse`,
            `product` or `company`
        :return: list of dict: `key` (an id, or the tier; False where there is none), `parent` for the trees of regions,
            categories and supply (with everything below summed up), and the quantities of `read_positions`
        """
        self._check_viewer()
        return self._rollup(by, product_ids, warehouse_ids)

    @api.model
    def _rollup(self, by, product_ids=None, warehouse_ids=None):
        if by not in KEYS:
            raise UserError(
                self.env._("Positions are summed up by %(known)s, not by %(by)s.", known=", ".join(KEYS), by=by)
            )
        own = self._grouped(by, product_ids, warehouse_ids)
        parents = self._rollup_parents(by)
        if parents is not None:
            own = self._sum_tree(by, own, parents)
        return self._rollup_rows(own, parents)

    @api.model
    def _grouped(self, by, product_ids, warehouse_ids):
        """dict key -> list of quantities in the order of `COLUMNS`"""
        key, goods = KEYS[by]
        self._flush_position_fields()
        self.env["product.template"].flush_model(["categ_id", "brand_id"])
        rows = self._pairs_sql(
            self._warehouse_condition(warehouse_ids), self._product_condition(product_ids), (("key", key),), goods
        )
        self.env.cr.execute(SQL("SELECT key, %s FROM (%s) part", self._floats(), rows))
        return {row[0] or False: row[1:] for row in self.env.cr.fetchall()}

    @api.model
    def _rollup_parents(self, by):
        """dict node -> the node above or None; None when the keys are no tree"""
        if by == "region":
            return dict(self._parents("distrib_region", "parent_id"))
        if by == "category":
            return dict(self._parents("product_category", "parent_id"))
        if by == "supply":
            return dict(self._parents("stock_warehouse", "supply_parent_id"))
        return None

    @api.model
    def _parents(self, table, column):
        self.env.flush_all()
        self.env.cr.execute(SQL("SELECT id, %s FROM %s", SQL.identifier(column), SQL.identifier(table)))
        return self.env.cr.fetchall()

    @api.model
    def _sum_tree(self, by, own, parents):
        try:
            return tree.roll_up(own, parents, len(COLUMNS))
        except tree.LoopError as error:
            model = {"supply": "stock.warehouse", "region": "distrib.region", "category": "product.category"}[by]
            # sudo: names only, of what stands in the way; the tree may go through other companies
            names = " ← ".join(self.env[model].sudo().browse(error.nodes).mapped("display_name"))
            raise UserError(self.env._("The tree runs in a circle, correct it first: %s", names)) from error

    @api.model
    def _rollup_rows(self, sums, parents):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        table = np.array(list(sums.values()), np.float64).reshape(-1, len(COLUMNS))
        none = [0] * len(sums)
        columns = Positions.of(none, none, **dict(zip(COLUMNS, table.T, strict=True)))
        names = (*SHOWN, "free", "available", "forecast")
        shown = [round_half_up(getattr(columns, name), digits).tolist() for name in names]
        rows = []
        for key, *values in zip(sums, *shown, strict=True):
            row = {"key": key, **dict(zip(names, values, strict=True))}
            if parents is not None:
                row["parent"] = parents.get(key) or False
            rows.append(row)
        return rows
