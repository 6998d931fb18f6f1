"""Demand history and files for tests. No tests in this file."""

import base64
from datetime import date, timedelta

import numpy as np

from .common import DistribCommon

TODAY = date(2024, 7, 1)


class DemandCommon(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Demand = cls.env["distrib.demand"]
        cls.Import = cls.env["distrib.sales.import"]
        cls.Policy = cls.env["distrib.policy"]
        cls.Proposal = cls.env["distrib.proposal"]

    @classmethod
    def sell(cls, product, warehouse, quantities, end=None, in_stock=None):
        """Write daily quantities whose last day is ``end`` (the day before TODAY)."""
        end = end or TODAY - timedelta(days=1)
        count = len(quantities)
        days = np.datetime64(end) - np.arange(count - 1, -1, -1)
        return cls.Demand._write_days(
            np.full(count, product.id), np.full(count, warehouse.id), days, np.array(quantities, float), in_stock
        )

    @classmethod
    def supplier(cls, *products, delay=5, **values):
        partner = cls.env["res.partner"].create({"name": "Test Supplier Ltd", "is_company": True})
        cls.env["product.supplierinfo"].create(
            [
                {
                    "partner_id": partner.id,
                    "product_tmpl_id": product.product_tmpl_id.id,
                    "delay": delay,
                    "price": 2,
                    **values,
                }
                for product in products
            ]
        )
        return partner

    @classmethod
    def csv(cls, *rows, header="store,product,day,quantity"):
        return "\n".join([header, *rows]) + "\n"

    @classmethod
    def load(cls, text, user=None, name="sales.csv", mapping=None, **options):
        """Import a text over the entry for RPC and return the record."""
        model = cls.Import.with_user(user) if user else cls.Import
        result = model.create_from_file(name, base64.b64encode(text.encode()).decode(), mapping, options)
        return model.browse(result["id"])
