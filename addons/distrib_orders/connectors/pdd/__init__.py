"""Pinduoduo."""

from ..registry import Platform, register
from .client import GATEWAY, PddClient
from .mapper import read_order, read_refund

PLATFORM = register(
    Platform("pdd", "Pinduoduo", PddClient, read_order, read_refund, default_url=GATEWAY, token_lasts=False)
)
