"""The last unit, sold by ten channels at once over ten real connections."""

from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from . import test_race
from .test_race import MARK

CHANNELS = 10


@tagged("post_install", "-at_install")
class TestLastUnit(BaseCase):
    """Writes committed data and takes it away again, with the tools of the other races."""

    connection = test_race.TestRace.connection
    at_once = test_race.TestRace.at_once
    payload = test_race.TestRace.payload
    clean = test_race.TestRace.clean

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self.clean)
        self.addCleanup(self.clean_channels)
        with self.connection() as env:
            warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
            product = env["product.product"].create({"name": MARK, "default_code": MARK, "is_storable": True})
            env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1)
            codes = [MARK, *(f"{MARK}{n}" for n in range(CHANNELS))]
            env["distrib.channel"].create(
                [{"name": code, "code": code, "warehouse_ids": [(6, 0, warehouse.ids)]} for code in codes]
            )

    def clean_channels(self):
        with self.connection() as env:
            channels = env["distrib.channel"].search([("code", "=like", f"{MARK}_")])
            orders = env["sale.order"].search([("channel_id", "in", channels.ids)])
            partners = orders.partner_id
            orders._action_cancel()
            env["distrib.inbox.message"].search([("channel_id", "in", channels.ids)]).unlink()
            moves = orders.order_line.move_ids
            pickings = moves.picking_id
            moves.unlink()
            pickings.unlink()
            orders.unlink()
            partners.unlink()
            channels.unlink()

    def sell(self, number):
        def call(env):
            payload = {**self.payload("L-1"), "partner": {"name": MARK, "phone": f"1391234{number:04}"}}
            (answer,) = env["distrib.channel"].submit_orders(f"{MARK}{number}", [payload])
            order = env["sale.order"].browse(answer["order_id"])
            order._route()
            return order.pool_state

        return call

    def test_ten_channels_sell_the_last_unit_once(self):
        results = self.at_once(*(self.sell(n) for n in range(CHANNELS)))
        self.assertEqual(sorted(results), ["held"] * (CHANNELS - 1) + ["routed"])
        with self.connection() as env:
            product = env["product.product"].search([("default_code", "=", MARK)])
            quants = env["stock.quant"].search(
                [("product_id", "=", product.id), ("location_id.usage", "=", "internal")]
            )
            self.assertEqual(sum(quants.mapped("reserved_quantity")), 1)

    def test_article_that_two_orders_name_first_is_noted_once(self):
        def named(number):
            line = {"platform_sku": f"{MARK}-991", "line_id": "1", "quantity": 1, "title": "New"}
            order = {**self.payload(f"N-{number}", version="1"), "lines": [line]}
            return lambda env: env["distrib.channel"].submit_orders(f"{MARK}0", [order])[0]["status"]

        self.assertEqual(self.at_once(named(1), named(2)), ["held", "held"])
        with self.connection() as env:
            articles = env["distrib.channel.product"].search([("channel_id.code", "=", f"{MARK}0")])
            self.assertEqual((len(articles), articles.waiting_count), (1, 2))
