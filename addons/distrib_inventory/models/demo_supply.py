from datetime import timedelta

import numpy as np
from odoo import fields, models


class Demo(models.AbstractModel):
    """The past that planning reads, the goods on their way, and what planning makes of them."""

    _inherit = "distrib.demo"

    def _build_history(self, made):
        """Sales less returns as daily demand, and the weather of the cities."""
        history, weather = made.network.history, made.network.weather
        warehouse_ids, product_ids = np.array(made.warehouses.ids), np.array(made.products.ids)
        known = ~np.isnan(history.quantity)
        pair, day = np.nonzero(known)
        self.env["distrib.demand"]._write_days(
            product_ids[history.product][pair],
            warehouse_ids[history.warehouse][pair],
            history.days[day],
            (history.quantity - history.returned)[known],
            in_stock=history.in_stock[known],
            price=history.price[known],
            promotion=history.promotion[known],
        )
        regions = np.array([self._region(city).id for city in weather.cities])
        count = len(weather.days)
        measures = np.full((4, len(regions) * count), np.nan)
        measures[0], measures[1] = weather.temperature.ravel(), weather.rain.ravel()
        # Float noise of the 32-bit values would show in the table.
        self.env["distrib.weather"]._write_days(
            np.repeat(regions, count), np.tile(weather.days, len(regions)), np.round(measures, 1), source="service"
        )

    def _build_supplies(self, made):
        supplies = made.network.supplies
        self._build_purchases(made, [s for s in supplies if s.kind == "purchase"])
        self._build_transfers(made, [s for s in supplies if s.kind == "transfer"])

    def _build_purchases(self, made, supplies):
        orders = self.env["purchase.order"].create(
            [
                {
                    "partner_id": made.suppliers[s.source].id,
                    "picking_type_id": made.warehouses[s.target].in_type_id.id,
                    "date_order": self._noon(s.ordered),
                    "order_line": [
                        fields.Command.create(
                            {
                                "product_id": made.products[product].id,
                                "product_qty": pieces,
                                "price_unit": made.network.products[product].cost,
                                "date_planned": self._noon(s.expected),
                            }
                        )
                        for product, pieces in s.lines
                    ],
                }
                for s in supplies
            ]
        )
        orders.button_confirm()
        dates = {order.id: self._noon(s.ordered) for order, s in zip(orders, supplies, strict=True)}
        self._backdate(orders, dates, ("create_date", "date_approve", "date_order"))

    def _build_transfers(self, made, supplies):
        """Both legs of each transfer as accepted proposals make them; those on the road have left."""
        pickings = self.env["stock.picking"].create(
            [
                values
                for s in supplies
                for values in self.env["distrib.proposal"]._leg_values(
                    made.warehouses[s.source], made.warehouses[s.target], s.ordered, s.expected
                )
            ]
        )
        pickings.origin = False
        moves = self.env["stock.move"]
        for place, supply in enumerate(supplies):
            moves += self._leg_moves(made, supply, pickings[2 * place], pickings[2 * place + 1])
        moves._action_confirm(merge=False)
        outgoing = pickings[::2]
        outgoing.action_assign()
        left = outgoing.filtered(lambda p: p.state == "assigned" and p.scheduled_date.date() <= made.network.until)
        left.move_ids.picked = True
        left.with_context(cancel_backorder=True)._action_done()
        for name in ("date_done", "create_date"):
            self._backdate(left, {picking.id: picking.scheduled_date for picking in left}, (name,))

    def _leg_moves(self, made, supply, out, into):
        first, second = ([self._leg_move_vals(made, leg, line) for line in supply.lines] for leg in (out, into))
        arriving = self.env["stock.move"].create(second)
        for values, move in zip(first, arriving, strict=True):
            values["move_dest_ids"] = [fields.Command.link(move.id)]
        return self.env["stock.move"].create(first) + arriving

    def _leg_move_vals(self, made, picking, line):
        product = made.products[line[0]]
        return {
            "picking_id": picking.id,
            "picking_type_id": picking.picking_type_id.id,
            "product_id": product.id,
            "product_uom": product.uom_id.id,
            "product_uom_qty": line[1],
            "location_id": picking.location_id.id,
            "location_dest_id": picking.location_dest_id.id,
            "company_id": picking.company_id.id,
            "date": picking.scheduled_date,
        }

    def _build_policies(self, made):
        """Policies and proposals from the history; a few proposals are decided already."""
        as_of = made.network.until + timedelta(days=1)
        # a week ago once more: so that one forecast is there whose week is over
        for day in (as_of - timedelta(days=7), as_of):
            self.env["distrib.policy"]._recompute(as_of=day)
        proposals = self.env["distrib.proposal"]
        proposals._generate(as_of=as_of)
        for kind in ("transfer", "purchase"):
            found = proposals.search([("kind", "=", kind), ("state", "=", "open")])
            found[: min(4, len(found) // 2)].filtered(lambda p: p.kind == "transfer" or p.partner_id).action_accept()
