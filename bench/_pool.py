"""Orders for measurements of the pool: a few warehouses full of goods, a channel, and orders of many buyers."""

import json
import random

from tools.steps import step

CITIES = (("湖北省", "武汉市", "洪山区"), ("江苏省", "苏州市", "姑苏区"), ("广东省", "深圳市", "南山区"),
          ("浙江省", "杭州市", "西湖区"), ("上海市", "上海市", "浦东新区"), ("四川省", "成都市", "武侯区"))  # fmt: skip


def build(env, warehouses: int, products: int, platform: str = "") -> tuple:
    """(warehouses, products, channel); every product lies a million times in every warehouse."""
    with step(f"{warehouses} warehouses, {products} products, a channel"):
        quiet = {"tracking_disable": True}
        cities = env["distrib.region"].search([("kind", "=", "city")], order="id", limit=warehouses)
        sites = env["stock.warehouse"].with_context(**quiet).create(
            [
                {"name": f"Bench {i:02d}", "code": f"B{i:02d}", "network_tier": "central", "region_id": city.id}
                for i, city in enumerate(cities)
            ]
        )  # fmt: skip
        goods = env["product.product"].with_context(**quiet).create(
            [{"name": f"Bench {i:04d}", "default_code": f"SKU{i:04d}", "is_storable": True} for i in range(products)]
        )  # fmt: skip
        env.flush_all()
        env.cr.execute(
            """
            INSERT INTO stock_quant (product_id, location_id, company_id, quantity, reserved_quantity, in_date,
                                     create_uid, write_uid, create_date, write_date)
            SELECT p, w.lot_stock_id, w.company_id, 1000000, 0, now(), 1, 1, now(), now()
              FROM unnest(%s) AS p, stock_warehouse w WHERE w.id = ANY(%s)
            """,
            (goods.ids, sites.ids),
        )
        env.invalidate_all()
        channel = env["distrib.channel"].create(
            {"name": "Bench Shop", "code": "BENCH", "warehouse_ids": sites.ids, "platform": platform}
        )
        channel.app_secret = "bench"
        env.cr.commit()
        env.cr.execute("ANALYZE stock_quant")
    return sites, goods, channel


def orders(count: int, products: int, seed: int, prefix: str = "A") -> list[dict]:
    """Orders in our words: one to three lines, three in five of a new buyer."""
    rng = random.Random(seed)
    buyers = max(1, count * 3 // 5)
    return [_order(rng, f"{prefix}{number:06d}", rng.randrange(buyers), products) for number in range(count)]


def _order(rng: random.Random, number: str, buyer: int, products: int) -> dict:
    province, city, district = CITIES[buyer % len(CITIES)]
    lines = [
        {"sku": f"SKU{sku:04d}", "quantity": rng.randint(1, 3), "price_unit": 9.5 + sku % 40, "line_id": str(place)}
        for place, sku in enumerate(rng.sample(range(products), rng.choice((1, 1, 2, 3))))
    ]
    return {
        "external_id": number,
        "version": "1",
        "partner": {
            "name": f"Buyer {buyer}",
            "phone": f"139{ord(number[0]) % 10}{buyer:07d}",
            "province": province,
            "city": city,
            "district": district,
            "street": f"{1 + buyer % 300}号",
        },
        "lines": lines,
    }


def bodies(found: list[dict]) -> list[bytes]:
    """The orders as they come over the wire."""
    return [json.dumps(order, ensure_ascii=False).encode() for order in found]
