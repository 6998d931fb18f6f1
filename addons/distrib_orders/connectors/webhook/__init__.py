"""The open interface for everything without a connector of its own: signed JSON pushed to us, in our own words."""

from ..registry import Platform, register
from .mapper import read_order
from .push import WebhookPush

PLATFORM = register(Platform("webhook", "Signed webhook", None, read_order, push=WebhookPush()))
