"""What a channel may sell goes to its platform: whole pieces, only what changed, in batches, refusals visible."""

from odoo import fields
from odoo.tests import mute_logger, tagged

from tests.fakes.plain_shop import CHINA
from tests.fakes.server import Fault, Reply
from tests.odoo.channel_common import PlainClient, PlatformCommon


@tagged("post_install", "-at_install")
class TestStockPush(PlatformCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_stock(cls.product_a, cls.central, 10.5)
        cls.add_stock(cls.product_b, cls.central, 7)
        cls.env["distrib.channel.product"].create(
            [
                {"channel_id": cls.channel.id, "platform_sku": "P-TEA", "product_id": cls.product_a.id},
                {"channel_id": cls.channel.id, "platform_sku": "P-TEA3", "product_id": cls.product_a.id, "factor": 3},
                {"channel_id": cls.channel.id, "platform_sku": "P-NOODLE", "product_id": cls.product_b.id},
                {
                    "channel_id": cls.channel.id,
                    "platform_sku": "P-SET",
                    "part_ids": [
                        (0, 0, {"product_id": cls.product_a.id, "quantity": 2}),
                        (0, 0, {"product_id": cls.product_b.id, "quantity": 3}),
                    ],
                },
                {"channel_id": cls.channel.id, "platform_sku": "P-OPEN"},
            ]
        )
        cls.channel.write({"stock_active": True, "warehouse_ids": [(6, 0, cls.central.ids)]})

    def tell(self):
        self.env.flush_all()
        self.env["distrib.network.touch"]._tell()
        self.channel.stock_told_at = False
        return self.channel._tell_stock()

    def row(self, article):
        return self.env["distrib.channel.stock"].search([("platform_sku", "=", article)])

    def test_whole_pieces_of_matched_articles_in_batches(self):
        self.assertEqual(self.tell(), 4)
        self.assertEqual(self.fake.stock, {"P-TEA": 10, "P-TEA3": 3, "P-NOODLE": 7, "P-SET": 2})
        self.assertEqual(self.fake.count("stock"), 2, "three articles in a call at most")

    def test_only_what_changed_is_told(self):
        self.tell()
        self.assertEqual(self.tell(), 0)
        calls = self.fake.count("stock")
        self.add_stock(self.product_b, self.central, 1)
        self.add_stock(self.product_b, self.regional_east, 50)
        self.assertEqual(self.tell(), 1)
        self.assertEqual((self.fake.stock["P-NOODLE"], self.fake.count("stock")), (8, calls + 1))

    def test_buffers_and_what_others_have_is_left_out(self):
        self.tell()
        self.env["distrib.channel.buffer"].create(
            {"channel_id": self.channel.id, "product_id": self.product_b.id, "quantity": 2}
        )
        self.tell()
        self.assertEqual(self.fake.stock["P-NOODLE"], 5)
        self.env["distrib.channel.buffer"].search([]).unlink()
        self.tell()
        self.assertEqual(self.fake.stock["P-NOODLE"], 7)

    def test_orders_on_their_way_through_the_pool_are_sold_already(self):
        self.tell()
        other = self.env["distrib.channel"].create({"name": "Other", "code": "OTHER2", "auto_confirm": False})
        order = self.order_of(self.submit(self.payload("O1", ("NOODLE", 3)), code="OTHER2")[0])
        self.assertEqual((order.pool_state, order.channel_id), ("new", other))
        self.tell()
        self.assertEqual(self.fake.stock["P-NOODLE"], 4)
        order.action_cancel()
        self.tell()
        self.assertEqual(self.fake.stock["P-NOODLE"], 7)

    def test_an_article_that_is_refused_says_why_and_comes_again(self):
        self.fake.unknown = {"P-NOODLE"}
        self.assertEqual(self.tell(), 3)
        row = self.row("P-NOODLE")
        self.assertEqual((row.error, row.is_known, row.attempts), ("no such article", False, 1))
        self.assertGreater(row.next_at, fields.Datetime.now())
        self.fake.unknown = set()
        row.with_user(self.manager).action_retry()
        self.assertEqual((self.fake.stock["P-NOODLE"], row.error), (7, False))

    def test_a_platform_that_is_down_gets_it_later(self):
        self.patch(PlainClient, "pause", lambda *args: 0)
        self.fake.chance = lambda call: Fault("reply", reply=Reply(b"{}", 503))
        self.assertEqual(self.tell(), 0)
        self.assertTrue(self.channel.connection_error)
        self.fake.chance = lambda call: None
        self.env["distrib.channel.stock"].search([]).write({"next_at": False})
        self.tell()
        self.assertEqual(len(self.fake.stock), 4)

    def test_everything_can_be_told_again(self):
        self.tell()
        self.fake.stock = {}
        self.channel.with_user(self.manager).action_tell_stock()
        self.assertEqual(len(self.fake.stock), 4)

    def test_not_more_often_than_agreed(self):
        self.env["distrib.channel"]._cron_stock()
        self.fake.stock = {}
        self.add_stock(self.product_b, self.central, 1)
        self.env["distrib.channel"]._cron_stock()
        self.assertFalse(self.fake.stock)

    def test_goods_matched_later_are_told_at_the_next_time(self):
        self.tell()
        article = self.env["distrib.channel.product"].search([("platform_sku", "=", "P-OPEN")])
        article.product_id = self.product_b
        self.channel._tell_stock()
        self.assertEqual(self.fake.stock["P-OPEN"], 7)


@mute_logger("odoo.addons.distrib_orders.models.channel_pull")
@tagged("post_install", "-at_install")
class TestCounts(PlatformCommon):
    def count(self):
        today = self.start.astimezone(CHINA).date()
        return self.channel._count(today)

    def test_a_day_that_agrees(self):
        self.fake.put("T1", self.at(1))
        self.channel._pull()
        self.read()
        found = self.count()
        self.assertEqual(
            (found.theirs, found.ours, found.fetched, found.difference, found.state), (1, 1, 0, 0, "equal")
        )

    def test_what_is_missing_is_fetched_and_counted_again(self):
        self.fake.put("T1", self.at(1))
        self.channel._pull()
        self.read()
        self.fake.put("T2", self.at(2))
        self.fake.put("T3", self.at(2), lines="none")
        found = self.count()
        self.assertEqual((found.theirs, found.ours, found.fetched, found.difference), (3, 2, 2, 1))
        self.assertEqual((found.state, found.missing_text), ("different", "T3"))
        self.assertEqual(self.orders().mapped("channel_order_ref"), ["T1", "T2"])
        shown = self.env["distrib.inbox.message"].search(found.action_open_missing()["domain"])
        self.assertEqual(shown.state, "failed")
        self.fake.put("T3", self.at(3))
        self.channel.pull_cursor = self.start.replace(tzinfo=None)
        self.channel._pull()
        found.with_user(self.manager).action_count()
        self.assertEqual((found.difference, found.fetched, found.state), (0, 2, "equal"))

    def test_a_platform_that_does_not_answer_is_counted_later(self):
        self.patch(PlainClient, "pause", lambda *args: 0)
        self.fake.chance = lambda call: Fault("drop")
        found = self.count()
        self.assertEqual(found.state, "failed")
        self.assertTrue(found.error)
        self.fake.chance = lambda call: None
        self.assertEqual(self.count(), found)
        self.assertEqual(found.state, "equal")

    def test_the_night_counts_yesterday_and_what_did_not_agree(self):
        day = fields.Date.today()
        shop = self.channel
        self.assertEqual(len(shop._days_to_count(day)), 1)
        shop._keep_count(fields.Date.subtract(day, days=1), {"state": "equal"})
        shop._keep_count(fields.Date.subtract(day, days=2), {"state": "different"})
        self.assertEqual([(day - d).days for d in shop._days_to_count(day)], [3, 2])
