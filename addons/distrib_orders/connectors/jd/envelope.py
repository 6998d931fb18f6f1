"""How JD packs what it says. Its wrapper is misspelt, and errors come as HTTP 200 in three shapes."""

from collections.abc import Mapping
from typing import Any

from ..errors import ChannelError, Refused, TokenExpired, TryLater, Unknown

TOKEN_CODES = {"19"}
LIMIT_CODES = {"2", "22"}
BUSY_CODES = {"1", "43", "66", "67", "69"}
TIMEOUT_CODES = {"65"}
BUSY_WORDS = ("系统繁忙", "系统异常", "请稍后", "system error", "system busy")
MISSING_WORDS = ("不存在", "not exist")
NOT_THERE = "not_there"  # our own word: JD words it differently in each call


def content(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is inside an answer. Raises what its error means.

    >>> content({"jingdong_x_responce": {"code": "0", "result": {"success": "true", "id": 7}}})["result"]["id"]
    7
    >>> content({"code": "19", "errorMessage": "无效access_token"})
    Traceback (most recent call last):
    distrib_orders.connectors.errors.TokenExpired: 无效access_token
    """
    if not isinstance(found, Mapping):
        raise Unknown("the answer is no object", "not_an_object")
    if isinstance(found.get("error_response"), Mapping):
        raise trouble(found["error_response"])
    inside = next(
        (v for k, v in found.items() if k.endswith(("_responce", "_response")) and isinstance(v, Mapping)), None
    )
    if inside is None:
        raise trouble(found)
    if str(inside.get("code") or "0") != "0":
        raise trouble(inside)
    for part in (inside, *inside.values()):
        result = part.get("apiResult", part) if isinstance(part, Mapping) else None
        if isinstance(result, Mapping) and "success" in result and not yes(result["success"]):
            raise business(result)
    return dict(inside)


def trouble(error: Mapping[str, Any]) -> ChannelError:
    """What an error of the gateway means."""
    code = str(error.get("code") or "")
    words = (error.get(key) for key in ("zh_desc", "errorMessage", "en_desc", "message", "msg"))
    text = next((str(word) for word in words if word), f"no reason given: {str(dict(error))[:200]}")
    if code in TOKEN_CODES:
        return TokenExpired(text, code)
    if code in LIMIT_CODES or code in BUSY_CODES:
        return TryLater(text, code)
    if code in TIMEOUT_CODES:
        return Unknown(text, code)
    return Refused(text, code)


def business(result: Mapping[str, Any]) -> ChannelError:
    """What a call that arrived and was not done means.

    >>> business({"success": False, "chineseErrCode": "系统繁忙,请稍后再试", "numberCode": 9})
    TryLater('系统繁忙,请稍后再试')
    """
    code = str(result.get("numberCode") or result.get("errorCode") or result.get("resultCode") or "")
    words = [
        result.get(key) for key in ("chineseErrCode", "englishErrCode", "errorMsg", "errorMessage", "message", "desc")
    ]
    text = next((str(word) for word in words if word), "no reason given")
    known = " ".join(str(word) for word in words if word).lower()
    if any(word in known for word in BUSY_WORDS):
        return TryLater(text, code)
    return Refused(text, NOT_THERE if any(word in known for word in MISSING_WORDS) else code)


def yes(value: object) -> bool:
    """JD says yes as true or "true".

    >>> yes(True), yes("true"), yes("false"), yes(None)
    (True, True, False, False)
    """
    return str(value).lower() == "true"
