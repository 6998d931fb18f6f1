from odoo import api, fields, models
from odoo.tools import SQL

from .warehouse import TIERS


class PositionReport(models.Model):
    """Positions as records, for lists, pivots and graphs. The query is that of `distrib.position`."""

    _name = "distrib.position.report"
    _description = "Stock Positions"
    _auto = False
    _order = "product_id, warehouse_id"
    _rec_name = "product_id"
    _depends = {
        "stock.quant": ["product_id", "location_id", "quantity", "reserved_quantity", "owner_id", "removal_date"],
        "stock.move": [
            "product_id",
            "location_id",
            "location_dest_id",
            "location_final_id",
            "product_qty",
            "state",
            "restrict_partner_id",
        ],
        "stock.location": ["warehouse_id", "usage"],
        "stock.warehouse": ["company_id", "region_id", "network_tier", "supply_parent_id", "dealer_id"],
        "product.product": ["product_tmpl_id"],
        "product.template": ["categ_id", "uom_id"],
        "res.company": ["partner_id"],
    }

    product_id = fields.Many2one("product.product", readonly=True)
    product_tmpl_id = fields.Many2one("product.template", string="Product Template", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
    uom_id = fields.Many2one("uom.uom", string="Unit", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", readonly=True)
    network_tier = fields.Selection(TIERS, string="Tier", readonly=True)
    region_id = fields.Many2one("distrib.region", readonly=True)
    supply_parent_id = fields.Many2one("stock.warehouse", string="Supplied By", readonly=True)
    dealer_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    on_hand = fields.Float(digits="Product Unit", readonly=True, help="Our own stock in the warehouse.")
    reserved = fields.Float(digits="Product Unit", readonly=True, help="The part of it that is kept for open moves.")
    available = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="On hand less reserved, less unreserved goods past their removal date.",
    )
    incoming = fields.Float(digits="Product Unit", readonly=True, help="Open moves into the warehouse.")
    outgoing = fields.Float(digits="Product Unit", readonly=True, help="Open moves out of the warehouse.")
    forecast = fields.Float(
        digits="Product Unit", readonly=True, help="On hand plus incoming less outgoing, less expired goods."
    )
    owned_on_hand = fields.Float(
        string="Other Owners'", digits="Product Unit", readonly=True, help="Goods of dealers and consignors lying here."
    )

    @property
    def _table_query(self):
        position = self.env["distrib.position"]
        # The allowed companies bound the query itself; the record rule repeats it for every other way of reading.
        return SQL(
            """
            SELECT (part.warehouse_id::bigint << 31) + part.product_id AS id,
                   part.product_id, p.product_tmpl_id, t.categ_id, t.uom_id, part.warehouse_id, w.network_tier,
                   w.region_id, w.supply_parent_id, w.dealer_id, w.company_id,
                   part.on_hand, part.reserved, part.on_hand - part.reserved - part.expired AS available,
                   part.incoming, part.outgoing,
                   part.on_hand + part.incoming - part.outgoing - part.expired AS forecast,
                   part.owned AS owned_on_hand
              FROM (%s) part
              JOIN stock_warehouse w ON w.id = part.warehouse_id
              JOIN product_product p ON p.id = part.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
            """,
            position._pairs_sql(position._warehouse_condition(None), position._product_condition(None)),
        )

    @api.readonly
    def action_open_quants(self):
        """The quants behind this position."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "Stock of %(product)s in %(warehouse)s",
                product=self.product_id.display_name,
                warehouse=self.warehouse_id.display_name,
            ),
            "res_model": "stock.quant",
            "views": [(self.env.ref("stock.view_stock_quant_tree_simple").id, "list")],
            "domain": [
                ("product_id", "=", self.product_id.id),
                ("location_id.warehouse_id", "=", self.warehouse_id.id),
                ("location_id.usage", "=", "internal"),
            ],
        }
