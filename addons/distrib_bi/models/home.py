from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import formatLang

WEEKS = 8
# A fall by more than this share against the usual is marked.
FALL = -0.2
MANAGERS = ("distrib_inventory.group_manager",)


class Home(models.AbstractModel):
    """Yesterday's sales, against what is usual on that day of the week."""

    _inherit = "distrib.home"

    @api.model
    def _cards(self):
        cards = super()._cards()
        # The figures are read for those who see the card only.
        if not self.env.user.has_group(MANAGERS[0]):
            return cards
        return [*cards, self._sales_card()]

    @api.model
    def _sales_card(self):
        day = fields.Date.context_today(self) - timedelta(days=1)
        sales, usual = self._day_sales(day)
        share = sales / usual - 1 if usual else None
        return {
            "key": "sales_yesterday",
            "area": "orders",
            "sequence": 5,
            "groups": MANAGERS,
            "title": self.env._("Sales yesterday"),
            "subtitle": self._usual_text(usual, share),
            "icon": "fa-line-chart",
            "tone": "warning" if share is not None and share < FALL else "info",
            # A text, not a number: nothing sold is no good news, and the page takes 0 for "nothing to do".
            "count": self._money(sales),
            "model": "distrib.sales.report",
            "domain": [("day", "=", fields.Date.to_string(day))],
            "action": "distrib_bi.action_sales_report",
        }

    @api.model
    def _usual_text(self, usual, share):
        if share is None:
            return self.env._("None on this weekday in the last %s weeks", WEEKS)
        return self.env._(
            "Usual on this weekday: %(amount)s (%(share)s%%)", amount=self._money(usual), share=f"{share * 100:+.0f}"
        )

    @api.model
    def _money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.env.company.currency_id, rounding_unit="units")

    @api.model
    def _day_sales(self, day):
        """Sales of a day, and the mean of the same weekday in the eight weeks before (days without sales count)."""
        days = [day - timedelta(weeks=week) for week in range(WEEKS + 1)]
        rows = self.env["distrib.sales.report"]._read_group(
            [("day", "in", days), ("company_id", "=", self.env.company.id)], ["day:day"], ["amount:sum"]
        )
        by_day = {fields.Date.to_date(at): amount for at, amount in rows}
        return by_day.get(day, 0.0), sum(by_day.get(other, 0.0) for other in days[1:]) / WEEKS
