from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.fields import Domain

from ..engine import lane_days

MEMORY = timedelta(days=180)
LONGEST = 60.0  # days; what took longer was lost and found, or noted late


class LaneTrip(models.Model):
    """One parcel's days on the road: what the plan is corrected by."""

    _name = "distrib.lane.trip"
    _description = "Trip of a Parcel"
    _order = "delivered_at desc, id desc"
    _rec_name = "reference"

    reference = fields.Char(required=True, readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="cascade", readonly=True)
    region_id = fields.Many2one("distrib.region", required=True, ondelete="cascade", readonly=True)
    carrier_id = fields.Many2one("delivery.carrier", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="warehouse_id.company_id", store=True, index=True)
    shipped_at = fields.Datetime(required=True, readonly=True)
    delivered_at = fields.Datetime(required=True, index=True, readonly=True)
    days = fields.Float(readonly=True, aggregator="avg")

    _reference_uniq = models.Constraint("UNIQUE (reference)", "This trip is known already.")

    @api.model
    def _record(self, rows):
        """Note trips that ended; a reference that is known is corrected, so saying it twice changes nothing.

        :param rows: dicts reference, warehouse_id, region_id, carrier_id, shipped_at, delivered_at
        :return: how many counted
        """
        good = {}
        for row in rows:
            span = (row["delivered_at"] - row["shipped_at"]).total_seconds() / 86400.0
            if all(row[name] for name in ("warehouse_id", "region_id", "carrier_id")) and 0.0 <= span <= LONGEST:
                good[row["reference"]] = {**row, "days": span}
        own = self.sudo()  # sudo: carriers' events come in without a user's rights
        known = {trip.reference: trip for trip in own.search([("reference", "in", list(good))])}
        for reference, trip in known.items():
            if trip.delivered_at != good[reference]["delivered_at"] or trip.shipped_at != good[reference]["shipped_at"]:
                trip.write(good[reference])
        own.create([row for reference, row in good.items() if reference not in known])
        return len(good)


class Lane(models.Model):
    _inherit = "distrib.lane"

    @api.model
    def _cron_measure(self):
        """Compare the days of the last half year with the plan, lane by lane."""
        for company in self.env["res.company"].search(Domain.TRUE):
            self.with_company(company)._measure()

    @api.model
    def _measure(self):
        company, own = self.env.company, self.sudo()  # sudo: the run writes what no role may
        trips = self.env["distrib.lane.trip"].sudo().search_read(
            [("company_id", "=", company.id), ("delivered_at", ">=", fields.Datetime.now() - MEMORY)],
            ["warehouse_id", "region_id", "carrier_id", "days"], load=False,
        )  # fmt: skip
        keys = sorted({(trip["warehouse_id"], trip["region_id"], trip["carrier_id"]) for trip in trips})
        if not keys:
            return
        number = {key: index for index, key in enumerate(keys)}
        lane = np.array([number[trip["warehouse_id"], trip["region_id"], trip["carrier_id"]] for trip in trips])
        days = np.array([trip["days"] for trip in trips])
        planned = self._planned(company, keys)
        provinces = self._provinces([key[1] for key in keys])
        zone = self._numbers([(key[0], province, key[2]) for key, province in zip(keys, provinces, strict=True)])
        carrier = self._numbers([key[2] for key in keys])
        half, late = (
            lane_days.shifts(lane, days, planned[:, column], zone, carrier, quantile)
            for column, quantile in ((0, 0.5), (1, 0.9))
        )
        known = {(row.warehouse_id.id, row.region_id.id, row.carrier_id.id): row
                 for row in own.search([("company_id", "=", company.id)])}  # fmt: skip
        fresh = []
        for index, key in enumerate(keys):
            values = {
                "trips": int(half.count[index]), "planned_p50": planned[index, 0], "planned_p90": planned[index, 1],
                "real_p50": half.real[index], "real_p90": late.real[index],
                "shift_p50": half.shift[index], "shift_p90": late.shift[index],
            }  # fmt: skip
            if key in known:
                known[key].write(values)
            else:
                fresh.append({**dict(zip(("warehouse_id", "region_id", "carrier_id"), key, strict=True)), **values})
        own.create(fresh)
        self.env.registry.clear_cache()

    @api.model
    def _planned(self, company, keys):
        """(N, 2) days by the tariffs of today, in the middle and nine of ten; those of the delivery method else."""
        sites = self.env["stock.warehouse"].browse(sorted({key[0] for key in keys}))
        regions = sorted({key[1] for key in keys})
        cards = self.env["distrib.tariff"]._cards(company.id, fields.Date.today(), tuple(sites.ids), tuple(regions))
        result = np.full((len(keys), 2), np.nan)
        for _tariff, carrier, card in cards:
            for index, (site, region, of_carrier) in enumerate(keys):
                if of_carrier == carrier:
                    at = regions.index(region), sites.ids.index(site)
                    result[index] = np.fmin(result[index], (card.p50[at], card.p90[at]))
        return np.where(np.isnan(result), (3.0, 5.0), result)

    @api.model
    def _provinces(self, region_ids):
        """Of each region the province around it, itself where there is none."""
        result = []
        for region in self.env["distrib.region"].sudo().browse(region_ids):
            place = region
            while place and place.kind != "province":
                place = place.parent_id
            result.append((place or region).id)
        return result

    @api.model
    def _numbers(self, names):
        order = {name: index for index, name in enumerate(dict.fromkeys(names))}
        return np.array([order[name] for name in names])
