from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from .stock_state import STATES

SHOWN = 100


class StockPicking(models.Model):
    _inherit = "stock.picking"

    state_reason = fields.Char(
        string="Reason of State", copy=False, readonly=True, help="Why the goods were moved to a state."
    )


class StockQuant(models.Model):
    _inherit = "stock.quant"

    def _not_reserved(self):
        """Unlike core's available quantity, goods past their removal date count: they most of all are to be moved."""
        self.ensure_one()
        return max(self.quantity - self.reserved_quantity, 0.0)

    def action_move_to_state(self):
        """Open the wizard with what is not reserved of these quants."""
        quants = self.filtered(lambda quant: quant.location_id.usage == "internal")
        return self.env["distrib.stock.state.move"]._open(quants)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def action_move_to_state(self):
        return self.env["distrib.stock.state.move"]._open_for([("location_id.warehouse_id", "in", self.ids)])


class ProductProduct(models.Model):
    _inherit = "product.product"

    def action_move_to_state(self):
        return self.env["distrib.stock.state.move"]._open_for([("product_id", "in", self.ids)])


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def action_move_to_state(self):
        return self.product_variant_ids.action_move_to_state()


class StockStateMove(models.TransientModel):
    """Move goods into a state, or back among the good ones, by native internal transfers."""

    _name = "distrib.stock.state.move"
    _description = "Move to State"

    state = fields.Selection(STATES, string="New State", required=True, default="quarantine")
    reason = fields.Char(required=True)
    line_ids = fields.One2many("distrib.stock.state.move.line", "wizard_id")

    @api.model
    def _open_for(self, domain):
        quants = self.env["stock.quant"].search(
            [*domain, ("location_id.usage", "=", "internal"), ("quantity", ">", 0)], limit=SHOWN
        )
        return self._open(quants, whole=False)

    @api.model
    def _open(self, quants, whole=True):
        """:param bool whole: propose all that is not reserved; otherwise the quantities are for the user to enter"""
        if not quants:
            raise UserError(self.env._("Nothing of it lies in a warehouse."))
        lines = [{"quant_id": quant.id, "quantity": quant._not_reserved() * whole} for quant in quants]
        wizard = self.create({"reason": "-", "line_ids": [Command.create(line) for line in lines]})
        wizard.reason = ""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Move to State"),
            "res_model": self._name,
            "res_id": wizard.id,
            "views": [[False, "form"]],
            "target": "new",
        }

    def action_move(self):
        """One validated transfer for each warehouse, and show them."""
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.quantity > 0)
        if not lines:
            raise UserError(self.env._("Enter how much is to be moved."))
        lines._check_free()
        pickings = self.env["stock.picking"]
        places = lines.warehouse_id._state_locations(self.state)
        for warehouse, part in lines.grouped("warehouse_id").items():
            pickings |= self._transfer(warehouse, places[warehouse], part)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Moved to State"),
            "res_model": "stock.picking",
            "views": [[False, "list"], [False, "form"]] if len(pickings) > 1 else [[False, "form"]],
            "domain": [("id", "in", pickings.ids)],
            "res_id": pickings.id if len(pickings) == 1 else False,
        }

    def _transfer(self, warehouse, place, lines):
        label = dict(self._fields["state"]._description_selection(self.env))[self.state]
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": warehouse.int_type_id.id,
                "location_id": lines[0].location_id.id,
                "location_dest_id": place.id,
                "company_id": warehouse.company_id.id,
                "origin": label,
                "state_reason": self.reason,
                "move_ids": [Command.create(line._move_values(warehouse, place, label)) for line in lines],
            }
        )
        picking.message_post(
            body=self.env._("Moved to the state %(state)s: %(reason)s", state=label, reason=self.reason)
        )
        # Done at once, as core does for a count: there is nothing to reserve of goods that were just picked out.
        picking.move_ids._action_done()
        return picking


class StockStateMoveLine(models.TransientModel):
    _name = "distrib.stock.state.move.line"
    _description = "Goods to Move to a State"

    wizard_id = fields.Many2one("distrib.stock.state.move", required=True, ondelete="cascade")
    quant_id = fields.Many2one("stock.quant", required=True, ondelete="cascade")
    product_id = fields.Many2one(related="quant_id.product_id")
    location_id = fields.Many2one(related="quant_id.location_id")
    warehouse_id = fields.Many2one(related="quant_id.location_id.warehouse_id")
    lot_id = fields.Many2one(related="quant_id.lot_id")
    owner_id = fields.Many2one(related="quant_id.owner_id")
    uom_id = fields.Many2one(related="quant_id.product_uom_id")
    free_quantity = fields.Float(compute="_compute_free_quantity", string="Not Reserved", digits="Product Unit")
    quantity = fields.Float(string="To Move", digits="Product Unit")

    @api.depends("quant_id.quantity", "quant_id.reserved_quantity")
    def _compute_free_quantity(self):
        for line in self:
            line.free_quantity = line.quant_id._not_reserved()

    def _check_free(self):
        for line in self:
            if float_compare(line.quantity, line.free_quantity, precision_rounding=line.uom_id.rounding) > 0:
                raise UserError(
                    self.env._(
                        "Only %(free)s %(unit)s of %(product)s in %(place)s are not reserved.",
                        free=f"{line.free_quantity:g}",
                        unit=line.uom_id.name,
                        product=line.product_id.display_name,
                        place=line.location_id.display_name,
                    )
                )
            if not line.warehouse_id:
                raise UserError(self.env._("%s belongs to no warehouse.", line.location_id.display_name))

    def _move_values(self, warehouse, place, origin):
        return {
            "product_id": self.product_id.id,
            "product_uom": self.uom_id.id,
            "product_uom_qty": self.quantity,
            "location_id": self.location_id.id,
            "location_dest_id": place.id,
            "company_id": warehouse.company_id.id,
            "restrict_partner_id": self.owner_id.id,
            "origin": origin,
            "picked": True,
            "move_line_ids": [Command.create(self._move_line_values(place))],
        }

    def _move_line_values(self, place):
        quant = self.quant_id
        return {
            "product_id": quant.product_id.id,
            "product_uom_id": quant.product_uom_id.id,
            "quantity": self.quantity,
            "lot_id": quant.lot_id.id,
            "owner_id": quant.owner_id.id,
            "package_id": quant.package_id.id,
            "location_id": quant.location_id.id,
            "location_dest_id": place.id,
            "company_id": quant.company_id.id,
        }
