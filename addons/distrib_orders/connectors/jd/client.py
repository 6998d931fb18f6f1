"""The calls of a shop on JD's open platform (POP, SOP shops)."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..client import Client, backwards
from ..errors import Refused, TokenExpired
from ..order import CHINA
from ..types import Raw, Shipment, StockLevel, StockResult, Token
from .envelope import NOT_THERE, content
from .sign import signature

GATEWAY = "https://api.jd.com/routerjson"
OAUTH = "https://open-oauth.jd.com/oauth2/refresh_token"
STATES = (
    "WAIT_SELLER_STOCK_OUT,WAIT_SELLER_DELIVERY,WAIT_GOODS_RECEIVE_CONFIRM,FINISHED_L,TRADE_CANCELED,LOCKED,PAUSE,"
    "POP_ORDER_PAUSE,SEND_TO_DISTRIBUTION_CENER,DISTRIBUTION_CENTER_RECEIVED,RECEIPTS_CONFIRM"
)
FIELDS = (
    "orderId,venderId,orderType,orderState,orderStateRemark,payType,orderTotalPrice,orderSellerPrice,orderPayment,"
    "freightPrice,sellerDiscount,balanceUsed,serviceFee,taxFee,deliveryType,orderRemark,venderRemark,orderStartTime,"
    "paymentConfirmTime,orderEndTime,modified,parentOrderId,directParentOrderId,pin,open_id_buyer,waybill,logisticsId,"
    "storeOrder,storeId,mdbStoreId,menDianId,idSopShipmenttype,scDT,orderSign,orderSource,orderExt,orderMarkDesc,"
    "pauseBizInfo,returnOrder,invoiceEasyInfo,couponDetailList,itemInfoList,consigneeInfo,originalConsigneeInfo"
)
LAST_PAGE = 100  # deeper pages are cut off
MODIFIED, CREATED = "0", "1"
NEWEST_FIRST = "1"
# the first is said to be retired in favour of the second; both take the whole quantity
STOCK_METHODS = ("jingdong.stock.write.updateSkuStock", "jingdong.ware.stock.sku.set")


class JdClient(Client):
    """``options`` of the account: ``encrypted`` (the shop gets names and telephones enciphered), ``oauth_url``,
    ``source_id``, ``stock_method`` and ``store_id``.
    """

    slice = timedelta(hours=1)
    page_size = 50
    stock_batch = 20
    ships_whole = True

    # Orders and refunds ---------------------------------------------------------------------------------------------

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        for rows in self._rows(start, end, MODIFIED, FIELDS):
            yield [_raw(row) for row in rows]

    def numbers(self, day: date) -> set[str]:
        start = datetime.combine(day, time(), CHINA)
        pages = self._rows(start, start + timedelta(days=1), CREATED, "orderId,orderStartTime,modified")
        # whether the end belongs to a window is not written anywhere
        rows = [row for rows in pages for row in rows]
        return {str(row["orderId"]) for row in rows if row["orderStartTime"] < stamp(start + timedelta(days=1))}

    def _rows(self, start: datetime, end: datetime, by: str, fields: str) -> Iterator[list[dict]]:
        """The pages of a window; one with more pages than the platform gives is asked for in halves."""

        def page(at: int) -> tuple[list[dict], int]:
            asked = {"start_date": stamp(start), "end_date": stamp(end), "order_state": STATES, "page": str(at)}
            asked |= {"page_size": str(self.page_size), "sortType": NEWEST_FIRST, "dateType": by}
            asked |= {"optional_fields": fields, "source_id": self.account.options.get("source_id")}
            found = self._found(self.invoke(self._method("search"), asked), "orderInfoList")
            return found.get("orderInfoList") or [], -(-int(found.get("orderTotal") or 0) // self.page_size)

        yield from self._rolled(page, start, end, lambda since, until: self._rows(since, until, by, fields))

    def _rolled(self, page, start: datetime, end: datetime, again) -> Iterator[list[dict]]:
        first = page(1)
        if first[1] <= LAST_PAGE:
            known = [first]
            yield from backwards(lambda at: known.pop() if at == 1 and known else page(at))
            return
        middle = (start + (end - start) / 2).replace(microsecond=0)
        if middle <= start.replace(microsecond=0):
            raise Refused("more changes in a second than the platform gives pages for", "window")
        yield from again(start, middle)
        yield from again(middle, end)

    def order(self, external_id: str) -> Raw | None:
        asked = {"order_id": external_id, "optional_fields": FIELDS, "order_state": STATES}
        try:
            found = self._found(self.invoke(self._method("get"), asked), "orderInfo")
        except Refused as error:
            if error.code == NOT_THERE:
                return None
            raise
        return _raw(found["orderInfo"]) if found.get("orderInfo") else None

    def _method(self, name: str) -> str:
        if self.account.options.get("encrypted"):
            name = f"en{name.capitalize()}"
        return f"jingdong.pop.order.{name}"

    @staticmethod
    def _found(inside: dict[str, Any], name: str) -> dict[str, Any]:
        """The part of an answer that holds ``name``."""
        return next((part for part in inside.values() if isinstance(part, dict) and name in part), {})

    def refunds(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        """Asked for in the window, and decided in it: an application never comes up again by its own time."""
        for since, until in (("applyTimeStart", "applyTimeEnd"), ("checkTimeStart", "checkTimeEnd")):
            for rows in self._refund_rows(start, end, since, until):
                yield [_raw_refund(row) for row in rows]

    def _refund_rows(self, start: datetime, end: datetime, since: str, until: str) -> Iterator[list[dict]]:
        def page(at: int) -> tuple[list[dict], int]:
            asked = {since: stamp(start), until: stamp(end), "pageIndex": at, "pageSize": 50, "showSku": "true"}
            inside = self.invoke("jingdong.pop.afs.soa.refundapply.queryPageList", asked)
            found = self._found(inside, "totalCount")
            return found.get("result") or [], -(-int(found.get("totalCount") or 0) // 50)

        yield from self._rolled(page, start, end, lambda a, b: self._refund_rows(a, b, since, until))

    # Shipping -------------------------------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """JD takes an order as a whole: until it is complete nothing is said, then all its parcels at once.

        (To split an order there, the platform would replace it by others with numbers of their own.)
        """
        if not shipment.complete:
            return
        carriers, numbers = joined(shipment)
        asked = {"orderId": shipment.external_id, "logiCoprId": carriers, "logiNo": numbers}
        try:
            self.invoke("jingdong.pop.order.shipment", asked)
        except Refused as error:
            wanted = {parcel.tracking for parcel in shipment.parcels if parcel.tracking}
            if wanted and wanted <= self.shipped(shipment.external_id):
                return
            raise Refused(f"{numbers}: {error}", error.code) from error

    def shipped(self, external_id: str) -> set[str]:
        raw = self.order(external_id)
        waybill = str(json.loads(raw.body).get("waybill") or "") if raw else ""
        return {text for text in re.split(r"[,|]", waybill) if text}

    def carriers(self) -> dict[str, str]:
        """The shop's carriers: JD's number -> name."""
        inside = self.invoke("360buy.get.vender.all.delivery.company", {"fields": "id,name,description"})
        return {str(row["id"]): row["name"] for row in inside.get("delivery_companies") or []}

    # Stock ----------------------------------------------------------------------------------------------------------

    def push_stock(self, levels: Sequence[StockLevel]) -> list[StockResult]:
        method = self.account.options.get("stock_method") or STOCK_METHODS[0]
        if method not in STOCK_METHODS:
            raise Refused(f"{method} is not known to set stock", "stock_method")
        store = self.account.options.get("store_id") or 0
        results = []
        for level in levels:
            asked = {"skuId": level.platform_sku, "stockNum": level.quantity, "storeId": store}
            try:
                self.invoke(method, asked)
            except Refused as error:
                results.append(StockResult(level.platform_sku, str(error)))
            else:
                results.append(StockResult(level.platform_sku))
        return results

    # Access ---------------------------------------------------------------------------------------------------------

    def renew(self) -> Token:
        if not self.account.refresh_token:
            raise Refused("the seller has to grant access again", "no_refresh_token")
        asked = {
            "app_key": self.account.key, "app_secret": self.account.secret, "grant_type": "refresh_token",
            "refresh_token": self.account.refresh_token,
        }  # fmt: skip
        url = self.account.options.get("oauth_url") or OAUTH
        # in the body: an address is written to logs
        found = self.call(lambda: self.json("POST", url, data=asked))
        if not found.get("access_token"):
            text = found.get("msg") or found.get("error_description") or "no token came"
            raise Refused(str(text), str(found.get("code") or ""))
        expires = self.now() + timedelta(seconds=int(found["expires_in"]))
        return Token(found["access_token"], expires.astimezone(UTC), found.get("refresh_token") or "")

    # All calls ------------------------------------------------------------------------------------------------------

    def invoke(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """What a call of JD answers, without its wrapper. Each of them may be repeated: none has an effect twice."""
        return self.call(lambda: self._once(method, params))

    def _once(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if not self.account.token:
            raise TokenExpired("there is no access token", "no_token")
        asked = {key: value for key, value in params.items() if value is not None and value != ""}
        texts = {
            "method": method,
            "app_key": self.account.key,
            "access_token": self.account.token,
            "timestamp": stamp(self.now()),
            "v": "2.0",
            "360buy_param_json": json.dumps(asked, ensure_ascii=False, separators=(",", ":")),
        }
        texts["sign"] = signature(texts, self.account.secret)
        return content(self.json("POST", self.account.url or GATEWAY, data=texts))


def joined(shipment: Shipment) -> tuple[str, str]:
    """Carriers and tracking numbers as JD wants them: carriers by ``|``, a carrier's numbers by ``,`` within its place.

    >>> from ..types import Parcel
    >>> joined(Shipment("1", "k", (Parcel("S1", "467"), Parcel("Y1", "463"), Parcel("S2", "467"))))
    ('467|463', 'S1,S2|Y1')
    """
    groups: dict[str, list[str]] = {}
    for parcel in shipment.parcels:
        groups.setdefault(parcel.carrier, []).append(parcel.tracking)
    return "|".join(groups), "|".join(",".join(filter(None, numbers)) for numbers in groups.values())


def stamp(moment: datetime) -> str:
    """A moment as JD writes it, in Beijing's time.

    >>> stamp(datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC))
    '2026-01-02 03:04:05'
    """
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _raw(row: dict[str, Any]) -> Raw:
    return Raw(str(row["orderId"]), str(row["modified"]), json.dumps(row, ensure_ascii=False, sort_keys=True))


def _raw_refund(row: dict[str, Any]) -> Raw:
    changed = max(str(row.get("applyTime") or ""), str(row.get("checkTime") or ""))
    body = json.dumps(row, ensure_ascii=False, sort_keys=True)
    return Raw(str(row["orderId"]), f"{changed}/{row['id']}", body, "refund")
