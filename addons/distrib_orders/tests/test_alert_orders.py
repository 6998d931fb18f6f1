from odoo.tests import tagged

from .common import OrdersCommon


@tagged("post_install", "-at_install")
class TestAlertOrders(OrdersCommon):
    def test_a_dealer_who_runs_out_gets_an_offer(self):
        """The click makes a quotation to him over what fills him up to his level."""
        self.env["distrib.policy"].create(
            {
                "product_id": self.product_a.id,
                "warehouse_id": self.dealer_warehouse.id,
                "company_id": self.company.id,
                "demand_mean": 5,
                "lead_time_days": 4,
                "order_up_to": 50,
            }
        )
        self.add_stock(self.product_a, self.dealer_warehouse, 3, owner=self.dealer)
        rule = self.env["distrib.alert.rule"].create(
            {
                "name": "Dealers out",
                "kind": "out_before_arrival",
                "whose": "others",
                "threshold": 3,
                "warehouse_ids": self.dealer_warehouse.ids,
            }
        )
        rule._evaluate()
        alert = self.env["distrib.alert"].search([("rule_id", "=", rule.id)])
        for role in ("channel_manager", "manager"):
            action = alert.with_user(self.users[role]).action_remedy()
            order = self.env["sale.order"].with_user(self.users[role]).with_context(**action["context"]).create({})
            self.assertEqual((order.partner_id, order.state), (self.dealer, "draft"))
            self.assertEqual((order.order_line.product_id, order.order_line.product_uom_qty), (self.product_a, 47))
        action = alert.with_user(self.users["planner"]).action_remedy()
        self.assertNotEqual(action.get("res_model"), "sale.order", "planners sell nothing: they see who has it")
