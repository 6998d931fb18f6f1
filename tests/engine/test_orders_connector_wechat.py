"""The WeChat shop, its calls to us, and shipping upload for a mini-program, against a server that behaves as WeChat's does."""

import base64
import dataclasses
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from distrib_orders.connectors import registry
from distrib_orders.connectors.errors import Refused, TokenExpired, TryLater, Unknown
from distrib_orders.connectors.order import CHINA
from distrib_orders.connectors.types import Account, Parcel, Push, Shipment, ShippedLine, StockLevel
from distrib_orders.connectors.webhook.push import signature as webhook_signature
from distrib_orders.connectors.wechat_mini.client import WechatMiniClient, hidden
from distrib_orders.connectors.wechat_mini.push import MiniPush
from distrib_orders.connectors.wechat_shop import crypto
from distrib_orders.connectors.wechat_shop.client import WechatShopClient, deliveries, filled
from distrib_orders.connectors.wechat_shop.mapper import read_order
from distrib_orders.connectors.wechat_shop.push import WINDOW, WechatPush
from distrib_orders.engine import intake
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import wechat
from tests.fakes.server import Fault, Reply
from tests.fakes.wechat import FakeWechat, address, product

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
T = int(NOW.timestamp())
DAY = NOW - timedelta(hours=12), NOW + timedelta(hours=1)


def error(code):
    return Fault("reply", reply=Reply(json.dumps({"errcode": code, "errmsg": "no"}).encode()))


@pytest.fixture
def fake():
    with FakeWechat() as server:
        server.now = NOW.timestamp
        server.good.add("first")
        server.pauses = []
        yield server


def connect(fake, kind=WechatShopClient, **values):
    account = Account(
        **{"url": fake.url, "key": fake.app, "secret": fake.secret, "token": "first", "shop": "1900", **values}
    )
    return kind(account, now=lambda: NOW, sleep=fake.pauses.append, dice=lambda: 1.0)


def pulled(client, start=DAY[0], end=DAY[1]):
    return {raw.external_id: raw for page in client.orders(start, end) for raw in page}


def words(payload, **values):
    found = read_order(payload, Account(**values))
    order, problems = intake.read_order(found)
    assert not problems
    return found, order


# Tokens and errors


def test_the_token_is_the_stable_one_and_not_forced(fake):
    fake.good.clear()
    client = connect(fake, token="")
    with pytest.raises(TokenExpired):
        client.order("1")
    token = client.renew()
    assert token.expires_at == NOW + timedelta(seconds=7200)
    assert client.renew().access == token.access, "asked again, others keep theirs"
    assert fake.issued == 1


@pytest.mark.parametrize("code", [40001, 42001])
def test_an_expired_token_is_told_apart(fake, code):
    fake.fail(error(code))
    with pytest.raises(TokenExpired):
        connect(fake).order("1")
    assert fake.pauses == [], "renewed, not tried again"


def test_a_token_that_expires_between_two_pages(fake):
    for number in range(5):
        fake.place(f"{number}", at=T)
    client, fake.most = connect(fake), 2
    fake.between = fake.expire
    with pytest.raises(TokenExpired):
        pulled(client)
    fake.between = lambda: None
    client.account = dataclasses.replace(client.account, token=client.renew().access)
    assert len(pulled(client)) == 5


def test_a_wrong_secret_is_said(fake):
    with pytest.raises(Refused, match="App Secret"):
        connect(fake, secret="guess").renew()


def test_busy_is_tried_again(fake):
    fake.place("1", at=T)
    fake.fail(error(-1), error(-1))
    assert connect(fake).order("1").external_id == "1"
    assert len(fake.pauses) == 2


def test_the_days_quota_comes_back_at_midnight_of_beijing(fake):
    fake.fail(error(45009))
    with pytest.raises(TryLater) as trouble:
        connect(fake).order("1")
    assert trouble.value.after == pytest.approx(12 * 3600, abs=5), "it is noon there"


def test_malformed_json_is_not_sent_again(fake):
    fake.fail(error(47001))
    with pytest.raises(Refused, match="cannot read"):
        connect(fake).order("1")
    assert fake.count("order/get") == 1


def test_chinese_text_arrives_as_it_is(fake):
    with pytest.raises(Refused):  # no such product, but the body could be read
        connect(fake).post("/channels/ec/unknown", {"name": "龙井"})
    assert fake.calls == ["unknown"]


# Pulling


def test_orders_come_with_their_detail(fake):
    fake.place("3705115058471207000", product("TEA", 2), at=T)
    raw = pulled(connect(fake))["3705115058471207000"]
    assert raw.version == str(T)
    assert json.loads(raw.body)["order_detail"]["product_infos"][0]["sku_cnt"] == 2


def test_windows_are_those_that_the_platform_allows(fake):
    client = connect(fake)
    with pytest.raises(Refused):
        pulled(client, NOW - timedelta(days=8), NOW)
    assert client.slice <= timedelta(days=1), "refunds allow no more than a day"


def test_pages_that_move_lose_nothing(fake):
    for number in range(9):
        fake.place(f"{number}", at=T - number)
    fake.most, moved = 3, []

    def move():
        if len(moved) < 2:
            moved.append(str(len(moved)))
            fake.change(moved[-1], at=T + 7200)  # leaves the window, and pulls the others forward

    fake.between = move
    assert set(pulled(connect(fake))) >= {str(number) for number in range(2, 9)}
    assert moved, "something did change between the pages"


def test_one_page_is_asked_for_once(fake):
    fake.place("1", at=T)
    pulled(connect(fake))
    assert fake.count("order/list/get") == 1


def test_a_refund_brings_its_order_though_the_order_did_not_change(fake):
    fake.place("1", product("TEA", 3), at=T - 90_000)
    fake.refund("r1", "1", 0, 1, "MERCHANT_PROCESSING", at=T - 60)
    raw = pulled(connect(fake))["1"]
    assert raw.version == str(T - 60), "newer than the order's own stamp"
    assert words(json.loads(raw.body))[1].lines[0].refund == "requested"
    fake.refund("r1", "1", 0, 1, "MERCHANT_REFUND_SUCCESS", at=T - 30)
    again = pulled(connect(fake))["1"]
    assert int(again.version) > int(raw.version)


def test_an_unknown_order_is_none(fake):
    assert connect(fake).order("404") is None


def test_a_day_is_counted_as_beijing_has_it(fake):
    start = int(datetime(2026, 3, 10, tzinfo=CHINA).timestamp())
    for number, stamp in (("before", start - 1), ("first", start), ("last", start + 86_399), ("after", start + 86_400)):
        fake.place(number, at=stamp)
    assert connect(fake).numbers(date(2026, 3, 10)) == {"first", "last"}


# Mapping


def test_money_is_fen_and_kept_apart(fake):
    line = product("TEA", 3, price=5000, paid=12000, finder_discounted_price=1000)
    found, order = words(fake.place("1", line, at=T))
    assert (
        found["lines"][0] | {"price_unit": 50.0, "paid": 120.0, "discount": 20.0, "platform_discount": 10.0}
        == (found["lines"][0])
    )
    assert (order.paid, order.freight) == (128.0, 8.0)


def test_a_price_raised_by_hand_is_no_negative_discount(fake):
    found, _order = words(fake.place("1", product("TEA", 1, price=5000, paid=6000), at=T))
    assert (found["lines"][0]["price_unit"], found["lines"][0]["discount"]) == (60.0, 0.0)


@pytest.mark.parametrize(
    ("code", "status", "hold"),
    [
        (10, "unpaid", ""),
        (12, "open", "platform"),
        (13, "open", "group_forming"),
        (20, "open", ""),
        (21, "part_shipped", ""),
        (30, "shipped", ""),
        (100, "done", ""),
        (190, "cancelled", ""),
        (200, "cancelled", ""),
        (250, "cancelled", ""),
        (77, "open", "platform"),
    ],
)
def test_status(fake, code, status, hold):
    _found, order = words(fake.place("1", status=code, at=T))
    assert (order.status, order.platform_hold, order.outside_status) == (status, hold, str(code))


def test_an_article_without_outer_code_is_known_by_another(fake):
    rows = [product("A"), product("B", out_sku_id="", sku_code="B-CODE"), product("C", out_sku_id=None)]
    _found, order = words(fake.place("1", *rows, at=T))
    assert [line.sku for line in order.lines] == ["A", "B-CODE", ""]
    assert order.lines[2].platform_sku == str(rows[2]["sku_id"])


def test_masked_receivers_keep_clear_places(fake):
    _found, order = words(fake.place("1", at=T))
    assert order.masked and order.privacy_id == "seal-1"
    assert order.address["district"] == "南山区"
    assert intake.buyer_key(order.address) == "", "a hidden number is nobody's"


def test_a_virtual_number_is_the_one_to_call(fake):
    extension = {"tel_number_ext_info": {"virtual_tel_number": "18877771111-123"}}
    order = fake.place("1", at=T, delivery_info={"address_info": address(**extension)})
    assert words(order)[0]["partner"]["phone"] == "18877771111-123"


def test_one_buyer_at_one_address_has_one_key(fake):
    first, second = (words(fake.place(number, at=T))[1] for number in "12")
    other = words(fake.place("3", at=T, delivery_info={"address_info": address(hash_code="other")}))[1]
    shipped = words(fake.place("4", at=T, status=30))[1]
    assert first.merge_key == second.merge_key != other.merge_key
    assert not shipped.merge_key


def test_presales_ship_later(fake):
    late = {"stock_type": 1, "predict_delivery_time": T + 86_400 * 9}
    order = fake.place("1", product("A", delivery_deadline=T + 900), product("B", sku_deliver_info=late), at=T)
    _found, read = words(order)
    assert (read.presale, read.ship_from) == ("final_paid", NOW.replace(tzinfo=None) + timedelta(days=9))
    assert read.ship_by == (NOW + timedelta(seconds=900)).replace(tzinfo=None)


def test_gifts_cost_nothing_and_are_lines_of_their_own(fake):
    order = fake.place("1", product("TEA"), product("TEA", is_free_gift=True, real_price=0), at=T)
    _found, read = words(order)
    assert [(line.gift, line.paid) for line in read.lines] == [(False, 50.0), (True, 0.0)]
    assert len({line.line_id for line in read.lines}) == 2


def test_an_address_under_review_holds(fake):
    order = fake.place("1", at=T, delivery_info={"address_under_review": True})
    assert words(order)[1].platform_hold == "address_review"


@pytest.mark.parametrize(
    ("rows", "refund", "quantity", "hold"),
    [
        ([("MERCHANT_PROCESSING", 1)], "requested", 1, ""),
        ([("USER_WAIT_RETURN", 2)], "agreed", 2, ""),
        ([("MERCHANT_REFUND_SUCCESS", 1)], "done", 1, ""),
        ([("USER_CANCELD", 1)], "", None, ""),
        ([("MERCHANT_REJECT_REFUND", 1)], "", None, ""),
        ([("MERCHANT_REFUND_SUCCESS", 1), ("MERCHANT_PROCESSING", 1)], "done", 1, "locked"),
        ([("MERCHANT_REFUND_SUCCESS", 1), ("MERCHANT_RETURN_SUCCESS", 2)], "done", 3, ""),
    ],
)
def test_refunds_of_a_line(fake, rows, refund, quantity, hold):
    fake.place("1", product("TEA", 3), product("CUP"), at=T)
    for place, (status, count) in enumerate(rows):
        fake.refund(f"r{place}", "1", 0, count, status, at=T)
    _found, read = words(json.loads(connect(fake).order("1").body))
    assert (read.lines[0].refund, read.lines[0].refund_quantity, read.platform_hold) == (refund, quantity, hold)
    assert not read.lines[1].refund


def test_an_exchange_is_no_refund(fake):
    fake.place("1", at=T)
    fake.refund("r1", "1", 0, 1, "MERCHANT_PROCESSING", at=T)
    fake.refunds["r1"]["type"] = "EXCHANGE"
    assert not words(json.loads(connect(fake).order("1").body))[1].lines[0].refund


def test_counts_on_the_lines_serve_where_refunds_are_not_there(fake):
    order = fake.place("1", product("TEA", 3, finish_aftersale_sku_cnt=2), at=T)
    line = words(order)[1].lines[0]
    assert (line.refund, line.refund_quantity) == ("done", 2)


# Shipping


def shipment(*parcels, order=None, number="1", complete=True):
    rows = tuple(
        Parcel(tracking, carrier, tuple(ShippedLine(line, count) for line, count in lines.items()))
        for tracking, carrier, lines in parcels
    )
    return Shipment(number, f"ship-{number}", rows, complete, order or {})


def keys(order):
    return [line["line_id"] for line in read_order(order, Account())["lines"]]


def test_parcels_name_what_is_in_them(fake):
    order = fake.place("1", product("TEA", 3), product("CUP", 1), at=T)
    tea, cup = keys(order)
    client = connect(fake)
    client.ship(shipment(("S1", "SF", {tea: 2.0}), ("Y1", "YTO", {tea: 1.0, cup: 1.0}), order=order))
    sent = fake.sent[0]["delivery_list"]
    assert [(row["waybill_id"], [info["product_cnt"] for info in row["product_infos"]]) for row in sent] == [
        ("S1", [2]),
        ("Y1", [1, 1]),
    ]
    assert fake.orders["1"]["status"] == 30
    assert client.shipped("1") == {"S1", "Y1"}


def test_a_part_leaves_the_rest_open(fake):
    order = fake.place("1", product("TEA", 3), at=T)
    client = connect(fake)
    client.ship(shipment(("S1", "SF", {keys(order)[0]: 1.0}), order=order, complete=False))
    assert fake.orders["1"]["status"] == 21
    client.ship(shipment(("S2", "SF", {keys(order)[0]: 2.0})))
    assert fake.orders["1"]["status"] == 30


def test_a_lost_answer_is_settled_by_asking(fake):
    order = fake.place("1", at=T)
    client = connect(fake)
    fake.fail(Fault("lost", "order/delivery/send"))
    with pytest.raises(Unknown):
        client.ship(shipment(("S1", "SF", {keys(order)[0]: 1.0}), order=order))
    assert client.shipped("1") == {"S1"}
    client.ship(shipment(("S1", "SF", {keys(order)[0]: 1.0}), order=order))
    assert len(fake.sent) == 1, "told again it has no effect, and is no error"


def test_what_is_new_is_told_beside_what_is_known(fake):
    order = fake.place("1", product("TEA", 2), at=T)
    client, tea = connect(fake), keys(order)[0]
    client.ship(shipment(("S1", "SF", {tea: 1.0}), complete=False))
    client.ship(shipment(("S1", "SF", {tea: 1.0}), ("S2", "SF", {tea: 1.0})))
    assert client.shipped("1") == {"S1", "S2"}
    assert len(fake.sent) == 2


def test_a_refusal_stays_one(fake):
    order = fake.place("1", at=T, status=200)
    with pytest.raises(Refused, match="can not deliver"):
        connect(fake).ship(shipment(("S1", "SF", {keys(order)[0]: 1.0}), order=order))
    with pytest.raises(Refused, match="no line"):
        connect(fake).ship(shipment(("S1", "SF", {"other": 1.0}), order=order))
    with pytest.raises(Refused, match="does not know"):
        connect(fake).ship(shipment(("S1", "SF", {"other": 1.0}), number="404"))


def test_parcels_without_known_content_share():
    one = filled([Parcel("A", "SF", (ShippedLine("1", 1.0),)), Parcel("B", "SF")])
    assert [parcel.tracking for parcel in one] == ["A"], "one unit is in one parcel"
    two = filled([Parcel("A", "SF", (ShippedLine("1", 1.0), ShippedLine("2", 1.0))), Parcel("B", "SF")])
    assert [[line.line_id for line in parcel.lines] for parcel in two] == [["1"], ["2"]]


def test_virtual_goods_have_no_carrier(fake):
    order = fake.place("1", at=T, delivery_info={"deliver_method": 1})
    rows = deliveries(shipment(("-", "x", {keys(order)[0]: 1.0})), order)
    assert rows[0]["deliver_type"] == 3 and "waybill_id" not in rows[0]


def test_carriers_are_the_platforms(fake):
    assert connect(fake).carriers()["SF"] == "顺丰速运"


# Stock


def test_stock_is_set_and_each_article_answers_for_itself(fake):
    fake.products = {"91"}
    client = connect(fake)
    levels = [StockLevel("81", 7, "91"), StockLevel("82", 1, "92"), StockLevel("83", 1)]
    results = client.push_stock(levels)
    assert fake.stock == {"81": 7}
    assert [bool(result.error) for result in results] == [False, True, True]
    client.push_stock([StockLevel("81", 3, "91")])
    assert fake.stock == {"81": 3}, "set, not added"


def test_stock_told_twice_is_the_same(fake):
    fake.fail(Fault("lost", "product/stock/update"))
    assert connect(fake).push_stock([StockLevel("81", 7, "91")])[0].error == ""
    assert fake.stock == {"81": 7}


# Calls to us


def pushed(fake, *event, secure=False, account=None, now=T, **more):
    query, body = fake.event(*event, secure=secure, at=T, **more)
    known = account or Account(key=fake.app, push_token=fake.push_token, push_key=fake.push_key if secure else "")
    return Push(body, {}, query), known, now


def test_signature_of_the_vectors():
    expected = "35b506fb8e0ad1ec8e99f5836382b8675fe5edcc"
    assert crypto.signature("tkn", "1767294245", "abc") == wechat.sha1("tkn", "1767294245", "abc") == expected


def test_the_address_is_tried_first(fake):
    query = {"timestamp": str(T), "nonce": "n", "signature": wechat.sha1("tkn", str(T), "n"), "echostr": "4711"}
    account = Account(key=fake.app, push_token="tkn", push_key=fake.push_key)
    push = Push(b"", {}, query)
    assert WechatPush().verify(push, account, T)
    assert WechatPush().greet(push, account).body == "4711"
    assert not WechatPush().verify(Push(b"", {}, {**query, "nonce": "x"}), account, T)


@pytest.mark.parametrize("secure", [False, True])
def test_an_event_names_its_order(fake, secure):
    push, account, now = pushed(fake, "channels_ec_order_pay", 3737552192816962560, secure=secure)
    reader = WechatPush()
    assert reader.verify(push, account, now)
    assert [notice.external_id for notice in reader.read(push, account)] == ["3737552192816962560"]
    assert reader.answer(push, account, True).body == "success"


def test_events_of_refunds_and_of_other_things(fake):
    push, account, _now = pushed(fake, "channels_ec_aftersale_update", "7", secure=True)
    assert [notice.external_id for notice in WechatPush().read(push, account)] == ["7"]
    assert WechatPush().read(Push(b'{"Event": "product_spu_audit"}', {}), account) == []
    with pytest.raises(ValueError):
        WechatPush().read(Push(b'{"Event": "channels_ec_order_pay"}', {}), account)
    for body in (b'{"Event"', b"[]", b"\xff", b"<xml><a>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml/>"):
        with pytest.raises(ValueError):
            WechatPush().read(Push(body, {}), account)


def test_xml_accounts_are_read_too(fake):
    body = b"<xml><Event>channels_ec_order_cancel</Event><order_info><order_id>9</order_id></order_info></xml>"
    assert [notice.external_id for notice in WechatPush().read(Push(body, {}), Account())] == ["9"]


def test_what_is_not_proven_is_not_taken(fake):
    reader = WechatPush()
    push, account, now = pushed(fake, "channels_ec_order_pay", "1", secure=True)
    assert not reader.verify(push, account, now + WINDOW + 1), "stale"
    assert not reader.verify(push, dataclasses.replace(account, push_token=""), now)
    assert not reader.verify(push, dataclasses.replace(account, key="wxother"), now), "meant for another"
    assert not reader.verify(
        dataclasses.replace(push, body=push.body.replace(b'"Encrypt": "', b'"Encrypt": "AAAA')), account, now
    )
    plain, _account, _now = pushed(fake, "channels_ec_order_pay", "1")
    assert not reader.verify(plain, account, now), "plain, where only encrypted calls are agreed"
    assert not reader.verify(dataclasses.replace(plain, query={}), account, now)


@given(st.text(max_size=300), st.binary(min_size=16, max_size=16))
def test_what_is_sealed_can_be_opened(text, nonce):
    key = FakeWechat.push_key
    assert crypto.decrypt(key, "wx1", crypto.encrypt(key, "wx1", text, nonce)) == text
    assert crypto.decrypt(key, "wx1", wechat.seal(key, "wx1", text.encode())) == text


@given(st.binary(max_size=120))
def test_noise_is_an_error_and_nothing_else(noise):
    with pytest.raises(ValueError):
        crypto.decrypt(FakeWechat.push_key, "wx1", base64.b64encode(noise).decode())


# The mini-program


def mini_order(transaction="42", phone="13812341234", **payment):
    return {
        "external_id": "M1",
        "partner": {"name": "Test Buyer", "phone": phone},
        "lines": [
            {"line_id": "1", "sku": "TEA", "title": "龙井" * 80, "quantity": 2},
            {"line_id": "2", "sku": "CUP", "quantity": 1},
        ],
        "payment": {"transaction_id": transaction, "openid": "buyer", **payment},
    }


def mini(fake, **values):
    return connect(fake, WechatMiniClient, **values)


def test_one_parcel_is_uploaded_as_one(fake):
    fake.pay_mini("42")
    mini(fake).ship(shipment(("S1", "SF", {"1": 2.0}), order=mini_order()))
    (body,) = fake.uploads
    assert (body["delivery_mode"], body["upload_time"]) == (1, "2026-03-10T12:00:00.000+08:00")
    (row,) = body["shipping_list"]
    assert len(row["item_desc"]) == 120
    assert row["contact"] == {"receiver_contact": "138****1234"}
    assert fake.payments["42"]["shipping"]["finish_shipping"]


def test_parts_are_uploaded_as_they_leave(fake):
    fake.pay_mini("42")
    client = mini(fake)
    client.ship(shipment(("Y1", "YTO", {"1": 2.0}), order=mini_order(), complete=False))
    assert not fake.payments["42"]["shipping"]["finish_shipping"]
    client.ship(shipment(("Y2", "YTO", {"2": 1.0}), order=mini_order()))
    assert [body["is_all_delivered"] for body in fake.uploads] == [False, True]
    assert fake.payments["42"]["shipping"]["finish_shipping"]


def test_a_list_holds_no_more_than_allowed(fake):
    fake.pay_mini("42")
    parcels = [(f"Y{number}", "YTO", {"1": 1.0}) for number in range(17)]
    with pytest.raises(Refused, match="太长"):
        mini(fake).ship(shipment(*parcels, order=mini_order()))
    assert len(fake.uploads[0]["shipping_list"]) == 15


def test_merchant_numbers_combined_payments_and_own_contact(fake):
    fake.pay_mini("43", trade="T9")
    combined = {"mchid": "1900", "out_trade_no": "C1"}
    order = mini_order("", mchid="1900", out_trade_no="T9", combined=combined)
    mini(fake, options={"consignor_phone": "02155551234"}).ship(shipment(("S1", "SF", {"1": 2.0}), order=order))
    assert fake.calls[-1] == "upload_combined_shipping_info"
    row = fake.payments["43"]["shipping"]["shipping_list"][0]
    assert row["contact"] == {"consignor_contact": "021****1234"}


def test_an_upload_whose_answer_was_lost_uses_nothing_up(fake):
    fake.pay_mini("42")
    client, sent = mini(fake), shipment(("S1", "SF", {"1": 2.0}), order=mini_order())
    fake.fail(Fault("lost", "upload_shipping_info"))
    with pytest.raises(Unknown):
        client.ship(sent)
    client.ship(sent)
    assert len(fake.uploads) == 1
    assert fake.payments["42"]["shipping"]["finish_shipping_count"] == 1


def test_one_correction_is_allowed(fake):
    fake.pay_mini("42")
    client = mini(fake)
    for tracking in ("S1", "S2"):
        client.ship(shipment((tracking, "SF", {"1": 2.0}), order=mini_order()))
    assert [row["tracking_no"] for row in fake.payments["42"]["shipping"]["shipping_list"]] == ["S2"]
    with pytest.raises(Refused, match="重新发货"):
        client.ship(shipment(("S3", "SF", {"1": 2.0}), order=mini_order()))


@pytest.mark.parametrize("payment", [None, {}, {"mchid": "1900"}])
def test_without_a_payment_someone_is_told(fake, payment):
    order = {**mini_order(), "payment": payment}
    with pytest.raises(Refused, match="payment"):
        mini(fake).ship(shipment(("S1", "SF", {}), order=order))


def test_sf_needs_a_number(fake):
    fake.pay_mini("42")
    with pytest.raises(Refused, match="telephone"):
        mini(fake).ship(shipment(("S1", "SF", {}), order=mini_order(phone="")))
    assert hidden("1234567890").endswith("****7890")


def test_the_connection_can_be_tried(fake):
    assert list(mini(fake).orders(*DAY)) == [[]]
    fake.managed = False
    with pytest.raises(Refused, match="not switched on"):
        list(mini(fake).orders(*DAY))


def test_orders_of_the_mini_program_have_a_secret_of_their_own():
    body = json.dumps(mini_order()).encode()
    headers = {"X-Distrib-Timestamp": str(T), "X-Distrib-Signature": webhook_signature("own", str(T), body)}
    account = Account(secret="app-secret", push_token="own")
    assert MiniPush().verify(Push(body, headers), account, T)
    assert not MiniPush().verify(Push(body, headers), dataclasses.replace(account, push_token="app-secret"), T)
    found = registry.get("wechat_mini").read_order(json.loads(body), account)
    assert "payment" not in found and intake.read_order(found)[0].external_id == "M1"


# All of it at once

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["place", "pay", "change", "refund", "cancel", "push", "pull", "fault", "move", "expire"]),
        st.integers(0, 5),
    ),
    max_size=40,
)
FAULTS = ["drop", "lost", "truncated", "busy", "html"]


class Oracle:
    """An inbox as the models keep it: each version once; the newest is what counts."""

    def __init__(self, fake, client):
        self.fake, self.client, self.clock, self.kept = fake, client, T, {}
        fake.now = lambda: self.clock
        self.cursor = NOW - timedelta(hours=1)

    def store(self, raws):
        for raw in raws:
            seen = self.kept.setdefault(raw.external_id, {})
            if seen.get(raw.version, raw.body) == raw.body:
                seen[raw.version] = raw.body
            else:
                seen[f"{raw.version}+{len(seen):04}"] = raw.body

    def talk(self, ask):
        for _try in range(2):
            try:
                return ask()
            except TokenExpired:
                self.client.account = dataclasses.replace(self.client.account, token=self.client.renew().access)
        return ask()

    def pull(self):
        end = datetime.fromtimestamp(self.clock + 1, UTC)
        try:
            self.talk(
                lambda: [self.store(page) for page in self.client.orders(self.cursor - timedelta(minutes=10), end)]
            )
        except TryLater:
            return
        self.cursor = end

    def latest(self, number):
        return self.kept[number][max(self.kept[number], key=lambda version: (int(version.split("+")[0]), version))]

    def step(self, what, which):
        fake, number = self.fake, f"N{which}"
        self.clock += 7
        if what == "place" and number not in fake.orders:
            fake.place(number, product("TEA", 3), status=10)
        elif what == "pull":
            self.pull()
        elif what == "fault":
            kind = FAULTS[which % len(FAULTS)]
            fake.fail({"busy": error(-1), "html": Fault("reply", reply=Reply(b"<html>"))}.get(kind) or Fault(kind))
        elif what == "expire":
            fake.expire()
        elif number in fake.orders:
            self.touch(what, number)

    def touch(self, what, number):
        fake = self.fake
        if what == "pay" and fake.orders[number]["status"] == 10:
            fake.pay(number)
        elif what == "change":
            fake.change(number, notes=f"at {self.clock}")
        elif what == "refund":
            fake.refund(f"r{number}", number, 0, 1, "MERCHANT_REFUND_SUCCESS" if self.clock % 2 else "USER_WAIT_RETURN")
        elif what == "cancel":
            fake.cancel(number)
        elif what == "push":
            query, body = fake.event("channels_ec_order_pay", number, secure=True)
            account = Account(key=fake.app, push_token=fake.push_token, push_key=fake.push_key)
            (notice,) = WechatPush().read(Push(body, {}, query), account)
            try:
                self.store([self.talk(lambda: self.client.order(notice.external_id))])
            except TryLater:
                return  # the hint waits; the pull brings it too
        elif what == "move":
            once = iter([number])
            fake.between = lambda: [fake.change(late) for late in once]


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_whatever_happens_each_order_is_there_in_its_latest_state(steps):
    with FakeWechat() as fake:
        fake.pauses, fake.most = [], 2
        fake.good.add("first")
        oracle = Oracle(fake, connect(fake))
        for what, which in steps:
            oracle.step(what, which)
        fake.faults.clear()
        fake.between = lambda: None
        oracle.clock += 7
        oracle.pull()
        assert set(oracle.kept) == set(fake.orders)
        for number in fake.orders:
            now = json.loads(oracle.client.order(number).body)
            assert json.loads(oracle.latest(number)) == now
