"""Pinduoduo's signature: that of TOP with MD5."""

from collections.abc import Mapping

from ..top.sign import signature as signed_as_top


def signature(params: Mapping[str, str], secret: str) -> str:
    """The signature over the texts of a call.

    >>> signature({"b": "2", "a": "1", "sign": "x"}, "dummy")
    'C20EAA650DC7474EF298DA7499CD5989'
    """
    return signed_as_top(params, secret, "md5")


def text(value: object) -> str:
    """A value as it is signed and sent: booleans in lower case.

    >>> text(True), text(5), text("a")
    ('true', '5', 'a')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
