from odoo import Command, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_round


class Alert(models.Model):
    """One click from an alert to what helps, filled in as far as it is known."""

    _inherit = "distrib.alert"

    def action_remedy(self):
        self.ensure_one()
        return getattr(self, f"_remedy_{self.kind}")()

    def action_view_board(self):
        """The product on the network board: who else has it."""
        self.ensure_one()
        return self.product_id.action_network_board()

    def _form(self, model, record_id=False, **values):
        """A form of a record, or of a new one."""
        found = {"type": "ir.actions.act_window", "res_model": model, "res_id": record_id, "views": [(False, "form")]}
        return {**found, "name": self.display_name, **values}

    def _gone(self):
        raise UserError(self.env._("What this alert is about is no longer there. It closes at the next round."))

    def _pair_domain(self):
        return [("product_id", "=", self.product_id.id), ("warehouse_id", "=", self.warehouse_id.id)]

    def _remedy_below_safety(self):
        """The proposal; where there is none, what is on its way and may be hastened; else the policy, which says why."""
        if self.rule_id.whose == "others":
            return self._remedy_dealer()
        Proposal, Policy = self.env["distrib.proposal"], self.env["distrib.policy"]
        # Whoever may see an alert may not see all of these: each role gets the first it can use.
        proposal = Proposal.has_access("read") and Proposal.search(
            [*self._pair_domain(), ("state", "in", ("open", "snoozed"))], limit=1
        )
        if proposal:
            return self._form("distrib.proposal", proposal.id)
        if order := self._asked_for():
            return self._form("purchase.order", order.id)
        if picking := self._next_arrival():
            return self._form("stock.picking", picking.id)
        if seller := self._seller():
            return self._new_order(seller)
        policy = Policy.has_access("read") and Policy.search(self._pair_domain(), limit=1)
        return self._form("distrib.policy", policy.id) if policy else self.action_view_board()

    def _remedy_dealer(self):
        """A dealer orders for himself: see who could serve him. Orders make him an offer instead."""
        return self.action_view_board()

    def _remedy_out_before_arrival(self):
        return self._remedy_below_safety()

    def _next_arrival(self):
        if not self.env["stock.picking"].has_access("read"):
            return self.env["stock.picking"]
        move = self.env["stock.move"].search(
            [
                ("product_id", "=", self.product_id.id),
                ("location_dest_id.warehouse_id", "=", self.warehouse_id.id),
                ("location_id.warehouse_id", "!=", self.warehouse_id.id),
                ("state", "in", ("waiting", "confirmed", "partially_available", "assigned")),
                ("picking_id", "!=", False),
            ],
            order="date, id",
            limit=1,
        )
        return move.picking_id

    def _asked_for(self):
        """A request for quotation that is not confirmed yet."""
        Line = self.env["purchase.order.line"]
        if not Line.has_access("read"):
            return self.env["purchase.order"]
        domain = [
            ("product_id", "=", self.product_id.id),
            ("order_id.picking_type_id.warehouse_id", "=", self.warehouse_id.id),
            ("state", "in", ("draft", "sent", "to approve")),
        ]
        return Line.search(domain, order="date_planned, id", limit=1).order_id

    def _seller(self):
        """Of whom a warehouse buys that is supplied by no other one, if this user may order."""
        sellers = self.env["product.supplierinfo"]
        if self.warehouse_id.supply_parent_id or not self.env["purchase.order"].has_access("create"):
            return sellers
        return self.product_id.with_company(self.company_id)._select_seller(quantity=None) or sellers

    def _new_order(self, seller):
        """A request for quotation over what fills the place up."""
        policy = self.env["distrib.policy"].search(self._pair_domain(), limit=1)
        quantity = max(policy.order_up_to - policy.available - policy.incoming, self.pieces, seller.min_qty, 1.0)
        context = {
            "default_partner_id": seller.partner_id.id,
            "default_company_id": self.company_id.id,
            "default_picking_type_id": self.warehouse_id.in_type_id.id,
            "default_order_line": [
                Command.create(
                    {"product_id": self.product_id.id, "product_qty": float_round(quantity, 0, rounding_method="UP")}
                )
            ],
        }
        return self._form("purchase.order", context=context)

    def _quants(self, *domain):
        place = [
            ("product_id", "=", self.product_id.id),
            ("location_id.warehouse_id", "=", self.warehouse_id.id),
            ("location_id.usage", "=", "internal"),
        ]
        return self.env["stock.quant"].search([*place, *domain])

    def _remedy_expiring(self):
        """Take out what is past its time, or see where the lot lies to move and promote it."""
        quants = self._quants(("lot_id", "=", self.res_id))
        if not quants:
            self._gone()
        if self.due_date and self.due_date <= fields.Date.context_today(self):
            return quants.filtered(lambda quant: quant.stock_state == "available")._open_state_move(
                "expired", self.env._("Past its removal date")
            )
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_alert_quants")
        title = dict.fromkeys(("name", "display_name"), self.display_name)
        return {**action, "domain": [("id", "in", quants.ids)], "context": {}, **title}

    def _remedy_negative(self):
        """The count of these goods: enter what is there, and apply it."""
        owners = [self.res_id] if self.res_id else [False, self.company_id.partner_id.id]
        quants = self._quants(("quantity", "<", 0), ("owner_id", "in", owners))
        if not quants:
            self._gone()
        action = self.env["stock.quant"].action_view_inventory()
        # core shows a stock user only the counts that were asked of him
        context = {**action["context"], "search_default_my_count": False}
        return {**action, "domain": [("id", "in", quants.ids)], "name": self.display_name, "context": context}

    def _record(self, model):
        return self.env[model].browse(self.res_id).exists() or self._gone()

    def _remedy_transfer_overdue(self):
        return self._form("stock.picking", self._record("stock.picking").id)

    def _remedy_allocation_expiring(self):
        return self._form("distrib.allocation", self._record("distrib.allocation").id)

    def _remedy_report_stale(self):
        """A new report of the place, to be filled with the file that is asked for."""
        context = {"default_warehouse_id": self.warehouse_id.id}
        return self._form("distrib.stock.report", context=context)


class StockQuant(models.Model):
    _inherit = "stock.quant"

    def _open_state_move(self, state, reason):
        """The wizard, filled in for these quants."""
        action = self.action_move_to_state()
        self.env["distrib.stock.state.move"].browse(action["res_id"]).write({"state": state, "reason": reason})
        return action
