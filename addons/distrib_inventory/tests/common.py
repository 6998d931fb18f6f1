"""A small network that tests of every add-on can build on. No tests in this file."""

from odoo import Command, fields
from odoo.tests import TransactionCase, new_test_user

ROLES = ("viewer", "planner", "order_clerk", "channel_manager", "logistics", "manager")


class DistribCommon(TransactionCase):
    """central (Wuhan) supplies two regional warehouses (Suzhou, Guangzhou); each of these supplies a store; a dealer's
    warehouse (Hangzhou) hangs on Suzhou. Two storable products, and one user for each role in `cls.users`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True, "no_reset_password": True})
        cls.company = cls.env.company
        cls.dealer = cls.env["res.partner"].create({"name": "Test Dealer Trading", "is_company": True})
        cls.central = cls.new_warehouse("Test Central", "TCEN", "central", "420100")
        cls.regional_east = cls.new_warehouse("Test Suzhou", "TSZ", "regional", "320500", cls.central)
        cls.regional_south = cls.new_warehouse("Test Guangzhou", "TGZ", "regional", "440100", cls.central)
        cls.store_east = cls.new_warehouse("Test Nanjing Shop", "TNJ", "store", "320100", cls.regional_east)
        cls.store_south = cls.new_warehouse("Test Shenzhen Shop", "TSHZ", "store", "440300", cls.regional_south)
        cls.dealer_warehouse = cls.new_warehouse(
            "Test Dealer House", "TDEA", "dealer", "330100", cls.regional_east, dealer_id=cls.dealer.id
        )
        cls.warehouses = (
            cls.central
            | cls.regional_east
            | cls.regional_south
            | cls.store_east
            | cls.store_south
            | cls.dealer_warehouse
        )
        cls.product_a, cls.product_b = cls.env["product.product"].create(
            [
                {"name": "Test Tea", "default_code": "TEA", "is_storable": True},
                {"name": "Test Noodles", "default_code": "NOODLE", "is_storable": True},
            ]
        )
        cls.users = {role: cls.new_user(role) for role in ROLES}

    @classmethod
    def region(cls, code):
        """A region of the delivered data by its adcode."""
        return cls.env.ref(f"distrib_inventory.region_{code}")

    @classmethod
    def new_warehouse(cls, name, code, tier, region_code, parent=None, **values):
        return cls.env["stock.warehouse"].create(
            {
                "name": name,
                "code": code,
                "network_tier": tier,
                "region_id": cls.region(region_code).id,
                "supply_parent_id": parent.id if parent else False,
                **values,
            }
        )

    @classmethod
    def new_user(cls, *roles, login=None, groups=""):
        """An internal user with these roles of the suite, and further groups as a comma-separated list of xmlids."""
        xmlids = ["base.group_user", *(f"distrib_inventory.group_{role}" for role in roles)]
        login = login or "test_" + "_".join(roles or ("plain",))
        return new_test_user(cls.env, login=login, groups=",".join([*xmlids, *filter(None, [groups])]))

    @classmethod
    def add_stock(cls, product, warehouse, quantity, owner=None, lot=None):
        """Put goods into the main location of a warehouse, as a stock count would."""
        cls.env["stock.quant"]._update_available_quantity(
            product, warehouse.lot_stock_id, quantity, lot_id=lot, owner_id=owner
        )

    @classmethod
    def new_move(cls, product, quantity, source, destination, confirm=True, **values):
        """A move between two locations; confirmed, so that it counts as incoming or outgoing."""
        move = cls.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "product_uom": product.uom_id.id,
                "location_id": source.id,
                "location_dest_id": destination.id,
                "date": fields.Datetime.now(),
                **values,
            }
        )
        return move._action_confirm(merge=False) if confirm else move

    @classmethod
    def finish(cls, moves, quantity=None):
        for move in moves:
            move.quantity = move.product_uom_qty if quantity is None else quantity
            move.picked = True
        return moves._action_done()

    @classmethod
    def position(cls, product, warehouse, user=None):
        """The position of one pair as a dictionary; zeros when there is none."""
        model = cls.env["distrib.position"].with_user(user) if user else cls.env["distrib.position"]
        rows = model.read_positions([product.id], [warehouse.id])
        empty = dict.fromkeys(
            ("on_hand", "reserved", "available", "incoming", "outgoing", "forecast", "owned_on_hand"), 0.0
        )
        return rows[0] if rows else empty

    @classmethod
    def grant(cls, user, *xmlids):
        user.write({"group_ids": [Command.link(cls.env.ref(xmlid).id) for xmlid in xmlids]})
