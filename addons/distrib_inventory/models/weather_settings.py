from odoo import fields, models

FORECAST_URL = "https://api.open-meteo.com"
ARCHIVE_URL = "https://archive-api.open-meteo.com"


class ResConfigSettings(models.TransientModel):
    """The weather service: one for all companies, for regions are shared by them."""

    _inherit = "res.config.settings"

    distrib_weather_enabled = fields.Boolean(
        string="Weather Service", config_parameter="distrib_inventory.weather_enabled"
    )
    distrib_weather_url = fields.Char(
        string="Forecasts From",
        config_parameter="distrib_inventory.weather_url",
        default=FORECAST_URL,
        help="Address of the forecast service up to /v1/forecast. With the paid plan: "
        "https://customer-api.open-meteo.com. A server of your own works as well.",
    )
    distrib_weather_archive_url = fields.Char(
        string="History From",
        config_parameter="distrib_inventory.weather_archive_url",
        default=ARCHIVE_URL,
        help="Address of the archive up to /v1/archive. With the paid plan: https://customer-archive-api.open-meteo.com.",
    )
    distrib_weather_key = fields.Char(
        string="Key", config_parameter="distrib_inventory.weather_key", help="Key of the paid plan; empty without one."
    )
    distrib_weather_years = fields.Integer(
        string="Years of History",
        config_parameter="distrib_inventory.weather_years",
        default=3,
        help="Measured weather to fetch, 1 to 20 years: climate normals and sensitivities are made of it.",
    )
