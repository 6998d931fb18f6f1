"""Demand history of any size for measurements: warehouses and products through core, days in month blocks."""

import numpy as np

from bench import _network
from tools.steps import step

CATEGORIES = 20
AT_ONCE = 20_000


def build(env, pairs: int, days: int, seed: int, end: np.datetime64, warehouses: int = 150) -> tuple[list, list]:
    """Create ``pairs`` = warehouses x products with ``days`` of demand up to ``end``; return warehouse and product ids.

    Six regional warehouses are supplied by a central one and supply the others; each product has a supplier. Demand is
    lumpy and seasonal by weekday, gamma distributed over pairs; some pairs start late, 3 % of the days are stock-outs.
    """
    from odoo.addons.distrib_inventory.engine import demand

    products = max(1, round(pairs / warehouses))
    with step(f"{warehouses} warehouses x {products:,} products x {days} days"):
        rng = np.random.default_rng(seed)
        warehouse_ids, product_ids = _places_and_goods(env, warehouses, products)
        span = end - np.arange(days - 1, -1, -1)
        for begin in range(0, products, max(1, AT_ONCE // warehouses)):
            chosen = np.array(product_ids[begin : begin + max(1, AT_ONCE // warehouses)])
            quantity, in_stock = _sales(rng, len(chosen) * warehouses, span)
            _store(env, demand, np.array(warehouse_ids), chosen, span, quantity, in_stock)
        env.cr.execute("ANALYZE distrib_demand_block, product_product, product_template, stock_warehouse")
        env.invalidate_all()
    return warehouse_ids, product_ids


def _places_and_goods(env, warehouses: int, products: int) -> tuple[list, list]:
    warehouse_ids = _network._warehouses(env, warehouses)
    found = env["stock.warehouse"].browse(warehouse_ids)
    central, regional = found[0], found[1:7]
    regional.write({"supply_parent_id": central.id, "supply_lead_days": 4, "supply_lead_sigma": 1})
    for place, parent in enumerate(regional):
        found[7:][place::6].write({"supply_parent_id": parent.id, "supply_lead_days": 2, "supply_lead_sigma": 0.5})
    found.write({"dealer_id": False})
    categories = env["product.category"].create([{"name": f"Bench {i}"} for i in range(CATEGORIES)])
    values = [
        {
            "name": f"Bench {i:05d}",
            "default_code": f"SKU{i:05d}",
            "is_storable": True,
            "standard_price": 2 + i % 50,
            "categ_id": categories[i % CATEGORIES].id,
        }
        for i in range(products)
    ]
    made = env["product.product"].with_context(tracking_disable=True).create(values)
    supplier = env["res.partner"].create({"name": "Bench Supplier Ltd", "is_company": True})
    env["product.supplierinfo"].create(
        [{"partner_id": supplier.id, "product_tmpl_id": p.product_tmpl_id.id, "delay": 7, "price": 2} for p in made]
    )
    env.flush_all()
    return warehouse_ids, made.ids


def _sales(rng: np.random.Generator, count: int, span: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weekday = (span.astype("datetime64[D]").astype(int) + 3) % 7
    usual = rng.gamma(0.8, 2.5, (count, 1)) + 0.02
    quantity = rng.poisson(usual * (1 + 0.3 * (weekday > 4)), (count, len(span))).astype(np.float32)
    in_stock = np.ones_like(quantity)
    out = rng.random(quantity.shape) < 0.03
    in_stock[out], quantity[out] = 0, 0
    late = np.flatnonzero(rng.random(count) < 0.05)
    quantity[late, : len(span) // 2] = in_stock[late, : len(span) // 2] = np.nan
    return quantity, in_stock


def _store(env, demand, warehouse_ids, product_ids, span, quantity, in_stock) -> None:
    """Cut days into month blocks; rows are product by product, in each all warehouses."""
    warehouse = np.tile(warehouse_ids, len(product_ids))
    product = np.repeat(product_ids, len(warehouse_ids))
    months = span.astype("datetime64[M]")
    for month in np.unique(months):
        at = np.flatnonzero(months == month)
        first = (span[at[0]] - month.astype("datetime64[D]")).astype(int)
        values = np.full((4, len(warehouse), 31), np.nan, np.float32)
        values[0][:, first : first + len(at)] = quantity[:, at]
        values[1][:, first : first + len(at)] = in_stock[:, at]
        values[3][:, first : first + len(at)] = 0
        days = np.full(len(warehouse), month.astype("datetime64[D]"))
        env["distrib.demand"]._upsert_blocks(demand.Blocks(warehouse, product, days, values))
