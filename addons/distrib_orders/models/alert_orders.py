import numpy as np
from odoo import Command, models


class Alert(models.Model):
    _inherit = "distrib.alert"

    def _remedy_dealer(self):
        """An offer to the dealer who runs out, filled in: he decides, we supply."""
        dealer = self.warehouse_id.dealer_id
        if not (dealer and self.env["sale.order"].has_access("create")):
            return super()._remedy_dealer()
        policy = self.env["distrib.policy"].search(self._pair_domain(), limit=1)
        # up to the level that his own policy plans, and at least what he will not be able to sell otherwise
        quantity = max(policy.order_up_to - self._dealer_stock(), self.pieces, 1.0)
        line = {"product_id": self.product_id.id, "product_uom_qty": -(-quantity // 1)}
        context = {
            "default_partner_id": dealer.id,
            "default_company_id": self.company_id.id,
            "default_origin": self.display_name,
            "default_order_line": [Command.create(line)],
        }
        return self._form("sale.order", context=context)

    def _dealer_stock(self):
        rule = self.rule_id.with_context(allowed_company_ids=self.company_id.ids)
        # sudo: the sum of what lies there or was reported, whoever looks at the alert
        stock, _incoming = rule.sudo()._stock_of(np.array(self.product_id.ids), np.array(self.warehouse_id.ids))
        return float(stock[0])
