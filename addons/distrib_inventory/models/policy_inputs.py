from dataclasses import dataclass, replace

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import lead_time
from ..engine import service as engine
from .service_target_settings import KIND_NAMES
from .warehouse import TIERS

SOURCE_NAMES = [("unknown", "Unknown"), ("planned", "Planned"), ("measured", "Measured"), ("zero", "Zero days")]
OWN_TARGET = -1


@dataclass(frozen=True, eq=False)
class PolicyInputs:
    """What ``n`` policies are computed from besides demand, all (n,), in the order of the pairs.

    Days of lead time (``wait_days`` of them at the supplying warehouse) and of review, the service asked and its kind
    (index of SERVICE_KINDS), where they come from (index of LEAD_SOURCES; id of the target, 0 the company's, -1 the
    policy's own), the classes (indices of ABC, XYZ), and the days a piece may be sold (NaN: it does not expire).
    """

    lead_days: np.ndarray
    lead_sigma: np.ndarray
    lead_source: np.ndarray
    review_days: np.ndarray
    service: np.ndarray
    service_kind: np.ndarray
    service_rule_id: np.ndarray
    abc: np.ndarray
    xyz: np.ndarray
    wait_days: np.ndarray
    shelf_days: np.ndarray


class PolicyInput(models.Model):
    """What policies are computed from besides demand: service targets, lead times, review, suppliers.

    A what-if scenario comes in the context key ``distrib_scenario`` (see `distrib.simulation`); only here is it read.
    """

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    abc_class = fields.Selection(
        [(name, name) for name in engine.ABC], string="ABC", readonly=True, help="Share of the value sold in its tier."
    )
    xyz_class = fields.Selection(
        [(name, name) for name in engine.XYZ], string="XYZ", readonly=True, help="How steady a week's demand is."
    )
    service_kind = fields.Selection(KIND_NAMES, string="Kind of Service", readonly=True)
    service_rule_id = fields.Many2one(
        "distrib.service.target", string="Target From", readonly=True, ondelete="set null", index="btree_not_null"
    )
    lead_source = fields.Selection(SOURCE_NAMES, string="Lead Time From", readonly=True)
    wait_days = fields.Float(
        string="Wait at the Supplying Warehouse", readonly=True, digits=(8, 1), aggregator="avg",
        help="Expected days, part of the lead time: that warehouse keeps less than a full safety stock.",
    )  # fmt: skip
    expected_fill = fields.Float(
        string="Expected Fill Rate",
        readonly=True,
        aggregator="avg",
        help="Share of demand these levels will meet at once.",
    )

    @api.model
    def _policy_inputs(self, pairs, network, company):
        """All inputs of the pairs of a company, which are all of its pairs: classes and echelons look at them together.

        :param pairs: ``warehouse_id``, ``product_id`` (n,), ``statistics.mean`` and ``.sigma`` (n,) of a day
        :param dict network: warehouse id -> record
        """
        scenario = self.env.context.get("distrib_scenario") or {}
        facts = self._product_facts(pairs, company)
        abc, xyz = self._classes(pairs, network, company, facts)
        service, kind, rule = self._service(pairs, network, company, abc, xyz, facts)
        lead, sigma, source = self._leads(pairs, network, company)
        review = self._review_days(pairs, company)
        inputs = PolicyInputs(
            lead, sigma, source, review, service, kind, rule, abc, xyz, np.zeros(len(lead)), facts["shelf_days"]
        )
        supplied = {i: bool(warehouse.supply_parent_id) for i, warehouse in network.items()}
        transfer = np.array([supplied[place] for place in pairs.warehouse_id.tolist()], bool)
        inputs = self._in_scenario(inputs, scenario, transfer)
        if scenario.get("multi_echelon", company.distrib_multi_echelon):
            inputs = self.env["distrib.echelon"]._placed(pairs, network, company, inputs, facts, keep=not scenario)
        return inputs

    @api.model
    def _in_scenario(self, inputs, scenario, transfer):
        """Longer or less reliable lead times and other review periods of a what-if scenario.

        :param transfer: which pairs (n,) another warehouse supplies
        """
        if not scenario:
            return inputs
        meant = {"purchase": ~transfer, "transfer": transfer}.get(
            scenario.get("lead_for"), np.ones(len(transfer), bool)
        )
        meant &= inputs.lead_source != lead_time.UNKNOWN
        lead = np.clip(inputs.lead_days * scenario.get("lead_factor", 1.0) + scenario.get("lead_days", 0.0), 0, None)
        review = scenario.get("review_days")
        return replace(
            inputs,
            lead_days=np.where(meant, lead, inputs.lead_days),
            lead_sigma=np.where(meant, inputs.lead_sigma * scenario.get("sigma_factor", 1.0), inputs.lead_sigma),
            review_days=np.full(len(lead), float(review)) if review else inputs.review_days,
        )

    @api.model
    def _product_facts(self, pairs, company):
        """Of each pair's product: category, cost and price of a unit, days it may be sold. Arrays (n,)."""
        products, place = np.unique(np.asarray(pairs.product_id, np.int64), return_inverse=True)
        # prices are those of the company, for whoever may run policies
        records = self.env["product.product"].sudo().with_company(company).browse(products.tolist())
        columns = {"categ_id": [], "cost": [], "price": [], "shelf_days": []}
        for product in records.with_context(active_test=False):
            columns["categ_id"].append(product.categ_id.id or 0)
            columns["cost"].append(product.standard_price or 0.0)
            columns["price"].append(product.lst_price or 0.0)
            shelf = product.expiration_time - product.removal_time if product.use_expiration_date else 0
            columns["shelf_days"].append(
                max(shelf, 1) if product.use_expiration_date and product.expiration_time else np.nan
            )
        kinds = {"categ_id": np.int64}
        return {name: np.array(column, kinds.get(name, np.float64))[place] for name, column in columns.items()}

    @api.model
    def _classes(self, pairs, network, company, facts):
        """ABC by the value sold in each tier, XYZ by how steady it sells; goods without a price count at their cost."""
        worth = np.where(facts["price"] > 0, facts["price"], facts["cost"])
        value = pairs.statistics.mean * np.where(worth > 0, worth, 1.0)
        tiers = self._tier_codes(pairs, network)
        # a product has one class in a tier: what it sells in all places of the tier counts
        _keys, group = np.unique(np.stack([tiers, pairs.product_id], axis=1), axis=0, return_inverse=True)
        group = group.reshape(-1)
        count = group.max() + 1 if len(group) else 0
        total = np.bincount(group, value, count)
        tier_of = np.zeros(count, np.int64)
        tier_of[group] = tiers
        limits = (company.distrib_abc_a or 0.8, company.distrib_abc_b or 0.95)
        abc = engine.abc_classes(total, tier_of, limits)[group]
        steady = (company.distrib_xyz_x or 0.5, company.distrib_xyz_y or 1.0)
        return abc, engine.xyz_classes(pairs.statistics.mean, pairs.statistics.sigma, steady)

    @staticmethod
    def _tier_codes(pairs, network):
        names = [tier for tier, _name in TIERS]
        codes = {i: names.index(w.network_tier) if w.network_tier else -1 for i, w in network.items()}
        places, which = np.unique(np.asarray(pairs.warehouse_id, np.int64), return_inverse=True)
        return np.array([codes[place] for place in places.tolist()], np.int64)[which]

    @api.model
    def _service(self, pairs, network, company, abc, xyz, facts):
        """(target, kind, rule id), each (n,): a policy's own target, else the first rule that holds, else the company's."""
        count = len(pairs.warehouse_id)
        records = self.env["distrib.service.target"].sudo().search([("company_id", "=", company.id)])
        scenario = self.env.context.get("distrib_scenario") or {}
        # the rules of a scenario go before those that hold today, as they will when it is applied
        rules = [engine.Rule(*rule) for rule in scenario.get("rules", [])] + records._as_rules()
        regions = {i: warehouse.region_id.id or 0 for i, warehouse in network.items()}
        columns = {
            "warehouse_id": pairs.warehouse_id,
            "product_id": pairs.product_id,
            "categ_id": facts["categ_id"],
            "tier": self._tier_codes(pairs, network),
            "region_id": np.array([regions[place] for place in pairs.warehouse_id.tolist()], np.int64),
            "abc": abc,
            "xyz": xyz,
        }
        place = engine.first_match(rules, columns, count)
        own_kind = engine.SERVICE_KINDS.index(company.distrib_service_kind or "cycle")
        target = np.array([*(rule.target for rule in rules), company.distrib_service_target])[place]
        kind = np.array([*(rule.kind for rule in rules), own_kind], np.int8)[place]
        rule_id = np.array([*(rule.id for rule in rules), 0], np.int64)[place]
        overrides, rows = self._own_targets(pairs, company)
        target[rows], rule_id[rows] = overrides, OWN_TARGET
        return target, kind, rule_id

    @api.model
    def _own_targets(self, pairs, company):
        """Targets that planners entered on policies, and the rows they are for."""
        own = self.search_fetch([("service_override", ">", 0), ("company_id", "=", company.id)], ["service_override"])
        chosen = {(policy.warehouse_id.id, policy.product_id.id): policy.service_override for policy in own}
        keys = zip(pairs.warehouse_id.tolist(), pairs.product_id.tolist(), strict=True) if chosen else ()
        found = [(chosen[key], row) for row, key in enumerate(keys) if key in chosen]
        return [value for value, _row in found], [row for _value, row in found]

    @api.model
    def _service_targets(self, pairs, company):
        """The targets alone (n,)."""
        network = {w.id: w for w in self.env["stock.warehouse"].search([("company_id", "=", company.id)])}
        facts = self._product_facts(pairs, company)
        abc, xyz = self._classes(pairs, network, company, facts)
        return self._service(pairs, network, company, abc, xyz, facts)[0]

    @api.model
    def _lead_times(self, pairs, network, company):
        """Days and deviation (n,) without the waits of a multi-echelon plan."""
        return self._leads(pairs, network, company)[:2]

    @api.model
    def _leads(self, pairs, network, company):
        """(days, deviation, source), each (n,): measured where there are enough receipts, else as planned.

        From the supplying warehouse: product on the lane, else the lane; from a supplier: product at the supplier, else
        the supplier. Planned: days of the lane, or of the price list.
        """
        measured = self.env["distrib.lead.time"]._lookup(company)
        sellers = self._sellers(company)
        parents = {i: warehouse.supply_parent_id.id for i, warehouse in network.items()}
        plans = {i: (w.supply_lead_days, w.supply_lead_sigma) for i, w in network.items()}
        least = company.distrib_lead_receipts or 1
        rows = []
        for place, product in zip(pairs.warehouse_id.tolist(), pairs.product_id.tolist(), strict=True):
            parent = parents[place]
            if parent:
                upper, key, plan = "lane", (parent, place), plans[place]
            else:
                seller = sellers.get(product)
                plan = (seller["delay"], 0.0) if seller else (np.nan, 0.0)
                upper, key = "supplier", (seller["commercial_id"] if seller else 0,)
            found = measured[upper + "_product"].get((*key, product))
            if found is None or found[0] < least:
                # a product with few receipts of its own follows its lane or supplier, of which it is a part
                found = measured[upper].get(key, (0.0, np.nan, np.nan))
            rows.append((*found, *plan))
        table = np.array(rows, np.float64).reshape(-1, 5)
        return lead_time.choose((table[:, 0], table[:, 1], table[:, 2]), table[:, 3], table[:, 4], least)

    @api.model
    def _review_days(self, pairs, company):
        """Days between two reviews (n,): of the rules of the warehouse, supplier or category, else the company's."""
        sellers = self._sellers(company)
        partner = np.array([sellers.get(p, {}).get("partner_id") or 0 for p in pairs.product_id.tolist()], np.int64)
        return self.env["distrib.order.rule"]._review_days(pairs.warehouse_id, pairs.product_id, partner, company)

    @api.model
    def _sellers(self, company):
        """The first supplier of each product: dict product id -> dict of id, partner_id, delay, min_qty, multiple."""
        self.env["product.supplierinfo"].flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT DISTINCT ON (p.id) p.id AS product_id, s.id, s.partner_id, s.delay, s.min_qty,
                       COALESCE(c.commercial_partner_id, s.partner_id) AS commercial_id,
                       COALESCE(su.factor / NULLIF(pu.factor, 0), 1) AS multiple
                  FROM product_supplierinfo s
                  JOIN res_partner c ON c.id = s.partner_id
                  JOIN product_product p ON p.product_tmpl_id = s.product_tmpl_id
                       AND (s.product_id IS NULL OR s.product_id = p.id)
                  JOIN product_template t ON t.id = p.product_tmpl_id
                  LEFT JOIN uom_uom su ON su.id = s.product_uom_id
                  LEFT JOIN uom_uom pu ON pu.id = t.uom_id
                 WHERE (s.company_id IS NULL OR s.company_id = %(company)s)
                   AND (s.date_start IS NULL OR s.date_start <= %(today)s)
                   AND (s.date_end IS NULL OR s.date_end >= %(today)s)
                   AND p.active
                 ORDER BY p.id, s.sequence, s.min_qty, s.price, s.id
                """,
                company=company.id,
                today=fields.Date.context_today(self),
            )
        )
        return {row["product_id"]: row for row in rows}
