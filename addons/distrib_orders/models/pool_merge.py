from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

MERGEABLE = ("new", "to_route", "routed")


class SaleOrder(models.Model):
    """Several orders of one buyer in one parcel.

    Orders that go together share one reference of core's (`stock.reference`), by which core puts their moves in one
    transfer. Each stays an order of its own, with its outside number, its lines, its invoice and its confirmation.
    """

    _inherit = "sale.order"

    merge_reference_id = fields.Many2one(
        "stock.reference", string="Merged Parcel", groups="base.group_user", copy=False, readonly=True,
        index="btree_not_null", ondelete="set null", help="Orders with the same one go in one parcel.",
    )  # fmt: skip
    merged_order_ids = fields.Many2many(
        "sale.order", string="Goes With", compute="_compute_merged_order_ids", groups="base.group_user"
    )

    @api.depends("merge_reference_id")
    def _compute_merged_order_ids(self):
        found = self.search([("merge_reference_id", "in", self.merge_reference_id.ids)])
        groups = found.grouped("merge_reference_id")
        for order in self:
            others = groups.get(order.merge_reference_id, self.browse()) if order.merge_reference_id else self.browse()
            order.merged_order_ids = others - order

    @api.depends("picking_ids", "picking_ids.state", "merge_reference_id", "order_line.move_ids.state")
    def _compute_delivery_status(self):
        """A transfer that several orders share names only one of them; what moved is seen at the moves."""
        shared = self.filtered("merge_reference_id")
        for order in shared:
            moves = order.order_line.move_ids
            states = {p.state for p in moves.picking_id}
            if not states or states == {"cancel"}:
                order.delivery_status = False
            elif states <= {"done", "cancel"}:
                order.delivery_status = "full"
            elif "done" in states:
                order.delivery_status = "partial" if any(order.order_line.mapped("qty_delivered")) else "started"
            else:
                order.delivery_status = "pending"
        return super(SaleOrder, self - shared)._compute_delivery_status()

    def action_view_delivery(self):
        """Also the transfers that an order shares."""
        pickings = self._deliveries() if self.merge_reference_id else self.picking_ids
        return self._get_action_view_picking(pickings)

    # Merging

    def action_pool_merge(self):
        """Put the selected orders in one parcel; with one selected, those that the platform says go with it."""
        self._check_order_desk()
        orders = self if len(self) > 1 else self | self._merge_partners()
        if len(orders) < 2:
            raise UserError(self.env._("No other open order goes to the same buyer at the same address."))
        orders._check_mergeable()
        # sudo: the desk decides which orders go together; their transfers as such are the warehouse's
        orders.sudo()._merge()
        return True

    @api.model
    def action_pool_merge_all(self):
        """Merge all candidates there are, each group in one parcel."""
        self._check_order_desk()
        orders = self.search([("id", "in", self._merge_candidate_ids())])
        key = lambda o: (o.channel_id, o.merge_key, o.partner_shipping_id, o.warehouse_id if o.state == "sale" else 0)  # noqa: E731
        groups = [group for group in orders.grouped(key).values() if len(group) > 1]
        for group in groups:
            group.sudo()._merge()  # sudo: see action_pool_merge
        return len(groups)

    def _merge_partners(self):
        self.ensure_one()
        if not self.merge_key:
            return self.browse()
        return self.search(
            [
                ("channel_id", "=", self.channel_id.id),
                ("merge_key", "=", self.merge_key),
                ("partner_shipping_id", "=", self.partner_shipping_id.id),
                ("pool_state", "in", MERGEABLE),
                ("id", "!=", self.id),
            ]
        )

    def _check_mergeable(self):
        late = self.filtered(lambda o: o.pool_state not in MERGEABLE)
        if late:
            raise UserError(self.env._("These orders are held, released or closed: %s", ", ".join(late.mapped("name"))))
        if len(self.channel_id) > 1 or any(not order.channel_id for order in self):
            raise UserError(self.env._("Only orders of one shop go in one parcel."))
        if len(set(self.mapped("merge_key"))) > 1 or len(self.partner_shipping_id) > 1:
            raise UserError(self.env._("Only orders of one buyer to the same address go in one parcel."))
        routed = self.filtered(lambda o: o.state == "sale")
        if len(routed.order_line.routed_warehouse_id) > 1:
            raise UserError(self.env._("These orders are to be shipped from different warehouses."))

    def _merge(self):
        """One reference for all; what is confirmed already is put in one transfer."""
        names = ", ".join(self.mapped("name"))
        reference = self.merge_reference_id[:1] or self.env["stock.reference"].create({"name": names})
        whole = self | self.search([("merge_reference_id", "=", reference.id)])
        reference.name = ", ".join(whole.mapped("name"))
        self.write({"merge_reference_id": reference.id, "stock_reference_ids": [Command.set(reference.ids)]})
        moves = self.order_line.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        moves.reference_ids = [Command.set(reference.ids)]
        for place in {(m.picking_type_id, m.location_id, m.location_dest_id) for m in moves}:
            of_place = moves.filtered(lambda m, p=place: (m.picking_type_id, m.location_id, m.location_dest_id) == p)
            of_place._into_one_picking()
        for order in self:
            order.message_post(body=self.env._("Goes in one parcel with %s", ", ".join((whole - order).mapped("name"))))

    # And back

    def action_pool_unmerge(self):
        """Give each of the selected orders its own transfer again."""
        self._check_order_desk()
        late = self.filtered(lambda o: o.pool_state in ("released", "shipped", "done"))
        if late:
            raise UserError(
                self.env._("These orders are with the warehouse already: %s", ", ".join(late.mapped("name")))
            )
        for order in self.sudo().filtered("merge_reference_id"):  # sudo: see action_pool_merge
            order._open_pickings()._leave_merge(order)
        return True

    def _action_cancel(self):
        """A cancelled order leaves its parcel first, so that the others' goods stay in it."""
        for order in self.sudo().filtered("merge_reference_id"):  # sudo: who may cancel may undo the merge
            order._open_pickings()._leave_merge(order)
        return super()._action_cancel()


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _leave_merge(self, order):
        """Take the open moves of an order out of the parcel that it shares."""
        reference = order.merge_reference_id
        if not reference:
            return
        rest = order.search([("merge_reference_id", "=", reference.id)]) - order
        own = self.env["stock.reference"].create({"name": order.name})
        order.write({"merge_reference_id": False, "stock_reference_ids": [Command.set(own.ids)]})
        moves = order.order_line.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        moves.reference_ids = [Command.set(own.ids)]
        for picking, part in moves.grouped("picking_id").items():
            if picking.move_ids - part:
                new = picking.copy({"move_ids": False, "move_line_ids": False, "origin": order.name})
                part._to_picking(new)
        reference.name = ", ".join(rest.mapped("name")) or reference.name
        if len(rest) == 1:
            rest.merge_reference_id = False

    def _action_done(self):
        """Nothing leaves of an order that is held."""
        # sudo: who ships may not see why an order is held, only that it is
        orders = self.filtered(lambda p: p.picking_type_id.code == "outgoing").sudo().move_ids.sale_line_id.order_id
        held = orders.filtered(lambda order: order.hold_code)
        if held:
            raise UserError(self.env._("Held by the order desk, do not ship: %s", ", ".join(held.mapped("name"))))
        return super()._action_done()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _into_one_picking(self):
        """Put moves of one place in the first of their transfers; the empty ones go."""
        pickings = self.picking_id
        target = pickings.sorted("id")[:1]
        (self - target.move_ids)._to_picking(target)
        target.origin = ", ".join(dict.fromkeys(self.sale_line_id.order_id.mapped("name")))
        (pickings - target).filtered(lambda picking: not picking.move_ids).unlink()

    def _to_picking(self, picking):
        self.picking_id = picking
        self.move_line_ids.picking_id = picking
