from datetime import timedelta

import numpy as np
from odoo import api, models

from ..engine import geo, proposal_lateral
from ..engine import proposal as engine
from ..engine import proposal_outlook as looking

# Lateral moves that take longer are not looked at.
LATERAL_DAYS = 10


class ProposalLateral(models.Model):
    """Excess of one warehouse for the shortage of another."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _lateral_moves(self, facts, plan, stakes, goods, company):
        if not company.distrib_lateral or not len(stakes.rows):
            nothing = np.zeros(0, np.int64)
            return proposal_lateral.Moves(nothing, nothing, np.zeros(0), np.zeros(0))
        products = facts.pairs.product[stakes.rows].tolist()
        margin = np.array([max(goods[product][0] - goods[product][1], 0.0) for product in products])
        weight = np.array([goods[product][2] for product in products])
        need, saved = self._lateral_needs(facts, plan, stakes)
        count = len(facts.key)
        columns = {"need": np.zeros(count), "cost_km": np.zeros(count), "value": np.zeros((count, saved.shape[1]))}
        columns["need"][stakes.rows] = need
        columns["cost_km"][stakes.rows] = company.distrib_lateral_tonne_km * weight / 1000
        columns["value"][stakes.rows] = margin[:, None] * saved / np.maximum(need, 1.0)[:, None]
        shelves = proposal_lateral.Shelves(
            facts.pairs.warehouse,
            facts.pairs.product,
            excess=engine.excess(facts.pairs, plan, company.distrib_lateral_days),
            **columns,
        )
        return proposal_lateral.match(shelves, *self._lateral_ways(company), company.distrib_lateral_fixed_cost)

    @api.model
    def _lateral_needs(self, facts, plan, stakes):
        """Units (n,) that would help until regular goods come, and sales (n, d) saved by goods that are here in d days.

        What the supplying warehouse cannot give comes only after its own supply.
        """
        rows, policy = stakes.rows, facts.policy
        until = engine.waiting_days(facts.pairs, plan, policy["lead_time_days"])[rows]
        days = np.arange(LATERAL_DAYS + 1)
        total = looking.lost_by(stakes.outlook, until)
        before = np.stack([looking.lost_by(stakes.outlook, np.minimum(day, until)) for day in days], axis=1)
        # the part of the wish that does come saves its own share
        share = np.where(plan.given[rows] < plan.wanted[rows], plan.given[rows], 0.0)
        saved = np.maximum(total[:, None] - before - share[:, None], 0.0)
        room = np.maximum(facts.pairs.order_up_to[rows] - facts.pairs.position[rows], 0.0)
        best = saved[:, 1]
        need = np.minimum(np.ceil(best + policy["safety_stock"][rows]), np.ceil(room))
        return np.where(best >= 1, need, 0.0), np.minimum(saved, need[:, None])

    @api.model
    def _lateral_ways(self, company):
        """Kilometres between warehouses, and who may give to whom: not up the tree, nor within one line of supply."""
        network = self.env["stock.warehouse"].search([("company_id", "=", company.id)], order="id")
        parent, depth = self._levels(company)
        ids = np.array(network.ids)
        places = np.array([(w.latitude, w.longitude) if w.latitude or w.longitude else (np.nan,) * 2 for w in network])
        apart = geo.distance_matrix_km(places[:, 0], places[:, 1], places[:, 0], places[:, 1])
        level = np.array([depth[warehouse] for warehouse in network.ids])
        may = ~self._one_line(network.ids, parent) & (level[:, None] <= level[None, :])

        def km(there, here):
            return apart[np.searchsorted(ids, there), np.searchsorted(ids, here)]

        def allowed(there, here):
            return may[np.searchsorted(ids, there), np.searchsorted(ids, here)]

        return km, allowed

    @staticmethod
    def _one_line(ids, parent):
        """Whether one of two warehouses supplies the other, directly or not; square, and true for itself."""
        related = np.eye(len(ids), dtype=bool)
        index = {warehouse: number for number, warehouse in enumerate(ids)}
        for warehouse in ids:
            above = parent[warehouse]
            while above:
                if above in index:
                    related[index[warehouse], index[above]] = related[index[above], index[warehouse]] = True
                above = parent.get(above)
        return related

    @api.model
    def _lateral_lines(self, run):
        if not len(run.moves.giver):
            return []
        km, _allowed = self._lateral_ways(run.company)
        spare = engine.excess(run.facts.pairs, run.plan, run.company.distrib_lateral_days)
        columns = (run.moves.giver, run.moves.taker, run.moves.quantity, run.moves.gain)
        lines = []
        for giver, taker, quantity, gain in zip(*(column.tolist() for column in columns), strict=True):
            source = int(run.facts.pairs.warehouse[giver])
            away = float(km(source, int(run.facts.pairs.warehouse[taker])))
            lines.append(self._lateral_line(run, taker, source, quantity, gain, away, float(spare[giver]) + quantity))
        return lines

    @api.model
    def _lateral_line(self, run, taker, source, quantity, gain, away, spare):
        price, cost, weight, active, _purchasable = run.goods[int(run.facts.pairs.product[taker])]
        move_cost = run.company.distrib_lateral_fixed_cost
        move_cost += run.company.distrib_lateral_tonne_km * weight / 1000 * away * quantity
        line = self._line(run, taker, price)
        line.update(
            kind="lateral",
            source_warehouse_id=source,
            supplierinfo_id=None,
            partner_id=None,
            quantity=quantity,
            order_date=run.today,
            expected_date=run.today + timedelta(days=int(proposal_lateral.move_days(np.array(away)))),
            unit_cost=cost,
            blocker=None if active else "inactive_product",
        )
        line["reason_data"].update(
            code="lateral",
            wanted=quantity,
            km=round(away),
            excess=round(spare, 2),
            horizon=run.company.distrib_lateral_days,
            move_cost=round(move_cost, 2),
            margin_saved=round(gain + move_cost, 2),
            saved=round((gain + move_cost) / max(price - cost, 0.01), 2),
        )
        return line
