from io import StringIO

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

MEASURES = ("temperature", "rain", "humidity", "wind")
EXTREMES = ("temperature_max", "temperature_min")
SOURCES = [
    ("file", "Sales file"),
    ("manual", "Entered"),
    ("service", "Weather service"),
    ("forecast", "Forecast"),
    ("normal", "Climate normal"),
]
# What is better known replaces what is less, never the other way round.
RANKS = {"normal": 0, "forecast": 1, "service": 2, "file": 3, "manual": 3}


class Weather(models.Model):
    """One region's weather on one day, as measured or forecast."""

    _name = "distrib.weather"
    _description = "Daily Weather"
    _order = "day desc, region_id"
    _rec_name = "region_id"

    region_id = fields.Many2one("distrib.region", required=True, ondelete="cascade")
    day = fields.Date(required=True, index=True)
    temperature = fields.Float(aggregator="avg", digits=(6, 1), help="Mean temperature of the day, in degrees Celsius.")
    temperature_max = fields.Float(string="Highest", aggregator="max", digits=(6, 1), help="In degrees Celsius.")
    temperature_min = fields.Float(string="Lowest", aggregator="min", digits=(6, 1), help="In degrees Celsius.")
    rain = fields.Float(aggregator="avg", digits=(6, 1), help="Precipitation of the day, in millimetres.")
    humidity = fields.Float(aggregator="avg", digits=(6, 1), help="Mean relative humidity, in per cent.")
    wind = fields.Float(aggregator="avg", digits=(6, 1), help="Mean wind, as given by the source.")
    source = fields.Selection(
        SOURCES,
        required=True,
        default="manual",
        help="What is entered or imported is never replaced by the weather service, what was measured never by a "
        "forecast. Climate normals stand in for days without a forecast.",
    )

    _region_day_uniq = models.Constraint("unique(region_id, day)", "A region has its weather once a day.")

    @api.model
    def _write_days(self, region_id, day, measures, source="file"):
        """Insert or update ``k`` days; NaN leaves a stored value as it is, and so does a source that knows less.

        :param region_id: int array (k,), ``day``: ``datetime64[D]`` array (k,); of a day given twice the later counts
        :param measures: float array (4, k): temperature, rain, humidity, wind; or (6, k) with highest and lowest
        """
        if not len(day):
            return
        names = [*MEASURES, *EXTREMES][: len(measures)]
        self.flush_model()
        self._copy_incoming(names, region_id, day, measures)
        kept = ", ".join(f"{name} = COALESCE(EXCLUDED.{name}, distrib_weather.{name})" for name in names)
        columns = ", ".join(names)
        self.env.cr.execute(
            f"""
            INSERT INTO distrib_weather (region_id, day, {columns}, source,
                                         create_uid, create_date, write_uid, write_date)
            SELECT DISTINCT ON (region_id, day) region_id, day, {columns}, %(source)s, %(user)s,
                   now() at time zone 'UTC', %(user)s, now() at time zone 'UTC'
              FROM distrib_weather_incoming
             ORDER BY region_id, day, place DESC
            ON CONFLICT (region_id, day) DO UPDATE SET {kept}, source = EXCLUDED.source,
                write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
             WHERE distrib_weather.source = ANY(%(weaker)s)
            """,
            {
                "source": source,
                "user": self.env.uid,
                "weaker": [name for name, rank in RANKS.items() if rank <= RANKS[source]],
            },
        )
        self.invalidate_model()

    @api.model
    def _copy_incoming(self, names, region_id, day, measures):
        cr = self.env.cr
        declared = SQL(", ").join(SQL("%s float8", SQL.identifier(name)) for name in [*MEASURES, *EXTREMES])
        cr.execute(
            SQL(
                "CREATE TEMP TABLE IF NOT EXISTS distrib_weather_incoming"
                " (place serial, region_id int, day date, %s) ON COMMIT DROP",
                declared,
            )
        )
        cr.execute("TRUNCATE distrib_weather_incoming")
        lines = zip(region_id.tolist(), day.astype(str).tolist(), *measures.tolist(), strict=True)
        text = "".join("\t".join("\\N" if cell != cell else str(cell) for cell in line) + "\n" for line in lines)
        columns = ", ".join(["region_id", "day", *names])
        cr.copy_expert(f"COPY distrib_weather_incoming ({columns}) FROM STDIN", StringIO(text))

    @api.model
    def _read_days(self, region_ids, start, end, sources=None):
        """Return the weather of a period as float32 (4, regions, days), NaN where unknown; of these sources, or all."""
        first = np.datetime64(str(start), "D")
        count = int((np.datetime64(str(end), "D") - first).astype(int)) + 1
        result = np.full((len(MEASURES), len(region_ids), count), np.nan, np.float32)
        place = {region: index for index, region in enumerate(region_ids)}
        self.flush_model()
        self.env.cr.execute(
            "SELECT region_id, day - %s::date, temperature, rain, humidity, wind FROM distrib_weather"
            " WHERE region_id = ANY(%s) AND day BETWEEN %s AND %s AND source = ANY(%s)",
            (start, list(region_ids), start, end, list(sources or RANKS)),
        )
        for region, day, *values in self.env.cr.fetchall():
            result[:, place[region], day] = [np.nan if value is None else value for value in values]
        return result
