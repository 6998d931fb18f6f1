"""Two users on two connections. What they need is committed, so it is taken away again at the end."""

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged


@tagged("post_install", "-at_install")
class TestProposalRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            warehouse = env["stock.warehouse"].search([], limit=1)
            product = env["product.product"].create({"name": "Race Tea", "is_storable": True})
            supplier = env["res.partner"].create({"name": "Race Supplier Ltd"})
            proposal = env["distrib.proposal"].create(
                {
                    "kind": "purchase",
                    "product_id": product.id,
                    "warehouse_id": warehouse.id,
                    "company_id": warehouse.company_id.id,
                    "partner_id": supplier.id,
                    "quantity": 5,
                    "order_date": "2024-07-01",
                    "expected_date": "2024-07-05",
                }
            )
            self.ids = {"proposal": proposal.id, "product": product.id, "supplier": supplier.id}
        self.addCleanup(self.clean)

    def clean(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            orders = env["purchase.order"].search([("partner_id", "=", self.ids["supplier"])])
            orders.button_cancel()
            orders.unlink()
            env["distrib.proposal"].browse(self.ids["proposal"]).unlink()
            env["product.product"].browse(self.ids["product"]).unlink()
            env["res.partner"].browse(self.ids["supplier"]).unlink()

    def proposal(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})["distrib.proposal"].browse(self.ids["proposal"])

    def test_two_accept_at_once(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self.assertEqual(self.proposal(second).state, "open")
            self.proposal(first).action_accept()
            with self.assertRaisesRegex(UserError, "Somebody else is deciding"):
                self.proposal(second).action_accept()
            second.rollback()
            first.commit()
            with self.assertRaisesRegex(UserError, "decided already"):
                self.proposal(second).action_accept()
            second.rollback()
            orders = self.proposal(first).env["purchase.order"].search([("partner_id", "=", self.ids["supplier"])])
            self.assertEqual(len(orders), 1)
