from datetime import timedelta
from xmlrpc.client import Fault

from odoo import fields
from odoo.addons.distrib_inventory.tests.race_common import RaceMixin
from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import OrdersCommon

MARK = "DRAW-RACE"


class AllocationOrdersCommon(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.partner"].create({"name": "Test Other Trading", "is_company": True})
        cls.add_stock(cls.product_a, cls.central, 10)
        cls.channel.warehouse_ids = cls.central | cls.regional_east

    @classmethod
    def keep(cls, quantity, warehouse=None, **values):
        place = {} if "region_id" in values else {"warehouse_id": (warehouse or cls.central).id}
        allocation = cls.env["distrib.allocation"].create(
            {
                "product_id": cls.product_a.id,
                "quantity": quantity,
                "date_to": fields.Date.today() + timedelta(days=9),
                **({} if "beneficiary_kind" in values else {"partner_id": cls.dealer.id}),
                **place,
                **values,
            }
        )
        allocation.action_activate()
        return allocation

    @classmethod
    def sale(cls, partner, quantity, warehouse=None, **values):
        return cls.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "warehouse_id": (warehouse or cls.central).id,
                "order_line": [(0, 0, {"product_id": cls.product_a.id, "product_uom_qty": quantity})],
                **values,
            }
        )

    def row(self, warehouse=None):
        return self.position(self.product_a, warehouse or self.central)


@tagged("post_install", "-at_install")
class TestAllocationOrders(AllocationOrdersCommon):
    def test_the_dealer_s_order_draws_and_its_cancellation_gives_back(self):
        kept = self.keep(6)
        order = self.sale(self.dealer, 4)
        order.action_confirm()
        self.assertEqual((kept.drawn_quantity, kept.left_quantity, kept.draw_count), (4, 2, 1))
        row = self.row()
        self.assertEqual((row["reserved"], row["allocated"], row["available"]), (4, 2, 4))
        self.assertEqual(kept.action_open_orders()["domain"], [("id", "in", order.ids)])
        order._action_cancel()
        self.assertEqual((kept.drawn_quantity, kept.left_quantity), (0, 6))
        row = self.row()
        self.assertEqual((row["reserved"], row["allocated"], row["available"]), (0, 6, 4))

    def test_a_changed_quantity_changes_what_is_drawn(self):
        kept = self.keep(6)
        order = self.sale(self.dealer, 2)
        order.action_confirm()
        order.order_line.product_uom_qty = 8
        self.assertEqual((kept.state, kept.drawn_quantity), ("used", 6))
        order.order_line.product_uom_qty = 5
        self.assertEqual((kept.state, kept.drawn_quantity), ("active", 5))

    def test_what_was_delivered_stays_drawn(self):
        kept = self.keep(6)
        order = self.sale(self.dealer, 4)
        order.action_confirm()
        move = order.picking_ids.move_ids
        move.quantity, move.picked = 3, True
        order.picking_ids.with_context(cancel_backorder=False)._action_done()
        order._action_cancel()
        self.assertEqual(kept.drawn_quantity, 3)

    def test_a_sale_by_hand_does_not_take_what_is_kept_for_others(self):
        kept = self.keep(7)
        self.sale(self.other, 3).action_confirm()
        with self.assertRaisesRegex(UserError, r"kept there for others, and only 0 "), self.cr.savepoint():
            self.sale(self.other, 1).action_confirm()
        self.assertEqual(kept.drawn_quantity, 0)
        self.sale(self.dealer, 7).action_confirm()
        self.assertEqual((kept.state, self.row()["available"]), ("used", 0))

    def test_the_router_promises_to_each_what_is_his(self):
        self.keep(8, partner_id=self.dealer.id)
        strangers, dealers = self.sale(self.other, 5), self.sale(self.dealer, 9)
        (strangers | dealers).write({"channel_id": self.channel.id, "pool_accepted": True})
        self.env.flush_all()
        decisions = (strangers | dealers)._route()
        self.assertEqual({d.order_id: d.state for d in decisions}, {strangers: "unfilled", dealers: "whole"})
        self.assertEqual(self.row()["available"], 1)

    def test_two_orders_of_a_batch_share_one_allocation(self):
        self.keep(8)
        orders = self.sale(self.dealer, 6) | self.sale(self.dealer, 6)
        orders.write({"channel_id": self.channel.id, "pool_accepted": True})
        self.env.flush_all()
        self.assertEqual(sorted(orders._route().mapped("state")), ["unfilled", "whole"])
        self.assertGreaterEqual(self.row()["available"], 0)

    def test_a_channel_s_allocation_is_drawn_through_intake(self):
        kept = self.keep(9, beneficiary_kind="channel", channel_id=self.channel.id)
        self.assertEqual(kept.beneficiary, "Test Shop")
        (answer,) = self.submit(self.payload("T-1", ("TEA", 4)))
        order = self.order_of(answer)
        order._route()
        self.assertEqual((order.state, kept.drawn_quantity), ("sale", 4))
        self.assertFalse(order.order_line.with_user(self.clerk).env.su)

    def test_a_campaign_s_orders_draw_a_promotion(self):
        kept = self.keep(6, beneficiary_kind="promotion", promotion="Singles Day")
        campaign = self.env["utm.campaign"].create({"name": "Singles Day"})
        self.sale(self.other, 2, campaign_id=campaign.id).action_confirm()
        self.assertEqual(kept.drawn_quantity, 2)

    def test_clerks_draw_through_orders_only(self):
        kept = self.keep(6)
        order = self.sale(self.dealer, 4).with_user(self.clerk)
        order.action_confirm()
        self.assertEqual(kept.drawn_quantity, 4)
        draw = kept.draw_ids.with_user(self.clerk)
        self.assertEqual(draw.quantity, 4)
        with self.assertRaises(AccessError):
            draw.quantity = 0
        with self.assertRaises(AccessError):
            kept.with_user(self.clerk).action_cancel()


@tagged("post_install", "-at_install")
class TestChannelBuffer(AllocationOrdersCommon, HttpCase):
    def buffer(self, **values):
        return self.env["distrib.channel.buffer"].create({"channel_id": self.channel.id, **values})

    def left(self, product=None, warehouse=None):
        found = self.channel._available_for((product or self.product_a).ids, (warehouse or self.central).ids)
        return found.get(((warehouse or self.central).id, (product or self.product_a).id), 0.0)

    def test_a_quantity_or_a_percentage_is_kept_back(self):
        self.assertEqual(self.left(), 10)
        self.buffer(kind="quantity", quantity=3)
        self.assertEqual(self.left(), 7)
        self.buffer(kind="percentage", percentage=0.5)
        self.assertEqual(self.left(), 5, "the one that keeps most counts")
        self.buffer(kind="quantity", quantity=30)
        self.assertEqual(self.left(), 0, "never below zero")

    def test_it_holds_for_its_goods_channel_and_warehouse(self):
        self.add_stock(self.product_b, self.central, 10)
        self.add_stock(self.product_a, self.regional_east, 10)
        category = self.env["product.category"].create({"name": "Test Drinks"})
        self.product_a.categ_id = self.env["product.category"].create({"name": "Tea", "parent_id": category.id})
        other = self.env["distrib.channel"].create({"name": "Test Second", "code": "TEST2"})
        self.buffer(category_id=category.id, warehouse_id=self.central.id, quantity=4)
        self.buffer(channel_id=other.id, quantity=9)
        self.assertEqual((self.left(), self.left(self.product_b)), (6, 10))
        self.assertEqual(self.left(warehouse=self.regional_east), 10)
        self.buffer(channel_id=False, product_id=self.product_b.id, quantity=1)
        self.assertEqual(self.left(self.product_b), 9, "without a channel it holds for all")

    def test_what_is_kept_for_the_channel_comes_on_top(self):
        self.buffer(quantity=3)
        self.keep(4, beneficiary_kind="channel", channel_id=self.channel.id)
        self.assertEqual(self.left(), 6 - 3 + 4)

    def test_the_router_leaves_the_buffer(self):
        self.buffer(quantity=3)
        answers = self.submit(self.payload("T-1", ("TEA", 6)), self.payload("T-2", ("TEA", 2)))
        orders = self.env["sale.order"].browse([answer["order_id"] for answer in answers])
        decisions = orders._route()
        self.assertEqual(decisions.mapped("state"), ["whole", "unfilled"])

    def test_nonsense_is_refused(self):
        both = {"product_id": self.product_a.id, "category_id": self.env.ref("product.product_category_goods").id}
        for values in ({"quantity": -1}, {"percentage": 1.5}, both):
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
                self.buffer(**values)

    def test_over_rpc_by_role(self):
        self.buffer(quantity=3)
        self.env.flush_all()

        def call(login, *args):
            uid = self.xmlrpc_common.authenticate(self.env.cr.dbname, login, login, {})
            return self.xmlrpc_object.execute_kw(self.env.cr.dbname, uid, login, *args)

        (row,) = call("test_viewer", "distrib.channel", "read_available", ["TEST", self.product_a.ids])
        self.assertEqual((row["warehouse_id"], row["available"]), (self.central.id, 7))
        with self.assertRaisesRegex(Fault, "distrib.channel.buffer"):
            call("test_viewer", "distrib.channel.buffer", "create", [{"quantity": 1}])
        self.assertTrue(call("test_planner", "distrib.channel.buffer", "create", [{"quantity": 1}]))


@tagged("post_install", "-at_install")
class TestDrawRace(RaceMixin, BaseCase):
    """An order and an allocation, or two orders of a beneficiary, want the same goods. Commits, and cleans up."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.clean)
        with self.connection() as env:
            warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
            product = env["product.product"].create({"name": MARK, "default_code": MARK, "is_storable": True})
            partner = env["res.partner"].create({"name": MARK})
            env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 1)
            channel = env["distrib.channel"].create(
                {"name": MARK, "code": MARK, "warehouse_ids": [(6, 0, warehouse.ids)]}
            )
            order = {
                "partner_id": partner.id,
                "channel_id": channel.id,
                "pool_accepted": True,
                "warehouse_id": warehouse.id,
                "order_line": [(0, 0, {"product_id": product.id, "product_uom_qty": 1})],
            }
            self.order_ids = env["sale.order"].create([order, dict(order)]).ids
            self.product_id, self.warehouse_id, self.partner_id = product.id, warehouse.id, partner.id

    def clean(self):
        with self.connection() as env:
            product = env["product.product"].search([("default_code", "=", MARK)])
            orders = env["sale.order"].browse(self.order_ids)
            orders._action_cancel()
            allocations = env["distrib.allocation"].search([("product_id", "=", product.id)])
            allocations.action_cancel()
            moves = env["stock.move"].search([("product_id", "=", product.id)])
            pickings = moves.picking_id
            moves.filtered(lambda m: m.state != "cancel")._action_cancel()
            moves.unlink()
            pickings.unlink()
            allocations.unlink()
            orders.unlink()
            env["stock.quant"].search([("product_id", "=", product.id)]).sudo().unlink()
            env["distrib.channel"].search([("code", "=", MARK)]).unlink()
            env["res.partner"].browse(self.partner_id).unlink()
            product.product_tmpl_id.unlink()

    def keep(self, **values):
        def call(env):
            allocation = env["distrib.allocation"].create(
                {
                    "product_id": self.product_id,
                    "quantity": 1,
                    "beneficiary_kind": "promotion",
                    "promotion": MARK,
                    "warehouse_id": self.warehouse_id,
                    "date_to": fields.Date.today() + timedelta(days=3),
                    **values,
                }
            )
            try:
                allocation.action_activate()
            except UserError:
                env.cr.rollback()
                return "refused"
            return "kept"

        return call

    def route(self, index):
        return lambda env: env["sale.order"].browse(self.order_ids[index])._route().state

    def test_the_last_unit_is_kept_or_sold(self):
        results = self.at_once(self.keep(), self.route(0))
        self.assertIn(results, (["kept", "unfilled"], ["refused", "whole"]))

    def test_the_last_kept_unit_is_drawn_once(self):
        with self.connection() as env:
            self.assertEqual(self.keep(beneficiary_kind="partner", partner_id=self.partner_id)(env), "kept")
        results = self.at_once(self.route(0), self.route(1))
        self.assertEqual(sorted(results), ["unfilled", "whole"])
        with self.connection() as env:
            kept = env["distrib.allocation"].search([("product_id", "=", self.product_id)])
            self.assertEqual((kept.state, kept.drawn_quantity), ("used", 1))

    def test_a_sale_by_hand_and_an_allocation_race(self):
        def confirm(env):
            try:
                env["sale.order"].browse(self.order_ids[0]).action_confirm()
            except UserError:
                env.cr.rollback()
                return "refused"
            return "sold"

        results = self.at_once(self.keep(), confirm)
        self.assertEqual((results[0] == "kept") + (results[1] == "sold"), 1, results)
