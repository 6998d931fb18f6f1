"""Calls of WeChat: the test of our address, and events that name an order. Nothing of an event is believed but its name."""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from ..types import Account, Answer, Notice, Push
from . import crypto

WINDOW = 600  # seconds between the platform's time stamp and our clock
ORDER_EVENTS = "channels_ec_order_"
REFUND_EVENT = "channels_ec_aftersale_update"


class WechatPush:
    """``account.push_token`` is the Token, ``account.push_key`` the EncodingAESKey of the message settings.

    With a key set only encrypted events are taken: in plain mode the signature says nothing about the body.
    """

    def verify(self, push: Push, account: Account, now: float) -> bool:
        stamp, nonce = push.query.get("timestamp", ""), push.query.get("nonce", "")
        if not account.push_token or not stamp.isdecimal() or abs(int(stamp) - now) > WINDOW:
            return False
        if account.push_key and push.body:
            try:
                sealed = str(_tree(push.body)["Encrypt"])
                good = crypto.signature(account.push_token, stamp, nonce, sealed)
                if not crypto.same(push.query.get("msg_signature", ""), good):
                    return False
                crypto.decrypt(account.push_key, account.key, sealed)
            except (KeyError, ValueError):
                return False
            return True
        return crypto.same(push.query.get("signature", ""), crypto.signature(account.push_token, stamp, nonce))

    def greet(self, push: Push, account: Account) -> Answer:
        """The platform tries our address before it uses it: it wants its own text back."""
        return Answer(200, push.query.get("echostr", ""))

    def read(self, push: Push, account: Account) -> list[Notice]:
        found = _tree(push.body)
        if "Encrypt" in found:
            found = _tree(crypto.decrypt(account.push_key, account.key, str(found["Encrypt"])).encode())
        order = _order_of(found)
        return [Notice(order)] if order else []

    def answer(self, push: Push, account: Account, good: bool) -> Answer:
        return Answer(200, "success") if good else Answer(403, "refused")


def _order_of(event: Mapping[str, Any]) -> str:
    """The order that an event is about; empty for events of other things.

    >>> _order_of({"Event": "channels_ec_order_pay", "order_info": {"order_id": 3737552192816962560}})
    '3737552192816962560'
    >>> _order_of({"Event": "channels_ec_aftersale_update", "finder_shop_aftersale_status_update": {"order_id": "7"}})
    '7'
    >>> _order_of({"Event": "product_spu_audit"})
    ''
    """
    kind = str(event.get("Event") or "")
    if kind.startswith(ORDER_EVENTS):
        about = event.get("order_info")
    elif kind == REFUND_EVENT:
        about = event.get("finder_shop_aftersale_status_update")
    else:
        return ""
    if not isinstance(about, Mapping) or not about.get("order_id"):
        raise ValueError(f"the event {kind} names no order")
    return str(about["order_id"])


def _tree(body: bytes) -> dict[str, Any]:
    """A message as a dict, whether the account sends JSON or XML. Raises ValueError."""
    text = body.decode("utf-8").strip()
    if text.startswith("<"):
        if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
            raise ValueError("a message has no document type")
        try:
            return _branch(ElementTree.fromstring(text))
        except ElementTree.ParseError as error:
            raise ValueError(f"not XML: {error}") from error
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("a message is an object")
    return found


def _branch(element: ElementTree.Element) -> dict[str, Any]:
    return {child.tag: _branch(child) if len(child) else (child.text or "").strip() for child in element}
