"""What the feed promises needs real transactions, so most tests here use connections of their own."""

from contextlib import closing

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from .common import DistribCommon

MARK = "FEED-TEST"


@tagged("post_install", "-at_install")
class TestChangeFeed(BaseCase):
    """Writes committed data and takes it away again."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = self.env(cr)
            self.products = (
                env["product.product"]
                .create([{"name": f"{MARK} {n}", "default_code": f"{MARK}-{n}", "is_storable": True} for n in range(3)])
                .ids
            )
            warehouse = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
            self.warehouse, self.place = warehouse.id, warehouse.lot_stock_id.id
        self.addCleanup(self.clean)

    def clean(self):
        with self.registry.cursor() as cr:
            env = self.env(cr)
            env["stock.quant"].search([("product_id", "in", self.products)]).unlink()
            env["product.product"].browse(self.products).unlink()
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM distrib_stock_change WHERE product_id = ANY(%s)", (self.products,))

    def env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})

    def put(self, cr, number, quantity=1):
        env = self.env(cr)
        product = env["product.product"].browse(self.products[number])
        env["stock.quant"]._update_available_quantity(product, env["stock.location"].browse(self.place), quantity)

    def ask(self, cursor=None, limit=1000):
        with self.registry.cursor() as cr:
            return self.env(cr)["distrib.stock.change"].since(cursor, limit)

    def numbers(self, answer):
        return [self.products.index(row["product_id"]) for row in answer["changes"] if row["sku"].startswith(MARK)]

    def test_changes_come_once_with_the_position_of_now(self):
        start = self.ask()
        self.assertEqual((start["changes"], start["more"], start["reset"]), ([], False, False))
        for number in (0, 1, 0):
            with self.registry.cursor() as cr:
                self.put(cr, number, 2)
        answer = self.ask(start["cursor"])
        self.assertEqual(sorted(self.numbers(answer)), [0, 1])
        rows = {row["sku"]: row for row in answer["changes"]}
        self.assertEqual(rows[f"{MARK}-0"]["on_hand"], 4)
        self.assertEqual(self.numbers(self.ask(answer["cursor"])), [])

    def test_a_transaction_that_commits_late_is_not_skipped(self):
        start = self.ask()["cursor"]
        with closing(self.registry.cursor()) as slow:
            self.put(slow, 0)
            slow.flush()  # its change is written, its transaction is older than the next one
            with self.registry.cursor() as fast:
                self.put(fast, 1)
            early = self.ask(start)
            self.assertEqual(self.numbers(early), [], "the later one waits for the earlier one")
            slow.commit()
        self.assertEqual(sorted(self.numbers(self.ask(early["cursor"]))), [0, 1])

    def test_a_transaction_that_fails_leaves_nothing(self):
        start = self.ask()["cursor"]
        with closing(self.registry.cursor()) as cr:
            self.put(cr, 0)
            cr.flush()
            cr.rollback()
        self.assertEqual(self.numbers(self.ask(start)), [])

    def test_pages(self):
        start = self.ask()["cursor"]
        with self.registry.cursor() as cr:
            for number in range(3):
                self.put(cr, number)
        first = self.ask(start, limit=2)
        self.assertTrue(first["more"])
        second = self.ask(first["cursor"], limit=2)
        self.assertEqual(sorted(self.numbers(first) + self.numbers(second)), [0, 1, 2])
        self.assertFalse(second["more"])

    def test_compaction_keeps_what_readers_have_not_seen(self):
        start = self.ask()["cursor"]
        for number in (0, 0, 1, 0):
            with self.registry.cursor() as cr:
                self.put(cr, number)
        with self.registry.cursor() as cr:
            self.assertGreaterEqual(self.env(cr)["distrib.stock.change"]._compact(), 2)
        with self.registry.cursor() as cr:
            cr.execute("SELECT count(*) FROM distrib_stock_change WHERE product_id = ANY(%s)", (self.products,))
            self.assertEqual(cr.fetchone(), (2,))
        self.assertEqual(sorted(self.numbers(self.ask(start))), [0, 1])

    def test_a_cursor_of_another_life_of_the_database(self):
        epoch, rest = self.ask()["cursor"].split("-", 1)
        answer = self.ask(f"{'0' * len(epoch)}-{rest}")
        self.assertTrue(answer["reset"])
        self.assertTrue(answer["cursor"].startswith(epoch))


@tagged("post_install", "-at_install")
class TestChangeFeedAccess(DistribCommon):
    def test_roles_and_arguments(self):
        feed = self.env["distrib.stock.change"]
        self.assertTrue(feed.with_user(self.users["viewer"]).since()["cursor"])
        with self.assertRaises(AccessError):
            feed.with_user(self.new_user()).since()
        for arguments in ((None, 0), ("x", 1), (5, 1), ("a-b-c-d", 1), (None, "5")):
            with self.assertRaises(UserError, msg=arguments):
                feed.since(*arguments)

    def test_other_companies_are_left_out(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        feed = self.env["distrib.stock.change"].with_user(self.users["viewer"])
        feed._note([(self.product_a.id, warehouse.id), (self.product_a.id, self.central.id)])
        _epoch, horizon = feed._clock()
        rows = feed._read_changes((0, 0, 0), 10**15, 10_000)
        found = {row[2] for row in rows if row[1] == self.product_a.id}
        self.assertIn(self.central.id, found)
        self.assertNotIn(warehouse.id, found)
        self.assertTrue(horizon)
