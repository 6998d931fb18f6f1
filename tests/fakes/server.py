"""The ground under each fake: a real HTTP server in a thread, and the faults it can be told to make."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Call:
    """A request as it arrived; ``name`` is what the fake calls the interface it is for."""

    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: bytes
    name: str = ""


@dataclass
class Reply:
    """An answer; ``body`` goes out as it stands."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass
class Fault:
    """What goes wrong with one call.

    ``kind``: ``reply`` (``reply`` is sent instead, nothing takes effect), ``after`` (the call takes effect, then
    ``reply`` is sent), ``drop`` (the connection is closed before anything happens), ``lost`` (the call takes effect, then
    the connection is closed), ``truncated`` (half of the answer), ``slow`` (``seconds`` later).
    ``name``: only for this interface; empty for any.
    """

    kind: str
    name: str = ""
    reply: Reply | None = None
    seconds: float = 0.0


class FakeServer:
    """Start with ``with``; ``url`` is where it listens. Subclasses give ``name_of`` and ``answer``.

    ``calls`` keeps the names of all calls, ``faults`` those still to be made, in this sequence; ``chance`` may add a
    fault to any call (a function of the call, for seeded storms).
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.faults: deque[Fault] = deque()
        self.chance: Callable[[Call], Fault | None] = lambda call: None
        self.now: Callable[[], float] = time.time
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def name_of(self, call: Call) -> str:
        """What the interface is called that a request is for."""
        return call.path

    def answer(self, call: Call) -> Reply:
        """What the real one would do and say."""
        raise NotImplementedError

    def fail(self, *faults: Fault) -> None:
        """Let the next calls go wrong."""
        self.faults.extend(faults)

    def count(self, name: str) -> int:
        """How often an interface was called."""
        return self.calls.count(name)

    def _fault(self, call: Call) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.name in ("", call.name):
                    self.faults.remove(fault)
                    return fault
            return self.chance(call)

    def _serve(self, call: Call) -> tuple[Reply | None, bool]:
        """The answer, or None where the connection breaks; and whether it breaks in the middle of it."""
        call.name = self.name_of(call)
        fault = self._fault(call) or Fault("none")
        with self.lock:
            self.calls.append(call.name)
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault.kind == "drop":
            return None, False
        if fault.kind == "reply":
            return fault.reply, False
        with self.lock:
            reply = self.answer(call)
        if fault.kind == "lost":
            return None, False
        return fault.reply if fault.kind == "after" else reply, fault.kind == "truncated"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60
            disable_nagle_algorithm = (
                True  # head and body are two writes: the second would wait 40 ms for the other side
            )

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                reply, broken = fake._serve(Call(self.command, parts.path, query, self.headers, body))
                if reply is None:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for key, value in reply.headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body[: len(reply.body) // 2] if broken else reply.body)
                if broken:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *arguments: object) -> None:
                """Keep the test output clean; ``calls`` has what was asked."""

        return Handler
