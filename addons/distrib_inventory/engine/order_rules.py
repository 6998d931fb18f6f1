"""What an order must look like whatever is wanted: least quantities, packs and pallets, shelf life, money, room, days.

Shelf life: of what is ordered up to, the last unit must be sold before it expires (first expired, first out), so the
order-up-to level is at most what is sold in the days a piece may still be sold. Budgets and room are shared by what an
order is worth to the customers: greatest expected loss avoided per unit of money (or of room) first, a greedy fractional
knapsack, which is optimal but for the last, cut order (G. Dantzig, Operations Research 5 (1957) 266-288).
"""

from dataclasses import dataclass

import numpy as np

FREE, MINIMUM, MULTIPLE, PALLET, MAXIMUM, BLOCKED = range(6)
CODES = ("free", "minimum", "multiple", "pallet", "maximum", "blocked_by_maximum")
# A hair below a whole number of packs is that number.
HAIR = 1e-6
WEEK = 7


@dataclass(frozen=True, eq=False)
class Limits:
    """Rules of ``n`` orders, in units of the product; 0 or less: no such rule. ``maximum`` inf: none.

    Full pallets are ordered when what is left over fills at least the share ``pallet_from`` of another one.
    """

    minimum: np.ndarray
    multiple: np.ndarray
    pallet: np.ndarray
    pallet_from: np.ndarray
    maximum: np.ndarray


@dataclass(frozen=True, eq=False)
class Rounded:
    """Quantities (n,) and why they are not those wanted: ``code`` (n,) an index of CODES."""

    quantity: np.ndarray
    code: np.ndarray


def _step(multiple: np.ndarray) -> np.ndarray:
    """Whole multiples; 0 stands for quantities that need not be whole."""
    return np.where(np.asarray(multiple, np.float64) > 0, multiple, 0.0)


def _up(value: np.ndarray, step: np.ndarray) -> np.ndarray:
    whole = np.ceil(value / np.where(step > 0, step, 1.0) - HAIR) * step
    return np.where(step > 0, whole, value)


def _down(value: np.ndarray, step: np.ndarray) -> np.ndarray:
    whole = np.floor(value / np.where(step > 0, step, 1.0) + HAIR) * step
    return np.where(step > 0, whole, value)


def round_order(wanted: np.ndarray, limits: Limits) -> Rounded:
    """Return the orders nearest to ``wanted`` (n,) that the limits allow; nothing wanted, nothing ordered.

    Up to the minimum, up to whole multiples, up to a full pallet where little is missing, never above the maximum: then
    down to multiples, and nothing at all where even the minimum does not fit.

    >>> two = np.full(4, 0.0)
    >>> limits = Limits(np.full(4, 6.0), np.full(4, 4.0), np.full(4, 48.0), np.full(4, 0.8), np.array([9e9] * 3 + [7.0]))
    >>> found = round_order(np.array([0.0, 3.0, 39.0, 20.0]), limits)
    >>> found.quantity.tolist(), [CODES[code] for code in found.code]
    ([0.0, 8.0, 48.0, 0.0], ['free', 'minimum', 'pallet', 'blocked_by_maximum'])
    """
    wanted = np.clip(np.nan_to_num(np.asarray(wanted, np.float64)), 0, None)
    step = _step(limits.multiple)
    least = _up(np.clip(limits.minimum, 0, None), step)
    quantity = _up(np.maximum(wanted, least), step)
    code = np.where(quantity > wanted + HAIR, MULTIPLE, FREE)
    code = np.where((least > wanted + HAIR) & (quantity <= least + HAIR), MINIMUM, code)
    full = _full_pallets(quantity, limits, step)
    code = np.where(full > quantity + HAIR, PALLET, code)
    quantity = np.maximum(quantity, full)
    roof = np.where(np.isnan(limits.maximum), np.inf, np.clip(limits.maximum, 0, None))
    over = quantity > roof + HAIR
    cut = _down(np.where(over, roof, quantity), step)
    code = np.where(over, np.where((cut <= HAIR) | (cut < least - HAIR), BLOCKED, MAXIMUM), code)
    quantity = np.where(over, np.where(code == BLOCKED, 0.0, cut), quantity)
    nothing = wanted <= HAIR
    return Rounded(np.where(nothing, 0.0, quantity), np.where(nothing, FREE, code).astype(np.int8))


def _full_pallets(quantity: np.ndarray, limits: Limits, step: np.ndarray) -> np.ndarray:
    """Whole pallets where the last one is nearly full, else 0; a pallet not made of whole multiples is left alone."""
    pallet = np.asarray(limits.pallet, np.float64)
    size = np.where(pallet > 0, pallet, 1.0)
    whole = np.floor(quantity / size + HAIR)
    rest = quantity / size - whole
    nearly = (rest > HAIR) & (rest >= limits.pallet_from - HAIR) & (np.asarray(limits.pallet_from) > 0)
    raised = (whole + 1) * size
    fits = (step <= 0) | (
        np.abs(raised / np.where(step > 0, step, 1.0) - np.round(raised / np.where(step > 0, step, 1.0))) < HAIR
    )
    return np.where((pallet > 0) & nearly & fits, raised, 0.0)


def shelf_maximum(mean: np.ndarray, shelf_days: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return how much (n,) may be ordered so that all can be sold before it expires; inf where nothing expires.

    ``mean`` demand a day, ``shelf_days`` days a piece may be sold after it arrives (NaN none), ``position`` what is
    there and on its way, which is sold first.

    >>> shelf_maximum(np.array([2.0, 2.0]), np.array([30.0, np.nan]), np.array([15.0, 15.0])).tolist()
    [45.0, inf]
    """
    roof = np.maximum(np.asarray(mean) * np.nan_to_num(shelf_days) - np.clip(position, 0, None), 0)
    return np.where(np.isnan(shelf_days), np.inf, roof)


def cut_to_budget(
    quantity: np.ndarray,
    cost: np.ndarray,
    group: np.ndarray,
    budget: np.ndarray,
    urgency: np.ndarray,
    multiple: np.ndarray,
    minimum: np.ndarray,
) -> tuple:
    """Return (kept, cut), each (n,): orders within the budget of their group, the most urgent for its cost first.

    ``quantity`` (n,) wanted, ``cost`` (n,) of a unit in what the budget counts (money, cubic metres, units), ``group``
    (n,) an index of ``budget`` (g,), -1 for none, ``urgency`` (n,) worth of the whole order. The order on which a
    budget ends is cut to whole multiples, and dropped when its minimum does not fit; what then is left goes to those
    behind it. A unit that costs nothing is never cut.

    >>> kept, cut = cut_to_budget(np.array([10.0, 10.0, 10.0]), np.ones(3), np.zeros(3, int), np.array([14.0]),
    ...                           np.array([1.0, 9.0, 5.0]), np.ones(3), np.zeros(3))
    >>> kept.tolist(), cut.tolist()
    ([0.0, 10.0, 4.0], [10.0, 0.0, 6.0])
    """
    quantity, cost = np.asarray(quantity, np.float64), np.clip(np.nan_to_num(np.asarray(cost, np.float64)), 0, None)
    kept = quantity.copy()
    step = _step(multiple)
    least = _up(np.clip(minimum, 0, None), step)
    spent = quantity * cost
    worth = np.divide(urgency, spent, out=np.full(len(quantity), np.inf), where=spent > HAIR)
    left = np.clip(np.asarray(budget, np.float64), 0, None).copy()
    tight = np.bincount(group[group >= 0], spent[group >= 0], len(left)) > left + HAIR if len(left) else left > 0
    # greatest worth first; the smaller order of two of equal worth, so that more of them are served
    for row in np.lexsort((np.arange(len(quantity)), spent, -worth)).tolist():
        place = group[row]
        if place < 0 or not tight[place] or spent[row] <= 0:
            continue
        if spent[row] > left[place] + HAIR:
            fits = float(_down(np.array([left[place] / cost[row]]), step[row : row + 1])[0])
            kept[row] = 0.0 if fits < least[row] - HAIR else min(fits, quantity[row])
        left[place] -= kept[row] * cost[row]
    return kept, quantity - kept


def review_gap(days: np.ndarray) -> np.ndarray:
    """Return the longest gap in days (n,) between two review days of a week, from masks (n, 7) of Monday to Sunday.

    The longest one, so that stock lasts through it. No day marked: 0, the rule says nothing.

    >>> review_gap(np.array([[1, 0, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0, 0], [0] * 7])).tolist()
    [4.0, 1.0, 7.0, 0.0]
    """
    marked = np.asarray(days, bool)
    twice = np.concatenate([marked, marked], axis=1)
    place = np.arange(2 * WEEK)
    last = np.maximum.accumulate(np.where(twice, place, -1), axis=1)
    before = np.concatenate([np.full((len(marked), 1), -1), last[:, :-1]], axis=1)
    gaps = np.where(twice & (before >= 0), place - before, 0)
    return gaps.max(axis=1, initial=0).astype(np.float64)


def next_review(days: np.ndarray, today: np.datetime64) -> np.ndarray:
    """Return the first review day (n,) from ``today`` on; no day marked: today.

    >>> next_review(np.array([[0, 0, 1, 0, 0, 0, 0], [0] * 7]), np.datetime64("2024-07-01")).tolist()
    [datetime.date(2024, 7, 3), datetime.date(2024, 7, 1)]
    """
    marked = np.asarray(days, bool)
    weekday = (today.astype("datetime64[D]").astype(int) + 3) % WEEK  # 1970-01-01 was a Thursday
    turned = np.roll(marked, -weekday, axis=1)
    ahead = np.where(turned.any(axis=1), turned.argmax(axis=1), 0)
    return today.astype("datetime64[D]") + ahead
