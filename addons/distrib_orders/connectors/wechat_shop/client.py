"""The calls of a WeChat shop (``/channels/ec``)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ..errors import Refused, Unknown
from ..order import CHINA
from ..types import Parcel, Raw, Shipment, ShippedLine, StockLevel, StockResult
from .api import WechatClient
from .mapper import line_keys, version_of

ROOT = "/channels/ec"
EXPRESS, VIRTUAL = 1, 3
SET = 3
FETCH = 50  # orders that are stored at once
PASSES = 5


class WechatShopClient(WechatClient):
    slice = timedelta(hours=12)  # the platform allows 7 days for orders, 24 hours for refunds
    overlap = timedelta(minutes=10)
    reach = timedelta(days=90)
    page_size = 100
    stock_batch = 50

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        """Orders that changed, and those of which a refund changed."""
        span = {"start_time": int(start.timestamp()), "end_time": int(end.timestamp())}
        wanted = self._all_numbers({"update_time_range": span})
        wanted.update(dict.fromkeys(self._refunded(span)))
        numbers = list(wanted)
        for place in range(0, len(numbers), FETCH):
            found = (self.order(number) for number in numbers[place : place + FETCH])
            yield [raw for raw in found if raw]

    def order(self, external_id: str) -> Raw | None:
        payload = self._order(external_id)
        return payload and Raw(external_id, version_of(payload), json.dumps(payload, ensure_ascii=False))

    def numbers(self, day: date) -> set[str]:
        start = datetime.combine(day, datetime.min.time(), CHINA)
        span = {"start_time": int(start.timestamp()), "end_time": int((start + timedelta(days=1)).timestamp()) - 1}
        return set(self._all_numbers({"create_time_range": span}))

    def carriers(self) -> dict[str, str]:
        """The platform's carriers: code -> name."""
        found = self.post(f"{ROOT}/order/deliverycompanylist/get", {"ewaybill_only": False})
        return {row["delivery_id"]: row["delivery_name"] for row in found.get("company_list") or ()}

    def shipped(self, external_id: str) -> set[str]:
        payload = self._order(external_id) or {}
        delivery = (payload.get("order_detail") or {}).get("delivery_info") or {}
        return {row["waybill_id"] for row in delivery.get("delivery_product_info") or () if row.get("waybill_id")}

    def ship(self, shipment: Shipment) -> None:
        order = shipment.order if shipment.order.get("order_detail") else self._order(shipment.external_id)
        if not order:
            raise Refused(f"the platform does not know the order {shipment.external_id}", "unknown_order")
        body = {"order_id": shipment.external_id, "delivery_list": deliveries(shipment, order)}
        try:
            self.post(f"{ROOT}/order/delivery/send", body, safe=False)
        except Refused:
            # It may refuse because it knows: sent before, and the answer or our note of it was lost.
            known = self.shipped(shipment.external_id)
            missing = tuple(parcel for parcel in shipment.parcels if parcel.tracking not in known)
            if len(missing) == len(shipment.parcels):
                raise
            if missing:
                body["delivery_list"] = [row for row in body["delivery_list"] if row["waybill_id"] not in known]
                self.post(f"{ROOT}/order/delivery/send", body, safe=False)

    def push_stock(self, levels: Sequence[StockLevel]) -> list[StockResult]:
        return [StockResult(level.platform_sku, self._set_stock(level)) for level in levels]

    def _set_stock(self, level: StockLevel) -> str:
        """What the platform has against it; empty when it took it."""
        if not level.platform_item:
            return "the platform's product number is missing"
        body = {
            "product_id": level.platform_item,
            "sku_id": level.platform_sku,
            "diff_type": SET,
            "num": max(level.quantity, 0),
        }
        try:
            self.post(f"{ROOT}/product/stock/update", body)
        except Refused as error:
            return f"{error.code}: {error}"
        return ""

    # Reading

    def _all_numbers(self, asked: Mapping[str, Any]) -> dict[str, None]:
        """The order numbers of a window. It is read until a pass brings nothing new: an order that changes meanwhile
        leaves the window, and where the cursor counts places another one would slip through behind it.
        """
        found: dict[str, None] = {}
        for _number in range(PASSES):
            before, pages = len(found), 0
            for numbers in self._number_pages(asked):
                found.update(dict.fromkeys(numbers))
                pages += 1
            if pages <= 1 or len(found) == before:
                return found
        return found

    def _number_pages(self, asked: Mapping[str, Any]) -> Iterator[list[str]]:
        body = {**asked, "page_size": self.page_size}
        while True:
            found = self.post(f"{ROOT}/order/list/get", body)
            yield [str(number) for number in found.get("order_id_list") or ()]
            if not found.get("has_more") or not found.get("next_key"):
                return
            body["next_key"] = found["next_key"]

    def _refunded(self, span: Mapping[str, int]) -> Iterator[str]:
        """The orders of which a refund changed."""
        body = {"begin_update_time": span["start_time"], "end_update_time": span["end_time"]}
        seen = set()
        while True:
            found = self.post(f"{ROOT}/aftersale/getaftersalelist", body)
            for number in found.get("after_sale_order_id_list") or ():
                if number not in seen:
                    seen.add(number)
                    yield str(self._refund(str(number))["order_id"])
            if not found.get("has_more") or not found.get("next_key"):
                return
            body["next_key"] = found["next_key"]

    def _refund(self, number: str) -> dict:
        found = self.post(f"{ROOT}/aftersale/getaftersaleorder", {"after_sale_order_id": number})
        if not isinstance(found.get("after_sale_order"), dict):
            raise Unknown(f"the refund {number} is empty", "empty")
        return found["after_sale_order"]

    def _order(self, external_id: str) -> dict | None:
        """The order with its refunds in it."""
        try:
            found = self.post(f"{ROOT}/order/get", {"order_id": external_id})
        except Refused as error:
            if re.search(r"not (exist|found)|不存在", str(error)):
                return None
            raise
        payload = found.get("order")
        if not payload:
            return None
        rows = (payload.get("aftersale_detail") or {}).get("aftersale_order_list") or ()
        return {**payload, "after_sale_orders": [self._refund(str(row["aftersale_order_id"])) for row in rows]}


def deliveries(shipment: Shipment, order: Mapping[str, Any]) -> list[dict]:
    """``delivery_list`` of a shipment. The platform wants to know what is in each parcel: a parcel of which nobody knows
    takes a unit from one that has more; where there are fewer units than parcels, the last parcels stay untold.
    """
    detail = order["order_detail"]
    virtual = int((detail.get("delivery_info") or {}).get("deliver_method") or 0) == 1
    products = dict(zip(line_keys(detail["product_infos"]), detail["product_infos"], strict=True))
    rows = []
    for parcel in filled(shipment.parcels):
        counts: dict[tuple[str, str], int] = {}
        for line in parcel.lines:
            if line.line_id not in products:
                raise Refused(f"the order has no line {line.line_id}", "unknown_line")
            product = products[line.line_id]
            key = str(product["product_id"]), str(product["sku_id"])
            counts[key] = counts.get(key, 0) + round(line.quantity)
        infos = [
            {"product_id": item, "sku_id": sku, "product_cnt": count} for (item, sku), count in counts.items() if count
        ]
        if virtual:
            rows.append({"deliver_type": VIRTUAL, "product_infos": infos})
        else:
            row = {"delivery_id": parcel.carrier, "waybill_id": parcel.tracking, "deliver_type": EXPRESS}
            rows.append({**row, "product_infos": infos})
    return [row for row in rows if row["product_infos"]]


def filled(parcels: Sequence[Parcel]) -> list[Parcel]:
    """The parcels, each with at least one unit.

    >>> rows = filled([Parcel("A", "SF", (ShippedLine("1", 3.0),)), Parcel("B", "SF"), Parcel("C", "SF")])
    >>> [(parcel.tracking, [line.quantity for line in parcel.lines]) for parcel in rows]
    [('A', [1.0]), ('B', [1.0]), ('C', [1.0])]
    """
    lines = [list(parcel.lines) for parcel in parcels]
    for place, content in enumerate(lines):
        if content:
            continue
        giver = max(lines, key=lambda rows: sum(line.quantity for line in rows), default=[])
        if sum(line.quantity for line in giver) < 2:
            break
        last = giver.pop()
        if last.quantity > 1:
            giver.append(ShippedLine(last.line_id, last.quantity - 1, last.sku))
        lines[place] = [ShippedLine(last.line_id, min(last.quantity, 1.0), last.sku)]
    return [
        Parcel(parcel.tracking, parcel.carrier, tuple(content), parcel.carrier_name)
        for parcel, content in zip(parcels, lines, strict=True)
        if content
    ]
