"""Taobao and Tmall (TOP)."""

from ..registry import Platform, register
from .client import GATEWAY, TopClient
from .mapper import read_order, read_refund

PLATFORM = register(
    Platform("top", "Taobao and Tmall", TopClient, read_order, read_refund, default_url=GATEWAY, token_lasts=False)
)
