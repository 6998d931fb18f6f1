from odoo import models


class Demo(models.AbstractModel):
    """The dealer's users enter by the dealer portal."""

    _inherit = "distrib.demo"

    def _portal_groups(self):
        return self.env.ref("distrib_dealer_portal.group_dealer")
