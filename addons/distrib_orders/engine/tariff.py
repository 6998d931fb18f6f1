"""What carriers charge: zones of a tariff resolved to lanes, and the cheapest of several tariffs for each parcel.

Letters in shapes: N rows of a tariff, K origins, M locations, R places of destination, D levels of the region tree,
O parcels, T tariffs. Money in one currency, weight in kilograms, volume in cubic metres.

A parcel is billed by its weight or its volume weight (volume / divisor), whichever is more::

    freight = max(minimum, first + per_kg * steps above the included kilograms) * (1 + fuel) + remote surcharge
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ANYWHERE = 0  # as a destination: all places
NONE = -1


def resolve(origin: Ints, destination: Ints, sources: NDArray[np.bool_], above: Ints) -> Ints:
    """(R, M) the row that counts for each lane, or NONE.

    ``origin`` (N) the row's index in ``sources`` (K, M), which says where each origin's goods start, from the most
    general origin to the most special one. ``destination`` (N) region number or ANYWHERE. ``above`` (R, D) each place
    and the regions around it, the closest first, NONE behind. A row of a more special origin counts before a more
    general one's, whatever the destination; of one origin, the smallest region around the place. Of rows that say the
    same the last one counts.

    >>> around = np.array([[3, 1], [2, 1]])
    >>> resolve(np.array([0, 0, 1]), np.array([1, 3, 2]), np.array([[True, True], [False, True]]), around).tolist()
    [[1, 1], [0, 2]]
    """
    found = np.full((len(above), sources.shape[1]), NONE)
    top = max(int(above.max(initial=0)), int(destination.max(initial=0))) + 2
    places = np.concatenate([np.where(above == NONE, top - 1, above), np.zeros((len(above), 1), np.int64)], axis=1)
    for index in range(len(sources)):
        rows = np.flatnonzero(origin == index)
        table = np.full(top, NONE)
        table[destination[rows]] = rows
        seen = table[places]
        best = seen[np.arange(len(seen)), (seen != NONE).argmax(axis=1)]
        found = np.where(sources[index] & (best != NONE)[:, None], best[:, None], found)
    return found


@dataclass(frozen=True)
class Card:
    """One tariff laid over the lanes.

    ``first``, ``per_kg``, ``p50``, ``p90`` (R, M): NaN without a lane; fee up to ``included_kg``, of each kilogram above,
    billed in steps of ``step_kg`` (0: to the gram), days on the road in the middle and in nine cases of ten. ``remote``
    (R). ``divisor``: cubic centimetres that count as a kilogram, 0 where volume does not matter. ``fuel``: 0.08 is 8 %.
    ``grid`` (2, G): weights and prices of a table instead of fees; ``first`` then only says where there is a lane.
    """

    first: Floats
    per_kg: Floats
    p50: Floats
    p90: Floats
    remote: Floats
    included_kg: float = 1.0
    step_kg: float = 1.0
    divisor: float = 0.0
    fuel: float = 0.0
    minimum: float = 0.0
    grid: Floats | None = None

    def billed(self, kilos: ArrayLike, volume: ArrayLike) -> Floats:
        """Kilograms that count: those of the scales or of the volume.

        >>> none = np.zeros((1, 1))
        >>> Card(none, none, none, none, none[0], divisor=6000).billed([2.0, 2.0], [0.006, 0.024]).tolist()
        [2.0, 4.0]
        """
        kilos = np.asarray(kilos, np.float64)
        if not self.divisor:
            return kilos
        return np.maximum(kilos, np.asarray(volume, np.float64) * 1e6 / self.divisor)

    def price(self, places: Ints, kilos: ArrayLike, volume: ArrayLike) -> Floats:
        """(O, M) what a parcel to place ``places`` (O) costs from each location; NaN where there is no lane.

        >>> card = Card(np.array([[8.0]]), np.array([[2.0]]), np.zeros((1, 1)), np.zeros((1, 1)), np.array([5.0]), fuel=0.1)
        >>> card.price(np.array([0, 0]), [0.4, 2.2], [0.0, 0.0]).round(2).tolist()
        [[13.8], [18.2]]
        """
        billed = self.billed(kilos, volume)
        if self.grid is not None:
            fee = self._from_grid(billed)[:, None] + 0.0 * self.first[places]
        else:
            over = np.maximum(billed - self.included_kg, 0.0)
            if self.step_kg:
                over = np.ceil(over / self.step_kg - 1e-9) * self.step_kg
            fee = self.first[places] + self.per_kg[places] * over[:, None]
        return np.maximum(fee, self.minimum) * (1.0 + self.fuel) + self.remote[places][:, None]

    def _from_grid(self, billed: Floats) -> Floats:
        weights, prices = self.grid
        at = np.searchsorted(weights, billed - 1e-9)
        return np.append(prices, np.nan)[at]


class Chosen(NamedTuple):
    """The tariff of each parcel and what it means to the router; arrays (O, M), NaN where no tariff has a lane.

    ``price``: of the whole order as one parcel. ``first``, ``per_kg``: fees for any part of it, with ``included_kg`` and
    ``step_kg``, the same for all; they give ``price`` for the whole. ``tariff``: index or NONE.
    """

    price: Floats
    first: Floats
    per_kg: Floats
    p50: Floats
    p90: Floats
    tariff: Ints
    included_kg: float
    step_kg: float


def choose(cards: Sequence[Card], places: Ints, kilos: Floats, volume: Floats, day: Floats, locations: int) -> Chosen:
    """The tariff that costs least, for each parcel (O) from each location; a day on the road counts ``day`` (O).

    Fees are exact for any part of an order where all tariffs share included kilograms and steps and neither volume nor
    minimum matters; elsewhere exact for the whole order and for its first kilograms, and straight in between.
    """
    shape = (len(places), locations)
    included = min((card.included_kg for card in cards), default=1.0)
    steps = {card.step_kg for card in cards if card.grid is None}
    plain = len(steps) == 1 and all(card.grid is None and card.included_kg == included for card in cards)
    step = steps.pop() if plain else 0.0
    best, names = np.full(shape, np.inf), ("price", "first", "per_kg", "p50", "p90")
    found = {name: np.full(shape, np.nan) for name in names}
    tariff = np.full(shape, NONE)
    for index, card in enumerate(cards):
        price, days = card.price(places, kilos, volume), card.p50[places]
        worth = price + day[:, None] * np.nan_to_num(days)
        better = worth < best - 1e-9  # NaN is never better
        first, per_kg = _fees(card, places, kilos, volume, price, included, step if plain else None)
        values = zip(names, (price, first, per_kg, days, card.p90[places]), strict=True)
        for name, value in values:
            found[name] = np.where(better, value, found[name])
        best, tariff = np.where(better, worth, best), np.where(better, index, tariff)
    return Chosen(**found, tariff=tariff, included_kg=included, step_kg=step)


def _fees(
    card: Card, places: Ints, kilos: Floats, volume: Floats, price: Floats, included: float, step: float | None
) -> tuple[Floats, Floats]:
    """(first, per_kg), both (O, M): the card's own where they say it all, else a line through the price of the whole.

    ``step``: the kilograms in which all tariffs bill, None where they differ.
    """
    start = card.price(places, np.minimum(kilos, included), np.zeros(len(kilos)))
    over = np.maximum(kilos - included, 0.0)[:, None]
    if step:  # the router bills the same steps
        over = np.ceil(over / step - 1e-9) * step
    slope = np.divide(price - start, over, out=np.zeros_like(price), where=over > 1e-9)
    first = np.where(over > 1e-9, start, price)
    if step is not None:
        own = (card.first >= card.minimum)[places] & (card.billed(kilos, volume) <= kilos + 1e-9)[:, None]
        slope = np.where(own, card.per_kg[places] * (1.0 + card.fuel), slope)
    # The router merges parcels of one address; a kilogram may not cost more than the first ones do.
    return first, np.clip(slope, 0.0, first / max(included, 1e-9))
