"""Pinduoduo's open platform: signed form posts, errors with status 200, windows of half an hour, receivers kept back."""

import hashlib
import json
from collections.abc import Callable
from urllib.parse import parse_qsl

from .china import Clock, seconds, stamp
from .server import Call, FakeServer, Fault, Reply

KEY, SECRET = "client", "pdd dummy secret"
SKEW, HALF_HOUR, DAY, MONTHS = 600, 1800, 86400, 90 * 86400
CARRIERS = ((44, "顺丰快递"), (85, "圆通快递"))
RECEIVER = ("receiver_name", "receiver_phone", "receiver_address")


class PddError(Exception):
    """An error body: error_code, error_msg."""


def pdd_sign(params: dict[str, str], secret: str) -> str:
    """The signature as the documentation words it, written apart from the connector's."""
    joined = secret
    for name in sorted(params):
        if name != "sign":
            joined += name + params[name]
    return hashlib.md5((joined + secret).encode("utf-8")).hexdigest().upper()


class FakePdd(FakeServer):
    """``orders``: order_sn -> order. ``between`` is called after each page of a list that was served.

    ``sent``: (order_sn, tracking number) of each confirmation that took effect, ``extra`` of each further parcel;
    ``stock``: (goods, sku) -> quantity.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = self.now = clock or Clock()
        self.orders: dict[str, dict] = {}
        self.refunds: dict[str, dict] = {}
        self.tokens, self.refresh_tokens = {"first"}, {"again": "second"}
        self.sent: list[tuple[str, str]] = []
        self.extra: list[tuple[str, str]] = []
        self.stock: dict[tuple[str, str], int] = {}
        self.gone: set[str] = set()
        self.between: Callable[[], None] = lambda: None
        self.asked: list[dict[str, str]] = []

    # What the shop and its buyers do

    def place(self, number: str, *lines: dict, **values: object) -> dict:
        """A new order, paid: others are not listed."""
        now = stamp(self.clock())
        items = [_item(at, line) for at, line in enumerate(lines or ({"goods_price": 10},), 1)]
        goods = round(sum(item["goods_price"] * item["goods_count"] for item in items), 2)
        freight, off = values.get("postage", 0), values.get("discount_amount", 0)
        self.orders[number] = {
            "order_sn": number, "order_status": 1, "refund_status": 1, "confirm_status": 1, "group_status": 1,
            "risk_control_status": 0, "after_sales_status": 0, "created_time": now, "confirm_time": now,
            "pay_time": now, "updated_at": now, "goods_amount": goods, "discount_amount": 0, "platform_discount": 0,
            "seller_discount": 0, "postage": 0, "pay_amount": round(goods + freight - off, 2), "province": "上海市",
            "city": "上海市", "town": "浦东新区", "receiver_name": "~AgAA1~", "receiver_phone": "$138$",
            "receiver_address": "~AgAA2~", "receiver_name_mask": "张**", "receiver_phone_mask": "138****1111",
            "receiver_address_mask": "张江镇***", "tracking_number": "", "extra_delivery_list": [], "gift_list": [],
            "is_stock_out": 0, "stock_out_handle_status": -1, "item_list": items, **values,
        }  # fmt: skip
        return self.orders[number]

    def change(self, number: str, **values: object) -> None:
        with self.lock:
            self.orders[number].update(values, updated_at=stamp(self.clock()))

    def refund(self, number: str, status: int = 2, kind: int = 2, **values: object) -> str:
        """An after-sales case comes up or moves on."""
        with self.lock:
            order, now, key = self.orders[number], stamp(self.clock()), f"9{number}"
            item = order["item_list"][0]
            known = self.refunds.setdefault(key, {
                "id": key, "order_sn": number, "sku_id": item["sku_id"], "created_time": now,
                "goods_number": item["goods_count"], "refund_amount": f"{order['pay_amount']:.2f}",
            })  # fmt: skip
            known |= {"after_sales_status": status, "after_sales_type": kind, "updated_time": now, **values}
            outside = 4 if status == 10 else 2 if status in (2, 3, 7) else 1
            self.change(number, after_sales_status=status, refund_status=outside)
            return key

    def expire(self) -> None:
        with self.lock:
            self.tokens = set()
            self.refresh_tokens = {"again": f"token-{self.clock()}-{len(self.asked)}"}

    # What it says

    def name_of(self, call: Call) -> str:
        return dict(parse_qsl(call.body.decode())).get("type", "")

    def answer(self, call: Call) -> Reply:
        params = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        self.asked.append(params)
        try:
            self._check(params)
            handler = getattr(self, f"_{params['type'].removeprefix('pdd.').replace('.', '_')}", None)
            if handler is None:
                raise PddError(10001, "type不存在")
            return _reply(handler(params))
        except PddError as error:
            return error_reply(*error.args)

    def _check(self, params: dict[str, str]) -> None:
        if params.get("client_id") != KEY:
            raise PddError(10001, "client_id不存在")
        if params.get("sign") != pdd_sign(params, SECRET):
            raise PddError(20004, "签名sign校验失败")
        if abs(int(params["timestamp"]) - self.clock()) > SKEW:
            raise PddError(20005, "timestamp超时")
        if not params["type"].endswith("token.refresh") and params.get("access_token") not in self.tokens:
            raise PddError(10019, "access_token已过期")

    def _page(self, params: dict[str, str], rows: dict, at: str, names: tuple[str, str], longest: int) -> dict:
        """The rows of a window, newest first. Raises for a window or a page that is too long."""
        start, end, size = int(params[names[0]]), int(params[names[1]]), int(params.get("page_size", 100))
        if not 0 <= end - start <= longest or start < self.clock() - MONTHS or not 1 <= size <= 100:
            raise PddError(50001, "时间跨度或分页参数错误")
        found = [row for row in rows.values() if start <= seconds(row[at]) <= end]
        found.sort(key=lambda row: row[at], reverse=True)
        page = int(params["page"])
        rows = json.loads(json.dumps(found[(page - 1) * size : page * size]))
        if params.get("use_has_next") == "true":
            return {"rows": rows, "has_next": page * size < len(found)}
        return {"rows": rows, "total_count": len(found)}

    def _order_number_list_increment_get(self, params: dict[str, str]) -> dict:
        if not {"order_status", "refund_status", "is_lucky_flag"} <= set(params):
            raise PddError(10000, "缺少必选参数")
        names = ("start_updated_at", "end_updated_at")
        found = self._page(params, self.orders, "updated_at", names, HALF_HOUR)
        found["order_sn_list"] = [
            {name: value for name, value in row.items() if name not in (*RECEIVER, "gift_list")}
            for row in found.pop("rows")
        ]
        self.between()
        return {"order_sn_increment_get_response": found}

    def _order_list_get(self, params: dict[str, str]) -> dict:
        found = self._page(params, self.orders, "confirm_time", ("start_confirm_at", "end_confirm_at"), DAY)
        return {"order_list_get_response": {**found, "order_list": found.pop("rows")}}

    def _order_information_get(self, params: dict[str, str]) -> dict:
        order = self.orders.get(params["order_sn"])
        if not order:
            raise PddError(50001, "订单不存在")
        if order["order_status"] != 1 or order["risk_control_status"]:  # only while it is to be shipped
            order = {name: "" if name.startswith(RECEIVER) else value for name, value in order.items()}
        return {"order_info_get_response": {"order_info": order}}

    def _refund_list_increment_get(self, params: dict[str, str]) -> dict:
        names = ("start_updated_at", "end_updated_at")
        found = self._page(params, self.refunds, "updated_time", names, HALF_HOUR)
        return {"refund_increment_get_response": {**found, "refund_list": found.pop("rows")}}

    # Writes

    def _logistics_online_send(self, params: dict[str, str]) -> dict:
        order = self.orders.get(params["order_sn"])
        if int(params["logistics_id"]) not in dict(CARRIERS):
            raise PddError(50001, "快递公司不存在于列表")
        if not order or order["order_status"] != 1 or order["risk_control_status"] or order["group_status"] != 1:
            raise PddError(50001, "订单状态不允许发货")
        self.change(params["order_sn"], order_status=2, tracking_number=params["tracking_number"])
        self.sent.append((params["order_sn"], params["tracking_number"]))
        return {"logistics_online_send_response": {"is_success": True}}

    def _order_upload_extra_logistics(self, params: dict[str, str]) -> dict:
        order, rows = self.orders[params["order_sn"]], json.loads(params["extra_track_list"])
        known = {row["tracking_number"] for row in order["extra_delivery_list"]}
        if order["order_status"] != 2 or any(row["tracking_number"] in known for row in rows):
            raise PddError(50001, "运单号重复或订单未发货")
        found = [{"logistics_id": row["shipping_id"], "tracking_number": row["tracking_number"]} for row in rows]
        self.change(params["order_sn"], extra_delivery_list=order["extra_delivery_list"] + found)
        self.extra += [(params["order_sn"], row["tracking_number"]) for row in rows]
        return {"upload_extra_logistics_response": {"success": True}}

    def _logistics_companies_get(self, params: dict[str, str]) -> dict:
        rows = [{"id": at, "logistics_company": name, "available": 1} for at, name in CARRIERS]
        return {"logistics_companies_get_response": {"logistics_companies": rows}}

    def _goods_quantity_update(self, params: dict[str, str]) -> dict:
        if params.get("sku_id") in self.gone:
            raise PddError(50001, "SKU已下架")
        assert params["update_type"] == "1", "whole quantities only"
        self.stock[params["goods_id"], params.get("sku_id") or params["outer_id"]] = int(params["quantity"])
        return {"goods_quantity_update_response": {"is_success": True}}

    def _pop_auth_token_refresh(self, params: dict[str, str]) -> dict:
        token = self.refresh_tokens.get(params.get("refresh_token", ""))
        if not token:
            raise PddError(10019, "refresh_token已过期")
        self.tokens = {token}
        return {"pop_auth_token_refresh_response": {
            "access_token": token, "expires_in": DAY, "refresh_token": params["refresh_token"],
        }}  # fmt: skip


def error_reply(code: int, text: str) -> Reply:
    body = {"error_code": code, "error_msg": text, "sub_code": None, "sub_msg": "", "request_id": "r1"}
    return _reply({"error_response": body})


def refusal(code: int, text: str = "x") -> Fault:
    """An error body instead of the answer."""
    return Fault("reply", reply=error_reply(code, text))


def _item(at: int, line: dict) -> dict:
    return {
        "goods_id": 7000 + at, "sku_id": 8000 + at, "goods_name": "测试商品", "goods_spec": "", "goods_count": 1,
        "goods_price": 10, "outer_id": "TEA", "outer_goods_id": "", **line,
    }  # fmt: skip


def _reply(found: object) -> Reply:
    return Reply(json.dumps(found, ensure_ascii=False).encode())
