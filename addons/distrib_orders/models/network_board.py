from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_network_board(self):
        """Where the goods of this order are."""
        return self.order_line.action_network_board()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_network_board(self):
        goods = self.product_id.filtered(lambda product: product.type == "consu")
        return goods.action_network_board()
