from datetime import datetime, time, timedelta
from typing import NamedTuple

import numpy as np
import pytz
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..engine.working_time import holidays, packing

AHEAD = 15  # days looked through for one on which a warehouse works; the longest holiday has nine
BACK = 10  # days before, to see whether a weekend is part of a holiday
WEEKDAYS = [
    ("0", "Monday"), ("1", "Tuesday"), ("2", "Wednesday"), ("3", "Thursday"), ("4", "Friday"), ("5", "Saturday"),
    ("6", "Sunday"),
]  # fmt: skip


class Service(NamedTuple):
    """What warehouses can do for an order that comes now; arrays (M) in the sequence of the warehouses asked.

    ``wait`` days until the packing day ends its work, inf when closed; ``day`` that day (datetime64); ``left`` parcels it
    still takes (inf: no limit); ``closed`` a sentence or ""; ``parcel``, ``unit`` handling costs; ``cut_off`` hour or NaN.
    """

    wait: np.ndarray
    day: np.ndarray
    left: np.ndarray
    closed: tuple
    parcel: np.ndarray
    unit: np.ndarray
    cut_off: np.ndarray


class StockWarehouse(models.Model):
    """What a warehouse can do in a day, and what its work costs."""

    _inherit = "stock.warehouse"

    limits_parcels = fields.Boolean("Limited Parcels a Day")
    daily_parcels = fields.Integer("Parcels a Day", default=100, help="0: closed for orders.")
    weekday_ids = fields.One2many("distrib.warehouse.weekday", "warehouse_id", string="Other Weekdays")
    cut_off = fields.Float(help="Local time; what comes later is packed on the next working day. 0: none.")
    service_calendar_id = fields.Many2one(
        "resource.calendar", string="Working Days", ondelete="restrict", help="Empty: every day.",
    )  # fmt: skip
    keeps_holidays = fields.Boolean(
        help="Closed on public holidays of its country, and at work on the weekend days that are exchanged for them."
    )
    handling_per_parcel = fields.Float(digits="Product Price", help="Packing, box, label: what each parcel costs here.")
    handling_per_unit = fields.Float(digits="Product Price", help="Picking: what each piece costs here.")
    has_cold_chain = fields.Boolean("Cold Chain")
    ships_dangerous_goods = fields.Boolean("Dangerous Goods")
    closed_until = fields.Date(help="Ships nothing until this day, that day included.")
    closed_reason = fields.Char(help="Why it is closed or its capacity is zero; shown where orders pass it over.")
    parcels_today = fields.Integer(compute="_compute_parcels_today", string="Parcels to Make")
    parcels_left = fields.Integer(compute="_compute_parcels_today")
    service_note = fields.Char(compute="_compute_parcels_today", string="Next Packing Day")

    @api.constrains("daily_parcels", "cut_off", "handling_per_parcel", "handling_per_unit")
    def _check_service(self):
        for site in self:
            if min(site.daily_parcels, site.handling_per_parcel, site.handling_per_unit) < 0:
                raise ValidationError(self.env._("%s: parcels and handling costs cannot be below zero.", site.name))
            if not 0 <= site.cut_off < 24:
                raise ValidationError(self.env._("%s: the cut-off is a time of day.", site.name))

    def _compute_parcels_today(self):
        at = fields.Datetime.now()
        used, service = self._parcels_due(at), self._service(at)
        for place, site in enumerate(self):
            site.parcels_today = used.get(site.id, 0)
            site.parcels_left = int(service.left[place]) if np.isfinite(service.left[place]) else 0
            site.service_note = service.closed[place] or fields.Date.to_string(service.day[place].item())

    # What they can do

    def _service(self, at, without=None):
        """See :class:`Service`.

        :param at: moment (UTC, naive)
        :param without: orders whose own parcels do not count, because they are planned again
        """
        count = len(self)
        most, works = np.full((count, AHEAD), np.inf), np.ones((count, AHEAD), bool)
        cut_off, hours = np.full(count, np.nan), np.zeros(count)
        closed, firsts = [""] * count, []
        due = self._parcels_due(at, without) if any(self.mapped("limits_parcels")) else {}
        used, offs, zones = np.zeros(count), {}, {}
        for place, site in enumerate(self):
            zone = zones.setdefault(site._service_zone(), pytz.timezone(site._service_zone()))
            local = pytz.utc.localize(at).astimezone(zone)
            firsts.append(local.date())
            hours[place] = local.hour + local.minute / 60.0
            cut_off[place] = site.cut_off or np.nan
            used[place] = due.get(site.id, 0)
            works[place] = site._works_on(local.date(), offs)
            if site.limits_parcels:
                most[place] = site._most_on(local.date())
            if site.closed_until and site.closed_until >= local.date():
                works[place, : (site.closed_until - local.date()).days + 1] = False
        found = packing(hours, cut_off, works, most, used)
        for place, site in enumerate(self):
            if found.day[place] < 0 or (site.closed_until and site.closed_until >= firsts[place]):
                closed[place] = site._closed_words(firsts[place])
        out = np.array([bool(word) for word in closed], bool)
        day = np.array(firsts, "datetime64[D]") + np.maximum(found.day, 0)
        wait = np.where(out, np.inf, np.maximum(found.day + (20.0 - hours) / 24.0, 0.0))
        parcel = np.array([site.handling_per_parcel for site in self], float)
        unit = np.array([site.handling_per_unit for site in self], float)
        return Service(wait, day, np.where(out, 0.0, found.left), tuple(closed), parcel, unit, cut_off)

    def _service_zone(self):
        return self.service_calendar_id.tz or self.partner_id.tz or self.company_id.partner_id.tz or "Asia/Shanghai"

    def _packs_now(self, order, now):
        """Whether an order that was placed before today's cut-off is being packed, the cut-off having passed."""
        zone = pytz.timezone(self._service_zone())
        local, placed = (pytz.utc.localize(moment).astimezone(zone) for moment in (now, order.date_order))
        hour = local.hour + local.minute / 60.0
        end = local.replace(hour=int(self.cut_off), minute=round(self.cut_off % 1 * 60) % 60, second=0, microsecond=0)
        return hour >= self.cut_off and placed < end

    def _closed_words(self, today):
        if self.closed_until and self.closed_until >= today:
            text = self.env._("closed until %s", fields.Date.to_string(self.closed_until))
        elif self.limits_parcels and not self.daily_parcels:
            text = self.env._("takes no parcels")
        else:
            text = self.env._("does not work in the next two weeks")
        return f"{text}: {self.closed_reason}" if self.closed_reason else text

    def _most_on(self, first):
        """(AHEAD) parcels of each day from ``first`` on."""
        other = {int(row.weekday): row.parcels for row in self.weekday_ids}
        return [
            float(other.get((first.weekday() + ahead) % 7, self.daily_parcels)) if self.daily_parcels else 0.0
            for ahead in range(AHEAD)
        ]

    def _works_on(self, first, known):
        """(AHEAD) whether it works on each day from ``first`` on; ``known`` keeps what was read for other warehouses."""
        calendar, country = (
            self.service_calendar_id,
            self.region_id.country_id.code or self.company_id.country_id.code or "CN",
        )
        key = (calendar, country if self.keeps_holidays else "", first)
        if key not in known:
            days = [first + timedelta(days=ahead) for ahead in range(AHEAD)]
            open_ = np.ones(AHEAD, bool)
            if calendar:
                open_ = np.isin(np.array(days, "datetime64[D]"), self._calendar_days(calendar, days))
            if self.keeps_holidays:
                columns = self.env["distrib.festival"]._columns(days[0] - timedelta(days=BACK), days[-1], country)
                feast = holidays(columns.off, columns.weekday)[BACK:]
                open_ = (open_ & ~feast) | columns.makeup[BACK:]
            known[key] = open_
        return known[key]

    @api.model
    def _calendar_days(self, calendar, days):
        zone = pytz.timezone(calendar.tz or "UTC")
        start = zone.localize(datetime.combine(days[0], time.min))
        end = zone.localize(datetime.combine(days[-1], time.max))
        spans = calendar.sudo()._work_intervals_batch(start, end)[False]  # sudo: leaves are readable to few
        return np.array(sorted({begin.astimezone(zone).date() for begin, _end, _record in spans}), "datetime64[D]")

    def _parcels_due(self, at, without=None):
        """dict warehouse id -> parcels that left today or are still to be made, a delivery being a parcel."""
        self.env["stock.picking"].flush_model()
        starts = {
            site.id: pytz.utc.localize(at)
            .astimezone(pytz.timezone(site._service_zone()))
            .replace(hour=0, minute=0, second=0)
            for site in self
        }
        midnight = min((start.astimezone(pytz.utc).replace(tzinfo=None) for start in starts.values()), default=at)
        ignored = list(without.ids) if without else []
        self.env.cr.execute(
            SQL(
                """
                SELECT t.warehouse_id, COUNT(*)
                  FROM stock_picking p JOIN stock_picking_type t ON t.id = p.picking_type_id
                 WHERE t.code = 'outgoing' AND t.warehouse_id IN %(sites)s
                   AND (p.sale_id IS NULL OR NOT p.sale_id = ANY(%(ignored)s))
                   AND (p.state = 'done' AND p.date_done >= %(midnight)s
                        OR p.state IN ('confirmed', 'waiting', 'assigned') AND p.scheduled_date < %(tomorrow)s)
                 GROUP BY 1
                """,
                sites=tuple(self.ids) or (0,), ignored=ignored, midnight=midnight, tomorrow=midnight + timedelta(days=1),
            )
        )  # fmt: skip
        return dict(self.env.cr.fetchall())


class WarehouseWeekday(models.Model):
    """A weekday on which a warehouse makes more or fewer parcels than usual."""

    _name = "distrib.warehouse.weekday"
    _description = "Parcels on a Weekday"
    _order = "warehouse_id, weekday"
    _rec_name = "weekday"

    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="warehouse_id.company_id", store=True, index=True)
    weekday = fields.Selection(WEEKDAYS, required=True)
    parcels = fields.Integer(help="0: does not ship on this day.")

    _weekday_uniq = models.Constraint("UNIQUE (warehouse_id, weekday)", "One row for each weekday.")
    _parcels_range = models.Constraint("CHECK (parcels >= 0)", "Parcels cannot be below zero.")
