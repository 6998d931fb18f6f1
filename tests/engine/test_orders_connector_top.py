"""Taobao and Tmall: each trap of the platform, against a fake that sets it."""

import dataclasses
import importlib.util
import json
import os
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from distrib_orders.connectors import registry
from distrib_orders.connectors.errors import Refused, TokenExpired, TryLater
from distrib_orders.connectors.top.client import TopClient
from distrib_orders.connectors.top.mapper import read_order, read_refund
from distrib_orders.connectors.top.sign import signature
from distrib_orders.connectors.types import Account, Parcel, Shipment, ShippedLine, StockLevel
from distrib_orders.engine import intake
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.china import Clock, stamp
from tests.fakes.puller import Puller
from tests.fakes.server import Fault, Reply
from tests.fakes.top import KEY, SECRET, FakeTop, limited, refusal, top_sign

START = datetime(2026, 1, 2, 2, 0, tzinfo=UTC).timestamp()
SHARED = Path(os.environ.get("DISTRIB_SHARED") or Path(__file__).resolve().parents[3] / "shared")
OFFICIAL = {
    "method": "taobao.item.seller.get", "app_key": "12345678", "session": "test", "timestamp": "2016-01-01 12:00:00",
    "format": "json", "v": "2.0", "sign_method": "md5", "fields": "num_iid,title,nick,price,num", "num_iid": "11223344",
}  # fmt: skip


@pytest.fixture
def clock():
    return Clock(START)


@pytest.fixture
def fake(clock):
    with FakeTop(clock) as server:
        yield server


def made(fake, **options):
    names = {"key": KEY, "secret": SECRET, "token": "first", "refresh_token": "again"}
    account = Account(url=fake.url, options=options, **names)
    return TopClient(account, now=fake.clock.utc, sleep=lambda seconds: None, dice=lambda: 0.5)


@pytest.fixture
def client(fake):
    return made(fake)


def window(fake, minutes=30):
    return fake.clock.utc() - timedelta(minutes=minutes), fake.clock.utc()


def words(fake, tid, **options):
    """Our words for a trade as the client fetches it, and the intake's reading of them."""
    found = read_order(json.loads(made(fake, **options).order(tid).body), Account())
    order, problems = intake.read_order(found)
    assert not problems
    return found, order


# Signature


def test_the_official_example():
    assert signature(OFFICIAL, "helloworld") == "66987CB115214E59E6EC978214934FB8"
    assert top_sign(OFFICIAL, "helloworld") == "66987CB115214E59E6EC978214934FB8"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("md5", "563200B93CD9ED2824D2A5592DFAD225"),
        ("hmac", "29D1F5335CF6B3B469A638B8AEC9B621"),
        ("hmac-sha256", "0E77EA9C1305BD91AAF0AD8093FA0411D00D426D7AC03A3F2344DEDE3D10F6AD"),
    ],
)
def test_each_method_of_signing(method, expected):
    params = {
        "method": "taobao.trades.sold.increment.get", "app_key": "123456", "session": "sess",
        "timestamp": "2026-01-02 03:04:05", "format": "json", "v": "2.0", "fields": "tid,status,modified",
        "start_modified": "2026-01-02 00:00:00", "end_modified": "2026-01-02 00:30:00", "page_no": "1",
        "page_size": "50", "use_has_next": "true", "sign_method": method,
    }  # fmt: skip
    assert signature(params, "dummysecret", method) == expected
    assert top_sign(params, "dummysecret") == expected


def test_the_collected_vectors_agree(capsys):
    path = SHARED / "reference" / "sign_vectors.py"
    if not path.exists():
        pytest.skip("the collected signature vectors are not beside the project")
    spec = importlib.util.spec_from_file_location("sign_vectors", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for method in ("md5", "hmac", "hmac-sha256"):
        params = {**module.Q, "sign_method": method}
        assert signature(params, "s", method) == module.top(params, "s", method)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError):
        signature({}, "s", "sha1")


@pytest.mark.parametrize("options", [{}, {"sign_method": "md5"}, {"sign_method": "hmac"}, {"simplify": True}])
def test_all_methods_and_both_envelopes_work(fake, options):
    fake.place("100", {"price": "10.00"}, {"price": "5.00"}, buyer_message="门口放 & 别敲门=谢谢")
    found, order = words(fake, "100", **options)
    assert found["note"] == "门口放 & 别敲门=谢谢"
    assert [line.line_id for line in order.lines] == ["10001", "10002"]


def test_a_wrong_secret_and_a_wrong_clock_are_refused(fake, client):
    client.now = lambda: fake.clock.utc() - timedelta(seconds=601)
    with pytest.raises(Refused, match="时间戳"):
        client.carriers()
    client.now = lambda: fake.clock.utc() - timedelta(seconds=599)
    client.carriers()
    client.account = dataclasses.replace(client.account, secret="guessed")
    with pytest.raises(Refused, match="签名"):
        client.carriers()


# Errors, all of them HTTP 200


@pytest.mark.parametrize("kind", ["api-access-count", "app-api-access-count", "dynamic-access-count"])
def test_a_limit_is_waited_out(fake, client, kind):
    pauses = []
    client._sleep = pauses.append
    fake.fail(limited(kind, 3))
    assert client.carriers()["SF"] == "顺丰速运"
    assert pauses == [pytest.approx(4.1)]


def test_the_limit_of_a_day_lasts_until_the_next_day_of_beijing(fake, client):
    fake.fail(limited("app-access-count"))
    with pytest.raises(TryLater) as error:
        client.carriers()
    assert error.value.after == pytest.approx(14 * 3600, abs=1)
    assert fake.count("taobao.logistics.companies.get") == 1


def test_the_platforms_own_trouble_is_tried_again_and_ours_is_not(fake, client):
    fake.fail(refusal(15, "Remote service error", "isp.top-remote-connection-timeout", "超时"))
    fake.fail(refusal(15, "Remote service error", "isp.unknown-error", "未知"), Fault("reply", reply=Reply(b"", 502)))
    client.carriers()
    assert fake.count("taobao.logistics.companies.get") == 4
    fake.fail(refusal(41, "Invalid arguments", "isv.invalid-parameter:tid", "tid无效"))
    with pytest.raises(Refused) as error:
        client.order("1")
    assert error.value.code == "isv.invalid-parameter:tid"
    assert fake.count("taobao.trade.fullinfo.get") == 1


@pytest.mark.parametrize("code", [26, 27])
def test_a_session_that_ended_is_told_apart(fake, client, code):
    fake.fail(refusal(code, "Invalid session"))
    with pytest.raises(TokenExpired):
        client.carriers()


def test_a_session_is_renewed_with_the_refresh_token(fake, client):
    fake.expire()
    with pytest.raises(TokenExpired):
        client.carriers()
    token = client.renew()
    assert token.access in fake.sessions
    assert token.expires_at == fake.clock.utc() + timedelta(days=1)
    assert "session" not in fake.asked[-1]
    client.account = dataclasses.replace(client.account, refresh_token="")
    with pytest.raises(Refused, match="grant"):
        client.renew()


def test_simplified_errors_are_errors(fake):
    body = {"code": 27, "msg": "Invalid session"}
    fake.fail(Fault("reply", reply=Reply(json.dumps(body).encode())))
    with pytest.raises(TokenExpired):
        made(fake, simplify=True).carriers()


# Lists


def test_every_kind_of_trade_is_asked_for(fake, client):
    for at, kind in enumerate(("fixed", "step", "cod", "tmall_i18n", "super_market_trade", "eticket")):
        fake.place(f"20{at}", type=kind)
        fake.refund(f"20{at}", f"20{at}")
    fake.clock.move(60)
    assert {raw.external_id for page in client.orders(*window(fake)) for raw in page} == set(fake.trades)
    assert {raw.external_id for page in client.refunds(*window(fake)) for raw in page} == set(fake.trades)


def test_pages_are_read_backwards_and_only_the_first_is_counted(fake, client):
    for at in range(120):
        fake.place(str(1000 + at))
        fake.clock.move(1)
    found = [raw.external_id for page in client.orders(*window(fake)) for raw in page]
    assert len(found) == len(set(found)) == 120, "each is fetched once"
    assert found[0] == "1000", "the oldest page comes first"
    lists = [call for call in fake.asked if call["method"] == "taobao.trades.sold.increment.get"]
    assert [call["page_no"] for call in lists] == ["1", "3", "2", "1"]
    assert [call["use_has_next"] for call in lists] == ["false", "true", "true", "true"]


def test_what_moves_while_it_is_read_is_not_lost(fake, client):
    """Each page that was served is followed by a change, so that the rest moves up; forwards, one would slip through."""
    for at in range(150):
        fake.place(str(1000 + at))
        fake.clock.move(1)
    end = fake.clock.utc()
    moved = iter(("1149", "1120", "1099", "1080"))

    def between():
        fake.clock.move(1)
        fake.change(next(moved, "1149"), seller_memo="x")

    fake.between = between
    found = {raw.external_id for page in client.orders(end - timedelta(minutes=30), end) for raw in page}
    assert found >= set(fake.trades) - {"1149", "1120", "1099", "1080"}


def test_a_window_that_grows_behind_is_read_to_its_end(fake, client):
    for at in range(100):
        fake.place(str(1000 + at))
        fake.clock.move(1)
    end = fake.clock.utc()

    def late():
        fake.between = lambda: None
        for at in range(5):  # reached the platform's list late: older than all others
            fake.place(str(900 + at))["modified"] = stamp(START - 1)

    fake.between = late
    found = {raw.external_id for page in client.orders(end - timedelta(minutes=30), end) for raw in page}
    assert found == set(fake.trades)


def test_the_push_store_has_a_list_of_its_own(fake):
    fake.place("300")
    fake.clock.move(1)
    client = made(fake, push_store=True)
    assert [raw.external_id for page in client.orders(*window(fake)) for raw in page] == ["300"]
    assert fake.count("taobao.trades.sold.incrementv.get") == 1
    assert client.statistics(date(2026, 1, 2)) == {"WAIT_BUYER_PAY": 1}


def test_a_window_longer_than_a_day_is_refused(fake, client):
    with pytest.raises(Refused, match="一天"):
        list(client.orders(*window(fake, 24 * 60 + 1)))
    assert client.slice <= timedelta(minutes=30), "as the platform advises"


def test_the_numbers_of_a_day_of_beijing(fake, client):
    for tid, hour in (("1", -11), ("2", -9), ("3", 5), ("4", 15)):
        fake.place(tid)["created"] = stamp(START + hour * 3600)
    assert client.numbers(date(2026, 1, 2)) == {"2", "3"}
    assert client.numbers(date(2026, 1, 1)) == {"1"}


def test_an_order_nobody_knows(client):
    assert client.order("404") is None


def test_the_oaid_comes_because_the_whole_receiver_is_asked_for(fake):
    fake.place("400")
    _found, order = words(fake, "400")
    assert order.privacy_id == "oaid-400"
    assert order.masked
    assert (order.address["province"], order.address["city"]) == ("上海", "上海市")


def test_long_numbers_stay_whole(fake):
    fake.place("4611686018427387905")
    assert words(fake, "4611686018427387905")[1].external_id == "4611686018427387905"


# What a trade means


@pytest.mark.parametrize(
    ("status", "ours", "hold"),
    [
        ("TRADE_NO_CREATE_PAY", "unpaid", ""),
        ("WAIT_BUYER_PAY", "unpaid", ""),
        ("PAY_PENDING", "unpaid", ""),
        ("WAIT_PRE_AUTH_CONFIRM", "unpaid", ""),
        ("PAID_FORBID_CONSIGN", "open", "platform"),
        ("WAIT_SELLER_SEND_GOODS", "open", ""),
        ("SELLER_CONSIGNED_PART", "part_shipped", ""),
        ("WAIT_BUYER_CONFIRM_GOODS", "shipped", ""),
        ("TRADE_BUYER_SIGNED", "shipped", ""),
        ("TRADE_FINISHED", "done", ""),
        ("TRADE_CLOSED", "cancelled", ""),
        ("TRADE_CLOSED_BY_TAOBAO", "cancelled", ""),
    ],
)
def test_each_status(fake, status, ours, hold):
    fake.place("500")
    fake.change("500", status=status)
    _found, order = words(fake, "500")
    assert (order.status, order.platform_hold, order.outside_status) == (ours, hold, status)


def test_a_status_that_is_new_is_not_guessed(fake):
    trade = fake.place("500", status="SOMETHING_NEW")
    with pytest.raises(ValueError, match="SOMETHING_NEW"):
        read_order(trade, Account())


@pytest.mark.parametrize(
    ("values", "hold"),
    [
        ({"top_hold": 1}, "platform"),
        ({"forbid_consign": "1"}, "platform"),
        ({"ofp_hold": 1}, "platform"),
        ({"team_buy_hold": 1}, "group_forming"),
        ({"share_group_hold": "1"}, "group_forming"),
        ({"rx_audit_status": "0"}, "platform"),
        ({"rx_audit_status": "1"}, ""),
        ({"top_hold": 0, "forbid_consign": "0", "ofp_hold": False}, ""),
    ],
)
def test_each_hold(fake, values, hold):
    fake.place("500")
    fake.pay("500")
    fake.change("500", **values)
    assert words(fake, "500")[1].platform_hold == hold


def test_a_group_that_has_not_formed_holds_the_paid_order(fake):
    fake.place("500", {"price": "1.00", "zhengji_status": "1"})
    fake.change("500", status="PAID_FORBID_CONSIGN", team_buy_hold=1)
    assert words(fake, "500")[1].platform_hold == "group_forming"
    fake.change("500", status="WAIT_SELLER_SEND_GOODS", team_buy_hold=0)
    assert words(fake, "500")[1].platform_hold == "group_forming", "the line still waits for buyers"


@pytest.mark.parametrize(
    ("step", "status", "ours", "hold"),
    [
        ("FRONT_NOPAID_FINAL_NOPAID", "WAIT_BUYER_PAY", ("unpaid", "deposit"), ""),
        ("FRONT_PAID_FINAL_NOPAID", "WAIT_BUYER_PAY", ("unpaid", "final_unpaid"), ""),
        ("FRONT_PAID_FINAL_NOPAID", "WAIT_SELLER_SEND_GOODS", ("open", "final_unpaid"), "presale"),
        ("FRONT_PAID_FINAL_PAID", "WAIT_SELLER_SEND_GOODS", ("open", "final_paid"), ""),
    ],
)
def test_each_step_of_a_presale(fake, step, status, ours, hold):
    fake.place(
        "500", {"price": "10.00", "estimate_con_time": "2026年01月20日24点前"}, type="step", step_trade_status=step
    )
    fake.change("500", status=status)
    _found, order = words(fake, "500")
    assert ((order.status, order.presale), order.platform_hold) == (ours, hold)
    assert order.ship_from == datetime(2026, 1, 19, 16, 0)


def test_times_are_of_beijing(fake):
    fake.place("500", delivery_time="2026-01-03 10:00:00", sign_time="2026-01-05 10:00:00")
    fake.pay("500")
    _found, order = words(fake, "500")
    assert order.ordered_at == order.paid_at == datetime(2026, 1, 2, 2, 0)
    assert order.ship_by == datetime(2026, 1, 3, 2, 0)
    assert order.promised_at == datetime(2026, 1, 5, 2, 0)


def test_cash_on_delivery_is_open_without_pay(fake):
    fake.place("500", type="cod")
    fake.change("500", status="WAIT_SELLER_SEND_GOODS")
    found, order = words(fake, "500")
    assert (order.status, order.paid_at, found["cash_on_delivery"]) == ("open", None, True)


# Money


def test_the_payment_of_a_single_line_holds_the_freight_and_its_revenue_does_not(fake):
    trade = fake.place("600", {"price": "30.00", "num": 2, "divide_order_fee": "50.00"}, post_fee="8.00")
    assert trade["orders"][0]["payment"] == "58.00"
    _found, order = words(fake, "600")
    assert (order.paid, order.freight) == (58.0, 8.0)
    assert (order.lines[0].paid, order.lines[0].discount, order.lines[0].price_unit) == (50.0, 10.0, 30.0)
    trade["orders"][0]["divide_order_fee"] = "58.00"
    assert words(fake, "600")[1].lines[0].paid == 50.0, "also where the share itself holds the freight"
    del trade["orders"][0]["divide_order_fee"]
    assert words(fake, "600")[1].lines[0].paid == 50.0, "also where there is no share yet"


def test_revenue_of_a_line_is_its_share_of_what_was_paid(fake):
    fake.place(
        "600",
        {"price": "100.00", "divide_order_fee": "85.50", "payment": "95.00", "part_mjz_discount": "9.50"},
        {"price": "20.00", "num": 3, "divide_order_fee": "51.30", "payment": "57.00"},
        {"price": "0.00", "outer_sku_id": "CUP"},
        post_fee="6.00",
    )
    _found, order = words(fake, "600")
    assert [line.paid for line in order.lines] == [85.5, 51.3, 0.0]
    assert [line.discount for line in order.lines] == [14.5, 8.7, 0.0]
    assert [line.gift for line in order.lines] == [False, False, True]
    assert round(sum(line.paid for line in order.lines) + order.freight, 2) == order.paid == 142.8


@given(st.lists(st.tuples(st.integers(0, 50000), st.integers(1, 5)), min_size=1, max_size=6), st.integers(0, 2000))
def test_lines_and_freight_are_what_was_paid(lines, freight):
    fake = FakeTop(Clock(START))
    trade = fake.place("1", *({"price": f"{c / 100:.2f}", "num": n} for c, n in lines), post_fee=f"{freight / 100:.2f}")
    for order in trade["orders"]:
        del order["divide_order_fee"]
    fake._server.server_close()
    order, problems = intake.read_order(read_order(trade, Account()))
    assert not problems
    assert round(sum(line.paid for line in order.lines) + order.freight, 2) == order.paid


def test_a_price_raised_by_hand_is_no_negative_discount(fake):
    fake.place("600", {"price": "10.00", "num": 2, "divide_order_fee": "26.00", "adjust_fee": "6.00"})
    line = words(fake, "600")[1].lines[0]
    assert (line.price_unit, line.discount, line.paid) == (13.0, 0.0, 26.0)


# Lines


def test_bundles_warehouses_and_what_goes_together(fake):
    fake.place(
        "700",
        {"price": "10.00", "combo_id": 55, "store_code": "WH-EAST"},
        {"price": "5.00", "combo_id": 55, "bind_oid": "70001"},
        {"price": "5.00", "item_meal_id": 9, "item_meal_name": "套餐"},
        {"price": "5.00", "outer_sku_id": "", "outer_iid": "ITEM-CODE"},
        {"price": "5.00", "outer_sku_id": ""},
    )
    lines = words(fake, "700")[1].lines
    assert [line.bundle for line in lines] == ["combo_id:55", "combo_id:55", "item_meal_id:9", "", ""]
    assert [line.ship_with for line in lines] == ["70001", "70001", "", "", ""]
    assert lines[0].store_code == "WH-EAST"
    assert [line.sku for line in lines[3:]] == ["ITEM-CODE", ""]
    assert (lines[4].platform_sku, lines[4].platform_item) == ("8005", "7005"), "no code of ours: matched by theirs"


@pytest.mark.parametrize(
    ("status", "line_status", "ours"),
    [
        ("WAIT_SELLER_AGREE", "WAIT_SELLER_SEND_GOODS", "requested"),
        ("WAIT_BUYER_RETURN_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "agreed"),
        ("WAIT_SELLER_CONFIRM_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "agreed"),
        ("SELLER_REFUSE_BUYER", "WAIT_SELLER_SEND_GOODS", ""),
        ("CLOSED", "WAIT_SELLER_SEND_GOODS", ""),
        ("SUCCESS", "TRADE_CLOSED", "done"),
        ("SUCCESS", "WAIT_SELLER_SEND_GOODS", ""),  # money back, the goods still go
        ("NO_REFUND", "WAIT_SELLER_SEND_GOODS", ""),
    ],
)
def test_a_refund_sits_on_its_line(fake, status, line_status, ours):
    fake.place("700", {"price": "10.00"}, {"price": "5.00"})
    fake.pay("700")
    fake.trades["700"]["orders"][1] |= {"refund_status": status, "status": line_status}
    assert [line.refund for line in words(fake, "700")[1].lines] == ["", ours]


def test_refunds_are_read_from_their_own_list(fake, client):
    fake.place("700", {"price": "10.00", "num": 2}, {"price": "5.00"})
    fake.pay("700")
    key = fake.refund("700", "70001")
    fake.clock.move(30)
    fake.refund("700", "70001", "SUCCESS")
    fake.clock.move(30)
    (raw,) = [raw for page in client.refunds(*window(fake)) for raw in page]
    assert (raw.kind, raw.external_id) == ("refund", "700")
    assert raw.version == f"{stamp(START + 30)}/{key}"
    found = read_refund(json.loads(raw.body), Account())
    assert (found["external_id"], found["refund_id"], found["line_id"]) == ("700", key, "70001")
    assert (found["status"], found["quantity"], found["amount"]) == ("done", 2, 20.0)
    assert not found.get("returns_goods")
    with pytest.raises(ValueError):
        read_refund({"tid": 1, "refund_id": 1, "status": "NEW"}, Account())


# Receiver


def test_a_county_level_city_below_a_province(fake):
    fake.place("800", receiver_state="湖北省", receiver_city="", receiver_district="仙桃市", receiver_town="干河街道")
    address = words(fake, "800")[1].address
    assert (address["province"], address["city"], address.get("district")) == ("湖北省", "仙桃市", None)
    assert address["town"] == "干河街道"
    assert "zip" not in address, "000000 is no code"


def test_a_receiver_in_clear_is_not_masked(fake):
    fake.place("800", receiver_name="收货点", receiver_mobile="13800001111", receiver_address="世纪大道1号")
    assert not words(fake, "800")[1].masked


def test_an_address_changed_after_pay_is_a_new_version(fake, client):
    fake.place("800")
    fake.pay("800")
    before = client.order("800")
    fake.clock.move(5)
    fake.change("800", receiver_district="黄浦区", oaid="oaid-new", lm="1")
    after = client.order("800")
    assert intake.is_older(before.version, after.version)
    found, order = words(fake, "800")
    assert (order.address["district"], order.privacy_id, found["address_changed"]) == ("黄浦区", "oaid-new", True)


def test_one_receiver_may_be_known_under_two_oaids(fake, client):
    fake.receivers = {"o1": "A", "o2": "A", "o3": "B"}
    groups = client.merge_groups([("1", "o1"), ("2", "o2"), ("3", "o3")])
    assert sorted(map(sorted, groups)) == [["1", "2"], ["3"]]
    many = [(str(at), f"x{at}") for at in range(150)]
    assert len(client.merge_groups(many)) == 150, "at most 100 in one call"


# Shipping


def parcel(tracking, *lines, carrier="SF"):
    return Parcel(tracking, carrier, tuple(ShippedLine(line, 1) for line in lines))


@pytest.fixture
def paid(fake):
    fake.place("900", {"price": "10.00"}, {"price": "5.00"}, {"price": "0.00"})
    fake.pay("900")
    return fake


def test_one_parcel_ships_the_whole_order(paid, client):
    order = json.loads(client.order("900").body)
    client.ship(Shipment("900", "k", (parcel("SF1", "90001", "90002", "90003"),), order=order))
    assert paid.sent == [("900", "SF1", ("90001", "90002", "90003"))]
    assert "is_split" not in paid.asked[-1]
    assert client.shipped("900") == {"SF1"}
    assert paid.trades["900"]["status"] == "WAIT_BUYER_CONFIRM_GOODS"


def test_a_part_and_then_the_rest(paid, client):
    """The rest is told alone, and is not taken for the whole."""
    order = json.loads(client.order("900").body)
    client.ship(Shipment("900", "k1", (parcel("SF1", "90001"),), complete=False, order=order))
    assert paid.trades["900"]["status"] == "SELLER_CONSIGNED_PART"
    client.ship(Shipment("900", "k2", (parcel("YT2", "90002", "90003", carrier="YTO"),), order=order))
    assert paid.sent == [("900", "SF1", ("90001",)), ("900", "YT2", ("90002", "90003"))]
    assert client.shipped("900") == {"SF1", "YT2"}


def test_parcels_of_unknown_content_ship_a_complete_order_once(paid, client):
    client.ship(Shipment("900", "k1", (parcel("SF1"),), complete=False))
    assert not paid.sent, "a part of nobody knows what is nothing to confirm"
    client.ship(Shipment("900", "k2", (parcel("SF1"), parcel("SF2"))))
    client.ship(Shipment("900", "k2", (parcel("SF2"),)))  # what the outbox leaves of it when it asks again
    assert [sent[1] for sent in paid.sent] == ["SF1"]


def test_a_line_in_two_parcels_is_confirmed_with_the_first(paid, client):
    parcels = (parcel("SF1", "90001", "90002"), parcel("SF2", "90002", "90003"), parcel("SF3", "90003"), parcel("SF4"))
    client.ship(Shipment("900", "k", parcels))
    assert [(sent[1], sent[2]) for sent in paid.sent] == [("SF1", ("90001", "90002")), ("SF2", ("90003",))]


@pytest.mark.parametrize("kind", ["lost", "truncated"])
def test_a_lost_reply_ships_once(paid, client, kind):
    paid.fail(Fault(kind, "taobao.logistics.online.send"))
    client.ship(Shipment("900", "k", (parcel("SF1", "90001"), parcel("SF2", "90002", "90003"))))
    assert [sent[1] for sent in paid.sent] == ["SF1", "SF2"]
    client.ship(Shipment("900", "k", (parcel("SF1", "90001"), parcel("SF2", "90002", "90003"))))
    assert len(paid.sent) == 2, "sent again it has no effect"


def test_another_number_than_the_platform_knows_is_a_refusal(paid, client):
    client.ship(Shipment("900", "k", (parcel("SF1", "90001", "90002", "90003"),)))
    with pytest.raises(Refused, match="SF9"):
        client.ship(Shipment("900", "k", (parcel("SF9", "90001", "90002", "90003"),)))
    with pytest.raises(Refused, match="物流公司"):
        paid.place("901")
        client.ship(Shipment("901", "k", (parcel("X", "901", carrier="NOBODY"),)))


def test_a_refunded_line_does_not_keep_the_rest_from_being_shipped(paid, client):
    paid.refund("900", "90002", "SUCCESS")
    client.ship(Shipment("900", "k", (parcel("SF1", "90001", "90003"),)))
    assert paid.sent == [("900", "SF1", ("90001", "90003"))]


# Stock


def test_stock_goes_out_by_listing_and_twenty_at_a_time(fake, client):
    levels = [StockLevel(f"s{at}", at, "7001") for at in range(25)]
    levels += [
        StockLevel("s99", 3, "7002"),
        StockLevel("", 4, "7003"),
        StockLevel("TEA", 6, "7004", sku="TEA"),
    ]
    results = client.push_stock(levels)
    assert [result.error for result in results] == [""] * 28
    assert fake.stock[("7001", "s24")] == 24 and fake.stock[("7002", "s99")] == 3 and fake.stock[("7003", "")] == 4
    assert fake.stock[("7004", "")] == 6, "a listing without variants, matched by our code"
    assert fake.count("taobao.skus.quantity.update") == 3
    assert {call.get("type") for call in fake.asked} == {"1"}, "the whole quantity, so that a repetition is harmless"


def test_an_article_that_is_gone_does_not_keep_the_others(fake, client):
    fake.gone = {"s1", "7009"}
    levels = [StockLevel("s0", 1, "7001"), StockLevel("s1", 2, "7001"), StockLevel("s2", 3, "7001")]
    results = client.push_stock([*levels, StockLevel("", 1, "7009"), StockLevel("s8", 1)])
    assert {result.platform_sku: bool(result.error) for result in results} == {
        "s0": False, "s1": True, "s2": False, "": True, "s8": True,
    }  # fmt: skip
    assert fake.stock == {("7001", "s0"): 1, ("7001", "s2"): 3}


# Everything at once


def storm(dice):
    """Faults by chance: a function for ``FakeServer.chance``."""
    faults = [
        limited(wait=1), limited("dynamic-access-count"), refusal(15, "Remote service error", "isp.service-error", "x"),
        Fault("drop"), Fault("lost"), Fault("truncated"), Fault("reply", reply=Reply(b"bad gateway", 502)),
        refusal(7, "App Call Limited", "accesscontrol.limited-by-api-access-count", "This ban will last for 90 more seconds"),
    ]  # fmt: skip
    return lambda call: dice.choice(faults) if dice.random() < 0.15 else None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from("ooooppccrrxyef...."), min_size=5, max_size=60))
def test_the_inbox_holds_every_order_once_in_its_latest_state(seed, acts):
    """place, pay, change, refund, cancel, pull twice, expire, fault; a pull after each full stop, pages move meanwhile."""
    dice = random.Random(seed)
    with FakeTop(Clock(START)) as fake:
        client = made(fake, sign_method=dice.choice(["md5", "hmac", "hmac-sha256"]), simplify=dice.random() < 0.5)
        client.page_size = 3
        puller = Puller(client, fake.clock)

        def act(kind):
            fake.clock.move(dice.choice([1, 1, 7, 60, 400]))
            tid = dice.choice(list(fake.trades)) if fake.trades else None
            if kind == "o" or tid is None:
                lines = [
                    {"price": f"{dice.randint(0, 99)}.00", "num": dice.randint(1, 3)} for _ in range(dice.randint(1, 3))
                ]
                fake.place(str(5000 + len(fake.trades)), *lines)
            elif kind == "p":
                fake.pay(tid)
            elif kind == "c":
                fake.change(tid, receiver_district=dice.choice(["黄浦区", "徐汇区"]), seller_memo=str(dice.random()))
            elif kind == "r":
                line = dice.choice(fake.trades[tid]["orders"])["oid_str"]
                fake.refund(tid, line, dice.choice(["WAIT_SELLER_AGREE", "CLOSED", "SUCCESS"]))
            elif kind == "x":
                fake.cancel(tid)
            elif kind == "e":
                fake.expire()

        fake.between = lambda: act(dice.choice("ooccrpp")) if dice.random() < 0.3 else None
        for kind in acts:
            fake.chance = storm(dice) if kind == "f" else fake.chance
            if kind in "y.":
                puller.pull()
            if kind == "y":
                puller.pull()
            act(kind)
        fake.chance, fake.between = (lambda call: None), (lambda: None)
        puller.settle()
        assert puller.latest() == {tid: json.loads(client.order(tid).body) for tid in fake.trades}
        refunds = {}
        for (kind, _tid, _version), body in puller.inbox.items():
            row = json.loads(body)
            if kind == "refund" and row["modified"] >= refunds.get(row["refund_id"], row)["modified"]:
                refunds[row["refund_id"]] = row
        assert {key: row["status"] for key, row in refunds.items()} == {
            key: row["status"] for key, row in fake.refunds.items()
        }


def test_the_platform_is_registered():
    platform = registry.get("top")
    assert platform.client is TopClient and platform.default_url.startswith("https://")
