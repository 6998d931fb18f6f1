"""Runs inside the Odoo shell of ddmrp's database: makes the buffers and their past, times the two crons."""

import json
import os
import time

with open(os.environ["DISTRIB_DDMRP"]) as file:
    pairs = json.load(file)
env = env(context={**env.context, "tracking_disable": True})  # noqa: F821
warehouses = {
    key: env["stock.warehouse"].create({"name": f"Bench {key}", "code": f"Q{number:03d}"})
    for number, key in enumerate(sorted({pair["warehouse"] for pair in pairs}))
}
partner = env["res.partner"].create({"name": "Bench Supplier Ltd", "is_company": True})
products = {
    key: env["product.product"].create(
        {
            "name": f"Bench {key}",
            "is_storable": True,
            "seller_ids": [(0, 0, {"partner_id": partner.id, "delay": 7, "price": 2})],
        }
    )
    for key in sorted({pair["product"] for pair in pairs})
}
customer = env.ref("stock.stock_location_customers")
rows = []
for pair in pairs:
    warehouse, product = warehouses[pair["warehouse"]], products[pair["product"]]
    count = len(pair["quantities"])
    for place, quantity in enumerate(pair["quantities"]):
        if quantity:
            rows.append((product.id, product.uom_id.id, quantity, warehouse.lot_stock_id.id, count - place))
env.flush_all()
env.cr.execute(
    "INSERT INTO stock_move (product_id, product_uom, product_uom_qty, product_qty, quantity, quantity_product_uom,"
    " location_id, location_dest_id, company_id, date, state, procure_method, create_uid, write_uid, create_date,"
    " write_date) SELECT p, u, q, q, q, q, l, %s, %s, now() - make_interval(days => b), 'done', 'make_to_stock', 1, 1,"
    " now(), now() FROM unnest(%s, %s, %s, %s, %s) AS t(p, u, q, l, b)",
    (customer.id, env.company.id, *(list(column) for column in zip(*rows, strict=True))),
)
env.cr.execute("ANALYZE stock_move")
env.invalidate_all()
env["stock.buffer"].create(
    [
        {
            "product_id": products[pair["product"]].id,
            "warehouse_id": warehouses[pair["warehouse"]].id,
            "location_id": warehouses[pair["warehouse"]].lot_stock_id.id,
            "buffer_profile_id": env.ref("ddmrp.stock_buffer_profile_replenish_purchased_short_low").id,
            "adu_calculation_method": env.ref("ddmrp.adu_calculation_method_past_120").id,
        }
        for pair in pairs
    ]
)
env.cr.commit()
buffers = env["stock.buffer"].search([])
assert len(buffers) == len(pairs), (len(buffers), len(pairs))
seconds = []
for cron in ("cron_ddmrp_adu", "cron_ddmrp"):
    env.invalidate_all()
    begun = time.perf_counter()
    getattr(env["stock.buffer"], cron)()
    seconds.append((time.perf_counter() - begun) / len(buffers))
env.invalidate_all()
used = sum(buffer.adu > 0 and buffer.top_of_green > 0 for buffer in buffers)
assert used > 0.5 * len(buffers), f"only {used} buffers were computed"
print("DDMRP", *seconds)
