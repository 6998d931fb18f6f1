import logging
from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_date

from ..connectors import open_meteo
from ..engine import weather as engine
from ..engine.weather_service import MAX_FORECAST_DAYS, Refused
from .weather_settings import ARCHIVE_URL, FORECAST_URL

_logger = logging.getLogger(__name__)

FORECAST_BATCH, ARCHIVE_BATCH = 50, 10
FRESH_HOURS = 5
# The archive is complete up to some days ago; the forecast service gives the last week.
ARCHIVE_DELAY, ARCHIVE_STEP = 6, 366
REFUSALS = 3
MEASURED = ("file", "manual", "service")


class WeatherFetch(models.Model):
    """Fetching from the weather service: in batches, committed one by one, and never in the way of planning."""

    _inherit = "distrib.weather"

    @api.model
    def _cron_fetch(self):
        self._fetch(commit=True)

    @api.model
    def _fetch(self, today=None, commit=False, client=None):
        """Bring weather up to date; returns True when all was fetched, False when the service stopped it."""
        stations = self.env["distrib.weather.station"]._sync()
        if not self._parameter("enabled"):
            return False
        today = fields.Date.to_date(today) or fields.Date.context_today(self)
        stations = stations.filtered(lambda station: station.state != "placeless")
        client = client or self._client()
        try:
            self._fetch_forecasts(client, stations, today, commit)
            self._fetch_archive(client, stations, today, commit)
        except open_meteo.Unavailable as fault:
            _logger.warning("Weather service: %s", fault.reason)
            self._come_back(fault.retry_after)
            return False
        finally:
            self._write_normals(stations.region_id.ids, today)
            if commit:
                self.env["ir.cron"]._commit_progress(0)
        return True

    @api.model
    def _client(self):
        return open_meteo.Client(
            self._parameter("url") or FORECAST_URL,
            self._parameter("archive_url") or ARCHIVE_URL,
            self._parameter("key") or None,
        )

    @api.model
    def _parameter(self, name):
        # The addresses and the key are for administrators to see; the code that fetches needs them.
        return self.env["ir.config_parameter"].sudo().get_param(f"distrib_inventory.weather_{name}")

    @api.model
    def _come_back(self, seconds):
        """Run again as soon as the service said that it may; without a word from it, at the usual time."""
        cron = self.env.ref("distrib_inventory.cron_weather", raise_if_not_found=False)
        if seconds and cron:
            cron.sudo()._trigger(at=fields.Datetime.now() + timedelta(seconds=seconds))

    @api.model
    def _fetch_forecasts(self, client, stations, today, commit):
        fresh = fields.Datetime.now() - timedelta(hours=FRESH_HOURS)
        due = stations.filtered(lambda s: s.failed_since or not s.forecast_on or s.forecast_on < fresh)
        for begin in range(0, len(due), FORECAST_BATCH):
            batch = due[begin : begin + FORECAST_BATCH]

            def ask(some):
                return client.forecast(*some._arrays(), MAX_FORECAST_DAYS)

            for done, dailies in self._ask(batch, due[begin:], ask, commit):
                done._store(dailies, today)
                until = today + timedelta(days=MAX_FORECAST_DAYS - 1)
                now = fields.Datetime.now()
                done.write({"forecast_on": now, "forecast_until": until, "failed_since": False, "failure": False})
            if commit:
                self.env["ir.cron"]._commit_progress(len(batch))

    @api.model
    def _fetch_archive(self, client, stations, today, commit):
        """A year for ten stations in a call: the service counts a call by its days and places."""
        last = today - timedelta(days=ARCHIVE_DELAY)
        years = int(self._parameter("years") or 3)
        stations = stations.filtered(lambda s: not s.failed_since)
        while True:
            wanted = {s: first for s, first in stations._archive_from(today, years).items() if first <= last}
            if not wanted:
                return
            start = min(wanted.values())
            batch = stations.filtered(lambda s: wanted.get(s) == start)[:ARCHIVE_BATCH]  # noqa: B023
            stop = min(start + timedelta(days=ARCHIVE_STEP - 1), last)

            def ask(some, start=start, stop=stop):
                return client.archive(*some._arrays(), start, stop)

            stations -= batch
            for done, dailies in self._ask(batch, batch, ask, commit):
                done._store(dailies, today)
                done.archive_until = stop
                stations |= done
            if commit and not self.env["ir.cron"]._commit_progress(len(batch), remaining=len(wanted)):
                return

    @api.model
    def _ask(self, batch, waiting, ask, commit):
        """Yield (stations, their days). A station the service refuses does not hold up the others of its batch.

        What is away is marked on all that wait, and kept although the run ends here.
        """
        try:
            yield batch, ask(batch)
        except Refused as fault:
            if len(batch) == 1:
                batch._fail(str(fault))
                return
            yield from self._ask_singly(batch, waiting, ask, commit)
        except open_meteo.Unavailable as fault:
            waiting._fail(fault.reason)
            if commit:
                self.env["ir.cron"]._commit_progress(0)
            raise

    @api.model
    def _ask_singly(self, batch, waiting, ask, commit):
        refused, answered = 0, False
        for station in batch:
            for found in self._ask(station, waiting, ask, commit):
                answered = True
                yield found
            refused += bool(station.failed_since)
            if refused >= REFUSALS and not answered:
                # Not the places are at fault but what they have in common, such as the key.
                waiting._fail(station.failure)
                raise open_meteo.Unavailable(station.failure)

    @api.model
    def _write_normals(self, region_ids, today):
        """Climate normals for the coming days of which there is no forecast, so that everybody sees what is planned with."""
        if not region_ids:
            return
        usual = self._normals(region_ids, today)
        days = np.datetime64(today) + np.arange(MAX_FORECAST_DAYS)
        slot = engine.day_of_year(days)
        temperature, rain = np.round(usual["temperature"][:, slot], 1), np.round(usual["rain"][:, slot], 1)
        region = np.repeat(region_ids, len(days))
        measures = np.stack([temperature.ravel(), rain.ravel(), *np.full((2, len(region)), np.nan)])
        known = ~np.isnan(measures[0])
        self.sudo()._write_days(region[known], np.tile(days, len(region_ids))[known], measures[:, known], "normal")

    # --- what people are told ------------------------------------------------------------------------------------

    @api.model
    def _service_state(self):
        """What the pages say of the service: dict of state (off, new, ok, away), since, message."""
        # Everybody who plans may know whether the service answers.
        stations = self.env["distrib.weather.station"].sudo().search(Domain.TRUE)
        if not self._parameter("enabled"):
            message = self.env._("The weather service is switched off: plans use the weather entered or imported.")
            return {"state": "off", "since": False, "message": message}
        away = stations.filtered("failed_since")
        if away:
            return self._away_state(stations, away)
        if not any(stations.mapped("forecast_on")):
            return {"state": "new", "since": False, "message": self.env._("The weather has not been fetched yet.")}
        latest = max(station.forecast_on for station in stations if station.forecast_on)
        message = self.env._(
            "Forecasts for %(count)s regions, fetched on %(day)s.", count=len(stations), day=self._day_text(latest)
        )
        return {"state": "ok", "since": False, "message": message}

    @api.model
    def _away_state(self, stations, away):
        since = min(away.mapped("failed_since"))
        values = {"day": self._day_text(since), "reason": away[0].failure, "count": len(away), "all": len(stations)}
        if len(away) == len(stations):
            message = self.env._(
                "The weather service has not answered since %(day)s (%(reason)s). Plans go on with the last forecast as "
                "far as it reaches and with the climate normals of region and season after it.",
                **values,
            )
        else:
            message = self.env._(
                "The weather of %(count)s of %(all)s regions cannot be fetched since %(day)s (%(reason)s). Their plans go "
                "on with the climate normals.",
                **values,
            )
        return {"state": "away", "since": fields.Date.to_string(since.date()), "message": message}

    @api.model
    @api.readonly
    def get_service_state(self):
        """For pages: the state of the service in the reader's language."""
        self.check_access("read")
        return self._service_state()

    @api.model
    def _day_text(self, moment):
        return format_date(self.env, fields.Datetime.context_timestamp(self, moment).date())

    @api.model
    def _planners_only(self):
        return AccessError(self.env._("Only planners do this."))

    @api.model
    def _notice(self, message, kind):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": kind, "sticky": False},
        }
