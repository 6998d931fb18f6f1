from odoo import fields, models


class Brand(models.Model):
    _name = "distrib.brand"
    _description = "Brand"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "A brand of this name exists already.")


class ProductTemplate(models.Model):
    _inherit = "product.template"

    brand_id = fields.Many2one("distrib.brand", index="btree_not_null", ondelete="restrict")
