from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import LogisticsCase


@tagged("post_install", "-at_install")
class TestParcelLane(LogisticsCase):
    def test_an_arrived_parcel_becomes_a_trip_once(self):
        region = self.env.ref("distrib_inventory.region_320100")
        orders = self.confirmed_orders(self.dealer)
        orders.region_id = region
        parcel = self.ship(orders, ["SF-LANE-1"])
        shipped = fields.Datetime.now() - timedelta(days=4)
        parcel.write({"shipped_at": shipped, "delivered_at": shipped + timedelta(days=3)})
        trip = self.env["distrib.lane.trip"].search([("reference", "=", f"parcel/{parcel.id}")])
        self.assertEqual((trip.warehouse_id, trip.region_id, trip.carrier_id), (self.warehouse, region, self.carrier))
        self.assertAlmostEqual(trip.days, 3.0)
        parcel.write({"delivered_at": shipped + timedelta(days=2)})
        self.assertAlmostEqual(trip.days, 2.0)
        self.env["distrib.lane"]._cron_measure()
        lane = self.env["distrib.lane"].search([("region_id", "=", region.id), ("carrier_id", "=", self.carrier.id)])
        self.assertEqual((lane.trips, lane.warehouse_id), (1, self.warehouse))
        self.assertAlmostEqual(lane.real_p50, 2.0)
