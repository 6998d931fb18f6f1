"""Orders that come in our own words already."""

from collections.abc import Mapping
from typing import Any

from ..types import Account


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """The payload itself: its sender speaks our words (``docs/api.md``)."""
    return dict(payload)
