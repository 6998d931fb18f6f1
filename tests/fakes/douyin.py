"""Douyin's open platform: a JSON body signed as text, pages from zero, fen, packages with a request number."""

import hashlib
import hmac
import json
from collections.abc import Callable

from .china import Clock
from .server import Call, FakeServer, Fault, Reply

KEY, SECRET = "app", "douyin dummy secret"
SKEW, DAY = 600, 86400
CARRIERS = (("shunfeng", "顺丰速运"), ("yuantong", "圆通快递"))


class DouyinError(Exception):
    """An error body: code, sub_code, sub_msg."""


def douyin_sign(query: dict[str, str], body: bytes, secret: str) -> str:
    """The signature as the documentation words it, written apart from the connector's."""
    parts = [secret.encode()]
    for name, value in (
        ("app_key", query["app_key"].encode()), ("method", query["method"].encode()), ("param_json", body),
        ("timestamp", query["timestamp"].encode()), ("v", query["v"].encode()),
    ):  # fmt: skip
        parts += [name.encode(), value]
    parts.append(secret.encode())
    return hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).hexdigest()


class FakeDouyin(FakeServer):
    """``orders``: number -> shop order. ``between`` is called after each page of a list that was served.

    ``sent``: (order, tracking number, ((line, pieces), ...)) of each parcel that took effect; ``stock``: article ->
    quantity.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = self.now = clock or Clock()
        self.orders: dict[str, dict] = {}
        self.tokens, self.refresh_tokens = {"first"}, {"again": "second"}
        self.sent: list[tuple[str, str, tuple]] = []
        self.requests: set[str] = set()
        self.stock: dict[str, int] = {}
        self.marks: set[str] = set()
        self.gone: set[str] = set()
        self.between: Callable[[], None] = lambda: None
        self.asked: list[tuple[dict[str, str], dict]] = []

    # What the shop and its buyers do

    def place(self, number: str, *lines: dict, **values: object) -> dict:
        """A new order, not yet paid; lines need ``origin_amount`` (fen)."""
        now = int(self.clock())
        rows = [_line(number, at, line) for at, line in enumerate(lines or ({"origin_amount": 1000},), 1)]
        freight = values.get("post_amount", 0)
        self.orders[number] = {
            "order_id": number, "order_status": 1, "main_status": 1, "create_time": now, "update_time": now,
            "pay_time": 0, "exp_ship_time": now + 2 * DAY, "post_amount": 0,
            "pay_amount": sum(row["pay_amount"] for row in rows) + freight, "buyer_words": "", "seller_words": "",
            "encrypt_post_receiver": "##AAA", "encrypt_post_tel": "##BBB", "mask_post_receiver": "张*",
            "mask_post_tel": "138****1111", "mask_post_addr": {"detail": "***号"},
            "post_addr": {
                "province": {"id": "31", "name": "上海市"}, "city": {"id": "310100", "name": "上海市"},
                "town": {"id": "310115", "name": "浦东新区"}, "street": {"id": "310115125", "name": "张江镇"},
                "encrypt_detail": "##CCC",
            },
            "doudian_open_id": "1@#buyer", "order_phase_list": [], "logistics_info": [], "sku_order_list": rows,
            **values,
        }  # fmt: skip
        return self.orders[number]

    def change(self, number: str, **values: object) -> None:
        with self.lock:
            self.orders[number].update(values, update_time=int(self.clock()))
            if "order_status" in values:
                for line in self.orders[number]["sku_order_list"]:
                    line["order_status"] = values["order_status"]

    def pay(self, number: str) -> None:
        self.change(number, order_status=2, pay_time=int(self.clock()))

    def cancel(self, number: str) -> None:
        self.change(number, order_status=4)

    def refund(self, number: str, line: str, status: int, **values: int) -> None:
        """An after-sales case of a line comes up or moves on."""
        with self.lock:
            row = next(row for row in self.orders[number]["sku_order_list"] if row["order_id"] == line)
            row["after_sale_info"] = {"after_sale_status": status, "after_sale_type": 2, "refund_status": 1, **values}
            self.orders[number]["update_time"] = int(self.clock())

    def expire(self) -> None:
        with self.lock:
            self.tokens = set()
            self.refresh_tokens = {"again": f"token-{self.clock()}-{len(self.asked)}"}

    # What it says

    def name_of(self, call: Call) -> str:
        return call.query.get("method", "")

    def answer(self, call: Call) -> Reply:
        try:
            params = self._check(call)
            self.asked.append((call.query, params))
            handler = getattr(self, f"_{call.query['method'].replace('.', '_')}", None)
            if handler is None:
                raise DouyinError(40003, "isv.method-invalid", "接口不存在")
            return _reply({"code": 10000, "msg": "success", "data": handler(params), "log_id": "l1"})
        except DouyinError as error:
            return error_reply(*error.args)

    def _check(self, call: Call) -> dict:
        query = call.query
        if call.path != "/" + query["method"].replace(".", "/") or query.get("app_key") != KEY:
            raise DouyinError(40003, "isv.app-key-invalid", "应用不存在")
        if query.get("sign") != douyin_sign(query, call.body, SECRET):
            raise DouyinError(40004, "isv.signature-invalid", "签名错误")
        if abs(int(query["timestamp"]) - self.clock()) > SKEW:
            raise DouyinError(40004, "isv.timestamp-invalid", "时间戳过期")
        if query["method"] != "token.refresh" and query.get("access_token") not in self.tokens:
            raise DouyinError(30002, "isv.access-token-expired", "access_token已过期")
        return json.loads(call.body)

    def _order_searchList(self, params: dict) -> dict:
        by, size, page = params["order_by"], params["size"], params["page"]
        if not 1 <= size <= 100 or page < 0:
            raise DouyinError(40004, "isv.parameter-invalid", "分页参数错误")
        start, end = params[f"{by}_start"], params[f"{by}_end"]
        found = [order for order in self.orders.values() if start <= order[by] <= end]
        found.sort(key=lambda order: order[by], reverse=not params["order_asc"])
        rows = json.loads(json.dumps(found[page * size : (page + 1) * size]))
        self.between()
        return {"page": page, "size": size, "total": len(found), "shop_order_list": rows}

    def _order_orderDetail(self, params: dict) -> dict:
        order = self.orders.get(params["shop_order_id"])
        if not order:
            raise DouyinError(50002, "isv.business-failed:2001", "订单不存在")
        return {"shop_order_detail": order}

    # Writes

    def _order_logisticsAdd(self, params: dict) -> dict:
        order = self._to_ship(params["order_id"], params["company_code"])
        lines = tuple((row["order_id"], row["item_num"]) for row in order["sku_order_list"] if row["order_status"] == 2)
        if len(lines) != sum(row["order_status"] != 4 for row in order["sku_order_list"]):
            raise DouyinError(50002, "isv.business-failed:3002", "订单已部分发货")
        self._record(order, params["logistics_code"], lines)
        return {}

    def _order_logisticsAddMultiPack(self, params: dict) -> dict:
        if params["request_id"] in self.requests:
            return {}
        packs = params["pack_list"]
        order = self._to_ship(params["order_id"], *(pack["company_code"] for pack in packs))
        known = {row["order_id"] for row in order["sku_order_list"] if row["order_status"] in (2, 101)}
        for pack in packs:
            if any(row["shipped_order_id"] not in known for row in pack["shipped_order_info"]):
                raise DouyinError(50002, "isv.business-failed:3003", "子订单不可发货")
        self.requests.add(params["request_id"])
        for pack in packs:
            info = pack["shipped_order_info"]
            lines = tuple((row["shipped_order_id"], row["shipped_num"]) for row in info)
            self._record(order, pack["logistics_code"], lines)
        return {}

    def _to_ship(self, number: str, *carriers: str) -> dict:
        order = self.orders.get(number)
        if not order or order["order_status"] not in (2, 101):
            raise DouyinError(50002, "isv.business-failed:3001", "订单状态不允许发货")
        if not set(carriers) <= set(dict(CARRIERS)):
            raise DouyinError(50002, "isv.business-failed:3004", "物流公司不存在")
        return order

    def _record(self, order: dict, tracking: str, lines: tuple) -> None:
        number = order["order_id"]
        self.sent.append((number, tracking, lines))
        for row in order["sku_order_list"]:
            gone = sum(dict(held).get(row["order_id"], 0) for sent, _t, held in self.sent if sent == number)
            if row["order_status"] != 4 and gone:
                row["order_status"] = 3 if gone >= row["item_num"] else 101
        left = any(row["order_status"] in (2, 101) for row in order["sku_order_list"])
        order["logistics_info"].append({"tracking_no": tracking, "company": ""})
        order |= {"order_status": 101 if left else 3, "update_time": int(self.clock())}

    def _order_logisticsCompanyList(self, params: dict) -> list:
        return [{"id": at, "code": code, "name": name} for at, (code, name) in enumerate(CARRIERS)]

    def _sku_syncStock(self, params: dict) -> dict:
        article = params.get("sku_id") or params["code"]
        if article in self.gone:
            raise DouyinError(50002, "isv.business-failed:4001", "SKU不存在")
        assert params["incremental"] is False, "whole quantities only"
        if params["idempotent_id"] not in self.marks:
            self.marks.add(params["idempotent_id"])
            self.stock[article] = params["stock_num"]
        return {}

    def _token_refresh(self, params: dict) -> dict:
        token = self.refresh_tokens.get(params.get("refresh_token", ""))
        if not token or params["grant_type"] != "refresh_token":
            raise DouyinError(50002, "isv.business-failed:refresh-token-invalid", "refresh_token无效")
        self.tokens = {token}
        return {"access_token": token, "expires_in": DAY, "refresh_token": params["refresh_token"]}


def error_reply(code: int, sub_code: str, text: str) -> Reply:
    return _reply({"code": code, "msg": "error", "sub_code": sub_code, "sub_msg": text, "log_id": "l1"})


def refusal(sub_code: str, code: int = 50002, text: str = "x") -> Fault:
    """An error body instead of the answer."""
    return Fault("reply", reply=error_reply(code, sub_code, text))


def event_sign(body: bytes) -> str:
    return hashlib.md5(KEY.encode() + body + SECRET.encode()).hexdigest()


def _line(number: str, at: int, line: dict) -> dict:
    price, count = line["origin_amount"], line.get("item_num", 1)
    return {
        "order_id": f"{number}{at:02}", "parent_order_id": number, "order_status": 1, "product_id": 7000 + at,
        "sku_id": 8000 + at, "code": "TEA", "out_sku_id": "", "product_name": "测试商品", "item_num": 1,
        "sum_amount": price * count, "order_amount": price * count, "pay_amount": price * count,
        "given_product_type": "", "master_sku_order_id_list": [], "bundle_sku_info": [], "inventory_list": [],
        "after_sale_info": {}, **line,
    }  # fmt: skip


def _reply(found: object) -> Reply:
    return Reply(json.dumps(found, ensure_ascii=False).encode())
