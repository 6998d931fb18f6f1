from dataclasses import dataclass, field

import numpy as np
from odoo import api, fields, models

from ..engine import plan as engine
from ..engine import service
from ..engine.forecast import model as forecast_model

BATCH = 10_000


@dataclass(frozen=True, eq=False)
class Plan:
    """All that a run works from: the history read, the inputs of its pairs, what was learned."""

    company: object
    network: dict
    history: object
    inputs: object
    state: object
    groups: tuple
    sizes: tuple
    calendar: object
    attention: np.ndarray
    as_of: object
    extra: dict = field(default_factory=dict)


class PolicyPlan(models.Model):
    """From history, inputs and what was learned to the columns of policies, batch by batch; nothing is written."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _plan_batches(self, company=None, as_of=None):
        """Yield what a run would write, as dicts of columns (n,); see `engine.plan.columns` and `_plan_columns`."""
        plan = self._prepare_plan(company or self.env.company, as_of)
        if plan is not None:
            for part in forecast_model.chunks(len(plan.history), BATCH):
                yield self._plan_columns(plan, part)

    @api.model
    def _prepare_plan(self, company, as_of=None, product_ids=None, fresh=False):
        """Read, join the inputs and learn: the `Plan` of all pairs, or of these products alone; None without demand.

        :param product_ids: only these; what is learned is then taken as it was kept
        """
        self.env.flush_all()  # what follows is read and joined in SQL
        as_of = fields.Date.to_date(as_of) or fields.Date.context_today(self)
        network = {
            warehouse.id: warehouse
            for warehouse in self.env["stock.warehouse"].search([("company_id", "=", company.id)])
        }
        end = self._history_end(network, as_of)
        if end is None:
            return None
        history = self._read_history(end, network, company, product_ids)
        inputs = self._inputs_of(history, network, company, whole=product_ids is None)
        if product_ids is None:
            state = self._learned_state(company, history, inputs, as_of, fresh)
        else:
            state = self._kept_state(company)
        ids = state.ids if state else self._state_ids(history)
        return Plan(
            company,
            network,
            history,
            inputs,
            state,
            self._groups(history, ids),
            tuple(len(part) + 1 for part in ids),
            self._calendar(company, history.days),
            self._attention(history, inputs, network, company),
            as_of,
        )

    @api.model
    def _plan_batch(self, plan, part):
        """What the engine is told of some of the plan's pairs (a slice or positions)."""
        history, inputs = plan.history, plan.inputs
        return engine.Batch(
            np.asarray(history.demand[part]),
            part_of(history.statistics, part),
            tuple(group[part] for group in plan.groups),
            plan.sizes,
            plan.calendar,
            *(
                getattr(inputs, name)[part]
                for name in ("lead_days", "lead_sigma", "review_days", "shelf_days", "service", "service_kind")
            ),
            None if history.ahead is None else history.ahead[part],
        )

    @api.model
    def _plan_columns(self, plan, part):
        """The columns of the policies of a slice of the plan's pairs."""
        history, inputs, batch = plan.history, plan.inputs, self._plan_batch(plan, part)
        found = engine.columns(batch, plan.state)
        found |= {
            "warehouse_id": history.warehouse_id[part],
            "product_id": history.product_id[part],
            "service_target": batch.service,
            "service_kind": batch.kind.astype(np.int64),
            "lead_time_days": batch.lead,
            "lead_time_sigma": batch.lead_sigma,
            "review_days": batch.review,
            "usual_mean": batch.statistics.mean,
            "usual_sigma": batch.statistics.sigma,
            "own_mean": history.own_mean[part],
            "days": batch.statistics.days,
            "censored": batch.statistics.censored,
            "supplies": history.supplies[part],
            "attention": plan.attention[part],
        }
        for name, column in (
            ("abc_class", "abc"),
            ("xyz_class", "xyz"),
            ("lead_source", "lead_source"),
            ("service_rule_id", "service_rule_id"),
            ("wait_days", "wait_days"),
        ):
            found[name] = getattr(inputs, column)[part]
        return self._plan_adjusted(plan, part, found)

    @api.model
    def _plan_adjusted(self, plan, part, found):
        """Room for what changes the levels afterwards: stock built up before a promotion."""
        return found

    @api.model
    def _attention(self, history, inputs, network, company):
        """What a planner should look at (n,), an index of ATTENTION: no supplier, lead time unknown or zero."""
        parents = {i for i, warehouse in network.items() if warehouse.supply_parent_id}
        bought = ~np.isin(history.warehouse_id, np.array(sorted(parents), np.int64))
        known = np.array(sorted(self._sellers(company)), np.int64)
        alone = bought & ~np.isin(history.product_id, known)
        source = np.asarray(inputs.lead_source)
        return np.select([alone, source == 0, source == 3], [1, 2, 3], 0).astype(np.int64)


def part_of(statistics, part):
    return type(statistics)(*(getattr(statistics, name)[part] for name in ("mean", "sigma", "days", "censored")))


ATTENTION = ("", "no_supplier", "lead_unknown", "lead_zero")
CODES = {
    "method": engine.METHODS,
    "demand_class": ("smooth", "intermittent", "erratic", "lumpy"),
    "service_kind": service.SERVICE_KINDS,
    "abc_class": service.ABC,
    "xyz_class": service.XYZ,
    "lead_source": ("unknown", "planned", "measured", "zero"),
    "attention": ATTENTION,
}
