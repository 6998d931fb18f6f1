from xmlrpc.client import Fault

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import DealerMixin


@tagged("post_install", "-at_install")
class TestDealerPortal(DealerMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_dealers()
        cls.invoice = cls._invoice(cls.dealer, 777.77, due_in_days=-5)
        cls.env.flush_all()

    def page(self, role, path, lang="en_US"):
        """The page in a language: the address says it, as a client that is no browser gets the default otherwise."""
        user = self.users[role]
        self.authenticate(user.login, user.login)
        return self.url_open(f"/{self.env['res.lang']._get_data(code=lang).url_code}{path}")

    def test_home_shows_the_cards_of_the_role(self):
        for role, catalogue, invoices in (("buyer", True, False), ("finance", False, True), ("admin", True, True)):
            text = self.page(role, "/my").text
            self.assertIn('/my/dealer"', text, role)
            self.assertEqual('/my/dealer/catalogue"' in text, catalogue, role)
            self.assertEqual('/my/invoices"' in text, invoices, role)
            self.assertNotIn("/my/invoices?filterby=invoices", text, role)
            self.assertEqual(text.count('/my/orders"'), int(catalogue), role)

    def test_overview_by_role(self):
        for role in ("buyer", "finance", "approver", "admin"):
            response = self.page(role, "/my/dealer")
            self.assertEqual(response.status_code, 200)
            self.assertIn("Platinum", response.text)
            self.assertEqual("777.77" in response.text, role != "buyer", role)
            self.assertEqual("dealer_balance" in response.text, role != "buyer", role)
            self.assertEqual(self.orders[self.dealer].name in response.text, role != "finance", role)
            self.assertNotIn(self.orders[self.sub_dealer].name, response.text)
            self.assertNotIn(self.orders[self.superior].name, response.text)

    def test_an_order_that_was_taken_in_is_listed_before_it_is_confirmed(self):
        order = self.orders[self.dealer].copy({"channel_id": self.env.ref("distrib_orders.channel_portal").id})
        offer = self.orders[self.dealer].copy()
        other = self.orders[self.sub_dealer].copy({"channel_id": order.channel_id.id})
        (order | other).pool_accepted = True
        for path in ("/my/orders", "/my/dealer"):
            text = self.page("buyer", path).text
            self.assertIn(order.name, text, path)
            self.assertIn("Accepted", text)
            self.assertNotIn(offer.name, text, "a clerk's own draft")
            self.assertNotIn(other.name, text, "another dealer's")
        order.hold_code = "manual"
        self.assertIn("Being checked", self.page("buyer", "/my/orders").text)

    def test_orders_of_dealers_above_and_below_lead_home(self):
        for dealer in (self.superior, self.sub_dealer):
            response = self.page("admin", f"/my/orders/{self.orders[dealer].id}")
            self.assertTrue(response.url.endswith("/my"), response.url)

    def test_buyer_finds_no_invoice_on_the_order_page_nor_by_its_address(self):
        order = self.orders[self.dealer]
        self.product.invoice_policy = "order"
        invoice = order._create_invoices()
        invoice.action_post()
        self.env.flush_all()
        self.assertIn(invoice.name, self.page("finance", f"/my/orders/{order.id}").text)
        self.assertNotIn(invoice.name, self.page("buyer", f"/my/orders/{order.id}").text)
        self.assertTrue(self.page("buyer", f"/my/invoices/{invoice.id}").url.endswith("/my"))
        self.assertNotIn(invoice.name, self.page("buyer", "/my/invoices").text)

    def test_catalogue_by_role(self):
        response = self.page("buyer", "/my/dealer/catalogue?search=DP-TEA")
        self.assertIn("Green Tea", response.text)
        self.assertIn("45.00", response.text)
        self.assertIn("Out of stock", response.text)
        self.assertNotIn("50.00", response.text)
        self.assertTrue(self.page("finance", "/my/dealer/catalogue").url.endswith("/my"))

    def test_nothing_of_the_request_changes_whose_prices_are_shown(self):
        path = f"/my/dealer/catalogue?search=DP-TEA&partner_id={self.superior.id}&pricelist=1&company_id=2&domain=[]"
        self.assertIn("45.00", self.page("buyer", path).text)
        self.assertEqual(self.page("buyer", "/my/dealer/catalogue/page/99999").status_code, 200)
        self.assertNotIn("<script>x", self.page("buyer", "/my/dealer/catalogue?search=<script>x").text)

    def test_pages_in_chinese(self):
        self.assertIn("进行中的订单", self.page("admin", "/my/dealer", "zh_CN").text)
        self.assertIn("缺货", self.page("admin", "/my/dealer/catalogue?search=DP-TEA", "zh_CN").text)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_rpc_gives_a_buyer_no_balance_and_no_page_methods(self):
        user = self.users["buyer"]
        login = (self.env.cr.dbname, user.id, user.login)

        def call(*args, **kwargs):
            return self.xmlrpc_object.execute_kw(*login, *args, kwargs)

        self.assertEqual(call("account.move", "search_read", [[]], fields=["amount_residual"]), [])
        for model, method, args in (
            ("res.partner", "read", [[user.partner_id.id], ["credit"]]),
            ("res.partner", "read", [[user.partner_id.id], ["dealer_role"]]),
            ("res.partner", "write", [[user.partner_id.id], {"dealer_role": "admin"}]),
            ("distrib.dealer.page", "_catalogue", [""]),
            ("distrib.dealer.page", "_balance", [{}]),
            ("stock.quant", "search_read", [[]]),
            ("product.pricelist", "search_read", [[]]),
        ):
            with self.assertRaises(Fault, msg=f"{model}.{method}"):
                call(model, method, args)
