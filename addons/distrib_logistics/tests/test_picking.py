from odoo.tests import tagged

from .common import LogisticsCase


@tagged("post_install", "-at_install")
class TestParcelOfDelivery(LogisticsCase):
    def test_tracking_reference_becomes_the_parcel(self):
        order = self.confirmed_orders(self.dealer)
        parcel = self.ship(order, ["SF100"])
        self.assertEqual((parcel.name, parcel.carrier_code, parcel.status), ("SF100", "shunfeng", "pre_transit"))
        self.assertEqual((parcel.sale_order_id, parcel.picking_id), (order, order.picking_ids))
        self.assertEqual(parcel.partner_id, order.partner_shipping_id)
        self.assertEqual((parcel.expected_at - parcel.shipped_at).days, 2)

    def test_without_reference_it_is_our_own_fleet(self):
        parcels = self.ship(self.confirmed_orders([self.dealer, self.other_dealer]))
        self.assertEqual(set(parcels.mapped("carrier_code")), {"own"})
        self.assertEqual(len(set(parcels.mapped("name"))), 2)

    def test_several_numbers_are_several_parcels(self):
        parcels = self.ship(self.confirmed_orders(self.dealer), ["SF1, SF2,"])
        self.assertEqual(sorted(parcels.mapped("name")), ["SF1", "SF2"])

    def test_reference_given_after_shipping_renames_the_own_number(self):
        order = self.confirmed_orders(self.dealer)
        parcel = self.ship(order)
        order.picking_ids.write({"carrier_id": self.carrier.id, "carrier_tracking_ref": "SF300"})
        self.assertEqual(order.parcel_ids, parcel)
        self.assertEqual((parcel.name, parcel.carrier_code), ("SF300", "shunfeng"))

    def test_deliveries_in_one_box_share_the_parcel(self):
        orders = self.confirmed_orders([self.dealer, self.dealer])
        parcel = self.ship(orders, ["SF400", "SF400"])
        self.assertEqual(len(parcel), 1)
        self.assertEqual(parcel.sale_order_ids, orders)

    def test_number_used_again_after_the_end_opens_the_next_turn(self):
        first = self.ship(self.confirmed_orders(self.dealer), ["SF500"])
        first.status = "delivered"
        second = self.ship(self.confirmed_orders(self.other_dealer), ["SF500"])
        self.assertNotEqual(first, second)
        self.assertEqual((first.turn, second.turn), (1, 2))

    def test_number_of_a_parcel_on_its_way_joins_it(self):
        first = self.ship(self.confirmed_orders(self.dealer), ["SF600"])
        second = self.ship(self.confirmed_orders(self.dealer), ["SF600"])
        self.assertEqual(first, second)
        self.assertEqual(len(first.picking_ids), 2)

    def test_repeating_the_sync_changes_nothing(self):
        orders = self.confirmed_orders([self.dealer, self.other_dealer])
        parcels = self.ship(orders, ["SF700"])
        orders.picking_ids._sync_parcels()
        self.assertEqual(orders.parcel_ids, parcels)

    def test_receipts_and_returns_get_no_parcel(self):
        order = self.confirmed_orders(self.dealer)
        self.ship(order)
        wizard = self.env["stock.return.picking"].create({"picking_id": order.picking_ids.id})
        wizard.product_return_moves.quantity = 2
        back = wizard._create_return()
        back.move_ids.picked = True
        back.button_validate()
        self.assertEqual(back.state, "done")
        self.assertFalse(back.parcel_ids)

    def test_queries_do_not_grow_with_the_number_of_deliveries(self):
        def queries(count):
            pickings = self.confirmed_orders([self.dealer] * count).picking_ids
            pickings.write({"carrier_id": self.carrier.id})
            pickings[: count // 2].write({"carrier_tracking_ref": False})
            for index, picking in enumerate(pickings[count // 2 :]):
                picking.carrier_tracking_ref = f"SFQ{count}-{index}"
            # the deliveries become done without our hook, so that only our own work is counted
            self.patch(type(pickings), "_sync_parcels", lambda records: None)
            pickings.move_ids.picked = True
            pickings.button_validate()
            self.patch(type(pickings), "_sync_parcels", sync)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            pickings._sync_parcels()
            self.env.flush_all()
            self.assertEqual(len(pickings.parcel_ids), count)
            return self.cr.sql_log_count - before

        sync = type(self.env["stock.picking"])._sync_parcels
        queries(2)
        self.assertLessEqual(queries(40), queries(4) + 4)
