import random
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import ROLES, DistribCommon

CORE = {
    "on_hand": "qty_available",
    "available": "free_qty",
    "incoming": "incoming_qty",
    "outgoing": "outgoing_qty",
    "forecast": "virtual_available",
}


@tagged("post_install", "-at_install")
class TestPosition(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.supplier = cls.env.ref("stock.stock_location_suppliers")
        cls.customer = cls.env.ref("stock.stock_location_customers")
        cls.perishable = cls.env["product.product"].create(
            {
                "name": "Test Milk",
                "is_storable": True,
                "tracking": "lot",
                "use_expiration_date": True,
                "uom_id": cls.env.ref("uom.product_uom_kgm").id,
            }
        )
        cls.products = cls.product_a | cls.product_b | cls.perishable

    def assertSameAsCore(self, **context):
        rows = self.env["distrib.position"].read_positions(self.products.ids, self.warehouses.ids)
        found = {(row["product_id"], row["warehouse_id"]): row for row in rows}
        self.env.invalidate_all()
        for warehouse in self.warehouses:
            for product in self.products.with_context(warehouse_id=warehouse.id, **context):
                row = found.get((product.id, warehouse.id), {})
                ours = {name: row.get(name, 0.0) for name in CORE}
                core = {name: product[field] for name, field in CORE.items()}
                self.assertEqual(ours, core, f"{product.name} in {warehouse.name}")

    def _random_operation(self, rng):
        product, warehouse = rng.choice(self.products), rng.choice(self.warehouses)
        quantity = round(rng.uniform(1, 20), rng.choice((0, 2)))
        stock = warehouse.lot_stock_id
        other = rng.choice(self.warehouses - warehouse).lot_stock_id
        kind = rng.choice(("count", "receive", "deliver", "ship", "transfer", "draft", "pick", "inside"))
        if kind == "count":
            self.add_stock(product, warehouse, quantity, lot=self._lot(product, rng))
        elif kind == "receive":
            self.new_move(product, quantity, self.supplier, stock)
        elif kind == "deliver":
            self.new_move(product, quantity, stock, self.customer)._action_assign()
        elif kind == "ship" and product.tracking == "none":
            self.finish(self.new_move(product, quantity, stock, self.customer))
        elif kind == "transfer":
            self.new_move(product, quantity, stock, other)._action_assign()
        elif kind == "draft":
            self.new_move(product, quantity, stock, self.customer, confirm=False)
        elif kind == "inside":
            self.new_move(product, quantity, stock, self._output(warehouse))
        elif kind == "pick":
            # A first step inside the warehouse whose goods end with the customer.
            output = self._output(warehouse)
            self.new_move(product, quantity, stock, output, location_final_id=self.customer.id)

    def _output(self, warehouse):
        return self.env["stock.location"].create(
            {"name": "Gate", "usage": "internal", "location_id": warehouse.view_location_id.id}
        )

    def _lot(self, product, rng):
        if product.tracking == "none":
            return None
        days = rng.choice((-5, 0, 1, 30))
        return self.env["stock.lot"].create(
            {
                "name": f"L{rng.random()}",
                "product_id": product.id,
                "removal_date": fields.Datetime.now() + timedelta(days=days),
            }
        )

    def test_same_numbers_as_core_after_random_operations(self):
        for seed in range(4):
            rng = random.Random(seed)
            for _step in range(20):
                self._random_operation(rng)
            cancelled = self.env["stock.move"].search(
                [("product_id", "in", self.products.ids), ("state", "in", ("confirmed", "assigned"))]
            )
            rng.choice(cancelled)._action_cancel()
            self.assertSameAsCore()

    def test_owners_goods_are_apart(self):
        self.add_stock(self.product_a, self.central, 5)
        self.add_stock(self.product_a, self.central, 7, owner=self.dealer)
        self.new_move(self.product_a, 3, self.supplier, self.central.lot_stock_id, restrict_partner_id=self.dealer.id)
        row = self.position(self.product_a, self.central)
        self.assertEqual((row["on_hand"], row["owned_on_hand"], row["incoming"]), (5, 7, 0))
        self.assertSameAsCore(owner_id=False)

    def test_goods_under_our_own_name_are_ours(self):
        self.add_stock(self.product_a, self.central, 4, owner=self.company.partner_id)
        row = self.position(self.product_a, self.central)
        self.assertEqual((row["on_hand"], row["owned_on_hand"]), (4, 0))

    def test_only_pairs_with_something_are_listed(self):
        self.add_stock(self.product_a, self.central, 1)
        rows = self.env["distrib.position"].read_positions(self.products.ids, self.warehouses.ids)
        self.assertEqual([(r["product_id"], r["warehouse_id"]) for r in rows], [(self.product_a.id, self.central.id)])

    def test_two_queries_whatever_the_number_of_pairs(self):
        for warehouse in self.warehouses:
            self.add_stock(self.product_a, warehouse, 1)
            self.add_stock(self.product_b, warehouse, 1)
        position = self.env["distrib.position"].with_user(self.users["viewer"])
        position.read_positions(self.products.ids)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.assertEqual(len(position.read_positions(self.products.ids, self.warehouses.ids)), 12)

    def test_other_companies_stay_out(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        elsewhere = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        self.add_stock(self.product_a, elsewhere, 9)
        viewer = self.users["viewer"]
        self.assertEqual(self.position(self.product_a, elsewhere, viewer)["on_hand"], 0)
        report = self.env["distrib.position.report"].with_user(viewer)
        self.assertFalse(report.search([("warehouse_id", "=", elsewhere.id)]))
        viewer.company_ids |= other
        allowed = (
            self.env["distrib.position"].with_user(viewer).with_context(allowed_company_ids=(self.company | other).ids)
        )
        self.assertEqual(allowed.read_positions([self.product_a.id], [elsewhere.id])[0]["on_hand"], 9)

    def test_each_role_may_read_and_nobody_else(self):
        for role in ROLES:
            self.env["distrib.position"].with_user(self.users[role]).read_positions([self.product_a.id])
        plain = self.new_user()
        with self.assertRaises(AccessError):
            self.env["distrib.position"].with_user(plain).read_positions([self.product_a.id])
        with self.assertRaises(AccessError):
            self.env["distrib.position.report"].with_user(plain).search([], limit=1)

    def test_report_has_the_same_numbers(self):
        self.add_stock(self.product_a, self.central, 5.5)
        self.add_stock(self.product_a, self.store_east, 2, owner=self.dealer)
        self.new_move(self.product_a, 2, self.central.lot_stock_id, self.store_east.lot_stock_id)._action_assign()
        report = (
            self.env["distrib.position.report"]
            .with_user(self.users["viewer"])
            .search([("product_id", "=", self.product_a.id)])
        )
        names = ("on_hand", "reserved", "available", "incoming", "outgoing", "forecast", "owned_on_hand")
        self.assertEqual(
            {r.warehouse_id.id: {name: r[name] for name in names} for r in report},
            {
                warehouse.id: {name: self.position(self.product_a, warehouse)[name] for name in names}
                for warehouse in self.central | self.store_east
            },
        )
        central = report.filtered(lambda r: r.warehouse_id == self.central)
        self.assertEqual((central.network_tier, central.region_id), ("central", self.region("420100")))

    def test_report_rolls_up_by_region_and_opens_the_quants(self):
        self.add_stock(self.product_a, self.store_east, 3)
        self.add_stock(self.product_a, self.regional_east, 4)
        report = self.env["distrib.position.report"].with_user(self.users["viewer"])
        domain = [
            ("product_id", "=", self.product_a.id),
            ("region_id", "child_of", self.env.ref("distrib_inventory.region_cn_east").id),
        ]
        self.assertEqual(report._read_group(domain, [], ["on_hand:sum"]), [(7.0,)])
        action = report.search(domain, limit=1).action_open_quants()
        self.assertEqual(len(self.env["stock.quant"].search(action["domain"])), 1)
