from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import SalesCommon


@tagged("post_install", "-at_install")
class TestSalesCard(SalesCommon):
    def _card(self, role):
        cards = self.env["distrib.home"].with_user(self.users[role]).get_cards()
        return next((card for card in cards if card["key"] == "sales_yesterday"), None)

    def test_yesterday_against_the_same_weekday(self):
        yesterday = fields.Date.context_today(self.env["sale.order"]) - timedelta(days=1)
        home = self.env["distrib.home"]
        day, usual = home._day_sales(yesterday)
        self.sell(yesterday, (self.product_a, 10, 3.0))
        self.sell(yesterday - timedelta(days=7), (self.product_a, 10, 8.0))
        self.sell(yesterday - timedelta(days=3), (self.product_a, 10, 100.0))
        self.sell(yesterday - timedelta(weeks=9), (self.product_a, 10, 100.0))
        after_day, after_usual = home._day_sales(yesterday)
        self.assertEqual(after_day - day, 30)
        self.assertAlmostEqual(after_usual - usual, 80 / 8)

    def test_the_card_is_the_managers(self):
        self.assertIsNone(self._card("order_clerk"))
        card = self._card("manager")
        self.assertEqual(card["area"], "orders")
        self.assertEqual(card["action"]["res_model"], "distrib.sales.report")

    def test_nothing_sold_is_no_good_news(self):
        yesterday = fields.Date.context_today(self.env["sale.order"]) - timedelta(days=1)
        self.env["sale.order"].search([("date_order", ">=", yesterday)]).date_order = yesterday - timedelta(days=30)
        self.sell(yesterday - timedelta(days=7), (self.product_a, 10, 8.0))
        card = self._card("manager")
        self.assertEqual(card["tone"], "warning")
        self.assertIn("-100%", card["subtitle"])
