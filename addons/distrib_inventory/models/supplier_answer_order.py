from odoo import fields, models

from ..engine.supplier import compare
from ..engine.supplier.answer import Delivery
from ..engine.supplier.state import can


class SupplierOrderAnswered(models.Model):
    _inherit = "distrib.supplier.order"

    def _take_answer(self, event, reference=""):
        """An answer proves that the supplier has the message, whatever became of our try to send it."""
        for message in self.filtered(lambda m: can(m.state, event)):
            message._step(
                event,
                answered_on=fields.Datetime.now(),
                maybe_taken=True,
                problem=False,
                problem_text=False,
                reference=reference or message.reference,
            )

    def _acknowledge(self):
        self._take_answer("acknowledge")


class PurchaseOrderAnswered(models.Model):
    _inherit = "purchase.order"

    def _distrib_ordered(self):
        """The lines as the engine compares them: one for each line as it was ordered."""
        found = []
        for root, lines in self._distrib_line_groups().items():
            coming = lines.filtered(lambda line: line.product_qty > line.qty_received).sorted("date_planned")
            days = {}
            for line in coming:
                day = line._distrib_day()
                days[day] = days.get(day, 0.0) + line.product_qty - line.qty_received
            plan = tuple(Delivery(quantity, day) for day, quantity in sorted(days.items()))
            codes = (root._distrib_supplier_code(), root.product_id.default_code, root.product_id.barcode)
            found.append(
                compare.Ordered(
                    ref=str(root.id),
                    received=sum(lines.mapped("qty_received")),
                    plan=plan,
                    day=plan[0].day if plan else root._distrib_day(),
                    price=round(root.price_unit * (1 - root.discount / 100), 6),
                    codes=tuple(filter(None, codes)),
                )
            )
        return found

    def _distrib_change_line(self, change):
        """Make the lines of one root as the change says: a line for each day that is still to come."""
        root = self.env["purchase.order.line"].browse(int(change.ref))
        lines = self._distrib_line_groups()[root]
        coming = lines.filtered(lambda line: line.product_qty > line.qty_received).sorted("date_planned")
        price = change.price / (1 - root.discount / 100) if root.discount < 100 else root.price_unit
        for index, delivery in enumerate(change.deliveries):
            if index < len(coming):
                coming[index]._distrib_set(coming[index].qty_received + delivery.quantity, price, delivery.day)
            else:
                self._distrib_split(root, delivery, price)
        for line in coming[len(change.deliveries) :]:
            line._distrib_set(line.qty_received, price, line._distrib_day())
        if "price" in change.kinds:
            (lines - coming)._distrib_set_price(price)

    def _distrib_split(self, root, delivery, price):
        """A further line, received by a receipt of its own."""
        line = root.copy(
            {
                "order_id": self.id,
                "product_qty": delivery.quantity,
                "price_unit": price,
                "date_planned": root._convert_to_middle_of_day(delivery.day),
                "distrib_root_id": root.id,
                "move_dest_ids": False,
            }
        )
        line._distrib_set(delivery.quantity, price, delivery.day)
        line._distrib_own_receipt()
        return line


class PurchaseOrderLineAnswered(models.Model):
    _inherit = "purchase.order.line"

    def _distrib_set(self, quantity, price, day):
        """Quantity, price and day in one write: alone, each of them would be computed anew from the price list."""
        self.ensure_one()
        moment = self._convert_to_middle_of_day(day)
        if day == self._distrib_day():
            moment = self.date_planned
        values = {"product_qty": quantity, "price_unit": price, "date_planned": moment}
        fresh = {name: value for name, value in values.items() if self[name] != value}
        if "product_qty" in fresh:
            fresh = values
        if fresh:
            self.write(fresh)
        # core writes the deadline of the moves and leaves their expected day, by which stock is forecast
        self.move_ids.filtered(lambda m: m.state not in ("done", "cancel") and m.date != moment).date = moment

    def _distrib_set_price(self, price):
        for line in self.filtered(lambda line: line.price_unit != price):
            line.price_unit = price

    def _distrib_own_receipt(self):
        """Goods that come on another day are another receipt."""
        moves = self.move_ids.filtered(lambda m: m.state not in ("done", "cancel"))
        if not moves:
            return
        day = self._distrib_day()
        receipts = self.order_id.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))
        fitting = receipts.filtered(
            lambda p: (
                p.move_ids - moves and all(line._distrib_day() == day for line in (p.move_ids - moves).purchase_line_id)
            )
        )
        receipt = fitting[:1] or self.env["stock.picking"].create(self.order_id._prepare_picking())
        moves._do_unreserve()
        moves.picking_id = receipt
        moves._action_assign()
