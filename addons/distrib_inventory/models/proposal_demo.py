from odoo import models


class Demo(models.AbstractModel):
    """A rule for automatic acceptance with its log, so that both can be looked at."""

    _inherit = "distrib.demo"

    def _steps(self):
        return [*super()._steps(), (98, "automatic acceptance", self._build_proposal_rule)]

    def _build_proposal_rule(self, made):
        chinese = made.lang.startswith("zh")
        rule = self.env["distrib.proposal.rule"].create(
            {
                "name": "门店日常商品" if chinese else "Daily goods of the stores",
                "purchases": False,
                "warehouse_ids": made.warehouses.filtered(lambda w: w.network_tier == "store")[:4].ids,
                "max_quantity": 60,
                "max_value_day": 2000,
                "min_confidence": 0.4,
            }
        )
        rule._run()
