from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged

from .common import OrdersCommon


@tagged("post_install", "-at_install")
class TestDemandOrders(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Demand = cls.env["distrib.demand"]
        cls.env.cr.execute("UPDATE stock_move SET state = 'cancel' WHERE state = 'done'")
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.product_a.list_price = 10
        cls.customer = cls.env["res.partner"].create({"name": "Test Customer Co", "is_company": True})
        for warehouse in (cls.regional_east, cls.regional_south):
            cls.add_stock(cls.product_a, warehouse, 1000)
        horizon = patch.object(type(cls.Demand), "_horizon", lambda model: fields.Datetime.now() - timedelta(days=1))
        cls.startClassPatcher(horizon)

    def order(self, days_ago, quantity=5, price=10.0, discount=0.0, ships_from=None, unit=None):
        """An order of the east, delivered some days ago at noon in China."""
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "warehouse_id": self.regional_east.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_a.id,
                            "product_uom_qty": quantity,
                            "price_unit": price,
                            "discount": discount,
                            **({"product_uom_id": unit.id} if unit else {}),
                        }
                    )
                ],
            }
        )
        if ships_from:
            order.order_line.routed_warehouse_id = ships_from
        order.action_confirm()
        move = order.order_line.move_ids
        self.finish(move)
        day = fields.Date.today() - timedelta(days=days_ago)
        move.date = datetime(day.year, day.month, day.day, 4)
        return day

    def rows(self, warehouse):
        self.env.flush_all()
        self.Demand._sync(self.company)
        found = self.Demand.search([("product_id", "=", self.product_a.id), ("warehouse_id", "=", warehouse.id)])
        return {row.day: row for row in found}

    def test_price_and_depth_come_from_the_orders(self):
        for days_ago in range(20, 10, -1):
            self.order(days_ago)
        cheap = self.order(5, discount=25)
        gift = self.order(4, price=0)
        dozen = self.order(3, quantity=1, price=120, unit=self.env.ref("uom.product_uom_dozen"))
        rows = self.rows(self.regional_east)
        self.assertEqual((rows[cheap].price, rows[cheap].promotion), (7.5, 0.25))
        self.assertFalse(rows[gift].price)
        self.assertEqual((rows[dozen].quantity, rows[dozen].price, rows[dozen].promotion), (12, 10, 0))

    def test_a_customer_who_always_pays_less_has_no_promotion(self):
        days = [self.order(days_ago, price=7) for days_ago in range(20, 10, -1)]
        rows = self.rows(self.regional_east)
        self.assertEqual({rows[day].promotion for day in days}, {0.0})

    def test_where_a_substitute_counts(self):
        day = self.order(5, ships_from=self.regional_south)
        self.assertEqual(self.rows(self.regional_south)[day].quantity, 5)
        self.assertFalse(self.rows(self.regional_east))
        self.company.distrib_demand_place = "asked"
        self.env["distrib.demand.source"].create({"warehouse_id": self.regional_east.id, "source": "moves"})
        self.assertEqual(self.rows(self.regional_east)[day].quantity, 5)
        self.assertFalse(self.rows(self.regional_south), "and it is not counted twice")
