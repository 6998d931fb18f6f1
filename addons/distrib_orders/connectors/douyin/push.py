"""Messages of Douyin: a list of them in each call, more than once and in any sequence. They say which order to fetch."""

import hmac
import json
from typing import Any

from ..types import Account, Answer, Notice, Push
from .sign import event_signature

PROBE = "0"  # the tag by which the platform tries our address


class DouyinPush:
    """``account.key`` and ``account.secret`` of the app sign the raw body."""

    def verify(self, push: Push, account: Account, now: float) -> bool:
        given = next((value for key, value in push.headers.items() if key.lower() == "event-sign"), "")
        good = event_signature(account.key, push.body, account.secret)
        return bool(account.secret) and hmac.compare_digest(given.strip().lower().encode(), good.encode())

    def read(self, push: Push, account: Account) -> list[Notice]:
        found = json.loads(push.body.decode("utf-8"))
        if not isinstance(found, list):
            raise ValueError("a push holds a list of messages")
        notices = [_notice(message, account) for message in found]
        return list(dict.fromkeys(notice for notice in notices if notice))

    def answer(self, push: Push, account: Account, good: bool) -> Answer:
        body = {"code": 0, "msg": "success"} if good else {"code": 1, "msg": "refused"}
        return Answer(200 if good else 403, json.dumps(body, separators=(",", ":")), "application/json")


def _notice(message: Any, account: Account) -> Notice | None:
    """The order of one message; one that cannot be read is kept for someone to look at, and the others go on."""
    try:
        if str(message["tag"]) == PROBE:
            return None
        data = message["data"]
        data = json.loads(data) if isinstance(data, str) else data
        shop, order = str(data.get("shop_id") or ""), str(data.get("p_id") or "")
    except (AttributeError, KeyError, TypeError, ValueError):
        return Notice("", payload=json.dumps(message, ensure_ascii=False))
    if account.shop and shop and shop != account.shop:  # an app gets the messages of all of its shops
        return None
    return Notice(order) if order else None
