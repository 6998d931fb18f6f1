"""How Pinduoduo packs what it says, and its errors, which come as HTTP 200."""

from collections.abc import Mapping
from typing import Any

from ..errors import ChannelError, Refused, TokenExpired, TryLater, Unknown

TOKEN_CODES = {"10018", "10019"}
LIMIT_CODES = {"70031", "70032", "70033", "70034", "52101", "52102", "52103"}
TIMEOUT_CODES = {"52001"}
BUSY_CODES = {"50000", "52002"}


def content(found: Any) -> dict[str, Any]:
    """What is inside an answer. Raises what its error means.

    >>> content({"order_info_get_response": {"order_info": {}, "request_id": "r"}})
    {'order_info': {}, 'request_id': 'r'}
    """
    if not isinstance(found, Mapping):
        raise Unknown("the answer is no object", "not_an_object")
    if "error_response" in found:
        raise trouble(found["error_response"])
    for key, inside in found.items():
        if key.endswith("_response") and isinstance(inside, Mapping):
            return dict(inside)
    raise Unknown("the answer has no content", "no_content")


def trouble(error: Mapping[str, Any]) -> ChannelError:
    """What an error body means.

    >>> [type(trouble({"error_code": code})).__name__ for code in (10019, 70031, 52001, 52002, 50001)]
    ['TokenExpired', 'TryLater', 'Unknown', 'TryLater', 'Refused']
    """
    code = str(error.get("error_code") or "")
    text = str(error.get("sub_msg") or error.get("error_msg") or "no reason given")
    for codes, kind in ((TOKEN_CODES, TokenExpired), (LIMIT_CODES | BUSY_CODES, TryLater), (TIMEOUT_CODES, Unknown)):
        if code in codes:
            return kind(text, code)
    return Refused(text, code)
