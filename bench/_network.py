"""A network of any size for measurements: warehouses through core, products and stock in bulk SQL."""

from tools.steps import step


def build(env, warehouses: int, products: int, moves: int, seed: int) -> tuple[list[int], list[int]]:
    """Create the network and return (warehouse ids, product ids).

    Every product has a quant in every warehouse (``warehouses * products`` rows) with a tenth of them partly
    reserved, a twentieth of them again as damaged goods, ``moves`` planned receipts and deliveries, a tenth as many
    transfers of which half are in transit, and as many allocations. The numbers follow from ``seed``.
    """
    with step(f"{warehouses} warehouses, {products} products, {warehouses * products:,} quants, {moves:,} moves"):
        warehouse_ids = _warehouses(env, warehouses)
        product_ids = _products(env, products)
        env.flush_all()
        env.cr.execute("SELECT setseed(%s)", (seed % 1000 / 1000,))
        _quants(env, warehouse_ids, product_ids)
        _held(env, warehouse_ids, product_ids)
        _moves(env, warehouse_ids, product_ids, moves)
        _transfers(env, warehouse_ids, product_ids, moves // 10)
        _allocations(env, warehouse_ids, product_ids, moves // 10)
        env.cr.execute("ANALYZE stock_quant, stock_move, stock_location, product_product, distrib_allocation_share")
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


def _held(env, warehouse_ids: list[int], product_ids: list[int]) -> None:
    """Damaged goods of a twentieth of the products in each warehouse."""
    places = env["stock.warehouse"].browse(warehouse_ids)._state_locations("damaged")
    env.flush_all()
    env.cr.execute(
        """
        INSERT INTO stock_quant (product_id, location_id, company_id, quantity, reserved_quantity, in_date,
                                 create_uid, write_uid, create_date, write_date)
        SELECT p, l.id, l.company_id, 1 + p %% 5, 0, now(), 1, 1, now(), now()
          FROM unnest(%s) AS p, stock_location l
         WHERE l.id = ANY(%s) AND (p + l.id) %% 20 = 0
        """,
        (product_ids, [place.id for place in places.values()]),
    )


def _transfers(env, warehouse_ids: list[int], product_ids: list[int], count: int) -> None:
    """Second legs of transfers, out of the transit location; every other one has its goods reserved there."""
    env.cr.execute(
        """
        INSERT INTO stock_move (product_id, product_uom, product_uom_qty, product_qty, quantity, location_id,
                                location_dest_id, company_id, date, state, procure_method, warehouse_id,
                                create_uid, write_uid, create_date, write_date)
        SELECT t.product, pt.uom_id, 8, 8, CASE WHEN number %% 2 = 0 THEN 8 ELSE 0 END, %(transit)s, w.lot_stock_id,
               w.company_id, now() + interval '3 days', CASE WHEN number %% 2 = 0 THEN 'assigned' ELSE 'waiting' END,
               'make_to_order', w.id, 1, 1, now(), now()
          FROM (SELECT (%(products)s::int[])[1 + floor(random() * %(n_products)s)::int] AS product,
                       (%(warehouses)s::int[])[1 + floor(random() * %(n_warehouses)s)::int] AS warehouse, number
                  FROM generate_series(1, %(count)s) AS number) AS t
          JOIN stock_warehouse w ON w.id = t.warehouse
          JOIN product_product pp ON pp.id = t.product
          JOIN product_template pt ON pt.id = pp.product_tmpl_id
        """,
        {
            "transit": env.company.internal_transit_location_id.id,
            "products": product_ids,
            "n_products": len(product_ids),
            "warehouses": warehouse_ids,
            "n_warehouses": len(warehouse_ids),
            "count": count,
        },
    )


def _allocations(env, warehouse_ids: list[int], product_ids: list[int], count: int) -> None:
    env.cr.execute(
        """
        WITH made AS (
            INSERT INTO distrib_allocation (state, company_id, product_id, quantity, uom_id, product_quantity,
                                            beneficiary_kind, promotion, warehouse_id, date_from, date_to,
                                            create_uid, write_uid, create_date, write_date)
            SELECT 'active', w.company_id, p.id, 3, pt.uom_id, 3, 'promotion', 'Bench ' || number, w.id,
                   current_date, current_date + 30, 1, 1, now(), now()
              FROM generate_series(1, %(count)s) AS number
              JOIN stock_warehouse w ON w.id = (%(warehouses)s::int[])[1 + number * 7 %% %(n_warehouses)s]
              JOIN product_product p ON p.id = (%(products)s::int[])[1 + number * 13 %% %(n_products)s]
              JOIN product_template pt ON pt.id = p.product_tmpl_id
            RETURNING id, company_id, product_id, warehouse_id)
        INSERT INTO distrib_allocation_share (allocation_id, company_id, product_id, warehouse_id, quantity,
                                              create_uid, write_uid, create_date, write_date)
        SELECT id, company_id, product_id, warehouse_id, 3, 1, 1, now(), now() FROM made
        """,
        {
            "products": product_ids,
            "n_products": len(product_ids),
            "warehouses": warehouse_ids,
            "n_warehouses": len(warehouse_ids),
            "count": count,
        },
    )
