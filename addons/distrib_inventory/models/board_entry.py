from odoo import models


def board_action(records, query, subject):
    """The board, about some records only; the reader can widen it there."""
    action = records.env["ir.actions.client"]._for_xml_id("distrib_inventory.action_network_board")
    return {**action, "context": {"distrib_board": {"query": query, "subject": subject}}}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def action_network_board(self):
        return self.product_variant_ids.action_network_board()


class ProductProduct(models.Model):
    _inherit = "product.product"

    def action_network_board(self):
        """Where these products are."""
        subject = self.display_name if len(self) == 1 else self.env._("%s products", len(self))
        return board_action(self, {"product_ids": self.ids}, subject)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def action_network_board(self):
        """What lies in these warehouses, and in those that they supply."""
        warehouses = self | self._supply_descendants()
        by = "supply" if len(warehouses) > len(self) else "region"
        return board_action(self, {"warehouse_ids": warehouses.ids, "by": by}, ", ".join(self.mapped("name")))
