import numpy as np
from odoo import api, fields, models


class ChannelBuffer(models.Model):
    """What a channel does not get to sell: a part of the stock kept back from it, so that others never run dry."""

    _name = "distrib.channel.buffer"
    _description = "Channel Buffer"
    _order = "channel_id, product_id, category_id, warehouse_id, id"
    _check_company_auto = True

    channel_id = fields.Many2one(
        "distrib.channel", index="btree_not_null", ondelete="cascade", check_company=True, help="Empty: every channel."
    )
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        domain=[("is_storable", "=", True)],
        help="Empty: every product, or those of the category.",
    )
    category_id = fields.Many2one(
        "product.category", index="btree_not_null", ondelete="cascade", help="With the categories below it."
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Empty: in every warehouse, each by itself.",
    )
    kind = fields.Selection(
        [("quantity", "Quantity"), ("percentage", "Percentage")],
        string="Kept Back As",
        required=True,
        default="quantity",
    )
    quantity = fields.Float(digits="Product Unit", help="In each warehouse, in the product's unit.")
    percentage = fields.Float(help="Of what may be promised in a warehouse, 0.2 is 20 %.")
    active = fields.Boolean(default=True)

    _quantity_positive = models.Constraint("CHECK(quantity >= 0)", "A buffer cannot be negative.")
    _percentage_range = models.Constraint(
        "CHECK(percentage >= 0 AND percentage <= 1)", "The percentage of a buffer lies between 0 and 100."
    )
    _one_kind_of_goods = models.Constraint(
        "CHECK(product_id IS NULL OR category_id IS NULL)", "Choose a product or a category, not both."
    )

    @api.depends("channel_id", "product_id", "category_id", "warehouse_id")
    def _compute_display_name(self):
        for buffer in self:
            parts = (buffer.channel_id, buffer.product_id or buffer.category_id, buffer.warehouse_id)
            names = [part.display_name for part in parts if part]
            buffer.display_name = " · ".join(names) or self.env._("Everything")

    @api.model
    def _kept_back(self, channels, positions):
        """What each channel leaves of each position. Of several buffers that apply, the one that keeps most counts.

        :param positions: `distrib_inventory.engine.position.Positions`
        :return: dict channel id -> array as long as the positions; channels without buffers are left out
        """
        # sudo: a clerk's order is bound by buffers that channel managers keep
        buffers = self.sudo().search(
            [("company_id", "in", channels.company_id.ids), ("channel_id", "in", [False, *channels.ids])]
        )
        base = np.maximum(positions.available, 0.0)
        masks = {buffer: buffer._covers(positions) for buffer in buffers}
        kept = {}
        for channel in channels:
            for buffer in buffers.filtered(lambda b, c=channel: b.company_id == c.company_id):
                if buffer.channel_id and buffer.channel_id != channel.sudo():
                    continue
                amount = base * buffer.percentage if buffer.kind == "percentage" else buffer.quantity
                more = np.where(masks[buffer], amount, 0.0)
                kept[channel.id] = np.maximum(kept.get(channel.id, 0.0), more)
        return kept

    def _covers(self, positions):
        self.ensure_one()
        covered = np.ones(len(positions), bool)
        if self.warehouse_id:
            covered &= positions.warehouse_id == self.warehouse_id.id
        if self.product_id:
            covered &= positions.product_id == self.product_id.id
        elif self.category_id:
            products = self.env["product.product"].with_context(active_test=False).search(
                [("id", "in", np.unique(positions.product_id).tolist()), ("categ_id", "child_of", self.category_id.id)]
            )  # fmt: skip
            covered &= np.isin(positions.product_id, products.ids)
        return covered


class Channel(models.Model):
    _inherit = "distrib.channel"

    buffer_ids = fields.One2many("distrib.channel.buffer", "channel_id", string="Buffers")

    def _available_for(self, product_ids, warehouse_ids):
        """What this channel may promise: what anybody may, less its buffers, plus what is kept for itself.

        :return: dict (warehouse id, product id) -> quantity, never negative; pairs without stock are left out
        """
        self.ensure_one()
        found = self.env["distrib.position"].with_company(self.company_id)._read_columns(product_ids, warehouse_ids)
        kept = self.env["distrib.channel.buffer"]._kept_back(self, found).get(self.id, 0.0)
        free = np.maximum(found.available - kept, 0.0).tolist()
        result = dict(zip(zip(found.warehouse_id.tolist(), found.product_id.tolist(), strict=True), free, strict=True))
        claims = self.env["distrib.allocation"]._claims(found.product_id.tolist(), found.warehouse_id.tolist())
        for pair, quantity in claims.get(("channel", self.id), {}).items():
            result[pair] = result.get(pair, 0.0) + quantity
        return result

    @api.model
    @api.readonly
    def read_available(self, channel_code, product_ids=None, warehouse_ids=None):
        """What a channel may promise in each warehouse that may ship its orders; for outside systems.

        :return: list of dict: product_id, warehouse_id, available
        :raise AccessError: the caller may not see positions
        :raise UserError: no active channel has this code
        """
        self.env["distrib.position"]._check_viewer()
        channel = self._by_code(channel_code)
        sites = channel._candidate_warehouses().ids
        if warehouse_ids is not None:
            sites = [site for site in sites if site in set(warehouse_ids)]
        return [
            {"product_id": product, "warehouse_id": warehouse, "available": quantity}
            for (warehouse, product), quantity in channel._available_for(product_ids, sites).items()
        ]
