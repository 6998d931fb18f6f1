from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import geo

TIERS = [("central", "Central"), ("regional", "Regional"), ("dealer", "Dealer"), ("store", "Store")]


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    network_tier = fields.Selection(TIERS, index=True, help="The place of this warehouse in the distribution network.")
    region_id = fields.Many2one("distrib.region", index="btree_not_null", ondelete="restrict")
    supply_parent_id = fields.Many2one(
        "stock.warehouse",
        string="Supplied By",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('id', '!=', id), ('company_id', '=', company_id)]",
        help="The warehouse that replenishes this one.",
    )
    supply_child_ids = fields.One2many("stock.warehouse", "supply_parent_id", string="Supplies")
    latitude = fields.Float(digits=(10, 6), help="Degrees north. Taken from the region unless entered.")
    longitude = fields.Float(digits=(10, 6), help="Degrees east. Taken from the region unless entered.")
    dealer_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        check_company=True,
        help="The dealer who keeps, and owns, the goods in this warehouse.",
    )

    @api.constrains("supply_parent_id")
    def _check_supply_loop(self):
        for warehouse in self:
            chain, above = [warehouse], warehouse.supply_parent_id
            while above and above not in chain:
                chain.append(above)
                above = above.supply_parent_id
            if above:
                loop = [*chain[chain.index(above) :], above]
                names = " ← ".join(step.display_name for step in loop)
                raise ValidationError(self.env._("The supply tree would run in a circle: %s", names))

    @api.constrains("latitude", "longitude")
    def _check_coordinates(self):
        for warehouse in self:
            if abs(warehouse.latitude) > 90 or abs(warehouse.longitude) > 180:
                raise ValidationError(
                    self.env._("%s: latitude runs from -90 to 90, longitude from -180 to 180.", warehouse.name)
                )

    @api.onchange("region_id")
    def _onchange_region_id(self):
        self._follow_region({self: self._origin.region_id})

    @api.model_create_multi
    def create(self, vals_list):
        warehouses = super().create(vals_list)
        warehouses._follow_region({})
        return warehouses

    def write(self, vals):
        moved_from = {}
        if "region_id" in vals and not {"latitude", "longitude"} & vals.keys():
            moved_from = {warehouse: warehouse.region_id for warehouse in self}
        result = super().write(vals)
        if moved_from:
            self._follow_region(moved_from)
        return result

    def _follow_region(self, moved_from):
        """Place warehouses at their region's coordinates where they have none, or still have the old region's.

        :param dict moved_from: warehouse -> the region in which it was before
        """
        old_places = self.env["distrib.region"].union(*moved_from.values())._coordinates()
        places = self.region_id._coordinates()
        for warehouse in self:
            here = (warehouse.latitude, warehouse.longitude)
            old = old_places.get(moved_from.get(warehouse, self.env["distrib.region"]).id)
            new = places.get(warehouse.region_id.id)
            if new and here != new and (here == (0.0, 0.0) or here == old):
                warehouse.update({"latitude": new[0], "longitude": new[1]})

    def _supply_descendants(self):
        """All warehouses below these in the supply tree, without these themselves; one query for each level."""
        found = level = self
        while level:
            level = self.search([("supply_parent_id", "in", level.ids)]) - found
            found |= level
        return found - self

    def distance_km(self, latitude, longitude):
        """Great-circle distance in kilometres from each warehouse to one place.

        :return: dict warehouse id -> kilometres; warehouses without coordinates are left out
        """
        placed = self.filtered(lambda w: w.latitude or w.longitude)
        distances = geo.haversine_km(placed.mapped("latitude"), placed.mapped("longitude"), latitude, longitude)
        return dict(zip(placed.ids, distances.tolist(), strict=True))
