"""The plain shop as a platform, and a channel connected to it. No tests in this file."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

from odoo.addons.distrib_orders.connectors import registry
from odoo.addons.distrib_orders.connectors.client import Client, backwards
from odoo.addons.distrib_orders.connectors.types import Notice, Raw, StockResult, Token
from odoo.addons.distrib_orders.connectors.webhook.push import WebhookPush
from odoo.addons.distrib_orders.tests.common import OrdersCommon

from tests.fakes.plain_shop import FakePlainShop


class PlainClient(Client):
    slice = timedelta(hours=1)
    stock_batch = 3

    def orders(self, start, end):
        return backwards(lambda page: self._page(start, end, page))

    def _page(self, start, end, page):
        window = {"start": int(start.timestamp()), "end": int(end.timestamp()), "page": page}
        found = self._get("orders", params=window)
        return [_raw(order) for order in found["orders"]], found["pages"]

    def order(self, external_id):
        found = self._get(f"order/{external_id}")
        return found and _raw(found)

    def renew(self):
        found = self.call(lambda: self.json("POST", f"{self.account.url}/renew"))
        return Token(found["token"], datetime(2030, 1, 1, tzinfo=UTC))

    def numbers(self, day):
        return set(self._get("numbers", params={"day": day.isoformat()}))

    def ship(self, shipment):
        body = {
            "order": shipment.external_id,
            "complete": shipment.complete,
            "parcels": [dataclasses.asdict(parcel) for parcel in shipment.parcels],
        }
        self.call(lambda: self._send("ship", body), safe=False)

    def shipped(self, external_id):
        return set(self._get(f"shipped/{external_id}"))

    def push_stock(self, levels):
        refused = self.call(lambda: self._send("stock", {level.platform_sku: level.quantity for level in levels}))
        return [StockResult(level.platform_sku, refused.get(level.platform_sku, "")) for level in levels]

    def _get(self, path, **options):
        return self.call(lambda: self.json("GET", f"{self.account.url}/{path}", headers=self._headers(), **options))

    def _send(self, path, body):
        return self.json("POST", f"{self.account.url}/{path}", headers=self._headers(), data=json.dumps(body))

    def _headers(self):
        return {"Authorization": f"Bearer {self.account.token}"}


def _raw(order):
    return Raw(order["external_id"], str(order["changed"]), json.dumps(order))


class HintPush(WebhookPush):
    """Says only which order has changed, as most platforms do."""

    def read(self, push, account):
        return [Notice(json.loads(push.body)["tid"])]


PLAIN = registry.Platform("plain", "Plain shop", PlainClient, lambda payload, account: dict(payload), push=HintPush())


class PlatformCommon(OrdersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        platforms = registry.platforms()
        platforms["plain"] = PLAIN
        cls.addClassCleanup(platforms.pop, "plain")
        cls.manager = cls.users["channel_manager"]
        buyer = cls.env["res.partner"].create({"name": "Test Buyer"})
        cls.channel.write({"platform": "plain", "pull_active": True, "partner_id": buyer.id})
        cls.channel.access_token = "first"
        cls.channel.app_secret = "dummy"
        cls.start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
        cls.channel.pull_cursor = cls.start.replace(tzinfo=None)

    def setUp(self):
        super().setUp()
        # Inside a test nothing is committed; that it is in between is what the tests with real connections show.
        self.fake = self.enterContext(FakePlainShop())
        self.channel.platform_url = self.fake.url
        self.patch(self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: 60.0)

    def at(self, minutes):
        return int((self.start + timedelta(minutes=minutes)).timestamp())

    def orders(self):
        return self.env["sale.order"].search([("channel_id", "=", self.channel.id)], order="channel_order_ref")

    def read(self):
        self.env["distrib.inbox.message"]._cron_process()
