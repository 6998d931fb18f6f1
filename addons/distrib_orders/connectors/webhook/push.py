"""Signature and content of pushes in our own words.

``X-Distrib-Timestamp``: seconds since 1970, at most :data:`WINDOW` from our clock. ``X-Distrib-Signature``: lower-case
hex of HMAC-SHA256, key = the channel's secret, message = time stamp, a full stop, the raw body. The body is one order or a
list of at most :data:`MOST` of them.
"""

import hashlib
import hmac
import json

from ..types import Account, Answer, Notice, Push

WINDOW = 300
MOST = 1000


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The signature that belongs to a body.

    >>> signature("dummy", "1767294245", b"{}")[:16]
    '92c97e71a24a82f5'
    """
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class WebhookPush:
    def verify(self, push: Push, account: Account, now: float) -> bool:
        stamp = push.headers.get("X-Distrib-Timestamp", "")
        given = push.headers.get("X-Distrib-Signature", "")
        if not account.secret or not stamp.isdecimal() or abs(int(stamp) - now) > WINDOW:
            return False
        return hmac.compare_digest(signature(account.secret, stamp, push.body), given.strip().lower())

    def read(self, push: Push, account: Account) -> list[Notice]:
        found = json.loads(push.body.decode("utf-8"))
        orders = found if isinstance(found, list) else [found]
        if len(orders) > MOST:
            raise ValueError(f"a push holds at most {MOST} orders, this one {len(orders)}")
        return [_notice(order) for order in orders]

    def answer(self, push: Push, account: Account, good: bool) -> Answer:
        return Answer(200 if good else 401, json.dumps({"accepted": good}), "application/json")


def _notice(order: object) -> Notice:
    known = order if isinstance(order, dict) else {}
    return Notice(
        str(known.get("external_id") or ""),
        str(known.get("version") or ""),
        json.dumps(order, ensure_ascii=False),
    )
