from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _should_assign_at_confirm(self):
        # many transfers are reserved together right after they are confirmed, see `_reserve_together`
        if self.env.context.get("distrib_reserve_together"):
            return False
        return super()._should_assign_at_confirm()

    def _confirm_together(self):
        """Confirm moves and reserve for those that core reserves when it confirms them.

        Core reserves move by move, each with searches of its own. Goods without lots that lie in one quant, as most do,
        leave nothing to choose: their lines are made in one go. All others are left to core.
        """
        moves = self.with_context(distrib_reserve_together=True)._action_confirm(merge=False)
        moves = moves.with_context(distrib_reserve_together=False)
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
        quants = self.env["stock.quant"].search(
            [("product_id", "in", self.product_id.ids), ("location_id", "child_of", self.location_id.ids)]
        )
        lone = {}
        for quant in quants:
            for location in self.location_id:
                if quant.location_id == location or quant.location_id.parent_path.startswith(location.parent_path):
                    key = (quant.product_id, location)
                    lone[key] = None if key in lone else quant
        done, lines, left = self.browse(), [], {}
        for move in self:
            quant = lone.get((move.product_id, move.location_id))
            if not quant or quant.lot_id or quant.package_id or quant.owner_id:
                continue
            free = left.get(quant, quant.quantity - quant.reserved_quantity)
            if move.product_uom.compare(free, move.product_uom_qty) < 0:
                continue
            left[quant] = free - move.product_uom_qty
            done += move
            lines.append(move._prepare_move_line_vals(move.product_uom_qty, quant))
        cache = self.env["stock.quant"]._get_quants_by_products_locations(done.product_id, done.location_id)
        self.env["stock.move.line"].with_context(quants_cache=cache).create(lines)
        return done
