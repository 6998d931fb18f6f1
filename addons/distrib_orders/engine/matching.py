"""Articles of a platform and our products: what names an article, and which product it might be."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

from .intake import Line

GOOD = 60.0  # below it a likeness of names is chance


@dataclass(frozen=True, slots=True)
class Product:
    """One of ours; empty text where it has none."""

    id: int
    code: str = ""
    barcode: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product for an article: ``score`` 0..100, ``by`` is ``code``, ``barcode`` or ``name``."""

    product: int
    score: float
    by: str


def key_of(platform_sku: str, platform_item: str, code: str) -> str:
    """What one article of a channel is told from the others by; the platform's own number first.

    >>> key_of("991", "8", "TEA"), key_of("", "8", "TEA"), key_of("", "", "TEA")
    ('s:991', 'i:8/TEA', 'c:TEA')
    """
    if platform_sku:
        return f"s:{platform_sku}"
    return f"i:{platform_item}/{code}" if platform_item else f"c:{code}"


def key_of_line(line: Line) -> str:
    """The key of the article of an order's line."""
    return key_of(line.platform_sku, line.platform_item, line.sku)


def suggest(articles: Sequence[tuple[str, str]], products: Iterable[Product]) -> list[Suggestion | None]:
    """The likeliest product for each article, a pair (code, title), or None.

    A code that differs only in case, blanks and dashes counts nearly as much as the same one; names are compared by
    the words and characters they share.

    >>> ours = [Product(1, "TEA-01", "6901", "龙井绿茶 250克"), Product(2, "N-7", "", "Rice noodles")]
    >>> suggest([("tea 01", ""), ("6901", ""), ("", "【旗舰店】龙井绿茶250克 新茶"), ("", "umbrella")], ours)[:2]
    [Suggestion(product=1, score=95.0, by='code'), Suggestion(product=1, score=95.0, by='barcode')]
    >>> [found and found.product for found in suggest([("", "【旗舰店】龙井绿茶250克 新茶"), ("", "umbrella")], ours)]
    [1, None]
    """
    known = list(products)
    codes = {_plain(product.code): product.id for product in known if product.code}
    barcodes = {_plain(product.barcode): product.id for product in known if product.barcode}
    names = {product.id: _plain(product.name) for product in known if product.name}
    found: list[Suggestion | None] = []
    for code, title in articles:
        plain = _plain(code)
        if plain and plain in codes:
            found.append(Suggestion(codes[plain], 95.0, "code"))
        elif plain and plain in barcodes:
            found.append(Suggestion(barcodes[plain], 95.0, "barcode"))
        else:
            found.append(_by_name(title, names))
    return found


def _by_name(title: str, names: dict[int, str]) -> Suggestion | None:
    # Titles of shops carry much around the name, and Chinese has no blanks: the best part of the title counts.
    best = process.extractOne(_plain(title), names, scorer=fuzz.partial_ratio, score_cutoff=GOOD) if title else None
    return Suggestion(best[2], round(min(best[1], 90.0), 1), "name") if best else None


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", utils.default_process(text or ""))
