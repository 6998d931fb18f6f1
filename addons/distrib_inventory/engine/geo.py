"""Distances on the globe."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.0088  # mean radius R1 (IUGG)


def haversine_km(
    latitude_a: ArrayLike, longitude_a: ArrayLike, latitude_b: ArrayLike, longitude_b: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance in kilometres; all arguments are degrees and broadcast against each other.

    The formula is the haversine one (R. W. Sinnott, Sky and Telescope 68, 1984): exact on a sphere and stable for
    small distances. Against the ellipsoid it is off by at most 0.56 %. NaN in, NaN out.

    >>> round(float(haversine_km(39.904989, 116.405285, 31.231706, 121.472644)))  # Beijing, Shanghai
    1067
    >>> haversine_km([0, 0], [0, 90], 0, 0).round(1).tolist()
    [0.0, 10007.6]
    """
    phi_a, lam_a, phi_b, lam_b = (
        np.radians(np.asarray(angle, dtype=np.float64)) for angle in (latitude_a, longitude_a, latitude_b, longitude_b)
    )
    half_chord = np.sin((phi_b - phi_a) / 2) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin((lam_b - lam_a) / 2) ** 2
    # Rounding can lift the square just above one for antipodes.
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half_chord, 1.0)))


def distance_matrix_km(
    latitude_a: ArrayLike, longitude_a: ArrayLike, latitude_b: ArrayLike, longitude_b: ArrayLike
) -> NDArray[np.float64]:
    """Distances between each of n places and each of m places, in kilometres, shape (n, m).

    >>> distance_matrix_km([0, 0], [0, 90], [0], [0]).shape
    (2, 1)
    """
    lat_a, lon_a = np.atleast_1d(latitude_a)[:, None], np.atleast_1d(longitude_a)[:, None]
    return haversine_km(lat_a, lon_a, np.atleast_1d(latitude_b)[None, :], np.atleast_1d(longitude_b)[None, :])
