from datetime import date, datetime, timedelta
from unittest.mock import patch

import numpy as np
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..connectors import open_meteo
from .demand_common import DemandCommon
from .fakes.open_meteo import FakeOpenMeteo

DAY = date(2026, 7, 1)


@tagged("post_install", "-at_install")
class TestWeather(DemandCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Weather = cls.env["distrib.weather"]
        cls.Station = cls.env["distrib.weather.station"]
        cls.Effect = cls.env["distrib.weather.effect"]
        cls.parameter("years", "1")
        cls.parameter("enabled", "True")

    def setUp(self):
        super().setUp()
        self.fake = self.enterContext(FakeOpenMeteo(DAY))
        self.parameter("url", self.fake.url)
        self.parameter("archive_url", self.fake.url)
        self.client = open_meteo.Client(self.fake.url, self.fake.url, pauses=())

    @classmethod
    def parameter(cls, name, value):
        cls.env["ir.config_parameter"].set_param(f"distrib_inventory.weather_{name}", value)

    def fetch(self, day=DAY):
        return self.Weather._fetch(today=day, client=self.client)

    def station(self, warehouse):
        return self.Station.search([("region_id", "=", warehouse.region_id.id)])

    def rows(self, warehouse, source=None):
        domain = [("region_id", "=", warehouse.region_id.id)]
        return self.Weather.search(domain + ([("source", "=", source)] if source else []), order="day")

    # --- fetching ----------------------------------------------------------------------------------------------

    def test_forecast_and_history_of_every_region_with_a_warehouse(self):
        self.assertTrue(self.fetch())
        found = self.rows(self.central)
        self.assertEqual(found[-1].day, DAY + timedelta(15))
        self.assertEqual(found[0].day, DAY - timedelta(365))
        self.assertEqual(len(found), 365 + 16, "no day is missing between archive and forecast")
        today = found.filtered(lambda w: w.day == DAY)
        self.assertEqual(today.source, "forecast")
        latitude = round(self.central.region_id._coordinates()[self.central.region_id.id][0], 4)
        self.assertEqual(today.temperature, self.fake.value("temperature_2m_mean", latitude, DAY))
        self.assertEqual(today.temperature_max, self.fake.value("temperature_2m_max", latitude, DAY))
        self.assertEqual(self.rows(self.central, "forecast")[:1].day, DAY)
        self.assertEqual(self.station(self.central).state, "ok")
        self.assertEqual(self.Weather._service_state()["state"], "ok")
        regions = self.env["stock.warehouse"].search([("region_id", "!=", False)]).region_id
        paths = [path for path, _query in self.fake.requests]
        self.assertEqual(paths.count("/v1/forecast"), -(-len(regions) // 50), "many places in one call")

    def test_what_is_known_is_not_asked_again(self):
        self.fetch()
        count = len(self.fake.requests)
        self.fetch()
        self.assertEqual(len(self.fake.requests), count)
        self.Station.search([]).forecast_on = datetime.now() - timedelta(hours=6)
        self.fetch(DAY + timedelta(1))
        later = self.fake.requests[count:]
        self.assertEqual([path for path, _query in later].count("/v1/forecast"), 1)
        self.assertEqual({q["start_date"] for path, q in later if path == "/v1/archive"}, {"2026-06-26"})

    def test_off_asks_nothing(self):
        self.parameter("enabled", "")
        self.assertFalse(self.fetch())
        self.assertFalse(self.fake.requests)
        self.assertEqual(self.Weather._service_state()["state"], "off")

    def test_what_people_entered_or_imported_stays(self):
        entered = self.Weather.create({"region_id": self.central.region_id.id, "day": DAY, "temperature": 99})
        self.fetch()
        self.assertEqual((entered.temperature, entered.source), (99, "manual"))

    def test_a_forecast_never_replaces_what_was_measured(self):
        region, day = np.array([self.central.region_id.id]), np.array([DAY], "datetime64[D]")
        for source, value, kept in (("normal", 1, 1), ("forecast", 2, 2), ("normal", 1, 2), ("service", 3, 3),
                                    ("forecast", 4, 3), ("file", 5, 5), ("service", 6, 5)):  # fmt: skip
            self.Weather._write_days(region, day, np.array([[value], [0], [0], [0]], float), source=source)
            self.assertEqual(self.rows(self.central).temperature, kept, source)

    # --- faults ------------------------------------------------------------------------------------------------

    def test_away_plans_go_on_with_normals_and_the_page_says_since_when(self):
        self.fetch()
        self.rows(self.central, "forecast").unlink()
        self.Station.search([]).forecast_on = False
        self.fake.always = "500"
        with self.assertLogs("odoo.addons.distrib_inventory.models.weather_fetch", "WARNING"):
            self.assertFalse(self.fetch())
        state = self.Weather.with_user(self.users["viewer"]).get_service_state()
        self.assertEqual(state["state"], "away")
        self.assertEqual(state["since"], str(date.today()))
        self.assertIn("HTTP 500", state["message"])
        self.assertIn("climate normals", state["message"])
        normals = self.rows(self.central, "normal")
        self.assertEqual(len(normals), 16)
        latitude = self.central.region_id._coordinates()[self.central.region_id.id][0]
        self.assertAlmostEqual(normals[0].temperature, self.fake.value("temperature_2m_mean", latitude, DAY), delta=2.5)
        days = np.datetime64(DAY) + np.arange(16)
        self.assertFalse(self.Weather._feature_matrix([self.central.id], days).any(), "normal weather is no anomaly")
        since = self.station(self.central).failed_since
        with self.assertLogs("odoo.addons.distrib_inventory.models.weather_fetch", "WARNING"):
            self.fetch()
        self.assertEqual(self.station(self.central).failed_since, since, "the first day counts")
        self.fake.always = None
        self.assertTrue(self.fetch())
        self.assertEqual(self.Weather._service_state()["state"], "ok")
        self.assertFalse(self.rows(self.central, "normal"), "the forecast takes their place")

    def test_a_limit_brings_the_run_back_when_the_service_said(self):
        self.fake.faults = ["429"]
        cron = self.env.ref("distrib_inventory.cron_weather")
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        with self.assertLogs("odoo.addons.distrib_inventory.models.weather_fetch", "WARNING"):
            self.assertFalse(self.fetch())
        trigger = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(len(trigger), 1)
        wait = (trigger.call_at - datetime.now()).total_seconds()
        self.assertTrue(60 < wait <= 121, wait)
        self.assertEqual(len(self.fake.requests), 1)

    def test_what_was_fetched_before_a_fault_is_kept_and_the_run_goes_on_there(self):
        self.fake.faults = [None, None, "500"]
        with patch("odoo.addons.distrib_inventory.models.weather_fetch.ARCHIVE_STEP", 100):
            with self.assertLogs("odoo.addons.distrib_inventory.models.weather_fetch", "WARNING"):
                self.assertFalse(self.fetch())
        done = self.Station.search([("archive_until", "!=", False)])
        self.assertTrue(done)
        self.assertTrue(self.rows(done[0].region_id.warehouse_ids[0], "service"))
        self.Station.search([]).write({"failed_since": False})
        before = len(self.fake.requests)
        self.assertTrue(self.fetch())
        again = [q for path, q in self.fake.requests[before:] if path == "/v1/archive"]
        self.assertFalse([q for q in again if q["start_date"] <= "2025-07-01" and f"{done[0].latitude:.4f}" in
                          q["latitude"].split(",")])  # fmt: skip

    def test_one_place_the_service_refuses_does_not_hold_up_the_others(self):
        bad = self.station(self.central) or self.Station._sync().filtered(
            lambda s: s.region_id == self.central.region_id
        )
        self.fake.refused_latitudes = {round(bad.latitude, 4)}
        self.fetch()
        self.assertEqual(bad.state, "away")
        self.assertIn("Latitude must be", bad.failure)
        self.assertEqual(self.station(self.regional_east).state, "ok")
        message = self.Weather._service_state()["message"]
        self.assertIn("1 of ", message)

    def test_a_wrong_key_is_not_tried_place_by_place(self):
        self.fake.api_key = "sesame"
        with self.assertLogs("odoo.addons.distrib_inventory.models.weather_fetch", "WARNING"):
            self.assertFalse(self.fetch())
        self.assertLessEqual(len(self.fake.requests), 5)
        self.assertIn("API key", self.station(self.central).failure)

    def test_nulls_leave_what_is_known(self):
        self.fake.faults = ["nulls"]
        self.assertTrue(self.fetch())
        first = self.Station.search([("active", "=", True)], order="id")
        self.assertTrue(all(station.state in ("ok", "placeless") for station in first))

    def test_a_region_without_coordinates_is_shown_and_left_out(self):
        nowhere = self.env["distrib.region"].create({"name": "Nowhere", "kind": "country"})
        self.central.region_id = nowhere
        self.assertTrue(self.fetch())
        self.assertEqual(self.station(self.central).state, "placeless")

    def test_settings_are_kept(self):
        settings = self.env["res.config.settings"].create(
            {"distrib_weather_enabled": True, "distrib_weather_url": "https://weather.example.com",
             "distrib_weather_key": "sesame", "distrib_weather_years": 2}
        )  # fmt: skip
        settings.execute()
        client = self.Weather._client()
        self.assertEqual((client.forecast_url, client.api_key), ("https://weather.example.com", "sesame"))

    # --- roles -------------------------------------------------------------------------------------------------

    def test_roles(self):
        self.fetch()
        viewer, planner = self.users["viewer"], self.users["planner"]
        self.assertTrue(self.Station.with_user(viewer).search([]).mapped("state"))
        with self.assertRaises(AccessError):
            self.Station.with_user(planner).search([])[:1].write({"failure": "x"})
        with self.assertRaises(AccessError):
            self.Station.with_user(viewer).action_fetch_now()
        with self.assertRaises(AccessError):
            self.Weather.with_user(self.new_user()).get_service_state()
        self.assertEqual(self.Station.with_user(planner).action_fetch_now()["params"]["type"], "success")

    # --- what planning asks ------------------------------------------------------------------------------------

    def learn_warm_tea(self):
        """Tea sells 5 % more for each degree above the normal; noodles do not care. 200 days in three regions."""
        category_a, category_b = self.env["product.category"].create([{"name": "Warm"}, {"name": "Dull"}])
        self.product_a.categ_id, self.product_b.categ_id = category_a, category_b
        rng, count = np.random.default_rng(1), 240
        days = np.datetime64(DAY) - np.arange(count, 0, -1)
        for warehouse in (self.central, self.store_east, self.store_south, self.regional_south):
            anomaly = rng.normal(0, 3, count)
            region = np.full(count, warehouse.region_id.id)
            measures = np.stack([20 + anomaly, *np.zeros((3, count))])
            self.Weather._write_days(region, days, measures, source="service")
            noise = np.exp(rng.normal(0, 0.03, (2, count)))
            for product, effect, part in ((self.product_a, 0.05, 0), (self.product_b, 0.0, 1)):
                self.sell(product, warehouse, 100 * np.exp(effect * anomaly) * noise[part], end=DAY - timedelta(1))
        return category_a, category_b

    def test_sensitivity_is_learned_used_only_where_it_earns_it_and_explained(self):
        category_a, category_b = self.learn_warm_tea()
        self.assertEqual(self.Effect._learn(self.company, DAY), 1)
        found = self.Effect.search([("region_id", "=", False), ("company_id", "=", self.company.id)])
        by_category = {effect.category_id: effect for effect in found}
        used, unused = by_category[category_a], by_category[category_b]
        self.assertTrue(used.is_used)
        self.assertAlmostEqual(used.temperature_effect, 0.051, delta=0.012)
        self.assertTrue(used.verdict.startswith("Used: it lowers the error"), used.verdict)
        self.assertFalse(unused.is_used)
        self.assertTrue(unused.verdict.startswith("Not used: "), unused.verdict)
        self.assertTrue(self.Effect.search_count([("region_id", "!=", False), ("category_id", "=", category_a.id)]))
        self.Effect._learn(self.company, DAY)
        self.assertEqual(self.Effect.search_count([("region_id", "=", False)]), len(found), "nothing twice")

    def test_the_factor_follows_the_forecast_where_it_is_used(self):
        self.learn_warm_tea()
        self.Effect._learn(self.company, DAY)
        hot = {"region_id": self.central.region_id.id, "day": DAY, "temperature": 30, "rain": 0, "source": "forecast"}
        self.Weather.create(hot)
        with patch.object(type(self.Weather), "_normals_day", return_value=DAY):
            plan = self.Weather._load_plan(self.company, DAY, DAY + timedelta(1))
        pairs = np.array([self.central.id] * 2), np.array([self.product_a.id, self.product_b.id])
        found = plan.factor(*pairs, np.array([DAY, DAY + timedelta(1)], "datetime64[D]"))
        self.assertAlmostEqual(float(found[0, 0]), np.exp(0.5), delta=0.2)
        self.assertEqual(found[0, 1], 1, "nothing is known of tomorrow")
        self.assertEqual(found[1].tolist(), [1, 1])

    def test_a_warehouse_takes_the_weather_of_the_region_above(self):
        province = self.central.region_id.parent_id
        self.Weather.search([("region_id", "in", (self.central.region_id | province).ids)]).unlink()
        self.Weather.create({"region_id": province.id, "day": DAY, "temperature": 20, "rain": 0})
        self.assertEqual(self.Weather._weather_regions([self.central.id]), {self.central.id: province.id})
