"""The life of one message to a supplier, and what a reply of his system means.

    queued -> sending -> sent -> acknowledged -> confirmed | rejected
       ^         |         |
       |---------+ retry   + bounce -> failed -> (resend) queued
                 + refuse ----------->

A message that the supplier has never goes back to the queue by itself. An answer of the supplier proves that he has the
message, whatever became of the reply to our own call; so it is taken in every state.
"""

from collections.abc import Mapping
from dataclasses import dataclass

QUEUED, SENDING, SENT, ACKNOWLEDGED = "queued", "sending", "sent", "acknowledged"
CONFIRMED, REJECTED, FAILED, SUPERSEDED = "confirmed", "rejected", "failed", "superseded"
STATES = (QUEUED, SENDING, SENT, ACKNOWLEDGED, CONFIRMED, REJECTED, FAILED, SUPERSEDED)
HELD_BY_SUPPLIER = (SENT, ACKNOWLEDGED, CONFIRMED, REJECTED)

_ANSWERS = {"acknowledge": ACKNOWLEDGED, "confirm": CONFIRMED, "reject": REJECTED}
# What the worker reports after an answer has overtaken it changes nothing any more.
_LATE = dict.fromkeys(("accept", "retry", "refuse", "expire"))
_TABLE = {
    QUEUED: {"take": SENDING, "supersede": SUPERSEDED, "refuse": FAILED, **_ANSWERS},
    SENDING: {"accept": SENT, "retry": QUEUED, "refuse": FAILED, "expire": QUEUED, **_ANSWERS},
    SENT: {**_LATE, **_ANSWERS, "bounce": FAILED},
    ACKNOWLEDGED: {**_LATE, **_ANSWERS, "bounce": None},
    CONFIRMED: {**_LATE, **_ANSWERS, "acknowledge": None, "bounce": None},
    REJECTED: {**_LATE, **_ANSWERS, "acknowledge": None, "bounce": None},
    FAILED: {"resend": QUEUED, "supersede": SUPERSEDED, **_ANSWERS},
    SUPERSEDED: {},
}


class WrongStep(ValueError):
    """The event is not possible in this state."""


def step(state: str, event: str) -> str:
    """The state after an event.

    :raise WrongStep: the event cannot happen in this state

    >>> step("queued", "take"), step("sending", "retry"), step("confirmed", "retry")
    ('sending', 'queued', 'confirmed')
    >>> step("sent", "take")
    Traceback (most recent call last):
    distrib_inventory.engine.supplier.state.WrongStep: take in state sent
    """
    try:
        target = _TABLE[state][event]
    except KeyError:
        raise WrongStep(f"{event} in state {state}") from None
    return state if target is None else target


def can(state: str, event: str) -> bool:
    """Whether the event is possible in this state.

    >>> can("failed", "resend"), can("sent", "resend")
    (True, False)
    """
    return event in _TABLE.get(state, ())


def backoff(attempt: int, jitter: float, base: float = 60.0, cap: float = 6 * 3600.0) -> float:
    """Seconds until the next try: base * 2^(attempt - 1), at most cap, of which the second half is drawn by chance.

    Half fixed, half drawn ("equal jitter", M. Brooker, Exponential Backoff and Jitter, 2015): many orders that failed
    together do not come back together, and none comes back at once.

    :param attempt: number of tries so far, from 1
    :param jitter: in [0, 1)

    >>> backoff(1, 0.0), backoff(1, 0.5), backoff(4, 0.0), backoff(99, 0.0)
    (30.0, 45.0, 240.0, 10800.0)
    """
    if attempt < 1 or not 0 <= jitter < 1:
        raise ValueError("attempt counts from 1, jitter lies in [0, 1)")
    full = min(cap, base * 2.0 ** min(attempt - 1, 40))
    return full / 2 + full / 2 * jitter


@dataclass(frozen=True)
class Reply:
    """What came back. ``status`` None: nothing, for the reason in ``error`` (timeout, connect, closed, tls, big)."""

    status: int | None
    body: Mapping | None = None
    error: str = ""
    signed: bool | None = None
    """True or False where the supplier signs his replies; None where he does not."""
    retry_after: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What a reply means: event ``accept``, ``retry`` or ``refuse``; why; and whether the supplier may have the order."""

    event: str
    code: str
    maybe_taken: bool
    retry_after: float | None = None
    acknowledged: bool = False
    reference: str = ""
    text: str = ""


# Asked again in vain: the request itself, the address or the password is wrong.
_PASSING = (408, 409, 425, 429)
TAKEN_WORDS = ("accepted", "received", "acknowledged", "duplicate", "ok")
LONGEST_WAIT = 24 * 3600.0


def judge(reply: Reply, speaks_json: bool = True) -> Verdict:
    """Read a reply. Where it is open whether the order arrived, the answer is to ask again under the same key.

    :param speaks_json: the supplier answers with ``{"status": ..}``; else any 2xx means that he has it

    >>> judge(Reply(200, {"status": "received", "reference": "S1"}, signed=True)).event
    'accept'
    >>> judge(Reply(200, {"status": "error", "message": "unknown item"})).code
    'refused'
    >>> judge(Reply(429, retry_after=7)).retry_after
    7
    >>> judge(Reply(None, error="timeout")).maybe_taken, judge(Reply(None, error="connect")).maybe_taken
    (True, False)
    """
    if reply.status is None:
        return Verdict("retry", reply.error or "closed", reply.error not in ("connect", "tls"))
    if not 200 <= reply.status < 300:
        return _judge_status(reply)
    if reply.signed is False:
        return Verdict("retry", "bad_signature", True)
    if not speaks_json:
        return Verdict("accept", "", True)
    return _judge_body(reply)


def _judge_status(reply: Reply):
    words = reply.body or {}
    known = {"reference": _word(words, "reference"), "text": _word(words, "message")}
    # 409 with the word "duplicate" is how some say that they have it: under our key it is this very order.
    if reply.status == 409 and words.get("status") == "duplicate" and reply.signed is not False:
        return Verdict("accept", "", True, **known)
    wait = None if reply.retry_after is None else min(max(reply.retry_after, 0), LONGEST_WAIT)
    if reply.status >= 500:
        return Verdict("retry", "server_error", True, wait, **known)
    if reply.status in _PASSING:
        return Verdict("retry", "busy", False, wait, **known)
    code = "redirect" if 300 <= reply.status < 400 else "refused"
    return Verdict("refuse", code, False, **known)


def _judge_body(reply: Reply):
    words = reply.body
    if not isinstance(words, Mapping):
        return Verdict("retry", "unreadable", True)
    known = {"reference": _word(words, "reference"), "text": _word(words, "message")}
    status = words.get("status")
    if status in TAKEN_WORDS:
        return Verdict("accept", "", True, acknowledged=status == "acknowledged", **known)
    if status in ("error", "rejected"):
        if words.get("retry") is True:
            return Verdict("retry", "busy", False, **known)
        return Verdict("refuse", "refused", False, **known)
    return Verdict("retry", "unreadable", True, **known)


def _word(words: dict, key: str, limit: int = 200):
    value = words.get(key) if isinstance(words, Mapping) else None
    return str(value)[:limit] if isinstance(value, str | int) and not isinstance(value, bool) else ""
