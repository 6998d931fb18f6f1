from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .demand_common import TODAY, DemandCommon


class ProposalCommon(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls.supplier(cls.product_a, cls.product_b, delay=5, min_qty=10)
        cls.sell(cls.product_a, cls.store_east, [4] * 30)
        cls.sell(cls.product_b, cls.store_south, [2] * 30)
        cls.Policy._recompute(as_of=TODAY, company=cls.company)
        cls.planner = cls.users["planner"]

    @classmethod
    def generate(cls, days=0):
        return cls.Proposal._generate(as_of=TODAY + timedelta(days=days), company=cls.company)

    @classmethod
    def live(cls, *domain):
        return cls.Proposal.search([("state", "=", "open"), *domain])

    @classmethod
    def one(cls, product, warehouse):
        return cls.live(("product_id", "=", product.id), ("warehouse_id", "=", warehouse.id))


@tagged("post_install", "-at_install")
class TestProposal(ProposalCommon):
    def test_only_who_has_a_supplier_buys_the_others_wait_for_goods(self):
        self.generate()
        self.assertEqual(self.live().warehouse_id, self.central)
        bought = self.one(self.product_a, self.central)
        self.assertEqual((bought.kind, bought.partner_id), ("purchase", self.vendor))
        self.assertEqual(bought.expected_date, TODAY + timedelta(days=5))
        self.assertGreater(bought.urgency, 0)
        self.assertIn("reorder point", bought.reason)

    def test_the_supplying_warehouse_gives_what_it_can_spare(self):
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        transfer = self.one(self.product_a, self.store_east)
        policy = self.Policy.search([("product_id", "=", self.product_a.id), ("warehouse_id", "=", self.store_east.id)])
        self.assertEqual((transfer.kind, transfer.source_warehouse_id), ("transfer", self.regional_east))
        self.assertGreaterEqual(transfer.quantity, policy.order_up_to)
        self.assertLess(transfer.quantity, policy.order_up_to + 1, "whole units")

    def test_fair_share_when_the_source_is_short(self):
        other = self.new_warehouse("Test Wuxi Shop", "TWX", "store", "320200", self.regional_east)
        self.sell(self.product_a, other, [4] * 30)
        self.Policy._recompute(as_of=TODAY, company=self.company)
        source = self.Policy.search(
            [("product_id", "=", self.product_a.id), ("warehouse_id", "=", self.regional_east.id)]
        )
        self.add_stock(self.product_a, self.regional_east, source.safety_stock + 6)
        self.generate()
        shares = [self.one(self.product_a, store).quantity for store in (self.store_east, other)]
        self.assertEqual(shares, [3, 3])
        self.assertIn("fair share", self.one(self.product_a, other).reason)

    def test_again_refreshes_and_never_doubles(self):
        self.generate()
        first = self.one(self.product_a, self.central)
        before = first.quantity
        self.generate()
        self.assertEqual((self.one(self.product_a, self.central), first.quantity), (first, before))
        self.add_stock(self.product_a, self.central, 3)
        self.generate(1)
        self.assertEqual((first.state, first.available, first.order_date), ("open", 3, TODAY + timedelta(days=1)))
        self.add_stock(self.product_a, self.central, 1000)
        self.generate(1)
        self.assertEqual(first.state, "cancelled")

    def test_a_changed_quantity_is_kept(self):
        self.generate()
        mine = self.one(self.product_a, self.central)
        mine.with_user(self.planner).quantity = 77
        self.add_stock(self.product_a, self.central, 1)
        self.generate()
        self.assertEqual(mine.quantity, 77)

    def test_accepted_purchases_become_one_request_for_the_supplier(self):
        self.generate()
        chosen = self.live(("warehouse_id", "=", self.central.id))
        self.assertEqual(len(chosen), 2)
        chosen.with_user(self.planner).action_accept()
        order = chosen.purchase_id
        self.assertEqual(
            (len(order), order.partner_id, order.picking_type_id), (1, self.vendor, self.central.in_type_id)
        )
        self.assertEqual(
            dict(zip(order.order_line.product_id, order.order_line.mapped("product_qty"), strict=True)),
            dict(zip(chosen.product_id, chosen.mapped("quantity"), strict=True)),
        )
        self.assertEqual(order.order_line[0].price_unit, 2)
        self.assertEqual(fields.Date.to_date(order.order_line[0].date_planned), TODAY + timedelta(days=5))
        self.assertEqual((set(chosen.mapped("state")), chosen.decided_by_id), ({"accepted"}, self.planner))
        self.generate()
        self.assertFalse(self.live(("warehouse_id", "=", self.central.id)), "what was asked for is on its way")
        order.with_user(self.planner).button_confirm()
        self.generate()
        self.assertFalse(self.live(("warehouse_id", "=", self.central.id)), "and is so as a receipt")

    def test_accepted_transfers_are_two_chained_legs(self):
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        transfer = self.one(self.product_a, self.store_east)
        transfer.with_user(self.planner).action_accept()
        out, into = transfer.move_ids.sorted(lambda move: move.location_id.usage != "internal")
        transit = self.company.internal_transit_location_id
        self.assertEqual((out.location_id, out.location_dest_id), (self.regional_east.lot_stock_id, transit))
        self.assertEqual((into.location_id, into.location_dest_id), (transit, self.store_east.lot_stock_id))
        self.assertEqual((out.move_dest_ids, out.state, into.state), (into, "assigned", "waiting"))
        self.assertEqual(len(transfer.picking_ids), 2)
        self.assertEqual(fields.Date.to_date(into.picking_id.scheduled_date), transfer.expected_date)
        self.generate()
        self.assertFalse(self.one(self.product_a, self.store_east))
        self.finish(out)
        self.assertEqual(into.state, "assigned", "what left the one waits for the other")

    def test_one_pair_of_pickings_for_a_lane_and_day(self):
        self.sell(self.product_b, self.store_east, [3] * 30)
        self.Policy._recompute(as_of=TODAY, company=self.company)
        for product in (self.product_a, self.product_b):
            self.add_stock(product, self.regional_east, 500)
        self.generate()
        transfers = self.live(("warehouse_id", "=", self.store_east.id))
        transfers.with_user(self.planner).action_accept()
        self.assertEqual((len(transfers), len(transfers.picking_ids)), (2, 2))

    def test_no_supplier_is_seen_and_asked_for(self):
        self.env["product.supplierinfo"].search([("product_tmpl_id", "=", self.product_a.product_tmpl_id.id)]).unlink()
        self.generate()
        orphan = self.one(self.product_a, self.central)
        self.assertIn("No supplier", orphan.reason)
        with self.assertRaisesRegex(UserError, "Choose a supplier first"):
            self.live().with_user(self.planner).action_accept()
        self.assertFalse(self.env["purchase.order"].search([("partner_id", "=", self.vendor.id)]), "all or none")
        orphan.with_user(self.planner).partner_id = self.vendor
        orphan.with_user(self.planner).action_accept()
        self.assertEqual(orphan.purchase_id.partner_id, self.vendor)

    def test_packs_and_minimum_of_the_supplier(self):
        info = self.env["product.supplierinfo"].search([("product_tmpl_id", "=", self.product_a.product_tmpl_id.id)])
        info.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self.generate()
        proposal = self.one(self.product_a, self.central)
        self.assertEqual(proposal.quantity % 12, 0)
        proposal.with_user(self.planner).action_accept()
        self.assertEqual(proposal.purchase_line_id.product_qty, proposal.quantity / 12)

    def test_reject_with_reason_and_not_again_at_once(self):
        self.generate()
        proposal = self.one(self.product_a, self.central)
        wizard = self.env["distrib.proposal.reject"].with_user(self.planner)
        wizard.create({"proposal_ids": [(6, 0, proposal.ids)], "reason": "Discontinued"}).action_confirm()
        self.assertEqual((proposal.state, proposal.reject_reason), ("rejected", "Discontinued"))
        self.Proposal._generate(company=self.company)
        self.assertFalse(self.one(self.product_a, self.central))
        proposal.decided_on = fields.Datetime.now() - timedelta(days=30)
        self.Proposal._generate(company=self.company)
        self.assertTrue(self.one(self.product_a, self.central))

    def test_snooze_until_a_day(self):
        self.Proposal._generate(company=self.company)
        proposal, today = self.one(self.product_a, self.central), fields.Date.today()
        wizard = self.env["distrib.proposal.snooze"].with_user(self.planner)
        with self.assertRaisesRegex(UserError, "after today"):
            wizard.create({"proposal_ids": [(6, 0, proposal.ids)], "until": today}).action_confirm()
        until = today + timedelta(days=3)
        wizard.create({"proposal_ids": [(6, 0, proposal.ids)], "until": until}).action_confirm()
        self.Proposal._generate(company=self.company)
        self.assertEqual(proposal.state, "snoozed")
        self.Proposal._generate(as_of=until, company=self.company)
        self.assertEqual(proposal.state, "open")

    def test_decided_is_decided(self):
        self.generate()
        proposal = self.one(self.product_a, self.central).with_user(self.planner)
        proposal.action_accept()
        with self.assertRaisesRegex(UserError, "decided already"):
            proposal.action_accept()
        with self.assertRaisesRegex(UserError, "decided already"):
            proposal._reject("late")
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            proposal.quantity = 3

    def test_dealers_order_for_themselves(self):
        self.sell(self.product_a, self.dealer_warehouse, [9] * 30)
        self.Policy._recompute(as_of=TODAY, company=self.company)
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        self.assertFalse(self.one(self.product_a, self.dealer_warehouse))

    def test_roles(self):
        self.generate()
        proposal = self.one(self.product_a, self.central)
        self.assertTrue(proposal.with_user(self.users["viewer"]).read(["reason", "quantity"]))
        for role in ("viewer", "order_clerk", "logistics"):
            with self.assertRaises(AccessError):
                proposal.with_user(self.users[role]).action_accept()
            with self.assertRaises(AccessError):
                proposal.with_user(self.users[role])._reject("no")
        with self.assertRaises(AccessError):
            proposal.with_user(self.new_user()).read(["quantity"])

    def test_other_companies_see_and_get_nothing(self):
        self.generate()
        other = self.env["res.company"].create({"name": "Test Other Company"})
        self.planner.write({"company_ids": [(4, other.id)]})
        elsewhere = self.Proposal.with_user(self.planner).with_context(allowed_company_ids=other.ids)
        self.assertFalse(elsewhere.search([("product_id", "=", self.product_a.id)]))
        before = self.live()
        self.Proposal._generate(as_of=TODAY, company=other)
        self.assertEqual(self.live(), before)

    def test_home(self):
        self.generate()
        cards = {card["key"]: card for card in self.env["distrib.home"].with_user(self.planner).get_cards()}
        self.assertEqual(cards["proposals"]["count"], len(self.live()))
        self.assertIn("sales_imports_failed", cards)
        viewer = {card["key"] for card in self.env["distrib.home"].with_user(self.users["viewer"]).get_cards()}
        self.assertNotIn("proposals", viewer)


@tagged("post_install", "-at_install")
class TestProposalRpc(HttpCase, ProposalCommon):
    def call(self, role, *args):
        user = self.users[role]
        user.password = "test-Password-1"
        return self.xmlrpc_object.execute_kw(self.env.cr.dbname, user.id, "test-Password-1", "distrib.proposal", *args)

    def test_accepting_over_rpc(self):
        self.generate()
        proposal = self.one(self.product_a, self.central)
        with self.assertRaises(Exception) as caught:
            self.call("viewer", "action_accept", [proposal.ids])
        self.assertIn("distrib.proposal", str(caught.exception))
        with self.assertRaises(Exception):  # noqa: B017 - the fault of a private method differs by protocol
            self.call("planner", "_reject", [proposal.ids, "no"])
        self.assertTrue(self.call("planner", "action_accept", [proposal.ids]))
        self.assertTrue(proposal.purchase_line_id)
