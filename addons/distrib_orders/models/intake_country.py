from odoo import api, models
from odoo.fields import Domain

# What the regions of China know by name; everything else is a country with states of its own.
IN_REGIONS = ("CN", "HK", "MO", "TW")


class IntakeCountry(models.AbstractModel):
    """Buyers abroad: an address that names another country keeps it, and its state, and is not looked for in China."""

    _inherit = "distrib.intake.partner"

    @api.model
    def _address_values(self, address, channel):
        return {**super()._address_values(address, channel), "country": (address.get("country") or "").upper()}

    @api.model
    def _place(self, rows):
        abroad, known = [], []
        for row in rows:
            code = row.pop("country", "")
            if code and code not in IN_REGIONS:
                abroad.append((row, code))
            else:
                known.append(row)
        if abroad:
            self._place_abroad(abroad)
        return super()._place(known)

    @api.model
    def _place_abroad(self, rows):
        """Set country and state of (address values, country code) by code or name. A code that nobody knows changes nothing."""
        countries = self.env["res.country"].search_fetch([("code", "in", [code for _row, code in rows])], ["code"])
        by_code = {country.code: country for country in countries}
        states = self.env["res.country.state"].search_fetch(
            Domain("country_id", "in", countries.ids), ["code", "name", "country_id"]
        )
        named = {}
        for state in states:
            named[state.country_id, state.name.casefold()] = named[state.country_id, state.code.casefold()] = state
        for row, code in rows:
            province = (row.pop("province") or "").casefold()
            country = by_code.get(code, self.env["res.country"])
            row["country_id"] = country.id or row["country_id"]
            row["state_id"] = named.get((country, province), self.env["res.country.state"]).id
            row["distrib_region_id"] = False
