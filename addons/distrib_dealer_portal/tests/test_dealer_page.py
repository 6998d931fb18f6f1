from odoo.tests import tagged

from .common import DealerCase


@tagged("post_install", "-at_install")
class TestDealerPage(DealerCase):
    def stock(self, quantity):
        self.env["stock.quant"]._update_available_quantity(self.product, self.warehouse.lot_stock_id, quantity)

    def row(self, user, search="DP-TEA"):
        (row,) = self.page_of(user)._catalogue(search)["rows"]
        return row

    def test_orders_of_the_own_dealer_alone(self):
        (order,) = self.page_of(self.users["buyer"])._dashboard()["orders"]
        self.assertEqual(order["name"], self.orders[self.dealer].name)

    def test_each_role_sees_its_part(self):
        for role, buys, pays in (
            ("buyer", True, False),
            ("finance", False, True),
            ("approver", True, True),
            ("admin", True, True),
        ):
            dashboard = self.page_of(self.users[role])._dashboard()
            self.assertEqual((bool(dashboard["orders"]), dashboard["balance"] is not None), (buys, pays), role)

    def test_balance_counts_what_is_open_and_overdue_for_the_own_dealer(self):
        self._invoice(self.dealer, 100, due_in_days=-5)
        self._invoice(self.dealer, 40, due_in_days=5)
        self._invoice(self.sub_dealer, 1000, due_in_days=-5)
        balance = self.page_of(self.users["finance"])._dashboard()["balance"]
        self.assertEqual((balance["open"], balance["overdue"]), (140, 100))

    def test_price_is_that_of_the_tier(self):
        self.assertEqual(self.row(self.users["buyer"])["price"], 45)
        self.tier.pricelist_id = False
        self.assertEqual(self.row(self.users["buyer"])["price"], 50)

    def test_band_tells_no_quantity(self):
        # the order of each of the three dealers waits for goods: their reservation comes off what is free
        buyer = self.users["buyer"]
        self.assertEqual(self.row(buyer)["band"], "out")
        self.stock(5)
        self.assertEqual(self.row(buyer)["band"], "low")
        self.stock(500)
        self.assertEqual(self.row(buyer)["band"], "in")
        self.assertEqual(set(self.row(buyer)), {"code", "name", "unit", "price", "band", "image"})

    def test_goods_of_others_are_not_ours_to_sell(self):
        self.env["stock.quant"]._update_available_quantity(
            self.product, self.warehouse.lot_stock_id, 500, owner_id=self.superior
        )
        self.assertEqual(self.row(self.users["buyer"])["band"], "out")

    def test_catalogue_leaves_out_services_and_what_is_not_sold(self):
        self.env["product.product"].create(
            [
                {"name": "DP-TEA service", "type": "service"},
                {"name": "DP-TEA retired", "is_storable": True, "sale_ok": False},
                {"name": "DP-TEA archived", "is_storable": True, "active": False},
            ]
        )
        self.assertEqual(self.page_of(self.users["buyer"])._catalogue("DP-TEA")["total"], 1)

    def test_search_words_and_pages_are_only_values(self):
        page = self.page_of(self.users["buyer"])
        for hostile in ("%", "' OR 1=1 --", "[('id','>',0)]", "x" * 5000):
            self.assertEqual(page._catalogue(hostile)["total"], page._catalogue(hostile[:64])["total"])
        self.assertEqual(page._catalogue("tea green")["total"], page._catalogue("green tea")["total"])
        self.assertEqual(page._catalogue("DP-TEA", page=999)["page"], 1)
        self.assertEqual(page._catalogue("DP-TEA", page=-3)["page"], 1)

    def test_catalogue_queries_do_not_grow_with_the_page(self):
        def queries(search):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            page._catalogue(search)
            return self.cr.sql_log_count - before

        page = self.page_of(self.users["buyer"])
        self.env["product.product"].create([{"name": f"DPQ {n}", "is_storable": True} for n in range(20)])
        queries("DPQ")
        self.assertLessEqual(queries("DPQ"), queries("DP-TEA") + 1)

    def test_nobody_else_has_a_dealer_page(self):
        outsider = self._user("dp_outsider", self.env["res.partner"].create({"name": "Shop"}), "buyer")
        self.assertIsNone(self.page_of(outsider)._dealer())
        self.assertIsNone(self.page_of(self.env.ref("base.public_user"))._dealer())
        plain = self.users["buyer"]
        plain.group_ids = self.env.ref("base.group_portal")
        self.assertIsNone(self.page_of(plain)._dealer())
