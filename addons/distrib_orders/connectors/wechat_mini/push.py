"""The mini-program's own server calls us, signed as :mod:`..webhook.push` says, with a secret of its own: the App Secret
belongs to WeChat's interfaces and need not be known there.
"""

from dataclasses import replace

from ..types import Account, Push
from ..webhook.push import WebhookPush


class MiniPush(WebhookPush):
    def verify(self, push: Push, account: Account, now: float) -> bool:
        return super().verify(push, replace(account, secret=account.push_token), now)
