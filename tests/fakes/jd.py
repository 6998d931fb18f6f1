"""JD's open platform: signed form posts, a misspelt wrapper, three shapes of errors, lists that move while they are read."""

import hashlib
import json
from collections.abc import Callable
from urllib.parse import parse_qsl

from .china import Clock, seconds, stamp
from .server import Call, FakeServer, Fault, Reply

KEY, SECRET = "APPKEY", "jd dummy secret"
SKEW, MONTH, MONTHS = 360, 31 * 86400, 92 * 86400
OPEN = ("WAIT_SELLER_STOCK_OUT", "LOCKED", "PAUSE")
CARRIERS = {"467": "顺丰快递", "463": "圆通快递", "1274": "厂家自送"}


class JdError(Exception):
    """An error of the gateway: code and text."""


class NotDone(Exception):
    """A call that arrived and was not done: number and text."""


def jd_sign(params: dict[str, str], secret: str) -> str:
    """The signature as the documentation words it; written apart from the connector's."""
    known = sorted((name, value) for name, value in params.items() if name != "sign" and value)
    digest = hashlib.md5(secret.encode())
    for pair in known:
        digest.update("".join(pair).encode("utf-8"))
    digest.update(secret.encode())
    return digest.hexdigest().upper()


class FakeJd(FakeServer):
    """``orders``: number -> orderInfo. ``between`` is called after each page of a list that was served.

    ``sent``: (order, carriers, numbers) of each shipment that took effect; ``stock``: SKU -> quantity. ``flat_errors``:
    errors without their wrapper. ``word_success``: success as a word. ``last_page``: where paging is cut off.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = self.now = clock or Clock()
        self.orders: dict[str, dict] = {}
        self.refunds: dict[str, dict] = {}
        self.tokens, self.refresh_tokens = {"first"}, {"again"}
        self.sent: list[tuple[str, str, str]] = []
        self.stock: dict[str, int] = {}
        self.gone: set[str] = set()
        self.flat_errors = self.word_success = False
        self.last_page = 100
        self.between: Callable[[], None] = lambda: None
        self.asked: list[tuple[str, dict]] = []

    # What the shop and its buyers do

    def place(self, number: str, *items: dict, **values: object) -> dict:
        """A paid order (JD lists no others); items need ``jdPrice`` and may set anything else."""
        now = stamp(self.clock())
        rows = [
            {
                "skuId": f"10{at}",
                "outerSkuId": "TEA",
                "skuName": "测试商品",
                "itemTotal": "1",
                "wareId": f"90{at}",
                **item,
            }
            for at, item in enumerate(items or ({"jdPrice": "10.00"},), 1)
        ]
        goods = sum(float(row["jdPrice"] or 0) * float(row["itemTotal"]) for row in rows)
        self.orders[number] = {
            "orderId": number, "venderId": "55", "orderState": "WAIT_SELLER_STOCK_OUT", "payType": "4-在线支付",
            "orderTotalPrice": f"{goods:.2f}", "orderSellerPrice": f"{goods:.2f}", "orderPayment": f"{goods:.2f}",
            "freightPrice": "0.00", "sellerDiscount": "0.00", "balanceUsed": "", "orderStartTime": now,
            "paymentConfirmTime": now, "modified": now, "pin": "jd_buyer", "open_id_buyer": "OPENID", "waybill": "",
            "couponDetailList": [], "itemInfoList": rows,
            "consigneeInfo": {
                "fullname": "张**", "mobile": "138****1111", "province": "广东", "city": "深圳市", "county": "南山区",
                "town": "粤海街道", "fullAddress": "广东深圳市南山区粤海街道科技路2号",
            },
            **values,
        }  # fmt: skip
        return self.orders[number]

    def change(self, number: str, **values: object) -> None:
        """Anything about an order changes, now."""
        with self.lock:
            self.orders[number].update(values, modified=stamp(self.clock()))

    def cancel(self, number: str) -> None:
        self.change(number, orderState="TRADE_CANCELED", orderEndTime=stamp(self.clock()))

    def refund(self, number: str, status: int = 0) -> str:
        """The buyer asks for his money before delivery, which locks the order; or it is decided about it."""
        with self.lock:
            now, key = stamp(self.clock()), f"7{number}"
            order = self.orders[number]
            row = self.refunds.setdefault(key, {
                "id": key, "orderId": number, "applyTime": now, "checkTime": None,
                "applyRefundSum": round(float(order["orderPayment"]) * 100),
            })  # fmt: skip
            row |= {"status": status, **({"checkTime": now} if status else {})}
            if order["orderState"] in OPEN:
                state = {0: "LOCKED", 3: "TRADE_CANCELED"}.get(status, "WAIT_SELLER_STOCK_OUT")
                self.change(number, orderState=state)
            return key

    def expire(self) -> None:
        with self.lock:
            self.tokens = set()

    # What it says

    def name_of(self, call: Call) -> str:
        return dict(parse_qsl(call.body.decode())).get("method") or call.path.strip("/")

    def answer(self, call: Call) -> Reply:
        params = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        if call.path == "/oauth2/refresh_token":
            return self._renew(params)
        try:
            self._check(params)
            method, asked = params["method"], json.loads(params["360buy_param_json"])
            self.asked.append((method, asked))
            handler = getattr(self, f"_{method.removeprefix('jingdong.').replace('.', '_')}", None)
            if handler is None:
                raise JdError("15", "不存在的方法名")
            inside = handler(asked)
        except JdError as error:
            return _reply(error_body(*error.args, flat=self.flat_errors))
        except NotDone as error:
            inside = {
                "result": {
                    "apiResult": {"success": self._no(), "numberCode": error.args[0], "chineseErrCode": error.args[1]}
                }
            }
        root = method.replace(".", "_") + "_responce"
        if method.startswith("360buy"):
            root = "vender_delivery_all_company_response"
        return _reply({root: {"code": "0", **inside}})

    def _yes(self) -> object:
        return "true" if self.word_success else True

    def _no(self) -> object:
        return "false" if self.word_success else False

    def _check(self, params: dict[str, str]) -> None:
        if params.get("app_key") != KEY:
            raise JdError("21", "无效App Key")
        if params.get("sign") != jd_sign(params, SECRET):
            raise JdError("12", "无效签名")
        if abs(seconds(params["timestamp"]) - self.clock()) > SKEW:
            raise JdError("8", "非法的时间戳参数")
        if params.get("access_token") not in self.tokens:
            raise JdError("19", "无效access_token")

    def _renew(self, params: dict[str, str]) -> Reply:
        good = params.get("app_secret") == SECRET and params.get("refresh_token") in self.refresh_tokens
        if not good or params.get("grant_type") != "refresh_token":
            return _reply({"code": 402, "msg": "refresh_token is invalid"})
        token = f"token-{self.clock()}-{len(self.asked)}"
        self.tokens = {token}
        return _reply({"access_token": token, "expires_in": 86400, "refresh_token": "again", "code": 0})

    # Lists

    def _pop_order_search(self, asked: dict) -> dict:
        for name in ("start_date", "end_date", "order_state", "optional_fields", "page", "page_size"):
            if not asked.get(name):
                raise NotDone(10, f"参数{name}不能为空")
        size, page, start, end = int(asked["page_size"]), int(asked["page"]), asked["start_date"], asked["end_date"]
        if not 1 <= size <= 100 or not 1 <= page <= self.last_page:
            raise NotDone(11, "页码或每页条数超出限制")
        if seconds(end) - seconds(start) > MONTH or seconds(start) < self.clock() - MONTHS:
            raise NotDone(12, "时间跨度不能超过一个月")
        at = "orderStartTime" if str(asked.get("dateType")) == "1" else "modified"
        states = asked["order_state"].split(",")
        last = max(end, stamp(seconds(start) + 1))
        found = [o for o in self.orders.values() if start <= o[at] < last and o["orderState"] in states]
        found.sort(key=lambda order: (order[at], order["orderId"]), reverse=str(asked.get("sortType")) == "1")
        rows = [_only(order, asked["optional_fields"]) for order in found[(page - 1) * size : page * size]]
        result = {
            "apiResult": {"success": self._yes(), "numberCode": 0},
            "orderTotal": len(found),
            "orderInfoList": rows,
        }
        self.between()
        return {"searchorderinfo_result": result}

    def _pop_order_get(self, asked: dict) -> dict:
        order = self.orders.get(str(asked.get("order_id")))
        if not order:
            raise NotDone(2, "订单不存在")
        row = _only(order, asked["optional_fields"])
        return {"orderDetailInfo": {"apiResult": {"success": self._yes(), "numberCode": 0}, "orderInfo": row}}

    def _pop_order_enSearch(self, asked: dict) -> dict:
        found = self._pop_order_search(asked)
        found["searchorderinfo_result"]["orderInfoList"] = [
            _enciphered(row) for row in found["searchorderinfo_result"]["orderInfoList"]
        ]
        return found

    def _pop_order_enGet(self, asked: dict) -> dict:
        found = self._pop_order_get(asked)
        found["orderDetailInfo"]["orderInfo"] = _enciphered(found["orderDetailInfo"]["orderInfo"])
        return found

    def _pop_afs_soa_refundapply_queryPageList(self, asked: dict) -> dict:
        size, page = int(asked["pageSize"]), int(asked["pageIndex"])
        if not 1 <= size <= 50 or not 1 <= page <= self.last_page:
            raise NotDone(11, "页码或每页条数超出限制")
        found = list(self.refunds.values())
        for name in ("applyTime", "checkTime"):
            if asked.get(f"{name}Start"):
                start, end = asked[f"{name}Start"], asked[f"{name}End"]
                last = max(end, stamp(seconds(start) + 1))
                found = [row for row in found if row[name] and start <= row[name] < last]
        found.sort(key=lambda row: (row["applyTime"], row["id"]), reverse=True)
        rows = json.loads(json.dumps(found[(page - 1) * size : page * size]))
        return {"queryResult": {"success": self._yes(), "totalCount": len(found), "result": rows}}

    # Writes

    def _pop_order_shipment(self, asked: dict) -> dict:
        order = self.orders.get(str(asked["orderId"]))
        carriers, numbers = asked["logiCoprId"].split("|"), asked.get("logiNo", "").split("|")
        if not order:
            raise NotDone(2, "订单不存在")
        if any(carrier not in CARRIERS for carrier in carriers) or len(carriers) != len(numbers):
            raise NotDone(13, "物流公司ID不正确")
        if order["orderState"] != "WAIT_SELLER_STOCK_OUT":
            raise NotDone(14, "订单状态不是等待出库，不能出库")
        self.change(order["orderId"], orderState="WAIT_GOODS_RECEIVE_CONFIRM", waybill=asked.get("logiNo", ""))
        self.sent.append((order["orderId"], asked["logiCoprId"], asked.get("logiNo", "")))
        return {"sopjosshipment_result": {"success": self._yes(), "numberCode": 0}}

    def _stock_write_updateSkuStock(self, asked: dict) -> dict:
        if str(asked["skuId"]) in self.gone:
            return {"success": self._no(), "errorMsg": "sku已下架"}
        self.stock[str(asked["skuId"])] = int(asked["stockNum"])
        return {"success": self._yes()}

    _ware_stock_sku_set = _stock_write_updateSkuStock

    def _360buy_get_vender_all_delivery_company(self, asked: dict) -> dict:
        return {"delivery_companies": [{"id": int(number), "name": name} for number, name in CARRIERS.items()]}


def error_body(code: str, text: str, flat: bool = False) -> dict:
    return (
        {"code": code, "errorMessage": text}
        if flat
        else {"error_response": {"code": code, "zh_desc": text, "en_desc": ""}}
    )


def refusal(code: str, text: str = "x", flat: bool = False) -> Fault:
    """An error of the gateway instead of the answer."""
    return Fault("reply", reply=_reply(error_body(code, text, flat)))


def not_done(text: str, number: int = 9, success: object = False) -> Fault:
    """The third shape: the call arrived and was not done."""
    result = {"apiResult": {"success": success, "numberCode": number, "chineseErrCode": text}}
    return Fault("reply", reply=_reply({"jingdong_any_responce": {"code": "0", "result": result}}))


def _only(order: dict, fields: str) -> dict:
    asked = set(fields.split(","))
    return json.loads(json.dumps({name: value for name, value in order.items() if name in asked}))


def _enciphered(order: dict) -> dict:
    known = order.get("consigneeInfo", {})
    for name in ("fullname", "mobile", "fullAddress"):
        if name in known:
            known[name] = f"AACcipher{hashlib.md5(known[name].encode()).hexdigest()}=="
    return order


def _reply(found: object) -> Reply:
    return Reply(json.dumps(found, ensure_ascii=False).encode())
