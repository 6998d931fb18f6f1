"""Shipping upload (发货信息管理): until WeChat knows what was sent, the money of regulated trades stays frozen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..errors import Refused
from ..order import CHINA
from ..types import Parcel, Raw, Shipment
from ..wechat_shop.api import WechatClient

ROOT = "/wxa/sec/order"
EXPRESS = 1
UNIFIED, SPLIT = 1, 2
MOST = 15  # parcels in one call
DESCRIPTION = 120
BY_MERCHANT, BY_TRANSACTION = 1, 2
NOT_UPDATED = "10060023"  # the same was uploaded before
FINISHED = ("10060002", "10060003")  # all is sent; and the one correction is used up
WAITING = 1


class WechatMiniClient(WechatClient):
    """``account.options``: ``consignor_phone`` where the sender's telephone is to be shown instead of the receiver's."""

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        """The orders are ours, none is to be fetched. Asking whether shipping is managed proves that the account works."""
        found = self.post(f"{ROOT}/is_trade_managed", {"appid": self.account.key})
        if not found.get("is_trade_managed"):
            raise Refused("shipping management is not switched on for this mini-program", "not_managed")
        yield []

    def order(self, external_id: str) -> Raw | None:
        return None

    def ship(self, shipment: Shipment) -> None:
        """Asks first what WeChat knows, by the payment: so it settles a lost answer itself, and nothing is used up twice."""
        payment = _payment(shipment)
        state = self._state(payment)
        known = _trackings(state)
        parcels = [parcel for parcel in shipment.parcels if parcel.tracking not in known]
        finished = bool((state.get("shipping") or {}).get("finish_shipping"))
        if not parcels and (finished or not shipment.complete):
            return
        # What was begun in parts goes on in parts.
        split = not finished and (bool(known) or not shipment.complete or len(parcels) != 1)
        if not parcels:
            parcels = list(shipment.parcels[-1:])  # nothing new but that this was all
        for place in range(0, len(parcels), MOST):
            last = shipment.complete and place + MOST >= len(parcels)
            self._upload(shipment, payment, parcels[place : place + MOST], split or len(parcels) > 1, last)

    def _state(self, payment: Mapping[str, Any]) -> dict:
        if payment.get("transaction_id"):
            key = {"transaction_id": payment["transaction_id"]}
        else:
            key = {"merchant_id": payment["mchid"], "merchant_trade_no": payment["out_trade_no"]}
        return self.post(f"{ROOT}/get_order", key).get("order") or {}

    def _upload(
        self, shipment: Shipment, payment: Mapping[str, Any], parcels: Sequence[Parcel], split: bool, last: bool
    ) -> None:
        part = {
            "order_key": order_key(payment),
            "logistics_type": int(payment.get("logistics_type") or EXPRESS),
            "delivery_mode": SPLIT if split else UNIFIED,
            "shipping_list": [self._parcel(parcel, shipment.order) for parcel in parcels],
        }
        if split:
            part["is_all_delivered"] = last
        stamp = self.now().astimezone(CHINA).isoformat(timespec="milliseconds")
        shared = {"upload_time": stamp, "payer": {"openid": payment.get("openid") or ""}}
        if payment.get("combined"):
            path = f"{ROOT}/upload_combined_shipping_info"
            body = {"order_key": order_key(payment["combined"]), "sub_orders": [part], **shared}
        else:
            path, body = f"{ROOT}/upload_shipping_info", {**part, **shared}
        try:
            self.post(path, body, safe=False)
        except Refused as error:
            if error.code == NOT_UPDATED:
                return
            known = _trackings(self._state(payment))
            if error.code in FINISHED and all(parcel.tracking in known for parcel in parcels):
                return
            raise

    def _parcel(self, parcel: Parcel, order: Mapping[str, Any]) -> dict:
        row: dict[str, Any] = {"item_desc": description(order, {line.line_id for line in parcel.lines})}
        if int((order.get("payment") or {}).get("logistics_type") or EXPRESS) == EXPRESS:
            row |= {"tracking_no": parcel.tracking, "express_company": parcel.carrier}
        if parcel.carrier.upper() == "SF":
            own = str(self.account.options.get("consignor_phone") or "")
            theirs = str((order.get("partner") or {}).get("phone") or "")
            if not own and not theirs:
                raise Refused("SF parcels need a telephone number of sender or receiver", "contact")
            row["contact"] = {"consignor_contact": hidden(own)} if own else {"receiver_contact": hidden(theirs)}
        return row


def order_key(payment: Mapping[str, Any]) -> dict:
    """What WeChat knows a payment by. Raises Refused when it is not told."""
    if payment.get("transaction_id"):
        return {"order_number_type": BY_TRANSACTION, "transaction_id": payment["transaction_id"]}
    if payment.get("mchid") and payment.get("out_trade_no"):
        return {
            "order_number_type": BY_MERCHANT,
            "mchid": payment["mchid"],
            "out_trade_no": payment["out_trade_no"],
        }
    raise Refused("the order came without its payment: transaction_id, or mchid and out_trade_no", "payment")


def description(order: Mapping[str, Any], lines: set[str]) -> str:
    """What is in a parcel, in at most 120 characters.

    >>> order = {"lines": [{"line_id": "1", "title": "龙井", "quantity": 2}, {"line_id": "2", "sku": "CUP", "quantity": 1}]}
    >>> description(order, set()), description(order, {"2"})
    ('龙井*2;CUP*1', 'CUP*1')
    """
    rows = [row for row in order.get("lines") or () if not lines or str(row.get("line_id") or "") in lines]
    text = ";".join(f"{row.get('title') or row.get('sku') or ''}*{float(row.get('quantity') or 0):g}" for row in rows)
    text = text or str(order.get("external_id") or "goods")
    return text if len(text) <= DESCRIPTION else text[: DESCRIPTION - 1] + "…"


def hidden(phone: str) -> str:
    """A telephone number of which only the last four digits show, as the platform wants it.

    >>> hidden("13812341234"), hidden("+86-21-65551234"), hidden("189****1234")
    ('138****1234', '+86-21-****1234', '189****1234')
    """
    if "*" in phone:
        return phone
    return f"{phone[:-8]}****{phone[-4:]}" if len(phone) > 8 else f"****{phone[-4:]}"


def _payment(shipment: Shipment) -> Mapping[str, Any]:
    payment = shipment.order.get("payment")
    if not isinstance(payment, Mapping):
        raise Refused("the order came without its payment: transaction_id, or mchid and out_trade_no", "payment")
    order_key(payment)
    return payment


def _trackings(state: Mapping[str, Any]) -> set[str]:
    rows = (state.get("shipping") or {}).get("shipping_list") or ()
    return {str(row["tracking_no"]) for row in rows if row.get("tracking_no")}
