from datetime import datetime, timedelta

from odoo.tests import tagged

from .test_tariff import DAY, TariffCommon


@tagged("post_install", "-at_install")
class TestLaneDays(TariffCommon):
    def trips(self, days, count=40, region=None, site=None):
        left = datetime.now().replace(microsecond=0) - timedelta(days=20)
        return self.env["distrib.lane.trip"]._record([
            {"reference": f"t/{region}/{days}/{index}", "warehouse_id": (site or self.central).id,
             "region_id": (region or self.nanjing).id, "carrier_id": self.carrier.id, "shipped_at": left,
             "delivered_at": left + timedelta(days=days)}
            for index in range(count)
        ])  # fmt: skip

    def days(self, *regions):
        return self.lanes(*regions).p50.round(2).tolist()

    def test_slow_parcels_make_the_lane_slow(self):
        self.new_tariff((False, 8.0, 1.0), days=2.0, days_late=3.0)
        self.assertEqual(self.days(self.nanjing), [[2.0, 2.0]])
        self.assertEqual(self.trips(5.0), 40)
        self.trips(5.0)
        self.env["distrib.lane"]._cron_measure()
        lane = self.env["distrib.lane"].search([("carrier_id", "=", self.carrier.id)])
        self.assertEqual((lane.trips, lane.planned_p50, round(lane.real_p50, 3)), (40, 2.0, 5.0))
        ((central, suzhou),) = self.days(self.nanjing)
        self.assertTrue(4.8 < central < 5.0, central)
        self.assertEqual(suzhou, 2.0)
        # a place nearby that nothing was sent to takes after it, one far away less so
        ((near, _n),), ((far, _f),) = self.days(self.region("320500")), self.days(self.region("440100"))
        self.assertTrue(2.5 < near < central and 2.0 < far <= near, (near, far))

    def test_few_parcels_say_little(self):
        self.new_tariff((False, 8.0, 1.0), days=2.0, days_late=3.0)
        self.trips(8.0, count=1)
        self.env["distrib.lane"]._cron_measure()
        self.assertLess(self.days(self.nanjing)[0][0], 4.0)

    def test_what_cannot_be_is_left_out(self):
        self.assertEqual(self.trips(90.0, count=2) + self.trips(-1.0, count=2), 0)

    def test_promised_date(self):
        """Placed after the cut-off on a Wednesday: packed on Thursday, three days on the road in nine cases of ten."""
        self.new_tariff((False, 8.0, 1.0), days=2.0, days_late=3.0, valid_from=DAY)
        self.add_stock(self.product_a, self.central, 5)
        (answer,) = self.submit(self.payload("P-1", ("TEA", 1)))
        order = self.order_of(answer)
        order._route()
        self.central.cut_off = 16.0
        early, late = (order._promised_date(datetime(2026, 3, 4, hour)) for hour in (7, 9))
        self.assertEqual((early.date().isoformat(), late.date().isoformat()), ("2026-03-07", "2026-03-08"))
        self.central.closed_until = "2026-03-30"
        self.assertFalse(order._promised_date(datetime(2026, 3, 4, 7)))
