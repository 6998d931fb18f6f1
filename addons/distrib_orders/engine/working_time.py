"""On which day a warehouse packs what is asked of it now: cut-off, days it works, parcels it can still make."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Packing(NamedTuple):
    """``day`` (M) index of the packing day, -1 when no day of those given will do. ``left`` (M) parcels left on it."""

    day: NDArray[np.int64]
    left: NDArray[np.float64]


def packing(
    hour: NDArray[np.float64] | float,
    cut_off: NDArray[np.float64],
    works: NDArray[np.bool_],
    most: NDArray[np.float64],
    used: NDArray[np.float64],
) -> Packing:
    """The first day, today being day 0, on which a parcel asked for at ``hour`` (0..24) can be packed.

    ``cut_off`` (M) hour after which today is over, NaN for none; ``works`` (M, D) working days; ``most`` (M, D) parcels
    of each day, inf without a limit; ``used`` (M) parcels that are to be made already: they take the earliest working
    days. A day is skipped when it is full only if it is today past the cut-off or a day without capacity; a day that is
    full today keeps the place with nothing left, so that the router sends to others what can wait for no one.

    >>> one = np.array([[True, True]])
    >>> packing(9.0, np.array([17.0]), one, np.array([[5.0, 8.0]]), np.array([2.0]))
    Packing(day=array([0]), left=array([3.]))
    >>> packing(18.0, np.array([17.0]), one, np.array([[5.0, 8.0]]), np.array([6.0]))
    Packing(day=array([1]), left=array([7.]))
    >>> packing(9.0, np.array([np.nan]), ~one, np.array([[5.0, 8.0]]), np.array([0.0])).day.tolist()
    [-1]
    """
    able = works & (most > 0)
    room = np.where(able, most, 0.0)
    able = able.copy()
    late = hour >= np.where(np.isnan(cut_off), np.inf, cut_off)
    able[late, 0] = False
    day = np.where(able.any(axis=1), able.argmax(axis=1), -1)
    rows = np.arange(len(day))
    # What earlier days still take of the parcels asked for before does not weigh on the packing day.
    before = np.concatenate([np.zeros((len(day), 1)), np.cumsum(room, axis=1)], axis=1)[rows, np.maximum(day, 0)]
    with np.errstate(invalid="ignore"):
        rest = np.where(np.isinf(before), 0.0, np.maximum(used - before, 0.0))
        left = np.where(day >= 0, np.maximum(room[rows, np.maximum(day, 0)] - rest, 0.0), 0.0)
    return Packing(day, left)


def holidays(off: NDArray[np.bool_], weekday: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(t) the days off that are more than a weekend: runs of days ``off`` (t) with a Monday to Friday (0..4) in them.

    >>> off = np.array([False, True, True, False, True, True, True, True])
    >>> holidays(off, np.array([4, 5, 6, 0, 3, 4, 5, 6])).tolist()
    [False, False, False, False, True, True, True, True]
    """
    run = np.cumsum(np.diff(off.astype(np.int8), prepend=0) == 1)
    with_workday = np.unique(run[off & (weekday < 5)])
    return off & np.isin(run, with_workday)
