from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .common import DistribCommon


@tagged("post_install", "-at_install")
class TestWarehouse(DistribCommon):
    def test_a_loop_is_refused_and_named(self):
        with self.assertRaisesRegex(ValidationError, "Test Central ← Test Nanjing Shop ← Test Suzhou ← Test Central"):
            self.central.supply_parent_id = self.store_east

    def test_a_warehouse_does_not_supply_itself(self):
        with self.assertRaisesRegex(ValidationError, "Test Central ← Test Central"):
            self.central.supply_parent_id = self.central

    def test_the_supplier_is_of_the_same_company(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        elsewhere = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        with self.assertRaises(UserError):
            self.central.supply_parent_id = elsewhere

    def test_descendants(self):
        self.assertEqual(self.regional_east._supply_descendants(), self.store_east | self.dealer_warehouse)
        self.assertEqual(self.central._supply_descendants(), self.warehouses - self.central)
        self.assertFalse(self.store_east._supply_descendants())

    def test_descendants_cost_one_query_a_level(self):
        self.env.flush_all()
        with self.assertQueryCount(3):
            self.central._supply_descendants()

    def test_place_comes_from_the_region_and_follows_it(self):
        suzhou, nanjing = self.region("320500"), self.region("320100")
        self.assertAlmostEqual(self.regional_east.latitude, suzhou.latitude, 5)
        self.regional_east.region_id = nanjing
        self.assertAlmostEqual(self.regional_east.longitude, nanjing.longitude, 5)

    def test_an_entered_place_stays(self):
        self.regional_east.write({"latitude": 31.5, "longitude": 120.5})
        self.regional_east.region_id = self.region("320100")
        self.assertEqual((self.regional_east.latitude, self.regional_east.longitude), (31.5, 120.5))

    def test_the_form_shows_the_place_at_once(self):
        with Form(self.store_east) as form:
            form.region_id = self.region("440300")
            self.assertAlmostEqual(form.latitude, self.region("440300").latitude, 5)

    def test_impossible_coordinates_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "-180 to 180"):
            self.central.longitude = 181

    def test_distance(self):
        self.store_south.write({"latitude": 0, "longitude": 0})
        distances = (self.store_east | self.store_south).distance_km(31.299, 120.585)
        self.assertNotIn(self.store_south.id, distances, "no place, no distance")
        self.assertAlmostEqual(distances[self.store_east.id], 190, delta=5)

    def test_region_page_opens_its_warehouses(self):
        action = self.env.ref("distrib_inventory.region_cn_east").action_open_warehouses()
        found = self.env["stock.warehouse"].search(action["domain"])
        self.assertLessEqual(self.regional_east | self.store_east | self.dealer_warehouse, found)
        self.assertNotIn(self.central, found)
