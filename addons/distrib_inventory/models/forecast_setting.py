import numpy as np
from odoo import api, fields, models

from ..engine.forecast import compete
from ..engine.forecast.intermittent import CLASSES

METHOD_NAMES = [
    ("simple", "Simple rule: mean and deviation"),
    ("pooled", "Level and weekday"),
    ("learned", "Level, weekday and learned correction"),
    ("steady", "Long level and weekday"),
    ("tsb", "Slow items: chance times size (TSB)"),
    ("croston", "Slow items: size over interval (Croston)"),
    ("seasonal", "With week of the year and feasts"),
]
CLASS_NAMES = [("smooth", "Smooth"), ("intermittent", "Intermittent"), ("erratic", "Erratic"), ("lumpy", "Lumpy")]


class ForecastSetting(models.Model):
    """How each method did for each class of demand in the last contest, and which one is used."""

    _name = "distrib.forecast.setting"
    _description = "Forecast Method by Class"
    _order = "horizon, demand_class, loss_ratio, id"
    _rec_name = "method"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", readonly=True, index=True)
    horizon = fields.Integer(
        string="Days Ahead",
        readonly=True,
        aggregator=None,
        help="Longest lead time and review of the pairs that are forecast together.",
    )
    demand_class = fields.Selection(CLASS_NAMES, readonly=True, help="By how often and how evenly the product sells.")
    method = fields.Selection(METHOD_NAMES, readonly=True)
    is_chosen = fields.Boolean(string="Used", readonly=True)
    loss = fields.Float(
        readonly=True,
        aggregator=None,
        digits=(16, 1),
        help="Units lost and held too much, weighed by the service target, on the past weeks that were replayed.",
    )
    loss_ratio = fields.Float(
        string="Against the Simple Rule",
        readonly=True,
        aggregator=None,
        help="Loss divided by that of the simple rule: below 100 % the method was better.",
    )
    pairs = fields.Integer(readonly=True, aggregator=None, help="Products in warehouses that took part.")
    origins = fields.Integer(string="Weeks Replayed", readonly=True, aggregator=None)
    chosen_on = fields.Date(readonly=True)

    @api.model
    def _store(self, company, day, contests):
        """Replace the company's lines by those of new contests (horizon -> `compete.Contest` or None)."""
        self.search([("company_id", "=", company.id)]).unlink()
        self.create(
            [
                line
                for horizon, contest in contests.items()
                if contest is not None
                for line in self._lines(company, day, horizon, contest)
            ]
        )

    @api.model
    def _lines(self, company, day, horizon, contest):
        for kind in np.flatnonzero(contest.pairs).tolist():
            for place, method in enumerate(compete.METHODS):
                loss, simple = contest.losses[place, kind], contest.losses[0, kind]
                yield {
                    "company_id": company.id,
                    "horizon": horizon,
                    "demand_class": CLASSES[kind],
                    "method": method,
                    "is_chosen": int(contest.winner[kind]) == place,
                    "loss": float(loss),
                    "loss_ratio": float(loss / simple) if simple > 0 else 1.0,
                    "pairs": int(contest.pairs[kind]),
                    "origins": contest.origins,
                    "chosen_on": day,
                }
