"""The calls of a Taobao or Tmall shop."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..client import Client
from ..errors import Refused
from ..order import CHINA
from ..types import Parcel, Raw, Shipment, StockLevel, StockResult, Token
from . import fields
from .envelope import content, listed
from .sign import signature

GATEWAY = "https://eco.taobao.com/router/rest"
NOT_THERE = ("isv.trade-not-exist", "isv.trade-not-found")
MERGE_MOST = 100

Page = tuple[list[dict], int | None, bool]  # rows, how many in all (when counted), whether more follow


class TopClient(Client):
    """``options`` of the account: ``sign_method``, ``simplify``, ``push_store`` (the app has TOP's order push service)."""

    slice = timedelta(minutes=30)
    page_size = 50
    stock_batch = 20

    # Orders and refunds ---------------------------------------------------------------------------------------------

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        method, since, until = "taobao.trades.sold.increment.get", "start_modified", "end_modified"
        if self.account.options.get("push_store"):
            method, since, until = "taobao.trades.sold.incrementv.get", "start_create", "end_create"
        window = {since: stamp(start), until: stamp(end), "fields": fields.LISTED, "type": fields.TYPES}
        fetched: set[tuple[str, str]] = set()
        for rows in self._pages(self._reader(method, window, "trades", "trade")):
            fresh = {(number(row), str(row.get("modified"))) for row in rows} - fetched
            fetched |= fresh
            # the list knows little of a trade: each is asked for in full
            found = [self.order(tid) for tid, _modified in sorted(fresh)]
            yield [raw for raw in found if raw]

    def order(self, external_id: str) -> Raw | None:
        asked = {"tid": external_id, "fields": fields.TRADE, "include_oaid": "include_oaid"}
        try:
            trade = self.invoke("taobao.trade.fullinfo.get", **asked).get("trade")
        except Refused as error:
            if error.code.startswith(NOT_THERE):
                return None
            raise
        return trade and Raw(number(trade), str(trade["modified"]), _text(trade))

    def refunds(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        window = {"start_modified": stamp(start), "end_modified": stamp(end)}
        window |= {"fields": fields.REFUND, "type": fields.TYPES}
        for rows in self._pages(self._reader("taobao.refunds.receive.get", window, "refunds", "refund")):
            yield [Raw(str(row["tid"]), f"{row['modified']}/{row['refund_id']}", _text(row), "refund") for row in rows]

    def numbers(self, day: date) -> set[str]:
        start = datetime.combine(day, time(), CHINA)
        window = {"start_created": stamp(start), "end_created": stamp(start + timedelta(days=1, seconds=-1))}
        window |= {"fields": "tid,tid_str", "type": fields.TYPES}
        pages = self._pages(self._reader("taobao.trades.sold.get", window, "trades", "trade"))
        return {number(row) for rows in pages for row in rows}

    def statistics(self, day: date) -> dict[str, int]:
        """How many orders of each status the push service holds of a day: cheap, for apps that have this service."""
        found = self.invoke("taobao.jds.trades.statistics.get", date=day.strftime("%Y%m%d"))
        return {row["status"]: int(row["count"]) for row in listed(found, "status_infos", "trade_stat")}

    # Shipping -------------------------------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """TOP ships lines, not pieces: a line in several parcels is confirmed with the first of them.

        Where nobody knows what is in the parcels, the order is confirmed as a whole when it is complete.
        """
        known: set[str] = set()
        if not any(parcel.lines for parcel in shipment.parcels):
            if shipment.complete and shipment.parcels:
                self._send(shipment.external_id, shipment.parcels[0], [], blind=True)
            return
        for parcel in shipment.parcels:
            lines = [line for line in dict.fromkeys(line.line_id for line in parcel.lines) if line not in known]
            known.update(lines)
            if lines:
                whole = shipment.complete and self._is_whole(shipment.order, lines)
                self._send(shipment.external_id, parcel, [] if whole else lines)

    @staticmethod
    def _is_whole(trade: Mapping[str, Any], lines: Sequence[str]) -> bool:
        """Whether a parcel holds all of a trade, so that it need not be split."""
        every = {number(row, "oid") for row in listed(trade, "orders", "order") if row.get("status") != "TRADE_CLOSED"}
        return bool(every) and every <= set(lines)

    def _send(self, tid: str, parcel: Parcel, lines: list[str], blind: bool = False) -> None:
        """Confirm one parcel. TOP takes each line once, so that a repetition is refused and then found to be done."""
        asked: dict[str, Any] = {"tid": tid, "company_code": parcel.carrier, "out_sid": parcel.tracking}
        if lines:
            asked |= {"is_split": 1, "sub_tid": ",".join(lines)}
        try:
            found = self.invoke("taobao.logistics.online.send", **asked)
        except Refused as error:
            if self._is_shipped(tid, parcel.tracking, lines, blind):
                return
            raise Refused(f"{parcel.tracking}: {error}", error.code) from error
        if str((found.get("shipping") or {}).get("is_success")).lower() != "true":
            raise Refused(f"{parcel.tracking}: not taken", "is_success")

    def _is_shipped(self, tid: str, tracking: str, lines: list[str], blind: bool) -> bool:
        """Whether the platform knows this parcel; of one that nobody knows the content of, whether it waits for any."""
        waybills = self._waybills(tid)
        if blind:
            return bool(waybills) and all(waybills.values())
        known = {line: tracking in numbers for line, numbers in waybills.items()}
        return all(known.get(line) for line in lines) if lines else any(known.values())

    def shipped(self, external_id: str) -> set[str]:
        return set().union(*self._waybills(external_id).values())

    def _waybills(self, tid: str) -> dict[str, set[str]]:
        """The tracking numbers of each line."""
        raw = self.order(tid)
        trade = json.loads(raw.body) if raw else {}
        return {
            number(line, "oid"): {text for text in str(line.get("invoice_no") or "").split(",") if text}
            for line in listed(trade, "orders", "order")
        }

    def carriers(self) -> dict[str, str]:
        """The platform's carriers: code -> name."""
        found = self.invoke("taobao.logistics.companies.get", fields="id,code,name,reg_mail_no", order_mode="all")
        return {row["code"]: row["name"] for row in listed(found, "logistics_companies", "logistics_company")}

    def merge_groups(self, orders: Sequence[tuple[str, str]]) -> list[set[str]]:
        """Of (number, OAID): the groups that have one receiver, as only the platform can know."""
        groups: list[set[str]] = []
        for at in range(0, len(orders), MERGE_MOST):
            asked = [{"tid": tid, "oaid": oaid} for tid, oaid in orders[at : at + MERGE_MOST]]
            found = self.invoke("taobao.top.oaid.merge", merge_list=json.dumps(asked))
            groups += [set(str(text).split(",")) for text in listed(found, "tid_list", "string")]
        return groups

    # Stock ----------------------------------------------------------------------------------------------------------

    def push_stock(self, levels: Sequence[StockLevel]) -> list[StockResult]:
        by_item: dict[str, list[StockLevel]] = defaultdict(list)
        for level in levels:
            by_item[level.platform_item].append(level)
        results = []
        for item, group in by_item.items():
            if not item:
                results += [StockResult(level.platform_sku, "the listing's number is missing") for level in group]
                continue
            # a listing without variants is known by its own number alone, or by our code
            skus = [level for level in group if level.platform_sku not in ("", item, level.sku)]
            for at in range(0, len(skus), 20):
                results += self._push_skus(item, skus[at : at + 20])
            results += [self._push_item(item, level) for level in group if level not in skus]
        return results

    def _push_skus(self, item: str, levels: Sequence[StockLevel]) -> list[StockResult]:
        pairs = ";".join(f"{level.platform_sku}:{level.quantity}" for level in levels)
        try:
            self.invoke("taobao.skus.quantity.update", num_iid=item, skuid_quantities=pairs, type=1)
        except Refused as error:
            if len(levels) == 1:
                return [StockResult(levels[0].platform_sku, str(error))]
            # one article that is gone makes the platform refuse all of them
            return [result for level in levels for result in self._push_skus(item, [level])]
        return [StockResult(level.platform_sku) for level in levels]

    def _push_item(self, item: str, level: StockLevel) -> StockResult:
        try:
            self.invoke("taobao.item.quantity.update", num_iid=item, quantity=level.quantity, type=1)
        except Refused as error:
            return StockResult(level.platform_sku, str(error))
        return StockResult(level.platform_sku)

    # Access ---------------------------------------------------------------------------------------------------------

    def renew(self) -> Token:
        if not self.account.refresh_token:
            raise Refused("the seller has to grant access again", "no_refresh_token")
        asked = {"refresh_token": self.account.refresh_token, "session": None}
        found = self.invoke("taobao.top.auth.token.refresh", **asked)["token_result"]
        token = json.loads(found) if isinstance(found, str) else found
        expires = datetime.fromtimestamp(int(token["expire_time"]) / 1000, UTC)
        return Token(token["access_token"], expires, token.get("refresh_token") or "")

    # All calls ------------------------------------------------------------------------------------------------------

    def invoke(self, method: str, **params: Any) -> dict[str, Any]:
        """What a call of TOP answers, without its wrapper. Each of them may be repeated: none has an effect twice."""
        return self.call(lambda: self._once(method, params))

    def _once(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        options = self.account.options
        asked = {
            "method": method,
            "app_key": self.account.key,
            "session": self.account.token,
            "timestamp": stamp(self.now()),
            "format": "json",
            "v": "2.0",
            "sign_method": options.get("sign_method") or "hmac-sha256",
            "simplify": "true" if options.get("simplify") else None,
            **params,
        }
        texts = {key: str(value) for key, value in asked.items() if value is not None and value != ""}
        texts["sign"] = signature(texts, self.account.secret, texts["sign_method"])
        return content(self.json("POST", self.account.url or GATEWAY, data=texts), self.now())

    def _reader(self, method: str, window: dict[str, Any], outer: str, inner: str) -> Callable[[int, bool], Page]:
        def read(page: int, counted: bool) -> Page:
            # counting makes the call several times slower, so only the first one counts
            asked = {**window, "page_no": page, "page_size": self.page_size}
            found = self.invoke(method, **asked, use_has_next="false" if counted else "true")
            total = int(found.get("total_results") or 0) if counted else None
            return listed(found, outer, inner), total, str(found.get("has_next")).lower() == "true"

        return read

    def _pages(self, read: Callable[[int, bool], Page]) -> Iterator[list[dict]]:
        """Pages from the last to the first: what changes meanwhile leaves the window, and the rest moves forward."""
        rows, total, _more = read(1, True)
        last = -(-total // self.page_size)
        if last <= 1:
            yield rows
            return
        rows, _total, more = read(last, False)
        while more:  # the window has grown behind since it was counted
            last += 1
            rows, _total, more = read(last, False)
        yield rows
        for page in range(last - 1, 0, -1):
            yield read(page, False)[0]


def stamp(moment: datetime) -> str:
    """A moment as TOP writes it, in Beijing's time.

    >>> stamp(datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC))
    '2026-01-02 03:04:05'
    """
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def number(row: dict[str, Any], name: str = "tid") -> str:
    """A number of a trade or line as text: it is longer than some readers of JSON can hold, so TOP gives it twice."""
    return str(row.get(f"{name}_str") or row[name])


def _text(row: dict[str, Any]) -> str:
    """One text for one content, whatever the sequence of its fields."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True)
