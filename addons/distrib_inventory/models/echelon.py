from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import echelon as engine
from ..engine import service
from .warehouse import TIERS

# Products placed at once; bounds the memory of the tables over waits.
CHUNK = 1000
# A warehouse that sells at least this share of what passes through it to customers keeps the service asked of it.
CUSTOMERS = 0.05


class Echelon(models.Model):
    """Safety stock placed over the levels of the network, beside what every warehouse would keep by itself.

    One row for each product and tier, written when policies are computed with multi-echelon on, or when somebody asks.
    """

    _name = "distrib.echelon"
    _description = "Multi-Echelon Safety Stock"
    _order = "saving desc, id"
    _rec_name = "product_id"

    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", ondelete="set null", readonly=True)
    tier = fields.Selection(TIERS, readonly=True)
    single_units = fields.Float(
        string="Units, Each by Itself",
        readonly=True,
        digits="Product Unit",
        help="Stock kept beyond that of the cycle.",
    )
    multi_units = fields.Float(string="Units, Together", readonly=True, digits="Product Unit")
    single_value = fields.Monetary(
        string="Each by Itself",
        readonly=True,
        help="At cost: stock when every warehouse keeps the service asked of it.",
    )
    multi_value = fields.Monetary(
        string="Together", readonly=True, help="At cost: stock placed where it costs least for the same service."
    )
    saving = fields.Monetary(readonly=True, help="Value of stock that need not be kept, at cost.")
    holding_saving = fields.Monetary(string="Saving a Year", readonly=True, help="The saving times the holding cost.")
    wait_days = fields.Float(
        string="Wait",
        readonly=True,
        digits=(8, 2),
        aggregator="avg",
        help="Mean days waited at the supplying warehouse.",
    )
    is_applied = fields.Boolean(string="Followed", readonly=True, help="Policies follow this plan.")
    computed_on = fields.Datetime(readonly=True)

    @api.model
    def action_compute(self):
        """Place the safety stock of the company's policies as they are; they follow it only with the setting on."""
        self.env["distrib.policy"].check_access("write")
        count = self._compute_company(self.env.company)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if count else "warning",
                "message": self.env._("%s products placed.", count)
                if count
                else self.env._("There are no policies with demand yet: compute policies first."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _compute_company(self, company):
        """The plan for the policies as stored. :return: number of products"""
        pairs = self._pairs_of_policies(company)
        if not len(pairs.warehouse_id):
            return 0
        network = {w.id: w for w in self.env["stock.warehouse"].search([("company_id", "=", company.id)])}
        policies = self.env["distrib.policy"].with_context(distrib_scenario={"multi_echelon": False})
        inputs = policies._policy_inputs(pairs, network, company)
        self._placed(pairs, network, company, inputs, policies._product_facts(pairs, company))
        return len(np.unique(pairs.product_id))

    @api.model
    def _pairs_of_policies(self, company):
        self.env["distrib.policy"].flush_model()
        self.env.cr.execute(
            """
            SELECT p.warehouse_id, p.product_id, p.usual_mean, p.usual_sigma, p.own_mean
              FROM distrib_policy p
              JOIN stock_warehouse w ON w.id = p.warehouse_id AND w.active
              JOIN product_product x ON x.id = p.product_id AND x.active
             WHERE p.company_id = %s AND p.usual_mean > 0
             ORDER BY 1, 2
            """,
            (company.id,),
        )
        table = np.array(self.env.cr.fetchall(), np.float64).reshape(-1, 5)
        return SimpleNamespace(
            warehouse_id=table[:, 0].astype(np.int64),
            product_id=table[:, 1].astype(np.int64),
            statistics=SimpleNamespace(mean=table[:, 2], sigma=table[:, 3]),
            own_mean=table[:, 4],
        )

    @api.model
    def _placed(self, pairs, network, company, inputs, facts, keep=True):
        """The inputs of policies with safety stock placed over the levels: other services inside, waits below them.

        :param keep: write the comparison with single echelons
        """
        stages = list(network)
        row_of = {stage: row for row, stage in enumerate(stages)}
        parent = np.array([row_of.get(network[stage].supply_parent_id.id, -1) for stage in stages], np.int64)
        shape = engine.tree(parent)
        products, product = np.unique(np.asarray(pairs.product_id, np.int64), return_inverse=True)
        stage = np.array([row_of[place] for place in pairs.warehouse_id.tolist()], np.int64)
        given = self._network(
            shape, stages, network, (product, stage), (len(products), len(stages)), pairs, inputs, facts
        )
        services = np.zeros(given.mean.shape)
        waits, unrest = np.zeros(given.mean.shape), np.zeros(given.mean.shape)
        held = {"single": np.zeros(given.mean.shape), "multi": np.zeros(given.mean.shape)}
        for begin in range(0, len(products), CHUNK):
            rows = np.arange(begin, min(begin + CHUNK, len(products)))
            part = given.take(rows)
            found = engine.place(shape, part, company.distrib_echelon_least or 0.5)
            services[rows], waits[rows], unrest[rows] = found.service(), found.wait, found.wait_sigma
            held["multi"][rows] = found.on_hand
            held["single"][rows] = engine.single(shape, part).on_hand
        at = (product, stage)
        if keep:
            self._keep(company, network, stages, products, held, waits, given, at, facts)
        inner = ~given.edge[at] & (pairs.statistics.mean > 0)
        wait = waits[at]
        return replace(
            inputs,
            service=np.where(inner, np.clip(services[at], service.LEAST, service.MOST), inputs.service),
            service_kind=np.where(inner, service.CYCLE, inputs.service_kind).astype(np.int8),
            lead_days=inputs.lead_days + wait,
            lead_sigma=np.sqrt(inputs.lead_sigma**2 + unrest[at] ** 2),
            wait_days=wait,
        )

    @api.model
    def _network(self, shape, stages, network, at, size, pairs, inputs, facts):
        """The engine's network of (products, stages); a dealer's own stock costs us nothing, and a dealer is a customer."""

        def wide(values, empty=0.0):
            table = np.full(size, empty)
            table[at] = values
            return table

        mean = wide(np.clip(np.nan_to_num(pairs.statistics.mean), 0, None))
        owned = np.array([bool(network[stage].dealer_id) for stage in stages])
        customers = wide(np.clip(np.nan_to_num(pairs.own_mean), 0, None))
        for stage, above in enumerate(shape.parent.tolist()):
            if above >= 0 and owned[stage]:
                customers[:, above] += mean[:, stage]
        inner = np.array([bool(children) for children in shape.children])
        edge = (customers > CUSTOMERS * mean) | ~inner
        cost = wide(np.where(facts["cost"] > 0, facts["cost"], 1.0), 0.0)
        return engine.Network(
            mean,
            wide(np.clip(np.nan_to_num(pairs.statistics.sigma), 0, None)),
            wide(inputs.lead_days),
            wide(inputs.lead_sigma),
            wide(inputs.review_days),
            np.where(owned, 0.0, cost),
            wide(inputs.service, 0.5),
            wide(inputs.service_kind),
            edge,
        )

    @api.model
    def _keep(self, company, network, stages, products, held, waits, given, at, facts):
        """Write the comparison: the rows of the company are replaced."""
        tiers = [network[stage].network_tier or "" for stage in stages]
        cost, category = np.zeros(len(products)), np.zeros(len(products), np.int64)
        cost[at[0]], category[at[0]] = facts["cost"], facts["categ_id"]
        owned = np.array([bool(network[stage].dealer_id) for stage in stages])
        rows = []
        for tier in dict.fromkeys(tiers):
            columns = np.array([name == tier for name in tiers]) & ~owned
            single, multi = held["single"][:, columns].sum(axis=1), held["multi"][:, columns].sum(axis=1)
            weight = given.mean[:, columns]
            wait = np.divide(
                (waits[:, columns] * weight).sum(axis=1), weight.sum(axis=1),
                out=np.zeros(len(products)), where=weight.sum(axis=1) > 0,
            )  # fmt: skip
            for row in np.flatnonzero((single > 0) | (multi > 0)).tolist():
                numbers = (single[row], multi[row], single[row] * cost[row], multi[row] * cost[row])
                rows.append(
                    (
                        int(products[row]),
                        int(category[row]) or None,
                        tier or None,
                        *map(float, numbers),
                        float(wait[row]),
                    )
                )
        self.env.cr.execute("DELETE FROM distrib_echelon WHERE company_id = %s", (company.id,))
        for begin in range(0, len(rows), 5000):
            values = SQL(", ").join(SQL("%s", row) for row in rows[begin : begin + 5000])
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO distrib_echelon (company_id, product_id, categ_id, tier, single_units, multi_units,
                                                 single_value, multi_value, saving, holding_saving, wait_days,
                                                 is_applied, computed_on)
                    SELECT %(company)s, v.product::integer, v.categ::integer, v.tier::varchar, v.su, v.mu, v.sv, v.mv,
                           v.sv - v.mv, (v.sv - v.mv) * %(rate)s, v.wait, %(applied)s, now() AT TIME ZONE 'UTC'
                      FROM (VALUES %(values)s) v(product, categ, tier, su, mu, sv, mv, wait)
                    """,
                    company=company.id,
                    rate=company.distrib_holding_rate,
                    applied=company.distrib_multi_echelon,
                    values=values,
                )
            )
        self.invalidate_model()
