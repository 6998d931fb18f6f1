"""Proposals on the small network. No tests in this file."""

from datetime import timedelta

from odoo import fields

from .demand_common import TODAY, DemandCommon


class ProposalCommon(DemandCommon):
    """Tea sells 4 a day in Nanjing, noodles 2 a day in Shenzhen; both are bought for the central warehouse."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls.supplier(cls.product_a, cls.product_b, delay=5, min_qty=10)
        cls.product_a.write({"lst_price": 10, "standard_price": 4, "weight": 1})
        cls.company.distrib_urgent_value = 20
        cls.sell(cls.product_a, cls.store_east, [4] * 30)
        cls.sell(cls.product_b, cls.store_south, [2] * 30)
        cls.recompute()
        cls.planner = cls.users["planner"]

    @classmethod
    def recompute(cls):
        cls.Policy._recompute(as_of=TODAY, company=cls.company)

    @classmethod
    def generate(cls, days=0):
        return cls.Proposal._generate(as_of=TODAY + timedelta(days=days), company=cls.company)

    @classmethod
    def live(cls, *domain):
        return cls.Proposal.search([("state", "=", "open"), *domain])

    @classmethod
    def one(cls, product, warehouse, *kinds):
        domain = [("kind", "in", kinds)] if kinds else []
        return cls.live(("product_id", "=", product.id), ("warehouse_id", "=", warehouse.id), *domain)

    @classmethod
    def policy(cls, product, warehouse):
        return cls.Policy.search([("product_id", "=", product.id), ("warehouse_id", "=", warehouse.id)])

    @classmethod
    def today(cls):
        return fields.Date.context_today(cls.Proposal)

    @classmethod
    def demand_times(cls, product, factor):
        """As if the next run had found that much more demand: the guard rails of the run are not the matter here."""
        policies = cls.Policy.search([("product_id", "=", product.id)])
        for policy in policies:
            names = ("demand_mean", "demand_sigma", "safety_stock", "reorder_point", "order_up_to")
            policy.write({name: policy[name] * factor for name in names})
