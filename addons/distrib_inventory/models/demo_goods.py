from datetime import timedelta

import numpy as np
from odoo import fields, models
from odoo.tools import SQL

from ..engine.demo.orders import SHIPPED

# Goods of these categories are kept by lot with an expiry date.
LOT_CATEGORIES = ("dairy",)
BATCH = 5000


class Demo(models.AbstractModel):
    """Warehouses, products and what lies in stock."""

    _inherit = "distrib.demo"

    def _build_warehouses(self, made):
        """The company's own first warehouse becomes the central one."""
        model = self.env["stock.warehouse"]
        values = [self._warehouse_vals(made, w) for w in made.network.warehouses]
        first = model.search([("company_id", "=", self.env.company.id)], limit=1)
        first.write(values[0])
        made.warehouses = first + model.create(values[1:])
        # The first one's locations have names in the language in which the database was made.
        first.lot_stock_id.name = made.warehouses[1].lot_stock_id.name
        for warehouse, record in zip(made.warehouses, made.network.warehouses, strict=True):
            if record.parent >= 0:
                warehouse.supply_parent_id = made.warehouses[record.parent]

    def _warehouse_vals(self, made, record):
        owner = made.dealers[record.dealer] if record.dealer >= 0 else self.env["res.partner"]
        # Never the dealer himself: core makes the transit location the customer location of a warehouse's partner.
        address = self.env["res.partner"].create({**self._company_vals(made, _Place(record)), "ref": False})
        return {
            "name": made.label(record),
            "code": record.code,
            "partner_id": address.id,
            "network_tier": record.tier,
            "region_id": self._region(record.city).id,
            "latitude": record.latitude,
            "longitude": record.longitude,
            "supply_lead_days": record.lead_days,
            "supply_lead_sigma": round(record.lead_days / 4, 1),
            "store_ref": record.code,
            "dealer_id": owner.id,
        }

    def _build_products(self, made):
        chinese = made.lang.startswith("zh")
        categories = self.env["product.category"].create(
            [{"name": c.name_zh if chinese else c.name} for c in made.network.categories]
        )
        # The English name is the source; the Chinese one is its translation.
        templates = self.env["product.template"].with_context(lang="en_US").create(
            [self._product_vals(made, p, categories) for p in made.network.products]
        )  # fmt: skip
        made.products = templates.product_variant_id
        self._translate(templates, "name", [p.name_zh for p in made.network.products])

    def _product_vals(self, made, product, categories):
        category = made.network.categories[product.category]
        by_lot = category.key in LOT_CATEGORIES
        return {
            "name": product.name,
            "default_code": product.sku,
            "barcode": product.barcode,
            "type": "consu",
            "is_storable": True,
            "categ_id": categories[product.category].id,
            "weight": product.weight,
            "volume": product.volume,
            "standard_price": product.cost,
            "list_price": product.list_price,
            "invoice_policy": "delivery",
            "tracking": "lot" if by_lot else "none",
            "use_expiration_date": by_lot,
            "expiration_time": product.shelf_days if by_lot else 0,
            "seller_ids": [
                fields.Command.create(
                    {
                        "partner_id": made.suppliers[product.supplier].id,
                        "price": product.cost,
                        "min_qty": product.pack,
                        "delay": product.lead_days,
                    }
                )
            ],
        }

    def _translate(self, records, name, terms):
        """Set the Chinese translation of a field of many records in one statement, where Chinese is installed."""
        if not self.env["res.lang"]._get_data(code="zh_CN"):
            return
        records.flush_recordset([name])
        column, rows = SQL.identifier(name), zip(records.ids, terms, strict=True)
        self.env.cr.execute(
            SQL(
                "UPDATE %s r SET %s = r.%s || jsonb_build_object('zh_CN', v.term) FROM (VALUES %s) v(id, term)"
                " WHERE r.id = v.id",
                SQL.identifier(records._table), column, column,
                SQL(", ").join(SQL("(%s, %s)", key, term) for key, term in rows),
            )
        )  # fmt: skip
        records.invalidate_recordset([name])

    def _build_stock(self, made):
        """Opening stock a year ago: what the network holds now and what the demo's orders take out until then."""
        opening = made.network.stock.copy()
        for order in made.network.orders:
            if order.fate in SHIPPED:
                for product, pieces in order.lines:
                    opening[order.source, product] += pieces
        warehouses, products = np.nonzero(opening)
        values = []
        for place, product in zip(warehouses.tolist(), products.tolist(), strict=True):
            values += self._opening_vals(made, place, product, int(opening[place, product]))
        lots = self._create_lots(made, values)
        for start in range(0, len(values), BATCH):
            batch = [self._move_vals(vals, lots) for vals in values[start : start + BATCH]]
            self.env["stock.move"].create(batch)._action_done()
        moves = self.env["stock.move"].search([("is_inventory", "=", True)])
        first = self._noon(made.network.history.days[0].astype(object))
        self._backdate(moves, first, ("date", "create_date"))
        self._backdate(moves.move_line_ids, first, ("date", "create_date"))

    def _opening_vals(self, made, place, index, pieces):
        """One move, or two lots of a product with a shelf life: a third expires early."""
        product = made.products[index]
        if product.tracking != "lot":
            return [(made.warehouses[place], product, pieces, None)]
        early = pieces // 3
        shelf = made.network.products[index].shelf_days
        parts = ((early, shelf // 4), (pieces - early, shelf * 3 // 4))
        return [
            (made.warehouses[place], product, quantity, made.network.until + timedelta(days=days))
            for quantity, days in parts
            if quantity
        ]

    def _create_lots(self, made, values):
        """A lot for each product and expiry date, the same in all warehouses."""
        wanted = sorted(
            {(product, expiry) for _w, product, _q, expiry in values if expiry}, key=lambda k: (k[0].id, k[1])
        )
        lots = self.env["stock.lot"].create(
            [
                {
                    "name": f"L{expiry:%y%m%d}-{product.default_code}",
                    "product_id": product.id,
                    "company_id": self.env.company.id,
                    "expiration_date": self._noon(expiry),
                }
                for product, expiry in wanted
            ]
        )
        return dict(zip(wanted, lots, strict=True))

    def _move_vals(self, vals, lots):
        """An inventory adjustment as core writes it, without the quant in between."""
        warehouse, product, pieces, expiry = vals
        # Goods in a dealer's warehouse are his: there, but not in our valuation.
        owner = warehouse.dealer_id
        ends = {
            "product_id": product.id,
            "company_id": warehouse.company_id.id,
            "location_id": product.property_stock_inventory.id,
            "location_dest_id": warehouse.lot_stock_id.id,
        }
        line = {
            **ends,
            "product_uom_id": product.uom_id.id,
            "quantity": pieces,
            "lot_id": lots[product, expiry].id if expiry else False,
            "owner_id": owner.id,
        }
        return {
            **ends,
            "product_uom": product.uom_id.id,
            "product_uom_qty": pieces,
            "state": "confirmed",
            "restrict_partner_id": owner.id,
            "is_inventory": True,
            "picked": True,
            "move_line_ids": [fields.Command.create(line)],
        }


class _Place:
    """A warehouse seen as a company, for its address."""

    def __init__(self, warehouse):
        self.name, self.name_zh, self.city, self.ref = warehouse.name, warehouse.name_zh, warehouse.city, warehouse.code
