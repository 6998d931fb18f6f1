from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    needs_cold_chain = fields.Boolean(help="Ships only from warehouses with a cold chain.")
    is_dangerous_goods = fields.Boolean(
        string="Dangerous Goods", help="Ships only from warehouses that may send dangerous goods."
    )


class Channel(models.Model):
    _inherit = "distrib.channel"

    store_id = fields.Many2one(
        "stock.warehouse", string="Sells for the Store", check_company=True, index="btree_not_null",
        help="Rules may let the store that sold an order ship it.",
    )  # fmt: skip
