"""The calls of a shop on Douyin."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..client import Client, backwards
from ..errors import Refused, TokenExpired
from ..order import CHINA
from ..types import Parcel, Raw, Shipment, StockLevel, StockResult, Token
from .envelope import content
from .sign import packed, signature

GATEWAY = "https://openapi-fxg.jinritemai.com"
REFRESH = "token.refresh"


class DouyinClient(Client):
    """``options`` of the account: ``warehouse`` (our number of the platform's warehouse whose stock is set)."""

    slice = timedelta(minutes=30)
    page_size = 100
    stock_batch = 20

    # Orders ---------------------------------------------------------------------------------------------------------

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        """After-sales cases are part of an order's lines, and change the order."""
        for rows in self._rows("update_time", start, end):
            yield [_raw(row) for row in rows]

    def numbers(self, day: date) -> set[str]:
        start = datetime.combine(day, time(), CHINA)
        pages = self._rows("create_time", start, start + timedelta(days=1, seconds=-1))
        return {str(row["order_id"]) for rows in pages for row in rows}

    def _rows(self, by: str, start: datetime, end: datetime) -> Iterator[list[dict]]:
        """Pages newest first, read from the last to the first; the platform counts them from zero."""
        window = {f"{by}_start": _unix(start), f"{by}_end": _unix(end), "order_by": by, "order_asc": False}

        def page(at: int) -> tuple[list[dict], int]:
            found = self.invoke("order.searchList", **window, page=at - 1, size=self.page_size)
            return found.get("shop_order_list") or [], -(-int(found.get("total") or 0) // self.page_size)

        yield from backwards(page)

    def order(self, external_id: str) -> Raw | None:
        try:
            found = self.invoke("order.orderDetail", shop_order_id=external_id).get("shop_order_detail")
        except Refused as error:
            if "不存在" in str(error):
                return None
            raise
        return _raw(found) if found else None

    # Shipping -------------------------------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """One parcel with all of an order is confirmed alone, several or a part with what is in them.

        Of parcels whose content nobody knows only a complete order can be confirmed, with the first of them.
        """
        parcels = [parcel for parcel in shipment.parcels if parcel.lines]
        if len(shipment.parcels) == 1 and shipment.complete and _is_whole(shipment.order, shipment.parcels[0]):
            self._send_whole(shipment.external_id, shipment.parcels[0])
        elif parcels:
            self._send_parts(shipment, parcels)
        elif shipment.parcels and shipment.complete and not self.shipped(shipment.external_id):
            self._send_whole(shipment.external_id, shipment.parcels[0])

    def _send_whole(self, number: str, parcel: Parcel) -> None:
        asked = {"order_id": number, "company_code": parcel.carrier, "logistics_code": parcel.tracking}
        self._send("order.logisticsAdd", asked, {parcel.tracking})

    def _send_parts(self, shipment: Shipment, parcels: Sequence[Parcel]) -> None:
        packs = [
            {
                "company_code": parcel.carrier,
                "logistics_code": parcel.tracking,
                "shipped_order_info": [
                    {"shipped_order_id": line.line_id, "shipped_num": int(line.quantity)} for line in parcel.lines
                ],
            }
            for parcel in parcels
        ]
        asked = {"order_id": shipment.external_id, "pack_list": packs}
        # the same parcels are the same request; others under the same key are not
        mark = hashlib.sha256(f"{shipment.key}{packed(asked)}".encode()).hexdigest()[:32]
        self._send("order.logisticsAddMultiPack", {**asked, "request_id": mark}, {p.tracking for p in parcels})

    def _send(self, method: str, asked: dict[str, Any], numbers: set[str]) -> None:
        try:
            self.invoke(method, **asked)
        except Refused as error:
            if numbers <= self.shipped(asked["order_id"]):  # the answer to an earlier try was lost
                return
            raise Refused(f"{', '.join(sorted(numbers))}: {error}", error.code) from error

    def shipped(self, external_id: str) -> set[str]:
        raw = self.order(external_id)
        order = json.loads(raw.body) if raw else {}
        return {str(row["tracking_no"]) for row in order.get("logistics_info") or [] if row.get("tracking_no")}

    def carriers(self) -> dict[str, str]:
        """The platform's carriers: code -> name."""
        return {row["code"]: row["name"] for row in self.invoke("order.logisticsCompanyList") or []}

    # Stock ----------------------------------------------------------------------------------------------------------

    def push_stock(self, levels: Sequence[StockLevel]) -> list[StockResult]:
        moment = int(self.now().timestamp() * 1000)
        return [StockResult(level.platform_sku, self._set(level, moment)) for level in levels]

    def _set(self, level: StockLevel, moment: int) -> str:
        """Set the whole quantity; what is wrong with it, else nothing.

        The mark is that of this push: one made of the quantity alone would let the platform pass over a quantity that
        comes back after another.
        """
        article = {"sku_id": level.platform_sku} if level.platform_sku else {"code": level.sku}
        if not any(article.values()):
            return "the article's number is missing"
        asked = {**article, "product_id": level.platform_item, "stock_num": level.quantity, "incremental": False}
        asked |= {"out_warehouse_id": self.account.options.get("warehouse")}
        asked |= {"idempotent_id": f"{level.platform_sku or level.sku}-{moment}"}
        try:
            self.invoke("sku.syncStock", **asked)
        except Refused as error:
            return str(error)
        return ""

    # Access ---------------------------------------------------------------------------------------------------------

    def renew(self) -> Token:
        if not self.account.refresh_token:
            raise Refused("the seller has to grant access again", "no_refresh_token")
        try:
            found = self.invoke(REFRESH, grant_type="refresh_token", refresh_token=self.account.refresh_token)
        except TokenExpired as error:
            raise Refused(str(error), error.code) from error
        expires = self.now() + timedelta(seconds=int(found["expires_in"]))
        return Token(found["access_token"], expires.astimezone(UTC), found.get("refresh_token") or "")

    # All calls ------------------------------------------------------------------------------------------------------

    def invoke(self, method: str, **params: Any) -> Any:
        """What a call answers, without its wrapper. Each of them may be repeated: none has an effect twice."""
        asked = {key: value for key, value in params.items() if value is not None and value != ""}
        return self.call(lambda: self._once(method, packed(asked)))

    def _once(self, method: str, body: str) -> Any:
        stamp = str(_unix(self.now()))
        query = {
            "app_key": self.account.key,
            "method": method,
            "timestamp": stamp,
            "v": "2",
            "sign_method": "hmac-sha256",
            "sign": signature(self.account.key, method, body, stamp, self.account.secret),
        }
        if method != REFRESH:
            query["access_token"] = self.account.token
        url = f"{(self.account.url or GATEWAY).rstrip('/')}/{method.replace('.', '/')}"
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        return content(self.json("POST", url, params=query, data=body.encode(), headers=headers))


def _is_whole(order: Mapping[str, Any], parcel: Parcel) -> bool:
    """Whether a parcel holds every piece of an order."""
    lines = order.get("sku_order_list") or []
    wanted = {str(line["order_id"]): int(line["item_num"]) for line in lines if line.get("order_status") != 4}
    held = {line.line_id: int(line.quantity) for line in parcel.lines}
    return bool(wanted) and all(held.get(line, 0) >= count for line, count in wanted.items())


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _raw(row: dict[str, Any]) -> Raw:
    return Raw(str(row["order_id"]), str(row["update_time"]), json.dumps(row, ensure_ascii=False, sort_keys=True))
