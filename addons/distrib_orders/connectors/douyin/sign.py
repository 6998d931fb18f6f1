"""Douyin's signatures over a call of ours and over a push of its own."""

import hashlib
import hmac
import json
from typing import Any


def packed(params: dict[str, Any]) -> str:
    """The parameters of a call as they are signed and sent: sorted at every depth, nothing escaped.

    >>> packed({"b": 1, "a": {"d": "<&>", "c": "茶"}})
    '{"a":{"c":"茶","d":"<&>"},"b":1}'
    """
    return json.dumps(params, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def signature(key: str, method: str, param_json: str, timestamp: str, secret: str) -> str:
    """The signature of a call (hmac-sha256).

    >>> signature("AK", "a.b", "{}", "1", "dummy")[:16]
    '49e625e7f399d5ee'
    """
    text = f"app_key{key}method{method}param_json{param_json}timestamp{timestamp}v2"
    return hmac.new(secret.encode(), f"{secret}{text}{secret}".encode(), hashlib.sha256).hexdigest()


def event_signature(key: str, body: bytes, secret: str) -> str:
    """``event-sign`` of a raw body.

    >>> event_signature("AK", b'[{"tag":"100","msg_id":"m1","data":"{}"}]', "dummysecret")
    '37bc1d1be491c19dcabfed9cf36edadb'
    """
    return hashlib.md5(key.encode() + body + secret.encode(), usedforsecurity=False).hexdigest()
