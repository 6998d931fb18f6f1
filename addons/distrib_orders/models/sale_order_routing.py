from collections import defaultdict

from odoo import api, models
from odoo.service.model import retrying

from ..engine.router.arrive import arrive
from ..engine.router.costs import plan_parts
from ..engine.router.instance import UNFILLED
from ..engine.router.told import tell

ROUTABLE = ("new", "to_route")
CRON_BATCH = 100
# What the router calls a line that has a way which its order may not take: it would be one parcel too many.
REASONS = {"too_dear": "parcels"}


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

    def _route(self, kind="arrival"):
        """Decide which warehouse fulfils which line, write it down, confirm and reserve.

        Orders that another run works on at this moment are left to it; an order that cannot be filled is held, unless its
        rule says otherwise.

        :param kind: how the decision came about, as `distrib.routing.decision.kind` says it
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
            decisions |= group.with_company(company)._route_company(kind)
        return decisions

    def _route_company(self, kind):
        """Route orders of one company, the current one, in their sequence."""
        self._lock_goods()
        routing = self.env["distrib.routing"]
        task = routing._build(self)
        bare = self if task is None else self - self.browse(task.order_ids.tolist())
        decisions = bare._write_bare_decisions(kind)
        bare._settle()
        if task is None:
            return decisions
        prices = routing._prices_ahead(task)
        location, filled = arrive(task.instance, task.waits, prices)
        rest = self.env["distrib.routing.rest"]._plan(task, location, filled)
        decisions |= self._write_decisions(task, location, kind, prices, rest=rest)
        self._apply_task(task, location, filled, rest)
        return decisions

    def _lock_goods(self):
        """Lock what could be promised to these orders, in every warehouse that may ship them."""
        routing = self.env["distrib.routing"]
        products = {line.product_id.id for line in self.order_line if routing._is_goods(line)}
        if products:
            sites = self._network_warehouses().union(*self._candidates_by_channel().values())
            self.env["distrib.position"]._lock_promises(products, sites.ids)

    # What the router is told

    @api.model
    def _network_warehouses(self):
        return self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id), ("network_tier", "!=", False)]
        )

    def _candidates_by_channel(self):
        """dict channel (or none) -> the warehouses that may ship its orders."""
        allowed = {channel: channel._candidate_warehouses() for channel in self.channel_id}
        free = self.filtered(lambda order: not order.channel_id)
        if free:
            # The dealers' own stock is not ours to ship.
            network = self._network_warehouses().filtered(lambda w: w.network_tier != "dealer")
            allowed[free.channel_id] = network or free.warehouse_id
        return allowed

    def _routing_place(self):
        """Degrees north and east of the delivery address, else of its region, else (None, None)."""
        self.ensure_one()
        partner = self.partner_shipping_id
        if partner.partner_latitude or partner.partner_longitude:
            return partner.partner_latitude, partner.partner_longitude
        return self.region_id._coordinates().get(self.region_id.id, (None, None))

    # What it decided

    def _write_bare_decisions(self, kind):
        """Orders without goods are decided as well: there is nothing to ship."""
        return self._create_decisions(
            [{"order_id": order.id, "kind": kind, "state": "whole", "data": {"lines": 0}} for order in self]
        )

    def _write_decisions(self, task, location, kind, prices=None, only=None, saved=None, rest=None):
        values = self._decision_values(task, location, kind, prices, only, saved, rest)
        return self._create_decisions(values)

    def _create_decisions(self, values):
        # sudo: a decision is a record of what the router did; no role may write one by hand.
        return self.env["distrib.routing.decision"].sudo().create(values).sudo(self.env.su)

    @api.model
    def _decision_values(self, task, location, kind, prices=None, only=None, saved=None, rest=None):
        """Values of the decisions about the orders of a task, or about ``only`` some (ids).

        :param saved: dict order id -> money saved against the plan before
        """
        told = tell(task, location, prices)
        sale_lines = defaultdict(list)
        for sale_line, line in task.line_of.items():
            sale_lines[line].append(sale_line)
        values, start = [], task.instance.start.tolist()
        for index, order in enumerate(task.order_ids.tolist()):
            if only is not None and order not in only:
                continue
            span = range(start[index], start[index + 1])
            lines = [
                self._decision_line(task, told[line], sale_line) for line in span for sale_line in sale_lines[line]
            ]
            data = {"lines": len(lines), "cost": self._cost_sums(told, span)}
            if order in task.assumed:
                data["assumed"] = list(task.assumed[order])
            if saved and saved.get(order):
                data["saved"] = round(saved[order], 2)
            if rest and index in rest:
                data["remainder"] = rest[index].word
            values.append({
                "order_id": order, "kind": kind, "strategy": task.objective[index], "state": self._result(location, span),
                "ruleset_id": task.notes["ruleset"], "rule_id": int(task.rules[index]) or False, "data": data,
                "line_ids": [(0, 0, line) for line in lines],
            })  # fmt: skip
        return values

    @api.model
    def _cost_sums(self, told, span):
        sums = defaultdict(float)
        for line in span:
            for name, part in told[line]["cost"].items():
                if name not in ("distance_km", "days"):
                    sums[name] += part
        return {name: round(total, 2) for name, total in sums.items()}

    @api.model
    def _result(self, location, span):
        sites = set(location[span.start : span.stop].tolist())
        return "unfilled" if UNFILLED in sites else "split" if len(sites) > 1 else "whole"

    @api.model
    def _decision_line(self, task, told, sale_line):
        line = self.env["sale.order.line"].browse(sale_line)
        place, reason = told["location"], told["reason"]
        quantity = line.product_uom_qty
        if line.product_uom_id != line.product_id.uom_id:
            quantity = line.product_uom_id._compute_quantity(quantity, line.product_id.uom_id)
        return {
            "order_line_id": sale_line,
            "product_id": line.product_id.id,
            "quantity": quantity,
            "warehouse_id": int(task.site_ids[place]) if place != UNFILLED else False,
            "distance_km": told["cost"].get("distance_km", 0.0),
            "reason": REASONS.get(reason, reason),
            "cost": told["cost"],
            "alternatives": told["alternatives"],
            "excluded": told["excluded"],
        }

    def _apply_task(self, task, location, filled, rest):
        """Set the warehouses, confirm and reserve what has a place; hold what has none."""
        held = [order for i, order in enumerate(task.order_ids.tolist()) if not filled[i] and i not in rest]
        self.browse(held).write({"hold_code": "unfilled", "hold_data": False})
        going = [i for i in range(len(task.order_ids)) if filled[i] or i in rest]
        places = location.copy()
        for index in going:
            if index in rest:
                rest[index].place(places)
        self._write_places(task, places, going)
        for index, plan in rest.items():
            plan.divide(self.browse(int(task.order_ids[index])))
        orders = self.browse([int(task.order_ids[i]) for i in going])
        orders._settle()
        for index, plan in rest.items():
            plan.fetch(self.browse(int(task.order_ids[index])))

    def _write_places(self, task, location, going):
        """The warehouse of each line, and of each order: the one that ships most of its lines."""
        site_ids, km = task.site_ids.tolist(), task.km
        lines_of, orders_of, start = defaultdict(list), defaultdict(list), task.instance.start
        chosen = set(going)
        for sale_line, line in task.line_of.items():
            if int(task.instance.order_of[line]) in chosen and location[line] != UNFILLED:
                lines_of[site_ids[location[line]]].append(sale_line)
        for index in going:
            places = [place for place in location[start[index] : start[index + 1]].tolist() if place != UNFILLED]
            if places:
                far = {place: km[index, place] if km[index, place] == km[index, place] else 9e9 for place in places}
                main = min(set(places), key=lambda p, far=far, all_=places: (-all_.count(p), far[p], site_ids[p]))
                orders_of[site_ids[main]].append(int(task.order_ids[index]))
        for site, ids in orders_of.items():
            self.browse(ids).warehouse_id = site
        for site, ids in lines_of.items():
            self.env["sale.order.line"].browse(ids).routed_warehouse_id = site

    def _settle(self):
        """Lift the hold of what has a place now, confirm and reserve."""
        self.filtered("hold_code").write({"hold_code": False, "hold_data": False})
        self._confirm_routed()

    def _confirm_routed(self):
        if not self:
            return
        self.action_confirm()
        self._reserve_routed()

    def _reserve_routed(self):
        # Operation types may leave reservation to a date or to a hand; the pool reserves at once.
        waiting = self.picking_ids.filtered(lambda p: p.state in ("confirmed", "waiting"))
        if waiting.move_ids.filtered(lambda move: move.state in ("confirmed", "partially_available")):
            waiting.action_assign()

    # Looking without touching

    def _preview(self, ruleset=None):
        """What would be decided now about each order, as unsaved decisions; nothing is written or locked."""
        decisions = self.env["distrib.routing.decision"]
        previews = []
        for company, orders in self.grouped("company_id").items():
            orders = orders.with_company(company)
            task = self.env["distrib.routing"]._build(orders, ruleset=ruleset, movable=True)
            if task is not None:
                location, _filled = arrive(task.instance, task.waits)
                previews += orders._decision_values(task, location, "arrival")
        return [decisions.new(values) for values in previews]

    def _routing_obstacle(self):
        """In words, what stands against the choices of clerks for one order."""
        self.ensure_one()
        return "\n".join(preview.explanation for preview in self._preview())

    @api.model
    def _task_money(self, task, location):
        """The money of a plan in its parts, for comparisons."""
        return plan_parts(task.money, location)

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
