from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.fields import Domain


class WeatherStation(models.Model):
    """What is known of the weather service for one region in which there are warehouses: how far the weather is
    fetched, and since when it is not.
    """

    _name = "distrib.weather.station"
    _description = "Weather Station"
    _order = "failed_since, region_id"
    _rec_name = "region_id"

    region_id = fields.Many2one("distrib.region", required=True, readonly=True, ondelete="cascade")
    active = fields.Boolean(default=True)
    latitude = fields.Float(digits=(10, 6), readonly=True)
    longitude = fields.Float(digits=(10, 6), readonly=True)
    archive_until = fields.Date(
        string="History Until", readonly=True, help="Measured days are fetched up to this day, in steps of a year."
    )
    forecast_on = fields.Datetime(string="Forecast Of", readonly=True, help="When the last forecast was fetched.")
    forecast_until = fields.Date(readonly=True)
    failed_since = fields.Datetime(string="Away Since", readonly=True, index=True)
    failure = fields.Char(readonly=True, help="What the service said last.")
    state = fields.Selection(
        [
            ("new", "Not fetched yet"),
            ("ok", "Up to date"),
            ("away", "Climate normals"),
            ("placeless", "No coordinates"),
        ],
        compute="_compute_state",
        help="Climate normals: the service does not answer; plans go on with what is usual for the region and the day "
        "of the year.",
    )

    _region_uniq = models.Constraint("UNIQUE(region_id)", "A region has one weather station.")

    @api.depends("failed_since", "forecast_on", "latitude", "longitude")
    def _compute_state(self):
        for station in self:
            if not (station.latitude or station.longitude):
                station.state = "placeless"
            elif station.failed_since:
                station.state = "away"
            else:
                station.state = "ok" if station.forecast_on else "new"

    @api.model
    def _sync(self):
        """One station for each region with a warehouse, at the coordinates that count for it now."""
        # Stations belong to the network, not to the company of whoever asks.
        warehouses = self.env["stock.warehouse"].sudo()._read_group([("region_id", "!=", False)], ["region_id"])
        regions = self.env["distrib.region"].sudo().union(*(region for (region,) in warehouses))
        places = regions._coordinates()
        stations = self.sudo().with_context(active_test=False).search(Domain.TRUE)
        found = {station.region_id.id: station for station in stations}
        self.sudo().create([{"region_id": region.id} for region in regions if region.id not in found])
        stations = self.sudo().with_context(active_test=False).search(Domain.TRUE)
        for station in stations:
            latitude, longitude = places.get(station.region_id.id, (0.0, 0.0))
            values = {"active": station.region_id in regions, "latitude": latitude, "longitude": longitude}
            changed = {name: value for name, value in values.items() if station[name] != value}
            if changed:
                station.write(changed)
        return stations.filtered("active")

    def _store(self, dailies, today):
        """Write what the service gave for these stations: past days as measured, coming ones as forecast."""
        regions, days, values = [], [], []
        for station, daily in zip(self, dailies, strict=True):
            known = ~np.isnan(daily.values).all(axis=0)
            regions.append(np.full(known.sum(), station.region_id.id))
            days.append(daily.days[known])
            values.append(daily.values[:, known])
        region, day, value = np.concatenate(regions), np.concatenate(days), np.concatenate(values, axis=1)
        unknown = np.full(len(day), np.nan)
        mean, rain, highest, lowest = value
        measures = np.stack([mean, rain, unknown, unknown, highest, lowest])
        past = day < np.datetime64(today, "D")
        weather = self.env["distrib.weather"].sudo()  # the schedule writes for everybody
        weather._write_days(region[past], day[past], measures[:, past], source="service")
        weather._write_days(region[~past], day[~past], measures[:, ~past], source="forecast")

    def _arrays(self):
        return np.array(self.mapped("latitude")), np.array(self.mapped("longitude"))

    def _fail(self, reason):
        now = fields.Datetime.now()
        for station in self:
            station.write({"failed_since": station.failed_since or now, "failure": reason[:300]})

    def _archive_from(self, today, years):
        """The first day (of each station) of which the measured weather is still to be fetched."""
        first = today - timedelta(days=365 * min(max(years, 1), 20))
        return {
            station: max(station.archive_until + timedelta(1), first) if station.archive_until else first
            for station in self
        }

    @api.model
    def action_fetch_now(self):
        """Ask the schedule to run; it does so in the background, in batches."""
        self.check_access("read")
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise self.env["distrib.weather"]._planners_only()
        state = self.env["distrib.weather"]._service_state()
        if state["state"] == "off":
            return self.env["distrib.weather"]._notice(state["message"], "warning")
        # Planners may not touch schedules; this one only runs earlier.
        self.env.ref("distrib_inventory.cron_weather").sudo()._trigger()
        return self.env["distrib.weather"]._notice(self.env._("The weather is being fetched."), "success")
