from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

SPLITTABLE = ("new", "held", "to_route", "routed")
SAID = (
    "channel_id", "channel_ordered_at", "region_id", "buyer_note", "seller_note", "pool_accepted", "platform_status",
    "outside_status", "paid_at", "ship_by", "pool_payment", "pool_risk", "pool_priority", "receiver_masked",
    "hold_code", "hold_data", "hold_until", "hold_passed", "commitment_date", "client_order_ref", "partner_shipping_id",
    "partner_invoice_id", "warehouse_id", "pricelist_id", "team_id", "user_id",
)  # fmt: skip
LINE_SAID = (
    "channel_line_ref", "channel_line_key", "channel_product_id", "channel_list_price", "channel_gift",
    "channel_bundle", "channel_ship_with", "channel_store_code", "channel_refund",
)  # fmt: skip
LINE_MONEY = ("channel_paid", "channel_discount", "channel_platform_discount")


class SaleOrder(models.Model):
    """Parts of an order that go their own way through the pool; the outside number stays with the first."""

    _inherit = "sale.order"

    split_from_id = fields.Many2one(
        "sale.order", string="Part Of", groups="base.group_user", copy=False, readonly=True, index="btree_not_null",
        ondelete="restrict",
    )  # fmt: skip
    split_part_ids = fields.One2many("sale.order", "split_from_id", string="Parts", groups="base.group_user")

    def action_open_split_wizard(self):
        self.ensure_one()
        self._check_splittable()
        lines = self.order_line.filtered(lambda row: row.product_id and row.product_uom_qty > 0)
        wizard = self.env["distrib.split.order"].create(
            {"order_id": self.id, "line_ids": [Command.create({"line_id": line.id}) for line in lines]}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Split Order"),
            "res_model": "distrib.split.order",
            "res_id": wizard.id,
            "views": [[False, "form"]],
            "target": "new",
        }

    def _check_splittable(self):
        self._check_order_desk()
        if self.pool_state not in SPLITTABLE or not self.channel_id:
            raise UserError(self.env._("%s is with the warehouse already, or closed.", self.name))
        if self.merge_reference_id:
            raise UserError(self.env._("Take %s out of its merged parcel first.", self.name))

    def _split(self, quantities):
        """Move quantities of lines to a new order of the pool.

        :param dict quantities: sale.order.line -> quantity that leaves
        :return: the new order
        """
        self.ensure_one()
        self._check_splittable()
        quantities = {line: number for line, number in quantities.items() if number > 0}
        if any(line.order_id != self or number > line.product_uom_qty for line, number in quantities.items()):
            raise UserError(self.env._("A part cannot have more than the order."))
        sold = self.order_line.filtered(lambda row: row.product_id.type != "service" and row.product_uom_qty)
        if not quantities or all(quantities.get(line, 0) >= line.product_uom_qty for line in sold):
            raise UserError(self.env._("Leave something in each of the two orders."))
        self._check_together(quantities)
        routed = self.state == "sale"
        if routed:
            hold = {name: self[name] for name in ("hold_code", "hold_data", "hold_until")}
            # sudo: the desk may take a promise back, whose transfers belong to the warehouse
            self.sudo()._action_cancel()
            self.action_draft()
            self.write(hold)
        parent = self.split_from_id or self
        rows = [line._split_off(number) for line, number in quantities.items()]
        said = self._convert_to_write({name: self[name] for name in SAID})
        part = self.with_context(mail_create_nosubscribe=True).create(
            {
                **said, "company_id": self.company_id.id, "partner_id": self.partner_id.id,
                "split_from_id": parent.id, "order_line": [Command.create(row) for row in rows],
            }
        )  # fmt: skip
        self.message_post(body=self.env._("Split: %s", part.name))
        if routed:
            (self | part).filtered(lambda order: not order.hold_code)._route()
        return part

    def _check_together(self, quantities):
        """What the platform wants in one parcel stays together."""
        for mark, lines in self.order_line.grouped("channel_ship_with").items():
            leaving = [line for line in lines if quantities.get(line, 0)]
            if mark and leaving and any(quantities.get(line, 0) < line.product_uom_qty for line in lines):
                raise UserError(
                    self.env._("The platform wants these shipped together: %s", ", ".join(lines.mapped("name")))
                )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _split_off(self, quantity):
        """Take a quantity off this line, money by share, and return values of a line with it."""
        share = quantity / self.product_uom_qty
        money = {name: self.currency_id.round(self[name] * share) for name in LINE_MONEY}
        said = self._convert_to_write({name: self[name] for name in LINE_SAID})
        row = {
            **said, **money, "product_id": self.product_id.id, "product_uom_qty": quantity,
            "product_uom_id": self.product_uom_id.id, "price_unit": self.price_unit, "discount": self.discount,
            "name": self.name,
        }  # fmt: skip
        if quantity >= self.product_uom_qty:
            self.unlink()
        else:
            rest = {name: self[name] - money[name] for name in LINE_MONEY}
            self.write({"product_uom_qty": self.product_uom_qty - quantity, "price_unit": row["price_unit"], **rest})
        return row
