"""Statements of platforms and payment services: read them, add them up by order, and hold them against the orders.

Statements have lines of text above and below their table, amounts with signs and marks, and one row for each movement:
payment, refund, fee. Which column is which follows from its header.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

import openpyxl

CENT = Decimal("0.005")
HEADER_ROWS = 60
SYNONYMS: dict[str, tuple[str, ...]] = {
    "order": (
        "商户订单号", "商户单号", "订单号", "订单编号", "主订单编号", "交易主单号", "子订单号", "原支付交易对应订单",
        "order", "order id", "order number", "order no", "order reference", "merchant order",
    ),
    "transaction": (
        "账务流水号", "业务流水号", "交易单号", "微信订单号", "微信支付业务单号", "流水号", "资金流水单号", "支付宝交易号",
        "transaction", "transaction id", "reference", "id",
    ),
    "time": (
        "发生时间", "交易时间", "记账时间", "入账时间", "结算时间", "完成时间", "日期", "时间",
        "time", "date", "created", "transaction date", "settled at",
    ),
    "kind": (
        "业务类型", "账务类型", "交易类型", "业务名称", "费用名称", "类型", "动账类型", "资金类型", "交易状态",
        "type", "kind", "category",
    ),
    "amount": (
        "金额", "结算金额", "应结订单金额", "交易金额", "订单金额", "动账金额", "实际结算金额", "收支金额", "净额",
        "amount", "total", "net",
    ),
    "income": ("收入金额", "收入", "收入（+元）", "收入(+元)", "入账金额", "income", "credit", "paid in"),
    "expense": ("支出金额", "支出", "支出（-元）", "支出(-元)", "出账金额", "expense", "debit", "paid out"),
    "refund": ("退款金额", "退款", "申请退款金额", "refund", "refund amount"),
    "fee": ("手续费", "服务费", "服务费（元）", "佣金", "平台服务费", "技术服务费", "fee", "fees", "commission"),
    "note": ("备注", "商品名称", "摘要", "note", "description"),
}  # fmt: skip
REFUND_WORDS = ("退款", "refund")
FEE_WORDS = ("手续费", "服务费", "佣金", "收费", "费用", "扣费", "fee", "commission", "charge")
OTHER_WORDS = ("提现", "转账", "充值", "withdraw", "payout", "transfer")


class StatementProblem(ValueError):
    """The file cannot be used; ``code`` is ``kind``, ``damaged``, ``no_table`` or ``columns``."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement: ``kind`` is payment, refund, fee or other; ``amount`` and ``fee`` as they change our account."""

    row: int
    order: str
    kind: str
    amount: Decimal
    fee: Decimal = Decimal(0)
    transaction: str = ""
    time: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file says: its columns (header -> meaning), entries, and the rows that could not be read with why."""

    columns: Mapping[str, str]
    entries: tuple[Entry, ...]
    bad: tuple[tuple[int, str, str], ...] = ()


@dataclass(slots=True)
class Sums:
    """What a statement says of one order: received from buyer and platform, given back, kept as fee (all positive)."""

    received: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    other: Decimal = Decimal(0)
    entries: list[Entry] = field(default_factory=list)


def read(content: bytes, name: str, columns: Mapping[str, str] | None = None) -> Statement:
    """The entries of a CSV or XLSX statement; ``columns`` (header -> meaning) goes before what headers suggest.

    >>> text = "微信支付账单\\n交易时间,商户订单号,交易类型,金额,手续费\\n2026-03-01 10:00:00,`A1,支付,¥100.00,0.60\\n"
    >>> statement = read((text + "2026-03-02 09:00:00,A1,退款,-20.00,0\\n共2笔,,,\\n").encode("gb18030"), "a.csv")
    >>> [(entry.order, entry.kind, str(entry.amount), str(entry.fee)) for entry in statement.entries]
    [('A1', 'payment', '100.00', '0.60'), ('A1', 'refund', '-20.00', '0')]
    """
    rows = list(_rows(content, name))
    known = {_plain(header): meaning for header, meaning in (columns or {}).items()}
    start, meanings = _header(rows, known)
    if "order" not in meanings or not {"amount", "income", "expense"} & meanings.keys():
        raise StatementProblem("columns", ", ".join(cell for cell in rows[start] if cell))
    entries, bad = [], []
    for number, cells in enumerate(rows[start + 1 :], start + 2):
        values = {meaning: cells[place] if place < len(cells) else "" for meaning, place in meanings.items()}
        if not any(values.get(name) for name in ("amount", "income", "expense", "fee", "refund")):
            continue  # a line of text below the table
        try:
            entries.append(_entry(number, values))
        except ValueError as error:
            bad.append((number, str(error.args[0]), str(error.args[1]) if error.args[1:] else ""))
    shown = {rows[start][place]: meaning for meaning, place in meanings.items()}
    return Statement(shown, tuple(entries), tuple(bad))


def by_order(entries: Iterable[Entry]) -> dict[str, Sums]:
    """The entries added up by order; those of no order under the empty text.

    >>> sums = by_order([Entry(1, "A", "payment", Decimal(9), Decimal(-1)), Entry(2, "A", "refund", Decimal(-2))])
    >>> sums["A"].received, sums["A"].refunded, sums["A"].fee
    (Decimal('9'), Decimal('2'), Decimal('1'))
    """
    found: dict[str, Sums] = {}
    for entry in entries:
        sums = found.setdefault(entry.order, Sums())
        sums.entries.append(entry)
        sums.fee += abs(entry.fee)
        if entry.kind == "payment":
            sums.received += entry.amount
        elif entry.kind == "refund":
            sums.refunded += abs(entry.amount)
        elif entry.kind == "fee":
            sums.fee += -entry.amount
        else:
            sums.other += entry.amount
    return found


def explain(owed: float | None, received: float, refunded: float, fee: float) -> tuple[float, str]:
    """(difference, reason) of what came less what was owed; ``owed`` None: there is no such order.

    >>> explain(100, 100, 0, 0.6), explain(100, 99.4, 0, 0.6), explain(100, 100, 20, 0), explain(80, 100, 20, 0)
    ((0.0, 'equal'), (-0.6, 'fee'), (-20.0, 'refund'), (0.0, 'equal'))
    >>> explain(100, 0, 0, 0), explain(100, 90, 0, 0), explain(None, 5, 0, 0)
    ((-100.0, 'missing'), (-10.0, 'amount'), (5.0, 'unknown'))
    """
    got = round(float(received) - refunded, 2)
    if owed is None:
        return got, "unknown"
    gap = round(got - owed, 2)
    if not gap:
        return 0.0, "equal"
    if not received and not refunded:
        return gap, "missing"
    if refunded and abs(received - owed) < 0.005:
        return gap, "refund"
    if fee and abs(gap + fee) < 0.005:
        return gap, "fee"
    return gap, "amount"


def _rows(content: bytes, name: str) -> Iterable[list[str]]:
    if name.lower().endswith((".xlsx", ".xlsm")):
        try:
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            raise StatementProblem("damaged", str(error)) from error
        return [[_cell(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    if not name.lower().endswith((".csv", ".txt", ".tsv")):
        raise StatementProblem("kind", name)
    text = _text(content)
    delimiter = max(",\t;", key=text[:20_000].count)
    return [[_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StatementProblem("damaged")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # Payment services put marks before long numbers so that spreadsheets keep all digits.
    return str(value).strip().lstrip("`'").strip()


def _header(rows: Sequence[Sequence[str]], known: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    best: tuple[int, dict[str, int]] = (-1, {})
    for number, cells in enumerate(rows[:HEADER_ROWS]):
        found: dict[str, int] = {}
        for place, cell in enumerate(cells):
            meaning = known.get(_plain(cell)) or _meaning(cell)
            if meaning and meaning != "-":
                found.setdefault(meaning, place)
        if len(found) > len(best[1]):
            best = (number, found)
    if len(best[1]) < 2:
        raise StatementProblem("no_table")
    return best


def _plain(header: str) -> str:
    return re.sub(r"[\s_#]+", " ", header).strip().casefold()


_MEANINGS = {_plain(word): meaning for meaning, words in SYNONYMS.items() for word in words}


def _meaning(header: str) -> str:
    plain = _plain(header)
    bare = re.sub(r"[（(].*?[)）]", "", plain).strip()
    return _MEANINGS.get(plain) or _MEANINGS.get(bare, "")


def _entry(number: int, values: Mapping[str, str]) -> Entry:
    amount, fee, back = _money(values.get("amount")), _money(values.get("fee")), _money(values.get("refund"))
    if "income" in values or "expense" in values:
        amount = amount if "amount" in values and amount else Decimal(0)
        amount = (_money(values.get("income")) - abs(_money(values.get("expense")))) or amount
    text = " ".join(filter(None, [values.get("kind", ""), values.get("note", "")]))
    kind = _kind(values.get("kind", "") or text, amount)
    if back and kind in ("payment", "refund"):
        # Statements with a column of refunds say the paid amount again in the refund's row.
        kind, amount = "refund", -abs(back)
    if kind == "refund":
        amount = -abs(amount)
    return Entry(
        number, values["order"], kind, amount, fee, values.get("transaction", ""), _time(values.get("time", "")), text
    )


def _kind(text: str, amount: Decimal) -> str:
    plain = text.casefold()
    for kind, words in (("refund", REFUND_WORDS), ("fee", FEE_WORDS), ("other", OTHER_WORDS)):
        if any(word in plain for word in words):
            return kind
    return "payment" if amount >= 0 else "refund"


def _money(text: str | None) -> Decimal:
    if not text or text in ("-", "--", "/"):
        return Decimal(0)
    bare = re.sub(r"[¥￥$,，\s元]|CNY|RMB", "", text)
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    try:
        amount = Decimal(bare)
    except InvalidOperation as error:
        raise ValueError("not_a_number", text[:80]) from error
    if not amount.is_finite():
        raise ValueError("not_a_number", text[:80])
    return amount


def _time(text: str) -> datetime | None:
    for form in (
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M",
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y%m%d",
    ):
        try:
            return datetime.strptime(text[:19], form)
        except ValueError:
            continue
    return None
