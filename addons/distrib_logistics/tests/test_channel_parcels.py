"""What platforms are told of the parcels of a delivery."""

from odoo.tests import tagged

from .common import LogisticsCase


@tagged("post_install", "-at_install")
class TestChannelParcels(LogisticsCase):
    def test_each_number_is_a_parcel_with_its_carrier(self):
        order = self.confirmed_orders(self.dealer)
        self.ship(order, ["SF1,SF2"])
        told = order.picking_ids._outbound_parcels()
        self.assertEqual([(p.tracking, p.carrier, p.carrier_name) for p in told],
                         [("SF1", "shunfeng", "Swift Express"), ("SF2", "shunfeng", "Swift Express")])  # fmt: skip
        self.assertFalse(any(parcel.contents for parcel in told), "nobody says what is in which")

    def test_packages_say_what_is_in_which_parcel(self):
        order = self.confirmed_orders(self.dealer)
        picking = order.picking_ids
        move = picking.move_ids
        move.move_line_ids.quantity = 1.5
        move.move_line_ids.copy({"picking_id": picking.id, "move_id": move.id, "quantity": 0.5})
        for line, name in zip(move.move_line_ids, ("BOX1", "BOX2"), strict=True):
            line.result_package_id = self.env["stock.package"].create({"name": name})
        self.ship(order, ["SF1,SF2"])
        contents = [parcel.contents for parcel in picking._outbound_parcels()]
        self.assertEqual(contents, [((move, 1.5),), ((move, 0.5),)])

    def test_a_number_that_comes_later_lets_the_confirmation_go(self):
        channel = self.env["distrib.channel"].create({"name": "Test Shop", "code": "TPARCEL"})
        order = self.confirmed_orders(self.dealer)
        self.ship(order)
        call = self.env["distrib.channel.call"].create(
            {"channel_id": channel.id, "key": "1", "picking_id": order.picking_ids.id, "missing": "carrier"}
        )
        order.picking_ids.write({"carrier_id": self.carrier.id, "carrier_tracking_ref": "SF9"})
        self.assertFalse(call.missing)
        self.assertEqual(order.picking_ids._outbound_parcels()[0].tracking, "SF9")
