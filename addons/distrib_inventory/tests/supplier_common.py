"""A supplier with an agreement and an order for him. No tests in this file."""

import json
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.distrib_inventory.models.supplier_order_send import SupplierOrderSend

from .common import DistribCommon

SECRET = "shared between both sides"


class SupplierCommon(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = cls.users["planner"]
        cls.buyer.tz = "Asia/Shanghai"
        cls.supplier = cls.env["res.partner"].create(
            {
                "name": "Test Supplier Ltd",
                "is_company": True,
                "supplier_rank": 1,
                "lang": "en_US",
                "email": "orders@supplier.example.com",
            }
        )
        cls.product_b.with_context(lang="zh_CN").name = "测试面条"
        cls.env["product.supplierinfo"].create(
            {
                "partner_id": cls.supplier.id,
                "product_tmpl_id": cls.product_a.product_tmpl_id.id,
                "product_code": "=T-1",
                "price": 5,
                "delay": 3,
            }
        )
        cls.link = cls.env["distrib.supplier.link"].create(
            {
                "partner_id": cls.supplier.id,
                "method": "json_http",
                "endpoint": "http://127.0.0.1:9/orders",
                "secret": SECRET,
            }
        )
        cls.day = fields.Date.today() + timedelta(days=10)

    def setUp(self):
        super().setUp()
        self.env.cr.flush()

    def new_order(self, quantity=100.0, confirm=True, supplier=None, **values):
        """One line of tea and one of noodles, expected in ten days at noon."""
        noon = fields.Datetime.to_datetime(self.day) + timedelta(hours=4)
        order = self.env["purchase.order"].create(
            {
                "partner_id": (supplier or self.supplier).id,
                "user_id": self.buyer.id,
                "picking_type_id": self.central.in_type_id.id,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_qty": quantity, "price_unit": 5.0, "date_planned": noon}
                    )
                    for product in (self.product_a, self.product_b)
                ],
                **values,
            }
        )
        order.order_line.date_planned = noon
        if confirm:
            order.button_confirm()
            self.commit()
        return order

    def commit(self):
        """What happens at the end of a transaction."""
        self.env.cr.flush()

    def messages(self, order):
        return self.env["distrib.supplier.order"].search([("purchase_id", "=", order.id)], order="version")

    @contextmanager
    def sending(self):
        """Let the sender run inside the test's transaction."""
        with patch.object(SupplierOrderSend, "_commit", lambda messages: messages.env.flush_all()):
            yield

    def send(self, order):
        """One run of the sender for the messages of an order."""
        with self.sending():
            for message in self.env["distrib.supplier.order"]._due().filtered(lambda m: m.purchase_id == order):
                message._send()
        self.env.invalidate_all()

    def sent_order(self, **values):
        """An order that the supplier has."""
        order = self.new_order(**values)
        self.messages(order)._step("take")
        self.messages(order)._step("accept", maybe_taken=True)
        return order

    def answer(self, order, status="changed", source="webhook", **words):
        """Take in an answer in JSON. Lines: (place of the line, words)."""
        lines = [{"line": str(order.order_line[place].id), **line} for place, line in words.pop("lines", ())]
        data = {"order": order.name, "id": f"A{self.env.cr.now()}-{id(words)}", "version": 1, "status": status, **words}
        data = {name: value for name, value in data.items() if value is not None}
        if lines:
            data["lines"] = lines
        found, _again = self.env["distrib.supplier.answer"]._take(
            json.dumps(data).encode(), "json", source, link=self.link
        )
        self.commit()
        return found

    def later(self, days):
        return self.day + timedelta(days=days)
