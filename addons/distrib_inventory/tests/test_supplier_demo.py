from odoo.addons.distrib_inventory.models.demo import DemoBuild
from odoo.tests import tagged

from .supplier_common import SupplierCommon


@tagged("post_install", "-at_install")
class TestSupplierDemo(SupplierCommon):
    def test_each_state_is_there_and_nothing_leaves(self):
        self.link.unlink()
        suppliers = self.env["res.partner"].create(
            [{"name": f"Test Supplier {number} Ltd", "is_company": True} for number in range(3)]
        )
        for supplier in suppliers:
            for _number in range(2):
                self.new_order(supplier=supplier)
        made = DemoBuild(None, "en_US", suppliers=suppliers)
        self.env["distrib.demo"]._build_supplier_orders(made)
        self.commit()
        messages = self.env["distrib.supplier.order"].search([("partner_id", "in", suppliers.ids)])
        self.assertEqual(set(messages.mapped("state")), {"confirmed", "failed", "sent", "queued"})
        self.assertEqual(set(messages.purchase_id.distrib_answer_ids.mapped("state")), {"applied", "consent"})
        self.assertTrue(messages.filtered("is_waiting_long"))
        self.assertFalse(self.env["distrib.supplier.order"]._due() & messages, "paused")
