from datetime import timedelta

import numpy as np
from odoo import models

SEED = 23
ORDERS_OF_SUPPLIER = 8
ORDERS_OF_LANE = 6


class Demo(models.AbstractModel):
    """What replenishment is asked and what it learned from receipts: targets, rules, lead times, two scenarios."""

    _inherit = "distrib.demo"

    def _steps(self):
        return [
            *super()._steps(),
            (92, "service targets and lead times", self._build_targets),
            (97, "scenarios", self._build_scenarios),
        ]

    def _build_targets(self, made):
        """Receipts of the last months, as if brought along from the system before, and the rules of replenishment."""
        self.env["distrib.lead.receipt"].create([*self._supplier_receipts(made), *self._lane_receipts(made)])
        self.env["distrib.lead.time"]._measure(self.env.company)
        self.env["distrib.service.target"].create(
            [
                {"sequence": 10, "abc_class": "A", "tier": "store", "kind": "cycle", "target": 0.98},
                {"sequence": 20, "abc_class": "C", "xyz_class": "Z", "kind": "cycle", "target": 0.92},
            ]
        )
        supplier = made.suppliers[:1]
        self.env["distrib.order.rule"].create(
            [
                {"sequence": 10, "partner_id": supplier.id, "monday": True, "thursday": True, "multiple": 12},
                {"sequence": 20, "shelf_share": 0.8},
            ]
        )
        chinese = made.lang.startswith("zh")
        worth = self.env["purchase.order.line"]._read_group(
            [("company_id", "=", self.env.company.id)], [], ["price_subtotal:sum"]
        )
        self.env["distrib.order.cap"].create(
            {
                "name": "每月采购预算" if chinese else "Purchases of a month",
                "kind": "budget",
                "period": "month",
                "amount": round(20 * (worth[0][0] or 50_000), -3),
            }
        )

    def _supplier_receipts(self, made):
        """Some suppliers keep their days, some do not; one in fourteen orders comes much later."""
        rng = np.random.default_rng(SEED)
        central = made.warehouses.filtered(lambda w: w.network_tier == "central")[:1] or made.warehouses[:1]
        sellers = {}
        for line in made.products.seller_ids:
            sellers.setdefault(line.partner_id, []).append(line)
        receipts = []
        for partner, lines in sellers.items():
            slow = rng.uniform(0.8, 1.15)
            for line in (lines[i] for i in rng.integers(0, len(lines), ORDERS_OF_SUPPLIER).tolist()):
                planned = max(line.delay, 1)
                days = max(planned * slow * rng.gamma(25, 1 / 25) * (3 if rng.random() < 1 / 14 else 1), 0.5)
                product = line.product_id or line.product_tmpl_id.product_variant_id
                receipts.append(
                    {"partner_id": partner.id, **self._receipt_vals(made, rng, central, product, days, planned)}
                )
        return receipts

    def _lane_receipts(self, made):
        rng = np.random.default_rng(SEED + 1)
        receipts = []
        for warehouse in made.warehouses.filtered("supply_parent_id"):
            planned = max(warehouse.supply_lead_days, 1)
            slow = rng.uniform(0.8, 1.1)
            for place in rng.integers(0, len(made.products), ORDERS_OF_LANE).tolist():
                days = max(planned * slow * rng.gamma(30, 1 / 30), 0.3)
                values = self._receipt_vals(made, rng, warehouse, made.products[place], days, planned)
                receipts.append({"source_warehouse_id": warehouse.supply_parent_id.id, **values})
        return receipts

    def _receipt_vals(self, made, rng, warehouse, product, days, planned):
        received = self._noon(made.network.until - timedelta(days=int(rng.integers(1, 240))))
        ordered = received - timedelta(hours=round(days * 24))
        return {
            "warehouse_id": warehouse.id,
            "product_id": product.id,
            "ordered_on": ordered,
            "promised_on": (ordered + timedelta(days=planned)).date(),
            "received_on": received,
        }

    def _build_scenarios(self, made):
        """Two scenarios to look at, computed, and what placing safety stock together would save."""
        chinese = made.lang.startswith("zh")
        names = (
            ("门店A类商品服务水平提高到99%", "供应商交货晚5天")
            if chinese
            else ("A goods in stores at 99 %", "Suppliers 5 days later")
        )
        target = {"abc_class": "A", "tier": "store", "kind": "cycle", "target": 0.99}
        scenarios = self.env["distrib.simulation"].create(
            [
                {"name": names[0], "target_ids": [(0, 0, target)]},
                {"name": names[1], "lead_for": "purchase", "lead_days": 5},
            ]
        )
        scenarios.action_run()
        self.env["distrib.echelon"]._compute_company(self.env.company)
