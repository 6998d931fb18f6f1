"""Guard rails: a new value that cannot be right, or is far from last week's, is held back for a planner to look at."""

from dataclasses import dataclass

import numpy as np

FREE, NOT_FINITE, RISE, FALL, GONE = range(5)
REASONS = ("", "not_finite", "rise", "fall", "gone")


@dataclass(frozen=True)
class Limits:
    """``times`` a value may rise or fall; changes of fewer than ``least`` units are never held back."""

    times: float = 3.0
    least: float = 5.0


def check(new: np.ndarray, reference: np.ndarray, limits: Limits) -> np.ndarray:
    """Return the reason (n,), an index of REASONS, why new levels (k, n) are held back; FREE lets them pass.

    ``reference`` (n,) the order-up-to level a week ago, NaN when there was none. The last row of ``new`` is the
    order-up-to level. What is not a finite number, or negative, never passes.

    >>> new = np.array([[1.0, 1, 1, np.nan, 0], [9.0, 40, 2, 5, 0]])
    >>> [REASONS[i] for i in check(new, np.array([8.0, 8, 20, 8, 20]), Limits())]
    ['', 'rise', 'fall', 'not_finite', 'gone']
    """
    wrong = ~(np.isfinite(new).all(axis=0) & (np.nan_to_num(new, nan=-1.0) >= 0).all(axis=0))
    top = np.nan_to_num(new[-1], nan=0.0, posinf=0.0, neginf=0.0)
    known = np.isfinite(reference)
    old = np.where(known, reference, top)
    far = known & (np.abs(top - old) >= limits.least)
    rise, fall = far & (top > limits.times * old), far & (top * limits.times < old)
    # a pair that had nothing last week has nothing to be compared with
    rise &= old > 0
    code = np.select([wrong, fall & (top <= 0), rise, fall], [NOT_FINITE, GONE, RISE, FALL], FREE)
    return code.astype(np.int8)


def still_refused(top: np.ndarray, refused: np.ndarray) -> np.ndarray:
    """Return where a planner has refused about this value (within a quarter) before (n,); NaN: nothing was refused.

    >>> still_refused(np.array([100.0, 100.0]), np.array([90.0, np.nan])).tolist()
    [True, False]
    """
    return np.isfinite(refused) & (np.abs(top - refused) <= 0.25 * np.maximum(np.abs(refused), 1.0))
