from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged

from .demand_common import TODAY
from .proposal_common import ProposalCommon


@tagged("post_install", "-at_install")
class TestProposal(ProposalCommon):
    def test_only_who_has_a_supplier_buys_the_others_wait_for_goods(self):
        self.generate()
        self.assertEqual(self.live(("blocker", "=", False)).warehouse_id, self.central)
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
        self.recompute()
        self.add_stock(self.product_a, other, 2)
        self.add_stock(self.product_a, self.regional_east, 8)
        self.generate()
        shares = [self.one(self.product_a, store).quantity for store in (self.store_east, other)]
        self.assertEqual(shares, [5, 3], "both have 5 then: a warehouse without customers of its own keeps nothing")
        self.assertIn("fair share", self.one(self.product_a, other).reason)
        self.assertFalse(self.one(self.product_a, other).blocker)

    def test_a_source_keeps_what_its_own_customers_need(self):
        """The dealer below Suzhou orders for himself, so he is a customer of Suzhou's."""
        self.sell(self.product_a, self.dealer_warehouse, [4] * 30)
        self.recompute()
        half = self.policy(self.product_a, self.regional_east).reorder_point / 2
        self.add_stock(self.product_a, self.regional_east, half + 5)
        self.generate()
        self.assertEqual(self.one(self.product_a, self.store_east).quantity, 5)

    def test_what_the_shops_want_is_asked_of_the_supplier(self):
        """Netting over all levels: unmet wishes of Nanjing reach the central warehouse through Suzhou."""
        self.generate()
        store, regional, central = (
            self.policy(self.product_a, warehouse) for warehouse in (self.store_east, self.regional_east, self.central)
        )
        wish = -(-store.order_up_to // 1)
        wish_above = -(-(regional.order_up_to + wish) // 1)
        bought = self.one(self.product_a, self.central)
        self.assertEqual(bought.quantity, -(-(central.order_up_to + wish_above) // 1))

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

    def test_nothing_is_written_where_nothing_changed(self):
        self.generate()
        self.env.cr.execute("SELECT id, xmin::text, ctid::text FROM distrib_proposal ORDER BY id")
        before = self.env.cr.fetchall()
        self.generate()
        self.env.cr.execute("SELECT id, xmin::text, ctid::text FROM distrib_proposal ORDER BY id")
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_identity_age_and_chatter_survive_the_night(self):
        self.generate()
        proposal = self.one(self.product_a, self.central)
        proposal.with_user(self.planner).message_post(body="Asked the supplier for a better price")
        born = proposal.create_date
        self.add_stock(self.product_a, self.central, 3)
        self.generate(1)
        again = self.one(self.product_a, self.central)
        self.assertEqual((again, again.create_date, again.available), (proposal, born, 3))
        self.assertIn("better price", again.message_ids[0].body)

    def test_what_a_planner_changed_is_kept_and_the_rest_is_fresh(self):
        self.generate()
        mine = self.one(self.product_a, self.central)
        proposed, day = mine.proposed_quantity, TODAY + timedelta(days=9)
        mine.with_user(self.planner).write({"quantity": 77, "expected_date": day})
        self.add_stock(self.product_a, self.central, 1)
        self.generate()
        self.assertEqual((mine.quantity, mine.expected_date, mine.value), (77, day, 77 * 2))
        self.assertEqual((mine.proposed_quantity, mine.available), (proposed - 1, 1))

    def test_a_quantity_that_changed_a_lot_is_an_exception(self):
        self.generate()
        proposal = self.one(self.product_b, self.central)
        before = proposal.quantity
        self.assertFalse(proposal.is_changed)
        self.demand_times(self.product_b, 4)
        self.generate(1)
        self.assertTrue(proposal.is_changed)
        self.assertEqual(proposal.previous_quantity, before)
        self.assertIn(f"{before:.0f} were proposed", proposal.reason)
        self.generate(1)
        self.assertTrue(proposal.is_changed, "the second run of the day forgets nothing")
        self.generate(2)
        self.assertFalse(proposal.is_changed)

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
        self.assertEqual(fields.Date.to_date(order.order_line[0].date_planned), self.today() + timedelta(days=5))
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
        days = transfer.expected_date - transfer.order_date
        self.assertEqual(fields.Date.to_date(into.picking_id.scheduled_date), self.today() + days)
        self.generate()
        self.assertFalse(self.one(self.product_a, self.store_east))
        self.finish(out)
        self.assertEqual(into.state, "assigned", "what left the one waits for the other")

    def test_one_pair_of_pickings_for_a_lane_and_day(self):
        self.sell(self.product_b, self.store_east, [3] * 30)
        self.recompute()
        for product in (self.product_a, self.product_b):
            self.add_stock(product, self.regional_east, 500)
        self.generate()
        transfers = self.live(("warehouse_id", "=", self.store_east.id))
        transfers.with_user(self.planner).action_accept()
        self.assertEqual((len(transfers), len(transfers.picking_ids)), (2, 2))

    def test_no_supplier_is_seen_and_the_others_go_on(self):
        self.env["product.supplierinfo"].search([("product_tmpl_id", "=", self.product_a.product_tmpl_id.id)]).unlink()
        self.generate()
        orphan, other = self.one(self.product_a, self.central), self.one(self.product_b, self.central)
        self.assertEqual(orphan.blocker, "no_supplier")
        self.assertIn("No supplier", orphan.blocker_text)
        self.assertEqual(orphan.action_remedy()["res_id"], self.product_a.product_tmpl_id.id)
        with self.assertRaisesRegex(UserError, "No supplier is known"):
            orphan.with_user(self.planner).action_accept()
        done = (orphan + other).with_user(self.planner).action_accept()
        self.assertEqual((orphan.state, other.state), ("open", "accepted"))
        self.assertIn("1 cannot be ordered", done["params"]["message"])
        self.assertEqual(done["params"]["proposal_ids"], other.ids)
        orphan.with_user(self.planner).partner_id = self.vendor
        self.assertFalse(orphan.blocker)
        self.generate()
        self.assertEqual((orphan.partner_id, orphan.blocker), (self.vendor, False), "chosen by hand, kept by the night")
        orphan.with_user(self.planner).action_accept()
        self.assertEqual(orphan.purchase_id.partner_id, self.vendor)

    def test_what_cannot_be_ordered_says_why(self):
        info = self.env["product.supplierinfo"].search([("product_tmpl_id", "=", self.product_a.product_tmpl_id.id)])
        cases = [
            ("no_lead_time", lambda: (info.write({"delay": 0}), self.recompute())),
            ("not_purchasable", lambda: self.product_a.write({"purchase_ok": False})),
            ("inactive_product", lambda: self.product_a.write({"active": False})),
        ]
        for blocker, spoil in cases:
            spoil()
            self.generate()
            proposal = self.one(self.product_a, self.central)
            self.assertEqual(proposal.blocker, blocker)
            self.assertTrue(proposal.blocker_text)
            with self.assertRaises(UserError):
                proposal.with_user(self.planner).action_accept()

    def test_a_shop_whose_source_is_empty_can_be_given_another_one(self):
        self.generate()
        stuck = self.one(self.product_a, self.store_east)
        self.assertEqual((stuck.blocker, stuck.is_urgent), ("source_empty", True))
        self.assertIn("Test Suzhou has nothing to give", stuck.blocker_text)
        above = self.Proposal.search(stuck.action_remedy()["domain"])
        self.assertEqual((above.warehouse_id, above.product_id), (self.regional_east, self.product_a))
        self.add_stock(self.product_a, self.regional_south, 500)
        stuck.with_user(self.planner).source_warehouse_id = self.regional_south
        self.generate()
        self.assertEqual((stuck.source_warehouse_id, stuck.blocker), (self.regional_south, False))
        stuck.with_user(self.planner).action_accept()
        self.assertEqual(stuck.move_ids.location_id.warehouse_id, self.regional_south)

    def test_a_dealers_own_goods_are_no_source(self):
        self.generate()
        stuck = self.one(self.product_a, self.store_east)
        with self.assertRaisesRegex(ValidationError, "dealer"):
            stuck.with_user(self.planner).source_warehouse_id = self.dealer_warehouse

    def test_packs_and_minimum_of_the_supplier(self):
        info = self.env["product.supplierinfo"].search([("product_tmpl_id", "=", self.product_a.product_tmpl_id.id)])
        info.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self.generate()
        proposal = self.one(self.product_a, self.central)
        self.assertEqual(proposal.quantity % 12, 0)
        proposal.with_user(self.planner).action_accept()
        self.assertEqual(proposal.purchase_line_id.product_qty, proposal.quantity / 12)

    def reject(self, proposal, reason="Discontinued"):
        wizard = self.env["distrib.proposal.reject"].with_user(self.planner)
        wizard.create({"proposal_ids": [(6, 0, proposal.ids)], "reason": reason}).action_confirm()

    def test_rejected_with_a_reason_and_not_again_until_things_change(self):
        self.generate()
        proposal = self.one(self.product_a, self.central)
        self.reject(proposal)
        self.assertEqual((proposal.state, proposal.reject_reason), ("rejected", "Discontinued"))
        self.assertIn("Discontinued", proposal.message_ids[0].body)
        self.add_stock(self.product_a, self.central, 2)
        self.generate(1)
        self.assertFalse(self.one(self.product_a, self.central), "two more or less change nothing")
        self.demand_times(self.product_a, 2)
        self.generate(2)
        self.assertTrue(self.one(self.product_a, self.central), "twice the demand does")

    def test_a_rejection_ends_with_the_need(self):
        self.generate()
        proposal = self.one(self.product_a, self.central)
        self.reject(proposal)
        self.env["stock.quant"]._update_available_quantity(self.product_a, self.central.lot_stock_id, 1000)
        self.generate(1)
        self.env["stock.quant"]._update_available_quantity(self.product_a, self.central.lot_stock_id, -1000)
        self.generate(2)
        self.assertTrue(self.one(self.product_a, self.central))

    def test_a_rejection_is_asked_about_again_after_a_month(self):
        self.Proposal._generate(company=self.company)
        proposal = self.one(self.product_a, self.central)
        self.reject(proposal)
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
        self.recompute()
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        self.assertFalse(self.one(self.product_a, self.dealer_warehouse))

    def test_undo(self):
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        bought, moved = self.one(self.product_b, self.central), self.one(self.product_a, self.store_east)
        both = (bought + moved).with_user(self.planner)
        both.action_accept()
        order, moves = bought.purchase_id, moved.move_ids
        both.action_undo()
        self.assertEqual(set(both.mapped("state")), {"open"})
        self.assertFalse(order.exists())
        self.assertEqual(set(moves.mapped("state")), {"cancel"})
        both.action_accept()
        bought.purchase_id.with_user(self.planner).button_confirm()
        with self.assertRaisesRegex(UserError, "ordered or on its way"):
            bought.with_user(self.planner).action_undo()
        self.reject(self.one(self.product_a, self.central))
        back = self.Proposal.search([("state", "=", "rejected")], limit=1)
        back.with_user(self.planner).action_undo()
        self.assertEqual((back.state, back.reject_reason, back.rejection_holds), ("open", False, False))

    def test_changed_in_bulk(self):
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        bought, moved = self.one(self.product_b, self.central), self.one(self.product_a, self.store_east)
        quantities = (bought.quantity, moved.quantity)
        other = self.env["res.partner"].create({"name": "Test Other Supplier Ltd"})
        self.env["distrib.proposal.change"].with_user(self.planner).create(
            {
                "proposal_ids": [(6, 0, (bought + moved).ids)],
                "percent": 50,
                "expected_date": TODAY + timedelta(days=8),
                "partner_id": other.id,
                "source_warehouse_id": self.regional_south.id,
            }
        ).action_confirm()
        self.assertEqual((bought.quantity, moved.quantity), tuple(round(q / 2) for q in quantities))
        self.assertEqual((bought.partner_id, moved.source_warehouse_id), (other, self.regional_south))
        self.assertFalse(bought.source_warehouse_id or moved.partner_id)
        self.assertEqual(set((bought + moved).mapped("expected_date")), {TODAY + timedelta(days=8)})

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
