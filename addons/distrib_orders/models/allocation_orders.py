from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, float_compare


class Allocation(models.Model):
    """Allocations of channels, and the orders that draw."""

    _inherit = "distrib.allocation"

    beneficiary_kind = fields.Selection(selection_add=[("channel", "Channel")], ondelete={"channel": "cascade"})
    channel_id = fields.Many2one(
        "distrib.channel", index="btree_not_null", check_company=True, ondelete="restrict", tracking=True
    )
    draw_ids = fields.One2many("distrib.allocation.draw", "allocation_id", readonly=True)
    draw_count = fields.Integer(compute="_compute_draw_count")

    @api.depends("draw_ids")
    def _compute_draw_count(self):
        counts = dict(
            self.env["distrib.allocation.draw"]._read_group(
                [("allocation_id", "in", self.ids)], ["allocation_id"], ["order_id:count_distinct"]
            )
        )
        for allocation in self:
            allocation.draw_count = counts.get(allocation, 0)

    @api.depends("channel_id")
    def _compute_beneficiary(self):
        return super()._compute_beneficiary()

    @api.depends("channel_id")
    def _compute_display_name(self):
        return super()._compute_display_name()

    @api.depends("channel_id")
    def _compute_same_id(self):
        return super()._compute_same_id()

    @api.constrains("beneficiary_kind", "partner_id", "promotion", "channel_id")
    def _check_beneficiary(self):
        return super()._check_beneficiary()

    @api.model
    def _fixed_fields(self):
        return super()._fixed_fields() | {"channel_id"}

    def _beneficiary_name(self):
        return self.channel_id.name if self.beneficiary_kind == "channel" else super()._beneficiary_name()

    def _beneficiary_key(self):
        return self.channel_id if self.beneficiary_kind == "channel" else super()._beneficiary_key()

    @api.model
    def _beneficiary_conditions(self, channel_id=None, **others):
        conditions = super()._beneficiary_conditions(**others)
        if channel_id:
            conditions.append(
                SQL("(allocation.beneficiary_kind = 'channel' AND allocation.channel_id = %s)", channel_id)
            )
        return conditions

    def action_open_orders(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Orders of %s", self.display_name),
            "res_model": "sale.order",
            "views": [[False, "list"], [False, "form"]],
            "domain": [("id", "in", self.draw_ids.order_id.ids)],
        }


class AllocationDraw(models.Model):
    """What an order line has drawn from an allocation, so that it can be given back."""

    _name = "distrib.allocation.draw"
    _description = "Drawn Allocation"
    _order = "id"

    allocation_id = fields.Many2one("distrib.allocation", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="allocation_id.company_id", store=True, index=True)
    order_line_id = fields.Many2one("sale.order.line", required=True, index=True, ondelete="cascade")
    order_id = fields.Many2one(related="order_line_id.order_id", store=True, index=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, ondelete="restrict")
    quantity = fields.Float(digits="Product Unit", help="In the product's unit.")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _allocation_beneficiary(self):
        """Whose allocations the order may draw, as `distrib.allocation._beneficiary_sql` takes it."""
        self.ensure_one()
        return {
            "partner_id": self.partner_id.id,
            "channel_id": self.channel_id.id,
            "promotion": self.campaign_id.name,
        }

    def _allocation_claims(self):
        """The same, as `distrib.allocation._claims` names it; his own before the channel's before the campaign's."""
        self.ensure_one()
        claims = [("partner", self.partner_id.commercial_partner_id.id)]
        if self.channel_id:
            claims.append(("channel", self.channel_id.id))
        if self.campaign_id:
            claims.append(("promotion", self.campaign_id.name))
        return tuple(claims)

    def _action_confirm(self):
        # sudo: a buyer who confirms in the portal draws what is kept for him, and must not see for whom else
        lines = self.sudo().order_line._allocated_lines()
        lines._lock_allocated()
        result = super()._action_confirm()
        lines._sync_draws()
        lines._check_kept_for_others()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        # sudo: as when they were drawn
        self.sudo().order_line._sync_draws()
        return result


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    allocation_draw_ids = fields.One2many("distrib.allocation.draw", "order_line_id", groups="base.group_user")

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"product_uom_qty", "product_uom_id"}:
            # sudo: as when they were drawn
            lines = self.sudo().filtered(lambda line: line.state == "sale")
            (lines._allocated_lines() | lines.filtered("allocation_draw_ids"))._sync_draws()
        return result

    def _allocated_lines(self):
        """The lines whose goods are kept for somebody where they ship from."""
        shares = self.env["distrib.allocation.share"]._read_group(
            [("product_id", "in", self.product_id.ids)], ["product_id", "company_id"]
        )
        kept = set(shares)
        return self.filtered(lambda line: line.product_id.is_storable and (line.product_id, line.company_id) in kept)

    def _lock_allocated(self):
        if self:
            self.env["distrib.position"]._lock_promises(self.product_id.ids, self._shipping_warehouses().ids)

    def _shipping_warehouses(self):
        return self.warehouse_id | self.order_id.warehouse_id

    def _sync_draws(self):
        """Draw what the lines now take, or give back what they take no longer."""
        for line in self:
            unit = line.product_id.uom_id
            wanted = line._draw_target()
            drawn = sum(line.allocation_draw_ids.mapped("quantity"))
            change = float_compare(wanted, drawn, precision_rounding=unit.rounding or 0.01)
            if change > 0:
                line._draw_more(wanted - drawn)
            elif change < 0:
                line._draw_less(drawn - wanted)

    def _draw_target(self):
        """In the product's unit: a sold line takes its quantity, a cancelled one what was delivered of it."""
        if self.state == "sale":
            quantity = self.product_uom_qty
        else:
            quantity = self.qty_delivered if self.state == "cancel" else 0.0
        return self.product_uom_id._compute_quantity(quantity, self.product_id.uom_id, round=False)

    def _draw_more(self, quantity):
        warehouse = self.warehouse_id or self.order_id.warehouse_id
        if self.state != "sale" or not warehouse:
            return
        drawn = self.env["distrib.allocation"]._draw(
            self.product_id, warehouse, quantity, **self.order_id._allocation_beneficiary()
        )
        self.env["distrib.allocation.draw"].create(
            [
                {
                    "allocation_id": allocation.id,
                    "order_line_id": self.id,
                    "warehouse_id": warehouse.id,
                    "quantity": amount,
                }
                for allocation, amount in drawn.items()
            ]
        )

    def _draw_less(self, quantity):
        for draw in self.allocation_draw_ids.sorted("id", reverse=True):
            back = min(quantity, draw.quantity)
            draw.allocation_id._give_back(draw.warehouse_id, back)
            draw.quantity -= back
            quantity -= back
        self.allocation_draw_ids.filtered(lambda draw: draw.quantity <= 0).unlink()

    def _check_kept_for_others(self):
        """A sale does not take what is kept for somebody else.

        Core reserves whatever lies there; the router asks before, a sale confirmed by hand is asked here.
        """
        if not self:
            return
        sites = self._shipping_warehouses()
        found = self.env["distrib.position"].with_context(allowed_company_ids=sites.company_id.ids)._read_columns(
            self.product_id.ids, sites.ids
        )  # fmt: skip
        short = {
            (product, site): left
            for product, site, left, kept in zip(
                found.product_id.tolist(), found.warehouse_id.tolist(), found.available.tolist(),
                found.allocated.tolist(), strict=True,
            )
            if left < -1e-6 and kept > 0
        }  # fmt: skip
        for line in self:
            site = line.warehouse_id or line.order_id.warehouse_id
            left = short.get((line.product_id.id, site.id))
            if left is not None and any(move.quantity for move in line.move_ids):
                taken = sum(line.move_ids.mapped("quantity"))
                raise UserError(
                    self.env._(
                        "%(warehouse)s has too little of %(product)s: goods are kept there for others, and only "
                        "%(free)s %(unit)s can be promised to this order.",
                        warehouse=site.name,
                        product=line.product_id.display_name,
                        free=f"{max(taken + left, 0.0):g}",
                        unit=line.product_id.uom_id.name,
                    )
                )
