"""JD: each trap of the platform, against a fake that sets it."""

import dataclasses
import json
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from distrib_orders.connectors import registry
from distrib_orders.connectors.errors import Refused, TokenExpired, TryLater
from distrib_orders.connectors.jd.client import JdClient
from distrib_orders.connectors.jd.mapper import read_order, read_refund
from distrib_orders.connectors.jd.sign import signature
from distrib_orders.connectors.types import Account, Parcel, Shipment, StockLevel
from distrib_orders.engine import intake
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.china import Clock, stamp
from tests.fakes.jd import KEY, SECRET, FakeJd, jd_sign, not_done, refusal
from tests.fakes.puller import Puller
from tests.fakes.server import Fault, Reply

START = datetime(2026, 1, 2, 2, 0, tzinfo=UTC).timestamp()
COMPANIES = "360buy.get.vender.all.delivery.company"
VECTOR = {
    "method": "jingdong.pop.order.search", "app_key": "APPKEY", "access_token": "TOKEN",
    "timestamp": "2026-01-02 03:04:05", "v": "2.0",
    "360buy_param_json": json.dumps(
        {
            "start_date": "2026-01-02 00:00:00", "end_date": "2026-01-02 01:00:00",
            "order_state": "WAIT_SELLER_STOCK_OUT", "optional_fields": "orderId,modified", "page": "1",
            "page_size": "50", "dateType": 0, "sortType": 2,
        },
        separators=(",", ":"),
    ),
}  # fmt: skip


@pytest.fixture
def clock():
    return Clock(START)


@pytest.fixture
def fake(clock):
    with FakeJd(clock) as server:
        yield server


def made(fake, **options):
    options = {"oauth_url": f"{fake.url}/oauth2/refresh_token", **options}
    names = {"key": KEY, "secret": SECRET, "token": "first", "refresh_token": "again"}
    account = Account(url=f"{fake.url}/routerjson", options=options, **names)
    return JdClient(account, now=fake.clock.utc, sleep=lambda seconds: None, dice=lambda: 0.5)


@pytest.fixture
def client(fake):
    return made(fake)


def window(fake, minutes=30):
    return fake.clock.utc() - timedelta(minutes=minutes), fake.clock.utc()


def words(fake, number, **options):
    found = read_order(json.loads(made(fake, **options).order(number).body), Account(options=options))
    order, problems = intake.read_order(found)
    assert not problems
    return found, order


def listed(pages):
    return [raw.external_id for page in pages for raw in page]


# Signature


def test_the_signature():
    assert signature(VECTOR, "dummysecret") == "52D391F7DE94E0223D096C0984D10BE5"
    assert jd_sign(VECTOR, "dummysecret") == "52D391F7DE94E0223D096C0984D10BE5"
    assert signature({**VECTOR, "empty": ""}, "dummysecret") == signature(VECTOR, "dummysecret"), "nothing is skipped"


def test_a_wrong_secret_and_a_wrong_clock_are_refused(fake, client):
    client.now = lambda: fake.clock.utc() - timedelta(seconds=361)
    with pytest.raises(Refused, match="时间戳"):
        client.carriers()
    client.now = lambda: fake.clock.utc() - timedelta(seconds=359)
    assert client.carriers()["467"] == "顺丰快递"
    client.account = dataclasses.replace(client.account, secret="guessed")
    with pytest.raises(Refused, match="签名"):
        client.carriers()


# Errors, all of them HTTP 200, in three shapes


@pytest.mark.parametrize("flat", [True, False])
def test_errors_with_and_without_a_wrapper(fake, client, flat):
    fake.flat_errors = flat
    fake.expire()
    with pytest.raises(TokenExpired):
        client.order("1")
    fake.tokens = {"first"}
    fake.fail(
        refusal("2", "限制时间内调用失败次数", flat), refusal("67", "连接后端异常", flat), refusal("65", "超时", flat)
    )
    assert client.carriers()
    assert fake.count(COMPANIES) == 4
    fake.fail(refusal("24", "该商家无权调用API", flat))
    with pytest.raises(Refused, match="无权"):
        client.carriers()
    assert fake.count(COMPANIES) == 5


@pytest.mark.parametrize("success", [False, "false"])
def test_the_third_shape_is_success_without_success(fake, client, success):
    fake.fail(not_done("参数错误", success=success))
    with pytest.raises(Refused, match="参数错误"):
        client.order("1")
    fake.fail(not_done("系统繁忙，请稍后再试", success=success))
    fake.place("1")
    assert client.order("1")


def test_a_limit_that_does_not_end_is_left_to_the_next_run(fake, client):
    fake.chance = lambda call: refusal("2", "限制时间内调用失败次数")
    with pytest.raises(TryLater):
        client.carriers()


def test_success_may_be_a_word(fake, client):
    fake.word_success = True
    fake.place("1")
    assert client.order("1").external_id == "1"
    client.ship(Shipment("1", "k", (Parcel("SF1", "467"),)))
    assert client.push_stock([StockLevel("101", 5)])[0].error == ""


def test_an_answer_that_is_no_answer(fake, client):
    fake.fail(Fault("reply", reply=Reply(b"[]")), Fault("reply", reply=Reply(b"{}")))
    with pytest.raises(Refused):
        client.carriers()


def test_the_token_is_renewed(fake, client):
    fake.expire()
    token = client.renew()
    assert token.access in fake.tokens and token.refresh_token == "again"
    assert token.expires_at == fake.clock.utc() + timedelta(days=1)
    fake.refresh_tokens = set()
    with pytest.raises(Refused, match="refresh_token"):
        client.renew()
    client.account = dataclasses.replace(client.account, refresh_token="", token="")
    with pytest.raises(Refused, match="grant"):
        client.renew()
    with pytest.raises(TokenExpired):
        client.order("1")


# Lists


def test_every_state_is_asked_for(fake, client):
    states = ("WAIT_SELLER_STOCK_OUT", "WAIT_GOODS_RECEIVE_CONFIRM", "FINISHED_L", "TRADE_CANCELED", "LOCKED", "PAUSE")
    for state in (*states, "POP_ORDER_PAUSE", "WAIT_SELLER_DELIVERY", "SEND_TO_DISTRIBUTION_CENER"):
        fake.place(f"N-{state}", orderState=state)
    fake.clock.move(1)
    assert set(listed(client.orders(*window(fake)))) == set(fake.orders)


def test_changes_are_asked_for_and_not_births(fake, client):
    fake.place("1")
    fake.clock.move(7200)
    fake.change("1", venderRemark="x")
    fake.clock.move(1)
    assert listed(client.orders(*window(fake))) == ["1"]
    assert fake.asked[-1][1]["dateType"] == "0"


def test_what_moves_while_it_is_read_is_not_lost(fake, client):
    for at in range(150):
        fake.place(str(1000 + at))
        fake.clock.move(1)
    end = fake.clock.utc()
    moved = iter(("1149", "1120", "1099", "1080"))

    def between():
        fake.clock.move(1)
        fake.change(next(moved, "1149"), venderRemark="x")

    fake.between = between
    found = set(listed(client.orders(end - timedelta(minutes=30), end)))
    assert found >= set(fake.orders) - {"1149", "1120", "1099", "1080"}
    assert [asked["page"] for _method, asked in fake.asked] == ["1", "3", "2", "1"]


def test_a_window_with_more_pages_than_there_are_is_rolled(fake, client):
    fake.last_page, client.page_size = 3, 10
    fake_pages = "distrib_orders.connectors.jd.client.LAST_PAGE"
    for at in range(100):
        fake.place(str(1000 + at))
        fake.clock.move(7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_pages, 3)
        found = listed(client.orders(*window(fake)))
        assert set(found) == set(fake.orders)
        for at in range(40):
            fake.place(str(2000 + at))  # all within one second
        fake.clock.move(1)
        with pytest.raises(Refused, match="second"):
            listed(client.orders(*window(fake)))


def test_the_numbers_of_a_day_of_beijing(fake, client):
    for number, hour in (("1", -11), ("2", -9), ("3", 5), ("4", 14)):
        fake.place(number)["orderStartTime"] = stamp(START + hour * 3600)
    assert client.numbers(date(2026, 1, 2)) == {"2", "3"}, "the first second of the next day is not in it"


def test_an_order_nobody_knows(client):
    assert client.order("404") is None


def test_nothing_asked_for_is_refused(fake, client):
    with pytest.raises(Refused, match="optional_fields"):
        client.invoke(
            "jingdong.pop.order.search", {"start_date": stamp(START), "end_date": stamp(START), "order_state": "X"}
        )


def test_enciphered_receivers_are_hidden_and_the_region_is_clear(fake):
    fake.place("1")
    client = made(fake, encrypted=True)
    fake.clock.move(1)
    assert listed(client.orders(*window(fake))) == ["1"]
    assert fake.count("jingdong.pop.order.enSearch") == 1
    _found, order = words(fake, "1", encrypted=True)
    assert order.masked and order.privacy_id == "1"
    assert "cipher" not in str(order.address)
    assert (order.address["province"], order.address["city"], order.address["district"]) == ("广东", "深圳市", "南山区")


def test_refunds_come_when_asked_for_and_again_when_decided(fake, client):
    fake.place("1", {"jdPrice": "12.30"})
    key = fake.refund("1")
    fake.clock.move(1)
    (asked,) = [raw for page in client.refunds(*window(fake)) for raw in page]
    fake.clock.move(7199)
    fake.refund("1", 3)
    fake.clock.move(1)
    (decided,) = [raw for page in client.refunds(*window(fake)) for raw in page]
    assert asked.kind == "refund" and asked.external_id == "1"
    assert decided.version == f"{stamp(START + 7200)}/{key}" > asked.version
    found = read_refund(json.loads(decided.body), Account())
    assert (found["status"], found["amount"], found["refund_id"]) == ("done", 12.3, key), "its sum is in fen"


@pytest.mark.parametrize(
    ("status", "ours", "back"),
    [(0, "requested", None), (1, "agreed", None), (2, "closed", None), (6, "agreed", True), (7, "agreed", True),
     (8, "closed", None), (9, "done", None), (11, "closed", None)],
)  # fmt: skip
def test_each_status_of_a_refund(status, ours, back):
    found = read_refund({"id": 1, "orderId": 2, "status": status, "applyRefundSum": 100}, Account())
    assert (found["status"], found.get("returns_goods")) == (ours, back)


def test_a_new_status_of_a_refund_is_not_guessed():
    with pytest.raises(ValueError):
        read_refund({"id": 1, "orderId": 2, "status": 99}, Account())


# What an order means


@pytest.mark.parametrize(
    ("state", "ours", "hold"),
    [
        ("NOT_PAY", "unpaid", ""),
        ("WAIT_SELLER_STOCK_OUT", "open", ""),
        ("WAIT_SELLER_DELIVERY", "open", ""),
        ("LOCKED", "open", "locked"),
        ("PAUSE", "open", "platform"),
        ("POP_ORDER_PAUSE", "open", "platform"),
        ("SEND_TO_DISTRIBUTION_CENER", "shipped", ""),
        ("DISTRIBUTION_CENTER_RECEIVED", "shipped", ""),
        ("RECEIPTS_CONFIRM", "shipped", ""),
        ("WAIT_GOODS_RECEIVE_CONFIRM", "shipped", ""),
        ("FINISHED_L", "done", ""),
        ("TRADE_CANCELED", "cancelled", ""),
    ],
)
def test_each_state(fake, state, ours, hold):
    fake.place("1", orderState=state)
    _found, order = words(fake, "1")
    assert (order.status, order.platform_hold, order.outside_status) == (ours, hold, state)


def test_an_order_that_left_stays_shipped_when_it_is_locked(fake):
    fake.place("1", orderState="LOCKED", waybill="SF1")
    _found, order = words(fake, "1")
    assert (order.status, order.platform_hold) == ("shipped", "locked")


def test_a_new_state_is_not_guessed(fake):
    with pytest.raises(ValueError, match="NEW"):
        read_order(fake.place("1", orderState="NEW"), Account())


def test_times_are_of_beijing_and_cash_on_delivery_is_not_paid(fake):
    fake.place("1")
    assert words(fake, "1")[1].paid_at == datetime(2026, 1, 2, 2, 0)
    fake.change("1", payType="1-货到付款", paymentConfirmTime="0001-01-01 00:00:00")
    found, order = words(fake, "1")
    assert (order.paid_at, found["cash_on_delivery"], order.status) == (None, True, "open")


# Lines and money


def test_quantities_are_words_and_gifts_repeat_the_article(fake):
    fake.place(
        "1",
        {"skuId": "7", "jdPrice": "10.00", "itemTotal": "3"},
        {"skuId": "7", "jdPrice": "0.00", "itemTotal": "1"},
        {"skuId": "7", "jdPrice": "9.00", "itemTotal": "1"},
        {"skuId": "8", "jdPrice": "", "itemTotal": "2", "outerSkuId": "", "newStoreId": "31"},
    )
    lines = words(fake, "1")[1].lines
    assert [line.line_id for line in lines] == ["7", "7:gift", "7:2", "8:gift"], "each its own"
    assert [line.quantity for line in lines] == [3, 1, 1, 2]
    assert [line.gift for line in lines] == [False, True, False, True]
    assert (lines[3].sku, lines[3].platform_sku, lines[3].platform_item, lines[3].store_code) == ("", "8", "904", "31")


def test_what_a_line_brought_follows_from_the_coupons(fake):
    fake.place(
        "1",
        {"skuId": "7", "jdPrice": "100.00", "itemTotal": "1"},
        {"skuId": "8", "jdPrice": "50.00", "itemTotal": "2"},
        {"skuId": "8", "jdPrice": "0.00", "itemTotal": "1"},
        couponDetailList=[
            {"skuId": "7", "couponType": "30-单品促销优惠", "couponPrice": "20.00"},
            {"skuId": "", "couponType": "100-店铺优惠", "couponPrice": "18.00"},
            {"skuId": "", "couponType": "41-京东券优惠", "couponPrice": "16.20"},
        ],
        sellerDiscount="38.00", orderSellerPrice="162.00", freightPrice="6.00", orderPayment="141.80",
        balanceUsed="10.00",
    )  # fmt: skip
    _found, order = words(fake, "1")
    assert [line.discount for line in order.lines] == [28.0, 10.0, 0.0], "the article's own on it, the rest on all"
    assert [line.platform_discount for line in order.lines] == [7.2, 9.0, 0.0]
    assert [line.paid for line in order.lines] == [64.8, 81.0, 0.0]
    assert order.paid == 151.8, "what he took from his balance is paid too"
    assert round(sum(line.paid for line in order.lines) + order.freight, 2) == order.paid


def test_fee_and_tax_are_no_revenue_of_a_line(fake):
    fake.place("1", {"jdPrice": "10.00"}, orderPayment="16.00", freightPrice="3.00", serviceFee="2.00", taxFee="1.00")
    _found, order = words(fake, "1")
    assert (order.lines[0].paid, order.lines[0].platform_discount, order.freight) == (10.0, 0.0, 6.0)


def test_amounts_that_are_empty_are_unknown(fake):
    empty = dict.fromkeys(("orderPayment", "sellerDiscount", "orderSellerPrice", "freightPrice", "balanceUsed"), "")
    coupons = [
        {"skuId": "", "couponType": "100-店铺优惠", "couponPrice": "2.00"},
        {"couponType": "39-京豆优惠", "couponPrice": "1.00"},
    ]
    fake.place("1", {"jdPrice": "10.00"}, couponDetailList=coupons, **empty)
    line = words(fake, "1")[1].lines[0]
    assert (line.paid, line.discount, line.platform_discount) == (7.0, 2.0, 1.0)
    assert words(fake, "1")[1].paid is None


CENTS = st.integers(0, 99999)


@given(
    st.lists(st.tuples(CENTS, st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=6),
    st.integers(0, 100), st.integers(0, 100), st.integers(0, 2000), st.lists(st.tuples(st.integers(1, 3), CENTS), max_size=3),
)  # fmt: skip
def test_lines_and_freight_are_what_was_paid(items, shop, jd, freight, coupons):
    goods = sum(price * quantity for price, quantity, _sku in items)
    discount = goods * shop // 100
    paid = goods - discount - (goods - discount) * jd // 100 + freight
    order = {
        "orderId": "1", "orderState": "FINISHED_L", "modified": "x", "orderPayment": f"{paid / 100:.2f}",
        "sellerDiscount": f"{discount / 100:.2f}", "freightPrice": f"{freight / 100:.2f}",
        "couponDetailList": [
            {"skuId": str(sku), "couponType": "30-单品促销优惠", "couponPrice": f"{value / 100:.2f}"} for sku, value in coupons
        ],
        "itemInfoList": [
            {"skuId": str(sku), "jdPrice": f"{price / 100:.2f}", "itemTotal": str(quantity)} for price, quantity, sku in items
        ],
    }  # fmt: skip
    read, problems = intake.read_order(read_order(order, Account()))
    assert not problems, "no amount is negative"
    assert round(sum(line.paid for line in read.lines) + read.freight, 2) == read.paid
    for line in read.lines:
        assert round(line.paid + line.discount + line.platform_discount, 2) == round(line.price_unit * line.quantity, 2)


# Receiver


def consignee(**values):
    return {"consigneeInfo": {"fullname": "收货点", "mobile": "13800001111", **values}}


def test_the_address_does_not_repeat_the_region(fake):
    fake.place("1")
    address = words(fake, "1")[1].address
    assert address["street"] == "科技路2号"
    assert (address["city"], address["district"], address["town"]) == ("深圳市", "南山区", "粤海街道")


@pytest.mark.parametrize(
    ("city", "county", "town", "expected"),
    [
        ("浦东新区", "张江镇", "", ("上海", "浦东新区", "张江镇")),
        ("上海市", "浦东新区", "张江镇", ("上海市", "浦东新区", "张江镇")),
    ],
)
def test_below_a_municipality_the_city_is_a_district(fake, city, county, town, expected):
    full = f"上海{city}{county}{town}世纪大道1号"
    fake.place("1", **consignee(province="上海", city=city, county=county, town=town, fullAddress=full))
    address = words(fake, "1")[1].address
    assert (address["city"], address["district"], address["town"]) == expected
    assert address["street"] == "世纪大道1号"


def test_orders_merge_by_what_is_known_of_the_receiver(fake):
    place = {"province": "广东", "city": "深圳市", "county": "南山区", "fullAddress": "广东深圳市南山区科技路2号"}
    fake.place("1", **consignee(**place))
    fake.place("2", **consignee(**place))
    fake.place("3", **consignee(**{**place, "fullAddress": "广东深圳市南山区科技路3号"}))
    fake.place("4")
    fake.place("5", **consignee(**place, oaid="O1"))
    keys = [words(fake, number)[1].merge_key for number in "12345"]
    assert keys[0] == keys[1] != "" and keys[2] not in ("", keys[0])
    assert keys[3:] == ["", "O1"], "hidden names cannot be compared"


# Shipping


def test_all_parcels_of_an_order_go_in_one_call(fake, client):
    fake.place("1", {"jdPrice": "1"}, {"jdPrice": "2"})
    parcels = (Parcel("S1", "467"), Parcel("Y1", "463"), Parcel("S2", "467"))
    client.ship(Shipment("1", "k1", parcels[:1], complete=False))
    assert not fake.sent, "JD takes orders whole: a part is not said"
    client.ship(Shipment("1", "k2", parcels))
    assert fake.sent == [("1", "467|463", "S1,S2|Y1")]
    assert client.shipped("1") == {"S1", "S2", "Y1"}


def test_own_delivery_has_no_number(fake, client):
    fake.place("1")
    client.ship(Shipment("1", "k", (Parcel("", "1274"),)))
    assert fake.sent == [("1", "1274", "")]


@pytest.mark.parametrize("kind", ["lost", "truncated"])
def test_a_lost_reply_ships_once(fake, client, kind):
    fake.place("1")
    fake.fail(Fault(kind, "jingdong.pop.order.shipment"))
    client.ship(Shipment("1", "k", (Parcel("S1", "467"),)))
    client.ship(Shipment("1", "k", (Parcel("S1", "467"),)))
    assert len(fake.sent) == 1
    with pytest.raises(Refused, match="S9"):
        client.ship(Shipment("1", "k", (Parcel("S9", "467"),)))


def test_a_locked_order_cannot_be_shipped(fake, client):
    fake.place("1", orderState="LOCKED")
    with pytest.raises(Refused, match="等待出库"):
        client.ship(Shipment("1", "k", (Parcel("S1", "467"),)))


# Stock


@pytest.mark.parametrize("method", ["jingdong.stock.write.updateSkuStock", "jingdong.ware.stock.sku.set"])
def test_stock_is_set_article_by_article(fake, method):
    fake.gone = {"2"}
    client = made(fake, stock_method=method)
    results = client.push_stock([StockLevel("1", 5), StockLevel("2", 6), StockLevel("3", 0)])
    assert [result.error for result in results] == ["", "sku已下架", ""]
    assert fake.stock == {"1": 5, "3": 0}
    assert fake.count(method) == 3


def test_another_way_to_set_stock_is_not_guessed(fake):
    with pytest.raises(Refused):
        made(fake, stock_method="jingdong.made.up").push_stock([StockLevel("1", 5)])


# Everything at once


def storm(dice):
    """Faults by chance: a function for ``FakeServer.chance``."""
    faults = [
        refusal("2", "限制时间内调用失败次数"), refusal("65", "超时", flat=True), not_done("系统异常"), Fault("drop"),
        Fault("lost"), Fault("truncated"), Fault("reply", reply=Reply(b"bad gateway", 502)), not_done("参数错误"),
    ]  # fmt: skip
    return lambda call: dice.choice(faults) if dice.random() < 0.15 else None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("ooooccrrxsyef...."), min_size=5, max_size=60))
def test_the_inbox_holds_every_order_once_in_its_latest_state(seed, acts):
    """place, change, refund, cancel, ship, pull twice, expire, fault; a pull after each full stop, pages move meanwhile."""
    dice = random.Random(seed)
    with FakeJd(Clock(START)) as fake:
        fake.word_success, fake.flat_errors = dice.random() < 0.5, dice.random() < 0.5
        client = made(fake, encrypted=dice.random() < 0.3)
        client.page_size = 3
        puller = Puller(client, fake.clock)

        def act(kind):
            fake.clock.move(dice.choice([1, 1, 7, 60, 400, 4000]))
            number = dice.choice(list(fake.orders)) if fake.orders else None
            if kind == "o" or number is None:
                fake.place(str(5000 + len(fake.orders)), *({"jdPrice": str(dice.randint(0, 99))} for _ in range(2)))
            elif kind == "c":
                fake.change(number, venderRemark=str(dice.random()))
            elif kind == "r":
                fake.refund(number, dice.choice([0, 0, 1, 2, 3]))
            elif kind == "x":
                fake.cancel(number)
            elif kind == "s" and fake.orders[number]["orderState"] == "WAIT_SELLER_STOCK_OUT":
                fake.change(number, orderState="WAIT_GOODS_RECEIVE_CONFIRM", waybill=f"S{number}")
            elif kind == "e":
                fake.expire()

        fake.between = lambda: act(dice.choice("ooccrs")) if dice.random() < 0.3 else None
        for kind in acts:
            fake.chance = storm(dice) if kind == "f" else fake.chance
            if kind in "y.":
                puller.pull()
            if kind == "y":
                puller.pull()
            act(kind)
        fake.chance, fake.between = (lambda call: None), (lambda: None)
        puller.settle()
        assert puller.latest() == {number: json.loads(client.order(number).body) for number in fake.orders}
        found = {row["id"]: row["status"] for row in puller.latest("refund").values()}
        assert found == {key: row["status"] for key, row in fake.refunds.items()}


def test_the_platform_is_registered():
    platform = registry.get("jd")
    assert platform.client is JdClient and platform.default_url.startswith("https://")
