from odoo import fields, models
from odoo.exceptions import UserError

from .proposal import LIVE


class ProposalDecide(models.Model):
    """Decisions other than accepting, taking decisions back, and the way to what stands in the way."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    def action_reject(self):
        return self._open_decision("distrib_inventory.action_proposal_reject")

    def action_snooze(self):
        return self._open_decision("distrib_inventory.action_proposal_snooze")

    def action_change(self):
        return self._open_decision("distrib_inventory.action_proposal_change")

    def _open_decision(self, action):
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(action),
            "context": {"default_proposal_ids": self.ids, "active_ids": self.ids},
        }

    def action_undo(self):
        """Take a decision back: rejected, snoozed and automatically or by hand accepted ones are open again.

        Documents go with it as long as nothing has happened to them: see `_take_back`.
        """
        self._lock(("accepted", "rejected", "snoozed"))
        self._check_no_successor()
        self.filtered(lambda proposal: proposal.state == "accepted")._take_back()
        self.write(
            {
                "state": "open",
                "snooze_until": False,
                "reject_reason": False,
                "rejection_holds": False,
                "decided_by_id": False,
                "decided_on": False,
                "auto_run_id": False,
            }
        )
        return True

    def _check_no_successor(self):
        """Meanwhile the night may have proposed the same again: then there is nothing to take back."""
        live = self.search(
            [
                ("product_id", "in", self.product_id.ids),
                ("warehouse_id", "in", self.warehouse_id.ids),
                ("state", "in", LIVE),
                ("id", "not in", self.ids),
            ]
        )
        taken = {(other.product_id, other.warehouse_id, other.kind) for other in live}
        for proposal in self:
            if (proposal.product_id, proposal.warehouse_id, proposal.kind) in taken:
                raise UserError(
                    self.env._(
                        "There is a newer proposal for %(product)s in %(warehouse)s already; decide on that one.",
                        product=proposal.product_id.display_name,
                        warehouse=proposal.warehouse_id.display_name,
                    )
                )

    def _reject(self, reason):
        self._decide(LIVE, {"state": "rejected", "reject_reason": reason, "rejection_holds": True})
        body = self.env._("Rejected: %s", reason)
        self._message_log_batch(bodies=dict.fromkeys(self.ids, body))

    def _snooze(self, until):
        if until <= fields.Date.context_today(self):
            raise UserError(self.env._("Choose a day after today."))
        self._decide(LIVE, {"state": "snoozed", "snooze_until": until})

    def _decide(self, states, values):
        """Lock, check the state, and note who decided."""
        self._lock(states)
        self.write({**values, "decided_by_id": self.env.uid, "decided_on": fields.Datetime.now()})

    def _lock(self, states):
        """Hold the rows until the transaction ends: the second of two users gets a message, not a second order."""
        self.check_access("write")
        if self.try_lock_for_update() != self:
            raise UserError(
                self.env._("Somebody else is deciding on these proposals right now. Try again in a moment.")
            )
        self.invalidate_recordset(["state"])
        late = self.filtered(lambda proposal: proposal.state not in states)
        if late:
            first = late[0]
            raise UserError(
                self.env._(
                    "%(count)s proposals are decided already, for example %(product)s for %(warehouse)s (by %(user)s).",
                    count=len(late),
                    product=first.product_id.display_name,
                    warehouse=first.warehouse_id.display_name,
                    user=first.decided_by_id.name or self.env._("the nightly run"),
                )
            )

    def _done_action(self, message, kind="success"):
        """Say what was done, with a button that takes it back, and show the list anew."""
        return {
            "type": "ir.actions.client",
            "tag": "distrib_proposal_done",
            "params": {
                "message": message,
                "type": kind,
                "proposal_ids": self.ids,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # --- where to go -------------------------------------------------------------------------------------------

    def action_remedy(self):
        """Open what removes the obstacle: the product, or the proposals for the warehouse that has nothing to give."""
        self.ensure_one()
        if self.blocker == "source_empty":
            return {
                **self.env["ir.actions.actions"]._for_xml_id("distrib_inventory.action_distrib_proposal"),
                "domain": [
                    ("product_id", "=", self.product_id.id),
                    ("warehouse_id", "=", self.source_warehouse_id.id),
                ],
                "context": {},
            }
        if self.blocker == "cap":
            return self.env["ir.actions.actions"]._for_xml_id("distrib_inventory.action_order_cap")
        product = self.product_id
        if product.product_tmpl_id.product_variant_count > 1:
            return self._record_action("product.product", product.id)
        return self._record_action("product.template", product.product_tmpl_id.id)

    def _record_action(self, model, record_id):
        return {
            "type": "ir.actions.act_window",
            "res_model": model,
            "res_id": record_id,
            "views": [(False, "form")],
            "context": {"active_test": False},
        }

    def action_view_policy(self):
        self.ensure_one()
        policy = self.env["distrib.policy"].search(
            [("product_id", "=", self.product_id.id), ("warehouse_id", "=", self.warehouse_id.id)], limit=1
        )
        if not policy:
            raise UserError(self.env._("There is no policy for this product here any more."))
        return self._record_action("distrib.policy", policy.id)

    def action_view_documents(self):
        """Open the purchase order or the transfers that accepted proposals became."""
        if self.purchase_id:
            return self._document_action("purchase.order", self.purchase_id)
        return self._document_action("stock.picking", self.picking_ids)

    def _document_action(self, model, records):
        action = {
            "type": "ir.actions.act_window",
            "res_model": model,
            "name": self.env["ir.model"]._get(model).display_name,
            "domain": [("id", "in", records.ids)],
            "views": [(False, "list"), (False, "form")],
        }
        if len(records) == 1:
            action.update(views=[(False, "form")], res_id=records.id)
        return action
