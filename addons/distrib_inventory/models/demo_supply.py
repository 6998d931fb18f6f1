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
        """Both legs of each transfer, the first one done: the goods are on the road."""

    def _build_policies(self, made):
        """Policies and proposals from the history."""
