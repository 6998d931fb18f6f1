from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import DistribCommon


@tagged("post_install", "-at_install")
class TestHome(DistribCommon):
    def _cards(self, role):
        cards = self.env["distrib.home"].with_user(self.users[role]).get_cards()
        return {card["key"]: card for card in cards}

    def test_a_role_sees_its_cards_only(self):
        self.assertNotIn("negative_stock", self._cards("viewer"))
        self.assertNotIn("unplaced_warehouses", self._cards("planner"))
        self.assertIn("negative_stock", self._cards("logistics"))
        self.assertLessEqual(
            {"unplaced_warehouses", "negative_stock", "late_receipts", "late_transfers"}, self._cards("manager").keys()
        )

    def test_every_card_is_complete_and_in_order(self):
        cards = self.env["distrib.home"].with_user(self.users["manager"]).get_cards()
        for card in cards:
            self.assertEqual(
                card.keys(),
                {"key", "area", "title", "subtitle", "count", "tone", "icon", "sequence", "action"},
            )
            self.assertIn(card["tone"], ("danger", "warning", "info", "success"))
        areas = list(self.env["distrib.home"]._areas())
        places = [(areas.index(card["area"]), card["sequence"]) for card in cards]
        self.assertEqual(places, sorted(places))

    def test_negative_stock_is_counted_and_listed(self):
        before = self._cards("logistics")["negative_stock"]["count"]
        self.add_stock(self.product_a, self.central, -2)
        card = self._cards("logistics")["negative_stock"]
        self.assertEqual((card["count"], card["tone"]), (before + 1, "danger"))
        self.assertEqual(self.env["stock.quant"].search_count(card["action"]["domain"]), before + 1)

    def test_a_warehouse_without_a_place_is_counted(self):
        before = self._cards("manager")["unplaced_warehouses"]["count"]
        self.central.region_id = False
        self.assertEqual(self._cards("manager")["unplaced_warehouses"]["count"], before + 1)

    def test_nothing_to_do_is_shown_as_done(self):
        self.env["stock.warehouse"].search([("region_id", "=", False)]).region_id = self.region("110000")
        self.env["stock.warehouse"].search([("network_tier", "=", False)]).network_tier = "store"
        self.assertEqual(self._cards("manager")["unplaced_warehouses"]["tone"], "success")

    def test_late_receipts_and_transfers(self):
        before = self._cards("planner")
        for picking_type in (self.central.in_type_id, self.central.int_type_id):
            picking = self.env["stock.picking"].create(
                {
                    "picking_type_id": picking_type.id,
                    "location_id": self.env.ref("stock.stock_location_suppliers").id
                    if picking_type.code == "incoming"
                    else self.central.lot_stock_id.id,
                    "location_dest_id": self.central.lot_stock_id.id,
                }
            )
            self.new_move(
                self.product_a,
                1,
                picking.location_id,
                picking.location_dest_id,
                picking_id=picking.id,
                date=fields.Datetime.now() - timedelta(days=3),
            )
        after = self._cards("planner")
        for key in ("late_receipts", "late_transfers"):
            self.assertEqual(after[key]["count"], before[key]["count"] + 1, key)

    def test_both_legs_of_a_late_transfer(self):
        """The second leg is a receipt for core; here it is a late transfer, and no late receipt."""
        before = self._cards("planner")
        transit = self.company.internal_transit_location_id
        for picking_type, source, target in (
            (self.central.out_type_id, self.central.lot_stock_id, transit),
            (self.store_east.in_type_id, transit, self.store_east.lot_stock_id),
        ):
            picking = self.env["stock.picking"].create(
                {"picking_type_id": picking_type.id, "location_id": source.id, "location_dest_id": target.id}
            )
            late = fields.Datetime.now() - timedelta(days=3)
            self.new_move(self.product_a, 1, source, target, picking_id=picking.id, date=late)
        after = self._cards("planner")
        self.assertEqual(after["late_transfers"]["count"], before["late_transfers"]["count"] + 2)
        self.assertEqual(after["late_receipts"]["count"], before["late_receipts"]["count"])

    def test_counting_stops_at_the_role(self):
        """Cards of other roles are dropped before they are counted: counting could fail or be slow."""

        def fail():
            raise AssertionError("counted for a user who may not see it")

        home = self.env["distrib.home"].with_user(self.users["viewer"])
        card = {"groups": ("distrib_inventory.group_manager",), "count": fail}
        self.assertFalse(home._is_for_user(card))


@tagged("post_install", "-at_install")
class TestHomePage(HttpCase, DistribCommon):
    def test_page_and_click(self):
        self.add_stock(self.product_a, self.central, -2)
        self.start_tour("/odoo/distribution", "distrib_home", login="test_manager")
