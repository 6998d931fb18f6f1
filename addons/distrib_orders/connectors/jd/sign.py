"""JD's signature over the parameters of a call."""

import hashlib
from collections.abc import Mapping


def signature(params: Mapping[str, str], secret: str) -> str:
    """The signature that belongs to parameters, as they are before URL encoding; ``sign`` and empty ones do not count.

    >>> signature({"b": "2", "a": "1", "sign": "x", "c": ""}, "dummy")
    'C20EAA650DC7474EF298DA7499CD5989'
    """
    text = "".join(f"{key}{params[key]}" for key in sorted(params) if key != "sign" and params[key] not in (None, ""))
    return hashlib.md5(f"{secret}{text}{secret}".encode(), usedforsecurity=False).hexdigest().upper()
