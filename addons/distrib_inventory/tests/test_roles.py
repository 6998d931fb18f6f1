from odoo.tests import HttpCase, tagged

from .common import ROLES, DistribCommon

MENUS = {
    "viewer": {"menu_home", "menu_stock", "menu_network"},
    "planner": {"menu_home", "menu_stock", "menu_network", "menu_planning"},
    "manager": {"menu_home", "menu_stock", "menu_network", "menu_planning"},
}


@tagged("post_install", "-at_install")
class TestRoles(DistribCommon):
    def _menus(self, user):
        menus = self.env["ir.ui.menu"].with_user(user)
        return menus.browse(menus._visible_menu_ids())

    def test_each_role_sees_the_app_and_its_own_menus(self):
        root = self.env.ref("distrib_inventory.menu_distrib_root")
        for role in ROLES:
            visible = self._menus(self.users[role])
            self.assertIn(root, visible, role)
            for name in MENUS.get(role, ()):
                menu = self.env.ref(f"distrib_inventory.{name}")
                if menu.child_id or menu.action:
                    self.assertIn(menu, visible, f"{role} {name}")
            planning = self.env.ref("distrib_inventory.menu_planning")
            self.assertEqual(bool(planning & visible), bool(planning.child_id) and role in ("planner", "manager"), role)

    def test_without_a_role_there_is_no_app(self):
        self.assertNotIn(self.env.ref("distrib_inventory.menu_distrib_root"), self._menus(self.new_user()))

    def test_roles_add_up_on_one_user(self):
        user = self.new_user("planner", "order_clerk")
        self.assertTrue(user.has_group("distrib_inventory.group_viewer"))
        self.assertTrue(user.has_group("stock.group_stock_user"))
        self.assertTrue(user.has_group("purchase.group_purchase_user"))
        self.assertFalse(user.has_group("distrib_inventory.group_manager"))
        privileges = {self.env.ref(f"distrib_inventory.group_{role}").privilege_id for role in ROLES}
        self.assertEqual(len(privileges), len(ROLES), "one choice a role, so that they combine in the user form")

    def test_the_manager_has_every_role(self):
        for role in ROLES:
            self.assertTrue(self.users["manager"].has_group(f"distrib_inventory.group_{role}"), role)

    def test_the_administrator_is_a_manager(self):
        self.assertTrue(self.env.ref("base.user_admin").has_group("distrib_inventory.group_manager"))


@tagged("post_install", "-at_install")
class TestPositionsOverRpc(HttpCase, DistribCommon):
    def _call(self, login, *args):
        uid = self.xmlrpc_common.authenticate(self.env.cr.dbname, login, login, {})
        return self.xmlrpc_object.execute_kw(self.env.cr.dbname, uid, login, "distrib.position", *args)

    def test_a_viewer_reads_positions(self):
        self.add_stock(self.product_a, self.central, 5)
        self.env.flush_all()
        rows = self._call("test_viewer", "read_positions", [[self.product_a.id], [self.central.id]])
        self.assertEqual(rows[0]["on_hand"], 5)
        self.assertEqual(rows[0]["warehouse_id"], self.central.id)
