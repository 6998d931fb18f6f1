"""The platforms that the suite speaks with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from .client import Client
from .types import Account, Answer, Notice, Push


class PushReader(Protocol):
    """How a platform calls us. All of it is pure: the clock is an argument."""

    def verify(self, push: Push, account: Account, now: float) -> bool:
        """Whether the push comes from the platform, judged over its raw body. Never raises."""

    def read(self, push: Push, account: Account) -> list[Notice]:
        """What it is about. Called after ``verify``; raises ValueError when the body cannot be read."""

    def answer(self, push: Push, account: Account, good: bool) -> Answer:
        """What the platform is told."""


@dataclass(frozen=True)
class Platform:
    """``read_order`` turns a payload into our words (see :mod:`.order`); ``read_refund`` does the same for a refund.

    A refund in our words: ``external_id`` of the order, ``refund_id``, ``version``, ``status`` (``requested``,
    ``agreed``, ``done``, ``closed``), ``line_id`` (empty: the whole order), ``quantity``, ``amount``, ``returns_goods``.
    """

    code: str
    name: str
    client: type[Client] | None
    read_order: Callable[[Mapping[str, Any], Account], dict]
    read_refund: Callable[[Mapping[str, Any], Account], dict] | None = None
    push: PushReader | None = None
    default_url: str = ""
    token_lasts: bool = True  # false: a token has to be renewed


_PLATFORMS: dict[str, Platform] = {}


def register(platform: Platform) -> Platform:
    """Make a platform known. Raises ValueError when its code is taken."""
    if platform.code in _PLATFORMS:
        raise ValueError(f"a platform named {platform.code} is registered already")
    _PLATFORMS[platform.code] = platform
    return platform


def get(code: str) -> Platform:
    """The platform of a code; KeyError when there is none."""
    return platforms()[code]


def platforms() -> dict[str, Platform]:
    """All platforms by code."""
    _load()
    return _PLATFORMS


@cache
def _load() -> None:
    """Each folder registers itself when it is imported; some may have been imported before the others were asked for."""
    from . import (
        douyin,  # noqa: F401
        jd,  # noqa: F401
        pdd,  # noqa: F401
        shopify,  # noqa: F401
        top,  # noqa: F401
        webhook,  # noqa: F401
        wechat_mini,  # noqa: F401
        wechat_shop,  # noqa: F401
    )
