from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import formatLang

WEEKS = 8


class Home(models.AbstractModel):
    """Yesterday's sales, against what is usual on that day of the week."""

    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        cards = super()._cards()
        # The figures are read for those who see the card only.
        if not self.env.user.has_group("distrib_inventory.group_manager"):
            return cards
        return [*cards, self._sales_card()]

    @api.model
    def _sales_card(self):
        _ = self.env._
        day = fields.Date.context_today(self) - timedelta(days=1)
        sales, usual = self._day_sales(day)
        share = sales / usual - 1 if usual else None
        text = self._usual_text(usual, share)
        return {
            "key": "sales_yesterday",
            "area": "orders",
            "sequence": 5,
            "groups": ("distrib_inventory.group_manager",),
            "title": _("Sales yesterday"),
            "subtitle": text,
            "icon": "fa-line-chart",
            "tone": "warning" if share is not None and share < -0.2 else "info",
            "count": round(sales),
            "model": "distrib.sales.report",
            "domain": [("day", "=", fields.Date.to_string(day))],
            "action": "distrib_bi.action_sales_report",
        }

    @api.model
    def _usual_text(self, usual, share):
        if share is None:
            return self.env._("No sales on this weekday in the last %s weeks", WEEKS)
        return self.env._(
            "%(amount)s on an average %(weeks)s weeks: %(share)s %%",
            amount=formatLang(self.env, usual, digits=0, currency_obj=False),
            weeks=WEEKS,
            share=f"{share * 100:+.0f}",
        )

    @api.model
    def _day_sales(self, day):
        """Sales of a day, and the mean of the same weekday in the eight weeks before (days without sales count)."""
        days = [day - timedelta(weeks=week) for week in range(WEEKS + 1)]
        rows = self.env["distrib.sales.report"]._read_group(
            [("day", "in", days), ("company_id", "=", self.env.company.id)], ["day:day"], ["amount:sum"]
        )
        by_day = {fields.Date.to_date(at): amount for at, amount in rows}
        return by_day.get(day, 0.0), sum(by_day.get(other, 0.0) for other in days[1:]) / WEEKS
