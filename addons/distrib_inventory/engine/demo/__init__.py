"""A seeded generator of a distribution network with a year of sales behind it."""

from .generate import generate
from .types import (
    Category,
    City,
    Dealer,
    DemoNetwork,
    History,
    Order,
    Product,
    Promotion,
    Supplier,
    Supply,
    Warehouse,
    Weather,
)

__all__ = [
    "Category",
    "City",
    "Dealer",
    "DemoNetwork",
    "History",
    "Order",
    "Product",
    "Promotion",
    "Supplier",
    "Supply",
    "Warehouse",
    "Weather",
    "generate",
]
