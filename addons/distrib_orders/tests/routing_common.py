"""Rules and orders for tests of the router. No tests in this file."""

from .common import OrdersCommon


class RoutingCommon(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["distrib.routing.ruleset"].search([("state", "=", "active")]).action_retire()

    def new_order(self, external_id="T-1", *lines, **values):
        (answer,) = self.submit(self.payload(external_id, *lines, **values))
        return self.order_of(answer)

    def rules(self, *rules, activate=True, pairs=(), **values):
        """An active version with these rules; the last one applies to all orders."""
        ruleset = self.env["distrib.routing.ruleset"].create(
            {
                "name": "Test Rules",
                "rule_ids": [(0, 0, {"name": f"Test {i}", "sequence": i, **rule}) for i, rule in enumerate(rules)],
                "pair_ids": [(0, 0, pair) for pair in pairs],
                **values,
            }
        )
        if activate:
            ruleset.action_activate()
        return ruleset

    def sites(self, order):
        return order.order_line.routed_warehouse_id

    def routed(self, *warehouses, external_id="T-1", quantity=1, stock=5):
        """An order routed when only these warehouses had the goods."""
        for warehouse in warehouses:
            self.add_stock(self.product_a, warehouse, stock)
        order = self.new_order(external_id, ("TEA", quantity))
        order._route()
        return order
