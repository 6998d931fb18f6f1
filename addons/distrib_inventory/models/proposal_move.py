from odoo import api, fields, models

CHUNK = 500


class StockMove(models.Model):
    """Many transfers at once: confirmed and reserved together instead of move by move.

    Under the context key `distrib_together`, which only `_create_together` and `_confirm_together` set, the moves are
    new, of one company, and without references.
    """

    _inherit = "stock.move"

    distrib_proposal_id = fields.Many2one(
        "distrib.proposal",
        string="Proposal",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_user",
        help="The accepted proposal that this move carries out.",
    )

    # --- what core does for every move, and need not be done here -------------------------------------------------

    def _set_references(self):
        # new pickings have no references: to write that on move after move takes as long as making them
        if self.env.context.get("distrib_together"):
            return None
        return super()._set_references()

    def _update_orderpoints(self):
        # core searches with a domain for each move; mostly there is no reordering rule at all
        if self.env.context.get("distrib_together"):
            # only whether there are any, whoever may see them
            points = self.env["stock.warehouse.orderpoint"].sudo()
            if not points.search_count([("product_id", "in", self.product_id.ids)], limit=1):
                return None
        return super()._update_orderpoints()

    def _should_assign_at_confirm(self):
        # reserved right after, all at once
        return not self.env.context.get("distrib_together") and super()._should_assign_at_confirm()

    def _check_company(self, fnames=None):
        # confirming checks again what was checked when they were created just before
        if fnames is None and self.env.context.get("distrib_confirming"):
            return None
        return super()._check_company(fnames)

    # --- together ------------------------------------------------------------------------------------------------

    @api.model
    def _create_together(self, vals_list):
        """Create in parts: the time that links between moves take grows with the square of what is created at once."""
        moves, model = [], self.with_context(distrib_together=True)
        for begin in range(0, len(vals_list), CHUNK):
            moves += model.create(vals_list[begin : begin + CHUNK]).ids
        return model.browse(moves)

    def _confirm_together(self):
        """Confirm moves and reserve for those that core reserves when it confirms them.

        Core reserves move by move, each with searches of its own. Goods without lots that lie in one quant, as most do,
        leave nothing to choose: their lines are made in one go. All others are left to core.
        """
        moves = self.with_context(distrib_together=True, distrib_confirming=True)._action_confirm(merge=False)
        moves = moves.with_context(distrib_together=False, distrib_confirming=False)
        due = moves.filtered(lambda move: move.state == "confirmed" and move._should_assign_at_confirm())
        plain = due.filtered(lambda move: move._is_plain())
        rest = due - plain._reserve_plain()
        rest._action_assign()
        return moves

    def _is_plain(self):
        product = self.product_id
        return (
            product.is_storable
            and product.tracking == "none"
            and not product.use_expiration_date
            and self.procure_method == "make_to_stock"
            and self.product_uom == product.uom_id
            and not self.move_orig_ids
            and not self.restrict_partner_id
            and self.packaging_uom_id in (self.env["uom.uom"], self.product_uom)
            and not self._should_bypass_reservation()
        )

    def _reserve_plain(self):
        """Reserve in full from single quants.

        :return: the moves that are reserved
        """
        lone = self._lone_quants()
        done, lines, taken = [], [], {}
        for move in self:
            quant = lone.get((move.product_id, move.location_id))
            if not quant or quant.lot_id or quant.package_id or quant.owner_id:
                continue
            total = taken.get(quant, 0.0) + move.product_uom_qty
            if move.product_uom.compare(quant.quantity - quant.reserved_quantity, total) < 0:
                continue
            taken[quant] = total
            done.append(move.id)
            lines.append(move._prepare_move_line_vals(move.product_uom_qty, quant))
        for quant, total in taken.items():
            quant._update_reserved_quantity(quant.product_id, quant.location_id, total)
        model = self.env["stock.move.line"].with_context(distrib_reserved=True, distrib_together=True)
        model.create(lines)
        return self.browse(done)

    def _lone_quants(self):
        """The only quant of a product at or below a location: dict (product, location) -> quant, None for several."""
        quants = self.env["stock.quant"].search(
            [("product_id", "in", self.product_id.ids), ("location_id", "child_of", self.location_id.ids)]
        )
        lone = {}
        for quant in quants:
            path = quant.location_id.parent_path
            for location in self.location_id:
                if path.startswith(location.parent_path):
                    key = (quant.product_id, location)
                    lone[key] = None if key in lone else quant
        return lone


class StockQuant(models.Model):
    _inherit = "stock.quant"

    @api.model
    def _update_reserved_quantity(self, product_id, location_id, quantity, **options):
        # `_reserve_plain` has reserved the sum of all its lines before it creates them
        if self.env.context.get("distrib_reserved"):
            return None
        return super()._update_reserved_quantity(product_id, location_id, quantity, **options)
