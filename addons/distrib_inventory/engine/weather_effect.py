"""How demand follows the weather, by category and place, and whether knowing it lowers the error.

The demand of a category in a place on a day is compared with what its level and weekday let expect. The logarithm of
the ratio is regressed on the weather against the climate normal (temperature, ln(1 + mm) of rain): ridge regression
for the category over all places, then each place's own slope shrunk to it. A walk through the past, week by week,
forecasts with and without it; only a category whose error falls clearly keeps its effect: by a share of its error, and
by more than chance. Errors of one week go together over places, so the weeks are what is counted (one-sided t test of
their differences), and with many categories some win by luck, so the chance is corrected for their number
(Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

WEEK = 7
LEVEL_DAYS = 28
FEATURES = 2
# Ridge in units of observations, and observations at which a place's own slope counts as much as its category's.
RIDGE, SHRINK = 20.0, 120.0
# The error must fall by this share; of the categories used, about this share at most may owe it to luck.
GAIN, LUCK = 0.01, 0.1
LEAST_WEEKS = 4


@dataclass(frozen=True, eq=False)
class Effect:
    """What was learned of ``c`` categories in ``r`` places.

    ``slope`` (c, r, 2) of ln demand by degree and by ln(1 + mm) against the normal; ``without`` and ``with_weather``
    (c,) weighted absolute error as a share of demand over the weeks tested, NaN when none could be; ``weeks`` (c,)
    tested, ``won`` (c,) weeks in which the error fell; ``chance`` (c,) that luck alone would do as well, corrected for
    the number of categories; ``used`` (c,). ``common`` (c, 2) are the slopes of the category as a whole.
    """

    slope: np.ndarray
    common: np.ndarray
    without: np.ndarray
    with_weather: np.ndarray
    weeks: np.ndarray
    won: np.ndarray
    chance: np.ndarray
    used: np.ndarray


def learn(demand: np.ndarray, features: np.ndarray, gain: float = GAIN, luck: float = LUCK) -> Effect:
    """Learn from ``demand`` (c, r, t) and ``features`` (2, r, t), days without gaps; NaN demand is unknown.

    Raises ValueError when the shapes do not agree.
    """
    count, places, days = demand.shape
    if features.shape != (FEATURES, places, days):
        raise ValueError(f"features {features.shape} do not fit demand {demand.shape}")
    origins = np.arange(days - days // WEEK * WEEK + 4 * WEEK, days - WEEK + 1, WEEK)
    forecasts = {int(t): expected(demand, int(t)) for t in origins}
    errors = np.full((2, count, len(origins)), np.nan)
    volume = np.full((count, len(origins)), np.nan)
    # The first half of the weeks is there to learn from; the test is on the later ones alone.
    first = max(LEAST_WEEKS, len(origins) // 2)
    for number in range(first, len(origins)):
        t = int(origins[number])
        slope, _common = _fit(demand, features, {o: forecasts[o] for o in map(int, origins[:number])})
        errors[:, :, number], volume[:, number] = _errors(demand, features, t, forecasts[t], slope)
    slope, common = _fit(demand, features, forecasts)
    return _decide(slope, common, errors, volume, gain, luck)


def expected(demand: np.ndarray, t: int) -> np.ndarray:
    """Return the demand (c, r, 7) that level and weekday let expect for the week from day ``t``, NaN where unknown.

    The level is the mean of the four weeks before, the weekday index that of the category over all places in the eight
    weeks before: ratio of sums, so days without demand do no harm.

    >>> d = np.tile(np.array([1.0, 1, 1, 1, 1, 2, 2]), 5)[None, None, :]
    >>> expected(d, 28)[0, 0].round(3).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]
    """
    past = demand[:, :, max(0, t - 2 * LEVEL_DAYS) : t]
    weekday = np.arange(t - past.shape[2], t) % WEEK
    known = ~np.isnan(past)
    sums = np.stack([np.where(known, past, 0)[:, :, weekday == d].sum(axis=(1, 2)) for d in range(WEEK)], axis=1)
    seen = np.stack([known[:, :, weekday == d].sum(axis=(1, 2)) for d in range(WEEK)], axis=1)
    mean = sums / np.maximum(seen, 1)
    overall = mean.mean(axis=1, keepdims=True)
    index = np.where((seen > 0) & (overall > 0), mean / np.where(overall > 0, overall, 1), 1.0)
    recent, days = past[:, :, -LEVEL_DAYS:], weekday[-LEVEL_DAYS:]
    there = ~np.isnan(recent)
    weight = np.where(there, index[:, None, days], 0).sum(axis=2)
    level = np.where(there, recent, 0).sum(axis=2) / np.where(weight > 0, weight, np.nan)
    return level[:, :, None] * index[:, None, np.arange(t, t + WEEK) % WEEK]


def _fit(demand: np.ndarray, features: np.ndarray, forecasts: dict) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (c, r, 2) by place, and (c, 2) of the category, from the weeks forecast and known."""
    gram = np.zeros((*demand.shape[:2], FEATURES, FEATURES))
    moment = np.zeros((*demand.shape[:2], FEATURES))
    for t, base in forecasts.items():
        actual, x = demand[:, :, t : t + WEEK], features[:, :, t : t + WEEK]
        good = (actual > 0) & (base > 0)
        ratio = np.log(np.where(good, actual, 1) / np.where(good, base, 1)).clip(-1.5, 1.5)
        # What the whole network did that week on average is level, not weather.
        centre = np.where(good, ratio, 0).sum(axis=(1, 2)) / np.maximum(good.sum(axis=(1, 2)), 1)
        residual = np.where(good, ratio - centre[:, None, None], 0)
        gram += np.einsum("crt,frt,grt->crfg", good.astype(float), x, x)
        moment += np.einsum("crt,frt->crf", residual, x)
    scale = np.eye(FEATURES) * np.maximum(features.var(axis=(1, 2)), 1e-6)
    common = np.linalg.solve(gram.sum(axis=1) + RIDGE * scale, moment.sum(axis=1)[..., None])[..., 0]
    pull = SHRINK * scale
    slope = np.linalg.solve(gram + pull, (moment + (pull @ common[..., None])[:, None, :, 0])[..., None])[..., 0]
    return slope, common


def _errors(demand: np.ndarray, features: np.ndarray, t: int, base: np.ndarray, slope: np.ndarray) -> tuple:
    """Absolute error (2, c) of a week without and with the weather, and its demand (c,)."""
    actual = demand[:, :, t : t + WEEK]
    good = ~np.isnan(actual) & ~np.isnan(base)
    log = np.einsum("crf,frt->crt", slope, features[:, :, t : t + WEEK]).clip(-1, 1)
    both = np.stack([base, base * np.exp(log)])
    wrong = np.where(good, np.abs(both - np.nan_to_num(actual)), 0).sum(axis=(2, 3))
    return wrong, np.where(good, actual, 0).sum(axis=(1, 2))


def _decide(
    slope: np.ndarray, common: np.ndarray, errors: np.ndarray, volume: np.ndarray, gain: float, luck: float
) -> Effect:
    tested = ~np.isnan(volume) & (np.nan_to_num(volume) > 0)
    total = np.where(tested, volume, 0).sum(axis=1)
    share = np.where(tested, errors, 0).sum(axis=2) / np.where(total > 0, total, np.nan)
    weeks = tested.sum(axis=1)
    won = (tested & (errors[1] < errors[0])).sum(axis=1)
    chance = corrected(_chances(np.where(tested, errors[0] - errors[1], np.nan)))
    with np.errstate(invalid="ignore"):
        used = (weeks >= LEAST_WEEKS) & (share[1] < (1 - gain) * share[0]) & (chance <= luck)
    return Effect(slope, common, share[0], share[1], weeks, won, chance, used)


def _chances(saved: np.ndarray) -> np.ndarray:
    """One-sided p (c,) of a t test that the weekly savings (c, w) are above 0; NaN with fewer than two weeks."""
    found = np.full(len(saved), np.nan)
    for row, values in enumerate(saved):
        known = values[~np.isnan(values)]
        if len(known) >= 2:
            spread = known.std(ddof=1) / np.sqrt(len(known))
            score = known.mean() / spread if spread > 0 else np.sign(known.mean()) * np.inf if known.any() else 0.0
            found[row] = stats.t.sf(score, len(known) - 1)
    return found


def corrected(chances: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg adjusted p values (c,); NaN stays NaN and does not count.

    >>> corrected(np.array([0.01, 0.5, 0.04, np.nan])).round(3).tolist()
    [0.03, 0.5, 0.06, nan]
    """
    found = np.full(len(chances), np.nan)
    known = np.flatnonzero(~np.isnan(chances))
    order = known[np.argsort(chances[known], kind="stable")]
    scaled = chances[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found


@dataclass(frozen=True, eq=False)
class Sums:
    """Demand of groups of pairs gathered in batches, so that a pair out of stock does not look like weather.

    ``demand_sum`` (g, t) of the pairs known on a day, ``usual_sum`` (g, t) the usual demand of the same pairs,
    ``level`` (g,) the usual demand of all.
    """

    demand_sum: np.ndarray
    usual_sum: np.ndarray
    level: np.ndarray

    @classmethod
    def empty(cls, groups: int, days: int) -> "Sums":
        return cls(np.zeros((groups, days)), np.zeros((groups, days)), np.zeros(groups))

    def add(self, demand: np.ndarray, group: np.ndarray) -> None:
        """Add pairs: demand (n, t), NaN unknown, and the group (n,) of each."""
        if not len(demand):
            return
        known = ~np.isnan(demand)
        filled = np.where(known, demand, 0)
        usual = filled.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        order = np.argsort(group, kind="stable")
        groups, starts = np.unique(group[order], return_index=True)
        self.demand_sum[groups] += np.add.reduceat(filled[order], starts, axis=0)
        self.usual_sum[groups] += np.add.reduceat((known * usual[:, None])[order], starts, axis=0)
        self.level[groups] += np.add.reduceat(usual[order], starts)

    def demand(self) -> np.ndarray:
        """Return the demand (g, t) as if all pairs had been in stock, NaN where less than a fifth of it was.

        >>> s = Sums.empty(1, 2); s.add(np.array([[4.0, 4.0], [6.0, np.nan]]), np.array([0, 0]))
        >>> s.demand().tolist()
        [[10.0, 10.0]]
        """
        enough = (self.usual_sum > 0) & (self.usual_sum >= 0.2 * self.level[:, None])
        return np.where(enough, self.demand_sum / np.where(enough, self.usual_sum, 1) * self.level[:, None], np.nan)
