"""The calls of a Pinduoduo shop."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..client import Client, backwards
from ..errors import Refused, TokenExpired
from ..order import CHINA
from ..types import Parcel, Raw, Shipment, StockLevel, StockResult, Token
from .envelope import content
from .sign import signature, text

GATEWAY = "https://gw-api.pinduoduo.com/api/router"
ALL_STATUSES = {"order_status": 5, "refund_status": 5}
REFRESH = "pdd.pop.auth.token.refresh"
FIRST_TIME, WHOLE, SPLIT = 1, 1, 1  # of redelivery_type, update_type, extra_track_type


class PddClient(Client):
    """An order is confirmed with one tracking number; its other parcels are told after that."""

    slice = timedelta(minutes=30)
    page_size = 100
    stock_batch = 20
    ships_whole = True

    # Orders and refunds ---------------------------------------------------------------------------------------------

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        window = {"start_updated_at": _unix(start), "end_updated_at": _unix(end), "is_lucky_flag": 0, **ALL_STATUSES}
        fetched: set[tuple[str, str]] = set()
        for rows in self._pages("pdd.order.number.list.increment.get", window, "order_sn_list"):
            fresh = {(str(row["order_sn"]), str(row.get("updated_at"))) for row in rows} - fetched
            fetched |= fresh
            # only the single order is sure to have its receiver and its gifts
            found = [self.order(number) for number, _changed in sorted(fresh)]
            yield [raw for raw in found if raw]

    def order(self, external_id: str) -> Raw | None:
        try:
            order = self.invoke("pdd.order.information.get", order_sn=external_id).get("order_info")
        except Refused as error:
            if "不存在" in str(error):
                return None
            raise
        return Raw(str(order["order_sn"]), str(order["updated_at"]), _text(order)) if order else None

    def refunds(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        window = {"start_updated_at": _unix(start), "end_updated_at": _unix(end)}
        window |= {"after_sales_status": 1, "after_sales_type": 1}
        for rows in self._pages("pdd.refund.list.increment.get", window, "refund_list"):
            yield [
                Raw(str(row["order_sn"]), f"{row['updated_time']}/{row['id']}", _text(row), "refund") for row in rows
            ]

    def numbers(self, day: date) -> set[str]:
        """The orders that came about on a day: those not paid are not listed at all."""
        start = datetime.combine(day, time(), CHINA)
        window = {"start_confirm_at": _unix(start), "end_confirm_at": _unix(start + timedelta(days=1, seconds=-1))}
        pages = self._pages("pdd.order.list.get", {**window, **ALL_STATUSES}, "order_list")
        return {str(row["order_sn"]) for rows in pages for row in rows}

    def _pages(self, method: str, window: dict[str, Any], name: str) -> Iterator[list[dict]]:
        """Pages from the last to the first, as the platform advises."""

        def page(at: int) -> tuple[list[dict], int]:
            found = self.invoke(method, **window, page=at, page_size=self.page_size, use_has_next=False)
            return found.get(name) or [], -(-int(found.get("total_count") or 0) // self.page_size)

        yield from backwards(page)

    # Shipping -------------------------------------------------------------------------------------------------------

    def ship(self, shipment: Shipment) -> None:
        """Confirm the first parcel and add the others; those that the platform knows are not told again.

        A number is never replaced: what is not known of a shipped order is another parcel.
        """
        if not shipment.complete:
            return
        parcels = list({parcel.tracking: parcel for parcel in shipment.parcels}.values())
        if not parcels:
            return
        known = self.shipped(shipment.external_id)
        left = [parcel for parcel in parcels if parcel.tracking not in known]
        if left and not known:
            self._confirm(shipment.external_id, left.pop(0))
        if left:
            self._add(shipment.external_id, left)

    def _confirm(self, number: str, parcel: Parcel) -> None:
        asked = {"order_sn": number, "logistics_id": parcel.carrier, "tracking_number": parcel.tracking}
        try:
            found = self.invoke("pdd.logistics.online.send", **asked, redelivery_type=FIRST_TIME)
        except Refused as error:
            if parcel.tracking in self.shipped(number):  # the answer to an earlier try was lost
                return
            raise Refused(f"{parcel.tracking}: {error}", error.code) from error
        if str(found.get("is_success")).lower() not in ("true", "1"):
            raise Refused(f"{parcel.tracking}: not taken", "is_success")

    def _add(self, number: str, parcels: Sequence[Parcel]) -> None:
        extra = [{"shipping_id": int(parcel.carrier), "tracking_number": parcel.tracking} for parcel in parcels]
        numbers = {parcel.tracking for parcel in parcels}
        try:
            self.invoke(
                "pdd.order.upload.extra.logistics", order_sn=number, extra_track_type=SPLIT, extra_track_list=extra
            )
        except Refused as error:
            if numbers <= self.shipped(number):
                return
            raise Refused(f"{', '.join(sorted(numbers))}: {error}", error.code) from error

    def shipped(self, external_id: str) -> set[str]:
        raw = self.order(external_id)
        order = json.loads(raw.body) if raw else {}
        rows = [order, *(order.get("extra_delivery_list") or [])]
        return {str(row["tracking_number"]) for row in rows if row.get("tracking_number")}

    def carriers(self) -> dict[str, str]:
        """The platform's carriers: number -> name."""
        found = self.invoke("pdd.logistics.companies.get").get("logistics_companies") or []
        return {str(row["id"]): row["logistics_company"] for row in found}

    # Stock ----------------------------------------------------------------------------------------------------------

    def push_stock(self, levels: Sequence[StockLevel]) -> list[StockResult]:
        return [StockResult(level.platform_sku, self._set(level)) for level in levels]

    def _set(self, level: StockLevel) -> str:
        """Set the whole quantity, so that a repetition is harmless; what is wrong with it, else nothing."""
        if not level.platform_item:
            return "the listing's number is missing"
        asked = {"goods_id": level.platform_item, "quantity": level.quantity, "update_type": WHOLE}
        asked |= {"sku_id": level.platform_sku} if level.platform_sku else {"outer_id": level.sku}
        try:
            found = self.invoke("pdd.goods.quantity.update", **asked)
        except Refused as error:
            return str(error)
        return "" if str(found.get("is_success")).lower() in ("true", "1") else "not taken"

    # Access ---------------------------------------------------------------------------------------------------------

    def renew(self) -> Token:
        if not self.account.refresh_token:
            raise Refused("the seller has to grant access again", "no_refresh_token")
        try:
            found = self.invoke(REFRESH, refresh_token=self.account.refresh_token)
        except TokenExpired as error:
            raise Refused(str(error), error.code) from error
        expires = self.now() + timedelta(seconds=int(found["expires_in"]))
        return Token(found["access_token"], expires.astimezone(UTC), found.get("refresh_token") or "")

    # All calls ------------------------------------------------------------------------------------------------------

    def invoke(self, method: str, **params: Any) -> dict[str, Any]:
        """What a call answers, without its wrapper. Each of them may be repeated: none has an effect twice."""
        return self.call(lambda: self._once(method, params))

    def _once(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        asked = {
            "type": method,
            "client_id": self.account.key,
            "access_token": None if method == REFRESH else self.account.token,
            "timestamp": _unix(self.now()),
            "data_type": "JSON",
            "version": "V1",
            **params,
        }
        texts = {key: _sent(value) for key, value in asked.items() if value is not None and value != ""}
        texts["sign"] = signature(texts, self.account.secret)
        return content(self.json("POST", self.account.url or GATEWAY, data=texts))


def _sent(value: object) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text(value)


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _text(row: dict[str, Any]) -> str:
    """One text for one content, whatever the sequence of its fields."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True)
