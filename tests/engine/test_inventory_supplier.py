"""States, signatures, answers of electronic purchase orders."""

import json
from datetime import date, timedelta

import pytest
from distrib_inventory.engine.supplier import answer, compare, signature, state, ubl_answer
from hypothesis import given, settings
from hypothesis import strategies as st

EVENTS = sorted({event for events in state._TABLE.values() for event in events})
D = answer.Delivery
DAY = date(2026, 3, 2)


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_what_the_supplier_has_is_never_sent_again_by_itself(events):
    """After 'accept' or an answer, 'take' is possible only after a bounce and the word of a person."""
    now, has, freed = state.QUEUED, False, False
    for event in events:
        if not state.can(now, event):
            with pytest.raises(state.WrongStep):
                state.step(now, event)
            continue
        if event == "take":
            assert not has or freed
        before, now = now, state.step(now, event)
        assert now in state.STATES
        if now in state.HELD_BY_SUPPLIER:
            has, freed = True, False
        if event == "resend":
            freed = True
        if before in (state.ACKNOWLEDGED, state.CONFIRMED, state.REJECTED):
            assert now in state.HELD_BY_SUPPLIER, "an answer proves that he has it"


@pytest.mark.parametrize("now", [state.QUEUED, state.SENDING, state.SENT, state.FAILED])
@pytest.mark.parametrize("event", ["acknowledge", "confirm", "reject"])
def test_an_answer_counts_in_every_open_state(now, event):
    assert state.step(now, event) in state.HELD_BY_SUPPLIER


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_backoff_grows_and_is_bounded(attempt, one, two):
    wait = state.backoff(attempt, one)
    assert 30 <= wait <= 6 * 3600
    assert state.backoff(attempt + 1, two) >= min(2 * state.backoff(attempt, 0.0), 3 * 3600.0) * 0.999


WORD = st.one_of(st.booleans(), st.sampled_from(["accepted", "error", "duplicate", "x"]), st.integers(), st.none())
WORDS = st.one_of(st.none(), st.dictionaries(st.sampled_from(["status", "retry", "reference", "message"]), WORD))


@given(st.one_of(st.none(), st.integers(100, 599)), WORDS, st.sampled_from([None, True, False]))
def test_only_a_clear_word_counts_as_taken(status, body, signed):
    words = body if isinstance(body, dict) else None
    verdict = state.judge(state.Reply(status, words, "" if status else "timeout", signed))
    if verdict.event == "accept":
        assert signed is not False
        assert words["status"] in state.TAKEN_WORDS
        assert 200 <= status < 300 or status == 409
    if verdict.event == "refuse":
        assert not verdict.maybe_taken
    assert verdict.retry_after is None or 0 <= verdict.retry_after <= state.LONGEST_WAIT


@pytest.mark.parametrize(
    ("reply", "event", "code", "maybe"),
    [
        (state.Reply(200, {"status": "error"}), "refuse", "refused", False),
        (state.Reply(200, {"status": "error", "retry": True}), "retry", "busy", False),
        (state.Reply(200, None), "retry", "unreadable", True),
        (state.Reply(429, None, retry_after=1e9), "retry", "busy", False),
        (state.Reply(503, None), "retry", "server_error", True),
        (state.Reply(301, None), "refuse", "redirect", False),
        (state.Reply(401, None), "refuse", "refused", False),
        (state.Reply(409, {"status": "duplicate"}), "accept", "", True),
        (state.Reply(200, {"status": "accepted"}, signed=False), "retry", "bad_signature", True),
        (state.Reply(None, error="timeout"), "retry", "timeout", True),
        (state.Reply(None, error="connect"), "retry", "connect", False),
    ],
)
def test_judgement(reply, event, code, maybe):
    verdict = state.judge(reply)
    assert (verdict.event, verdict.code, verdict.maybe_taken) == (event, code, maybe)


def test_without_json_any_2xx_will_do():
    assert state.judge(state.Reply(202, None), speaks_json=False).event == "accept"
    assert state.judge(state.Reply(500, None), speaks_json=False).event == "retry"


# --- signatures


@given(
    st.binary(max_size=200),
    st.text(min_size=16, max_size=40),
    st.integers(10**9, 2 * 10**9),
    st.binary(min_size=1, max_size=5),
)
def test_a_signature_fits_its_body_secret_and_time_only(body, secret, stamp, more):
    mark = signature.sign(secret, stamp, body)
    assert signature.verify(secret, str(stamp), mark, body, stamp) == ""
    assert signature.verify(secret, str(stamp), mark, body + more, stamp) == "wrong"
    assert signature.verify(secret + "x", str(stamp), mark, body, stamp) == "wrong"
    assert signature.verify(secret, str(stamp + 1), mark, body, stamp) == "wrong"
    assert signature.verify(secret, str(stamp), mark, body, stamp + 301) == "stale"
    assert signature.verify(secret, str(stamp), mark, body, stamp - 301) == "stale"


@pytest.mark.parametrize("stamp", ["", "+5", " 5", "1_0", "٣", "-1", "9" * 13, "x"])
def test_odd_time_stamps_are_wrong_not_an_error(stamp):
    assert signature.verify("k" * 16, stamp, "v1=00", b"", 0) in ("wrong", "missing")


# --- answers


KEYS = ["order", "id", "status", "lines", "line", "quantity", "date", "price", "deliveries", "version"]
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=60)
@given(json_values)
def test_any_json_is_read_or_refused_with_reasons(data):
    try:
        found = answer.read_json(data)
    except answer.BadAnswer as error:
        assert error.problems
    else:
        assert found.order and found.ident and found.status in answer.STATUSES


def test_all_problems_are_told_at_once():
    with pytest.raises(answer.BadAnswer) as caught:
        answer.read_json(
            {"status": "maybe", "lines": [{"quantity": -1, "date": "2026-13-01"}, {"line": 1}, {"line": 1}]}
        )
    codes = {code for code, _place in caught.value.problems}
    assert codes == {"missing", "bad_status", "bad_number", "bad_date", "line_twice"}


days = st.integers(0, 20).map(lambda n: DAY + timedelta(n))
amounts = st.integers(1, 500).map(float)


@st.composite
def orders(draw):
    lines = []
    for place in range(draw(st.integers(1, 4))):
        plan = sorted(draw(st.dictionaries(days, amounts, min_size=1, max_size=3)).items())
        plan = tuple(D(quantity, day) for day, quantity in plan)
        received = float(draw(st.integers(0, 50)))
        lines.append(
            compare.Ordered(str(place), received, plan, plan[0].day, float(draw(st.integers(1, 90))), (f"C{place}",))
        )
    return lines


@st.composite
def answers(draw, ordered):
    words = []
    for line in ordered:
        if draw(st.booleans()):
            continue
        extra = draw(st.lists(st.builds(D, amounts, days), max_size=3))
        words.append(
            answer.LineAnswer(
                line.ref,
                draw(st.sampled_from(["accepted", "changed", "rejected"])),
                quantity=draw(st.one_of(st.none(), amounts)) if not extra else None,
                day=draw(st.one_of(st.none(), days)),
                price=draw(st.one_of(st.none(), st.integers(1, 90).map(float))),
                deliveries=tuple(extra),
            )
        )
    status = draw(st.sampled_from(["changed", "accepted", "rejected"]))
    return answer.Answer("P", "a", status, lines=tuple(words))


@settings(max_examples=60)
@given(st.data())
def test_changes_add_up_and_nothing_slips_past_the_tolerance(data):
    ordered = data.draw(orders())
    said = data.draw(answers(ordered))
    tolerance = compare.Tolerance(data.draw(st.sampled_from([0.0, 0.05, 0.5])), data.draw(st.sampled_from([0.0, 0.1])))
    try:
        changes = compare.compare(ordered, said, tolerance)
    except answer.BadAnswer as error:
        assert {code for code, _ in error.problems} <= {"below_received"}
        return
    assert [change.ref for change in changes] == [line.ref for line in ordered]
    for line, change in zip(ordered, changes, strict=True):
        assert change.quantity == pytest.approx(line.received + sum(d.quantity for d in change.deliveries))
        assert all(d.quantity > 0 and d.day for d in change.deliveries)
        assert [d.day for d in change.deliveries] == sorted({d.day for d in change.deliveries})
        if not change.kinds:
            assert change.deliveries == line.plan and change.price == line.price
        if not change.consent:
            assert abs(change.quantity - line.quantity) <= tolerance.quantity * line.quantity + 1e-5
            assert change.price <= line.price * (1 + tolerance.price) + 1e-5
        soft = compare.without_consent(line, change)
        if change.consent and soft:
            assert soft.quantity == line.quantity and soft.price == line.price and soft.kinds == ("date",)
    again = [
        compare.Ordered(
            line.ref, line.received, change.deliveries, (change.deliveries or line.plan)[0].day, change.price
        )
        for line, change in zip(ordered, changes, strict=True)
    ]
    for change in compare.compare(again, said, tolerance):
        assert not change.kinds, "the same answer again changes nothing"


@given(
    st.integers(0, 4),
    st.integers(0, 9),
    st.integers(1, 4),
    st.one_of(st.none(), st.tuples(st.integers(1, 4), st.integers(0, 9))),
)
def test_an_older_answer_never_counts(version, sequence, sent, last):
    verdict = compare.is_news(version, sequence, sent, last)
    if verdict == "":
        assert version == sent
        assert last is None or (version, sequence) >= last


def line(**values):
    return compare.Ordered(
        **{"ref": "1", "received": 0.0, "plan": (D(100.0, DAY),), "day": DAY, "price": 5.0, **values}
    )


def test_the_cases_a_buyer_knows():
    later = DAY + timedelta(7)

    def change(tolerance=0.05, ordered=None, **words):
        said = answer.Answer(
            "P", "a", "changed", lines=(answer.LineAnswer("1", words.pop("status", "changed"), **words),)
        )
        return compare.compare([ordered or line()], said, compare.Tolerance(tolerance))[0]

    moved = change(day=later)
    assert (moved.kinds, moved.consent, moved.deliveries) == (("date",), False, (D(100.0, later),))
    fewer = change(quantity=96)
    assert (fewer.kinds, fewer.consent) == (("quantity",), False)
    half = change(quantity=50, day=later)
    assert half.consent
    assert compare.without_consent(line(), half).deliveries == (D(100.0, later),)
    split = change(deliveries=(D(60.0, DAY), D(40.0, later)))
    assert (split.kinds, split.consent, split.quantity) == (("split", "date"), False, 100.0)
    dearer, cheaper = change(price=6.0), change(price=4.0)
    assert (dearer.consent, cheaper.consent) == (True, False)
    assert change(status="rejected").kinds == ("rejected",)
    part = line(received=30.0, plan=(D(70.0, DAY),))
    assert change(ordered=part, status="rejected").quantity == 30.0
    assert change(ordered=part, deliveries=(D(60.0, DAY), D(40.0, later))).deliveries == (D(30.0, DAY), D(40.0, later))
    with pytest.raises(answer.BadAnswer, match="below_received"):
        change(ordered=part, quantity=20)
    with pytest.raises(answer.BadAnswer, match="deliveries_differ"):
        change(quantity=90, deliveries=(D(60.0, DAY), D(40.0, later)))


def test_lines_are_found_by_code_where_it_is_clear():
    ordered = [line(codes=("ABC", "x")), line(ref="2", codes=("DEF",)), line(ref="3", codes=("DEF",))]

    def changes(code, ref=""):
        said = answer.Answer("P", "a", "changed", lines=(answer.LineAnswer(ref, "changed", quantity=99, code=code),))
        return compare.compare(ordered, said, compare.Tolerance(1.0))

    assert changes("abc")[0].quantity == 99
    for code, ref, problem in (("zzz", "", "unknown_line"), ("DEF", "", "line_twice"), ("ABC", "9", "unknown_line")):
        with pytest.raises(answer.BadAnswer, match=problem):
            changes(code, ref)


# --- UBL

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:order_response:3</cbc:CustomizationID>
<cbc:ID>R-1</cbc:ID><cbc:SalesOrderID>S-9</cbc:SalesOrderID>
<cbc:IssueDate>2026-02-01</cbc:IssueDate><cbc:IssueTime>09:30:00</cbc:IssueTime>
<cbc:OrderResponseCode>%s</cbc:OrderResponseCode>
<cac:OrderReference><cbc:ID>P00012</cbc:ID></cac:OrderReference>
<cac:OrderChangeDocumentReference><cbc:ID>P00012-v2</cbc:ID></cac:OrderChangeDocumentReference>
%s</OrderResponse>"""


def ubl_line(ref, status, quantity, day):
    return f"""<cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:LineStatusCode>{status}</cbc:LineStatusCode>
<cbc:Quantity unitCode="C62">{quantity}</cbc:Quantity>
<cac:Delivery><cac:PromisedDeliveryPeriod><cbc:StartDate>{day}</cbc:StartDate></cac:PromisedDeliveryPeriod></cac:Delivery>
<cac:Price><cbc:PriceAmount currencyID="CNY">50</cbc:PriceAmount><cbc:BaseQuantity>10</cbc:BaseQuantity></cac:Price>
</cac:LineItem><cac:OrderLineReference><cbc:LineID>{ref}</cbc:LineID></cac:OrderLineReference></cac:OrderLine>"""


def test_ubl_order_response():
    text = UBL % ("CA", ubl_line(7, 3, 60, "2026-03-02") + ubl_line(7, 3, 40, "2026-03-09") + ubl_line(8, 7, 0, ""))
    found = ubl_answer.read_ubl(text.encode())
    assert ubl_answer.looks_like(text.encode())
    assert (found.order, found.ident, found.status, found.version, found.reference) == (
        "P00012",
        "R-1",
        "changed",
        2,
        "S-9",
    )
    assert found.lines[0].deliveries == (D(60.0, date(2026, 3, 2)), D(40.0, date(2026, 3, 9)))
    assert found.lines[0].price == 5.0
    assert (found.lines[1].ref, found.lines[1].status) == ("8", "rejected")
    later = ubl_answer.read_ubl(text.replace("09:30", "10:30").encode())
    assert later.sequence > found.sequence


EVIL = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + (UBL % ("AP", "")).split("?>")[1].replace(
    "R-1", "&x;"
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_xml"),
        ("<a", "not_xml"),
        ("<Order/>", "not_an_answer"),
        (UBL % ("XX", ""), "bad_status"),
        (UBL % ("CA", ""), "no_lines"),
        (UBL % ("CA", ubl_line(7, 99, 1, "")), "bad_status"),
        (UBL % ("CA", ubl_line(7, 3, "-5", "")), "bad_number"),
        (UBL % ("CA", ubl_line(7, 3, "5", "2026-99-01")), "bad_date"),
        ((UBL % ("AP", "")).replace("R-1", ""), "missing"),
        (EVIL, "not_xml"),
    ],
)  # fmt: skip
def test_bad_ubl_is_refused_with_a_reason(text, code):
    with pytest.raises(answer.BadAnswer) as caught:
        ubl_answer.read_ubl(text.encode())
    assert code in {found for found, _place in caught.value.problems}


@given(st.binary(max_size=60))
def test_any_bytes(content):
    with pytest.raises(answer.BadAnswer):
        ubl_answer.read_ubl(content)
    assert not ubl_answer.looks_like(json.dumps({"a": 1}).encode())
