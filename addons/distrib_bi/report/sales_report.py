from odoo import fields, models
from odoo.tools import SQL

TIERS = [("central", "Central"), ("regional", "Regional"), ("dealer", "Dealer"), ("store", "Store")]


class SalesReport(models.Model):
    """Confirmed sales, a row for each order line: when, through which channel, to where, from where, what.

    Sections, notes and down payments are no sales. Quantities are in the product's unit, amounts in the currency of the
    company, untaxed, at the rate of the order.
    """

    _name = "distrib.sales.report"
    _description = "Distribution Sales Report"
    _auto = False
    _order = "day desc, id desc"
    _rec_name = "order_id"
    _depends = {
        "sale.order": [
            "channel_id", "company_id", "currency_rate", "date_order", "partner_id", "region_id", "state",
            "warehouse_id",
        ],
        "sale.order.line": [
            "display_type", "is_downpayment", "order_id", "price_subtotal", "product_id", "product_uom_id",
            "product_uom_qty", "warehouse_id",
        ],
        "res.partner": ["commercial_partner_id", "dealer_tier_id", "is_dealer", "tz"],
        "stock.warehouse": ["network_tier"],
        "distrib.region": ["kind", "parent_path"],
        "product.template": ["categ_id", "uom_id"],
        "uom.uom": ["factor"],
    }  # fmt: skip

    day = fields.Date(readonly=True, help="The day of the order, in the time zone of the company.")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    order_id = fields.Many2one(
        "sale.order",
        string="Orders",
        readonly=True,
        aggregator="count_distinct",
        help="Adds up to the number of orders.",
    )
    channel_id = fields.Many2one("distrib.channel", readonly=True)
    region_id = fields.Many2one("distrib.region", readonly=True, help="Where the order goes.")
    area_id = fields.Many2one("distrib.region", readonly=True, help="The area in which the region lies.")
    network_tier = fields.Selection(TIERS, string="Warehouse Tier", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", readonly=True, help="Ships the line.")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    dealer_id = fields.Many2one("res.partner", readonly=True)
    dealer_tier_id = fields.Many2one("distrib.dealer.tier", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
    quantity = fields.Float(digits="Product Unit", readonly=True, help="Ordered, in the product's unit.")
    amount = fields.Monetary(
        string="Sales", readonly=True, help="Untaxed, in the currency of the company, at the rate of the order."
    )

    @property
    def _table_query(self):
        return SQL("%s %s %s", self._select(), self._from(), self._where())

    def _select(self):
        return SQL(
            """
            SELECT l.id, o.id AS order_id,
                   (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(house.tz, 'UTC'))::date AS day,
                   o.company_id, c.currency_id, o.channel_id, o.region_id, area.id AS area_id,
                   w.id AS warehouse_id, w.network_tier, buyer.id AS partner_id,
                   CASE WHEN buyer.is_dealer THEN buyer.id END AS dealer_id,
                   CASE WHEN buyer.is_dealer THEN buyer.dealer_tier_id END AS dealer_tier_id,
                   l.product_id, t.categ_id,
                   l.product_uom_qty * COALESCE(sold.factor / NULLIF(unit.factor, 0), 1) AS quantity,
                   l.price_subtotal / COALESCE(NULLIF(o.currency_rate, 0), 1) AS amount
            """
        )

    def _from(self):
        return SQL(
            """
              FROM sale_order_line l
              JOIN sale_order o ON o.id = l.order_id
              JOIN res_company c ON c.id = o.company_id
              JOIN res_partner house ON house.id = c.partner_id
              JOIN res_partner contact ON contact.id = o.partner_id
              JOIN res_partner buyer ON buyer.id = COALESCE(contact.commercial_partner_id, contact.id)
              LEFT JOIN product_product p ON p.id = l.product_id
              LEFT JOIN product_template t ON t.id = p.product_tmpl_id
              LEFT JOIN uom_uom sold ON sold.id = l.product_uom_id
              LEFT JOIN uom_uom unit ON unit.id = t.uom_id
              LEFT JOIN stock_warehouse w ON w.id = COALESCE(l.warehouse_id, o.warehouse_id)
              LEFT JOIN distrib_region place ON place.id = o.region_id
              -- At most one area lies above a region, or is it.
              LEFT JOIN distrib_region area ON area.kind = 'area'
                   AND area.id = ANY (string_to_array(trim(trailing '/' FROM place.parent_path), '/')::int[])
            """
        )

    def _where(self):
        return SQL("WHERE o.state = 'sale' AND l.display_type IS NULL AND l.is_downpayment IS NOT TRUE")

    def action_open_order(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "views": [[False, "form"]],
        }
