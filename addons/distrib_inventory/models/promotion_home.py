from odoo import api, models


class Home(models.AbstractModel):
    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        planner = ("distrib_inventory.group_planner",)
        return [
            *super()._cards(),
            {
                "key": "promotions_prepare",
                "area": "planning",
                "sequence": 40,
                "groups": planner,
                "title": self.env._("Promotions to prepare"),
                "subtitle": self.env._("Goods are to be in stock within two weeks"),
                "icon": "fa-calendar",
                "tone": "info",
                "model": "distrib.promotion",
                "domain": [("state", "=", "confirmed"), ("prebuild_date", "<=", "today +14d")],
                "action": "distrib_inventory.action_distrib_promotion",
            },
            *self._weather_cards(planner),
        ]

    @api.model
    def _weather_cards(self, groups):
        """A card only while the service is away: most companies plan without it and need not be told every day."""
        state = self.env["distrib.weather"]._service_state()
        if state["state"] != "away":
            return []
        return [
            {
                "key": "weather_away",
                "area": "planning",
                "sequence": 50,
                "groups": groups,
                "title": self.env._("Weather service away"),
                "subtitle": self.env._("Plans go on with climate normals since %s", state["since"]),
                "icon": "fa-cloud",
                "tone": "warning",
                "model": "distrib.weather.station",
                "domain": [("failed_since", "!=", False)],
                "action": "distrib_inventory.action_distrib_weather_station",
            }
        ]
