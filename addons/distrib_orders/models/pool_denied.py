from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

# reason -> what happens to the stock of the warehouse that cannot ship
DENIALS = {"missing": "count", "mismatch": "disputed", "damaged": "damaged"}


class SaleOrder(models.Model):
    """A warehouse or store cannot ship what its stock promised."""

    _inherit = "sale.order"

    def _stock_denied(self, warehouse, product, quantity, reason, note=""):
        """Correct the stock of ``product`` in ``warehouse`` by why it is not there, and route these orders again.

        :param str reason: ``missing`` (not there: the stock is corrected down, like a count), ``mismatch`` (something
            else lies there: disputed until counted) or ``damaged`` (moved among the damaged goods)
        :param float quantity: in the product's own unit
        :return: the orders routed again
        """
        if reason not in DENIALS:
            raise UserError(self.env._("A warehouse says missing, mismatch or damaged, not %s.", reason))
        orders = self.filtered(lambda o: o.state == "sale" and not o._has_left())
        # The promises go first: core moves nothing that is reserved.
        rest = self._give_back(warehouse, product, orders)
        self.env["distrib.position"]._lock_promises(product.ids, warehouse.ids)
        if DENIALS[reason] == "count":
            self._count_down(warehouse, product, quantity, note)
        else:
            self._set_aside(warehouse, product, quantity, DENIALS[reason], note)
        rest._do_unreserve_and_assign()
        for order in orders:
            order.message_post(
                body=self.env._(
                    "%(warehouse)s cannot ship %(quantity)s of %(product)s (%(reason)s); routed again.",
                    warehouse=warehouse.name, quantity=f"{quantity:g}", product=product.display_name,
                    reason=self._denial_name(reason),
                )
            )  # fmt: skip
        held = orders.filtered("hold_code")
        (orders - held)._route()
        return orders

    @api.model
    def _denial_name(self, reason):
        return {
            "missing": self.env._("not in stock"),
            "mismatch": self.env._("another article lies there"),
            "damaged": self.env._("damaged"),
        }[reason]

    def _give_back(self, warehouse, product, orders):
        """Withdraw the orders, and what others have reserved of the product there; the others' moves."""
        for order in orders:
            hold = {name: order[name] for name in ("hold_code", "hold_data", "hold_until")}
            order._action_cancel()
            order.action_draft()
            order.write({**hold, "pool_accepted": True})
        moves = self.env["stock.move.line"].search(
            [
                ("product_id", "=", product.id),
                ("location_id", "child_of", warehouse.lot_stock_id.id),
                ("state", "in", ("assigned", "partially_available")),
                ("picked", "=", False),
            ]
        ).move_id  # fmt: skip
        moves._do_unreserve()
        return moves

    def _denied_quants(self, warehouse, product):
        quants = self.env["stock.quant"].search(
            [("product_id", "=", product.id), ("location_id", "child_of", warehouse.lot_stock_id.id)]
        )
        return quants.filtered(lambda quant: quant.quantity > 0)

    def _count_down(self, warehouse, product, quantity, note):
        """What is not there is no stock: an inventory adjustment, as a count would make."""
        # sudo: a store that finds nothing states a fact; inventory adjustments as such are for stock managers
        for quant in self._denied_quants(warehouse, product).sudo():
            off = min(quantity, quant.quantity)
            if float_compare(off, 0, precision_rounding=product.uom_id.rounding) <= 0:
                break
            quant.with_context(inventory_mode=True, inventory_name=note or self._denial_name("missing")).write(
                {"inventory_quantity": quant.quantity - off}
            )
            quant._apply_inventory()
            quantity -= off

    def _set_aside(self, warehouse, product, quantity, state, note):
        # sudo: see _count_down
        wizard = self.env["distrib.stock.state.move"].sudo()
        lines = []
        for quant in self._denied_quants(warehouse, product):
            off = min(quantity, quant._not_reserved())
            if off > 0:
                lines.append((0, 0, {"quant_id": quant.id, "quantity": off}))
                quantity -= off
        if lines:
            reason = note or self._denial_name("damaged" if state == "damaged" else "mismatch")
            wizard.create({"state": state, "reason": reason, "line_ids": lines}).action_move()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _do_unreserve_and_assign(self):
        """Reserve again what others had reserved, as far as it is there."""
        moves = self.exists().filtered(lambda move: move.state in ("confirmed", "waiting", "partially_available"))
        if moves:
            moves._action_assign()
