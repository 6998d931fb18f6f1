"""Pinduoduo: each trap of the platform, against a fake that sets it."""

import dataclasses
import json
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from distrib_orders.connectors import registry
from distrib_orders.connectors.errors import Refused, TokenExpired
from distrib_orders.connectors.pdd.client import PddClient
from distrib_orders.connectors.pdd.mapper import read_order, read_refund
from distrib_orders.connectors.pdd.sign import signature
from distrib_orders.connectors.types import Account, Parcel, Shipment, ShippedLine, StockLevel
from distrib_orders.engine import intake
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.china import Clock
from tests.fakes.pdd import KEY, SECRET, FakePdd, pdd_sign, refusal
from tests.fakes.puller import Puller
from tests.fakes.server import Fault, Reply

START = datetime(2026, 1, 2, 2, 0, tzinfo=UTC).timestamp()


@pytest.fixture
def fake():
    with FakePdd(Clock(START)) as server:
        yield server


def made(fake):
    account = Account(url=fake.url, key=KEY, secret=SECRET, token="first", refresh_token="again")
    return PddClient(account, now=fake.clock.utc, sleep=lambda seconds: None, dice=lambda: 0.5)


@pytest.fixture
def client(fake):
    return made(fake)


def window(fake, minutes=30):
    return fake.clock.utc() - timedelta(minutes=minutes), fake.clock.utc()


def words(fake, number):
    """Our words for an order as the client fetches it, and the intake's reading of them."""
    found = read_order(json.loads(made(fake).order(number).body), Account())
    order, problems = intake.read_order(found)
    assert not problems
    return found, order


# Calls


def test_the_signature_of_the_collected_vector():
    params = {
        "type": "pdd.order.number.list.increment.get", "client_id": "cid", "access_token": "tok",
        "timestamp": "1767294245", "data_type": "JSON", "start_updated_at": "1767292445",
        "end_updated_at": "1767294245", "order_status": "5", "refund_status": "5", "is_lucky_flag": "0", "page": "1",
        "page_size": "100", "use_has_next": "true",
    }  # fmt: skip
    assert signature(params, "dummysecret") == "9E0B160D2A9D92A522103E35C0C881B8"
    assert pdd_sign(params, "dummysecret") == "9E0B160D2A9D92A522103E35C0C881B8"


def test_a_wrong_secret_and_a_wrong_clock_are_refused(fake, client):
    client.now = lambda: fake.clock.utc() - timedelta(seconds=601)
    with pytest.raises(Refused, match="timestamp"):
        client.carriers()
    client.now = fake.clock.utc
    assert client.carriers() == {"44": "顺丰快递", "85": "圆通快递"}
    client.account = dataclasses.replace(client.account, secret="guessed")
    with pytest.raises(Refused, match="签名"):
        client.carriers()


def test_the_platforms_own_trouble_is_tried_again_and_ours_is_not(fake, client):
    fake.fail(refusal(70031), refusal(52001), refusal(52002), Fault("reply", reply=Reply(b"", 502)))
    client.carriers()
    assert fake.count("pdd.logistics.companies.get") == 5
    fake.fail(refusal(50001, "参数错误"))
    with pytest.raises(Refused) as error:
        client.order("1")
    assert error.value.code == "50001" and fake.count("pdd.order.information.get") == 1
    assert client.order("1") is None, "an order that the platform does not know"


def test_a_token_is_renewed_and_an_ended_grant_is_said(fake, client):
    fake.expire()
    with pytest.raises(TokenExpired):
        client.carriers()
    token = client.renew()
    assert token.access in fake.tokens and token.expires_at == fake.clock.utc() + timedelta(days=1)
    assert "access_token" not in fake.asked[-1]
    for again in ("gone", ""):
        client.account = dataclasses.replace(client.account, refresh_token=again)
        with pytest.raises(Refused):
            client.renew()


# Lists


def test_a_window_of_more_than_half_an_hour_is_refused(fake, client):
    with pytest.raises(Refused, match="跨度"):
        list(client.orders(*window(fake, 31)))
    assert client.slice <= timedelta(minutes=30)


def test_what_moves_while_it_is_read_is_not_lost(fake, client):
    client.page_size = 10
    for at in range(30):
        fake.place(str(100 + at))
        fake.clock.move(2)
    end = fake.clock.utc()
    moved = iter(("129", "115", "108", "105"))

    def between():
        fake.clock.move(1)
        fake.change(next(moved, "129"), remark="x")

    fake.between = between
    found = {raw.external_id for page in client.orders(end - timedelta(minutes=30), end) for raw in page}
    assert found >= set(fake.orders) - {"129", "115", "108", "105"}
    pages = [call["page"] for call in fake.asked if call["type"].endswith("increment.get")]
    assert pages == ["1", "3", "2", "1"], "the last page first"


def test_orders_come_whole_with_receiver_and_gifts(fake, client):
    fake.place("1", gift_list=[{"goods_id": 1, "sku_id": 2, "goods_count": 1, "outer_id": "CUP"}])
    fake.clock.move(5)
    ((raw,),) = list(client.orders(*window(fake)))
    body = json.loads(raw.body)
    assert body["receiver_name"] and body["gift_list"] and raw.version == body["updated_at"]


def test_the_orders_of_a_day_of_beijing(fake, client):
    fake.place("1")
    fake.clock.move(14 * 3600)
    fake.place("2")
    assert client.numbers(date(2026, 1, 2)) == {"1"} and client.numbers(date(2026, 1, 3)) == {"2"}


# Status and holds


@pytest.mark.parametrize(
    ("values", "status", "hold"),
    [
        ({}, "open", ""),
        ({"risk_control_status": 1}, "open", "risk"),
        ({"group_status": 0}, "open", "group_forming"),
        ({"group_status": 2}, "cancelled", ""),
        ({"confirm_status": 2}, "cancelled", ""),
        ({"confirm_status": 0, "pay_time": ""}, "unpaid", ""),
        ({"refund_status": 4}, "cancelled", ""),
        ({"refund_status": 4, "order_status": 2}, "shipped", ""),
        ({"order_status": 3}, "done", ""),
        ({"is_stock_out": 1, "stock_out_handle_status": 0}, "open", "platform"),
        ({"is_stock_out": 1, "stock_out_handle_status": 1}, "open", ""),
        ({"receiver_address": "", "receiver_address_mask": ""}, "open", "address_review"),
        ({"is_pre_sale": 1, "pre_sale_time": "2026-02-01 00:00:00"}, "open", ""),
        ({"step_order_info": {"step_trade_status": 1}}, "open", "presale"),
        ({"step_order_info": {"step_trade_status": 2}}, "open", ""),
    ],
)
def test_statuses_and_holds(fake, values, status, hold):
    fake.place("1", **values)
    order = words(fake, "1")[1]
    assert (order.status, order.platform_hold) == (status, hold)


def test_an_unknown_status_is_no_order(fake):
    with pytest.raises(ValueError, match="status"):
        read_order(fake.place("1", order_status=9), Account())
    with pytest.raises(ValueError, match="presale"):
        read_order(fake.place("2", step_order_info={"step_trade_status": 7}), Account())


def test_times_and_presale(fake):
    fake.place(
        "1", last_ship_time="2026-01-03 10:00:00", promise_delivery_time="2026-01-05 10:00:00", is_pre_sale=1,
        pre_sale_time="2026-02-01 08:00:00",
    )  # fmt: skip
    order = words(fake, "1")[1]
    assert order.ordered_at == order.paid_at == datetime(2026, 1, 2, 2, 0)
    assert (order.ship_by, order.promised_at) == (datetime(2026, 1, 3, 2, 0), datetime(2026, 1, 5, 2, 0))
    assert (order.presale, order.ship_from) == ("final_paid", datetime(2026, 2, 1, 0, 0))


def test_the_receiver_is_empty_until_it_may_be_shipped(fake, client):
    fake.place("1", risk_control_status=1)
    before = words(fake, "1")[1]
    assert before.masked and "street" not in before.address and before.address["city"] == "上海市"
    version = client.order("1").version
    fake.clock.move(60)
    fake.change("1", risk_control_status=0)
    after = words(fake, "1")[1]
    assert intake.is_older(version, client.order("1").version)
    assert (after.address["name"], after.address["street"], after.masked) == ("张**", "张江镇***", True)
    assert "~" not in json.dumps(after.address), "a cipher is nobody's name"
    fake.change("1", receiver_name="收货点", receiver_phone="13800001111", receiver_address="世纪大道1号")
    assert not words(fake, "1")[1].masked


def test_a_receiver_that_is_hidden_after_shipping_is_no_new_address(fake):
    fake.place("1")
    fake.change("1", order_status=2)
    order = words(fake, "1")[1]
    assert (order.status, order.address, order.masked) == ("shipped", {}, True)


# Money and lines


def test_what_was_paid_is_shared_out_in_yuan(fake):
    fake.place(
        "1", {"goods_price": 30, "goods_count": 2}, {"goods_price": 40}, postage=8, discount_amount=25,
        platform_discount=10, seller_discount=15,
    )  # fmt: skip
    order = words(fake, "1")[1]
    assert (order.paid, order.freight) == (83.0, 8.0)
    assert [(line.paid, line.discount, line.platform_discount) for line in order.lines] == [(45, 9, 6), (30, 6, 4)]


def test_gifts_and_repeated_articles_are_lines_of_their_own(fake):
    fake.place("1", {"sku_id": 5, "outer_id": ""}, {"sku_id": 5}, gift_list=[{"sku_id": 5, "goods_count": 2}])
    fake.orders["1"]["order_depot_info"] = {"depot_code": "WH-EAST"}
    lines = words(fake, "1")[1].lines
    assert [line.line_id for line in lines] == ["5", "5-2", "gift-5"]
    assert [(line.gift, line.paid, line.quantity) for line in lines] == [(False, 10, 1), (False, 10, 1), (True, 0, 2)]
    assert lines[0].sku == "" and lines[0].platform_sku == "5" and lines[0].store_code == "WH-EAST"


@given(st.lists(st.tuples(st.integers(0, 50000), st.integers(1, 5)), min_size=1, max_size=6), st.integers(0, 2000),
       st.integers(0, 100))  # fmt: skip
def test_lines_and_freight_are_what_was_paid(lines, freight, percent):
    fake = FakePdd(Clock(START))
    goods = sum(price * count for price, count in lines)
    items = [{"goods_price": price / 100, "goods_count": count} for price, count in lines]
    row = fake.place("1", *items, postage=freight / 100, discount_amount=goods * percent // 100 / 100)
    fake._server.server_close()
    order, problems = intake.read_order(read_order(row, Account()))
    assert not problems
    assert round(sum(line.paid for line in order.lines) + order.freight, 2) == order.paid


def test_a_price_raised_by_hand_is_no_negative_discount(fake):
    fake.place("1", {"goods_price": 10, "goods_count": 2}, order_change_amount=6, pay_amount=26)
    line = words(fake, "1")[1].lines[0]
    assert (line.price_unit, line.discount, line.paid) == (13.0, 0.0, 26.0)


# Refunds


@pytest.mark.parametrize(
    ("status", "line", "refund"),
    [
        (2, "requested", "requested"), (7, "agreed", "agreed"), (6, "", "closed"), (9, "", "closed"),
        (10, "done", "done"), (11, "", "closed"),
    ],
)  # fmt: skip
def test_refunds_sit_on_lines_and_in_their_list(fake, client, status, line, refund):
    fake.place("1", {"goods_price": 10, "goods_count": 2})
    key = fake.refund("1", status, kind=3)
    fake.clock.move(5)
    assert [row.refund for row in words(fake, "1")[1].lines] == [line]
    ((raw,),) = list(client.refunds(*window(fake)))
    found = read_refund(json.loads(raw.body), Account())
    assert (raw.kind, raw.external_id, raw.version.endswith(key)) == ("refund", "1", True)
    assert (found["status"], found["line_id"], found["amount"], found["returns_goods"]) == (refund, "8001", 20.0, True)


def test_an_exchange_is_no_refund_and_an_unknown_status_is_said(fake):
    fake.place("1")
    key = fake.refund("1", 14, kind=4)
    assert read_refund(fake.refunds[key], Account())["status"] == "closed"
    assert words(fake, "1")[1].lines[0].refund == ""
    with pytest.raises(ValueError):
        read_refund({**fake.refunds[key], "after_sales_type": 2, "after_sales_status": 99}, Account())


# Shipping and stock


def parcel(tracking, carrier="44"):
    return Parcel(tracking, carrier, (ShippedLine("8001", 1),))


def test_one_number_confirms_and_the_others_are_added(fake, client):
    fake.place("1")
    client.ship(Shipment("1", "k", (parcel("SF1"),), complete=False))
    assert not fake.sent, "an order is confirmed once, when it is complete"
    for _time in range(2):
        client.ship(Shipment("1", "k", (parcel("SF1"), parcel("YT2", "85"), parcel("SF1"))))
    assert (fake.sent, fake.extra) == ([("1", "SF1")], [("1", "YT2")])
    assert client.shipped("1") == {"SF1", "YT2"}
    client.ship(Shipment("1", "k", (parcel("SF3"),)))  # what the outbox leaves of it
    assert (len(fake.sent), fake.extra[-1]) == (1, ("1", "SF3"))
    assert {call.get("redelivery_type") for call in fake.asked} == {None, "1"}


@pytest.mark.parametrize("kind", ["lost", "truncated"])
@pytest.mark.parametrize("method", ["pdd.logistics.online.send", "pdd.order.upload.extra.logistics"])
def test_a_lost_reply_ships_once(fake, client, kind, method):
    fake.place("1")
    fake.fail(Fault(kind, method))
    client.ship(Shipment("1", "k", (parcel("SF1"), parcel("SF2"))))
    assert (fake.sent, fake.extra) == ([("1", "SF1")], [("1", "SF2")])


def test_an_order_under_review_cannot_be_shipped(fake, client):
    fake.place("1", risk_control_status=1)
    with pytest.raises(Refused, match="SF1: 订单状态"):
        client.ship(Shipment("1", "k", (parcel("SF1"),)))
    fake.place("2")
    with pytest.raises(Refused, match="快递公司"):
        client.ship(Shipment("2", "k", (parcel("X", "999"),)))


def test_stock_is_set_whole_and_one_that_is_gone_does_not_keep_the_others(fake, client):
    fake.gone = {"s2"}
    levels = [StockLevel("s1", 5, "g"), StockLevel("s2", 5, "g"), StockLevel("", 0, "g", "TEA"), StockLevel("s4", 5)]
    results = client.push_stock(levels)
    assert [bool(result.error) for result in results] == [False, True, False, True]
    assert fake.stock == {("g", "s1"): 5, ("g", "TEA"): 0}


# Everything at once


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("oooooccrrgyef...."), min_size=5, max_size=40))
def test_the_inbox_holds_every_order_once_in_its_latest_state(seed, acts):
    """place, change, refund, release, pull twice, expire, fault; a pull after each full stop, pages move meanwhile."""
    dice = random.Random(seed)
    faults = [refusal(70031), refusal(52002), Fault("drop"), Fault("lost"), Fault("truncated")]
    with FakePdd(Clock(START)) as fake:
        client = made(fake)
        client.page_size = 3
        puller = Puller(client, fake.clock)

        def act(kind):
            fake.clock.move(dice.choice([1, 1, 7, 60, 400]))
            number = dice.choice(list(fake.orders)) if fake.orders else None
            if kind == "o" or number is None:
                fake.place(str(5000 + len(fake.orders)), risk_control_status=dice.choice([0, 0, 1]))
            elif kind == "c":
                fake.change(number, town=dice.choice(["黄浦区", "徐汇区"]), remark=str(dice.random()))
            elif kind == "r":
                fake.refund(number, dice.choice([2, 9, 10]))
            elif kind == "g":
                fake.change(number, risk_control_status=0)
            elif kind == "e":
                fake.expire()

        fake.between = lambda: act(dice.choice("oocc")) if dice.random() < 0.3 else None
        for kind in acts:
            if kind == "f":
                fake.chance = lambda call: dice.choice(faults) if dice.random() < 0.15 else None
            for _time in range({"y": 2, ".": 1}.get(kind, 0)):
                puller.pull()
            act(kind)
        fake.chance, fake.between = (lambda call: None), (lambda: None)
        puller.settle()
        assert puller.latest() == {number: json.loads(client.order(number).body) for number in fake.orders}
        known = {json.loads(body)["id"] for (kind, *_rest), body in puller.inbox.items() if kind == "refund"}
        assert known == set(fake.refunds)


def test_the_platform_is_registered():
    platform = registry.get("pdd")
    assert platform.client is PddClient and platform.default_url.startswith("https://") and not platform.token_lasts
