from odoo import fields, models


class Promotion(models.Model):
    """A promotion of some channels reaches the warehouses that ship their orders."""

    _inherit = "distrib.promotion"

    channel_ids = fields.Many2many(
        "distrib.channel",
        string="Channels",
        check_company=True,
        help="The promotion reaches the warehouses that ship orders of these channels; empty: of every channel.",
    )

    def _plan_fields(self):
        return super()._plan_fields() | {"channel_ids"}

    def _places(self):
        places = super()._places()
        if not self.channel_ids:
            return places
        # The plan counts for the company, whoever of its users looks at it.
        shipping = self.sudo().channel_ids
        allowed = self.env["stock.warehouse"].union(*(channel._candidate_warehouses() for channel in shipping))
        return allowed if places is None else places & allowed
