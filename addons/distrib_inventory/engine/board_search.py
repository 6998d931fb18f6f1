"""Search over names and codes: one long lower-case string, scanned with ``str.find``.

A word of the search box is a place ("华北", a warehouse's code) or goods (a name, a code, a bar code); which of the
two is decided by where it fits best. Words are joined by "and".
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

EXACT, PREFIX, INSIDE, NONE = 3, 2, 1, 0
WIDE = 500
"""A word that fits more goods than this is the beginning of one: it narrows nothing yet, and costs nothing."""
_BORDER, _END = "\x1f", "\n"


class Names:
    """Entries of several texts each (name, code, bar code), found by any part of any of them."""

    def __init__(self, entries: Iterable[tuple[int, Iterable[str | None]]]):
        self.ids: list[int] = []
        self._starts: list[int] = []
        parts, length = [], 0
        for key, texts in entries:
            text = _BORDER + _BORDER.join(_clean(t) for t in texts if t) + _BORDER + _END
            self.ids.append(key)
            self._starts.append(length)
            parts.append(text)
            length += len(text)
        self._text = "".join(parts)

    def find(self, word: str) -> tuple[int, set[int]]:
        """The best way in which the word fits anywhere, and the ids for which it fits that way.

        >>> names = Names([(1, ["Green Tea", "SKU1"]), (2, ["Tea", "SKU12"])])
        >>> names.find("sku1"), names.find("sku"), names.find("een"), names.find("x")
        ((3, {1}), (2, {1, 2}), (1, {1}), (0, set()))
        """
        word = _clean(word)
        if not word:
            return NONE, set()
        for quality, pattern in ((EXACT, _BORDER + word + _BORDER), (PREFIX, _BORDER + word), (INSIDE, word)):
            if found := self._scan(pattern):
                return quality, found
        return NONE, set()

    def inside(self, word: str) -> set[int]:
        """All ids that hold the word anywhere.

        >>> sorted(Names([(1, ["Green Tea"]), (2, ["Tea"])]).inside("tea"))
        [1, 2]
        """
        return self._scan(_clean(word)) if word.strip() else set()

    def _scan(self, pattern: str) -> set[int]:
        found, at = set(), self._text.find(pattern)
        while at >= 0:
            place = bisect_right(self._starts, at) - 1
            found.add(self.ids[place])
            at = self._text.find(pattern, self._text.index(_END, at))
        return found


@dataclass(frozen=True)
class Found:
    """What the words mean. ``None``: not restricted. ``words`` says how each word was understood."""

    warehouses: frozenset[int] | None = None
    products: frozenset[int] | None = None
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Index:
    """Everything the search box knows.

    ``below`` gives the warehouses of a region with all its parts, ``goods`` the products of a category.
    """

    regions: Names
    warehouses: Names
    products: Names
    codes: Names
    categories: Names
    below: dict[int, frozenset[int]] = field(default_factory=dict)
    goods: dict[int, frozenset[int]] = field(default_factory=dict)

    def places(self, word: str) -> tuple[int, set[int]]:
        """The warehouses that a word stands for, by region, name or code."""
        region_fit, regions = self.regions.find(word)
        fit, found = self.warehouses.find(word)
        if fit == EXACT > region_fit:
            return fit, found
        # A region's name is often a part of its warehouses' names: both are meant.
        found = self.warehouses.inside(word) | {w for region in regions for w in self.below.get(region, ())}
        return (max(fit, region_fit), found) if found else (NONE, set())

    def things(self, word: str) -> tuple[int, set[int]]:
        """The products that a word stands for, by code, bar code, name or category."""
        code_fit, coded = self.codes.find(word)
        if code_fit == EXACT:
            return EXACT, coded
        fit, _best = self.products.find(word)
        category_fit, categories = self.categories.find(word)
        found = self.products.inside(word) | coded
        if category_fit >= PREFIX:
            found |= {p for category in categories for p in self.goods.get(category, ())}
        return (max(fit, code_fit, category_fit), found) if found else (NONE, set())

    def understand(self, text: str) -> Found:
        """Read the search box.

        Several words of one kind must all fit; where they cannot, any of them may (two codes, two cities).

        >>> index = Index(
        ...     Names([(1, ["North", "华北"])]), Names([(10, ["Beijing", "BJ"]), (11, ["Wuhan", "WH"])]),
        ...     Names([(5, ["Tea"])]), Names([(5, ["SKU1"])]), Names([]), {1: frozenset([10])})
        >>> index.understand("华北 sku1")
        Found(warehouses=frozenset({10}), products=frozenset({5}), words=(('华北', 'place'), ('sku1', 'goods')))
        >>> index.understand("华北tea").words, index.understand("zzz").words
        ((('华北', 'place'), ('tea', 'goods')), (('zzz', 'nothing'),))
        """
        places: list[set[int]] = []
        goods: list[set[int]] = []
        understood = []
        words = text.split()
        while words:
            word = words.pop(0)
            place_fit, place = self.places(word)
            goods_fit, thing = self.things(word)
            if place_fit == goods_fit == NONE:
                if halves := self._split(word):
                    words[:0] = halves
                    continue
                understood.append((word, "nothing"))
                goods.append(set())
            elif place_fit >= goods_fit:
                understood.append((word, "place"))
                places.append(place)
            elif len(thing) > WIDE and self.categories.find(word)[0] < EXACT:
                understood.append((word, "wide"))
            else:
                understood.append((word, "goods"))
                goods.append(thing)
        return Found(_together(places), _together(goods), tuple(understood))

    def _split(self, word: str) -> list[str]:
        """ "华北SKU1" typed without a blank: the longest beginning that is a place, and the rest."""
        for at in range(min(len(word) - 1, 12), 1, -1):
            if self.places(word[:at])[0] >= PREFIX and (self.things(word[at:])[0] or self.places(word[at:])[0]):
                return [word[:at], word[at:]]
        return []


def _together(sets: list[set[int]]) -> frozenset[int] | None:
    if not sets:
        return None
    common = set.intersection(*sets)
    return frozenset(common if common or not all(sets) else set.union(*sets))


def _clean(text: str) -> str:
    return re.sub(r"[\x1f\s]+", " ", text).strip().lower()
