from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from .position import POSITION_FIELDS
from .position_time import PAST_COLUMNS
from .warehouse import TIERS

FUTURE_COLUMNS = ("on_hand", "incoming", "in_transit", "outgoing", "expired", "forecast")


class PositionDay(models.Model):
    """Positions as records, as of another day: `position_day` in the context, an ISO date; today without it.

    Past days are reckoned back from the moves done since, coming ones forward from the moves planned until.
    """

    _name = "distrib.position.day"
    _description = "Stock of a Day"
    _auto = False
    _order = "product_id, warehouse_id"
    _rec_name = "product_id"
    _depends = {
        **POSITION_FIELDS,
        "stock.move": [*POSITION_FIELDS["stock.move"], "date"],
        "stock.move.line": ["product_id", "location_id", "location_dest_id", "owner_id", "lot_id", "quantity", "state"],
        "stock.warehouse": [*POSITION_FIELDS["stock.warehouse"], "dealer_id"],
        "product.product": ["product_tmpl_id"],
        "product.template": ["categ_id", "uom_id", "brand_id"],
    }

    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
    brand_id = fields.Many2one("distrib.brand", readonly=True)
    uom_id = fields.Many2one("uom.uom", string="Unit", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", readonly=True)
    network_tier = fields.Selection(TIERS, string="Tier", readonly=True)
    region_id = fields.Many2one("distrib.region", readonly=True)
    supply_parent_id = fields.Many2one("stock.warehouse", string="Supplied By", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    on_hand = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="Our own stock: at the end of a past day; for a day to come, what there is now.",
    )
    expired = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="Past its removal date by the end of the day, or among expired goods.",
    )
    quarantine = fields.Float(digits="Product Unit", readonly=True)
    damaged = fields.Float(digits="Product Unit", readonly=True)
    blocked = fields.Float(string="Blocked by Quality", digits="Product Unit", readonly=True)
    disputed = fields.Float(string="Count Disputed", digits="Product Unit", readonly=True)
    owned_on_hand = fields.Float(string="Other Owners'", digits="Product Unit", readonly=True)
    incoming = fields.Float(digits="Product Unit", readonly=True, help="Planned to come by the end of the day.")
    in_transit = fields.Float(digits="Product Unit", readonly=True, help="The part of it that is on the way already.")
    outgoing = fields.Float(digits="Product Unit", readonly=True, help="Planned to leave by the end of the day.")
    forecast = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="At the end of the day: on hand plus incoming less outgoing, less goods past their date by then.",
    )

    @property
    def _table_query(self):
        day = self._day()
        past = day < fields.Date.context_today(self)
        part, shown = (self._past_part(day), PAST_COLUMNS) if past else (self._future_part(day), FUTURE_COLUMNS)
        columns = (name for name in dict.fromkeys((*PAST_COLUMNS, *FUTURE_COLUMNS)))
        return SQL(
            """
            SELECT (part.warehouse_id::bigint << 31) + part.product_id AS id, part.product_id, t.categ_id, t.brand_id,
                   t.uom_id, part.warehouse_id, w.network_tier, w.region_id, w.supply_parent_id, w.company_id, %s
              FROM (%s) part
              JOIN stock_warehouse w ON w.id = part.warehouse_id
              JOIN product_product p ON p.id = part.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
             WHERE %s
            """,
            SQL(", ").join(
                SQL("part.%s" if name in shown else "NULL::float8 AS %s", SQL.identifier(name)) for name in columns
            ),
            part,
            SQL(" OR ").join(SQL("part.%s <> 0", SQL.identifier(name)) for name in shown),
        )

    @api.model
    def _day(self):
        day = self.env.context.get("position_day")
        return self.env["distrib.position"]._as_day(day) if day else fields.Date.context_today(self)

    @api.model
    def _past_part(self, day):
        position = self.env["distrib.position"]
        return position._past_sql(
            position._end_of(day), position._warehouse_condition(None), position._product_condition(None)
        )

    @api.model
    def _future_part(self, day):
        position = self.env["distrib.position"]
        changes = position._forecast_sql(
            [position._end_of(day)], position._warehouse_condition(None), position._product_condition(None)
        )
        return SQL("SELECT c.*, on_hand + incoming - outgoing - expired AS forecast FROM (%s) c", changes)


class PositionDayChoice(models.TransientModel):
    _name = "distrib.position.day.choice"
    _description = "Choose a Day"

    day = fields.Date(
        required=True,
        default=lambda self: fields.Date.context_today(self) - timedelta(days=1),
        help="A day that is over: the stock at its end. A day from today on: what is planned until its end.",
    )

    def action_open(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_position_day")
        past = self.day < fields.Date.context_today(self)
        view = "position_day_view_list_past" if past else "position_day_view_list_future"
        title = self.env._("Stock at the end of %s") if past else self.env._("Stock expected by the end of %s")
        return {
            **action,
            **dict.fromkeys(("name", "display_name"), title % format_date(self.env, self.day)),
            "context": {"position_day": self.day.isoformat()},
            "views": [(self.env.ref(f"distrib_inventory.{view}").id, "list"), (False, "pivot")],
        }
