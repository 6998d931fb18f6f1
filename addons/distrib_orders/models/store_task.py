from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

REASONS = [
    ("not_in_stock", "Not in stock"),
    ("mismatch", "Wrong goods on the shelf"),
    ("damaged", "Damaged"),
    ("busy", "Too busy"),
    ("closed", "Store closed"),
]
# What becomes of goods that a store could not send.
STATE_OF = {"not_in_stock": "disputed", "mismatch": "disputed", "damaged": "damaged"}


class StoreTask(models.Model):
    """What a store is asked to send, and what it answered."""

    _name = "distrib.store.task"
    _description = "Store Task"
    _inherit = ["mail.thread"]
    _order = "deadline, id"
    _rec_name = "order_name"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True,
                               groups="distrib_inventory.group_viewer")  # fmt: skip
    order_name = fields.Char("Order Number", required=True, readonly=True)
    warehouse_id = fields.Many2one(
        "stock.warehouse", string="Store", required=True, index=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="warehouse_id.company_id", store=True, index=True)
    line_ids = fields.One2many("distrib.store.task.line", "task_id", readonly=True)
    state = fields.Selection(
        [("todo", "To Answer"), ("accepted", "Accepted"), ("rejected", "Rejected"), ("expired", "Not Answered"),
         ("cancelled", "Withdrawn")],
        default="todo", required=True, readonly=True, index=True, tracking=True, group_expand="_expand_states",
    )  # fmt: skip
    reason = fields.Selection(REASONS, readonly=True, tracking=True)
    note = fields.Char(readonly=True)
    deadline = fields.Datetime(string="Answer Until", required=True, readonly=True, index=True)
    answered_at = fields.Datetime(readonly=True)
    answered_by_id = fields.Many2one("res.users", readonly=True)
    reminded_at = fields.Datetime(readonly=True)
    units = fields.Float(readonly=True, digits="Product Unit")
    goods = fields.Text(compute="_compute_goods")
    accepted = fields.Float("Accepted (%)", readonly=True, aggregator="avg", help="100 for an accepted task, else 0.")
    answer_minutes = fields.Float("Minutes to Answer", readonly=True, aggregator="avg")
    left_for_clerk = fields.Boolean(readonly=True, help="No other place was found; the order desk has to decide.")

    _open_uniq = models.UniqueIndex("(order_id, warehouse_id) WHERE state = 'todo'", "The store is asked already.")

    @api.model
    def _expand_states(self, states, domain):
        return ["todo", "accepted"]

    @api.depends("line_ids.quantity", "line_ids.product_name")
    def _compute_goods(self):
        for task in self:
            task.goods = "\n".join(f"{line.quantity:g} × {line.product_name}" for line in task.line_ids)

    # Answers

    def _check_store(self):
        """Whoever sees a task may answer it when it is his store's, or when he works at the order desk."""
        self.check_access("read")
        user = self.env.user
        desk = self.env.su or user.has_group("distrib_inventory.group_order_clerk")
        # sudo: the stores of a user are not his to read or change
        own = user.sudo().store_warehouse_ids
        if not desk and any(task.warehouse_id not in own for task in self.sudo()):
            raise AccessError(self.env._("Only the store itself or the order desk answers."))

    def _take(self):
        """These tasks, locked, with the rights to carry an answer out."""
        self._check_store()
        # sudo: a store sees neither orders nor stock documents, but its answer moves both
        tasks = self.sudo()
        tasks.lock_for_update()
        tasks.invalidate_recordset(["state"])
        if gone := tasks.filtered(lambda task: task.state != "todo"):
            raise UserError(self.env._("%s was answered or withdrawn already.", ", ".join(gone.mapped("order_name"))))
        return tasks

    def _answered(self, state, **values):
        now = fields.Datetime.now()
        for task in self:
            minutes = (now - task.create_date).total_seconds() / 60.0
            task.write({
                "state": state, "answered_at": now, "answered_by_id": self.env.uid, "answer_minutes": minutes,
                "accepted": 100.0 if state == "accepted" else 0.0, **values,
            })  # fmt: skip

    def action_accept(self):
        """The store sends it: when all stores of the order have said so, the order is released to them."""
        tasks = self._take()
        tasks._answered("accepted")
        for order in tasks.order_id:
            open_ = self.sudo().search_count([("order_id", "=", order.id), ("state", "=", "todo")])
            if not open_ and order.pool_state == "routed":
                order.released_at = fields.Datetime.now()
        return True

    def action_reject(self, reason=None, note=None):
        """The store cannot: its stock changes by the reason, and the order is routed again without it.

        :param reason: one of ``REASONS``, or in the context as ``store_reason``
        """
        reason = reason or self.env.context.get("store_reason")
        if reason not in dict(REASONS):
            raise UserError(
                self.env._(
                    "Say why: %s.", ", ".join(dict(self._fields["reason"]._description_selection(self.env)).values())
                )
            )
        tasks = self._take()
        tasks._answered("rejected", reason=reason, note=note or False)
        label = dict(self._fields["reason"]._description_selection(self.env))[reason]
        for task in tasks:
            task._give_up(f"{label}: {note}" if note else label, STATE_OF.get(reason), whole=reason == "not_in_stock")
        return True

    def action_open_order(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "views": [[False, "form"]],
        }

    def _give_up(self, why, stock_state=None, whole=False):
        """Take the goods back from the order, put them into a state, and route the order without this store."""
        self.ensure_one()
        order, store = self.order_id, self.warehouse_id
        order._open_store_pickings(store).do_unreserve()
        if stock_state:
            self._hold_goods(stock_state, why, whole)
        others = order._refuse_site(store, self.env._("Store %(store)s: %(why)s", store=store.name, why=why))
        if order in others:
            return
        self.left_for_clerk = True
        order.activity_schedule(
            "mail.mail_activity_data_todo", summary=self.env._("No other place sends this order"), note=why,
            user_id=(self.company_id.store_escalation_user_id or order.user_id or self.env.user).id,
        )  # fmt: skip

    def _hold_goods(self, state, why, whole):
        """Goods that are not there leave what is promised: all of them, or as many as the task asked for."""
        quants = self.env["stock.quant"].search([
            ("product_id", "in", self.line_ids.product_id.ids), ("location_id", "child_of", self.warehouse_id.lot_stock_id.id),
            ("quantity", ">", 0),
        ])  # fmt: skip
        lines = []
        for product, group in quants.grouped("product_id").items():
            need = sum(line.quantity for line in self.line_ids if line.product_id == product)
            for quant in group:
                take = quant._not_reserved() if whole else min(quant._not_reserved(), need)
                need -= take
                if take > 0:
                    lines.append(fields.Command.create({"quant_id": quant.id, "quantity": take}))
        if not lines:
            return
        move = self.env["distrib.stock.state.move"].create({"state": state, "reason": why, "line_ids": lines})
        move.action_move()
        if state == "disputed":
            place = self.warehouse_id._state_locations(state)[self.warehouse_id]
            counted = self.env["stock.quant"].search(
                [("location_id", "=", place.id), ("product_id", "in", self.line_ids.product_id.ids)]
            )
            # A count of the shelf is asked for in core's own way.
            counted.write({"inventory_date": fields.Date.context_today(self), "user_id": self._counter().id})

    def _counter(self):
        """Who counts: the first user of the store."""
        return self.env["res.users"].search([("store_warehouse_ids", "in", self.warehouse_id.ids)], limit=1)

    # Time

    @api.model
    def _cron_watch(self):
        """Remind stores, and take back what was not answered in time."""
        now = fields.Datetime.now()
        todo = self.sudo().search([("state", "=", "todo")])  # sudo: for all stores
        for task in todo.filtered(lambda task: task.deadline <= now):
            with self.env.cr.savepoint():
                if task.try_lock_for_update():
                    task._answered("expired", answered_by_id=False)
                    task._give_up(self.env._("not answered in time"))
        for task in todo.filtered(lambda task: task.state == "todo" and not task.reminded_at):
            if now >= task.deadline - (task.deadline - task.create_date) / 2:
                task.reminded_at = now
                task.message_post(
                    body=self.env._("Please answer until %s.", fields.Datetime.to_string(task.deadline)),
                    partner_ids=self.env["res.users"].search(
                        [("store_warehouse_ids", "in", task.warehouse_id.ids)]
                    ).partner_id.ids,
                )  # fmt: skip

    # Asking

    @api.model
    def _ask(self, order, store, moves):
        minutes = order.company_id.store_answer_minutes
        lines = [
            fields.Command.create({"product_id": move.product_id.id, "quantity": move.product_qty}) for move in moves
        ]
        return self.create({
            "order_id": order.id, "order_name": order.name, "warehouse_id": store.id, "line_ids": lines,
            "units": sum(moves.mapped("product_qty")), "deadline": fields.Datetime.now() + timedelta(minutes=minutes),
        })  # fmt: skip


class StoreTaskLine(models.Model):
    """Goods of a store task."""

    _name = "distrib.store.task.line"
    _description = "Goods of a Store Task"
    _order = "task_id, id"
    _rec_name = "product_name"

    task_id = fields.Many2one("distrib.store.task", required=True, index=True, ondelete="cascade")
    warehouse_id = fields.Many2one(related="task_id.warehouse_id", store=True, index=True)
    company_id = fields.Many2one(related="task_id.company_id", store=True, index=True)
    product_id = fields.Many2one(
        "product.product", required=True, ondelete="cascade", groups="distrib_inventory.group_viewer"
    )
    product_name = fields.Char(compute="_compute_product_name", compute_sudo=True)
    quantity = fields.Float(digits="Product Unit")

    @api.depends("product_id")
    @api.depends_context("lang")
    def _compute_product_name(self):
        for line in self:
            line.product_name = line.product_id.display_name


class SaleOrder(models.Model):
    _inherit = "sale.order"

    store_task_ids = fields.One2many("distrib.store.task", "order_id", groups="distrib_inventory.group_viewer")

    def _open_store_pickings(self, store):
        return self.picking_ids.filtered(
            lambda p: p.picking_type_id.warehouse_id == store and p.state not in ("done", "cancel")
        )

    def _reserve_routed(self):
        result = super()._reserve_routed()
        self._sync_store_tasks()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        # sudo: whoever may cancel an order withdraws what stores were asked
        self.sudo().store_task_ids.filtered(lambda task: task.state == "todo").state = "cancelled"
        return result

    def _sync_store_tasks(self):
        """Ask the stores that ship something of pool orders now, and withdraw what is no longer theirs."""
        model = self.env["distrib.store.task"].sudo()  # sudo: no role makes tasks by hand
        known = model.search([("order_id", "in", self.ids), ("state", "in", ("todo", "accepted"))])
        wanted = {}
        for picking in self.sudo().picking_ids:
            store = picking.picking_type_id.warehouse_id
            asked = store.network_tier == "store" and store.asks_store and picking.picking_type_code == "outgoing"
            if asked and picking.state not in ("done", "cancel") and not picking.sale_id.released_at:
                moves = picking.move_ids.filtered(lambda move: move.state != "cancel")
                wanted[picking.sale_id, store] = wanted.get((picking.sale_id, store), moves.browse()) | moves
        for task in known:
            moves = wanted.pop((task.order_id, task.warehouse_id), None)
            if moves is None and task.state == "todo":
                task.state = "cancelled"
        for (order, store), moves in wanted.items():
            if moves:
                model._ask(order, store, moves)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    asks_store = fields.Boolean(
        "Store Answers First",
        help="An order that is routed here becomes a task; it is released when the store accepts.",
    )
    store_weight = fields.Float(
        "Share Among Stores", default=1.0, help="Twice the share, twice the parcels before others."
    )
    store_task_ids = fields.One2many("distrib.store.task", "warehouse_id", groups="distrib_inventory.group_viewer")


class ResUsers(models.Model):
    _inherit = "res.users"

    store_warehouse_ids = fields.Many2many(
        "stock.warehouse", "distrib_store_user_rel", "user_id", "warehouse_id", string="Stores",
        help="Whose tasks the user answers.",
    )  # fmt: skip


class ResCompany(models.Model):
    _inherit = "res.company"

    store_answer_minutes = fields.Integer(default=120)
    store_escalation_user_id = fields.Many2one("res.users")
    store_fairness = fields.Float(default=0.0)

    _store_answer_range = models.Constraint("CHECK (store_answer_minutes > 0)", "Stores need some time to answer.")


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    store_answer_minutes = fields.Integer(related="company_id.store_answer_minutes", readonly=False)
    store_escalation_user_id = fields.Many2one(related="company_id.store_escalation_user_id", readonly=False)
    store_fairness = fields.Float(related="company_id.store_fairness", readonly=False)
