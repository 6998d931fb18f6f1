from datetime import date
from functools import lru_cache

import numpy as np
from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..engine import calendar, calendar_holidays

RULES = [("date", "On a date"), ("feast", "Around a feast")]
KINDS = [("shopping", "Shopping festival"), ("gift", "Gift feast"), ("season", "Season")]
# Of two that run at once, what a shopping festival says counts for more goods.
RANK = {"shopping": 0, "gift": 1, "season": 2}
FEASTS = [
    ("new_year", "New Year"),
    ("spring", "Spring Festival"),
    ("qingming", "Tomb-Sweeping Day"),
    ("labour", "Labour Day"),
    ("dragon_boat", "Dragon Boat Festival"),
    ("mid_autumn", "Mid-Autumn Festival"),
    ("national", "National Day"),
]
MONTHS = [(str(month), name) for month, name in enumerate(
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"), 1)]  # fmt: skip
# Leap days lie in any February.
LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Festival(models.Model):
    """A shopping festival that comes back each year, on a date or a number of days before or after a movable feast."""

    _name = "distrib.festival"
    _description = "Shopping Festival"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="How forecasts and files name it; keep it once used.")
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(KINDS, required=True, default="shopping")
    rule = fields.Selection(RULES, required=True, default="date", string="Falls")
    month = fields.Selection(MONTHS, default="1")
    day = fields.Integer(default=1, help="First day of the festival.")
    feast = fields.Selection(FEASTS, help="Public holiday of the country that the festival follows.")
    offset = fields.Integer(
        string="Days from Feast", help="First day of the festival: days after the feast, or before it (negative)."
    )
    # what is deprecated is an old attribute of fields
    length = fields.Integer(  # pylint: disable=attribute-deprecated
        string="Days", required=True, default=1, help="The last day is the peak."
    )
    lead_days = fields.Integer(
        required=True, default=3, help="Days before it in which customers already buy more, or wait."
    )
    country_id = fields.Many2one("res.country", index="btree_not_null", help="Empty: everywhere.")
    next_start = fields.Date(compute="_compute_next", help="The next time it begins, or the one that is running.")
    next_end = fields.Date(compute="_compute_next")

    _code_uniq = models.Constraint("UNIQUE(code)", "A festival of this code exists already.")
    _length_range = models.Constraint("CHECK(length BETWEEN 1 AND 60)", "A festival lasts from 1 to 60 days.")
    _lead_range = models.Constraint("CHECK(lead_days BETWEEN 0 AND 60)", "The lead is from 0 to 60 days long.")

    @api.constrains("rule", "month", "day", "feast", "offset")
    def _check_rule(self):
        for festival in self:
            if festival.rule == "feast" and not festival.feast:
                raise ValidationError(self.env._("%s: name the feast that it follows.", festival.name))
            if festival.rule == "feast" and abs(festival.offset) > 60:
                raise ValidationError(self.env._("%s: at most 60 days before or after its feast.", festival.name))
            if festival.rule == "date" and not (
                festival.month and 1 <= festival.day <= LENGTHS[int(festival.month) - 1]
            ):
                raise ValidationError(self.env._("%s: there is no such day.", festival.name))

    @api.depends("rule", "month", "day", "feast", "offset", "length", "country_id")
    def _compute_next(self):
        today = fields.Date.context_today(self)
        country = self.env.company.country_id.code or "CN"
        for festival in self:
            occurs = [
                (first, fields.Date.add(first, days=festival.length - 1))
                for year in range(today.year - 1, today.year + 3)
                if (first := festival._first_day(year, festival.country_id.code or country))
            ]
            coming = [pair for pair in occurs if pair[1] >= today]
            festival.next_start, festival.next_end = coming[0] if coming else (False, False)

    def _first_day(self, year, country):
        """The first day in a year, or None where its feast is not kept (or the day is a leap day)."""
        if self.rule == "feast":
            found = calendar_holidays.country_holidays(country, year, year)
            if self.feast not in found.feast_codes:
                return None
            day = found.feast_day[found.feast_codes.index(self.feast), 0]
            return None if np.isnat(day) else fields.Date.add(day.item(), days=self.offset)
        try:
            return date(year, int(self.month), self.day)
        except ValueError:  # 29 February
            return None

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    # --- for the engines ---------------------------------------------------------------------------------------

    @api.model
    def _country_of(self, warehouses):
        """{warehouse id: country code} by region, address or company; China where nobody says."""
        return {
            warehouse.id: warehouse.region_id.country_id.code
            or warehouse.partner_id.country_id.code
            or warehouse.company_id.country_id.code
            or "CN"
            for warehouse in warehouses
        }

    @api.model
    def _columns(self, start, end, country_code=None, company=None):
        """The calendar of the days start..end (both included) as `engine.calendar.Columns`.

        :param str country_code: ISO 3166 code; by default the company's country, else China
        """
        country = country_code or (company or self.env.company).country_id.code or "CN"
        first, last = np.datetime64(str(start), "D"), np.datetime64(str(end), "D")
        years = [int(str(day)[:4]) for day in (first, last)]
        corrected = self._corrected(self._corrections(country), country, years[0] - 1, years[1] + 1)
        return calendar.columns(
            np.arange(first, last + 1), corrected, self._occurrences(country, years[0] - 1, years[1] + 1)
        )

    @api.model
    @tools.ormcache("country", "first", "last")
    def _occurrences(self, country, first, last):
        """The festivals of a country in some years."""
        # sudo: the calendar is the same for everybody
        festivals = self.sudo().search(["|", ("country_id", "=", False), ("country_id.code", "=", country)])
        rows = [
            (index, day, fields.Date.add(day, days=festival.length - 1), festival.lead_days)
            for index, festival in enumerate(festivals)
            for year in range(first, last + 1)
            if (day := festival._first_day(year, country))
        ]
        index, begin, end, lead = zip(*rows, strict=True) if rows else ((), (), (), ())
        return calendar.Occurrences(
            np.array(index, np.int64),
            np.array(begin, "datetime64[D]"),
            np.array(end, "datetime64[D]"),
            np.array(lead, np.int64),
            tuple(festivals.mapped("code")),
            np.array([RANK[festivals[place].kind] for place in index], np.int64),
        )

    @api.model
    @tools.ormcache("country")
    def _corrections(self, country):
        """((day, kind), ...) entered by hand for a country."""
        # sudo: the calendar is the same for everybody
        days = self.env["distrib.calendar.day"].sudo().search([("country_id.code", "=", country)], order="day")
        return tuple((fields.Date.to_string(day.day), day.kind) for day in days)

    @staticmethod
    @lru_cache(maxsize=64)
    def _corrected(corrections, country, first, last):
        found = calendar_holidays.country_holidays(country, first, last)
        off = [day for day, kind in corrections if kind == "off"]
        worked = [day for day, kind in corrections if kind == "worked"]
        return calendar.corrected(found, np.array(off, "datetime64[D]"), np.array(worked, "datetime64[D]"))


class CalendarDay(models.Model):
    """A day off or worked that the delivered calendar does not know (yet), such as next year's arrangement."""

    _name = "distrib.calendar.day"
    _description = "Day Off or Worked"
    _order = "day desc, country_id"
    _rec_name = "day"

    day = fields.Date(required=True)
    kind = fields.Selection([("off", "Day off"), ("worked", "Working day")], required=True, default="off")
    country_id = fields.Many2one(
        "res.country", required=True, default=lambda self: self.env.company.country_id or self.env.ref("base.cn")
    )
    note = fields.Char(translate=True)

    _day_uniq = models.Constraint("UNIQUE(country_id, day)", "This day is entered already.")

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
