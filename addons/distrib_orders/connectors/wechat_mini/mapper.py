"""Orders of the mini-program come in our words, with ``payment``: what WeChat Pay knows the order by.

``payment`` has ``transaction_id``, or ``mchid`` and ``out_trade_no``; ``openid`` of the buyer; ``combined`` with the same
keys for the payment that this order is a part of; ``logistics_type`` where it is not sent by a carrier (2 within the city,
3 nothing to send, 4 fetched).
"""

from collections.abc import Mapping
from typing import Any

from ..types import Account


def read_order(payload: Mapping[str, Any], account: Account) -> dict:
    """The payload itself; the payment is for the shipping upload alone."""
    return {key: value for key, value in payload.items() if key != "payment"}
