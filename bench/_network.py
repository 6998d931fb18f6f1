"""A network of any size for measurements: warehouses through core, products and stock in bulk SQL."""

from tools.steps import step


def build(env, warehouses: int, products: int, moves: int, seed: int) -> tuple[list[int], list[int]]:
    """Create the network and return (warehouse ids, product ids).

    Every product has a quant in every warehouse (``warehouses * products`` rows) with a tenth of them partly
    reserved, and ``moves`` planned receipts and deliveries. The numbers follow from ``seed``.
    """
    with step(f"{warehouses} warehouses, {products} products, {warehouses * products:,} quants, {moves:,} moves"):
        warehouse_ids = _warehouses(env, warehouses)
        product_ids = _products(env, products)
        env.flush_all()
        env.cr.execute("SELECT setseed(%s)", (seed % 1000 / 1000,))
        _quants(env, warehouse_ids, product_ids)
        _moves(env, warehouse_ids, product_ids, moves)
        env.cr.execute("ANALYZE stock_quant, stock_move, stock_location, product_product")
        env.invalidate_all()
    return warehouse_ids, product_ids


def _warehouses(env, count: int) -> list[int]:
    tiers = ["central"] + ["regional"] * 6 + ["dealer"] * 40
    values = [
        {"name": f"Bench {i:03d}", "code": f"B{i:03d}", "network_tier": tiers[i] if i < len(tiers) else "store"}
        for i in range(count)
    ]
    return env["stock.warehouse"].with_context(tracking_disable=True).create(values).ids


def _products(env, count: int) -> list[int]:
    values = [{"name": f"Bench {i:05d}", "default_code": f"SKU{i:05d}", "is_storable": True} for i in range(count)]
    return env["product.product"].with_context(tracking_disable=True).create(values).ids


def _quants(env, warehouse_ids: list[int], product_ids: list[int]) -> None:
    env.cr.execute(
        """
        INSERT INTO stock_quant (product_id, location_id, company_id, quantity, reserved_quantity, in_date,
                                 create_uid, write_uid, create_date, write_date)
        SELECT p, w.lot_stock_id, w.company_id, q, CASE WHEN random() < 0.1 THEN floor(q / 2) ELSE 0 END, now(),
               1, 1, now(), now()
          FROM unnest(%s) AS p, stock_warehouse w, LATERAL (SELECT floor(random() * 200)::int + p * 0 AS q) AS amount
         WHERE w.id = ANY(%s)
        """,
        (product_ids, warehouse_ids),
    )


def _moves(env, warehouse_ids: list[int], product_ids: list[int], count: int) -> None:
    """Planned receipts (from the supplier location) and deliveries (to the customer location), half and half."""
    supplier = env.ref("stock.stock_location_suppliers").id
    customer = env.ref("stock.stock_location_customers").id
    env.cr.execute(
        """
        INSERT INTO stock_move (product_id, product_uom, product_uom_qty, product_qty, quantity, location_id,
                                location_dest_id, location_final_id, company_id, date, state, procure_method,
                                warehouse_id, create_uid, write_uid, create_date, write_date)
        SELECT t.product, pt.uom_id, t.qty, t.qty, 0,
               CASE WHEN t.inward THEN %(supplier)s ELSE w.lot_stock_id END,
               CASE WHEN t.inward THEN w.lot_stock_id ELSE %(customer)s END,
               CASE WHEN t.inward THEN w.lot_stock_id ELSE %(customer)s END,
               w.company_id, now() + random() * interval '20 days', 'confirmed', 'make_to_stock', w.id,
               1, 1, now(), now()
          FROM (SELECT (%(products)s::int[])[1 + floor(random() * %(n_products)s)::int] AS product,
                       (%(warehouses)s::int[])[1 + floor(random() * %(n_warehouses)s)::int] AS warehouse,
                       random() < 0.5 AS inward, 1 + floor(random() * 50)::int AS qty
                  FROM generate_series(1, %(count)s)) AS t
          JOIN stock_warehouse w ON w.id = t.warehouse
          JOIN product_product pp ON pp.id = t.product
          JOIN product_template pt ON pt.id = pp.product_tmpl_id
        """,
        {
            "supplier": supplier,
            "customer": customer,
            "products": product_ids,
            "n_products": len(product_ids),
            "warehouses": warehouse_ids,
            "n_warehouses": len(warehouse_ids),
            "count": count,
        },
    )
