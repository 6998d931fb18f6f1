import numpy as np
from odoo import api, fields, models

from ..engine.router.table import Prices

LAST_DAYS = 1


class RoutingPrice(models.Model):
    """What the last plan of the pool would have paid for one more unit of a product in a warehouse."""

    _name = "distrib.routing.price"
    _description = "Worth of Scarce Stock"
    _order = "product_id, warehouse_id"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="cascade", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    price = fields.Float(readonly=True, digits=(12, 4), help="In the measure of the objective, a unit.")

    _pair_uniq = models.Constraint("UNIQUE (product_id, warehouse_id)", "One price for each product and warehouse.")

    @api.model
    def _keep(self, task, prices):
        """Replace the prices of the company by those of a new plan."""
        own = self.sudo()  # sudo: the plan writes them, whoever started it
        own.search([("company_id", "=", self.env.company.id)]).unlink()
        worth = {}
        for place, sku in zip(*np.nonzero(prices.stock > 0.005), strict=True):
            pair = (int(task.product_ids[sku]), int(task.site_ids[place]))
            worth[pair] = max(worth.get(pair, 0.0), round(float(prices.stock[place, sku]), 4))
        own.create([
            {"product_id": product, "warehouse_id": site, "company_id": self.env.company.id, "price": price}
            for (product, site), price in worth.items()
        ])  # fmt: skip


class Routing(models.AbstractModel):
    _inherit = "distrib.routing"

    @api.model
    def _prices_ahead(self, task):
        """What others would pay for the stock, when the rules look ahead; None otherwise."""
        ruleset = self.env["distrib.routing.ruleset"].sudo().browse(task.notes["ruleset"] or [])
        if not ruleset.look_ahead:
            return None
        stock = np.zeros_like(task.instance.stock)
        place_of = {site: place for place, site in enumerate(task.site_ids.tolist())}
        rows = self.env["distrib.routing.price"].sudo().search_read(
            [("product_id", "in", task.product_ids.tolist())], ["product_id", "warehouse_id", "price"], load=False
        )  # fmt: skip
        by_pair = {(row["product_id"], row["warehouse_id"]): row["price"] for row in rows}
        for sku, product in enumerate(task.product_ids.tolist()):
            for site, place in place_of.items():
                stock[place, sku] = by_pair.get((product, site), 0.0)
        return Prices(stock, np.zeros(task.instance.locations))
