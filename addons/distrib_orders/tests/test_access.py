from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from .common import OrdersCommon

INTERNAL_FIELDS = (
    "channel_id",
    "pool_state",
    "hold_code",
    "hold_reason",
    "region_id",
    "routing_explanation",
    "buyer_note",
)


@tagged("post_install", "-at_install")
class TestAccess(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_stock(cls.product_a, cls.regional_east, 10)
        (answer,) = cls.submit(cls.payload("T-1"))
        cls.order = cls.order_of(answer)
        cls.order._route()
        cls.message = cls.messages("T-1")

    def test_who_has_no_part_in_orders_changes_nothing(self):
        for role in ("viewer", "planner", "logistics"):
            user = self.users[role]
            order = self.order.with_user(user)
            for call in (
                lambda order=order: order.action_pool_hold("no"),
                lambda order=order: order.action_route(),
                lambda order=order: order.action_pool_release(),
                lambda user=user: self.channel.with_user(user).write({"name": "no"}),
            ):
                with self.assertRaises(AccessError, msg=role):
                    call()

    def test_clerk_opens_the_form(self):
        form = Form(self.order.with_user(self.clerk), view="sale.view_order_form")
        self.assertEqual(form.pool_state, "routed")
        self.assertIn("Test Suzhou", form.routing_explanation)

    def test_inbox_is_the_channel_managers(self):
        for role in ("viewer", "planner", "order_clerk", "logistics"):
            with self.assertRaises(AccessError, msg=role):
                self.message.with_user(self.users[role]).read(["body"])
        manager = self.message.with_user(self.users["channel_manager"])
        self.assertIn("13900001111", manager.body)
        with self.assertRaises(AccessError):
            manager.unlink()
        with self.assertRaises(AccessError):
            manager.create({"channel_id": self.channel.id, "version": "1"})
        self.assertTrue(self.message.with_user(self.users["manager"]).body)

    def test_decisions_are_written_by_the_router_only(self):
        for role in ("order_clerk", "channel_manager", "manager"):
            with self.assertRaises(AccessError, msg=role):
                self.order.routing_decision_ids.with_user(self.users[role]).unlink()

    def test_channel_manager_keeps_channels_and_tiers(self):
        user = self.users["channel_manager"]
        self.env["distrib.channel"].with_user(user).create({"name": "Test New", "code": "NEW"})
        self.env["distrib.dealer.tier"].with_user(user).create({"name": "Test Tier", "code": "x"})
        with self.assertRaises(AccessError):
            self.env["distrib.channel"].with_user(self.clerk).create({"name": "Test No", "code": "NO"})

    def test_portal_user_sees_nothing_internal(self):
        portal = new_test_user(self.env, login="test_portal", groups="base.group_portal")
        portal.partner_id.parent_id = self.order.partner_id
        order = self.order.with_user(portal)
        self.assertTrue(order.name)
        for name in INTERNAL_FIELDS:
            with self.assertRaises(AccessError, msg=name):
                order.read([name])
        self.assertFalse({*INTERNAL_FIELDS, "routing_decision_ids"} & order.fields_get().keys())
        partner = portal.partner_id
        for name in ("is_dealer", "dealer_tier_id", "dealer_code", "distrib_buyer_key", "dealer_parent_id"):
            with self.assertRaises(AccessError, msg=name):
                partner.with_user(portal).read([name])
        for model in ("distrib.channel", "distrib.inbox.message", "distrib.routing.decision", "distrib.dealer.tier"):
            with self.assertRaises(AccessError, msg=model):
                self.env[model].with_user(portal).search([])
        with self.assertRaises(AccessError):
            self.submit(self.payload("T-2"), user=portal)
        with self.assertRaises(AccessError):
            order.action_route()
        with self.assertRaises(AccessError):
            order.action_pool_hold("no")

    def test_companies_are_kept_apart(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        user = self.new_user("channel_manager", login="test_other_company")
        user.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        for record in (
            self.channel,
            self.message,
            self.order.routing_decision_ids,
            self.order.routing_decision_ids.line_ids,
        ):
            self.assertNotIn(record, record.with_user(user).search([]))
            with self.assertRaises(AccessError):
                record.with_user(user).read(["id", "company_id"])

    def test_menus_by_role(self):
        menus = {
            "menu_pool": {"order_clerk", "channel_manager", "manager"},
            "menu_routing_decisions": {"order_clerk", "channel_manager", "manager"},
            "menu_inbox": {"channel_manager", "manager"},
            "menu_channels": {"channel_manager", "manager"},
            "menu_dealer_list": {"order_clerk", "channel_manager", "manager"},
            "menu_dealer_tiers": {"channel_manager", "manager"},
        }
        for role, user in self.users.items():
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            for name, roles in menus.items():
                menu = self.env.ref(f"distrib_orders.{name}")
                self.assertEqual(menu.id in visible, role in roles, f"{role}: {name}")
