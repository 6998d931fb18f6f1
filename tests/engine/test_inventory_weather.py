"""The weather: what the service answers, normals, and whether it is worth using."""

import importlib.util
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from distrib_inventory.connectors import open_meteo
from distrib_inventory.engine import weather, weather_effect, weather_service
from hypothesis import given
from hypothesis import strategies as st

FAKE = Path(__file__).resolve().parents[2] / "addons/distrib_inventory/tests/fakes/open_meteo.py"
spec = importlib.util.spec_from_file_location("fake_open_meteo", FAKE)
fakes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fakes)

TODAY = date(2026, 7, 1)
PLACES = (np.array([31.2304, 39.9042, 23.1291]), np.array([121.4737, 116.4074, 113.2644]))


@pytest.fixture
def fake():
    with fakes.FakeOpenMeteo(TODAY) as server:
        yield server


def client(fake, **values):
    return open_meteo.Client(fake.url, fake.url + "/", **{"pauses": (0.0, 0.0), "timeout": 0.4, **values})


# --- the service ---------------------------------------------------------------------------------------------------


def test_forecast_of_several_places_in_one_call(fake):
    found = client(fake).forecast(*PLACES)
    assert len(fake.requests) == 1
    path, query = fake.requests[0]
    assert path == "/v1/forecast"
    assert (query["timezone"], query["forecast_days"]) == ("auto", "16")
    assert len(found) == 3
    assert found[0].days[0] == np.datetime64("2026-06-24")
    assert found[0].days[-1] == np.datetime64("2026-07-16")
    for place, latitude in zip(found, PLACES[0], strict=True):
        for row, name in enumerate(weather_service.VARIABLES):
            assert place.values[row, 7] == fake.value(name, round(latitude, 4), TODAY)


def test_one_place_comes_without_a_list(fake):
    found = client(fake).forecast(PLACES[0][:1], PLACES[1][:1], 3)
    assert len(found) == 1
    assert len(found[0].days) == 10


def test_the_archive_gives_its_period_and_not_yet_the_last_days(fake):
    found = client(fake).archive(*PLACES, np.datetime64("2026-06-01"), np.datetime64("2026-06-30"))[0]
    assert len(found.days) == 30
    assert np.isnan(found.values[:, -3:]).all()
    assert not np.isnan(found.values[:, :20]).any()


def test_the_key_of_the_paid_plan_is_sent_and_never_told(fake):
    fake.api_key = "sesame"
    assert client(fake, api_key="sesame").forecast(*PLACES)
    with pytest.raises(weather_service.Refused) as caught:
        client(fake, api_key="wrong").forecast(*PLACES)
    assert "wrong" not in str(caught.value)
    with pytest.raises(open_meteo.Unavailable) as caught:
        open_meteo.Client("http://127.0.0.1:9", "", "sesame", pauses=()).forecast(*PLACES)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("fault", ["500", "502", "503", "slow", "truncated_body", "broken_connection", "html"])
def test_what_passes_is_tried_again(fake, fault):
    fake.faults = [fault]
    assert len(client(fake).forecast(*PLACES)) == 3
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    "fault",
    ["500", "slow", "truncated_body", "broken_connection", "html", "wrong_length", "missing_place", "no_daily", "gap"],
)
def test_what_stays_ends_in_one_reason(fake, fault):
    fake.always = fault
    with pytest.raises(open_meteo.Unavailable) as caught:
        client(fake).forecast(*PLACES)
    assert caught.value.reason
    assert caught.value.retry_after is None
    assert len(fake.requests) == 3


@pytest.mark.parametrize(
    ("fault", "seconds"), [("429", 120), ("429_no_header", 65), ("429_date", 86400), ("429_in_words", 65)]
)
def test_a_limit_is_obeyed_and_not_tried_again(fake, fault, seconds):
    fake.always = fault
    with pytest.raises(open_meteo.Unavailable) as caught:
        client(fake).forecast(*PLACES)
    assert caught.value.retry_after == seconds
    assert "limit exceeded" in caught.value.reason
    assert len(fake.requests) == 1


@pytest.mark.parametrize("status", ["error_200", "latitude"])
def test_a_fault_in_words_is_kept_in_words(fake, status):
    if status == "error_200":
        fake.always = "error_200"
    else:
        fake.refused_latitudes = {31.2304}
    with pytest.raises(weather_service.Refused) as caught:
        client(fake).forecast(*PLACES)
    assert str(caught.value).startswith("Unexpected error" if status == "error_200" else "Latitude must be")


def test_nulls_and_nonsense_are_unknown(fake):
    fake.faults = ["nulls", "nonsense", "missing_variable"]
    first = client(fake).forecast(*PLACES)[0]
    assert np.isnan(first.values[0, 1])
    assert not np.isnan(first.values[0, 0])
    assert np.isnan(first.values[1]).all()
    assert np.isnan(client(fake).forecast(*PLACES)[0].values[0, 0]), "9999 degrees"
    assert np.isnan(client(fake).forecast(*PLACES)[0].values[2]).all()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["daily", "time", "error", "temperature_2m_mean", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_comes_is_read_or_refused(reply):
    try:
        found = weather_service.parse(reply, 1)
    except (weather_service.BadReply, weather_service.Refused):
        return
    assert found[0].values.shape == (4, len(found[0].days))


def test_too_many_places_in_one_call():
    with pytest.raises(ValueError, match="places"):
        weather_service.forecast_query(np.zeros(51), np.zeros(51))


# --- normals -------------------------------------------------------------------------------------------------------


def wave(days, mean=15.0, swing=12.0):
    return mean + swing * np.cos(2 * np.pi * (weather.day_of_year(days) - 201) / 366)


def test_normals_find_the_season_under_the_noise():
    days = np.datetime64("2023-01-01") + np.arange(3 * 365)
    rng = np.random.default_rng(3)
    values = wave(days)[None] + rng.normal(0, 3, (1, len(days)))
    every = np.datetime64("2024-01-01") + np.arange(366)
    assert np.abs(weather.normals(values, days)[0] - wave(every)).max() < 1.6


def test_a_place_with_a_short_history_borrows_the_season_of_the_others():
    days = np.datetime64("2025-01-01") + np.arange(365)
    values = np.stack([wave(days), wave(days, mean=20.0)])
    values[1, 40:] = np.nan
    found = weather.normals(values, days)
    assert found[1, 200] == pytest.approx(found[0, 200] + 5, abs=0.5)


def test_a_season_nobody_saw_is_unknown_and_no_anomaly():
    days = np.datetime64("2025-06-01") + np.arange(60)
    found = weather.normals(wave(days)[None], days)
    assert np.isnan(found[0, 0])
    january = np.array(["2026-01-01"], "datetime64[D]")
    usual = np.stack([found, found])
    assert weather.anomalies(np.array([[3.0]]), np.array([[1.0]]), january, usual).tolist() == [[[0.0]], [[0.0]]]


@given(st.lists(st.floats(-40, 45) | st.just(float("nan")), min_size=10, max_size=400))
def test_a_normal_lies_within_what_was_seen(values):
    days = np.datetime64("2025-01-01") + np.arange(len(values))
    found = weather.normals(np.array([values]), days)
    known = np.array(values)[~np.isnan(values)]
    if len(known):
        assert ((found >= known.min() - 1e-6) | np.isnan(found)).all()
        assert ((found <= known.max() + 1e-6) | np.isnan(found)).all()
    else:
        assert np.isnan(found).all()


@given(st.integers(0, 20000))
def test_days_of_the_year_line_up(number):
    day = np.datetime64("1990-01-01") + number
    found = int(weather.day_of_year(np.array([day]))[0])
    assert np.datetime64("2024-01-01") + found == np.datetime64(f"2024-{str(day)[5:]}")


# --- sensitivity ---------------------------------------------------------------------------------------------------


def made(slope, seed=1, places=12, length=360, noise=0.08):
    """Demand of one category for each slope (degrees, rain), and the weather it followed."""
    rng = np.random.default_rng(seed)
    features = np.zeros((2, places, length))
    for t in range(1, length):
        features[0, :, t] = 0.8 * features[0, :, t - 1] + rng.normal(0, 1.5, places)
    features[1] = np.where(rng.random((places, length)) < 0.3, rng.exponential(1, (places, length)), 0) - 0.3
    week = np.array([1, 1, 1, 1, 1.1, 1.5, 1.4])[np.arange(length) % 7]
    log = np.einsum("cf,frt->crt", np.array(slope), features)
    return 100 * week * np.exp(log + rng.normal(0, noise, log.shape)), features


def test_a_sensitive_category_is_found_and_an_indifferent_one_left():
    demand, features = made([(0.03, 0.0), (0.0, -0.12), (0.0, 0.0), (0.0, 0.0)])
    found = weather_effect.learn(demand, features)
    assert found.used.tolist() == [True, True, False, False]
    assert found.common[0, 0] == pytest.approx(0.03, abs=0.006)
    assert found.common[1, 1] == pytest.approx(-0.12, abs=0.02)
    assert (found.with_weather[:2] < found.without[:2]).all()


def test_luck_is_not_taken_for_skill():
    used = sum(weather_effect.learn(*made([(0.0, 0.0)] * 20, seed=s, length=120)).used.sum() for s in range(8))
    assert used <= 3, "of 160 categories without any sensitivity"


def test_places_that_differ_keep_their_own_slope():
    demand, features = made([(0.0, 0.0)], length=700)
    demand[0, :6] *= np.exp(0.05 * features[0, :6])
    slope = weather_effect.learn(demand, features).slope[0, :, 0]
    assert slope[:6].min() > slope[6:].max()


def test_nothing_looks_ahead():
    demand, _features = made([(0.03, 0.0)])
    other = demand.copy()
    other[:, :, 200:] = np.random.default_rng(5).uniform(1, 500, other[:, :, 200:].shape)
    assert np.array_equal(weather_effect.expected(demand, 200), weather_effect.expected(other, 200))


def test_short_silent_or_empty_histories_use_no_weather():
    for demand in (np.zeros((1, 2, 200)), np.full((1, 2, 200), np.nan), np.ones((1, 2, 20)), np.ones((0, 2, 200))):
        found = weather_effect.learn(demand, np.zeros((2, 2, demand.shape[2])))
        assert not found.used.any()
        assert np.isfinite(found.slope).all()
    with pytest.raises(ValueError, match="do not fit"):
        weather_effect.learn(np.ones((1, 2, 30)), np.zeros((2, 3, 30)))


def test_the_factor_of_pairs():
    days = np.datetime64("2026-06-01") + np.arange(3)
    features = np.zeros((2, 1, 3), np.float32)
    features[0, 0] = (2, 0, 100)
    effect = np.array([[[0.1, 0.0]]])
    plan = weather.WeatherPlan(
        np.array([4, 8]), np.array([0, -1]), np.array([3, 5]), np.array([0, -1]), days, features, effect
    )
    wanted = np.concatenate([days[:1] - 1, days])
    found = plan.factor(np.array([4, 4, 8, 9]), np.array([3, 5, 3, 3]), wanted)
    assert found[0].tolist() == pytest.approx([1, np.exp(0.2), 1, np.e])
    assert (found[1:] == 1).all()
