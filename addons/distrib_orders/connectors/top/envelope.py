"""How TOP packs what it says: with wrappers or, with ``simplify``, without them; and its errors, which come as HTTP 200."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..errors import ChannelError, Refused, TokenExpired, TryLater, Unknown
from ..order import CHINA

SESSION_CODES = {"26", "27"}
BUSY_CODES = {"15", "900", "901", "902"}  # a service behind the gateway failed
LIMIT = "accesscontrol.limited-by-"
DAILY_LIMIT = LIMIT + "app-access-count"


def content(found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What is inside an answer. Raises what its error means; ``now`` (UTC) tells how long a day's limit still lasts.

    >>> now = datetime(2026, 1, 1, 15, 59, tzinfo=__import__("datetime").UTC)
    >>> content({"time_get_response": {"time": "x", "request_id": "r"}}, now)["time"], content({"time": "x"}, now)
    ('x', {'time': 'x'})
    """
    if not isinstance(found, Mapping):
        raise Unknown("the answer is no object", "not_an_object")
    if "error_response" in found:
        raise trouble(found["error_response"], now)
    for key, inside in found.items():
        if key.endswith("_response") and isinstance(inside, Mapping):
            return dict(inside)
    if "code" in found and "msg" in found:
        raise trouble(found, now)
    return dict(found)


def listed(inside: Mapping[str, Any], outer: str, inner: str) -> list:
    """A list, wrapped twice or not; empty when it is missing.

    >>> listed({"trades": {"trade": [1]}}, "trades", "trade"), listed({"trades": [1]}, "trades", "trade")
    ([1], [1])
    >>> listed({"trades": {"trade": {"tid": 1}}}, "trades", "trade"), listed({}, "trades", "trade")
    ([{'tid': 1}], [])
    """
    found = inside.get(outer)
    if isinstance(found, Mapping):
        found = found.get(inner)
    if found is None or found == "":
        return []
    return list(found) if isinstance(found, list) else [found]


def trouble(error: Mapping[str, Any], now: datetime) -> ChannelError:
    """What an error body means. Limits say for how long, ``isp.*`` is the platform's side, the rest is ours.

    >>> now = datetime(2026, 1, 1, 15, 59, tzinfo=__import__("datetime").UTC)
    >>> body = {"code": 7, "sub_code": "accesscontrol.limited-by-api-access-count"}
    >>> trouble({**body, "sub_msg": "This ban will last for 3 more seconds"}, now).after
    4.0
    >>> trouble({"code": 7, "sub_code": "accesscontrol.limited-by-app-access-count"}, now).after
    60.0
    """
    code, sub = str(error.get("code") or ""), str(error.get("sub_code") or "")
    text = str(error.get("sub_msg") or error.get("msg") or "no reason given")
    if code in SESSION_CODES:
        return TokenExpired(text, sub or code)
    if sub == DAILY_LIMIT:
        return TryLater(text, sub, _until_midnight(now))
    if sub.startswith(LIMIT) or code == "7" or sub == "isp.call-limited":
        seconds = re.search(r"(\d+)\s+more\s+second", text)
        return TryLater(text, sub or code, float(seconds[1]) + 1 if seconds else None)
    if sub.startswith("isp.") and "timeout" in sub:
        return Unknown(text, sub)
    if sub.startswith("isp.") or (not sub and code in BUSY_CODES):
        return TryLater(text, sub or code)
    return Refused(text, sub or code)


def _until_midnight(now: datetime) -> float:
    """Seconds until the next day of Beijing begins."""
    here = now.astimezone(CHINA)
    tomorrow = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (tomorrow - here).total_seconds()
