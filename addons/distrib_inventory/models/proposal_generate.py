from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from odoo import api, fields, models

from ..engine import geo, order_rules, proposal_lateral
from ..engine import proposal as engine
from ..engine import proposal_outlook as looking

# What happens if nothing is done is told for so many days.
HORIZON = 28
LONGEST = 120
# From this share of a review period's sales expected to be lost by waiting for the next review, it is urgent.
URGENT_SHARE = 0.5
# A lateral move takes a day, and one more for so many kilometres.
KM_A_DAY = 500.0


@dataclass
class Stakes:
    """By row of `rows`: what is lost, when stock runs out, how sure this is; ``place`` maps pairs to them."""

    rows: np.ndarray
    place: np.ndarray
    outlook: looking.Outlook
    waiting: np.ndarray
    lost: np.ndarray
    confidence: np.ndarray
    urgent: np.ndarray


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
        rounding, terms = self._rounding(facts, sellers, today, company)
        plan = engine.make_plan(facts.pairs, rounding)
        stakes = self._stakes(facts, np.flatnonzero(plan.wanted > 0), today, company)
        goods = self._goods(np.unique(facts.pairs.product[stakes.rows]).tolist(), company)
        moves = self._lateral_moves(facts, plan, stakes, goods, company)
        if len(moves.giver):
            after = engine.with_moves(facts.pairs, moves.giver, moves.taker, moves.quantity)
            plan = engine.make_plan(after, rounding)
        return [
            *self._regular_lines(facts, plan, stakes, goods, sellers, terms, moves, today, company),
            *self._lateral_lines(facts, plan, stakes, goods, moves, today, company),
        ]

    @api.model
    def _rounding(self, facts, sellers, today, company):
        """What suppliers accept: least quantities, packs and pallets. Transfers go in whole units."""
        buys = facts.pairs.buys
        seller = [sellers.get(product, {}) for product in facts.pairs.product.tolist()]
        minimum = np.where(buys, [line.get("min_qty") or 0.0 for line in seller], 0.0)
        multiple = np.where(buys, [max(line.get("multiple") or 1.0, 1.0) for line in seller], 1.0)
        none = np.zeros(len(buys))
        limits = order_rules.Limits(minimum, multiple, none, none, np.full(len(buys), np.inf))

        def rounding(rows, wish):
            chosen = order_rules.Limits(
                *(getattr(limits, name)[rows] for name in ("minimum", "multiple", "pallet", "pallet_from", "maximum"))
            )
            return order_rules.round_order(wish, chosen).quantity

        return rounding, None

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
            (waiting >= URGENT_SHARE * policy["demand_mean"] * review) & (waiting > 0),
        )

    # --- lateral moves -----------------------------------------------------------------------------------------

    @api.model
    def _lateral_moves(self, facts, plan, stakes, goods, company):
        nothing = np.zeros(0, np.int64)
        if not company.distrib_lateral or not len(stakes.rows):
            return proposal_lateral.Moves(nothing, nothing, np.zeros(0), np.zeros(0))
        need, saved = self._lateral_needs(facts, plan, stakes)
        margin = np.array([max(goods[p][0] - goods[p][1], 0.0) for p in facts.pairs.product[stakes.rows].tolist()])
        weight = np.array([goods[p][2] for p in facts.pairs.product[stakes.rows].tolist()])
        count = len(facts.key)
        columns = {name: np.zeros(count) for name in ("need", "value", "cost_km")}
        columns["need"][stakes.rows] = need
        columns["value"][stakes.rows] = margin * np.divide(saved, need, out=np.zeros_like(need), where=need > 0)
        columns["cost_km"][stakes.rows] = company.distrib_lateral_tonne_km * weight / 1000
        shelves = proposal_lateral.Shelves(
            facts.pairs.warehouse,
            facts.pairs.product,
            excess=engine.excess(facts.pairs, plan, company.distrib_lateral_days),
            **columns,
        )
        km, allowed = self._lateral_ways(company)
        return proposal_lateral.match(shelves, km, allowed, company.distrib_lateral_fixed_cost)

    @api.model
    def _lateral_needs(self, facts, plan, stakes):
        """Units that would help until regular goods come, and sales these save.

        What the supplying warehouse cannot give comes only after its own supply.
        """
        rows, policy = stakes.rows, facts.policy
        lead = policy["lead_time_days"][rows]
        above = facts.pairs.parent[rows]
        later = np.where(above >= 0, policy["lead_time_days"][above], lead)
        unmet = plan.given[rows] < plan.wanted[rows]
        until = np.where(unmet, lead + later, lead)
        saved = looking.lost_by(stakes.outlook, until) - looking.lost_by(stakes.outlook, np.full(len(rows), 2.0))
        # a part of the wish that does come saves its own share
        saved = np.maximum(saved - np.where(unmet, plan.given[rows], 0.0), 0.0)
        room = np.maximum(facts.pairs.order_up_to[rows] - facts.pairs.position[rows], 0.0)
        need = np.minimum(np.ceil(saved + policy["safety_stock"][rows] * (saved > 0)), np.ceil(room))
        return np.where(saved >= 1, need, 0.0), np.minimum(saved, need)

    @api.model
    def _lateral_ways(self, company):
        """Kilometres between warehouses, and who may give to whom: not up the tree, nor within one line of supply."""
        network = self.env["stock.warehouse"].search([("company_id", "=", company.id)], order="id")
        parent, depth = self._levels(company)
        ids = np.array(network.ids)
        places = np.array([(w.latitude, w.longitude) if w.latitude or w.longitude else (np.nan,) * 2 for w in network])
        apart = geo.distance_matrix_km(places[:, 0], places[:, 1], places[:, 0], places[:, 1])
        level = np.array([depth[warehouse] for warehouse in network.ids])
        related = np.eye(len(ids), dtype=bool)
        index = {warehouse: number for number, warehouse in enumerate(network.ids)}
        for warehouse in network.ids:
            above = parent[warehouse]
            while above:
                if above in index:
                    related[index[warehouse], index[above]] = related[index[above], index[warehouse]] = True
                above = parent.get(above)
        may = ~related & (level[:, None] <= level[None, :])

        def km(there, here):
            return apart[np.searchsorted(ids, there), np.searchsorted(ids, here)]

        def allowed(there, here):
            return may[np.searchsorted(ids, there), np.searchsorted(ids, here)]

        return km, allowed

    # --- lines -------------------------------------------------------------------------------------------------

    @api.model
    def _regular_lines(self, facts, plan, stakes, goods, sellers, terms, moves, today, company):
        costs = self._seller_costs(
            [sellers[p]["id"] for p in np.unique(facts.pairs.product[stakes.rows]).tolist() if p in sellers],
            today, company,
        )  # fmt: skip
        helped = set(moves.taker.tolist())
        lines = []
        for row in np.flatnonzero(plan.wanted > 0).tolist():
            place = int(stakes.place[row])
            empty = plan.given[row] <= 0
            if place < 0 or (empty and (row in helped or not stakes.urgent[place])):
                continue
            source = int(facts.policy["source"][row])
            seller = {} if source else sellers.get(int(facts.pairs.product[row]), {})
            price, cost, _weight, active, purchasable = goods[int(facts.pairs.product[row])]
            lead = float(facts.policy["lead_time_days"][row])
            line = self._line(facts, stakes, row, place, price, today)
            line.update(
                kind="transfer" if source else "purchase",
                source_warehouse_id=source or None,
                supplierinfo_id=seller.get("id"),
                partner_id=seller.get("partner_id"),
                quantity=float(plan.wanted[row] if empty else plan.given[row]),
                expected_date=today + timedelta(days=round(lead)),
                unit_cost=costs.get(seller.get("id")) or cost,
                blocker=self._blocker(source, seller, lead, active, purchasable, empty),
            )
            line["reason_data"].update(code="share" if plan.given[row] < plan.wanted[row] else "reorder")
            line["reason_data"]["wanted"] = float(plan.wanted[row])
            lines.append(line)
        return lines

    @staticmethod
    def _blocker(source, seller, lead, active, purchasable, empty):
        if not active:
            return "inactive_product"
        if source:
            return "source_empty" if empty else None
        if not purchasable:
            return "not_purchasable"
        if not seller:
            return "no_supplier"
        return None if lead > 0 else "no_lead_time"

    @api.model
    def _lateral_lines(self, facts, plan, stakes, goods, moves, today, company):
        km, _allowed = self._lateral_ways(company) if len(moves.giver) else (None, None)
        spare = engine.excess(facts.pairs, plan, company.distrib_lateral_days)
        lines = []
        for giver, taker, quantity, gain in zip(
            *(column.tolist() for column in (moves.giver, moves.taker, moves.quantity, moves.gain)), strict=True
        ):
            place = int(stakes.place[taker])
            price, cost, weight, active, _purchasable = goods[int(facts.pairs.product[taker])]
            source, target = int(facts.pairs.warehouse[giver]), int(facts.pairs.warehouse[taker])
            away = float(km(source, target))
            move_cost = company.distrib_lateral_fixed_cost + company.distrib_lateral_tonne_km * weight / 1000 * (
                away * quantity
            )
            line = self._line(facts, stakes, taker, place, price, today)
            line.update(
                kind="lateral",
                source_warehouse_id=source,
                supplierinfo_id=None,
                partner_id=None,
                quantity=quantity,
                expected_date=today + timedelta(days=1 + int(away // KM_A_DAY)),
                unit_cost=cost,
                blocker=None if active else "inactive_product",
            )
            margin = max(price - cost, 0.01)
            line["reason_data"].update(
                code="lateral", wanted=quantity, km=round(away), excess=round(float(spare[giver]) + quantity, 2),
                horizon=company.distrib_lateral_days, move_cost=round(move_cost, 2),
                margin_saved=round(gain + move_cost, 2), saved=round((gain + move_cost) / margin, 2),
            )  # fmt: skip
            lines.append(line)
        return lines

    @staticmethod
    def _line(facts, stakes, row, place, price, today):
        """What lines of all kinds tell of their pair."""
        policy = facts.policy
        shown = ("demand_mean", "demand_sigma", "lead_time_days", "safety_stock", "reorder_point", "order_up_to")
        run_out = int(stakes.outlook.run_out[place])
        return {
            "product_id": int(facts.pairs.product[row]),
            "warehouse_id": int(facts.pairs.warehouse[row]),
            "order_date": today,
            "urgency": round(float(stakes.waiting[place]), 4),
            "urgency_value": round(float(stakes.waiting[place]) * price, 2),
            "is_urgent": bool(stakes.urgent[place]),
            "run_out_date": today + timedelta(days=run_out) if run_out < stakes.outlook.lost.shape[1] else None,
            "lost_quantity": round(float(stakes.lost[place]), 4),
            "lost_value": round(float(stakes.lost[place]) * price, 2),
            "confidence": round(float(stakes.confidence[place]), 4),
            "available": float(facts.available[row]),
            "incoming": float(facts.incoming[row]),
            "reason_data": {
                **{name: round(float(policy[name][row]), 4) for name in shown},
                "position": round(float(facts.pairs.position[row]), 4),
            },
        }
