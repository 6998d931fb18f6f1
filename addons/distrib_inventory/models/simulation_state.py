import base64
from dataclasses import replace

from odoo import api, fields, models

from ..engine.forecast import compete, state
from .policy_learn import LEARN_DAYS, SAMPLE_PAIRS, _spread


class PolicyScenario(models.Model):
    """A what-if scenario forecasts with what the runs have learned, and leaves that as it is."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _learned_state(self, company, history, inputs, as_of, fresh=False):
        """Of a scenario: what the runs learned; for horizons they never had it is learned now, for this once."""
        if "distrib_scenario" not in self.env.context:
            return super()._learned_state(company, history, inputs, as_of, fresh)
        kept = self.env["distrib.forecast.state"].search([("company_id", "=", company.id)])
        # a day either way: who asks may live a day behind the night run
        if not kept or not -1 <= (fields.Date.to_date(as_of) - kept.learned_on).days < LEARN_DAYS:
            return self._new_state(company, history, inputs, as_of)[0]
        found = state.load(base64.b64decode(kept.data))
        missing = self._new_horizons(company, history, inputs)
        found = self._renewed_state(company, found, history, inputs)
        return self._learn_horizons(company, found, history, inputs, missing)

    @api.model
    def _learn_horizons(self, company, found, history, inputs, missing):
        """The state with the missing horizons learned by the methods that won at the nearest one that was learned."""
        known = {horizon for horizon, _kind in found.methods}
        buckets = self._buckets(history, inputs)
        groups, calendar = self._groups(history, found.ids), self._calendar(company, history.days)
        sizes = tuple(len(part) + 1 for part in found.ids)
        methods, learned = dict(found.methods), dict(found.learned)
        for horizon in missing if known else ():
            nearest = min(known, key=lambda other: (abs(other - horizon), other))
            sample = self._sample_of(history, groups, sizes, calendar, _spread(buckets[horizon], SAMPLE_PAIRS))
            for name in {name for of, name in found.learned if of == nearest}:
                item = compete.learn(sample, name, horizon, found.year)
                if item is not None:
                    learned[horizon, name] = item
            methods.update({(horizon, kind): name for (of, kind), name in found.methods.items() if of == nearest})
        return replace(found, methods=methods, learned=learned)

    @api.model
    def _new_horizons(self, company, history, inputs):
        """Horizons of the scenario that today's inputs do not have."""
        network = {w.id: w for w in self.env["stock.warehouse"].search([("company_id", "=", company.id)])}
        today = self.with_context(distrib_scenario={"rules": []})._inputs_of(history, network, company)
        return self._buckets(history, inputs).keys() - self._buckets(history, today).keys()
