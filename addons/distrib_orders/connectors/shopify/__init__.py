"""Shopify: orders pulled by change over GraphQL, webhooks as hints, money as decimal strings."""

from ..registry import Platform, register
from .client import ShopifyClient
from .mapper import read_order
from .push import ShopifyPush

PLATFORM = register(Platform("shopify", "Shopify", ShopifyClient, read_order, push=ShopifyPush()))
