from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .demand_common import DemandCommon


@tagged("post_install", "-at_install")
class TestAlert(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Alert, cls.Rule = cls.env["distrib.alert"], cls.env["distrib.alert.rule"]

    def rule(self, kind, threshold=0, **values):
        values = {"warehouse_ids": self.warehouses.ids, "user_id": self.users["planner"].id, **values}
        return self.Rule.create({"name": f"Test {kind}", "kind": kind, "threshold": threshold, **values})

    def open_alerts(self, rule):
        return self.Alert.search([("rule_id", "=", rule.id), ("state", "=", "open")])

    def policy(self, product, warehouse, **values):
        return self.Policy.create(
            {"product_id": product.id, "warehouse_id": warehouse.id, "company_id": self.company.id, **values}
        )

    def test_one_alert_for_a_cause_that_closes_with_it(self):
        rule = self.rule("negative")
        self.add_stock(self.product_a, self.central, -3)
        rule._evaluate()
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual((len(alert), alert.product_id, alert.warehouse_id), (1, self.product_a, self.central))
        self.assertEqual((alert.value, alert.reason, alert.company_id), (-3, "-3.0 on hand", self.company))
        self.add_stock(self.product_a, self.central, -1)
        rule._evaluate()
        self.assertEqual((self.open_alerts(rule), alert.value), (alert, -4))
        self.add_stock(self.product_a, self.central, 9)
        rule._evaluate()
        self.assertEqual((alert.state, bool(alert.closed_at)), ("closed", True))
        self.add_stock(self.product_a, self.central, -9)
        rule._evaluate()
        self.assertEqual(len(self.open_alerts(rule) - alert), 1, "a new cause is a new alert")

    def test_snooze(self):
        rule = self.rule("negative")
        self.add_stock(self.product_a, self.central, -3)
        rule._evaluate()
        alert = self.open_alerts(rule).with_user(self.users["planner"])
        alert.action_snooze()
        rule._evaluate()
        self.assertEqual(alert.state, "snoozed")
        alert.sudo().snooze_until = fields.Date.today()
        rule._evaluate()
        self.assertEqual(alert.state, "open")
        alert.action_snooze()
        self.add_stock(self.product_a, self.central, 3)
        rule._evaluate()
        self.assertEqual(alert.state, "closed")
        with self.assertRaises(UserError):
            alert.action_snooze()

    def test_below_safety(self):
        self.policy(self.product_a, self.central, safety_stock=10)
        self.policy(self.product_b, self.central, safety_stock=10)
        self.add_stock(self.product_a, self.central, 4)
        self.add_stock(self.product_b, self.central, 5)
        rule = self.rule("below_safety", 0.5)
        rule._evaluate()
        self.assertEqual(self.open_alerts(rule).product_id, self.product_a)
        self.assertEqual(self.open_alerts(rule).action_remedy()["res_model"], "distrib.policy")
        proposal = self.Proposal.create(
            {
                "kind": "purchase",
                "product_id": self.product_a.id,
                "warehouse_id": self.central.id,
                "company_id": self.company.id,
                "quantity": 5,
            }
        )
        action = self.open_alerts(rule).action_remedy()
        self.assertEqual((action["res_model"], action["res_id"]), ("distrib.proposal", proposal.id))

    def test_out_before_the_next_arrival(self):
        self.policy(self.product_a, self.central, demand_mean=2, lead_time_days=10)
        self.add_stock(self.product_a, self.central, 8)
        rule = self.rule("out_before_arrival", 5)
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual((alert.value, alert.limit), (4, 10))
        move = self.new_move(
            self.product_a, 5, self.env.ref("stock.stock_location_suppliers"), self.central.lot_stock_id,
            date=datetime.now() + timedelta(days=2),
        )  # fmt: skip
        rule._evaluate()
        self.assertFalse(self.open_alerts(rule))
        move._action_cancel()
        rule.threshold = 3
        rule._evaluate()
        self.assertFalse(self.open_alerts(rule), "beyond the horizon")

    def test_expiring_lots(self):
        product = self.env["product.product"].create(
            {"name": "Milk", "is_storable": True, "tracking": "lot", "use_expiration_date": True}
        )
        lot = self.env["stock.lot"].create({"name": "L1", "product_id": product.id})
        lot.removal_date = datetime.now() + timedelta(days=5)
        self.add_stock(product, self.central, 6, lot=lot)
        rule = self.rule("expiring", 3)
        rule._evaluate()
        self.assertFalse(self.open_alerts(rule))
        rule.threshold = 10
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual((alert.res_id, alert.value), (lot.id, 6))
        self.assertIn("L1", alert.reason)
        found = self.env["stock.quant"].search(alert.action_remedy()["domain"])
        self.assertEqual(found.lot_id, lot)
        self.policy(product, self.central, demand_mean=1)
        rule._evaluate()
        self.assertEqual(round(alert.value), 1, "one a day is sold until it is to be removed")
        lot.removal_date = datetime.now() - timedelta(days=1)
        rule._evaluate()
        wizard = self.env["distrib.stock.state.move"].browse(alert.action_remedy()["res_id"])
        self.assertEqual((wizard.state, wizard.line_ids.lot_id, wizard.line_ids.quantity), ("expired", lot, 6))
        wizard.action_move()
        rule._evaluate()
        self.assertEqual(alert.state, "closed", "what was taken out is no cause any more")

    def test_stock_that_sells_before_its_time_is_no_cause(self):
        product = self.env["product.product"].create(
            {"name": "Milk", "is_storable": True, "tracking": "lot", "use_expiration_date": True}
        )
        lots = self.env["stock.lot"].create([{"name": name, "product_id": product.id} for name in ("L1", "L2")])
        for lot, days in zip(lots, (4, 6), strict=True):
            lot.removal_date = datetime.now() + timedelta(days=days)
            self.add_stock(product, self.central, 10, lot=lot)
        self.policy(product, self.central, demand_mean=3)
        rule = self.rule("expiring", 30)
        rule._evaluate()
        self.assertEqual(self.open_alerts(rule).res_id, lots[1].id, "the first is sold by then, of the second a part")
        self.assertEqual(round(self.open_alerts(rule).value), 2)

    def test_goods_of_dealers_are_watched_apart(self):
        """A dealer's stock is none of ours: not a shortage of ours, and not a cover for one."""
        consignor = self.env["res.partner"].create({"name": "Test Consignor", "is_company": True})
        for warehouse in (self.central, self.dealer_warehouse):
            self.policy(self.product_a, warehouse, demand_mean=5, lead_time_days=4, safety_stock=20)
        self.add_stock(self.product_a, self.central, 100, owner=consignor)
        self.add_stock(self.product_a, self.dealer_warehouse, 100, owner=self.dealer)
        for kind in ("out_before_arrival", "below_safety"):
            ours, others = self.rule(kind, 1), self.rule(kind, 1, whose="others")
            (ours | others)._evaluate()
            self.assertFalse(self.open_alerts(others), "the dealer has plenty")
            if kind == "out_before_arrival":
                self.assertEqual(
                    self.open_alerts(ours).warehouse_id, self.central, "the consignor's goods are not ours"
                )
        self.add_stock(self.product_a, self.dealer_warehouse, -98, owner=self.dealer)
        others = self.rule("out_before_arrival", 1, whose="others")
        others._evaluate()
        self.assertEqual(self.open_alerts(others).warehouse_id, self.dealer_warehouse)
        self.add_stock(self.product_b, self.central, -2, owner=consignor)
        ours, others = self.rule("negative"), self.rule("negative", whose="others")
        (ours | others)._evaluate()
        self.assertFalse(self.open_alerts(ours))
        alert = self.open_alerts(others)
        self.assertEqual(alert.res_id, consignor.id)
        self.assertIn("Test Consignor", alert.reason)
        found = self.env["stock.quant"].search(alert.action_remedy()["domain"])
        self.assertEqual((found.owner_id, found.quantity), (consignor, -2))

    def test_a_dealer_who_reports_is_judged_by_his_report(self):
        self.policy(self.product_a, self.dealer_warehouse, demand_mean=5, lead_time_days=4)
        self.add_stock(self.product_a, self.dealer_warehouse, 100, owner=self.dealer)
        rule = self.rule("out_before_arrival", 2, whose="others")
        rule._evaluate()
        self.assertFalse(self.open_alerts(rule))
        lines = [{"sku": "TEA", "on_hand": 4}]
        self.env["distrib.stock.report"].submit("TDEA", str(fields.Date.today()), lines)
        rule._evaluate()
        self.assertEqual(self.open_alerts(rule).pieces, 16, "4 left, 5 a day, 4 days to go")

    def test_a_shortage_is_told_once(self):
        """What runs out before goods arrive is not told again as below its safety stock, nor what is made up soon."""
        self.policy(self.product_a, self.central, demand_mean=2, lead_time_days=10, safety_stock=30)
        self.policy(self.product_b, self.central, safety_stock=30)
        self.add_stock(self.product_a, self.central, 3)
        out, low = self.rule("out_before_arrival", 3), self.rule("below_safety", 1)
        (out | low)._evaluate()
        self.assertEqual(self.open_alerts(out).product_id, self.product_a)
        self.assertEqual(self.open_alerts(low).product_id, self.product_b)
        source = self.env.ref("stock.stock_location_suppliers")
        self.new_move(self.product_b, 30, source, self.central.lot_stock_id)
        low._evaluate()
        self.assertFalse(self.open_alerts(low))

    def test_goods_that_are_late_themselves_help_nobody(self):
        self.policy(self.product_a, self.central, demand_mean=2, lead_time_days=10)
        rule = self.rule("out_before_arrival", 3)
        self.new_move(
            self.product_a, 50, self.env.ref("stock.stock_location_suppliers"), self.central.lot_stock_id,
            date=datetime.now() - timedelta(days=4),
        )  # fmt: skip
        rule._evaluate()
        self.assertEqual(self.open_alerts(rule).limit, 10)

    def test_what_sells_most_comes_first(self):
        self.env["distrib.policy"].search([]).unlink()
        self.product_a.list_price, self.product_b.list_price = 100, 1
        for product in (self.product_a, self.product_b):
            self.policy(product, self.central, demand_mean=5, lead_time_days=4)
        rule = self.rule("out_before_arrival", 3, is_serious=True)
        rule._evaluate()
        first, second = self.open_alerts(rule)
        self.assertEqual((first.product_id, first.abc_class, first.is_serious), (self.product_a, "A", True))
        self.assertEqual((first.pieces, first.impact), (20, 2000))
        self.assertEqual((second.product_id, second.abc_class, second.is_serious), (self.product_b, "C", False))
        rule.abc_scope = "AB"
        rule._evaluate()
        self.assertEqual(self.open_alerts(rule), first)
        rule.is_serious = False
        rule._evaluate()
        self.assertFalse(first.is_serious, "open alerts follow their rule")

    def test_remedies_of_a_shortage(self):
        """The proposal, else the request that was sent, else what comes, else a new request, filled in."""
        planner = self.users["planner"]
        supplier = self.env["res.partner"].create({"name": "Test Supplier", "is_company": True})
        self.product_a.seller_ids = [(0, 0, {"partner_id": supplier.id, "min_qty": 12})]
        self.policy(self.product_a, self.central, demand_mean=2, lead_time_days=10, order_up_to=40)
        rule = self.rule("out_before_arrival", 3)
        rule._evaluate()
        alert = self.open_alerts(rule).with_user(planner)
        action = alert.action_remedy()
        order = self.env["purchase.order"].with_user(planner).with_context(**action["context"]).create({})
        self.assertEqual((action["res_model"], order.partner_id), ("purchase.order", supplier))
        self.assertEqual((order.picking_type_id, order.order_line.product_qty), (self.central.in_type_id, 40))
        self.assertEqual(alert.action_remedy()["res_id"], order.id, "the request that is out already")
        order.button_confirm()
        action = alert.action_remedy()
        self.assertEqual((action["res_model"], action["res_id"]), ("stock.picking", order.picking_ids.id))
        for role in ("channel_manager", "logistics", "viewer", "order_clerk"):
            self.assertTrue(alert.with_user(self.users[role]).action_remedy(), role)

    def test_a_remedy_that_is_gone_says_so(self):
        self.add_stock(self.product_a, self.central, -3)
        rule = self.rule("negative")
        rule._evaluate()
        self.add_stock(self.product_a, self.central, 5)
        with self.assertRaisesRegex(UserError, "no longer there"):
            self.open_alerts(rule).action_remedy()

    def test_a_digest_names_the_worst(self):
        self.product_a.list_price, self.product_b.list_price = 1, 100
        for product in (self.product_a, self.product_b):
            self.add_stock(product, self.central, -3)
        rule = self.rule("negative", is_serious=True)
        rule._evaluate()
        rule._tell_responsible()
        digest = self.env["distrib.alert.digest"].search([("rule_id", "=", rule.id)]).with_user(self.users["planner"])
        self.assertEqual((digest.open_count, digest.serious_count, digest.impact), (2, 2, 303))
        self.assertEqual(digest.worst_ids.product_id[0], self.product_b)
        self.assertIn("Test Central", digest.places)
        self.assertIn("Test Noodles", digest.activity_ids.note)
        digest.activity_ids.action_feedback(feedback="Counted")
        self.assertFalse(digest.activity_ids)

    def test_overdue_transfers(self):
        picking = self.env["stock.picking"].create(
            {
                "picking_type_id": self.central.int_type_id.id,
                "location_id": self.central.lot_stock_id.id,
                "location_dest_id": self.store_east.lot_stock_id.id,
                "scheduled_date": datetime.now() - timedelta(days=3),
            }
        )
        move = self.new_move(
            self.product_a, 5, self.central.lot_stock_id, self.store_east.lot_stock_id, picking_id=picking.id,
            date=datetime.now() - timedelta(days=3),
        )  # fmt: skip
        rule = self.rule("transfer_overdue", 1)
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual((alert.res_id, round(alert.value)), (picking.id, 3))
        self.assertEqual(alert.action_remedy()["res_id"], picking.id)
        move._action_cancel()
        rule._evaluate()
        self.assertEqual(alert.state, "closed")

    def test_one_delay_of_a_transfer_is_one_alert(self):
        """While the goods have not left, the first leg is late; afterwards, the second one."""
        transit, late = self.company.internal_transit_location_id, datetime.now() - timedelta(days=3)
        self.add_stock(self.product_a, self.central, 5)
        legs = []
        for picking_type, source, target in (
            (self.store_east.in_type_id, transit, self.store_east.lot_stock_id),
            (self.central.out_type_id, self.central.lot_stock_id, transit),
        ):
            picking = self.env["stock.picking"].create(
                {"picking_type_id": picking_type.id, "location_id": source.id, "location_dest_id": target.id}
            )
            after = [(4, legs[0].id)] if legs else []
            legs.append(
                self.new_move(
                    self.product_a, 5, source, target, confirm=False, picking_id=picking.id, date=late,
                    move_dest_ids=after,
                )
            )  # fmt: skip
        into, out = legs
        (out | into)._action_confirm(merge=False)
        rule = self.rule("transfer_overdue", 1)
        rule._evaluate()
        self.assertEqual(self.open_alerts(rule).mapped("res_id"), out.picking_id.ids)
        self.finish(out)
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual(alert.mapped("res_id"), into.picking_id.ids)
        self.assertEqual((alert.warehouse_id, alert.pieces), (self.store_east, 5))

    def test_overdue_reports(self):
        self.dealer_warehouse.reports_stock = True
        rule = self.rule("report_stale")
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual((alert.warehouse_id, alert.reason), (self.dealer_warehouse, "No report came yet"))
        action = alert.action_remedy()
        self.assertEqual((action["res_model"], action["res_id"]), ("distrib.stock.report", False))
        draft = self.env["distrib.stock.report"].with_context(**action["context"]).new({})
        self.assertEqual(draft.warehouse_id, self.dealer_warehouse, "the form is filled in for him")
        self.dealer_warehouse.last_stock_report = fields.Date.today()
        rule._evaluate()
        self.assertEqual(alert.state, "closed")

    def test_expiring_allocations(self):
        self.add_stock(self.product_a, self.central, 9)
        allocation = self.env["distrib.allocation"].create(
            {
                "product_id": self.product_a.id,
                "quantity": 5,
                "partner_id": self.dealer.id,
                "warehouse_id": self.central.id,
                "date_to": fields.Date.today() + timedelta(days=4),
            }
        )
        allocation.action_activate()
        rule = self.rule("allocation_expiring", 2)
        rule._evaluate()
        self.assertFalse(self.open_alerts(rule), "not soon")
        rule.threshold = 5
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual((alert.value, alert.action_remedy()["res_id"]), (5, allocation.id))
        allocation.action_cancel()
        rule._evaluate()
        self.assertEqual(alert.state, "closed")

    def test_warehouses_and_categories_limit_a_rule(self):
        category = self.env["product.category"].create({"name": "Test Drinks"})
        self.product_a.categ_id = category
        for product in (self.product_a, self.product_b):
            for warehouse in (self.central, self.store_east):
                self.add_stock(product, warehouse, -1)
        rule = self.rule("negative", warehouse_ids=self.central.ids, categ_ids=category.ids)
        rule._evaluate()
        alert = self.open_alerts(rule)
        self.assertEqual((alert.product_id, alert.warehouse_id), (self.product_a, self.central))

    def test_ten_thousand_alerts_are_one_activity(self):
        products = self.env["product.product"].create([{"name": f"P{n}", "is_storable": True} for n in range(2000)])
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO stock_quant (product_id, location_id, company_id, quantity, reserved_quantity, in_date)
            SELECT p, l, %s, -1, 0, now() FROM unnest(%s) p, unnest(%s) l
            """,
            (self.company.id, products.ids, self.warehouses[:5].lot_stock_id.ids),
        )
        rule = self.rule("negative")
        rule._evaluate()
        self.assertEqual(len(self.open_alerts(rule)), 10_000)
        with self.assertQueryCount(36):
            rule._tell_responsible()
        digest = self.env["distrib.alert.digest"].search([("rule_id", "=", rule.id)])
        self.assertEqual((digest.user_id, digest.open_count), (self.users["planner"], 10_000))
        self.assertEqual((digest.activity_ids.user_id, len(digest.activity_ids)), (self.users["planner"], 1))
        rule._tell_responsible()
        self.assertEqual(len(digest.activity_ids), 1)
        digest.activity_ids.action_feedback()
        rule._tell_responsible()
        self.assertFalse(digest.activity_ids, "told once a day")
        digest.told_on = fields.Date.today() - timedelta(days=1)
        rule._tell_responsible()
        self.assertEqual(len(digest.activity_ids), 1)
        self.env.cr.execute("UPDATE stock_quant SET quantity = 1 WHERE product_id = ANY(%s)", (products.ids,))
        rule._evaluate()
        rule._tell_responsible()
        self.assertFalse(digest.activity_ids)

    def test_a_role_is_told(self):
        rule = self.rule("negative", user_id=False, group_id=self.env.ref("distrib_inventory.group_logistics").id)
        self.assertIn(self.users["logistics"], rule._responsible_users())
        self.assertNotIn(self.users["order_clerk"], rule._responsible_users())

    def test_roles(self):
        rule = self.rule("negative")
        self.add_stock(self.product_a, self.central, -3)
        rule._evaluate()
        alert = self.open_alerts(rule)
        for role in ("planner", "logistics", "channel_manager"):
            alert.with_user(self.users[role]).action_snooze()
        for role in ("viewer", "order_clerk"):
            self.assertTrue(alert.with_user(self.users[role]).reason)
            with self.assertRaises(AccessError):
                alert.with_user(self.users[role]).action_snooze()
            with self.assertRaises(AccessError):
                rule.with_user(self.users[role]).action_check()
        self.assertTrue(rule.with_user(self.users["manager"]).action_check())
        with self.assertRaises(AccessError):
            self.Alert.with_user(self.new_user()).search([])

    def test_other_companies(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        self.add_stock(self.product_a, warehouse, -1)
        rule = self.rule("negative", warehouse_ids=False)
        rule._evaluate()
        found = self.Alert.search([("warehouse_id", "=", warehouse.id)])
        self.assertEqual(found.company_id, other)
        self.assertFalse(self.Alert.with_user(self.users["planner"]).search([("warehouse_id", "=", warehouse.id)]))

    def test_the_delivered_rules_run(self):
        rules = self.Rule.search([])
        self.assertGreaterEqual(len(rules), 7)
        rules._evaluate()

    def test_the_home_page_counts_what_the_user_is_told(self):
        """A role sees the alerts of its rules, not those of others."""
        roles = ("planner", "logistics", "channel_manager")

        def counts():
            found = {}
            for role in roles:
                cards = self.env["distrib.home"].with_user(self.users[role]).get_cards()
                found[role] = next(card["count"] for card in cards if card["key"] == "alerts_serious")
            return found

        before = counts()
        self.add_stock(self.product_a, self.central, -3)
        group = self.env.ref("distrib_inventory.group_channel_manager")
        self.rule("negative", is_serious=True, user_id=False, group_id=group.id)._evaluate()
        self.rule("negative", is_serious=True)._evaluate()
        after = counts()
        self.assertEqual([after[role] - before[role] for role in roles], [1, 0, 1])
