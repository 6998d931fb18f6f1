"""Two real connections at once. The other tests share one, which cannot show a race."""

import threading
from contextlib import closing
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.sql_db import db_connect
from odoo.tests import BaseCase, get_db_name, tagged

MARK = "RACE-TEST"


@tagged("post_install", "-at_install")
class TestRace(BaseCase):
    """Writes committed data and takes it away again."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self.clean)
        with self.connection() as env:
            warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
            product = env["product.product"].create({"name": MARK, "default_code": MARK, "is_storable": True})
            env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1)
            env["distrib.channel"].create({"name": MARK, "code": MARK, "warehouse_ids": [(6, 0, warehouse.ids)]})

    def connection(self):
        return Connection(self.registry)

    def clean(self):
        with self.connection() as env:
            channel = env["distrib.channel"].search([("code", "=", MARK)])
            orders = env["sale.order"].search([("channel_id", "=", channel.id)])
            partners = orders.partner_id
            orders._action_cancel()
            env["distrib.inbox.message"].search([("channel_id", "=", channel.id)]).unlink()
            product = env["product.product"].search([("default_code", "=", MARK)])
            moves = env["stock.move"].search([("product_id", "=", product.id)])
            pickings = moves.picking_id
            moves.filtered(lambda m: m.state != "cancel")._action_cancel()
            moves.unlink()
            pickings.unlink()
            orders.unlink()
            partners.unlink()
            env["stock.quant"].search([("product_id", "=", product.id)]).sudo().unlink()
            channel.unlink()
            product.product_tmpl_id.unlink()

    def at_once(self, *calls):
        """Run each call in a thread and a transaction of its own; all start from the same moment."""
        barrier, results, errors = threading.Barrier(len(calls)), [None] * len(calls), []

        def run(index, call):
            try:
                with self.connection() as env:
                    first = threading.Event()

                    def attempt():
                        if not first.is_set():
                            # Take the snapshot, then wait: no transaction sees what the other one will write.
                            env.cr.execute("SELECT 1 FROM res_users LIMIT 1")
                            first.set()
                            barrier.wait(timeout=20)
                        return call(env)

                    results[index] = retrying(attempt, env)
            except Exception as error:
                errors.append(error)

        with patch("odoo.service.model.random.uniform", lambda low, high: 0.05):
            threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        self.assertFalse(errors)
        return results

    def payload(self, external_id, **values):
        return {
            "external_id": external_id,
            "partner": {"name": MARK, "phone": "13988887777"},
            "lines": [{"sku": MARK, "quantity": 1}],
            **values,
        }

    def submit(self, *orders):
        return lambda env: env["distrib.channel"].submit_orders(MARK, list(orders))

    def test_same_order_from_two_connections_is_one_order(self):
        results = self.at_once(*[self.submit(self.payload("R-1"))] * 2)
        self.assertEqual(sorted(answer["status"] for (answer,) in results), ["created", "unchanged"])
        self.assertEqual(len({answer["order_id"] for (answer,) in results}), 1)
        with self.connection() as env:
            self.assertEqual(env["sale.order"].search_count([("channel_id.code", "=", MARK)]), 1)
            self.assertEqual(env["distrib.inbox.message"].search_count([("channel_id.code", "=", MARK)]), 1)
            self.assertEqual(env["res.partner"].search_count([("name", "=", MARK)]), 1)

    def test_two_versions_at_once_leave_the_newer_one(self):
        newer = self.payload("R-1", version="2", note="newer")
        self.at_once(self.submit(self.payload("R-1", version="1", note="older")), self.submit(newer))
        with self.connection() as env:
            order = env["sale.order"].search([("channel_id.code", "=", MARK)])
            self.assertEqual(order.mapped("buyer_note"), ["newer"])

    def test_two_runs_of_the_router_route_an_order_once(self):
        with self.connection() as env:
            (answer,) = self.submit(self.payload("R-1"))(env)
        results = self.at_once(*[lambda env: len(env["sale.order"].browse(answer["order_id"])._route())] * 2)
        self.assertEqual(sorted(results), [0, 1])
        with self.connection() as env:
            order = env["sale.order"].browse(answer["order_id"])
            self.assertEqual((len(order.picking_ids), len(order.routing_decision_ids)), (1, 1))

    def test_last_unit_is_sold_once(self):
        with self.connection() as env:
            answers = self.submit(self.payload("R-1"), self.payload("R-2"))(env)
        ids = [answer["order_id"] for answer in answers]
        results = self.at_once(*(lambda env, i=i: env["sale.order"].browse(i)._route().state for i in ids))
        self.assertEqual(sorted(results), ["unfilled", "whole"])


class Connection:
    """An environment on a connection of its own; commits at the end, also where the test framework would not."""

    def __init__(self, registry):
        self.registry = registry

    def __enter__(self):
        self.closing = closing(db_connect(self.registry.db_name).cursor())
        self.cr = self.closing.__enter__()
        return api.Environment(self.cr, SUPERUSER_ID, {"tracking_disable": True})

    def __exit__(self, *error):
        if error[0] is None and not self.cr.closed:
            self.cr.commit()
        return self.closing.__exit__(*error)
