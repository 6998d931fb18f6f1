"""What can go wrong between us and a platform, by what has to be done about it."""


class ChannelError(Exception):
    """A call to a platform did not do what it should. ``code`` is the platform's own word for it."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class TryLater(ChannelError):
    """Busy, limited or down: the same call may succeed in ``after`` seconds (None: the usual pause)."""

    def __init__(self, message: str, code: str = "", after: float | None = None) -> None:
        super().__init__(message, code)
        self.after = after


class TokenExpired(ChannelError):
    """The access token is no longer valid: renew it, then call again."""


class Refused(ChannelError):
    """The call is wrong and stays wrong: someone has to look at it."""


class Unknown(ChannelError):
    """The call may have taken effect, its answer was lost: ask before doing it again."""
