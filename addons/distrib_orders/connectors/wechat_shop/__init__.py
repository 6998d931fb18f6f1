"""WeChat shop (微信小店, formerly 视频号小店): orders pulled by change, events as hints, money in fen."""

from ..registry import Platform, register
from .client import WechatShopClient
from .mapper import read_order
from .push import WechatPush

PLATFORM = register(
    Platform(
        "wechat_shop",
        "WeChat shop",
        WechatShopClient,
        read_order,
        push=WechatPush(),
        default_url="https://api.weixin.qq.com",
        token_lasts=False,
    )
)
