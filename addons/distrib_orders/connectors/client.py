"""What all clients share: one HTTP session, time-outs, limits to size and tries, pauses, and the signs of trouble."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests

from .errors import Refused, TokenExpired, TryLater, Unknown
from .types import Account, Raw, Shipment, StockLevel, StockResult, Token

TIMEOUT = 20  # seconds to connect, and between two bytes
BODY_LIMIT = 20_000_000
TRIES = 5
LONGEST_PAUSE = 30.0


class Client:
    """The calls of one shop. A platform's client gives the methods marked below and leaves the trouble to ``call``.

    ``slice`` is the longest window of one list call, ``overlap`` how far a pull goes back behind its cursor, ``lag`` how
    long a change may take to show in the platform's lists, ``reach`` how far back the platform remembers, ``stock_batch``
    how many articles one stock call may hold.
    """

    slice = timedelta(minutes=30)
    overlap = timedelta(minutes=10)
    lag = timedelta(seconds=30)
    reach = timedelta(days=90)
    page_size = 50
    stock_batch = 20
    ships_whole = (
        False  # the platform takes an order in one confirmation: it is told all parcels when the last has left
    )

    def __init__(
        self,
        account: Account,
        session: requests.Session | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.account, self.now, self._sleep, self._dice = account, now, sleep, dice
        self.session = session or requests.Session()

    # A platform's own -------------------------------------------------------------------------------------------

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        """Pages of the orders that changed in a window (UTC, at most ``slice`` long), in whichever sequence loses none."""
        raise NotImplementedError

    def order(self, external_id: str) -> Raw | None:
        """One order as it is now; None when the platform does not know it."""
        raise NotImplementedError

    def refunds(self, start: datetime, end: datetime) -> Iterator[list[Raw]]:
        """Pages of the refunds that changed in a window, where they are not part of the order."""
        yield from ()

    def numbers(self, day: date) -> set[str] | None:
        """The numbers of all orders made on a day of Beijing, for the count at night; None where it cannot be asked."""
        return None

    def renew(self) -> Token:
        """A new access token. Raises Refused when the shop has to grant access again."""
        raise Refused("this platform's token cannot be renewed here")

    def ship(self, shipment: Shipment) -> None:
        """Confirm a shipment; done once and again it has one effect. Raises Unknown when the answer was lost."""
        raise NotImplementedError

    def shipped(self, external_id: str) -> set[str]:
        """The tracking numbers that the platform knows of an order: what settles an Unknown."""
        raise NotImplementedError

    def push_stock(self, levels: Sequence[StockLevel]) -> list[StockResult]:
        """Set what may be sold, at most ``stock_batch`` articles."""
        raise NotImplementedError

    def has(self, method: str) -> bool:
        """Whether the platform's client gives a method of its own."""
        return getattr(type(self), method) is not getattr(Client, method)

    # For all of them --------------------------------------------------------------------------------------------

    def call(self, send: Callable[[], Any], safe: bool = True) -> Any:
        """Do ``send`` until it succeeds or ``TRIES`` are used up. What is not ``safe`` to do twice is tried once only
        where its outcome is unknown; a limit or a refusal before it took effect is always tried again.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return send()
            except Unknown as error:
                if not safe:
                    raise
                trouble: TryLater | Unknown = error
            except TryLater as error:
                trouble = error
            if attempt < TRIES:
                self._sleep(self.pause(attempt, getattr(trouble, "after", None)))
        raise TryLater(str(trouble), trouble.code, getattr(trouble, "after", None))

    def pause(self, attempt: int, after: float | None) -> float:
        """Seconds before the next try: what the platform asks for, else doubling with jitter."""
        wait = 0.5 * 2**attempt * (0.5 + self._dice() / 2) if after is None else after + self._dice() * 0.2
        if wait > LONGEST_PAUSE:
            raise TryLater("the platform asks for a longer pause", "pause", wait)
        return wait

    def http(self, method: str, url: str, **options: Any) -> tuple[int, Mapping[str, str], bytes]:
        """One HTTP call: status, headers, body. Raises TryLater when it cannot have arrived, Unknown when it may have."""
        try:
            reply = self.session.request(method, url, timeout=TIMEOUT, stream=True, allow_redirects=False, **options)
            body = self._read(reply)
        except (requests.ConnectTimeout, requests.exceptions.ProxyError) as error:
            raise TryLater(f"no connection: {type(error).__name__}", "connect") from error
        except requests.ConnectionError as error:
            if "refused" in str(error) or "NameResolution" in str(error):
                raise TryLater("no connection", "connect") from error
            raise Unknown("the connection broke", "connection") from error
        except (requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise Unknown(f"no complete answer: {type(error).__name__}", "timeout") from error
        if reply.status_code == 429:
            raise TryLater("too many calls", "429", _seconds(reply.headers.get("Retry-After")))
        if reply.status_code >= 500:
            raise Unknown(f"HTTP {reply.status_code}", str(reply.status_code))
        return reply.status_code, reply.headers, body

    def json(self, method: str, url: str, **options: Any) -> Any:
        """One HTTP call whose answer is JSON. A broken answer leaves open what happened."""
        status, _headers, body = self.http(method, url, **options)
        if status in (401, 403):
            raise TokenExpired(f"HTTP {status}", str(status))
        try:
            found = json.loads(body)
        except ValueError as error:
            raise Unknown("the answer is not JSON", "not_json") from error
        if status >= 400:
            raise Refused(f"HTTP {status}: {str(found)[:200]}", str(status))
        return found

    @staticmethod
    def _read(reply: requests.Response) -> bytes:
        parts, size = [], 0
        for part in reply.iter_content(65536):
            size += len(part)
            if size > BODY_LIMIT:
                reply.close()
                raise Refused(f"the answer is longer than {BODY_LIMIT} bytes", "too_long")
            parts.append(part)
        return b"".join(parts)


def _seconds(text: str | None) -> float | None:
    """``Retry-After`` in seconds.

    >>> _seconds("3"), _seconds(None), _seconds("soon")
    (3.0, None, None)
    """
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def backwards(page: Callable[[int], tuple[list[Raw], int]]) -> Iterator[list[Raw]]:
    """Pages of a window that is sorted by change, newest first, read from the last page to the first.

    An order that changes meanwhile leaves the window (the next one has it) and those behind it move forward. Read
    forwards, one of them would slip over to a page already read; read backwards, it is at worst read twice.
    ``page(number)`` returns its orders and how many pages there are now.

    >>> pages = {1: ["new"], 2: ["mid"], 3: ["old"]}
    >>> [found for found in backwards(lambda number: (pages[number], 3))]
    [['old'], ['mid'], ['new']]
    """
    first, count = page(1)
    for number in range(count, 1, -1):
        yield page(number)[0]
    # read again: what moved forward from the second page while that was still to be read is here
    yield page(1)[0] if count > 1 else first
