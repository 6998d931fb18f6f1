"""Douyin's shops (抖店)."""

from ..registry import Platform, register
from .client import GATEWAY, DouyinClient
from .mapper import read_order
from .push import DouyinPush

PLATFORM = register(
    Platform("douyin", "Douyin", DouyinClient, read_order, push=DouyinPush(), default_url=GATEWAY, token_lasts=False)
)
