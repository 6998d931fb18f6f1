from dataclasses import dataclass

import numpy as np
from odoo import api, models
from odoo.tools import SQL

from ..engine import proposal as engine
from .position import OPEN_STATES

POLICY_COLUMNS = (
    "warehouse_id", "product_id", "demand_mean", "demand_sigma", "lead_time_days", "lead_time_sigma", "review_days",
    "safety_stock", "reorder_point", "order_up_to",
)  # fmt: skip


@dataclass
class Facts:
    """What the run reads, as columns by pair; see `_read_facts`."""

    policy: dict
    pairs: engine.Pairs
    available: np.ndarray
    incoming: np.ndarray
    owed: np.ndarray
    key: np.ndarray

    def rows(self, warehouse, product):
        """Rows of pairs given by ids, and whether they are there."""
        wanted = (np.asarray(warehouse, np.int64) << 32) | np.asarray(product, np.int64)
        place = np.searchsorted(self.key, wanted).clip(max=max(len(self.key) - 1, 0))
        return place, self.key[place] == wanted


class ProposalRead(models.Model):
    """What proposals are made from: policies, positions, arrivals, prices. Each is read in one statement."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _read_facts(self, company):
        """Policies with their positions, sorted by warehouse and product; None without policies."""
        policy = self._policy_columns(company)
        if not len(policy["product_id"]):
            return None
        key = (policy["warehouse_id"] << 32) | policy["product_id"]
        available, incoming, outgoing, reserved = self._positions(key, company)
        asked = self._asked_for(key, company)
        owed = np.maximum(outgoing - reserved, 0.0)
        parent, depth = self._levels(company)
        above = np.array([parent.get(warehouse) or 0 for warehouse in policy["warehouse_id"].tolist()], np.int64)
        of_source = (above << 32) | policy["product_id"]
        place = np.searchsorted(key, of_source).clip(max=len(key) - 1)
        pairs = engine.Pairs(
            warehouse=policy["warehouse_id"],
            product=policy["product_id"],
            depth=np.array([depth[warehouse] for warehouse in policy["warehouse_id"].tolist()], np.int64),
            buys=above == 0,
            parent=np.where((key[place] == of_source) & (above > 0), place, -1),
            available=available,
            position=engine.stock_position(available, incoming, asked, outgoing, reserved),
            mean=policy["demand_mean"],
            reorder_point=policy["reorder_point"],
            order_up_to=policy["order_up_to"],
            step=np.ones(len(key)),
        )
        return Facts({**policy, "source": above}, pairs, available, incoming + asked, owed, key)

    @api.model
    def _policy_columns(self, company):
        """Policies with demand whose pair a planner may order for: dealers order for themselves.

        Archived products stay: that they are still sold is an exception somebody should see.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT %s
                  FROM distrib_policy p
                  JOIN stock_warehouse w ON w.id = p.warehouse_id AND w.active AND w.dealer_id IS NULL
                 WHERE p.company_id = %s AND p.order_up_to > 0
                 ORDER BY p.warehouse_id, p.product_id
                """,
                SQL(", ").join(
                    SQL("p.warehouse_id, p.product_id")
                    if name == "warehouse_id"
                    else SQL("COALESCE(%s, 0)::float8", SQL.identifier("p", name))
                    for name in POLICY_COLUMNS
                    if name != "product_id"
                ),
                company.id,
            )
        )
        columns = list(zip(*self.env.cr.fetchall(), strict=True)) or [()] * len(POLICY_COLUMNS)
        return {
            name: np.array(column, np.int64 if name.endswith("_id") else np.float64)
            for name, column in zip(POLICY_COLUMNS, columns, strict=True)
        }

    @api.model
    def _levels(self, company):
        """Dict warehouse -> the one that supplies it, and dict warehouse -> levels above it."""
        network = self.env["stock.warehouse"].search([("company_id", "=", company.id)])
        parent = {warehouse.id: warehouse.supply_parent_id.id for warehouse in network}
        depth = {}
        for warehouse in parent:
            chain = []
            while warehouse and warehouse not in depth:
                chain.append(warehouse)
                warehouse = parent.get(warehouse)
            base = depth[warehouse] + 1 if warehouse else 0
            depth.update({step: base + place for place, step in enumerate(reversed(chain))})
        return parent, depth

    @api.model
    def _positions(self, key, company):
        """Available, incoming, outgoing, reserved: (4, n) for the sorted keys of pairs."""
        found = self.env["distrib.position"].with_company(company)._read_columns()
        there = (found.warehouse_id << 32) | found.product_id
        place = np.searchsorted(key, there).clip(max=len(key) - 1)
        known = key[place] == there
        table = np.zeros((4, len(key)))
        columns = (found.available, found.incoming, found.outgoing, found.reserved)
        for number, column in enumerate(columns):
            table[number, place[known]] = column[known]
        return table

    @api.model
    def _asked_for(self, key, company):
        """Units on requests for quotation: these count as on the way, moves do so by themselves."""
        self.env["purchase.order.line"].flush_model(["product_id", "product_uom_qty", "order_id"])
        self.env["purchase.order"].flush_model(["state", "picking_type_id", "company_id"])
        self.env.cr.execute(
            """
            SELECT t.warehouse_id, l.product_id, SUM(l.product_uom_qty)::float8
              FROM purchase_order_line l
              JOIN purchase_order o ON o.id = l.order_id
              JOIN stock_picking_type t ON t.id = o.picking_type_id
             WHERE o.company_id = %s AND o.state IN ('draft', 'sent', 'to approve') AND l.product_id IS NOT NULL
             GROUP BY 1, 2
            """,
            (company.id,),
        )
        units = np.zeros(len(key))
        for warehouse, product, quantity in self.env.cr.fetchall():
            place = int(np.searchsorted(key, (warehouse << 32) | product))
            if place < len(key) and key[place] == (warehouse << 32) | product:
                units[place] += quantity or 0.0
        return units

    @api.model
    def _arrivals(self, facts, rows, today, days, company):
        """Units that arrive on each of the coming days, shape (rows, days); what is late is expected tomorrow."""
        table = np.zeros((len(rows), days))
        place_of = {row: place for place, row in enumerate(rows.tolist())}
        self.env.cr.execute(self._arrivals_sql(company))
        found = self.env.cr.fetchall()
        if not found:
            return table
        warehouse, product, day, quantity = zip(*found, strict=True)
        place, known = facts.rows(warehouse, product)
        for row, there, when, units in zip(place.tolist(), known.tolist(), day, quantity, strict=True):
            target = place_of.get(row) if there else None
            ahead = (when - today).days if when >= today else 1
            if target is not None and ahead < days:
                table[target, ahead] += units
        return table

    @api.model
    def _arrivals_sql(self, company):
        zone = str(self.env.tz)
        return SQL(
            """
            SELECT b.warehouse_id, m.product_id, (m.date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
                   SUM(m.product_qty)::float8
              FROM stock_move m
              JOIN stock_location a ON a.id = m.location_id
              JOIN stock_location b ON b.id = COALESCE(m.location_final_id, m.location_dest_id)
             WHERE m.state IN %(open)s AND b.usage = 'internal' AND m.company_id = %(company)s
               AND a.warehouse_id IS DISTINCT FROM b.warehouse_id AND b.warehouse_id IS NOT NULL
               AND (m.restrict_partner_id IS NULL OR m.restrict_partner_id = %(ours)s)
             GROUP BY 1, 2, 3
             UNION ALL
            SELECT t.warehouse_id, l.product_id, (l.date_planned AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
                   SUM(l.product_uom_qty)::float8
              FROM purchase_order_line l
              JOIN purchase_order o ON o.id = l.order_id
              JOIN stock_picking_type t ON t.id = o.picking_type_id
             WHERE o.company_id = %(company)s AND o.state IN ('draft', 'sent', 'to approve')
               AND l.product_id IS NOT NULL
             GROUP BY 1, 2, 3
            """,
            zone=zone,
            open=OPEN_STATES,
            company=company.id,
            ours=company.partner_id.id,
        )

    @api.model
    def _goods(self, product_ids, company):
        """What money and weight need to know of products: dict id -> (price, cost, weight kg, active, purchasable)."""
        products = self.env["product.product"].with_company(company).browse(product_ids)
        return {
            product.id: (
                product.lst_price, product.standard_price, product.weight or 1.0, product.active, product.purchase_ok
            )
            for product in products
        }  # fmt: skip

    @api.model
    def _seller_costs(self, supplierinfo_ids, today, company):
        """Price of one of the product's unit in the company's currency: dict supplierinfo id -> money."""
        sellers = self.env["product.supplierinfo"].with_company(company).browse(supplierinfo_ids)
        costs = {}
        for seller in sellers:
            unit = seller.product_tmpl_id.uom_id
            price = seller.product_uom_id._compute_price(seller.price_discounted, unit) if seller.product_uom_id else (
                seller.price_discounted
            )  # fmt: skip
            costs[seller.id] = seller.currency_id._convert(price, company.currency_id, company, today, round=False)
        return costs
