import psycopg2
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import OrdersCommon


@tagged("post_install", "-at_install")
class TestDealer(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier = cls.env.ref("distrib_orders.dealer_tier_gold")
        cls.own_prices, cls.tier_prices = cls.env["product.pricelist"].create(
            [
                {"name": "Test Own", "item_ids": [(0, 0, {"compute_price": "percentage", "percent_price": 50})]},
                {"name": "Test Gold", "item_ids": [(0, 0, {"compute_price": "percentage", "percent_price": 10})]},
            ]
        )
        cls.product_a.list_price = 100
        cls.top, cls.sub = cls.env["res.partner"].create(
            [
                {"name": "Test Top", "is_dealer": True, "dealer_code": "TOP", "is_company": True},
                {"name": "Test Sub", "is_dealer": True, "dealer_code": "SUB", "is_company": True},
            ]
        )
        cls.sub.dealer_parent_id = cls.top

    def test_prices_of_the_tier(self):
        self.top.dealer_tier_id = self.tier
        self.tier.pricelist_id = self.tier_prices
        self.assertEqual(self.top.property_product_pricelist, self.tier_prices)
        buyer = self.env["res.partner"].create({"name": "Test Contact", "parent_id": self.top.id})
        self.assertEqual(buyer.property_product_pricelist, self.tier_prices)
        (answer,) = self.submit({"external_id": "T-1", "dealer_code": "TOP", "lines": [{"sku": "TEA", "quantity": 1}]})
        self.assertEqual(self.order_of(answer).amount_untaxed, 90)

    def test_own_pricelist_goes_before_the_tier(self):
        self.env.ref("base.group_user")._apply_group(self.env.ref("product.group_product_pricelist"))
        self.top.dealer_tier_id = self.tier
        self.tier.pricelist_id = self.tier_prices
        self.top.property_product_pricelist = self.own_prices
        self.assertEqual(self.top.property_product_pricelist, self.own_prices)

    def test_prices_of_others_are_cores(self):
        self.tier.pricelist_id = self.tier_prices
        self.assertNotEqual(self.sub.property_product_pricelist, self.tier_prices)

    def test_portal_user_gets_the_tiers_price(self):
        self.top.dealer_tier_id = self.tier
        self.tier.pricelist_id = self.tier_prices
        portal = self.env["res.users"].create(
            {
                "name": "Test Portal",
                "login": "test_portal_dealer",
                "group_ids": [(6, 0, [self.env.ref("base.group_portal").id])],
            }
        )
        portal.partner_id.parent_id = self.top
        pricelist = self.top.with_user(portal).sudo().property_product_pricelist
        self.assertEqual(pricelist, self.tier_prices)

    def test_no_loop_of_superiors(self):
        with self.assertRaises(ValidationError):
            self.top.dealer_parent_id = self.sub

    def test_descendants(self):
        below = self.env["res.partner"].create({"name": "Test Low", "is_dealer": True, "dealer_parent_id": self.sub.id})
        self.assertEqual(self.top._dealer_descendants(), self.sub | below)
        # The sub-dealer is no child in core's sense, so no record rule opens his orders to the superior.
        self.assertFalse(self.sub.parent_id)

    def test_numbers_are_unique_and_may_be_missing(self):
        self.env["res.partner"].create([{"name": "Test 1", "dealer_code": " "}, {"name": "Test 2", "dealer_code": ""}])
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env["res.partner"].create({"name": "Test 3", "dealer_code": "TOP "}).flush_recordset()

    def test_counts(self):
        self.top.dealer_tier_id = self.tier
        self.submit({"external_id": "T-1", "dealer_code": "TOP", "lines": [{"sku": "TEA", "quantity": 1}]})
        self.assertEqual(self.top.dealer_order_count, 1)
        self.assertIn(self.top, self.env["res.partner"].search(self.tier.action_open_dealers()["domain"]))
        self.assertEqual(self.top.action_open_dealer_orders()["res_model"], "sale.order")
