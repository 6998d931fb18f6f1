from datetime import timedelta

from odoo import api, fields, models

UNPAID = ("unpaid", "overdue", "returned", "in_transit", "late", "exception")
BATCH = 60


class Demo(models.AbstractModel):
    """What followed the orders: deliveries, invoices, payments and returns, each on its day."""

    _inherit = "distrib.demo"

    @api.model
    def _steps(self):
        return [
            *super()._steps(),
            (84, "deliveries", self._build_deliveries),
            (85, "returns", self._build_returns),
            (87, "invoices", self._build_invoices),
            (88, "payments", self._build_payments),
        ]

    def _shipped(self, made, *fates):
        """(generated order, sale order) of what has left, oldest first."""
        by_ref = made.extra["orders"]
        return [
            (order, by_ref[order.ref])
            for order in made.network.orders
            if order.ref in by_ref and order.fate in (fates or self._shipped_fates())
        ]

    def _build_deliveries(self, made):
        pairs = [(order, sale) for order, sale in self._shipped(made) if sale.picking_ids]
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            pickings = self.env["stock.picking"].union(*(sale.picking_ids for _order, sale in batch))
            pickings = pickings.filtered(lambda picking: picking.state not in ("done", "cancel"))
            pickings.move_ids.picked = True
            self._before_delivery(made, batch)
            pickings.with_context(cancel_backorder=True)._action_done()
        self._date_deliveries({sale.id: self._left_at(made, order) for order, sale in pairs})

    def _left_at(self, made, order):
        """The next morning, but no later than now; what is late on the road left well before."""
        days = {"late": 7, "exception": 4}.get(order.fate, 0)
        left = self._noon(order.day, hour=10) + timedelta(days=1) - timedelta(days=days)
        return min(left, fields.Datetime.now() - timedelta(hours=1))

    def _date_deliveries(self, left):
        """``left``: sale order id -> datetime."""
        pickings = self.env["stock.picking"].search([("sale_id", "in", list(left)), ("state", "=", "done")])
        self._date_pickings({picking.id: left[picking.sale_id.id] for picking in pickings})

    def _date_pickings(self, dates):
        """``dates``: picking id -> datetime."""
        pickings = self.env["stock.picking"].browse(dates)
        created = {key: at - timedelta(hours=6) for key, at in dates.items()}
        self._backdate(pickings, created, ("create_date", "scheduled_date"))
        self._backdate(pickings, dates, ("date_done",))
        for records in (pickings.move_ids, pickings.move_line_ids):
            self._backdate(records, {record.id: dates[record.picking_id.id] for record in records}, ("date",))
        pickings.sale_id._compute_effective_date()

    def _build_returns(self, made):
        """The first product of some orders comes back a week later."""
        dates = {}
        for order, sale in self._shipped(made, "returned"):
            picking = sale.picking_ids.filtered(lambda p: p.state == "done")[:1]
            if not picking:
                continue
            wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
            wizard.product_return_moves.quantity = 0
            wizard.product_return_moves[0].quantity = wizard.product_return_moves[0].move_id.quantity
            back = wizard._create_return()
            back.move_ids.picked = True
            back._action_done()
            dates[back.id] = self._left_at(made, order) + timedelta(days=7)
        self._date_pickings(dates)

    def _build_invoices(self, made):
        """One invoice for each delivered order, dated on the Sunday after the goods left.

        The date goes in by the context: written later it would compute each invoice twice.
        """
        weeks = {}
        for order, sale in self._shipped(made):
            if sale.invoice_status == "to invoice":
                left = self._left_at(made, order).date()
                sunday = min(left + timedelta(days=6 - left.weekday()), made.network.until)
                weeks[sunday] = weeks.get(sunday, sale.browse()) | sale
        moves = self.env["account.move"]
        for sunday, orders in sorted(weeks.items()):
            moves |= orders.with_context(default_invoice_date=sunday)._create_invoices(grouped=True)
        moves.action_post()
        made.extra["invoices"] = moves

    def _build_payments(self, made):
        """Most pay on the day that is due; those who do not are the overdue ones."""
        unpaid = {sale.id for _order, sale in self._shipped(made, *UNPAID)}
        invoices = made.extra.get("invoices", self.env["account.move"]).filtered(
            lambda move: not unpaid & set(move.line_ids.sale_line_ids.order_id.ids)
        )
        # One wizard takes one date; dealers settle a month's invoices together.
        for _month, moves in invoices.grouped(lambda move: (move.invoice_date.year, move.invoice_date.month)).items():
            paid_on = min(max(moves.mapped("invoice_date_due")), made.network.until)
            self.env["account.payment.register"].with_context(active_model="account.move", active_ids=moves.ids).create(
                {"payment_date": paid_on, "group_payment": True}
            )._create_payments()
