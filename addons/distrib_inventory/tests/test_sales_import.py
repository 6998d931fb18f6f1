import base64
import contextlib
from unittest.mock import patch

from odoo.addons.distrib_inventory.engine import sales_read
from odoo.addons.distrib_inventory.models.file_import import FileImport
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .demand_common import DemandCommon


@tagged("post_install", "-at_install")
class TestSalesImport(DemandCommon):
    def rows(self):
        return self.Demand.search([("product_id", "in", (self.product_a | self.product_b).ids)], order="day")

    def test_good_rows_stay_and_bad_ones_come_back_mendable(self):
        job = self.load(self.csv("TNJ,TEA,2024-03-01,2", "TNJ,TEA,2024-03-02,x", "NONE,TEA,2024-03-03,1"))
        self.assertEqual((job.state, job.row_count, job.good_count, job.bad_count), ("done", 3, 1, 2))
        text = base64.b64decode(job.error_file).decode("utf-8-sig")
        lines = text.splitlines()
        self.assertEqual(lines[0], "store,product,day,quantity,(row),(column),(reason)")
        self.assertEqual(lines[1], "TNJ,TEA,2024-03-02,x,3,quantity,x is not a number")
        self.assertEqual(lines[2], "NONE,TEA,2024-03-03,1,4,store,there is no store NONE")
        mended = text.replace(",x,", ",5,").replace("NONE,", "TNJ,", 1)
        again = self.load(mended, name=job.error_file_name)
        self.assertEqual((again.good_count, again.bad_count, again.new_days), (2, 0, 2))
        self.assertEqual(self.rows().mapped("quantity"), [2, 5, 1])

    def test_the_same_file_twice_changes_nothing(self):
        text = self.csv("TNJ,TEA,2024-03-01,2", "TNJ,NOODLE,2024-03-01,0")
        first, second = self.load(text), self.load(text)
        self.assertEqual((first.result, first.new_days), ("imported", 2))
        self.assertEqual((second.state, second.result, second.unchanged_days), ("done", "unchanged", 2))
        self.load(self.csv("TNJ,TEA,2024-03-01,9"))
        third = self.load(text)
        self.assertEqual(
            (third.result, third.changed_days, third.unchanged_days), ("imported", 1, 1), "another came between"
        )

    def test_missing_stores_products_and_regions_are_created(self):
        region, parent = self.region("310000"), self.regional_east
        job = self.load(
            self.csv("901,77001,2024-03-01,2,West,21.5,3", header="store,product,day,quantity,city,temperature,rain"),
            create_missing=True,
            default_tier="store",
            default_region_id=region.id,
            default_parent_id=parent.id,
        )
        self.assertEqual((job.state, job.good_count), ("done", 1), job.message)
        store = self.env["stock.warehouse"].search([("store_ref", "=", "901")])
        self.assertEqual((store.network_tier, store.supply_parent_id, store.region_id.name), ("store", parent, "West"))
        self.assertEqual(store.region_id.parent_id, region)
        self.assertTrue(self.env["product.product"].search([("default_code", "=", "77001")]).is_storable)
        weather = self.env["distrib.weather"].search([("region_id", "=", store.region_id.id)])
        self.assertEqual((weather.temperature, weather.rain, weather.source), (21.5, 3, "file"))

    def test_without_leave_nothing_is_created(self):
        job = self.load(self.csv("901,77001,2024-03-01,2"))
        self.assertEqual((job.bad_count, job.good_count), (1, 0))
        self.assertFalse(self.env["stock.warehouse"].search([("store_ref", "=", "901")]))

    def test_units_are_converted(self):
        dozen = self.env.ref("uom.product_uom_dozen").name
        header = "store,product,day,quantity,unit"
        job = self.load(self.csv(f"TNJ,TEA,2024-03-01,2,{dozen}", "TNJ,TEA,2024-03-02,2,kg", header=header))
        self.assertEqual(self.rows().mapped("quantity"), [24])
        self.assertIn("does not convert", base64.b64decode(job.error_file).decode())

    def test_returns_when_accepted(self):
        text = self.csv("TNJ,TEA,2024-03-01,-2")
        self.assertEqual(self.load(text).bad_count, 1)
        self.assertEqual(self.load(text, allow_returns=True).good_count, 1)
        self.assertEqual(self.rows().quantity, -2)

    def test_opening_hours_of_the_company_count(self):
        self.company.write({"distrib_opens": 8, "distrib_closes": 18})
        self.load(self.csv("TNJ,TEA,2024-03-01,1,5", header="store,product,day,quantity,stockout hours"))
        self.assertEqual(self.rows().in_stock, 0.5)

    def test_mapping(self):
        text = self.csv("TNJ,TEA,2024-03-01,4", header="a,b,c,d")
        with self.assertRaisesRegex(UserError, "Say which column holds: Store"):
            self.load(text)
        with self.assertRaisesRegex(UserError, "does not fit"):
            self.load(text, mapping={"nothing": "store"})
        mapping = {"a": "store", "b": "product", "c": "day", "d": "quantity"}
        self.assertEqual(self.load(text, mapping=mapping).good_count, 1)
        with self.assertRaisesRegex(UserError, "More than one column"):
            self.load(text, mapping={**mapping, "d": "day"})

    def test_unreadable_files_fail_with_a_reason(self):
        for name, text, reason in (
            ("a.pdf", "x", "Only CSV"),
            ("a.parquet", "x", "damaged"),
            ("a.xlsx", "x", "damaged"),
        ):
            job = self.load(text, name=name)
            self.assertEqual(job.state, "failed")
            self.assertIn(reason, job.message)
        with self.assertRaisesRegex(UserError, "base64"):
            self.Import.create_from_file("a.csv", "***")
        with self.assertRaisesRegex(UserError, "Unknown options: state"):
            self.Import.create_from_file("a.csv", "YQ==", None, {"state": "done"})

    def test_a_killed_worker_resumes_and_does_nothing_twice(self):
        text = self.csv(*(f"TNJ,TEA,2024-03-{day:02},{day}" for day in range(1, 11)), "TNJ,TEA,2024-03-01,99")
        job = self.Import.create({"file_name": "a.csv", "file": base64.b64encode(text.encode())})
        job._begin()
        commits = []

        def die_after_two(_self, remaining=None):
            self.env.flush_all()
            commits.append(job.next_part)
            if len(commits) == 2:
                raise KeyboardInterrupt

        small = lambda opened, start=0: original(opened, start, 3)  # noqa: E731
        original = sales_read.SalesFile.chunks
        with patch.object(sales_read.SalesFile, "chunks", small):
            with patch.object(FileImport, "_checkpoint", die_after_two), contextlib.suppress(KeyboardInterrupt):
                job._run()
            self.assertEqual(len(commits), 2)
            self.assertEqual((job.state, job.next_part, job.good_count), ("running", 2, 6))
            with patch.object(FileImport, "_checkpoint", lambda _self, remaining=None: None):
                self.Import._cron_run()
        self.assertEqual((job.state, job.good_count, job.bad_count, job.new_days), ("done", 10, 1, 10))
        self.assertIn("repeats store, product and day", base64.b64decode(job.error_file).decode())
        self.assertEqual(sum(self.rows().mapped("quantity")), 55)

    def test_a_second_worker_stops(self):
        text = self.csv("TNJ,TEA,2024-03-01,1")
        job = self.Import.create({"file_name": "a.csv", "file": base64.b64encode(text.encode())})
        job._begin()
        job.next_part = 3
        with self.assertRaisesRegex(UserError, "Another process"):
            job._lock_part(0)

    def test_large_files_run_in_the_background(self):
        cron = self.env.ref("distrib_inventory.cron_sales_import")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        with patch("odoo.addons.distrib_inventory.models.sales_import.INLINE_BYTES", 1):
            job = self.load(self.csv("TNJ,TEA,2024-03-01,1"))
        self.assertEqual(job.state, "running")
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_roles(self):
        text = self.csv("TNJ,TEA,2024-03-01,1")
        self.assertEqual(self.load(text, user=self.users["planner"]).good_count, 1)
        for role in ("viewer", "order_clerk", "logistics"):
            with self.assertRaises(AccessError):
                self.load(text, user=self.users[role])
        with self.assertRaisesRegex(AccessError, "Only managers"):
            self.load(text, user=self.users["planner"], create_missing=True)
        self.assertEqual(self.load(text, user=self.users["manager"], create_missing=True).state, "done")

    def test_stores_of_other_companies_are_unknown(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        self.env["stock.warehouse"].create({"name": "Elsewhere", "code": "ELSE", "company_id": other.id})
        self.assertEqual(self.load(self.csv("ELSE,TEA,2024-03-01,1")).bad_count, 1)


@tagged("post_install", "-at_install")
class TestSalesImportRpc(HttpCase, DemandCommon):
    def test_a_client_sends_a_file(self):
        self.users["planner"].password = "test-Planner-1"
        content = base64.b64encode(self.csv("TNJ,TEA,2024-03-01,3").encode()).decode()
        result = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, self.users["planner"].id, "test-Planner-1",
            "distrib.sales.import", "create_from_file", ["sales.csv", content],
        )  # fmt: skip
        self.assertEqual((result["state"], result["good_count"], result["new_days"]), ("done", 1, 1))
