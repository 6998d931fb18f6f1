"""The calls of a Shopify shop: the GraphQL Admin API, whose limit is a bucket of points that fills up by the second."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ..client import LONGEST_PAUSE, Client
from ..errors import Refused, TokenExpired, TryLater, Unknown
from ..order import CHINA
from ..types import Raw, Shipment, StockLevel, StockResult, Token
from . import queries
from .fulfil import plan

VERSION = "2026-07"
STALE = ("CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE")
STALE_TRIES = 4
LINES = 25  # in the first answer; longer orders are asked for the rest
ALL_TIME = timedelta(days=3650)


class ShopifyClient(Client):
    """``account.shop`` names the shop, ``account.token`` is an Admin API token; ``account.key`` and ``account.secret`` (of
    the app) renew tokens that expire.

    ``account.options``: ``api_version``; ``skip_test`` leaves test orders out; ``read_all_orders`` where the app may see
    orders older than 60 days; ``location`` (number) whose stock is set; ``notify_buyer`` (false: no mail on shipping).
    """

    slice = timedelta(hours=6)
    overlap = timedelta(minutes=10)
    reach = timedelta(days=60)
    page_size = 10  # more of them, with their lines, may cost more than one query is allowed
    stock_batch = 100

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._short = 0.0  # seconds until the bucket holds what the last query needed
        if self.account.options.get("read_all_orders"):
            self.reach = ALL_TIME

    # Talking

    @property
    def root(self) -> str:
        return (self.account.url or f"https://{self.account.shop.removesuffix('.myshopify.com')}.myshopify.com").rstrip(
            "/"
        )

    def ask(self, document: str, /, **variables: Any) -> dict:
        """``data`` of a query. Waits before a query that the bucket would not hold, instead of being refused."""
        return self.call(lambda: self._ask(document, variables))

    def _ask(self, document: str, variables: Mapping[str, Any]) -> dict:
        if not self.account.token:
            raise TokenExpired("no token yet")
        if self._short:
            wait, self._short = min(self._short, LONGEST_PAUSE), 0.0
            self._sleep(wait)
        version = self.account.options.get("api_version") or VERSION
        found = self.json(
            "POST",
            f"{self.root}/admin/api/{version}/graphql.json",
            data=json.dumps({"query": document, "variables": variables}).encode(),
            headers={"Content-Type": "application/json", "X-Shopify-Access-Token": self.account.token},
        )
        if not isinstance(found, dict):
            raise Unknown("the answer is not an object", "not_json")
        self._note_cost(found)
        if found.get("errors"):
            raise self._error(found)
        if not isinstance(found.get("data"), dict):
            raise Unknown("the answer holds no data", "no_data")
        return found["data"]

    def _note_cost(self, found: Mapping[str, Any]) -> None:
        cost = (found.get("extensions") or {}).get("cost") or {}
        state = cost.get("throttleStatus") or {}
        missing = float(cost.get("requestedQueryCost") or 0) - float(state.get("currentlyAvailable") or 0)
        rate = float(state.get("restoreRate") or 0)
        # two points more than needed: what it tells us is rounded
        self._short = (missing + 2) / rate if state and rate and missing > 0 else 0.0

    def _error(self, found: Mapping[str, Any]) -> Exception:
        """What an answer with ``errors`` means, at HTTP 200 as any."""
        errors = found["errors"]
        if not isinstance(errors, list):
            return Refused(str(errors)[:300], "errors")
        codes = {str((error.get("extensions") or {}).get("code") or "") for error in errors}
        text = "; ".join(str(error.get("message") or "") for error in errors)[:300]
        if "THROTTLED" in codes:
            wait, self._short = self._short or 1.0, 0.0
            return TryLater(text, "THROTTLED", wait)
        if "INTERNAL_SERVER_ERROR" in codes:
            return Unknown(text, "INTERNAL_SERVER_ERROR")
        return Refused(text, next(iter(sorted(codes))))

    def renew(self) -> Token:
        """With a refresh token a new pair; without one a token by client id and secret, as apps of one's own have it."""
        if not self.account.key or not self.account.secret:
            raise Refused("the token is no longer valid: enter a new one, or the app's key and secret", "token")
        form = {"client_id": self.account.key, "client_secret": self.account.secret}
        if self.account.refresh_token:
            form |= {"grant_type": "refresh_token", "refresh_token": self.account.refresh_token}
        else:
            form |= {"grant_type": "client_credentials"}
        found = self.call(lambda: self.json("POST", f"{self.root}/admin/oauth/access_token", data=form))
        if not found.get("access_token"):
            raise Unknown("the platform gave no token", "no_token")
        expires = self.now() + timedelta(seconds=int(found.get("expires_in") or 86_400))
        return Token(found["access_token"], expires, found.get("refresh_token") or "")

    # Orders

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        """Sorted by change, oldest first: one that changes meanwhile moves on and may come twice, none is passed over."""
        query = f"updated_at:>='{_stamp(start)}' AND updated_at:<'{_stamp(end)}'"
        for nodes in self._pages(queries.ORDERS, query, self.page_size, lines=LINES):
            yield [self._raw(node) for node in nodes if self._wanted(node)]

    def order(self, external_id: str) -> Raw | None:
        found = self.ask(queries.ONE, id=gid("Order", external_id), lines=100)["order"]
        return self._raw(found) if found and self._wanted(found) else None

    def numbers(self, day: date) -> set[str]:
        start = datetime.combine(day, datetime.min.time(), CHINA)
        query = f"created_at:>='{_stamp(start)}' AND created_at:<'{_stamp(start + timedelta(days=1))}'"
        pages = self._pages(queries.NUMBERS, query, 250)
        return {str(node["legacyResourceId"]) for nodes in pages for node in nodes if self._wanted(node)}

    def _pages(self, document: str, search: str, size: int, **more: Any) -> Iterator[list[dict]]:
        after = None
        while True:
            found = self.ask(document, first=size, after=after, query=search, **more)["orders"]
            yield found["nodes"]
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                return

    def _wanted(self, node: Mapping[str, Any]) -> bool:
        return not (node.get("test") and self.account.options.get("skip_test"))

    def _raw(self, node: dict) -> Raw:
        lines = node["lineItems"]
        while lines["pageInfo"]["hasNextPage"]:
            after = lines["pageInfo"]["endCursor"]
            more = self.ask(queries.MORE_LINES, id=node["id"], lines=100, after=after)["order"]["lineItems"]
            lines = {"nodes": [*lines["nodes"], *more["nodes"]], "pageInfo": more["pageInfo"]}
        # Without the marks of the pages: read in other pages, the order is still the same.
        body = json.dumps({**node, "lineItems": {"nodes": lines["nodes"]}}, ensure_ascii=False)
        return Raw(str(node["legacyResourceId"]), node["updatedAt"], body)

    # Shipping

    def ship(self, shipment: Shipment) -> None:
        """Asks before each try what is fulfilled under which tracking number and tells only the rest, so that a lost
        answer, or a try that got through for one of two locations, leads to nothing twice and nothing missing.
        """
        self.call(lambda: self._ship(shipment))

    def _ship(self, shipment: Shipment) -> None:
        state = self._ask(queries.FULFILMENT, {"id": gid("Order", shipment.external_id)})["order"]
        if not state:
            raise Refused(f"the platform does not know the order {shipment.external_id}", "unknown_order")
        for fulfilment in plan(shipment, state, bool(self.account.options.get("notify_buyer", True))):
            found = self._ask(queries.FULFIL, {"fulfillment": fulfilment})["fulfillmentCreate"]
            if found["userErrors"]:
                raise Refused("; ".join(row["message"] for row in found["userErrors"])[:300], "user_error")

    # Stock

    def push_stock(self, levels: Sequence[StockLevel]) -> list[StockResult]:
        """Set by comparison: what the shop has sold since we looked is not written over."""
        location = self._location()
        errors: dict[str, str] = {}
        wanted = {level.platform_sku: max(level.quantity, 0) for level in levels}
        for _number in range(STALE_TRIES):
            rows = self._stock_rows(wanted, location, errors)
            wanted = self._set_stock(rows, errors) if rows else {}
            if not wanted:
                break
        errors |= dict.fromkeys(wanted, "the quantity there changed each time it was to be set")
        return [StockResult(level.platform_sku, errors.get(level.platform_sku, "")) for level in levels]

    def _location(self) -> str:
        known = self.account.options.get("location")
        return gid("Location", str(known)) if known else self.ask(queries.LOCATION)["location"]["id"]

    def _stock_rows(self, wanted: Mapping[str, int], location: str, errors: dict[str, str]) -> dict[str, dict]:
        """Article -> what is to be written, for those whose quantity there differs."""
        ids = [gid("ProductVariant", sku) for sku in wanted]
        nodes = self.ask(queries.STOCK, ids=ids, location=location)["nodes"]
        rows = {}
        for (sku, quantity), node in zip(wanted.items(), nodes, strict=True):
            level = ((node or {}).get("inventoryItem") or {}).get("inventoryLevel")
            if not level:
                errors[sku] = "not stocked at this location" if node else "the article is not known there"
                continue
            now = level["quantities"][0]["quantity"]
            if now != quantity:
                rows[sku] = {
                    "inventoryItemId": node["inventoryItem"]["id"],
                    "locationId": location,
                    "quantity": quantity,
                    "changeFromQuantity": now,
                }
        return rows

    def _set_stock(self, rows: Mapping[str, dict], errors: dict[str, str]) -> dict[str, int]:
        """Write; all of it or nothing takes effect.

        :return: article -> quantity of what has to be looked at and written again
        """
        asked = {"name": "available", "reason": "correction", "quantities": list(rows.values())}
        # One key for one attempt, however often it is sent; a later one that looks the same is another.
        key = str(uuid.uuid4())
        problems = self.ask(queries.SET_STOCK, input=asked, key=key)["inventorySetQuantities"]["userErrors"]
        skus, bad = list(rows), set()
        for problem in problems:
            place = next((int(part) for part in problem.get("field") or () if str(part).isdecimal()), None)
            if problem.get("code") in STALE:
                continue
            concerned = skus if place is None else skus[place : place + 1]
            errors |= {sku: f"{problem.get('code') or ''} {problem['message']}".strip() for sku in concerned}
            bad.update(concerned)
        return {sku: row["quantity"] for sku, row in rows.items() if sku not in bad} if problems else {}


def gid(kind: str, number: str) -> str:
    """A global id.

    >>> gid("Order", "7")
    'gid://shopify/Order/7'
    """
    return f"gid://shopify/{kind}/{number}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
