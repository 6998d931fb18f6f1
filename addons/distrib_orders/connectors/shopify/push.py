"""Webhooks. They come more than once and in any sequence, so all that is taken from them is which order to fetch."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from ..types import Account, Answer, Notice, Push

ABOUT_ORDERS = ("orders/", "orders_", "order_transactions/")
BELOW_ORDERS = ("refunds/", "fulfillments/", "fulfillment_events/")


def signature(secret: str, body: bytes) -> str:
    """``X-Shopify-Hmac-Sha256`` of a raw body.

    >>> signature("dummysecret", b'{"id":1}')
    '8+Q1iSMyumxdrU0mDnUjyV9rT7T0ieoCVjYNFyHrcA8='
    """
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class ShopifyPush:
    """``account.secret`` is the app's client secret. The time stamp is not signed, so it proves nothing and is not asked."""

    def verify(self, push: Push, account: Account, now: float) -> bool:
        given = _header(push.headers, "X-Shopify-Hmac-Sha256").strip()
        if not account.secret or not hmac.compare_digest(given.encode(), signature(account.secret, push.body).encode()):
            return False
        # One app's secret signs for all shops that use the app.
        shop = _header(push.headers, "X-Shopify-Shop-Domain").lower()
        return not account.shop or shop in (account.shop.lower(), f"{account.shop.lower()}.myshopify.com")

    def read(self, push: Push, account: Account) -> list[Notice]:
        topic = _header(push.headers, "X-Shopify-Topic").lower()
        found = json.loads(push.body.decode("utf-8"))
        if not isinstance(found, dict):
            raise ValueError("a webhook holds one object")
        if topic.startswith(BELOW_ORDERS):
            number = found.get("order_id")
        elif topic.startswith(ABOUT_ORDERS):
            number = found.get("order_id") or found.get("id")
        else:
            return []
        if not number:
            raise ValueError(f"the webhook {topic} names no order")
        return [Notice(str(number))]

    def answer(self, push: Push, account: Account, good: bool) -> Answer:
        return Answer(200, "ok") if good else Answer(401, "refused")


def _header(headers: Mapping[str, str], name: str) -> str:
    """Header names have no case, and servers on the way write them as they like."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")
