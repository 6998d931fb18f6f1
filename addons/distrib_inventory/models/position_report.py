from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.position import COLUMNS
from .position import POSITION_FIELDS
from .warehouse import TIERS


class PositionReport(models.Model):
    """Positions as records, for lists, pivots and graphs. The query is that of `distrib.position`."""

    _name = "distrib.position.report"
    _description = "Stock Positions"
    _auto = False
    _order = "product_id, warehouse_id"
    _rec_name = "product_id"
    _depends = {
        **POSITION_FIELDS,
        "stock.warehouse": [*POSITION_FIELDS["stock.warehouse"], "dealer_id"],
        "product.product": ["product_tmpl_id"],
        "product.template": ["categ_id", "uom_id", "brand_id"],
    }

    product_id = fields.Many2one("product.product", readonly=True)
    product_tmpl_id = fields.Many2one("product.template", string="Product Template", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
    brand_id = fields.Many2one("distrib.brand", readonly=True)
    uom_id = fields.Many2one("uom.uom", string="Unit", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", readonly=True)
    network_tier = fields.Selection(TIERS, string="Tier", readonly=True)
    region_id = fields.Many2one("distrib.region", readonly=True)
    supply_parent_id = fields.Many2one("stock.warehouse", string="Supplied By", readonly=True)
    dealer_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    on_hand = fields.Float(digits="Product Unit", readonly=True, help="Our own stock in the warehouse.")
    reserved = fields.Float(digits="Product Unit", readonly=True, help="The part of it that is kept for open moves.")
    expired = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="Unreserved goods past their removal date or in a location for expired goods.",
    )
    expiring = fields.Float(
        digits="Product Unit", readonly=True, help="Good unreserved stock that is to be removed soon, see the settings."
    )
    quarantine = fields.Float(digits="Product Unit", readonly=True)
    damaged = fields.Float(digits="Product Unit", readonly=True)
    blocked = fields.Float(string="Blocked by Quality", digits="Product Unit", readonly=True)
    disputed = fields.Float(string="Count Disputed", digits="Product Unit", readonly=True)
    allocated = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="Kept for customers, dealers, channels and promotions, not yet drawn.",
    )
    available = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="What may still be promised: on hand less reserved, expired, held and allocated goods.",
    )
    incoming = fields.Float(digits="Product Unit", readonly=True, help="Open moves into the warehouse.")
    purchase_in = fields.Float(
        string="From Suppliers", digits="Product Unit", readonly=True, help="The part of incoming that suppliers send."
    )
    in_transit = fields.Float(
        digits="Product Unit", readonly=True, help="The part of incoming that has left another warehouse."
    )
    transfer_in = fields.Float(
        string="Planned Transfers",
        digits="Product Unit",
        readonly=True,
        help="The part of incoming that is still to leave another warehouse.",
    )
    outgoing = fields.Float(digits="Product Unit", readonly=True, help="Open moves out of the warehouse.")
    forecast = fields.Float(
        digits="Product Unit", readonly=True, help="On hand plus incoming less outgoing, less goods past their date."
    )
    owned_on_hand = fields.Float(
        string="Other Owners'", digits="Product Unit", readonly=True, help="Goods of dealers and consignors lying here."
    )
    owned_reserved = fields.Float(string="Other Owners' Reserved", digits="Product Unit", readonly=True)

    @property
    def _table_query(self):
        position = self.env["distrib.position"]
        # The allowed companies bound the query itself; the record rule repeats it for every other way of reading.
        return SQL(
            """
            SELECT (part.warehouse_id::bigint << 31) + part.product_id AS id,
                   part.product_id, p.product_tmpl_id, t.categ_id, t.brand_id, t.uom_id, part.warehouse_id,
                   w.network_tier, w.region_id, w.supply_parent_id, w.dealer_id, w.company_id, %s,
                   part.on_hand - part.reserved - part.expired - part.quarantine - part.damaged - part.blocked
                   - part.disputed - part.allocated AS available,
                   part.on_hand + part.incoming - part.outgoing - part.lapsed AS forecast
              FROM (%s) part
              JOIN stock_warehouse w ON w.id = part.warehouse_id
              JOIN product_product p ON p.id = part.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
            """,
            SQL(", ").join(SQL.identifier("part", name) for name in COLUMNS),
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
