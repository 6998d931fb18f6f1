from dataclasses import dataclass, replace

import numpy as np
from odoo import api, fields, models

from ..engine import order_rules, proposal_lateral
from ..engine import proposal as engine
from ..engine import proposal_outlook as looking
from .proposal_read import Facts

# What happens if nothing is done is told for so many days.
HORIZON = 28
LONGEST = 120
# From this share of a review period's sales expected to be lost by waiting for the next review, it is pressing; it is
# urgent when these sales are also worth what the company says.
PRESSING_SHARE = 0.5


@dataclass
class Stakes:
    """By row of `rows`: what is lost, when stock runs out, how sure this is; ``place`` maps pairs to them."""

    rows: np.ndarray
    place: np.ndarray
    outlook: looking.Outlook
    waiting: np.ndarray
    lost: np.ndarray
    confidence: np.ndarray
    pressing: np.ndarray


@dataclass(frozen=True)
class Run:
    """All that lines are made from."""

    facts: Facts
    plan: engine.Plan
    stakes: Stakes
    goods: dict
    sellers: dict
    terms: object
    moves: proposal_lateral.Moves
    today: object
    company: object


class ProposalGenerate(models.Model):
    """From policies and positions to proposals, all pairs of a company at once."""

    # one room for what makes proposals, one for what becomes of them
    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _generate(self, as_of=None, company=None):
        """Make, refresh and withdraw the open proposals of a company; the same call twice changes nothing.

        :return: number of open proposals
        """
        company = company or self.env.company
        today = fields.Date.to_date(as_of) or fields.Date.context_today(self)
        self.env.flush_all()  # what follows is read and joined in SQL
        self._wake_up(today, company)
        self._store(self._wishes(today, company), today, company)
        self.invalidate_model()
        self._trigger_automatic(company)
        return self.search_count([("company_id", "=", company.id), ("state", "=", "open")])

    @api.model
    def _wishes(self, today, company):
        """The proposals that should be there: list of dict."""
        facts = self._read_facts(company)
        if facts is None:
            return []
        sellers = self.env["distrib.policy"]._sellers(company)
        terms = self._terms(facts, sellers, today, company)
        facts.pairs = replace(facts.pairs, step=np.where(facts.pairs.buys, 1.0, terms.limits.multiple))
        plan = engine.make_plan(facts.pairs, self._rounding(terms.limits))
        stakes = self._stakes(facts, np.flatnonzero(plan.wanted > 0), today, company)
        goods = self._goods(np.unique(facts.pairs.product[stakes.rows]).tolist(), company)
        moves = self._lateral_moves(facts, plan, stakes, goods, company)
        if len(moves.giver):
            after = engine.with_moves(facts.pairs, moves.giver, moves.taker, moves.quantity)
            plan = engine.make_plan(after, self._rounding(terms.limits))
        run = Run(facts, plan, stakes, goods, sellers, terms, moves, today, company)
        return [*self._regular_lines(run), *self._lateral_lines(run)]

    @api.model
    def _terms(self, facts, sellers, today, company):
        """What suppliers and warehouses accept: least quantities, packs and pallets, shelf life, days of ordering."""
        pairs = facts.pairs
        partner = np.array([sellers.get(product, {}).get("partner_id", 0) for product in pairs.product.tolist()])
        return self.env["distrib.order.rule"]._limits(
            pairs.warehouse,
            pairs.product,
            np.where(pairs.buys, partner, 0).astype(np.int64),
            company,
            today,
            pairs.mean,
            pairs.position,
        )

    @staticmethod
    def _rounding(limits):
        names = ("minimum", "multiple", "pallet", "pallet_from", "maximum")

        def rounding(rows, wish):
            chosen = order_rules.Limits(*(getattr(limits, name)[rows] for name in names))
            return order_rules.round_order(wish, chosen).quantity

        return rounding

    # --- what is at stake --------------------------------------------------------------------------------------

    @api.model
    def _stakes(self, facts, rows, today, company):
        policy = {name: column[rows] for name, column in facts.policy.items()}
        lead, review = policy["lead_time_days"], np.maximum(policy["review_days"], 1.0)
        days = int(min(LONGEST, max(HORIZON, np.ceil((lead + review).max(initial=0)) + 1)))
        found = looking.outlook(
            facts.available[rows] - facts.owed[rows],
            policy["demand_mean"], policy["demand_sigma"],
            self._arrivals(facts, rows, today, days, company),
        )  # fmt: skip
        waiting = looking.lost_by(found, lead + review) - looking.lost_by(found, lead)
        place = np.full(len(facts.key), -1)
        place[rows] = np.arange(len(rows))
        return Stakes(
            rows,
            place,
            found,
            waiting,
            looking.lost_by(found, np.full(len(rows), HORIZON)),
            looking.confidence(policy["demand_mean"], policy["demand_sigma"], lead + review),
            (waiting >= PRESSING_SHARE * policy["demand_mean"] * review) & (waiting > 0),
        )
