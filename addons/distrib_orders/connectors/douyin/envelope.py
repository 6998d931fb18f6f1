"""How Douyin packs what it says, and its errors, which come as HTTP 200."""

from collections.abc import Mapping
from typing import Any

from ..errors import ChannelError, Refused, TokenExpired, TryLater, Unknown

GOOD = 10000
BUSY = 20000


def content(found: Any) -> Any:
    """What is inside an answer. Raises what its error means.

    >>> content({"code": 10000, "data": {"page": 0}})
    {'page': 0}
    """
    if not isinstance(found, Mapping) or "code" not in found:
        raise Unknown("the answer has no code", "no_code")
    if int(found["code"]) != GOOD:
        raise trouble(found)
    return found.get("data") or {}


def trouble(found: Mapping[str, Any]) -> ChannelError:
    """What an error means: its ``sub_code`` says whose side it is on.

    >>> codes = ("isv.access-token-expired", "isv.call-limited", "isp.service-timeout", "isp.service-error", "isv.x")
    >>> [type(trouble({"code": 50002, "sub_code": code})).__name__ for code in codes]
    ['TokenExpired', 'TryLater', 'Unknown', 'TryLater', 'Refused']
    """
    code, sub = str(found["code"]), str(found.get("sub_code") or "")
    text = str(found.get("sub_msg") or found.get("msg") or "no reason given")
    if "access-token" in sub:
        return TokenExpired(text, sub)
    if "limit" in sub:
        return TryLater(text, sub)
    if sub.startswith("isp.") and "timeout" in sub:
        return Unknown(text, sub)
    if sub.startswith("isp.") or (not sub and code == str(BUSY)):
        return TryLater(text, sub or code)
    return Refused(text, sub or code)
