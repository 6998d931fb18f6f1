"""A supplier's order system: takes each key once, signs what it says, and misbehaves as it is told."""

import json
import time

from odoo.addons.distrib_inventory.engine.supplier import signature

from .server import Call, FakeServer, Reply

SECRET = "shared between both sides"


class FakeSupplier(FakeServer):
    """``taken``: key -> body as it took effect. ``effects`` counts them; a repetition under the same key has none.

    ``conflicts``: keys that came again with other content; ``strangers``: posts whose signature is not good.
    """

    def __init__(self, secret: str = SECRET) -> None:
        super().__init__()
        self.secret = secret
        self.taken: dict[str, bytes] = {}
        self.effects = 0
        self.conflicts: list[str] = []
        self.strangers = 0
        self.sign_with = secret

    def name_of(self, call: Call) -> str:
        return call.path.strip("/") or "orders"

    def answer(self, call: Call) -> Reply:
        headers = call.headers
        stamp, mark = headers.get(signature.TIMESTAMP_HEADER, ""), headers.get(signature.SIGNATURE_HEADER, "")
        if signature.verify(self.secret, stamp, mark, call.body, time.time()):
            self.strangers += 1
            return self.say({"status": "error", "message": "signature"}, 401)
        key = headers.get("Idempotency-Key", "")
        with self.lock:
            if key in self.taken:
                if self.taken[key] != call.body:
                    self.conflicts.append(key)
                    return self.say({"status": "error", "message": "other content"}, 422)
                return self.say({"status": "duplicate", "reference": f"S-{key}"})
            self.taken[key] = call.body
            self.effects += 1
        return self.say({"status": "received", "reference": f"S-{key}"})

    def say(self, words: object, status: int = 200, **more: str) -> Reply:
        """A signed reply."""
        body = json.dumps(words).encode()
        stamp = int(time.time())
        mark = signature.sign(self.sign_with, stamp, body)
        signed = {signature.TIMESTAMP_HEADER: str(stamp), signature.SIGNATURE_HEADER: mark}
        return Reply(body, status, {"Content-Type": "application/json", **signed, **more})
