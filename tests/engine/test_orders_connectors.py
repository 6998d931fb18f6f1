"""The ground all connectors stand on: real HTTP against a local server that misbehaves."""

import json
from datetime import UTC, datetime

import pytest
from distrib_orders.connectors import registry
from distrib_orders.connectors.client import TRIES, Client, backwards
from distrib_orders.connectors.errors import Refused, TokenExpired, TryLater, Unknown
from distrib_orders.connectors.types import Account, Push, Token
from distrib_orders.connectors.webhook.push import WINDOW, WebhookPush, signature
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.server import Call, FakeServer, Fault, Reply

OK = Reply(b'{"ok": true}')


class Echo(FakeServer):
    """Answers every call, and counts those that took effect."""

    done = 0

    def answer(self, call: Call) -> Reply:
        self.done += 1
        return OK


@pytest.fixture
def fake():
    with Echo() as server:
        yield server


@pytest.fixture
def client():
    pauses: list[float] = []
    made = Client(Account(), sleep=pauses.append, dice=lambda: 1.0)
    made.pauses = pauses
    return made


def ask(client, fake, safe=True):
    return client.call(lambda: client.json("POST", fake.url, data=b"{}"), safe)


def test_answers_come_through(client, fake):
    assert ask(client, fake) == {"ok": True}
    assert client.pauses == []


@pytest.mark.parametrize("kind", ["drop", "truncated", "lost"])
def test_a_broken_connection_is_tried_again_where_that_is_safe(client, fake, kind):
    fake.fail(Fault(kind))
    assert ask(client, fake) == {"ok": True}
    assert len(client.pauses) == 1


@pytest.mark.parametrize("kind", ["truncated", "lost"])
def test_what_may_have_taken_effect_is_not_repeated(client, fake, kind):
    fake.fail(Fault(kind))
    with pytest.raises(Unknown):
        ask(client, fake, safe=False)
    assert fake.done == 1


def test_a_limit_is_waited_for_as_long_as_the_platform_says(client, fake):
    fake.fail(Fault("reply", reply=Reply(b"{}", 429, {"Retry-After": "3"})))
    ask(client, fake, safe=False)
    assert client.pauses == [pytest.approx(3.2)]


def test_a_pause_too_long_for_a_call_is_left_to_the_next_run(client, fake):
    fake.fail(Fault("reply", reply=Reply(b"{}", 429, {"Retry-After": "600"})))
    with pytest.raises(TryLater) as error:
        ask(client, fake)
    assert error.value.after == pytest.approx(600.2)


def test_tries_end(client, fake):
    fake.fail(*[Fault("reply", reply=Reply(b"oops", 502)) for _ in range(TRIES + 1)])
    with pytest.raises(TryLater):
        ask(client, fake)
    assert fake.count("/") + fake.count("") == TRIES


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(b'{"error": "bad"}', 400), Refused),
        (Reply(b"{}", 401), TokenExpired),
        (Reply(b"<html>", 200), TryLater),
    ],
)
def test_what_an_answer_means(client, fake, reply, error):
    fake.fail(*[Fault("reply", reply=reply) for _ in range(TRIES)])
    with pytest.raises(error):
        ask(client, fake)


def test_nobody_listens(client):
    with pytest.raises(TryLater):
        client.call(lambda: client.json("GET", "http://127.0.0.1:9"))


def test_a_longer_answer_than_anyone_needs_is_refused(client, fake, monkeypatch):
    monkeypatch.setattr("distrib_orders.connectors.client.BODY_LIMIT", 10)
    with pytest.raises(Refused):
        ask(client, fake)


def test_secrets_do_not_show():
    account = Account(key="app", secret="hidden-1", token="hidden-2", refresh_token="hidden-3")
    token = Token("hidden-4", datetime(2026, 1, 1, tzinfo=UTC), "hidden-5")
    assert "hidden" not in f"{account!r} {token!r}"


@given(st.integers(0, 60), st.lists(st.integers(0, 59), max_size=12))
def test_reading_backwards_misses_nothing_that_moves(count, changes):
    """A window newest first, ten a page; between two reads one order after another changes and leaves the window."""
    orders, leaving = list(range(count)), list(changes)

    def page(number):
        found = orders[(number - 1) * 10 : number * 10]
        pages = max(1, -(-len(orders) // 10))
        if leaving and orders:
            orders.pop(leaving.pop() % len(orders))
        return found, pages

    seen = {order for found in backwards(page) for order in found}
    assert seen >= set(orders)


# The open webhook


def signed(body: bytes, stamp: str = "1000", secret: str = "dummy") -> Push:
    return Push(body, {"X-Distrib-Timestamp": stamp, "X-Distrib-Signature": signature(secret, stamp, body)})


@pytest.mark.parametrize(
    ("push", "now", "good"),
    [
        (signed(b"[]"), 1000, True),
        (signed(b"[]"), 1000 + WINDOW, True),
        (signed(b"[]"), 1001 + WINDOW, False),
        (signed(b"[]"), 999 - WINDOW, False),
        (signed(b"[]", secret="other"), 1000, False),
        (Push(b"[ ]", signed(b"[]").headers), 1000, False),
        (Push(b"[]", {}), 1000, False),
        (signed(b"[]", stamp="soon"), 1000, False),
    ],
)
def test_origin_is_proven_over_the_raw_body(push, now, good):
    assert WebhookPush().verify(push, Account(secret="dummy"), now) is good


def test_without_a_secret_nothing_is_proven():
    assert not WebhookPush().verify(signed(b"[]", secret=""), Account(), 1000)


def test_a_push_brings_one_order_or_many():
    order = {"external_id": "A", "version": 2}
    for body, ids in ((order, ["A"]), ([order, {"external_id": "B"}, 7], ["A", "B", ""])):
        notices = WebhookPush().read(Push(json.dumps(body).encode(), {}), Account())
        assert [notice.external_id for notice in notices] == ids
        assert json.loads(notices[0].payload) == order


def test_a_broken_push_is_said_to_be_broken():
    with pytest.raises(ValueError):
        WebhookPush().read(Push(b'{"a', {}), Account())
    with pytest.raises(ValueError):
        WebhookPush().read(Push("{}".encode("utf-16"), {}), Account())


def test_each_platform_is_registered_once():
    assert "webhook" in registry.platforms()
    with pytest.raises(ValueError):
        registry.register(registry.get("webhook"))
