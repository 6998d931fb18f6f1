"""TOP's signature over the parameters of a call."""

import hashlib
import hmac
from collections.abc import Mapping

METHODS = ("md5", "hmac", "hmac-sha256")


def signature(params: Mapping[str, str], secret: str, method: str = "md5") -> str:
    """The signature that belongs to parameters, as they are before URL encoding; ``sign`` and empty ones do not count.

    Raises ValueError for a method that TOP does not know.

    >>> signature({"b": "2", "a": "1", "sign": "x", "c": ""}, "dummy")
    'C20EAA650DC7474EF298DA7499CD5989'
    """
    if method not in METHODS:
        raise ValueError(f"TOP signs with {', '.join(METHODS)}, not with {method}")
    text = "".join(f"{key}{params[key]}" for key in sorted(params) if key != "sign" and params[key] not in (None, ""))
    if method == "md5":
        return hashlib.md5(f"{secret}{text}{secret}".encode(), usedforsecurity=False).hexdigest().upper()
    digest = "md5" if method == "hmac" else "sha256"
    return hmac.new(secret.encode(), text.encode(), digest).hexdigest().upper()
