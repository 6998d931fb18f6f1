from unittest.mock import patch

from odoo.addons.distrib_inventory.models.network_touch import NetworkTouch
from odoo.tests import tagged

from .common import DistribCommon


@tagged("post_install", "-at_install")
class TestNetworkTouch(DistribCommon):
    def setUp(self):
        super().setUp()
        self.told = []
        self.env.cr.flush()
        self.startPatcher(patch.object(NetworkTouch, "_on_touched", lambda _self, pairs: self.told.append(pairs)))

    def commit(self):
        """What is told at a commit."""
        self.env.cr.flush()
        told, self.told[:] = list(self.told), []
        return told

    def pair(self, product, warehouse):
        return (product.id, warehouse.id)

    def test_a_transaction_is_told_once_and_without_repetition(self):
        for _time in range(3):
            self.add_stock(self.product_a, self.central, 5)
            self.add_stock(self.product_b, self.store_east, 1)
        expected = sorted([self.pair(self.product_a, self.central), self.pair(self.product_b, self.store_east)])
        self.assertEqual(self.commit(), [expected])
        self.assertEqual(self.commit(), [])

    def test_both_ends_of_a_move(self):
        move = self.new_move(self.product_a, 2, self.central.lot_stock_id, self.regional_east.lot_stock_id, False)
        self.assertEqual(self.commit(), [], "a draft is in no position")
        move._action_confirm(merge=False)
        both = sorted([self.pair(self.product_a, self.central), self.pair(self.product_a, self.regional_east)])
        self.assertEqual(self.commit(), [both])
        move.location_dest_id = self.regional_south.lot_stock_id
        self.assertEqual(
            self.commit(), [sorted([*both, self.pair(self.product_a, self.regional_south)])], "the old end too"
        )
        move._action_cancel()
        self.assertEqual(len(self.commit()), 1)
        move.picked = True
        self.assertEqual(self.commit(), [])

    def test_goods_that_are_gone(self):
        self.add_stock(self.product_a, self.central, 5)
        self.commit()
        quant = self.env["stock.quant"].search([("product_id", "=", self.product_a.id)])
        quant.sudo().unlink()
        self.assertEqual(self.commit(), [[self.pair(self.product_a, self.central)]])

    def test_nothing_before_a_savepoint_is_forgotten(self):
        self.add_stock(self.product_a, self.central, 5)
        try:
            with self.env.cr.savepoint():
                self.add_stock(self.product_b, self.central, 5)
                raise ValueError
        except ValueError:
            pass
        self.assertEqual(self.commit(), [[self.pair(self.product_a, self.central)]])

    def test_other_parts_report(self):
        self.env["distrib.network.touch"]._touch([self.pair(self.product_a, self.central)])
        self.assertEqual(self.commit(), [[self.pair(self.product_a, self.central)]])
