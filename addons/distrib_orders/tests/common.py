"""A channel, customers' addresses and stock on the shared test network. No tests in this file."""

from odoo.addons.distrib_inventory.tests.common import DistribCommon

SHANGHAI = {"province": "上海市", "city": "上海市", "district": "浦东新区", "street": "世纪大道1号"}
SHENZHEN = {"province": "广东省", "city": "深圳市", "district": "南山区", "street": "科技路2号"}


class OrdersCommon(DistribCommon):
    """`submit()` sends orders to `cls.channel` as the clerk of the shared network."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel = cls.env["distrib.channel"].create({"name": "Test Shop", "code": "TEST"})
        cls.clerk = cls.users["order_clerk"]

    @classmethod
    def payload(cls, external_id, *lines, address=None, **values):
        """An order as a caller sends it; lines are (sku, quantity) or (sku, quantity, price)."""
        buyer = {"name": "Test Buyer", "phone": "13900001111", **(SHANGHAI if address is None else address)}
        return {
            "external_id": external_id,
            "partner": buyer,
            "lines": [
                dict(zip(("sku", "quantity", "price_unit"), line, strict=False)) for line in (lines or [("TEA", 1)])
            ],
            **values,
        }

    @classmethod
    def submit(cls, *orders, user=None, code="TEST"):
        return cls.env["distrib.channel"].with_user(user or cls.clerk).submit_orders(code, list(orders))

    @classmethod
    def order_of(cls, answer):
        return cls.env["sale.order"].browse(answer["order_id"])

    @classmethod
    def messages(cls, external_id):
        return cls.env["distrib.inbox.message"].search(
            [("channel_id", "=", cls.channel.id), ("external_id", "=", external_id)], order="id"
        )
