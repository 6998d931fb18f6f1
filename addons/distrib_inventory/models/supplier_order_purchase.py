from odoo import api, fields, models
from odoo.exceptions import UserError

from .supplier_answer_apply import APPLYING

KEY = "distrib_inventory.supplier_orders"
LINE_FIELDS = {"product_id", "product_qty", "price_unit", "discount", "product_uom_id", "date_planned"}
ORDER_FIELDS = {"partner_id", "picking_type_id", "currency_id", "order_line", "state", "date_planned"}


class PurchaseOrder(models.Model):
    """Purchase orders that go to their supplier by themselves. What a transaction changes is settled once, before its
    commit: nothing, a first message, a change, or a cancellation.
    """

    _inherit = "purchase.order"

    distrib_message_ids = fields.One2many(
        "distrib.supplier.order", "purchase_id", string="Supplier Messages", groups="base.group_user"
    )
    distrib_message_id = fields.Many2one(
        "distrib.supplier.order", string="Last Message", readonly=True, copy=False, groups="base.group_user",
        ondelete="set null", index="btree_not_null",
    )  # fmt: skip
    distrib_message_state = fields.Selection(
        related="distrib_message_id.state", string="At the Supplier", groups="base.group_user"
    )
    distrib_message_error = fields.Char(related="distrib_message_id.error", groups="base.group_user")
    distrib_answer_ids = fields.One2many(
        "distrib.supplier.answer", "purchase_id", string="Supplier Answers", groups="base.group_user"
    )
    distrib_answer_count = fields.Integer(compute="_compute_distrib_answers", groups="base.group_user")
    distrib_open_answer_id = fields.Many2one(
        "distrib.supplier.answer", compute="_compute_distrib_answers", groups="base.group_user"
    )
    distrib_to_send = fields.Selection(
        [("order", "Not sent yet"), ("change", "Changed since it was sent"), ("cancel", "Cancelled since it was sent")],
        compute="_compute_distrib_to_send",
        groups="base.group_user",
    )

    @api.depends("distrib_answer_ids.state")
    def _compute_distrib_answers(self):
        for order in self:
            order.distrib_answer_count = len(order.distrib_answer_ids)
            order.distrib_open_answer_id = order.distrib_answer_ids.filtered(lambda a: a.state == "consent")[:1]

    @api.depends("state", "partner_id", "company_id", "distrib_message_id.state", "order_line.product_qty",
                 "order_line.price_unit", "order_line.date_planned")  # fmt: skip
    def _compute_distrib_to_send(self):
        for order in self:
            link = order.id and order.state in ("purchase", "cancel") and order._distrib_link()
            order.distrib_to_send = order._distrib_kind() if link else False

    def _distrib_link(self):
        """The agreement by which this order travels, if it does."""
        link = self.env["distrib.supplier.link"]._of(self.partner_id, self.company_id)
        return link if link._is_electronic() else link.browse()

    def _distrib_kind(self):
        """Kind of the message that the supplier lacks, or False when he knows all there is to know."""
        self.ensure_one()
        last = self.sudo().distrib_message_id  # sudo: a buyer need not be a reader of the outbox
        current = last.state != "superseded" and last
        if self.state == "purchase":
            if not current:
                return "change" if self.sudo().distrib_message_ids.filtered(lambda m: m._went_out()) else "order"
            return False if last.digest == self._distrib_digest() and last.kind != "cancel" else "change"
        if self.state == "cancel" and last and last.kind != "cancel" and last.state != "rejected":
            return "cancel" if self.sudo().distrib_message_ids.filtered(lambda m: m._went_out()) else False
        return False

    # --- what a transaction changes ----------------------------------------------------------------------------

    def _distrib_mark(self):
        """Settle these orders before the commit."""
        confirmed = self.filtered(lambda order: order.state in ("purchase", "cancel"))
        if not confirmed:
            return
        data = self.env.cr.precommit.data
        if KEY not in data:
            data[KEY] = set()
            self.env.cr.precommit.add(self.env["purchase.order"].sudo()._distrib_settle)
        data[KEY].update(confirmed.ids)

    @api.model
    def _distrib_settle(self):
        ids = self.env.cr.precommit.data.pop(KEY, ())
        orders = self.browse(sorted(ids)).exists()
        if not orders or not self.env["distrib.supplier.link"].search_count([("method", "!=", "none")], limit=1):
            return
        applying = self.env.cr.cache.get(APPLYING, ())
        for order in orders.filtered(lambda order: order.id not in applying):
            link = order._distrib_link()
            if link and link.send_mode == "auto":
                order._distrib_queue(link)
            elif order.state == "cancel":
                order._distrib_withdraw()

    def _distrib_queue(self, link):
        """Queue what the supplier lacks. :return: the message, or none"""
        outbox = self.env["distrib.supplier.order"]
        kind = self._distrib_kind()
        if not kind:
            self._distrib_withdraw()
            return outbox
        return outbox._queue(self, link, "cancel" if kind == "cancel" else None)

    def _distrib_withdraw(self):
        """An order that is cancelled before it left does not leave."""
        if self.state == "cancel":
            waiting = self.sudo().distrib_message_ids.filtered(
                lambda m: m.state in ("queued", "failed") and not m._went_out() and m.kind != "cancel"
            )
            waiting._step("supersede")

    def write(self, vals):
        done = super().write(vals)
        if ORDER_FIELDS & vals.keys():
            self._distrib_mark()
        return done

    # --- buttons -----------------------------------------------------------------------------------------------

    def action_distrib_send(self):
        """Send to the supplier what he lacks: the order, its change or its cancellation."""
        self.env["distrib.supplier.order"]._check_planner()
        for order in self:
            order.check_access("write")
            link = order._distrib_link()
            if not link:
                raise UserError(
                    self.env._("There is no agreement on electronic orders with %s.", order.partner_id.name)
                )
            order.lock_for_update()
            if not order._distrib_queue(link):
                raise UserError(self.env._("%s: the supplier has this order as it is.", order.name))
        return True

    def action_distrib_answers(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_supplier_answer")
        return {**action, "domain": [("purchase_id", "=", self.id)], "context": {}}

    def action_distrib_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_supplier_order")
        return {**action, "domain": [("purchase_id", "=", self.id)], "context": {}}

    def action_distrib_open_answer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "distrib.supplier.answer",
            "res_id": self.distrib_open_answer_id.id,
            "views": [(False, "form")],
        }

    def action_distrib_record_answer(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_supplier_record")
        return {**action, "context": {"default_purchase_id": self.id}}

    # --- the supplier's portal and mails -----------------------------------------------------------------------

    def action_acknowledge(self):
        done = super().action_acknowledge()
        for order in self:
            order.sudo().distrib_message_id._acknowledge()  # sudo: the supplier acknowledges in core's portal
        return done

    def _update_date_planned_for_lines(self, updated_dates):
        """Dates that the supplier enters in core's portal are an answer like any other."""
        self.ensure_one()
        if not self.sudo().distrib_message_ids:
            return super()._update_date_planned_for_lines(updated_dates)
        lines = [
            {"line": str((line.distrib_root_id or line).id), "status": "changed", "date": moment.date().isoformat()}
            for line, moment in updated_dates
        ]
        last = {line["line"]: line for line in lines}
        data = {"order": self.name, "status": "changed", "lines": list(last.values())}
        # sudo: in the portal this runs for the supplier, whose access to the order core has checked
        return self.env["distrib.supplier.answer"].sudo()._record(self, data, "portal")

    def _message_post_after_hook(self, message, msg_values):
        """An OrderResponse that is attached to an answer of the supplier, or put here by one of us, is read."""
        done = super()._message_post_after_hook(message, msg_values)
        if len(self) == 1 and message.attachment_ids and message.message_type in ("email", "comment"):
            # sudo: incoming mail is posted by the mail gateway's user
            self.env["distrib.supplier.answer"].sudo()._read_attachments(self, message)
        return done


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.order_id._distrib_mark()
        return lines

    def write(self, vals):
        done = super().write(vals)
        if LINE_FIELDS & vals.keys():
            self.order_id._distrib_mark()
        return done

    def unlink(self):
        orders = self.order_id
        done = super().unlink()
        orders.exists()._distrib_mark()
        return done
