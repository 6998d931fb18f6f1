from unittest.mock import patch

from odoo.addons.distrib_inventory.engine.board import COLUMNS
from odoo.addons.distrib_inventory.models.board_reading import MEMORY

from .common import DistribCommon


class BoardCommon(DistribCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product_a.barcode = "6901234567892"
        cls.supplier = cls.env.ref("stock.stock_location_suppliers")
        cls.customer = cls.env.ref("stock.stock_location_customers")
        cls.add_stock(cls.product_a, cls.central, 100)
        cls.add_stock(cls.product_a, cls.store_east, 7)
        cls.add_stock(cls.product_b, cls.store_east, 3)
        cls.add_stock(cls.product_a, cls.store_south, 5)
        cls.add_stock(cls.product_b, cls.dealer_warehouse, 9, owner=cls.dealer)
        cls.new_move(cls.product_a, 2, cls.store_east.lot_stock_id, cls.customer)._action_assign()
        cls.new_move(cls.product_b, 4, cls.supplier, cls.store_south.lot_stock_id)
        cls.only = {"warehouse_ids": cls.warehouses.ids}

    def board(self, role="viewer"):
        return self.env["distrib.board"].with_user(self.users[role])

    def load(self, expanded=None, **query):
        return self.board().load({**self.only, **query}, expanded)

    def rows(self, expanded=None, **query):
        return {row["key"]: row for row in self.load(expanded, **query)["rows"]}

    def figure(self, row, name):
        return row["v"][COLUMNS.index(name)]

    @classmethod
    def policy(cls, product, warehouse, **values):
        defaults = {"demand_mean": 1, "safety_stock": 2, "reorder_point": 5, "order_up_to": 9, "method": "normal"}
        return cls.env["distrib.policy"].create(
            {
                "product_id": product.id,
                "warehouse_id": warehouse.id,
                "company_id": cls.company.id,
                **defaults,
                **values,
            }
        )

    def forget(self):
        """What the worker remembers of other tests."""
        self.env.registry.__dict__.pop(MEMORY, None)

    def assert_kept_is_exact(self, read, message=None):
        """What ``read`` gives is the same from what is kept and from the stock itself."""
        board = type(self.env["distrib.board"])
        self.assertTrue(self.env["distrib.board"]._reading(), "something is kept")
        kept = read()
        with patch.object(board, "_states", lambda _board: {}):
            live = read()
        for one, other in zip(kept, live, strict=True):  # page by page: the whole makes a message of many screens
            self.assertEqual(one, other, message)
