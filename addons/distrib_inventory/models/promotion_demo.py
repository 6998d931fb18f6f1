from datetime import timedelta

import numpy as np
from odoo import models
from odoo.fields import Command

from ..engine.demo import events

FESTIVALS = ("618", "双11", "双12", "年货节")
AHEAD_DAYS = 60


class Demo(models.AbstractModel):
    """The promotions of the generated year with what came of them, and those that are coming."""

    _inherit = "distrib.demo"

    def _steps(self):
        # Before the policies, which know of promotions ahead; the pre-build knows their safety stock afterwards.
        return [
            *super()._steps(),
            (92, "promotions", self._build_promotions),
            (96, "stock for promotions", self._build_prebuild),
        ]

    def _build_promotions(self, made):
        past = [p for p in made.network.promotions if p.end <= made.network.until]
        plans = self.env["distrib.promotion"].create(
            [self._promotion_vals(made, p, self._takers(made, p)) for p in past]
        )
        plans._plan()
        plans._step(state="done")
        self.env["distrib.promotion.uplift"]._learn(self.env.company, made.network.until + timedelta(1))
        self.env["distrib.weather.effect"]._learn(self.env.company, made.network.until + timedelta(1))
        plans._review()
        coming = self.env["distrib.promotion"].create(self._coming_vals(made))
        coming[:-1].action_confirm()
        stations = self.env["distrib.weather.station"]._sync()
        self.env["distrib.weather"]._write_normals(stations.region_id.ids, made.network.until + timedelta(1))

    def _coming_vals(self, made):
        first = made.network.until + timedelta(1)
        coming = [p for p in events.promotions(first, first + timedelta(AHEAD_DAYS)) if p.end >= first]
        vals = [self._promotion_vals(made, p, self._likely(made, p)) for p in coming]
        chinese = made.lang.startswith("zh")
        start = first + timedelta(12)
        stream = {
            "name": "新品直播专场" if chinese else "Live stream of new products",
            "kind": "livestream",
            "date_from": start,
            "date_to": start + timedelta(1),
            "depth": 0.1,
            "uplift_mode": "expected",
            "expected_uplift": 1.5,
            "user_id": self._promotion_user().id,
            "product_ids": [Command.set(made.products[:12].ids)],
        }
        return [*vals, stream]

    def _promotion_vals(self, made, promotion, products):
        year = promotion.start.year
        name = made.label(promotion)
        return {
            "name": f"{year}年{name}" if made.lang.startswith("zh") else f"{name} {year}",
            "kind": "festival" if any(word in promotion.name_zh for word in FESTIVALS) else "discount",
            "date_from": promotion.start,
            "date_to": promotion.end,
            "depth": promotion.depth,
            "user_id": self._promotion_user().id,
            "product_ids": [Command.set(products.ids)],
        }

    def _promotion_user(self):
        return self.env["res.users"].search([("login", "=", "planner")], limit=1) or self.env.user

    def _takers(self, made, promotion):
        """The products whose price the history shows cut during a promotion of the past."""
        history = made.network.history
        days = (history.days >= np.datetime64(promotion.start)) & (history.days <= np.datetime64(promotion.end))
        cut = (np.nan_to_num(history.promotion[:, days]) > 0).any(axis=1)
        return made.products.browse([made.products[i].id for i in np.unique(history.product[cut]).tolist()])

    def _likely(self, made, promotion):
        """For one to come: every other product of its categories."""
        places = [i for i, p in enumerate(made.network.products) if p.category in promotion.categories]
        return made.products.browse([made.products[i].id for i in places[::2]])

    def _build_prebuild(self, made):
        self.env["distrib.promotion"].search([("state", "=", "confirmed")]).action_plan()
