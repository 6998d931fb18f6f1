"""Products of an invented consumer-goods house: names, codes, prices and how each one's sales behave."""

import math

import numpy as np

from .geography import CITIES
from .types import Category, Product, Supplier

# season_peak: day of the year with the highest sales; weekend: factor on Saturday and Sunday in shops;
# warmth: change of log demand by degree above the usual; festive: factor in the weeks before Spring Festival.
CATEGORIES = (
    Category(
        "beverage", "Beverages", "饮料", 200, 0.45, 1.25, 0.030, 1.15, 0.42, (3.0, 9.0), 0,
        (("Yunxi", "云汐"), ("Greenridge", "青坡"), ("Orchard Lane", "果巷"), ("Nine Bends", "九曲湾")),
        (("Jasmine Tea", "茉莉花茶", 0.55), ("Lemon Tea", "柠檬茶", 0.55), ("Spring Water", "天然泉水", 0.6),
         ("Sparkling Water", "气泡水", 0.5), ("Coconut Drink", "椰子汁", 0.35)),
        (("500 ml", "500毫升"), ("Sugar Free 500 ml", "无糖500毫升"), ("1 L", "1升"), ("250 ml", "250毫升")),
    ),
    Category(
        "snack", "Snacks", "休闲零食", 20, 0.20, 1.30, 0.000, 1.60, 0.45, (6.0, 26.0), 240,
        (("Crisp Alley", "脆巷"), ("Duoguo", "朵果"), ("Nutfield", "坚果田"), ("Old Mill", "老磨坊")),
        (("Potato Chips", "薯片", 0.11), ("Mixed Nuts", "混合坚果", 0.25), ("Dried Mango", "芒果干", 0.12),
         ("Rice Crackers", "米饼", 0.2), ("Sunflower Seeds", "瓜子", 0.26)),
        (("Original", "原味"), ("Spicy", "香辣味"), ("Seaweed", "海苔味"), ("Honey", "蜂蜜味")),
    ),
    Category(
        "instant", "Instant food", "方便食品", 345, 0.18, 1.10, -0.008, 1.05, 0.38, (5.0, 22.0), 180,
        (("Noodle Lane", "面里巷"), ("Quick Kitchen", "快灶"), ("Hearth", "暖灶台"), ("Rivertown", "江镇")),
        (("Beef Noodles", "牛肉面", 0.12), ("Rice Noodles", "米粉", 0.28), ("Self-heating Rice", "自热米饭", 0.4),
         ("Vermicelli Soup", "粉丝汤", 0.1), ("Congee", "八宝粥", 0.36)),
        (("Classic", "经典"), ("Hot & Sour", "酸辣"), ("Mushroom", "菌菇"), ("Pepper", "藤椒")),
    ),
    Category(
        "dairy", "Dairy", "乳制品", 265, 0.12, 1.12, 0.010, 1.45, 0.30, (4.0, 68.0), 120,
        (("Cloud Pasture", "云上牧歌"), ("Snowgrass", "雪草原"), ("Milky Lane", "奶巷"), ("Highmeadow", "高草甸")),
        (("Whole Milk", "纯牛奶", 0.26), ("Yoghurt", "酸奶", 0.22), ("Oat Milk", "燕麦奶", 0.27),
         ("Milk Powder", "奶粉", 0.8), ("Cheese Sticks", "奶酪棒", 0.1)),
        (("Classic", "经典"), ("Low Fat", "低脂"), ("High Calcium", "高钙"), ("Organic", "有机")),
    ),
    Category(
        "care", "Personal care", "个人护理", 170, 0.10, 1.15, 0.004, 1.05, 0.55, (9.0, 59.0), 0,
        (("Silkrain", "丝雨集"), ("Plumwater", "梅子水"), ("Morning Dew", "朝露记"), ("Jade Pool", "玉池")),
        (("Shampoo", "洗发水", 0.55), ("Body Wash", "沐浴露", 0.6), ("Toothpaste", "牙膏", 0.16),
         ("Hand Cream", "护手霜", 0.1), ("Sun Lotion", "防晒乳", 0.12)),
        (("Fresh", "清爽型"), ("Gentle", "温和型"), ("Camellia", "山茶花"), ("Mint", "薄荷")),
    ),
    Category(
        "household", "Household cleaning", "家居清洁", 25, 0.12, 1.18, 0.000, 1.40, 0.40, (7.0, 46.0), 0,
        (("Brightnest", "明巢"), ("Clearpane", "净窗"), ("Lotus Home", "荷居"), ("White Gate", "白门")),
        (("Laundry Liquid", "洗衣液", 2.1), ("Dish Soap", "洗洁精", 1.1), ("Floor Cleaner", "地板清洁剂", 1.0),
         ("Bleach", "漂白液", 0.65), ("Kitchen Spray", "厨房清洁喷雾", 0.55)),
        (("Lemon", "柠檬香"), ("Lavender", "薰衣草香"), ("Unscented", "无香"), ("Refill", "补充装")),
    ),
    Category(
        "paper", "Paper goods", "生活用纸", 315, 0.08, 1.12, 0.000, 1.15, 0.28, (8.0, 40.0), 0,
        (("Softbamboo", "软竹叶"), ("Cotton Cloud", "棉云朵"), ("Warmleaf", "暖叶"), ("Pure Moon", "净月")),
        (("Facial Tissue", "抽纸", 0.9), ("Toilet Roll", "卷纸", 1.8), ("Kitchen Towel", "厨房纸", 0.7),
         ("Wet Wipes", "湿巾", 0.45), ("Handkerchiefs", "手帕纸", 0.3)),
        (("3-ply", "三层"), ("4-ply", "四层"), ("Travel Pack", "便携装"), ("Family Pack", "家庭装")),
    ),
    Category(
        "baby", "Mother and baby", "母婴用品", 140, 0.06, 1.08, 0.000, 1.00, 0.48, (12.0, 158.0), 0,
        (("Little Sprout", "小芽苗"), ("Softpaw", "软爪"), ("First Steps", "初步"), ("Moonboat", "月亮船")),
        (("Nappies", "纸尿裤", 1.9), ("Baby Wipes", "婴儿湿巾", 0.5), ("Baby Wash", "婴儿沐浴露", 0.4),
         ("Feeding Bottle", "奶瓶", 0.2), ("Baby Rice", "婴儿米粉", 0.3)),
        (("S", "S码"), ("M", "M码"), ("L", "L码"), ("XL", "XL码")),
    ),
)  # fmt: skip

SUPPLIERS = (
    ("Eastlake Beverage Works", "东澜饮品制造", 0, 12, 2.5),
    ("Crispfield Foods", "脆野食品", 5, 15, 3.0),
    ("Grain Harbour Foods", "谷港食品", 3, 18, 4.0),
    ("Northern Pasture Dairy", "北原乳业", 13, 10, 2.0),
    ("Silkriver Cosmetics", "丝河日化", 2, 21, 5.0),
    ("Cleanwave Chemical", "净浪日化", 9, 16, 3.5),
    ("Bambooridge Paper", "竹岭纸业", 14, 14, 3.0),
    ("Sprout Mother & Baby", "芽芽母婴用品", 7, 25, 6.0),
)
# How many of a category's goods one supplier makes before the next scale adds another one.
PER_CATEGORY = 15


def ean13(body: str) -> str:
    """The 13 digits of an EAN-13 from its first 12 (GS1 General Specifications, check digit modulo 10).

    >>> ean13("400638133393")
    '4006381333931'
    """
    if len(body) != 12 or not body.isdigit():
        raise ValueError("an EAN-13 has 12 digits before its check digit")
    total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(body))
    return body + str(-total % 10)


def suppliers() -> tuple[Supplier, ...]:
    """One invented producer for each category, in the order of :data:`CATEGORIES`."""
    return tuple(
        Supplier(f"SUP{i + 1:03d}", name, name_zh, CITIES[city], lead, spread)
        for i, (name, name_zh, city, lead, spread) in enumerate(SUPPLIERS)
    )


def _names(category: Category, index: int) -> tuple[str, str, float]:
    """English and Chinese name and weight of the ``index``-th product of a category, all different."""
    kind, rest = index % len(category.kinds), index // len(category.kinds)
    # Kinds vary fastest, then variants in threes, then brands, so that the first 15 are one brand's range.
    variant, rest = rest % 3, rest // 3
    brand, series = rest % len(category.brands), rest // len(category.brands)
    brand_en, brand_zh = category.brands[brand]
    kind_en, kind_zh, weight = category.kinds[kind]
    variant_en, variant_zh = category.variants[variant]
    mark_en, mark_zh = (f" No. {series + 1}", f"{series + 1}号") if series else ("", "")
    return f"{brand_en} {kind_en}{mark_en}, {variant_en}", f"{brand_zh}{kind_zh}{mark_zh} {variant_zh}", weight


def products(rng: np.random.Generator, count: int, days: int) -> tuple[Product, ...]:
    """``count`` products spread evenly over the categories; popularity follows a Pareto law (few sell most)."""
    # Rank sizes of exponent 0.9: the first fifth of the goods makes about two thirds of the pieces.
    popularity = rng.permutation((np.arange(count) + 1.0) ** -0.9)
    popularity /= popularity.mean()
    lives = _lives(rng, count, days)
    made = []
    for i in range(count):
        number = i % len(CATEGORIES)
        made.append(_product(rng, i, number, popularity[i], lives[i]))
    return tuple(made)


def _lives(rng: np.random.Generator, count: int, days: int) -> list[tuple[bool, int, int]]:
    """(intermittent, launched, dying) of each product: about 18 %, 8 % and 6 % of them, at least one of each."""
    lives = [(False, -1, -1)] * count
    order = rng.permutation(count)
    slow, new, old = (max(1, round(count * share)) for share in (0.18, 0.08, 0.06))
    for place, i in enumerate(order[: slow + new + old]):
        if place < slow:
            lives[i] = (True, -1, -1)
        elif place < slow + new:
            lives[i] = (False, int(rng.integers(days // 3, days - 20)), -1)
        else:
            lives[i] = (False, -1, int(rng.integers(days // 4, days // 2)))
    return lives


def _product(rng: np.random.Generator, i: int, number: int, popularity: float, life: tuple[bool, int, int]) -> Product:
    category, supplier = CATEGORIES[number], SUPPLIERS[number]
    name, name_zh, weight = _names(category, i // len(CATEGORIES))
    low, high = category.price
    # Prices end in .9 as on the shelf.
    list_price = math.floor(low + (high - low) * float(rng.beta(1.2, 2.0))) + 0.9
    intermittent, launched, dying = life
    return Product(
        sku=f"SKU{i + 1:05d}",
        # 299: the range that GS1 keeps for numbers of one's own, so that no real article is meant.
        barcode=ean13(f"299{i + 1:09d}"),
        name=name,
        name_zh=name_zh,
        category=number,
        supplier=number,
        weight=round(weight * float(rng.uniform(0.95, 1.1)), 3),
        volume=round(weight * float(rng.uniform(1.4, 2.6)) / 1000, 5),
        pack=int(rng.choice((6, 12, 24))) if list_price < 40 else int(rng.choice((4, 6))),
        cost=round(list_price * (1 - category.margin) * float(rng.uniform(0.92, 1.05)), 2),
        list_price=round(list_price, 2),
        lead_days=max(3, supplier[3] + int(rng.integers(-2, 3))),
        lead_spread=supplier[4],
        popularity=round(float(popularity) * (0.35 if intermittent else 1.0), 4),
        intermittent=intermittent,
        launched=launched,
        dying=dying,
        shelf_days=category.shelf_days,
    )
