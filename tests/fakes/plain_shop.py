"""A platform as plain as can be, to try what is common to all: a list by time of change, single orders, bearer tokens."""

import json

from .server import Call, FakeServer, Reply


class FakePlainShop(FakeServer):
    """``orders``: number -> order in our words, with ``changed`` (seconds since 1970). ``tokens``: those still good."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict] = {}
        self.tokens = {"first"}
        self.page_size = 2

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
        if call.name == "order":
            return _reply(self.orders.get(call.path.split("/")[2]))
        start, end, page = (int(call.query[key]) for key in ("start", "end", "page"))
        found = [order for order in self.orders.values() if start <= order["changed"] < end]
        found.sort(key=lambda order: (-order["changed"], order["external_id"]))
        pages = max(1, -(-len(found) // self.page_size))
        return _reply({"pages": pages, "orders": found[(page - 1) * self.page_size : page * self.page_size]})


def _reply(found: object, status: int = 200) -> Reply:
    return Reply(json.dumps(found).encode(), status)
