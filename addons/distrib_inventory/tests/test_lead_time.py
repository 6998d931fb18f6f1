from datetime import datetime, timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .demand_common import TODAY, DemandCommon


@tagged("post_install", "-at_install")
class TestLeadTime(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Lead = cls.env["distrib.lead.time"]
        cls.Receipt = cls.env["distrib.lead.receipt"]
        cls.Receipt.search([]).unlink()
        cls.partner = cls.supplier(cls.product_a, cls.product_b, delay=5)
        cls.now = fields.Datetime.now().replace(microsecond=0)

    def buy(self, days, ago=10, product=None, received=None, quantity=10, promised=5):
        """An order of ``quantity`` received after ``days``, the last receipt ``ago`` days back."""
        product = product or self.product_a
        ordered = self.now - timedelta(days=ago + days)
        order = self.env["purchase.order"].create(
            {
                "partner_id": self.partner.id,
                "picking_type_id": self.central.in_type_id.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_qty": quantity,
                            "price_unit": 1,
                            "date_planned": ordered + timedelta(days=promised),
                        }
                    )
                ],
            }
        )
        order.button_confirm()
        order.date_approve = ordered
        moves = order.picking_ids.move_ids
        done = self.finish(moves, received)
        done.filtered(lambda move: move.state == "done").date = self.now - timedelta(days=ago)
        return order

    def send(self, days, ago=10, product=None):
        """A transfer in two legs from the regional warehouse to the store."""
        product = product or self.product_a
        transit = self.company.internal_transit_location_id
        self.add_stock(product, self.regional_east, 10)
        arriving = self.new_move(product, 10, transit, self.store_east.lot_stock_id, confirm=False)
        leaving = self.new_move(
            product,
            10,
            self.regional_east.lot_stock_id,
            transit,
            confirm=False,
            move_dest_ids=[Command.link(arriving.id)],
        )
        (leaving + arriving)._action_confirm(merge=False)
        self.finish(leaving)
        self.finish(arriving)
        arriving.date = self.now - timedelta(days=ago)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE stock_move SET create_date = %s WHERE id = ANY(%s)",
            (self.now - timedelta(days=ago + days), (leaving + arriving).ids),
        )
        return arriving

    def measured(self, level="supplier", **values):
        self.Lead._measure(self.company)
        domain = [("company_id", "=", self.company.id), ("level", "=", level)]
        return self.Lead.search([*domain, *((name, "=", record.id) for name, record in values.items())])

    def test_receipts_of_a_supplier_give_mean_and_punctuality(self):
        for days in (4, 6, 8):
            self.buy(days)
        found = self.measured(partner_id=self.partner)
        self.assertAlmostEqual(found.receipts, 3)
        self.assertAlmostEqual(found.own_mean, 6, places=1)
        self.assertAlmostEqual(found.own_sigma, 2, places=1)
        self.assertAlmostEqual(found.planned, 5)
        self.assertAlmostEqual(found.difference, 1, places=1)
        self.assertAlmostEqual(found.on_time, 1 / 3)
        self.assertTrue(found.is_used)

    def test_again_takes_nothing_twice_and_takes_what_is_new(self):
        self.buy(4)
        self.measured()
        self.assertEqual(self.Receipt.search_count([("partner_id", "=", self.partner.id)]), 1)
        self.assertEqual(self.Receipt._collect(self.company), 0)
        # done long ago, but entered only now: an earlier date does not hide it
        self.buy(8, ago=60)
        self.assertEqual(self.Receipt._collect(self.company), 1)

    def test_a_partial_receipt_counts_by_its_part(self):
        order = self.buy(4, received=4)
        rest = order.picking_ids.move_ids.filtered(lambda move: move.state != "done")
        self.finish(rest)
        rest.date = order.date_approve + timedelta(days=9)
        found = self.measured(partner_id=self.partner)
        self.assertAlmostEqual(found.receipts, 1)
        self.assertAlmostEqual(found.own_mean, 0.4 * 4 + 0.6 * 9, places=1)

    def test_returns_are_no_receipts(self):
        order = self.buy(4)
        move = order.picking_ids.move_ids
        back = self.new_move(
            self.product_a, 10, move.location_dest_id, move.location_id, origin_returned_move_id=move.id,
            purchase_line_id=order.order_line.id,
        )  # fmt: skip
        self.finish(back)
        again = self.new_move(
            self.product_a, 10, move.location_id, move.location_dest_id, origin_returned_move_id=back.id,
            purchase_line_id=order.order_line.id,
        )  # fmt: skip
        self.finish(again)
        self.measured()
        self.assertEqual(self.Receipt.search([("partner_id", "=", self.partner.id)]).move_id, move)

    def test_transfers_in_two_legs_are_a_lane(self):
        self.store_east.supply_lead_days = 2
        for days in (3, 3, 4):
            self.send(days)
        found = self.measured("lane", source_warehouse_id=self.regional_east, warehouse_id=self.store_east)
        self.assertAlmostEqual(found.receipts, 3)
        self.assertAlmostEqual(found.own_mean, 10 / 3, places=1)
        self.assertAlmostEqual(found.planned, 2)
        product = self.measured("lane_product", warehouse_id=self.store_east, product_id=self.product_a)
        self.assertAlmostEqual(product.own_mean, 10 / 3, places=1)

    def test_one_wild_receipt_does_not_carry_the_mean(self):
        for days in (5, 5, 6, 5, 6, 5):
            self.buy(days)
        self.buy(120)
        found = self.measured(partner_id=self.partner)
        self.assertEqual(found.outliers, 1)
        self.assertLess(found.own_mean, 7)

    def test_a_product_with_few_receipts_leans_on_its_supplier(self):
        for _time in range(6):
            self.buy(10)
        self.buy(4, product=self.product_b)
        few = self.measured("supplier_product", partner_id=self.partner, product_id=self.product_b)
        self.assertAlmostEqual(few.own_mean, 4, places=1)
        self.assertGreater(few.mean, 7)
        self.assertFalse(few.is_used)

    def test_a_long_lane_is_not_drawn_to_short_ones(self):
        self.store_east.supply_lead_days, self.store_south.supply_lead_days = 2, 8
        for place, days in ((self.store_east, 2), (self.store_south, 8)):
            for _time in range(3):
                self.Receipt.create(
                    {
                        "source_warehouse_id": place.supply_parent_id.id,
                        "warehouse_id": place.id,
                        "product_id": self.product_a.id,
                        "ordered_on": self.now - timedelta(days=30),
                        "received_on": self.now - timedelta(days=30 - 1.5 * days),
                    }
                )
        for place, days in ((self.store_east, 3), (self.store_south, 12)):
            self.assertAlmostEqual(self.measured("lane", warehouse_id=place).mean, days)

    def policy(self, product, warehouse):
        self.Policy._recompute(as_of=TODAY, company=self.company)
        network = {w.id: w for w in self.env["stock.warehouse"].search([("company_id", "=", self.company.id)])}
        pairs = self.env["distrib.echelon"]._pairs_of_policies(self.company)
        inputs = self.Policy._policy_inputs(pairs, network, self.company)
        row = ((pairs.product_id == product.id) & (pairs.warehouse_id == warehouse.id)).nonzero()[0][0]
        names = ("unknown", "planned", "measured", "zero")
        return round(float(inputs.lead_days[row]), 2), names[inputs.lead_source[row]]

    def test_policies_follow_what_is_measured(self):
        self.sell(self.product_a, self.store_east, [2] * 30)
        self.assertEqual(self.policy(self.product_a, self.central), (5, "planned"))
        for _time in range(3):
            self.buy(9)
        self.Lead._measure(self.company)
        self.assertEqual(self.policy(self.product_a, self.central), (9, "measured"))
        self.company.distrib_lead_receipts = 4
        self.assertEqual(self.policy(self.product_a, self.central), (5, "planned"))

    def test_zero_and_unknown_are_seen(self):
        self.store_east.supply_lead_days = 0
        self.sell(self.product_a, self.store_east, [2] * 30)
        self.assertEqual(self.policy(self.product_a, self.store_east), (0, "zero"))
        lonely = self.env["product.product"].create({"name": "Test Orphan", "is_storable": True})
        self.sell(lonely, self.store_east, [2] * 30)
        self.assertEqual(self.policy(lonely, self.central), (0, "unknown"))

    def test_receipts_before_this_system_may_be_entered(self):
        planner = self.Receipt.with_user(self.users["planner"])
        for days in (7, 7, 7):
            planner.create(
                {
                    "partner_id": self.partner.id,
                    "warehouse_id": self.central.id,
                    "product_id": self.product_a.id,
                    "ordered_on": self.now - timedelta(days=30),
                    "received_on": self.now - timedelta(days=30 - days),
                }
            )
        found = self.measured(partner_id=self.partner)
        self.assertAlmostEqual(found.own_mean, 7)
        self.assertFalse(found.has_promise)
        with self.assertRaises(AccessError):
            self.Receipt.with_user(self.users["viewer"]).create({"product_id": self.product_a.id})

    def test_measuring_by_hand(self):
        self.buy(4)
        result = self.Lead.with_user(self.users["planner"]).action_measure()
        self.assertEqual(result["params"]["type"], "success")
        with self.assertRaises(AccessError):
            self.Lead.with_user(self.users["viewer"]).action_measure()
        found = self.Lead.search([("partner_id", "=", self.partner.id), ("level", "=", "supplier")])
        self.assertEqual(self.Receipt.search(found.action_view_receipts()["domain"]).days, 4)
        with self.assertRaises(AccessError):
            self.Lead.with_user(self.new_user()).search([])

    def test_the_night_job_does_all_companies(self):
        self.buy(4)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.Lead.with_env(self.env(cr=cr))._cron_measure()
        self.Lead.invalidate_model()
        self.assertTrue(self.Lead.search([("partner_id", "=", self.partner.id)]))
        self.assertIsInstance(self.Lead.search([], limit=1).computed_on, datetime)
