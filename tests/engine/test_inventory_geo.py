import numpy as np
import pytest
from distrib_inventory.engine import geo
from hypothesis import given
from hypothesis import strategies as st

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric_bounded_and_zero_to_itself(lat_a, lon_a, lat_b, lon_b):
    there, back = geo.haversine_km(lat_a, lon_a, lat_b, lon_b), geo.haversine_km(lat_b, lon_b, lat_a, lon_a)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= np.pi * geo.EARTH_RADIUS_KM + 1e-6
    assert geo.haversine_km(lat_a, lon_a, lat_a, lon_a) == 0


@given(*[latitudes, longitudes] * 3)
def test_no_way_round_is_shorter(lat_a, lon_a, lat_b, lon_b, lat_c, lon_c):
    direct = geo.haversine_km(lat_a, lon_a, lat_c, lon_c)
    around = geo.haversine_km(lat_a, lon_a, lat_b, lon_b) + geo.haversine_km(lat_b, lon_b, lat_c, lon_c)
    assert direct <= around + 1e-3


@given(latitudes, longitudes, latitudes, longitudes)
def test_same_as_the_law_of_cosines(lat_a, lon_a, lat_b, lon_b):
    """The other textbook formula, which is less exact for short ways."""
    phi_a, phi_b, turn = np.radians(lat_a), np.radians(lat_b), np.radians(lon_b - lon_a)
    cosine = np.sin(phi_a) * np.sin(phi_b) + np.cos(phi_a) * np.cos(phi_b) * np.cos(turn)
    expected = geo.EARTH_RADIUS_KM * np.arccos(np.clip(cosine, -1, 1))
    assert geo.haversine_km(lat_a, lon_a, lat_b, lon_b) == pytest.approx(expected, abs=0.5)


def test_a_matrix_holds_each_pair():
    matrix = geo.distance_matrix_km([0, 10, 20], [0, 10, 20], [5, 6], [7, 8])
    assert matrix.shape == (3, 2)
    assert matrix[1, 0] == geo.haversine_km(10, 10, 5, 7)


def test_an_unknown_place_gives_no_distance():
    assert np.isnan(geo.haversine_km([np.nan], [0], 0, 0)).all()
