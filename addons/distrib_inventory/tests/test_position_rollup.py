from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import DistribCommon


@tagged("post_install", "-at_install")
class TestPositionRollup(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.brand = cls.env["distrib.brand"].create({"name": "Test Brand"})
        cls.product_b.brand_id = cls.brand
        for number, warehouse in enumerate(cls.warehouses):
            cls.add_stock(cls.product_a, warehouse, 2**number)
        cls.add_stock(cls.product_b, cls.central, 100)

    def sums(self, by, name="on_hand"):
        rows = self.env["distrib.position"]._rollup(by, (self.product_a | self.product_b).ids, self.warehouses.ids)
        return {row["key"]: row[name] for row in rows}

    def test_regions_hold_everything_below_them(self):
        found = self.sums("region")
        self.assertEqual(found[self.env.ref("distrib_inventory.region_cn_east").id], 2 + 8 + 32)
        self.assertEqual(found[self.region("440000").id], 4 + 16)
        country = self.region("420100")
        while country.parent_id:
            country = country.parent_id
        self.assertEqual(found[country.id], 163)

    def test_the_supply_tree_holds_what_is_below(self):
        found = self.sums("supply")
        self.assertEqual(found[self.central.id], 163)
        self.assertEqual(found[self.regional_east.id], 2 + 8 + 32)
        self.assertEqual(found[self.store_south.id], 16)

    def test_by_tier_brand_category_product_and_warehouse(self):
        self.assertEqual(self.sums("tier"), {"central": 101, "regional": 6, "store": 24, "dealer": 32})
        self.assertEqual(self.sums("brand"), {self.brand.id: 100, False: 63})
        self.assertEqual(self.sums("category")[self.product_a.categ_id.id or False], 163)
        self.assertEqual(self.sums("product"), {self.product_a.id: 63, self.product_b.id: 100})
        self.assertEqual(self.sums("warehouse")[self.central.id], 101)
        self.assertEqual(self.sums("company"), {self.company.id: 163})

    def test_every_way_of_summing_gives_the_same_total(self):
        customer = self.env.ref("stock.stock_location_customers")
        self.new_move(self.product_a, 1, self.central.lot_stock_id, customer)._action_assign()
        self.new_move(self.product_a, 1, self.central.lot_stock_id, self.store_east.lot_stock_id)
        columns = self.env["distrib.position"]._read_columns(self.product_a.ids, self.warehouses.ids)
        for by in ("tier", "brand", "product", "warehouse", "company"):
            for name in ("available", "outgoing", "transfer_in", "forecast"):
                rows = self.env["distrib.position"]._rollup(by, self.product_a.ids, self.warehouses.ids)
                self.assertEqual(sum(row[name] for row in rows), getattr(columns, name).sum(), f"{by} {name}")

    def test_one_statement_and_as_many_rows_as_shown(self):
        self.sums("tier")
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.assertEqual(len(self.sums("tier")), 4)

    def test_a_circle_in_the_supply_tree_is_named(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE stock_warehouse SET supply_parent_id = %s WHERE id = %s", (self.store_east.id, self.central.id)
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, r"circle.*Test Central"):
            self.sums("supply")

    def test_an_unknown_way_is_refused_and_so_is_a_stranger(self):
        position = self.env["distrib.position"]
        with self.assertRaisesRegex(UserError, "not by colour"):
            position.read_rollup("colour")
        with self.assertRaises(AccessError):
            position.with_user(self.new_user()).read_rollup("tier")
        self.assertTrue(position.with_user(self.users["viewer"]).read_rollup("tier", self.product_a.ids))
