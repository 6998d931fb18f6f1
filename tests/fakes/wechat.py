"""WeChat's servers: the shop (``/channels/ec``), shipping management of a mini-program (``/wxa/sec/order``), and their calls.

Errors come with HTTP 200 and ``errcode``. The cursor of a list counts places in a list sorted by change, newest first, so
that an order that changes between two pages moves the others.
"""

import base64
import hashlib
import json
import os
import re
import struct
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .server import Call, FakeServer, Reply

WEEK, DAY = 7 * 86400, 86400
CARRIERS = {"SF": "顺丰速运", "YTO": "圆通速递", "ZTO": "中通快递"}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")


class WechatError(Exception):
    """An answer with ``errcode``."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class FakeWechat(FakeServer):
    """``orders``: number -> order as the platform writes it; ``refunds``: the same of refunds; ``stock``: SKU -> quantity;
    ``payments``: transaction -> payment of the mini-program; ``sent``: every delivery that took effect.

    ``between``: called after each page of a list, to let something change. ``most``: largest page that is served.
    """

    app, secret = "wxapp", "wxsecret"
    push_token = "tkn"
    push_key = base64.b64encode(bytes(range(32))).decode().rstrip("=")

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict] = {}
        self.refunds: dict[str, dict] = {}
        self.stock: dict[str, int] = {}
        self.products: set[str] | None = None
        self.payments: dict[str, dict] = {}
        self.sent: list[dict] = []
        self.good: set[str] = set()
        self.issued = 0
        self.uploads: list[dict] = []
        self.managed = True
        self.most = 100
        self.clock = 0
        self.between: Callable[[], None] = lambda: None

    # What tests do

    def stamp(self, at: int | None) -> int:
        """Seconds of a change: as told, else now."""
        return int(self.now()) if at is None else at

    def place(self, number: str, *lines: dict, at: int | None = None, status: int = 20, **more: Any) -> dict:
        """A new order; ``lines`` as :func:`product` makes them. ``more`` goes into ``order_detail``."""
        rows = list(lines) or [product()]
        total = sum(row["real_price"] for row in rows)
        stamp = self.stamp(at)
        detail = {
            "product_infos": rows,
            "price_info": {"product_price": total, "order_price": total + 800, "freight": 800},
            "pay_info": {"pay_time": stamp if status > 10 else 0, "transaction_id": f"tr{number}"},
            "delivery_info": {
                "address_info": address(),
                "delivery_product_info": [],
                "deliver_method": 0,
                "ewaybill_order_code": f"seal-{number}",
            },
            "ext_info": {"customer_notes": "", "merchant_notes": ""},
        }
        for key, value in more.items():
            detail[key] = {**detail.get(key, {}), **value} if isinstance(value, dict) else value
        self.orders[number] = {
            "order_id": number,
            "openid": "buyer",
            "status": status,
            "create_time": stamp,
            "update_time": stamp,
            "order_detail": detail,
            "aftersale_detail": {"on_aftersale_order_cnt": 0, "aftersale_order_list": []},
        }
        return self.orders[number]

    def change(self, number: str, at: int | None = None, **values: Any) -> None:
        """Change an order; ``notes`` is the buyer's remark."""
        order = self.orders[number]
        if "notes" in values:
            order["order_detail"]["ext_info"]["customer_notes"] = values.pop("notes")
        order.update(values, update_time=self.stamp(at))

    def pay(self, number: str, at: int | None = None) -> None:
        self.orders[number]["order_detail"]["pay_info"]["pay_time"] = self.stamp(at)
        self.change(number, at, status=20)

    def cancel(self, number: str, at: int | None = None) -> None:
        self.change(number, at, status=250 if self.orders[number]["status"] == 10 else 200)

    def refund(self, refund: str, number: str, place: int, count: int, status: str, at: int | None = None) -> None:
        """Open a refund or bring it further; the order itself shows it in its counts, not in its time of change."""
        order = self.orders[number]
        row = order["order_detail"]["product_infos"][place]
        about = {"product_id": row["product_id"], "sku_id": row["sku_id"], "count": count}
        self.refunds[refund] = {
            "after_sale_order_id": refund,
            "order_id": number,
            "status": status,
            "type": "REFUND",
            "product_info": about,
            "refund_info": {"amount": row["real_price"] * count // row["sku_cnt"]},
            "update_time": self.stamp(at),
        }
        rows = order["aftersale_detail"]["aftersale_order_list"]
        if not any(known["aftersale_order_id"] == refund for known in rows):
            rows.append({"aftersale_order_id": refund})

    def expire(self) -> None:
        """All tokens given so far are worth nothing."""
        self.good.clear()

    def pay_mini(self, transaction: str, merchant: str = "1900", trade: str = "", openid: str = "buyer") -> None:
        """A payment of the mini-program."""
        self.payments[transaction] = {
            "transaction_id": transaction,
            "merchant_id": merchant,
            "merchant_trade_no": trade or f"T{transaction}",
            "openid": openid,
            "order_state": 1,
            "shipping": {"delivery_mode": 0, "finish_shipping": False, "finish_shipping_count": 0, "shipping_list": []},
        }

    def event(self, kind: str, number: str | int, secure: bool = False, at: int | None = None, **about: Any) -> tuple:
        """(query, body) with which the platform calls."""
        key = "finder_shop_aftersale_status_update" if "aftersale" in kind else "order_info"
        body = json.dumps(
            {"ToUserName": "gh_1", "MsgType": "event", "Event": kind, key: {"order_id": number, **about}}
        ).encode()
        stamp, nonce = str(self.stamp(at)), "n1"
        query = {"timestamp": stamp, "nonce": nonce, "signature": sha1(self.push_token, stamp, nonce)}
        if secure:
            sealed = seal(self.push_key, self.app, body)
            query |= {"encrypt_type": "aes", "msg_signature": sha1(self.push_token, stamp, nonce, sealed)}
            body = json.dumps({"ToUserName": "gh_1", "Encrypt": sealed}).encode()
        return query, body

    # What the platform does

    def name_of(self, call: Call) -> str:
        return call.path.removeprefix("/channels/ec/").removeprefix("/wxa/sec/order/").removeprefix("/")

    def answer(self, call: Call) -> Reply:
        try:
            found = self._answer(call)
        except WechatError as error:
            found = {"errcode": error.code, "errmsg": str(error)}
        return Reply(json.dumps({"errcode": 0, "errmsg": "ok", **found}, ensure_ascii=False).encode())

    def _answer(self, call: Call) -> dict:
        try:
            body = json.loads(call.body.decode("utf-8"))
        except ValueError as error:
            raise WechatError(47001, "data format error") from error
        if call.name == "cgi-bin/stable_token":
            return self._token(body)
        if call.query.get("access_token") not in self.good:
            raise WechatError(42001 if call.query.get("access_token") else 41001, "access_token expired")
        handlers = {
            "order/list/get": self._list,
            "order/get": self._get,
            "order/deliverycompanylist/get": self._companies,
            "order/delivery/send": self._send,
            "aftersale/getaftersalelist": self._refund_list,
            "aftersale/getaftersaleorder": self._refund_get,
            "product/stock/update": self._stock,
            "is_trade_managed": lambda asked: {"is_trade_managed": self.managed},
            "get_order": lambda asked: {"order": self._payment(asked)},
            "upload_shipping_info": self._upload,
            "upload_combined_shipping_info": self._upload_combined,
        }
        if call.name not in handlers:
            raise WechatError(48001, "api unauthorized")
        return handlers[call.name](body)

    def _token(self, body: dict) -> dict:
        if body.get("appid") != self.app:
            raise WechatError(40013, "invalid appid")
        if body.get("secret") != self.secret:
            raise WechatError(40125, "invalid appsecret")
        if body.get("force_refresh") or not self.good:
            self.good.clear()
            self.issued += 1
            self.good.add(f"token-{self.issued}")
        return {"access_token": next(iter(self.good)), "expires_in": 7200}

    def _page(self, rows: list[tuple[int, str]], body: dict, size: int) -> tuple[list[str], dict]:
        rows.sort(key=lambda row: (-row[0], row[1]))
        start = int(body.get("next_key") or 0)
        page = [number for _stamp, number in rows[start : start + size]]
        self.between()
        return page, {"next_key": str(start + len(page)), "has_more": start + len(page) < len(rows)}

    def _list(self, body: dict) -> dict:
        key = "update_time" if "update_time_range" in body else "create_time"
        span = body.get(f"{key}_range")
        if not span or span["end_time"] - span["start_time"] > WEEK or span["end_time"] < span["start_time"]:
            raise WechatError(40097, "invalid args: time range")
        if not 1 <= int(body.get("page_size") or 0) <= 100:
            raise WechatError(40097, "invalid args: page_size")
        rows = [(o[key], n) for n, o in self.orders.items() if span["start_time"] <= o[key] <= span["end_time"]]
        page, more = self._page(rows, body, min(int(body["page_size"]), self.most))
        return {"order_id_list": page, **more}

    def _get(self, body: dict) -> dict:
        if str(body["order_id"]) not in self.orders:
            raise WechatError(10020000, "order not exist")
        return {"order": self.orders[str(body["order_id"])]}

    def _companies(self, body: dict) -> dict:
        return {"company_list": [{"delivery_id": code, "delivery_name": name} for code, name in CARRIERS.items()]}

    def _refund_list(self, body: dict) -> dict:
        start, end = body["begin_update_time"], body["end_update_time"]
        if end - start > DAY:
            raise WechatError(40097, "invalid args: time range")
        rows = [(row["update_time"], n) for n, row in self.refunds.items() if start <= row["update_time"] <= end]
        page, more = self._page(rows, body, min(50, self.most))
        return {"after_sale_order_id_list": page, **more}

    def _refund_get(self, body: dict) -> dict:
        return {"after_sale_order": self.refunds[body["after_sale_order_id"]]}

    def _stock(self, body: dict) -> dict:
        if self.products is not None and str(body["product_id"]) not in self.products:
            raise WechatError(10022006, "product not exist")
        if not isinstance(body["num"], int) or body["num"] < 0 or body["diff_type"] not in (1, 2, 3):
            raise WechatError(40097, "invalid args: num")
        sign = {1: 1, 2: -1, 3: 0}[body["diff_type"]]
        before = self.stock.get(str(body["sku_id"]), 0)
        self.stock[str(body["sku_id"])] = before + sign * body["num"] if sign else body["num"]
        return {}

    def _send(self, body: dict) -> dict:
        order = self.orders[str(body["order_id"])]
        if order["status"] not in (20, 21):
            raise WechatError(10020061, "order status can not deliver")
        told = order["order_detail"]["delivery_info"]["delivery_product_info"]
        left: dict[tuple, int] = {}
        for row in order["order_detail"]["product_infos"]:
            key = str(row["product_id"]), str(row["sku_id"])
            left[key] = left.get(key, 0) + row["sku_cnt"] - row.get("finish_aftersale_sku_cnt", 0)
        for parcel in [*told, *body["delivery_list"]]:
            if not parcel.get("product_infos"):
                raise WechatError(40097, "invalid args: product_infos")
            if parcel["deliver_type"] == 1 and parcel.get("delivery_id") not in CARRIERS:
                raise WechatError(10020062, "invalid delivery_id")
            for info in parcel["product_infos"]:
                key = str(info["product_id"]), str(info["sku_id"])
                left[key] = left.get(key, 0) - info["product_cnt"]
                if left[key] < 0:
                    raise WechatError(10020063, "product_cnt exceeds")
        told.extend(body["delivery_list"])
        self.sent.append(body)
        self.change(str(body["order_id"]), status=21 if any(left.values()) else 30)
        return {}

    # Shipping of the mini-program

    def _payment(self, asked: dict) -> dict:
        for row in self.payments.values():
            if asked.get("transaction_id") == row["transaction_id"]:
                return row
            merchant = asked.get("merchant_id") or asked.get("mchid")
            trade = asked.get("merchant_trade_no") or asked.get("out_trade_no")
            if (merchant, trade) == (row["merchant_id"], row["merchant_trade_no"]):
                return row
        raise WechatError(10060001, "支付单不存在")

    def _upload_combined(self, body: dict) -> dict:
        if not body.get("sub_orders"):
            raise WechatError(10060014, "参数错误")
        for part in body["sub_orders"]:
            self._upload({**part, "upload_time": body["upload_time"], "payer": body["payer"]})
        return {}

    def _upload(self, body: dict) -> dict:
        rows = body.get("shipping_list")
        if not isinstance(rows, list):
            raise WechatError(47001, "data format error: shipping_list")
        row = self._payment(body["order_key"])
        self._check_upload(body, rows, row)
        shipping = row["shipping"]
        split = body["delivery_mode"] == 2
        known = {item.get("tracking_no") for item in shipping["shipping_list"]}
        new = [item for item in rows if item.get("tracking_no") not in known]
        closes = not split or body["is_all_delivered"]
        if not new and (shipping["finish_shipping"] or not closes):
            raise WechatError(10060023, "发货信息未更新")
        if shipping["finish_shipping"]:
            if shipping["finish_shipping_count"] >= 2:
                raise WechatError(10060003, "支付单已使用重新发货机会")
            shipping["shipping_list"] = []
        if len(shipping["shipping_list"]) + len(new) > 15:
            raise WechatError(10060024, "物流信息列表太长")
        shipping["shipping_list"] += new
        shipping["delivery_mode"] = body["delivery_mode"]
        if closes:
            shipping["finish_shipping"] = True
            shipping["finish_shipping_count"] += 1
            row["order_state"] = 2
        self.uploads.append(body)
        return {}

    def _check_upload(self, body: dict, rows: list, payment: dict) -> None:
        if not STAMP.fullmatch(body.get("upload_time", "")):
            raise WechatError(268485216, "上传时间非法，请使用 RFC 3339 格式")
        if body["payer"].get("openid") != payment["openid"]:
            raise WechatError(10060031, "该笔支付单不属于 openid 所指定的用户")
        if body["delivery_mode"] == 1 and len(rows) != 1:
            raise WechatError(268485228, "统一发货模式下，物流信息列表长度必须为 1")
        if body["delivery_mode"] == 2 and "is_all_delivered" not in body:
            raise WechatError(10060007, "分拆发货模式下必须填写 is_all_delivered")
        if not 1 <= len(rows) <= 15:
            raise WechatError(10060024, "物流信息列表太长")
        for item in rows:
            if not item.get("item_desc"):
                raise WechatError(10060008, "商品描述 item_desc 字段不能为空")
            if len(item["item_desc"]) > 120:
                raise WechatError(10060009, "商品描述 item_desc 字段太长")
            contact = item.get("contact") or {}
            shown = contact.get("receiver_contact") or contact.get("consignor_contact") or ""
            if item.get("express_company") == "SF" and "****" not in shown:
                raise WechatError(10060014, "参数错误: contact")


def product(sku: str = "TEA", count: int = 1, price: int = 5000, paid: int | None = None, **more: Any) -> dict:
    """A line of an order; money in fen, ``paid`` for all of it."""
    return {
        "product_id": f"9{sum(sku.encode()) % 1000}",
        "sku_id": f"8{sum(sku.encode()) % 1000}",
        "out_sku_id": sku,
        "sku_code": "",
        "title": f"商品 {sku}",
        "sku_cnt": count,
        "sale_price": price,
        "real_price": price * count if paid is None else paid,
        "on_aftersale_sku_cnt": 0,
        "finish_aftersale_sku_cnt": 0,
        "is_free_gift": False,
        **more,
    }


def address(**more: Any) -> dict:
    """An address as it comes: name, telephone and street hidden, the places clear."""
    return {
        "user_name": "张**",
        "tel_number": "139****1755",
        "province_name": "广东省",
        "city_name": "深圳市",
        "county_name": "南山区",
        "detail_info": "****",
        "national_code": "440305",
        "hash_code": "60e36c96",
        **more,
    }


def sha1(*parts: str) -> str:
    """The platform's signature."""
    return hashlib.sha1(b"".join(sorted(part.encode() for part in parts))).hexdigest()


def seal(key: str, app: str, message: bytes) -> str:
    """A message in secure mode."""
    secret = base64.b64decode(key + "=")
    plain = os.urandom(16) + struct.pack("!I", len(message)) + message + app.encode()
    pad = 32 - len(plain) % 32
    run = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(run.update(plain + bytes([pad] * pad)) + run.finalize()).decode()
