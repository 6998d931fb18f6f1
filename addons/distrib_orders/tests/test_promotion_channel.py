from datetime import timedelta

from odoo import fields
from odoo.addons.distrib_inventory.tests.common import DistribCommon
from odoo.exceptions import UserError
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestPromotionChannel(DistribCommon):
    def test_a_promotion_of_a_channel_reaches_the_warehouses_that_ship_for_it(self):
        channel = self.env["distrib.channel"].create(
            {"name": "Test Shop", "code": "test_promotion_shop", "warehouse_ids": [self.store_east.id, self.central.id]}
        )
        first = fields.Date.today() + timedelta(5)
        promotion = self.env["distrib.promotion"].create(
            {"name": "Test Live", "date_from": first, "date_to": first, "channel_ids": [channel.id]}
        )
        self.assertEqual(promotion._places(), self.store_east | self.central)
        promotion.region_ids = self.store_east.region_id
        self.assertEqual(promotion._places(), self.store_east)
        promotion.channel_ids = False
        promotion.region_ids = False
        self.assertIsNone(promotion._places())
        promotion.action_confirm()
        with self.assertRaises(UserError):
            promotion.channel_ids = channel
