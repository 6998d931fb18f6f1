"""Shopify against a server that behaves as the shop does: cost bucket, moving pages, fulfilment orders, webhooks."""

import base64
import dataclasses
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from distrib_orders.connectors.errors import Refused, TokenExpired, TryLater
from distrib_orders.connectors.order import CHINA
from distrib_orders.connectors.shopify.client import ALL_TIME, ShopifyClient
from distrib_orders.connectors.shopify.mapper import read_order
from distrib_orders.connectors.shopify.push import ShopifyPush, signature
from distrib_orders.connectors.types import Account, Parcel, Push, Shipment, ShippedLine, StockLevel
from distrib_orders.engine import intake, money
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.server import Fault, Reply
from tests.fakes.shopify import FakeShopify, address, item
from tests.fakes.shopify import money as amount

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
T = NOW.timestamp()
WINDOW = NOW - timedelta(hours=2), NOW + timedelta(hours=1)


class Clock:
    """The time of both sides; a pause of the client passes for the shop too."""

    def __init__(self):
        self.at, self.pauses = T, []

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.at += seconds


@pytest.fixture
def fake():
    with FakeShopify() as server:
        server.clock = Clock()
        server.now = server.clock.now
        yield server


def connect(fake, **values):
    account = Account(**{"url": fake.url, "token": "shpat_1", "key": fake.app, "secret": fake.secret, **values})
    moment = lambda: datetime.fromtimestamp(fake.clock.at, UTC)  # noqa: E731
    return ShopifyClient(account, now=moment, sleep=fake.clock.sleep, dice=lambda: 1.0)


def pulled(client, start=WINDOW[0], end=WINDOW[1]):
    return [raw for page in client.orders(start, end) for raw in page]


def words(payload, **options):
    found = read_order(payload, Account(options=options))
    order, problems = intake.read_order(found)
    assert not problems
    return found, order


def graph_error(code):
    body = {"errors": [{"message": code.title(), "extensions": {"code": code}}]}
    return Fault("reply", reply=Reply(json.dumps(body).encode()))


# Pulling


def test_orders_come_by_change_with_all_their_lines(fake):
    fake.place("1001", *[item(str(number)) for number in range(1, 61)], at=T - 60)
    fake.place("1002", at=T - 30)
    found = {raw.external_id: raw for raw in pulled(connect(fake))}
    assert set(found) == {"1001", "1002"}
    assert len(json.loads(found["1001"].body)["lineItems"]["nodes"]) == 60, "more than one answer holds"
    assert fake.count("MoreLines") == 1


def test_an_order_that_changes_while_pages_are_read_is_not_lost(fake):
    for number in range(25):
        fake.place(str(number + 1), at=T - 100 + number)
    moved = iter([1, 12, 25])
    fake.between = lambda: [fake.change(str(number), at=T + 60, note="late") for number in [next(moved, 0)] if number]
    found = pulled(connect(fake))
    latest = {raw.external_id: raw.version for raw in found}
    assert set(latest) == {str(number + 1) for number in range(25)}
    assert len(found) > len(latest), "some come twice, as a version of its own each"
    assert len({(raw.external_id, raw.version) for raw in found}) == len(found)


def test_versions_grow(fake):
    fake.place("1", at=T)
    first = connect(fake).order("1")
    fake.change("1", at=T + 1, note="new")
    assert intake.is_older(first.version, connect(fake).order("1").version)


def test_only_what_the_window_holds(fake):
    for number, at in (("1", T - 7201), ("2", T - 7200), ("3", T + 3599), ("4", T + 3600)):
        fake.place(number, at=at)
    assert {raw.external_id for raw in pulled(connect(fake))} == {"2", "3"}


def test_older_than_sixty_days_needs_a_right_of_its_own(fake):
    assert connect(fake).reach == timedelta(days=60)
    assert connect(fake, options={"read_all_orders": True}).reach == ALL_TIME
    fake.place("1", at=T - 70 * 86_400)
    span = NOW - timedelta(days=80), NOW
    assert pulled(connect(fake), *span) == []
    fake.all_orders = True
    assert len(pulled(connect(fake), *span)) == 1


def test_test_orders_are_left_out_by_option(fake):
    fake.place("1", at=T, test=True)
    fake.place("2", at=T)
    assert len(pulled(connect(fake))) == 2
    client = connect(fake, options={"skip_test": True})
    assert [raw.external_id for raw in pulled(client)] == ["2"]
    assert client.order("1") is None
    assert client.numbers(date(2026, 3, 10)) == {"2"}


def test_a_day_is_counted_as_beijing_has_it(fake):
    start = datetime(2026, 3, 10, tzinfo=CHINA).timestamp()
    for number, at in (("1", start - 1), ("2", start), ("3", start + 86_399), ("4", start + 86_400)):
        fake.place(number, at=at)
    assert connect(fake).numbers(date(2026, 3, 10)) == {"2", "3"}


def test_an_unknown_order_is_none(fake):
    assert connect(fake).order("404") is None


# Limits, tokens, errors


def test_the_bucket_is_waited_for_before_it_is_empty(fake):
    for number in range(60):
        fake.place(str(number + 1), at=T - number)
    fake.points = 150.0
    assert len(pulled(connect(fake))) == 60
    assert fake.clock.pauses, "it had to wait"
    replies = fake.count("Orders")
    assert replies == 6, f"no call was refused: {replies}"


def test_a_throttled_answer_is_waited_for_by_the_rate(fake):
    fake.place("1", at=T)
    fake.points = 0.0
    assert connect(fake).order("1")
    (pause,) = fake.clock.pauses
    assert pause == pytest.approx(43 / 50, abs=0.25), "the cost of 43 points at 50 a second"


def test_no_query_costs_more_than_one_may(fake):
    fake.place("1", at=T)
    pulled(connect(fake))
    fake.calls.clear()
    connect(fake).order("1")
    assert fake.calls == ["OneOrder"], "not refused"


def test_a_token_that_expires_on_the_way(fake):
    for number in range(15):
        fake.place(str(number + 1), at=T)
    client, fake.between = connect(fake), fake.expire
    with pytest.raises(TokenExpired):
        pulled(client)
    fake.between = lambda: None
    token = client.renew()
    assert token.expires_at > NOW + timedelta(hours=23)
    client.account = dataclasses.replace(client.account, token=token.access)
    assert len(pulled(client)) == 15


def test_tokens_with_a_partner_are_renewed_as_a_pair(fake):
    token = connect(fake, refresh_token="shprt_0").renew()
    assert token.refresh_token == "shprt_2"
    assert token.expires_at < NOW + timedelta(hours=2)


def test_a_token_that_cannot_be_renewed_is_for_a_person(fake):
    with pytest.raises(Refused, match="enter a new one"):
        connect(fake, key="").renew()
    with pytest.raises(TokenExpired):
        connect(fake, token="").order("1")


@pytest.mark.parametrize(("code", "error"), [("ACCESS_DENIED", Refused), ("INTERNAL_SERVER_ERROR", TryLater)])
def test_errors_at_http_200(fake, code, error):
    fake.fail(*[graph_error(code) for _ in range(5)])
    with pytest.raises(error):
        connect(fake).order("1")


def test_an_unknown_version_of_the_interface_is_refused(fake):
    with pytest.raises(Refused):
        connect(fake, options={"api_version": "2019-01"}).order("1")


# Mapping


def test_discounts_on_the_order_are_in_the_lines(fake):
    off = [{"allocatedAmountSet": amount("10.00")}, {"allocatedAmountSet": amount("5.50")}]
    order = fake.place("1", item("1", "TEA", 3, 50, discountAllocations=off), item("2", "CUP", 1, 20), at=T,
                       totalPriceSet=amount("164.50"), shippingLines={"nodes": [
                           {"title": "Post", "discountedPriceSet": amount("10.00"), "taxLines": []}]})  # fmt: skip
    _found, read = words(order)
    settled = money.settle(read)
    assert [(line.paid, line.discount) for line in settled.lines] == [(134.5, 15.5), (20.0, 0.0)]
    assert (settled.owed, settled.gap) == (164.5, 0.0)


def test_the_shops_currency_counts_not_the_buyers(fake):
    order = fake.place("1", item("1", price=50, originalUnitPriceSet=amount("50.00", "7.10")), at=T)
    found, read = words(order)
    assert (found["currency"], read.lines[0].price_unit, read.paid) == ("CNY", 50.0, 50.0)


def test_prices_without_tax_get_it(fake):
    tax = [{"priceSet": amount("13.00")}]
    freight = {
        "nodes": [{"title": "Post", "discountedPriceSet": amount("10"), "taxLines": [{"priceSet": amount("0.90")}]}]
    }
    line = item("1", "TEA", 2, 50, taxLines=tax)
    values = {"shippingLines": freight, "totalPriceSet": amount("123.90")}
    _found, read = words(fake.place("1", line, at=T, taxesIncluded=False, **values))
    assert (read.lines[0].paid, read.lines[0].price_unit, read.freight) == (113.0, 56.5, 10.9)
    assert money.settle(read).gap == 0
    _found, read = words(fake.place("2", line, at=T, taxesIncluded=True, **values))
    assert read.lines[0].paid == 100.0, "it is in there already"


def test_cents_are_exact(fake):
    _found, read = words(fake.place("1", *[item(str(n), price=0.1) for n in (1, 2, 3)], at=T))
    assert read.paid == 0.3 and money.settle(read).gap == 0


@pytest.mark.parametrize(
    ("values", "status", "hold"),
    [
        ({}, "open", ""),
        ({"displayFinancialStatus": "PENDING"}, "unpaid", ""),
        ({"displayFinancialStatus": "AUTHORIZED"}, "open", ""),
        ({"displayFinancialStatus": "VOIDED"}, "unpaid", ""),
        ({"cancelledAt": "2026-03-10T04:00:00Z"}, "cancelled", ""),
        ({"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, "part_shipped", ""),
        ({"displayFulfillmentStatus": "FULFILLED"}, "shipped", ""),
        ({"displayFulfillmentStatus": "FULFILLED", "closedAt": "2026-03-10T04:00:00Z"}, "done", ""),
        ({"displayFulfillmentStatus": "ON_HOLD"}, "open", "platform"),
        ({"displayFulfillmentStatus": "SCHEDULED"}, "open", "presale"),
        ({"risk": {"recommendation": "INVESTIGATE"}}, "open", "risk"),
        ({"risk": None}, "open", ""),
    ],
)
def test_status(fake, values, status, hold):
    _found, read = words(fake.place("1", at=T, **values))
    assert (read.status, read.platform_hold) == (status, hold)


def test_pending_may_be_open(fake):
    order = fake.place("1", at=T, displayFinancialStatus="PENDING")
    assert words(order, pending_is_open=True)[1].status == "open"


def test_edited_and_refunded_lines(fake):
    fake.place("1", item("1", "TEA", 3), item("2", "CUP", 1), item("3", "POT", 0), at=T)
    fake.refund("1", 0, 2)
    _found, read = words(json.loads(connect(fake).order("1").body))
    assert [(line.sku, line.quantity, line.refund, line.refund_quantity) for line in read.lines] == [
        ("TEA", 3.0, "done", 2.0),
        ("CUP", 1.0, "", None),
    ], "a line added and taken out again is none"
    fake.refund("1", 0, 1)
    fake.refund("1", 1, 1)
    assert words(json.loads(connect(fake).order("1").body))[1].status == "cancelled"


def test_addresses_of_other_countries(fake):
    place = address(countryCodeV2="US", province="California", city="Cupertino", address1="1 Infinite Loop", address2="B",
                    zip="95014", latitude=37.33, longitude=-122.03)  # fmt: skip
    found, read = words(fake.place("1", at=T, shippingAddress=place))
    assert read.address["street"] == "1 Infinite Loop B"
    assert found["partner"] | {"country": "US", "latitude": 37.33, "longitude": -122.03} == found["partner"]


def test_an_order_without_address_and_articles_typed_by_hand(fake):
    line = item("1", sku=None, variant=None, product=None, name="Engraving")
    _found, read = words(fake.place("1", line, at=T, shippingAddress=None))
    assert read.address == {"email": "buyer@example.com"}
    assert read.lines[0].platform_item == "Engraving"


# Shipping


def shipment(*parcels, number="1", complete=True):
    rows = tuple(
        Parcel(tracking, "SF Express", tuple(ShippedLine(line, count) for line, count in lines.items()))
        for tracking, lines in parcels
    )
    return Shipment(number, f"ship-{number}", rows, complete)


def told(fake, number="1"):
    return [
        (
            [info["number"] for info in row["trackingInfo"]],
            {
                part["lineItem"]["id"].rsplit("/", 1)[1]: part["quantity"]
                for part in row["fulfillmentLineItems"]["nodes"]
            },
        )
        for row in fake.orders[number]["fulfillments"]
    ]


def test_a_parcel_names_the_lines_of_the_fulfilment_order(fake):
    fake.place("1", item("1", count=2), item("2"), at=T)
    connect(fake).ship(shipment(("S1", {"1": 2.0, "2": 1.0})))
    assert told(fake) == [(["S1"], {"1": 2, "2": 1})]
    assert fake.orders["1"]["displayFulfillmentStatus"] == "FULFILLED"
    assert fake.mails == ["1"]


def test_buyers_need_not_be_told(fake):
    fake.place("1", at=T)
    connect(fake, options={"notify_buyer": False}).ship(shipment(("S1", {"1": 1.0})))
    assert not fake.mails


def test_split_parcels(fake):
    fake.place("1", item("1", count=3), at=T)
    client = connect(fake)
    client.ship(shipment(("S1", {"1": 1.0}), complete=False))
    assert fake.orders["1"]["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    client.ship(shipment(("S1", {"1": 1.0}), ("S2", {"1": 2.0})))
    assert told(fake) == [(["S1"], {"1": 1}), (["S2"], {"1": 2})]


def test_one_location_in_a_call(fake):
    fake.place("1", item("1"), item("2"), at=T)
    fake.divide("1", ("1", [0]), ("2", [1]))
    connect(fake).ship(shipment(("S1", {"1": 1.0, "2": 1.0})))
    assert told(fake) == [(["S1"], {"1": 1}), (["S1"], {"2": 1})]


def test_parcels_without_known_content_share_a_fulfilment(fake):
    fake.place("1", item("1", count=2), at=T)
    connect(fake).ship(shipment(("S1", {"1": 2.0}), ("S2", {})))
    assert told(fake) == [(["S1", "S2"], {"1": 2})]


def test_what_is_fulfilled_under_the_same_number_is_done(fake):
    fake.place("1", at=T)
    for _time in range(2):
        connect(fake).ship(shipment(("S1", {"1": 1.0})))
    assert fake.fulfilments == 1


@pytest.mark.parametrize("kind", ["lost", "truncated", "drop"])
def test_a_lost_answer_settles_itself(fake, kind):
    fake.place("1", item("1"), item("2"), at=T)
    fake.divide("1", ("1", [0]), ("2", [1]))
    fake.fail(Fault(kind, "Fulfil"))
    connect(fake).ship(shipment(("S1", {"1": 1.0, "2": 1.0})))
    assert told(fake) == [(["S1"], {"1": 1}), (["S1"], {"2": 1})], "each location once, none left out"


def test_a_limit_between_two_locations(fake):
    fake.place("1", item("1"), item("2"), at=T)
    fake.divide("1", ("1", [0]), ("2", [1]))
    seen = []

    def storm(call):
        if call.name == "Fulfil":
            seen.append(1)
            return graph_error("THROTTLED") if len(seen) == 2 else None
        return None

    fake.chance = storm
    connect(fake).ship(shipment(("S1", {"1": 1.0, "2": 1.0})))
    assert told(fake) == [(["S1"], {"1": 1}), (["S1"], {"2": 1})]


def test_more_than_is_left_is_refused_with_a_reason(fake):
    fake.place("1", at=T)
    client = connect(fake)
    with pytest.raises(Refused, match="has 1 left"):
        client.ship(shipment(("S1", {"1": 2.0})))
    fake.orders["1"]["fulfillmentOrders"]["nodes"][0]["status"] = "ON_HOLD"
    with pytest.raises(Refused, match="has 0 left"):
        client.ship(shipment(("S1", {"1": 1.0})))
    with pytest.raises(Refused, match="does not know"):
        client.ship(shipment(("S1", {}), number="404"))


def test_user_errors_are_said(fake):
    fake.place("1", at=T)
    body = {
        "data": {"fulfillmentCreate": {"fulfillment": None, "userErrors": [{"field": [], "message": "No such luck"}]}}
    }
    fake.fail(Fault("reply", "Fulfil", Reply(json.dumps(body).encode())))
    with pytest.raises(Refused, match="No such luck"):
        connect(fake).ship(shipment(("S1", {"1": 1.0})))


# Stock


def test_stock_is_set_by_comparison(fake):
    fake.stock |= {("51", "1"): 4, ("52", "1"): 9}
    results = connect(fake).push_stock([StockLevel("51", 7), StockLevel("52", 9), StockLevel("53", 1)])
    assert fake.stock == {("51", "1"): 7, ("52", "1"): 9}
    assert [bool(result.error) for result in results] == [False, False, True]
    assert fake.count("SetStock") == 1


def test_a_sale_in_between_is_seen(fake):
    fake.stock[("51", "1")] = 4
    sales = iter([1])
    fake.before_set = lambda: [fake.stock.update({("51", "1"): 3}) for _sale in sales]
    assert connect(fake).push_stock([StockLevel("51", 7)])[0].error == ""
    assert fake.stock[("51", "1")] == 7
    assert fake.count("Stock") == 2, "looked again"


def test_a_quantity_that_never_rests_is_reported(fake):
    fake.stock[("51", "1")] = 4
    fake.before_set = lambda: fake.stock.update({("51", "1"): fake.stock[("51", "1")] + 1})
    assert "changed each time" in connect(fake).push_stock([StockLevel("51", 70)])[0].error


def test_one_bad_article_does_not_stop_the_others(fake):
    fake.stock |= {("51", "1"): 4, ("52", "1"): 4}
    results = connect(fake).push_stock([StockLevel("51", 2_000_000_000), StockLevel("52", 5)])
    assert ("TOO_HIGH" in results[0].error, results[1].error) == (True, "")
    assert fake.stock[("52", "1")] == 5


def test_the_same_change_later_is_another(fake):
    fake.stock[("51", "1")] = 5
    client = connect(fake)
    for _time in range(2):
        client.push_stock([StockLevel("51", 3)])
        assert fake.stock[("51", "1")] == 3
        fake.stock[("51", "1")] = 5  # a return in the shop


def test_a_lost_answer_of_stock_has_one_effect(fake):
    fake.stock[("51", "1")] = 5
    fake.fail(Fault("lost", "SetStock"))
    assert connect(fake).push_stock([StockLevel("51", 3)])[0].error == ""
    assert len(fake.keys) == 1, "sent again under the same key"


def test_a_location_of_choice(fake):
    fake.stock |= {("51", "1"): 4, ("51", "2"): 4}
    connect(fake, options={"location": 2}).push_stock([StockLevel("51", 7)])
    assert fake.stock == {("51", "1"): 4, ("51", "2"): 7}


# Webhooks


def test_signature_of_the_vectors():
    own = base64.b64encode(hmac.new(b"dummysecret", b'{"id":1}', hashlib.sha256).digest()).decode()
    assert signature("dummysecret", b'{"id":1}') == own == "8+Q1iSMyumxdrU0mDnUjyV9rT7T0ieoCVjYNFyHrcA8="


def test_webhooks_are_proven_over_the_raw_body(fake):
    reader, account = ShopifyPush(), Account(secret=fake.secret, shop=fake.shop)
    headers, body = fake.webhook("orders/paid", {"id": 1})
    assert reader.verify(Push(body, headers), account, 0)
    assert reader.verify(Push(body, {key.lower(): value for key, value in headers.items()}), account, 0)
    assert not reader.verify(Push(body + b" ", headers), account, 0)
    assert not reader.verify(Push(body, {}), account, 0)
    assert not reader.verify(Push(body, headers), dataclasses.replace(account, shop="other"), 0), "another shop's"
    assert not reader.verify(Push(body, headers), dataclasses.replace(account, secret=""), 0)
    wrong, _body = fake.webhook("orders/paid", {"id": 1}, secret="guess")
    assert not reader.verify(Push(body, wrong), account, 0)
    assert not reader.verify(Push(body, {**headers, "X-Shopify-Hmac-Sha256": "é"}), account, 0)
    assert (reader.answer(Push(body, {}), account, True).status, reader.answer(Push(body, {}), account, False).status) == (
        200, 401)  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "body", "numbers"),
    [
        ("orders/paid", {"id": 820982911946154508}, ["820982911946154508"]),
        ("orders/create", {"id": 7}, ["7"]),
        ("orders/edited", {"order_edit": {}, "order_id": 7}, ["7"]),
        ("refunds/create", {"id": 1, "order_id": 7}, ["7"]),
        ("fulfillments/update", {"id": 1, "order_id": 7}, ["7"]),
        ("products/update", {"id": 1}, []),
    ],
)
def test_a_webhook_names_its_order(fake, topic, body, numbers):
    headers, raw = fake.webhook(topic, body)
    assert [notice.external_id for notice in ShopifyPush().read(Push(raw, headers), Account())] == numbers


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b"{}"])
def test_a_broken_webhook_is_said_to_be_broken(raw):
    with pytest.raises(ValueError):
        ShopifyPush().read(Push(raw, {"X-Shopify-Topic": "orders/paid"}), Account())


# All of it at once

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["place", "pay", "change", "refund", "cancel", "push", "pull", "fault", "move", "expire", "dry"]
        ),
        st.integers(1, 6),
    ),
    max_size=40,
)


class Oracle:
    """An inbox as the models keep it: each version once; the newest is what counts."""

    def __init__(self, fake):
        self.fake, self.kept = fake, {}
        fake.clock = Clock()
        fake.now = fake.clock.now
        self.client = connect(fake)
        self.client.page_size = 2
        self.cursor = NOW - timedelta(minutes=30)

    def store(self, raws):
        for raw in raws:
            seen = self.kept.setdefault(raw.external_id, {})
            fresh = seen.get(raw.version, raw.body) == raw.body
            seen[raw.version if fresh else f"{raw.version}+{len(seen):04}"] = raw.body

    def talk(self, ask):
        for _try in range(3):
            try:
                return ask()
            except TokenExpired:
                self.client.account = dataclasses.replace(self.client.account, token=self.client.renew().access)
        return ask()

    def pull(self):
        end = datetime.fromtimestamp(int(self.fake.clock.at) + 1, UTC)
        try:
            self.talk(
                lambda: [self.store(page) for page in self.client.orders(self.cursor - timedelta(minutes=10), end)]
            )
        except TryLater:
            return
        self.cursor = end

    def step(self, what, which):
        fake, number = self.fake, str(which)
        fake.clock.at += 7
        if what == "place" and number not in fake.orders:
            fake.place(number, item(count=3), displayFinancialStatus="PENDING")
        elif what == "pull":
            self.pull()
        elif what == "fault":
            kinds = ["drop", "lost", "truncated", "throttled", "html", "broken"]
            html, broken = Reply(b"<html>"), Reply(b"{}", 503)
            made = {"throttled": graph_error("THROTTLED"), "html": Fault("reply", reply=html),
                    "broken": Fault("reply", reply=broken)}  # fmt: skip
            fake.fail(made.get(kinds[which - 1]) or Fault(kinds[which - 1]))
        elif what == "expire":
            fake.expire()
        elif what == "dry":
            fake.points = 0.0
        elif number in fake.orders:
            self.touch(what, number)

    def touch(self, what, number):
        fake = self.fake
        if what == "pay":
            fake.change(number, displayFinancialStatus="PAID")
        elif what == "change":
            fake.change(number, note=f"at {fake.clock.at}")
        elif what == "refund":
            fake.refund(number, 0, 1)
        elif what == "cancel":
            fake.cancel(number)
        elif what == "push":
            headers, body = fake.webhook("orders/paid", {"id": int(number)})
            (notice,) = ShopifyPush().read(Push(body, headers), Account())
            try:
                self.store([self.talk(lambda: self.client.order(notice.external_id))])
            except TryLater:
                return  # the hint waits; the pull brings it too
        elif what == "move":
            once = iter([number])
            fake.between = lambda: [fake.change(late, note="moved") for late in once]


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_whatever_happens_each_order_is_there_in_its_latest_state(steps):
    with FakeShopify() as fake:
        oracle = Oracle(fake)
        for what, which in steps:
            oracle.step(what, which)
        fake.faults.clear()
        fake.between = lambda: None
        fake.clock.at += 60
        oracle.pull()
        assert set(oracle.kept) == set(fake.orders)
        for number, kept in oracle.kept.items():
            now = oracle.talk(lambda number=number: oracle.client.order(number))
            assert json.loads(kept[max(kept)]) == json.loads(now.body)
