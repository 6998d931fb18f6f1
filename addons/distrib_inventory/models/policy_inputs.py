import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL


class PolicyInputs(models.Model):
    """What policies are computed from besides demand: service targets, lead times, suppliers."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _lead_times(self, pairs, network, company):
        """Days and deviation: of the lane from the supplying warehouse, else of the product's first supplier."""
        lane = {i: (w.supply_lead_days, w.supply_lead_sigma) for i, w in network.items() if w.supply_parent_id}
        delays = {product: seller["delay"] for product, seller in self._sellers(company).items()}
        rows = [
            lane.get(warehouse) or (delays.get(product, 0), 0.0)
            for warehouse, product in zip(pairs.warehouse_id.tolist(), pairs.product_id.tolist(), strict=True)
        ]
        columns = np.array(rows, np.float64).reshape(-1, 2)
        return columns[:, 0], columns[:, 1]

    @api.model
    def _sellers(self, company):
        """The first supplier of each product: dict product id -> dict of id, partner_id, delay, min_qty, multiple."""
        self.env["product.supplierinfo"].flush_model()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT DISTINCT ON (p.id) p.id AS product_id, s.id, s.partner_id, s.delay, s.min_qty,
                       COALESCE(su.factor / NULLIF(pu.factor, 0), 1) AS multiple
                  FROM product_supplierinfo s
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

    @api.model
    def _service_targets(self, pairs, company):
        own = self.search_fetch([("service_override", ">", 0), ("company_id", "=", company.id)], ["service_override"])
        chosen = {(policy.warehouse_id.id, policy.product_id.id): policy.service_override for policy in own}
        service = np.full(len(pairs.warehouse_id), company.distrib_service_target)
        if chosen:
            keys = zip(pairs.warehouse_id.tolist(), pairs.product_id.tolist(), strict=True)
            service = np.array([chosen.get(key, company.distrib_service_target) for key in keys])
        return service
