from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import DistribCommon


@tagged("post_install", "-at_install")
class TestStockState(DistribCommon):
    def _wizard(self, quants, **values):
        action = quants.action_move_to_state()
        wizard = self.env[action["res_model"]].with_user(quants.env.user).browse(action["res_id"])
        wizard.write({"reason": "Torn cartons", **values})
        return wizard

    def _quants(self, product, warehouse, user=None):
        return (
            self.env["stock.quant"]
            .with_user(user or self.env.user)
            .search([("product_id", "=", product.id), ("location_id", "=", warehouse.lot_stock_id.id)])
        )

    def test_moved_goods_are_held_and_core_reserves_none_of_them(self):
        self.add_stock(self.product_a, self.central, 10)
        wizard = self._wizard(self._quants(self.product_a, self.central, self.users["planner"]), state="damaged")
        wizard.line_ids.quantity = 4
        picking = self.env["stock.picking"].browse(wizard.action_move()["res_id"])
        self.assertEqual((picking.state, picking.state_reason), ("done", "Torn cartons"))
        self.assertIn("Torn cartons", picking.message_ids[-1:].body or "".join(picking.message_ids.mapped("body")))
        row = self.position(self.product_a, self.central)
        self.assertEqual((row["on_hand"], row["damaged"], row["available"], row["free"]), (10, 4, 6, 10))
        customer = self.env.ref("stock.stock_location_customers")
        move = self.new_move(self.product_a, 10, self.central.lot_stock_id, customer)
        move._action_assign()
        self.assertEqual(move.quantity, 6, "core reserves from the good stock alone")

    def test_each_state_is_a_column_and_goods_come_back(self):
        states = ("quarantine", "damaged", "expired", "blocked", "disputed")
        self.add_stock(self.product_a, self.central, 15)
        for number, state in enumerate(states, 1):
            wizard = self._wizard(self._quants(self.product_a, self.central), state=state)
            wizard.line_ids.quantity = number
            wizard.action_move()
        row = self.position(self.product_a, self.central)
        self.assertEqual([row[state] for state in states], [1, 2, 3, 4, 5])
        self.assertEqual((row["on_hand"], row["available"]), (15, 0))
        held = self.env["stock.quant"].search(
            [("product_id", "=", self.product_a.id), ("stock_state", "=", "disputed")]
        )
        self._wizard(held, state="available").action_move()
        row = self.position(self.product_a, self.central)
        self.assertEqual((row["disputed"], row["available"]), (0, 5))

    def test_lots_and_owners_travel_along(self):
        product = self.env["product.product"].create({"name": "Test Lot", "is_storable": True, "tracking": "lot"})
        lot = self.env["stock.lot"].create({"name": "L1", "product_id": product.id})
        self.add_stock(product, self.central, 3, lot=lot, owner=self.dealer)
        wizard = self._wizard(self._quants(product, self.central), state="blocked")
        wizard.action_move()
        (row,) = self.env["distrib.position"].read_lots([product.id], [self.central.id])
        self.assertEqual(
            (row["lot"], row["owner_id"], row["state"], row["quantity"]), ("L1", self.dealer.id, "blocked", 3)
        )
        self.assertEqual(self.position(product, self.central)["blocked"], 0, "it is not ours")

    def test_one_transfer_for_each_warehouse(self):
        for warehouse in (self.central, self.store_east):
            self.add_stock(self.product_a, warehouse, 2)
        quants = self._quants(self.product_a, self.central) | self._quants(self.product_a, self.store_east)
        action = self._wizard(quants).action_move()
        self.assertEqual(len(self.env["stock.picking"].search(action["domain"])), 2)

    def test_from_the_product_and_the_warehouse_nothing_moves_unasked(self):
        self.add_stock(self.product_a, self.central, 2)
        for record in (self.product_a, self.product_a.product_tmpl_id, self.central):
            wizard = self._wizard(record)
            self.assertEqual(wizard.line_ids.quant_id.product_id, self.product_a)
            with self.assertRaisesRegex(UserError, "Enter how much"):
                wizard.action_move()

    def test_reserved_goods_stay(self):
        self.add_stock(self.product_a, self.central, 5)
        customer = self.env.ref("stock.stock_location_customers")
        self.new_move(self.product_a, 4, self.central.lot_stock_id, customer)._action_assign()
        wizard = self._wizard(self._quants(self.product_a, self.central))
        self.assertEqual(wizard.line_ids.quantity, 1)
        wizard.line_ids.quantity = 2
        with self.assertRaisesRegex(UserError, r"Only 1 .* not reserved"):
            wizard.action_move()

    def test_a_state_lies_beside_the_stock_not_within(self):
        with self.assertRaisesRegex(ValidationError, "Put it beside"):
            self.env["stock.location"].create(
                {"name": "Inside", "location_id": self.central.lot_stock_id.id, "stock_state": "damaged"}
            )
        with self.assertRaisesRegex(ValidationError, "only internal"):
            self.env["stock.location"].create({"name": "View", "usage": "view", "stock_state": "damaged"})

    def test_locations_are_made_once(self):
        self.central.action_create_state_locations()
        self.central.action_create_state_locations()
        places = self.central.state_location_ids
        self.assertEqual(len(places), 5)
        self.assertEqual(places.location_id, self.central.view_location_id)

    def test_viewers_and_clerks_move_nothing(self):
        self.add_stock(self.product_a, self.central, 2)
        for role in ("viewer", "order_clerk"):
            with self.assertRaises(AccessError):
                self.env["distrib.stock.state.move"].with_user(self.users[role]).create({"reason": "x"})
