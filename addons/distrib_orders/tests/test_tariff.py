from datetime import date, datetime

import numpy as np
from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import OrdersCommon

DAY = date(2026, 3, 4)  # a Wednesday


class TariffCommon(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service = cls.env["product.product"].create({"name": "Test Freight", "type": "service"})
        cls.carrier, cls.second = cls.env["delivery.carrier"].create(
            [{"name": name, "product_id": service.id, "fixed_price": 30.0} for name in ("Test Express", "Test Post")]
        )
        cls.sites = cls.central | cls.regional_east
        cls.shanghai, cls.jiangsu, cls.nanjing = (cls.region(code) for code in ("310000", "320000", "320100"))

    @classmethod
    def new_tariff(cls, *lines, carrier=None, activate=True, **values):
        rows = [
            Command.create(
                dict(zip(("region_id", "first", "per_kg", "origin_warehouse_id", "days"), line, strict=False))
            )
            for line in lines
        ]
        tariff = cls.env["distrib.tariff"].create({
            "name": "Test Rates", "carrier_id": (carrier or cls.carrier).id, "valid_from": date(2026, 1, 1),
            "divisor": 0.0, "line_ids": rows, **values,
        })  # fmt: skip
        if activate:
            tariff.action_activate()
        return tariff

    def lanes(self, *regions, day=DAY, **values):
        return self.env["distrib.lane"]._lanes(self.sites, [region.id for region in regions], day, **values)


@tagged("post_install", "-at_install")
class TestTariff(TariffCommon):
    def test_the_closest_region_counts_and_a_warehouse_of_its_own_before_all(self):
        self.new_tariff(
            (False, 20.0, 4.0), (self.jiangsu.id, 12.0, 2.0), (self.nanjing.id, 9.0, 1.0),
            (self.jiangsu.id, 7.0, 1.0, self.regional_east.id),
        )  # fmt: skip
        found = self.lanes(self.nanjing, self.region("320500"), self.shanghai)
        self.assertEqual(found.first.tolist(), [[9.0, 7.0], [12.0, 7.0], [20.0, 20.0]])
        self.assertEqual(found.per_kg.tolist(), [[1.0, 1.0], [2.0, 1.0], [4.0, 4.0]])

    def test_no_lane_has_its_reason(self):
        self.new_tariff((self.jiangsu.id, 12.0, 2.0))
        found = self.env["distrib.lane"]._lanes(self.sites, [self.shanghai.id, 0], DAY)
        self.assertTrue(np.isnan(found.first).all())
        self.assertEqual([set(row) for row in found.reason.tolist()], [{"no_lane"}, {"no_region"}])

    def test_fuel_minimum_steps_volume_and_remote_areas(self):
        self.new_tariff(
            (self.jiangsu.id, 10.0, 2.0), fuel_percent=10.0, minimum=12.0, divisor=5000.0, step_kg=1.0,
            remote_ids=[Command.create({"region_id": self.nanjing.id, "amount": 6.0})],
        )  # fmt: skip
        prices = self.lanes(self.nanjing, self.nanjing, self.nanjing, kilos=[0.5, 3.2, 1.0], volumes=[0, 0, 0.05]).price
        # 12 minimum; 10 + 3 steps of 2; 0.05 m3 are 10 kg: 10 + 9 x 2
        self.assertEqual(prices[:, 0].round(2).tolist(), [19.2, 23.6, 36.8])

    def test_the_cheaper_carrier_by_weight(self):
        self.new_tariff((False, 5.0, 5.0))
        self.new_tariff((False, 9.0, 1.0), carrier=self.second)
        found = self.lanes(self.nanjing, self.nanjing, kilos=[1.0, 6.0])
        self.assertEqual(found.carrier[:, 0].tolist(), [self.carrier.id, self.second.id])
        self.assertEqual(found.price[:, 0].tolist(), [5.0, 14.0])

    def test_the_tariff_of_the_day(self):
        old = self.new_tariff((False, 8.0, 1.0))
        self.new_tariff((False, 11.0, 1.0), valid_from=date(2026, 3, 1))
        self.assertEqual(old.valid_to, date(2026, 2, 28))
        self.assertEqual(self.lanes(self.nanjing, day=date(2026, 2, 28)).first[0, 0], 8.0)
        self.assertEqual(self.lanes(self.nanjing).first[0, 0], 11.0)
        self.assertTrue(np.isnan(self.lanes(self.nanjing, day=date(2025, 12, 31)).first).all())

    def test_a_change_counts_at_once(self):
        tariff = self.new_tariff((False, 8.0, 1.0))
        self.lanes(self.nanjing)
        tariff.line_ids.first = 6.0
        self.assertEqual(self.lanes(self.nanjing).first[0, 0], 6.0)

    def test_overlaps_are_told_and_stop_it_gaps_are_told(self):
        twice = self.new_tariff((self.jiangsu.id, 8.0, 1.0), (self.jiangsu.id, 9.0, 1.0), activate=False)
        self.assertIn(self.jiangsu.name, twice.overlaps)
        self.assertIn("Test Central", twice.gaps)
        with self.assertRaisesRegex(UserError, "Twice in this tariff"):
            twice.action_activate()
        twice.line_ids[0].unlink()
        twice.write({"valid_to": date(2026, 6, 30)})
        twice.action_activate()
        rival = self.new_tariff((False, 8.0, 1.0), valid_from=date(2026, 5, 1), activate=False)
        with self.assertRaisesRegex(UserError, "2026-05-01 to 2026-06-30"):
            rival.action_activate()
        self.assertFalse(rival.gaps)

    def test_the_first_fee_covers_its_kilograms(self):
        with self.assertRaisesRegex(ValidationError, "first fee"):
            self.new_tariff((False, 3.0, 5.0), activate=False)

    def test_fees_of_a_delivery_method(self):
        self.new_tariff(source="carrier")
        self.assertEqual(self.lanes(self.nanjing, kilos=[3.0]).price[0].tolist(), [30.0, 30.0])
        self.carrier.write({
            "delivery_type": "base_on_rule",
            "price_rule_ids": [Command.create({"variable": "weight", "operator": "<=", "max_value": 5.0, "list_base_price": 4.0,
                                               "list_price": 2.0, "variable_factor": "weight"})],
        })  # fmt: skip
        prices = self.lanes(self.nanjing, self.nanjing, kilos=[3.0, 9.0]).price[:, 0]
        self.assertEqual(prices[0], 10.0)
        self.assertTrue(np.isnan(prices[1]))
        self.carrier.state_ids = self.jiangsu.state_id or self.env.ref("base.state_cn_JS")
        self.assertTrue(np.isnan(self.lanes(self.shanghai).price).all())
        self.assertTrue(np.isfinite(self.lanes(self.nanjing).price).all())

    def test_the_router_ships_for_less(self):
        """Shanghai: Suzhou is near, but the central warehouse has the cheap contract."""
        rules = self.env["distrib.routing.ruleset"].create({
            "name": "Cheap", "rule_ids": [Command.create({"name": "All", "objective": "cost"})],
        })  # fmt: skip
        rules.action_activate()
        for site in self.sites:
            self.add_stock(self.product_a, site, 5)
        self.new_tariff((False, 20.0, 2.0), (False, 5.0, 1.0, self.central.id), valid_from=date(2020, 1, 1))
        (answer,) = self.submit(self.payload("L-1", ("TEA", 1)))
        order = self.order_of(answer)
        order._route()
        self.assertEqual(order.order_line.routed_warehouse_id, self.central)

    def test_roles(self):
        tariff = self.new_tariff((False, 8.0, 1.0))
        with self.assertRaises(AccessError):
            tariff.with_user(self.users["order_clerk"]).write({"fuel_percent": 9.0})
        tariff.with_user(self.users["logistics"]).write({"fuel_percent": 9.0})
        self.assertEqual(tariff.fuel_percent, 9.0)


@tagged("post_install", "-at_install")
class TestService(TariffCommon):
    def at(self, hour, day=4):
        return datetime(2026, 3, day, hour - 8)  # Shanghai's hour

    def test_cut_off_calendar_and_capacity(self):
        site = self.central
        site.write({"cut_off": 16.0, "limits_parcels": True, "daily_parcels": 10})
        self.assertEqual(str(site._service(self.at(15)).day[0]), "2026-03-04")
        self.assertEqual(str(site._service(self.at(17)).day[0]), "2026-03-05")
        site.weekday_ids = [
            Command.create({"weekday": "3", "parcels": 0}),
            Command.create({"weekday": "4", "parcels": 3}),
        ]
        late = site._service(self.at(17))
        self.assertEqual((str(late.day[0]), late.left[0]), ("2026-03-06", 3.0))

    def test_working_days_and_leaves(self):
        calendar = self.env["resource.calendar"].create({"name": "Mon to Fri", "tz": "Asia/Shanghai"})
        self.central.service_calendar_id = calendar
        self.assertEqual(str(self.central._service(self.at(10, day=7)).day[0]), "2026-03-09")
        self.env["resource.calendar.leaves"].create({
            "calendar_id": calendar.id, "date_from": datetime(2026, 3, 8, 16), "date_to": datetime(2026, 3, 9, 15, 59),
        })  # fmt: skip
        self.assertEqual(str(self.central._service(self.at(10, day=7)).day[0]), "2026-03-10")

    def test_public_holidays(self):
        self.central.keeps_holidays = True
        found = self.central._service(datetime(2025, 10, 2, 2))
        self.assertEqual(str(found.day[0]), "2025-10-09")

    def test_closed_has_its_reason(self):
        self.central.write({"limits_parcels": True, "daily_parcels": 0, "closed_reason": "stock-taking"})
        self.regional_east.write({"closed_until": date(2026, 3, 10)})
        found = (self.central | self.regional_east)._service(self.at(10))
        self.assertIn("stock-taking", found.closed[0])
        self.assertIn("2026-03-10", found.closed[1])
        self.assertEqual(found.left.tolist(), [0.0, 0.0])

    def test_what_is_due_takes_the_day(self):
        self.add_stock(self.product_a, self.central, 5)
        (answer,) = self.submit(self.payload("L-2", ("TEA", 1)))
        order = self.order_of(answer)
        order._route()
        self.assertEqual(order.picking_ids.picking_type_id.warehouse_id, self.central)
        self.central.write({"limits_parcels": True, "daily_parcels": 4})
        now = self.env.cr.now()
        self.assertEqual(self.central._service(now).left.tolist(), [3.0])
        self.assertEqual(self.central._service(now, without=order).left.tolist(), [4.0])
        self.assertEqual((self.central.parcels_today, self.central.parcels_left), (1, 3))

    def test_a_closed_warehouse_ships_nothing(self):
        for site in self.sites:
            self.add_stock(self.product_a, site, 5)
        self.regional_east.write({"limits_parcels": True, "daily_parcels": 0, "closed_reason": "moving house"})
        (answer,) = self.submit(self.payload("L-3", ("TEA", 1)))
        order = self.order_of(answer)
        order._route()
        self.assertEqual(order.order_line.routed_warehouse_id, self.central)
