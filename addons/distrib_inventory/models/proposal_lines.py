from datetime import timedelta

import numpy as np
from odoo import api, models


class ProposalLines(models.Model):
    """What a run has found out, as the lines that `_store` writes."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _regular_lines(self, run):
        """Purchases, and replenishments from the supplying warehouse."""
        facts, plan, stakes = run.facts, run.plan, run.stakes
        rows = np.flatnonzero((plan.wanted > 0) & (stakes.place >= 0))
        helped = np.isin(rows, run.moves.taker)
        pressing = stakes.pressing[stakes.place[rows]]
        rows = rows[(plan.given[rows] > 0) | (pressing & ~helped)]
        products = np.unique(facts.pairs.product[rows]).tolist()
        costs = self._seller_costs(
            [run.sellers[product]["id"] for product in products if product in run.sellers], run.today, run.company
        )
        unit_cost = self._unit_costs(run, rows, costs)
        caps = self._capped(run, rows, unit_cost)
        places = zip(rows.tolist(), unit_cost.tolist(), caps.quantity.tolist(), caps.cut.tolist(), strict=True)
        return [
            self._regular_line(run, row, cost, kept, cut, int(cap))
            for (row, cost, kept, cut), cap in zip(places, caps.cap_id, strict=True)
        ]

    @api.model
    def _unit_costs(self, run, rows, costs):
        """What a unit costs the buyer: the supplier's price, else the product's cost."""
        pairs = run.facts.pairs
        found = []
        for product, buys in zip(pairs.product[rows].tolist(), pairs.buys[rows].tolist(), strict=True):
            price = costs.get(run.sellers.get(product, {}).get("id")) if buys else None
            found.append(price or run.goods[product][1])
        return np.array(found, np.float64)

    @api.model
    def _capped(self, run, rows, unit_cost):
        """Budgets and room: what they leave of what was given."""
        pairs, limits = run.facts.pairs, run.terms.limits
        partner = [run.sellers.get(product, {}).get("partner_id", 0) for product in pairs.product[rows].tolist()]
        prices = np.array([run.goods[product][0] for product in pairs.product[rows].tolist()], np.float64)
        return self.env["distrib.order.cap"]._apply(
            pairs.warehouse[rows],
            pairs.product[rows],
            np.where(pairs.buys[rows], partner, 0).astype(np.int64),
            run.plan.given[rows],
            unit_cost,
            run.stakes.lost[run.stakes.place[rows]] * prices,
            limits.multiple[rows],
            limits.minimum[rows],
            run.company,
            run.today,
        )

    @api.model
    def _regular_line(self, run, row, unit_cost, kept, cut, cap):
        facts, plan = run.facts, run.plan
        source, product = int(facts.policy["source"][row]), int(facts.pairs.product[row])
        seller = {} if source else run.sellers.get(product, {})
        given, wanted = float(plan.given[row]), float(plan.wanted[row])
        lead = float(facts.policy["lead_time_days"][row])
        line = self._line(run, row, run.goods[product][0])
        line.update(
            kind="transfer" if source else "purchase",
            source_warehouse_id=source or None,
            supplierinfo_id=seller.get("id"),
            partner_id=seller.get("partner_id"),
            # what cannot be had is shown as what is wanted
            quantity=kept or given or wanted,
            expected_date=line["order_date"] + timedelta(days=round(lead)),
            unit_cost=unit_cost,
            blocker=self._blocker(run, product, source, seller, lead, given, kept),
        )
        line["reason_data"].update(code="share" if given < wanted else "reorder", wanted=wanted)
        if cut > 0:
            line["reason_data"].update(cut=float(cut), cap=cap)
        return line

    @staticmethod
    def _blocker(run, product, source, seller, lead, given, kept):
        _price, _cost, _weight, active, purchasable = run.goods[product]
        if not active:
            return "inactive_product"
        if source and given <= 0:
            return "source_empty"
        if not source and not purchasable:
            return "not_purchasable"
        if not source and not seller:
            return "no_supplier"
        if not source and lead <= 0:
            return "no_lead_time"
        return None if kept > 0 else "cap"

    @api.model
    def _line(self, run, row, price):
        """What lines of all kinds tell of their pair."""
        facts, stakes = run.facts, run.stakes
        place = int(stakes.place[row])
        shown = ("demand_mean", "demand_sigma", "lead_time_days", "safety_stock", "reorder_point", "order_up_to")
        run_out = int(stakes.outlook.run_out[place])
        waiting, lost = float(stakes.waiting[place]), float(stakes.lost[place])
        ordered = run.terms.next_review[row].astype("datetime64[D]").item()
        return {
            "product_id": int(facts.pairs.product[row]),
            "warehouse_id": int(facts.pairs.warehouse[row]),
            "order_date": max(ordered, run.today),
            "urgency": round(waiting, 4),
            "urgency_value": round(waiting * price, 2),
            "is_urgent": bool(stakes.pressing[place] and waiting * price >= run.company.distrib_urgent_value),
            "run_out_date": run.today + timedelta(days=run_out) if run_out < stakes.outlook.lost.shape[1] else None,
            "lost_quantity": round(lost, 4),
            "lost_value": round(lost * price, 2),
            "confidence": round(float(stakes.confidence[place]), 4),
            "available": float(facts.available[row]),
            "incoming": float(facts.incoming[row]),
            "reason_data": {
                **{name: round(float(facts.policy[name][row]), 4) for name in shown},
                "position": round(float(facts.pairs.position[row]), 4),
            },
        }
