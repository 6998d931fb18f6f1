"""A Shopify shop: Admin GraphQL with its bucket of points, OAuth tokens, webhooks.

A query is answered with the fields it asks for, and refused for one that the type does not have. Errors come with HTTP 200.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from .graphql import Document, NoField
from .server import Call, FakeServer, Reply

SEARCH = re.compile(r"(updated_at|created_at):(>=|<)'([^']+)'")
DAYS_60 = timedelta(days=60)


class GraphError(Exception):
    """Errors beside the data."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class FakeShopify(FakeServer):
    """``orders``: number -> order in the shape of the API; ``stock``: (variant, location) -> quantity; ``mails``: orders
    whose buyer was told. ``between``: called after each page, to let something change.
    """

    secret, app, shop = "dummysecret", "app", "tea-shop"
    versions = ("2026-04", "2026-07", "2026-10")

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict] = {}
        self.stock: dict[tuple[str, str], int] = {}
        self.tokens = {"shpat_1"}
        self.issued = 1
        self.maximum, self.rate = 1000.0, 50.0
        self.points, self.filled = 1000.0, None
        self.keys: dict[str, list] = {}
        self.mails: list[str] = []
        self.fulfilments = 0
        self.all_orders = False
        self.between: Callable[[], None] = lambda: None
        self.before_set: Callable[[], None] = lambda: None

    # What tests do

    def time(self, at: float | None = None) -> str:
        return datetime.fromtimestamp(self.now() if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def place(self, number: str, *lines: dict, at: float | None = None, **more: Any) -> dict:
        """A new order; ``lines`` as :func:`item` makes them."""
        rows = list(lines) or [item()]
        stamp = self.time(at)
        total = sum(float(row["originalUnitPriceSet"]["shopMoney"]["amount"]) * row["quantity"] for row in rows)
        self.orders[number] = {
            "id": f"gid://shopify/Order/{number}", "legacyResourceId": number, "name": f"#{number}",
            "createdAt": stamp, "updatedAt": stamp, "processedAt": stamp, "closedAt": None, "cancelledAt": None,
            "test": False, "currencyCode": "CNY", "taxesIncluded": True, "displayFinancialStatus": "PAID",
            "displayFulfillmentStatus": "UNFULFILLED", "note": None, "email": "buyer@example.com", "phone": None,
            "totalPriceSet": money(total), "totalTipReceivedSet": money(0),
            "shippingLines": {"nodes": []}, "shippingAddress": address(), "risk": {"recommendation": "NONE"},
            "lineItems": {"nodes": rows}, "fulfillments": [],
            "fulfillmentOrders": {"nodes": [self._fulfilment_order(number, "1", rows)]},
            **more,
        }  # fmt: skip
        return self.orders[number]

    def _fulfilment_order(self, number: str, place: str, rows: list[dict]) -> dict:
        return {
            "id": f"gid://shopify/FulfillmentOrder/{number}{place}",
            "status": "OPEN",
            "assignedLocation": {"location": {"id": f"gid://shopify/Location/{place}"}},
            "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
            "lineItems": {
                "nodes": [
                    {
                        "id": f"gid://shopify/FulfillmentOrderLineItem/{place}9{row['id'].rsplit('/', 1)[1]}",
                        "remainingQuantity": row["currentQuantity"],
                        "lineItem": {"id": row["id"]},
                    }
                    for row in rows
                ]
            },
        }

    def divide(self, number: str, *places: tuple[str, list[int]]) -> None:
        """Give the lines (by place) of an order to locations."""
        rows = self.orders[number]["lineItems"]["nodes"]
        nodes = [self._fulfilment_order(number, place, [rows[i] for i in which]) for place, which in places]
        self.orders[number]["fulfillmentOrders"] = {"nodes": nodes}

    def change(self, number: str, at: float | None = None, **values: Any) -> None:
        self.orders[number].update(values, updatedAt=self.time(at))

    def cancel(self, number: str, at: float | None = None) -> None:
        self.change(number, at, cancelledAt=self.time(at))

    def refund(self, number: str, place: int, count: int, at: float | None = None) -> None:
        """Money back for some of a line, which leaves the order."""
        row = self.orders[number]["lineItems"]["nodes"][place]
        row["currentQuantity"] = max(row["currentQuantity"] - count, 0)
        self.change(number, at, displayFinancialStatus="PARTIALLY_REFUNDED")

    def expire(self) -> None:
        self.tokens.clear()

    def webhook(self, topic: str, body: dict, event: str = "e1", secret: str | None = None) -> tuple[dict, bytes]:
        """(headers, body) with which the shop calls."""
        raw = json.dumps(body).encode()
        mark = hmac.new((secret or self.secret).encode(), raw, hashlib.sha256).digest()
        return {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(mark).decode(),
            "X-Shopify-Shop-Domain": f"{self.shop}.myshopify.com",
            "X-Shopify-Webhook-Id": f"w-{event}",
            "X-Shopify-Event-Id": event,
            "X-Shopify-Api-Version": "2026-07",
        }, raw

    # What the platform does

    def name_of(self, call: Call) -> str:
        if call.path == "/admin/oauth/access_token":
            return "token"
        found = re.search(r"(?:query|mutation) (\w+)", json.loads(call.body).get("query", "")) if call.body else None
        return found.group(1) if found else call.path

    def answer(self, call: Call) -> Reply:
        if call.name == "token":
            return self._token(dict(parse_qsl(call.body.decode())))
        if call.path not in [f"/admin/api/{version}/graphql.json" for version in self.versions]:
            return _reply({"errors": "Not Found"}, 404)
        if call.headers.get("X-Shopify-Access-Token") not in self.tokens:
            return _reply({"errors": "[API] Invalid API key or access token"}, 401)
        asked = json.loads(call.body)
        cost = self._cost(asked.get("variables") or {})
        state = self._throttle()
        extensions = {"cost": {"requestedQueryCost": cost, "throttleStatus": state}}
        try:
            if cost > 1000:
                raise GraphError(f"Query cost is {cost}, which exceeds the single query max cost limit 1000",
                                 "MAX_COST_EXCEEDED")  # fmt: skip
            if cost > state["currentlyAvailable"]:
                raise GraphError("Throttled", "THROTTLED")
            self.points -= cost
            state["currentlyAvailable"] = int(self.points)
            data = self._answer(Document(asked["query"], asked.get("variables") or {}))
        except NoField as error:
            return _reply({"errors": [{"message": str(error), "extensions": {"code": "undefinedField"}}]})
        except GraphError as error:
            errors = [{"message": str(error), "extensions": {"code": error.code}}]
            return _reply({"errors": errors, "extensions": extensions})
        return _reply({"data": data, "extensions": extensions})

    def _cost(self, variables: dict) -> int:
        return 10 + int(variables.get("first") or 1) * int(variables.get("lines") or 1) // 3

    def _throttle(self) -> dict:
        now = self.now()
        if self.filled is not None:
            self.points = min(self.maximum, self.points + (now - self.filled) * self.rate)
        self.filled = now
        return {"maximumAvailable": self.maximum, "currentlyAvailable": int(self.points), "restoreRate": self.rate}

    def _token(self, form: dict) -> Reply:
        if (form.get("client_id"), form.get("client_secret")) != (self.app, self.secret):
            return _reply({"error": "invalid_client"}, 400)
        self.issued += 1
        self.tokens.add(f"shpat_{self.issued}")
        found: dict[str, Any] = {"access_token": f"shpat_{self.issued}", "expires_in": 86399}
        if form.get("grant_type") == "refresh_token":
            found |= {"refresh_token": f"shprt_{self.issued}", "expires_in": 3600}
        return _reply(found)

    def _answer(self, asked: Document) -> dict:
        root = {
            "orders": self._orders,
            "order": lambda arguments: self.orders.get(arguments["id"].rsplit("/", 1)[1]),
            "nodes": lambda arguments: [self._variant(gid) for gid in arguments["ids"]],
            "location": {"id": "gid://shopify/Location/1"},
            "fulfillmentCreate": self._fulfil,
            "inventorySetQuantities": lambda arguments: self._set_stock(arguments, asked.directives),
        }
        found = {}
        for name, (arguments, fields) in asked.fields.items():
            value = root[name](arguments) if callable(root[name]) else root[name]
            found[name] = asked.cut(value, fields)
        return found

    def _orders(self, arguments: dict) -> dict:
        if not 1 <= arguments["first"] <= 250:
            raise GraphError("first must be between 1 and 250", "BAD_REQUEST")
        key = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt"}[arguments["sortKey"]]
        rows = sorted(self.orders.values(), key=lambda order: (order[key], int(order["legacyResourceId"])))
        for name, sign, stamp in SEARCH.findall(arguments["query"]):
            field = {"updated_at": "updatedAt", "created_at": "createdAt"}[name]
            rows = [row for row in rows if (row[field] >= stamp if sign == ">=" else row[field] < stamp)]
        if not self.all_orders:
            first = self.time(self.now() - DAYS_60.total_seconds())
            rows = [row for row in rows if row["createdAt"] >= first]
        after = tuple(json.loads(base64.b64decode(arguments["after"]))) if arguments.get("after") else None
        if after:
            rows = [row for row in rows if (row[key], int(row["legacyResourceId"])) > after]
        page = rows[: arguments["first"]]
        last = (
            page and base64.b64encode(json.dumps([page[-1][key], int(page[-1]["legacyResourceId"])]).encode()).decode()
        )
        page = json.loads(json.dumps(page))  # as they are now: they may change before the answer is cut
        self.between()
        return {
            "nodes": page,
            "pageInfo": {"hasNextPage": len(rows) > len(page), "endCursor": last or None},
        }

    def _variant(self, gid: str) -> dict | None:
        variant = gid.rsplit("/", 1)[1]
        if not any(known == variant for known, _place in self.stock):
            return None

        def level(arguments: dict) -> dict | None:
            quantity = self.stock.get((variant, arguments["locationId"].rsplit("/", 1)[1]))
            return None if quantity is None else {"quantities": [{"quantity": quantity}]}

        item = {"id": f"gid://shopify/InventoryItem/7{variant}", "inventoryLevel": level}
        return {"id": gid, "inventoryItem": item}

    def _set_stock(self, arguments: dict, directives: dict) -> dict:
        key = (directives.get("idempotent") or {}).get("key")
        if not key:
            raise GraphError("The @idempotent directive is required", "BAD_REQUEST")
        if key in self.keys:
            return {"userErrors": self.keys[key]}
        self.before_set()
        problems, rows = [], []
        for place, row in enumerate(arguments["input"]["quantities"]):
            field = ["input", "quantities", str(place)]
            spot = row["inventoryItemId"].rsplit("/", 1)[1][1:], row["locationId"].rsplit("/", 1)[1]
            rows.append((spot, row["quantity"]))
            if row["quantity"] < 0:
                problems.append({"code": "INVALID_QUANTITY_NEGATIVE", "field": field, "message": "can't be negative"})
            elif row["quantity"] > 1_000_000_000:
                problems.append({"code": "INVALID_QUANTITY_TOO_HIGH", "field": field, "message": "too high"})
            elif "changeFromQuantity" not in row or self.stock[spot] != row["changeFromQuantity"]:
                problems.append({"code": "CHANGE_FROM_QUANTITY_STALE", "field": field, "message": "stale"})
        if not problems:
            self.stock.update(rows)
        self.keys[key] = problems
        return {"userErrors": problems}

    def _fulfil(self, arguments: dict) -> dict:
        wanted = arguments["fulfillment"]
        orders = {
            row["id"]: (order, row) for order in self.orders.values() for row in order["fulfillmentOrders"]["nodes"]
        }
        parts = wanted["lineItemsByFulfillmentOrder"]
        if any(part["fulfillmentOrderId"] not in orders for part in parts):
            return _problem("Fulfillment order does not exist.")
        places = {orders[part["fulfillmentOrderId"]][1]["assignedLocation"]["location"]["id"] for part in parts}
        if len(places) > 1:
            return _problem("All fulfillment orders must be assigned to the same location.")
        taken = []
        for part in parts:
            order, row = orders[part["fulfillmentOrderId"]]
            lines = {line["id"]: line for line in row["lineItems"]["nodes"]}
            for asked in part["fulfillmentOrderLineItems"]:
                line = lines.get(asked["id"])
                if line is None or not 0 < asked["quantity"] <= line["remainingQuantity"]:
                    return _problem("Invalid fulfillment order line item quantity requested.")
                taken.append((line, asked["quantity"]))
            if row["status"] not in ("OPEN", "IN_PROGRESS"):
                return _problem("Fulfillment order is not in a state that allows fulfilment.")
        return self._fulfilled(order, taken, wanted)

    def _fulfilled(self, order: dict, taken: list, wanted: dict) -> dict:
        for line, count in taken:
            line["remainingQuantity"] -= count
        self.fulfilments += 1
        info = wanted["trackingInfo"]
        row = {
            "id": f"gid://shopify/Fulfillment/{self.fulfilments}",
            "status": "SUCCESS",
            "trackingInfo": [{"number": number} for number in info.get("numbers") or [info["number"]]],
            "fulfillmentLineItems": {
                "nodes": [{"quantity": count, "lineItem": line["lineItem"]} for line, count in taken]
            },
        }
        order["fulfillments"].append(row)
        left = False
        for part in order["fulfillmentOrders"]["nodes"]:
            rest = any(line["remainingQuantity"] for line in part["lineItems"]["nodes"])
            part["status"] = part["status"] if rest else "CLOSED"
            left = left or rest
        status = "PARTIALLY_FULFILLED" if left else "FULFILLED"
        self.change(order["legacyResourceId"], displayFulfillmentStatus=status)
        if wanted.get("notifyCustomer"):
            self.mails.append(order["legacyResourceId"])
        return {"fulfillment": row, "userErrors": []}


def _problem(text: str) -> dict:
    return {"fulfillment": None, "userErrors": [{"field": ["fulfillment"], "message": text}]}


def _reply(found: object, status: int = 200) -> Reply:
    return Reply(json.dumps(found).encode(), status)


def money(value: float | str, presented: float | str | None = None) -> dict:
    """An amount in both currencies."""
    return {
        "shopMoney": {"amount": f"{float(value):.2f}", "currencyCode": "CNY"},
        "presentmentMoney": {"amount": str(value if presented is None else presented), "currencyCode": "USD"},
    }


def item(number: str = "1", sku: str = "TEA", count: int = 1, price: float = 50, **more: Any) -> dict:
    """A line of an order."""
    return {
        "id": f"gid://shopify/LineItem/{number}", "sku": sku, "name": f"Article {sku}", "quantity": count,
        "currentQuantity": count, "requiresShipping": True, "isGiftCard": False, "originalUnitPriceSet": money(price),
        "discountAllocations": [], "taxLines": [], "variant": {"id": f"gid://shopify/ProductVariant/5{number}", "sku": sku},
        "product": {"id": f"gid://shopify/Product/4{number}"}, "lineItemGroup": None, **more,
    }  # fmt: skip


def address(**more: Any) -> dict:
    """Where the goods go."""
    return {
        "name": "Test Buyer", "company": None, "phone": "+86 139 0000 1111", "address1": "世纪大道1号", "address2": None,
        "city": "上海市", "province": "Shanghai", "provinceCode": "SH", "zip": "200120", "countryCodeV2": "CN",
        "latitude": 31.2, "longitude": 121.5, **more,
    }  # fmt: skip
