from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged

from .common import ROLES, DistribCommon


class AllocationCommon(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.env.user)
        cls.other_dealer = cls.env["res.partner"].create({"name": "Test Second Dealer", "is_company": True})

    @classmethod
    def allocation(cls, quantity, warehouse=None, region=None, active=False, **values):
        allocation = cls.env["distrib.allocation"].create(
            {
                "product_id": cls.product_a.id,
                "quantity": quantity,
                "partner_id": cls.dealer.id,
                "warehouse_id": warehouse.id if warehouse else False,
                "region_id": region.id if region else False,
                "date_to": cls.today + timedelta(days=10),
                **values,
            }
        )
        if active:
            allocation.action_activate()
        return allocation

    def available(self, warehouse, partner=None):
        rows = self.env["distrib.position"].read_positions(
            self.product_a.ids, warehouse.ids, partner_id=partner.id if partner else None
        )
        return rows[0]["available"]


@tagged("post_install", "-at_install")
class TestAllocation(AllocationCommon):
    def setUp(self):
        super().setUp()
        self.add_stock(self.product_a, self.central, 10)

    def test_others_are_not_promised_what_is_kept(self):
        self.allocation(6, self.central)
        self.assertEqual(self.available(self.central), 10, "a draft keeps nothing")
        self.allocation(6, self.central, active=True, partner_id=self.other_dealer.id)
        row = self.position(self.product_a, self.central)
        self.assertEqual((row["on_hand"], row["allocated"], row["available"], row["free"]), (10, 6, 4, 10))
        self.assertEqual(self.available(self.central, self.other_dealer), 10)
        self.assertEqual(self.available(self.central, self.dealer), 4)

    def test_a_contact_asks_for_his_company(self):
        contact = self.env["res.partner"].create({"name": "Purchasing", "parent_id": self.dealer.id})
        self.allocation(6, self.central, active=True)
        self.assertEqual(self.available(self.central, contact), 10)

    def test_more_than_available_is_refused_with_the_figure(self):
        with self.assertRaisesRegex(UserError, r"Only 10 .*Test Tea.*Test Central, 11 are asked"):
            self.allocation(11, self.central, active=True)
        self.allocation(7, self.central, active=True)
        with self.assertRaisesRegex(UserError, r"Only 3 "):
            self.allocation(4, self.central, active=True, partner_id=self.other_dealer.id)
        with self.assertRaisesRegex(UserError, r"Only 0 "):
            self.allocation(1, self.store_east, active=True)

    def test_held_and_reserved_goods_cannot_be_kept(self):
        place = self.central._state_locations("blocked")[self.central]
        self.finish(self.new_move(self.product_a, 4, self.central.lot_stock_id, place))
        customer = self.env.ref("stock.stock_location_customers")
        self.new_move(self.product_a, 3, self.central.lot_stock_id, customer)._action_assign()
        with self.assertRaisesRegex(UserError, r"Only 3 "):
            self.allocation(4, self.central, active=True)

    def test_all_or_none_of_several(self):
        pair = self.allocation(6, self.central) | self.allocation(6, self.central, partner_id=self.other_dealer.id)
        with self.assertRaisesRegex(UserError, r"Only 4 "), self.cr.savepoint():
            pair.action_activate()
        self.assertEqual(set(pair.mapped("state")), {"draft"})
        self.assertEqual(self.available(self.central), 10)

    def test_a_region_s_allocation_takes_what_its_warehouses_have(self):
        self.add_stock(self.product_a, self.store_east, 3)
        self.add_stock(self.product_a, self.regional_east, 5)
        east = self.env.ref("distrib_inventory.region_cn_east")
        with self.assertRaisesRegex(UserError, r"Only 8 "), self.cr.savepoint():
            self.allocation(9, region=east, active=True)
        kept = self.allocation(6, region=east, active=True)
        self.assertEqual(
            {share.warehouse_id: share.quantity for share in kept.share_ids},
            {self.regional_east: 5, self.store_east: 1},
        )
        self.assertEqual((self.available(self.regional_east), self.available(self.store_east)), (0, 2))

    def test_orders_of_a_region_s_beneficiary_draw_from_any_of_its_warehouses(self):
        self.add_stock(self.product_a, self.store_east, 3)
        self.add_stock(self.product_a, self.regional_east, 5)
        east = self.env.ref("distrib_inventory.region_cn_east")
        kept = self.allocation(6, region=east, active=True)
        draw = self.env["distrib.allocation"]._draw
        self.assertEqual(draw(self.product_a, self.store_east, 3, partner_id=self.dealer.id), {kept: 3})
        self.assertEqual({s.warehouse_id: s.quantity for s in kept.share_ids}, {self.regional_east: 3})
        self.assertEqual(draw(self.product_a, self.central, 3, partner_id=self.dealer.id), {}, "not in the region")

    def test_drawn_until_used_up_and_given_back(self):
        kept = self.allocation(6, self.central, active=True)
        draw = self.env["distrib.allocation"]._draw
        self.assertEqual(draw(self.product_a, self.central, 2, partner_id=self.other_dealer.id), {})
        self.assertEqual(draw(self.product_a, self.central, 4, partner_id=self.dealer.id), {kept: 4})
        self.assertEqual((kept.drawn_quantity, kept.left_quantity, kept.state), (4, 2, "active"))
        self.assertEqual(draw(self.product_a, self.central, 4, partner_id=self.dealer.id), {kept: 2})
        self.assertEqual((kept.state, kept.share_ids.ids), ("used", []))
        self.assertEqual(kept._give_back(self.central, 5), 5)
        self.assertEqual((kept.state, kept.drawn_quantity, self.available(self.central)), ("active", 1, 5))

    def test_nothing_is_given_back_that_is_not_there(self):
        kept = self.allocation(6, self.central, active=True)
        self.env["distrib.allocation"]._draw(self.product_a, self.central, 6, partner_id=self.dealer.id)
        self.add_stock(self.product_a, self.central, -8)
        self.assertEqual(kept._give_back(self.central, 6), 2)
        self.assertEqual(self.available(self.central), 0)

    def test_the_one_that_ends_first_is_drawn_first(self):
        late = self.allocation(3, self.central, active=True)
        soon = self.allocation(
            3, self.central, active=True, beneficiary_kind="promotion", promotion="Singles Day",
            date_to=self.today + timedelta(days=1),
        )  # fmt: skip
        drawn = self.env["distrib.allocation"]._draw(
            self.product_a, self.central, 4, partner_id=self.dealer.id, promotion="Singles Day"
        )
        self.assertEqual(drawn, {soon: 3, late: 1})

    def test_before_its_first_day_nobody_draws(self):
        self.allocation(6, self.central, active=True, date_from=self.today + timedelta(days=3))
        self.assertEqual(self.available(self.central, self.dealer), 4)
        draw = self.env["distrib.allocation"]._draw
        self.assertEqual(draw(self.product_a, self.central, 1, partner_id=self.dealer.id), {})

    def test_it_ends_by_itself_and_by_hand(self):
        kept = self.allocation(6, self.central, active=True)
        other = self.allocation(2, self.central, active=True, partner_id=self.other_dealer.id)
        self.env.cr.execute(
            "UPDATE distrib_allocation SET date_from = %s, date_to = %s WHERE id = %s",
            (self.today - timedelta(days=3), self.today - timedelta(days=1), kept.id),
        )
        kept.invalidate_recordset()
        self.env["distrib.allocation"]._cron_expire()
        self.assertEqual((kept.state, self.available(self.central)), ("expired", 8))
        other.action_cancel()
        self.assertEqual((other.state, self.available(self.central)), ("cancelled", 10))

    def test_a_past_start_is_refused(self):
        with self.assertRaisesRegex(UserError, "has passed"):
            self.allocation(1, self.central, active=True, date_from=self.today - timedelta(days=1))

    def test_the_same_twice_is_refused_or_merged(self):
        first = self.allocation(4, self.central, active=True)
        second = self.allocation(3, self.central, date_to=self.today + timedelta(days=30))
        self.assertEqual(second.same_id, first)
        with self.assertRaisesRegex(UserError, "already has an allocation of this product there"):
            second.action_activate()
        second.action_merge()
        self.assertEqual(
            (first.quantity, first.date_to, second.state), (7, self.today + timedelta(days=30), "cancelled")
        )
        self.assertEqual(self.available(self.central), 3)
        third = self.allocation(4, self.central)
        with self.assertRaisesRegex(UserError, r"Only 3 "):
            third.action_merge()
        later = self.allocation(
            1, self.central, date_from=self.today + timedelta(days=40), date_to=self.today + timedelta(days=50)
        )
        self.assertFalse(later.same_id)

    def test_another_unit_is_converted_or_refused(self):
        dozen, kilo = self.env.ref("uom.product_uom_dozen"), self.env.ref("uom.product_uom_kgm")
        self.add_stock(self.product_a, self.central, 20)
        kept = self.allocation(2, self.central, active=True, uom_id=dozen.id)
        self.assertEqual((kept.product_quantity, self.available(self.central)), (24, 6))
        with self.assertRaisesRegex(ValidationError, "cannot be converted"):
            self.allocation(1, self.central, uom_id=kilo.id)

    def test_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        elsewhere = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        with self.assertRaises(UserError):
            self.allocation(1, elsewhere)
        self.env.user.company_ids |= other
        theirs = self.allocation(1, elsewhere, company_id=other.id, active=False)
        with self.assertRaisesRegex(UserError, "not among the companies"):
            theirs.with_context(allowed_company_ids=self.company.ids).action_activate()

    def test_incomplete_ones_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "for whom"):
            self.allocation(1, self.central, partner_id=False)
        with self.assertRaisesRegex(ValidationError, "for whom"):
            self.allocation(1, self.central, beneficiary_kind="promotion")

    def test_an_active_one_is_not_edited_or_deleted(self):
        kept = self.allocation(4, self.central, active=True)
        with self.assertRaisesRegex(UserError, "no longer a draft"):
            kept.quantity = 9
        with self.assertRaisesRegex(UserError, "Cancel an active"):
            kept.unlink()
        kept.note = "Agreed by phone"
        kept.action_cancel()
        kept.action_draft()
        self.assertEqual(kept.state, "draft")

    def test_its_state_is_not_written_by_hand(self):
        kept = self.allocation(4, self.central).with_user(self.users["planner"])
        for values in ({"state": "active"}, {"drawn_quantity": 2}, {"share_ids": [(5,)]}):
            with self.assertRaisesRegex(UserError, "follows from that"):
                kept.with_context(allocation_step=True).write(values)
        with self.assertRaisesRegex(UserError, "follows from that"):
            self.allocation(4, self.central, state="active")

    def test_planners_manage_and_the_others_look(self):
        kept = self.allocation(1, self.central)
        kept.with_user(self.users["planner"]).action_activate()
        self.assertEqual(kept.state, "active")
        for role in set(ROLES) - {"planner", "manager"}:
            mine = kept.with_user(self.users[role])
            self.assertEqual(mine.left_quantity, 1)
            with self.assertRaises(AccessError):
                mine.action_cancel()
            with self.assertRaises(AccessError):
                mine.share_ids.write({"quantity": 0})
        with self.assertRaises(AccessError):
            kept.share_ids.with_user(self.users["manager"]).write({"quantity": 0})
        with self.assertRaises(AccessError):
            kept.with_user(self.new_user()).read(["quantity"])


@tagged("post_install", "-at_install")
class TestAllocationOverRpc(HttpCase, AllocationCommon):
    def _call(self, login, model, *args):
        uid = self.xmlrpc_common.authenticate(self.env.cr.dbname, login, login, {})
        return self.xmlrpc_object.execute_kw(self.env.cr.dbname, uid, login, model, *args)

    def test_the_beneficiary_s_view_and_the_details(self):
        self.add_stock(self.product_a, self.central, 10)
        self.add_stock(self.product_a, self.central, 2, owner=self.dealer)
        self.allocation(6, self.central, active=True)
        self.env.flush_all()
        asked = [self.product_a.ids, self.central.ids]
        own = {"partner_id": self.dealer.id}
        (row,) = self._call("test_viewer", "distrib.position", "read_positions", asked, own)
        self.assertEqual((row["available"], row["allocated"]), (10, 0))
        lots = self._call("test_viewer", "distrib.position", "read_lots", asked)
        self.assertEqual(sorted(lot["quantity"] for lot in lots), [2, 10])
        (owner,) = self._call("test_viewer", "distrib.position", "read_owners", asked)
        self.assertEqual((owner["owner_id"], owner["quantity"]), (self.dealer.id, 2))
        self.assertEqual(self._call("test_viewer", "distrib.position", "read_transit", asked), [])
        (rolled,) = self._call("test_viewer", "distrib.position", "read_rollup", ["company", *asked])
        self.assertEqual(rolled["available"], 4)
        days = [fields.Date.to_string(self.today)]
        (forecast,) = self._call("test_viewer", "distrib.position", "read_forecast", [*asked, days])
        self.assertEqual(forecast["days"][0]["forecast"], 10)
