from dataclasses import dataclass, field, replace

import numpy as np
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.router.explain import remaining
from ..engine.router.instance import UNFILLED


@dataclass
class Rest:
    """What becomes of the lines of one order that found no warehouse.

    ``main``: place of the lines that wait there. ``parts``: line of the instance -> [(place, quantity)] for a divided
    one. ``sources``: line -> place that can send the goods.
    """

    env: object
    task: object
    word: str
    main: dict = field(default_factory=dict)
    parts: dict = field(default_factory=dict)
    sources: dict = field(default_factory=dict)

    def place(self, location):
        for line, place in self.main.items():
            location[line] = place
        for line, parts in self.parts.items():
            location[line] = parts[0][0]

    def _sale_lines(self, order, line):
        return order.order_line.filtered(lambda row: self.task.line_of.get(row.id) == line)

    def divide(self, order):
        """One sale line for each part; prices stay."""
        for line, parts in self.parts.items():
            row = self._sale_lines(order, line)
            unit, price, discount = row.product_id.uom_id, row.price_unit, row.discount
            amounts = [unit._compute_quantity(amount, row.product_uom_id, round=False) for _place, amount in parts]
            row.write({"product_uom_qty": amounts[0]})
            row.write({"price_unit": price, "discount": discount})
            for (place, _amount), amount in zip(parts[1:], amounts[1:], strict=True):
                more = row.copy({"order_id": order.id, "product_uom_qty": amount})
                more.write({"price_unit": price, "discount": discount})
                more.routed_warehouse_id = int(self.task.site_ids[place])

    def fetch(self, order):
        """Bring in or buy what is still missing after reservation."""
        for line, place in self.main.items():
            site = self.env["stock.warehouse"].browse(int(self.task.site_ids[place]))
            for row in self._sale_lines(order, line):
                missing = row.product_uom_id._compute_quantity(row.product_uom_qty, row.product_id.uom_id) - sum(
                    row.move_ids.filtered(lambda move: move.state not in ("cancel",)).mapped("quantity")
                )
                if missing <= 0:
                    continue
                if self.word == "transfer" and line in self.sources:
                    source = self.env["stock.warehouse"].browse(int(self.task.site_ids[self.sources[line]]))
                    self.env["distrib.routing.rest"]._bring(order, row.product_id, missing, source, site)
                elif self.word == "buy":
                    self.env["distrib.routing.rest"]._buy(order, row.product_id, missing, site)


class RoutingRest(models.AbstractModel):
    """What a rule does with the lines that no warehouse can fulfil."""

    _name = "distrib.routing.rest"
    _description = "Rest of an Order"

    @api.model
    def _plan(self, task, location, filled):
        """dict order index -> :class:`Rest`, for the orders that do not wait."""
        rests, left = {}, None
        for index in np.flatnonzero(~filled).tolist():
            if task.remainder[index] in ("wait", "hold"):
                continue
            left = remaining(task.instance, location) if left is None else left
            rest = self._of_order(task, location, index, left)
            if rest:
                rests[index] = rest
        return rests

    def _of_order(self, task, location, index, left):
        rest = Rest(self.env, task, task.remainder[index])
        start, instance = task.instance.start, task.instance
        lines = np.arange(start[index], start[index + 1])
        able = replace(instance, stock=np.full_like(instance.stock, np.inf), shared=()).usable(lines)
        cost = np.nan_to_num(instance.lanes.first[index] + instance.lanes.late[index], nan=np.inf)
        served = [place for place in location[lines].tolist() if place != UNFILLED]
        for row, line in enumerate(lines.tolist()):
            if location[line] != UNFILLED:
                continue
            if rest.word == "split":
                parts = self._parts(instance, line, able[row], cost, left)
                if parts is None or sum(1 for v in task.line_of.values() if v == line) > 1:
                    return None
                if len({place for place, _q in parts} | set(served)) > instance.parcels[index]:
                    return None
                rest.parts[line] = parts
            elif able[row].any():
                best = np.where(able[row], cost, np.inf)
                main = next((place for place in served if able[row][place]), int(best.argmin()))
                rest.main[line] = main
                others = np.flatnonzero(
                    left[:, instance.sku[line]] >= instance.quantity[line] - left[main, instance.sku[line]]
                )
                others = others[others != main]
                if len(others):
                    rest.sources[line] = int(
                        min(others, key=lambda place: (np.nan_to_num(task.km[index, place]), place))
                    )
            else:
                return None
            if rest.word == "transfer" and line not in rest.sources:
                return None
        return rest

    @api.model
    def _parts(self, instance, line, able, cost, left):
        """[(place, quantity)] from the cheapest places until all is there, or None."""
        sku, missing, parts = instance.sku[line], float(instance.quantity[line]), []
        for place in np.argsort(cost, kind="stable").tolist():
            take = min(np.floor(left[place, sku] + 1e-9), missing) if able[place] else 0.0
            if take > 0:
                parts.append((place, float(take)))
                missing -= take
            if missing <= 1e-9:
                break
        if missing > 1e-9:
            return None
        for place, take in parts:
            left[place, sku] -= take
        return parts

    @api.model
    def _bring(self, order, product, quantity, source, site):
        """A transfer in two legs through the company's transit location."""
        transit = order.company_id.internal_transit_location_id
        now = fields.Datetime.now()
        common = {
            "product_id": product.id, "product_uom_qty": quantity, "product_uom": product.uom_id.id,
            "origin": order.name, "company_id": order.company_id.id, "date": now,
        }  # fmt: skip
        legs = ((source.int_type_id, source.lot_stock_id, transit), (site.int_type_id, transit, site.lot_stock_id))
        # sudo: the rule of the managers asks for the transfer, whoever's order starts it
        pickings = self.env["stock.picking"].sudo().create([
            {"picking_type_id": kind.id, "location_id": here.id, "location_dest_id": there.id, "origin": order.name,
             "scheduled_date": now, "company_id": order.company_id.id}
            for kind, here, there in legs
        ])  # fmt: skip
        moves = self.env["stock.move"].sudo().create([
            {**common, "picking_id": picking.id, "location_id": here.id, "location_dest_id": there.id}
            for picking, (_kind, here, there) in zip(pickings, legs, strict=True)
        ])  # fmt: skip
        moves[1].move_orig_ids = moves[0]
        pickings.action_confirm()
        pickings[0].action_assign()
        return pickings

    @api.model
    def _buy(self, order, product, quantity, site):
        """A request to buy by the native rules of the warehouse; without a supplier the responsible is told."""
        rule = self.env["stock.rule"].sudo()  # sudo: as for a transfer
        values = {
            "warehouse_id": site, "company_id": order.company_id, "date_planned": fields.Datetime.now(),
            "origin": order.name,
            "route_ids": self.env["stock.rule"].sudo().search(
                [("action", "=", "buy"), ("warehouse_id", "in", [False, site.id]), ("company_id", "=", order.company_id.id)]
            ).route_id[:1],
        }  # fmt: skip
        procurement = rule.env["stock.rule"].Procurement(
            product, quantity, product.uom_id, site.lot_stock_id, order.name, order.name, order.company_id, values
        )
        try:
            with self.env.cr.savepoint():
                rule.run([procurement])
        except UserError as error:
            order.message_post(body=self.env._("%(product)s could not be bought: %(why)s",
                                               product=product.display_name, why=str(error)))  # fmt: skip
