import logging
import zlib
from collections import defaultdict

import numpy as np
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import retrying

from ..engine.router import UNFILLED, Settings, optimise
from ..engine.router.costs import parcel_parts, parcels, plan_cost
from ..engine.router.groups import linked
from ..engine.router.instance import violations

_logger = logging.getLogger(__name__)
POOL_SIZE = 2000  # orders planned at once, the oldest first
PLAN = Settings(price_rounds=60, rounds=8_000, seed=7)
REPAIR = Settings(price_rounds=20, rounds=1_000, seed=7)


class StalePlan(Exception):
    """Core did not reserve what the plan said; the transaction's part is taken back."""


class SaleOrder(models.Model):
    """Orders that are routed and not yet released are planned again, all together."""

    _inherit = "sale.order"

    routing_hand_ids = fields.One2many("distrib.routing.hand", "order_id", groups="base.group_user")
    routing_panel = fields.Html(
        compute="_compute_routing_panel", sanitize=False, groups="base.group_user", string="Why It Ships From There"
    )

    @api.depends("routing_decision_ids.data")
    @api.depends_context("lang")
    def _compute_routing_panel(self):
        for order in self:
            order.routing_panel = order.routing_decision_ids[:1].panel

    def action_choose_warehouse(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Choose the Warehouse"),
            "res_model": "distrib.routing.hand.wizard",
            "views": [[False, "form"]],
            "target": "new",
            "context": {"default_order_ids": self.ids},
        }

    def action_replan(self):
        """Plan the selected orders again, together, and say what came of it."""
        self._check_order_desk()
        decisions = self._replan()
        saved = sum((decision.data or {}).get("saved", 0.0) for decision in decisions)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Routing"),
                "message": self.env._(
                    "%(moved)s orders ship from elsewhere now, which saves %(saved)s.",
                    moved=len(decisions), saved=self.env.company.currency_id.format(saved),
                ),
                "type": "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }  # fmt: skip

    # Which orders may still change

    @api.model
    def _replan_domain(self, company):
        return [
            ("company_id", "=", company.id), ("pool_state", "=", "routed"), ("state", "=", "sale"),
            ("released_at", "=", False), ("routing_decision_ids", "!=", False),
        ]  # fmt: skip

    def _replannable(self):
        """Those of which nothing was packed, printed, drawn from an allocation or frozen by hand."""
        # sudo: a choice of another clerk binds as well
        frozen = self.env["distrib.routing.hand"].sudo().search([("order_id", "in", self.ids), ("kind", "=", "freeze")])
        drawn = self.env["distrib.allocation.draw"].sudo().search([("order_id", "in", self.ids)])
        started = self.env["stock.picking"].search([
            ("sale_id", "in", self.ids),
            "|", "|", ("state", "=", "done"), ("printed", "=", True), ("move_ids.picked", "=", True),
        ])  # fmt: skip
        return (self - frozen.order_id - drawn.order_id - started.sale_id).filtered(
            lambda order: order.pool_state == "routed" and not order.locked and not order._is_past_cut_off()
        )

    def _is_past_cut_off(self):
        """Hook: the warehouse packs the order today and its cut-off has passed."""
        self.ensure_one()
        return False

    # Planning

    def _replan(self, kind="pool", wanted=None, exclude=None):
        """Plan these orders again under locks, and carry the better plan out.

        :param wanted: dict sale line id -> warehouse id of a plan made before; planned anew when it fits no longer
        :param exclude: dict order id -> warehouse ids that are out
        :return: decisions about the orders that moved
        """
        self.check_access("write")
        orders = self.try_lock_for_update()
        orders.invalidate_recordset(["state", "pool_state", "hold_code", "released_at"])
        decisions = self.env["distrib.routing.decision"]
        for company, group in orders._replannable().grouped("company_id").items():
            group = group.with_company(company).sorted(lambda o: (o.channel_ordered_at or o.date_order, o.id))
            decisions |= group._replan_company(kind, wanted, exclude)
        return decisions

    def _replan_company(self, kind, wanted, exclude):
        self._lock_goods()
        task = self.env["distrib.routing"]._build(self, movable=True, exclude=exclude)
        nothing = self.env["distrib.routing.decision"]
        if task is None:
            return nothing
        present = self._usable_present(task)
        location = self._wanted_location(task, wanted, present) if wanted else None
        if location is None:
            location = optimise(task.instance, REPAIR, present=present).plan.location
        moved = self._moved_lines(task, present, location)
        if moved is None or not moved:
            return nothing
        saved = self._saved(task, location)
        try:
            with self.env.cr.savepoint():
                self._move_lines(task, location, moved)
        except StalePlan:
            _logger.info("plan of %s orders no longer fits the stock, the present one stays", len(self))
            return nothing
        return self._write_decisions(task, location, kind, only=self._orders_of(moved).ids, saved=saved)

    @api.model
    def _usable_present(self, task):
        """Where lines are reserved, as far as the rules and the clerks still let them be there."""
        usable = task.instance.usable()
        held = task.present
        rows = np.arange(len(held))
        return np.where((held != UNFILLED) & usable[rows, held], held, UNFILLED)

    @api.model
    def _wanted_location(self, task, wanted, present):
        """The plan made before as an array, or None when it breaks a limit by now or is worse than what is there."""
        place_of = {site: place for place, site in enumerate(task.site_ids.tolist())}
        location = present.copy()
        for sale_line, site in wanted.items():
            if sale_line in task.line_of:
                location[task.line_of[sale_line]] = place_of.get(site, UNFILLED)
        if violations(task.instance, location):
            return None
        return location if plan_cost(task.instance, location) < plan_cost(task.instance, present) - 1e-9 else None

    @api.model
    def _moved_lines(self, task, present, location):
        """dict sale line id -> warehouse id of the lines that go elsewhere; None when a served line would lose its goods."""
        if ((present != UNFILLED) & (location == UNFILLED)).any():
            return None
        return {
            sale_line: int(task.site_ids[location[line]])
            for sale_line, line in task.line_of.items()
            if location[line] != UNFILLED and location[line] != task.present[line]
        }

    def _orders_of(self, moved):
        return self.env["sale.order.line"].browse(list(moved)).order_id

    @api.model
    def _saved(self, task, location):
        """dict order id -> money saved against what is reserved now; orders not wholly reserved are left out."""

        def each(plan):
            made = parcels(task.money, plan)
            return np.bincount(made.order, parcel_parts(task.money, made).total(), task.money.orders)

        whole = np.ones(task.money.orders, bool)
        whole[task.money.order_of[task.present == UNFILLED]] = False
        saved = each(task.present) - each(location)
        return {int(o): float(s) for o, s, w in zip(task.order_ids, saved, whole, strict=True) if w and np.isfinite(s)}

    # Carrying out

    def _move_lines(self, task, location, moved):
        """Give up the reservations of the lines, and ask for them anew from their new warehouses."""
        lines = self.env["sale.order.line"].browse(list(moved))
        orders = lines.order_id.with_context(tracking_disable=True)
        # sudo: clerks of the order desk decide where goods come from; the documents follow.
        moves = lines.sudo().move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        moves |= moves.move_orig_ids.filtered(lambda move: move.state not in ("done", "cancel") and move.sale_line_id)
        pickings = moves.picking_id
        moves._do_unreserve()
        moves._action_cancel()
        # Nothing was packed or printed: the order need not carry its former plans around as cancelled papers.
        moves.unlink()
        pickings.filtered(lambda picking: not picking.move_ids).unlink()
        index_of = {order: index for index, order in enumerate(task.order_ids.tolist())}
        self._write_places(task, location, [index_of[order] for order in orders.ids])
        lines.sudo()._action_launch_stock_rule()
        orders.sudo()._reserve_routed()
        short = lines.sudo().move_ids.filtered(lambda m: m.state in ("confirmed", "partially_available"))
        if short:
            raise StalePlan

    # All of the pool

    @api.model
    def _cron_replan(self):
        """Plan the un-released pool of each company; a run that is cut off leaves what it has finished."""
        for company in self.env["res.company"].search(Domain.TRUE):
            self.with_company(company)._replan_pool()

    @api.model
    def _replan_pool(self):
        """Plan without holding anybody up, then carry the plan out in groups that depend on each other.

        Each group is one transaction: it locks its orders and their goods, and looks again whether the plan still fits.
        """
        company, cron = self.env.company, self.env["ir.cron"]
        key = zlib.crc32(f"distrib.replan.{company.id}".encode())
        self.env.cr.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not self.env.cr.fetchone()[0]:
            _logger.info("the pool of %s is being planned by another run", company.name)
            return 0
        try:
            groups = self._plan_groups()
            cron._commit_progress(remaining=len(groups))
            moved = 0
            for group in groups:
                orders = self.env["sale.order.line"].browse(list(group)).exists().order_id
                moved += len(retrying(lambda o=orders, g=group: o._replan(wanted=g), self.env))
                if not cron._commit_progress(1):
                    break
            return moved
        finally:
            self.env.cr.execute("SELECT pg_advisory_unlock(%s)", [key])

    @api.model
    def _plan_groups(self):
        """The changes that the best plan of the pool makes: list of dict sale line id -> warehouse id."""
        orders = self.search(self._replan_domain(self.env.company), order="id", limit=POOL_SIZE)._replannable()
        orders = orders.sorted(lambda o: (o.channel_ordered_at or o.date_order, o.id))
        task = self.env["distrib.routing"]._build(orders, movable=True) if orders else None
        if task is None:
            return []
        present = self._usable_present(task)
        found = optimise(task.instance, PLAN, present=present)
        self.env["distrib.routing.price"]._keep(task, found.prices)
        moved = self._moved_lines(task, present, found.plan.location)
        if not moved:
            return []
        order_of = {line.id: line.order_id.id for line in self.env["sale.order.line"].browse(list(moved))}
        keys = defaultdict(list)
        for sale_line, site in moved.items():
            line = task.line_of[sale_line]
            product = int(task.product_ids[task.instance.sku[line]])
            keys[order_of[sale_line]].append((product, site))
            if task.present[line] != UNFILLED:
                keys[order_of[sale_line]].append((product, int(task.site_ids[task.present[line]])))
        return [
            {line: moved[line] for line in moved if order_of[line] in group} for group in linked(keys)
        ]  # fmt: skip

    def _refuse_site(self, warehouse, reason):
        """A warehouse refused: decide again without it, also for orders that are released.

        :return: the orders that found another place; the others stay as they are, for a clerk
        """
        self.env["distrib.routing.hand"]._choose(self, "ban", warehouse, reason)
        self.sudo().write({"released_at": False})
        decisions = self._replan(kind="refused")
        return decisions.order_id

    def _is_chosen_in_vain(self, kind, warehouse, lines):
        """Whether a choice by hand could not be carried out."""
        self.ensure_one()
        if self.pool_state != "routed":
            return False
        goods = (lines & self.order_line or self.order_line).filtered("routed_warehouse_id")
        return any((line.routed_warehouse_id == warehouse) == (kind == "ban") for line in goods)
