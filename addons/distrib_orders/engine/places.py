"""Find the region that the words of a Chinese (or any) address name."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# What may be left out of a name in daily use: 广东 = 广东省, 内蒙古 = 内蒙古自治区.
_SUFFIX = re.compile(
    r"(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|自治县|地区|省|市|盟|区|县"
    r"|\s+(?:province|municipality|autonomous region|city|district|county))$"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A region; ``names`` in every language, ``parent`` is another place's id or None."""

    id: int
    parent: int | None
    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Gazetteer:
    """Places by plain name, ready for :meth:`find`."""

    places: Mapping[int, Place]
    by_name: Mapping[tuple[str, str], tuple[int, ...]] = field(repr=False)

    @classmethod
    def of(cls, places: Iterable[Place]) -> "Gazetteer":
        """Index the places once; looking up is then a matter of dictionary reads."""
        known = {place.id: place for place in places}
        index: dict[tuple[str, str], list[int]] = {}
        for place in known.values():
            for name in {plain(name) for name in place.names}:
                index.setdefault((place.kind, name), []).append(place.id)
        return cls(known, {key: tuple(ids) for key, ids in index.items()})

    def find(self, province: str = "", city: str = "", district: str = "") -> int | None:
        """The id of the deepest place named that lies within the ones named above it, or None.

        A municipality may be given as province, as city or as both. Where the city is left out, as platforms do
        for county-level cities that a province governs itself, the district is tried as a city.

        >>> china = Gazetteer.of([
        ...     Place(1, None, "province", ("广东省", "Guangdong")), Place(2, 1, "city", ("广州市", "Guangzhou")),
        ...     Place(3, None, "province", ("上海市", "Shanghai"))])
        >>> china.find("广东", "广州"), china.find("", "guangzhou city"), china.find("上海市", "上海市", "浦东新区")
        (2, 2, 3)
        >>> china.find("广东省", "", "广州市"), china.find("Guangdong", "Nowhere"), china.find("Atlantis")
        (2, 1, None)
        """
        found: int | None = None
        for kind, name in (
            ("province", province), ("province", "" if province else city),
            ("city", city), ("city", "" if city else district), ("district", district),
        ):  # fmt: skip
            inside = [p for p in self.by_name.get((kind, plain(name)), ()) if found is None or self._within(p, found)]
            # Two places of one name tell nothing, unless the one above was named too.
            if name and len(inside) == 1:
                found = inside[0]
        return found

    def above(self, place: int, kind: str) -> int | None:
        """The id of the place of a kind that holds ``place``, itself included."""
        step: int | None = place
        while step is not None and step in self.places:
            if self.places[step].kind == kind:
                return step
            step = self.places[step].parent
        return None

    def _within(self, place: int, outer: int) -> bool:
        step: int | None = place
        while step is not None:
            if step == outer:
                return True
            step = self.places[step].parent if step in self.places else None
        return False


def plain(name: str) -> str:
    """A name without case and without the word for its rank; a name is never emptied.

    >>> plain("内蒙古自治区"), plain(" Guangdong Province"), plain("上海市"), plain("市")
    ('内蒙古', 'guangdong', '上海', '市')
    """
    name = " ".join(name.split()).casefold()
    short = _SUFFIX.sub("", name)
    return short if len(short) > 1 else name
