"""Our own mini-program: its orders are ours and come signed in our words; WeChat wants to know of their shipping."""

from ..registry import Platform, register
from .client import WechatMiniClient
from .mapper import read_order
from .push import MiniPush

PLATFORM = register(
    Platform(
        "wechat_mini",
        "WeChat mini-program",
        WechatMiniClient,
        read_order,
        push=MiniPush(),
        default_url="https://api.weixin.qq.com",
        token_lasts=False,
    )
)
