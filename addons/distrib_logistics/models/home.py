from odoo import api, models


class DistribHome(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        return super()._cards()
