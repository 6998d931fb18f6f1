from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DealerCase

MUTED = ("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
INTERNAL = {
    "res.partner": ("is_dealer", "dealer_tier_id", "dealer_role", "dealer_access", "credit", "debit", "total_invoiced"),
    "sale.order": ("channel_id", "pool_state", "hold_data", "region_id"),
}


@tagged("post_install", "-at_install")
class TestRights(DealerCase):
    @mute_logger(*MUTED)
    def test_internal_fields_are_denied_to_each_role(self):
        for user in self.users.values():
            records = {"res.partner": user.partner_id, "sale.order": self.orders[self.dealer]}
            for model, names in INTERNAL.items():
                for name in names:
                    with self.assertRaises(AccessError, msg=f"{user.login} {model}.{name}"):
                        records[model].with_user(user).read([name])

    @mute_logger(*MUTED)
    def test_no_role_reaches_products_prices_stock_or_margin(self):
        for user in self.users.values():
            for model in ("product.product", "product.pricelist", "product.pricelist.item", "stock.quant"):
                with self.assertRaises(AccessError, msg=f"{user.login} {model}"):
                    self.env[model].with_user(user).search([])
        margins = [name for name in ("margin", "margin_percent") if name in self.env["sale.order"]._fields]
        for name in margins:
            with self.assertRaises(AccessError):
                self.orders[self.dealer].with_user(self.users["admin"]).read([name])

    def test_orders_of_the_own_dealer_only(self):
        for role, user in self.users.items():
            seen = self.env["sale.order"].with_user(user).search([])
            self.assertEqual(seen, self.orders[self.dealer], role)

    def test_invoices_are_for_those_who_pay(self):
        invoice = self._invoice(self.dealer, 100, due_in_days=-5)
        self._invoice(self.sub_dealer, 100, due_in_days=-5)
        self._invoice(self.superior, 100, due_in_days=-5)
        for role, user in self.users.items():
            expected = invoice.browse() if role == "buyer" else invoice
            self.assertEqual(self.env["account.move"].with_user(user).search([]), expected, role)
            lines = self.env["account.move.line"].with_user(user).search([])
            self.assertEqual(lines.move_id, expected, role)

    def test_a_changed_role_counts_at_once(self):
        invoice = self._invoice(self.dealer, 100, due_in_days=5)
        Move = self.env["account.move"].with_user(self.users["buyer"])
        self.assertFalse(Move.search([]))
        self.users["buyer"].partner_id.dealer_role = "finance"
        self.assertEqual(Move.search([]), invoice)

    def test_customers_who_are_no_dealers_keep_their_invoices(self):
        shop = self.env["res.partner"].create({"name": "Shop", "is_company": True})
        user = self._user("dp_shop", shop, "buyer")
        invoice = self._invoice(shop, 10, due_in_days=5)
        self.assertEqual(self.env["account.move"].with_user(user).search([]), invoice)
