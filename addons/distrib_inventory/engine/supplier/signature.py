"""Signatures of messages and answers: HMAC-SHA256 over time stamp, a dot, and the body as it travels (RFC 2104).

Header ``X-Distrib-Timestamp``: seconds since 1970; header ``X-Distrib-Signature``: ``v1=`` and 64 hexadecimal digits.
The time stamp is signed with the body, so that neither can be exchanged.
"""

import hashlib
import hmac

TIMESTAMP_HEADER = "X-Distrib-Timestamp"
SIGNATURE_HEADER = "X-Distrib-Signature"
WINDOW = 300
"""Seconds by which the clocks may differ, and in which an answer can be repeated at most."""
SHORTEST_SECRET = 16


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature header of a body.

    >>> sign("k" * 16, 1700000000, b"{}")[:11], len(sign("k" * 16, 1700000000, b"{}"))
    ('v1=6d58fb78', 67)
    """
    if len(secret) < SHORTEST_SECRET:
        raise ValueError("the secret is too short")
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256)
    return "v1=" + digest.hexdigest()


def verify(secret: str, timestamp: str, signature: str, body: bytes, now: float, window: float = WINDOW) -> str:
    """Why a signature is not good: ``""`` good, ``missing``, ``stale`` (time stamp outside the window) or ``wrong``.

    >>> verify("k" * 16, "1700000000", sign("k" * 16, 1700000000, b"{}"), b"{}", 1700000200.0)
    ''
    >>> verify("k" * 16, "1700000000", sign("k" * 16, 1700000000, b"{}"), b"{ }", 1700000200.0)
    'wrong'
    >>> verify("k" * 16, "1700000000", sign("k" * 16, 1700000000, b"{}"), b"{}", 1700000301.0)
    'stale'
    """
    if not (secret and timestamp and signature):
        return "missing"
    # int() would take signs, blanks, underscores and digits of other scripts
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12 and signature.isascii()):
        return "wrong"
    # constant time, and before the clock: who cannot sign learns nothing about the clock
    if not hmac.compare_digest(sign(secret, int(timestamp), body), signature):
        return "wrong"
    return "" if abs(now - int(timestamp)) <= window else "stale"
