from odoo.tests import tagged

from .proposal_common import ProposalCommon


@tagged("post_install", "-at_install")
class TestProposalLateral(ProposalCommon):
    """Tea is short in Nanjing and Suzhou; Shenzhen, far away on another line of supply, hardly sells any."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sell(cls.product_a, cls.store_south, [0] * 20 + [1] + [0] * 9)
        cls.recompute()

    def lateral(self):
        return self.live(("kind", "=", "lateral"))

    def test_excess_goes_where_sales_would_be_lost(self):
        self.add_stock(self.product_a, self.store_south, 60)
        self.generate()
        move = self.lateral()
        self.assertEqual(
            (move.product_id, move.source_warehouse_id, move.warehouse_id),
            (self.product_a, self.store_south, self.store_east),
        )
        keep = max(self.policy(self.product_a, self.store_south).order_up_to, 30 / 30)
        self.assertLessEqual(move.quantity, 60 - keep)
        self.assertLessEqual(move.quantity, self.policy(self.product_a, self.store_east).order_up_to + 1)
        self.assertFalse(self.one(self.product_a, self.store_east, "transfer"), "nothing is to be had from Suzhou")
        self.assertIn("Test Shenzhen Shop has", move.reason)
        self.assertIn("km away", move.reason)
        self.assertGreater(move.reason_data["margin_saved"], move.reason_data["move_cost"])

    def test_accepted_it_is_a_transfer_and_the_need_is_gone(self):
        self.add_stock(self.product_a, self.store_south, 60)
        self.generate()
        move = self.lateral()
        move.with_user(self.planner).action_accept()
        out = move.move_ids.filtered(lambda m: m.location_id.usage == "internal")
        self.assertEqual((out.location_id, out.state), (self.store_south.lot_stock_id, "assigned"))
        self.generate()
        self.assertFalse(self.lateral())

    def test_the_way_must_pay(self):
        self.add_stock(self.product_a, self.store_south, 60)
        self.company.distrib_lateral_fixed_cost = 5000
        self.generate()
        self.assertFalse(self.lateral())
        self.company.distrib_lateral_fixed_cost = 0
        self.company.distrib_lateral_tonne_km = 10000
        self.generate()
        self.assertFalse(self.lateral(), "1,200 km at that price cost more than the margin of 6")

    def test_only_what_exceeds_the_own_need_of_the_horizon(self):
        self.sell(self.product_a, self.store_south, [2] * 30)
        self.recompute()
        self.add_stock(self.product_a, self.store_south, 60)
        self.generate()
        self.assertFalse(self.lateral(), "60 are its own need of 30 days")
        self.company.distrib_lateral_days = 10
        self.generate()
        self.assertTrue(self.lateral())

    def test_never_a_dealers_goods(self):
        self.add_stock(self.product_a, self.dealer_warehouse, 500, owner=self.dealer)
        self.sell(self.product_a, self.dealer_warehouse, [0] * 29 + [1])
        self.recompute()
        self.generate()
        self.assertFalse(self.lateral())

    def test_never_reserved_allocated_or_foreign_goods(self):
        self.add_stock(self.product_a, self.store_south, 60, owner=self.dealer)
        self.generate()
        self.assertFalse(self.lateral())
        self.add_stock(self.product_a, self.store_south, 60)
        customer = self.env.ref("stock.stock_location_customers")
        self.new_move(self.product_a, 58, self.store_south.lot_stock_id, customer)._action_assign()
        self.generate()
        self.assertFalse(self.lateral())

    def test_the_setting_switches_it_off(self):
        self.add_stock(self.product_a, self.store_south, 60)
        self.company.distrib_lateral = False
        self.generate()
        self.assertFalse(self.lateral())

    def test_unknown_places_are_not_guessed(self):
        self.add_stock(self.product_a, self.store_south, 60)
        self.store_south.write({"region_id": False, "latitude": 0, "longitude": 0})
        self.generate()
        self.assertFalse(self.lateral())
