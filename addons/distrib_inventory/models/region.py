from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class Region(models.Model):
    """A tree of places in which the network sells and stores: country, area, province, city, district.

    Regions are shared by all companies. In China `code` is the adcode of GB/T 2260.
    """

    _name = "distrib.region"
    _description = "Distribution Region"
    _parent_store = True
    _order = "code, name, id"
    _rec_names_search = ("name", "code")

    name = fields.Char(required=True, translate=True, index="trigram")
    code = fields.Char(index=True, help="In China: the six-digit administrative division code (GB/T 2260).")
    kind = fields.Selection(
        [
            ("country", "Country"),
            ("area", "Area"),
            ("province", "Province"),
            ("city", "City"),
            ("district", "District"),
        ],
        required=True,
        default="city",
        index=True,
    )
    parent_id = fields.Many2one("distrib.region", string="Part of", index=True, ondelete="restrict")
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("distrib.region", "parent_id", string="Parts")
    country_id = fields.Many2one("res.country", index="btree_not_null")
    state_id = fields.Many2one(
        "res.country.state",
        string="Province or State",
        index="btree_not_null",
        domain="[('country_id', '=?', country_id)]",
    )
    latitude = fields.Float(digits=(10, 6), help="Degrees north; empty means the place of the region above.")
    longitude = fields.Float(digits=(10, 6), help="Degrees east; empty means the place of the region above.")
    active = fields.Boolean(default=True)
    warehouse_ids = fields.One2many("stock.warehouse", "region_id", string="Warehouses")
    warehouse_count = fields.Integer(
        compute="_compute_warehouse_count",
        help="Warehouses in this region and in all its parts.",
    )

    _code_uniq = models.UniqueIndex(
        "(COALESCE(parent_id, 0), code) WHERE code IS NOT NULL",
        "Two parts of one region cannot have the same code.",
    )

    def write(self, vals):
        # The tree is stored as paths, which core updates before any constraint runs, with a bare "Recursion Detected".
        above = self.browse(vals.get("parent_id") or ()).parent_path or ""
        if loops := self.filtered(lambda region: str(region.id) in above.split("/")):
            raise ValidationError(self.env._("%s cannot be a part of itself or of its own parts.", loops[0].name))
        return super().write(vals)

    @api.constrains("latitude", "longitude")
    def _check_coordinates(self):
        for region in self:
            if abs(region.latitude) > 90 or abs(region.longitude) > 180:
                raise ValidationError(
                    self.env._("%s: latitude runs from -90 to 90, longitude from -180 to 180.", region.name)
                )

    @api.depends("name", "kind", "parent_id", "parent_path")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """The path below the country: "North China / Beijing"."""
        for region in self:
            names, above = [region.name or ""], region.parent_id
            while above and above.kind != "country":
                names.append(above.name or "")
                above = above.parent_id
            region.display_name = " / ".join(reversed(names))

    @api.depends("warehouse_ids.region_id")
    def _compute_warehouse_count(self):
        parts = self.with_context(active_test=False).search([("id", "child_of", self.ids)])
        counts = dict(
            self.env["stock.warehouse"]._read_group([("region_id", "in", parts.ids)], ["region_id"], ["__count"])
        )
        totals = defaultdict(int)
        for part, count in counts.items():
            for region_id in (part.parent_path or "").split("/")[:-1]:
                totals[int(region_id)] += count
        for region in self:
            region.warehouse_count = totals[region.id]

    def _coordinates(self):
        """(latitude, longitude) of each region, taken from the nearest region above that has them.

        :return: dict region id -> (latitude, longitude); regions without any are left out
        """
        result = {}
        for region in self:
            place = region
            while place and not (place.latitude or place.longitude):
                place = place.parent_id
            if place:
                result[region.id] = (place.latitude, place.longitude)
        return result

    def action_open_warehouses(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_network_warehouses")
        return {**action, "domain": [("region_id", "child_of", self.id)], "context": {"default_region_id": self.id}}
