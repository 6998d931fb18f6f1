"""JD (JOS)."""

from ..registry import Platform, register
from .client import GATEWAY, JdClient
from .mapper import read_order, read_refund

PLATFORM = register(Platform("jd", "JD", JdClient, read_order, read_refund, default_url=GATEWAY, token_lasts=False))
