from datetime import timedelta

from odoo import Command, fields, models

# (state, reason, reason in Chinese); taken in turn by the first warehouses
HELD = (
    ("damaged", "Cartons torn while unloading", "卸货时外箱破损"),
    ("quarantine", "Waits for incoming inspection", "待来料检验"),
    ("blocked", "Complaint about the seal", "封口投诉，质量冻结"),
    ("disputed", "Count differs from the book", "盘点与账面不符"),
)
KEPT = 12
DAYS = 30


class Demo(models.AbstractModel):
    """Brands, held goods and allocations of the demo network."""

    _inherit = "distrib.demo"

    def _steps(self):
        return [
            *super()._steps(),
            (45, "brands", self._build_brands),
            (92, "held goods", self._build_held),
            (97, "allocations", self._build_allocations),
        ]

    def _build_brands(self, made):
        """A generated product's name begins with its brand."""
        brands = {name: name_zh for category in made.network.categories for name, name_zh in category.brands}
        records = self.env["distrib.brand"].with_context(lang="en_US").create([{"name": name} for name in brands])
        self._translate(records, "name", list(brands.values()))
        by_name = dict(zip(brands, records, strict=True))
        goods = {}
        for product, source in zip(made.products, made.network.products, strict=True):
            # A brand may be the beginning of another one's name: the longest that fits is the product's.
            fits = [name for name in by_name if source.name.startswith(f"{name} ")]
            if fits:
                goods.setdefault(max(fits, key=len), self.env["product.product"])
                goods[max(fits, key=len)] |= product
        for name, products in goods.items():
            products.brand_id = by_name[name]

    def _build_held(self, made):
        """A few cartons in each state, by the wizard that a warehouse clerk uses."""
        chinese = made.lang.startswith("zh")
        quants = self.env["stock.quant"].search(
            [
                ("location_id", "in", made.warehouses.lot_stock_id.ids),
                ("owner_id", "=", False),
                ("quantity", ">=", 20),
            ],
            order="location_id, product_id, id",
        )
        by_place = quants.grouped("location_id")
        for index, found in enumerate(list(by_place.values())[: 2 * len(HELD)]):
            state, reason, reason_zh = HELD[index % len(HELD)]
            quant = found.filtered(lambda q: q.available_quantity >= 8)[index : index + 1]
            if quant:
                line = {"quant_id": quant.id, "quantity": 6}
                self.env["distrib.stock.state.move"].create(
                    {
                        "state": state,
                        "reason": reason_zh if chinese else reason,
                        "line_ids": [Command.create(line)],
                    }
                ).action_move()

    def _build_allocations(self, made):
        """The first dealers have goods kept in the central warehouse, one promotion in a whole area."""
        central = made.warehouses[0]
        found = self.env["distrib.position"]._read_columns(warehouse_ids=central.ids)
        plenty = sorted(
            (product for product, left in zip(found.product_id.tolist(), found.available.tolist(), strict=True)
             if left >= 60)
        )  # fmt: skip
        today = fields.Date.context_today(self)
        values = [
            {
                "product_id": product,
                "quantity": 24,
                "partner_id": dealer.id,
                "warehouse_id": central.id,
                "date_from": today,
                "date_to": today + timedelta(days=DAYS + index),
            }
            for index, (product, dealer) in enumerate(zip(plenty[:KEPT:2], made.dealers, strict=False))
        ]
        area = central.region_id.parent_id or central.region_id
        values += [
            {
                "product_id": product,
                "quantity": 30,
                "beneficiary_kind": "promotion",
                "promotion": "双十二年终促销" if made.lang.startswith("zh") else "Year-end promotion",
                "region_id": area.id,
                "date_from": today,
                "date_to": today + timedelta(days=5),
            }
            for product in plenty[1:KEPT:4]
        ]
        planner = self.env["res.users"].search([("login", "=", "planner")], limit=1)
        made.extra["allocations"] = allocations = self.env["distrib.allocation"].create(
            [{**vals, "user_id": planner.id} for vals in values]
        )
        # The last one stays a draft, for the planner to activate.
        allocations[:-1].action_activate()
