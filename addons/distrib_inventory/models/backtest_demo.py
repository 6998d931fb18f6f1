from datetime import timedelta

from odoo import models

PAIRS, DAYS = 100, 63


class Demo(models.AbstractModel):
    """A finished proof to look at."""

    _inherit = "distrib.demo"

    def _steps(self):
        return [*super()._steps(), (98, "proof on own history", self._build_backtest)]

    def _build_backtest(self, made):
        chinese = made.lang.startswith("zh")
        test = self.env["distrib.backtest"].create(
            {
                "name": "门店，最近九周" if chinese else "Stores, last nine weeks",
                "tier": "store",
                "most_pairs": PAIRS,
                "date_from": made.network.until - timedelta(days=DAYS - 1),
                "date_to": made.network.until,
            }
        )
        test._attempt()
