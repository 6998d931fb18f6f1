from odoo import models


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def _get_partner_pricelist_multi(self, partner_ids):
        """A dealer without a pricelist of his own has the one of his tier, before those of his country.

        Core leaves out all pricelists of partners while the feature is switched off in the settings; a tier that was
        given a pricelist means it in any case.
        """
        result = super()._get_partner_pricelist_multi(partner_ids)
        # sudo: the tier of a dealer is hidden from portal users, whose prices depend on it all the same.
        partners = self.env["res.partner"].sudo().with_context(active_test=False).browse(partner_ids)
        for partner in partners:
            if partner.specific_property_product_pricelist.active:
                continue
            tier_pricelist = partner.commercial_partner_id.dealer_tier_id.pricelist_id
            if tier_pricelist.active:
                result[partner.id] = tier_pricelist.sudo(self.env.su)
        return result
