"""Douyin: each trap of the platform, against a fake that sets it."""

import dataclasses
import hashlib
import json
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from distrib_orders.connectors import registry
from distrib_orders.connectors.douyin.client import DouyinClient
from distrib_orders.connectors.douyin.mapper import read_order
from distrib_orders.connectors.douyin.push import DouyinPush
from distrib_orders.connectors.douyin.sign import packed, signature
from distrib_orders.connectors.errors import Refused, TokenExpired
from distrib_orders.connectors.types import Account, Parcel, Push, Shipment, ShippedLine, StockLevel
from distrib_orders.engine import intake
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.china import Clock
from tests.fakes.douyin import KEY, SECRET, FakeDouyin, douyin_sign, event_sign, refusal
from tests.fakes.puller import Puller
from tests.fakes.server import Fault, Reply

START = datetime(2026, 1, 2, 2, 0, tzinfo=UTC).timestamp()
HOUSE = {"inventory_list": [{"warehouse_id": "9", "out_warehouse_id": "WH-EAST", "count": 1}]}


@pytest.fixture
def fake():
    with FakeDouyin(Clock(START)) as server:
        yield server


def made(fake, **options):
    names = {"key": KEY, "secret": SECRET, "token": "first", "refresh_token": "again"}
    account = Account(url=fake.url, options=options, **names)
    return DouyinClient(account, now=fake.clock.utc, sleep=lambda seconds: None, dice=lambda: 0.5)


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
    asked = {"size": 100, "page": 0, "update_time_start": 1767292445, "update_time_end": 1767294245}
    body = packed({**asked, "order_by": "update_time"})
    wanted = "7e35f060f7c14e56ab554eb5bfe4018e96f1e530dee62de0f33b6a15a7ebbc0b"
    query = {"app_key": "AK", "method": "order.searchList", "timestamp": "1767294245", "v": "2"}
    assert signature("AK", "order.searchList", body, "1767294245", "dummysecret") == wanted
    assert douyin_sign(query, body.encode(), "dummysecret") == wanted


def test_what_is_signed_is_what_is_sent_nested_and_unescaped(fake, client):
    with pytest.raises(Refused, match="接口不存在"):
        client.invoke("order.none", z=1, a=[{"y": "<茶 & 咖啡>", "b": "'\""}])
    call = json.loads(packed({"a": [{"y": "<茶 & 咖啡>", "b": "'\""}], "z": 1}))
    assert packed({"b": "<茶 & 咖啡>", "a": 1}) == '{"a":1,"b":"<茶 & 咖啡>"}'
    assert fake.asked[-1][1] == call and list(fake.asked[-1][1]["a"][0]) == ["b", "y"]


def test_a_wrong_secret_and_a_wrong_clock_are_refused(fake, client):
    client.now = lambda: fake.clock.utc() - timedelta(seconds=601)
    with pytest.raises(Refused, match="时间戳"):
        client.carriers()
    client.now = fake.clock.utc
    assert client.carriers()["shunfeng"] == "顺丰速运"
    client.account = dataclasses.replace(client.account, secret="guessed")
    with pytest.raises(Refused, match="签名"):
        client.carriers()


def test_the_platforms_own_trouble_is_tried_again_and_ours_is_not(fake, client):
    fake.fail(refusal("isv.call-limited", 80000), refusal("isp.service-timeout"), refusal("", 20000))
    fake.fail(Fault("reply", reply=Reply(b"", 502)))
    client.carriers()
    assert fake.count("order.logisticsCompanyList") == 5
    fake.fail(refusal("isv.parameter-invalid", 40004))
    with pytest.raises(Refused) as error:
        client.order("1")
    assert error.value.code == "isv.parameter-invalid" and fake.count("order.orderDetail") == 1
    assert client.order("1") is None, "an order that the platform does not know"


def test_a_token_is_renewed_and_an_ended_grant_is_said(fake, client):
    fake.expire()
    with pytest.raises(TokenExpired):
        client.carriers()
    token = client.renew()
    assert token.access in fake.tokens and token.expires_at == fake.clock.utc() + timedelta(days=1)
    assert "access_token" not in fake.asked[-1][0]
    for again in ("gone", ""):
        client.account = dataclasses.replace(client.account, refresh_token=again)
        with pytest.raises(Refused):
            client.renew()


# Lists


def test_pages_count_from_zero_and_are_read_backwards(fake, client):
    client.page_size = 10
    for at in range(25):
        fake.place(str(100 + at))
        fake.clock.move(2)
    end = fake.clock.utc()
    found = [raw.external_id for page in client.orders(end - timedelta(minutes=30), end) for raw in page]
    assert set(found) == set(fake.orders)
    assert [asked["page"] for _query, asked in fake.asked] == [0, 2, 1, 0]
    assert {(asked["order_by"], asked["order_asc"]) for _query, asked in fake.asked} == {("update_time", False)}


def test_what_moves_while_it_is_read_is_not_lost(fake, client):
    client.page_size = 10
    for at in range(30):
        fake.place(str(100 + at))
        fake.clock.move(2)
    end = fake.clock.utc()
    moved = iter(("129", "115", "108", "105"))

    def between():
        fake.clock.move(1)
        fake.change(next(moved, "129"), seller_words="x")

    fake.between = between
    found = {raw.external_id for page in client.orders(end - timedelta(minutes=30), end) for raw in page}
    assert found >= set(fake.orders) - {"129", "115", "108", "105"}


def test_the_orders_of_a_day_of_beijing(fake, client):
    fake.place("1")
    fake.clock.move(14 * 3600)
    fake.place("2")
    assert client.numbers(date(2026, 1, 2)) == {"1"} and client.numbers(date(2026, 1, 3)) == {"2"}


# Status and holds


@pytest.mark.parametrize(
    ("outside", "status", "hold"),
    [
        (1, "unpaid", ""), (105, "open", "platform"), (2, "open", ""), (101, "part_shipped", ""), (3, "shipped", ""),
        (4, "cancelled", ""), (5, "done", ""),
    ],
)  # fmt: skip
def test_statuses(fake, outside, status, hold):
    fake.place("1")
    fake.change("1", order_status=outside)
    order = words(fake, "1")[1]
    assert (order.status, order.platform_hold, order.outside_status) == (status, hold, str(outside))


def test_an_unknown_status_is_no_order(fake):
    with pytest.raises(ValueError, match="99"):
        read_order(fake.place("1", order_status=99), Account())


@pytest.mark.parametrize(
    ("paid", "step", "hold"),
    [([False, False], "deposit", "presale"), ([True, False], "final_unpaid", "presale"), ([1, True], "final_paid", "")],
)
def test_a_presale_waits_for_all_of_its_phases(fake, paid, step, hold):
    fake.place("1", order_phase_list=[{"phase_order_id": at, "pay_success": done} for at, done in enumerate(paid)])
    fake.pay("1")
    order = words(fake, "1")[1]
    assert (order.presale, order.platform_hold) == (step, hold)


def test_times(fake):
    fake.place("1")
    fake.clock.move(60)
    fake.pay("1")
    order = words(fake, "1")[1]
    assert (order.ordered_at, order.paid_at) == (datetime(2026, 1, 2, 2, 0), datetime(2026, 1, 2, 2, 1))
    assert order.ship_by == datetime(2026, 1, 4, 2, 0)


# Receiver


def test_the_receiver_is_masked_and_the_regions_are_clear(fake):
    fake.place("1", user_coordinate={"longitude": "121.5", "latitude": "31.2"})
    found, order = words(fake, "1")
    address = order.address
    assert [address[name] for name in ("province", "city", "district", "town")] == [
        "上海市",
        "上海市",
        "浦东新区",
        "张江镇",
    ]
    assert (address["name"], address["street"], order.masked) == ("张*", "***号", True)
    assert (found["partner"]["latitude"], found["partner"]["longitude"]) == (31.2, 121.5)
    assert "##" not in json.dumps(found), "a cipher is nobody's name"
    fake.orders["1"]["post_addr"]["detail"] = "世纪大道1号"
    fake.change("1", post_receiver="收货点", post_tel="13800001111")
    assert not words(fake, "1")[1].masked


def test_one_buyer_and_one_receiver_may_go_in_one_parcel(fake):
    for number in "123":
        fake.place(number)
    fake.change("3", mask_post_tel="139****2222")
    keys = [words(fake, number)[1].merge_key for number in "123"]
    assert keys[0] == keys[1] != keys[2]
    fake.change("1", doudian_open_id="")
    assert not words(fake, "1")[1].merge_key, "nothing is known of the buyer"


# Money and lines


def test_fen_become_yuan_and_a_free_gift_goes_with_its_article(fake):
    fake.place(
        "1",
        {"origin_amount": 10000, "item_num": 2, "pay_amount": 15000, "promotion_platform_amount": 2000, **HOUSE},
        {"origin_amount": 990, "pay_amount": 0, "given_product_type": "FREE", "master_sku_order_id_list": ["101"]},
        {"origin_amount": 500, "code": "", "out_sku_id": "OUT", "bundle_sku_info": [{"code": "A"}, {"code": "B"}]},
        {"origin_amount": 500, "code": "", "store_info": {"store_id": "77"}},
        post_amount=600,
    )
    order = words(fake, "1")[1]
    assert (order.paid, order.freight) == (166.0, 6.0)
    assert [(line.paid, line.price_unit, line.gift) for line in order.lines] == [
        (150.0, 100.0, False), (0.0, 9.9, True), (5.0, 5.0, False), (5.0, 5.0, False),
    ]  # fmt: skip
    first = order.lines[0]
    assert (first.discount, first.platform_discount, first.store_code) == (30.0, 20.0, "WH-EAST")
    assert [line.ship_with for line in order.lines] == ["101", "101", "", ""]
    assert [bool(line.bundle) for line in order.lines] == [False, False, True, False]
    assert [(line.sku, line.platform_sku) for line in order.lines[2:]] == [("OUT", "8003"), ("", "8004")]
    assert order.lines[3].store_code == "77"


@given(st.lists(st.tuples(st.integers(0, 50000), st.integers(1, 5), st.booleans()), min_size=1, max_size=6),
       st.integers(0, 2000), st.booleans())  # fmt: skip
def test_lines_and_freight_are_what_was_paid(lines, freight, within):
    """Also where the lines' amounts hold the freight."""
    fake = FakeDouyin(Clock(START))
    rows = [{"origin_amount": price, "item_num": count} for price, count, _free in lines]
    for row, (_price, _count, free) in list(zip(rows, lines, strict=True))[1:]:
        row |= {"given_product_type": "FREE", "pay_amount": 0} if free else {}
    row = fake.place("1", *rows, post_amount=freight)
    if within:
        row["sku_order_list"][0]["pay_amount"] += freight
    fake._server.server_close()
    order, problems = intake.read_order(read_order(row, Account()))
    assert not problems
    assert round(sum(line.paid for line in order.lines) + order.freight, 2) == order.paid
    assert all(line.paid == 0 for line in order.lines if line.gift)


def test_a_price_raised_by_hand_is_no_negative_discount(fake):
    fake.place("1", {"origin_amount": 1000, "item_num": 2, "pay_amount": 2600})
    line = words(fake, "1")[1].lines[0]
    assert (line.price_unit, line.discount, line.paid) == (13.0, 0.0, 26.0)


@pytest.mark.parametrize(
    ("status", "values", "ours"),
    [
        (6, {}, "requested"), (7, {}, "agreed"), (11, {}, "agreed"), (12, {}, "agreed"),
        (12, {"refund_status": 3}, "done"), (51, {}, "done"), (27, {}, ""), (28, {}, ""), (29, {}, ""),
        (6, {"after_sale_type": 3}, ""), (12, {"after_sale_type": 6, "refund_status": 3}, ""),
    ],
)  # fmt: skip
def test_an_after_sales_case_sits_on_its_line(fake, client, status, values, ours):
    fake.place("1", {"origin_amount": 100}, {"origin_amount": 200})
    fake.pay("1")
    before = client.order("1").version
    fake.clock.move(5)
    fake.refund("1", "102", status, **values)
    assert [line.refund for line in words(fake, "1")[1].lines] == ["", ours]
    assert intake.is_older(before, client.order("1").version)


# Shipping


@pytest.fixture
def paid(fake):
    fake.place("9", {"origin_amount": 1000, "item_num": 2}, {"origin_amount": 500})
    fake.pay("9")
    return fake


def parcel(tracking, *lines, carrier="shunfeng"):
    return Parcel(tracking, carrier, tuple(ShippedLine(line, count) for line, count in lines))


def test_one_parcel_with_all_is_confirmed_alone(paid, client):
    order = json.loads(client.order("9").body)
    for _time in range(2):
        client.ship(Shipment("9", "k", (parcel("SF1", ("901", 2), ("902", 1)),), order=order))
    assert paid.sent == [("9", "SF1", (("901", 2), ("902", 1)))]
    assert paid.count("order.logisticsAddMultiPack") == 0 and client.shipped("9") == {"SF1"}


def test_pieces_of_a_line_go_in_several_parcels(paid, client):
    order = json.loads(client.order("9").body)
    client.ship(Shipment("9", "k", (parcel("SF1", ("901", 1)),), complete=False, order=order))
    assert paid.orders["9"]["order_status"] == 101
    rest = (parcel("YT2", ("901", 1), carrier="yuantong"), parcel("SF3", ("902", 1)))
    client.ship(Shipment("9", "k", rest, order=order))  # the same key with others in it is another request
    client.ship(Shipment("9", "k", rest, order=order))
    assert [sent[1] for sent in paid.sent] == ["SF1", "YT2", "SF3"]
    assert paid.orders["9"]["order_status"] == 3


def test_parcels_of_unknown_content_ship_a_complete_order_once(paid, client):
    client.ship(Shipment("9", "k1", (parcel("SF1"),), complete=False))
    assert not paid.sent
    client.ship(Shipment("9", "k2", (parcel("SF1"), parcel("SF2"))))
    client.ship(Shipment("9", "k2", (parcel("SF2"),)))
    assert [sent[1] for sent in paid.sent] == ["SF1"]


@pytest.mark.parametrize("kind", ["lost", "truncated"])
@pytest.mark.parametrize("parts", [1, 2])
def test_a_lost_reply_ships_once(paid, client, kind, parts):
    order = json.loads(client.order("9").body)
    whole = (parcel("SF1", ("901", 2), ("902", 1)),)
    split = (parcel("SF1", ("901", 2)), parcel("SF2", ("902", 1)))
    paid.fail(Fault(kind, "order.logisticsAdd" if parts == 1 else "order.logisticsAddMultiPack"))
    client.ship(Shipment("9", "k", whole if parts == 1 else split, order=order))
    assert [sent[1] for sent in paid.sent] == ["SF1", "SF2"][:parts]


def test_another_number_than_the_platform_knows_is_a_refusal(paid, client):
    order = json.loads(client.order("9").body)
    client.ship(Shipment("9", "k", (parcel("SF1", ("901", 2), ("902", 1)),), order=order))
    with pytest.raises(Refused, match="SF9"):
        client.ship(Shipment("9", "k", (parcel("SF9", ("901", 2), ("902", 1)),), order=order))


def test_a_cancelled_line_does_not_keep_the_rest_from_being_shipped_whole(paid, client):
    paid.orders["9"]["sku_order_list"][1]["order_status"] = 4
    order = json.loads(client.order("9").body)
    client.ship(Shipment("9", "k", (parcel("SF1", ("901", 2)),), order=order))
    assert paid.sent == [("9", "SF1", (("901", 2),))] and paid.count("order.logisticsAdd") == 1


# Stock


def test_a_quantity_that_comes_back_is_set_again(fake):
    client = made(fake, warehouse="WH-EAST")
    for quantity in (5, 3, 5):
        fake.clock.move(1)
        fake.fail(Fault("lost", "sku.syncStock"))
        assert client.push_stock([StockLevel("s1", quantity, "7001")])[0].error == ""
        assert fake.stock == {"s1": quantity}
    assert len(fake.marks) == 3, "one mark for a push and its repetition"
    assert fake.asked[-1][1]["out_warehouse_id"] == "WH-EAST"


def test_an_article_that_is_gone_does_not_keep_the_others(fake, client):
    fake.gone = {"s2"}
    levels = [StockLevel("s1", 1), StockLevel("s2", 2), StockLevel("", 0, sku="TEA"), StockLevel("", 4)]
    assert [bool(result.error) for result in client.push_stock(levels)] == [False, True, False, True]
    assert fake.stock == {"s1": 1, "TEA": 0}


# Push


def pushed(*messages, **headers):
    body = json.dumps(messages, ensure_ascii=False).encode()
    return Push(body, headers or {"Event-Sign": event_sign(body)})


def message(tag="100", **data):
    return {"tag": tag, "msg_id": "m", "data": json.dumps(data)}


ACCOUNT = Account(key=KEY, secret=SECRET, shop="5")


def test_origin_is_proven_over_the_raw_body():
    reader, push = DouyinPush(), pushed(message(p_id=1))
    assert reader.verify(push, ACCOUNT, 0)
    assert not reader.verify(Push(push.body + b" ", push.headers), ACCOUNT, 0)
    assert not reader.verify(Push(push.body, {}), ACCOUNT, 0)
    assert not reader.verify(push, dataclasses.replace(ACCOUNT, secret="other"), 0)
    assert not reader.verify(Push(push.body, {"event-sign": "é"}), ACCOUNT, 0)
    body = b"[]"
    empty = Account(key=KEY)
    unsigned = Push(body, {"event-sign": hashlib.md5(KEY.encode() + body).hexdigest()})
    assert not reader.verify(unsigned, empty, 0), "without a secret nothing is proven"


def test_a_push_names_each_order_once_and_one_bad_message_does_not_lose_the_others():
    push = pushed(
        {"tag": "0", "msg_id": "0", "data": "2026-01-02T03:04:05+08:00"},
        message(p_id=4781320682406083640, shop_id=5), message("200", p_id="4781320682406083640"), message(p_id=7),
        message(p_id=8, shop_id=6), message("400", product_id=1), {"tag": "100", "data": "{"}, 7,
    )  # fmt: skip
    notices = DouyinPush().read(push, ACCOUNT)
    assert [notice.external_id for notice in notices] == ["4781320682406083640", "7", "", ""]
    assert [json.loads(notice.payload) for notice in notices[2:]] == [{"tag": "100", "data": "{"}, 7]


def test_a_broken_push_is_said_to_be_broken():
    for body in (b'{"a', b"{}", b"\xff"):
        with pytest.raises(ValueError):
            DouyinPush().read(Push(body, {}), ACCOUNT)
    answer = DouyinPush().answer(pushed(), ACCOUNT, True)
    assert (answer.status, json.loads(answer.body)) == (200, {"code": 0, "msg": "success"})
    assert DouyinPush().answer(pushed(), ACCOUNT, False).status == 403


# Everything at once


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("ooooppccrrxyef...."), min_size=5, max_size=40))
def test_the_inbox_holds_every_order_once_in_its_latest_state(seed, acts):
    """place, pay, change, refund, cancel, pull twice, expire, fault; a pull after each full stop, pages move meanwhile."""
    dice = random.Random(seed)
    faults = [
        refusal("isv.call-limited"),
        refusal("isp.service-error"),
        Fault("drop"),
        Fault("lost"),
        Fault("truncated"),
    ]
    with FakeDouyin(Clock(START)) as fake:
        client = made(fake)
        client.page_size = 3
        puller = Puller(client, fake.clock, ("orders",))

        def act(kind):
            fake.clock.move(dice.choice([1, 1, 7, 60, 400]))
            number = dice.choice(list(fake.orders)) if fake.orders else None
            if kind == "o" or number is None:
                fake.place(str(5000 + len(fake.orders)))
            elif kind == "p":
                fake.pay(number)
            elif kind == "c":
                fake.change(number, seller_words=str(dice.random()))
            elif kind == "r":
                fake.refund(number, f"{number}01", dice.choice([6, 12, 28]))
            elif kind == "x":
                fake.cancel(number)
            elif kind == "e":
                fake.expire()

        fake.between = lambda: act(dice.choice("ooccrp")) if dice.random() < 0.3 else None
        for kind in acts:
            if kind == "f":
                fake.chance = lambda call: dice.choice(faults) if dice.random() < 0.15 else None
            for _time in range({"y": 2, ".": 1}.get(kind, 0)):
                puller.pull()
            act(kind)
        fake.chance, fake.between = (lambda call: None), (lambda: None)
        puller.settle()
        assert puller.latest() == {number: json.loads(client.order(number).body) for number in fake.orders}


def test_the_platform_is_registered():
    platform = registry.get("douyin")
    assert platform.client is DouyinClient and platform.push and not platform.token_lasts
