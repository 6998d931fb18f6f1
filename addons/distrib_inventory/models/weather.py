from io import StringIO

import numpy as np
from odoo import api, fields, models

MEASURES = ("temperature", "rain", "humidity", "wind")


class Weather(models.Model):
    """One region's weather on one day, as measured or forecast."""

    _name = "distrib.weather"
    _description = "Daily Weather"
    _order = "day desc, region_id"
    _rec_name = "region_id"

    region_id = fields.Many2one("distrib.region", required=True, ondelete="cascade")
    day = fields.Date(required=True, index=True)
    temperature = fields.Float(aggregator="avg", digits=(6, 1), help="Mean temperature of the day, in degrees Celsius.")
    rain = fields.Float(aggregator="avg", digits=(6, 1), help="Precipitation of the day, in millimetres.")
    humidity = fields.Float(aggregator="avg", digits=(6, 1), help="Mean relative humidity, in per cent.")
    wind = fields.Float(aggregator="avg", digits=(6, 1), help="Mean wind, as given by the source.")
    source = fields.Selection(
        [("file", "Sales file"), ("manual", "Entered"), ("service", "Weather service"), ("normal", "Climate normal")],
        required=True,
        default="manual",
    )

    _region_day_uniq = models.Constraint("unique(region_id, day)", "A region has its weather once a day.")

    @api.model
    def _write_days(self, region_id, day, measures, source="file"):
        """Insert or update ``k`` days; NaN leaves a stored value as it is.

        :param region_id: int array (k,), ``day``: ``datetime64[D]`` array (k,)
        :param measures: float array (4, k): temperature, rain, humidity, wind
        """
        if not len(day):
            return
        cr = self.env.cr
        cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS distrib_weather_incoming (region_id int, day date, temperature float8,"
            " rain float8, humidity float8, wind float8) ON COMMIT DROP"
        )
        cr.execute("TRUNCATE distrib_weather_incoming")
        lines = zip(region_id.tolist(), day.astype(str).tolist(), *measures.tolist(), strict=True)
        text = "".join("\t".join("\\N" if cell != cell else str(cell) for cell in line) + "\n" for line in lines)
        cr.copy_expert("COPY distrib_weather_incoming FROM STDIN", StringIO(text))
        kept = ", ".join(f"{name} = COALESCE(EXCLUDED.{name}, distrib_weather.{name})" for name in MEASURES)
        names = ", ".join(MEASURES)
        cr.execute(
            f"""
            INSERT INTO distrib_weather (region_id, day, {names}, source,
                                         create_uid, create_date, write_uid, write_date)
            SELECT region_id, day, {names}, %(source)s, %(user)s, now() at time zone 'UTC', %(user)s,
                   now() at time zone 'UTC'
              FROM distrib_weather_incoming
            ON CONFLICT (region_id, day) DO UPDATE SET {kept}, source = EXCLUDED.source,
                write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
            """,
            {"source": source, "user": self.env.uid},
        )
        self.invalidate_model()

    @api.model
    def _read_days(self, region_ids, start, end):
        """Return the weather of a period as float32 (4, regions, days), NaN where unknown."""
        first = np.datetime64(str(start), "D")
        count = int((np.datetime64(str(end), "D") - first).astype(int)) + 1
        result = np.full((len(MEASURES), len(region_ids), count), np.nan, np.float32)
        place = {region: index for index, region in enumerate(region_ids)}
        self.env.cr.execute(
            "SELECT region_id, day - %s::date, temperature, rain, humidity, wind FROM distrib_weather"
            " WHERE region_id = ANY(%s) AND day BETWEEN %s AND %s",
            (start, list(region_ids), start, end),
        )
        for region, day, *values in self.env.cr.fetchall():
            result[:, place[region], day] = [np.nan if value is None else value for value in values]
        return result
