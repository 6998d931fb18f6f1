import numpy as np
from odoo import models

from ..engine import demand_marks

ORDERS = 6


class Demo(models.AbstractModel):
    _inherit = "distrib.demo"

    def _steps(self):
        return [*super()._steps(), (94, "marked days", self._build_marks)]

    def _build_marks(self, made):
        """A few one-off bulk orders on ordinary days of good sellers, and the run that finds and marks them."""
        demand, history = self.env["distrib.demand"], made.network.history
        days = history.days[-150:-20]
        expected = demand._expected_days(str(days[0]), str(days[-1]), "CN")
        sold = np.nansum(history.quantity, axis=1)
        pairs = np.argsort(-sold, kind="stable")[5 : 5 + 7 * ORDERS : 7]
        free = ~expected & ~(np.nan_to_num(history.promotion[pairs, -150:-20]) > 0).any(axis=0)
        chosen = np.flatnonzero(free)
        if len(chosen) and len(pairs):
            chosen = chosen[np.linspace(0, len(chosen) - 1, len(pairs)).astype(int)]
            usual = demand_marks.usual_peak(history.quantity[pairs])
            demand._write_days(
                np.array(made.products.ids)[history.product[pairs]],
                np.array(made.warehouses.ids)[history.warehouse[pairs]],
                days[chosen],
                np.round(9 * np.nan_to_num(usual, nan=10.0)) + 60,
                in_stock=np.ones(len(pairs)),
            )
        demand._sync(self.env.company)
