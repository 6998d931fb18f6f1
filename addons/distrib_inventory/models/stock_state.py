from odoo import api, fields, models
from odoo.exceptions import ValidationError

STATES = [
    ("available", "Available"),
    ("quarantine", "Quarantine"),
    ("damaged", "Damaged"),
    ("expired", "Expired"),
    ("blocked", "Blocked by Quality"),
    ("disputed", "Count Disputed"),
]


class StockLocation(models.Model):
    _inherit = "stock.location"

    stock_state = fields.Selection(
        STATES,
        required=True,
        default="available",
        help="The state of the goods that lie here. Goods in any state but available are on hand, but are not promised "
        "to anyone.",
    )

    @api.constrains("stock_state", "usage", "location_id")
    def _check_stock_state(self):
        for location in self.filtered(lambda place: place.stock_state != "available"):
            if location.usage != "internal":
                raise ValidationError(
                    self.env._("%s: only internal locations hold goods in a state.", location.display_name)
                )
            stock = location.warehouse_id.lot_stock_id
            if stock and location.parent_path.startswith(stock.parent_path):
                # Core reserves for deliveries from anything at or below this location.
                raise ValidationError(
                    self.env._(
                        "%(location)s lies within %(stock)s, from where goods are delivered. Put it beside that.",
                        location=location.display_name,
                        stock=stock.display_name,
                    )
                )


class StockQuant(models.Model):
    _inherit = "stock.quant"

    stock_state = fields.Selection(related="location_id.stock_state", string="State of Stock")


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    state_location_ids = fields.One2many(
        "stock.location",
        "warehouse_id",
        string="Places of Held Goods",
        domain=[("usage", "=", "internal"), ("stock_state", "!=", "available")],
        readonly=True,
    )

    def action_open_held_goods(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_held_goods")
        held = [("location_id.usage", "=", "internal"), ("stock_state", "!=", "available")]
        return {**action, "domain": [*held, ("warehouse_id", "in", self.ids)]}

    def action_create_state_locations(self):
        """Give each warehouse one location for each state it lacks."""
        for state, _label in STATES[1:]:
            self._state_locations(state)
        return True

    def _state_locations(self, state):
        """One location of a state for each of these warehouses, made where it is missing, beside the stock.

        :return: dict warehouse -> stock.location
        """
        if state == "available":
            return {warehouse: warehouse.lot_stock_id for warehouse in self}
        found = {}
        domain = [("warehouse_id", "in", self.ids), ("stock_state", "=", state), ("usage", "=", "internal")]
        for location in self.env["stock.location"].search(domain, order="id desc"):
            found[location.warehouse_id] = location
        missing = self.filtered(lambda warehouse: warehouse not in found)
        label = dict(self.env["stock.location"]._fields["stock_state"]._description_selection(self.env))[state]
        # sudo: whoever may move goods may need the place for them; locations as such are for stock managers
        made = (
            self.env["stock.location"]
            .sudo()
            .create(
                [
                    {
                        "name": label,
                        "location_id": warehouse.view_location_id.id,
                        "usage": "internal",
                        "stock_state": state,
                        "company_id": warehouse.company_id.id,
                    }
                    for warehouse in missing
                ]
            )
        )
        return found | dict(zip(missing, made.sudo(self.env.su), strict=True))
