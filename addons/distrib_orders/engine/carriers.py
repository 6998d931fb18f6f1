"""Codes of the large Chinese carriers on the platforms, as suggestions: a manager accepts or corrects each."""

import re
import unicodedata
from collections.abc import Iterable

# names by which we may know a carrier -> platform -> its code there
CARRIERS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("sf", "shunfeng", "sfexpress", "顺丰"), {"top": "SF", "jd": "467", "wechat_shop": "SF", "wechat_mini": "SF",
     "douyin": "shunfeng", "pdd": "44", "shopify": "SF Express"}),
    (("yto", "yuantong", "圆通"), {"top": "YTO", "jd": "463", "wechat_shop": "YTO", "wechat_mini": "YTO",
     "douyin": "yuantong", "pdd": "85", "shopify": "YTO Express"}),
    (("zto", "zhongtong", "中通"), {"top": "ZTO", "jd": "1499", "wechat_shop": "ZTO", "wechat_mini": "ZTO",
     "douyin": "zhongtong", "pdd": "115", "shopify": "ZTO Express"}),
    (("sto", "shentong", "申通"), {"top": "STO", "jd": "470", "wechat_shop": "STO", "wechat_mini": "STO",
     "douyin": "shentong", "pdd": "1", "shopify": "STO Express"}),
    (("yunda", "yd", "韵达"), {"top": "YUNDA", "jd": "1327", "wechat_shop": "YD", "wechat_mini": "YD",
     "douyin": "yunda", "pdd": "121", "shopify": "Yunda Express"}),
    (("ems", "邮政特快", "邮政速递"), {"top": "EMS", "jd": "465", "wechat_shop": "EMS", "wechat_mini": "EMS",
     "douyin": "ems", "pdd": "118", "shopify": "China Post"}),
    (("own", "自有车队", "商家自送", "自送"), {"jd": "1274"}),
)  # fmt: skip


def suggest(platform: str, names: Iterable[str]) -> str:
    """The platform's code for a carrier that is known under some of these names; empty when none is known.

    >>> suggest("top", ["carrier-3", "顺丰速运"]), suggest("pdd", ["Zhongtong"]), suggest("top", ["Swift Eagle"])
    ('SF', '115', '')
    """
    wanted = [_plain(name) for name in names if name]
    for aliases, codes in CARRIERS:
        if any(_fits(alias, name) for alias in aliases for name in wanted):
            return codes.get(platform, "")
    return ""


def _fits(alias: str, name: str) -> bool:
    return alias in name if not alias.isascii() else alias == name or (len(alias) > 3 and name.startswith(alias))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
