from odoo import models
from odoo.exceptions import UserError

OPEN_REQUESTS = ("draft", "sent")


class ProposalPurchase(models.Model):
    """Accepted purchases as requests for quotation, and taking accepted proposals back."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    def _make_purchases(self):
        """One request for each supplier, warehouse and day of arrival, or the open one where the company wants that."""
        groups = self.grouped(lambda p: (p.company_id, p.partner_id, p.warehouse_id, p._arriving()))
        if not groups:
            return self.env["purchase.order"]
        orders = self._requests(list(groups))
        added, grown, known = [], [], {}
        for order, (key, part) in zip(orders, groups.items(), strict=True):
            lines = {
                (line.product_id, line.product_uom_id, line.date_planned.date()): line for line in order.order_line
            }
            for proposal in part:
                values = proposal._order_line_values(order, known)
                unit = self.env["uom.uom"].browse(values["product_uom_id"])
                line = lines.get((proposal.product_id, unit, key[3]))
                if line:
                    grown.append((proposal, line, values["product_qty"]))
                else:
                    added.append((proposal, {**values, "date_planned": self._noon(key[3])}, key[3]))
        created = self.env["purchase.order.line"].create([values for _proposal, values, _day in added])
        by_day = {}
        for (proposal, _values, day), line in zip(added, created, strict=True):
            proposal.purchase_line_id = line
            by_day[day] = by_day.get(day, created.browse()) + line
        for proposal, line, quantity in grown:
            line.product_qty += quantity
            proposal.purchase_line_id = line
            by_day[proposal._arriving()] = by_day.get(proposal._arriving(), created.browse()) | line
        # the day is ours: core's own follows from today's order date
        for day, lines in by_day.items():
            lines.date_planned = self._noon(day)
        return self.env["purchase.order"].union(*orders)

    def _requests(self, keys):
        """The request for each of the keys (company, supplier, warehouse, day): a draft that may take it, or new ones."""
        found = [self.env["purchase.order"]] * len(keys)
        drafts = self._drafts(keys)
        for place, (company, partner, warehouse, day) in enumerate(keys):
            candidates = drafts.get((company, partner, warehouse), [])
            same_day = [order for order in candidates if order.date_planned and order.date_planned.date() == day]
            if same_day:
                found[place] = same_day[0]
            elif candidates and company.distrib_rfq_merge == "any":
                found[place] = candidates[0]
        missing = [place for place, order in enumerate(found) if not order]
        created = self.env["purchase.order"].create([self._order_values(*keys[place]) for place in missing])
        for place, order in zip(missing, created, strict=True):
            found[place] = order
        return found

    def _drafts(self, keys):
        """Open drafts in the currency the supplier is paid in, by (company, supplier, warehouse), locked.

        One that somebody else holds is left alone, and a new request is made.
        """
        companies = [company for company in {key[0] for key in keys} if company.distrib_rfq_merge != "never"]
        if not companies:
            return {}
        orders = self.env["purchase.order"].search(
            [
                ("state", "=", "draft"),
                ("company_id", "in", [company.id for company in companies]),
                ("partner_id", "in", list({key[1].id for key in keys})),
                ("picking_type_id", "in", list({key[2].in_type_id.id for key in keys})),
            ],
            order="id",
        )
        orders = orders.try_lock_for_update(allow_referencing=True)
        orders.invalidate_recordset(["state"])
        drafts = {}
        for order in orders.filtered(lambda order: order.state == "draft"):
            partner = order.partner_id.with_company(order.company_id)
            if order.currency_id == (partner.property_purchase_currency_id or order.company_id.currency_id):
                key = (order.company_id, order.partner_id, order.picking_type_id.warehouse_id)
                drafts.setdefault(key, []).append(order)
        return drafts

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

    def _order_line_values(self, order, known=None):
        """In the supplier's unit where he has one; all that core would otherwise look up line by line.

        :param dict known: what was looked up for other lines of this call
        """
        seller = self.supplierinfo_id
        unit = (seller.partner_id == self.partner_id and seller.product_uom_id) or self.uom_id
        quantity = self.uom_id._compute_quantity(self.quantity, unit, rounding_method="HALF-UP")
        known = {} if known is None else known
        # prices go by steps of quantity
        step = sum(self.quantity >= line.min_qty for line in self.product_id.seller_ids)
        key = (self.product_id, unit, step, self.partner_id, order.company_id, order.currency_id)
        key += (order.fiscal_position_id, order.date_order)
        if key not in known:
            known[key] = {
                **self.env["purchase.order.line"]._prepare_purchase_order_line(
                    self.product_id, quantity, unit, order.company_id, self.partner_id, order
                ),
                "analytic_distribution": self._analytic_distribution(order),
            }
        return {**known[key], "order_id": order.id, "product_qty": quantity}

    def _analytic_distribution(self, order):
        """What core looks up for each line, there as superuser too: buyers may not read the models."""
        return (
            self.env["account.analytic.distribution.model"]
            .sudo()
            ._get_distribution(
                {
                    "product_id": self.product_id.id,
                    "product_categ_id": self.product_id.categ_id.id,
                    "partner_id": self.partner_id.id,
                    "partner_category_id": self.partner_id.category_id.ids,
                    "company_id": order.company_id.id,
                }
            )
        )

    # --- taking back -------------------------------------------------------------------------------------------

    def _take_back(self):
        """Undo the documents: lines of requests that are not ordered yet, moves of which nothing has left."""
        for proposal in self:
            if proposal._is_on_its_way():
                raise UserError(
                    self.env._(
                        "%(product)s for %(warehouse)s is ordered or on its way already. Change the document instead.",
                        product=proposal.product_id.display_name,
                        warehouse=proposal.warehouse_id.display_name,
                    )
                )
        self._shrink_requests()
        moves = self.move_ids
        moves._action_cancel()
        moves.distrib_proposal_id = False

    def _is_on_its_way(self):
        order = self.purchase_line_id.order_id
        moving = self.move_ids.filtered(lambda move: move.state == "done" or move.picked)
        return bool((order and order.state not in (*OPEN_REQUESTS, "cancel")) or moving)

    def _shrink_requests(self):
        orders = self.purchase_line_id.order_id
        for proposal in self.filtered("purchase_line_id"):
            line = proposal.purchase_line_id
            mine = proposal._order_line_values(line.order_id)
            if line.product_qty > mine["product_qty"] and line.product_uom_id.id == mine["product_uom_id"]:
                day = line.date_planned
                line.product_qty -= mine["product_qty"]
                line.date_planned = day
            else:
                line.unlink()
            proposal.purchase_line_id = False
        ours = self.env._("Replenishment proposals")
        empty = orders.exists().filtered(lambda order: not order.order_line and order.origin == ours)
        empty.button_cancel()
        empty.unlink()

    def _confirm_requests(self):
        """For automatic rules that order at once."""
        orders = self.purchase_id.filtered(lambda order: order.state in OPEN_REQUESTS)
        orders.button_confirm()
        return orders
