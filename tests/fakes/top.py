"""Taobao's open platform: signed form posts, errors with status 200, lists newest first that move while they are read."""

import hashlib
import hmac
import json
from collections.abc import Callable
from urllib.parse import parse_qsl

from .china import Clock, seconds, stamp
from .server import Call, FakeServer, Fault, Reply

KEY, SECRET = "12345678", "top dummy secret"
SKEW, DAY, MONTHS = 600, 86400, 90 * 86400
DEFAULT_TYPES = "guarantee_trade,auto_delivery,ec,cod,step"
FOR_OAID = {"receiver_name", "receiver_address", "created", "receiver_mobile", "receiver_phone"}
PAID = ("WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART", "PAID_FORBID_CONSIGN")
REFUND_KEYS = ("refund_id", "tid", "oid", "status", "created", "modified")


class TopError(Exception):
    """An error body: code, msg, sub_code, sub_msg."""


def top_sign(params: dict[str, str], secret: str) -> str:
    """The signature as the documentation words it: sorted, joined, hashed; written apart from the connector's."""
    joined = b""
    for name in sorted(params):
        if name != "sign" and params[name] != "":
            joined += name.encode("utf-8") + params[name].encode("utf-8")
    key = secret.encode("utf-8")
    if params.get("sign_method") == "md5":
        digest = hashlib.md5(key + joined + key).hexdigest()
    else:
        kind = hashlib.md5 if params.get("sign_method") == "hmac" else hashlib.sha256
        digest = hmac.new(key, joined, kind).hexdigest()
    return digest.upper()


class FakeTop(FakeServer):
    """``trades``: tid -> trade, simplified. ``between`` is called after each page of a list that was served.

    ``sent``: (tid, out_sid, oids) of each shipment that took effect; ``stock``: (num_iid, sku_id) -> quantity.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = self.now = clock or Clock()
        self.trades: dict[str, dict] = {}
        self.refunds: dict[str, dict] = {}
        self.sessions, self.refresh_tokens = {"first"}, {"again": "second"}
        self.sent: list[tuple[str, str, tuple[str, ...]]] = []
        self.stock: dict[tuple[str, str], int] = {}
        self.gone: set[str] = set()  # SKUs that the shop has deleted
        self.receivers: dict[str, str] = {}  # OAID -> who it really is, where two OAIDs are one receiver
        self.between: Callable[[], None] = lambda: None
        self.asked: list[dict[str, str]] = []

    # What the shop and its buyers do

    def place(self, tid: str, *lines: dict, **values: object) -> dict:
        """A new trade, not yet paid; lines need ``price`` and may set anything else."""
        now = stamp(self.clock())
        lines = lines or ({"price": "10.00"},)
        orders = [_order(tid, at, line, len(lines)) for at, line in enumerate(lines, 1)]
        freight = float(str(values.get("post_fee", "0.00")))
        goods = sum(float(order["divide_order_fee"]) for order in orders)
        self.trades[tid] = {
            "tid": int(tid), "tid_str": tid, "status": "WAIT_BUYER_PAY", "type": "fixed", "created": now,
            "modified": now, "payment": f"{goods + freight:.2f}", "post_fee": "0.00", "seller_nick": "测试旗舰店",
            "buyer_open_uid": "AAuyer", "receiver_name": "张**", "receiver_mobile": "138****1111",
            "receiver_state": "上海", "receiver_city": "上海市", "receiver_district": "浦东新区",
            "receiver_town": "张江镇", "receiver_address": "*号*室", "receiver_zip": "000000", "oaid": f"oaid-{tid}",
            "orders": orders, **values,
        }  # fmt: skip
        if len(orders) == 1:  # of a single line, the payment holds the freight
            orders[0]["payment"] = self.trades[tid]["payment"]
        return self.trades[tid]

    def change(self, tid: str, **values: object) -> None:
        """Anything about a trade changes, now."""
        with self.lock:
            self.trades[tid].update(values, modified=stamp(self.clock()))
            if "status" in values:
                for order in self.trades[tid]["orders"]:
                    order["status"] = values["status"]

    def pay(self, tid: str) -> None:
        self.change(tid, status="WAIT_SELLER_SEND_GOODS", pay_time=stamp(self.clock()))

    def cancel(self, tid: str) -> None:
        paid = self.trades[tid]["status"] in PAID
        self.change(tid, status="TRADE_CLOSED" if paid else "TRADE_CLOSED_BY_TAOBAO", end_time=stamp(self.clock()))

    def refund(self, tid: str, oid: str, status: str = "WAIT_SELLER_AGREE", **values: object) -> str:
        """A refund of a line comes up or moves on; a line refunded in full before it is shipped is closed."""
        with self.lock:
            now, key = stamp(self.clock()), f"9{oid}"
            trade = self.trades[tid]
            order = next(order for order in trade["orders"] if order["oid_str"] == oid)
            order |= {"refund_status": status, "refund_id": key}
            known = self.refunds.setdefault(key, {
                "refund_id": key, "tid": int(tid), "oid": int(oid), "created": now, "num": order["num"],
                "refund_fee": order["divide_order_fee"], "has_good_return": False,
            })  # fmt: skip
            known |= {"status": status, "modified": now, "order_status": order["status"], **values}
            if status == "SUCCESS" and known["refund_fee"] == order["divide_order_fee"]:
                order["status"] = "TRADE_CLOSED"
                if all(line["status"] == "TRADE_CLOSED" for line in trade["orders"]):
                    trade["status"] = "TRADE_CLOSED"
            trade["modified"] = now
            return key

    def expire(self) -> None:
        """The session ends; the refresh token gives another one."""
        with self.lock:
            fresh = f"session-{self.clock()}-{len(self.asked)}"
            self.refresh_tokens = {"again": fresh}
            self.sessions = set()

    # What it says

    def name_of(self, call: Call) -> str:
        return dict(parse_qsl(call.body.decode())).get("method", "")

    def answer(self, call: Call) -> Reply:
        params = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        self.asked.append(params)
        simple = params.get("simplify") == "true"
        try:
            self._check(params)
            name = params["method"].removeprefix("taobao.").replace(".", "_")
            handler = getattr(self, f"_{name}", None)
            if handler is None:
                raise TopError(22, "Invalid Method", "isv.invalid-method", params["method"])
            inside = {**handler(params), "request_id": "r1"}
        except TopError as error:
            body = dict(zip(("code", "msg", "sub_code", "sub_msg"), error.args, strict=False))
            return _reply({"error_response": {**body, "request_id": "r1"}})
        return _reply(inside if simple else {f"{name}_response": _wrapped(inside)})

    def _check(self, params: dict[str, str]) -> None:
        if params.get("app_key") != KEY:
            raise TopError(29, "Invalid App Key", "isv.appkey-not-exists", "appkey不存在")
        if params.get("sign") != top_sign(params, SECRET):
            raise TopError(25, "Invalid signature", "isv.invalid-signature", "签名无效")
        if abs(seconds(params["timestamp"]) - self.clock()) > SKEW:
            raise TopError(31, "Invalid Timestamp", "isv.invalid-timestamp", "时间戳无效")
        if params["method"] == "taobao.top.auth.token.refresh":
            return
        if "session" not in params:
            raise TopError(26, "Missing session", "isv.missing-session", "缺少SessionKey参数")
        if params["session"] not in self.sessions:
            raise TopError(27, "Invalid session", "sessionkey-not-generated-by-server", "SessionKey非法")

    # Lists

    def _page(self, params: dict[str, str], rows: list[dict], longest: float, names: tuple[str, str]) -> dict:
        """``rows`` (with their time under ``at``) of the window, newest first."""
        if names[0] not in params or names[1] not in params:
            raise TopError(40, "Missing required arguments", f"isv.missing-parameter:{names[0]}", "缺少必选参数")
        start, end, size = seconds(params[names[0]]), seconds(params[names[1]]), int(params.get("page_size", 40))
        if end - start > longest or start > end:
            raise TopError(41, "Invalid arguments", f"isv.invalid-parameter:{names[1]}", "时间跨度不能超过一天")
        if start < self.clock() - MONTHS or not 1 <= size <= 100:
            raise TopError(41, "Invalid arguments", "isv.invalid-parameter", "参数无效")
        found = [row for row in rows if start <= seconds(row["at"]) < max(end, start + 1)]
        found.sort(key=lambda row: (row["at"], row["row"].get("tid")), reverse=True)
        page = int(params.get("page_no", 1))
        cut = [row["row"] for row in found[(page - 1) * size : page * size]]
        if params.get("use_has_next") == "true":
            return {"list": json.loads(json.dumps(cut)), "has_next": page * size < len(found)}
        return {"list": json.loads(json.dumps(cut)), "total_results": len(found)}

    def _trades(self, params: dict[str, str], stamp_name: str, names: tuple[str, str], longest: float) -> dict:
        if not params.get("fields"):
            raise TopError(40, "Missing required arguments:fields", "isv.missing-parameter:fields", "缺少fields")
        kinds = params.get("type", DEFAULT_TYPES).split(",")
        rows = [
            {"at": trade[stamp_name], "row": _only(trade, params["fields"])}
            for trade in self.trades.values()
            if trade["type"] in kinds
        ]
        found = self._page(params, rows, longest, names)
        found["trades"] = found.pop("list")
        self.between()
        return found

    def _trades_sold_increment_get(self, params: dict[str, str]) -> dict:
        return self._trades(params, "modified", ("start_modified", "end_modified"), DAY)

    def _trades_sold_incrementv_get(self, params: dict[str, str]) -> dict:
        return self._trades(params, "modified", ("start_create", "end_create"), DAY)

    def _trades_sold_get(self, params: dict[str, str]) -> dict:
        return self._trades(params, "created", ("start_created", "end_created"), MONTHS)

    def _trade_fullinfo_get(self, params: dict[str, str]) -> dict:
        trade = self.trades.get(params.get("tid", ""))
        if not trade:
            raise TopError(15, "Remote service error", "isv.trade-not-exist", "交易不存在")
        return {"trade": _only(trade, params.get("fields", ""))}

    def _refunds_receive_get(self, params: dict[str, str]) -> dict:
        kinds = params.get("type", "guarantee_trade,auto_delivery").split(",")
        rows = [
            {"at": row["modified"], "row": _only(row, params["fields"])}
            for row in self.refunds.values()
            if self.trades[str(row["tid"])]["type"] in kinds
        ]
        found = self._page(params, rows, MONTHS, ("start_modified", "end_modified"))
        found["refunds"] = found.pop("list")
        return found

    def _jds_trades_statistics_get(self, params: dict[str, str]) -> dict:
        counts: dict[str, int] = {}
        for trade in self.trades.values():
            if trade["created"][:10].replace("-", "") == params["date"]:
                counts[trade["status"]] = counts.get(trade["status"], 0) + 1
        return {"status_infos": [{"status": status, "count": count} for status, count in counts.items()]}

    # Writes

    def _logistics_online_send(self, params: dict[str, str]) -> dict:
        trade = self.trades.get(params["tid"])
        if not trade:
            raise TopError(15, "Remote service error", "isv.logistics-online-service-error:B01", "订单不存在")
        if params.get("company_code") not in dict(CARRIERS):
            raise TopError(15, "Remote service error", "isv.logistics-online-service-error:B56", "没有选择物流公司")
        split = params.get("is_split") == "1"
        asked = params.get("sub_tid", "").split(",") if split else [order["oid_str"] for order in trade["orders"]]
        lines = [order for order in trade["orders"] if order["oid_str"] in asked and order["status"] != "TRADE_CLOSED"]
        if not lines or any(order["status"] not in ("WAIT_SELLER_SEND_GOODS",) for order in lines):
            raise TopError(15, "Remote service error", "isv.logistics-online-service-error:B04", "订单状态不对")
        for order in lines:
            order |= {"invoice_no": params["out_sid"], "status": "WAIT_BUYER_CONFIRM_GOODS"}
        left = any(order["status"] == "WAIT_SELLER_SEND_GOODS" for order in trade["orders"])
        trade["status"] = "SELLER_CONSIGNED_PART" if left else "WAIT_BUYER_CONFIRM_GOODS"
        trade["modified"] = stamp(self.clock())
        self.sent.append((params["tid"], params["out_sid"], tuple(order["oid_str"] for order in lines)))
        return {"shipping": {"is_success": True}}

    def _logistics_companies_get(self, params: dict[str, str]) -> dict:
        rows = [{"id": at, "code": code, "name": name, "reg_mail_no": ""} for at, (code, name) in enumerate(CARRIERS)]
        return {"logistics_companies": rows}

    def _skus_quantity_update(self, params: dict[str, str]) -> dict:
        pairs = [pair.split(":") for pair in params["skuid_quantities"].split(";")]
        if len(pairs) > 20:
            raise TopError(41, "Invalid arguments", "isv.invalid-parameter:skuid_quantities", "一次最多20个")
        if any(sku in self.gone for sku, _quantity in pairs):
            raise TopError(15, "Remote service error", "isv.item-sku-not-exist", "SKU不存在")
        self.stock.update({(params["num_iid"], sku): int(quantity) for sku, quantity in pairs})
        return {"item": {"num_iid": int(params["num_iid"])}}

    def _item_quantity_update(self, params: dict[str, str]) -> dict:
        if params["num_iid"] in self.gone:
            raise TopError(15, "Remote service error", "isv.item-not-exist", "商品不存在")
        self.stock[params["num_iid"], ""] = int(params["quantity"])
        return {"item": {"num_iid": int(params["num_iid"])}}

    def _top_oaid_merge(self, params: dict[str, str]) -> dict:
        groups: dict[str, list[str]] = {}
        rows = json.loads(params["merge_list"])
        if len(rows) > 100:
            raise TopError(41, "Invalid arguments", "isv.invalid-parameter:merge_list", "最多支持100个")
        for row in rows:
            groups.setdefault(self.receivers.get(row["oaid"], row["oaid"]), []).append(row["tid"])
        return {"tid_list": [",".join(tids) for tids in groups.values()]}

    def _top_auth_token_refresh(self, params: dict[str, str]) -> dict:
        session = self.refresh_tokens.get(params.get("refresh_token", ""))
        if not session:
            raise TopError(15, "Remote service error", "isv.invalid-refresh-token", "refresh token无效")
        self.sessions = {session}
        expires = int((self.clock() + DAY) * 1000)
        words = {"access_token": session, "expire_time": expires, "refresh_token": params["refresh_token"]}
        return {"token_result": json.dumps(words)}


CARRIERS = (("SF", "顺丰速运"), ("YTO", "圆通速递"), ("ZTO", "中通快递"))
WRAPPERS = {
    "trades": "trade", "orders": "order", "refunds": "refund", "logistics_companies": "logistics_company",
    "tid_list": "string", "status_infos": "trade_stat", "promotion_details": "promotion_detail",
}  # fmt: skip


def limited(sub_code: str = "api-access-count", wait: int = 1) -> Fault:
    """A limit, as TOP words it."""
    return refusal(
        7, "App Call Limited", f"accesscontrol.limited-by-{sub_code}", f"This ban will last for {wait} more seconds"
    )


def refusal(*words: object) -> Fault:
    """An error body instead of the answer: code, msg, sub_code, sub_msg."""
    body = dict(zip(("code", "msg", "sub_code", "sub_msg"), words, strict=False))
    return Fault("reply", reply=_reply({"error_response": body}))


def _order(tid: str, at: int, line: dict, count: int) -> dict:
    oid = tid if count == 1 else f"{tid}{at:02}"
    price, num = str(line["price"]), int(line.get("num", 1))
    worth = f"{float(price) * num:.2f}"
    return {
        "oid": int(oid), "oid_str": oid, "num_iid": 7000 + at, "sku_id": f"80{at:02}", "outer_sku_id": "TEA",
        "title": "测试商品", "num": num, "price": price, "total_fee": worth, "payment": worth, "discount_fee": "0.00",
        "divide_order_fee": worth, "status": "WAIT_BUYER_PAY", "refund_status": "NO_REFUND", **line,
    }  # fmt: skip


def _only(row: dict, fields: str) -> dict:
    """The fields that were asked for, and no others; an OAID only for who asks for the whole receiver."""
    asked = set(fields.split(","))
    if not asked >= FOR_OAID:
        asked -= {"oaid"}
    return json.loads(json.dumps({name: value for name, value in row.items() if name in asked}))


def _wrapped(found: object) -> object:
    """The same with the wrappers that lists have where nobody asks for the simple form."""
    if isinstance(found, list):
        return [_wrapped(row) for row in found]
    if not isinstance(found, dict):
        return found
    return {
        name: {WRAPPERS[name]: _wrapped(value)} if name in WRAPPERS and isinstance(value, list) else _wrapped(value)
        for name, value in found.items()
    }


def _reply(found: object) -> Reply:
    return Reply(json.dumps(found, ensure_ascii=False).encode())
