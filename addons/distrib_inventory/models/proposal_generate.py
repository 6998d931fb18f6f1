import json
from datetime import timedelta
from io import StringIO

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import policy as engine
from .proposal import URGENT_SHARE

# A rejected proposal is not made again for so many days.
REJECTED_DAYS = 7
_POLICY_COLUMNS = (
    "warehouse_id", "product_id", "demand_mean", "demand_sigma", "lead_time_days", "lead_time_sigma",
    "safety_stock", "reorder_point", "order_up_to",
)  # fmt: skip


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
        wishes = self._wishes(today, company)
        self._upsert_proposals(wishes, today)
        self._withdraw(company)
        self.invalidate_model()
        return self.search_count([("company_id", "=", company.id), ("state", "=", "open")])

    @api.model
    def _wake_up(self, today, company):
        self.env.cr.execute(
            "UPDATE distrib_proposal SET state = 'open', snooze_until = NULL"
            " WHERE company_id = %s AND state = 'snoozed' AND snooze_until <= %s",
            (company.id, today),
        )

    @api.model
    def _wishes(self, today, company):
        """The proposals that should be there: list of dict."""
        policy = self._policy_columns(company)
        if not len(policy["product_id"]):
            return []
        position = self._positions(policy, company)
        sellers = self.env["distrib.policy"]._sellers(company)
        network = self.env["stock.warehouse"].search([("company_id", "=", company.id)])
        parent = {warehouse.id: warehouse.supply_parent_id.id for warehouse in network}
        source = np.array([parent.get(warehouse) or 0 for warehouse in policy["warehouse_id"].tolist()], np.int64)
        seller = [sellers.get(product, {}) for product in policy["product_id"].tolist()]
        minimum = np.where(source > 0, 0.0, [line.get("min_qty") or 0.0 for line in seller])
        multiple = np.where(source > 0, 1.0, [max(line.get("multiple") or 1.0, 1.0) for line in seller])
        wanted = engine.order_quantity(
            position["position"],
            policy["reorder_point"], policy["order_up_to"], multiple, minimum,
        )  # fmt: skip
        given = self._shared(policy, position, source, wanted)
        urgency = self._urgency(policy, position)
        lines = []
        for row in np.flatnonzero(given > 0).tolist():
            lines.append(
                self._line(
                    row, policy, position, source[row], seller[row], wanted[row], given[row], urgency[row], today
                )
            )
        return lines

    @api.model
    def _policy_columns(self, company):
        """Policies with demand whose pair a planner may order for: dealers order for themselves."""
        self.env.cr.execute(
            SQL(
                """
                SELECT %s
                  FROM distrib_policy p
                  JOIN stock_warehouse w ON w.id = p.warehouse_id AND w.active AND w.dealer_id IS NULL
                  JOIN product_product x ON x.id = p.product_id AND x.active
                 WHERE p.company_id = %s AND p.order_up_to > 0
                 ORDER BY p.warehouse_id, p.product_id
                """,
                SQL(", ").join(SQL.identifier("p", name) for name in _POLICY_COLUMNS),
                company.id,
            )
        )
        rows = self.env.cr.fetchall()
        columns = list(zip(*rows, strict=True)) or [()] * len(_POLICY_COLUMNS)
        return {
            name: np.array(column, np.int64 if name.endswith("_id") else np.float64)
            for name, column in zip(_POLICY_COLUMNS, columns, strict=True)
        }

    @api.model
    def _positions(self, policy, company):
        """Available, incoming and position (with what is promised taken off) of each pair.

        Requests for quotation count as incoming; moves do so by themselves.
        """
        found = self.env["distrib.position"].with_company(company)._read_columns()
        asked = self._asked_for(company)
        place = {}
        keys = zip(found.warehouse_id.tolist(), found.product_id.tolist(), strict=True)
        columns = (found.available.tolist(), found.incoming.tolist(), found.forecast.tolist())
        for key, *numbers in zip(keys, *columns, strict=True):
            place[key] = numbers
        rows = []
        for key in zip(policy["warehouse_id"].tolist(), policy["product_id"].tolist(), strict=True):
            available, incoming, forecast = place.get(key, (0.0, 0.0, 0.0))
            more = asked.get(key, 0.0)
            rows.append((available, incoming + more, forecast + more))
        table = np.array(rows, np.float64).reshape(-1, 3)
        return {"available": table[:, 0], "incoming": table[:, 1], "position": table[:, 2]}

    @api.model
    def _asked_for(self, company):
        """Quantities on requests for quotation, in the product's unit: dict (warehouse, product) -> quantity."""
        self.env["purchase.order.line"].flush_model(["product_id", "product_uom_qty", "order_id"])
        self.env["purchase.order"].flush_model(["state", "picking_type_id", "company_id"])
        self.env.cr.execute(
            """
            SELECT t.warehouse_id, l.product_id, SUM(l.product_uom_qty)
              FROM purchase_order_line l
              JOIN purchase_order o ON o.id = l.order_id
              JOIN stock_picking_type t ON t.id = o.picking_type_id
             WHERE o.company_id = %s AND o.state IN ('draft', 'sent', 'to approve') AND l.product_id IS NOT NULL
             GROUP BY 1, 2
            """,
            (company.id,),
        )
        return {(warehouse, product): float(quantity or 0) for warehouse, product, quantity in self.env.cr.fetchall()}

    @api.model
    def _shared(self, policy, position, source, wanted):
        """What each pair gets: all it wants from a supplier, its fair share of what a warehouse can spare."""
        key = (policy["warehouse_id"] << 32) | policy["product_id"]
        spare = np.maximum(position["available"] - policy["safety_stock"], 0.0)
        of_source = (source << 32) | policy["product_id"]
        place = np.searchsorted(key, of_source).clip(max=len(key) - 1)
        known = (key[place] == of_source) & (source > 0)
        transfer = known & (wanted > 0)
        given = np.where(source > 0, 0.0, wanted)
        if transfer.any():
            groups, group = np.unique(place[transfer], return_inverse=True)
            given[transfer] = engine.fair_share(wanted[transfer], group, spare[groups], np.ones(transfer.sum()))
        return given

    @api.model
    def _urgency(self, policy, position):
        """Expected lost sales until goods ordered now are here."""
        mean, lead = policy["demand_mean"], policy["lead_time_days"]
        spread = np.sqrt(lead * policy["demand_sigma"] ** 2 + (mean * policy["lead_time_sigma"]) ** 2)
        return engine.expected_shortage(mean * lead, spread, position["position"])

    @staticmethod
    def _line(row, policy, position, source, seller, wanted, given, urgency, today):
        facts = {name: round(float(policy[name][row]), 4) for name in _POLICY_COLUMNS[2:]}
        return {
            "kind": "transfer" if source else "purchase",
            "product_id": int(policy["product_id"][row]),
            "warehouse_id": int(policy["warehouse_id"][row]),
            "source_warehouse_id": int(source) or None,
            "supplierinfo_id": None if source else seller.get("id"),
            "partner_id": None if source else seller.get("partner_id"),
            "quantity": float(given),
            "order_date": today,
            "expected_date": today + timedelta(days=round(facts["lead_time_days"])),
            "urgency": float(urgency),
            "is_urgent": bool(urgency >= URGENT_SHARE * policy["order_up_to"][row]),
            "available": float(position["available"][row]),
            "incoming": float(position["incoming"][row]),
            "reason_data": json.dumps(
                {**facts, "wanted": float(wanted), "position": round(float(position["position"][row]), 4)}
            ),
        }

    @api.model
    def _upsert_proposals(self, lines, today):
        """Insert the new ones, refresh the open ones; leave alone the snoozed and those rejected lately."""
        cr = self.env.cr
        cr.execute("DROP TABLE IF EXISTS distrib_proposal_incoming")
        cr.execute(
            "CREATE TEMP TABLE distrib_proposal_incoming (kind text, product_id int, warehouse_id int,"
            " source_warehouse_id int, supplierinfo_id int, partner_id int, quantity numeric, order_date date,"
            " expected_date date, urgency numeric, is_urgent bool, available numeric, incoming numeric,"
            " reason_data jsonb) ON COMMIT DROP"
        )
        text = "".join(
            "\t".join("\\N" if cell is None else str(cell) for cell in line.values()) + "\n" for line in lines
        )
        cr.copy_expert("COPY distrib_proposal_incoming FROM STDIN", StringIO(text))
        names = list(lines[0]) if lines else ["product_id"]
        columns = ", ".join(names)
        updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name not in ("product_id", "warehouse_id"))
        if not lines:
            return
        cr.execute(
            f"""
            INSERT INTO distrib_proposal ({columns}, proposed_quantity, company_id, state,
                                          create_uid, create_date, write_uid, write_date)
            SELECT {", ".join("i." + name for name in names)}, i.quantity, w.company_id, 'open',
                   %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
              FROM distrib_proposal_incoming i
              JOIN stock_warehouse w ON w.id = i.warehouse_id
             WHERE NOT EXISTS (SELECT FROM distrib_proposal r
                                WHERE r.product_id = i.product_id AND r.warehouse_id = i.warehouse_id
                                  AND r.state = 'rejected' AND r.decided_on > %(rejected)s)
            ON CONFLICT (product_id, warehouse_id) WHERE state IN ('open', 'snoozed') DO UPDATE
               SET {updates}, proposed_quantity = EXCLUDED.proposed_quantity, write_date = EXCLUDED.write_date
             WHERE distrib_proposal.state = 'open'
               AND distrib_proposal.quantity = distrib_proposal.proposed_quantity
            """,
            {"user": self.env.uid, "rejected": today - timedelta(days=REJECTED_DAYS)},
        )

    @api.model
    def _withdraw(self, company):
        """Open proposals that are no longer needed."""
        self.env.cr.execute(
            """
            UPDATE distrib_proposal p SET state = 'cancelled', decided_on = now() AT TIME ZONE 'UTC'
             WHERE p.company_id = %s AND p.state = 'open'
               AND NOT EXISTS (SELECT FROM distrib_proposal_incoming i
                                WHERE i.product_id = p.product_id AND i.warehouse_id = p.warehouse_id)
            """,
            (company.id,),
        )
