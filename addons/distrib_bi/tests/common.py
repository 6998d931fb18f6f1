"""Confirmed orders on the shared test network, each on a chosen day. No tests in this file."""

from datetime import datetime

from odoo import Command
from odoo.addons.distrib_inventory.tests.common import DistribCommon


class SalesCommon(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel = cls.env["distrib.channel"].create({"name": "Test Shop", "code": "TEST-BI"})
        cls.tier = cls.env.ref("distrib_orders.dealer_tier_gold")
        cls.dealer.write(
            {
                "is_dealer": True,
                "dealer_tier_id": cls.tier.id,
                "dealer_region_id": cls.region("330100").id,
                "distrib_region_id": cls.region("330100").id,
            }
        )
        cls.shopper = cls.env["res.partner"].create({"name": "Test Shopper"})

    @classmethod
    def sell(cls, day, *lines, partner=None, confirm=True, **values):
        """An order of ``day`` (a date, or a datetime in UTC); lines are (product, quantity, price)."""
        moment = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, 4)
        order = cls.env["sale.order"].create(
            {
                "partner_id": (partner or cls.dealer).id,
                "channel_id": cls.channel.id,
                "warehouse_id": cls.regional_east.id,
                "order_line": [
                    Command.create(
                        {"product_id": p.id, "product_uom_qty": quantity, "price_unit": price, "tax_ids": False}
                    )
                    for p, quantity, price in lines
                ],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
            order.date_order = moment
        cls.env.flush_all()
        return order

    @classmethod
    def report(cls, *orders):
        """The rows of these orders, in the sequence of their lines."""
        lines = cls.env["sale.order"].union(*orders).order_line
        return cls.env["distrib.sales.report"].browse(lines.ids).exists()
