"""What all of WeChat's server interfaces share: the token in the address, and errors in an answer that says HTTP 200."""

import json
from datetime import datetime, timedelta
from typing import Any

from ..client import Client
from ..errors import Refused, TokenExpired, TryLater, Unknown
from ..order import CHINA
from ..types import Token

TOKEN_BAD = {40001, 40014, 41001, 42001, 42007}
BUSY = {-1, 10060012, 10060019}
TOO_FAST = {45011}
QUOTA = {45009}
REASONS = {
    40013: "the App ID is wrong",
    40125: "the App Secret is wrong",
    40164: "this server's address is not on the account's list of allowed addresses",
    47001: "the platform cannot read our message",
    48001: "the account has no permission for this interface",
}


class WechatClient(Client):
    """``account.key`` is the App ID, ``account.secret`` its App Secret."""

    def post(self, path: str, body: dict, safe: bool = True) -> dict:
        """One call with the token, tried again as :meth:`Client.call` does.

        Raises TokenExpired, TryLater, Refused, and Unknown where ``safe`` is false and the answer was lost.
        """
        return self.call(lambda: self._post(path, body), safe)

    def _post(self, path: str, body: dict) -> dict:
        if not self.account.token:
            raise TokenExpired("no token yet")
        return self._answer(path, body, params={"access_token": self.account.token})

    def _answer(self, path: str, body: dict, **options: Any) -> dict:
        found = self.json(
            "POST",
            f"{self.account.url.rstrip('/')}{path}",
            data=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
            **options,
        )
        if not isinstance(found, dict):
            raise Unknown("the answer is not an object", "not_json")
        code = int(found.get("errcode") or 0)
        if code:
            raise self._error(code, str(found.get("errmsg") or ""))
        return found

    def _error(self, code: int, text: str) -> Exception:
        """What an ``errcode`` means for us."""
        said = f"{REASONS.get(code, '')} {text}".strip()[:300]
        if code in TOKEN_BAD:
            return TokenExpired(said, str(code))
        if code in BUSY:
            return TryLater(said, str(code))
        if code in TOO_FAST:
            return TryLater(said, str(code), 60.0)
        if code in QUOTA:
            return TryLater(said, str(code), self._until_tomorrow())
        return Refused(said, str(code))

    def _until_tomorrow(self) -> float:
        """Seconds until the day's quota is given out again, at midnight of Beijing."""
        now = self.now().astimezone(CHINA)
        tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), CHINA)
        return (tomorrow - now).total_seconds()

    def renew(self) -> Token:
        """The stable token: others who use the account keep theirs, which is why nothing is forced."""
        body = {
            "grant_type": "client_credential",
            "appid": self.account.key,
            "secret": self.account.secret,
            "force_refresh": False,
        }
        found = self.call(lambda: self._answer("/cgi-bin/stable_token", body))
        if not found.get("access_token"):
            raise Unknown("the platform gave no token", "no_token")
        return Token(found["access_token"], self.now() + timedelta(seconds=int(found.get("expires_in") or 7200)))
