from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import LogisticsCase

ROLES = ("viewer", "planner", "order_clerk", "channel_manager", "logistics", "manager")


@tagged("post_install", "-at_install")
class TestAccess(LogisticsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(cls.env, f"log_{role}", groups=f"distrib_inventory.group_{role}") for role in ROLES
        }
        orders = cls.confirmed_orders([cls.dealer, cls.other_dealer])
        cls.ship(orders, ["SF1", "SF2"])
        cls.parcel, cls.other_parcel = orders[0].parcel_ids, orders[1].parcel_ids
        cls.item = cls.event("SF1", 1, "picked_up", text="Courier 13800000000", code="50")

    def test_all_roles_read_and_only_logistics_records(self):
        for role, user in self.users.items():
            Parcel = self.env["distrib.parcel"].with_user(user)
            self.assertEqual(Parcel.browse(self.parcel.id).name, "SF1", role)
            self.assertTrue(Parcel.browse(self.parcel.id).timeline, role)
            if role in ("logistics", "manager"):
                self.assertIn(Parcel.record_events([self.item])[0]["result"], ("recorded", "duplicate"))
            else:
                with self.assertRaises(AccessError, msg=role):
                    Parcel.record_events([self.item])

    def test_warehouse_worker_outside_the_suite_still_ships(self):
        worker = new_test_user(self.env, "log_worker", groups="stock.group_stock_user")
        order = self.confirmed_orders(self.dealer)
        picking = order.picking_ids.with_user(worker)
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(len(order.parcel_ids), 1)
        self.assertEqual(picking.parcel_count, 1)

    def test_dealer_reads_his_own_parcels_only(self):
        self.env["distrib.parcel"].record_events([self.item, {**self.item, "number": "SF2"}])
        Parcel = self.env["distrib.parcel"].with_user(self.buyer)
        Event = self.env["distrib.tracking.event"].with_user(self.buyer)
        self.assertEqual(Parcel.search([]), self.parcel)
        self.assertEqual(Event.search([]).parcel_id, self.parcel)
        with self.assertRaises(AccessError):
            self.other_parcel.with_user(self.buyer).read(["name"])
        for user, model in ((self.other_buyer, Parcel), (self.other_buyer, Event)):
            self.assertEqual(len(model.with_user(user).search([])), 1, "the sub-dealer sees his own and no more")

    def test_dealer_of_an_order_placed_for_a_contact_sees_it(self):
        shop = self.env["res.partner"].create({"name": "Shop 2", "parent_id": self.dealer.id, "type": "delivery"})
        order = self.confirmed_orders(shop)
        parcel = self.ship(order)
        self.assertIn(parcel, self.env["distrib.parcel"].with_user(self.buyer).search([]))

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_dealer_sees_no_internal_field_and_changes_nothing(self):
        self.env["distrib.parcel"].record_events([self.item])
        own = self.parcel.with_user(self.buyer)
        for name in ("partner_id", "picking_id", "picking_ids", "sale_order_ids", "timeline"):
            with self.assertRaises(AccessError, msg=name):
                own.read([name])
        for name in ("raw_code", "provider", "message_id", "dedupe_key"):
            with self.assertRaises(AccessError, msg=name):
                own.event_ids.read([name])
        for call in (
            lambda: own.write({"status": "delivered"}),
            lambda: own.record_events([self.item]),
            lambda: own.event_ids.unlink(),
            lambda: self.env["distrib.tracking.message"].with_user(self.buyer).search([]),
            lambda: self.env["distrib.tracking.code"].with_user(self.buyer).search([]),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_other_company_is_out_of_sight(self):
        company = self.env["res.company"].create({"name": "Second Company"})
        user = new_test_user(self.env, "log_second", groups="distrib_inventory.group_logistics", company_id=company.id)
        Parcel = self.env["distrib.parcel"].with_user(user).with_company(company)
        self.assertFalse(Parcel.search([]))
        self.assertEqual(Parcel.record_events([self.item])[0]["result"], "unknown_parcel")
        self.assertFalse(self.env["distrib.tracking.message"].with_user(self.users["logistics"]).search([]))
