from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import DistribCommon


@tagged("post_install", "-at_install")
class TestRegion(DistribCommon):
    def test_china_is_there(self):
        regions = self.env["distrib.region"]
        china = self.env.ref("distrib_inventory.region_cn")
        areas = regions.search([("kind", "=", "area"), ("parent_id", "=", china.id)])
        provinces = regions.search([("kind", "=", "province"), ("parent_id", "in", areas.ids)])
        cities = regions.search([("kind", "=", "city"), ("parent_id", "in", provinces.ids)])
        self.assertEqual(len(areas), 8)
        self.assertEqual(len(provinces), 34)
        self.assertGreater(len(cities), 330)
        self.assertEqual(len(provinces.state_id), 34, "each province is tied to a state of its own")
        self.assertFalse([city.code for city in cities if not (73 < city.longitude < 136 and 3 < city.latitude < 54)])
        self.assertFalse([city.code for city in cities if city.code[:2] != city.parent_id.code[:2]])

    def test_display_name_is_the_path_in_the_readers_language(self):
        nanjing = self.region("320100")
        self.assertEqual(nanjing.display_name, "East China / Jiangsu / Nanjing")
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"].search([("name", "=", "distrib_inventory")])._update_translations(["zh_CN"])
        self.assertEqual(nanjing.with_context(lang="zh_CN").display_name, "华东 / 江苏省 / 南京市")

    def test_found_by_name_and_by_code(self):
        regions = self.env["distrib.region"]
        self.assertIn(self.region("320100").id, [found[0] for found in regions.name_search("Nanjing")])
        self.assertIn(self.region("320100").id, [found[0] for found in regions.name_search("320100")])

    def test_loop_is_refused(self):
        jiangsu, nanjing = self.region("320000"), self.region("320100")
        with self.assertRaisesRegex(ValidationError, "Jiangsu cannot be a part of itself"):
            jiangsu.parent_id = nanjing

    def test_code_is_unique_within_the_region_above(self):
        jiangsu = self.region("320000")
        self.env["distrib.region"].create({"name": "Elsewhere", "code": "320100"})
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.env["distrib.region"].create({"name": "Again", "code": "320100", "parent_id": jiangsu.id})

    def test_impossible_coordinates_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "-90 to 90"):
            self.env["distrib.region"].create({"name": "Nowhere", "latitude": 91})

    def test_warehouses_are_counted_with_all_parts(self):
        before = self.env.ref("distrib_inventory.region_cn_east").warehouse_count
        self.new_warehouse("Test Wuxi", "TWX", "store", "320200")
        east = self.env.ref("distrib_inventory.region_cn_east")
        east.invalidate_recordset(["warehouse_count"])
        self.assertEqual(east.warehouse_count, before + 1)
        self.assertEqual(self.region("320200").warehouse_count, 1)

    def test_a_part_without_coordinates_lies_where_the_region_above_lies(self):
        district = self.env["distrib.region"].create(
            {"name": "Test District", "kind": "district", "parent_id": self.region("320100").id}
        )
        nanjing = self.region("320100")
        self.assertEqual(district._coordinates()[district.id], (nanjing.latitude, nanjing.longitude))

    def test_only_the_manager_changes_regions(self):
        for role in ("viewer", "planner", "order_clerk", "channel_manager", "logistics"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.region("320100").with_user(self.users[role]).name = "Renamed"
        self.region("320100").with_user(self.users["manager"]).name = "Renamed"
        self.assertEqual(self.region("320100").name, "Renamed")
