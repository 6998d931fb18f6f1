import base64
from dataclasses import replace

from odoo import api, fields, models

from ..engine.forecast import state
from .policy_learn import LEARN_DAYS


class PolicyScenario(models.Model):
    """A what-if scenario forecasts with what the runs have learned, and leaves that as it is."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _learned_state(self, company, history, inputs, as_of, fresh=False):
        """Of a scenario: what the runs learned, and for horizons they never had what is learned now, for once."""
        if "distrib_scenario" not in self.env.context:
            return super()._learned_state(company, history, inputs, as_of, fresh)
        kept = self.env["distrib.forecast.state"].search([("company_id", "=", company.id)])
        age = (fields.Date.to_date(as_of) - kept.learned_on).days if kept else -1
        if not 0 <= age < LEARN_DAYS:
            return self._new_state(company, history, inputs, as_of)[0]
        found = state.load(base64.b64decode(kept.data))
        missing = self._buckets(history, inputs).keys() - {horizon for horizon, _kind in found.methods}
        if missing:
            found = _joined(found, self._new_state(company, history, inputs, as_of)[0], missing)
        return self._renewed_state(found, history, inputs)


def _joined(found, new, missing):
    """What was kept, with the missing horizons of the new one; the new one alone when it numbers groups otherwise."""
    if any(list(one) != list(other) for one, other in zip(found.ids, new.ids, strict=True)):
        return new
    return replace(
        found,
        methods={**found.methods, **{key: value for key, value in new.methods.items() if key[0] in missing}},
        learned={**found.learned, **{key: value for key, value in new.learned.items() if key[0] in missing}},
    )
