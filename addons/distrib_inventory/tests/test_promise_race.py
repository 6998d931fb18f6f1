"""Two real connections that want the last unit. The other tests share one, which cannot show a race."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged

from .race_common import RaceMixin

MARK = "PROMISE-RACE"


@tagged("post_install", "-at_install")
class TestPromiseRace(RaceMixin, BaseCase):
    """Writes committed data and takes it away again."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.clean)
        with self.connection() as env:
            warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
            product = env["product.product"].create({"name": MARK, "default_code": MARK, "is_storable": True})
            env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 5)
            self.product_id, self.warehouse_id = product.id, warehouse.id

    def clean(self):
        with self.connection() as env:
            product = env["product.product"].search([("default_code", "=", MARK)])
            allocations = env["distrib.allocation"].search([("product_id", "=", product.id)])
            allocations.action_cancel()
            allocations.unlink()
            moves = env["stock.move"].search([("product_id", "=", product.id)])
            moves._action_cancel()
            moves.unlink()
            env["stock.quant"].search([("product_id", "=", product.id)]).sudo().unlink()
            product.product_tmpl_id.unlink()

    def keep(self, name, quantity, region_id=False):
        def call(env):
            allocation = env["distrib.allocation"].create(
                {
                    "product_id": self.product_id,
                    "quantity": quantity,
                    "beneficiary_kind": "promotion",
                    "promotion": name,
                    "warehouse_id": not region_id and self.warehouse_id,
                    "region_id": region_id,
                    "date_to": fields.Date.today() + timedelta(days=3),
                }
            )
            try:
                allocation.action_activate()
            except UserError as error:
                env.cr.rollback()
                return str(error)
            return "kept"

        return call

    def test_the_last_units_are_kept_for_one(self):
        results = self.at_once(self.keep("one", 4), self.keep("two", 4))
        self.assertEqual(results.count("kept"), 1, results)
        self.assertIn("Only 1 ", next(result for result in results if result != "kept"))

    def test_both_are_kept_when_there_is_enough(self):
        self.assertEqual(self.at_once(self.keep("one", 2), self.keep("two", 3)), ["kept", "kept"])

    def test_a_warehouse_and_its_region_race_for_the_same_goods(self):
        with self.connection() as env:
            warehouse = env["stock.warehouse"].browse(self.warehouse_id)
            before = warehouse.region_id.id
            warehouse.region_id = region = env.ref("distrib_inventory.region_420100").id
        self.addCleanup(self.restore_region, before)
        results = self.at_once(self.keep("one", 4), self.keep("two", 4, region))
        self.assertEqual(results.count("kept"), 1, results)

    def restore_region(self, region_id):
        with self.connection() as env:
            env["stock.warehouse"].browse(self.warehouse_id).region_id = region_id

    def test_an_allocation_and_a_delivery_race(self):
        def deliver(env):
            warehouse = env["stock.warehouse"].browse(self.warehouse_id)
            env["distrib.position"]._lock_promises([self.product_id], [self.warehouse_id])
            left = env["distrib.position"]._read_columns([self.product_id], [self.warehouse_id]).available[0]
            if left < 4:
                return "short"
            product = env["product.product"].browse(self.product_id)
            move = env["stock.move"].create(
                {
                    "product_id": product.id,
                    "product_uom_qty": 4,
                    "product_uom": product.uom_id.id,
                    "location_id": warehouse.lot_stock_id.id,
                    "location_dest_id": env.ref("stock.stock_location_customers").id,
                }
            )
            move._action_confirm()._action_assign()
            return "sent"

        results = self.at_once(self.keep("one", 4), deliver)
        self.assertEqual((results[0] == "kept") + (results[1] == "sent"), 1, results)
