from collections import defaultdict

import numpy as np
from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..engine import tariff as engine

# Weights at which the rules of a delivery method are asked once.
GRID = (0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100)


class Tariff(models.Model):
    """What a carrier charges for one of its services, by zone, from a day to a day."""

    _name = "distrib.tariff"
    _description = "Carrier Tariff"
    _inherit = ["mail.thread"]
    _order = "valid_from desc, name, id"

    name = fields.Char(required=True)
    carrier_id = fields.Many2one("delivery.carrier", required=True, index=True, ondelete="restrict", tracking=True)
    service = fields.Char(help="As the carrier calls it: express, economy, air.")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("retired", "Retired")],
        default="draft", required=True, readonly=True, copy=False, tracking=True, index=True,
    )  # fmt: skip
    valid_from = fields.Date(required=True, default=fields.Date.context_today, tracking=True)
    valid_to = fields.Date(tracking=True, help="The last day; empty: until the next tariff of this service starts.")
    source = fields.Selection(
        [("lines", "Zones below"), ("carrier", "Rates of the delivery method")],
        string="Fees From", default="lines", required=True,
    )  # fmt: skip
    included_kg = fields.Float("First Weight (kg)", default=1.0, help="Kilograms that the first fee covers.")
    step_kg = fields.Float(
        "Step (kg)", default=1.0, help="Further kilograms are billed in these steps; 0: to the gram."
    )
    divisor = fields.Float(
        "Volume Divisor", default=6000.0, digits=(10, 0),
        help="Cubic centimetres that count as one kilogram; 0: volume does not matter.",
    )  # fmt: skip
    fuel_percent = fields.Float("Fuel Surcharge (%)")
    minimum = fields.Monetary(help="A parcel costs at least this, before fuel.")
    days = fields.Float("Days on the Road", default=3.0, help="Where a zone says nothing: days in the middle.")
    days_late = fields.Float(
        "Days, Nine of Ten", default=5.0, help="Nine parcels of ten have arrived after these days."
    )
    line_ids = fields.One2many("distrib.tariff.line", "tariff_id", copy=True)
    line_count = fields.Integer(compute="_compute_line_count")
    remote_ids = fields.One2many("distrib.tariff.remote", "tariff_id", copy=True)
    overlaps = fields.Text(compute="_compute_problems")
    gaps = fields.Text(compute="_compute_problems")

    _dates = models.Constraint("CHECK (valid_to IS NULL OR valid_to >= valid_from)", "It ends before it begins.")
    _amounts = models.Constraint(
        "CHECK (included_kg > 0 AND step_kg >= 0 AND divisor >= 0 AND fuel_percent >= 0 AND minimum >= 0 AND days >= 0)",
        "Weights, steps, surcharges and days cannot be below zero.",
    )

    @api.depends("line_ids")
    def _compute_line_count(self):
        counts = dict(
            self.env["distrib.tariff.line"]._read_group([("tariff_id", "in", self.ids)], ["tariff_id"], ["__count"])
        )
        for tariff in self:
            tariff.line_count = counts.get(tariff, 0)

    @api.depends("name", "service", "carrier_id")
    def _compute_display_name(self):
        for tariff in self:
            parts = [tariff.carrier_id.name, tariff.service, tariff.name]
            tariff.display_name = " · ".join(part for part in dict.fromkeys(parts) if part)

    # What is wrong with it

    @api.depends("state", "valid_from", "valid_to", "carrier_id", "service", "source", "line_ids.origin_warehouse_id",
                 "line_ids.origin_region_id", "line_ids.region_id")  # fmt: skip
    def _compute_problems(self):
        for tariff in self:
            tariff.overlaps = "\n".join(tariff._overlaps())
            tariff.gaps = "\n".join(tariff._gaps())

    def _overlaps(self):
        """Sentences: rows of this tariff that say the same lane twice, other active tariffs of the service then."""
        self.ensure_one()
        seen, words = {}, []
        for line in self.line_ids:
            other = seen.setdefault(line._key(), line)
            if other != line:
                words.append(self.env._("Twice in this tariff: %s.", line._lane_name()))
        for other in self._rivals():
            words.append(
                self.env._(
                    "%(tariff)s is valid at the same time, from %(start)s to %(end)s; of both, the one that starts later counts.",
                    tariff=other.display_name, start=max(other.valid_from, self.valid_from),
                    end=min((day for day in (other.valid_to, self.valid_to) if day), default=self.env._("further notice")),
                )
            )  # fmt: skip
        return words

    def _rivals(self):
        if not (self.carrier_id and self.valid_from):
            return self.browse()
        domain = [
            ("id", "!=", self._origin.id), ("company_id", "=", self.company_id.id), ("state", "=", "active"),
            ("carrier_id", "=", self.carrier_id.id), ("service", "in", [self.service] if self.service else [False, ""]),
            "|", ("valid_to", "=", False), ("valid_to", ">=", self.valid_from),
        ]  # fmt: skip
        rivals = self.search(domain + ([("valid_from", "<=", self.valid_to)] if self.valid_to else []))
        # An open-ended one that began before gives way when this one starts: that is how rates change.
        return rivals.filtered(lambda other: other.valid_to or other.valid_from >= self.valid_from)

    def _gaps(self):
        """Sentences: for each warehouse that ships, the provinces to which no row leads."""
        self.ensure_one()
        if self.source != "lines":
            return []
        sites = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company_id.id), ("network_tier", "in", ("central", "regional", "store"))]
        )
        provinces = self.env["distrib.region"].search([("kind", "=", "province")])
        if not sites or not provinces:
            return []
        open_ = self._rows(sites, provinces)[0] == engine.NONE
        words, by_gap = [], defaultdict(list)
        for place, site in enumerate(sites):
            missing = tuple(np.flatnonzero(open_[:, place]).tolist())
            if missing:
                by_gap[missing].append(site.name)
        for missing, names in by_gap.items():
            words.append(
                self.env._(
                    "No lane from %(sites)s to %(places)s.",
                    sites=self._shorten(names), places=self._shorten([provinces[row].name for row in missing], len(provinces)),
                )
            )  # fmt: skip
        return words

    def _shorten(self, names, everything=0):
        if everything and len(names) == everything:
            return self.env._("any province")
        rest = len(names) - 6
        text = self.env._(", ").join(names[:6])
        return self.env._("%(names)s and %(rest)s more", names=text, rest=rest) if rest > 0 else text

    # Its life

    def action_activate(self):
        for tariff in self.filtered(lambda tariff: tariff.state != "active"):
            problems = [text for text in tariff._overlaps() if text]
            if tariff.source == "lines" and not tariff.line_ids:
                problems.append(self.env._("It has no zones."))
            if problems:
                raise UserError(self.env._("%(tariff)s cannot be activated.\n%(why)s", tariff=tariff.display_name,
                                           why="\n".join(problems)))  # fmt: skip
            tariff._end_earlier()
            tariff.state = "active"
        return True

    def _end_earlier(self):
        """The tariff of this service that was valid so far ends on the day before."""
        earlier = self.search([
            ("id", "!=", self.id), ("company_id", "=", self.company_id.id), ("carrier_id", "=", self.carrier_id.id),
            ("service", "in", [self.service] if self.service else [False, ""]), ("state", "=", "active"),
            ("valid_from", "<", self.valid_from), ("valid_to", "=", False),
        ])  # fmt: skip
        earlier.valid_to = fields.Date.add(self.valid_from, days=-1)

    def action_retire(self):
        self.state = "retired"
        return True

    def action_draft(self):
        self.state = "draft"
        return True

    def action_open_lines(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_tariff_lines")
        return {**action, "domain": [("tariff_id", "=", self.id)], "context": {"default_tariff_id": self.id}}

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _keep_active(self):
        if self.filtered(lambda tariff: tariff.state == "active"):
            raise UserError(self.env._("An active tariff is retired, not deleted: past decisions were made with it."))

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    # For the router

    @api.model
    def _valid(self, company, day):
        """The tariffs that count on a day, one of each carrier and service: of two, the one that started later."""
        # sudo: rates are internal, and routing asks for them on behalf of callers who need not see them
        found = self.sudo().search([
            ("company_id", "=", company.id), ("state", "=", "active"), ("valid_from", "<=", day),
            "|", ("valid_to", "=", False), ("valid_to", ">=", day), ("carrier_id.active", "=", True),
        ], order="valid_from desc, id desc")  # fmt: skip
        newest = {}
        for tariff in found:
            newest.setdefault((tariff.carrier_id, tariff.service or ""), tariff)
        return self.sudo().union(*newest.values()).sorted("id")

    def _rows(self, sites, regions):
        """((R, M) index into the lines or NONE, the lines' columns)"""
        self.ensure_one()
        self.line_ids.flush_recordset()
        names = ["origin_warehouse_id", "origin_region_id", "region_id", "first", "per_kg", "days", "days_late"]
        rows = self.env["distrib.tariff.line"].sudo().search_read(
            [("tariff_id", "=", self.id)], names, order="id", load=False
        )  # fmt: skip
        levels = {region.id: len((region.parent_path or "").split("/")) for region in self.line_ids.origin_region_id}
        keys = [(row["origin_warehouse_id"] or 0, row["origin_region_id"] or 0) for row in rows]
        special = sorted(set(keys), key=lambda key: (bool(key[0]), levels.get(key[1], 0), key))
        paths = [f"/{site.region_id.parent_path or ''}" for site in sites]
        sources = np.array(
            [[site == key[0] if key[0] else not key[1] or f"/{key[1]}/" in path
              for site, path in zip(sites.ids, paths, strict=True)] for key in special], bool,
        ).reshape(len(special), len(sites))  # fmt: skip
        index = {key: number for number, key in enumerate(special)}
        origin = np.array([index[key] for key in keys], np.int64)
        to = np.array([row["region_id"] or engine.ANYWHERE for row in rows], np.int64)
        return engine.resolve(origin, to, sources, regions._around()), rows

    def _card(self, sites, regions):
        """The tariff laid over the lanes, see `engine.tariff.Card`."""
        self.ensure_one()
        common = {
            "included_kg": self.included_kg, "step_kg": self.step_kg, "divisor": self.divisor,
            "fuel": self.fuel_percent / 100.0, "minimum": self.minimum, "remote": self._remote(regions),
        }  # fmt: skip
        if self.source == "carrier":
            return self._native_card(sites, regions, common)
        found, rows = self._rows(sites, regions)
        column = {
            name: np.array([row[name] for row in rows] + [np.nan], np.float64)
            for name in ("first", "per_kg", "days", "days_late")
        }
        late = np.where(
            column["days_late"] > 0, column["days_late"], np.where(column["days"] > 0, column["days"] * 1.5, 0.0)
        )
        p50 = np.where(column["days"] == 0, self.days, column["days"])
        p90 = np.where(late == 0, self.days_late, late)
        arrays = {"first": column["first"][found], "per_kg": column["per_kg"][found], "p50": p50[found]}
        return engine.Card(**arrays, p90=np.maximum(p90, p50)[found], **common)

    def _remote(self, regions):
        fees = {row.region_id.id: row.amount for row in self.remote_ids}
        around = regions._around()
        return np.array(
            [next((fees[place] for place in row if place in fees), 0.0) for row in around.tolist()], np.float64
        )

    def _native_card(self, sites, regions, common):
        """The fees that the delivery method's own rules give, asked once for each weight."""
        carrier, countries, states = self.carrier_id, self.carrier_id.country_ids, self.carrier_id.state_ids
        served = np.array([
            (not countries or region.country_id in countries) and (not states or region._state() in states)
            for region in regions
        ], bool)  # fmt: skip
        lane = np.where(served, 0.0, np.nan)[:, None] + np.zeros(len(sites))
        prices = np.array([carrier._lane_price(kilos) for kilos in GRID])
        return engine.Card(
            first=lane, per_kg=lane, p50=lane + self.days, p90=lane + self.days_late,
            grid=np.array([GRID, prices]), **{**common, "minimum": max(self.minimum, 0.0)},
        )  # fmt: skip

    @api.model
    @tools.ormcache("company_id", "day", "site_ids", "region_ids")
    def _cards(self, company_id, day, site_ids, region_ids):
        """((tariff id, carrier id, Card), ...) of the tariffs that count on a day, kept until a tariff changes."""
        sites = self.env["stock.warehouse"].sudo().browse(site_ids)
        regions = self.env["distrib.region"].sudo().browse(region_ids)
        tariffs = self._valid(self.env["res.company"].browse(company_id), day)
        return tuple((tariff.id, tariff.carrier_id.id, tariff._card(sites, regions)) for tariff in tariffs)


class TariffLine(models.Model):
    """A zone: the fees from an origin to a region and all that lies in it."""

    _name = "distrib.tariff.line"
    _description = "Tariff Zone"
    _order = "tariff_id, origin_warehouse_id, origin_region_id, region_id, id"
    _rec_name = "region_id"

    tariff_id = fields.Many2one("distrib.tariff", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="tariff_id.company_id.currency_id")
    carrier_id = fields.Many2one(related="tariff_id.carrier_id", store=True)
    origin_warehouse_id = fields.Many2one(
        "stock.warehouse", string="From Warehouse", index="btree_not_null", ondelete="cascade"
    )
    origin_region_id = fields.Many2one(
        "distrib.region", string="From Region", ondelete="restrict",
        help="All warehouses in this region; empty, like the warehouse: from everywhere.",
    )  # fmt: skip
    zone = fields.Char(help="As the carrier calls it.")
    region_id = fields.Many2one(
        "distrib.region", string="To Region", index="btree_not_null", ondelete="restrict", help="Empty: everywhere."
    )
    first = fields.Monetary("First Fee", required=True)
    per_kg = fields.Monetary("Further kg", required=True)
    days = fields.Float(help="In the middle. 0: as the tariff says.")
    days_late = fields.Float("Days, Nine of Ten", help="0: half as long again as in the middle.")

    _fees = models.Constraint("CHECK (first >= 0 AND per_kg >= 0 AND days >= 0 AND days_late >= 0)", "Below zero.")

    @api.constrains("first", "per_kg", "origin_warehouse_id", "origin_region_id")
    def _check_fees(self):
        for line in self:
            if line.first < line.per_kg * line.tariff_id.included_kg - 1e-6:
                raise ValidationError(
                    self.env._("%s: the first fee is less than its kilograms cost as further ones.", line._lane_name())
                )
            if line.origin_warehouse_id and line.origin_region_id:
                raise ValidationError(self.env._("%s: from a warehouse or from a region, not both.", line._lane_name()))

    def _key(self):
        return (self.origin_warehouse_id.id, self.origin_region_id.id, self.region_id.id)

    def _lane_name(self):
        everywhere = self.env._("everywhere")
        origin = self.origin_warehouse_id.name or self.origin_region_id.display_name or everywhere
        return f"{origin} → {self.region_id.display_name or everywhere}"

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()


class TariffRemote(models.Model):
    """What a parcel costs more in a region that is hard to reach."""

    _name = "distrib.tariff.remote"
    _description = "Remote-Area Surcharge"
    _order = "region_id"
    _rec_name = "region_id"

    tariff_id = fields.Many2one("distrib.tariff", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="tariff_id.company_id.currency_id")
    region_id = fields.Many2one("distrib.region", required=True, ondelete="restrict")
    amount = fields.Monetary("Surcharge", required=True)

    _region_uniq = models.Constraint("UNIQUE (tariff_id, region_id)", "One surcharge for each region.")

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()


class Region(models.Model):
    _inherit = "distrib.region"

    def _around(self):
        """(R, D) each region and those around it, the closest first, NONE behind."""
        paths = [[int(step) for step in (region.parent_path or "").split("/") if step][::-1] for region in self]
        depth = max(map(len, paths), default=1)
        return np.array([path + [engine.NONE] * (depth - len(path)) for path in paths], np.int64).reshape(
            len(paths), depth
        )

    def _state(self):
        """The province or state that core knows, of the region or of one around it."""
        place = self
        while place and not place.state_id:
            place = place.parent_id
        return place.state_id


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    def write(self, vals):
        self.env.registry.clear_cache()  # tariffs may read their fees here
        return super().write(vals)

    def _lane_price(self, kilos):
        """What a parcel of one piece costs by the method's own rules, without an order; NaN when it takes none."""
        self.ensure_one()
        if self.max_weight and kilos > self.max_weight:
            return np.nan
        if self.delivery_type == "fixed":
            return self.fixed_price
        if self.delivery_type != "base_on_rule":
            return np.nan
        try:
            return self._get_price_from_picking(0.0, kilos, 0.0, 1)
        except UserError:  # no rule says anything about this weight: core's way to tell
            return np.nan


class DeliveryPriceRule(models.Model):
    _inherit = "delivery.price.rule"

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
