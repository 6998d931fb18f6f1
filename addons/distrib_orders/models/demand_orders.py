from odoo import api, fields, models
from odoo.tools import SQL


class Company(models.Model):
    _inherit = "res.company"

    distrib_demand_place = fields.Selection(
        [("shipped", "The warehouse that shipped"), ("asked", "The warehouse the order asked for")],
        required=True,
        default="shipped",
        help="Where a delivery counts as demand when another warehouse shipped than the order's own. 'Shipped' suits "
        "orders of channels, whose warehouse the router chooses; 'asked' suits branches that sell from their own stock "
        "and are helped out by others: the demand stays with the branch, which then keeps more.",
    )

    def write(self, vals):
        changed = self.filtered(
            lambda company: (
                "distrib_demand_place" in vals and company.distrib_demand_place != vals["distrib_demand_place"]
            )
        )
        result = super().write(vals)
        if changed:
            # sudo: the queue is nobody's to read or write; the whole history is read anew by the next run
            warehouses = self.env["stock.warehouse"].sudo().search([("company_id", "in", changed.ids)])
            self.env["distrib.demand.queue"].sudo()._add_warehouses(warehouses.ids)
        return result


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    distrib_demand_place = fields.Selection(related="company_id.distrib_demand_place", readonly=False, required=True)


class Demand(models.Model):
    _inherit = "distrib.demand"

    @api.model
    def _place_sql(self, company):
        joins, place = super()._place_sql(company)
        if company.distrib_demand_place != "asked":
            return joins, place
        joins = SQL(
            "%s LEFT JOIN sale_order_line pl ON pl.id = m.sale_line_id LEFT JOIN sale_order po ON po.id = pl.order_id",
            joins,
        )
        return joins, SQL("COALESCE(po.warehouse_id, %s)", place)

    @api.model
    def _price_sql(self, company):
        """The price after the line's discount, for a unit of the product, in the company's currency, against the
        product's sales price. A gift (price 0) says nothing."""
        joins = SQL(
            """
            LEFT JOIN sale_order_line sl ON sl.id = m.sale_line_id
            LEFT JOIN sale_order so ON so.id = sl.order_id
            LEFT JOIN uom_uom su ON su.id = sl.product_uom_id
            """
        )
        paid = SQL(
            "NULLIF(sl.price_unit * (1 - COALESCE(sl.discount, 0) / 100) * pu.factor / su.factor"
            " / COALESCE(NULLIF(so.currency_rate, 0), 1), 0)::float8"
        )
        return joins, paid, SQL("CASE WHEN sl.id IS NOT NULL THEN NULLIF(t.list_price, 0) END::float8")
