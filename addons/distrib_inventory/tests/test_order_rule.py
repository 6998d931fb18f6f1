import numpy as np
from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..engine import order_rules as engine
from .demand_common import TODAY, DemandCommon


@tagged("post_install", "-at_install")
class TestOrderRule(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["distrib.order.rule"]
        cls.Cap = cls.env["distrib.order.cap"]
        cls.Rule.search([]).unlink()
        cls.Cap.search([]).unlink()
        cls.partner = cls.supplier(cls.product_a, cls.product_b, min_qty=20)
        cls.product_a.standard_price, cls.product_b.standard_price = 10, 2

    def terms(self, product=None, warehouse=None, partner=None, today=TODAY, **more):
        product, warehouse = product or self.product_a, warehouse or self.central
        partner = self.partner if partner is None else partner
        return self.Rule._limits(
            np.array([warehouse.id]), np.array([product.id]), np.array([partner.id or 0]), self.company, today, **more
        )

    def test_without_rules_the_price_list_speaks(self):
        limits = self.terms().limits
        self.assertEqual((limits.minimum[0], limits.multiple[0], limits.pallet[0]), (20, 1, 0))
        transfer = self.terms(partner=self.env["res.partner"]).limits
        self.assertEqual((transfer.minimum[0], transfer.multiple[0]), (0, 1))

    def test_a_price_list_in_dozens_counts_in_dozens(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.product_a.seller_ids.write({"product_uom_id": dozen.id, "min_qty": 2})
        limits = self.terms().limits
        self.assertEqual((limits.minimum[0], limits.multiple[0]), (24, 12))

    def test_each_thing_comes_from_the_first_rule_that_sets_it(self):
        self.Rule.create(
            [
                {"sequence": 1, "product_id": self.product_a.id, "multiple": 6},
                {"sequence": 2, "partner_id": self.partner.id, "multiple": 12, "pallet": 144, "minimum": 36},
                {"sequence": 3, "pallet": 999},
            ]
        )
        limits = self.terms().limits
        self.assertEqual((limits.multiple[0], limits.pallet[0], limits.minimum[0]), (6, 144, 36))
        self.assertEqual(self.terms(self.product_b).limits.multiple[0], 12)
        other = self.terms(partner=self.env["res.partner"].create({"name": "Test Another Supplier"}))
        self.assertEqual(other.limits.pallet[0], 999)

    def test_a_rule_of_a_supplier_holds_for_its_addresses(self):
        self.Rule.create({"partner_id": self.partner.id, "multiple": 12})
        address = self.env["res.partner"].create({"name": "Test Depot", "parent_id": self.partner.id})
        self.assertEqual(self.terms(partner=address).limits.multiple[0], 12)

    def test_conditions_of_place_and_category(self):
        above = self.env["product.category"].create({"name": "Test Branch"})
        self.Rule.create({"warehouse_id": self.central.id, "categ_id": above.id, "multiple": 7})
        self.product_a.categ_id = self.env["product.category"].create({"name": "Test Leaf", "parent_id": above.id})
        self.assertEqual(self.terms().limits.multiple[0], 7)
        self.assertEqual(self.terms(warehouse=self.regional_east).limits.multiple[0], 1)
        self.product_a.categ_id = self.env["product.category"].create({"name": "Test Other"})
        self.assertEqual(self.terms().limits.multiple[0], 1)

    def test_a_packaging_gives_the_multiple(self):
        rule = self.Rule.create(
            {"product_id": self.product_a.id, "pack_uom_id": self.env.ref("uom.product_uom_dozen").id}
        )
        self.assertEqual(rule.multiple, 12)

    def test_order_days_and_the_gap_between_them(self):
        # 1 July 2024 is a Monday
        self.Rule.create({"partner_id": self.partner.id, "tuesday": True, "thursday": True})
        terms = self.terms()
        self.assertEqual(
            (bool(terms.may_order[0]), str(terms.next_review[0]), terms.review_days[0]), (False, "2024-07-02", 5)
        )
        self.assertTrue(self.terms(today=fields.Date.to_date("2024-07-04")).may_order[0])
        self.assertTrue(self.terms(partner=self.env["res.partner"]).may_order[0])

    def test_policies_last_through_the_gap(self):
        self.company.distrib_review_days = 1
        self.Rule.create([{"partner_id": self.partner.id, "monday": True}, {"warehouse_id": self.store_east.id, "friday": True,
                          "monday": True}])  # fmt: skip
        ids = (np.array([self.central.id, self.store_east.id, self.store_south.id]), np.full(3, self.product_a.id))
        found = self.Rule._review_days(*ids, np.full(3, self.partner.id), self.company)
        # the store is supplied by its region: the supplier's Monday is not its own
        self.assertEqual(found.tolist(), [7, 4, 1])

    def test_no_more_than_sells_before_it_expires(self):
        self.product_a.write(
            {"tracking": "lot", "use_expiration_date": True, "expiration_time": 30, "removal_time": 10}
        )
        terms = self.terms(mean=np.array([2.0]), position=np.array([15.0]))
        self.assertEqual(terms.limits.maximum[0], 25)
        self.assertEqual(engine.round_order(np.array([60.0]), terms.limits).quantity[0], 25)
        self.Rule.create({"shelf_share": 0.5})
        self.assertEqual(self.terms(mean=np.array([2.0]), position=np.array([15.0])).limits.maximum[0], 5)

    # --- caps ------------------------------------------------------------------------------------------------------

    def capped(self, quantities, urgency, products=None, warehouse=None, partner=None, minimum=0.0):
        count = len(quantities)
        products = products or [self.product_a] * count
        cost = np.array([product.standard_price for product in products])
        partner = self.partner.id if partner is None else partner
        return self.Cap._apply(
            np.full(count, (warehouse or self.central).id), np.array([product.id for product in products]),
            np.full(count, partner), np.array(quantities, float), cost, np.array(urgency, float),
            np.ones(count), np.full(count, minimum), self.company, fields.Date.context_today(self.Cap),
        )  # fmt: skip

    def test_a_budget_goes_to_what_is_most_urgent(self):
        cap = self.Cap.create({"name": "Tea", "kind": "budget", "amount": 120, "partner_id": self.partner.id})
        found = self.capped([10, 10], [5, 50])
        self.assertEqual(found.quantity.tolist(), [2, 10])
        self.assertEqual((found.cut.tolist(), found.cap_id.tolist()), ([8, 0], [cap.id, 0]))
        self.assertIn("Tea", self.Cap._cut_text(cap.id, 8))
        self.assertEqual(self.capped([10, 10], [5, 50], partner=0).cut.tolist(), [0, 0])

    def test_what_was_ordered_this_period_is_spent(self):
        cap = self.Cap.create({"name": "All", "kind": "budget", "amount": 100, "period": "month"})
        self.env["purchase.order"].create(
            {
                "partner_id": self.partner.id,
                "picking_type_id": self.central.in_type_id.id,
                "order_line": [
                    Command.create({"product_id": self.product_a.id, "product_qty": 7, "price_unit": 10, "tax_ids": []})
                ],
            }
        )
        self.assertEqual((cap.used, cap.left, cap.used_share), (70, 30, 0.7))
        self.assertEqual(self.capped([10], [1]).quantity.tolist(), [3])
        cap.warehouse_id = self.regional_east
        self.assertEqual(cap.used, 0)

    def test_room_in_a_warehouse(self):
        self.add_stock(self.product_a, self.store_east, 30)
        cap = self.Cap.create({"name": "Shop", "kind": "units", "amount": 50, "warehouse_id": self.store_east.id})
        self.assertEqual(cap.used, 30)
        found = self.capped([40], [1], warehouse=self.store_east, partner=0)
        self.assertEqual(found.quantity.tolist(), [20])
        self.assertEqual(self.capped([40], [1]).quantity.tolist(), [40])
        self.product_a.volume = 0.5
        cap.write({"kind": "volume", "amount": 20})
        self.assertEqual(cap.used, 15)
        self.assertEqual(self.capped([40], [1], warehouse=self.store_east, partner=0).quantity.tolist(), [10])

    @mute_logger("odoo.sql_db")
    def test_roles(self):
        rule = self.Rule.with_user(self.users["planner"]).create({"multiple": 6, "monday": True, "friday": True})
        self.assertEqual((rule.scope, rule.review_text), ("All orders", "Monday, Friday"))
        with self.assertRaises(AccessError):
            rule.with_user(self.users["viewer"]).multiple = 3
        with self.assertRaises(AccessError):
            self.Cap.with_user(self.users["planner"]).create({"name": "Mine", "amount": 1})
        cap = self.Cap.with_user(self.users["manager"]).create({"name": "Ours", "amount": 1})
        self.assertTrue(cap.with_user(self.users["planner"]).read(["used", "left"]))
        with self.assertRaises(AccessError):
            rule.with_user(self.new_user()).read(["multiple"])
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.Cap.create({"name": "Room nowhere", "kind": "units", "amount": 1}).flush_recordset()
