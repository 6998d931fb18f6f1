from datetime import datetime, time

from odoo import fields, models
from odoo.exceptions import UserError

from .proposal import LIVE


class ProposalAccept(models.Model):
    """From accepted proposals to native documents: requests for quotation, and transfers in two chained legs."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    def action_accept(self):
        """Accept these; those that cannot be ordered stay open, and are named. Documents are made in batches."""
        self._lock(LIVE)
        stuck = self.filtered(lambda proposal: proposal._is_stuck())
        ready = self - stuck
        if not ready:
            raise UserError(self._stuck_text(stuck))
        orders, pickings = ready._accept()
        parts = []
        if orders:
            parts.append(self.env._("%s requests for quotation", len(orders)))
        if pickings:
            parts.append(self.env._("%s transfers", len(pickings)))
        message = self.env._(
            "%(count)s proposals accepted: %(documents)s.", count=len(ready), documents=", ".join(parts)
        )
        if stuck:
            message += " " + self._stuck_text(stuck)
        return ready._done_action(message, "warning" if stuck else "success")

    def _is_stuck(self):
        return bool(self.blocker) or (self.kind == "purchase" and not self.partner_id)

    def _stuck_text(self, stuck):
        return self.env._(
            "%(count)s cannot be ordered, for example %(product)s for %(warehouse)s: %(why)s",
            count=len(stuck),
            product=stuck[0].product_id.display_name,
            warehouse=stuck[0].warehouse_id.display_name,
            why=stuck[0].blocker_text
            or self.env._("No supplier is known. Add one to the product, or choose one here."),
        )

    def _accept(self):
        """The documents and the state in one transaction: killed in the middle, nothing has happened.

        :return: the purchase orders and the pickings
        """
        orders = self.filtered(lambda proposal: proposal.kind == "purchase")._make_purchases()
        pickings = self.filtered(lambda proposal: proposal.kind != "purchase")._make_transfers()
        self.write({"state": "accepted", "decided_by_id": self.env.uid, "decided_on": fields.Datetime.now()})
        return orders, pickings

    # --- transfers ---------------------------------------------------------------------------------------------

    def _make_transfers(self):
        """For each source, destination and day a picking out to the transit location and one in from it."""
        groups = self.grouped(lambda p: (p.source_warehouse_id, p.warehouse_id, p._leaving(), p._arriving()))
        if not groups:
            return self.env["stock.picking"]
        # goods are promised under the locks of their quants, as everywhere
        self.env["distrib.position"]._lock_promises(self.product_id.ids, self.source_warehouse_id.ids)
        legs = [values for key in groups for values in self._leg_values(*key)]
        pickings = self.env["stock.picking"].create(legs)
        inbound, outbound = [], []
        for index, (key, part) in enumerate(groups.items()):
            out, into = pickings[2 * index], pickings[2 * index + 1]
            for proposal in part:
                inbound.append(proposal._move_values(into, key[3]))
                outbound.append(proposal._move_values(out, key[2]))
        # the legs in are there first, so that the legs out are created with their link
        moves = self.env["stock.move"]
        arriving = moves._create_together(inbound)
        for values, move in zip(outbound, arriving, strict=True):
            values["move_dest_ids"] = [fields.Command.link(move.id)]
        (arriving + moves._create_together(outbound))._confirm_together()
        return pickings

    def _leaving(self):
        return max(self.order_date or fields.Date.context_today(self), fields.Date.context_today(self))

    def _arriving(self):
        """The expected day, or the same number of days later when the proposal is decided late."""
        if self.manual_terms or not self.order_date:
            return max(self.expected_date or self._leaving(), self._leaving())
        return self._leaving() + ((self.expected_date or self.order_date) - self.order_date)

    def _leg_values(self, source, destination, order_date, expected_date):
        transit = source.company_id.internal_transit_location_id
        if not transit.active:
            # core switches it on together with its first resupply route; a planner may not write locations
            transit.sudo().active = True
        common = {"origin": self.env._("Replenishment proposals"), "company_id": source.company_id.id}
        out = {"picking_type_id": source.out_type_id.id, "location_id": source.lot_stock_id.id}
        into = {"picking_type_id": destination.in_type_id.id, "location_dest_id": destination.lot_stock_id.id}
        return (
            {**common, **out, "location_dest_id": transit.id, "scheduled_date": self._noon(order_date)},
            {**common, **into, "location_id": transit.id, "scheduled_date": self._noon(expected_date)},
        )

    def _move_values(self, picking, day):
        return {
            "picking_id": picking.id,
            "picking_type_id": picking.picking_type_id.id,
            "product_id": self.product_id.id,
            "product_uom_qty": self.quantity,
            "product_uom": self.uom_id.id,
            "packaging_uom_id": self.uom_id.id,
            "location_id": picking.location_id.id,
            "location_dest_id": picking.location_dest_id.id,
            "company_id": picking.company_id.id,
            "date": self._noon(day),
            "origin": picking.origin,
            "distrib_proposal_id": self.id,
        }

    @staticmethod
    def _noon(day):
        """A day as a moment that is the same day in every time zone of China and Europe."""
        return datetime.combine(day, time(4))
