"""A platform as plain as can be, to try what is common to all: a list by time of change, single orders, bearer tokens."""

import json
from datetime import UTC, datetime, timedelta, timezone

from .server import Call, FakeServer, Reply

CHINA = timezone(timedelta(hours=8))


class FakePlainShop(FakeServer):
    """``orders``: number -> order in our words, with ``changed`` (seconds since 1970). ``tokens``: those still good.

    ``parcels``: number -> {tracking number: {"carrier", "lines", "complete"}} as confirmed; each must be new and its
    lines within the order. ``stock``: article -> quantity; ``unknown``: articles that are refused.
    """

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict] = {}
        self.parcels: dict[str, dict[str, dict]] = {}
        self.stock: dict[str, int] = {}
        self.unknown: set[str] = set()
        self.tokens = {"first"}
        self.page_size = 2
        self.stock_batch = 3

    def put(self, number: str, changed: int, **more: object) -> None:
        """Place or change an order."""
        lines = [{"sku": "TEA", "quantity": 1, "line_id": f"{number}-1"}]
        self.orders[number] = {"external_id": number, "changed": changed, "lines": lines, **more}

    def name_of(self, call: Call) -> str:
        return call.path.split("/")[1]

    def answer(self, call: Call) -> Reply:
        if call.name == "renew":
            self.tokens = {"second"}
            return _reply({"token": "second"})
        if call.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _reply({"error": "token"}, 401)
        asked = {"order": self._order, "ship": self._ship, "shipped": self._shipped, "stock": self._stock,
                 "numbers": self._numbers}.get(call.name)  # fmt: skip
        return asked(call) if asked else self._page(call)

    def _page(self, call: Call) -> Reply:
        start, end, page = (int(call.query[key]) for key in ("start", "end", "page"))
        found = [order for order in self.orders.values() if start <= order["changed"] < end]
        found.sort(key=lambda order: (-order["changed"], order["external_id"]))
        pages = max(1, -(-len(found) // self.page_size))
        return _reply({"pages": pages, "orders": found[(page - 1) * self.page_size : page * self.page_size]})

    def _order(self, call: Call) -> Reply:
        return _reply(self.orders.get(call.path.split("/")[2]))

    def _shipped(self, call: Call) -> Reply:
        return _reply(sorted(self.parcels.get(call.path.split("/")[2], ())))

    def _ship(self, call: Call) -> Reply:
        """Refused: an order that is not there or cancelled, and a parcel that was confirmed before."""
        asked = json.loads(call.body)
        order, known = self.orders.get(asked["order"]), self.parcels.setdefault(asked["order"], {})
        if not order or order.get("status") == "cancelled":
            return _reply({"error": "no such order to ship"}, 400)
        if any(parcel["tracking"] in known for parcel in asked["parcels"]):
            return _reply({"error": "shipped twice"}, 400)
        for parcel in asked["parcels"]:
            known[parcel["tracking"]] = {**parcel, "complete": asked["complete"]}
        return _reply({"ok": True})

    def _stock(self, call: Call) -> Reply:
        levels = json.loads(call.body)
        if len(levels) > self.stock_batch:
            return _reply({"error": "too many articles"}, 400)
        self.stock |= {article: quantity for article, quantity in levels.items() if article not in self.unknown}
        return _reply({article: "no such article" for article in levels if article in self.unknown})

    def _numbers(self, call: Call) -> Reply:
        day = call.query["day"]
        return _reply([n for n, order in self.orders.items() if _day(order) == day])


def _day(order: dict) -> str:
    made = order.get("ordered_at")
    moment = datetime.fromisoformat(made) if made else datetime.fromtimestamp(order["changed"], UTC)
    return moment.astimezone(CHINA).date().isoformat()


def _reply(found: object, status: int = 200) -> Reply:
    return Reply(json.dumps(found).encode(), status)
