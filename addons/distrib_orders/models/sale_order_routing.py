from collections import defaultdict

from odoo import api, models
from odoo.service.model import retrying

from ..engine import routing

ROUTABLE = ("new", "to_route")
CRON_BATCH = 100


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_route(self):
        """Route, confirm and reserve the selected orders, and say what became of them."""
        self._check_order_desk()
        routed = self._route()
        counts = defaultdict(int)
        for decision in routed:
            counts[decision.state] += 1
        passed = len(self) - len(routed)
        message = self.env._(
            "From one warehouse: %(whole)s. Split: %(split)s. Not in stock: %(unfilled)s. Passed over: %(passed)s.",
            whole=counts["whole"], split=counts["split"], unfilled=counts["unfilled"], passed=passed,
        )  # fmt: skip
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Routing"),
                "message": message,
                "type": "warning" if counts["unfilled"] or passed else "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _is_routable(self):
        """Open and not held, or held only because the goods were not there the last time."""
        self.ensure_one()
        return self.state in ("draft", "sent") and (self.pool_state in ROUTABLE or self.hold_code == "unfilled")

    def _route(self, strategy="nearest"):
        """Decide which warehouse fulfils which line, write it down, confirm and reserve.

        Orders that another run works on at this moment are left to it; an order that cannot be filled is held.

        :return: the ``distrib.routing.decision`` records made
        """
        self.check_access("write")
        # The row lock makes two runs exclude each other. A run that started before the other one committed gets a
        # serialisation error here instead of the row, and starts again.
        orders = self.try_lock_for_update()
        orders.invalidate_recordset(["state", "pool_state", "hold_code"])
        orders = orders.filtered(lambda order: order._is_routable())
        orders = orders.sorted(lambda order: (order.channel_ordered_at or order.date_order, order.id))
        decisions = self.env["distrib.routing.decision"]
        for company, group in orders.grouped("company_id").items():
            decisions |= group.with_company(company)._route_company(strategy)
        return decisions

    def _route_company(self, strategy):
        """Route orders of one company, the current one, in their sequence."""
        allowed = self._allowed_warehouses()
        sites = self.env["stock.warehouse"].union(self._network_warehouses(), *allowed.values())
        requests = [order._routing_request(sites, allowed[order.channel_id]) for order in self]
        stock = self._routing_stock({need.product for request in requests for need in request.needs}, sites)
        plans = routing.route(requests, [self._routing_site(site) for site in sites], stock, strategy)
        decisions = self._write_decisions(plans, strategy)
        self._apply_plans(plans)
        return decisions

    # What the router is told

    @api.model
    def _network_warehouses(self):
        return self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id), ("network_tier", "!=", False)]
        )

    def _allowed_warehouses(self):
        """dict channel (or none) -> the warehouses that may ship its orders."""
        allowed = {channel: channel._candidate_warehouses() for channel in self.channel_id}
        free = self.filtered(lambda order: not order.channel_id)
        if free:
            # The dealers' own stock is not ours to ship.
            network = self._network_warehouses().filtered(lambda w: w.network_tier != "dealer")
            allowed[free.channel_id] = network or free.warehouse_id
        return allowed

    @api.model
    def _routing_site(self, warehouse):
        known = warehouse.latitude or warehouse.longitude
        return routing.Site(
            warehouse.id,
            warehouse.latitude if known else None,
            warehouse.longitude if known else None,
            warehouse.sequence,
        )

    def _routing_request(self, sites, allowed):
        self.ensure_one()
        latitude, longitude = self._routing_place()
        return routing.Order(
            self.id,
            tuple(
                routing.Need(
                    line.id,
                    line.product_id.id,
                    line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id),
                )
                for line in self.order_line
                if line.product_id.is_storable and line.product_uom_qty > 0
            ),
            latitude,
            longitude,
            {site.id: "not_candidate" for site in sites - allowed},
            self._allocation_claims(),
            self.channel_id.id or None,
        )

    def _routing_place(self):
        """Degrees north and east of the delivery address, else of its region, else (None, None)."""
        self.ensure_one()
        partner = self.partner_shipping_id
        if partner.partner_latitude or partner.partner_longitude:
            return partner.partner_latitude, partner.partner_longitude
        return self.region_id._coordinates().get(self.region_id.id, (None, None))

    def _routing_stock(self, product_ids, sites):
        """What each warehouse can still promise, and to whom, read in a few statements for all products."""
        position = self.env["distrib.position"]
        position._lock_promises(product_ids, sites.ids)
        found = position._read_columns(product_ids, sites.ids)
        keys = list(zip(found.warehouse_id.tolist(), found.product_id.tolist(), strict=True))
        buffers = self.env["distrib.channel.buffer"]._kept_back(self.channel_id, found)
        return routing.Stock(
            dict(zip(keys, found.available.tolist(), strict=True)),
            claims=self.env["distrib.allocation"]._claims(product_ids, sites.ids),
            buffers={channel: dict(zip(keys, kept.tolist(), strict=True)) for channel, kept in buffers.items()},
        )

    # What it decided

    def _write_decisions(self, plans, strategy):
        # sudo: a decision is a record of what the router did; no role may write one by hand.
        return self.env["distrib.routing.decision"].sudo().create(
            [
                {
                    "order_id": plan.order,
                    "strategy": strategy,
                    "state": plan.state if plan.legs else "whole",
                    "data": {"lines": len(plan.legs)},
                    "line_ids": [(0, 0, self._decision_line(leg)) for leg in plan.legs],
                }
                for plan in plans
            ]
        ).sudo(self.env.su)  # fmt: skip

    @api.model
    def _decision_line(self, leg):
        return {
            "order_line_id": leg.need.line,
            "product_id": leg.need.product,
            "quantity": leg.need.quantity,
            "warehouse_id": leg.site,
            "distance_km": leg.distance_km or 0.0,
            "reason": leg.reason,
            "cost": {"distance_km": leg.distance_km},
            "alternatives": [{"warehouse": o.site, "distance_km": o.distance_km} for o in leg.alternatives],
            "excluded": [
                {
                    "warehouse": out.site, "code": out.code, "distance_km": out.distance_km,
                    "product": out.product, "free": out.free, "needed": out.needed,
                }
                for out in leg.excluded
            ],
        }  # fmt: skip

    def _apply_plans(self, plans):
        """Set the warehouses, confirm and reserve what has a place; hold what has none."""
        unfilled = self.browse([plan.order for plan in plans if plan.state == "unfilled"])
        unfilled.write({"hold_code": "unfilled", "hold_data": False})
        filled = [plan for plan in plans if plan.state != "unfilled"]
        lines_of, orders_of = defaultdict(list), defaultdict(list)
        for plan in filled:
            for leg in plan.legs:
                lines_of[leg.site].append(leg.need.line)
            if plan.legs:
                orders_of[self._main_site(plan)].append(plan.order)
        for site, ids in orders_of.items():
            self.browse(ids).warehouse_id = site
        for site, ids in lines_of.items():
            self.env["sale.order.line"].browse(ids).routed_warehouse_id = site
        orders = self.browse([plan.order for plan in filled])
        orders.filtered("hold_code").write({"hold_code": False, "hold_data": False})
        orders._confirm_routed()

    @api.model
    def _main_site(self, plan):
        """The warehouse that ships most lines; the nearest of those that ship equally many."""
        count = defaultdict(int)
        for leg in plan.legs:
            count[leg.site] += 1
        far = {leg.site: leg.distance_km if leg.distance_km is not None else float("inf") for leg in plan.legs}
        return min(count, key=lambda site: (-count[site], far[site], site))

    def _confirm_routed(self):
        if not self:
            return
        self.action_confirm()
        # Operation types may leave reservation to a date or to a hand; the pool reserves at once.
        waiting = self.picking_ids.filtered(lambda p: p.state in ("confirmed", "waiting"))
        if waiting.move_ids.filtered(lambda move: move.state in ("confirmed", "partially_available")):
            waiting.action_assign()

    @api.model
    def _cron_route(self, batch=CRON_BATCH):
        """Route what channels let through without asking, a batch for each transaction."""
        domain = [("pool_state", "=", "to_route"), ("state", "in", ("draft", "sent"))]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self.search_count(domain))
        while orders := self.search(domain, order="id", limit=batch):
            # A batch that another run was faster with is simply done again.
            decided = retrying(orders._route, self.env)
            if not cron._commit_progress(len(decided)) or not decided:
                break
