from datetime import timedelta

from odoo import Command, fields
from odoo.tests import TransactionCase, new_test_user

ROLES = ("buyer", "approver", "finance", "admin")


class DealerMixin:
    """A dealer with a user in each role, a sub-dealer below and a superior above, orders and invoices of each."""

    @classmethod
    def set_up_dealers(cls):
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True, no_reset_password=True))
        for code in ("en_US", "zh_CN"):
            cls.env["res.lang"]._activate_lang(code)
        cls.pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Tier terms",
                "item_ids": [
                    Command.create({"compute_price": "percentage", "percent_price": 10, "applied_on": "3_global"})
                ],
            }
        )
        cls.tier = cls.env["distrib.dealer.tier"].create(
            {"name": "Platinum", "code": "test-platinum", "pricelist_id": cls.pricelist.id}
        )
        cls.superior = cls._dealer("Superior", None)
        cls.dealer = cls._dealer("Middle", cls.superior)
        cls.sub_dealer = cls._dealer("Below", cls.dealer)
        cls.users = {role: cls._user(f"dp_{role}", cls.dealer, role) for role in ROLES}
        cls.product = cls.env["product.product"].create(
            {"name": "Green Tea", "default_code": "DP-TEA", "is_storable": True, "list_price": 50, "taxes_id": False}
        )
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.env.company.id)], limit=1)
        cls.orders = {dealer: cls._order(dealer) for dealer in (cls.superior, cls.dealer, cls.sub_dealer)}

    @classmethod
    def _dealer(cls, name, superior):
        return cls.env["res.partner"].create(
            {
                "name": f"Dealer {name}",
                "is_company": True,
                "is_dealer": True,
                "dealer_tier_id": cls.tier.id,
                "dealer_parent_id": superior and superior.id,
            }
        )

    @classmethod
    def _user(cls, login, dealer, role):
        user = new_test_user(
            cls.env, login, groups="distrib_dealer_portal.group_dealer", password=login, lang="en_US", tz="UTC"
        )
        user.partner_id.write({"parent_id": dealer.id, "dealer_role": role})
        return user

    @classmethod
    def _order(cls, dealer, quantity=3):
        order = cls.env["sale.order"].create(
            {
                "partner_id": dealer.id,
                "order_line": [Command.create({"product_id": cls.product.id, "product_uom_qty": quantity})],
            }
        )
        order.action_confirm()
        return order

    @classmethod
    def _invoice(cls, dealer, amount, due_in_days):
        today = fields.Date.today()
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": dealer.id,
                "invoice_date": today - timedelta(days=60),
                "invoice_date_due": today + timedelta(days=due_in_days),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "quantity": 1, "price_unit": amount, "tax_ids": False})
                ],
            }
        )
        invoice.action_post()
        return invoice

    def page_of(self, user):
        return self.env["distrib.dealer.page"].with_user(user)


class DealerCase(DealerMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_dealers()
