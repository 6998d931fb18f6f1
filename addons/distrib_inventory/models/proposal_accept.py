from datetime import datetime, time

from odoo import Command, fields, models
from odoo.exceptions import UserError


class ProposalAccept(models.Model):
    """From accepted proposals to native documents: requests for quotation, and transfers in two chained legs."""

    _inherit = "distrib.proposal"

    def action_accept(self):
        """Accept all of these, or none; documents are made in batches."""
        self._lock(("open", "snoozed"))
        nameless = self.filtered(lambda proposal: proposal.kind == "purchase" and not proposal.partner_id)
        if nameless:
            raise UserError(
                self.env._(
                    "Choose a supplier first, for example for %(product)s (%(count)s proposals without one).",
                    product=nameless[0].product_id.display_name,
                    count=len(nameless),
                )
            )
        self.filtered(lambda proposal: proposal.kind == "purchase")._make_purchases()
        self.filtered(lambda proposal: proposal.kind == "transfer")._make_transfers()
        self.write({"state": "accepted", "decided_by_id": self.env.uid, "decided_on": fields.Datetime.now()})
        return True

    # --- purchases ---------------------------------------------------------------------------------------------

    def _make_purchases(self):
        """One request for quotation for each supplier, warehouse and expected day."""
        groups = self.grouped(lambda p: (p.company_id, p.partner_id, p.warehouse_id, p.expected_date))
        orders = self.env["purchase.order"].create([part._order_values(*key) for key, part in groups.items()])
        lines, proposals = [], []
        for order, part in zip(orders, groups.values(), strict=True):
            for proposal in part:
                lines.append(proposal._order_line_values(order))
                proposals.append(proposal)
        created = self.env["purchase.order.line"].create(lines)
        for proposal, line in zip(proposals, created, strict=True):
            proposal.purchase_line_id = line
        # the day is ours: core's own date follows from today's order date
        for order, part in zip(orders, groups.values(), strict=True):
            order.order_line.date_planned = self._noon(part[0].expected_date)

    def _order_values(self, company, partner, warehouse, expected_date):
        partner = partner.with_company(company)
        return {
            "partner_id": partner.id,
            "company_id": company.id,
            "currency_id": (partner.property_purchase_currency_id or company.currency_id).id,
            "picking_type_id": warehouse.in_type_id.id,
            "date_planned": self._noon(expected_date),
            "origin": self.env._("Replenishment proposals"),
        }

    def _order_line_values(self, order):
        """In the supplier's unit where he has one."""
        unit = self.supplierinfo_id.product_uom_id or self.uom_id
        return {
            "order_id": order.id,
            "product_id": self.product_id.id,
            "product_qty": self.uom_id._compute_quantity(self.quantity, unit, rounding_method="HALF-UP"),
            "product_uom_id": unit.id,
        }

    # --- transfers ---------------------------------------------------------------------------------------------

    def _make_transfers(self):
        """For each source, destination and day a picking out to the transit location and one in from it."""
        groups = self.grouped(lambda p: (p.source_warehouse_id, p.warehouse_id, p.order_date, p.expected_date))
        if not groups:
            return
        legs = [values for key in groups for values in self._leg_values(*key)]
        pickings = self.env["stock.picking"].create(legs)
        moves, owners = [], []
        for index, (key, part) in enumerate(groups.items()):
            out, into = pickings[2 * index], pickings[2 * index + 1]
            for proposal in part:
                moves.append(proposal._move_values(into, key[3]))
                moves.append(proposal._move_values(out, key[2]))
                owners.append(proposal)
        created = self.env["stock.move"].create(moves)
        for index, proposal in enumerate(owners):
            into, out = created[2 * index], created[2 * index + 1]
            out.move_dest_ids = [Command.link(into.id)]
            proposal.move_ids = [Command.set([out.id, into.id])]
        created._action_confirm(merge=False)

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
            "location_id": picking.location_id.id,
            "location_dest_id": picking.location_dest_id.id,
            "company_id": picking.company_id.id,
            "date": self._noon(day),
            "origin": picking.origin,
        }

    @staticmethod
    def _noon(day):
        """A day as a moment that is the same day in every time zone of China and Europe."""
        return datetime.combine(day, time(4))
